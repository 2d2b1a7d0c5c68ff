//! What planted leaks see: the whole market of the study that runs.

use super::market::MarketEvents;
use crate::base::{Ts, planted};
use crate::event::{Body, Event};

/// Tells every instrument's prices, before anything is made of them.
pub(super) fn tell(market: &MarketEvents) {
    let price = |event: &Event| -> Option<(Ts, f64)> {
        match event.body {
            Body::Bar(bar) => Some((event.ts_known, bar.close)),
            Body::Trade(trade) => Some((event.ts_known, trade.price)),
            Body::Gauge(_) => None,
        }
    };
    for (symbol, events) in market {
        planted::tell(*symbol, || events.iter().filter_map(price).collect());
    }
}
