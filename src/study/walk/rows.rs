//! Rows of every instrument, to learn from and to judge by.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use super::market::MarketEvents;
use crate::base::{Digest, Span, Symbol, Ts};
use crate::feature::{Barrier, Builder, Row};
use crate::forecast::History;
use crate::study::Error;
use crate::study::config::Plan;

/// All rows of a study.
pub struct StudyRows {
    /// Of every instrument.
    pub history: History,
    /// Of windows that open between those, `phases - 1` histories: only to learn from.
    pub shifted: Vec<History>,
    /// Digest of all of them.
    pub data: Digest,
}

impl StudyRows {
    /// The rows of a market.
    ///
    /// # Errors
    /// Rows cannot be built.
    pub fn of(plan: &Plan, market: &MarketEvents) -> Result<StudyRows, Error> {
        #[cfg(test)]
        super::planted::tell(market);
        let (history, shifted) = (rows(plan, market)?, shifted(plan, market)?);
        let data = digest(&history, &shifted);
        Ok(StudyRows { history, shifted, data })
    }
}

/// Rows of every instrument, by the same builder and barrier that the pipeline uses.
///
/// # Errors
/// Rows cannot be built.
pub fn rows(plan: &Plan, market: &MarketEvents) -> Result<History, Error> {
    rows_at(plan, market, Span(0))
}

/// Rows of windows that open between those of [`rows`], `phases - 1` histories: only to learn from.
///
/// # Errors
/// Rows cannot be built.
pub fn shifted(plan: &Plan, market: &MarketEvents) -> Result<Vec<History>, Error> {
    let phases = plan.study.phases as i64;
    (1..phases).map(|k| rows_at(plan, market, Span(plan.pipeline.rows.row.0 / phases * k))).collect()
}

fn rows_at(plan: &Plan, market: &MarketEvents, shift: Span) -> Result<History, Error> {
    let build = |symbol: &Symbol| -> Result<Vec<(Ts, Row)>, Error> {
        let mut builder = Builder::shifted(plan.pipeline.rows.clone(), shift)?;
        Ok(market[symbol].iter().filter_map(|e| builder.push(e).map(|row| (e.ts_known, row))).collect())
    };
    let built: Vec<Vec<(Ts, Row)>> = plan.pipeline.symbols.par_iter().map(build).collect::<Result<_, _>>()?;
    let mut built: Vec<(Ts, Row)> = built.into_iter().flatten().collect();
    built.sort_by_key(|(known, row)| (*known, row.symbol));
    let mut barrier = Barrier::new(plan.pipeline.symbols.len(), plan.pipeline.rows.row);
    let mut history: BTreeMap<Symbol, Vec<Row>> = plan.pipeline.symbols.iter().map(|s| (*s, Vec::new())).collect();
    let mut keep = |rows: Vec<Row>| rows.into_iter().for_each(|r| history.entry(r.symbol).or_default().push(r));
    for (known, row) in built {
        keep(barrier.advance(known));
        keep(barrier.push(known, row));
    }
    // Nothing follows the last windows.
    keep(barrier.advance(Ts(i64::MAX)));
    Ok(history.into_iter().map(|(s, rows)| (s, Arc::new(rows))).collect())
}

/// Digest of rows, bit for bit.
pub fn digest(history: &History, shifted: &[History]) -> Digest {
    let mut bytes = Vec::new();
    for (symbol, rows) in std::iter::once(history).chain(shifted).flatten() {
        bytes.extend_from_slice(symbol.as_str().as_bytes());
        for row in rows.iter() {
            bytes.extend_from_slice(&row.ts.0.to_le_bytes());
            bytes.extend_from_slice(&row.ts_known.0.to_le_bytes());
            row.values().iter().for_each(|v| bytes.extend_from_slice(&v.to_bits().to_le_bytes()));
        }
    }
    Digest::of(&bytes)
}
