//! The files of a study: `forecasts.parquet`, `outcomes.parquet`, `decisions.parquet`, `scores.json` and
//! `report.html`; and forecast files read back.

use std::path::Path;
use std::sync::Arc;

use super::Error;
use super::calibrate;
use super::config::Plan;
use super::measure::Outcomes;
use super::report;
use super::run::Studied;
use super::walk::{Forecasted, Issued};
use crate::base::table::{Column, ColumnNote, Table};
use crate::base::{Horizon, Prob, Span, atomic};
use crate::forecast::{Dist, Forecast, Regime};
use crate::loss::OutcomeRow;
use crate::margin::Decision;
use crate::margin::numbers::{Number, numbers};
use crate::margin::why::NumberUnit;

/// Names of the quantile columns, in the order of [`crate::forecast::dist::LEVELS`].
const QUANTILES: [&str; 9] = ["q005", "q01", "q025", "q05", "q50", "q95", "q975", "q99", "q995"];
const REGIMES: [&str; 4] = ["p_calm", "p_normal", "p_elevated", "p_stress"];

/// The files of a study.
pub const FILES: [&str; 5] =
    ["forecasts.parquet", "outcomes.parquet", "decisions.parquet", "scores.json", "report.html"];

/// Writes the files of a study into a folder, which is made if it is not there.
///
/// # Errors
/// A file cannot be written.
pub fn write(studied: &Studied, out: &Path) -> Result<(), Error> {
    let bad = |path: &Path, e: std::io::Error| Error::File { path: path.display().to_string(), why: e.to_string() };
    std::fs::create_dir_all(out).map_err(|e| bad(out, e))?;
    let (plan, walk, judged) = (&studied.plan, &studied.walk, &studied.judged);
    forecasts(&walk.forecasts).write(&out.join("forecasts.parquet"))?;
    outcomes(&super::measure::outcomes::all(&walk.history, plan), plan).write(&out.join("outcomes.parquet"))?;
    decisions(&walk.decisions).write_with_notes(&out.join("decisions.parquet"), &decision_notes())?;
    let put = |name: &str, text: &str| {
        let path = out.join(name);
        atomic::write(&path, text.as_bytes()).map_err(|e| bad(&path, e))
    };
    for one in &walk.calibrated {
        calibrate::output::write(one, &out.join("calibrated").join(one.horizon.0.to_string()))?;
    }
    put("scores.json", &judged.scores.to_json())?;
    put("report.html", &report::render(&judged.scores, &judged.lines))
}

/// The table of forecasts.
pub fn forecasts(issued: &[Issued]) -> Table {
    let float = |f: &dyn Fn(&Issued) -> f64| Column::Float(issued.iter().map(f).collect());
    let text = |f: &dyn Fn(&Issued) -> String| Column::Text(issued.iter().map(|i| Some(f(i))).collect());
    let mut columns = vec![
        ("model", text(&|i| i.model.to_string())),
        ("symbol", text(&|i| i.symbol.to_string())),
        ("ts", Column::Time(issued.iter().map(|i| Some(i.forecast.issued.0)).collect())),
        ("horizon_ns", Column::Int(issued.iter().map(|i| Some(i.forecast.horizon.0.0)).collect())),
        ("sd", float(&|i| i.forecast.dist.sd)),
        ("rv", float(&|i| i.forecast.dist.rv)),
    ];
    for (k, name) in QUANTILES.iter().enumerate() {
        columns.push((name, float(&|i| i.forecast.dist.q[k])));
    }
    columns.push(("es01", float(&|i| i.forecast.dist.es01)));
    columns.push(("es99", float(&|i| i.forecast.dist.es99)));
    for (k, name) in REGIMES.iter().enumerate() {
        columns.push((name, float(&|i| i.forecast.regime.map_or(f64::NAN, |r| r.probs()[k]))));
    }
    columns.push(("p_spike", float(&|i| i.forecast.spike.map_or(f64::NAN, Prob::get))));
    columns.push(("fold", Column::Int(issued.iter().map(|i| Some(i.fold as i64)).collect())));
    columns.push(("model_digest", text(&|i| i.digest.to_string())));
    Table::new(columns)
}

/// The table of decisions: its numbers are those that are declared as columns.
pub fn decisions(made: &[Decision]) -> Table {
    let text = |f: &dyn Fn(&Decision) -> String| Column::Text(made.iter().map(|d| Some(f(d))).collect());
    let mut columns = vec![
        ("symbol", text(&|d| d.symbol.to_string())),
        ("ts", Column::Time(made.iter().map(|d| Some(d.ts.0)).collect())),
        ("horizon_ns", Column::Int(made.iter().map(|d| Some(d.horizon.0.0)).collect())),
    ];
    let number = |n: Number| match n.unit {
        NumberUnit::PartsPerMillion => Column::Int(made.iter().map(|d| Some(n.get(d) as i64)).collect()),
        _ => Column::Float(made.iter().map(|d| n.get(d)).collect()),
    };
    columns.extend(numbers().filter(Number::is_column).map(|n| (n.name, number(n))));
    columns.extend([
        ("stress_flag", Column::Bool(made.iter().map(|d| Some(d.why.stress_flag)).collect())),
        ("state", text(&|d| d.state.code())),
        ("reasons", Column::TextList(made.iter().map(|d| d.reasons.iter().map(|r| r.code()).collect()).collect())),
        ("model_digest", text(&|d| d.model_digest.to_string())),
        ("config_digest", text(&|d| d.config_digest.to_string())),
    ]);
    Table::new(columns)
}

