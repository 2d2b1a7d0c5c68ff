//! Filtered historical simulation: past returns over the horizon in units of the volatility that was
//! forecast for them, and what they would be at another volatility.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::base::{OrderedWindow, stats};

/// How past returns are scaled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scaling {
    /// To today's volatility: `R_s sigma / sigma_s`.
    #[default]
    Full,
    /// To the mean of today's volatility and that of their time: `R_s (sigma + sigma_s) / (2 sigma_s)`.
    Mid,
}

/// The last returns over the horizon, as they were and standardised.
pub(super) struct Standardised {
    returns: OrderedWindow,
    z: OrderedWindow,
}

impl Standardised {
    /// Of the last `window` returns.
    pub fn new(window: usize) -> Standardised {
        Standardised { returns: OrderedWindow::new(window), z: OrderedWindow::new(window) }
    }
    /// Takes a return and the volatility over the horizon that was forecast before it.
    pub fn push(&mut self, ret: f64, volatility: f64) {
        let z = ret / volatility;
        // What has no standardised return leaves the pairs as they are.
        if !z.is_nan() {
            self.returns.push(ret);
            self.z.push(z);
        }
    }
    /// How many there are.
    pub fn len(&self) -> usize {
        self.z.len()
    }
    /// The standardised returns, ascending.
    pub fn z(&self) -> Cow<'_, [f64]> {
        self.z.sorted()
    }
    /// The returns as they would be at a volatility over the horizon, ascending.
    pub fn scaled(&self, scaling: Scaling, volatility: f64) -> Vec<f64> {
        match scaling {
            Scaling::Full => self.z.ascending().map(|z| z * volatility).collect(),
            Scaling::Mid => {
                let pairs = self.z.arrived().zip(self.returns.arrived());
                stats::sorted(&pairs.map(|(z, r)| 0.5 * (z * volatility + r)).collect::<Vec<f64>>())
            }
        }
    }
}

/// The quantile of past volatilities that today's is not below.
pub(super) struct Floor {
    quantile: f64,
    past: OrderedWindow,
}

impl Floor {
    /// At a quantile of the last `rows` volatilities; 0 is no floor.
    pub fn new(quantile: f64, rows: usize) -> Floor {
        Floor { quantile, past: OrderedWindow::new(rows) }
    }
    /// Takes the volatility of a row.
    pub fn push(&mut self, volatility: f64) {
        self.past.push(volatility);
    }
    /// The volatility, not below the floor.
    pub fn raise(&self, volatility: f64) -> f64 {
        match self.quantile {
            p if p > 0.0 => volatility.max(self.past.quantile(p)),
            _ => volatility,
        }
    }
    /// Past volatilities.
    #[cfg(test)]
    pub fn past(&self) -> &OrderedWindow {
        &self.past
    }
}
