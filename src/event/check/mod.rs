//! What was found on the way in: refused rows, disorder, gaps and repetitions, reported and never repaired in silence.
//!
//! | file | what it holds |
//! |---|---|
//! | `vendor_row` | [`VendorRow`]: what a vendor says, before it is checked |
//! | `admit` | [`admit`]: whether one row can be, of a file or of a live feed |
//! | `checker` | [`Checker`]: all rows of one file, checked, counted and handed on |
//! | `intervals` | which numbers and times were seen, and what is missing between them |
//! | `funding_hours` | for how many hours a funding rate was paid, where the vendor does not say |
//! | `report` | [`Report`]: what one import did |
//!
//! This folder knows nothing of files, of vendors' layouts or of where rows go.

mod admit;
mod checker;
mod funding_hours;
mod intervals;
mod report;
mod vendor_row;

pub use admit::{Checked, RowOrigin, admit};
pub use checker::{Checker, FileHeading, Rows, Write};
pub use report::{Gap, Gaps, Refused, Report};
pub use vendor_row::{Stamp, VendorBar, VendorRow};
