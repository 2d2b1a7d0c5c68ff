//! How forecasts and margins are judged.

use margincast::base::{Seed, Span, Ts, stats};
use margincast::loss::procyclical::impulse::{self, Response, VolatilityStep};
use margincast::loss::procyclical::procyclicality::procyclicality;
use margincast::loss::score::outcome;
use margincast::loss::score::{fz0, pinball, qlike};
use margincast::loss::test::coverage::{clopper_pearson, coverage_of, independence, kupiec, non_rejection, power};
use margincast::loss::test::overlap::Overlap;
use margincast::loss::test::shortfall::{Draws, Null, critical_values, z1, z2};
use margincast::loss::test::traffic_light::{Light, cumulative, plus_factor, traffic_light};
use serde::Deserialize;

use super::{case, digits, near};

#[test]
fn outcome_measures_how_far_and_how_fast_margin_moved() {
    #[derive(Deserialize)]
    struct Case {
        c: Vec<f64>,
        peak_to_trough: f64,
        p95_over_p5: f64,
        rise_1: f64,
        rise_5: f64,
        amount_1: f64,
        amount_5: f64,
        change_sd: f64,
    }
    let case: Case = case("outcome");
    let mut losses = vec![0.0; case.c.len()];
    (losses[0], losses[5], losses[6]) = (0.05, 0.066, 0.07);
    let got = outcome::outcome(&case.c, &losses).expect("rows");
    digits(got.peak_to_trough, case.peak_to_trough);
    digits(got.p95_over_p5, case.p95_over_p5);
    digits(got.rise_1.expect("rise"), case.rise_1);
    digits(got.rise_5.expect("rise"), case.rise_5);
    digits(got.change_sd.expect("changes"), case.change_sd);
    assert_eq!(got.rise_20, None);
    let ts: Vec<Ts> = (0..12).map(|d| Ts(0) + Span::DAY.times(d)).collect();
    let moved = procyclicality(&ts, &case.c, &[Span::DAY, Span::DAY.times(5)]).expect("rows");
    digits(moved.peak_to_trough, case.peak_to_trough);
    digits(moved.p95_over_p5, case.p95_over_p5);
    digits(moved.change_sd.expect("changes"), case.change_sd);
    for (call, (largest, amount)) in
        moved.calls.iter().zip([(case.rise_1, case.amount_1), (case.rise_5, case.amount_5)])
    {
        digits(call.largest, largest);
        digits(call.amount, amount);
    }
    // A loss equal to the margin is covered.
    assert_eq!((got.n, got.breaches), (12, 2));
    near(got.shortfall_sum, 0.02, 1e-12);
    near(got.worst_miss, 0.01, 1e-12);
}

#[test]
fn coverage_tests_give_the_published_numbers() {
    #[derive(Deserialize)]
    struct Case {
        kupiec_250: Vec<Count>,
        not_rejected: Vec<Range>,
        power_at_2_percent: Vec<Power>,
        exact: Vec<Exact>,
        varbacktest: Example,
    }
    #[derive(Deserialize)]
    struct Count {
        x: usize,
        lr: f64,
        p: Option<f64>,
    }
    #[derive(Deserialize)]
    struct Range {
        n: usize,
        from: usize,
        to: usize,
    }
    #[derive(Deserialize)]
    struct Power {
        n: usize,
        p: f64,
    }
    #[derive(Deserialize)]
    struct Exact {
        n: usize,
        x: usize,
        low: f64,
        high: f64,
    }
    #[derive(Deserialize)]
    struct Example {
        n: usize,
        x: usize,
        miss: f64,
        pairs: [[usize; 2]; 2],
        pof: f64,
        pof_p: f64,
        independence: f64,
        conditional: f64,
    }
    let case: Case = case("coverage");
    for want in case.kupiec_250 {
        let got = kupiec(250, want.x, 0.01).expect("rows");
        near(got.statistic, want.lr, 5e-6);
        want.p.into_iter().for_each(|p| near(got.p, p, 5e-6));
    }
    for want in case.not_rejected {
        assert_eq!(non_rejection(want.n, 0.01, 0.05), Some((want.from, want.to)));
    }
    for want in case.power_at_2_percent {
        near(power(want.n, 0.01, 0.05, 0.02).expect("a rate"), want.p, 5e-3);
    }
    for want in case.exact {
        let (low, high) = clopper_pearson(want.x, want.n, 0.95);
        near(100.0 * low, want.low, 5e-3);
        near(100.0 * high, want.high, 5e-3);
    }
    let e = case.varbacktest;
    let (pof, conditional) = coverage_of(e.n, e.x, e.pairs, e.miss).expect("rows");
    near(pof.statistic, e.pof, 5e-6);
    near(pof.p, e.pof_p, 5e-6);
    near(independence(e.pairs).statistic, e.independence, 5e-6);
    near(conditional.statistic, e.conditional, 5e-6);
}

#[test]
fn the_traffic_light_changes_by_its_cumulative_probability() {
    #[derive(Deserialize)]
    struct Case {
        cumulative: Vec<f64>,
        green_to: usize,
        yellow_to: usize,
        plus_from_5: Vec<f64>,
    }
    let case: Case = case("traffic_light");
    for (x, want) in case.cumulative.iter().enumerate() {
        near(cumulative(250, x, 0.01).expect("a rate"), *want, 5.1e-5);
        let light = match x {
            x if x <= case.green_to => Light::Green,
            x if x <= case.yellow_to => Light::Yellow,
            _ => Light::Red,
        };
        assert_eq!(traffic_light(250, x, 0.01), Some(light));
        let plus = x.checked_sub(5).map_or(0.0, |i| case.plus_from_5[i]);
        near(plus_factor(250, x, 0.01).expect("a rate"), plus, 1e-12);
    }
}

