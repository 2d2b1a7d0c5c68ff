//! study

pub mod report;
pub mod scores;
