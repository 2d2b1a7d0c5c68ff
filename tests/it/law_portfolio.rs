//! What holds for every portfolio, market and size schedule. A thousand random ones each;
//! `PROPTEST_CASES=100000` for the long run.

use std::collections::BTreeMap;

use margincast::base::{Span, Symbol, Ts};
use margincast::loss::baseline::var::{Rule, Scaling, historical};
use margincast::loss::portfolio::greeks::{Greeks, Right, Vanilla};
use margincast::loss::portfolio::liquidity::MarketDepth;
use margincast::loss::portfolio::position::{Position, Terms};
use margincast::loss::portfolio::scenario::{PriceHistory, ScenarioLabel, Scenarios};
use margincast::loss::portfolio::{Binding, Params, Portfolio, TailMeasure};
use margincast::margin::account::collateral::{Asset, Holdings};
use margincast::margin::account::requirement::{AccountRequirement, AccountSettings, MarketTerms, PARTS};
use margincast::margin::account::statement::Statement;
use margincast::margin::account::tier::{Bracket, Tier, scaled_liability, scaled_weight};
use margincast::margin::guardrail::blast::{Account, Impact, remargin};
use proptest::prelude::*;

const NAMES: [&str; 3] = ["AAA", "BBB", "CCC"];

fn symbol(i: usize) -> Symbol {
    NAMES[i].parse().expect("a symbol")
}

fn labels(n: usize) -> Vec<ScenarioLabel> {
    (0..n).map(|i| ScenarioLabel::At(Ts(0) + Span::DAY.times(i as i64))).collect()
}

fn scenarios() -> impl Strategy<Value = Scenarios> {
    (1..160_usize, any::<bool>()).prop_flat_map(|(n, quiet)| {
        let step = if quiet { (0.0..1e-12).boxed() } else { (-0.3..0.4).boxed() };
        let of = move |_| prop::collection::vec(step.clone(), n).boxed();
        let moves: Vec<_> = (0..4).map(of).collect();
        moves.prop_map(move |mut m: Vec<Vec<f64>>| {
            let vols = BTreeMap::from([(symbol(0), m.pop().expect("four"))]);
            let moves = m.into_iter().enumerate().map(|(i, m)| (symbol(i), m)).collect();
            Scenarios::new(labels(n), Span::DAY, moves, vols).expect("moves above -1")
        })
    })
}

fn terms() -> impl Strategy<Value = Terms> {
    let greeks = (-1.0..1.0_f64, -0.2..0.2_f64, -5.0..5.0_f64, 0.1..1.5_f64, 0.0..200.0_f64)
        .prop_map(|(delta, gamma, vega, vol, days)| Terms::Greeks { greeks: Greeks { delta, gamma, vega }, vol, days });
    let option =
        (any::<bool>(), 50.0..200.0_f64, 0.0..200.0_f64, 0.05..1.5_f64).prop_map(|(call, strike, days, vol)| {
            let right = if call { Right::Call } else { Right::Put };
            Terms::Option { vanilla: Vanilla::in_days(right, strike, days), vol }
        });
    prop_oneof![3 => Just(Terms::Linear), 2 => greeks, 2 => option]
}

fn positions() -> impl Strategy<Value = Vec<Position>> {
    let quantity = prop_oneof![20 => -50.0..50.0_f64, 1 => Just(0.0)];
    prop::collection::vec((0..3_usize, quantity, terms()), 0..9).prop_map(|rows| {
        let one = |(i, (u, quantity, terms)): (usize, (usize, f64, Terms))| Position {
            id: format!("p{i}"),
            underlying: symbol(u),
            quantity,
            price: 100.0,
            terms,
        };
        rows.into_iter().enumerate().map(one).collect()
    })
}

