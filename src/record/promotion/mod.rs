//! The promotion gates: what a version's stored evidence must show before an alias that is served may
//! stand for it.
//!
//! | file | what it holds |
//! |---|---|
//! | `evidence` | what speaks for a version, as its study measured it |
//! | `stored_evidence` | the same as it is stored |
//! | `gate` | what a gate found, and what the history keeps of all of them |
//! | `case` | what gates look at |
//! | `forecast_gates` | the gates on forecasts |
//! | `margin_gates` | the gates on margins |
//! | `governance_gates` | the gates that no study can measure |
//! | `gates` | the list of all, and all of them run on a version; for callers of the library: `governed` |
//!
//! | gate | passes when |
//! |---|---|
//! | replay | the stored models answer their golden rows as when they were registered |
//! | leak test | a permuted future of 50 events and more changed nothing that was learnt or said before it |
//! | lead and lag | no instrument is stamped early or late beside the others |
//! | no worse over h | Diebold-Mariano t of QLIKE against the champion above -1.65 on 500 times or more |
//! | no worse than the base over h | where there is a champion: the same against the base of the version's own study |
//! | confidence set over h | in the 90 % model confidence set of its own study's models and the champion |
//! | lower coverage over h | Kupiec and conditional coverage of the 1 % quantile at 5 % over all these tests together, on outcomes that do not overlap, 250 or more |
//! | upper coverage over h | the same of the 99 % quantile |
//! | better over some horizon | t at least 1.65 over one of them |
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

mod case;
mod evidence;
mod forecast_gates;
mod gate;
mod gates;
mod governance_gates;
mod margin_gates;
mod stored_evidence;

pub use evidence::{
    Evidence, ForecastEvidence, Hits, LeadLagEvidence, LeakEvidence, MarginCost, MarginEvidence, Signature,
    StressEvidence,
};
pub use gate::{Gate, reason};
pub use gates::{governed, judge};
