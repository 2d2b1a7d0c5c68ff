//! Golden rows: what a model was shown when it was registered, and what it then said. They are run
//! at every load, so that a model which answers otherwise is never served.
//!
//! Stored as lines of JSON: a header with the column names, the rows (absent values are null), and
//! one answer per member and instrument.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::base::{Horizon, Symbol, Ts};
use crate::feature::{CATALOG, Feature, Row};
use crate::forecast::{Forecast, Forecaster};
use crate::pipeline::ModelSet;
use crate::record::error::{Error, damaged};
use crate::record::stored::{from_bytes, to_value};

/// Fewest rows that are worth the name.
pub const ROWS_MIN: usize = 32;
/// Largest relative difference that is put down to another processor's arithmetic.
const RELATIVE_MAX: f64 = 1e-9;

/// Input rows and the answers to them.
#[derive(Clone, Debug, PartialEq)]
pub struct Golden {
    rows: Vec<Row>,
    answers: Vec<Answer>,
}

/// What one member says about one instrument after all of its rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    member: String,
    horizon: Horizon,
    symbol: Symbol,
    /// Null while not yet warm.
    forecast: Value,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "schema")]
enum Header {
    #[serde(rename = "margincast.golden.v1")]
    V1 { columns: Vec<String>, rows: usize, answers: usize },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredRow {
    symbol: Symbol,
    ts_open: Ts,
    ts: Ts,
    ts_known: Ts,
    values: Vec<Option<f64>>,
}

/// How a model did on its golden rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Proof {
    /// Rows shown.
    pub rows: usize,
    /// Answers compared.
    pub answers: usize,
    /// Members that were still warming up on every instrument.
    pub silent: usize,
    /// Largest relative difference; 0 when every bit is the same.
    pub relative: f64,
}

/// A forecast as plain numbers.
fn forecast_value(forecast: &Forecast) -> Value {
    json!({
        "issued": forecast.issued, "horizon": forecast.horizon, "dist": forecast.dist,
        "regime": forecast.regime, "spike": forecast.spike,
    })
}

fn ask(bundle: &ModelSet, rows: &[Row]) -> Vec<Answer> {
    let mut lanes: BTreeMap<Symbol, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        lanes.entry(row.symbol).or_default().push(row);
    }
    let mut answers = Vec::new();
    for member in &bundle.members {
        for (symbol, rows) in &lanes {
            let mut forecaster: Box<dyn Forecaster> = member.start();
            rows.iter().for_each(|row| forecaster.update(row));
            let forecast = forecaster.forecast().map_or(Value::Null, |f| forecast_value(&f));
            answers.push(Answer { member: member.name.clone(), horizon: member.horizon, symbol: *symbol, forecast });
        }
    }
    answers
}

impl Golden {
    /// Shows rows (in close order per instrument) to a bundle and keeps its answers.
    ///
    /// # Errors
    /// Fewer than `ROWS_MIN` rows, or none of the members is warm at their end.
    pub fn make(bundle: &ModelSet, rows: &[Row]) -> Result<Golden, Error> {
        if rows.len() < ROWS_MIN {
            return Err(Error::Refused(format!("golden rows: {} given, at least {ROWS_MIN} are needed", rows.len())));
        }
        let answers = ask(bundle, rows);
        if !bundle.members.is_empty() && answers.iter().all(|a| a.forecast.is_null()) {
            return Err(Error::Refused(format!(
                "golden rows: no member is warm after {} rows, so they prove nothing; give more rows",
                rows.len()
            )));
        }
        Ok(Golden { rows: rows.to_vec(), answers })
    }
    /// Runs the rows again and compares every answer; with `exact`, every bit. `place` names the
    /// version in errors.
    ///
    /// # Errors
    /// The first answer that differs, with what was expected and what was found.
    pub fn prove(&self, bundle: &ModelSet, place: &str, exact: bool) -> Result<Proof, Error> {
        let found = ask(bundle, &self.rows);
        let limit = if exact { 0.0 } else { RELATIVE_MAX };
        let mut proof = Proof { rows: self.rows.len(), answers: found.len(), silent: 0, relative: 0.0 };
        for (want, got) in self.answers.iter().zip(&found) {
            let differs = |why: String| Error::Golden {
                place: place.into(),
                answer: format!("{} over {} on {}", want.member, want.horizon, want.symbol),
                why,
            };
            if (&want.member, want.horizon, want.symbol) != (&got.member, got.horizon, got.symbol) {
                return Err(differs(format!("asked in another order: {} {} {}", got.member, got.horizon, got.symbol)));
            }
            let relative = distance(&want.forecast, &got.forecast);
            if relative > limit {
                return Err(differs(format!("expected {}, found {}", want.forecast, got.forecast)));
            }
            proof.relative = proof.relative.max(relative);
        }
        if self.answers.len() != found.len() {
            let why = format!("{} answers stored, {} given", self.answers.len(), found.len());
            return Err(damaged(format!("{place}: golden.jsonl"), why));
        }
        proof.silent = bundle.members.iter().filter(|m| is_silent(&found, &m.name, m.horizon)).count();
        Ok(proof)
    }
    /// The stored form.
    ///
    /// # Errors
    /// Never for rows that were read or built.
    pub fn write(&self) -> Result<Vec<u8>, Error> {
        let columns = CATALOG.iter().map(|s| s.name.to_string()).collect();
        let header = Header::V1 { columns, rows: self.rows.len(), answers: self.answers.len() };
        let mut text = line(&header)?;
        for row in &self.rows {
            text += &line(&StoredRow::from(row))?;
        }
        for answer in &self.answers {
            text += &line(answer)?;
        }
        Ok(text.into_bytes())
    }
    /// Reads any version.
    ///
    /// # Errors
    /// A line that is not what its place asks for, or a column that this program does not know.
    pub fn read(place: &str, bytes: &[u8]) -> Result<Golden, Error> {
        let text = std::str::from_utf8(bytes).map_err(|e| damaged(place, e.to_string()))?;
        let mut lines = text.lines().enumerate().map(|(i, l)| (format!("{place}:{}", i + 1), l.as_bytes()));
        let (at, first) = lines.next().ok_or_else(|| damaged(place, "empty"))?;
        let Header::V1 { columns, rows: n_rows, answers: n_answers } = from_bytes(&at, first)?;
        let unknown = |name: &String| Error::Format { place: at.clone(), why: format!("column `{name}` is not known") };
        let columns =
            columns.iter().map(|n| Feature::named(n).ok_or_else(|| unknown(n))).collect::<Result<Vec<_>, _>>()?;
        let (mut rows, mut answers) = (Vec::new(), Vec::new());
        for (at, text) in lines {
            if rows.len() < n_rows {
                rows.push(from_bytes::<StoredRow>(&at, text)?.row(&at, &columns)?);
            } else {
                answers.push(from_bytes(&at, text)?);
            }
        }
        if (rows.len(), answers.len()) != (n_rows, n_answers) {
            let why = format!("{} rows and {} answers, {n_rows} and {n_answers} announced", rows.len(), answers.len());
            return Err(damaged(place, why));
        }
        Ok(Golden { rows, answers })
    }
}

