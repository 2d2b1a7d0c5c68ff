//! How deep the order books are: one reading of each instrument at one moment.

use std::collections::BTreeMap;

use super::columns::{fields, wrong};
use crate::base::Symbol;
use crate::event::Error;

const COLUMNS: [&str; 6] = ["symbol", "depth_50bp", "depth_100bp", "spread_bp", "open_interest", "stressed_depth"];

/// The book of each instrument that was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BookSnapshot(pub BTreeMap<Symbol, BookReading>);

/// The book of one instrument, as it is and under stress. What is not known is NaN.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BookReading {
    /// As it is.
    pub book: Book,
    /// What it takes under stress, quote units.
    pub stressed_depth: f64,
}

/// A reading of the order book. What is not finite or not positive is not known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Book {
    /// Resting within 50 bp of the middle, quote units.
    pub depth_50bp: f64,
    /// Resting within 100 bp of the middle, quote units.
    pub depth_100bp: f64,
    /// Best ask over best bid, bp.
    pub spread_bp: f64,
    /// Open interest, quote units.
    pub open_interest: f64,
}

impl BookSnapshot {
    /// Reads the text of a table of books.
    ///
    /// # Errors
    /// The table is not whole, a column is missing, a field is no number, or an instrument is there twice.
    pub fn read(text: &str) -> Result<BookSnapshot, Error> {
        let mut all = BTreeMap::new();
        for (line, symbol, numbers) in fields(text, &COLUMNS)? {
            let known = |v: Option<f64>| v.unwrap_or(f64::NAN);
            let [depth_50bp, depth_100bp, spread_bp, open_interest, stressed_depth] = numbers.map(known);
            let book = Book { depth_50bp, depth_100bp, spread_bp, open_interest };
            if all.insert(symbol, BookReading { book, stressed_depth }).is_some() {
                return Err(wrong(line, &format!("a second book of {symbol}")));
            }
        }
        Ok(BookSnapshot(all))
    }
    /// What is known of each book, by the name of its column.
    pub fn figures(&self) -> BTreeMap<Symbol, Vec<(&'static str, f64)>> {
        let of = |reading: &BookReading| {
            let b = &reading.book;
            let numbers = [b.depth_50bp, b.depth_100bp, b.spread_bp, b.open_interest, reading.stressed_depth];
            COLUMNS[1..].iter().copied().zip(numbers).filter(|n| n.1.is_finite()).collect()
        };
        self.0.iter().map(|(symbol, reading)| (*symbol, of(reading))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_book_does_not_say_is_not_known() {
        let symbol: Symbol = "AAA".parse().unwrap();
        let head = "symbol,depth_50bp,depth_100bp,spread_bp,open_interest,stressed_depth\n";
        let books = BookSnapshot::read(&format!("{head}AAA,10,20,,5e6,\n")).unwrap();
        let reading = books.0[&symbol];
        assert_eq!((reading.book.depth_50bp, reading.book.open_interest), (10.0, 5e6));
        assert!(reading.book.spread_bp.is_nan() && reading.stressed_depth.is_nan());
        assert_eq!(books.figures()[&symbol].len(), 3);
        let twice = BookSnapshot::read(&format!("{head}AAA,,,,,\nAAA,,,,,\n")).unwrap_err().to_string();
        assert!(twice.contains("line 3") && twice.contains("AAA"), "{twice}");
    }
}
