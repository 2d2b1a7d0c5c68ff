//! The lake's events, in the order in which they could be known: all there are, and then, where the
//! lake is followed, what comes.

use anyhow::Result;

use super::contract::{EngineView, Source, Supply};
use crate::base::Ts;
use crate::event::Event;
use crate::event::lake::{Cursor, Events, Lake, Subscription};

/// Events handed over at once, at most.
const CHUNK: usize = 1024;

/// What was there at the start, in order.
type Stored = Box<dyn Iterator<Item = Result<Event, crate::event::Error>> + Send>;

/// Events that are there, and then the end.
struct Replay(Stored);

/// Events that are there, and then those that come.
struct Follow {
    lake: Lake,
    wanted: Vec<Subscription>,
    first: Option<Events>,
    cursor: Cursor,
}

/// A list of events, and then the end.
pub fn list(events: Vec<Event>) -> Box<dyn Source> {
    Box::new(Replay(Box::new(events.into_iter().map(Ok))))
}

/// Everything in the lake, and then the end.
///
/// # Errors
/// A listing is not in the lake.
pub fn replay(lake: &Lake, wanted: &[Subscription], from: Option<Ts>) -> Result<Box<dyn Source>> {
    Ok(Box::new(Replay(Box::new(lake.events(wanted, from, None)?))))
}

/// Everything in the lake, and then what comes to it.
///
/// # Errors
/// A listing is not in the lake.
pub fn follow(lake: Lake, wanted: Vec<Subscription>, from: Option<Ts>) -> Result<Box<dyn Source>> {
    let first = Some(lake.events(&wanted, from, None)?);
    Ok(Box::new(Follow { lake, wanted, first, cursor: Cursor::from(from) }))
}

impl Source for Replay {
    fn poll(&mut self, _: &EngineView<'_>) -> Result<Supply> {
        Ok(chunk(&mut self.0)?.map_or(Supply::End, Supply::Events))
    }
}

impl Source for Follow {
    fn poll(&mut self, _: &EngineView<'_>) -> Result<Supply> {
        if let Some(events) = &mut self.first {
            if let Some(chunk) = chunk(events)? {
                for event in &chunk {
                    self.cursor = std::mem::take(&mut self.cursor).after(event);
                }
                return Ok(Supply::Events(chunk));
            }
            self.first = None;
        }
        let fresh = self.lake.poll(&self.wanted, &mut self.cursor)?;
        Ok(if fresh.is_empty() { Supply::Idle } else { Supply::Events(fresh) })
    }
}

fn chunk(events: &mut dyn Iterator<Item = Result<Event, crate::event::Error>>) -> Result<Option<Vec<Event>>> {
    let chunk = events.take(CHUNK).collect::<Result<Vec<_>, _>>()?;
    Ok((!chunk.is_empty()).then_some(chunk))
}
