//! What speaks for and against the models beyond their scores; stored in `scores.json` under
//! `evidence`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::ablation::Ablated;
use super::alarm::{Alarms, Reliability, alarms, reliability};
use super::asked::Asked;
use super::backtest::{Backtest, backtests};
use super::bands::{BandRisk, bands};
use super::calls::{Buffer, Calls, Frontier, buffers, calls, frontier};
use super::choice::Choice;
use super::conditional::{Condition, Transform, conditions, transforms};
use super::crash::{Crash, without};
use super::future::Future;
use super::guidance::{Guided, guided};
use super::impulse::Response;
use super::output::Forecasted;
use super::plan::Plan;
use super::spikes::{SpikeScore, spikes};
use super::stages::{StageWorth, stages};
use super::stress::{Scenario, scenarios};
use super::truth::Truth;
use super::{Error, Walk};
use crate::base::{Horizon, Ts, stats};
use crate::loss::test::confidence::{Bootstrap, confidence_set};
use crate::loss::test::coverage::transitions;
use crate::loss::test::overlap::thinned;
use crate::loss::{ModelScore, OutcomeRow, score};

/// Everything of that kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Parameters chosen inside training windows.
    pub choices: Vec<Choice>,
    /// Named crashes, and how many outcomes each touches.
    pub crashes: Vec<Crash>,
    /// The scoreboard of outcomes that no crash touches; empty without named crashes.
    pub without_crashes: Vec<ModelScore>,
    /// The model confidence set of each horizon.
    pub confidence: Vec<Confidence>,
    /// Reliability of spike probabilities.
    pub reliability: Vec<Reliability>,
    /// Spike probabilities as forecasts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spikes: Vec<SpikeScore>,
    /// What alarms from spike probabilities catch.
    pub alarms: Vec<Alarms>,
    /// Models without families of inputs.
    pub ablations: Vec<Ablated>,
    /// What a permuted future left as it was.
    pub future: Option<Future>,
    /// Backtests of margins, each side for itself.
    pub backtests: Vec<Backtest>,
    /// Calls by length of time.
    pub calls: Vec<Calls>,
    /// Cost against cover at one breach rate.
    pub frontier: Vec<Frontier>,
    /// How long volatility lasts.
    pub buffers: Vec<Buffer>,
    /// Coverage by regime, decile of volatility and hour of the week.
    pub conditions: Vec<Condition>,
    /// Where outcomes fell between the published quantiles.
    pub transforms: Vec<Transform>,
    /// What margins left uncovered in crashes.
    pub stress: Vec<Scenario>,
    /// Breach rates by band of the risk score.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bands: Vec<BandRisk>,
    /// What anti-procyclical stages cost and bring; empty where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<StageWorth>,
    /// Coverage of forward guidance.
    pub guidance: Vec<Guided>,
    /// What margins do when volatility doubles.
    pub responses: Vec<Response>,
}

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

impl Evidence {
    /// What follows from a walk alone.
    ///
    /// # Errors
    /// A model forecast the same thing twice.
    pub fn of(plan: &Plan, walk: &Walk, truth: &[Truth], forecasts: &[Forecasted]) -> Result<Evidence, Error> {
        let (crashes, without_crashes) = without(plan, truth, forecasts)?;
        let losses = Losses::all(plan, truth, forecasts);
        let confidence = losses.iter().flat_map(|l| l.confidence(plan)).collect();
        let asked = Asked::all(plan, truth, &walk.decisions);
        Ok(Evidence {
            choices: walk.choices.clone(),
            crashes,
            without_crashes,
            confidence,
            reliability: reliability(truth, forecasts),
            spikes: spikes(truth, forecasts),
            alarms: alarms(plan, &walk.history, forecasts),
            ablations: Vec::new(),
            future: None,
            backtests: backtests(plan, &asked),
            calls: calls(plan, &asked),
            frontier: frontier(plan, &asked),
            buffers: buffers(plan, &walk.history, &asked),
            conditions: conditions(plan, &asked, forecasts),
            transforms: transforms(truth, forecasts),
            stress: scenarios(plan, &asked),
            bands: bands(plan, &asked),
            stages: stages(plan, walk, truth),
            guidance: guided(plan, &walk.decisions),
            responses: Vec::new(),
        })
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
    pub fn all(plan: &Plan, truth: &[Truth], forecasts: &[Forecasted]) -> Vec<Losses> {
        plan.horizons().into_iter().map(|(_, horizon)| Losses::of(horizon, plan, truth, forecasts)).collect()
    }
    fn of(horizon: Horizon, plan: &Plan, truth: &[Truth], forecasts: &[Forecasted]) -> Losses {
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
        // A time counts where every model said as much as the others.
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

/// Breaches of one model's quantile, over outcomes that do not overlap, instrument by instrument.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Breaches {
    /// Outcomes.
    pub n: usize,
    /// Beyond the quantile.
    pub breaches: usize,
    /// Pairs of outcomes that follow each other: first index whether the first is a breach, second
    /// whether the second is.
    pub transitions: [[usize; 2]; 2],
}

/// Breaches of the 1 % and of the 99 % quantile of one model over one horizon.
pub fn breaches(model: &str, horizon: Horizon, truth: &[Truth], forecasts: &[Forecasted]) -> [Breaches; 2] {
    let mut found = [Breaches::default(); 2];
    for t in truth.iter().filter(|t| t.horizon == horizon) {
        let own =
            forecasts.iter().filter(|f| f.symbol == t.symbol && f.forecast.horizon == horizon && *f.model == *model);
        let mut own: Vec<(&Forecasted, OutcomeRow)> = own.filter_map(|f| Some((f, t.at(f.forecast.issued)?))).collect();
        own.sort_by_key(|(f, _)| f.forecast.issued);
        let mut series = [Vec::new(), Vec::new()];
        for i in thinned(&own.iter().map(|(_, o)| o.ts).collect::<Vec<_>>(), horizon) {
            let (f, o) = own[i];
            series[0].push(o.ret < f.forecast.dist.q[1]);
            series[1].push(o.ret > f.forecast.dist.q[7]);
        }
        for (found, hits) in found.iter_mut().zip(&series) {
            found.n += hits.len();
            found.breaches += hits.iter().filter(|h| **h).count();
            let pairs = transitions(hits);
            (0..2).for_each(|i| (0..2).for_each(|j| found.transitions[i][j] += pairs[i][j]));
        }
    }
    found
}
