//! Features, volatility and the losses that baselines predict.

use margincast::base::pareto::{self, Pareto};
use margincast::base::{Aci, Span, stats};
use margincast::feature::measure::flow;
use margincast::forecast::garch::{GarchEstimate, Innovation, Spec, Start};
use margincast::loss::baseline::var::{self, Rule, Scaling};
use margincast::loss::baseline::{self, Baseline, Side};
use margincast::loss::procyclical::persistence::half_life;
use serde::Deserialize;

use super::{case, digits, near};

#[test]
fn conformal_correction_learns_from_each_miss() {
    #[derive(Deserialize)]
    struct Case {
        missed: Vec<bool>,
        theta: Vec<f64>,
        factor_first: f64,
        factor_last: f64,
    }
    let case: Case = case("conformal");
    let mut aci = Aci::default();
    let mut factors = Vec::new();
    for (missed, theta) in case.missed.iter().zip(&case.theta) {
        aci.update(*missed, 0.01);
        near(aci.theta, *theta, 1e-12);
        factors.push(aci.factor());
    }
    near(factors[0], case.factor_first, 5e-10);
    near(factors[3], case.factor_last, 5e-10);
}

/// `0.02 sin(1.7 t) (1 + 0.5 cos(0.013 t))`, t = 1..500.
fn wave() -> Vec<f64> {
    (1..=500).map(f64::from).map(|t| 0.02 * (1.7 * t).sin() * (1.0 + 0.5 * (0.013 * t).cos())).collect()
}

fn losses(returns: &[f64]) -> Vec<f64> {
    returns.iter().map(|r| -r).collect()
}

#[test]
fn historical_var_takes_the_order_statistic_its_rule_names() {
    #[derive(Deserialize)]
    struct Case {
        first_returns: Vec<f64>,
        last_return: f64,
        case: Vec<Row>,
    }
    #[derive(Deserialize)]
    struct Row {
        alpha: f64,
        conservative: f64,
        type7: Option<f64>,
        type6: Option<f64>,
        es: f64,
    }
    let case: Case = case("var_historical");
    let r = wave();
    case.first_returns.iter().zip(&r).for_each(|(want, got)| digits(*got, *want));
    digits(r[499], case.last_return);
    let l = losses(&r);
    for row in case.case {
        let tail = |rule| var::historical(&l, row.alpha, rule).expect("losses");
        digits(tail(Rule::Conservative).var, row.conservative);
        digits(tail(Rule::Conservative).es, row.es);
        row.type7.into_iter().for_each(|want| digits(tail(Rule::Type7).var, want));
        row.type6.into_iter().for_each(|want| digits(tail(Rule::Type6).var, want));
    }
}

#[derive(Deserialize)]
struct Filtered {
    lambda: f64,
    seed_variance: f64,
    sigma_after_1_2_3: Vec<f64>,
    sigma_501: f64,
    full_var: f64,
    full_es: f64,
    mid_var: f64,
    mid_es: f64,
}

#[test]
fn filtered_var_scales_each_loss_from_the_volatility_predicted_before_it() {
    let case: Filtered = case("var_filtered");
    let r = wave();
    let seed = r[..100].iter().map(|r| r * r).sum::<f64>() / 100.0;
    digits(seed, case.seed_variance);
    let sigma = var::ewma(&r, case.lambda, seed);
    sigma[1..].iter().zip(&case.sigma_after_1_2_3).for_each(|(got, want)| digits(*got, *want));
    digits(sigma[500], case.sigma_501);
    assert!(var::volatility_floor(&sigma[..500]) < sigma[500], "the floor does not bind here");
    let tail =
        |scaling| var::filtered(&losses(&r), &sigma, sigma[500], scaling, 0.99, Rule::Conservative).expect("losses");
    digits(tail(Scaling::Full).var, case.full_var);
    digits(tail(Scaling::Full).es, case.full_es);
    digits(tail(Scaling::Mid).var, case.mid_var);
    digits(tail(Scaling::Mid).es, case.mid_es);
}

