//! Implied volatility: as a forecast beside a model's, and as a shock to options.

use serde::{Deserialize, Serialize};

use super::greeks::YEAR_DAYS;
use crate::base::Span;
use crate::loss::Error;

/// After this age an implied volatility has no weight.
const AGE_MAX: Span = Span::MINUTE.times(15);

/// `sqrt(w IV^2 + (1 - w) sigma^2)`, all annual. The weight is zero where the implied volatility is
/// older than `AGE_MAX` or no positive number; the model's volatility stands alone then.
pub fn blend(implied: f64, model: f64, weight: f64, age: Span) -> f64 {
    let usable = implied.is_finite() && implied > 0.0 && age <= AGE_MAX;
    let w = if usable { weight.clamp(0.0, 1.0) } else { 0.0 };
    if w == 0.0 { model } else { (w * implied * implied + (1.0 - w) * model * model).sqrt() }
}

/// Volatility of one day from an annual one, of a market that never closes.
pub fn daily(annual: f64) -> f64 {
    annual / YEAR_DAYS.sqrt()
}

/// How far prices and implied volatilities are shocked for options. Defaults are those that Deribit
/// publishes for Bitcoin; the powers of time to expiry are shared with Derive.
///
/// | setting | default | range |
/// |---|---|---|
/// | `price_range` | 0.16 | of the relative price move, above 0, below 1 |
/// | `price_steps` | 4 | to each side, 1 to 100 |
/// | `up`, `down` | 0.50, 0.25 | relative change of a 30-day volatility, 0 or more |
/// | `vol_min` | 0.50 | least annual volatility of the shock upwards, 0 or more |
/// | `power_short`, `power_long` | 0.30, 0.13 | of 30 days over time to expiry, below and from 30 days |
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs)] // The table above says each.
pub struct Shock {
    pub price_range: f64,
    pub price_steps: usize,
    pub up: f64,
    pub down: f64,
    pub vol_min: f64,
    pub power_short: f64,
    pub power_long: f64,
}

impl Default for Shock {
    fn default() -> Shock {
        Shock {
            price_range: 0.16,
            price_steps: 4,
            up: 0.5,
            down: 0.25,
            vol_min: 0.5,
            power_short: 0.30,
            power_long: 0.13,
        }
    }
}

impl Shock {
    /// Whether every setting is within its range.
    ///
    /// # Errors
    /// The first that is not.
    pub fn check(&self) -> Result<(), Error> {
        let of = "option shock";
        let want = |key, ok: bool, got: f64, want| {
            if ok { Ok(()) } else { Err(Error::Setting { of, key, got: got.to_string(), want }) }
        };
        want("price_range", self.price_range > 0.0 && self.price_range < 1.0, self.price_range, "above 0, below 1")?;
        want("price_steps", (1..=100).contains(&self.price_steps), self.price_steps as f64, "1 to 100")?;
        for (key, v) in [
            ("up", self.up),
            ("down", self.down),
            ("vol_min", self.vol_min),
            ("power_short", self.power_short),
            ("power_long", self.power_long),
        ] {
            want(key, v >= 0.0 && v.is_finite(), v, "0 or more")?;
        }
        Ok(())
    }

    /// `(30 / max(days, 1))^p`, p by time to expiry.
    fn tenor(&self, days: f64) -> f64 {
        let p = if days < 30.0 { self.power_short } else { self.power_long };
        (30.0 / days.max(1.0)).powf(p)
    }

    /// What an implied volatility is multiplied by upwards.
    pub fn up_factor(&self, days: f64) -> f64 {
        1.0 + self.up * self.tenor(days)
    }

    /// What an implied volatility is multiplied by downwards, 0 or more.
    pub fn down_factor(&self, days: f64) -> f64 {
        (1.0 - self.down * self.tenor(days)).max(0.0)
    }

    /// Volatility after the shock upwards, never below `vol_min`.
    pub fn vol_up(&self, vol: f64, days: f64) -> f64 {
        (vol * self.up_factor(days)).max(self.vol_min)
    }

    /// Volatility after the shock downwards.
    pub fn vol_down(&self, vol: f64, days: f64) -> f64 {
        vol * self.down_factor(days)
    }
}
