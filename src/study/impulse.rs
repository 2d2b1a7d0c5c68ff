//! What margins do when volatility doubles from one moment to the next: textbook requirements on normal
//! paths, and the whole road on its own market, whose returns after a cut are doubled and set beside
//! the same market as it was.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::asked::POLICIES;
use super::plan::Plan;
use super::walk::Market;
use super::{Error, Walk};
use crate::base::{Digest, Horizon, Span, Symbol, Ts, stats};
use crate::event::{Body, Event};
use crate::loss::procyclical::impulse::{self, VolatilityStep};
use crate::pipeline::{Bundle, Pipeline};

/// Days after the step at which the response is told.
const DAYS: [i64; 8] = [1, 5, 10, 20, 40, 60, 120, 250];
/// Where textbook requirements are tried.
pub const NORMAL_PATHS: &str = "normal paths";
/// Normal paths.
const PATHS: usize = 100;
/// The road is followed for so long after the step, or for so many rows where that is shorter.
const FOLLOWED: Span = Span(60 * Span::DAY.0);
const FOLLOWED_ROWS: i64 = 1000;
/// Rows before the step on which models and guardrails run.
const BEFORE_ROWS: i64 = 500;
/// Volatility after over before.
const FACTOR: f64 = 2.0;

/// What one requirement did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Response {
    /// Which: a textbook name, or a margin policy.
    pub requirement: String,
    /// On normal paths, or on the study's own market.
    pub on: String,
    /// How far ahead the road's requirements look; one day on normal paths.
    pub horizon: Horizon,
    /// Paths.
    pub paths: usize,
    /// Mean requirement over what it would have been, by days since the step, where it was followed.
    pub after_days: BTreeMap<String, f64>,
    /// Days until half of the rise is there.
    pub t50_days: Option<f64>,
    /// Until nine tenths of it are.
    pub t90_days: Option<f64>,
    /// Largest mean over twice what it would have been, less 1.
    pub overshoot: f64,
    /// Peak of the path that 95 % of paths lie below at each time, over what it would have been.
    pub peak_95: f64,
    /// Days followed.
    pub followed_days: f64,
}

impl Response {
    fn of(
        requirement: &str,
        on: &str,
        horizon: Horizon,
        paths: usize,
        row: Span,
        r: impulse::ImpulseResponse,
    ) -> Response {
        let days = |rows: usize| rows as f64 * row.days();
        let after = DAYS.iter().filter_map(|d| {
            let rows = (d * Span::DAY.0 / row.0) as usize;
            Some((d.to_string(), *r.mean.get(rows.checked_sub(1)?)?))
        });
        Response {
            requirement: requirement.into(),
            on: on.into(),
            horizon,
            paths,
            after_days: after.collect(),
            t50_days: r.t50.map(days),
            t90_days: r.t90.map(days),
            overshoot: r.overshoot,
            peak_95: r.peak_95,
            followed_days: days(r.mean.len()),
        }
    }
}

/// The responses of textbook requirements of a long position, 99 %, and of the road's own margins.
///
/// # Errors
/// The road cannot be built.
pub fn responses(plan: &Plan, market: &Market, walk: &Walk) -> Result<Vec<Response>, Error> {
    let step = VolatilityStep { paths: PATHS, seed: plan.study.seed.named("impulse"), ..VolatilityStep::default() };
    let old = stats::normal_quantile(0.99);
    let textbook = [
        ("historical 1000", step.response(&|| Some(impulse::historical(1000, 0.99)), old)),
        ("filtered 0.97", step.response(&|| impulse::filtered(impulse::plain_filter(1000, 0.99, 0.97)), old)),
        ("normal 0.97", step.response(&|| Some(impulse::normal(0.97, 0.99)), old)),
    ];
    let mut lines: Vec<Response> = textbook
        .into_iter()
        .filter_map(|(name, r)| Some(Response::of(name, NORMAL_PATHS, Horizon(Span::DAY), PATHS, Span::DAY, r?)))
        .collect();
    lines.extend(road(plan, market, &walk.last)?);
    Ok(lines)
}

/// Requirements of one instrument and horizon, by policy, by close.
type Told = BTreeMap<(Horizon, Symbol), BTreeMap<Ts, [f64; 3]>>;