fn market() -> impl Strategy<Value = MarketTerms> {
    let amount = || prop::option::of(prop_oneof![Just(0.0), 1.0..1e6_f64]);
    let book = (0.0..50.0_f64, amount(), amount(), 0.0..1e5_f64).prop_map(
        |(half_spread_bp, daily_volume, depth, elsewhere)| MarketDepth {
            half_spread_bp,
            daily_volume,
            depth,
            elsewhere,
        },
    );
    (book, prop::option::of(0.0..0.2_f64), prop::option::of(1.0..1e5_f64), prop::option::of(tier()), 1.0..3.0_f64)
        .prop_map(|(book, sigma_daily, threshold, tier, m)| MarketTerms {
            book,
            sigma_daily,
            threshold,
            tier,
            open_interest: 2e4,
            multiplier: Some(m),
            ..MarketTerms::default()
        })
}

fn tier() -> impl Strategy<Value = Tier> {
    let (rate, share) = (|| 0.001..0.5_f64, || 0.1..0.8_f64);
    let brackets = (prop::collection::vec((1.0..1e4_f64, 0.0..0.2_f64), 0..6), rate(), share()).prop_map(
        |(steps, first, maintenance)| {
            let mut brackets = vec![Bracket { from: 0.0, initial: first }];
            for (width, rise) in steps {
                let last = brackets[brackets.len() - 1];
                brackets.push(Bracket { from: last.from + width, initial: (last.initial + rise).min(1.0) });
            }
            Tier::Brackets { brackets, maintenance }
        },
    );
    let root = (rate(), 0.0..0.01_f64, share()).prop_map(|(weight, factor, maintenance)| Tier::Root {
        weight,
        factor,
        maintenance,
    });
    let skew = (rate(), 0.0..2.0_f64, 1.0..1e6_f64, share())
        .prop_map(|(weight, ratio, scale, maintenance)| Tier::Skew { weight, ratio, scale, maintenance });
    let interest = (rate(), 0.0..1e4_f64, 1.0..1e5_f64, share()).prop_map(|(weight, lower, width, maintenance)| {
        Tier::OpenInterest { weight, lower, upper: lower + width, maintenance }
    });
    prop_oneof![brackets, root, skew, interest]
}

fn settings() -> impl Strategy<Value = AccountSettings> {
    (market(), market(), 0.0..1.0_f64).prop_map(|(a, b, offset_cap)| AccountSettings {
        portfolio: Params { offset_cap, ..Params::default() },
        markets: [(symbol(0), a), (symbol(1), b)].into(),
        ..AccountSettings::default()
    })
}

fn of(positions: &[Position], scenarios: &Scenarios, settings: &AccountSettings) -> AccountRequirement {
    let portfolio = Portfolio::new(positions.to_vec()).expect("usable positions");
    AccountRequirement::of(&portfolio, scenarios, settings).expect("a requirement")
}

fn at_most(a: f64, b: f64) -> bool {
    a <= b + 1e-9 * (1.0 + a.abs().max(b.abs()))
}

