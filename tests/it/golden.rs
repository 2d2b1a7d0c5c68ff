//! Worked cases that a person can follow with a pocket calculator: each file under `tests/golden`
//! holds the inputs and what must come out.

use margincast::base::pareto::{self, Pareto};
use margincast::base::{Aci, Seed, Span, Ts, stats};
use margincast::feature::measure::flow;
use margincast::forecast::garch::{Innovation, Spec, Start};
use margincast::loss::basel::{Light, cumulative, plus_factor, traffic_light};
use margincast::loss::baseline::{self, Baseline, Side};
use margincast::loss::coverage::{clopper_pearson, coverage_of, independence, kupiec, non_rejection, power};
use margincast::loss::impulse::{self, Response, Step};
use margincast::loss::outcome;
use margincast::loss::overlap::Overlap;
use margincast::loss::persistence::half_life;
use margincast::loss::procyclicality::procyclicality;
use margincast::loss::score::{fz0, pinball, qlike};
use margincast::loss::shortfall::{Draws, Null, critical_values, z1, z2};
use margincast::loss::var::{self, Rule, Scaling};
use margincast::margin::apc::{Apc, Measured, Stage};
use margincast::margin::blast::{Accounts, Exposure};
use margincast::margin::hysteresis::{Flag, Hysteresis};
use margincast::margin::ladder::Ladder;
use margincast::margin::recheck::{Deviation, Limit, clamp_set};
use margincast::margin::score::{Band, Score, Weights};
use margincast::margin::thin::InterestCaps;
use margincast::margin::{Guardrail, Inputs, Policy, Proposal, Reason, State};
use serde::Deserialize;
use serde::de::DeserializeOwned;

