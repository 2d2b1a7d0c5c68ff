//! What was found on the way in: refused rows, disorder, gaps and repetitions, reported and never repaired in silence.
//!
//! | file | what it holds |
//! |---|---|
//! | `vendor` | [`VendorRow`]: what a vendor says, before it is checked |
//! | `admit` | [`admit`]: whether one row can be, of a file or of a live feed |
//! | `checker` | [`Checker`]: all rows of one file, checked, counted and handed on |
//! | `coverage` | which numbers and times were seen, and what is missing between them |
//! | `interval` | for how many hours a funding rate was paid, where the vendor does not say |
//! | `report` | [`Report`]: what one import did |
//!
//! This folder knows nothing of files, of vendors' layouts or of where rows go.

mod admit;
mod checker;
mod coverage;
mod interval;
mod report;
mod vendor;

pub use admit::{Checked, Origin, admit};
pub use checker::{Checker, Heading, Rows, Write};
pub use report::{Gap, Gaps, Refused, Report};
pub use vendor::{Stamp, VendorBar, VendorRow};
