//! Worked cases that a person can follow with a pocket calculator: each file under `tests/golden`
//! holds the inputs and what must come out.

use margincast::base::{Aci, Span, Ts};
use margincast::loss::baseline::{self, Baseline, Side};
use margincast::loss::correlation;
use margincast::loss::greeks::{Greeks, price_grid};
use margincast::loss::haircut::{self, Haircut};
use margincast::loss::implied::{self, Shock};
use margincast::loss::liquidation::{Fee, Takeover, partial_close};
use margincast::loss::liquidity::{self, Book};
use margincast::loss::outcome;
use margincast::loss::quadratic::{Method, Quadratic};
use margincast::loss::var::{self, Rule, Scaling};
use margincast::margin::blast::{Account, Blast};
use margincast::margin::hysteresis::{Flag, Hysteresis};
use margincast::margin::ladder::Ladder;
use margincast::margin::recheck::{Deviation, Limit, clamp_set};
use margincast::margin::tier::{self, Bracket, Tier};
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
    // A loss equal to the margin is covered.
    assert_eq!((got.n, got.breaches), (12, 2));
    near(got.shortfall_sum, 0.02, 1e-12);
    near(got.worst_miss, 0.01, 1e-12);
}

#[test]
fn delta_gamma_quantiles_are_exact_where_four_moments_are_not() {
    #[derive(Deserialize)]
    struct Case {
        price: f64,
        sigma: f64,
        book: Quantiles,
        short_gamma: ShortGamma,
    }
    #[derive(Deserialize)]
    struct Quantiles {
        delta: f64,
        gamma: f64,
        p: f64,
        mean: f64,
        sd: f64,
        skew: f64,
        kurtosis: f64,
        delta_normal: f64,
        delta_gamma_normal: f64,
        cornish_fisher: f64,
        exact: f64,
        grid: Vec<f64>,
    }
    #[derive(Deserialize)]
    struct ShortGamma {
        gamma: f64,
        sd: f64,
        p: f64,
        cornish_fisher: f64,
        exact: f64,
    }
    let Case { price, sigma, book, short_gamma } = case("delta_gamma");
    let q = Quadratic::of_one(book.delta, book.gamma, price * sigma);
    let m = q.moments();
    for (got, want) in [(m.mean, book.mean), (m.sd, book.sd), (m.skew, book.skew), (m.kurtosis, book.kurtosis)] {
        digits(got, want);
    }
    let linear = Quadratic::of_one(book.delta, 0.0, price * sigma);
    digits(linear.exact(book.p).expect("one factor"), book.delta_normal);
    digits(m.mean + m.sd * margincast::base::stats::normal_quantile(book.p), book.delta_gamma_normal);
    digits(m.cornish_fisher(book.p), book.cornish_fisher);
    digits(q.exact(book.p).expect("one factor"), book.exact);
    assert_eq!(q.quantile(book.p), (q.exact(book.p).expect("one factor"), Method::Exact));
    let greeks = Greeks { delta: book.delta, gamma: book.gamma, vega: 0.0 };
    for (step, want) in price_grid(0.16, 4).into_iter().zip(book.grid) {
        near(greeks.pnl(price * step, 0.0), want, 1e-9);
    }
    let g = short_gamma;
    let q = Quadratic::of_one(0.0, g.gamma, g.sd);
    digits(q.moments().cornish_fisher(g.p), g.cornish_fisher);
    assert!(!q.moments().in_domain());
    let (value, method) = q.quantile(g.p);
    digits(value, g.exact);
    assert_eq!(method, Method::Exact);
}

#[test]
fn implied_volatility_is_shocked_by_time_to_expiry_and_blended_while_fresh() {
    #[derive(Deserialize)]
    struct Case {
        up: f64,
        down: f64,
        shock: Vec<Row>,
        blend: Blend,
    }
    #[derive(Deserialize)]
    struct Row {
        days: f64,
        up: f64,
        down: f64,
    }
    #[derive(Deserialize)]
    struct Blend {
        implied: f64,
        model: f64,
        weight: f64,
        annual: f64,
        daily_of_implied: f64,
    }
    let case: Case = case("implied_volatility");
    let shock = Shock { up: case.up, down: case.down, ..Shock::default() };
    for row in case.shock {
        digits(shock.up_factor(row.days), row.up);
        digits(shock.down_factor(row.days), row.down);
        digits(shock.vol_up(0.8, row.days), 0.8 * row.up);
        digits(shock.vol_down(0.8, row.days), 0.8 * row.down);
    }
    assert_eq!(shock.vol_up(0.1, 30.0), shock.vol_min);
    let b = case.blend;
    digits(implied::blend(b.implied, b.model, b.weight, Span::MINUTE.times(15)), b.annual);
    assert_eq!(implied::blend(b.implied, b.model, b.weight, Span::MINUTE.times(16)), b.model);
    assert_eq!(implied::blend(f64::NAN, b.model, b.weight, Span(0)), b.model);
    digits(implied::daily(b.implied), b.daily_of_implied);
}

