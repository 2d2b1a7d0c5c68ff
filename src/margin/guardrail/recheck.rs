//! The check after clamping: a set of values is applied whole or not at all.
//!
//! Limits act on one value at a time; what a consumer derives from several of them can then be
//! wrong although each value is within its limit. So what follows from the clamped set is worked
//! out again and held against what was wanted and against what is true now.

/// Something derived from a set of values, before and after clamping.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Derived {
    /// From the set in force.
    pub before: f64,
    /// From the set as it was wanted.
    pub wanted: f64,
    /// From the set after clamping and rounding.
    pub after: f64,
    /// What it should be close to now.
    pub live: f64,
    /// What rounding up may add, in its own unit.
    pub rounding: f64,
}

/// Why a set was rejected.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Deviation {
    /// Too far from what is true now: relative deviation.
    Live(f64),
    /// It moved away from what was wanted: change from before, as a fraction.
    AgainstIntent(f64),
    /// It is not a finite number.
    NonFinite,
}

impl Derived {
    /// Holds the derived value against intent and reality.
    ///
    /// # Errors
    /// It deviates from `live` by more than `tolerance` (a fraction; rounding up is allowed on
    /// top), or moved away from `wanted`.
    pub fn check(&self, tolerance: f64) -> Result<(), Deviation> {
        let (moved, meant) = (self.after - self.before, self.wanted - self.before);
        if !(moved.is_finite() && meant.is_finite() && self.live.is_finite()) {
            return Err(Deviation::NonFinite);
        }
        let off = self.after - self.live;
        let allowed = tolerance * self.live.abs();
        if off < -allowed || off > allowed + self.rounding {
            return Err(Deviation::Live(off / self.live));
        }
        let slack = tolerance * self.before.abs() + self.rounding;
        if moved * meant < 0.0 && moved.abs() > slack {
            return Err(Deviation::AgainstIntent(moved / self.before));
        }
        Ok(())
    }
}

/// How far one value of a set may move in one publication, as fractions of the value in force.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// Upwards; infinity for no limit.
    pub up: f64,
    /// Downwards; infinity for no limit.
    pub down: f64,
}

impl Limit {
    /// No limit.
    pub const NONE: Limit = Limit { up: f64::INFINITY, down: f64::INFINITY };

    /// `wanted`, as near as the limit lets it.
    pub fn clamp(&self, before: f64, wanted: f64) -> f64 {
        let size = before.abs();
        let hi = if self.up.is_finite() { before + self.up * size } else { f64::INFINITY };
        let lo = if self.down.is_finite() { before - self.down * size } else { f64::NEG_INFINITY };
        wanted.max(lo).min(hi)
    }
}

/// Clamps each value of a set and works out what `derive` makes of the result. Simulates a
/// consumer's own limits before anything is sent to it.
///
/// # Errors
/// What follows from the clamped set deviates from `live` by more than `tolerance` or moved
/// against intent; then no value may be applied.
pub fn clamp_set<const N: usize>(
    before: [f64; N],
    wanted: [f64; N],
    limits: [Limit; N],
    derive: impl Fn(&[f64; N]) -> f64,
    live: f64,
    tolerance: f64,
) -> Result<[f64; N], Deviation> {
    let clamped = std::array::from_fn(|i| limits[i].clamp(before[i], wanted[i]));
    let derived =
        Derived { before: derive(&before), wanted: derive(&wanted), after: derive(&clamped), live, rounding: 0.0 };
    derived.check(tolerance).map(|()| clamped)
}
