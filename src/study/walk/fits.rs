//! The fits of every origin, in parallel, each kept on disk as soon as it is done.
//!
//! A fit's file is named by the key of its task, so a study that was killed goes on where it stopped and
//! ends with the same bits, and a changed setting never finds an old fit.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};

use rayon::prelude::*;
use serde_json::{Value, json};

use super::fit::{Before, FitTask};
use super::origins::{self, Origin};
use super::rows::StudyRows;
use super::search::{Choice, Search};
use crate::base::{Digest, Horizon};
use crate::forecast::{self, Entry, Fitted, History, Panel, Track};
use crate::study::checkpoint;
use crate::study::config::{ModelPlan, Plan};
use crate::study::{Error, OnProgress, Progress};

/// Fits by origin, instance and horizon; a fit that failed keeps its reason.
pub type Fits = BTreeMap<(usize, String, Horizon), Result<Fitted, forecast::Error>>;

/// Choices of parameters by instance, horizon and origin.
pub type Choices = BTreeMap<(String, Horizon, usize), Choice>;

/// What every fit of a study shares.
pub struct Fitting<'a> {
    /// The study.
    pub plan: &'a Plan,
    /// Rows of every instrument.
    pub history: &'a History,
    /// Rows of windows between those, to learn from.
    pub shifted: &'a [History],
    /// Digest of all those rows.
    pub data: Digest,
    /// Where fits are kept.
    pub keep: Option<&'a Path>,
    /// Gets stages and losses.
    pub progress: OnProgress<'a>,
    /// The origins, the last one at the end of the study.
    pub origins: &'a [Origin],
    /// Choices made so far.
    pub choices: Mutex<Choices>,
}

