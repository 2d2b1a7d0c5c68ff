//! The promotion gates: what a version's stored evidence must show before an alias that is served may
//! stand for it.
//!
//! | file | what it holds |
//! |---|---|
//! | [`evidence`] | what speaks for a version, as its study measured it |
//! | `stored_evidence` | the same as it is stored |
//! | [`gate`] | one gate, and what the history keeps of all of them |
//! | `forecast_gates` | the gates on forecasts |
//! | `margin_gates` | the gates on margins |
//! | `governance_gates` | the gates that no study can measure |
//! | `gates` | all of them, of a registered version |
//!
//! | gate | passes when |
//! |---|---|
//! | leak test | a permuted future of 50 events and more changed nothing that was learnt or said before it |
//! | lead and lag | no instrument is stamped early or late beside the others |
//! | replay | the stored models answer their golden rows as when they were registered |
//! | no worse over h | Diebold-Mariano t of QLIKE against the champion above -1.65 on 500 times or more |
//! | better | t at least 1.65 over some horizon |
//! | confidence set over h | in the 90 % model confidence set of its own study's models and the champion |
//! | lower, upper coverage over h | Kupiec and conditional coverage of the 1 % quantile of that side at 5 % over all these tests together, on outcomes that do not overlap, 250 or more |
//! | no worse than the base over h | where there is a champion: the same against the base of the version's own study |
//! | drift | stability index of every input, newest rows against training, below 0.2 or below what some stretch of that length in training had |
//! | margin coverage over h | one-sided Kupiec and conditional coverage p at least 5 %, pooled over instruments and sides, 1,000 outcomes that do not overlap or more |
//! | traffic light over h | green on the same count |
//! | expected shortfall over h | Z2 above its 5 % critical value |
//! | equal cost over h | less shortfall and a smaller ES99 of five-day calls than the baseline times the constant of equal average, neither worse, and no more breaches |
//! | overshoot over h | at most 10 % when volatility doubles |
//! | stress library over h | in no scenario more left uncovered than by the baseline |
//! | closed loop | not run: there is no simulator of the market's answer yet |
//! | shadow | 14 days as `shadow` or `challenger`; not run where nothing is in force |
//! | card | author, limits and a date of expiry ahead, and who promotes is not the author |
//!
//! Without a champion the base model of the version's own study takes its place. A gate that could not run
//! has not passed; it is named in the history, and shuts nothing.
//!
//! This folder knows nothing of the ledger, and nothing of how a study measures.

pub mod evidence;
mod forecast_gates;
pub mod gate;
mod gates;
mod governance_gates;
mod margin_gates;
mod stored_evidence;

pub use evidence::{Cost, Evidence, Hits, InStep, Leak, Margins, Measured, Signed, Stress};
pub use forecast_gates::judge;
pub use gate::{Gate, reason};
pub use governance_gates::governed;
