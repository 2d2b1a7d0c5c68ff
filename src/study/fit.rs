//! The fits of every origin, in parallel, each kept on disk as soon as it is done.
//!
//! A fit's file is named by a digest of everything it depends on, so a study that was killed goes
//! on where it stopped and ends with the same bits, and a changed setting never finds an old fit.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use serde_json::{Value, json};

use super::choice::{Choice, Question};
use super::plan::{ModelPlan, Plan};
use super::split::{self, Fold};
use super::{Error, Progress, Told};
use crate::base::{Digest, Horizon};
use crate::forecast::{self, Entry, FitContext, Fitted, History, Panel, Track};

/// Fits by origin, instance and horizon; a fit that failed keeps its reason.
pub type Fits = BTreeMap<(usize, String, Horizon), Result<Fitted, forecast::Error>>;

/// Choices of parameters by instance, horizon and origin.
pub type Choices = BTreeMap<(String, Horizon, usize), Choice>;

/// What every fit of a study shares.
pub struct Bench<'a> {
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
    /// Told stages and losses.
    pub progress: Progress<'a>,
    /// Choices made so far.
    pub choices: Mutex<Choices>,
}

impl Bench<'_> {
    /// Fits every model that stands alone, at every origin where it is refitted.
    ///
    /// # Errors
    /// A checkpoint cannot be read or written. A model without a fit is a value, not an error.
    pub fn first_stage(&self, folds: &[Fold]) -> Result<Fits, Error> {
        self.choose(folds)?;
        let mut tasks = Vec::new();
        for model in self.plan.models.iter().rev() {
            if Entry::named(&model.kind)?.combines {
                continue;
            }
            for fold in folds.iter().rev().filter(|f| f.index % model.every.max(1) == 0) {
                tasks.extend(self.plan.horizons().iter().map(|(_, h)| (model, *fold, *h)));
            }
        }
        let (total, progress) = (tasks.len() as u64, self.progress);
        let done = AtomicU64::new(0);
        let fits: Vec<_> = tasks
            .into_par_iter()
            .map(|(model, fold, horizon)| {
                let fitted = self.fit(model, folds, fold, horizon, &BTreeMap::new(), &Track::default());
                progress(Told::Stage("fit", done.fetch_add(1, Ordering::Relaxed) + 1, total));
                fitted.map(|f| ((fold.index, model.name.clone(), horizon), f))
            })
            .collect::<Result<_, Error>>()?;
        Ok(fits.into_iter().collect())
    }

    /// Makes every choice of the models that stand alone.
    fn choose(&self, folds: &[Fold]) -> Result<(), Error> {
        let mut tasks = Vec::new();
        for model in self.plan.models.iter().filter(|m| m.choose.is_some()) {
            if Entry::named(&model.kind)?.combines {
                continue;
            }
            let due = |f: &&Fold| model.choose.as_ref().is_some_and(|c| c.origin(f.index) == f.index);
            for fold in folds.iter().filter(due) {
                tasks.extend(self.plan.horizons().iter().map(|(_, h)| (model, *fold, *h)));
            }
        }
        let (total, done) = (tasks.len() as u64, AtomicU64::new(0));
        tasks.into_par_iter().try_for_each(|(model, fold, horizon)| {
            self.params(model, folds, fold, horizon, &Track::default())?;
            (self.progress)(Told::Stage("choose", done.fetch_add(1, Ordering::Relaxed) + 1, total));
            Ok(())
        })
    }

    /// The parameters in force for a model at an origin: as given, or as chosen there or at the
    /// last origin before it where a choice was due.
    fn params(
        &self,
        model: &ModelPlan,
        folds: &[Fold],
        fold: Fold,
        horizon: Horizon,
        track: &Track,
    ) -> Result<Value, Error> {
        let Some(choose) = &model.choose else { return Ok(model.params.clone()) };
        let origin = folds[choose.origin(fold.index).min(fold.index)];
        let place = (model.name.clone(), horizon, origin.index);
        let made = |choices: &Mutex<Choices>| choices.lock().ok().and_then(|c| c.get(&place).cloned());
        if let Some(choice) = made(&self.choices) {
            return Ok(choice.params);
        }
        let key = Digest::of_json(&json!({"choose": choose, "fit": self.key(model, &model.params, origin, horizon)}));
        let combines = Entry::named(&model.kind)?.combines;
        let path =
            self.keep.filter(|_| !combines).map(|d| d.join(format!("{}-choice-{}.json", model.name, key.short())));
        let kept = path.as_deref().map(|p| read(p, key)).transpose()?.flatten();
        let choice = match kept.and_then(|body| serde_json::from_value(body).ok()) {
            Some(choice) => choice,
            None => {
                let params = |before: &ModelPlan| self.params(before, folds, origin, horizon, track);
                let question = Question { plan: self.plan, history: self.history, track, params: &params };
                let choice = question.choose(model, choose, (origin.index, origin.cut), horizon)?;
                if let Some(path) = &path {
                    write(path, key, &json!(choice))?;
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

    /// One fit, from its file when there is one. Fits that learn from a track record are cheap and
    /// not kept.
    pub fn fit(
        &self,
        model: &ModelPlan,
        folds: &[Fold],
        fold: Fold,
        horizon: Horizon,
        members: &BTreeMap<String, Fitted>,
        track: &Track,
    ) -> Result<Result<Fitted, forecast::Error>, Error> {
        let entry = Entry::named(&model.kind)?;
        let params = self.params(model, folds, fold, horizon, track)?;
        let key = self.key(model, &params, fold, horizon);
        let path =
            self.keep.filter(|_| !entry.combines).map(|d| d.join(format!("{}-{}.json", model.name, key.short())));
        if let Some(path) = &path
            && let Some(body) = read(path, key)?
        {
            return Ok((entry.load)(body));
        }
        let panel = self.panel(fold);
        let ctx = FitContext {
            horizon,
            step: self.plan.road.rows.row,
            seed: self.plan.study.seed.named(&format!("{}|{}|{}", model.name, horizon, fold.cut)),
            members,
            track,
            progress: &|pace| pace.loss.into_iter().for_each(|l| (self.progress)(Told::Loss(&model.name, horizon, l))),
        };
        let fitted = (entry.fit)(&params, &panel, &ctx);
        if let (Some(path), Ok(fitted)) = (&path, &fitted) {
            write(path, key, &fitted.body)?;
        }
        Ok(fitted)
    }

    /// What may be learnt from at an origin.
    pub fn panel(&self, fold: Fold) -> Panel {
        let of = |history| split::panel(&self.plan.study, history, self.plan.road.rows.row, fold.cut);
        of(self.history).with_shifted(self.shifted.iter().map(of).collect())
    }

    fn key(&self, model: &ModelPlan, params: &Value, fold: Fold, horizon: Horizon) -> Digest {
        let study = &self.plan.study;
        Digest::of_json(&json!({
            "version": env!("CARGO_PKG_VERSION"),
            "data": self.data,
            "rows": self.plan.road.rows,
            "kind": model.kind,
            "name": model.name,
            "params": params,
            "horizon": horizon,
            "cut": fold.cut,
            "window": study.window,
            "embargo": study.embargo,
            "warmup": study.warmup,
            "phases": study.phases,
            "seed": study.seed,
        }))
    }
}

/// Digest of rows, bit for bit.
pub fn digest(history: &History, shifted: &[History]) -> Digest {
    let mut bytes = Vec::new();
    for (symbol, rows) in std::iter::once(history).chain(shifted).flatten() {
        bytes.extend_from_slice(symbol.as_str().as_bytes());
        for row in rows.iter() {
            bytes.extend_from_slice(&row.ts.0.to_le_bytes());
            bytes.extend_from_slice(&row.ts_known.0.to_le_bytes());
            row.values().iter().for_each(|v| bytes.extend_from_slice(&v.to_bits().to_le_bytes()));
        }
    }
    Digest::of(&bytes)
}

fn read(path: &Path, key: Digest) -> Result<Option<Value>, Error> {
    let bad = |why: String| Error::Checkpoint { path: path.display().to_string(), why };
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(bad(e.to_string())),
    };
    let mut value: Value = serde_json::from_str(&text).map_err(|e| bad(e.to_string()))?;
    let body = value["body"].take();
    let same = value["key"] == json!(key) && value["digest"] == json!(Digest::of_json(&body));
    if same { Ok(Some(body)) } else { Err(bad("its digest does not match its content".into())) }
}

fn write(path: &Path, key: Digest, body: &Value) -> Result<(), Error> {
    let bad = |e: std::io::Error| Error::Checkpoint { path: path.display().to_string(), why: e.to_string() };
    let text = json!({"key": key, "digest": Digest::of_json(body), "body": body}).to_string();
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir).map_err(bad)?;
    }
    let part = path.with_extension("part");
    std::fs::write(&part, text).map_err(bad)?;
    std::fs::rename(&part, path).map_err(bad)
}
