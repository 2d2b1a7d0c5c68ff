//! Scenarios that all positions share: what every underlying, and its implied volatility, did
//! together over one horizon of the past.
//!
//! A move is relative, `exp(log return) - 1`, so no long position loses more than its value. A
//! scenario exists where every underlying has a price at both ends of its horizon.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::base::{Span, Symbol, Ts};
use crate::loss::Error;
use crate::loss::baseline::var::{Scaling, ewma, volatility_floor};

/// Prices, or implied volatilities, by instrument, each in order of time.
pub type PriceHistory = BTreeMap<Symbol, Vec<(Ts, f64)>>;

/// Largest relative move of a scenario: a price a million times what it was is a slip.
const MOVE_MAX: f64 = 1e6;

/// Scaling to today's volatility multiplies a past return by no more than this, and divides it by
/// no more.
const SCALE_MAX: f64 = 5.0;

/// What a scenario is called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ScenarioLabel {
    /// The end of its horizon.
    At(Ts),
    /// A name.
    Named(String),
}

impl fmt::Display for ScenarioLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ScenarioLabel::At(ts) if ts.floor(Span::DAY) == *ts => f.pad(&ts.date()),
            ScenarioLabel::At(ts) => f.pad(&ts.to_string()),
            ScenarioLabel::Named(name) => f.pad(name),
        }
    }
}

/// Scenarios, oldest first. Vectors of all underlyings are equally long.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenarios {
    labels: Vec<ScenarioLabel>,
    horizon: Span,
    /// Relative price changes, above -1.
    moves: BTreeMap<Symbol, Vec<f64>>,
    /// Relative changes of implied volatility, above -1.
    vols: BTreeMap<Symbol, Vec<f64>>,
}

impl Scenarios {
    /// Moves that are given.
    ///
    /// # Errors
    /// Vectors differ in length, there is no scenario, or a move is no number above -1 up to
    /// `MOVE_MAX`.
    pub fn new(
        labels: Vec<ScenarioLabel>,
        horizon: Span,
        moves: BTreeMap<Symbol, Vec<f64>>,
        vols: BTreeMap<Symbol, Vec<f64>>,
    ) -> Result<Scenarios, Error> {
        if labels.is_empty() || horizon <= Span(0) {
            return Err(Error::NoScenario {
                why: "there is none; give at least one, over a horizon above zero".into(),
            });
        }
        for (symbol, values) in moves.iter().chain(&vols) {
            if values.len() != labels.len() {
                let why = format!("{symbol} has {} moves and there are {} scenarios", values.len(), labels.len());
                return Err(Error::NoScenario { why });
            }
            if let Some(at) = values.iter().position(|m| !(*m > -1.0 && *m <= MOVE_MAX)) {
                let (got, label) = (values[at], &labels[at]);
                let why = format!("{symbol} moves by {got} in `{label}`; want a relative move above -1 up to 1e6");
                return Err(Error::NoScenario { why });
            }
        }
        Ok(Scenarios { labels, horizon, moves, vols })
    }

    /// From histories: overlapping horizons that end at every `step`, the newest `most` of them. A
    /// price counts at an instant if it is no older than a quarter of `step`. An underlying without
    /// implied volatility at both ends of a horizon did not change it.
    ///
    /// # Errors
    /// A price is not positive or out of order, `horizon` is no multiple of `step`, or there is no
    /// horizon over which all underlyings have prices.
    pub fn from_prices(
        prices: &PriceHistory,
        vols: &PriceHistory,
        horizon: Span,
        step: Span,
        most: usize,
    ) -> Result<Scenarios, Error> {
        prices.iter().chain(vols).try_for_each(|(symbol, points)| check(*symbol, points))?;
        if step <= Span(0) || horizon < step || horizon.0 % step.0 != 0 {
            let why = format!("a horizon of {horizon} is no multiple of the step {step}");
            return Err(Error::NoScenario { why });
        }
        let first = prices.values().filter_map(|p| p.first()).map(|p| p.0).max();
        let last = prices.values().filter_map(|p| p.last()).map(|p| p.0).min();
        let Some((first, last)) = first.zip(last) else {
            return Err(Error::NoScenario { why: "there are no prices".into() });
        };
        let ahead = (horizon.0 / step.0) as usize;
        let from = first.floor(step);
        let count = usize::try_from((last.floor(step) - from).0 / step.0 + 1).unwrap_or(0);
        let grid = |points: &[(Ts, f64)]| on_grid(points, from, step, count);
        let grids: BTreeMap<Symbol, Vec<Option<f64>>> = prices.iter().map(|(s, p)| (*s, grid(p))).collect();
        let vol_grids: BTreeMap<Symbol, Vec<Option<f64>>> = vols.iter().map(|(s, p)| (*s, grid(p))).collect();
        let whole = |i: &usize| grids.values().all(|g| g[*i].is_some() && g[*i - ahead].is_some());
        let mut kept: Vec<usize> = (ahead..count).filter(whole).collect();
        kept.drain(..kept.len().saturating_sub(most));
        if kept.is_empty() {
            let why = format!("no {horizon} between {first} and {last} has a price of every underlying at both ends");
            return Err(Error::NoScenario { why });
        }
        let change = |g: &Vec<Option<f64>>| -> Vec<f64> {
            let of = |i: &usize| g[*i].zip(g[*i - ahead]).map_or(0.0, |(now, then)| now / then - 1.0);
            kept.iter().map(of).collect()
        };
        let all = |grids: &BTreeMap<Symbol, Vec<Option<f64>>>| grids.iter().map(|(s, g)| (*s, change(g))).collect();
        let labels = kept.iter().map(|i| ScenarioLabel::At(from + step.times(*i as i64))).collect();
        Scenarios::new(labels, horizon, all(&grids), all(&vol_grids))
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.labels.len()
    }
    /// Never: there is at least one.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }
    /// What each is called.
    pub fn labels(&self) -> &[ScenarioLabel] {
        &self.labels
    }
    /// Over which the moves are.
    pub fn horizon(&self) -> Span {
        self.horizon
    }
    /// The underlyings.
    pub fn symbols(&self) -> impl Iterator<Item = Symbol> {
        self.moves.keys().copied()
    }
    /// Relative price changes of an underlying.
    pub fn moves(&self, symbol: Symbol) -> Option<&[f64]> {
        self.moves.get(&symbol).map(Vec::as_slice)
    }
    /// Relative changes of its implied volatility, where they are known.
    pub fn vols(&self, symbol: Symbol) -> Option<&[f64]> {
        self.vols.get(&symbol).map(Vec::as_slice)
    }

