//! What is measured of a walk. A measurement is one file: its numbers, how they are worked out, their JSON
//! schema and their columns in the report; and one line in [`list`].
//!
//! | file | what it holds |
//! |---|---|
//! | [`list`] | every measurement, and what they make together: `scores.json` |
//! | [`declare`] | what a measurement declares |
//! | [`json`] | pieces of a JSON schema |
//! | [`schema`] | the schema of `scores.json` |
//! | [`material`] | what measurements are made of |
//! | [`outcomes`] | what happened after each row |
//! | [`policies`] | what each margin policy asked, beside the return that followed |
//! | [`meta`] | what ran, and how to run it again |
//! | [`judge`](mod@judge) | a walk measured |
//! | [`lines`] | lines to draw |
//! | [`week`] | what happens by hour of the week |
//! | [`forecast`] | measurements of forecasts |
//! | [`margin`] | measurements of margins |
//! | [`model`] | measurements of how models were made and what they depend on |
//!
//! This folder knows nothing of how its numbers are shown, stored or promoted.

pub mod declare;
pub mod forecast;
pub mod json;
pub mod judge;
pub mod lines;
pub mod list;
pub mod margin;
pub mod material;
pub mod meta;
pub mod model;
pub mod outcomes;
pub mod policies;
pub mod schema;
pub mod week;

pub use judge::{Heading, Judged, judge};
pub use lines::{ChartLines, ConstantsCurve, Pane};
pub use list::{Findings, MEASUREMENTS, Scores};
pub use material::{Again, Material};
pub use meta::{Meta, POOLED};
pub use outcomes::Outcomes;
