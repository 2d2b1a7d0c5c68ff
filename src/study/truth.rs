//! What happened, per instrument and horizon: the outcomes that forecasts and margins are held to.

use super::plan::{Plan, Study};
use crate::base::{Horizon, Symbol, Ts};
use crate::forecast::{History, Outcome};
use crate::loss::OutcomeRow;
use crate::loss::baseline::ordered::Ordered;

/// Outcomes of one instrument over one horizon, in order of issue time.
pub struct Truth {
    /// The instrument.
    pub symbol: Symbol,
    /// Over how long.
    pub horizon: Horizon,
    rows: Vec<OutcomeRow>,
}

impl Truth {
    /// What followed the row that closed at `ts`, where it is known in full.
    pub fn at(&self, ts: Ts) -> Option<OutcomeRow> {
        let i = self.rows.binary_search_by_key(&ts, |r| r.ts).ok()?;
        Some(self.rows[i])
    }
    /// The outcomes of the out-of-sample span.
    pub fn rows<'a>(&'a self, study: &'a Study) -> impl Iterator<Item = OutcomeRow> + 'a {
        self.rows.iter().filter(|r| r.ts >= study.start && r.ts < study.end).copied()
    }
}

/// Outcomes of every instrument and horizon. The spike threshold is the 95 % quantile of the last
/// `spike_window` outcomes known at the issue time, from half a window on.
pub fn truths(history: &History, plan: &Plan) -> Vec<Truth> {
    let window = plan.study.calibration.spike_window;
    let mut all = Vec::new();
    for (symbol, rows) in history {
        for (ahead, horizon) in plan.horizons() {
            let mut past = Ordered::new(window);
            let mut truth = Vec::new();
            for i in 0..rows.len() {
                if let Some(known) = i.checked_sub(ahead).and_then(|j| Outcome::after(rows, j, ahead)) {
                    past.push(known.rv);
                }
                let Some(o) = Outcome::after(rows, i, ahead) else { continue };
                let enough = past.len() >= (window / 2).max(1);
                let spike_threshold = if enough { past.quantile(0.95) } else { f64::NAN };
                truth.push(OutcomeRow { symbol: *symbol, ts: rows[i].ts, rv: o.rv, ret: o.ret, spike_threshold });
            }
            all.push(Truth { symbol: *symbol, horizon, rows: truth });
        }
    }
    all
}
