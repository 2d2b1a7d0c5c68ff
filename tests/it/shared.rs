//! Where the market data and the peers' reference values lie, when they lie beside the checkout.

use std::path::PathBuf;

/// `../shared/<path>` beside the checkout, or `None` with a line on stderr that says what was not
/// tested. `MARGINCAST_SHARED` names another place; with `MARGINCAST_REQUIRE_SHARED=1` absence fails.
pub fn path(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("MARGINCAST_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let full = root.join(path);
    if full.exists() {
        return Some(full);
    }
    assert!(
        std::env::var_os("MARGINCAST_REQUIRE_SHARED").is_none(),
        "{} is absent and MARGINCAST_REQUIRE_SHARED is set",
        full.display()
    );
    eprintln!("not tested: {} is absent", full.display());
    None
}

/// The JSON at `../shared/<path>`.
pub fn json(file: &str) -> Option<serde_json::Value> {
    let text = std::fs::read_to_string(path(file)?).expect("readable");
    Some(serde_json::from_str(&text).expect("valid JSON"))
}

/// A CSV's columns by name, as floats (text columns become NaN).
pub fn csv(file: &str) -> Option<std::collections::BTreeMap<String, Vec<f64>>> {
    let mut reader = csv::Reader::from_path(path(file)?).expect("readable");
    let names: Vec<String> = reader.headers().expect("header").iter().map(String::from).collect();
    let mut columns: std::collections::BTreeMap<String, Vec<f64>> = names.iter().map(|n| (n.clone(), vec![])).collect();
    for record in reader.records() {
        for (name, cell) in names.iter().zip(record.expect("row").iter()) {
            columns.get_mut(name).expect("column").push(cell.parse().unwrap_or(f64::NAN));
        }
    }
    Some(columns)
}
