//! The files of a calibration: `frontier.parquet`, `calibration.json` and `proposal.toml`.

use std::path::Path;

use super::run::Calibrated;
use crate::base::atomic;
use crate::base::table::{Column, Table};
use crate::study::Error;

/// Writes them into a folder, which is made if it is not there.
///
/// # Errors
/// A file cannot be written.
pub fn write(calibrated: &Calibrated, out: &Path) -> Result<(), Error> {
    let bad = |path: &Path, e: std::io::Error| Error::File { path: path.display().to_string(), why: e.to_string() };
    std::fs::create_dir_all(out).map_err(|e| bad(out, e))?;
    frontier(calibrated).write(&out.join("frontier.parquet"))?;
    let put = |name: &str, text: &str| {
        let path = out.join(name);
        atomic::write(&path, text.as_bytes()).map_err(|e| bad(&path, e))
    };
    put("calibration.json", &calibrated.to_json())?;
    match proposal(calibrated) {
        Some(text) => put("proposal.toml", &text),
        // One of a run before would be taken for that of this one.
        None => match std::fs::remove_file(out.join("proposal.toml")) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(bad(&out.join("proposal.toml"), e)),
            _ => Ok(()),
        },
    }
}

/// The table of the frontier, one row for each policy.
fn frontier(of: &Calibrated) -> Table {
    let float = |f: &dyn Fn(usize) -> f64| Column::Float((0..of.frontier.len()).map(f).collect());
    let whole = |f: &dyn Fn(usize) -> usize| Column::Int((0..of.frontier.len()).map(|i| Some(f(i) as i64)).collect());
    let mut columns = Vec::new();
    let names = of.frontier.first().map(|p| p.policy.numbers().map(|n| n.0)).into_iter().flatten();
    for (k, name) in names.enumerate() {
        columns.push((name, float(&|i| of.frontier[i].policy.numbers()[k].1)));
    }
    let o = |i: usize| &of.frontier[i].outcome;
    columns.extend([
        ("shortfall", float(&|i| o(i).shortfall)),
        ("control_shortfall", float(&|i| o(i).control_shortfall)),
        ("flat_shortfall", float(&|i| o(i).flat_shortfall)),
        ("ratio", float(&|i| o(i).ratio().unwrap_or(f64::NAN))),
        ("flat_ratio", float(&|i| o(i).flat_ratio().unwrap_or(f64::NAN))),
        ("average", float(&|i| o(i).average)),
        ("baseline_average", float(&|i| o(i).baseline_average)),
        ("breaches", whole(&|i| o(i).breaches)),
        ("control_breaches", whole(&|i| o(i).control_breaches)),
        ("rise_1", float(&|i| o(i).rises[0])),
        ("rise_5", float(&|i| o(i).rises[1])),
        ("rise_20", float(&|i| o(i).rises[2])),
        ("control_rise_1", float(&|i| o(i).control_rises[0])),
        ("control_rise_5", float(&|i| o(i).control_rises[1])),
        ("control_rise_20", float(&|i| o(i).control_rises[2])),
        ("rise_es99", float(&|i| o(i).rise_es99)),
        ("changes_a_day", float(&|i| o(i).changes_a_day)),
        ("better", whole(&|i| o(i).better)),
        ("instruments", whole(&|i| o(i).instruments)),
        ("admitted", Column::Bool(of.frontier.iter().map(|p| Some(p.admitted)).collect())),
        ("chosen", Column::Bool(of.frontier.iter().map(|p| Some(p.chosen)).collect())),
    ]);
    Table::new(columns)
}

/// What would have to be changed, for people to propose.
fn proposal(of: &Calibrated) -> Option<String> {
    let policy = of.chosen.as_ref()?.policy;
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let changes = policy.changes(&of.today, &of.base);
    let changes: String = changes.iter().map(|(key, value)| format!("{} = {}\n", quoted(key), quoted(value))).collect();
    let (record, horizon) = (of.record.short(), of.horizon.0);
    Some(format!(
        "# Chosen by margincast calibrate on record {record}: see calibration.json.\n\
         # These go through margincast guard propose --from proposal.toml, and act when others have approved them.\n\
         [changes]\nhorizon = \"{horizon}\"\n{changes}"
    ))
}
