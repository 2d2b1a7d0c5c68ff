//! One policy judged over a stretch: its outcome, its ratios to both controls, the test of the difference, and bands.

use serde::{Deserialize, Serialize};

use super::bootstrap::{PolicyBands, Resampling, bands};
use super::objective::{JudgedRows, PolicyOutcome, daily_shortfalls};
use super::replay::AskedMargin;
use crate::base::{Span, Ts};
use crate::loss::test::compare::{Bandwidth, diebold_mariano};

/// Newey-West lags of the test, days.
const LAGS: usize = 10;

/// One policy judged.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assessment {
    /// What came of it.
    pub outcome: PolicyOutcome,
    /// Shortfall over that of the control of equal cost.
    pub ratio: Option<f64>,
    /// Shortfall over that of the flat control.
    pub flat_ratio: Option<f64>,
    /// Diebold-Mariano statistic of daily sums of shortfall, policy minus control of equal cost, Newey-West with 10 lags:
    /// negative speaks for the policy.
    pub dm_t: Option<f64>,
    /// Its two-sided p-value.
    pub dm_p: Option<f64>,
    /// Bands of 90 %.
    pub bands: Option<PolicyBands>,
}

/// Judges what was asked at the rows decided from a time on. `None` where too little is known of any instrument.
pub fn assess(
    judged: &[JudgedRows],
    asked: &[AskedMargin],
    from: Ts,
    row: Span,
    resampling: Resampling,
) -> Option<Assessment> {
    let outcome = PolicyOutcome::of(judged, asked, |own| (own.from(from), own.ts.len()))?;
    let differences: Vec<f64> =
        daily_shortfalls(judged, asked, from).iter().map(|(own, control)| own - control).collect();
    let test = diebold_mariano(&differences, Bandwidth::Lags(LAGS));
    Some(Assessment {
        outcome,
        ratio: outcome.ratio(),
        flat_ratio: outcome.flat_ratio(),
        dm_t: test.map(|t| t.statistic),
        dm_p: test.map(|t| t.p),
        bands: bands(judged, asked, from, row, resampling),
    })
}
