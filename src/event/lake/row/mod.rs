//! The rows of the lake's tables: what makes two rows the same thing, how they lie on disk, and which event each is.
//!
//! | file | what it holds |
//! |---|---|
//! | `lake_row` | [`LakeRow`]: what every row can say of itself |
//! | `bar` | [`BarRow`], of `bars` |
//! | `trade` | [`TradeRow`], of `trades` |
//! | `reading` | [`GaugeRow`], of each gauge's table |
//!
//! This folder knows nothing of folders, of vendors or of who reads.

mod bar;
mod lake_row;
mod reading;
mod trade;

pub use bar::BarRow;
pub use lake_row::LakeRow;
pub use reading::GaugeRow;
pub use trade::TradeRow;
