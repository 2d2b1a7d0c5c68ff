//! Fits GARCH(1,1) to every series of a CSV (one series per line) on one thread and prints one JSON
//! object: seconds, and the log-likelihood of every series. `garch.py` beside it runs it and arch on
//! the same file.
//!
//! `garch_fits SERIES.csv normal|student [zero|constant]`

#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use std::time::Instant;

use margincast::forecast::garch::{Innovation, Mean, Spec};

fn main() -> Result<(), String> {
    let args: Vec<String> = std::env::args().collect();
    let [_, path, innovation, mean] = args.as_slice() else {
        return Err("usage: garch_fits SERIES.csv normal|student zero|constant".into());
    };
    let innovation = if innovation == "student" { Innovation::Student } else { Innovation::Normal };
    let mean = if mean == "zero" { Mean::Zero } else { Mean::Constant };
    let spec = Spec { mean, innovation, ..Spec::default() };
    let text = std::fs::read_to_string(path).map_err(|e| format!("{path}: {e}"))?;
    let number = |cell: &str| cell.trim().parse::<f64>().map_err(|e| format!("{path}: `{cell}`: {e}"));
    let series: Vec<Vec<f64>> =
        text.lines().map(|line| line.split(',').map(number).collect::<Result<_, _>>()).collect::<Result<_, _>>()?;
    let start = Instant::now();
    let fits = series.iter().map(|returns| spec.fit(returns)).collect::<Result<Vec<_>, _>>()?;
    let seconds = start.elapsed().as_secs_f64();
    let loglik: Vec<f64> = fits.iter().map(|f| f.loglik).collect();
    let unconverged = fits.iter().filter(|f| !f.converged).count();
    println!("{}", serde_json::json!({"seconds": seconds, "loglik": loglik, "unconverged": unconverged}));
    Ok(())
}