#[test]
fn closing_costs_spread_and_impact_and_takes_time() {
    #[derive(Deserialize)]
    struct Case {
        half_spread_bp: f64,
        sigma: f64,
        daily_volume: f64,
        cost: Vec<[f64; 2]>,
        horizon_factor: Vec<[f64; 2]>,
        threshold: f64,
        concentration: Vec<[f64; 2]>,
        crowd: Crowd,
    }
    #[derive(Deserialize)]
    struct Crowd {
        depth: f64,
        own: f64,
        elsewhere: f64,
        alone: f64,
        together: f64,
    }
    let c: Case = case("liquidity");
    let book = Book { half_spread_bp: c.half_spread_bp, daily_volume: Some(c.daily_volume), ..Book::default() };
    c.cost.iter().for_each(|[q, bp]| digits(1e4 * book.cost(*q, c.sigma), *bp));
    c.horizon_factor.iter().for_each(|[q, f]| digits(book.horizon_factor(*q, Span::DAY), *f));
    c.concentration.iter().for_each(|[s, f]| digits(liquidity::concentration(-s, c.threshold), *f));
    let crowd = c.crowd;
    digits(liquidity::price_drop(crowd.own, 0.0, crowd.depth), crowd.alone);
    digits(liquidity::price_drop(crowd.own, crowd.elsewhere, crowd.depth), crowd.together);
    let deep = Book { depth: Some(crowd.depth), elsewhere: crowd.elsewhere, ..book };
    digits(deep.cost(crowd.own, c.sigma), c.half_spread_bp / 1e4 + crowd.together);
}

#[test]
fn margin_rises_with_size_as_each_venue_has_it() {
    #[derive(Deserialize)]
    struct Case {
        brackets: Vec<[f64; 2]>,
        open_interest: Vec<[f64; 2]>,
        root: Vec<[f64; 2]>,
        deposits: Vec<[f64; 2]>,
    }
    let case: Case = case("tiers");
    let of = |from, initial| Bracket { from, initial };
    let tier = Tier::Brackets { brackets: vec![of(0.0, 1.0 / 40.0), of(150e6, 1.0 / 20.0)], maintenance: 0.5 };
    tier.check().expect("a schedule");
    case.brackets.iter().for_each(|[n, mm]| digits(tier.maintenance(-n / 50_000.0, 50_000.0, 0.0), *mm));
    let ramp = Tier::OpenInterest { weight: 0.1, lower: 20e6, upper: 50e6, maintenance: 0.5 };
    case.open_interest.iter().for_each(|[oi, rate]| digits(ramp.initial(1.0, 1000.0, *oi), 1000.0 * rate));
    case.root.iter().for_each(|[size, rate]| digits(tier::root_rate(0.10, 0.0004, *size), *rate));
    case.deposits.iter().for_each(|[d, weight]| digits(tier::scaled_weight(0.8, 8e6, *d), *weight));
}

#[test]
fn collateral_is_cut_and_does_not_hedge_what_falls_with_it() {
    #[derive(Deserialize)]
    struct Case {
        z: f64,
        haircut: Vec<[f64; 3]>,
        joint: Vec<[f64; 2]>,
        adverse: Vec<[f64; 2]>,
        beneficial: Vec<[f64; 2]>,
    }
    let c: Case = case("collateral");
    let rule = Haircut { z: c.z, ..Haircut::default() };
    c.haircut.iter().for_each(|[sigma, liq, want]| digits(rule.of(*sigma, *liq, Some(1.0)), *want));
    let two_days = 2.0_f64.sqrt();
    let (sp, sc) = (100_000.0 * 0.035 * two_days, 40_000.0 * 0.045 * two_days);
    for [rho, want] in c.joint {
        let joint = haircut::joint(sp, sc, rho, c.z);
        digits(joint.requirement, want);
        assert!(joint.charge <= joint.sum + 1e-9 && joint.charge >= c.z * sp && joint.charge >= want - 1e-4);
    }
    digits(haircut::charged_correlation(-0.9, true, true), 1.0);
    c.adverse.iter().for_each(|[rho, want]| digits(correlation::adverse(*rho), *want));
    c.beneficial.iter().for_each(|[rho, want]| digits(correlation::beneficial(*rho), *want));
}

#[test]
fn liquidation_counts_accounts_strictly_below_and_closes_only_what_it_must() {
    #[derive(Deserialize)]
    struct Case {
        accounts: Vec<[f64; 2]>,
        before: f64,
        rate: Vec<Rate>,
        close: Close,
        fee: Fee,
        fee_of_wait: Vec<Wait>,
        takeover: Taken,
    }
    #[derive(Deserialize)]
    struct Rate {
        mm: f64,
        accounts: usize,
        notional: f64,
        share: f64,
    }
    #[derive(Deserialize)]
    struct Close {
        notional: f64,
        im: f64,
        cases: Vec<[f64; 3]>,
    }
    #[derive(Deserialize)]
    struct Wait {
        slots: u64,
        fee: f64,
    }
    #[derive(Deserialize)]
    struct Taken {
        size: f64,
        notional: f64,
        maintenance: f64,
        collateral: f64,
        total_maintenance: f64,
        adjustment: f64,
        spread: f64,
        price: f64,
    }
    let c: Case = case("liquidation");
    for rate in c.rate {
        let accounts: Vec<Account> =
            c.accounts.iter().map(|[equity, n]| Account::at_rates(*equity, *n, c.before, rate.mm)).collect();
        let blast = Blast::of(&accounts);
        assert_eq!((blast.accounts, blast.notional), (rate.accounts, rate.notional));
        near(blast.share, rate.share, 5e-5);
    }
    for [equity, fee, want] in c.close.cases {
        near(partial_close(equity, c.close.notional, c.close.im, fee), want, 1e-12);
    }
    c.fee_of_wait.iter().for_each(|w| digits(c.fee.of_wait(w.slots), w.fee));
    let Taken { size, notional, maintenance, collateral, total_maintenance, .. } = c.takeover;
    let taken = Takeover { size, notional, maintenance, collateral, total_maintenance };
    let price = taken.fillable_price(c.takeover.adjustment, c.takeover.spread).expect("a position");
    digits(price, c.takeover.price);
}
