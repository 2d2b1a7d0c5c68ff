//! Volatility regimes, ordered from calm to stress.

use serde::{Deserialize, Serialize};

/// Filtered probabilities of the four regimes for the next period; they sum to one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Regime {
    /// Lowest volatility.
    pub calm: f64,
    /// Second.
    pub normal: f64,
    /// Third.
    pub elevated: f64,
    /// Highest volatility.
    pub stress: f64,
}

/// A regime's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Label {
    Calm,
    Normal,
    Elevated,
    Stress,
}

impl Regime {
    /// From probabilities in order of volatility.
    pub fn of(p: [f64; 4]) -> Regime {
        Regime { calm: p[0], normal: p[1], elevated: p[2], stress: p[3] }
    }
    /// From the probabilities of two to four states in order of volatility: the lowest is calm, the
    /// highest stress, a third normal, a fourth elevated.
    pub fn of_states(p: &[f64]) -> Regime {
        Regime::of(spread(p))
    }
    /// In order of volatility.
    pub fn probs(&self) -> [f64; 4] {
        [self.calm, self.normal, self.elevated, self.stress]
    }
    /// The most probable regime; the more volatile one on a tie.
    pub fn label(&self) -> Label {
        let labels = [Label::Calm, Label::Normal, Label::Elevated, Label::Stress];
        let mut best = 0;
        for (i, p) in self.probs().iter().enumerate() {
            if *p >= self.probs()[best] {
                best = i;
            }
        }
        labels[best]
    }
}

/// Probabilities of two to four states in order of volatility, in the places of the four regimes.
fn spread(p: &[f64]) -> [f64; 4] {
    let places: &[usize] = match p.len() {
        2 => &[0, 3],
        3 => &[0, 1, 3],
        _ => &[0, 1, 2, 3],
    };
    let mut all = [0.0; 4];
    places.iter().zip(p).for_each(|(i, p)| all[*i] = *p);
    all
}

/// How long the regime has lasted and is expected to last.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dwell {
    /// Filtered probabilities at the last row, in order of volatility.
    pub now: [f64; 4],
    /// Rows since the most probable of them last changed, 1 in its first row.
    pub rows: u32,
    /// Rows that the most probable regime is expected to last, this one included: 1/(1 - p) with p
    /// its probability of staying.
    pub expected_rows: f64,
}

/// Counts the rows of the most probable state.
#[derive(Clone, Debug, Default)]
pub(super) struct Tenure {
    state: Option<usize>,
    rows: u32,
}

impl Tenure {
    /// Takes the filtered probabilities of a row.
    pub fn push(&mut self, now: &[f64]) {
        let state = (0..now.len()).fold(0, |best, i| if now[i] >= now[best] { i } else { best });
        self.rows = if self.state == Some(state) { self.rows.saturating_add(1) } else { 1 };
        self.state = Some(state);
    }
    /// The dwell, given the probabilities last taken and the transitions; `None` before any.
    pub fn dwell(&self, now: &[f64], trans: &[Vec<f64>]) -> Option<Dwell> {
        let stay = trans.get(self.state?)?.get(self.state?)?;
        // A state that is never left is expected to last for as long as can be counted.
        let expected_rows = 1.0 / (1.0 - stay).max(f64::from(u32::MAX).recip());
        Some(Dwell { now: spread(now), rows: self.rows, expected_rows })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_states_are_the_ends_of_the_scale() {
        assert_eq!(Regime::of_states(&[0.3, 0.7]).probs(), [0.3, 0.0, 0.0, 0.7]);
        assert_eq!(Regime::of_states(&[0.2, 0.3, 0.5]).probs(), [0.2, 0.3, 0.0, 0.5]);
        assert_eq!(Regime::of_states(&[0.1, 0.2, 0.3, 0.4]).label(), Label::Stress);
    }

    #[test]
    fn tenure_counts_from_the_last_change_of_the_likeliest_state() {
        let trans = vec![vec![0.9, 0.1], vec![0.25, 0.75]];
        let mut tenure = Tenure::default();
        assert_eq!(tenure.dwell(&[1.0, 0.0], &trans), None);
        let rows = [[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.3, 0.7], [0.4, 0.6]].map(|now| {
            tenure.push(&now);
            tenure.dwell(&now, &trans).unwrap()
        });
        assert_eq!(rows.map(|d| d.rows), [1, 2, 1, 2, 3]);
        assert!((rows[0].expected_rows - 10.0).abs() < 1e-9 && (rows[4].expected_rows - 4.0).abs() < 1e-9);
        assert_eq!(rows[4].now, [0.4, 0.0, 0.0, 0.6]);
    }
}
