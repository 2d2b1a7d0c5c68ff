//! What a family of inputs is worth: the losses of the same study without it, beside those with it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::{Digest, Horizon};
use crate::study::Error;
use crate::study::config::{Ablation, Plan};
use crate::study::measure::declare::Better::{High, Neither};
use crate::study::measure::declare::Format::{Count, Fixed, PValue};
use crate::study::measure::declare::{Measurement, ReportColumn, Section, Shown, col, table};
use crate::study::measure::forecast::scoreboard;
use crate::study::measure::json;
use crate::study::measure::material::Material;
use crate::study::measure::outcomes;
use crate::study::walk::ablation::without;
use crate::study::walk::{Forecasted, Walk, walk};

/// A model with and without.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ablated {
    /// What was left out.
    pub name: String,
    /// Instance name.
    pub model: String,
    /// How far ahead.
    pub horizon: Horizon,
    /// Forecasts compared, over all instruments.
    pub n: usize,
    /// Mean QLIKE with everything.
    pub whole: f64,
    /// Mean QLIKE without.
    pub without: f64,
    /// Without over with: above 1, what was left out helps.
    pub ratio: Option<f64>,
    /// Diebold-Mariano statistic; positive: what was left out helps.
    pub dm: Option<f64>,
    /// Its two-sided p-value.
    pub dm_p: Option<f64>,
}

impl Measurement for Ablated {
    type Found = Vec<Ablated>;
    const SHOWN: &'static [Shown] = &[table(
        "Evidence: ablations",
        "What inputs are worth: models fitted and run again without some",
        &["name", "model", "horizon"],
        ABLATIONS,
    )
    .at(Section::Evidence, 20)];
    fn measure(of: &Material<'_>) -> Result<Vec<Ablated>, Error> {
        of.again(|again| {
            let mut lines = Vec::new();
            for ablation in again.ablations {
                let plan = without(of.plan, ablation)?;
                let other = walk(&plan, again.market, Digest::default(), again.keep, again.progress)?;
                for (_, horizon) in of.plan.horizons() {
                    for model in &of.plan.models {
                        // A model that none of it touches, bit for bit, has no line.
                        lines.extend(compared(of.plan, ablation, &model.name, horizon, of.walk, &other)?);
                    }
                }
            }
            Ok(lines)
        })
    }
    fn schema() -> Value {
        json::lines(
            "A model with and without some inputs",
            vec![
                ("name", json::text()),
                ("model", json::text()),
                ("horizon", json::span()),
                ("n", json::count()),
                ("whole", json::number()),
                ("without", json::number()),
                ("ratio", json::or_null(json::number())),
                ("dm", json::or_null(json::number())),
                ("dm_p", json::or_null(json::share())),
            ],
        )
    }
}

fn compared(
    plan: &Plan,
    ablation: &Ablation,
    model: &str,
    horizon: Horizon,
    whole: &Walk,
    without: &Walk,
) -> Result<Option<Ablated>, Error> {
    let own = |walk: &Walk, name: &str| -> Vec<Forecasted> {
        let own = walk.forecasts.iter().filter(|f| *f.model == *model && f.forecast.horizon == horizon);
        own.map(|f| Forecasted { model: name.into(), forecast: f.forecast.clone(), symbol: f.symbol }).collect()
    };
    let (mut both, reduced) = (own(whole, "whole"), own(without, "without"));
    let same = both.len() == reduced.len() && both.iter().zip(&reduced).all(|(a, b)| a.forecast == b.forecast);
    if same {
        return Ok(None);
    }
    both.extend(reduced);
    let mut alone = plan.clone();
    alone.study.base = "without".into();
    let lines = scoreboard::scoreboard(&alone, &outcomes::all(&whole.history, plan), &both, &|_, _| true)?;
    let line = |name: &str| lines.iter().find(|l| l.model == name && l.horizon == horizon && l.symbol.is_none());
    let (Some(a), Some(b)) = (line("whole"), line("without")) else { return Ok(None) };
    Ok(Some(Ablated {
        name: ablation.name.clone(),
        model: model.into(),
        horizon,
        n: a.n,
        whole: a.qlike,
        without: b.qlike,
        ratio: a.ratio.map(|r| 1.0 / r),
        dm: a.dm,
        dm_p: a.dm_p,
    }))
}

const ABLATIONS: &[ReportColumn] = &[
    col("n", "n", Count, Neither, "Forecasts compared, over all instruments."),
    col("whole", "with", Fixed(4), Neither, "Mean QLIKE with every input."),
    col("without", "without", Fixed(4), Neither, "Mean QLIKE when fitted and run again without these inputs."),
    col("ratio", "without / with", Fixed(3), High, "Above 1: what was left out helps."),
    col(
        "dm",
        "DM t",
        Fixed(2),
        High,
        "Diebold-Mariano statistic of the losses without minus those with; positive: what was left out helps.",
    ),
    col("dm_p", "DM p", PValue, Neither, "Its two-sided p-value."),
];
