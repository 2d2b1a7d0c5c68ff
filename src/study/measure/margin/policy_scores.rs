//! What each margin policy asked for and what that bought, beside a control of equal cost.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::{Horizon, Symbol};
use crate::loss::score::outcome::{self, Compared, MarginOutcome};
use crate::study::Error;
use crate::study::measure::declare::Better::{Low, Neither};
use crate::study::measure::declare::Format::{Count, Fixed, PValue, Percent};
use crate::study::measure::declare::{Measurement, ReportColumn, Section, Shown, col, table};
use crate::study::measure::json;
use crate::study::measure::material::Material;
use crate::study::measure::meta::POOLED;
use crate::study::measure::outcomes;
use crate::study::measure::policies::POLICIES;
use crate::study::walk::margin_rule;

/// What a margin policy asked for and what that bought.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MarginScore {
    /// How far ahead.
    pub horizon: Horizon,
    /// Instrument, or [`POOLED`].
    pub symbol: String,
    /// What was asked: `baseline`, `unguarded`, `guarded` and so on.
    pub policy: String,
    /// What came of it.
    pub outcome: MarginOutcome,
    /// The constant that gives the baseline the same average margin.
    pub control_factor: f64,
    /// What came of the baseline times that constant.
    pub control: MarginOutcome,
}

impl MarginScore {
    /// Puts a policy beside its control. The baseline itself is a policy whose constant is 1.
    pub fn of(horizon: Horizon, symbol: &str, policy: &str, compared: &Compared) -> MarginScore {
        let Compared { margin, control, constant, .. } = *compared;
        let (symbol, policy) = (symbol.into(), policy.into());
        MarginScore { horizon, symbol, policy, outcome: margin, control_factor: constant, control }
    }
}

impl Measurement for MarginScore {
    type Found = Vec<MarginScore>;
    const SHOWN: &'static [Shown] = &[
        table(
            "Margin outcome",
            "Each margin policy above its control: the baseline times a constant with the same average margin; \
             the better of the two is marked",
            &["policy", "symbol", "horizon"],
            OUTCOME,
        )
        .with_controls()
        .at(Section::Outcome, 10),
        table(
            "Constants of the controls",
            "The constant that gives the baseline the same average margin as each policy",
            &["policy", "symbol", "horizon"],
            CONSTANT,
        )
        .at(Section::Outcome, 20),
    ];
    fn measure(of: &Material<'_>) -> Result<Vec<MarginScore>, Error> {
        let mut lines = Vec::new();
        for (_, horizon) in of.plan.horizons() {
            let mut all: BTreeMap<String, Vec<Compared>> = BTreeMap::new();
            let mut own = Vec::new();
            for symbol in &of.plan.pipeline.symbols {
                for (policy, compared) in compared(of, *symbol, horizon) {
                    own.push(MarginScore::of(horizon, symbol.as_str(), &policy, &compared));
                    all.entry(policy).or_default().push(compared);
                }
            }
            let rules = of.plan.study.margins.iter().map(|r| r.name.as_str());
            let names = POLICIES.iter().map(|(policy, _)| *policy).chain(rules);
            let pooled = names.filter_map(|policy| Some((policy, Compared::pooled(all.get(policy)?)?)));
            lines.extend(pooled.map(|(policy, c)| MarginScore::of(horizon, POOLED, policy, &c)));
            lines.extend(own);
        }
        Ok(lines)
    }
    fn schema() -> Value {
        json::lines(
            "One margin policy beside its control of equal average margin",
            vec![
                ("horizon", json::span()),
                ("symbol", json::symbol_or_all()),
                ("policy", json::text()),
                ("outcome", json::defined("outcome")),
                ("control_factor", json::positive()),
                ("control", json::defined("outcome")),
            ],
        )
    }
}

/// The schema of what came of a margin, `outcome`.
pub fn outcome_schema() -> Value {
    json::object(
        "What came of a margin; fractions of notional",
        vec![
            ("n", json::count()),
            ("breaches", json::count()),
            ("breach_rate", json::share()),
            ("shortfall_sum", json::positive()),
            ("worst_miss", json::positive()),
            ("average", json::positive()),
            ("kupiec_p", json::or_null(json::share())),
            ("cc_p", json::or_null(json::share())),
            ("dq", json::or_null(json::positive())),
            ("dq_p", json::or_null(json::share())),
            ("pinball", json::positive()),
            ("peak_to_trough", json::positive()),
            ("p95_over_p5", json::positive()),
            ("rise_1", json::or_null(json::number())),
            ("rise_5", json::or_null(json::number())),
            ("rise_20", json::or_null(json::number())),
            ("rise_5_es99", json::or_null(json::number())),
            ("change_sd", json::or_null(json::number())),
        ],
    )
}

