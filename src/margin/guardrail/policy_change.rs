//! Changes of the guardrail settings: what a change does, and how long it must wait.
//!
//! A change that only narrows what the guardrails let through acts once it is approved; one that widens
//! a limit waits a day; any other change of how the guardrails work waits three. The wait is there so that
//! whoever is concerned can see what was approved before it acts. The schedule put on or off moves margins both ways
//! by the hour, and is neither tighter nor looser: it waits three days.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::former;
use super::pace::Budgets;
use super::policy::Policy;
use crate::base::Span;
use crate::margin::Error;

/// Wait of a change that widens a limit.
const WAIT_LOOSER: Span = Span(24 * Span::HOUR.0);
/// Wait of any other change than of a limit.
pub(super) const WAIT_OTHER: Span = Span(72 * Span::HOUR.0);

/// Limits that let less through the smaller they are.
const SMALLER_IS_TIGHTER: [&str; 16] = [
    "im.m_max",
    "new.m_max",
    "new.up",
    "new.down",
    "mm.m_max",
    "im.up",
    "im.down",
    "mm.up",
    "mm.down",
    "long_run_cap",
    "day_cap",
    "lag_max",
    "lag_steps",
    "recheck_tolerance",
    "blast.of_interest",
    "blast.of_depth",
];

/// Limits that let less through the larger they are.
const LARGER_IS_TIGHTER: [&str; 14] = [
    "m_min",
    "emergency_p",
    "emergency_models",
    "confirmations",
    "min_between_decreases",
    "min_between_increases",
    "mm_notice",
    "ladder.fallback_m",
    "transfer_min",
    "thin.m_min",
    "thin.depth_share",
    "doubt.least",
    "doubt.add",
    "kill_freeze",
];

/// Windows and rises. Fewer let more through; a window that is longer, or a rise that is smaller, less.
const BUDGETS: [&str; 3] = ["im.budgets", "mm.budgets", "new.budgets"];

/// `key = value` of the settings, keys as in `margin.guardrail`, sub-tables with a dot.
pub type Changes = BTreeMap<String, String>;

impl Policy {
    /// With changes made, every default of its rows written out. Keys of before are read as they were meant:
    /// whoever takes changes from people refuses them first, as [`former`] says.
    ///
    /// # Errors
    /// A key is unknown, or a value cannot be read or is out of range.
    pub fn with(&self, changes: &Changes) -> Result<Policy, Error> {
        let bad = |got: String| Error::Policy { key: "change", got, want: "a key and a value of margin.guardrail" };
        let mut whole = self.whole();
        let changes: Changes = changes.iter().filter_map(|(k, v)| former::renewed(k, v, self.row())).collect();
        for (key, text) in &changes {
            // What is new may get a pace of its own, key by key.
            if let Some(key) = key.strip_prefix("new.") {
                whole["new"][key] = value(text);
                continue;
            }
            let mut at = &mut whole;
            for part in key.split('.') {
                at = at.get_mut(part).ok_or_else(|| bad(format!("{key}={text}")))?;
            }
            *at = value(text);
        }
        let policy: Policy = serde_json::from_value(whole).map_err(|e| bad(format!("{changes:?}: {e}")))?;
        policy.check()?;
        Ok(policy.of_rows(self.row()))
    }

    /// How long a change to `new` waits after its last approval.
    pub fn wait(&self, new: &Policy) -> Span {
        let (old, new) = (flat(&self.whole()), flat(&new.whole()));
        let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        let waits = keys.into_iter().filter(|k| old.get(*k) != new.get(*k)).map(|key| {
            if BUDGETS.contains(&key.as_str()) {
                let budgets = |side: &BTreeMap<String, Value>| {
                    side.get(key).and_then(|v| serde_json::from_value::<Budgets>(v.clone()).ok()).unwrap_or_default()
                };
                if old.contains_key(key) != new.contains_key(key) {
                    return WAIT_OTHER;
                }
                return if budgets(&new).are_within(&budgets(&old)) { Span(0) } else { WAIT_LOOSER };
            }
            let size = |side: &BTreeMap<String, Value>| side.get(key).and_then(size);
            let (Some(was), Some(is)) = (size(&old), size(&new)) else { return WAIT_OTHER };
            let tighter = match key.as_str() {
                k if SMALLER_IS_TIGHTER.contains(&k) => is < was,
                k if LARGER_IS_TIGHTER.contains(&k) => is > was,
                _ => return WAIT_OTHER,
            };
            if tighter { Span(0) } else { WAIT_LOOSER }
        });
        waits.max().unwrap_or(Span(0))
    }

    /// Every setting, those at their defaults too.
    fn whole(&self) -> Value {
        let value = |v: Result<Value, _>| v.unwrap_or(Value::Null);
        let mut whole = value(serde_json::to_value(self.of_rows(self.row())));
        whole["transfer_min"] = self.transfer_min.into();
        whole["schedule"] = self.schedule.into();
        if self.new.is_none() {
            whole["new"] = Value::Null;
        }
        whole["thin"] = value(serde_json::to_value(self.thin));
        whole["doubt"] = value(serde_json::to_value(self.doubt));
        whole["blast"] = value(serde_json::to_value(self.blast));
        whole
    }
}

/// A value as people write it, in JSON or as in a configuration; else it is a text.
pub(super) fn value(text: &str) -> Value {
    let toml = || toml::from_str::<BTreeMap<String, Value>>(&format!("value = {text}")).ok()?.remove("value");
    serde_json::from_str(text).ok().or_else(toml).unwrap_or_else(|| Value::String(text.to_string()))
}

