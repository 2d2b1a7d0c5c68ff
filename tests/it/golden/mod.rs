//! Worked cases that a person can follow with a pocket calculator: each file under `tests/golden`
//! holds the inputs and what must come out.

mod baseline;
mod evaluation;
mod guardrail;
mod portfolio;

use serde::de::DeserializeOwned;

fn case<T: DeserializeOwned>(name: &str) -> T {
    let path = format!("{}/tests/golden/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect("golden case");
    let mut table: toml::Table = text.parse().expect("TOML");
    table.remove("about").expect("every case says what it is about");
    table.try_into().unwrap_or_else(|e| panic!("{path}: {e}"))
}

#[track_caller]
fn near(got: f64, want: f64, tolerance: f64) {
    assert!((got - want).abs() <= tolerance, "got {got}, want {want}");
}

#[track_caller]
fn digits(got: f64, want: f64) {
    assert!((got / want - 1.0).abs() < 1e-9, "got {got}, want {want} to ten digits");
}
