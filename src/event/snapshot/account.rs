//! Who holds what: every account of every instrument at one moment.

use std::collections::BTreeMap;

use super::columns::{fields, wrong};
use crate::base::Symbol;
use crate::event::Error;

const COLUMNS: [&str; 3] = ["symbol", "equity", "notional"];

/// The holdings of every account, by instrument: an instrument that is not there is held by nobody.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AccountSnapshot(pub BTreeMap<Symbol, Vec<AccountHolding>>);

/// What one account has in one instrument.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AccountHolding {
    /// What backs it, quote units.
    pub equity: f64,
    /// Its open position, quote units; negative when short.
    pub notional: f64,
}

impl AccountSnapshot {
    /// Reads the text of a table of accounts.
    ///
    /// # Errors
    /// The table is not whole, a column is missing, or a field is empty or no number.
    pub fn read(text: &str) -> Result<AccountSnapshot, Error> {
        let mut all: BTreeMap<Symbol, Vec<AccountHolding>> = BTreeMap::new();
        for (line, symbol, [equity, notional]) in fields(text, &COLUMNS)? {
            let (equity, notional) = equity.zip(notional).ok_or_else(|| wrong(line, "a field is empty"))?;
            all.entry(symbol).or_default().push(AccountHolding { equity, notional });
        }
        Ok(AccountSnapshot(all))
    }
    /// Number of accounts, their equity and open interest (sum of absolute notional), quote units.
    pub fn figures(&self) -> BTreeMap<Symbol, Vec<(&'static str, f64)>> {
        let of = |holdings: &Vec<AccountHolding>| {
            let notional: f64 = holdings.iter().map(|h| h.notional.abs()).sum();
            let equity: f64 = holdings.iter().map(|h| h.equity).sum();
            vec![("accounts", holdings.len() as f64), ("equity", equity), ("open_interest", notional)]
        };
        self.0.iter().map(|(symbol, holdings)| (*symbol, of(holdings))).collect()
    }
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
        let snapshot = AccountSnapshot::read(text).unwrap();
        let holding = |equity, notional| AccountHolding { equity, notional };
        let aaa = vec![holding(100.0, 5000.0), holding(210.0, -4000.0)];
        let want = [(symbol("AAA"), aaa), (symbol("BBB"), vec![holding(1.0, 9.0)])];
        assert_eq!(snapshot, AccountSnapshot(want.into()));
        let figures = snapshot.figures();
        assert_eq!(figures[&symbol("AAA")], [("accounts", 2.0), ("equity", 310.0), ("open_interest", 9000.0)]);
    }

    #[test]
    fn a_table_that_is_not_whole_is_refused_with_its_line() {
        let refused = |text: &str, words: &[&str]| {
            let why = AccountSnapshot::read(text).unwrap_err().to_string();
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