fn cases() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(1000);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn every_part_is_finite_and_the_parts_sum_to_the_whole(s in scenarios(), p in positions(), settings in settings()) {
        let r = of(&p, &s, &settings);
        let sum: f64 = r.lines.iter().map(|l| l.total()).sum();
        prop_assert_eq!(sum.to_bits(), r.total.to_bits());
        prop_assert!(r.total.is_finite() && at_most(0.0, r.total), "{}", r.total);
        for (k, name) in PARTS.iter().enumerate() {
            prop_assert!(r.part(k).is_finite() && at_most(0.0, r.part(k)), "{name} {}", r.part(k));
        }
        let made = Statement::of("a", &r, &s, &settings.portfolio);
        prop_assert_eq!(made.positions.iter().map(|l| l.total_cents).sum::<i64>(), made.initial_cents);
        prop_assert_eq!(made.parts_cents.values().sum::<i64>(), made.initial_cents);
        prop_assert_eq!(made.gross_cents + made.diversification_cents, made.parts_cents["net"]);
        prop_assert!(at_most(r.total, made.initial_cents as f64 / 100.0 + 1e-7));
        for line in &made.positions {
            prop_assert_eq!(line.parts_cents.values().sum::<i64>(), line.total_cents);
        }
    }

    #[test]
    fn diversification_takes_off_at_most_its_cap_and_never_adds(s in scenarios(), p in positions(), settings in settings()) {
        let net = of(&p, &s, &settings).net;
        prop_assert!(at_most((1.0 - settings.portfolio.offset_cap) * net.gross, net.requirement), "{net:?}");
        prop_assert!(at_most(net.requirement, net.gross), "{} of {}", net.requirement, net.gross);
        prop_assert!(at_most(net.scenario_loss, net.requirement) && at_most(net.stressed_loss, net.requirement));
    }

    #[test]
    fn the_order_of_positions_does_not_change_a_bit(
        s in scenarios(), settings in settings(), (p, q) in positions().prop_flat_map(|p| (Just(p.clone()), Just(p).prop_shuffle())),
    ) {
        prop_assert_eq!(of(&p, &s, &settings), of(&q, &s, &settings));
    }

    #[test]
    fn a_larger_portfolio_asks_for_more(s in scenarios(), p in positions(), settings in settings(), k in 1.0..5.0_f64) {
        let larger: Vec<Position> = p.iter().map(|p| Position { quantity: k * p.quantity, ..p.clone() }).collect();
        let (one, more) = (of(&p, &s, &settings), of(&larger, &s, &settings));
        prop_assert!(at_most(k * one.net.requirement, more.net.requirement) && at_most(one.total, more.total));
    }

    #[test]
    fn a_little_more_of_everything_asks_for_a_little_more(s in scenarios(), p in positions(), settings in settings()) {
        // Dearest is the step from the lowest rate of a schedule here, 0.001, to its highest, 1.
        let h = 1e-7;
        let larger: Vec<Position> = p.iter().map(|p| Position { quantity: (1.0 + h) * p.quantity, ..p.clone() }).collect();
        let (one, more) = (of(&p, &s, &settings), of(&larger, &s, &settings));
        prop_assert!(more.total - one.total <= 1000.0 * h * more.total + 1e-9, "{} to {}", one.total, more.total);
        for (a, b) in one.lines.iter().zip(&more.lines) {
            prop_assert!((a.standalone - b.standalone).abs() <= 2.0 * h * b.standalone + 1e-9, "{a:?} {b:?}");
        }
    }

    #[test]
    fn no_size_of_any_position_is_a_cliff(
        s in scenarios().prop_filter("over two a correlation is one or minus one, and turns", |s| s.len() > 2),
        p in positions(), settings in settings(), to in prop::collection::vec(-50.0..50.0_f64, 9),
    ) {
        // From these sizes to others, and then into the half that changes more, until nothing is between.
        let total = |t: f64| {
            let between = |(p, to): (&Position, &f64)| Position { quantity: (1.0 - t) * p.quantity + t * to, ..p.clone() };
            of(&p.iter().zip(&to).map(between).collect::<Vec<_>>(), &s, &settings).total
        };
        let (mut from, mut until) = ((0.0, total(0.0)), (1.0, total(1.0)));
        let size = 1.0 + from.1.max(until.1);
        for _ in 0..48 {
            let middle = 0.5 * (from.0 + until.0);
            let middle = (middle, total(middle));
            let below = (middle.1 - from.1).abs() > (until.1 - middle.1).abs();
            if below { until = middle } else { from = middle }
        }
        prop_assert!((until.1 - from.1).abs() <= 1e-4 * size, "from {} to {} at {}", from.1, until.1, from.0);
    }

    #[test]
    fn a_worse_market_asks_for_more(s in scenarios(), p in positions(), settings in settings(), k in 1.0..5.0_f64) {
        let total = |worse: &dyn Fn(&mut MarketTerms)| {
            let mut settings = settings.clone();
            settings.markets.values_mut().for_each(worse);
            of(&p, &s, &settings).total
        };
        let now = total(&|_| ());
        prop_assert!(at_most(now, total(&|m| m.book.half_spread_bp *= k)));
        prop_assert!(at_most(now, total(&|m| m.book.elsewhere *= k)));
        prop_assert!(at_most(now, total(&|m| m.book.daily_volume = m.book.daily_volume.map(|v| v / k))));
        prop_assert!(at_most(now, total(&|m| m.book.depth = m.book.depth.map(|d| d / k))));
        prop_assert!(at_most(now, total(&|m| m.sigma_daily = m.sigma_daily.map(|s| s * k))));
        prop_assert!(at_most(now, total(&|m| m.threshold = m.threshold.map(|t| t / k))));
        prop_assert!(at_most(now, total(&|m| m.multiplier = m.multiplier.map(|x| (x * k).min(3.0)))));
        prop_assert!(at_most(now, total(&|m| m.open_interest *= k)));
    }

    #[test]
    fn a_more_volatile_market_asks_for_more(
        returns in prop::collection::vec(-0.3..0.3_f64, 1..300), quantity in -50.0..50.0_f64, k in 1.0..3.0_f64,
    ) {
        let total = |k: f64| {
            let moves = returns.iter().map(|r| (k * r).exp_m1()).collect();
            let s = Scenarios::new(labels(returns.len()), Span::DAY, [(symbol(0), moves)].into(), BTreeMap::new());
            let position = Position { id: "p".into(), underlying: symbol(0), quantity, price: 100.0, terms: Terms::Linear };
            let book = MarketDepth { daily_volume: Some(1e4), ..MarketDepth::default() };
            let settings = AccountSettings {
                markets: [(symbol(0), MarketTerms { book, ..MarketTerms::default() })].into(),
                ..AccountSettings::default()
            };
            of(&[position], &s.expect("moves"), &settings).total
        };
        prop_assert!(at_most(total(1.0), total(k)));
    }

    #[test]
    fn loss_of_all_together_is_the_shortfall_of_their_sum(s in scenarios(), p in positions()) {
        let portfolio = Portfolio::new(p).expect("usable positions");
        for (measure, alpha) in [(TailMeasure::Es, 0.99), (TailMeasure::Var, 0.95)] {
            let net = portfolio.net(&s, &Params { alpha, measure, ..Params::default() }).expect("losses");
            let losses: Vec<f64> = net.pnl.iter().map(|p| -p).collect();
            let tail = historical(&losses, alpha, Rule::Conservative).expect("scenarios");
            let want = if measure == TailMeasure::Es { tail.es } else { tail.var };
            prop_assert!((net.scenario_loss - want.max(0.0)).abs() <= 1e-9 * (1.0 + want.abs()));
        }
    }

    #[test]
    fn size_schedules_are_monotone_and_have_no_cliff(tier in tier(), size in 0.0..1e5_f64, price in 0.01..1e3_f64, oi in 0.0..1e6_f64) {
        tier.check().expect("a schedule");
        let edges: Vec<f64> = match &tier {
            Tier::Brackets { brackets, .. } => brackets.iter().map(|b| b.from / price).collect(),
            _ => vec![],
        };
        for size in edges.into_iter().chain([size]) {
            let h = 1e-6 * (1.0 + size);
            let (a, b) = (tier.initial(size, price, oi), tier.initial(size + h, price, oi));
            let rate = (b / ((size + h) * price)).max(1.0);
            prop_assert!(a.is_finite() && a >= 0.0 && at_most(a, b), "falls at {size}: {a} to {b}");
            prop_assert!(b - a <= 2.0 * h * price * rate + 1e-9 * b, "jumps at {size}: {a} to {b}");
            prop_assert_eq!(a.to_bits(), tier.initial(-size, price, oi).to_bits());
            prop_assert!(at_most(1.25 * tier.maintenance(size, price, oi), a));
            prop_assert!(at_most(a, tier.initial(size, price, 1.1 * oi)));
        }
    }

    #[test]
    fn scaled_weights_are_continuous_and_more_deposits_never_count_less(
        weight in 0.0..1.0_f64, from in 0.0..1e6_f64, amount in 0.0..1e7_f64,
    ) {
        let h = 1e-6 * (1.0 + amount);
        let counted = |d: f64| d * scaled_weight(weight, from, d);
        prop_assert!(at_most(counted(amount), counted(amount + h)) && counted(amount + h) - counted(amount) <= h * (1.0 + 1e-6) + 1e-9 * amount);
        prop_assert!(scaled_weight(weight, from, amount) <= weight && scaled_liability(weight, from, amount) >= weight);
    }

    #[test]
    fn collateral_counts_no_more_than_it_is_worth(
        s in scenarios(), p in positions(), amount in 0.0..100.0_f64, price in 0.1..200.0_f64, own in any::<bool>(), which in 0..4_usize,
    ) {
        let net = Portfolio::new(p).expect("usable").net(&s, &Params::default()).expect("losses");
        let asset = |own_ecosystem, price| Asset {
            asset: if which < 3 { symbol(which) } else { "USDX".parse().expect("a symbol") },
            amount,
            prices: vec![price],
            sigma_daily: (which == 3).then_some(0.01),
            liquidity: 0.01,
            pegged: false,
            own_ecosystem,
        };
        let held = |own, price| Holdings::of(&[asset(own, price)], &net, &s, &Default::default()).expect("usable");
        let (a, wrong_way) = (held(own, price), held(true, price));
        prop_assert!(a.counted() >= 0.0 && at_most(a.counted(), a.value), "{a:?}");
        prop_assert!(at_most(wrong_way.counted(), a.counted()), "what falls with the position counts least");
        prop_assert!(wrong_way.relief <= 1e-6 * (1.0 + net.requirement));
        prop_assert_eq!(held(own, f64::NAN).counted(), 0.0);
    }
}

