//! Which publications people mean: a number, or an instrument and an instant.

use std::str::FromStr;

use super::publication::Publication;
use super::store::Store;
use crate::base::{Symbol, Ts};
use crate::record::chain::EntryKind;
use crate::record::error::Error;
use crate::record::seq::Seq;
use crate::record::stored::from_value;

/// Which publications.
#[derive(Clone, Debug, PartialEq)]
pub enum Reference {
    /// By number.
    Number(u64),
    /// In force for an instrument at an instant.
    At(Symbol, Ts),
}

impl FromStr for Reference {
    type Err = String;
    fn from_str(text: &str) -> Result<Reference, String> {
        if let Ok(number) = text.parse() {
            return Ok(Reference::Number(number));
        }
        let (symbol, at) = text.rsplit_once('@').ok_or("want a publication number, or SYMBOL@TIME")?;
        Ok(Reference::At(symbol.parse().map_err(|e| format!("{e}"))?, at.parse().map_err(|e| format!("{e}"))?))
    }
}

impl Reference {
    /// The publications it names, one per horizon, with their ledger entries.
    ///
    /// # Errors
    /// There is none, or the ledger is damaged.
    pub fn find(&self, store: &dyn Store) -> Result<Vec<(Seq, Publication)>, Error> {
        let mut found: Vec<(Seq, Publication)> = Vec::new();
        let mut newest = 0;
        for record in store.scan(Seq(0))? {
            let record = record?;
            if record.kind != EntryKind::Publish {
                continue;
            }
            let place = format!("ledger entry {}", record.seq);
            let publication: Publication = from_value(&place, record.body)?;
            newest = publication.seq;
            match self {
                Reference::Number(number) if *number == publication.seq => return Ok(vec![(record.seq, publication)]),
                Reference::At(symbol, at) if *symbol == publication.symbol && publication.published_at <= *at => {
                    found.retain(|(_, p)| p.horizon != publication.horizon);
                    found.push((record.seq, publication));
                }
                _ => {}
            }
        }
        match self {
            _ if !found.is_empty() => Ok(found),
            Reference::Number(number) => {
                Err(Error::Missing(format!("no publication {number}; the newest is {newest}")))
            }
            Reference::At(symbol, at) => Err(Error::Missing(format!("nothing was published for {symbol} by {at}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_a_number_or_an_instrument_and_an_instant() {
        assert_eq!("7".parse(), Ok(Reference::Number(7)));
        let at = Reference::At("BTCUSDT".parse().unwrap(), "2024-02-01".parse().unwrap());
        assert_eq!("BTCUSDT@2024-02-01".parse(), Ok(at));
        assert!("BTCUSDT".parse::<Reference>().unwrap_err().contains("SYMBOL@TIME"));
        assert!("BTCUSDT@soon".parse::<Reference>().is_err());
    }
}