/// The pipeline's policies and the study's margin rules on one instrument, each beside its control.
fn compared(of: &Material<'_>, symbol: Symbol, horizon: Horizon) -> Vec<(String, Compared)> {
    let rows = outcomes::judged(of.plan, &of.outcomes, &of.walk.decisions, symbol, horizon);
    let baseline: Vec<f64> = rows.iter().map(|r| r.0.baseline).collect();
    let losses: Vec<f64> = rows.iter().map(|r| r.1).collect();
    let decided = POLICIES.iter().map(|(policy, ask)| {
        let asked: Vec<f64> = rows.iter().map(|r| ask(r.0)).collect();
        (policy.to_string(), outcome::compare(&asked, &baseline, &losses))
    });
    let side = of.plan.pipeline.margin.baseline.side;
    let ruled = of.plan.study.margins.iter().map(|rule| {
        let (mut c, mut b, mut losses) = (Vec::new(), Vec::new(), Vec::new());
        for asked in margin_rule::asked(of.walk, rule, symbol, horizon) {
            let Some(o) = outcomes::find(&of.outcomes, symbol, horizon, asked.ts) else { continue };
            c.push(asked.c);
            b.push(asked.baseline);
            losses.push(side.loss(o.ret));
        }
        (rule.name.clone(), outcome::compare(&c, &b, &losses))
    });
    decided.chain(ruled).filter_map(|(name, compared)| Some((name, compared?))).collect()
}

const OUTCOME: &[ReportColumn] = &[
    col("n", "n", Count, Neither, "Margins compared with the loss that followed."),
    col("breaches", "breaches", Count, Low, "Losses strictly above the margin."),
    col("breach_rate", "share", Percent(2), Neither, "Breaches as a share of n; nominal 1 %."),
    col(
        "kupiec_p",
        "Kupiec p",
        PValue,
        Neither,
        "Probability value of Kupiec's likelihood ratio for the share of breaches at 1 %.",
    ),
    col(
        "cc_p",
        "coverage p",
        PValue,
        Neither,
        "Probability value of conditional coverage at 1 %: share and independence of breaches.",
    ),
    col(
        "dq",
        "DQ",
        Fixed(1),
        Neither,
        "Dynamic quantile statistic (Engle, Manganelli 2004) at 1 %: breaches regressed on a constant, the four before and the margin; chi-squared with 6 degrees of freedom, fewer where columns are collinear; per instrument.",
    ),
    col("dq_p", "DQ p", PValue, Neither, "Probability value of the dynamic quantile statistic."),
    col(
        "pinball",
        "pinball",
        Percent(4),
        Low,
        "Mean pinball (tick) loss of the margin as a 99 % quantile of the loss, fraction of notional; 0.01 % is a basis point.",
    ),
    col("average", "average", Percent(3), Neither, "Mean margin, fraction of notional: what the policy costs."),
    col(
        "shortfall_sum",
        "shortfall sum",
        Percent(2),
        Low,
        "Sum over breaches of loss minus margin, fraction of notional: what the policy missed.",
    ),
    col("worst_miss", "worst", Percent(2), Low, "Largest single shortfall, fraction of notional; 0 without breaches."),
    col("peak_to_trough", "peak/trough", Fixed(2), Low, "Largest margin over smallest."),
    col("p95_over_p5", "p95/p5", Fixed(2), Low, "95th over 5th percentile of the margin."),
    col(
        "rise_1",
        "rise 1",
        Percent(1),
        Low,
        "Largest rise of the margin over one step, relative to the margin before.",
    ),
    col("rise_5", "rise 5", Percent(1), Low, "The same over five steps: the largest call within that time."),
    col("rise_20", "rise 20", Percent(1), Low, "The same over twenty steps."),
    col("rise_5_es99", "ES99 rise 5", Percent(1), Low, "Mean of the largest 1 % of rises over five steps."),
    col(
        "change_sd",
        "change sd",
        Percent(2),
        Low,
        "Standard deviation of the changes of the logarithm of the margin from step to step.",
    ),
];

const CONSTANT: &[ReportColumn] = &[col(
    "control_factor",
    "constant",
    Fixed(4),
    Neither,
    "The constant that gives the baseline the same average margin as the policy.",
)];
