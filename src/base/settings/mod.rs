//! Reads settings from a table of any depth, and says all that is wrong with it at once: every unknown
//! key with the nearest known one, every missing key, every value of the wrong kind.
//!
//! | file | what it holds |
//! |---|---|
//! | `place` | where a value is |
//! | `node` | a value that remembers its place while it is read |
//! | `mend` | what is wrong at one place, and what may stand there |
//!
//! This folder knows nothing of what the settings are of, or where they come from.
//!
//! Known keys are those that a type asks for, so nothing is declared twice. Reading goes on after an error: an unknown key
//! is passed over, and a value that cannot be read is replaced, for the rest of the check only, by one that can.
//!
//! ```
//! use margincast::base::{problem::Problems, settings};
//!
//! #[derive(serde::Deserialize)]
//! #[serde(deny_unknown_fields)]
//! struct Door {
//!     width: f64,
//!     colour: String,
//! }
//!
//! let mut problems = Problems::default();
//! let door: Option<Door> = settings::read(&serde_json::json!({"widht": 2, "colour": 7}), &mut problems);
//! assert!(door.is_some(), "for further checks");
//! let told: Vec<&str> = problems.all().iter().map(|p| p.key.as_str()).collect();
//! assert_eq!(told, ["colour", "width", "widht"]);
//! ```

mod mend;
mod node;
mod place;

use std::cell::RefCell;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::problem::Problems;
use mend::{Mend, Replaced};
use node::{Node, Sink};
use place::{Place, at};

/// Values that cannot be read at most; more are told in the next run.
const MOST: usize = 100;

/// A value of type `T`, and what is wrong with it. `None` where nothing could be made of it; what is
/// there although something is wrong is for further checks only.
pub fn read<T: DeserializeOwned>(value: &Value, problems: &mut Problems) -> Option<T> {
    let (given, mut value) = (value, value.clone());
    let mut replaced: Option<Replaced> = None;
    let mut failed = 0;
    loop {
        let sink = Sink { given, unknown: RefCell::default(), failed: RefCell::default() };
        let node = Node { value: &value, place: Place::default(), sink: &sink };
        let got = T::deserialize(node);
        let place = sink.failed.borrow().clone().unwrap_or_default();
        match got {
            Ok(got) => {
                sink.unknown.into_inner().into_iter().for_each(|(key, why)| problems.say(&key, why));
                return Some(got);
            }
            Err(e) => {
                let mend = Mend::of(&e.to_string(), &place, at(&value, &place.steps));
                let next = match replaced.take() {
                    Some(r) if r.steps == mend.steps && mend.drop.is_none() => r.next(&mut value),
                    _ => {
                        failed += 1;
                        mend.tell(problems);
                        mend.first(&mut value)
                    }
                };
                let Some(next) = next.filter(|_| failed <= MOST) else {
                    sink.unknown.into_inner().into_iter().for_each(|(key, why)| problems.say(&key, why));
                    return None;
                };
                replaced = next;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::base::{Span, Ts};

    #[derive(Debug, PartialEq, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Whole {
        at: Ts,
        over: Span,
        parts: Vec<Part>,
        #[serde(default)]
        size: [usize; 2],
        #[serde(default)]
        stages: Vec<Stage>,
        #[serde(default)]
        free: Value,
    }

    #[derive(Debug, PartialEq, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Part {
        name: String,
        share: f64,
        #[serde(default)]
        kind: Kind,
    }

    #[derive(Debug, Default, PartialEq, serde::Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum Kind {
        #[default]
        LiftOnly,
        Total,
    }

    #[derive(Debug, PartialEq, serde::Deserialize)]
    #[serde(tag = "stage", rename_all = "kebab-case", deny_unknown_fields)]
    enum Stage {
        Floor,
        Cap { times: f64 },
    }

    fn told(value: Value) -> (Option<Whole>, Vec<String>) {
        let mut problems = Problems::default();
        let got = read(&value, &mut problems);
        (got, problems.all().iter().map(ToString::to_string).collect())
    }

    fn good() -> Value {
        json!({
            "at": "2024-01-01T00:00:00Z", "over": "1h", "size": [1, 2], "free": {"any": [1, {"thing": null}]},
            "parts": [{"name": "a", "share": 1}], "stages": [{"stage": "cap", "times": 4}],
        })
    }

    #[test]
    fn what_is_right_is_read_as_serde_reads_it() {
        let (got, problems) = told(good());
        assert_eq!((got, problems), (Some(serde_json::from_value(good()).unwrap()), vec![]));
    }

    #[test]
    fn every_problem_is_told_at_once_and_by_its_place() {
        let mut value = good();
        value["over"] = json!("an hour");
        value["ovr"] = json!(1);
        value["parts"] = json!([
            {"name": "a", "share": "much", "kind": "totl"}, {"name": "b", "shar": 1}, {"share": true, "name": 7}
        ]);
        value["size"] = json!([1, -2]);
        value["stages"] = json!([{"stage": "cup"}, {"stage": "cap", "tmes": 3, "times": 1}, {"stage": "cap"}]);
        value.as_object_mut().unwrap().remove("at");
        let (got, problems) = told(value);
        assert!(got.is_some());
        for want in [
            "at: is missing",
            "ovr: there is no such key; did you mean `over`?",
            "over: ",
            "parts.a.share: is \"much\"; want a number",
            "parts.a.kind: there is no `totl`; did you mean `total`? there are `lift-only`, `total`",
            "parts.b.shar: there is no such key; did you mean `share`?",
            "parts.b.share: is missing",
            "parts[2].share: is true; want a number",
            "parts[2].name: is 7; want a text in quotes",
            "size[1]: is -2; want a whole number, 0 or more",
            "stages[0].stage: there is no `cup`; did you mean `cap`?",
            "stages[1].tmes: there is no such key; did you mean `times`?",
            "stages[2].times: is missing",
        ] {
            assert!(problems.iter().any(|p| p.starts_with(want)), "{want}\n{problems:#?}");
        }
        assert_eq!(problems.len(), 13, "{problems:#?}");
    }

    #[test]
    fn what_is_no_table_at_all_is_refused() {
        for value in [json!(7), json!([1]), json!("x"), Value::Null] {
            let (got, problems) = told(value);
            assert!(got.is_none() && !problems.is_empty());
        }
    }
}