/// Three underlyings that share a factor, so that each rule can be made to bind.
fn shared_factor() -> Scenarios {
    let wave = |i: usize, k: f64| 0.05 * (k * i as f64).sin() * (1.0 + (0.37 * i as f64).cos());
    let n = 2500;
    let of = |own: f64, load: f64| (0..n).map(|i| load * wave(i, 1.7) + 0.5 * wave(i, own)).collect();
    let moves = [(symbol(0), of(2.3, 1.0)), (symbol(1), of(0.9, 1.2)), (symbol(2), of(3.1, -0.2))].into();
    Scenarios::new(labels(n), Span::DAY, moves, BTreeMap::new()).expect("moves")
}

fn linear(u: usize, quantity: f64) -> Position {
    Position { id: format!("p{u}"), underlying: symbol(u), quantity, price: 100.0, terms: Terms::Linear }
}

#[test]
fn contributions_are_derivatives_of_what_binds() {
    let s = shared_factor();
    let cap = |offset_cap| Params { offset_cap, ..Params::default() };
    for (quantities, params, binding) in [
        ([10.0, 5.0, 8.0], cap(0.8), Binding::StressedCorrelation),
        ([10.0, -9.0, 0.5], cap(0.8), Binding::StressedCorrelation),
        ([10.0, -9.0, 0.5], cap(0.05), Binding::OffsetCap),
        ([10.0, 0.0, 0.0], cap(0.8), Binding::ScenarioLoss),
    ] {
        let of = |q: [f64; 3]| {
            let positions = (0..3).map(|u| linear(u, q[u])).collect();
            Portfolio::new(positions).expect("usable").net(&s, &params).expect("losses")
        };
        let net = of(quantities);
        assert_eq!(net.binding, binding, "{quantities:?}");
        for u in 0..3 {
            if quantities[u] == 0.0 {
                continue;
            }
            let bump = |h: f64| {
                let mut q = quantities;
                q[u] *= 1.0 + h;
                of(q).requirement
            };
            let slope = (bump(1e-6) - bump(-1e-6)) / 2e-6;
            assert!(
                (slope - net.shares[u].contribution).abs() < 1e-4 * net.requirement,
                "{quantities:?} {u}: {slope} {net:?}",
                net = net.shares[u]
            );
        }
    }
}

