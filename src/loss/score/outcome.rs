//! What became of a margin: breaches and shortfall on one side, cost and procyclicality on the
//! other, and the same baseline at the same average cost beside it.

use serde::{Deserialize, Serialize};

use super::loss_function::pinball;
use crate::base::stats;
use crate::loss::procyclical::rises::{beyond, change_sd, largest, rises};
use crate::loss::test::coverage;
use crate::loss::test::dynamic_quantile::dynamic_quantile;

/// The outcome of a series of requirements against the losses that followed, both fractions of
/// notional. Absent numbers need more observations than there were.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarginOutcome {
    /// Observations.
    pub n: usize,
    /// Losses strictly above the requirement.
    pub breaches: usize,
    /// Their share.
    pub breach_rate: f64,
    /// Sum of what breaches left uncovered.
    pub shortfall_sum: f64,
    /// The largest uncovered loss; 0 without breaches.
    pub worst_miss: f64,
    /// Average requirement: the cost.
    pub average: f64,
    /// Kupiec p-value at 1 %.
    pub kupiec_p: f64,
    /// Conditional coverage p-value at 1 %; absent over several instruments.
    pub cc_p: Option<f64>,
    /// Dynamic quantile statistic at 1 % with four lags; absent over several instruments and with fewer
    /// than three breaches.
    #[serde(default)]
    pub dq: Option<f64>,
    /// Its p-value.
    #[serde(default)]
    pub dq_p: Option<f64>,
    /// Mean pinball (tick) loss of the requirement at 99 %.
    #[serde(default)]
    pub pinball: f64,
    /// Largest over smallest requirement.
    pub peak_to_trough: f64,
    /// 95th over 5th percentile of the requirement (type 7).
    pub p95_over_p5: f64,
    /// Largest relative rise over one step.
    pub rise_1: Option<f64>,
    /// Over five steps.
    pub rise_5: Option<f64>,
    /// Over twenty steps.
    pub rise_20: Option<f64>,
    /// Mean of the relative five-step rises beyond their 99 % order statistic.
    pub rise_5_es99: Option<f64>,
    /// Standard deviation of log changes.
    pub change_sd: Option<f64>,
}

/// Tail probability that margins are set for.
const MISS: f64 = 0.01;
/// Past breaches that the dynamic quantile test looks at.
const DQ_LAGS: usize = 4;

/// Outcome of requirements `c` against the losses that followed each. Pairs with a number that is
/// not finite, or a requirement that is not positive, are left out. `None` when nothing is left.
pub fn outcome(c: &[f64], losses: &[f64]) -> Option<MarginOutcome> {
    let sound = |(c, l): &(&f64, &f64)| c.is_finite() && **c > 0.0 && l.is_finite();
    let (c, losses): (Vec<f64>, Vec<f64>) = c.iter().zip(losses).filter(sound).unzip();
    let n = c.len();
    if n == 0 {
        return None;
    }
    let misses: Vec<f64> = c.iter().zip(&losses).map(|(c, l)| l - c).collect();
    let hits: Vec<bool> = misses.iter().map(|m| *m > 0.0).collect();
    let covered = coverage::coverage(&hits, MISS)?;
    let dynamic = dynamic_quantile(&hits, &c, MISS, DQ_LAGS);
    let uncovered = misses.iter().filter(|m| **m > 0.0);
    let sorted = stats::sorted(&c);
    let five = rises(&c, 5);
    Some(MarginOutcome {
        n,
        breaches: covered.breaches,
        breach_rate: covered.breaches as f64 / n as f64,
        shortfall_sum: uncovered.clone().sum(),
        worst_miss: uncovered.fold(0.0, |a: f64, b| a.max(*b)),
        average: stats::mean(&c),
        kupiec_p: covered.kupiec.p,
        cc_p: Some(covered.conditional.p),
        dq: dynamic.map(|d| d.test.statistic),
        dq_p: dynamic.map(|d| d.test.p),
        pinball: c.iter().zip(&losses).map(|(c, l)| pinball(*l, *c, 1.0 - MISS)).sum::<f64>() / n as f64,
        peak_to_trough: sorted[n - 1] / sorted[0],
        p95_over_p5: stats::quantile(&sorted, 0.95) / stats::quantile(&sorted, 0.05),
        rise_1: largest(&rises(&c, 1)),
        rise_5: largest(&five),
        rise_20: largest(&rises(&c, 20)),
        rise_5_es99: beyond(&five, 0.99),
        change_sd: change_sd(&c),
    })
}

