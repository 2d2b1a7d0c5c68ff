//! Backtests of margins as a regulator would run them: coverage on outcomes that do not overlap, each
//! side for itself, expected shortfall, joint scores, and what the traffic light asks for.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::bounds::{Bounds, MISS};
use crate::base::{Horizon, stats};
use crate::loss::test::coverage::{conditional_over, coverage_of, independence, kupiec_over, transitions};
use crate::loss::test::dynamic_quantile::dynamic_quantile;
use crate::loss::test::overlap::thinned;
use crate::loss::test::shortfall::{z1, z2};
use crate::loss::test::traffic_light::{Action, Light, plus_factor, traffic_light};
use crate::loss::{Side, score};
use crate::study::Error;
use crate::study::config::Plan;
use crate::study::measure::declare::Better::{High, Low, Neither};
use crate::study::measure::declare::Format::{Count, Fixed, PValue, Percent, Text};
use crate::study::measure::declare::{Measurement, ReportColumn, Section, Shown, col, table};
use crate::study::measure::json;
use crate::study::measure::material::Material;
use crate::study::measure::meta::POOLED;
use crate::study::measure::policies::{Asked, Requirements, names, sides};

/// Lags of the dynamic quantile test.
const LAGS: usize = 4;

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

impl Measurement for Backtest {
    type Found = Vec<Backtest>;
    const SHOWN: &'static [Shown] = &[
        table("Backtests: coverage", "Coverage of each side at 1 %, outcomes that do not overlap", HEADS, COVERAGE)
            .grouped("side")
            .at(Section::Backtests, 10),
        table("Backtests: expected shortfall", "Expected shortfall and joint losses", HEADS, SHORTFALL)
            .grouped("side")
            .at(Section::Backtests, 20),
    ];
    fn measure(of: &Material<'_>) -> Result<Vec<Backtest>, Error> {
        Ok(backtests(of.plan, &of.asked))
    }
    fn schema() -> Value {
        json::lines(
            "Backtest of one margin policy on one side, outcomes that do not overlap",
            vec![
                ("horizon", json::span()),
                ("symbol", json::symbol()),
                ("policy", json::text()),
                ("side", json::one_of(&["long", "short"])),
                ("n", json::count()),
                ("breaches", json::count()),
                ("kupiec_p", json::share()),
                ("kupiec_over_p", json::share()),
                ("independence_p", json::share()),
                ("cc_p", json::share()),
                ("cc_over_p", json::share()),
                ("dq", json::or_null(json::positive())),
                ("dq_p", json::or_null(json::share())),
                ("light", json::one_of(&["green", "yellow", "red"])),
                ("plus", json::positive()),
                ("action", json::one_of(&["none", "floor-and-shadow", "demote"])),
                ("z1", json::or_null(json::number())),
                ("z2", json::or_null(json::number())),
                ("z2_critical", json::or_null(json::number())),
                ("fz0", json::or_null(json::number())),
                ("pinball", json::positive()),
                ("overlapping", json::count()),
                ("overlapping_breaches", json::count()),
                ("overlapping_green", json::or_null(json::count())),
            ],
        )
    }
}