#[test]
fn a_hedge_in_the_same_underlying_counts_up_to_the_cap() {
    let s = shared_factor();
    let mut pair = vec![linear(0, 10.0), linear(0, -10.0)];
    pair[1].id = "perp".into();
    let net = Portfolio::new(pair).expect("usable").net(&s, &Params::default()).expect("losses");
    assert!(net.scenario_loss < 1e-9 && net.binding == Binding::OffsetCap);
    assert!((net.requirement / net.gross - 0.2).abs() < 1e-12);
    // The same instrument twice is one position.
    let same = Portfolio::new(vec![linear(0, 10.0), linear(0, -10.0)]).expect("usable");
    assert_eq!((same.positions().len(), same.positions()[0].quantity), (1, 0.0));
    assert_eq!(AccountRequirement::of(&same, &s, &AccountSettings::default()).expect("a requirement").total, 0.0);
}

/// A short straddle whose delta is hedged lies on no side of its market: one unit more or less must not turn
/// what it adds to another position from a risk into a hedge.
#[test]
fn a_hedged_straddle_does_not_change_sides_at_once() {
    let s = shared_factor();
    let option = |right| Terms::Option { vanilla: Vanilla::in_days(right, 100.0, 30.0), vol: 0.6 };
    let of = |hedge: f64| {
        let leg = |id: &str, terms| Position { id: id.into(), terms, ..linear(0, -20.0) };
        let legs = [leg("c", option(Right::Call)), leg("p", option(Right::Put)), linear(0, hedge), linear(2, 5.0)];
        Portfolio::new(legs.to_vec()).expect("usable").net(&s, &Params::default()).expect("losses")
    };
    let flat = 20.0 * (2.0 * margincast::base::stats::normal_cdf(0.5 * 0.6 * (30.0_f64 / 365.0).sqrt()) - 1.0);
    let (under, over) = (of(flat - 1e-9), of(flat + 1e-9));
    assert!(under.groups[0].net_notional < 0.0 && over.groups[0].net_notional > 0.0);
    assert!((under.requirement / over.requirement - 1.0).abs() < 1e-6, "{} {}", under.requirement, over.requirement);
    // The straddle and a long of the same underlying are told apart.
    assert!(under.groups[0].direction.abs() < 0.9 && (under.groups[1].direction - 1.0).abs() < 1e-12);
    // By the sign of the net notional it was 96.2 on one side and 107.9 on the other.
    assert!(under.requirement > 96.1 && under.requirement < 107.9, "{}", under.requirement);
}

