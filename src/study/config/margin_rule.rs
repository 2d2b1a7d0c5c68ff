//! Margin rules made of any models, judged beside the pipeline's own decision: `[[study.margins]]`.
//!
//! The baseline `U` is one model's 99 % loss. The stages of [`crate::margin::apc`] make it `b`; the forecast
//! requirement is `f = U sd / sd'`, the volatility of one model over that of another; the multiplier is
//! `f / b` within its bounds; guardrails are those of the pipeline. A rule is settings of the pipeline
//! ([`MarginRule::named`]): what is judged here can be served.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::loss::Side;
use crate::loss::baseline;
use crate::margin::Policy;
use crate::margin::apc::{Apc, Stage};
use crate::pipeline::{Margin, NamedMargin, RuleMultiplier};

/// Names of the pipeline's own policies, which no rule may have.
pub const OWN_POLICIES: [&str; 3] = ["baseline", "unguarded", "guarded"];

/// One rule, `[[study.margins]]` in a configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarginRule {
    /// Its name in tables.
    pub name: String,
    /// The instance whose 99 % loss is the baseline.
    pub baseline: String,
    /// The instance whose 99 % loss is the long-run one, for stages that want it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub long_run: Option<String>,
    /// The instance whose 99 % loss is the stressed one, for stages that want it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stressed: Option<String>,
    /// What is done to the baseline against procyclicality, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub apc: Vec<Stage>,
    /// What the control is made of.
    #[serde(default, skip_serializing_if = "is_default")]
    pub control: Control,
    /// What it is multiplied with; absent: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multiplier: Option<RuleMultiplier>,
    /// The guardrails; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guard: Option<Policy>,
}

/// What a rule's control of equal cost is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Control {
    /// The baseline after its stages: what the multiplier and the guardrails are worth.
    #[default]
    Staged,
    /// The model's own loss: what the stages are worth as well.
    Plain,
}

fn is_default(control: &Control) -> bool {
    *control == Control::Staged
}

impl MarginRule {
    /// Every instance it names.
    pub fn models(&self) -> BTreeSet<&str> {
        let multiplied = self.multiplier.as_ref().and_then(RuleMultiplier::models).into_iter().flatten();
        let staged = self.long_run.iter().chain(&self.stressed).map(String::as_str);
        staged.chain(multiplied).chain([self.baseline.as_str()]).collect()
    }
    /// The settings of a pipeline that it is: losses of this side.
    pub fn named(&self, side: Side) -> NamedMargin {
        let constant = RuleMultiplier::Constant { constant: 1.0 };
        let margin = Margin {
            forecast: String::new(),
            regime: String::new(),
            baseline: baseline::Params { side, ..baseline::Params::default() },
            baseline_model: Some(self.baseline.clone()),
            long_run: self.long_run.clone(),
            stressed: self.stressed.clone(),
            apc: self.apc.clone(),
            multiplier: Some(self.multiplier.clone().unwrap_or(constant)),
            guardrail: self.guard.unwrap_or_default(),
            unguarded: self.guard.is_none(),
            begins_at_one: self.guard.is_some(),
            market_time: true,
            ..Margin::default()
        };
        NamedMargin { name: self.name.clone(), margin }
    }
    /// Whether it can be carried out with those instances.
    ///
    /// # Errors
    /// What cannot, with the mend.
    pub fn check(&self, known: &dyn Fn(&str) -> bool) -> Result<(), String> {
        if OWN_POLICIES.contains(&self.name.as_str()) {
            return Err("the pipeline's own policies have this name; give the rule another".into());
        }
        if let Some(model) = self.models().into_iter().find(|m| !known(m)) {
            return Err(format!("`{model}` is not among [[models]]"));
        }
        Apc::new(&self.apc).map_err(|e| e.to_string())?;
        for stage in &self.apc {
            let (wants, given) = match stage {
                Stage::Floor | Stage::Cap { .. } => ("long_run", &self.long_run),
                Stage::StressWeight { .. } => ("stressed", &self.stressed),
                Stage::Buffer { .. } | Stage::SpeedLimit { .. } => continue,
            };
            if given.is_none() {
                return Err(format!("stage `{}` wants `{wants}`: an instance of [[models]]", stage.name()));
            }
        }
        self.multiplier.as_ref().map_or(Ok(()), |m| m.check().map_err(|e| e.to_string()))?;
        self.guard.map_or(Ok(()), |g| g.check().map_err(|e| format!("guard: {e}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str) -> MarginRule {
        toml::from_str(&format!("name = \"rule\"\nbaseline = \"U\"\n{text}")).unwrap()
    }

    const FLOOR: &str = "long_run = \"floor\"\napc = [{ stage = \"floor\" }]";

    #[test]
    fn rules_that_cannot_be_carried_out_are_refused_with_the_mend() {
        let known = |name: &str| name != "ghost";
        let refused = |text: &str, word: &str| {
            let why = rule(text).check(&known).unwrap_err();
            assert!(why.contains(word), "{why}");
        };
        assert_eq!(rule(FLOOR).check(&known), Ok(()));
        refused("long_run = \"ghost\"", "ghost");
        refused("apc = [{ stage = \"floor\" }]", "long_run");
        refused("apc = [{ stage = \"stress-weight\" }]", "stressed");
        refused("multiplier = { constant = 0.0 }", "above 0");
        refused("multiplier = { forecast = \"HAR\", over = \"EWMA\", min = 3.0 }", "at least `min`");
        refused("guard = { dead_band = 7.0 }", "guard");
        let own = MarginRule { name: "guarded".into(), ..rule("") };
        assert!(own.check(&known).unwrap_err().contains("another"));
    }
}
