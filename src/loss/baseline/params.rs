//! Settings of the baseline: the side, the level, the windows.

use serde::{Deserialize, Serialize};

use crate::base::{Problems, Span};
use crate::forecast::Dist;
use crate::loss::Error;

/// Most rows that a setting may ask for.
const ROWS_MAX: usize = 1_000_000;

/// Whose losses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Falls.
    Long,
    /// Rises.
    Short,
    /// The worse of the two.
    #[default]
    Both,
}

impl Side {
    /// The loss of a log return, fraction of notional; negative is a gain.
    pub fn loss(self, ret: f64) -> f64 {
        match self {
            Side::Long => -ret,
            Side::Short => ret,
            Side::Both => ret.abs(),
        }
    }
    /// The 99 % loss of a distribution, fraction of notional.
    pub fn var(self, dist: &Dist) -> f64 {
        let (long, short) = (-dist.q[1], dist.q[7]);
        match self {
            Side::Long => long,
            Side::Short => short,
            Side::Both => long.max(short),
        }
    }
}

/// Settings of a [`super::Baseline`].
///
/// | setting | default | range |
/// |---|---|---|
/// | `alpha` | 0.99 | above 0.5, below 1 |
/// | `lambda_per_day` | 0.97 | above 0, below 1; per row it is `0.97^(row / 1 day)` |
/// | `side` | `both` | `long`, `short`, `both` |
/// | `window` | `1250d` | of standardised losses, at least `warm_up` rows; at most `history` |
/// | `history` | `3650d` | of volatilities and of plain losses |
/// | `warm_up` | 500 | complete losses before the first estimate, 100 to a million |
/// | `seed_rows` | 100 | returns whose mean square starts the filter, 1 to a million |
/// | `floor_percentile` | 0.25 | of past volatilities, the least that is scaled to; 0 is no floor |
/// | `stress_percentile` | 0.99 | of past volatilities, for the stressed requirement |
/// | `long_run_floor` | false | whether VaR and ES are at least the long-run ones |
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs)] // The table above says each.
pub struct Params {
    pub alpha: f64,
    pub lambda_per_day: f64,
    pub side: Side,
    pub window: Span,
    pub history: Span,
    pub warm_up: usize,
    pub seed_rows: usize,
    pub floor_percentile: f64,
    pub stress_percentile: f64,
    pub long_run_floor: bool,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            alpha: 0.99,
            lambda_per_day: 0.97,
            side: Side::Both,
            window: Span::DAY.times(1250),
            history: Span::DAY.times(3650),
            warm_up: 500,
            seed_rows: 100,
            floor_percentile: 0.25,
            stress_percentile: 0.99,
            long_run_floor: false,
        }
    }
}

impl Params {
    /// Whether every setting is within its range.
    ///
    /// # Errors
    /// All settings that are not, each with its range.
    pub fn check(&self) -> Result<(), Error> {
        let mut problems = Problems::default();
        problems.under("baseline", |p| self.problems(p));
        Ok(problems.done()?)
    }

    /// Says which settings are out of range.
    pub fn problems(&self, p: &mut Problems) {
        p.want("alpha", self.alpha > 0.5 && self.alpha < 1.0, self.alpha, "above 0.5, below 1");
        let lambda = self.lambda_per_day;
        p.want("lambda_per_day", lambda > 0.0 && lambda < 1.0, lambda, "above 0, below 1");
        let window = self.window > Span(0) && self.window <= self.history;
        p.want("window", window, self.window, "above 0s, at most `history`");
        p.want("history", self.history > Span(0), self.history, "above 0s");
        p.want("warm_up", (100..=ROWS_MAX).contains(&self.warm_up), self.warm_up, "100 to 1000000");
        p.want("seed_rows", (1..=ROWS_MAX).contains(&self.seed_rows), self.seed_rows, "1 to 1000000");
        p.range("floor_percentile", self.floor_percentile, 0.0, 1.0);
        p.range("stress_percentile", self.stress_percentile, 0.0, 1.0);
    }

    /// Says whether its window, of rows of this length, can ever hold the losses that the first estimate wants: one that
    /// cannot would give no estimate, and no decision, for ever.
    pub fn fits(&self, row: Span, p: &mut Problems) {
        let holds = self.rows_of(self.window, row);
        let wanted = format_args!("at least `warm_up`, {} rows of {row}", self.warm_up);
        p.want("window", holds >= self.warm_up, format_args!("{}, {holds} rows", self.window), wanted);
    }

    /// How many rows a span is, at least one.
    pub(super) fn rows_of(&self, span: Span, row: Span) -> usize {
        (span.0 / row.0.max(1)).max(1) as usize
    }
}
