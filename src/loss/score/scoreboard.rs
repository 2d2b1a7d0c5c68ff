//! One table that compares like with like: for each instrument only the rows that every model
//! forecast, and a pooled line only for models that cover every instrument.
//!
//! Conventions (each held equal to a Python script in the tests): spikes are realised variances
//! above their threshold; an onset is a spike whose previous window was none; models without a
//! spike probability are ranked by variance over threshold; pooled Diebold-Mariano averages the
//! loss differences over instruments at each time first, so that what instruments share is
//! carried by the series of averages; Kupiec takes n observations, independence n - 1 transitions.

use std::collections::BTreeMap;

use super::line::line;
use super::rows::{Cell, ForecastRow, ModelScore, OutcomeRow, Truth};
use crate::base::{Horizon, Symbol, Ts};
use crate::loss::Error;

/// Scores every model, per instrument and pooled, against the model named `base` where there is
/// one. Lines are ordered pooled first, then by instrument, then by QLIKE.
///
/// # Errors
/// A model has two rows of one instrument and time.
pub fn scoreboard(
    horizon: Horizon,
    outcomes: &[OutcomeRow],
    forecasts: &[ForecastRow],
    base: &str,
) -> Result<Vec<ModelScore>, Error> {
    let cells = align(outcomes, forecasts)?;
    let all: Vec<&Cell<'_>> = cells.iter().collect();
    let mut lines = lines(horizon, None, &all, base);
    for cell in &cells {
        lines.extend(self::lines(horizon, Some(cell.symbol), &[cell], base));
    }
    Ok(lines)
}

fn lines(horizon: Horizon, symbol: Option<Symbol>, cells: &[&Cell<'_>], base: &str) -> Vec<ModelScore> {
    let covering = |model: &&str| cells.iter().all(|c| c.models.contains_key(*model));
    let Some(first) = cells.first() else { return Vec::new() };
    let mut lines: Vec<ModelScore> =
        first.models.keys().copied().filter(covering).map(|model| line(horizon, symbol, cells, model, base)).collect();
    lines.sort_by(|a, b| a.qlike.total_cmp(&b.qlike).then_with(|| a.model.cmp(&b.model)));
    lines
}

fn align<'a>(outcomes: &[OutcomeRow], forecasts: &'a [ForecastRow]) -> Result<Vec<Cell<'a>>, Error> {
    let truth = truth(outcomes);
    let mut rows: BTreeMap<Symbol, BTreeMap<&str, BTreeMap<Ts, &ForecastRow>>> = BTreeMap::new();
    for row in forecasts.iter().filter(|r| r.rv > 0.0) {
        if !truth.get(&row.symbol).is_some_and(|t| t.contains_key(&row.ts)) {
            continue;
        }
        let series = rows.entry(row.symbol).or_default().entry(&row.model).or_default();
        if series.insert(row.ts, row).is_some() {
            return Err(Error::Twice { model: row.model.to_string(), symbol: row.symbol, ts: row.ts });
        }
    }
    let cell = |(symbol, models): (Symbol, BTreeMap<&'a str, BTreeMap<Ts, &'a ForecastRow>>)| {
        let common = |t: &&Truth| models.values().all(|series| series.contains_key(&t.ts));
        let truth: Vec<Truth> = truth.get(&symbol)?.values().filter(common).copied().collect();
        let pick =
            |series: &BTreeMap<Ts, &'a ForecastRow>| truth.iter().filter_map(|t| series.get(&t.ts).copied()).collect();
        let models = models.iter().map(|(name, series)| (*name, pick(series))).collect();
        (!truth.is_empty()).then_some(Cell { symbol, truth, models })
    };
    Ok(rows.into_iter().filter_map(cell).collect())
}

fn truth(outcomes: &[OutcomeRow]) -> BTreeMap<Symbol, BTreeMap<Ts, Truth>> {
    let mut truth: BTreeMap<Symbol, BTreeMap<Ts, Truth>> = BTreeMap::new();
    for o in outcomes.iter().filter(|o| o.rv > 0.0) {
        let row = Truth { ts: o.ts, rv: o.rv, ret: o.ret, threshold: o.spike_threshold, after_spike: false };
        truth.entry(o.symbol).or_default().insert(o.ts, row);
    }
    for series in truth.values_mut() {
        let mut spike = false;
        for row in series.values_mut() {
            row.after_spike = spike;
            spike = row.rv > row.threshold;
        }
    }
    truth
}
