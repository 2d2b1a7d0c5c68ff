//! A market with another future: everything known after a cut in another order, prices and amounts multiplied.
//! Times stay, so that the market still makes the same windows.

use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use super::market::MarketEvents;
use crate::base::{Seed, Symbol, Ts};
use crate::event::{Body, Event};

/// Prices and amounts are multiplied by this.
const FACTOR: f64 = 9.0;

/// What was changed of one instrument.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Changed {
    /// Nothing known after this is as it was.
    pub cut: Ts,
    /// The instrument.
    pub symbol: Symbol,
    /// Its events known after the cut.
    pub after: u64,
    /// Those that are no longer what they were.
    pub changed: u64,
}

/// The market with another future, and how many events of each instrument that changed.
pub fn permuted(market: &MarketEvents, cut: Ts, seed: Seed) -> (MarketEvents, Vec<Changed>) {
    let (mut other, mut changes) = (market.clone(), Vec::new());
    for (symbol, events) in &mut other {
        let from = events.partition_point(|e| e.ts_known <= cut);
        let late = &mut events[from..];
        let mut changed = 0;
        for kind in 0..KINDS {
            let places: Vec<usize> = (0..late.len()).filter(|i| place(&late[*i].body) == kind).collect();
            let mut order = places.clone();
            order.shuffle(&mut seed.named(&format!("{symbol}|{kind}")).rng());
            let bodies: Vec<Body> = order.iter().map(|i| late[*i].body).collect();
            for (i, body) in places.into_iter().zip(bodies) {
                let was: Event = late[i];
                late[i].body = multiplied(body, &was.body);
                changed += u64::from(late[i].body != was.body);
            }
        }
        changes.push(Changed { cut, symbol: *symbol, after: late.len() as u64, changed });
    }
    (other, changes)
}

/// Kinds of bodies that may stand in each other's place.
const KINDS: u8 = 3;

/// Which of them a body is.
fn place(body: &Body) -> u8 {
    match body {
        Body::Trade(_) => 0,
        Body::Bar(_) => 1,
        Body::Gauge(_) => 2,
    }
}

/// The numbers of one body, multiplied, in the place of another, which keeps its times and kind.
fn multiplied(body: Body, place: &Body) -> Body {
    let more = |v: Option<f64>| v.map(|v| v * FACTOR);
    match (body, place) {
        (Body::Trade(mut t), _) => {
            (t.price, t.qty) = (t.price * FACTOR, t.qty * FACTOR);
            Body::Trade(t)
        }
        (Body::Bar(mut b), Body::Bar(at)) => {
            (b.ts_open, b.kind) = (at.ts_open, at.kind);
            for price in [&mut b.open, &mut b.high, &mut b.low, &mut b.close] {
                *price *= FACTOR;
            }
            for amount in [
                &mut b.volume,
                &mut b.quote_volume,
                &mut b.trades,
                &mut b.taker_buy_volume,
                &mut b.taker_buy_quote_volume,
            ] {
                *amount = more(*amount);
            }
            Body::Bar(b)
        }
        (Body::Gauge(mut g), Body::Gauge(at)) => {
            (g.kind, g.value) = (at.kind, g.value * FACTOR);
            Body::Gauge(g)
        }
        (body, _) => body,
    }
}
