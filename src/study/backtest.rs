//! Backtests of margins as a regulator would run them: coverage on outcomes that do not overlap, each
//! side for itself, expected shortfall, joint scores, and what the traffic light asks for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::asked::{Asked, Requirements, names, sides};
use super::plan::Plan;
use super::scores::POOLED;
use crate::base::{Horizon, stats};
use crate::loss::test::coverage::{conditional_over, coverage_of, independence, kupiec_over, transitions};
use crate::loss::test::dynamic_quantile::dynamic_quantile;
use crate::loss::test::overlap::{Overlap, thinned};
use crate::loss::test::shortfall::{Draws, Null, critical_values, z1, z2};
use crate::loss::test::traffic_light::{Action, Light, plus_factor, traffic_light};
use crate::loss::{Side, score};

/// Nominal breach rate of a margin.
pub const MISS: f64 = 0.01;
/// Lags of the dynamic quantile test.
const LAGS: usize = 4;
/// Losses under the hypothesis that VaR and ES are right.
const NULL: Null = Null::Student(5.0);
/// Samples of the bound on breaches of overlapping outcomes; it is a 95 % quantile.
const OVERLAP_SAMPLES: usize = 2000;

/// The backtest of one policy on one side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backtest {
    /// How far ahead.
    pub horizon: Horizon,
    /// Instrument, or [`POOLED`].
    pub symbol: String,
    /// What was asked, as in the margin scores.
    pub policy: String,
    /// Whose losses.
    pub side: Side,
    /// Outcomes that do not overlap.
    pub n: usize,
    /// Breaches among them.
    pub breaches: usize,
    /// Pairs of outcomes that follow each other, breach before and after; not stored.
    #[serde(skip)]
    pub transitions: [[usize; 2]; 2],
    /// Kupiec, two-sided.
    pub kupiec_p: f64,
    /// Kupiec against too many breaches alone.
    pub kupiec_over_p: f64,
    /// Christoffersen's independence.
    pub independence_p: f64,
    /// Conditional coverage.
    pub cc_p: f64,
    /// Conditional coverage in which too few breaches are no fault.
    pub cc_over_p: f64,
    /// Dynamic quantile statistic; one instrument.
    pub dq: Option<f64>,
    /// Its p-value.
    pub dq_p: Option<f64>,
    /// Zone of the traffic light.
    pub light: Light,
    /// What is added to a capital multiplier of 1.5.
    pub plus: f64,
    /// What the zone asks for.
    pub action: Action,
    /// Acerbi and Szekely's first statistic.
    pub z1: Option<f64>,
    /// Their second.
    pub z2: Option<f64>,
    /// Below this it is rejected at 5 %.
    pub z2_critical: Option<f64>,
    /// Mean FZ0 of the requirement and its ES.
    pub fz0: Option<f64>,
    /// Mean tick loss, fraction of notional.
    pub pinball: f64,
    /// All outcomes, overlapping as they are.
    pub overlapping: usize,
    /// Breaches among them.
    pub overlapping_breaches: usize,
    /// The most of them that is still green where outcomes overlap so; one instrument.
    pub overlapping_green: Option<usize>,
}

/// What is counted of one instrument before it is pooled.
#[derive(Clone, Default)]
struct Counts {
    losses: Vec<f64>,
    requirement: Vec<f64>,
    shortfall: Vec<f64>,
    pairs: [[usize; 2]; 2],
    overlapping: usize,
    overlapping_breaches: usize,
}

