//! Typed columns to and from Parquet. Only this folder knows Arrow.
//!
//! | file | what it holds |
//! |---|---|
//! | `column` | columns in memory, and tables of them |
//! | `error` | why a table could not be read or written |
//! | `decode` | Parquet to columns; for callers of the library: `read_columns` |
//! | `encode` | columns to Parquet, whole files only |
//! | `note` | what is said of a column in the metadata of a file |
//! | `trades` | the `trades` table whole |
//! | `slices` | trades as plain slices; for callers of the library: `symbol_codes` |
//! | `tests` | round trips, damaged files, absent columns |
//!
//! A [`Table`] is a list of named columns of equal length. Absent values are NaN in float columns
//! and `None` elsewhere; on disk they are nulls. Files are zstd, row groups of 128 Ki rows, times as
//! `Timestamp(ns, UTC)`.
//!
//! | to | use |
//! |---|---|
//! | read a small file | [`Table::read`], then [`Table::times`], [`Table::floats`], … |
//! | read a large one piece by piece, or only some columns | [`Reader`] |
//! | run over millions of trades | [`TradeFile`]: plain slices, one row group at a time |
//! | write | [`Table::write`], [`Table::write_with_notes`]; for the trades table, [`TradeColumns::write`] |
//!
//! This folder knows nothing of what a column means.

mod column;
mod decode;
mod encode;
mod error;
mod note;
mod slices;
mod trades;

pub use column::{Column, Table};
pub use decode::Reader;
pub use error::Error;
pub use note::ColumnNote;
pub use slices::{TradeFile, TradeGroup, TradeNames};
pub use trades::{TradeColumns, TradeId};

#[cfg(test)]
mod tests;
