//! Fits GARCH(1,1) to every series of a file, on one thread, and prints one JSON object with the
//! log-likelihood of each. `garch.py` beside it runs it and arch on the same series.
//!
//! `garch_fits SERIES.f64 ROWS normal|student zero|constant`; the file holds little-endian floats,
//! ROWS of them per series.

use margincast::forecast::garch::{Innovation, Mean, Spec};

fn main() -> Result<(), String> {
    let args: Vec<String> = std::env::args().collect();
    let [_, path, rows, innovation, mean] = args.as_slice() else {
        return Err("usage: garch_fits SERIES.f64 ROWS normal|student zero|constant".into());
    };
    let innovation = if innovation == "student" { Innovation::Student } else { Innovation::Normal };
    let mean = if mean == "zero" { Mean::Zero } else { Mean::Constant };
    let spec = Spec { mean, innovation, ..Spec::default() };
    let rows: usize = rows.parse().map_err(|e| format!("ROWS `{rows}`: {e}"))?;
    let bytes = std::fs::read(path).map_err(|e| format!("{path}: {e}"))?;
    let floats: Vec<f64> = bytes.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect();
    let fits = floats.chunks(rows).map(|returns| spec.fit(returns)).collect::<Result<Vec<_>, _>>()?;
    let loglik: Vec<f64> = fits.iter().map(|f| f.loglik).collect();
    let unconverged = fits.iter().filter(|f| !f.converged).count();
    println!("{}", serde_json::json!({"loglik": loglik, "unconverged": unconverged}));
    Ok(())
}
