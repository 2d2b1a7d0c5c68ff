//! Positions, size, collateral and liquidation.

use margincast::base::Span;
use margincast::loss::portfolio::correlation;
use margincast::loss::portfolio::greeks::{Greeks, price_grid};
use margincast::loss::portfolio::haircut::{self, Haircut};
use margincast::loss::portfolio::implied::{self, Shock};
use margincast::loss::portfolio::liquidation::{Fee, Takeover, partial_close};
use margincast::loss::portfolio::liquidity::{self, MarketDepth};
use margincast::loss::portfolio::quadratic::{Method, Quadratic};
use margincast::margin::account::tier::{self, Bracket, Tier};
use serde::Deserialize;

use super::{case, digits, near};

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
    let book =
        MarketDepth { half_spread_bp: c.half_spread_bp, daily_volume: Some(c.daily_volume), ..MarketDepth::default() };
    c.cost.iter().for_each(|[q, bp]| digits(1e4 * book.cost(*q, c.sigma), *bp));
    c.horizon_factor.iter().for_each(|[q, f]| digits(book.horizon_factor(*q, Span::DAY), *f));
    c.concentration.iter().for_each(|[s, f]| digits(liquidity::concentration(-s, c.threshold), *f));
    let crowd = c.crowd;
    digits(liquidity::price_drop(crowd.own, 0.0, crowd.depth), crowd.alone);
    digits(liquidity::price_drop(crowd.own, crowd.elsewhere, crowd.depth), crowd.together);
    let deep = MarketDepth { depth: Some(crowd.depth), elsewhere: crowd.elsewhere, ..book };
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
        peg: Vec<[f64; 2]>,
        joint: Vec<[f64; 2]>,
        adverse: Vec<[f64; 2]>,
        beneficial: Vec<[f64; 2]>,
    }
    let c: Case = case("collateral");
    let rule = Haircut { z: c.z, ..Haircut::default() };
    c.haircut.iter().for_each(|[sigma, liq, want]| digits(rule.of(*sigma, *liq, Some(1.0)), *want));
    let [sigma, liq, _] = c.haircut[c.haircut.len() - 1];
    c.peg.iter().for_each(|[price, want]| digits(rule.of(sigma, liq, Some(*price)), *want));
    let two_days = 2.0_f64.sqrt();
    let (sp, sc) = (100_000.0 * 0.035 * two_days, 40_000.0 * 0.045 * two_days);
    for [rho, want] in c.joint {
        let joint = haircut::joint(sp, sc, rho, c.z);
        digits(joint.requirement, want);
        assert!(joint.charge <= joint.sum + 1e-9 && joint.charge >= c.z * sp && joint.charge >= want - 1e-4);
    }
    digits(haircut::charged_correlation(-0.9, true, 1.0), 1.0);
    c.adverse.iter().for_each(|[rho, want]| digits(correlation::adverse(*rho), *want));
    c.beneficial.iter().for_each(|[rho, want]| digits(correlation::beneficial(*rho), *want));
}

#[test]
fn liquidation_closes_only_what_it_must() {
    #[derive(Deserialize)]
    struct Case {
        close: Close,
        fee: Fee,
        fee_of_wait: Vec<Wait>,
        takeover: Taken,
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
    for [equity, fee, want] in c.close.cases {
        near(partial_close(equity, c.close.notional, c.close.im, fee), want, 1e-12);
    }
    c.fee_of_wait.iter().for_each(|w| digits(c.fee.of_wait(w.slots), w.fee));
    let Taken { size, notional, maintenance, collateral, total_maintenance, .. } = c.takeover;
    let taken = Takeover { size, notional, maintenance, collateral, total_maintenance };
    let price = taken.fillable_price(c.takeover.adjustment, c.takeover.spread).expect("a position");
    digits(price, c.takeover.price);
}