fn road(plan: &Plan, market: &Market, bundle: &Bundle) -> Result<Vec<Response>, Error> {
    let row = plan.road.rows.row;
    let followed = FOLLOWED.min(row.times(FOLLOWED_ROWS));
    let end = market
        .values()
        .filter_map(|e| e.last())
        .map(|e| e.ts_known)
        .max()
        .map_or(plan.study.end, |last| last.min(plan.study.end));
    let cut = end - followed;
    let margin = &plan.road.margin;
    let needed = |name: &str| [margin.forecast.as_str(), margin.regime.as_str()].contains(&name);
    let members = bundle.members.iter().filter(|m| needed(&m.name)).cloned().collect();
    let bundle = Bundle::new(members, cut - row.times(BEFORE_ROWS));
    let doubled = doubled(market, cut);
    let (was, is) = rayon::join(|| told(plan, market, &bundle, cut, end), || told(plan, &doubled, &bundle, cut, end));
    let (was, is) = (was?, is?);
    let mut lines = Vec::new();
    for (_, horizon) in plan.horizons() {
        for (k, (policy, _)) in POLICIES.iter().enumerate() {
            let mut paths: Vec<Vec<f64>> = Vec::new();
            for ((h, symbol), before) in &was {
                let Some(after) = is.get(&(*h, *symbol)).filter(|_| *h == horizon) else { continue };
                let ratios = before.iter().filter_map(|(ts, c)| Some(after.get(ts)?[k] / c[k]));
                paths.push(ratios.collect());
            }
            let shortest = paths.iter().map(Vec::len).min().unwrap_or(0);
            paths.iter_mut().for_each(|p| p.truncate(shortest));
            let found = impulse::ImpulseResponse::of(&paths, FACTOR).filter(|_| shortest > 0);
            lines.extend(found.map(|r| Response::of(policy, "its own market, doubled", horizon, paths.len(), row, r)));
        }
    }
    Ok(lines)
}

/// What the road asks for after the cut.
fn told(plan: &Plan, market: &Market, bundle: &Bundle, cut: Ts, end: Ts) -> Result<Told, Error> {
    let mut settings = plan.road.clone();
    settings.publish_from = bundle.trained_until;
    let mut pipeline = Pipeline::new(settings, bundle, Digest::default())?;
    let mut events: Vec<&Event> = market.values().flatten().filter(|e| e.ts_known <= end).collect();
    events.sort_by_key(|e| (e.ts_known, e.symbol, e.seq));
    let mut told = Told::new();
    for event in events {
        for d in pipeline.push(event).into_iter().filter(|d| d.ts > cut) {
            told.entry((d.horizon, d.symbol)).or_default().insert(d.ts, POLICIES.map(|(_, ask)| ask(&d)));
        }
    }
    Ok(told)
}

/// The market with every log price after the cut twice as far from the last one before it: all returns
/// and ranges doubled. Amounts in quote units follow the price.
fn doubled(market: &Market, cut: Ts) -> Market {
    let mut other = market.clone();
    for events in other.values_mut() {
        let from = events.partition_point(|e| e.ts_known <= cut);
        let (early, late) = events.split_at_mut(from);
        let price = |e: &Event| match e.body {
            Body::Trade(t) => Some(t.price),
            Body::Bar(b) => Some(b.close),
            _ => None,
        };
        let Some(anchor) = early.iter().rev().find_map(price) else { continue };
        let far = |p: f64| p * (p / anchor).powf(FACTOR - 1.0);
        for event in late {
            match &mut event.body {
                Body::Trade(t) => t.price = far(t.price),
                Body::Bar(b) => {
                    let more = far(b.close) / b.close;
                    for price in [&mut b.open, &mut b.high, &mut b.low, &mut b.close] {
                        *price = far(*price);
                    }
                    for amount in [&mut b.quote_volume, &mut b.taker_buy_quote_volume] {
                        *amount = amount.map(|a| a * more);
                    }
                }
                Body::Gauge(_) | Body::Tick | Body::Kill(_) => {}
            }
        }
    }
    other
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Trade;

    #[test]
    fn every_return_after_the_cut_is_doubled_and_none_before_it() {
        let symbol: Symbol = "AAA".parse().unwrap();
        let event = |i: i64, price: f64| {
            let at = Ts(0) + Span::HOUR.times(i);
            let body = Body::Trade(Trade { price, qty: 1.0, aggressor: 1, n_trades: 1 });
            Event { symbol, ts_event: at, ts_known: at, seq: 0, body }
        };
        let prices = [100.0, 90.0, 99.0, 97.0, 120.0];
        let events: Vec<Event> = prices.iter().enumerate().map(|(i, p)| event(i as i64, *p)).collect();
        let other = doubled(&Market::from([(symbol, events)]), Ts(0) + Span::HOUR);
        let got: Vec<f64> = other[&symbol]
            .iter()
            .map(|e| match e.body {
                Body::Trade(t) => t.price,
                _ => 0.0,
            })
            .collect();
        assert_eq!(got[..2], prices[..2]);
        for i in 2..5 {
            let (was, is) = ((prices[i] / prices[i - 1]).ln(), (got[i] / got[i - 1]).ln());
            assert!((is - 2.0 * was).abs() < 1e-12);
        }
    }
}