/// The control of equal cost: the baseline times the constant that gives it the average of `c`,
/// which is what any multiplier must beat. Returns the constant and its series. `None` without a
/// positive average.
pub fn equal_cost_control(c: &[f64], baseline: &[f64]) -> Option<(f64, Vec<f64>)> {
    let sound = |(c, b): &(&f64, &f64)| c.is_finite() && b.is_finite();
    let (cost, base): (Vec<f64>, Vec<f64>) = c.iter().zip(baseline).filter(sound).unzip();
    let constant = stats::mean(&cost) / stats::mean(&base);
    (constant.is_finite() && constant > 0.0).then(|| (constant, baseline.iter().map(|b| b * constant).collect()))
}

/// A margin and its control of equal cost, always side by side.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compared {
    /// The margin that was asked.
    pub margin: MarginOutcome,
    /// The baseline alone.
    pub baseline: MarginOutcome,
    /// The baseline times `constant`.
    pub control: MarginOutcome,
    /// Average margin over average baseline.
    pub constant: f64,
}

/// Margin, baseline and control against the same losses. `None` when nothing is left of them.
pub fn compare(c: &[f64], baseline: &[f64], losses: &[f64]) -> Option<Compared> {
    let sound = |i: &usize| c[*i].is_finite() && baseline[*i].is_finite() && losses[*i].is_finite();
    let rows: Vec<usize> = (0..c.len().min(baseline.len()).min(losses.len())).filter(sound).collect();
    let of = |x: &[f64]| rows.iter().map(|i| x[*i]).collect::<Vec<f64>>();
    let (c, b, l) = (of(c), of(baseline), of(losses));
    let (constant, control) = equal_cost_control(&c, &b)?;
    Some(Compared { margin: outcome(&c, &l)?, baseline: outcome(&b, &l)?, control: outcome(&control, &l)?, constant })
}

impl MarginOutcome {
    /// Several instruments as one line: counts and shortfalls add, the average is over all
    /// observations, rises, misses and swings are the largest of any instrument. Tests of coverage
    /// are on the pooled count alone, since breaches of instruments come together.
    pub fn pooled(all: &[MarginOutcome]) -> Option<MarginOutcome> {
        let n: usize = all.iter().map(|o| o.n).sum();
        let breaches: usize = all.iter().map(|o| o.breaches).sum();
        let most = |f: fn(&MarginOutcome) -> Option<f64>| all.iter().filter_map(f).reduce(f64::max);
        (n > 0).then(|| MarginOutcome {
            n,
            breaches,
            breach_rate: breaches as f64 / n as f64,
            shortfall_sum: all.iter().map(|o| o.shortfall_sum).sum(),
            worst_miss: all.iter().map(|o| o.worst_miss).fold(0.0, f64::max),
            average: all.iter().map(|o| o.average * o.n as f64).sum::<f64>() / n as f64,
            kupiec_p: coverage::kupiec(n, breaches, MISS).map_or(1.0, |t| t.p),
            cc_p: None,
            dq: None,
            dq_p: None,
            pinball: all.iter().map(|o| o.pinball * o.n as f64).sum::<f64>() / n as f64,
            peak_to_trough: all.iter().map(|o| o.peak_to_trough).fold(0.0, f64::max),
            p95_over_p5: all.iter().map(|o| o.p95_over_p5).fold(0.0, f64::max),
            rise_1: most(|o| o.rise_1),
            rise_5: most(|o| o.rise_5),
            rise_20: most(|o| o.rise_20),
            rise_5_es99: most(|o| o.rise_5_es99),
            change_sd: most(|o| o.change_sd),
        })
    }
}

impl Compared {
    /// Several instruments as one line; each keeps its own constant, and the line shows that of the
    /// averages.
    pub fn pooled(all: &[Compared]) -> Option<Compared> {
        let of = |f: fn(&Compared) -> MarginOutcome| MarginOutcome::pooled(&all.iter().map(f).collect::<Vec<_>>());
        let (margin, baseline, control) = (of(|c| c.margin)?, of(|c| c.baseline)?, of(|c| c.control)?);
        Some(Compared { margin, baseline, control, constant: margin.average / baseline.average })
    }
}
