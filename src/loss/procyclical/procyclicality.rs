//! How far and how fast a requirement moved, in time and not in rows: the measures of Murphy, Vasios
//! and Vause (2014).

use serde::{Deserialize, Serialize};

use super::rises::{beyond, change_sd};
use crate::base::{Span, Ts, stats};

/// Calls over one length of time: how much more is asked for the same portfolio.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// Over how long.
    pub over: Span,
    /// Pairs of requirements that far apart.
    pub n: usize,
    /// Largest relative rise, `max C_{t+n} / C_t - 1`.
    pub largest: f64,
    /// Largest rise, fraction of notional: the largest call on a fixed portfolio.
    pub amount: f64,
    /// Mean of the relative rises beyond their 99 % order statistic.
    pub es99: f64,
    /// Share of the pairs with a relative rise above 10 %.
    pub above_10: f64,
    /// Above 25 %.
    pub above_25: f64,
}

/// Measures of one series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Procyclicality {
    /// Largest over smallest requirement.
    pub peak_to_trough: f64,
    /// 95th over 5th percentile (type 7).
    pub p95_over_p5: f64,
    /// Standard deviation of log changes from one requirement to the next.
    pub change_sd: Option<f64>,
    /// By length of time.
    pub calls: Vec<Call>,
}

/// Measures of requirements `c` in force from `ts` on, both in order of time. A call wants a
/// requirement exactly so much later. `None` without requirements, or with one that is not positive.
pub fn procyclicality(ts: &[Ts], c: &[f64], over: &[Span]) -> Option<Procyclicality> {
    let sorted = stats::sorted(c);
    let (least, most) = (*sorted.first()?, *sorted.last()?);
    if !(least > 0.0 && most.is_finite()) || ts.len() != c.len() {
        return None;
    }
    Some(Procyclicality {
        peak_to_trough: most / least,
        p95_over_p5: stats::quantile(&sorted, 0.95) / stats::quantile(&sorted, 0.05),
        change_sd: change_sd(c),
        calls: over.iter().filter_map(|span| call(ts, c, *span)).collect(),
    })
}

fn call(ts: &[Ts], c: &[f64], over: Span) -> Option<Call> {
    let mut later = 0;
    let (mut rises, mut amount) = (Vec::new(), f64::NEG_INFINITY);
    for (i, start) in ts.iter().enumerate() {
        let end = *start + over;
        while later < ts.len() && ts[later] < end {
            later += 1;
        }
        if ts.get(later) == Some(&end) {
            rises.push(c[later] / c[i] - 1.0);
            amount = amount.max(c[later] - c[i]);
        }
    }
    let n = rises.len();
    let above = |limit: f64| rises.iter().filter(|r| **r > limit).count() as f64 / n as f64;
    Some(Call {
        over,
        n,
        largest: rises.iter().copied().reduce(f64::max)?,
        amount,
        es99: beyond(&rises, 0.99)?,
        above_10: above(0.10),
        above_25: above(0.25),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_wants_a_requirement_exactly_so_much_later() {
        let at = |d: i64| Ts(0) + Span::DAY.times(d);
        let ts = [0, 1, 2, 5, 6].map(at);
        let got =
            procyclicality(&ts, &[1.0, 1.2, 1.1, 2.0, 1.0], &[Span::DAY, Span::DAY.times(5), Span::HOUR]).unwrap();
        assert_eq!(got.calls.len(), 2, "nothing is an hour apart");
        assert_eq!((got.calls[0].n, got.calls[1].n), (3, 2));
        assert!((got.calls[0].largest - 0.2).abs() < 1e-12 && (got.calls[1].amount - 1.0).abs() < 1e-12);
        assert_eq!((got.calls[0].above_10, got.calls[1].above_25), (1.0 / 3.0, 0.5));
        assert_eq!(procyclicality(&ts, &[1.0, 1.2, 0.0, 2.0, 1.0], &[]), None);
    }
}
