//! A margin policy: how forecast and baseline are blended, and the guardrails.

use serde::{Deserialize, Serialize};

use super::policy::Policy;
use super::policy_change::{Changes, WAIT_OTHER, value};
use crate::base::{Horizon, Span};
use crate::margin::{Blend, Error};

/// What keys of the blend begin with in changes; all others are of the guardrails.
const BLEND: &str = "blend.";

/// Settings that decide what is asked at a decision: of the blend and of the guardrails.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicySettings {
    /// How forecast and baseline are blended.
    pub blend: Blend,
    /// The guardrails.
    pub guardrail: Policy,
}

impl PolicySettings {
    /// With changes made: keys as in `margin.guardrail`, and as in `margin.blend` after `blend.`.
    ///
    /// # Errors
    /// A key is unknown, or a value cannot be read or is out of range.
    pub fn with(&self, changes: &Changes) -> Result<PolicySettings, Error> {
        let of_blend = |key: &String| key.starts_with(BLEND);
        let guardrail: Changes =
            changes.iter().filter(|c| !of_blend(c.0)).map(|(k, v)| (k.clone(), v.clone())).collect();
        let mut blend = serde_json::to_value(self.blend).unwrap_or_default();
        for (key, text) in changes.iter().filter(|c| of_blend(c.0)) {
            let wrong = || Error::Policy {
                key: "change",
                got: format!("{key}={text}"),
                want: "blend.weight, blend.level or blend.stress_link, and a number",
            };
            *blend.get_mut(&key[BLEND.len()..]).ok_or_else(wrong)? =
                Some(value(text)).filter(|v| v.is_number()).ok_or_else(wrong)?;
        }
        let bad = |e: serde_json::Error| Error::Policy { key: "blend", got: e.to_string(), want: "numbers" };
        let blend: Blend = serde_json::from_value(blend).map_err(bad)?;
        blend.check()?;
        Ok(PolicySettings { blend, guardrail: self.guardrail.with(&guardrail)? })
    }
    /// How long a change to `new` waits after its last approval: one of the blend as long as one of how the guardrails
    /// work, for it is neither tighter nor looser.
    pub fn wait(&self, new: &PolicySettings) -> Span {
        let blend = if self.blend == new.blend { Span(0) } else { WAIT_OTHER };
        blend.max(self.guardrail.wait(&new.guardrail))
    }
}

/// Settings from some instant on, over one horizon or all.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewSettings {
    /// Which horizon; absent: every one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub horizon: Option<Horizon>,
    /// How forecast and baseline are blended; absent: as before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blend: Option<Blend>,
    /// The guardrails.
    pub guardrail: Policy,
}

impl NewSettings {
    /// Whether they are for decisions over this horizon.
    pub fn are_for(&self, horizon: Horizon) -> bool {
        self.horizon.is_none_or(|own| own == horizon)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(changes: &[(&str, &str)]) -> Result<PolicySettings, Error> {
        let base = PolicySettings { blend: Blend::default(), guardrail: Policy::default() };
        base.with(&changes.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect())
    }

    #[test]
    fn keys_of_the_blend_are_changed_beside_those_of_the_guardrails() {
        let new = changed(&[("blend.weight", "0.8"), ("im.up", "0.02")]).unwrap();
        assert_eq!((new.blend.weight, new.blend.level, new.guardrail.im.up), (0.8, 1.0, Some(0.02)));
        let base = changed(&[]).unwrap();
        assert_eq!(base.wait(&new), WAIT_OTHER);
        assert_eq!(base.wait(&PolicySettings { blend: base.blend, ..new }), Span(0), "a smaller step only tightens");
        for (key, text) in
            [("blend.wieght", "0.8"), ("blend.weight", "heavy"), ("blend.weight", "1.5"), ("blend.", "1")]
        {
            assert!(changed(&[(key, text)]).is_err(), "{key}={text}");
        }
    }
}