fn case<T: DeserializeOwned>(name: &str) -> T {
    let path = format!("{}/tests/golden/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect("golden case");
    let mut table: toml::Table = text.parse().expect("TOML");
    table.remove("about").expect("every case says what it is about");
    table.try_into().unwrap_or_else(|e| panic!("{path}: {e}"))
}

#[track_caller]
fn near(got: f64, want: f64, tolerance: f64) {
    assert!((got - want).abs() <= tolerance, "got {got}, want {want}");
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Guard {
    policy: Policy,
    step: Vec<GuardStep>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GuardStep {
    b: f64,
    m: f64,
    c: f64,
    gap: Option<f64>,
    published: f64,
    reasons: Vec<Reason>,
}

fn guardrail(name: &str) {
    let Guard { policy, step } = case(name);
    let mut guard = Guardrail::new(policy).expect("policy");
    for (i, want) in step.iter().enumerate() {
        let ts = Ts(0) + Span::DAY.times(i as i64);
        let proposal = Proposal { ts, baseline: want.b, m: want.m, p_stress: vec![], long_run_var: None };
        let got = guard.step(&proposal).expect("a baseline");
        near(got.c_im, want.c, 1e-12);
        assert_eq!(got.m_im_ppm, (want.published * 1e6).round() as u64, "step {i}");
        assert_eq!(got.reasons, want.reasons, "step {i}");
        assert_eq!(got.state, State::Fresh);
        if let Some(gap) = want.gap {
            near(got.gap, gap, 1e-12);
        }
    }
}

#[test]
fn lift_only_never_asks_less_than_the_baseline() {
    guardrail("guardrail_lift_only");
}

#[test]
fn managed_total_lags_the_baseline_and_publishes_the_gap() {
    guardrail("guardrail_managed_total");
}

#[test]
fn regime_flag_rises_after_two_and_falls_after_six() {
    #[derive(Deserialize)]
    struct Case {
        p_stress: Vec<f64>,
        flag: Vec<u8>,
    }
    let case: Case = case("regime_flag");
    let mut flag = Flag::default();
    let got: Vec<u8> = case.p_stress.iter().map(|p| u8::from(flag.update(*p, &Hysteresis::default()))).collect();
    assert_eq!(got, case.flag);
}

#[test]
fn stale_inputs_lead_down_the_ladder_to_the_fallback() {
    #[derive(Deserialize)]
    struct Case {
        case: Vec<Row>,
    }
    #[derive(Deserialize)]
    struct Row {
        last_m: f64,
        age_s: i64,
        m: f64,
        state: State,
    }
    for row in case::<Case>("staleness").case {
        let (state, m) = Ladder::default().at(Span::SECOND.times(row.age_s), row.last_m);
        near(m, row.m, 1e-12);
        assert_eq!(state, row.state);
        // The same through the state machine: the last fresh multiplier, then only the clock.
        let mut guard = Guardrail::new(Policy::default()).expect("policy");
        let fresh = Proposal { ts: Ts(0), baseline: 0.04, m: row.last_m, p_stress: vec![], long_run_var: None };
        let before = guard.step(&fresh).expect("a baseline");
        let now = guard.tick(Ts(0) + Span::SECOND.times(row.age_s)).unwrap_or(before);
        near(now.c_im, row.m * 0.04, 1e-12);
        assert_eq!(now.state, row.state);
    }
}

#[test]
fn chain_lifts_by_what_is_credible_likely_and_illiquid() {
    #[derive(Deserialize)]
    struct Case {
        case: Vec<Row>,
    }
    #[derive(Deserialize)]
    struct Row {
        why: String,
        b: f64,
        f: f64,
        c: f64,
        p_stress: f64,
        stressed: f64,
        a: f64,
        raw: f64,
        m: f64,
        reasons: Vec<Reason>,
    }
    for row in case::<Case>("multiplier_chain").case {
        let inputs = Inputs {
            baseline: row.b,
            forecast: Some(row.f),
            credibility: row.c,
            p_stress: row.p_stress,
            stressed: row.stressed,
            liquidity: row.a,
        };
        let chain = inputs.chain(1.0, 2.0).expect("a baseline");
        near(chain.m3, row.raw, 1e-12);
        near(chain.m4, row.m, 1e-12);
        assert_eq!(chain.reasons, row.reasons, "{}", row.why);
    }
}

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

#[test]
fn a_clamp_that_makes_coupled_fields_disagree_rejects_the_whole_set() {
    #[derive(Deserialize)]
    struct Case {
        ratio: f64,
        ratio_wanted: f64,
        ratio_limit_up: f64,
        ratio_clamped: f64,
        days: f64,
        days_wanted: f64,
        cap_clamped: f64,
        live: f64,
        deviation: f64,
        tolerance: f64,
    }
    let c: Case = case("coupled_fields");
    let limit = Limit { up: c.ratio_limit_up, down: f64::INFINITY };
    near(limit.clamp(c.ratio, c.ratio_wanted), c.ratio_clamped, 1e-12);
    let growth = (c.cap_clamped / c.ratio_clamped - 1.0) / c.days_wanted;
    let derive = |set: &[f64; 2]| set[0] * (1.0 + growth * set[1]);
    let set =
        |limits| clamp_set([c.ratio, c.days], [c.ratio_wanted, c.days_wanted], limits, derive, c.live, c.tolerance);
    let Err(Deviation::Live(off)) = set([limit, Limit::NONE]) else { panic!("must be rejected") };
    near(off, c.deviation, 1e-5);
    // Unclamped, the two fields agree with the live price within the tolerance, and all is applied.
    assert_eq!(set([Limit::NONE, Limit::NONE]), Ok([c.ratio_wanted, c.days_wanted]));
}

/// `0.02 sin(1.7 t) (1 + 0.5 cos(0.013 t))`, t = 1..500.
fn wave() -> Vec<f64> {
    (1..=500).map(f64::from).map(|t| 0.02 * (1.7 * t).sin() * (1.0 + 0.5 * (0.013 * t).cos())).collect()
}

fn losses(returns: &[f64]) -> Vec<f64> {
    returns.iter().map(|r| -r).collect()
}

#[track_caller]
fn digits(got: f64, want: f64) {
    assert!((got / want - 1.0).abs() < 1e-9, "got {got}, want {want} to ten digits");
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
    let mut running = spec.begin_at(&coefficients, case.seed_variance).expect("four coefficients");
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
    assert!(spec.begin_at(&coefficients[1..], 1.0).is_err());
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
fn apc_stages_give_the_baselines_of_the_regulation() {
    #[derive(Deserialize)]
    struct Case {
        stress_weight: Weight,
        buffer: Vec<Buffer>,
        floor: Vec<Floor>,
    }
    #[derive(Deserialize)]
    struct Weight {
        u: f64,
        s: f64,
        b: f64,
    }
    #[derive(Deserialize)]
    struct Buffer {
        u: f64,
        r#ref: f64,
        b: f64,
        left: f64,
    }
    #[derive(Deserialize)]
    struct Floor {
        u: f64,
        long_run: f64,
        b: f64,
    }
    let case: Case = case("apc_stages");
    let at = |n: i64, var| Measured { ts: Ts(0) + Span::DAY.times(n), var, stressed: f64::NAN, long_run: f64::NAN };
    let weight = Stage::StressWeight { weight: 0.25 };
    let w = case.stress_weight;
    let trail = Apc::new(&[weight]).expect("a stage").step(&Measured { stressed: w.s, ..at(0, w.u) });
    near(trail[1], w.b, 1e-15);
    for row in case.buffer {
        let buffer = Stage::Buffer { add: 0.25, window: Span::DAY.times(250) };
        let mut apc = Apc::new(&[buffer]).expect("a stage");
        (0..249).for_each(|n| drop(apc.step(&at(n, row.r#ref))));
        let b = apc.step(&at(249, row.u))[1];
        near(b, row.b, 1e-15);
        near(b / row.u - 1.0, row.left, 5e-4);
    }
    for row in case.floor {
        let trail =
            Apc::new(&[Stage::Floor]).expect("a stage").step(&Measured { long_run: row.long_run, ..at(0, row.u) });
        near(trail[1], row.b, 0.0);
    }
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
    let (step, old) = (Step::default(), stats::normal_quantile(0.99));
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

#[test]
fn v16e_wrong_cap_incident_of_2026_a_clamp_on_one_of_two_coupled_fields_rejects_the_bundle() {
    #[derive(Deserialize)]
    struct Case {
        ratio: f64,
        ratio_wanted: f64,
        ratio_limit_up: f64,
        ratio_clamped: f64,
        days: f64,
        days_wanted: f64,
        cap_clamped: f64,
        live: f64,
        deviation: f64,
        tolerance: f64,
    }
    let c: Case = case("coupled_fields");
    let limit = Limit { up: c.ratio_limit_up, down: f64::INFINITY };
    near(limit.clamp(c.ratio, c.ratio_wanted), c.ratio_clamped, 1e-12);
    let growth = (c.cap_clamped / c.ratio_clamped - 1.0) / c.days_wanted;
    let derive = |set: &[f64; 2]| set[0] * (1.0 + growth * set[1]);
    let set =
        |limits| clamp_set([c.ratio, c.days], [c.ratio_wanted, c.days_wanted], limits, derive, c.live, c.tolerance);
    let Err(Deviation::Live(off)) = set([limit, Limit::NONE]) else { panic!("must be rejected") };
    near(off, c.deviation, 1e-5);
    // Unclamped, the two fields agree with the live price within the tolerance, and all is applied.
    assert_eq!(set([Limit::NONE, Limit::NONE]), Ok([c.ratio_wanted, c.days_wanted]));
}

#[test]
fn risk_score_is_the_sum_of_its_contributions() {
    #[derive(Deserialize)]
    struct Case {
        case: Vec<Row>,
    }
    #[derive(Deserialize)]
    struct Row {
        u: [f64; 6],
        parts: [f64; 6],
        score: f64,
        band: Band,
    }
    for row in case::<Case>("risk_score").case {
        let got = Score::of(&row.u.map(Some), &Weights::default()).expect("a score");
        near(got.points(), row.score, 0.0);
        assert_eq!(got.parts.iter().flatten().sum::<u64>(), got.total, "exactly");
        got.parts.iter().zip(row.parts).for_each(|(g, w)| near(g.expect("a part") as f64 / 1e6, w, 0.0));
        assert_eq!(got.band(), row.band);
    }
}

#[test]
fn a_rise_of_maintenance_margin_has_a_blast_radius() {
    #[derive(Deserialize)]
    struct Case {
        accounts: Vec<(f64, f64)>,
        case: Vec<Row>,
    }
    #[derive(Deserialize)]
    struct Row {
        mm: f64,
        accounts: u64,
        notional: f64,
        share: f64,
    }
    let case: Case = case("blast_radius");
    let exposure = Accounts { accounts: case.accounts, stressed_depth: 0.0 };
    for row in case.case {
        let got = exposure.newly_liquidatable(0.0, row.mm);
        assert_eq!((got.accounts, got.notional), (row.accounts, row.notional));
        near(got.notional / exposure.open_interest(), row.share, 5e-5);
    }
}

#[test]
fn initial_margin_rises_with_open_interest_between_its_caps() {
    #[derive(Deserialize)]
    struct Case {
        base: f64,
        soft: f64,
        hard: f64,
        case: Vec<Row>,
    }
    #[derive(Deserialize)]
    struct Row {
        interest: f64,
        fraction: f64,
    }
    let case: Case = case("open_interest");
    let caps = InterestCaps { soft: case.soft, hard: case.hard };
    case.case.iter().for_each(|row| near(caps.fraction(case.base, row.interest), row.fraction, 1e-12));
}
