//! The lake's events, in the order in which they could be known: all there are, and then, where the
//! lake is followed, what comes.

use anyhow::Result;

use crate::base::Ts;
use crate::event::Event;
use crate::event::lake::{Cursor, Events, Lake, Subscription};

/// Events handed over at once, at most.
const CHUNK: usize = 1024;

/// What a source has.
#[derive(Debug)]
pub enum Supply {
    /// The next events.
    Events(Vec<Event>),
    /// None at present.
    Idle,
    /// None ever.
    End,
}

/// Where events come from.
pub type Source = Box<dyn FnMut() -> Result<Supply> + Send>;

/// A list of events, and then the end.
pub fn list(events: Vec<Event>) -> Source {
    let mut left = events.into_iter();
    Box::new(move || Ok(chunk(&mut left.by_ref().map(Ok))?.map_or(Supply::End, Supply::Events)))
}

/// Everything in the lake, and then the end.
///
/// # Errors
/// A listing is not in the lake.
pub fn replay(lake: &Lake, wanted: &[Subscription], from: Option<Ts>) -> Result<Source> {
    let mut events = lake.events(wanted, from, None)?;
    Ok(Box::new(move || Ok(chunk(&mut events)?.map_or(Supply::End, Supply::Events))))
}

/// Everything in the lake, and then what comes to it.
///
/// # Errors
/// A listing is not in the lake.
pub fn follow(lake: Lake, wanted: Vec<Subscription>, from: Option<Ts>) -> Result<Source> {
    let mut first: Option<Events> = Some(lake.events(&wanted, from, None)?);
    let mut cursor = Cursor::from(from);
    Ok(Box::new(move || {
        if let Some(events) = &mut first {
            if let Some(chunk) = chunk(events)? {
                for event in &chunk {
                    cursor = std::mem::take(&mut cursor).after(event);
                }
                return Ok(Supply::Events(chunk));
            }
            first = None;
        }
        let fresh = lake.poll(&wanted, &mut cursor)?;
        Ok(if fresh.is_empty() { Supply::Idle } else { Supply::Events(fresh) })
    }))
}

fn chunk(events: &mut dyn Iterator<Item = Result<Event, crate::event::Error>>) -> Result<Option<Vec<Event>>> {
    let chunk = events.take(CHUNK).collect::<Result<Vec<_>, _>>()?;
    Ok((!chunk.is_empty()).then_some(chunk))
}
