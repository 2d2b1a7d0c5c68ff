//! What a venue tells of its instruments besides trades: who holds what, and how deep the books are.
//!
//! Both are tables of comma-separated values with a header; other columns are passed over (one with the time
//! makes two equal readings two):
//!
//! | table | columns | a field left empty |
//! |---|---|---|
//! | accounts | `symbol`, `equity`, `notional`: one line an account and instrument, quote units | is an error |
//! | books | `symbol`, `depth_50bp`, `depth_100bp`, `spread_bp`, `open_interest`, `stressed_depth` | is not known |

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Error;
use super::guardrail::thin_book::Book;
use crate::base::Symbol;

/// Which table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// Who holds what.
    Accounts,
    /// How deep the books are.
    Books,
}

/// One table, read.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// (equity, notional) of every account, by instrument: whoever is not there holds nothing.
    Accounts(BTreeMap<Symbol, Vec<(f64, f64)>>),
    /// The book of each instrument that was read.
    Books(BTreeMap<Symbol, Quote>),
}

/// The book of one instrument. What is not known is NaN.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quote {
    /// As it is.
    pub book: Book,
    /// What it takes under stress, quote units.
    pub stressed_depth: f64,
}

const ACCOUNTS: [&str; 3] = ["symbol", "equity", "notional"];
const BOOKS: [&str; 6] = ["symbol", "depth_50bp", "depth_100bp", "spread_bp", "open_interest", "stressed_depth"];

impl Subject {
    /// Its name, as in a ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            Subject::Accounts => "accounts",
            Subject::Books => "books",
        }
    }
    /// Reads the text of a table.
    ///
    /// # Errors
    /// A column is missing, a field is no number, an instrument's book is there twice, or the last line
    /// does not end, as in a file that is still being written. Nothing of it is then used.
    pub fn read(self, text: &str) -> Result<Told, Error> {
        match self {
            Subject::Accounts => {
                let mut all: BTreeMap<Symbol, Vec<(f64, f64)>> = BTreeMap::new();
                for (line, symbol, [equity, notional]) in fields(text, &ACCOUNTS)? {
                    let (equity, notional) = equity.zip(notional).ok_or_else(|| wrong(line, "a field is empty"))?;
                    all.entry(symbol).or_default().push((equity, notional));
                }
                Ok(Told::Accounts(all))
            }
            Subject::Books => {
                let mut all = BTreeMap::new();
                for (line, symbol, numbers) in fields(text, &BOOKS)? {
                    let known = |v: Option<f64>| v.unwrap_or(f64::NAN);
                    let [depth_50bp, depth_100bp, spread_bp, open_interest, stressed_depth] = numbers.map(known);
                    let book = Book { depth_50bp, depth_100bp, spread_bp, open_interest };
                    if all.insert(symbol, Quote { book, stressed_depth }).is_some() {
                        return Err(wrong(line, &format!("a second book of {symbol}")));
                    }
                }
                Ok(Told::Books(all))
            }
        }
    }
}

impl Told {
    /// What it says of each instrument in a few numbers, to be recorded.
    pub fn figures(&self) -> BTreeMap<Symbol, Vec<(&'static str, f64)>> {
        match self {
            Told::Accounts(all) => {
                let of = |accounts: &Vec<(f64, f64)>| {
                    let notional: f64 = accounts.iter().map(|a| a.1.abs()).sum();
                    let equity: f64 = accounts.iter().map(|a| a.0).sum();
                    vec![("accounts", accounts.len() as f64), ("equity", equity), ("open_interest", notional)]
                };
                all.iter().map(|(symbol, accounts)| (*symbol, of(accounts))).collect()
            }
            Told::Books(all) => {
                let of = |q: &Quote| {
                    let b = &q.book;
                    let numbers = [b.depth_50bp, b.depth_100bp, b.spread_bp, b.open_interest, q.stressed_depth];
                    BOOKS[1..].iter().copied().zip(numbers).filter(|n| n.1.is_finite()).collect()
                };
                all.iter().map(|(symbol, quote)| (*symbol, of(quote))).collect()
            }
        }
    }
}

fn wrong(line: usize, why: &str) -> Error {
    Error::Venue { line, why: why.into() }
}

