//! Which policies there are to search: a ladder of values for each setting, and a place on each.

use serde::{Deserialize, Serialize};

use super::policy::PolicyPoint;
use crate::base::Span;
use crate::margin::guardrail::policy::Mode;
use crate::margin::{Policy, PolicySettings};

/// Settings that are searched.
pub const AXES: usize = 11;

/// A place on every ladder.
pub type Place = [u8; AXES];

/// The values of every setting, smallest first.
///
/// | setting | values | in the first grid |
/// |---|---|---|
/// | `weight` | 0 to 1 by 0.1 | 0.4, 0.6, 0.8 |
/// | `level` | 0.8 to 1.2 by 0.05 | 1 |
/// | `stress_link` | 0 to 1 by 0.25 | 0, 1 |
/// | `up`, `down` | a quarter to ten times, a quarter to five times that which is usual for such rows | half, once, twice |
/// | `budget_day` | 5 to 100 %, none; rows of a day or more: none | 10, 25, 50 % |
/// | `budget_five_days` | 10 to 150 %, none | 20, 50 %, none |
/// | `dead_band` | 0 to 0.05 | 0, 0.02 |
/// | `confirmations` | 0 to 4 | 2 |
/// | `m_min` | lift-only: 1; managed-total: 0.5 to 1 by 0.1 | 0.5, 0.8 |
/// | `schedule` | 0, 1; rows of a day or more: 0 | the same |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ladders {
    rungs: Vec<Rungs>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Rungs {
    /// `None` is a budget that is not there.
    values: Vec<Option<f64>>,
    first: Vec<u8>,
}

impl Rungs {
    /// Of these values, the first grid at those nearest to `first`.
    fn of(values: &[f64], first: &[f64]) -> Rungs {
        let mut values: Vec<f64> = values.to_vec();
        values.dedup();
        let values: Vec<Option<f64>> = values.into_iter().map(Some).collect();
        let first = first.iter().map(|x| nearest(&values, Some(*x))).collect();
        Rungs { values, first }
    }
    /// With a budget that is not there as the largest, at which the first grid is too if `first`.
    fn or_none(mut self, first: bool) -> Rungs {
        let last = self.values.len() as u8;
        self.values.push(None);
        self.first.extend(first.then_some(last));
        self
    }
}

/// The place nearest to a value; of one that is not there the last, where the ladder has such a place.
fn nearest(values: &[Option<f64>], wanted: Option<f64>) -> u8 {
    let away = |v: &Option<f64>| match (v, wanted) {
        (None, None) => 0.0,
        (Some(v), Some(x)) => (v - x).abs(),
        _ => f64::INFINITY,
    };
    let best = values.iter().enumerate().map(|(i, v)| (i, away(v)));
    best.reduce(|a, b| if b.1 < a.1 { b } else { a }).map_or(0, |b| b.0 as u8)
}

/// From `low` to `high` in so many steps, in three digits.
fn steps(low: f64, high: f64, count: usize) -> Vec<f64> {
    let at = |i: usize| low + (high - low) * i as f64 / count as f64;
    (0..=count).map(|i| (1000.0 * at(i)).round() / 1000.0).collect()
}

/// Times of what is usual, in two digits, at most `most`.
fn times(usual: f64, factors: &[f64], most: f64) -> Vec<f64> {
    let rounded = |x: f64| format!("{x:.1e}").parse().unwrap_or(x);
    factors.iter().map(|f| f64::min(rounded(f * usual), most)).collect()
}

impl Ladders {
    /// For rows of a length, in the mode of today.
    pub fn new(today: &PolicySettings, row: Span) -> Ladders {
        let usual = Policy::default().of_rows(row).im;
        let (up, down) = (usual.up.unwrap_or(0.0), usual.down.unwrap_or(0.0));
        let day = Rungs::of(&[0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0], &[0.1, 0.25, 0.5]);
        let none = Rungs { values: vec![None], first: vec![0] };
        let m_min = match today.guardrail.mode {
            Mode::LiftOnly => Rungs::of(&[1.0], &[1.0]),
            Mode::ManagedTotal => Rungs::of(&steps(0.5, 1.0, 5), &[0.5, 0.8]),
        };
        let rungs = vec![
            Rungs::of(&steps(0.0, 1.0, 10), &[0.4, 0.6, 0.8]),
            Rungs::of(&steps(0.8, 1.2, 8), &[1.0]),
            Rungs::of(&steps(0.0, 1.0, 4), &[0.0, 1.0]),
            Rungs::of(
                &times(up, &[0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0], 1.0),
                &times(up, &[0.5, 1.0, 2.0], 1.0),
            ),
            Rungs::of(
                &times(down, &[0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0], 0.5),
                &times(down, &[0.5, 1.0, 2.0], 0.5),
            ),
            if row < Span::DAY { day.or_none(false) } else { none },
            Rungs::of(&[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.5], &[0.2, 0.5]).or_none(true),
            Rungs::of(&[0.0, 0.005, 0.01, 0.02, 0.03, 0.05], &[0.0, 0.02]),
            Rungs::of(&[0.0, 1.0, 2.0, 3.0, 4.0], &[2.0]),
            m_min,
            if row < Span::DAY { Rungs::of(&[0.0, 1.0], &[0.0, 1.0]) } else { Rungs::of(&[0.0], &[0.0]) },
        ];
        Ladders { rungs }
    }

    /// The policy at a place.
    pub fn policy(&self, place: &Place) -> PolicyPoint {
        let at = |axis: usize| self.rungs[axis].values.get(usize::from(place[axis])).copied().flatten();
        let number = |axis: usize| at(axis).unwrap_or(0.0);
        PolicyPoint {
            weight: number(0),
            level: number(1),
            stress_link: number(2),
            up: number(3),
            down: number(4),
            budget_day: at(5),
            budget_five_days: at(6),
            dead_band: number(7),
            confirmations: number(8) as u32,
            m_min: number(9),
            schedule: number(10) > 0.5,
        }
    }

    /// Every place of the first grid, in order.
    pub fn grid(&self) -> Vec<Place> {
        let mut all: Vec<Place> = vec![[0; AXES]];
        for (axis, rungs) in self.rungs.iter().enumerate() {
            let mut first = rungs.first.clone();
            first.dedup();
            let at = |place: &Place, k: u8| {
                let mut place = *place;
                place[axis] = k;
                place
            };
            all = all.iter().flat_map(|place| first.iter().map(move |k| at(place, *k))).collect();
        }
        all
    }

    /// How many places a ladder has.
    pub fn height(&self, axis: usize) -> u8 {
        self.rungs[axis].values.len() as u8
    }
}
