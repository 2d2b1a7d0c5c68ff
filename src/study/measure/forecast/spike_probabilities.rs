//! Spike probabilities by model and horizon, as their measurements want them.

use std::collections::BTreeMap;

use crate::base::{Horizon, Prob, Symbol, Ts};
use crate::study::walk::Forecasted;

/// Edges of the bins of probabilities.
pub const EDGES: [f64; 10] = [0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0];

/// Times and probabilities by horizon, model and instrument.
pub type Grouped<'a> = BTreeMap<(Horizon, &'a str), BTreeMap<Symbol, Vec<(Ts, f64)>>>;

/// Groups spike probabilities by model and horizon, then instrument, in order of time.
pub fn grouped(forecasts: &[Forecasted]) -> Grouped<'_> {
    let mut out = Grouped::new();
    for f in forecasts {
        if let Some(p) = f.forecast.spike.map(Prob::get).filter(|p| p.is_finite()) {
            let series = out.entry((f.forecast.horizon, &f.model)).or_default().entry(f.symbol).or_default();
            series.push((f.forecast.issued, p));
        }
    }
    out.values_mut().flat_map(BTreeMap::values_mut).for_each(|s| s.sort_by_key(|x| x.0));
    out
}