#[test]
fn many_accounts_are_margined_as_each_alone() {
    let (s, params) = (shared_factor(), Params::default());
    let account = |k: usize| {
        let size = 1.0 + k as f64;
        Portfolio::new(vec![linear(0, size), linear(1, -0.5 * size), linear(2, 3.0)]).expect("usable")
    };
    let all: Vec<Portfolio> = (0..50).map(account).collect();
    let got = remargin(&all, &s, &params);
    let want = all.iter().map(|p| p.net(&s, &params).ok().map(|n| n.requirement));
    assert!(got.iter().copied().eq(want) && got.iter().all(Option::is_some));
    // A lift of a tenth makes those newly liquidatable whose equity lies in between.
    let accounts = got.iter().flatten().enumerate().map(|(k, before)| {
        let equity = before * if k < 3 { 1.05 } else { 1.1 };
        Account { equity, notional: 100.0, before: *before, after: 1.1 * before }
    });
    assert_eq!(Impact::of(accounts), Impact { accounts: 3, notional: 300.0 });
}

#[test]
fn what_is_degenerate_is_a_number_or_a_refusal() {
    let s = shared_factor();
    let empty = AccountRequirement::of(&Portfolio::default(), &s, &AccountSettings::default()).expect("nothing to ask");
    assert_eq!((empty.total, empty.lines.len()), (0.0, 0));
    let made = Statement::of("a", &empty, &s, &Params::default());
    assert_eq!((made.initial_cents, made.worst.len()), (0, 0));
    // Ten years of one price.
    let flat: PriceHistory = [(symbol(0), (0..3650).map(|d| (Ts(0) + Span::DAY.times(d), 100.0)).collect())].into();
    let still = Scenarios::from_prices(&flat, &PriceHistory::new(), Span::DAY, Span::DAY, 2500).expect("scenarios");
    for scenarios in [still.clone(), still.filtered(0.97, Scaling::Full), still.filtered(0.97, Scaling::Mid)] {
        let r = of(&[linear(0, 10.0)], &scenarios, &AccountSettings::default());
        assert_eq!(r.total, 0.0);
        assert!(Statement::of("a", &r, &scenarios, &Params::default()).notes.iter().any(|n| n.contains("never moved")));
    }
    // A market that woke up after years of one price.
    let mut woke = flat.clone();
    woke.values_mut().flatten().skip(3600).step_by(2).for_each(|p| p.1 = 130.0);
    let woken = Scenarios::from_prices(&woke, &PriceHistory::new(), Span::DAY, Span::DAY, 2500).expect("scenarios");
    let r = of(&[linear(0, 10.0)], &woken.filtered(0.97, Scaling::Full), &AccountSettings::default());
    assert!(r.total > 0.0 && r.total <= 1000.0, "a long loses no more than its value: {}", r.total);
    // Refused, with the reason.
    let refused = |price: f64| {
        let bad: PriceHistory = [(symbol(0), vec![(Ts(0), 1.0), (Ts(0) + Span::DAY, price)])].into();
        Scenarios::from_prices(&bad, &PriceHistory::new(), Span::DAY, Span::DAY, 9).expect_err("no price").to_string()
    };
    for price in [0.0, -37.6, f64::NAN, f64::INFINITY] {
        assert!(refused(price).contains("AAA") && refused(price).contains("no positive price"), "{}", refused(price));
    }
    for bad in
        [Position { price: -1.0, ..linear(0, 1.0) }, linear(0, f64::NAN), linear(0, f64::INFINITY), linear(0, 1e300)]
    {
        assert!(Portfolio::new(vec![bad]).expect_err("unusable").to_string().contains("p0"));
    }
    // What is usable alone and not together, and what has no name.
    let half = linear(0, 0.9e11);
    assert!(Portfolio::new(vec![half.clone()]).is_ok());
    assert!(Portfolio::new(vec![half.clone(), half]).expect_err("too much").to_string().contains("1e13"));
    assert!(
        Portfolio::new(vec![Position { id: " ".into(), ..linear(0, 1.0) }])
            .expect_err("no name")
            .to_string()
            .contains("no name")
    );
    let many = (0..50).map(|i| Position { id: format!("p{i}"), ..linear(i % 3, 0.9e11) }).collect();
    let error = AccountRequirement::of(&Portfolio::new(many).expect("each is usable"), &s, &AccountSettings::default());
    assert!(error.is_ok_and(|r| r.total.is_finite()));
    let leap: BTreeMap<_, _> = [(symbol(0), vec![1e300])].into();
    assert!(
        Scenarios::new(labels(1), Span::DAY, leap, BTreeMap::new()).expect_err("a leap").to_string().contains("1e6")
    );
    let leaps: BTreeMap<_, _> = [(symbol(0), vec![1e6])].into();
    let far = Scenarios::new(labels(1), Span::DAY, leaps, BTreeMap::new()).expect("a million-fold");
    let short = Portfolio::new(vec![linear(0, -1e10)]).expect("usable");
    let error = AccountRequirement::of(&short, &far, &AccountSettings::default()).expect_err("too much").to_string();
    assert!(error.contains("1e18") && error.contains("larger unit"), "{error}");
    // Collateral is checked as positions are.
    let asset = Asset {
        asset: "USDX".parse().expect("a symbol"),
        amount: 1.0,
        prices: vec![1.0],
        sigma_daily: Some(0.01),
        liquidity: 0.0,
        pegged: false,
        own_ecosystem: false,
    };
    let net = Portfolio::default().net(&s, &Params::default()).expect("nothing");
    for (bad, word) in [
        (Asset { amount: -1.0, ..asset.clone() }, "`amount` is -1"),
        (Asset { amount: f64::NAN, ..asset.clone() }, "`amount` is NaN"),
        (Asset { sigma_daily: Some(-0.5), ..asset.clone() }, "`sigma_daily` is -0.5"),
        (Asset { liquidity: -0.9, ..asset.clone() }, "`liquidity` is -0.9"),
        (Asset { amount: 1e300, ..asset }, "the value of the collateral"),
    ] {
        let error = Holdings::of(&[bad], &net, &s, &Default::default()).expect_err("unusable").to_string();
        assert!(error.contains(word), "{error}");
    }
    let two = vec![linear(0, 1.0), Position { price: 99.0, ..linear(0, 1.0) }];
    assert!(Portfolio::new(two).expect_err("differ").to_string().contains("differ"));
    let unknown = Position { underlying: "DDD".parse().expect("a symbol"), ..linear(0, 1.0) };
    let error =
        AccountRequirement::of(&Portfolio::new(vec![unknown]).expect("usable"), &s, &AccountSettings::default());
    assert!(error.expect_err("no history").to_string().contains("AAA, BBB, CCC"));
    assert!(Scenarios::new(vec![], Span::DAY, BTreeMap::new(), BTreeMap::new()).is_err());
}