fn flat(value: &Value) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for (key, value) in value.as_object().into_iter().flatten() {
        match value {
            Value::Object(_) => found.extend(flat(value).into_iter().map(|(k, v)| (format!("{key}.{k}"), v))),
            other => _ = found.insert(key.clone(), other.clone()),
        }
    }
    found
}

/// A number, or a length of time in nanoseconds.
fn size(value: &Value) -> Option<f64> {
    let span = |text: &str| text.parse::<Span>().ok().map(|s| s.0 as f64);
    value.as_f64().or_else(|| value.as_str().and_then(span))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(changes: &[(&str, &str)]) -> Span {
        let changes = changes.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        let policy = Policy::default();
        policy.wait(&policy.with(&changes).unwrap())
    }

    #[test]
    fn tightening_is_fast_loosening_waits_a_day_and_anything_else_three() {
        assert_eq!(wait(&[]), Span(0));
        assert_eq!(wait(&[("im.up", "0.02"), ("mm_notice", "12h"), ("thin.m_min", "1.3")]), Span(0));
        assert_eq!(wait(&[("im.up", "0.02"), ("mm_notice", "4h")]), WAIT_LOOSER);
        assert_eq!((wait(&[("im.up", "0.024")]), wait(&[("mm.down", "0.0007")])), (WAIT_LOOSER, Span(0)));
        assert_eq!(wait(&[("transfer_min", "1.2")]), WAIT_LOOSER);
        assert_eq!(wait(&[("mode", "managed-total"), ("im.up", "0.02")]), WAIT_OTHER);
        assert_eq!(wait(&[("hysteresis.enter_count", "3")]), WAIT_OTHER);
    }

    #[test]
    fn a_budget_more_or_a_smaller_rise_is_tighter_and_all_else_of_budgets_is_looser() {
        let budgets = |list: &str| wait(&[("im.budgets", list)]);
        let (day, five) = ("{ over = \"24h\", rise = 0.2 }", "{ over = \"5d\", rise = 0.6 }");
        assert_eq!(budgets(&format!("[{five}, {day}]")), Span(0), "in another order");
        assert_eq!(budgets(&format!("[{five}, {day}, {{ over = \"1h\", rise = 0.01 }}]")), Span(0));
        assert_eq!(budgets("[{\"over\": \"5d\", \"rise\": 0.2}]"), Span(0), "a longer window for both");
        for looser in
            ["[]", &format!("[{day}]"), "[{ over = \"5d\", rise = 0.21 }]", "[{ over = \"20h\", rise = 0.1 }]"]
        {
            assert_eq!(budgets(looser), WAIT_LOOSER, "{looser}");
        }
        assert_eq!(wait(&[("mm.budgets", "[{ over = \"24h\", rise = 0.04 }]")]), Span(0));
        assert_eq!(wait(&[("row", "2h")]), WAIT_OTHER, "of what the pace speaks");
    }

    #[test]
    fn every_limit_with_a_direction_is_a_setting() {
        let new = Some(Policy::default().im);
        let keys = flat(&Policy { new, ..Policy::default() }.whole());
        for key in SMALLER_IS_TIGHTER.iter().chain(&LARGER_IS_TIGHTER) {
            assert!(keys.get(*key).and_then(size).is_some(), "{key}");
        }
    }

    #[test]
    fn what_is_new_gets_a_pace_key_by_key_and_a_schedule_waits_longest() {
        let of = |policy: &Policy, changes: &[(&str, &str)]| {
            policy.with(&changes.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect()).unwrap()
        };
        let own = of(&Policy::default(), &[("new.up", "0.3")]);
        let new = own.new.unwrap();
        assert_eq!((new.m_max, new.up, new.down), (2.0, Some(0.3), Some(0.1)), "the rest is as usual for what is new");
        assert_eq!(Policy::default().wait(&own), WAIT_OTHER);
        assert_eq!(
            (own.wait(&of(&own, &[("new.up", "0.2")])), own.wait(&of(&own, &[("new.up", "0.4")]))),
            (Span(0), WAIT_LOOSER)
        );
        let whole = of(&Policy::default(), &[("new", "{ m_max = 2.5, budgets = [] }")]);
        assert_eq!((whole.new.unwrap().m_max, whole.im.m_max), (2.5, 2.0));
        assert_eq!(of(&whole, &[("new", "null")]).new, None);
        let lower = Changes::from([("new.m_max".to_string(), "1.5".to_string())]);
        assert!(Policy::default().with(&lower).unwrap_err().to_string().contains("new.m_max"));
        let timed = of(&Policy::default(), &[("schedule", "true")]);
        assert!(timed.schedule && timed.new.is_none());
        assert_eq!((Policy::default().wait(&timed), timed.wait(&Policy::default())), (WAIT_OTHER, WAIT_OTHER));
    }

    #[test]
    fn unknown_keys_and_values_out_of_range_are_refused() {
        for (key, value) in [("dead_bandit", "1"), ("im.m_max", "3.5"), ("mode", "other"), ("im.m_max.x", "1")] {
            let changes = Changes::from([(key.to_string(), value.to_string())]);
            assert!(Policy::default().with(&changes).is_err(), "{key}");
        }
        let changes = Changes::from([("thin.samples".to_string(), "5".to_string())]);
        assert_eq!(Policy::default().with(&changes).unwrap().thin.samples, 5);
    }
}
