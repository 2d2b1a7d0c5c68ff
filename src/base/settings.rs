//! Reads settings from a table of any depth, and says all that is wrong with it at once: every unknown
//! key with the nearest known one, every missing key, every value of the wrong kind.
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

use std::cell::RefCell;

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Error, Map, Value, json};

use super::problem::{Problems, meant};

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

/// A step into a value.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    Key(String),
    Index(usize),
}

/// Where a value is: by steps, and as people write it.
#[derive(Clone, Debug, Default)]
struct Place {
    steps: Vec<Step>,
    text: String,
}

impl Place {
    fn key(&self, key: &str) -> Place {
        let text = if self.text.is_empty() { key.to_string() } else { format!("{}.{key}", self.text) };
        self.step(Step::Key(key.to_string()), text)
    }
    /// A list of named things is told by their names.
    fn index(&self, i: usize, given: &Value) -> Place {
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

fn at<'a>(value: &'a Value, steps: &[Step]) -> Option<&'a Value> {
    steps.iter().try_fold(value, |v, step| match step {
        Step::Key(key) => v.get(key),
        Step::Index(i) => v.get(i),
    })
}

fn at_mut<'a>(value: &'a mut Value, steps: &[Step]) -> Option<&'a mut Value> {
    steps.iter().try_fold(value, |v, step| match step {
        Step::Key(key) => v.get_mut(key),
        Step::Index(i) => v.get_mut(i),
    })
}

fn put(value: &mut Value, steps: &[Step], new: Value) -> Option<()> {
    let (last, before) = steps.split_last()?;
    match (at_mut(value, before)?, last) {
        (Value::Object(map), Step::Key(key)) => _ = map.insert(key.clone(), new),
        (Value::Array(list), Step::Index(i)) => *list.get_mut(*i)? = new,
        _ => return None,
    }
    Some(())
}

/// What is wrong at one place, and how reading may go on.
struct Mend {
    steps: Vec<Step>,
    key: String,
    /// What cannot be checked further.
    whole: String,
    why: String,
    /// The key that is taken out.
    drop: Option<String>,
    /// What is put there, one after another, until it can be read.
    instead: Vec<Value>,
}

/// What stands where a value cannot be read.
struct Replaced {
    steps: Vec<Step>,
    left: Vec<Value>,
}

impl Replaced {
    fn next(mut self, value: &mut Value) -> Option<Option<Replaced>> {
        let new = self.left.pop()?;
        put(value, &self.steps, new)?;
        Some(Some(self))
    }
}

impl Mend {
    /// Reads an error of serde's, which has a fixed form.
    fn of(message: &str, place: &Place, got: Option<&Value>) -> Mend {
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
    fn tell(&self, problems: &mut Problems) {
        problems.say(&self.key, &self.why);
        if self.drop.is_none() {
            problems.unreadable(&self.whole);
        }
    }
    /// Mends the value; `None` where that cannot be done.
    fn first(self, value: &mut Value) -> Option<Option<Replaced>> {
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

/// What reading finds on its way.
struct Sink<'a> {
    /// The value as it was given, for the names of things.
    given: &'a Value,
    /// Unknown keys, and why.
    unknown: RefCell<Vec<(String, String)>>,
    /// The innermost place that could not be read.
    failed: RefCell<Option<Place>>,
}

impl Sink<'_> {
    /// Remembers where it failed, the innermost place first.
    fn note<T>(&self, got: Result<T, Error>, place: Place) -> Result<T, Error> {
        if got.is_err() {
            self.failed.borrow_mut().get_or_insert(place);
        }
        got
    }
}

/// A value at its place.
struct Node<'a> {
    value: &'a Value,
    place: Place,
    sink: &'a Sink<'a>,
}

impl<'a> Node<'a> {
    fn map<V: Visitor<'a>>(self, visitor: V, known: Option<&'static [&'static str]>) -> Result<V::Value, Error> {
        let Some(map) = self.value.as_object() else { return self.wrong(visitor) };
        let entries =
            Entries { map, keys: map.keys().collect(), last: None, known, place: &self.place, sink: self.sink };
        let got = visitor.visit_map(entries);
        self.note(got)
    }
    fn list<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        let Some(list) = self.value.as_array() else { return self.wrong(visitor) };
        let got = visitor.visit_seq(Items { list, next: 0, place: &self.place, sink: self.sink });
        self.note(got)
    }
    fn wrong<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Error> {
        let got = match self.value {
            Value::Object(_) => Err(Error::invalid_type(serde::de::Unexpected::Map, &visitor)),
            Value::Array(_) => Err(Error::invalid_type(serde::de::Unexpected::Seq, &visitor)),
            plain => plain.deserialize_any(visitor),
        };
        self.note(got)
    }
    fn note<T>(self, got: Result<T, Error>) -> Result<T, Error> {
        self.sink.note(got, self.place)
    }
}

/// Scalars are read as serde_json reads them.
macro_rules! scalars {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            let got = self.value.$method(visitor);
            self.note(got)
        })*
    };
}

impl<'de> Deserializer<'de> for Node<'de> {
    type Error = Error;

    scalars! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32 deserialize_f64
        deserialize_char deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf deserialize_unit
        deserialize_identifier
    }
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Value::Object(_) => self.map(visitor, None),
            Value::Array(_) => self.list(visitor),
            _ => self.wrong(visitor),
        }
    }
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.value.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        let (place, sink) = (self.place.clone(), self.sink);
        sink.note(visitor.visit_newtype_struct(self), place)
    }
    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.list(visitor)
    }
    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.list(visitor)
    }
    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.list(visitor)
    }
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.map(visitor, None)
    }
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.map(visitor, Some(fields))
    }
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let got = self.value.deserialize_enum(name, variants, visitor);
        self.note(got)
    }
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }
}

/// The entries of a table; unknown keys are noted and passed over.
struct Entries<'a, 'p> {
    map: &'a Map<String, Value>,
    /// Those to come, in their order.
    keys: std::collections::VecDeque<&'a String>,
    last: Option<&'a String>,
    known: Option<&'static [&'static str]>,
    place: &'p Place,
    sink: &'a Sink<'a>,
}

impl<'de> MapAccess<'de> for Entries<'de, '_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        while let Some(key) = self.keys.pop_front() {
            if let Some(known) = self.known.filter(|known| !known.contains(&key.as_str())) {
                let why = format!("there is no such key{}", meant(key, known));
                self.sink.unknown.borrow_mut().push((self.place.key(key).text, why));
                continue;
            }
            self.last = Some(key);
            let key = serde::de::value::BorrowedStrDeserializer::new(key);
            return seed.deserialize(key).map(Some);
        }
        Ok(None)
    }
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        let entry = self.last.and_then(|key| Some((key, self.map.get(key)?)));
        let (key, value) = entry.ok_or_else(|| Error::custom("a value without its key"))?;
        let place = self.place.key(key);
        self.sink.note(seed.deserialize(Node { value, place: place.clone(), sink: self.sink }), place)
    }
}

/// The items of a list.
struct Items<'a, 'p> {
    list: &'a [Value],
    next: usize,
    place: &'p Place,
    sink: &'a Sink<'a>,
}

impl<'de> SeqAccess<'de> for Items<'de, '_> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        let Some(value) = self.list.get(self.next) else { return Ok(None) };
        let place = self.place.index(self.next, self.sink.given);
        self.next += 1;
        self.sink.note(seed.deserialize(Node { value, place: place.clone(), sink: self.sink }), place).map(Some)
    }
    fn size_hint(&self) -> Option<usize> {
        Some(self.list.len() - self.next)
    }
}

#[cfg(test)]
mod tests {
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
