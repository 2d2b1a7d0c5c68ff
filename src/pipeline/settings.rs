//! What a pipeline is configured with, besides the models.

use serde::{Deserialize, Serialize};

use super::error::Error;
use super::multiplier::RuleMultiplier;
use crate::base::{Symbol, Ts};
use crate::feature;
use crate::loss::baseline;
use crate::margin::apc::Stage;
use crate::margin::calibration::CalibrationSettings;
use crate::margin::{Blend, Policy, monitor, traffic_light};

/// What a pipeline needs to know besides the models.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The instruments; events of others are counted faults.
    pub symbols: Vec<Symbol>,
    /// How rows are built.
    pub rows: feature::RowConfig,
    /// Horizons, in rows.
    pub horizons: Vec<usize>,
    /// Decisions are made from rows that close at or after this; earlier rows only warm up.
    pub publish_from: Ts,
    /// How many rows of each instrument are kept, to derive running state from when models change.
    pub replay_rows: usize,
    /// How a requirement is made from baseline and forecast.
    pub margin: Margin,
    /// Other ways, made beside it from the same forecasts; theirs are read from
    /// [`Pipeline::named`](super::Pipeline::named).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub margins: Vec<NamedMargin>,
}

impl Settings {
    /// Every way to make a requirement over every horizon, in rows: the margin's own has no name.
    pub(super) fn ways(&self) -> impl Iterator<Item = (usize, Option<&str>, &Margin)> {
        self.horizons.iter().flat_map(move |ahead| {
            let named = self.margins.iter().map(move |named| (*ahead, Some(named.name.as_str()), &named.margin));
            std::iter::once((*ahead, None, &self.margin)).chain(named)
        })
    }
}

/// A way to make a requirement, with its name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedMargin {
    /// Its name.
    pub name: String,
    /// The way.
    pub margin: Margin,
}

/// How a requirement is made from a baseline and a forecast.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Margin {
    /// Instance whose 99 % loss is the forecast.
    pub forecast: String,
    /// Instance that gives the probability of the stressed regime; empty for none.
    pub regime: String,
    /// The baseline requirement, measured on the instrument's own history.
    pub baseline: baseline::Params,
    /// Instance whose 99 % loss is the baseline instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline_model: Option<String>,
    /// Instance whose 99 % loss is then the long-run one, for stages that want it. The guardrails' cap on the
    /// total lift holds over measured losses only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub long_run: Option<String>,
    /// Instance whose 99 % loss is then the stressed one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stressed: Option<String>,
    /// Anti-procyclical stages between the measured loss and the baseline, in the order they run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub apc: Vec<Stage>,
    /// How forecast and baseline are blended.
    pub blend: Blend,
    /// When a forecast is not heard.
    pub evidence: monitor::Params,
    /// How a backtest chooses blend and pace inside its training windows; absent: those configured hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calibrate: Option<CalibrationSettings>,
    /// What the traffic light over past outcomes does by itself; absent: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traffic_light: Option<traffic_light::Params>,
    /// What the baseline is multiplied with; absent: the blend with a forecast.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multiplier: Option<RuleMultiplier>,
    /// The guardrails.
    pub guardrail: Policy,
    /// No guardrails: what the multiplier wants is asked.
    #[serde(skip_serializing_if = "is_false")]
    pub unguarded: bool,
    /// Guardrails begin at a multiplier of one on the last row before the first decision; where there is none,
    /// on the first.
    #[serde(skip_serializing_if = "is_false")]
    pub begins_at_one: bool,
    /// Stages and guardrails run on the market's own time, in which a closure (`rows.closure`) takes none.
    #[serde(skip_serializing_if = "is_false")]
    pub market_time: bool,
}

fn is_false(flag: &bool) -> bool {
    !*flag
}

impl Default for Margin {
    fn default() -> Margin {
        Margin {
            forecast: "conformal".into(),
            regime: "HMM".into(),
            baseline: baseline::Params::default(),
            baseline_model: None,
            long_run: None,
            stressed: None,
            apc: Vec::new(),
            blend: Blend::default(),
            evidence: monitor::Params::default(),
            calibrate: None,
            traffic_light: None,
            multiplier: None,
            guardrail: Policy::default(),
            unguarded: false,
            begins_at_one: false,
            market_time: false,
        }
    }
}

impl Margin {
    /// Whether its parts fit each other. Names are not looked up here.
    ///
    /// # Errors
    /// What does not fit, with the mend.
    pub fn check(&self) -> Result<(), Error> {
        let bad = |why: String| Err(Error::Settings(format!("margin: {why}")));
        if self.baseline_model.is_none() && (self.long_run.is_some() || self.stressed.is_some()) {
            return bad("`long_run` and `stressed` want `baseline_model`: history has its own".into());
        }
        for stage in self.apc.iter().filter(|_| self.baseline_model.is_some()) {
            let (wants, given) = match stage {
                Stage::Floor | Stage::Cap { .. } => ("long_run", &self.long_run),
                Stage::StressWeight { .. } => ("stressed", &self.stressed),
                Stage::Buffer { .. } | Stage::SpeedLimit { .. } => continue,
            };
            if given.is_none() {
                return bad(format!("stage `{}` wants `{wants}`: an instance of [[models]]", stage.name()));
            }
        }
        if let Some(multiplier) = &self.multiplier {
            multiplier.check()?;
            if self.traffic_light.is_some() {
                return bad("`traffic_light` acts on the blend with a forecast; leave `multiplier` out".into());
            }
        }
        let other = [
            ("multiplier", self.multiplier.is_some()),
            ("traffic_light", self.traffic_light.is_some()),
            ("unguarded", self.unguarded),
        ];
        if let Some((key, _)) = other.iter().find(|o| o.1 && self.calibrate.is_some()) {
            return bad(format!("`calibrate` chooses blends under guardrails; leave `{key}` out"));
        }
        self.traffic_light.map_or(Ok(()), |light| light.check()).or_else(|e| bad(e.to_string()))
    }
    /// Whether rows before the first decision leave anything behind.
    pub(super) fn remembers(&self) -> bool {
        !self.apc.is_empty() || self.begins_at_one || self.market_time
    }
}