fn is_silent(answers: &[Answer], member: &str, horizon: Horizon) -> bool {
    answers.iter().filter(|a| a.member == member && a.horizon == horizon).all(|a| a.forecast.is_null())
}

fn line<T: Serialize>(value: &T) -> Result<String, Error> {
    Ok(to_value("golden.jsonl", value)?.to_string() + "\n")
}

impl From<&Row> for StoredRow {
    fn from(row: &Row) -> StoredRow {
        let values = row.values().iter().map(|v| v.is_finite().then_some(*v)).collect();
        StoredRow { symbol: row.symbol, ts_open: row.ts_open, ts: row.ts, ts_known: row.ts_known, values }
    }
}

impl StoredRow {
    fn row(&self, place: &str, columns: &[Feature]) -> Result<Row, Error> {
        if self.values.len() != columns.len() {
            return Err(damaged(place, format!("{} values for {} columns", self.values.len(), columns.len())));
        }
        let mut row = Row::empty(self.symbol, self.ts_open, self.ts, self.ts_known);
        for (feature, value) in columns.iter().zip(&self.values) {
            row.set(*feature, value.unwrap_or(f64::NAN));
        }
        Ok(row)
    }
}

/// 0 when every bit is the same; else the largest relative difference of two numbers in the same
/// place, and infinity when anything else differs.
fn distance(want: &Value, got: &Value) -> f64 {
    let all =
        |pairs: &mut dyn Iterator<Item = (&Value, &Value)>| pairs.map(|(a, b)| distance(a, b)).fold(0.0, f64::max);
    match (want, got) {
        (Value::Number(a), Value::Number(b)) => match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) if a.to_bits() == b.to_bits() => 0.0,
            // Equal numbers of other bits (the two zeros) are still a difference.
            (Some(a), Some(b)) => ((a - b).abs() / a.abs().max(b.abs())).max(f64::EPSILON),
            _ => f64::INFINITY,
        },
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => all(&mut a.iter().zip(b)),
        (Value::Object(a), Value::Object(b)) if a.keys().eq(b.keys()) => all(&mut a.values().zip(b.values())),
        _ if want == got => 0.0,
        _ => f64::INFINITY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_is_zero_only_for_equal_bits() {
        let d = |a: Value, b: Value| distance(&a, &b);
        assert_eq!(d(json!({"a": [1.0, 2.5]}), json!({"a": [1.0, 2.5]})), 0.0);
        assert!(d(json!(0.0), json!(-0.0)) > 0.0);
        let near = d(json!([1.0]), json!([1.0 + 1e-12]));
        assert!(near > 0.0 && near < RELATIVE_MAX);
        assert!(d(json!([1.0]), json!([1.1])) > RELATIVE_MAX);
        assert!(d(json!(null), json!(1.0)).is_infinite() && d(json!([1]), json!([1, 2])).is_infinite());
    }
}
