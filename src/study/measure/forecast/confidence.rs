//! The model confidence set of each horizon.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::{Horizon, Ts, stats};
use crate::loss::score;
use crate::loss::test::confidence::{Bootstrap, confidence_set};
use crate::study::Error;
use crate::study::config::Plan;
use crate::study::measure::declare::Better::{High, Neither};
use crate::study::measure::declare::Format::{Count, PValue};
use crate::study::measure::declare::{Measurement, ReportColumn, Section, Shown, col, table};
use crate::study::measure::json;
use crate::study::measure::material::Material;
use crate::study::measure::outcomes::Outcomes;
use crate::study::walk::Forecasted;

/// A model's place in the model confidence set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Confidence {
    /// Instance name.
    pub model: String,
    /// How far ahead.
    pub horizon: Horizon,
    /// Times compared.
    pub n: usize,
    /// It is in the set of every level below this.
    pub p: f64,
}

impl Measurement for Confidence {
    type Found = Vec<Confidence>;
    const SHOWN: &'static [Shown] =
        &[table("Evidence: model confidence set", "Model confidence set", &["model", "horizon"], CONFIDENCE)
            .at(Section::Evidence, 10)];
    fn measure(of: &Material<'_>) -> Result<Vec<Confidence>, Error> {
        let losses = Losses::all(of.plan, &of.outcomes, &of.forecasts);
        Ok(losses.iter().flat_map(|l| l.confidence(of.plan)).collect())
    }
    fn schema() -> Value {
        json::lines(
            "A model's place in the model confidence set",
            vec![("model", json::text()), ("horizon", json::span()), ("n", json::count()), ("p", json::share())],
        )
    }
}

/// QLIKE of every model at the times that all of them forecast every instrument of the time,
/// averaged over instruments.
#[derive(Clone, Debug, PartialEq)]
pub struct Losses {
    /// How far ahead.
    pub horizon: Horizon,
    /// Issue times, ascending.
    pub ts: Vec<Ts>,
    /// By instance name.
    pub models: BTreeMap<String, Vec<f64>>,
}

impl Losses {
    /// Of every horizon.
    pub fn all(plan: &Plan, truth: &[Outcomes], forecasts: &[Forecasted]) -> Vec<Losses> {
        plan.horizons().into_iter().map(|(_, horizon)| Losses::of(horizon, plan, truth, forecasts)).collect()
    }
    fn of(horizon: Horizon, plan: &Plan, truth: &[Outcomes], forecasts: &[Forecasted]) -> Losses {
        let mut sums: BTreeMap<Ts, BTreeMap<&str, (f64, usize)>> = BTreeMap::new();
        let mut names: BTreeSet<&str> = BTreeSet::new();
        for t in truth.iter().filter(|t| t.horizon == horizon) {
            for f in forecasts.iter().filter(|f| f.symbol == t.symbol && f.forecast.horizon == horizon) {
                let inside = f.forecast.issued >= plan.study.start && f.forecast.issued < plan.study.end;
                let Some(o) = t.at(f.forecast.issued).filter(|o| inside && o.rv > 0.0) else { continue };
                names.insert(&f.model);
                let at = sums.entry(f.forecast.issued).or_default().entry(&f.model).or_default();
                *at = (at.0 + score::qlike(o.rv, f.forecast.dist.rv), at.1 + 1);
            }
        }
        // A time counts where every model forecast as many instruments as the others.
        sums.retain(|_, by| {
            by.len() == names.len() && by.values().all(|v| Some(v.1) == by.values().next().map(|f| f.1))
        });
        let series =
            |name: &str| sums.values().map(|by| by.get(name).map_or(f64::NAN, |(s, n)| s / *n as f64)).collect();
        let models = names.iter().map(|n| (n.to_string(), series(n))).collect();
        Losses { horizon, ts: sums.keys().copied().collect(), models }
    }
    fn confidence(&self, plan: &Plan) -> Vec<Confidence> {
        let losses: Vec<Vec<f64>> = self.models.values().cloned().collect();
        let seed = plan.study.seed.named("confidence set");
        let p = confidence_set(&losses, Bootstrap { seed, ..Bootstrap::default() });
        let one = |(model, p): (&String, f64)| Confidence {
            model: model.clone(),
            horizon: self.horizon,
            n: self.ts.len(),
            p,
        };
        let mut lines: Vec<Confidence> = self.models.keys().zip(p).map(one).collect();
        lines.sort_by(|a, b| b.p.total_cmp(&a.p).then_with(|| mean(self, &a.model).total_cmp(&mean(self, &b.model))));
        lines
    }
}

fn mean(losses: &Losses, model: &str) -> f64 {
    losses.models.get(model).map_or(f64::NAN, |l| stats::mean(l))
}

const CONFIDENCE: &[ReportColumn] = &[
    col("n", "times", Count, Neither, "Issue times at which every model forecast every instrument of that time."),
    col(
        "p",
        "p",
        PValue,
        High,
        "Membership in the model confidence set (Hansen, Lunde, Nason 2011; QLIKE averaged over instruments, range statistic, circular block bootstrap of 1,000 samples): the model is in the set of every level below this.",
    ),
];
