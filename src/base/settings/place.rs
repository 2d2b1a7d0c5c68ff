//! Where a value is, and how it is reached.

use serde_json::Value;

/// A step into a value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

/// Where a value is: by steps, and as people write it.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    /// By steps.
    pub steps: Vec<Step>,
    /// As people write it.
    pub text: String,
}

impl Place {
    pub fn key(&self, key: &str) -> Place {
        let text = if self.text.is_empty() { key.to_string() } else { format!("{}.{key}", self.text) };
        self.step(Step::Key(key.to_string()), text)
    }
    /// A list of named things is told by their names.
    pub fn index(&self, i: usize, given: &Value) -> Place {
        let mut place = self.step(Step::Index(i), format!("{}[{i}]", self.text));
        let name = at(given, &place.steps).and_then(|v| v.get("name")).and_then(Value::as_str);
        if let Some(name) = name {
            place.text = format!("{}.{name}", self.text);
        }
        place
    }
    fn step(&self, step: Step, text: String) -> Place {
        let mut steps = self.steps.clone();
        steps.push(step);
        Place { steps, text }
    }
}

/// What is there.
pub(super) fn at<'a>(value: &'a Value, steps: &[Step]) -> Option<&'a Value> {
    steps.iter().try_fold(value, |v, step| match step {
        Step::Key(key) => v.get(key),
        Step::Index(i) => v.get(i),
    })
}

/// What is there, to be changed.
pub(super) fn at_mut<'a>(value: &'a mut Value, steps: &[Step]) -> Option<&'a mut Value> {
    steps.iter().try_fold(value, |v, step| match step {
        Step::Key(key) => v.get_mut(key),
        Step::Index(i) => v.get_mut(i),
    })
}

/// Puts something there; `None` where there is no such place.
pub(super) fn put(value: &mut Value, steps: &[Step], new: Value) -> Option<()> {
    let (last, before) = steps.split_last()?;
    match (at_mut(value, before)?, last) {
        (Value::Object(map), Step::Key(key)) => _ = map.insert(key.clone(), new),
        (Value::Array(list), Step::Index(i)) => *list.get_mut(*i)? = new,
        _ => return None,
    }
    Some(())
}
