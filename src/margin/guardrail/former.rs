//! Settings of the pace as they were before: per day, split geometrically over shorter steps.
//!
//! Configurations and proposals that name them are refused, with what to write instead. What was stored with them
//! is read: a pace per day is the pace of rows of a day.

use serde_json::Value;

use crate::base::{Problems, Span};

const UP: &str = "is retired; write `up`, the largest rise in one row (0.10 with daily rows, 0.004 with hourly ones, was \
                  +10 % a day), and `budgets`, the largest rises over windows: [{ over = \"24h\", rise = 0.10 }]";
const DOWN: &str = "is retired; write `down`, the largest fall in one row (0.02 with daily rows, 0.0008 with hourly ones, was -2 % a day)";
const EMERGENCY: &str = "is retired; leave it out: the emergency lane doubles `im.up` and every rise of `im.budgets`";

/// Keys, with what to write instead.
const FORMER: [(&str, &str); 5] = [
    ("im.up_per_day", UP),
    ("im.down_per_day", DOWN),
    ("mm.up_per_day", UP),
    ("mm.down_per_day", DOWN),
    ("emergency_up_per_day", EMERGENCY),
];

/// What to write instead of a key of the settings that is no more.
pub fn instead_of(key: &str) -> Option<&'static str> {
    FORMER.iter().find(|f| f.0 == key).map(|f| f.1)
}

/// Takes out of settings that people wrote what is no more, and says what to write instead.
pub fn refuse(settings: &mut Value, problems: &mut Problems) {
    for (key, instead) in FORMER {
        if take(settings, key).is_some() {
            problems.say(key, instead);
        }
    }
}

/// Settings that were stored, in the form of today.
pub fn renew(settings: &mut Value) {
    let old: Vec<(&str, Value)> = FORMER.iter().filter_map(|f| Some((f.0, take(settings, f.0)?))).collect();
    if old.is_empty() {
        return;
    }
    settings["row"] = Span::DAY.to_string().into();
    for (key, value) in old {
        if let Some((limits, new)) = renewed_key(key) {
            settings[limits][new] = value;
            settings[limits]["budgets"] = Value::Array(Vec::new());
        }
    }
}

/// A change that was stored, in the form of today, for rows of this length; `None` where nothing is left of it.
pub(super) fn renewed(key: &str, text: &str, row: Span) -> Option<(String, String)> {
    let Some((limits, new)) = renewed_key(key) else {
        return instead_of(key).is_none().then(|| (key.to_string(), text.to_string()));
    };
    let sign = if new == "up" { 1.0 } else { -1.0 };
    let step = |per_day: f64| match row {
        Span::DAY => per_day,
        _ => sign * ((1.0 + sign * per_day).powf(row.days()) - 1.0),
    };
    let text = text.parse().map_or_else(|_| text.to_string(), |per_day: f64| step(per_day).to_string());
    Some((format!("{limits}.{new}"), text))
}

/// The place of today for a key that has one.
fn renewed_key(key: &str) -> Option<(&str, &str)> {
    let (limits, old) = key.split_once('.')?;
    Some((limits, old.strip_suffix("_per_day")?))
}

fn take(settings: &mut Value, key: &str) -> Option<Value> {
    match key.split_once('.') {
        Some((section, key)) => settings.get_mut(section)?.as_object_mut()?.remove(key),
        None => settings.as_object_mut()?.remove(key),
    }
}

#[cfg(test)]
mod tests {
    use super::super::policy::Policy;
    use super::*;
    use serde_json::json;

    /// The pace as the first configurations had it.
    fn old() -> Value {
        json!({
            "im": {"m_max": 2.0, "up_per_day": 0.1, "down_per_day": 0.02},
            "mm": {"m_max": 1.5, "up_per_day": 0.05, "down_per_day": 0.02},
            "emergency_up_per_day": 0.25,
            "dead_band": 0.03,
        })
    }

    #[test]
    fn what_people_write_is_refused_with_what_to_write_instead() {
        let (mut settings, mut problems) = (old(), Problems::default());
        problems.under("margin.guardrail", |p| refuse(&mut settings, p));
        let told = problems.to_string();
        for word in ["margin.guardrail.im.up_per_day: is retired; write `up`", "budgets", "mm.down_per_day", "doubles"]
        {
            assert!(told.contains(word), "{told}");
        }
        assert_eq!(problems.all().len(), FORMER.len());
        let policy: Policy = serde_json::from_value(settings).unwrap();
        assert_eq!(policy, Policy { dead_band: 0.03, ..Policy::default() }, "the rest is read");
    }

    #[test]
    fn what_was_stored_is_the_pace_of_rows_of_a_day() {
        let mut settings = old();
        renew(&mut settings);
        let policy: Policy = serde_json::from_value(settings).unwrap();
        let (im, mm) = (policy.im, policy.mm);
        assert_eq!((policy.row, im.up, im.down), (Some(Span::DAY), Some(0.1), Some(0.02)));
        assert_eq!((mm.m_max, mm.up, mm.down), (1.5, Some(0.05), Some(0.02)));
        assert_eq!((im.budgets, mm.budgets), (Some(Default::default()), Some(Default::default())));
        let mut today = serde_json::to_value(policy).unwrap();
        let before = today.clone();
        renew(&mut today);
        assert_eq!(today, before);
    }

    #[test]
    fn a_change_that_was_stored_is_that_of_the_rows() {
        let day = |key, text| renewed(key, text, Span::DAY);
        assert_eq!(day("im.up_per_day", "0.2"), Some(("im.up".into(), "0.2".into())));
        assert_eq!(day("dead_band", "0.03"), Some(("dead_band".into(), "0.03".into())));
        assert_eq!(day("emergency_up_per_day", "0.3"), None);
        for (key, per_day, sign) in [("im.up_per_day", "0.1", 1.0), ("mm.down_per_day", "0.02", -1.0)] {
            let (_, hourly) = renewed(key, per_day, Span::HOUR).unwrap();
            let whole = (1.0 + sign * hourly.parse::<f64>().unwrap()).powi(24) - 1.0;
            assert!((whole - sign * per_day.parse::<f64>().unwrap()).abs() < 1e-12, "{hourly}");
        }
    }
}
