//! Margining one large portfolio, and many small ones, under shared scenarios.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use margincast::base::{Digest, Span, Symbol};
use margincast::loss::portfolio::greeks::Greeks;
use margincast::loss::portfolio::position::{Position, Terms};
use margincast::loss::portfolio::scenario::{ScenarioLabel, Scenarios};
use margincast::loss::portfolio::{Params, Portfolio};

const UNDERLYINGS: usize = 20;
const SCENARIOS: usize = 2500;

fn symbol(i: usize) -> Symbol {
    format!("COIN{i:02}").parse().expect("a symbol")
}

/// A shared wave and one of each underlying's own.
fn scenarios() -> Scenarios {
    let wave = |t: usize, k: f64| 0.04 * (k * t as f64).sin() * (1.0 + 0.5 * (0.013 * t as f64).cos());
    let own = |i: usize| (0..SCENARIOS).map(|t| (wave(t, 1.7) + wave(t, 2.0 + 0.1 * i as f64)).exp_m1()).collect();
    let labels = (0..SCENARIOS).map(|t| ScenarioLabel::Named(t.to_string())).collect();
    let moves = (0..UNDERLYINGS).map(|i| (symbol(i), own(i))).collect();
    Scenarios::new(labels, Span::DAY, moves, BTreeMap::new()).expect("moves")
}

/// Half perpetuals, half options by their sensitivities; long and short.
fn portfolio(first: usize, count: usize) -> Portfolio {
    let one = |k: usize| {
        let greeks = Greeks { delta: 0.5, gamma: 0.004 * (k % 7) as f64 - 0.01, vega: 2.0 };
        let terms = if k.is_multiple_of(2) { Terms::Linear } else { Terms::Greeks { greeks, vol: 0.6, days: 20.0 } };
        let quantity = (k * 7919 % 201) as f64 - 95.0;
        Position { id: format!("p{k:06}"), underlying: symbol(k * 13 % UNDERLYINGS), quantity, price: 100.0, terms }
    };
    Portfolio::new((first..first + count).map(one).collect()).expect("usable positions")
}

/// Nine digits of each number.
fn digest(numbers: impl Iterator<Item = f64>) -> String {
    let mut text = String::new();
    numbers.for_each(|v| write!(text, "{v:.8e} ").expect("room"));
    Digest::of(text.as_bytes()).short()
}

/// Gross, net, stressed correlation and every contribution of a thousand positions on one core.
#[divan::bench]
fn thousand_positions(bencher: Bencher<'_, '_>) {
    let (scenarios, portfolio) = (scenarios(), portfolio(0, 1000));
    let net = portfolio.net(&scenarios, &Params::default()).expect("losses");
    let numbers = net.shares.iter().map(|s| s.contribution).chain([net.gross, net.scenario_loss, net.stressed_loss]);
    assert_eq!(digest(numbers), "f8e8509d6700");
    bencher.counter(ItemsCount::new(1000_usize)).bench(|| black_box(&portfolio).net(&scenarios, &Params::default()));
}

/// Accounts of five positions each, one after the other on one core.
#[divan::bench]
fn accounts_of_five(bencher: Bencher<'_, '_>) {
    let scenarios = scenarios();
    let accounts: Vec<Portfolio> = (0..200).map(|a| portfolio(5 * a, 5)).collect();
    let all = || -> Vec<f64> {
        let one = |p: &Portfolio| p.net(&scenarios, &Params::default()).expect("losses").requirement;
        black_box(&accounts).iter().map(one).collect()
    };
    assert_eq!(digest(all().into_iter()), "f65b1d4f8553");
    bencher.counter(ItemsCount::new(accounts.len())).bench(all);
}
