//! What the models with coefficients per instrument share: one instrument's rows beside their
//! targets, the fit of all instruments, and the choice of coefficients when a filter starts.

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{BySymbol, Error, FitContext, Outcome, Panel};
use crate::base::{Symbol, Ts};
use crate::feature::{Feature, Row};

/// One instrument's rows and what happened after each.
pub(super) struct Training<'a> {
    pub rows: &'a [Row],
    /// Over the horizon, where it is in the panel without a gap.
    pub targets: Vec<Option<Outcome>>,
    /// The horizon in rows.
    pub ahead: usize,
    model: &'static str,
    symbol: Symbol,
    end: Ts,
}

impl Training<'_> {
    /// Error unless `have` usable rows are enough.
    pub fn require(&self, have: usize, need: usize) -> Result<(), Error> {
        if have >= need {
            return Ok(());
        }
        Err(Error::TooLittle { model: self.model, symbol: self.symbol.to_string(), have, need, end: self.end })
    }
    /// Whose rows they are.
    pub fn symbol(&self) -> Symbol {
        self.symbol
    }
    /// There are rows enough, but no fit on them.
    pub fn no_fit(&self, why: impl Into<String>) -> Error {
        Error::NoFit { model: self.model, symbol: self.symbol.to_string(), why: why.into() }
    }
    /// The targets that exist, in order of their rows.
    pub fn outcomes(&self) -> impl Iterator<Item = &Outcome> {
        self.targets.iter().flatten()
    }
    /// The level of returns and targets, from at least `need` targets.
    pub fn level(&self, need: usize) -> Result<Level, Error> {
        let need = need.max(1);
        let count = self.outcomes().count();
        self.require(count, need)?;
        let (mut ret2, mut rv) = (0.0, 0.0);
        for row in self.rows {
            if let (Some(r), Some(v)) = (row.get(Feature::Ret), row.get(Feature::Rv)) {
                ret2 += r * r;
                rv += v;
            }
        }
        let ret2_per_rv = ret2 / rv;
        if !(ret2_per_rv > 0.0 && ret2_per_rv.is_finite()) {
            return Err(self.no_fit("every return is zero, so there is no volatility of returns to forecast"));
        }
        let targets = || self.outcomes().map(|o| o.rv);
        Ok(Level {
            ret2_per_rv,
            rv_mean: targets().sum::<f64>() / count as f64,
            rv_min: targets().fold(f64::INFINITY, f64::min),
            rv_max: targets().fold(0.0, f64::max),
        })
    }
}

/// Levels of one instrument's training window, over the horizon.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Level {
    /// Mean squared return per unit of realised variance.
    pub ret2_per_rv: f64,
    /// Mean of the target.
    pub rv_mean: f64,
    /// Smallest target.
    pub rv_min: f64,
    /// Largest target.
    pub rv_max: f64,
}

impl Level {
    /// Standard deviation of the log return that goes with a realised variance.
    pub fn sd(&self, rv: f64) -> f64 {
        (rv * self.ret2_per_rv).sqrt()
    }
    /// Keeps an unbounded recursion positive through long runs of zero variance: at least a
    /// hundredth of the smallest target seen in training.
    pub fn floored(&self, rv: f64) -> f64 {
        rv.max(0.01 * self.rv_min)
    }
}

/// Fits every instrument on its own, in parallel, collected in name order. An instrument with too
/// little data or no fit is left out, and a filter started for it stays silent; the fit fails only
/// when that leaves none, with the reason of the first.
pub(super) fn each<T: Send>(
    model: &'static str,
    panel: &Panel,
    ctx: &FitContext<'_>,
    fit: impl Fn(&Training<'_>) -> Result<T, Error> + Sync,
) -> Result<BySymbol<T>, Error> {
    let symbols: Vec<Symbol> = panel.symbols().collect();
    let (ahead, done) = (ctx.ahead(), AtomicUsize::new(0));
    let fits: Vec<(Symbol, Result<T, Error>)> = symbols
        .par_iter()
        .map(|&symbol| {
            let targets = panel.targets(symbol, ahead);
            let fitted = fit(&Training { rows: panel.rows(symbol), targets, ahead, model, symbol, end: panel.end() });
            let count = done.fetch_add(1, Ordering::Relaxed) + 1;
            (ctx.progress)((count as f64 / symbols.len() as f64).into());
            (symbol, fitted)
        })
        .collect();
    let (mut fitted, mut reason) = (BySymbol::new(), None);
    for (symbol, fit) in fits {
        match fit {
            Ok(fit) => _ = fitted.insert(symbol, fit),
            Err(why) => reason = reason.or(Some(why)),
        }
    }
    match reason {
        Some(why) if fitted.is_empty() => Err(why),
        None if fitted.is_empty() => {
            Err(Error::TooLittle { model, symbol: "an empty panel".into(), have: 0, need: 1, end: panel.end() })
        }
        _ => Ok(fitted),
    }
}

/// The coefficients of the instrument whose rows a filter sees, chosen at its first row.
#[derive(Clone)]
pub(super) enum Chosen<T> {
    /// No row yet.
    Waiting(BySymbol<T>),
    /// The instrument's own, `None` for one the model never saw.
    From(Option<T>),
}

impl<T: Clone> Chosen<T> {
    /// The coefficients for this row's instrument; the first row decides.
    pub fn at(&mut self, row: &Row) -> Option<&T> {
        if let Chosen::Waiting(all) = self {
            *self = Chosen::From(all.remove(&row.symbol));
        }
        self.get()
    }
    /// The coefficients, once a row has come.
    pub fn get(&self) -> Option<&T> {
        match self {
            Chosen::From(own) => own.as_ref(),
            Chosen::Waiting(_) => None,
        }
    }
}

/// Rows for unit tests of this folder.
#[cfg(test)]
pub(super) mod fixture {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::*;
    use crate::base::{Horizon, Seed, Span};
    use crate::forecast::{Model, Track};

    /// Daily rows with the given return and realised variance.
    pub fn rows(count: usize, values: impl Fn(usize) -> (f64, f64)) -> Vec<Row> {
        let one = |i: usize| {
            let open = Ts(0) + Span::DAY.times(i as i64);
            let close = open + Span::DAY;
            let mut row = Row::empty("TEST".parse().unwrap(), open, close, close);
            let (ret, rv) = values(i);
            row.set(Feature::Ret, ret);
            row.set(Feature::Rv, rv);
            row
        };
        (0..count).map(one).collect()
    }
    /// A model fitted on all of `rows`.
    pub fn fit<M: Model>(params: &M::Params, rows: &[Row], ahead: i64) -> Result<M, Error> {
        let history = BTreeMap::from([(rows[0].symbol, Arc::new(rows.to_vec()))]);
        let panel = Panel::until(&history, Ts(i64::MIN), rows[rows.len() - 1].ts_known);
        let (members, track) = (BTreeMap::new(), Track::default());
        let ctx = FitContext {
            horizon: Horizon(Span::DAY.times(ahead)),
            step: Span::DAY,
            seed: Seed(1),
            members: &members,
            track: &track,
            progress: &|_| (),
        };
        M::fit(params, &panel, &ctx)
    }
}
