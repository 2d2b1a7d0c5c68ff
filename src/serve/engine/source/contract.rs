//! What the engine watches, as one trait: the lake, the `KILL` file, approvals, files of the venue, the alias.

use anyhow::Result;
use serde_json::Value;

use crate::base::Ts;
use crate::event::Event;
use crate::pipeline::Input;
use crate::record::EntryKind;
use crate::record::ledger::{Counts, ModelRef};

/// Something outside that may have news for the pipeline.
pub trait Source: Send {
    /// What came since it was last asked. What is wrong with one thing outside changes nothing: what came of
    /// it last holds, and the source says so once.
    ///
    /// # Errors
    /// Nothing may be published any more.
    fn poll(&mut self, engine: &EngineView<'_>) -> Result<Supply>;
}

/// What a source may know of the engine that asks it.
pub struct EngineView<'a> {
    /// Now; in a replay, the time of the stream.
    pub now: Ts,
    /// The models in force.
    pub model: &'a ModelRef,
    /// Why models may not come into force now, where they may not.
    pub holds_back: &'a dyn Fn(&ModelRef) -> Option<String>,
}

/// What a source has.
pub enum Supply {
    /// The market's next events. The lake has them again, so the ledger need not.
    Events(Vec<Event>),
    /// What only the ledger will remember, in the order in which it acts.
    Arrivals(Vec<Arrival>),
    /// Nothing at present.
    Idle,
    /// Nothing ever again.
    End,
}

/// One thing that is recorded, and then pushed.
pub struct Arrival {
    /// What the ledger calls it.
    pub kind: EntryKind,
    /// What the ledger says of it, given how many events each instrument had consumed.
    pub body: Box<dyn FnOnce(Counts) -> Result<Value> + Send>,
    /// What follows once it is recorded.
    pub effect: Effect,
}

/// What follows from an arrival, at the time at which it was recorded.
pub enum Effect {
    /// It is pushed, and acts at the next row or tick.
    Push(Box<dyn FnOnce(Ts) -> Input + Send>),
    /// It is pushed, and a tick after it shows at once what it changed.
    PushAndTick(Box<dyn FnOnce(Ts) -> Input + Send>),
    /// Everything is frozen or released at once.
    Freeze(bool),
    /// These models come into force.
    Install(ModelRef, Box<Input>),
    /// Nothing; it is only said that models could not come into force.
    RefusedModels,
}
