//! The report: one HTML file that needs nothing else, not even a network; and the same as text.
//!
//! | file | what it holds |
//! |---|---|
//! | `page.rs` | the page, from scores and lines |
//! | `section.rs` | its sections |
//! | `verdict.rs` | the verdict in three sentences |
//! | `calibration.rs` | the section of calibrations |
//! | `codes.rs` | what codes say |
//! | `show.rs` | how what a measurement declares is shown |
//! | `table.rs` | tables of it |
//! | `cell.rs` | one printed number |
//! | `plot.rs` | lines, every row or thinned |
//! | `pack.rs` | columns of numbers as short text |
//! | [`text`] | tables for a terminal |
//! | `report.css`, `limits.html` | style, and what the report cannot say |
//! | `unpack.js`, `chart.js`, `grid.js`, `draw.js`, `page.js` | lines unpacked, charts, heat maps, what is drawn, filters |
//! | `tests.rs` | what must hold of any page |
//!
//! Every printed number is read from `scores.json` by a pointer that the page keeps beside it
//! (`data-key`, with the full number in `data-value`), so the two cannot disagree. Hovering lines reads the lines,
//! not the tables. A column of a table cannot exist without its definition, which stands below it and on its head.
//!
//! This folder knows nothing of how a number was worked out.

mod calibration;
mod cell;
mod codes;
mod pack;
mod page;
mod plot;
mod section;
mod show;
mod table;
#[cfg(test)]
mod tests;
pub mod text;
mod verdict;

pub use page::render;
