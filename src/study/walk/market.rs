//! The market of a study, and its one replay: the walk, the leak test and the impulse response all push it
//! through a pipeline here.

use std::collections::BTreeMap;

use crate::base::{Symbol, Ts};
use crate::event::Event;
use crate::margin::Decision;
use crate::pipeline::{Error, Pipeline};

/// Events of each instrument, in order of knowledge.
pub type MarketEvents = BTreeMap<Symbol, Vec<Event>>;

/// Every instrument's events in the one order in which a pipeline gets them, and how far they were pushed.
pub struct Replay<'a> {
    events: Vec<&'a Event>,
    next: usize,
}

impl<'a> Replay<'a> {
    /// From the beginning of a market, of the instruments named.
    pub fn of(symbols: &[Symbol], market: &'a MarketEvents) -> Replay<'a> {
        let mut events: Vec<&Event> = symbols.iter().filter_map(|s| market.get(s)).flatten().collect();
        events.sort_by_key(|e| (e.ts_known, e.symbol, e.seq));
        Replay { events, next: 0 }
    }
    /// When the next event is known; `None` after the last.
    pub fn next_known(&self) -> Option<Ts> {
        self.events.get(self.next).map(|e| e.ts_known)
    }
    /// Pushes what is known before `until`; `each` gets what every event decided, and the pipeline with the
    /// forecasts that it has just made.
    ///
    /// # Errors
    /// The pipeline refuses an event, which it never does.
    pub fn push_before(
        &mut self,
        until: Ts,
        pipeline: &mut Pipeline,
        mut each: impl FnMut(Vec<Decision>, &Pipeline),
    ) -> Result<(), Error> {
        while let Some(event) = self.events.get(self.next).filter(|e| e.ts_known < until) {
            let decisions = pipeline.push(*event)?;
            self.next += 1;
            each(decisions, pipeline);
        }
        Ok(())
    }
}
