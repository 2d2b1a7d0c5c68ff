//! What a service decided under one configuration, decided again from the lake, the models and what the ledger
//! says came from outside.

use anyhow::Result;

use super::pipeline::Engine;
use crate::base::Symbol;
use crate::event::Event;
use crate::record::Error;
use crate::record::ledger::{Epoch, Recall, Rerun};

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Remade {
    /// Publications that were made again, equal in every field.
    pub publications: u64,
    /// What differs, if anything does: the first difference.
    pub differs: Option<String>,
}

/// Makes an epoch again from the events of its instruments.
///
/// # Errors
/// It cannot be made: models or events are not there. That something differs is no error.
pub fn remake(
    epoch: &Epoch,
    symbols: &[Symbol],
    mut engine: Engine,
    recall: Recall,
    events: impl Iterator<Item = Result<Event, crate::event::Error>>,
) -> Result<Remade> {
    engine.begin(&epoch.start.model, epoch.start.publish_from)?;
    let mut rerun = Rerun::new(symbols, Some(epoch), recall);
    let mut made = rerun.begin(&mut engine);
    for event in events {
        if made.is_err() || rerun.is_done() {
            break;
        }
        made = rerun.feed(&event?, &mut engine);
    }
    let differs = match made {
        Ok(_) => rerun.unfinished().map(|e| e.to_string()),
        // What differs is the answer; anything else is a reason for having none.
        Err(e) => match e.downcast::<Error>()? {
            e @ (Error::Differs { .. } | Error::Damaged { .. }) => Some(e.to_string()),
            e => return Err(e.into()),
        },
    };
    Ok(Remade { publications: rerun.compared(), differs })
}
