//! What every row of the lake can say of itself, and how it lies on disk.

use std::cmp::Ordering;
use std::path::Path;

use crate::base::table::{Column, Error};
use crate::base::{Span, Symbol, Ts};
use crate::event::Event;

/// A row of one table of the lake.
pub trait LakeRow: Clone + Sized + Send {
    /// What tells its tables apart; nothing where there is one.
    type Kind: Copy;
    /// The table's folder.
    fn table(kind: Self::Kind) -> &'static str;
    /// Which table it is of.
    fn kind(&self) -> Self::Kind;
    /// Order by time, then by what makes a row itself; equal means that both speak of one thing.
    fn order(&self, other: &Self) -> Ordering;
    /// Whether both say the same, whichever file they came from.
    fn same(&self, other: &Self) -> bool;
    /// Whether equal rows of one file may be two things, because nothing tells them apart.
    fn may_repeat(&self) -> bool {
        false
    }
    /// When it happened.
    fn ts_event(&self) -> Ts;
    /// When it could first be known.
    fn ts_known(&self) -> Ts;
    /// The start of the partition that it belongs to.
    fn partition(&self) -> Ts {
        self.ts_event().floor(Span::DAY)
    }
    /// First 32 bits of the source file's SHA-256.
    fn src(&self) -> u32;
    /// The event that it is, of this instrument; `None` where it says nothing that is one. `place` is its place among
    /// the rows of its table, for those that nothing else numbers.
    fn event(&self, symbol: Symbol, place: u64) -> Option<Event>;
    /// For messages: which thing, and what is said of it.
    fn describe(&self) -> String;
    /// Reads a file.
    ///
    /// # Errors
    /// As [`crate::base::table::Table::read`].
    fn read(kind: Self::Kind, path: &Path) -> Result<Vec<Self>, Error>;
    /// Writes a file.
    ///
    /// # Errors
    /// As [`crate::base::table::Table::write`].
    fn write(rows: Vec<Self>, path: &Path) -> Result<(), Error>;
}

/// First instant of the UTC month.
pub(super) fn month(ts: Ts) -> Ts {
    let date = ts.date();
    format!("{}-01", &date[..date.len() - 3]).parse().unwrap_or(ts)
}

/// A cell of the column `src`.
pub(super) fn source(value: Option<i64>) -> u32 {
    value.and_then(|v| u32::try_from(v).ok()).unwrap_or(0)
}

/// The column `src`.
pub(super) fn sources<R: LakeRow>(rows: &[R]) -> Column {
    Column::Int(rows.iter().map(|r| Some(i64::from(r.src()))).collect())
}
