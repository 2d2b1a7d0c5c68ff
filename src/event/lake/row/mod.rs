//! The rows of the lake's tables: what makes two rows the same thing, how they lie on disk, and which event each is.
//!
//! | file | what it holds |
//! |---|---|
//! | `record` | [`Record`]: what every row can say of itself |
//! | `bar` | [`BarRow`], of `bars` |
//! | `trade` | [`TradeRow`], of `trades` |
//! | `reading` | [`GaugeRow`], of each gauge's table |
//!
//! This folder knows nothing of folders, of vendors or of who reads.

mod bar;
mod reading;
mod record;
mod trade;

pub use bar::BarRow;
pub use reading::GaugeRow;
pub use record::Record;
pub use trade::TradeRow;
