//! The `trades` table whole, with every column of the lake's layout.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int8Type, TimestampNanosecondType, UInt32Type};
use arrow_array::{Array, ArrayRef, Float64Array, Int8Array, TimestampNanosecondArray, UInt32Array};
use arrow_schema::Field;
use parquet::basic::Encoding;
use parquet::schema::types::ColumnPath;

use super::decode::batches;
use super::encode::{properties, time_array, write_arrays};
use super::error::{Error, file_error};

/// A venue's name for a trade: mostly a number, which is kept as one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TradeId {
    /// A number; [`TradeId::NONE`] where the venue has none.
    Number(u64),
    /// Anything else.
    Text(Box<str>),
}

impl TradeId {
    /// The venue gives no number.
    pub const NONE: TradeId = TradeId::Number(u64::MAX);

    /// From text; a number is kept as a number only if it is written as we would write it.
    pub fn of(text: &str) -> TradeId {
        let plain = text.len() < 20 && !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let plain = plain && (text == "0" || !text.starts_with('0'));
        match plain.then(|| text.parse()).and_then(Result::ok) {
            Some(number) => TradeId::Number(number),
            None => TradeId::Text(text.into()),
        }
    }
    /// Whether the venue gave one.
    pub fn is_some(&self) -> bool {
        *self != TradeId::NONE
    }
}

impl std::fmt::Display for TradeId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            TradeId::Number(n) if self.is_some() => write!(f, "{n}"),
            TradeId::Number(_) => f.write_str("none"),
            TradeId::Text(text) => f.write_str(text),
        }
    }
}

/// Rows of the lake's `trades` table, column by column, as they lie on disk.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TradeColumns {
    /// When it happened, ns.
    pub ts_event: Vec<i64>,
    /// When it could first be known, ns.
    pub ts_known: Vec<i64>,
    /// The venue's name of the trade.
    pub trade_id: Vec<TradeId>,
    /// Price, quote units.
    pub price: Vec<f64>,
    /// Quantity, base units.
    pub qty: Vec<f64>,
    /// Price times quantity, quote units, as the vendor says it or as computed.
    pub quote_qty: Vec<f64>,
    /// +1 buyer, -1 seller, 0 unknown.
    pub aggressor: Vec<i8>,
    /// Exchange trades in this row.
    pub n_trades: Vec<u32>,
    /// Bits: 0 RPI, 1 liquidation, 2 block, 3 auction or cross, 4 hidden.
    pub flags: Vec<u32>,
    /// First 32 bits of the source file's SHA-256.
    pub src: Vec<u32>,
}

impl TradeColumns {
    /// Writes a file of the `trades` table by way of a temporary name.
    ///
    /// # Errors
    /// The file cannot be written, or columns differ in length.
    pub fn write(self, path: &Path) -> Result<(), Error> {
        let mut ids = StringBuilder::with_capacity(self.trade_id.len(), self.trade_id.len() * 10);
        for id in &self.trade_id {
            match id {
                TradeId::Number(_) if !id.is_some() => ids.append_null(),
                TradeId::Text(text) => ids.append_value(text),
                TradeId::Number(number) => {
                    write!(ids, "{number}").map_err(|e| file_error(path, e))?;
                    ids.append_value("");
                }
            }
        }
        let unknown = TimestampNanosecondArray::from(vec![None; self.ts_event.len()]);
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("ts_event", time_array(self.ts_event)),
            // The contract has this column; no importer knows the time of receipt yet.
            ("ts_recv", time_array(unknown)),
            ("ts_known", time_array(self.ts_known)),
            ("trade_id", Arc::new(ids.finish())),
            ("price", Arc::new(Float64Array::from(self.price))),
            ("qty", Arc::new(Float64Array::from(self.qty))),
            ("quote_qty", Arc::new(Float64Array::from(self.quote_qty))),
            ("aggressor", Arc::new(Int8Array::from(self.aggressor))),
            ("n_trades", Arc::new(UInt32Array::from(self.n_trades))),
            ("flags", Arc::new(UInt32Array::from(self.flags))),
            ("src", Arc::new(UInt32Array::from(self.src))),
        ];
        // Numbers that rise by one compress to almost nothing as differences of text.
        let id = ColumnPath::from("trade_id");
        let properties = properties()
            .set_column_dictionary_enabled(id.clone(), false)
            .set_column_encoding(id, Encoding::DELTA_BYTE_ARRAY);
        let field = |(name, a): (&str, ArrayRef)| (Field::new(name, a.data_type().clone(), true), a);
        write_arrays(columns.into_iter().map(field).collect(), path, properties)
    }

    /// Reads a file of the `trades` table.
    ///
    /// # Errors
    /// The file cannot be read, or a column is missing or of another type.
    pub fn read(path: &Path) -> Result<TradeColumns, Error> {
        let mut rows = TradeColumns::default();
        for batch in batches(path)? {
            let batch = batch.map_err(|e| file_error(path, e))?;
            let get = |name: &str| -> Result<&dyn Array, Error> {
                batch.column_by_name(name).map(AsRef::as_ref).ok_or_else(|| wrong(path, name))
            };
            let times = |name: &str| -> Result<Vec<i64>, Error> {
                let array =
                    get(name)?.as_primitive_opt::<TimestampNanosecondType>().ok_or_else(|| wrong(path, name))?;
                Ok(array.values().to_vec())
            };
            let floats = |name: &str| -> Result<Vec<f64>, Error> {
                let array = get(name)?.as_primitive_opt::<Float64Type>().ok_or_else(|| wrong(path, name))?;
                Ok(array.values().to_vec())
            };
            let counts = |name: &str| -> Result<Vec<u32>, Error> {
                let array = get(name)?.as_primitive_opt::<UInt32Type>().ok_or_else(|| wrong(path, name))?;
                Ok(array.values().to_vec())
            };
            rows.ts_event.extend(times("ts_event")?);
            rows.ts_known.extend(times("ts_known")?);
            rows.price.extend(floats("price")?);
            rows.qty.extend(floats("qty")?);
            rows.quote_qty.extend(floats("quote_qty")?);
            rows.n_trades.extend(counts("n_trades")?);
            rows.flags.extend(counts("flags")?);
            rows.src.extend(counts("src")?);
            let side = get("aggressor")?.as_primitive_opt::<Int8Type>().ok_or_else(|| wrong(path, "aggressor"))?;
            rows.aggressor.extend_from_slice(side.values());
            let ids = get("trade_id")?.as_string_opt::<i32>().ok_or_else(|| wrong(path, "trade_id"))?;
            rows.trade_id.extend(ids.iter().map(|id| id.map_or(TradeId::NONE, TradeId::of)));
        }
        Ok(rows)
    }
}

fn wrong(path: &Path, name: &str) -> Error {
    file_error(path, format!("column `{name}` is missing or not as the lake's trades table has it; import it anew"))
}
