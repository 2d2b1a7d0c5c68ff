//! What a family of inputs is worth: every model that takes a list of inputs is fitted and run
//! again without it, and those that combine such models with it.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::output::Forecasted;
use super::plan::Plan;
use super::truth::truths;
use super::walk::{self, Market, Walk};
use super::{Error, Progress, judge};
use crate::base::{Digest, Horizon};
use crate::forecast::{Entry, families};

/// One thing to leave out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ablation {
    /// What it is called.
    pub name: String,
    /// Families or names of inputs.
    pub drop: Vec<String>,
}

impl Ablation {
    /// The inputs that are left out, in the order of the list of inputs.
    ///
    /// # Errors
    /// A word is neither a family nor an input.
    pub fn inputs(&self) -> Result<Vec<&'static str>, Error> {
        let all = families::inputs();
        if let Some(word) = self.drop.iter().find(|w| all.iter().all(|(name, family)| name != w && family != w)) {
            return Err(Error::Plan(format!(
                "ablation `{}`: `{word}` is neither an input nor a family; families are {}",
                self.name,
                families::FAMILIES.join(", ")
            )));
        }
        let dropped =
            |(name, family): &(&'static str, &'static str)| self.drop.iter().any(|w| w == name || w == family);
        Ok(all.into_iter().filter(dropped).map(|i| i.0).collect())
    }
}

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

/// Walks once more for each ablation and compares with the whole walk. Models that none of it
/// touches, bit for bit, have no line. Fits are kept in `keep`.
///
/// # Errors
/// A word is unknown, or a walk cannot be made.
pub fn run(
    plan: &Plan,
    ablations: &[Ablation],
    market: &Market,
    whole: &Walk,
    keep: Option<&Path>,
    progress: Progress<'_>,
) -> Result<Vec<Ablated>, Error> {
    let mut lines = Vec::new();
    for ablation in ablations {
        let without = walk::walk(&reduced(plan, ablation)?, market, Digest::default(), keep, progress)?;
        for (_, horizon) in plan.horizons() {
            for model in &plan.models {
                lines.extend(compared(plan, ablation, &model.name, horizon, whole, &without)?);
            }
        }
    }
    Ok(lines)
}

/// The same plan with the inputs left out wherever a model can leave inputs out.
fn reduced(plan: &Plan, ablation: &Ablation) -> Result<Plan, Error> {
    let inputs = ablation.inputs()?;
    let mut reduced = plan.clone();
    for model in &mut reduced.models {
        let takes = (Entry::named(&model.kind)?.defaults)().get("drop").is_some();
        let Some(params) = model.params.as_object_mut().filter(|_| takes) else { continue };
        let had = params.get("drop").and_then(Value::as_array).cloned().unwrap_or_default();
        let more = inputs.iter().map(|i| json!(i)).filter(|i| !had.contains(i));
        params.insert("drop".into(), had.iter().cloned().chain(more).collect());
    }
    Ok(reduced)
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
    let lines = judge::models(&alone, &truths(&whole.history, plan), &both, &|_, _| true)?;
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
