//! What is wrong at one place, and what may stand there so that reading goes on.

use serde_json::{Value, json};

use super::place::{Place, Step, at_mut, put};
use crate::base::problem::{Problems, meant};

/// What is wrong at one place, and how reading may go on.
pub(super) struct Mend {
    pub steps: Vec<Step>,
    key: String,
    /// What cannot be checked further.
    whole: String,
    why: String,
    /// The key that is taken out.
    pub drop: Option<String>,
    /// What is put there, one after another, until it can be read.
    instead: Vec<Value>,
}

/// What stands where a value cannot be read.
pub(super) struct Replaced {
    pub steps: Vec<Step>,
    left: Vec<Value>,
}

impl Replaced {
    /// Puts the next there.
    pub fn next(mut self, value: &mut Value) -> Option<Option<Replaced>> {
        let new = self.left.pop()?;
        put(value, &self.steps, new)?;
        Some(Some(self))
    }
}

impl Mend {
    /// Reads an error of serde's, which has a fixed form.
    pub fn of(message: &str, place: &Place, got: Option<&Value>) -> Mend {
        let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
        let any = || {
            let plain = [json!(1), json!(0.5), json!("1d"), json!("2020-01-01T00:00:00Z"), json!("X"), json!(true)];
            plain.into_iter().chain([json!([]), json!({}), json!([1, 1]), json!([1, 1, 1, 1, 1, 1])]).rev().collect()
        };
        let mend = |place: &Place, why: String, drop: Option<String>, instead: Vec<Value>| Mend {
            steps: place.steps.clone(),
            key: place.text.clone(),
            whole: place.text.clone(),
            why,
            drop,
            instead,
        };
        match quoted.split_first() {
            Some((key, _)) if message.starts_with("missing field") => {
                mend(&place.key(key), "is missing".into(), None, any())
            }
            Some((key, known)) if message.starts_with("unknown field") => mend(
                &place.key(key),
                format!("there is no such key{}", meant(key, known)),
                Some(key.to_string()),
                vec![],
            ),
            Some((name, known)) if message.starts_with("unknown variant") => {
                let instead = known.iter().rev().map(|v| json!(v)).collect();
                // A table may name its variant under a key of it.
                let tag = got.and_then(Value::as_object).and_then(|map| map.iter().find(|(_, v)| v == name));
                let at = tag.map_or_else(|| place.clone(), |(key, _)| place.key(key));
                let why = format!("there is no `{name}`{}", meant(name, known));
                Mend { whole: place.text.clone(), ..mend(&at, why, None, instead) }
            }
            _ => mend(place, plain(message, got), None, any()),
        }
    }
    /// Says what is wrong.
    pub fn tell(&self, problems: &mut Problems) {
        problems.say(&self.key, &self.why);
        if self.drop.is_none() {
            problems.unreadable(&self.whole);
        }
    }
    /// Mends the value; `None` where that cannot be done.
    pub fn first(self, value: &mut Value) -> Option<Option<Replaced>> {
        if let Some(key) = &self.drop {
            let (_, before) = self.steps.split_last()?;
            let map = at_mut(value, before)?.as_object_mut()?;
            if map.remove(key).is_none() {
                // A variant with settings of its own: they are one level below.
                map.values_mut().filter_map(Value::as_object_mut).find_map(|m| m.remove(key))?;
            }
            return Some(None);
        }
        Replaced { steps: self.steps, left: self.instead }.next(value)
    }
}

/// A message without the words of the language that this program is written in.
fn plain(message: &str, got: Option<&Value>) -> String {
    let Some((_, expected)) = message.split_once(", expected ") else { return message.to_string() };
    let wanted = match expected {
        "f64" | "f32" => "a number",
        "usize" | "u64" | "u32" => "a whole number, 0 or more",
        "i64" | "i32" => "a whole number",
        "a boolean" => "true or false",
        "a string" => "a text in quotes",
        "a sequence" => "a list",
        "a map" => "a table",
        other if other.starts_with("struct") || other.starts_with("internally tagged") => "a table",
        other => other,
    };
    match got {
        Some(got) => format!("is {got}; want {wanted}"),
        None => format!("want {wanted}"),
    }
}
