//! The variance of the next return by exponential weights, `v_(t+1) = l v_t + (1 - l) r_t^2`, and beside
//! each return over the horizon the volatility that was forecast for it.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::base::{Span, stats};

/// Where the recursion of variance starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Seeding {
    /// At the mean square of the first returns.
    MeanSquare,
    /// At their variance around their mean.
    Variance,
}

/// The recursion on its way. Its first returns start it and are then taken as all others are.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Filter {
    lambda: f64,
    /// The horizon in rows.
    ahead: usize,
    seeding: Seeding,
    seed_rows: usize,
    /// The first returns, and whether each follows the one before it without a gap.
    first: Vec<(f64, bool)>,
    /// Of the next return, once there are enough first ones.
    variance: Option<f64>,
    /// Returns whose horizon may still be open, each with the volatility forecast before it.
    open: VecDeque<(f64, f64)>,
}

/// What the filter makes of one return.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Step {
    /// The return, fraction.
    pub ret: f64,
    /// Volatility of one row that was forecast before it.
    pub volatility: f64,
    /// The return over the horizon that ends here, and the volatility that was forecast for it.
    pub horizon: Option<(f64, f64)>,
}

/// The weight of the past per row that forgets as much in a day.
pub(crate) fn per_row(lambda_per_day: f64, step: Span) -> f64 {
    lambda_per_day.powf(step.days())
}

impl Filter {
    /// With a weight of the past per row, for returns over `ahead` rows.
    pub fn new(lambda: f64, ahead: usize, seeding: Seeding, seed_rows: usize) -> Filter {
        let (first, open) = (Vec::new(), VecDeque::new());
        Filter { lambda, ahead, seeding, seed_rows, first, variance: None, open }
    }
    /// Variance of the next return, once there were enough.
    pub fn variance(&self) -> Option<f64> {
        self.variance
    }
    /// How many returns wait for the end of their horizon.
    #[cfg(test)]
    pub fn open(&self) -> usize {
        self.open.len()
    }
    /// No return over the horizon spans what comes here.
    pub fn gap(&mut self) {
        self.open.clear();
    }
    /// Takes a return, and whether it follows the one before it without a gap; no variance below `least`
    /// is believed. Tells `each` what it makes of it: nothing before there are enough first returns, then
    /// of all those at once.
    pub fn push(&mut self, ret: f64, follows: bool, least: f64, mut each: impl FnMut(Step)) {
        if self.variance.is_some() {
            return self.take(ret, follows, least, &mut each);
        }
        self.first.push((ret, follows));
        if self.first.len() >= self.seed_rows {
            let first = std::mem::take(&mut self.first);
            let returns: Vec<f64> = first.iter().map(|f| f.0).collect();
            self.variance = Some(match self.seeding {
                Seeding::MeanSquare => stats::mean(&returns.iter().map(|r| r * r).collect::<Vec<f64>>()),
                Seeding::Variance => stats::variance(&returns),
            });
            first.into_iter().for_each(|(ret, follows)| self.take(ret, follows, least, &mut each));
        }
    }
    fn take(&mut self, ret: f64, follows: bool, least: f64, each: &mut impl FnMut(Step)) {
        let Some(variance) = self.variance else { return };
        let volatility = variance.max(least).sqrt();
        if !follows {
            self.open.clear();
        }
        if self.open.len() == self.ahead {
            self.open.pop_front();
        }
        self.open.push_back((ret, volatility));
        let horizon = self.open.front().filter(|_| self.open.len() == self.ahead).map(|(_, before)| {
            // Summed anew each row: a running sum would drift.
            let total: f64 = self.open.iter().map(|o| o.0).sum();
            (total, before * (self.ahead as f64).sqrt())
        });
        self.variance = Some(self.lambda * variance + (1.0 - self.lambda) * ret * ret);
        each(Step { ret, volatility, horizon });
    }
}
