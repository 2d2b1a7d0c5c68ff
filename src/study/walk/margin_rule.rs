//! What the study's margin rules asked: their decisions in the walk, beside the pipeline's own.

use super::issued::Walk;
use crate::base::{Horizon, Symbol, Ts};
use crate::margin::Decision;
use crate::study::config::margin_rule::{Control, MarginRule};

/// What a rule asked at one row, fractions of notional.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleMargin {
    /// Issue time.
    pub ts: Ts,
    /// What the control multiplies, see [`Control`].
    pub baseline: f64,
    /// The margin.
    pub c: f64,
    /// The model's own loss and the result of each stage.
    pub stages: Vec<f64>,
}

impl RuleMargin {
    fn of(decision: &Decision, control: Control) -> RuleMargin {
        let (ts, c) = (decision.ts, decision.c_im);
        let stages = match decision.why.stages.as_slice() {
            [] => vec![decision.baseline],
            stages => stages.to_vec(),
        };
        let baseline = match control {
            Control::Plain => stages[0],
            Control::Staged => decision.baseline,
        };
        RuleMargin { ts, baseline, c, stages }
    }
}

/// What a rule asked of one instrument over one horizon, in order of time.
pub fn asked(walk: &Walk, rule: &MarginRule, symbol: Symbol, horizon: Horizon) -> Vec<RuleMargin> {
    let own = walk.ruled.iter().filter(|n| *n.margin == *rule.name).map(|n| &n.decision);
    let own = own.filter(|d| d.symbol == symbol && d.horizon == horizon);
    own.map(|d| RuleMargin::of(d, rule.control)).collect()
}
