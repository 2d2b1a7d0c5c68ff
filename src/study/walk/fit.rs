//! One fit as a value: everything that it depends on but the rows themselves, which it names by their digest.
//! It can be written down, sent to another process that has these rows, and run there to the same bits.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::origins;
use crate::base::{Digest, Horizon, Seed, Span, Ts};
use crate::feature;
use crate::forecast::{self, Entry, FitContext, Fitted, History, Panel, Track};
use crate::study::config::{ModelPlan, Study};

/// A fit to be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FitTask {
    /// Version of the program.
    pub version: String,
    /// Digest of the rows.
    pub data: Digest,
    /// How they are built.
    pub rows: feature::RowConfig,
    /// Catalog name of the model.
    pub kind: String,
    /// Instance name.
    pub name: String,
    /// Its parameters.
    pub params: Value,
    /// How far ahead it forecasts.
    pub horizon: Horizon,
    /// Nothing known after this is learnt from.
    pub cut: Ts,
    /// Length of the training window; absent: all history.
    pub window: Option<Span>,
    /// Rows left out between training and the cut.
    pub embargo: usize,
    /// First rows of each instrument that are not learnt from.
    pub warmup: usize,
    /// Places of a row's length at which windows open.
    pub phases: usize,
    /// Seed of the study.
    pub seed: Seed,
}

/// What a model that combines others learns from beside rows; empty for one that stands alone.
#[derive(Clone, Copy)]
pub struct Before<'a> {
    /// Fits of the models before it at the same origin, by instance name.
    pub members: &'a BTreeMap<String, Fitted>,
    /// What earlier models forecast out of sample.
    pub track: &'a Track,
}

impl FitTask {
    /// A model of a study, with parameters in force, as of a cut.
    pub fn new(
        study: &Study,
        rows: &feature::RowConfig,
        data: Digest,
        model: &ModelPlan,
        params: &Value,
        (cut, horizon): (Ts, Horizon),
    ) -> FitTask {
        FitTask {
            version: env!("CARGO_PKG_VERSION").into(),
            data,
            rows: rows.clone(),
            kind: model.kind.clone(),
            name: model.name.clone(),
            params: params.clone(),
            horizon,
            cut,
            window: study.window,
            embargo: study.embargo,
            warmup: study.warmup,
            phases: study.phases,
            seed: study.seed,
        }
    }
    /// Digest of all of it: two tasks with one key have one result.
    pub fn key(&self) -> Digest {
        Digest::of_json(&json!(self))
    }
    /// What it learns from; `shifted` are the rows of windows that open between those of `history`.
    pub fn panel(&self, history: &History, shifted: &[History]) -> Panel {
        let end = self.cut - self.rows.row.times(self.embargo as i64);
        let of = |history: &History| origins::panel_until(history, end, self.window, self.warmup);
        of(history).with_shifted(shifted.iter().map(of).collect())
    }
    /// Does it. `on_loss` is called with losses on rows held out, where the model has any.
    ///
    /// # Errors
    /// The kind is unknown, parameters are out of range, or the model has no fit on these rows.
    pub fn run(
        &self,
        panel: &Panel,
        before: Before<'_>,
        on_loss: &(dyn Fn(f64) + Sync),
    ) -> Result<Fitted, forecast::Error> {
        let entry = Entry::named(&self.kind)?;
        let ctx = FitContext {
            horizon: self.horizon,
            step: self.rows.row,
            seed: self.seed.named(&format!("{}|{}|{}", self.name, self.horizon, self.cut)),
            members: before.members,
            track: before.track,
            progress: &|pace| pace.loss.into_iter().for_each(on_loss),
        };
        (entry.fit)(&self.params, panel, &ctx)
    }
}
