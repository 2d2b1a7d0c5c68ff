//! A flag that is slow to rise and slower to fall.

use serde::{Deserialize, Serialize};

/// When the stressed-regime flag rises and falls.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Hysteresis {
    /// The flag rises at this probability or above, 0.60 ...
    pub enter: f64,
    /// ... seen this often in a row, 2.
    pub enter_count: u32,
    /// It falls at this probability or below, 0.30 ...
    pub leave: f64,
    /// ... seen this often in a row, 6.
    pub leave_count: u32,
}

impl Default for Hysteresis {
    fn default() -> Self {
        Hysteresis { enter: 0.60, enter_count: 2, leave: 0.30, leave_count: 6 }
    }
}

/// The flag of the stressed regime.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Flag {
    up: bool,
    in_a_row: u32,
}

impl Flag {
    /// Takes the next probability; what is not finite changes nothing.
    pub fn update(&mut self, p: f64, h: &Hysteresis) -> bool {
        if !p.is_finite() {
            return self.up;
        }
        let (against, count) = if self.up { (p <= h.leave, h.leave_count) } else { (p >= h.enter, h.enter_count) };
        self.in_a_row = if against { self.in_a_row + 1 } else { 0 };
        if against && self.in_a_row >= count {
            *self = Flag { up: !self.up, in_a_row: 0 };
        }
        self.up
    }
    /// Whether the flag is up.
    pub fn is_up(&self) -> bool {
        self.up
    }
}
