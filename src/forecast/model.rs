//! The contract of every forecaster: a [`Model`] is learnt once, a [`Forecaster`] runs, and a
//! [`Forecast`] is what it says. [`Fitted`] holds a model of any kind, [`Entry`] is its line in the catalog.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::dist::Dist;
use super::error::Error;
use super::outcome::Track;
use super::panel::Panel;
use super::regime::{Dwell, Regime};
use crate::base::{Digest, Horizon, Prob, Problems, Seed, Span, Ts, settings};
use crate::feature::Row;

/// Learnt once, then immutable. What the registry stores.
pub trait Model: Serialize + DeserializeOwned + Send + Sync + Sized + 'static {
    /// The catalog name.
    const NAME: &'static str;
    /// Settings, with documented defaults. Unknown keys are errors.
    type Params: Default + Serialize + DeserializeOwned;
    /// Says which settings are out of range, or do not go together. `before` are the instances that stand
    /// before this one in a configuration: those that it may combine.
    fn check(params: &Self::Params, before: &[&str], problems: &mut Problems) {
        let _ = (params, before, problems);
    }
    /// As [`Model::check`], before a fit.
    ///
    /// # Errors
    /// All that is wrong.
    fn sound(params: &Self::Params, ctx: &FitContext<'_>) -> Result<(), Error> {
        let before: Vec<&str> = ctx.members.keys().map(String::as_str).collect();
        let mut problems = Problems::default();
        Self::check(params, &before, &mut problems);
        problems.done().map_err(|problems| Error::Params { model: Self::NAME, why: problems.to_string() })
    }
    /// Learns from a panel. Nothing known after `panel.end()` can be reached from here.
    ///
    /// # Errors
    /// Too little data, or data on which the model has no fit. Never a panic.
    fn fit(params: &Self::Params, panel: &Panel, ctx: &FitContext<'_>) -> Result<Self, Error>;
    /// A fresh filter for one instrument. It takes the instrument from the first row.
    fn start(&self) -> Box<dyn Forecaster>;
}

/// Runs per instrument.
pub trait Forecaster: Send {
    /// Takes the next row; rows arrive in close order.
    fn update(&mut self, row: &Row);
    /// The forecast from the rows seen so far; `None` until warm. Pure.
    fn forecast(&self) -> Option<Forecast>;
    /// How long the regime has lasted and is expected to last, where the model has regimes. Pure.
    fn dwell(&self) -> Option<Dwell> {
        None
    }
    /// The regime of the next period as [`Forecaster::forecast`] has it, where the model has regimes. Pure.
    fn regime(&self) -> Option<Regime> {
        self.forecast()?.regime
    }
    /// Weight of the members of an average that are silent while others speak for them, in \[0, 1\];
    /// 0 where nothing is averaged. Pure.
    fn silent_share(&self) -> f64 {
        0.0
    }
}

/// A distribution of the log return over the horizon, and what else the model says.
#[derive(Clone, Debug, PartialEq)]
pub struct Forecast {
    /// Close of the last row used.
    pub issued: Ts,
    /// How far ahead.
    pub horizon: Horizon,
    /// The distribution.
    pub dist: Dist,
    /// Regime probabilities, where the model has them.
    pub regime: Option<Regime>,
    /// Probability that the realised variance over the horizon exceeds its trailing 95 % quantile,
    /// where the model has it.
    pub spike: Option<Prob>,
}

/// What a fit may use besides the panel.
pub struct FitContext<'a> {
    /// How far ahead the model is to look.
    pub horizon: Horizon,
    /// Length of one row.
    pub step: Span,
    /// Randomness for this fit.
    pub seed: Seed,
    /// Models already fitted on the same panel, by instance name; for those that combine others.
    pub members: &'a BTreeMap<String, Fitted>,
    /// What earlier models of each instance forecast out of sample, with outcomes known by the
    /// panel's end; for those that learn from past losses.
    pub track: &'a Track,
    /// Told how far the fit is.
    pub progress: &'a (dyn Fn(Pace) + Sync),
}

/// How far a fit is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Share of the work that is done, in \[0, 1\].
    pub share: f64,
    /// Loss on rows held out of training, where the fit is iterative; lower is better.
    pub loss: Option<f64>,
}

impl From<f64> for Pace {
    fn from(share: f64) -> Pace {
        Pace { share, loss: None }
    }
}

