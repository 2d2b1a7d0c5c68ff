//! Trains the net and the sequence net for a number of passes over the same rows, and prints one JSON
//! object with the seconds of a training step of each. `net.py` beside it runs this and the same nets
//! in PyTorch.
//!
//! `net_steps MODEL PASSES`, MODEL `net` or `sequence`; `RAYON_NUM_THREADS` says on how many threads. The time of
//! a fit of one pass is taken off, so that what is common to all fits (inputs, regression) does not count.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use margincast::base::{Horizon, Seed, Span, Ts};
use margincast::event::synth;
use margincast::feature::{Builder, Row, RowConfig, VarianceMeasure};
use margincast::forecast::pooled::net::sequence::{self, Sequence};
use margincast::forecast::pooled::net::{self, Net};
use margincast::forecast::{FitContext, Model, Panel, Track};
use serde_json::Value;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROWS: usize = 6_000;
const BATCH: usize = 256;

type Failure = Box<dyn std::error::Error>;

fn rows() -> Result<Vec<Row>, Failure> {
    let config = RowConfig {
        bar: Span::HOUR,
        row: Span::HOUR,
        measure: VarianceMeasure::Parkinson,
        mid: 24,
        long: 168,
        far: 720,
        closure: Span(0),
    };
    let mut builder = Builder::new(config)?;
    let events = synth::bars(Seed(1), "BENCH".parse()?, Ts::from_ms(1_704_067_200_000), Span::HOUR, ROWS);
    Ok(events.iter().filter_map(|e| builder.push(e)).collect())
}

/// The stored form of a fit of so many passes, and its seconds.
#[allow(clippy::disallowed_methods)] // What is timed is wall time.
fn fit(model: &str, rows: &[Row], passes: usize) -> Result<(Value, f64), Failure> {
    let history = BTreeMap::from([(rows[0].symbol, Arc::new(rows.to_vec()))]);
    let panel = Panel::until(&history, Ts(i64::MIN), rows[rows.len() - 1].ts_known);
    let (members, track) = (BTreeMap::new(), Track::default());
    let hour = Span::HOUR;
    let ctx = FitContext {
        horizon: Horizon(hour),
        step: hour,
        seed: Seed(1),
        members: &members,
        track: &track,
        progress: &|_| (),
    };
    let began = Instant::now();
    let stored = match model {
        "net" => {
            let params =
                net::Params { nets: 1, epochs: passes, patience: 1000, batch: BATCH, regimes: 0, ..Default::default() };
            serde_json::to_value(Net::fit(&params, &panel, &ctx)?)?
        }
        "sequence" => {
            let params = sequence::Params { epochs: passes, patience: 1000, batch: BATCH, ..Default::default() };
            serde_json::to_value(Sequence::fit(&params, &panel, &ctx)?)?
        }
        other => return Err(format!("no model {other}; want net or sequence").into()),
    };
    Ok((stored, began.elapsed().as_secs_f64()))
}

/// Shapes of the layers of the first net that a stored form holds.
fn layers(stored: &Value) -> Option<Vec<[u64; 2]>> {
    match stored {
        Value::Object(map) => match map.get("layers") {
            Some(Value::Array(layers)) => {
                layers.iter().map(|l| Some([l.get("inputs")?.as_u64()?, l.get("outputs")?.as_u64()?])).collect()
            }
            _ => map.values().find_map(layers),
        },
        Value::Array(items) => items.iter().find_map(layers),
        _ => None,
    }
}

fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().collect();
    let [_, model, passes] = args.as_slice() else { return Err("usage: net_steps net|sequence PASSES".into()) };
    let passes: usize = passes.parse()?;
    let rows = rows()?;
    fit(model, &rows, 1)?; // The first fit also starts threads and fills caches.
    let (_, one) = fit(model, &rows, 1)?;
    let (stored, all) = fit(model, &rows, 1 + passes)?;
    let learnt = (rows.len() - 169) * 9 / 10;
    let steps = passes * (learnt / BATCH);
    let layers = layers(&stored).ok_or("the stored form holds no net")?;
    println!(
        "{}",
        serde_json::json!({"model": model, "batch": BATCH, "rows": learnt, "held": (rows.len() - 169) / 10,
            "passes": passes, "steps": steps, "layers": layers, "seconds": (all - one) / steps as f64})
    );
    Ok(())
}
