//! Margin that rises with size: the functional forms that venues use, all continuous and monotone,
//! so that no order is cheaper for being split at an edge or dearer for being one unit larger.
//!
//! | kind | margin | of |
//! |---|---|---|
//! | `brackets` | `n r_k - d_k`, the deduction d makes it continuous | Hyperliquid |
//! | `root` | `max(w, 0.8 w + f sqrt(size)) n` | Drift |
//! | `skew` | `(w + r size / scale) n` | Synthetix |
//! | `open_interest` | `w` of n, up to all of it as open interest goes from `lower` to `upper` | dYdX |
//!
//! [`scaled_weight`] is Mango's counterpart for collateral.

use serde::{Deserialize, Serialize};

use crate::margin::Error;
use crate::margin::guardrail::interest_caps::open_interest_rate;

/// One bracket.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bracket {
    /// Notional from which it holds.
    pub from: f64,
    /// Initial margin of what lies in it, a fraction; `1 / leverage`.
    pub initial: f64,
}

/// How initial margin rises with size. Notional is in quote units, size in base units.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Tier {
    /// A rate per bracket of notional, as income tax is levied.
    Brackets {
        /// In order of `from`, the first from 0, rates never falling.
        brackets: Vec<Bracket>,
        /// Maintenance over initial margin, above 0 to 0.8.
        maintenance: f64,
    },
    /// Rises with the square root of size.
    Root {
        /// Rate of a small position.
        weight: f64,
        /// Per square root of a base unit.
        factor: f64,
        /// Maintenance over initial margin.
        maintenance: f64,
    },
    /// Rises with the share of a market's skew scale.
    Skew {
        /// Rate of a small position.
        weight: f64,
        /// Added to the rate at the skew scale.
        ratio: f64,
        /// Size, base units.
        scale: f64,
        /// Maintenance over initial margin.
        maintenance: f64,
    },
    /// The same for every size, and rising with the market's open interest.
    OpenInterest {
        /// Rate up to `lower`.
        weight: f64,
        /// Open interest, quote units, from which the rate rises.
        lower: f64,
        /// Open interest at which all of the notional is asked.
        upper: f64,
        /// Maintenance over initial margin.
        maintenance: f64,
    },
}

impl Tier {
    /// Whether the schedule is continuous and monotone with these numbers.
    ///
    /// # Errors
    /// The first setting that is not.
    pub fn check(&self) -> Result<(), Error> {
        let want = |key, ok: bool, got: f64, want| {
            if ok { Ok(()) } else { Err(Error::Policy { key, got: got.to_string(), want }) }
        };
        let fraction = |key, x: f64| want(key, x > 0.0 && x <= 1.0, x, "above 0 to 1");
        let share = |x: f64| want("tier.maintenance", x > 0.0 && x <= 0.8, x, "above 0 to 0.8");
        let rises = |key, x: f64| want(key, x >= 0.0 && x.is_finite(), x, "0 or more");
        match self {
            Tier::Brackets { brackets, maintenance } => {
                // Without a bracket the first would begin nowhere.
                let first = brackets.first().map_or(f64::INFINITY, |b| b.from);
                want("tier.brackets.from", first == 0.0, first, "a first bracket, from 0")?;
                for b in brackets {
                    fraction("tier.brackets.initial", b.initial)?;
                }
                for pair in brackets.windows(2) {
                    let rising = pair[0].from < pair[1].from && pair[1].from.is_finite();
                    want("tier.brackets.from", rising, pair[1].from, "more than the bracket before")?;
                    let dearer = pair[0].initial <= pair[1].initial;
                    want("tier.brackets.initial", dearer, pair[1].initial, "no less than the bracket before")?;
                }
                share(*maintenance)
            }
            Tier::Root { weight, factor, maintenance } => {
                fraction("tier.weight", *weight)?;
                rises("tier.factor", *factor)?;
                share(*maintenance)
            }
            Tier::Skew { weight, ratio, scale, maintenance } => {
                fraction("tier.weight", *weight)?;
                rises("tier.ratio", *ratio)?;
                want("tier.scale", *scale > 0.0 && scale.is_finite(), *scale, "above 0")?;
                share(*maintenance)
            }
            Tier::OpenInterest { weight, lower, upper, maintenance } => {
                fraction("tier.weight", *weight)?;
                want("tier.lower", *lower >= 0.0, *lower, "0 or more")?;
                want("tier.upper", *upper > *lower && upper.is_finite(), *upper, "more than lower")?;
                share(*maintenance)
            }
        }
    }

    /// Initial margin of a position of `size` base units at a price, quote units; `open_interest` of
    /// the market in quote units. Long and short alike.
    pub fn initial(&self, size: f64, price: f64, open_interest: f64) -> f64 {
        let (size, notional) = (size.abs(), (size * price).abs());
        match self {
            Tier::Brackets { brackets, .. } => {
                // What lies in each bracket at its rate: the same as `n r_k - d_k`.
                let ends = brackets.iter().skip(1).map(|b| b.from).chain([f64::INFINITY]);
                let part = |(b, end): (&Bracket, f64)| b.initial * (notional.min(end) - b.from).max(0.0);
                brackets.iter().zip(ends).map(part).sum()
            }
            Tier::Root { weight, factor, .. } => notional * root_rate(*weight, *factor, size),
            Tier::Skew { weight, ratio, scale, .. } => notional * (weight + ratio * size / scale),
            Tier::OpenInterest { weight, lower, upper, .. } => {
                notional * open_interest_rate(*weight, *lower, *upper, open_interest)
            }
        }
    }

    /// Maintenance margin: a fixed share of initial margin, so the two never cross.
    pub fn maintenance(&self, size: f64, price: f64, open_interest: f64) -> f64 {
        let share = match self {
            Tier::Brackets { maintenance, .. }
            | Tier::Root { maintenance, .. }
            | Tier::Skew { maintenance, .. }
            | Tier::OpenInterest { maintenance, .. } => *maintenance,
        };
        share * self.initial(size, price, open_interest)
    }
}

/// `max(w, 0.8 w + f sqrt(size))`.
pub fn root_rate(weight: f64, factor: f64, size: f64) -> f64 {
    weight.max(0.8 * weight + factor * size.abs().sqrt())
}

/// Mango's weight of an asset: `weight min(1, from / deposits)`, so that deposits beyond `from` count
/// no more.
pub fn scaled_weight(weight: f64, from: f64, deposits: f64) -> f64 {
    if deposits <= from { weight } else { weight * (from.max(0.0) / deposits) }
}

/// Its counterpart for what is owed: `weight max(1, borrows / from)`.
pub fn scaled_liability(weight: f64, from: f64, borrows: f64) -> f64 {
    if borrows <= from { weight } else { weight * (borrows / from.max(f64::MIN_POSITIVE)) }
}