#[test]
fn breaches_of_overlapping_outcomes_have_wider_zones() {
    #[derive(Deserialize)]
    struct Case {
        case: Vec<Row>,
    }
    #[derive(Deserialize)]
    struct Row {
        observations: usize,
        portfolios: usize,
        correlation: f64,
        green: usize,
        amber: usize,
    }
    for row in case::<Case>("overlap").case {
        let Row { observations, portfolios, correlation, .. } = row;
        let overlap =
            Overlap { observations, days: 10, portfolios, correlation, miss: 0.01, samples: 60_000, seed: Seed(7) };
        let bounds = overlap.bounds(&[0.95, 0.9999]);
        assert_eq!(bounds[0], row.green, "{observations} of {portfolios}");
        assert!(bounds[1].abs_diff(row.amber) <= 1, "{observations} of {portfolios}: {bounds:?}");
    }
}

#[test]
fn shortfall_statistics_and_their_critical_values_are_the_printed_ones() {
    #[derive(Deserialize)]
    struct Case {
        losses: Vec<f64>,
        var: f64,
        es: f64,
        a: f64,
        z1: f64,
        z2: f64,
        critical: Vec<Critical>,
    }
    #[derive(Deserialize)]
    struct Critical {
        a: f64,
        n: usize,
        nu: f64,
        values: Vec<f64>,
    }
    let case: Case = case("shortfall");
    let of = |v: f64| vec![v; case.losses.len()];
    digits(z1(&case.losses, &of(case.var), &of(case.es)).expect("breaches"), case.z1);
    digits(z2(&case.losses, &of(case.var), &of(case.es), case.a).expect("losses"), case.z2);
    for row in case.critical {
        let null = if row.nu == 0.0 { Null::Normal } else { Null::Student(row.nu) };
        let draws = Draws { samples: 200_000, seed: Seed(7) };
        let got = critical_values(null, row.a, row.n, &[0.05, 0.01, 0.001, 0.0001], draws).expect("a null");
        // The printed values are of a simulation, too: what is rarer is known less well.
        for ((got, want), within) in got.iter().zip(&row.values).zip([0.01, 0.02, 0.06, 0.20]) {
            assert!(
                (got / want - 1.0).abs() < within,
                "{row_a} {n} {nu}: {got} {want}",
                row_a = row.a,
                n = row.n,
                nu = row.nu
            );
        }
    }
}

#[test]
fn losses_of_single_forecasts_are_those_worked_by_hand() {
    #[derive(Deserialize)]
    struct Case {
        pinball: Vec<Tick>,
        fz0: Vec<Joint>,
        qlike: Variances,
    }
    #[derive(Deserialize)]
    struct Tick {
        loss: f64,
        q: f64,
        alpha: f64,
        want: f64,
    }
    #[derive(Deserialize)]
    struct Joint {
        y: f64,
        v: f64,
        e: f64,
        a: f64,
        want: f64,
        within: f64,
    }
    #[derive(Deserialize)]
    struct Variances {
        realised: Vec<f64>,
        forecast: Vec<f64>,
        want: Vec<f64>,
        mean: f64,
    }
    let case: Case = case("loss_functions");
    case.pinball.iter().for_each(|t| digits(pinball(t.loss, t.q, t.alpha), t.want));
    case.fz0.iter().for_each(|j| near(fz0(j.y, j.v, j.e, j.a), j.want, j.within));
    let q = case.qlike;
    let got: Vec<f64> = q.realised.iter().zip(&q.forecast).map(|(y, h)| qlike(*y, *h)).collect();
    got.iter().zip(&q.want).for_each(|(got, want)| digits(*got, *want));
    digits(stats::mean(&got), q.mean);
}

#[test]
fn margins_respond_to_a_doubled_volatility_as_published() {
    #[derive(Deserialize)]
    struct Case {
        k: Vec<usize>,
        historical: Published,
        filtered: Published,
        normal: Published,
    }
    #[derive(Deserialize)]
    struct Published {
        mean: Vec<f64>,
        peak_95: f64,
    }
    let case: Case = case("impulse");
    let (step, old) = (VolatilityStep::default(), stats::normal_quantile(0.99));
    let hold = |name: &str, got: Option<Response>, want: &Published| {
        let got = got.expect("a response");
        for (k, want) in case.k.iter().zip(&want.mean) {
            near(got.mean[k - 1], *want, 0.035);
        }
        assert!((got.peak_95 - want.peak_95).abs() < 0.06, "{name}: {}", got.peak_95);
        got
    };
    let slow = step.response(&|| Some(impulse::historical(1000, 0.99)), old);
    assert_eq!(hold("historical", slow, &case.historical).t90, None);
    let plain = || impulse::filtered(impulse::plain_filter(1000, 0.99, 0.97));
    let filtered = hold("filtered", step.response(&plain, old), &case.filtered);
    assert!(filtered.overshoot > 0.03 && filtered.overshoot < 0.07, "{}", filtered.overshoot);
    let normal = hold("normal", step.response(&|| Some(impulse::normal(0.97, 0.99)), old), &case.normal);
    assert!(normal.t50.expect("reached") < normal.t90.expect("reached") && normal.overshoot < 0.01);
}