const HEADS: &[&str] = &["policy", "side", "symbol", "horizon"];

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
    let mut bounds = Bounds::new(plan.study.seed);
    let mut lines = Vec::new();
    for (ahead, horizon) in plan.horizons() {
        let (mut pooled, mut own) = (Vec::new(), Vec::new());
        let here: Vec<(&Asked<'_>, Requirements)> =
            asked.iter().filter(|a| a.horizon == horizon).map(|a| (a, a.policies())).collect();
        for policy in names() {
            for side in sides(plan.pipeline.margin.baseline.side) {
                let mut all = Counts::default();
                for (a, c) in here.iter().filter_map(|(a, p)| Some((a, &p.iter().find(|p| p.0 == policy)?.1))) {
                    let counts = Counts::of(a, c, side);
                    all.add(&counts);
                    let symbol = a.symbol.to_string();
                    let line = Backtest::empty(horizon, symbol, &policy, side);
                    own.extend(line.with(&mut bounds, counts, Some(ahead)));
                }
                let line = Backtest::empty(horizon, POOLED.into(), &policy, side);
                pooled.extend(line.with(&mut bounds, all, None));
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

impl Backtest {
    fn with(self, bounds: &mut Bounds, counts: Counts, ahead: Option<usize>) -> Option<Backtest> {
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
            z2_critical: bounds.z2(n),
            fz0: counts.fz0(),
            pinball: counts.losses.iter().zip(&counts.requirement).map(tick).sum::<f64>() / n as f64,
            overlapping: counts.overlapping,
            overlapping_breaches: counts.overlapping_breaches,
            overlapping_green: ahead.filter(|a| *a > 1).map(|a| bounds.green(counts.overlapping, a)),
            ..self
        })
    }
}

const COVERAGE: &[ReportColumn] = &[
    col("n", "n", Count, Neither, "Outcomes that do not overlap: the next begins when the last has ended."),
    col("breaches", "breaches", Count, Low, "Losses of the side strictly above the margin, among them; nominal 1 %."),
    col("kupiec_p", "Kupiec p", PValue, Neither, "Kupiec's likelihood ratio of the share, two-sided."),
    col(
        "kupiec_over_p",
        "Kupiec p over",
        PValue,
        Neither,
        "Kupiec against too many breaches alone (signed root of the ratio): the test for a margin with a floor.",
    ),
    col(
        "independence_p",
        "independence p",
        PValue,
        Neither,
        "Christoffersen's likelihood ratio that a breach is as likely after a breach; on the n - 1 transitions of each instrument.",
    ),
    col(
        "cc_p",
        "LR cc p",
        PValue,
        Neither,
        "Conditional coverage: Kupiec on n and independence on n - 1, chi-squared with 2 degrees of freedom.",
    ),
    col(
        "cc_over_p",
        "LR cc p over",
        PValue,
        Neither,
        "The same where a share below 1 % counts as 1 %: too few breaches are no fault, clusters are.",
    ),
    col(
        "dq",
        "DQ",
        Fixed(1),
        Neither,
        "Dynamic quantile statistic of Engle and Manganelli on a constant, four lags and the margin; per instrument, from three breaches on.",
    ),
    col("dq_p", "DQ p", PValue, Neither, "Its probability value, chi-squared with the rank of the regressors."),
    col(
        "light",
        "light",
        Text,
        Neither,
        "Basel zone of the count by its cumulative binomial: yellow from 95 %, red from 99.99 %.",
    ),
    col(
        "plus",
        "plus",
        Fixed(2),
        Neither,
        "What is added to a capital multiplier of 1.5: that of the count in 250 which is as improbable.",
    ),
    col(
        "action",
        "asks for",
        Text,
        Neither,
        "What the zone asks for: yellow a multiplier of at least 1.10 and new versions in the shadow only, red the baseline times 1.25 in the champion's place. The service and the backtest do it where `margin.traffic_light` is set.",
    ),
    col("overlapping", "all", Count, Neither, "All outcomes, overlapping as they are."),
    col("overlapping_breaches", "breaches of all", Count, Low, "Breaches among all of them."),
    col(
        "overlapping_green",
        "green to",
        Count,
        Neither,
        "The most of them that is green where outcomes overlap so: 95 % quantile of a simulation with independent normal returns (ISDA's way); per instrument, horizons of more than one row.",
    ),
];

const SHORTFALL: &[ReportColumn] = &[
    col(
        "z1",
        "Z1",
        Fixed(3),
        High,
        "Acerbi and Szekely's test of ES given VaR: 1 less the mean over breaches of loss over ES; negative: ES too low.",
    ),
    col("z2", "Z2", Fixed(3), High, "Their test of VaR and ES together; negative: risk understated."),
    col(
        "z2_critical",
        "Z2 at 5 %",
        Fixed(3),
        Neither,
        "Below this Z2 is rejected at 5 %: our own simulation of as many independent Student t losses of five degrees of freedom.",
    ),
    col(
        "fz0",
        "FZ0",
        Fixed(4),
        Low,
        "Mean joint loss of margin and ES (Patton, Ziegel, Chen 2019); ES is the baseline's times the multiplier.",
    ),
    col(
        "pinball",
        "tick loss",
        Percent(4),
        Low,
        "Mean tick loss of the margin as a 99 % quantile of the side's loss, fraction of notional.",
    ),
];