    /// Standard deviation of an underlying's log returns, brought to one day; 0 where unknown.
    pub fn sigma_daily(&self, symbol: Symbol) -> f64 {
        let Some(moves) = self.moves(symbol) else { return 0.0 };
        let square = moves.iter().map(|m| m.ln_1p().powi(2)).sum::<f64>() / moves.len() as f64;
        (square / self.horizon.days()).sqrt()
    }

    /// Filtered: every log return is scaled from the volatility that was predicted before its
    /// horizon to the one predicted now, which is no less than the 25th percentile of the past (an
    /// exponentially weighted filter, `lambda_per_day`, seeded with the mean square of the first 100).
    /// Only for scenarios that have times. The scale stays within `SCALE_MAX`.
    pub fn filtered(&self, lambda_per_day: f64, scaling: Scaling) -> Scenarios {
        let times: Vec<Ts> =
            self.labels.iter().filter_map(|l| if let ScenarioLabel::At(ts) = l { Some(*ts) } else { None }).collect();
        if times.len() != self.len() || self.len() < 2 {
            return self.clone();
        }
        let gaps = times.windows(2).map(|w| (w[1] - w[0]).0);
        let step = gaps.min().map_or(Span::DAY, |ns| Span(ns.max(1)));
        let lambda = lambda_per_day.powf(step.days());
        let scaled = |moves: &Vec<f64>| {
            let returns: Vec<f64> = moves.iter().map(|m| m.ln_1p()).collect();
            let seed = &returns[..returns.len().min(100)];
            let sigma = ewma(&returns, lambda, seed.iter().map(|r| r * r).sum::<f64>() / seed.len() as f64);
            let now = sigma[self.len()].max(volatility_floor(&sigma[..self.len()]));
            let scale = |(s, r): (usize, &f64)| {
                // Only returns that had ended when this one's horizon began.
                let known = times.partition_point(|t| *t <= times[s] - self.horizon);
                let factor = match scaling {
                    Scaling::Full => now / sigma[known],
                    Scaling::Mid => 0.5 * (now + sigma[known]) / sigma[known],
                };
                // A market that never moved has no scale.
                let factor = if factor.is_finite() { factor.clamp(1.0 / SCALE_MAX, SCALE_MAX) } else { 1.0 };
                (r * factor).exp_m1()
            };
            returns.iter().enumerate().map(scale).collect()
        };
        Scenarios { moves: self.moves.iter().map(|(s, m)| (*s, scaled(m))).collect(), ..self.clone() }
    }
}

fn check(symbol: Symbol, points: &[(Ts, f64)]) -> Result<(), Error> {
    for (i, (ts, price)) in points.iter().enumerate() {
        if !price.is_finite() || *price <= 0.0 {
            return Err(Error::Price { symbol, ts: *ts, got: *price });
        }
        if i > 0 && points[i - 1].0 > *ts {
            return Err(Error::Order { symbol, ts: *ts });
        }
    }
    Ok(())
}

/// The last value at or shortly before each instant of a grid.
fn on_grid(points: &[(Ts, f64)], from: Ts, step: Span, count: usize) -> Vec<Option<f64>> {
    let oldest = Span(step.0 / 4);
    let mut next = 0;
    let at = |i: usize| {
        let now = from + step.times(i as i64);
        while next < points.len() && points[next].0 <= now {
            next += 1;
        }
        let last = next.checked_sub(1).map(|k| points[k])?;
        (last.0 + oldest >= now).then_some(last.1)
    };
    (0..count).map(at).collect()
}
