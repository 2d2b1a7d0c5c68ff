//! What may happen: a [`Model`] is learnt once from a [`Panel`] and then immutable; a
//! [`Forecaster`] runs, one per instrument, and is the only thing that changes with time.
//!
//! Each file has the same six parts in the same order: (1) one line, the equation, its units, its
//! source and what it was checked against; (2) the parameter table and warm-up; (3) a doctest that
//! runs; (4) `Params`; (5) the model; (6) the running state. A line in [`CATALOG`] alone gives a
//! model its command-line name, default configuration, laws, benches, registry round trip and a
//! row of the scoreboard.

pub mod boost;
mod boost_tree;
pub mod calibrated;
pub mod conformal;
pub mod dist;
pub mod ensemble;
pub mod ewma;
pub mod families;
pub mod fhs;
pub mod filtered;
pub mod gamma;
pub mod garch;
pub mod har;
pub mod historical;
pub mod hmm;
pub mod hmm_em;
pub mod hmm_filter;
pub mod markov;
mod mixture;
pub mod ms_garch;
pub mod net;
mod net_plain;
pub mod net_sequence;
mod net_tower;
mod net_train;
pub mod outcome;
pub mod panel;
mod pooled;
mod pooled_input;
pub mod profile;
pub mod regime;
mod rolling;
mod spike;
mod spike_head;
mod stack;
pub mod stressed;
mod tail;
mod training;
pub mod window;

pub use dist::Dist;
pub use panel::{History, Outcome, Panel, Settled, Track};
pub use regime::{Dwell, Regime};

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::base::{Digest, Horizon, Prob, Seed, Span, Symbol, Ts};
use crate::feature::Row;

/// Learnt once, then immutable. What the registry stores.
pub trait Model: Serialize + DeserializeOwned + Send + Sync + Sized + 'static {
    /// The catalog name.
    const NAME: &'static str;
    /// Settings, with documented defaults. Unknown keys are errors.
    type Params: Default + Serialize + DeserializeOwned;
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

/// Why a fit failed. Variants say what the reader can do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// More history is needed.
    #[error(
        "{model}: {symbol} has {have} usable rows before {end}, at least {need} are needed; start the data earlier or drop the symbol"
    )]
    TooLittle {
        /// Which model.
        model: &'static str,
        /// Which instrument.
        symbol: String,
        /// Usable rows.
        have: usize,
        /// Rows needed.
        need: usize,
        /// End of the panel.
        end: Ts,
    },
    /// A parameter is out of range or unknown.
    #[error("{model}: parameters: {why}")]
    Params {
        /// Which model.
        model: &'static str,
        /// What is wrong, with the accepted range.
        why: String,
    },
    /// No fit on these data.
    #[error("{model}: {symbol}: no fit: {why}")]
    NoFit {
        /// Which model.
        model: &'static str,
        /// Which instrument.
        symbol: String,
        /// What failed.
        why: String,
    },
    /// A stored model could not be read.
    #[error("{model}: stored model: {why}")]
    Stored {
        /// Which model.
        model: String,
        /// What is wrong.
        why: String,
    },
    /// A name that is not in the catalog or among the fitted members.
    #[error("no model named `{name}`; there are: {known}")]
    Unknown {
        /// The name.
        name: String,
        /// What exists.
        known: String,
    },
}

/// A fitted model behind one face: how to start it, and its stored form.
#[derive(Clone)]
pub struct Fitted {
    /// Catalog name of the model.
    pub kind: &'static str,
    /// The stored form: the model's own plain numbers.
    pub body: Arc<Value>,
    start: Arc<dyn Fn() -> Box<dyn Forecaster> + Send + Sync>,
}

impl Fitted {
    /// Puts a model behind the face, by way of its stored form, so that a model just fitted and
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
    /// Looks a name up.
    ///
    /// # Errors
    /// No such line.
    pub fn named(name: &str) -> Result<&'static Entry, Error> {
        CATALOG.iter().find(|e| e.name == name).ok_or_else(|| Error::Unknown {
            name: name.into(),
            known: CATALOG.iter().map(|e| e.name).collect::<Vec<_>>().join(", "),
        })
    }
}

/// Every forecaster, one explicit line each; those that combine others come last.
#[rustfmt::skip]
pub const CATALOG: &[Entry] = &[
    Entry::of::<hmm::Hmm>("two to four hidden Markov regimes of log variance, filtered", false),
    Entry::of::<markov::Markov>("Markov-switching regression of log variance on its lags, filtered", false),
    Entry::of::<net::Net>("pooled neural net started at a gamma regression", false),
    Entry::of::<net_sequence::Sequence>("pooled causal convolutional net over the last rows, started at a gamma regression", false),
    Entry::of::<boost::Boost>("pooled trees boosted on the gamma deviance", false),
    Entry::of::<historical::Historical>("historical simulation: the last returns as they were", false),
    Entry::of::<fhs::Fhs>("filtered historical simulation: past returns scaled to today's volatility", false),
    Entry::of::<stressed::Stressed>("stressed value at risk: the worst stretch of the past, calibrated to the long-run loss", false),
    Entry::of::<ewma::Ewma>("exponentially weighted moving average of variance", false),
    Entry::of::<garch::Garch>("the GARCH family by maximum likelihood, with order flow in the variance if asked", false),
    Entry::of::<ms_garch::MsGarch>("two or three GARCH regimes that a hidden Markov chain chooses from", false),
    Entry::of::<har::Har>("heterogeneous autoregression of realised variance, in levels or logs, with season", false),
    Entry::of::<ensemble::Ensemble>("geometric mean of members, weights from past losses", true),
    Entry::of::<filtered::Filtered>("tails of another forecaster's standardised residuals: historical, Student's t or Pareto", true),
    Entry::of::<conformal::Conformal>("tails of another forecaster held to their level", true).with_own_tails(),
];

/// Coefficients or states kept per instrument name.
pub type BySymbol<T> = BTreeMap<Symbol, T>;
