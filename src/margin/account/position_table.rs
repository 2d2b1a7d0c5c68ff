//! Positions as a table: CSV, JSON or Parquet with the same columns.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::base::Symbol;
use crate::base::table::Table;
use crate::loss::portfolio::greeks::{Greeks, Right, Vanilla};
use crate::loss::portfolio::position::{Position, Terms};
use crate::margin::Error;

/// What a row may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PositionKind {
    /// Spot, perpetual or future.
    #[default]
    Linear,
    /// An option by its terms.
    Call,
    /// An option by its terms.
    Put,
    /// Anything by its sensitivities.
    Greeks,
}

/// One row. Only `position`, `underlying` and `quantity` are always needed.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // The help of the command that reads it says each.
pub struct PositionRow {
    #[serde(default)]
    pub account: Option<String>,
    pub position: String,
    pub underlying: Symbol,
    pub quantity: f64,
    #[serde(default)]
    pub kind: Option<PositionKind>,
    #[serde(default)]
    pub price: Option<f64>,
    #[serde(default)]
    pub strike: Option<f64>,
    #[serde(default)]
    pub expiry_days: Option<f64>,
    #[serde(default)]
    pub iv: Option<f64>,
    #[serde(default)]
    pub delta: Option<f64>,
    #[serde(default)]
    pub gamma: Option<f64>,
    #[serde(default)]
    pub vega: Option<f64>,
}

/// Rows of a file, by its ending.
///
/// # Errors
/// It cannot be read, or a row cannot be meant.
pub fn read(path: &Path) -> Result<Vec<PositionRow>, Error> {
    let at = |why: &dyn std::fmt::Display| Error::Given(format!("{}: {why}", path.display()));
    match path.extension().and_then(|e| e.to_str()) {
        Some("json") => {
            let text = std::fs::read_to_string(path).map_err(|e| at(&e))?;
            serde_json::from_str(&text).map_err(|e| at(&e))
        }
        Some("parquet") => table(path).map_err(|e| at(&e)),
        Some("csv") => {
            let mut reader = csv::ReaderBuilder::new();
            let mut reader = reader.trim(csv::Trim::All).comment(Some(b'#')).from_path(path).map_err(|e| at(&e))?;
            reader.deserialize().collect::<Result<Vec<PositionRow>, csv::Error>>().map_err(|e| at(&e))
        }
        _ => Err(at(&"want a file that ends in .csv, .json or .parquet")),
    }
}

fn given(why: String) -> Error {
    Error::Given(why)
}

fn refused(why: impl std::fmt::Display) -> Error {
    Error::Given(why.to_string())
}

/// Columns, those that hold numbers last.
const COLUMNS: [&str; 12] = [
    "account",
    "position",
    "underlying",
    "kind",
    "quantity",
    "price",
    "strike",
    "expiry_days",
    "iv",
    "delta",
    "gamma",
    "vega",
];

fn table(path: &Path) -> Result<Vec<PositionRow>, Error> {
    let table = Table::read(path).map_err(refused)?;
    // What pandas writes beside the columns is no column of ours and no slip.
    let other = |name: &&str| !COLUMNS.contains(name) && !name.starts_with("__index_level_");
    if let Some(name) = table.names().find(other) {
        return Err(given(format!("unknown column `{name}`; want some of {}", COLUMNS.join(", "))));
    }
    let texts = |name: &str| -> Result<Vec<Option<String>>, Error> {
        Ok(if table.find(name).is_some() {
            table.texts(name).map_err(refused)?.to_vec()
        } else {
            vec![None; table.rows()]
        })
    };
    let numbers = |name: &str| -> Result<Vec<Option<f64>>, Error> {
        Ok(match table.find(name) {
            Some(_) => table.floats(name).map_err(refused)?.iter().map(|x| Some(*x).filter(|x| !x.is_nan())).collect(),
            None => vec![None; table.rows()],
        })
    };
    let (account, position, underlying, kind) =
        (texts("account")?, texts("position")?, texts("underlying")?, texts("kind")?);
    let columns = COLUMNS[4..].iter().map(|c| numbers(c)).collect::<Result<Vec<_>, Error>>()?;
    let row = |i: usize| -> Result<PositionRow, Error> {
        let needed = |what: &Option<String>, name: &str| {
            what.clone().ok_or_else(|| given(format!("row {}: `{name}` is absent, and it is needed", i + 1)))
        };
        let kind = kind[i].as_ref().map(|k| serde_json::from_value(serde_json::Value::from(k.as_str()))).transpose();
        let [quantity, price, strike, expiry_days, iv, delta, gamma, vega] = std::array::from_fn(|c| columns[c][i]);
        Ok(PositionRow {
            account: account[i].clone(),
            position: needed(&position[i], "position")?,
            underlying: needed(&underlying[i], "underlying")?.parse().map_err(refused)?,
            quantity: quantity
                .ok_or_else(|| given(format!("row {}: `quantity` is absent, and it is needed", i + 1)))?,
            kind: kind.map_err(|e| given(format!("row {}: `kind`: {e}", i + 1)))?,
            price,
            strike,
            expiry_days,
            iv,
            delta,
            gamma,
            vega,
        })
    };
    (0..table.rows()).map(row).collect()
}

impl PositionRow {
    /// The position that it is; without a price of its own, at the last of its underlying.
    ///
    /// # Errors
    /// What its kind needs is absent.
    pub fn position(&self, last: &BTreeMap<Symbol, f64>) -> Result<Position, Error> {
        let price = self.price.or_else(|| last.get(&self.underlying).copied());
        let need = |what: Option<f64>, name: &str| {
            what.ok_or_else(|| {
                given(format!("position `{}`: `{name}` is absent, and its kind needs it", self.position))
            })
        };
        let option = |right: Right| -> Result<Terms, Error> {
            let days = need(self.expiry_days, "expiry_days")?;
            if days.is_nan() || days < 0.0 {
                let mend = "want 0 or more; leave out what has expired";
                return Err(given(format!("position `{}`: `expiry_days` is {days}; {mend}", self.position)));
            }
            let vanilla = Vanilla::in_days(right, need(self.strike, "strike")?, days);
            Ok(Terms::Option { vanilla, vol: need(self.iv, "iv")? })
        };
        let terms = match self.kind.unwrap_or_default() {
            PositionKind::Linear => Terms::Linear,
            PositionKind::Call => option(Right::Call)?,
            PositionKind::Put => option(Right::Put)?,
            PositionKind::Greeks => {
                let [gamma, vega] = [self.gamma, self.vega].map(Option::unwrap_or_default);
                let greeks = Greeks { delta: need(self.delta, "delta")?, gamma, vega };
                let vol = if vega == 0.0 { self.iv.unwrap_or_default() } else { need(self.iv, "iv")? };
                Terms::Greeks { greeks, vol, days: self.expiry_days.unwrap_or(30.0) }
            }
        };
        let price = price.ok_or_else(|| {
            given(format!(
                "position `{}`: `price` is absent, and there is no last one of {}",
                self.position, self.underlying
            ))
        })?;
        Ok(Position { id: self.position.clone(), underlying: self.underlying, quantity: self.quantity, price, terms })
    }
}
