//! An instrument's name, small enough to copy with every event.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An instrument's name, 1 to 31 printable ASCII characters, kept in place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol {
    bytes: [u8; 31],
    len: u8,
}

/// Why a text is not a symbol.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a symbol: 1 to 31 printable ASCII characters without `/` or spaces")]
pub struct SymbolError(String);

impl Symbol {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.len)]).unwrap_or("?")
    }
}

impl FromStr for Symbol {
    type Err = SymbolError;
    fn from_str(text: &str) -> Result<Symbol, SymbolError> {
        let ok = !text.is_empty() && text.len() <= 31 && text.bytes().all(|b| b.is_ascii_graphic() && b != b'/');
        if !ok {
            return Err(SymbolError(text.to_string()));
        }
        let mut bytes = [0; 31];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Ok(Symbol { bytes, len: text.len() as u8 })
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}
impl Serialize for Symbol {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}
impl<'de> Deserialize<'de> for Symbol {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}