/// Backtests of every policy, by horizon; the pooled lines first.
pub fn backtests(plan: &Plan, asked: &[Asked<'_>]) -> Vec<Backtest> {
    let mut tables = Tables { plan, z2: BTreeMap::new(), green: BTreeMap::new() };
    let mut lines = Vec::new();
    for (ahead, horizon) in plan.horizons() {
        let (mut pooled, mut own) = (Vec::new(), Vec::new());
        let here: Vec<(&Asked<'_>, Requirements)> =
            asked.iter().filter(|a| a.horizon == horizon).map(|a| (a, a.policies())).collect();
        for policy in names() {
            for side in sides(plan.road.margin.baseline.side) {
                let mut all = Counts::default();
                for (a, c) in here.iter().filter_map(|(a, p)| Some((a, &p.iter().find(|p| p.0 == policy)?.1))) {
                    let counts = Counts::of(a, c, side);
                    all.add(&counts);
                    let symbol = a.symbol.to_string();
                    own.extend(tables.line(Backtest::empty(horizon, symbol, &policy, side), counts, Some(ahead)));
                }
                pooled.extend(tables.line(Backtest::empty(horizon, POOLED.into(), &policy, side), all, None));
            }
        }
        lines.extend(pooled);
        lines.extend(own);
    }
    lines
}

impl Counts {
    fn of(asked: &Asked<'_>, c: &[f64], side: Side) -> Counts {
        let (losses, es) = (asked.losses(side), asked.shortfall(c));
        let kept = thinned(&asked.ts(), asked.horizon);
        let of = |x: &[f64]| kept.iter().map(|i| x[*i]).collect::<Vec<f64>>();
        let hits: Vec<bool> = kept.iter().map(|i| losses[*i] > c[*i]).collect();
        Counts {
            pairs: transitions(&hits),
            overlapping: c.len(),
            overlapping_breaches: c.iter().zip(&losses).filter(|(c, l)| l > c).count(),
            losses: of(&losses),
            requirement: of(c),
            shortfall: of(&es),
        }
    }
    fn add(&mut self, other: &Counts) {
        self.losses.extend(&other.losses);
        self.requirement.extend(&other.requirement);
        self.shortfall.extend(&other.shortfall);
        (0..2).for_each(|i| (0..2).for_each(|j| self.pairs[i][j] += other.pairs[i][j]));
        self.overlapping += other.overlapping;
        self.overlapping_breaches += other.overlapping_breaches;
    }
    fn hits(&self) -> Vec<bool> {
        self.losses.iter().zip(&self.requirement).map(|(l, c)| l > c).collect()
    }
    /// Mean FZ0 of returns of the side; needs an ES beyond the requirement.
    fn fz0(&self) -> Option<f64> {
        let rows = self.losses.iter().zip(&self.requirement).zip(&self.shortfall);
        let losses: Vec<f64> = rows.map(|((l, c), es)| score::fz0(-l, -c, -es, MISS)).collect();
        let mean = stats::mean(&losses);
        mean.is_finite().then_some(mean)
    }
}

impl Backtest {
    fn empty(horizon: Horizon, symbol: String, policy: &str, side: Side) -> Backtest {
        Backtest {
            horizon,
            symbol,
            policy: policy.into(),
            side,
            n: 0,
            breaches: 0,
            transitions: [[0; 2]; 2],
            kupiec_p: 1.0,
            kupiec_over_p: 1.0,
            independence_p: 1.0,
            cc_p: 1.0,
            cc_over_p: 1.0,
            dq: None,
            dq_p: None,
            light: Light::Green,
            plus: 0.0,
            action: Action::None,
            z1: None,
            z2: None,
            z2_critical: None,
            fz0: None,
            pinball: 0.0,
            overlapping: 0,
            overlapping_breaches: 0,
            overlapping_green: None,
        }
    }
}

/// Simulated bounds, each worked out once.
struct Tables<'a> {
    plan: &'a Plan,
    z2: BTreeMap<usize, Option<f64>>,
    green: BTreeMap<(usize, usize), usize>,
}

impl Tables<'_> {
    fn line(&mut self, line: Backtest, counts: Counts, ahead: Option<usize>) -> Option<Backtest> {
        let hits = counts.hits();
        let (n, breaches) = (hits.len(), hits.iter().filter(|h| **h).count());
        let (kupiec, conditional) = coverage_of(n, breaches, counts.pairs, MISS)?;
        let light = traffic_light(n, breaches, MISS)?;
        let dynamic = ahead.and_then(|_| dynamic_quantile(&hits, &counts.requirement, MISS, LAGS));
        let tick = |(l, c): (&f64, &f64)| score::pinball(*l, *c, 1.0 - MISS);
        Some(Backtest {
            n,
            breaches,
            transitions: counts.pairs,
            kupiec_p: kupiec.p,
            kupiec_over_p: kupiec_over(n, breaches, MISS)?.p,
            independence_p: independence(counts.pairs).p,
            cc_p: conditional.p,
            cc_over_p: conditional_over(n, breaches, counts.pairs, MISS)?.p,
            dq: dynamic.map(|d| d.test.statistic),
            dq_p: dynamic.map(|d| d.test.p),
            light,
            plus: plus_factor(n, breaches, MISS)?,
            action: light.action(),
            z1: z1(&counts.losses, &counts.requirement, &counts.shortfall),
            z2: z2(&counts.losses, &counts.requirement, &counts.shortfall, MISS),
            z2_critical: self.z2(n),
            fz0: counts.fz0(),
            pinball: counts.losses.iter().zip(&counts.requirement).map(tick).sum::<f64>() / n as f64,
            overlapping: counts.overlapping,
            overlapping_breaches: counts.overlapping_breaches,
            overlapping_green: ahead.filter(|a| *a > 1).map(|a| self.green(counts.overlapping, a)),
            ..line
        })
    }
    fn z2(&mut self, n: usize) -> Option<f64> {
        let draws = Draws { samples: 10_000, seed: self.plan.study.seed.named("Z2") };
        *self.z2.entry(n).or_insert_with(|| critical_values(NULL, MISS, n, &[0.05], draws)?.first().copied())
    }
    fn green(&mut self, observations: usize, days: usize) -> usize {
        let seed = self.plan.study.seed.named("overlap");
        *self.green.entry((observations, days)).or_insert_with(|| {
            let alone = Overlap {
                observations,
                days,
                portfolios: 1,
                correlation: 0.0,
                miss: MISS,
                samples: OVERLAP_SAMPLES,
                seed,
            };
            alone.bounds(&[0.95])[0]
        })
    }
}
