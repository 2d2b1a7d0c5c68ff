//! What the monitor makes of right and wrong forecasts: GARCH markets whose true volatility is known.

use super::*;
use crate::base::Seed;

/// 99 % quantile of the standard normal distribution.
const Z: f64 = 2.326_347_874_040_841;
/// Rows of a market, and the row from which on its forecast goes wrong.
const ROWS: usize = 4000;
const WRONG_FROM: usize = 1000;

/// Returns of a GARCH market, the right forecast of each, and the baseline of an exponential average.
struct Market {
    ret: Vec<f64>,
    right: Vec<f64>,
    baseline: Vec<f64>,
}

fn market(seed: u64, scale: f64) -> Market {
    let mut normals = Seed(seed).normals();
    let (mut variance, mut mean) = (1.0_f64, 1.0_f64);
    let mut all = Market { ret: vec![], right: vec![], baseline: vec![] };
    for _ in 0..ROWS {
        let ret = variance.sqrt() * normals.draw();
        all.ret.push(scale * ret);
        all.right.push(scale * Z * variance.sqrt());
        all.baseline.push(scale * Z * mean.sqrt());
        variance = 0.05 + 0.10 * ret * ret + 0.85 * variance;
        mean = 0.97 * mean + 0.03 * ret * ret;
    }
    all
}

/// The readings after each row of markets that share a forecast, each of which is given.
fn readings(markets: &[(&Market, Vec<f64>)]) -> Vec<MonitorReading> {
    let mut monitor = ForecastMonitor::new(Params::default(), 1);
    let mut scorers: Vec<OutcomeScorer> = markets.iter().map(|_| OutcomeScorer::new(Side::Both)).collect();
    let row = |i: usize| {
        let one = |(scorer, (market, forecast)): (&mut OutcomeScorer, &(&Market, Vec<f64>))| {
            scorer.score(forecast[i], Some(market.baseline[i]), market.ret[i])
        };
        let outcomes: Vec<ScoredOutcome> = scorers.iter_mut().zip(markets).map(one).collect();
        monitor.push(&outcomes);
        monitor.reading()
    };
    (0..ROWS).map(row).collect()
}

/// The right forecast, until it goes wrong.
fn until_wrong(market: &Market, wrong: impl Fn(usize) -> f64) -> Vec<f64> {
    (0..ROWS).map(|i| if i < WRONG_FROM { market.right[i] } else { wrong(i) }).collect()
}

/// Rows after it went wrong until its weight is gone, in each of some markets, fewest first.
fn rows_until(lost: impl Fn(&MonitorReading) -> bool, wrong: impl Fn(&Market, usize) -> f64) -> Vec<usize> {
    let one = |seed: u64| {
        let market = market(seed, 1.0);
        let forecast = until_wrong(&market, |i| wrong(&market, i));
        let all = readings(&[(&market, forecast)]);
        all[WRONG_FROM..].iter().position(&lost).unwrap_or(ROWS)
    };
    let mut rows: Vec<usize> = (0..12).map(one).collect();
    rows.sort_unstable();
    rows
}

#[test]
fn a_right_forecast_is_silenced_on_less_than_two_rows_in_a_hundred() {
    let (mut silent, mut costly, markets) = (0, 0, 120);
    for seed in 0..markets {
        let market = market(100 + seed, 1.0);
        let all = readings(&[(&market, market.right.clone())]);
        silent += all.iter().filter(|r| r.silent).count();
        costly += all.iter().filter(|r| r.costly).count();
    }
    let share = silent as f64 / (markets as usize * ROWS) as f64;
    assert!(share < 0.02, "{share}");
    assert_eq!(costly, 0);
}

#[test]
fn a_forecast_that_is_too_low_is_silenced_the_sooner_the_lower_it_is() {
    let silent = |r: &MonitorReading| r.silent;
    let (third, most) = (rows_until(silent, |m, i| 0.35 * m.right[i]), rows_until(silent, |m, i| 0.6 * m.right[i]));
    assert!(third[11] <= 80 && third[6] <= 40, "{third:?}");
    assert!(most[11] <= 200 && most[6] <= 120, "{most:?}");
}

