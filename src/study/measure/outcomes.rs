//! What happened, per instrument and horizon: the outcomes that forecasts and margins are held to.

use crate::base::{Horizon, OrderedWindow, Symbol, Ts};
use crate::forecast::{History, Outcome};
use crate::loss::OutcomeRow;
use crate::margin::Decision;
use crate::study::config::{Plan, Study};

/// Outcomes of one instrument over one horizon, in order of issue time.
pub struct Outcomes {
    /// The instrument.
    pub symbol: Symbol,
    /// Over how long.
    pub horizon: Horizon,
    rows: Vec<OutcomeRow>,
}

impl Outcomes {
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

/// The outcome of one instrument and horizon after the row that closed at `ts`.
pub fn find(all: &[Outcomes], symbol: Symbol, horizon: Horizon, ts: Ts) -> Option<OutcomeRow> {
    all.iter().find(|o| o.symbol == symbol && o.horizon == horizon)?.at(ts)
}

/// Decisions of one instrument and horizon with the loss that followed, in order of time; fraction of notional.
pub fn judged<'a>(
    plan: &Plan,
    all: &[Outcomes],
    decisions: &'a [Decision],
    symbol: Symbol,
    horizon: Horizon,
) -> Vec<(&'a Decision, f64)> {
    let side = plan.pipeline.margin.baseline.side;
    let own = decisions.iter().filter(|d| d.symbol == symbol && d.horizon == horizon);
    own.filter_map(|d| Some((d, side.loss(find(all, symbol, horizon, d.ts)?.ret)))).collect()
}

/// Outcomes of every instrument and horizon. The spike threshold is the 95 % quantile of the last
/// `spike_window` outcomes known at the issue time, from half a window on.
pub fn all(history: &History, plan: &Plan) -> Vec<Outcomes> {
    let window = plan.study.calibration.spike_window;
    let mut all = Vec::new();
    for (symbol, rows) in history {
        for (ahead, horizon) in plan.horizons() {
            let mut past = OrderedWindow::new(window);
            let mut own = Vec::new();
            for i in 0..rows.len() {
                if let Some(known) = i.checked_sub(ahead).and_then(|j| Outcome::after(rows, j, ahead)) {
                    past.push(known.rv);
                }
                let Some(o) = Outcome::after(rows, i, ahead) else { continue };
                let enough = past.len() >= (window / 2).max(1);
                let spike_threshold = if enough { past.quantile(0.95) } else { f64::NAN };
                own.push(OutcomeRow { symbol: *symbol, ts: rows[i].ts, rv: o.rv, ret: o.ret, spike_threshold });
            }
            all.push(Outcomes { symbol: *symbol, horizon, rows: own });
        }
    }
    all
}
