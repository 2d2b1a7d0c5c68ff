//! One position: what it is, its sensitivities, and its profit when prices and volatilities move.

use super::greeks::{Greeks, Vanilla, YEAR_DAYS};
use crate::base::Symbol;
use crate::loss::Error;

/// Most that one position may be worth, or gain by its curve or its vega, quote units. What is beyond is
/// a slip, and could not be told to the cent beside others.
pub const AMOUNT_MAX: f64 = 1e13;

/// What a position is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Terms {
    /// Spot, perpetual or future: moves as the underlying.
    Linear,
    /// Known by its sensitivities; implied volatility and days to expiry say how vega is shocked.
    Greeks {
        /// Of one unit.
        greeks: Greeks,
        /// Annual implied volatility.
        vol: f64,
        /// To expiry.
        days: f64,
    },
    /// An option, revalued in every scenario.
    Option {
        /// Its terms.
        vanilla: Vanilla,
        /// Annual implied volatility.
        vol: f64,
    },
}

/// One position.
#[derive(Clone, Debug, PartialEq)]
pub struct Position {
    /// Its name, one per instrument.
    pub id: String,
    /// Whose price it follows.
    pub underlying: Symbol,
    /// Units, negative when short.
    pub quantity: f64,
    /// Price of the underlying, quote units.
    pub price: f64,
    /// What one unit is.
    pub terms: Terms,
}

impl Position {
    /// Whether every number is usable.
    ///
    /// # Errors
    /// The first that is not.
    pub fn check(&self) -> Result<(), Error> {
        let positive = |x: f64| x.is_finite() && x > 0.0;
        let terms = match self.terms {
            Terms::Linear => None,
            Terms::Greeks { greeks: g, vol, days } => {
                let known = g.delta.is_finite() && g.gamma.is_finite() && g.vega.is_finite();
                let shocked = (positive(vol) || g.vega == 0.0) && days >= 0.0 && days.is_finite();
                (!known || !shocked).then_some(
                    "delta, gamma and vega want numbers, and vega a positive `iv` and `expiry_days` of 0 or more",
                )
            }
            Terms::Option { vanilla: v, vol } => {
                let good = positive(v.strike) && v.years >= 0.0 && v.years.is_finite() && positive(vol);
                (!good).then_some("an option wants a positive strike and `iv`, and days to expiry of 0 or more")
            }
        };
        let why = match () {
            () if self.id.trim().is_empty() => Some("it has no name; give each instrument one"),
            () if !positive(self.price) => Some("the price of its underlying is not positive; want a number above 0"),
            () if !self.quantity.is_finite() => Some("the quantity is no number; want units, negative when short"),
            () if terms.is_some() => terms,
            () if !self.amounts().iter().all(|a| a.abs() <= AMOUNT_MAX) => {
                Some("it is worth more than 1e13; check quantity, price and unit, or take a larger unit")
            }
            () => None,
        };
        match why {
            Some(why) => Err(Error::Position { id: self.id.clone(), why: why.into() }),
            None => Ok(()),
        }
    }

    /// What it is worth by its underlying, moves as, and may gain, quote units.
    fn amounts(&self) -> [f64; 4] {
        let (q, s) = (self.quantity, self.price);
        let (curve, vega) = match self.terms {
            Terms::Linear => (0.0, 0.0),
            Terms::Greeks { greeks, vol, .. } => (q * greeks.gamma * s * s, q * greeks.vega * vol),
            Terms::Option { vanilla, .. } => (q * vanilla.strike, 0.0),
        };
        [q * s, self.notional(), curve, vega]
    }

    /// Sensitivities of one unit at today's price.
    pub fn greeks(&self) -> Greeks {
        match self.terms {
            Terms::Linear => Greeks { delta: 1.0, ..Greeks::default() },
            Terms::Greeks { greeks, .. } => greeks,
            Terms::Option { vanilla, vol } => vanilla.greeks(self.price, vol),
        }
    }

    /// Annual implied volatility; 0 where none matters.
    pub fn vol(&self) -> f64 {
        match self.terms {
            Terms::Linear => 0.0,
            Terms::Greeks { vol, .. } | Terms::Option { vol, .. } => vol,
        }
    }

    /// Value in the underlying that moves as the position does, signed: quantity times delta times price.
    pub fn notional(&self) -> f64 {
        self.quantity * self.greeks().delta * self.price
    }

    /// The same position by its sensitivities: faster, and wrong far from today's price.
    pub fn by_greeks(&self) -> Position {
        match self.terms {
            Terms::Option { vanilla, vol } => {
                let days = vanilla.years * YEAR_DAYS;
                Position { terms: Terms::Greeks { greeks: self.greeks(), vol, days }, ..self.clone() }
            }
            _ => self.clone(),
        }
    }

    /// Whether a change of implied volatility or the curve of the price matters.
    pub fn is_optional(&self) -> bool {
        match self.terms {
            Terms::Linear => false,
            Terms::Greeks { greeks, .. } => greeks.gamma != 0.0 || greeks.vega != 0.0,
            Terms::Option { .. } => true,
        }
    }

    /// Profit of a relative move of the price, with the implied volatility going to `vol`.
    pub fn pnl_at(&self, step: f64, vol: impl Fn(f64, f64) -> f64) -> f64 {
        let ds = self.price * step;
        self.quantity
            * match self.terms {
                Terms::Linear => ds,
                Terms::Greeks { greeks, vol: now, days } => greeks.pnl(ds, vol(now, days) - now),
                Terms::Option { vanilla, vol: now } => {
                    let days = vanilla.years * YEAR_DAYS;
                    vanilla.price(self.price + ds, vol(now, days)) - vanilla.price(self.price, now)
                }
            }
    }

    /// Profit of each relative move, with relative changes of implied volatility where there are any.
    pub fn fill(&self, out: &mut [f64], moves: &[f64], vols: Option<&[f64]>) {
        match (self.terms, vols) {
            (Terms::Linear, _) => {
                let unit = self.quantity * self.price;
                out.iter_mut().zip(moves).for_each(|(o, m)| *o = unit * m);
            }
            (Terms::Greeks { greeks, vol, .. }, vols) => {
                let (q, s) = (self.quantity, self.price);
                let (a, b, c) = (q * greeks.delta * s, 0.5 * q * greeks.gamma * s * s, q * greeks.vega * vol);
                match vols {
                    None => out.iter_mut().zip(moves).for_each(|(o, m)| *o = a * m + b * m * m),
                    Some(v) => {
                        out.iter_mut().zip(moves).zip(v).for_each(|((o, m), v)| *o = a * m + b * m * m + c * v);
                    }
                }
            }
            (Terms::Option { .. }, vols) => {
                for (i, (o, m)) in out.iter_mut().zip(moves).enumerate() {
                    let change = vols.map_or(0.0, |v| v[i]);
                    *o = self.pnl_at(*m, |now, _| now * (1.0 + change));
                }
            }
        }
    }
}
