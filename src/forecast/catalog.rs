//! Every forecaster, one explicit line each; how an entry is found by name, and a stored model read back.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::combine::{conformal, ensemble};
use super::error::Error;
use super::model::{Entry, Fitted};
use super::pooled::{boost, net};
use super::simulation::{fhs, filtered, historical, stressed};
use super::smoothing::ewma;
use super::{garch, har, hmm, markov};

/// Every forecaster, one explicit line each; those that combine others come last.
#[rustfmt::skip]
pub const CATALOG: &[Entry] = &[
    Entry::of::<hmm::Hmm>("two to four hidden Markov regimes of log variance, filtered", false),
    Entry::of::<markov::Markov>("Markov-switching regression of log variance on its lags, filtered", false),
    Entry::of::<net::Net>("pooled neural net started at a gamma regression", false),
    Entry::of::<net::Sequence>("pooled causal convolutional net over the last rows, started at a gamma regression", false),
    Entry::of::<boost::Boost>("pooled trees boosted on the gamma deviance", false),
    Entry::of::<historical::Historical>("historical simulation: the last returns as they were", false),
    Entry::of::<fhs::Fhs>("filtered historical simulation: past returns scaled to today's volatility", false),
    Entry::of::<stressed::Stressed>("stressed value at risk: the worst stretch of the past, calibrated to the long-run loss", false),
    Entry::of::<ewma::Ewma>("exponentially weighted moving average of variance", false),
    Entry::of::<garch::Garch>("the GARCH family by maximum likelihood, with order flow in the variance if asked", false),
    Entry::of::<garch::MsGarch>("two or three GARCH regimes that a hidden Markov chain chooses from", false),
    Entry::of::<har::Har>("heterogeneous autoregression of realised variance, in levels or logs, with season", false),
    Entry::of::<ensemble::Ensemble>("geometric mean of members, weights from past losses", true),
    Entry::of::<filtered::Filtered>("tails of another forecaster's standardised residuals: historical, Student's t or Pareto", true),
    Entry::of::<conformal::Conformal>("tails of another forecaster held to their level", true).with_own_tails(),
];

impl Entry {
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

impl Fitted {
    /// Reads the stored form of a model of the named kind.
    ///
    /// # Errors
    /// There is no such kind, or the form is not its own.
    pub fn read(kind: &str, body: Value) -> Result<Fitted, Error> {
        (Entry::named(kind)?.load)(body)
    }
}

/// A model that others hold is loaded when they are, or they fail with what is wrong with it.
impl<'de> Deserialize<'de> for Fitted {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Fitted, D::Error> {
        #[derive(Deserialize)]
        struct Stored {
            kind: String,
            body: Value,
        }
        let Stored { kind, body } = Stored::deserialize(deserializer)?;
        Fitted::read(&kind, body).map_err(D::Error::custom)
    }
}
