//! What derivatives say of the instrument: funding, open interest and implied volatility, each as
//! last known at the close of the window.
//!
//! A gauge's reading holds until the next one, but not for ever: one that was first known more than
//! a day before the close (three funding intervals of 8 hours, a day of hourly readings) is absence.

use std::collections::VecDeque;

use super::builder::Config;
use super::lag::Ring;
use super::{Feature, Row};
use crate::base::{Span, Ts};
use crate::event::{Gauge, GaugeKind};

/// How long a reading holds.
const STALE: Span = Span::DAY;
/// Over which the mean funding rate is taken.
const FUNDING_SPAN: Span = Span(21 * Span::DAY.0);
/// Fewer readings make no mean: one a day.
const FUNDING_MIN: usize = 21;
/// The unit of implied volatility is that of a year of so many days: these markets never close.
const YEAR_DAYS: f64 = 365.0;

/// The gauges of one instrument, as far back as the features look.
#[derive(Clone, Debug)]
pub(super) struct Derivatives {
    row: Span,
    mid: usize,
    long: usize,
    /// Readings since the last row, oldest first: a row that closed before them must not see them.
    waiting: VecDeque<(Ts, Gauge)>,
    /// Rates of the last 21 days, oldest first.
    funding: VecDeque<(Ts, f64)>,
    interest: Option<(Ts, f64)>,
    implied: Option<(Ts, f64)>,
    /// Open interest, implied volatility and base volume at the last rows.
    interests: Ring,
    implieds: Ring,
    volumes: Ring,
}

impl Derivatives {
    pub(super) fn new(config: &Config) -> Derivatives {
        Derivatives {
            row: config.row,
            mid: config.mid,
            long: config.long,
            waiting: VecDeque::new(),
            funding: VecDeque::new(),
            interest: None,
            implied: None,
            interests: Ring::new(config.long + 1),
            implieds: Ring::new(config.mid + 1),
            volumes: Ring::new(config.mid),
        }
    }
    /// How many rows back the features look, beside the lags.
    pub(super) fn memory_rows(config: &Config) -> usize {
        (FUNDING_SPAN.0 as usize).div_ceil(config.row.0 as usize) + 1
    }
    /// Takes a reading, in the order in which they became known.
    pub(super) fn push(&mut self, known: Ts, gauge: &Gauge) {
        self.waiting.push_back((known, *gauge));
        // Where rows have stopped, nothing is kept that no row to come can use.
        while self.waiting.front().is_some_and(|w| known - w.0 > FUNDING_SPAN + FUNDING_SPAN) {
            self.waiting.pop_front();
        }
    }
    /// Adds the features as of the row's close; the row has its lags already.
    pub(super) fn finish(&mut self, row: &mut Row) {
        self.advance(row.ts);
        self.funding_features(row);
        let interest = fresh(self.interest, row.ts);
        let implied = fresh(self.implied, row.ts);
        self.interests.push(interest);
        self.implieds.push(implied);
        self.volumes.push(row.raw(Feature::Volume));
        row.set(Feature::OpenInterest, interest);
        row.set(Feature::OpenInterestChangeMid, change(&self.interests, self.mid));
        row.set(Feature::OpenInterestChangeLong, change(&self.interests, self.long));
        row.set(Feature::OpenInterestTurnover, interest / self.volumes.mean(self.mid));
        let variance = implied * implied * self.row.days() / YEAR_DAYS;
        row.set(Feature::ImpliedVariance, variance);
        row.set(Feature::ImpliedPremium, (variance / row.raw(Feature::RvLong)).ln());
        row.set(Feature::ImpliedChangeMid, change(&self.implieds, self.mid));
    }
    /// Takes note of what was known at `ts`.
    fn advance(&mut self, ts: Ts) {
        while let Some((known, gauge)) = self.waiting.pop_front_if(|w| w.0 <= ts) {
            let reading = (known, gauge.value);
            match gauge.kind {
                GaugeKind::Funding => self.funding.push_back(reading),
                GaugeKind::OpenInterest => self.interest = Some(reading),
                GaugeKind::ImpliedVol => self.implied = Some(reading),
            }
        }
        while self.funding.front().is_some_and(|f| ts - f.0 >= FUNDING_SPAN) {
            self.funding.pop_front();
        }
    }
    fn funding_features(&self, row: &mut Row) {
        let rate = fresh(self.funding.back().copied(), row.ts);
        row.set(Feature::Funding, rate);
        row.set(Feature::FundingAbs, rate.abs());
        if self.funding.len() >= FUNDING_MIN {
            let sum: f64 = self.funding.iter().map(|f| f.1).sum();
            row.set(Feature::FundingExcess, rate - sum / self.funding.len() as f64);
        }
    }
}

/// The reading's value, NaN where there is none or it is stale.
fn fresh(reading: Option<(Ts, f64)>, now: Ts) -> f64 {
    reading.filter(|r| now - r.0 <= STALE).map_or(f64::NAN, |r| r.1)
}

/// Logarithm of the last value over that of `k` rows before; NaN where one is absent.
fn change(ring: &Ring, k: usize) -> f64 {
    ring.last(k + 1).map_or(f64::NAN, |all| (all[k] / all[0]).ln())
}