#[test]
fn scenarios_end_where_all_have_prices_and_know_nothing_later() {
    let day = |d: i64| Ts(0) + Span::DAY.times(d);
    let a: Vec<(Ts, f64)> = (0..40).map(|d| (day(d), 100.0 + d as f64)).collect();
    let b: Vec<(Ts, f64)> = (5..38).filter(|d| *d != 20).map(|d| (day(d), 50.0)).collect();
    let series: PriceHistory = [(symbol(0), a.clone()), (symbol(1), b)].into();
    let s =
        Scenarios::from_prices(&series, &PriceHistory::new(), Span::DAY.times(2), Span::DAY, 2500).expect("scenarios");
    // From day 7 to 37, without those that begin or end on day 20.
    assert_eq!((s.len(), &s.labels()[0]), (29, &ScenarioLabel::At(day(7))));
    assert_eq!(s.moves(symbol(0)).expect("moves")[0], 107.0 / 105.0 - 1.0);
    // The scale of a scenario depends on what ended before its horizon began, and on today.
    let only: PriceHistory = [(symbol(0), a)].into();
    let plain = Scenarios::from_prices(&only, &PriceHistory::new(), Span::DAY, Span::DAY, 2500).expect("scenarios");
    let scaled = plain.filtered(0.97, Scaling::Full);
    let ratio = |i: usize| {
        let of = |s: &Scenarios| s.moves(symbol(0)).expect("moves")[i].ln_1p();
        of(&scaled) / of(&plain)
    };
    assert!((0..plain.len()).all(|i| (0.2..=5.0).contains(&ratio(i))));
    assert!(Scenarios::from_prices(&only, &PriceHistory::new(), Span::DAY, Span::HOUR.times(7), 9).is_err());
}
