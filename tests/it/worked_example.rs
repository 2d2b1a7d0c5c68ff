//! Median of the last variances: slow to believe a spike.
//!
//! `rv = scale median(x)`, x the realised variances of the last `window` rows, scale the mean
//! outcome over the horizon per mean median in training [fraction^2]; `sd = sqrt(rv mean(ret^2) /
//! mean(rv))`, the distribution normal. Warm-up: `window` rows. Knows: realised variance, return.

use std::collections::VecDeque;

use margincast::base::{Horizon, Problems, Ts, stats};
use margincast::feature::{Feature, Row};
use margincast::forecast::{BySymbol, Dist, Entry, Error, FitContext, Forecast, Forecaster, Model, Panel};
use serde::{Deserialize, Serialize};

/// Its line of the catalog.
pub const LINE: Entry = Entry::of::<Median>("median of the last realised variances", false);

/// Fewest outcomes to learn the scale from.
const NEED: usize = 60;

/// Settings; an unknown key is an error.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Rows of which the median is taken, 1 to 1000.
    pub window: usize,
}

impl Default for Params {
    fn default() -> Params {
        Params { window: 48 }
    }
}

/// What was learnt. Plain numbers: this is what the registry stores.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Median {
    window: usize,
    horizon: Horizon,
    scales: BySymbol<Scale>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Scale {
    rv_per_median: f64,
    ret2_per_rv: f64,
    rv_min: f64,
}

impl Model for Median {
    const NAME: &'static str = "median";
    type Params = Params;

    fn check(params: &Params, _: &[&str], problems: &mut Problems) {
        problems.range("window", params.window as f64, 1.0, 1000.0);
    }

    fn fit(params: &Params, panel: &Panel, ctx: &FitContext<'_>) -> Result<Median, Error> {
        Self::sound(params, ctx)?;
        let (mut scales, mut refused) = (BySymbol::new(), None);
        for symbol in panel.symbols() {
            let mut last = Last::new(params.window);
            let (mut have, mut rv, mut ret2, mut medians, mut rv_min) = (0, 0.0, 0.0, 0.0, f64::INFINITY);
            // An outcome is there only if it was known by the panel's end.
            for (row, outcome) in panel.rows(symbol).iter().zip(panel.targets(symbol, ctx.ahead())) {
                last.push(row);
                if let Some((median, outcome)) = last.median().zip(outcome) {
                    have += 1;
                    medians += median;
                    rv += outcome.rv;
                    ret2 += outcome.ret * outcome.ret;
                    rv_min = outcome.rv.min(rv_min);
                }
            }
            let symbol_name = symbol.to_string();
            if have < NEED {
                let too_little =
                    Error::TooLittle { model: Self::NAME, symbol: symbol_name, have, need: NEED, end: panel.end() };
                refused = refused.or(Some(too_little));
            } else if ret2 == 0.0 {
                let why = "every return is zero".into();
                refused = refused.or(Some(Error::NoFit { model: Self::NAME, symbol: symbol_name, why }));
            } else {
                scales.insert(symbol, Scale { rv_per_median: rv / medians, ret2_per_rv: ret2 / rv, rv_min });
            }
        }
        match refused {
            Some(why) if scales.is_empty() => Err(why),
            // An instrument without a fit gets no forecast; the others do.
            _ => Ok(Median { window: params.window, horizon: ctx.horizon, scales }),
        }
    }

    fn start(&self) -> Box<dyn Forecaster> {
        Box::new(State { model: self.clone(), last: Last::new(self.window), own: None, issued: Ts(0) })
    }
}

/// What runs, one per instrument, and alone changes with time.
struct State {
    model: Median,
    last: Last,
    own: Option<Scale>,
    issued: Ts,
}

impl Forecaster for State {
    fn update(&mut self, row: &Row) {
        self.own = self.model.scales.get(&row.symbol).copied();
        self.issued = row.ts;
        self.last.push(row);
    }
    fn forecast(&self) -> Option<Forecast> {
        let (own, median) = self.own.zip(self.last.median())?;
        // Positive even after a long standstill.
        let rv = (own.rv_per_median * median).max(0.01 * own.rv_min);
        let dist = Dist::normal(rv, (rv * own.ret2_per_rv).sqrt());
        Some(Forecast { issued: self.issued, horizon: self.model.horizon, dist, regime: None, spike: None })
    }
}

/// The last realised variances.
struct Last {
    window: usize,
    values: VecDeque<f64>,
}

impl Last {
    fn new(window: usize) -> Last {
        Last { window, values: VecDeque::new() }
    }
    fn push(&mut self, row: &Row) {
        // What is absent is skipped, never taken for zero.
        self.values.extend(row.get(Feature::Rv));
        if self.values.len() > self.window {
            self.values.pop_front();
        }
    }
    fn median(&self) -> Option<f64> {
        let sorted = || stats::sorted(&self.values.iter().copied().collect::<Vec<_>>());
        (self.values.len() == self.window).then(|| stats::quantile(&sorted(), 0.5))
    }
}
