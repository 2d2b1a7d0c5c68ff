//! A value that remembers its place while serde reads it.

use std::cell::RefCell;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Error, Map, Value};

use super::place::Place;
use crate::base::problem::meant;

/// What reading finds on its way.
pub(super) struct Sink<'a> {
    /// The value as it was given, for the names of things.
    pub given: &'a Value,
    /// Unknown keys, and why.
    pub unknown: RefCell<Vec<(String, String)>>,
    /// The innermost place that could not be read.
    pub failed: RefCell<Option<Place>>,
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
pub(super) struct Node<'a> {
    pub value: &'a Value,
    pub place: Place,
    pub sink: &'a Sink<'a>,
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
