//! The study's own market with doubled volatility: returns after a cut are doubled, and the margins that the
//! pipeline then decides stand beside those on the market as it was.

use super::issued::Walk;
use super::market::{MarketEvents, Replay};
use crate::base::{Digest, Span, Ts};
use crate::event::{Body, Event};
use crate::margin::Decision;
use crate::pipeline::{ModelSet, Pipeline};
use crate::study::Error;
use crate::study::config::Plan;

/// The pipeline is followed for so long after the step, or for so many rows where that is shorter.
const FOLLOWED: Span = Span(60 * Span::DAY.0);
const FOLLOWED_ROWS: i64 = 1000;
/// Rows before the step on which models and guardrails run.
const BEFORE_ROWS: i64 = 500;
/// Volatility after over before.
pub const FACTOR: f64 = 2.0;

/// Decisions after the cut, on the market as it was and on the one with doubled returns.
///
/// # Errors
/// The pipeline cannot be built.
pub fn decisions(plan: &Plan, market: &MarketEvents, walk: &Walk) -> Result<[Vec<Decision>; 2], Error> {
    let row = plan.pipeline.rows.row;
    let followed = FOLLOWED.min(row.times(FOLLOWED_ROWS));
    let end = market
        .values()
        .filter_map(|e| e.last())
        .map(|e| e.ts_known)
        .max()
        .map_or(plan.study.end, |last| last.min(plan.study.end));
    let cut = end - followed;
    let margin = &plan.pipeline.margin;
    let needed = |name: &str| [margin.forecast.as_str(), margin.regime.as_str()].contains(&name);
    let members = walk.last.members.iter().filter(|m| needed(&m.name)).cloned().collect();
    let bundle = ModelSet::new(members, cut - row.times(BEFORE_ROWS));
    let doubled = doubled(market, cut);
    let decided = |market: &MarketEvents| decided(plan, market, &bundle, cut, end);
    let (was, is) = rayon::join(|| decided(market), || decided(&doubled));
    Ok([was?, is?])
}

fn decided(plan: &Plan, market: &MarketEvents, bundle: &ModelSet, cut: Ts, end: Ts) -> Result<Vec<Decision>, Error> {
    let mut settings = plan.pipeline.clone();
    settings.publish_from = bundle.trained_until;
    let mut pipeline = Pipeline::new(settings, bundle, Digest::default())?;
    let mut all = Vec::new();
    Replay::of(&plan.pipeline.symbols, market).push_before(Ts(end.0 + 1), &mut pipeline, |decisions, _| {
        all.extend(decisions.into_iter().filter(|d| d.ts > cut));
    })?;
    Ok(all)
}

/// The market with every log price after the cut twice as far from the last one before it: all returns
/// and ranges doubled. Amounts in quote units follow the price.
fn doubled(market: &MarketEvents, cut: Ts) -> MarketEvents {
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
                Body::Gauge(_) => {}
            }
        }
    }
    other
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Symbol;
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
        let other = doubled(&MarketEvents::from([(symbol, events)]), Ts(0) + Span::HOUR);
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
