//! Runs a fixed number of EM steps on every series of a file, on one thread, and prints one JSON
//! object with the log-likelihood of each and the seconds of the fits. `hmm.py` beside it runs this
//! and hmmlearn on the same series from the same start.
//!
//! `hmm_fits SERIES.f64 ROWS STATES STEPS`; the file holds little-endian floats, ROWS of them per series.

use std::time::Instant;

use margincast::forecast::hmm::{Covariance, Em, Gaussian};
use ndarray::Array2;

#[allow(clippy::disallowed_methods)] // What is timed is wall time.
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().collect();
    let [_, path, rows, states, steps] = args.as_slice() else {
        return Err("usage: hmm_fits SERIES.f64 ROWS STATES STEPS".into());
    };
    let (rows, k, steps): (usize, usize, usize) = (rows.parse()?, states.parse()?, steps.parse()?);
    let bytes = std::fs::read(path)?;
    let floats: Vec<f64> = bytes.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect();
    let em = Em { iterations: steps, tolerance: 0.0, covariance_prior: 0.01, floor: 0.0 };
    let stay = |i: usize, j: usize| if i == j { 0.9 } else { 0.1 / (k - 1) as f64 };
    let start = Gaussian {
        start: vec![1.0 / k as f64; k],
        trans: (0..k).map(|i| (0..k).map(|j| stay(i, j)).collect()).collect(),
        means: (0..k).map(|i| vec![i as f64 - (k - 1) as f64 / 2.0]).collect(),
        covariance: Covariance::Diagonal(vec![vec![1.0]; k]),
    };
    let began = Instant::now();
    let mut loglik = Vec::new();
    for series in floats.chunks(rows) {
        let fit = start.fit(&Array2::from_shape_vec((series.len(), 1), series.to_vec())?, &em)?;
        loglik.push(fit.loglik[fit.iterations]);
    }
    let seconds = began.elapsed().as_secs_f64();
    println!("{}", serde_json::json!({"loglik": loglik, "seconds": seconds}));
    Ok(())
}