#[test]
fn a_forecast_that_is_too_high_loses_its_weight_by_its_cost_and_is_not_silenced_for_breaches() {
    let high = |m: &Market, i: usize| 3.0 * m.right[i];
    let costly = rows_until(|r| r.costly && r.share == 0.0, high);
    assert!(costly[11] <= 500 && costly[6] <= 250, "{costly:?}");
    assert_eq!(rows_until(|r| r.silent, high), [ROWS; 12]);
}

#[test]
fn a_frozen_forecast_and_two_that_are_swapped_lose_their_weight() {
    let lost = |r: &MonitorReading| r.share == 0.0;
    let frozen = rows_until(lost, |m, _| m.right[WRONG_FROM]);
    let swapped = |seed: u64| {
        let (a, b) = (market(seed, 1.0), market(1000 + seed, 0.3));
        let own = [until_wrong(&a, |i| b.right[i]), until_wrong(&b, |i| a.right[i])];
        let [of_a, of_b] = own;
        readings(&[(&a, of_a), (&b, of_b)])[WRONG_FROM..].iter().position(lost).unwrap_or(ROWS)
    };
    let swapped: Vec<usize> = (0..12).map(swapped).collect();
    assert!(swapped.iter().all(|rows| *rows <= 150), "{swapped:?}");
    // One that is frozen at a usual volatility is wrong by little, and takes as long.
    assert!(frozen[6] < 2000 && frozen[9] < ROWS - WRONG_FROM, "{frozen:?}");
}

#[test]
fn the_cost_grows_where_the_forecast_loses_more_and_knows_no_scale() {
    let m = market(7, 1.0);
    let last = |forecast: &dyn Fn(usize) -> f64, baseline: &dyn Fn(usize) -> f64, scale: f64| {
        let mut monitor = ForecastMonitor::new(Params::default(), 1);
        let mut scorer = OutcomeScorer::new(Side::Both);
        for i in 0..ROWS / 4 {
            let one = scorer.score(scale * forecast(i), Some(scale * baseline(i)), scale * m.ret[i]);
            monitor.push(&[one]);
        }
        monitor.reading().cost
    };
    let (high, right, own) = (|i: usize| 3.0 * m.right[i], |i: usize| m.right[i], |i: usize| m.baseline[i]);
    assert!(last(&high, &own, 1.0) > 100.0 && last(&right, &own, 1.0) < 2.0);
    // A process that is turned round does not grow on a high forecast.
    assert!(last(&own, &high, 1.0) < 2.0);
    assert_eq!(last(&right, &own, 1.0), last(&right, &own, 1024.0), "a power of two is exact");
}

#[test]
fn a_lowered_forecast_keeps_the_share_that_is_configured() {
    let params = Params { costly_share: 0.5, ..Params::default() };
    let mut monitor = ForecastMonitor::new(params, 1);
    let cost = |cost: f64| ScoredOutcome { breach: [Some(0.0); 2], cost: Some(cost) };
    (0..200).for_each(|_| monitor.push(&[cost(5.0)]));
    let reading = monitor.reading();
    assert!(reading.costly && !reading.silent && reading.share == 0.5, "{reading:?}");
    (0..200).for_each(|_| monitor.push(&[cost(-5.0)]));
    assert!(!monitor.reading().costly, "it is heard again in full");
}

#[test]
fn a_side_that_is_not_watched_counts_nothing() {
    let mut long = OutcomeScorer::new(Side::Long);
    let one = long.score(0.05, Some(0.04), 0.2);
    assert_eq!(one.breach, [Some(0.0), None], "a rise hurts no long position");
    assert_eq!(long.score(0.05, None, -0.2).breach, [Some(100.0), None]);
}

#[test]
fn thresholds_out_of_their_order_are_named() {
    let wrong = Params { silent_at: 2.0, heard_at: 5.0, costly_share: 2.0, ..Params::default() };
    let mut problems = Problems::default();
    wrong.problems(&mut problems);
    let keys: Vec<&str> = problems.all().iter().map(|p| p.key.as_str()).collect();
    assert_eq!(keys, ["silent_at", "costly_share"]);
}
