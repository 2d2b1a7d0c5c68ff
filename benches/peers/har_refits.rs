//! Refits a regression with a constant at every row over a moving window, on one thread, and prints
//! one JSON object with the last coefficients and the seconds that it took. `har.py` beside it runs this
//! and statsmodels on the same rows.
//!
//! `har_refits ROWS.f64 WIDTH WINDOW`; the file holds little-endian floats, WIDTH regressors and a
//! target per row.

use std::time::Instant;

use margincast::forecast::har::rolling::Rolling;

#[allow(clippy::disallowed_methods)] // What is timed is wall time.
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().collect();
    let [_, path, width, window] = args.as_slice() else {
        return Err("usage: har_refits ROWS.f64 WIDTH WINDOW".into());
    };
    let (width, window): (usize, usize) = (width.parse()?, window.parse()?);
    let bytes = std::fs::read(path)?;
    let floats: Vec<f64> = bytes.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect();
    let began = Instant::now();
    let mut rolling = Rolling::new(width);
    let (mut refits, mut coefficients) = (0usize, Vec::new());
    for row in floats.chunks(width + 1) {
        rolling.push(&row[..width], row[width]);
        if rolling.len() > window {
            rolling.drop_oldest();
        }
        if rolling.len() == window {
            coefficients.push(rolling.coefficients().ok_or("columns depend on each other")?);
            refits += 1;
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    println!("{}", serde_json::json!({"coefficients": coefficients, "refits": refits, "seconds": seconds}));
    Ok(())
}