impl FitContext<'_> {
    /// The horizon in rows, at least 1.
    pub fn ahead(&self) -> usize {
        ((self.horizon.0.0 / self.step.0).max(1)) as usize
    }
    /// A member already fitted on the same panel.
    ///
    /// # Errors
    /// No instance of that name was fitted before.
    pub fn member(&self, name: &str) -> Result<&Fitted, Error> {
        self.members.get(name).ok_or_else(|| Error::Unknown {
            name: name.into(),
            known: self.members.keys().cloned().collect::<Vec<_>>().join(", "),
        })
    }
}

/// A fitted model of any kind: how to start it, and its stored form. It is stored as `kind` and `body`,
/// and read back by the catalog.
#[derive(Clone, Serialize)]
pub struct Fitted {
    /// Catalog name of the model.
    pub kind: &'static str,
    /// The stored form: the model's own plain numbers.
    #[serde(serialize_with = "plain")]
    pub body: Arc<Value>,
    #[serde(skip)]
    start: Arc<dyn Fn() -> Box<dyn Forecaster> + Send + Sync>,
}

impl Fitted {
    /// Takes a model in by way of its stored form, so that a model just fitted and
    /// the same model read back from the registry are the same bits.
    ///
    /// # Errors
    /// The model does not survive its own stored form.
    pub fn of<M: Model>(model: &M) -> Result<Fitted, Error> {
        let stored = |why: serde_json::Error| Error::Stored { model: M::NAME.into(), why: why.to_string() };
        Fitted::load::<M>(serde_json::to_value(model).map_err(stored)?)
    }
    /// Reads a stored form.
    ///
    /// # Errors
    /// The form is not that of `M`.
    pub fn load<M: Model>(body: Value) -> Result<Fitted, Error> {
        let model: M = serde_json::from_value(body.clone())
            .map_err(|e| Error::Stored { model: M::NAME.into(), why: e.to_string() })?;
        Ok(Fitted { kind: M::NAME, body: Arc::new(body), start: Arc::new(move || model.start()) })
    }
    /// A fresh filter for one instrument.
    pub fn start(&self) -> Box<dyn Forecaster> {
        (self.start)()
    }
    /// Digest of kind and stored form.
    pub fn digest(&self) -> Digest {
        Digest::of_json(&serde_json::json!({"kind": self.kind, "body": *self.body}))
    }
}

fn plain<S: serde::Serializer>(body: &Arc<Value>, to: S) -> Result<S::Ok, S::Error> {
    body.as_ref().serialize(to)
}

impl PartialEq for Fitted {
    fn eq(&self, other: &Fitted) -> bool {
        (self.kind, &self.body) == (other.kind, &other.body)
    }
}

impl fmt::Debug for Fitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.body)
    }
}

/// One line of the catalog.
pub struct Entry {
    /// Name on the command line and in configurations.
    pub name: &'static str,
    /// One sentence.
    pub about: &'static str,
    /// Models of the second stage combine fitted members or their past losses; they are fitted
    /// after the first stage, in order of time.
    pub combines: bool,
    /// Default parameters.
    pub defaults: fn() -> Value,
    /// Says what is wrong with parameters given as JSON, where those instances stand before.
    pub check: fn(&Value, &[&str], &mut Problems),
    /// Fits with parameters given as JSON (missing keys take defaults, unknown keys are errors).
    pub fit: FitFn,
    /// Reads a stored form.
    pub load: fn(Value) -> Result<Fitted, Error>,
    /// Its tails are its point: they are published as they are, not recalibrated.
    pub own_tails: bool,
}

/// How a catalog entry fits.
pub type FitFn = fn(&Value, &Panel, &FitContext<'_>) -> Result<Fitted, Error>;

impl Entry {
    /// The line of a model.
    pub const fn of<M: Model>(about: &'static str, combines: bool) -> Entry {
        Entry {
            name: M::NAME,
            about,
            combines,
            defaults: || serde_json::to_value(M::Params::default()).unwrap_or(Value::Null),
            check: |params, before, problems| {
                if let Some(params) = settings::read::<M::Params>(params, problems) {
                    M::check(&params, before, problems);
                }
            },
            fit: |params, panel, ctx| {
                let params: M::Params = serde_json::from_value(params.clone())
                    .map_err(|e| Error::Params { model: M::NAME, why: e.to_string() })?;
                Fitted::of(&M::fit(&params, panel, ctx)?)
            },
            load: |body| Fitted::load::<M>(body),
            own_tails: false,
        }
    }
    /// The line of a model whose tails are its point.
    pub const fn with_own_tails(mut self) -> Entry {
        self.own_tails = true;
        self
    }
}
