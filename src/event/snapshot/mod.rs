//! What a venue says of its instruments at one moment besides trades: who holds what, and how deep the books are.
//!
//! | file | what it holds |
//! |---|---|
//! | [`account`] | every account of every instrument |
//! | [`book`] | the order book of each instrument, in a few numbers |
//! | `columns` | reads tables whose columns are found by name |
//!
//! This folder knows nothing of files: it reads texts. Both tables are comma-separated values with a header;
//! other columns are passed over (one with the time makes two equal readings two):
//!
//! | table | columns | a field left empty |
//! |---|---|---|
//! | accounts | `symbol`, `equity`, `notional`: one line an account and instrument, quote units | is an error |
//! | books | `symbol`, `depth_50bp`, `depth_100bp`, `spread_bp`, `open_interest`, `stressed_depth` | is not known |

pub mod account;
pub mod book;
mod columns;

pub use account::{AccountHolding, AccountSnapshot};
pub use book::{Book, BookReading, BookSnapshot};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::Symbol;
use crate::event::Error;

/// Which table of a venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VenueTable {
    /// Who holds what.
    Accounts,
    /// How deep the books are.
    Books,
}

/// One table of a venue, read.
#[derive(Clone, Debug, PartialEq)]
pub enum VenueSnapshot {
    /// Who holds what.
    Accounts(AccountSnapshot),
    /// How deep the books are.
    Books(BookSnapshot),
}

impl VenueTable {
    /// Its name, as in a ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            VenueTable::Accounts => "accounts",
            VenueTable::Books => "books",
        }
    }
    /// Reads the text of a table.
    ///
    /// # Errors
    /// A column is missing, a field is no number, an instrument's book is there twice, or the last line
    /// does not end, as in a file that is still being written. Nothing of it is then used.
    pub fn read(self, text: &str) -> Result<VenueSnapshot, Error> {
        Ok(match self {
            VenueTable::Accounts => VenueSnapshot::Accounts(AccountSnapshot::read(text)?),
            VenueTable::Books => VenueSnapshot::Books(BookSnapshot::read(text)?),
        })
    }
}

impl VenueSnapshot {
    /// What it says of each instrument in a few numbers, to be recorded.
    pub fn figures(&self) -> BTreeMap<Symbol, Vec<(&'static str, f64)>> {
        match self {
            VenueSnapshot::Accounts(all) => all.figures(),
            VenueSnapshot::Books(all) => all.figures(),
        }
    }
}