#[test]
fn streaming_baseline_gives_the_filtered_var_of_the_whole_sample() {
    let case: Filtered = case("var_filtered");
    let params = baseline::Params { side: Side::Long, ..baseline::Params::default() };
    let mut running = Baseline::new(params, Span::DAY, 1).expect("settings");
    wave().into_iter().for_each(|r| running.push(r));
    let got = running.estimate().expect("warm");
    digits(got.var, case.full_var);
    digits(got.es, case.full_es);
    digits(got.sigma, case.sigma_501);
    let plain = var::historical(&losses(&wave()), 0.99, Rule::Conservative).expect("losses").var;
    digits(got.long_run_var, plain);
    digits(got.dispersion, (got.var - plain) / (0.5 * (got.var + plain)));
    assert_eq!(got.n, 500);
}

#[test]
fn student_tails_are_heavier_than_normal_ones() {
    #[derive(Deserialize)]
    struct Case {
        normal_var: f64,
        normal_es: f64,
        normal_es_975: f64,
        case: Vec<Row>,
    }
    #[derive(Deserialize)]
    struct Row {
        nu: f64,
        var: f64,
        es: f64,
    }
    let case: Case = case("var_student");
    digits(var::normal(0.0, 1.0, 0.99).var, case.normal_var);
    digits(var::normal(0.0, 1.0, 0.99).es, case.normal_es);
    digits(var::normal(0.0, 1.0, 0.975).es, case.normal_es_975);
    for row in case.case {
        let tail = var::student(0.0, 1.0, row.nu, 0.99).expect("nu above 2");
        digits(tail.var, row.var);
        digits(tail.es, row.es);
        let moved = var::student(0.001, 2.0, row.nu, 0.99).expect("nu above 2");
        near(moved.var, 2.0 * tail.var - 0.001, 1e-12);
    }
    assert_eq!(var::student(0.0, 1.0, 2.0, 0.99), None);
}

#[test]
fn vpin_is_the_mean_imbalance_of_equal_volumes() {
    #[derive(Deserialize)]
    struct Case {
        volume: f64,
        buckets: Vec<[f64; 2]>,
        vpin: f64,
    }
    let case: Case = case("vpin");
    digits(flow::vpin(&case.buckets), case.vpin);
    // The same volume, told trade by trade.
    let trades: Vec<[f64; 2]> = case.buckets.iter().flat_map(|b| [[b[0], 0.0], [0.0, b[1]]]).collect();
    digits(flow::vpin(&flow::volume_buckets(&trades, case.volume)), case.vpin);
    let halves = flow::volume_buckets(&[[150.0, 50.0]], case.volume);
    assert_eq!(halves, [[75.0, 25.0], [75.0, 25.0]]);
    assert!(flow::vpin(&[]).is_nan());
}

#[test]
fn garch_variances_follow_each_return_and_sum_over_the_horizon() {
    #[derive(Deserialize)]
    struct Case {
        mu: f64,
        omega: f64,
        alpha: f64,
        beta: f64,
        seed_variance: f64,
        next_variances: Vec<f64>,
        variance_501: f64,
        sum_of_5: f64,
        long_run: f64,
        half_life: f64,
        volatility_of_5: f64,
        volatility_by_root_of_5: f64,
    }
    let case: Case = case("garch_filter");
    let r: Vec<f64> = wave().iter().map(|r| 100.0 * r).collect();
    digits(stats::variance(&r), case.seed_variance);
    let spec = Spec { innovation: Innovation::Normal, start: Start::FirstVariance, ..Spec::default() };
    let coefficients = [case.mu, case.omega, case.alpha, case.beta];
    let estimate = GarchEstimate {
        spec,
        coefficients: coefficients.to_vec(),
        loglik: 0.0,
        before: case.seed_variance,
        observations: r.len(),
        converged: true,
        starts: 1,
        persistence: case.alpha + case.beta,
        at_bound: vec![false; 4],
        robust_errors: vec![None; 4],
        classic_errors: vec![None; 4],
    };
    let mut running = estimate.begin();
    let mut variances = Vec::new();
    for r in &r {
        running.take(*r, f64::NAN, &[]);
        variances.push(running.variance());
    }
    case.next_variances.iter().zip(&variances).for_each(|(want, got)| digits(*got, *want));
    digits(variances[499], case.variance_501);
    let ahead: f64 = running.ahead(5, &[]).iter().sum();
    digits(ahead, case.sum_of_5);
    digits(case.omega / (1.0 - case.alpha - case.beta), case.long_run);
    digits(0.5f64.ln() / (case.alpha + case.beta).ln(), case.half_life);
    // Far ahead the variance is the long-run one.
    digits(running.ahead(5000, &[])[4999], case.long_run);
    near(ahead.sqrt(), case.volatility_of_5, 5e-4);
    near((5.0 * variances[499]).sqrt(), case.volatility_by_root_of_5, 5e-4);
}

