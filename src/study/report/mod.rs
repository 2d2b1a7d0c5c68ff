//! The report: one HTML file that needs nothing else, not even a network; and the same as text.
//!
//! | file | what it holds |
//! |---|---|
//! | `page.rs` | the page, from scores and lines |
//! | `section.rs` | its sections |
//! | `show.rs` | how what a measurement declares is shown |
//! | `table.rs` | tables of it |
//! | `cell.rs` | one printed number |
//! | `plot.rs` | lines, thinned |
//! | [`text`] | tables for a terminal |
//! | `report.css`, `chart.js`, `page.js`, `limits.html` | style, charts, filters, and what the report cannot say |
//! | `tests.rs` | what must hold of any page |
//!
//! Every printed number is read from `scores.json` by a pointer that the page keeps beside it
//! (`data-key`, with the full number in `data-value`), so the two cannot disagree. Lines are thinned; hovering
//! them reads the lines, not the tables. A column of a table cannot exist without its definition, and the
//! definitions section prints them all.
//!
//! This folder knows nothing of how a number was worked out.

mod cell;
mod page;
mod plot;
mod section;
mod show;
mod table;
#[cfg(test)]
mod tests;
pub mod text;

pub use page::render;
