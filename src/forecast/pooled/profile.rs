//! The drift reference of a trained model: what its inputs looked like in training, and how far
//! other rows are from that.
//!
//! Of each input the nine inner deciles of the training rows and the share of rows between them;
//! the population stability index of other rows is `sum (a - e) ln(a / e)` over the ten bins, e the
//! share in training and a the share now, shares below 1e-4 counted as that.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::input::{INPUTS, Input, inputs, unit};
use crate::base::{Span, Ts, stats};
use crate::feature::Row;
use crate::forecast::Panel;

/// Least share that enters the index.
const SHARE_MIN: f64 = 1e-4;
/// Least number of rows that a profile or a comparison is made from.
const ROWS_MIN: usize = 100;

/// Deciles of one input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deciles {
    /// Name of the input.
    pub name: String,
    /// Rows that have it.
    pub n: usize,
    /// Inner edges, ascending; equal ones are one, so that there may be fewer than nine.
    pub edges: Vec<f64>,
    /// Share of rows at or below each edge and above the one before, then above the last.
    pub shares: Vec<f64>,
}

/// Deciles of every input that training rows had.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// In the order of the inputs.
    pub inputs: Vec<Deciles>,
}

/// The population stability index of shares `now` against shares `then`, of the same bins.
fn stability_index(then: &[f64], now: &[f64]) -> f64 {
    let term = |(e, a): (&f64, &f64)| {
        let (e, a) = (e.max(SHARE_MIN), a.max(SHARE_MIN));
        (a - e) * (a / e).ln()
    };
    then.iter().zip(now).map(term).sum()
}

fn shares(edges: &[f64], values: &[f64]) -> Vec<f64> {
    let mut counts = vec![0usize; edges.len() + 1];
    values.iter().for_each(|v| counts[edges.partition_point(|e| e < v)] += 1);
    counts.into_iter().map(|c| c as f64 / values.len().max(1) as f64).collect()
}

/// Values of every input over rows, absent ones left out.
fn columns<'a>(rows: impl Iterator<Item = &'a Row>) -> Vec<Vec<f64>> {
    let mut columns = vec![Vec::new(); INPUTS.len()];
    for row in rows {
        let Some(unit) = unit(row) else { continue };
        for (column, value) in columns.iter_mut().zip(inputs(row, unit)) {
            column.extend(Some(value).filter(|v| v.is_finite()));
        }
    }
    columns
}

impl Profile {
    /// Of a panel's rows. Inputs with fewer than a hundred rows have no deciles.
    pub fn of(panel: &Panel) -> Profile {
        let rows = panel.symbols().flat_map(|s| panel.rows(s).iter());
        let one = |(input, values): (&Input, Vec<f64>)| {
            let sorted = stats::sorted(&values);
            let mut edges: Vec<f64> = (1..10).map(|k| stats::quantile(&sorted, f64::from(k) / 10.0)).collect();
            edges.dedup();
            let shares = shares(&edges, &values);
            Deciles { name: input.name.into(), n: values.len(), edges, shares }
        };
        let columns = columns(rows);
        let inputs = INPUTS.iter().zip(columns).filter(|(_, v)| v.len() >= ROWS_MIN).map(one).collect();
        Profile { inputs }
    }
    /// The stability index of each input over the last stretch of a panel, `length` long, and the
    /// largest over any earlier stretch of that length: inputs that move slowly are always somewhere
    /// else for a while. Stretches with fewer than a hundred rows of an input are left out.
    pub fn drift(&self, panel: &Panel, length: Span) -> Vec<Drift> {
        let rows = || panel.symbols().flat_map(|s| panel.rows(s).iter());
        let last = rows().map(|r| r.ts).max().unwrap_or(Ts(0));
        let mut stretches: BTreeMap<i64, Vec<&Row>> = BTreeMap::new();
        for row in rows() {
            stretches.entry((last - row.ts).0 / length.0.max(1)).or_default().push(row);
        }
        let columns: Vec<(i64, Vec<Vec<f64>>)> =
            stretches.into_iter().map(|(k, rows)| (k, columns(rows.into_iter()))).collect();
        let one = |d: &Deciles| {
            let i = INPUTS.iter().position(|i| i.name == d.name)?;
            let index = |values: &[f64]| stability_index(&d.shares, &shares(&d.edges, values));
            let (mut now, mut usual) = (None, 0.0f64);
            for (k, values) in columns.iter().map(|c| (c.0, &c.1[i])).filter(|c| c.1.len() >= ROWS_MIN) {
                match k {
                    0 => now = Some(index(values)),
                    _ => usual = usual.max(index(values)),
                }
            }
            now.map(|index| Drift { input: d.name.clone(), index, usual })
        };
        self.inputs.iter().filter_map(one).collect()
    }
}

/// How far one input is from what it was in training.
#[derive(Clone, Debug, PartialEq)]
pub struct Drift {
    /// Name of the input.
    pub input: String,
    /// Stability index of the last stretch.
    pub index: f64,
    /// Largest of any stretch of that length before it; 0 where there is none.
    pub usual: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_equals_numbers_worked_by_hand() {
        // Deciles of a standard normal against a normal shifted by 0.3 and by 0.305, and against one
        // of standard deviation 1.25: scipy 1.x, sum of (a - e) ln(a / e).
        let edges: Vec<f64> = (1..10).map(|k| stats::normal_quantile(f64::from(k) / 10.0)).collect();
        let now = |shift: f64, sd: f64| -> Vec<f64> {
            let mut at = vec![0.0];
            at.extend(edges.iter().map(|e| stats::normal_cdf((e - shift) / sd)));
            at.push(1.0);
            at.windows(2).map(|w| w[1] - w[0]).collect()
        };
        for (shift, sd, want) in
            [(0.3, 1.0, 0.086_055_045_8), (0.305, 1.0, 0.088_938_413_5), (0.0, 1.25, 0.063_755_403_9)]
        {
            assert!((stability_index(&[0.1; 10], &now(shift, sd)) - want).abs() < 1e-7, "{shift} {sd}");
        }
        assert_eq!(stability_index(&[0.1; 10], &[0.1; 10]), 0.0);
        // Half and half against nine to one: (0.4) ln(9 / 5) + (-0.4) ln(1 / 5).
        let want = 0.4 * (9.0f64 / 5.0).ln() - 0.4 * (1.0f64 / 5.0).ln();
        assert!((stability_index(&[0.5, 0.5], &[0.9, 0.1]) - want).abs() < 1e-12);
        assert!(stability_index(&[0.5, 0.5], &[1.0, 0.0]).is_finite());
    }

    #[test]
    fn bins_hold_what_lies_at_or_below_their_edge() {
        assert_eq!(shares(&[1.0, 2.0], &[0.0, 1.0, 1.5, 2.0, 3.0]), [0.4, 0.4, 0.2]);
    }
}
