//! Stress: what a portfolio would have lost in named episodes, what it loses in given shocks, and the
//! smallest shock that exhausts a fund.

use serde::{Deserialize, Serialize};

use super::net::Portfolio;
use super::quadratic::bisect;
use super::scenario::{PriceHistory, ScenarioLabel, Scenarios};
use crate::base::{Span, Ts};
use crate::loss::Error;

/// A stretch of history to live through again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Episode {
    /// What it is called.
    pub name: String,
    /// Its first instant.
    pub from: Ts,
    /// Its end, exclusive.
    pub until: Ts,
}

/// Episodes that markets remember. Those that the prices do not cover are left out.
pub fn episodes() -> Vec<Episode> {
    // Days since 1970.
    let day = |d: i64| Ts::from_ms(d * 86_400_000);
    let of = |name: &str, from: i64, days: i64| Episode { name: name.into(), from: day(from), until: day(from + days) };
    vec![
        of("1987-10-19 equity crash", 6_500, 5),
        of("2008-10 financial crisis", 14_153, 31),
        of("2018-11 hard fork sell-off", 17_849, 14),
        of("2020-03-12 covid crash", 18_333, 3),
        of("2021-05-19 deleveraging", 18_766, 3),
        of("2022-06 lender failures", 19_153, 10),
        of("2022-11-08 exchange failure", 19_304, 4),
        of("2023-03-10 bank failures", 19_426, 4),
        of("2024-08 carry unwind", 19_938, 4),
        of("2025-10-10 liquidation cascade", 20_371, 2),
    ]
}

/// The worst horizon of one episode, or one shock.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StressLoss {
    /// Episode or shock.
    pub name: String,
    /// End of the worst horizon of an episode.
    pub worst: Option<ScenarioLabel>,
    /// Profit, quote units; negative is a loss.
    pub pnl: f64,
}

/// Each episode that the prices cover: the worst of the overlapping horizons that end in it, one
/// every `step`, without any scaling.
///
/// # Errors
/// A price is not positive, or `horizon` is no multiple of `step`.
pub fn replay(
    portfolio: &Portfolio,
    prices: &PriceHistory,
    vols: &PriceHistory,
    episodes: &[Episode],
    horizon: Span,
    step: Span,
) -> Result<Vec<StressLoss>, Error> {
    let mut found = Vec::new();
    for episode in episodes {
        // The horizon that ends first begins before the episode's first instant.
        let within = |series: &PriceHistory| -> PriceHistory {
            let inside = |t: Ts| t >= episode.from - horizon && t < episode.until;
            series.iter().map(|(s, p)| (*s, p.iter().copied().filter(|p| inside(p.0)).collect())).collect()
        };
        let scenarios = match Scenarios::from_prices(&within(prices), &within(vols), horizon, step, usize::MAX) {
            Ok(scenarios) => scenarios,
            Err(Error::NoScenario { .. }) => continue,
            Err(other) => return Err(other),
        };
        let pnl = portfolio.pnl(&scenarios)?;
        let worst = (0..pnl.len()).min_by(|a, b| pnl[*a].total_cmp(&pnl[*b]));
        if let Some(at) = worst {
            let label = scenarios.labels()[at].clone();
            found.push(StressLoss { name: episode.name.clone(), worst: Some(label), pnl: pnl[at] });
        }
    }
    Ok(found)
}

/// Moves of all underlyings together that nobody has to have seen, with the implied volatility that
/// comes with them, both relative.
pub const SHOCKS: [(f64, f64); 9] = [
    (-0.66, 1.0),
    (-0.50, 1.0),
    (-0.30, 0.75),
    (-0.15, 0.4),
    (0.0, -0.3),
    (0.15, 0.1),
    (0.30, 0.4),
    (1.0, 0.75),
    (5.0, 1.0),
];