#[test]
fn pareto_tails_reach_beyond_the_sample() {
    #[derive(Deserialize)]
    struct Case {
        threshold: f64,
        scale: f64,
        n: usize,
        beyond: usize,
        case: Vec<Row>,
        fit: Fit,
    }
    #[derive(Deserialize)]
    struct Row {
        shape: f64,
        alpha: f64,
        var: f64,
        es: f64,
    }
    #[derive(Deserialize)]
    struct Fit {
        shape: f64,
        scale: f64,
        likeliest_shape: f64,
        likeliest_scale: f64,
        loglik: f64,
        mean: f64,
    }
    let case: Case = case("var_pareto");
    let beyond = case.beyond as f64 / case.n as f64;
    for row in &case.case {
        let law = Pareto { threshold: case.threshold, beyond, shape: row.shape, scale: case.scale };
        digits(law.var(row.alpha), row.var);
        digits(law.shortfall(row.alpha), row.es);
        // The limit is reached smoothly.
        let near_zero = Pareto { shape: 1e-7, ..law };
        near(near_zero.var(0.99), Pareto { shape: 0.0, ..law }.var(0.99), 1e-6);
    }
    let Fit { shape, scale, .. } = case.fit;
    let q = |i: usize| (i as f64 + 0.5) / case.beyond as f64;
    let y: Vec<f64> = (0..case.beyond).map(|i| scale / shape * ((1.0 - q(i)).powf(-shape) - 1.0)).collect();
    digits(y.iter().sum::<f64>() / y.len() as f64, case.fit.mean);
    let law = pareto::fit(&y).expect("a law");
    // The printed law is where another optimiser stopped; the likelihood is flat there.
    near(law.shape, case.fit.likeliest_shape, 2e-5);
    near(law.scale, case.fit.likeliest_scale, 5e-5);
    near(law.loglik, case.fit.loglik, 5e-6);
}

#[test]
fn losses_scale_with_the_root_of_the_horizon_where_nothing_better_is_known() {
    #[derive(Deserialize)]
    struct Case {
        case: Vec<Row>,
    }
    #[derive(Deserialize)]
    struct Row {
        from: Span,
        to: Span,
        factor: f64,
    }
    let all: Case = case("horizon");
    all.case.iter().for_each(|row| digits(var::root_of_time(row.from, row.to), row.factor));
}

#[test]
fn quantile_rules_differ_in_their_place_among_the_values() {
    #[derive(Deserialize)]
    struct Case {
        n: i32,
        case: Vec<std::collections::BTreeMap<String, f64>>,
    }
    let case: Case = case("quantile_rules");
    let sample: Vec<f64> = (1..=case.n).map(|i| 10.0 * f64::from(i)).collect();
    for row in case.case {
        for rule in Rule::ALL {
            let name = serde_json::to_value(rule).expect("a name");
            let want = row[name.as_str().expect("text")];
            near(rule.quantile(&sample, row["p"]), want, 1e-9);
        }
        assert_eq!(row.len(), 1 + Rule::ALL.len());
    }
}

#[test]
fn half_of_a_deviation_of_the_variance_is_gone_after_its_half_life() {
    #[derive(Deserialize)]
    struct Case {
        alpha: f64,
        beta: f64,
        steps: f64,
    }
    let case: Case = case("half_life");
    digits(half_life(case.alpha + case.beta).expect("persistence"), case.steps);
}