/// What each column of the table of decisions is.
fn decision_notes() -> Vec<ColumnNote> {
    let numbers = numbers().filter(Number::is_column).map(|n| ColumnNote::new(n.name, n.unit.name(), n.about));
    let others = [
        ("symbol", "text", "The instrument."),
        ("ts", "time, UTC", "Close of the last row used."),
        ("horizon_ns", "nanoseconds", "Over which the loss is measured."),
        ("stress_flag", "yes or no", "Whether the flag of the stressed regime is up: up and down with hysteresis."),
        ("state", "code", "Where on the staleness ladder: FRESH, THIN, HOLD, DEGRADING, FALLBACK or KILLED."),
        ("reasons", "codes", "Every clamp and every reason for not publishing something new, in the order they acted."),
        ("model_digest", "SHA-256", "Digest of the models."),
        ("config_digest", "SHA-256", "Digest of the configuration."),
    ];
    numbers.chain(others.map(|(name, unit, about)| ColumnNote::new(name, unit, about))).collect()
}

/// The table of outcomes in the out-of-sample span: what forecasts and margins are held to.
pub fn outcomes(outcomes: &[Outcomes], plan: &Plan) -> Table {
    let rows: Vec<(Horizon, OutcomeRow)> =
        outcomes.iter().flat_map(|t| t.rows(&plan.study).map(|r| (t.horizon, r))).collect();
    let float = |f: &dyn Fn(&OutcomeRow) -> f64| Column::Float(rows.iter().map(|r| f(&r.1)).collect());
    let side = plan.pipeline.margin.baseline.side;
    Table::new([
        ("symbol", Column::Text(rows.iter().map(|r| Some(r.1.symbol.to_string())).collect())),
        ("ts", Column::Time(rows.iter().map(|r| Some(r.1.ts.0)).collect())),
        ("horizon_ns", Column::Int(rows.iter().map(|r| Some(r.0.0.0)).collect())),
        ("rv", float(&|r| r.rv)),
        ("ret", float(&|r| r.ret)),
        ("loss", float(&|r| side.loss(r.ret))),
        ("spike_threshold", float(&|r| r.spike_threshold)),
    ])
}

/// Reads a forecast file: `model, symbol, ts, horizon_ns, rv` are needed, the rest is used where it
/// is there.
///
/// # Errors
/// The file cannot be read, a needed column is missing, or a symbol is not one.
pub fn read_forecasts(path: &Path) -> Result<Vec<Forecasted>, Error> {
    let table = Table::read(path)?;
    let (models, symbols) = (table.texts("model")?, table.texts("symbol")?);
    let (ts, horizons, rv) = (table.times("ts")?, table.ints("horizon_ns")?, table.floats("rv")?);
    let n = table.rows();
    let column = |name: &str| table.floats(name).map_or_else(|_| vec![f64::NAN; n], |c| c.to_vec());
    let sd = column("sd");
    let q = QUANTILES.map(column);
    let (es01, es99) = (column("es01"), column("es99"));
    let p = REGIMES.map(column);
    let spike = column("p_spike");
    let mut names: std::collections::BTreeMap<&str, Arc<str>> = std::collections::BTreeMap::new();
    let bad = |i: usize, what: &str| Error::Plan(format!("{}: row {}: no {what}", path.display(), i + 1));
    (0..n)
        .map(|i| {
            let model = models[i].as_deref().ok_or_else(|| bad(i, "model"))?;
            let symbol = symbols[i].as_deref().and_then(|s| s.parse().ok()).ok_or_else(|| bad(i, "symbol"))?;
            let horizon = Horizon(Span(horizons[i].ok_or_else(|| bad(i, "horizon_ns"))?));
            let dist = Dist { rv: rv[i], sd: sd[i], q: std::array::from_fn(|k| q[k][i]), es01: es01[i], es99: es99[i] };
            let probs: [f64; 4] = std::array::from_fn(|k| p[k][i]);
            let regime = probs.iter().all(|v| v.is_finite()).then(|| Regime::of(probs));
            let forecast = Forecast { issued: ts[i], horizon, dist, regime, spike: Prob::new(spike[i]) };
            let model = Arc::clone(names.entry(model).or_insert_with(|| model.into()));
            Ok(Forecasted { model, forecast, symbol })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_of_decisions_is_described_once() {
        let table = decisions(&[]);
        let mut said: Vec<String> = decision_notes().into_iter().map(|n| n.name).collect();
        let mut columns: Vec<String> = table.names().map(str::to_string).collect();
        said.sort();
        columns.sort();
        assert_eq!(said, columns);
        for name in ["stress_flag", "m4", "blend_weight"] {
            assert!(columns.iter().any(|c| c == name), "{name}");
        }
    }
}