/// Every shock.
pub fn shocks(portfolio: &Portfolio, shocks: &[(f64, f64)]) -> Vec<StressLoss> {
    let one = |(step, vol): &(f64, f64)| StressLoss {
        name: format!("prices {:+.0} %, implied volatilities {:+.0} %", 100.0 * step, 100.0 * vol),
        worst: None,
        pnl: portfolio.positions().iter().map(|p| p.pnl_at(*step, |now, _| now * (1.0 + vol))).sum(),
    };
    shocks.iter().map(one).collect()
}

/// Furthest that a reverse stress looks: log returns down and up (a fall of 99.9 %, a rise to
/// twenty-fold).
const REACH: (f64, f64) = (-6.9, 3.0);

/// The smallest move of all underlyings together, in log terms, whose loss uses up `resources`
/// (equity, collateral and fund): a relative move, or none within reach. Zero where there is nothing
/// to use up.
pub fn reverse(portfolio: &Portfolio, resources: f64) -> Option<f64> {
    const CELLS: usize = 2000;
    let gone = |log: f64| -portfolio.pnl_of_move(log.exp_m1()) >= resources;
    if portfolio.positions().is_empty() || resources.is_nan() {
        return None;
    }
    if resources <= 0.0 {
        return Some(0.0);
    }
    // A book of options may lose on both sides and gain between: walk outwards, then halve the cell.
    let first = |reach: f64| {
        let at = |i: f64| reach * i / CELLS as f64;
        let cell = (1..=CELLS).map(|i| i as f64).find(|i| gone(at(*i)))?;
        Some(at(bisect(cell - 1.0, cell, |i| !gone(at(i)))))
    };
    let nearest = [first(REACH.0), first(REACH.1)].into_iter().flatten().min_by(|a, b| a.abs().total_cmp(&b.abs()));
    nearest.map(f64::exp_m1)
}

#[cfg(test)]
mod tests {
    use super::super::position::{Position, Terms};
    use super::*;

    fn long(quantity: f64) -> Portfolio {
        let underlying = "BTC".parse().unwrap();
        Portfolio::new(vec![Position { id: "a".into(), underlying, quantity, price: 100.0, terms: Terms::Linear }])
            .unwrap()
    }

    #[test]
    fn reverse_stress_is_the_move_that_loses_exactly_the_fund() {
        assert!((reverse(&long(10.0), 300.0).unwrap() + 0.3).abs() < 1e-9);
        assert!((reverse(&long(-10.0), 300.0).unwrap() - 0.3).abs() < 1e-9);
        assert_eq!(reverse(&long(10.0), 1001.0), None, "a long loses no more than its value");
        assert_eq!((reverse(&long(1.0), 0.0), reverse(&long(1.0), f64::NAN)), (Some(0.0), None));
        assert_eq!(reverse(&Portfolio::default(), 1.0), None);
    }

    #[test]
    fn an_episode_gives_its_worst_horizon_and_one_without_prices_is_left_out() {
        let day = |d: i64| Ts::from_ms(d * 86_400_000);
        // 2020-03-12 is day 18,333.
        let closes = [(18_330, 100.0), (18_331, 100.0), (18_332, 98.0), (18_333, 60.0), (18_334, 66.0), (18_336, 10.0)];
        let prices: PriceHistory =
            [("BTC".parse().unwrap(), closes.iter().map(|(d, p)| (day(*d), *p)).collect())].into();
        let got = replay(&long(1.0), &prices, &PriceHistory::new(), &episodes(), Span::DAY, Span::DAY).unwrap();
        assert_eq!(got.len(), 1);
        assert_eq!(got[0].worst, Some(ScenarioLabel::At(day(18_333))));
        assert!((got[0].pnl - 100.0 * (60.0 / 98.0 - 1.0)).abs() < 1e-9);
        for e in episodes() {
            let named = e.name.split(' ').next().unwrap_or_default();
            assert!(e.from < e.until && e.from.date().starts_with(named), "{e:?}");
        }
    }
}