impl<'a> Fitting<'a> {
    /// Of some origins of a study; no choice is made yet.
    pub fn new(
        plan: &'a Plan,
        rows: &'a StudyRows,
        keep: Option<&'a Path>,
        progress: OnProgress<'a>,
        origins: &'a [Origin],
    ) -> Fitting<'a> {
        let StudyRows { history, shifted, data } = rows;
        Fitting { plan, history, shifted, data: *data, keep, progress, origins, choices: Mutex::default() }
    }
    /// The choices made so far.
    pub fn made(&self) -> Choices {
        self.choices.lock().map(|c| c.clone()).unwrap_or_default()
    }
    /// Fits every model that stands alone, at every origin where it is refitted.
    ///
    /// # Errors
    /// A checkpoint cannot be read or written. A model without a fit is a value, not an error.
    pub fn first_stage(&self) -> Result<Fits, Error> {
        self.first_stage_at(self.origins)
    }
    /// The same at some of the origins.
    ///
    /// # Errors
    /// As [`Fitting::first_stage`].
    pub fn first_stage_at(&self, origins: &[Origin]) -> Result<Fits, Error> {
        self.choose(origins)?;
        let mut alone = Vec::new();
        for model in self.plan.models.iter().rev() {
            if !Entry::named(&model.kind)?.combines {
                alone.push(model);
            }
        }
        // Origin by origin: what the models of one share is worked out once, and goes with its panel.
        let due = |origin: &Origin| {
            let models = alone.iter().filter(|m| origin.index.is_multiple_of(m.every.max(1)));
            models.flat_map(|m| self.plan.horizons().into_iter().map(move |(_, h)| (*m, h))).collect::<Vec<_>>()
        };
        let total = origins.iter().map(|o| due(o).len() as u64).sum();
        let (done, progress) = (AtomicU64::new(0), self.progress);
        let (members, track) = (BTreeMap::new(), Track::default());
        let before = Before { members: &members, track: &track };
        let fit = |origin: &Origin| -> Result<Vec<_>, Error> {
            let shared = OnceLock::new();
            let one = |(model, horizon): (&ModelPlan, Horizon)| {
                let fitted = self.fit(model, *origin, horizon, before, &shared);
                progress(Progress::Stage("fit", done.fetch_add(1, Ordering::Relaxed) + 1, total));
                fitted.map(|f| ((origin.index, model.name.clone(), horizon), f))
            };
            due(origin).into_par_iter().map(one).collect()
        };
        let fits: Vec<Vec<_>> = origins.par_iter().rev().map(fit).collect::<Result<_, _>>()?;
        Ok(fits.into_iter().flatten().collect())
    }

    /// Makes every choice of the models that stand alone.
    fn choose(&self, origins: &[Origin]) -> Result<(), Error> {
        let mut tasks = Vec::new();
        for model in self.plan.models.iter().filter(|m| m.choose.is_some()) {
            if Entry::named(&model.kind)?.combines {
                continue;
            }
            let due = |o: &&Origin| model.choose.as_ref().is_some_and(|c| c.origin(o.index) == o.index);
            for origin in origins.iter().filter(due) {
                tasks.extend(self.plan.horizons().iter().map(|(_, h)| (model, *origin, *h)));
            }
        }
        let (total, done) = (tasks.len() as u64, AtomicU64::new(0));
        tasks.into_par_iter().try_for_each(|(model, origin, horizon)| {
            self.params(model, origin, horizon, &Track::default())?;
            (self.progress)(Progress::Stage("choose", done.fetch_add(1, Ordering::Relaxed) + 1, total));
            Ok(())
        })
    }

    /// The parameters in force for a model at an origin: as given, or as chosen there or at the
    /// last origin before it where a choice was due.
    fn params(&self, model: &ModelPlan, at: Origin, horizon: Horizon, track: &Track) -> Result<Value, Error> {
        let Some(choose) = &model.choose else { return Ok(model.params.clone()) };
        let origin = self.origins[choose.origin(at.index).min(at.index)];
        let place = (model.name.clone(), horizon, origin.index);
        let made = |choices: &Mutex<Choices>| choices.lock().ok().and_then(|c| c.get(&place).cloned());
        if let Some(choice) = made(&self.choices) {
            return Ok(choice.params);
        }
        let fit = self.task(model, &model.params, origin, horizon).key();
        let key = Digest::of_json(&json!({"choose": choose, "fit": fit}));
        let path = self.file(model, &format!("choice-{}", key.short()))?;
        let kept = path.as_deref().map(|p| checkpoint::read(p, key)).transpose()?.flatten();
        let choice = match kept.and_then(|body| serde_json::from_value(body).ok()) {
            Some(choice) => choice,
            None => {
                let params = |before: &ModelPlan| self.params(before, origin, horizon, track);
                let search = Search { plan: self.plan, history: self.history, track, params: &params };
                let choice = search.choose(model, choose, (origin.index, origin.cut), horizon)?;
                if let Some(path) = &path {
                    checkpoint::write(path, key, &json!(choice))?;
                }
                choice
            }
        };
        let params = choice.params.clone();
        if let Ok(mut choices) = self.choices.lock() {
            choices.insert(place, choice);
        }
        Ok(params)
    }

    /// One fit, from its file when there is one; else on the panel of its origin, which is made for the first model
    /// that wants it.
    ///
    /// # Errors
    /// A checkpoint cannot be read or written. A model without a fit is a value, not an error.
    pub fn fit(
        &self,
        model: &ModelPlan,
        origin: Origin,
        horizon: Horizon,
        before: Before<'_>,
        panel: &OnceLock<Panel>,
    ) -> Result<Result<Fitted, forecast::Error>, Error> {
        let params = self.params(model, origin, horizon, before.track)?;
        let task = self.task(model, &params, origin, horizon);
        let key = task.key();
        let path = self.file(model, &key.short())?;
        if let Some(path) = &path
            && let Some(body) = checkpoint::read(path, key)?
        {
            return Ok((Entry::named(&model.kind)?.load)(body));
        }
        let on_loss = |loss| (self.progress)(Progress::Loss(&model.name, horizon, loss));
        let panel = panel.get_or_init(|| task.panel(self.history, self.shifted));
        let fitted = task.run(panel, before, &on_loss);
        if let (Some(path), Ok(fitted)) = (&path, &fitted) {
            checkpoint::write(path, key, &fitted.body)?;
        }
        Ok(fitted)
    }

    /// What may be learnt from at an origin.
    pub fn panel(&self, origin: Origin) -> Panel {
        let of = |history| origins::panel(&self.plan.study, history, self.plan.pipeline.rows.row, origin.cut);
        of(self.history).with_shifted(self.shifted.iter().map(of).collect())
    }

    fn task(&self, model: &ModelPlan, params: &Value, origin: Origin, horizon: Horizon) -> FitTask {
        FitTask::new(&self.plan.study, &self.plan.pipeline.rows, self.data, model, params, (origin.cut, horizon))
    }

    /// Where a fit or choice is kept. Those that learn from a track record are cheap, and not kept.
    fn file(&self, model: &ModelPlan, name: &str) -> Result<Option<PathBuf>, Error> {
        let combines = Entry::named(&model.kind)?.combines;
        Ok(self.keep.filter(|_| !combines).map(|folder| folder.join(format!("{}-{name}.json", model.name))))
    }
}
