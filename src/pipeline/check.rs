//! Which settings of a margin are out of range, or name a model that is not there.

use super::multiplier::RuleMultiplier;
use super::settings::Margin;
use crate::base::{Problems, Span};
use crate::margin::apc;

impl Margin {
    /// Says what is wrong. `instances` are the names of the models; a name is looked up where it was `written`, for
    /// a default that no model has means none. Rows are of length `row`.
    pub fn problems(&self, instances: &[&str], row: Span, written: &dyn Fn(&str) -> bool, p: &mut Problems) {
        for (key, name) in [("forecast", &self.forecast), ("regime", &self.regime)] {
            if written(key) && !name.is_empty() {
                p.one_of(key, name, instances);
            }
        }
        for (key, name) in
            [("baseline_model", &self.baseline_model), ("long_run", &self.long_run), ("stressed", &self.stressed)]
        {
            name.iter().for_each(|name| p.one_of(key, name, instances));
        }
        for name in self.multiplier.as_ref().and_then(RuleMultiplier::models).into_iter().flatten() {
            p.one_of("multiplier", name, instances);
        }
        p.under("baseline", |p| {
            self.baseline.problems(p);
            if self.baseline_model.is_none() && self.baseline.check().is_ok() {
                self.baseline.fits(row, p);
            }
        });
        apc::problems(&self.apc, p);
        p.under("blend", |p| self.blend.problems(p));
        p.under("evidence", |p| self.evidence.problems(p));
        if let Some(calibrate) = &self.calibrate {
            p.under("calibrate", |p| calibrate.problems(row, p));
        }
        if let Some(light) = &self.traffic_light {
            p.under("traffic_light", |p| light.problems(p));
        }
        p.under("guardrail", |p| self.guardrail.problems(p));
        // What does not fit together is said once each part is right.
        if p.is_empty()
            && let Err(e) = self.check()
        {
            p.say("", e.to_string().trim_start_matches("margin: "));
        }
    }
}