/// Number of a line, its symbol and its numbers.
type Line<const N: usize> = (usize, Symbol, [Option<f64>; N]);

/// Every line, the columns in the order of `names`, the symbol first.
fn fields<const N: usize>(text: &str, names: &[&str]) -> Result<Vec<Line<N>>, Error> {
    if !text.is_empty() && !text.ends_with('\n') {
        return Err(wrong(text.lines().count(), "the last line does not end: the file is still being written"));
    }
    let mut lines = text.lines().enumerate();
    let head: Vec<&str> = lines.next().map_or("", |l| l.1).split(',').map(str::trim).collect();
    let place = |name: &&str| {
        head.iter()
            .position(|h| h == name)
            .ok_or_else(|| wrong(1, &format!("no column `{name}`; want {}", names.join(","))))
    };
    let places = names.iter().map(place).collect::<Result<Vec<usize>, Error>>()?;
    let mut all = Vec::new();
    for (i, line) in lines.filter(|l| !l.1.trim().is_empty()) {
        let cells: Vec<&str> = line.split(',').map(str::trim).collect();
        let cell = |k: usize| cells.get(places[k]).copied().unwrap_or("");
        let symbol = cell(0).parse().map_err(|e| wrong(i + 1, &format!("{e}")))?;
        let mut numbers = [None; N];
        for (k, number) in numbers.iter_mut().enumerate() {
            let text = cell(k + 1);
            let bad = || wrong(i + 1, &format!("`{}` is `{text}`; want a number", names[k + 1]));
            *number = match text {
                "" => None,
                _ => Some(text.parse::<f64>().ok().filter(|v| v.is_finite()).ok_or_else(bad)?),
            };
        }
        all.push((i + 1, symbol, numbers));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbol(name: &str) -> Symbol {
        name.parse().unwrap()
    }

    #[test]
    fn accounts_are_read_in_any_order_of_columns() {
        let text = "time,notional,symbol,equity\n1,5000,AAA,100\n1, -4000 ,AAA,210\n\n1,9,BBB,1\n";
        let told = Subject::Accounts.read(text).unwrap();
        let want = [(symbol("AAA"), vec![(100.0, 5000.0), (210.0, -4000.0)]), (symbol("BBB"), vec![(1.0, 9.0)])];
        assert_eq!(told, Told::Accounts(want.into()));
        let figures = told.figures();
        assert_eq!(figures[&symbol("AAA")], [("accounts", 2.0), ("equity", 310.0), ("open_interest", 9000.0)]);
    }

    #[test]
    fn what_a_book_does_not_say_is_not_known() {
        let head = "symbol,depth_50bp,depth_100bp,spread_bp,open_interest,stressed_depth\n";
        let told = Subject::Books.read(&format!("{head}AAA,10,20,,5e6,\n")).unwrap();
        let Told::Books(books) = &told else { panic!("{told:?}") };
        let quote = books[&symbol("AAA")];
        assert_eq!((quote.book.depth_50bp, quote.book.open_interest), (10.0, 5e6));
        assert!(quote.book.spread_bp.is_nan() && quote.stressed_depth.is_nan());
        assert_eq!(told.figures()[&symbol("AAA")].len(), 3);
        let twice = Subject::Books.read(&format!("{head}AAA,,,,,\nAAA,,,,,\n")).unwrap_err().to_string();
        assert!(twice.contains("line 3") && twice.contains("AAA"), "{twice}");
    }

    #[test]
    fn a_table_that_is_not_whole_is_refused_with_its_line() {
        let refused = |text: &str, words: &[&str]| {
            let why = Subject::Accounts.read(text).unwrap_err().to_string();
            assert!(words.iter().all(|w| why.contains(w)), "{why}");
        };
        refused("symbol,equity,notional\nAAA,1,2", &["line 2", "still being written"]);
        refused("symbol,equity\nAAA,1\n", &["line 1", "notional"]);
        refused("symbol,equity,notional\nAAA,1,2\nAAA,x,2\n", &["line 3", "equity", "`x`"]);
        refused("symbol,equity,notional\nAAA,inf,2\n", &["line 2", "inf"]);
        refused("symbol,equity,notional\nAAA,,2\n", &["line 2", "empty"]);
        refused("", &["line 1", "symbol"]);
    }
}
