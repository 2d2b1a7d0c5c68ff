//! The alphabet of a pipeline: whatever may move it, and what each input does to a decider.

use std::sync::Arc;

use super::decide::Decider;
use super::error::Error;
use super::model_set::ModelSet;
use crate::base::{Symbol, Ts};
use crate::event::Event;
use crate::event::snapshot::{AccountSnapshot, BookSnapshot, VenueSnapshot};
use crate::margin::Order;

/// One thing that is pushed into a pipeline. What moves a decision is one of these, and nothing else.
#[derive(Clone)]
pub enum Input {
    /// What the market did.
    Event(Event),
    /// Time passed for one instrument; nothing else is known to have happened.
    Tick {
        /// For which.
        symbol: Symbol,
        /// The time.
        at: Ts,
    },
    /// What people order.
    Order {
        /// When.
        at: Ts,
        /// What.
        order: Order,
        /// One instrument to which alone it is given, and which answers at once, as to a tick, after what
        /// waited before the order. Absent: it acts at the next row or tick of each instrument that it
        /// concerns.
        now: Option<Symbol>,
    },
    /// Who holds what. It acts at the next row or tick.
    Accounts {
        /// When it was read.
        at: Ts,
        /// Every account.
        accounts: AccountSnapshot,
    },
    /// How deep the books are. It acts at the next row or tick.
    Books {
        /// When they were read.
        at: Ts,
        /// Every book.
        books: BookSnapshot,
    },
    /// Other models. They start with the first row that closes at or after their training end; until then
    /// there are no forecasts.
    Install(Arc<ModelSet>),
}

impl Input {
    /// A table of a venue, as it was read.
    pub fn venue(at: Ts, snapshot: VenueSnapshot) -> Input {
        match snapshot {
            VenueSnapshot::Accounts(accounts) => Input::Accounts { at, accounts },
            VenueSnapshot::Books(books) => Input::Books { at, books },
        }
    }
    /// The instrument that answers to it, and when.
    pub(super) fn answers(&self) -> Option<(Symbol, Ts)> {
        match self {
            Input::Event(event) => Some((event.symbol, event.ts_known)),
            Input::Tick { symbol, at } => Some((*symbol, *at)),
            Input::Order { at, now, .. } => now.map(|symbol| (symbol, *at)),
            Input::Accounts { .. } | Input::Books { .. } | Input::Install(_) => None,
        }
    }
    /// Whether it is an order for other settings.
    pub(super) fn is_of_settings(&self) -> bool {
        matches!(self, Input::Order { order: Order::Settings(_), .. })
    }
    /// What it does to a decider of one instrument, apart from rows and time.
    ///
    /// # Errors
    /// An order's settings are out of range; those in force stay.
    pub(super) fn apply(&self, decider: &mut Decider, symbol: Symbol) -> Result<(), Error> {
        match self {
            Input::Order { at, order, .. } => decider.order(symbol, order, *at)?,
            Input::Accounts { accounts, .. } => decider.accounts(symbol, accounts),
            Input::Books { at, books } => decider.books(symbol, books, *at),
            Input::Event(_) | Input::Tick { .. } | Input::Install(_) => {}
        }
        Ok(())
    }
}

impl From<Event> for Input {
    fn from(event: Event) -> Input {
        Input::Event(event)
    }
}

impl From<&Event> for Input {
    fn from(event: &Event) -> Input {
        Input::Event(*event)
    }
}
