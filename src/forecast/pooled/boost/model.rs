//! Trees shared by all instruments, boosted on the gamma deviance.
//!
//! rv = h L exp(s), s = a + z b + rate * sum of trees(z), with L the row's long mean of variance, h rows
//! ahead and z standardised ratios of the row (the inputs of `net`); each tree is grown on the
//! derivatives of y exp(-s) + s, y the outcome in units of h L: QLIKE up to a constant \[fraction^2\].
//! Runs of other random parts are averaged. The forecast is kept within the instrument's outcomes in
//! training; returns are normal with sd = sqrt(rv mean(ret^2)/mean(rv)).
//!
//! Source: Friedman 2001; Chen, Guestrin 2016; gamma deviance, McCullagh, Nelder 1989. Checked in
//! unit tests against LightGBM 4.6 on the same rows and against what a step function must give.
//!
//! | parameter | default | unit | range |
//! |---|---|---|---|
//! | `rounds` | 150 | trees | 1 to 5000 |
//! | `leaves` | 15 | per tree | 2 to 255 |
//! | `min_rows` | 400 | rows per leaf | 1 to 1000000; a fiftieth of the rows where that is less |
//! | `rate` | 0.03 | - | 0.0001 to 1 |
//! | `l2` | 40 | - | 0 to 1000000 |
//! | `input_share` | 0.5 | per tree | 0.01 to 1 |
//! | `row_share` | 0.7 | per tree | 0.01 to 1 |
//! | `runs` | 2 | averaged | 1 to 20 |
//! | `ridge` | 0.1 | of the gamma regression that trees start from; 0 starts from the mean | 0 to 10 |
//! | `regimes` | 3 | states of a hidden Markov model whose filtered regimes are inputs | 0 (none), 2 to 4 |
//! | `drop` | none | input names | inputs to leave out |
//!
//! Fit: 60 rows with long mean and outcome per instrument, 200 in all. Warm-up: a day, and the long
//! lag until the instrument's own mean is its unit. Knows and ignores what `net` does.
//!
//! ```
//! # use std::{collections::BTreeMap, sync::Arc};
//! # use margincast::base::{Horizon, Seed, Span, Ts};
//! # use margincast::{event::synth, feature::{Builder, RowConfig, Row}};
//! use margincast::forecast::{FitContext, Model, Panel, Track, pooled::boost::{Boost, Params}};
//!
//! # let (bar, row, symbol) = (Span::HOUR.times(6), Span::DAY, "BTC".parse()?);
//! # let mut builder = Builder::new(RowConfig { bar, row, measure: Default::default(), mid: 5, long: 20, far: 60, closure: Span(0) })?;
//! # let rows: Vec<Row> = synth::bars(Seed(1), symbol, Ts(0), bar, 4 * 400).iter().filter_map(|e| builder.push(e)).collect();
//! # let history = BTreeMap::from([(symbol, Arc::new(rows.clone()))]);
//! let panel = Panel::until(&history, Ts(0), rows[349].ts);
//! # let (members, track) = (BTreeMap::new(), Track::default());
//! # let ctx = FitContext { horizon: Horizon(row), step: row, seed: Seed(1), members: &members, track: &track, progress: &|_| () };
//! let model = Boost::fit(&Params { rounds: 20, ..Params::default() }, &panel, &ctx)?;
//! let mut filter = model.start();
//! rows.iter().for_each(|row| filter.update(row));
//! let dist = filter.forecast().unwrap().dist;
//! assert!(dist.is_sound() && (0.003..0.3).contains(&dist.sd));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::tree::{Binned, Growth, Tree, grow};
use crate::base::{Horizon, Problems, Seed, stats};
use crate::forecast::pooled::pool::{self, Pool, Selection};
use crate::forecast::pooled::standardised::{Inputs, LIMIT};
use crate::forecast::pooled::state::{Latest, Runs, State};
use crate::forecast::training::Level;
use crate::forecast::{BySymbol, Dist, Error, FitContext, Forecaster, Model, Panel};

/// Settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Trees of one run.
    pub rounds: usize,
    /// Most leaves of a tree.
    pub leaves: usize,
    /// Least rows of a leaf.
    pub min_rows: usize,
    /// What each tree adds of its value.
    pub rate: f64,
    /// Ridge of a leaf's value.
    pub l2: f64,
    /// Share of the inputs that a tree sees.
    pub input_share: f64,
    /// Share of the rows that a tree sees.
    pub row_share: f64,
    /// Runs that are averaged.
    pub runs: usize,
    /// Ridge of the gamma regression that trees start from; 0 starts from the mean.
    pub ridge: f64,
    /// States of a hidden Markov model whose regimes are inputs; 0 for none.
    pub regimes: usize,
    /// Inputs to leave out.
    pub drop: Vec<String>,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            rounds: 150,
            leaves: 15,
            min_rows: 400,
            rate: 0.03,
            l2: 40.0,
            input_share: 0.5,
            row_share: 0.7,
            runs: 2,
            ridge: 0.1,
            regimes: 3,
            drop: vec![],
        }
    }
}

impl Params {
    fn linear(&self, pool: &Pool) -> Result<Vec<f64>, Error> {
        if self.ridge == 0.0 {
            return Ok(vec![stats::mean(&pool.target).ln()]);
        }
        pool.linear(self.ridge).ok_or_else(|| {
            let why = "the regression does not settle; raise `ridge`".to_string();
            Error::NoFit { model: Boost::NAME, symbol: "the whole panel".into(), why }
        })
    }
    fn growth(&self, rows: usize) -> Growth {
        let min_rows = self.min_rows.min(rows / 50).max(1);
        let Params { leaves, l2, input_share, row_share, .. } = *self;
        Growth { leaves, min_rows, l2, input_share, row_share }
    }
}

/// What was learnt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Boost {
    horizon: Horizon,
    shared: Shared,
    levels: BySymbol<Level>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Shared {
    ahead: usize,
    inputs: Inputs,
    /// Intercept and coefficients of the regression; the intercept alone where trees start from the mean.
    linear: Vec<f64>,
    rate: f64,
    runs: Vec<Vec<Tree>>,
}

impl Model for Boost {
    const NAME: &'static str = "boost";
    type Params = Params;

    fn check(params: &Params, _: &[&str], problems: &mut Problems) {
        problems.range("rounds", params.rounds as f64, 1.0, 5000.0);
        problems.range("leaves", params.leaves as f64, 2.0, 255.0);
        problems.range("min_rows", params.min_rows as f64, 1.0, 1e6);
        problems.range("rate", params.rate, 1e-4, 1.0);
        problems.range("l2", params.l2, 0.0, 1e6);
        problems.range("input_share", params.input_share, 0.01, 1.0);
        problems.range("row_share", params.row_share, 0.01, 1.0);
        problems.range("ridge", params.ridge, 0.0, 10.0);
        problems.range("runs", params.runs as f64, 1.0, 20.0);
        pool::check(params.regimes, &params.drop, problems);
    }

    fn fit(params: &Params, panel: &Panel, ctx: &FitContext<'_>) -> Result<Boost, Error> {
        Self::sound(params, ctx)?;
        let pool = Pool::gather(
            Self::NAME,
            panel,
            ctx,
            Selection { regimes: params.regimes, shifted: true, drop: &params.drop },
        )?;
        let binned = Binned::new(&pool.z, pool.width());
        let linear = params.linear(&pool)?;
        let (done, total) = (AtomicUsize::new(0), params.runs * params.rounds);
        let tree_done = || {
            let count = done.fetch_add(1, Ordering::Relaxed) + 1;
            (ctx.progress)((count as f64 / total as f64).into());
        };
        let run = |i: usize| boost(&binned, &pool, params, &linear, ctx.seed.named(&format!("run {i}")), &tree_done);
        let runs: Vec<Vec<Tree>> = (0..params.runs).into_par_iter().map(run).collect();
        if !runs.iter().flatten().all(Tree::is_finite) {
            let (symbol, why) = ("the whole panel".to_string(), "training diverged; lower `rate`".to_string());
            return Err(Error::NoFit { model: Self::NAME, symbol, why });
        }
        let inputs = pool.inputs.clone();
        let shared = Shared { ahead: ctx.ahead(), inputs, linear, rate: params.rate, runs };
        Ok(Boost { horizon: ctx.horizon, shared, levels: pool.levels.clone() })
    }

    fn start(&self) -> Box<dyn Forecaster> {
        Box::new(State::new(self.horizon, &self.shared.inputs, &self.levels, self.shared.clone()))
    }
}

fn boost(binned: &Binned, pool: &Pool, params: &Params, linear: &[f64], seed: Seed, done: &dyn Fn()) -> Vec<Tree> {
    let growth = params.growth(pool.rows());
    let mut score: Vec<f64> = (0..pool.rows()).map(|i| start(linear, pool.row(i))).collect();
    let mut trees = Vec::with_capacity(params.rounds);
    for round in 0..params.rounds {
        let slope: Vec<(f64, f64)> = score.iter().zip(&pool.target).map(|(s, y)| derivatives(*s, *y)).collect();
        let (tree, leaf_of) = grow(binned, &slope, growth, seed.named(&round.to_string()));
        for (score, leaf) in score.iter_mut().zip(leaf_of) {
            *score = (*score + params.rate * tree.leaf[usize::from(leaf)]).clamp(-LIMIT, LIMIT);
        }
        trees.push(tree);
        done();
    }
    trees
}

/// Log variance in units of the long mean before any tree.
fn start(linear: &[f64], z: &[f64]) -> f64 {
    linear[0] + linear[1..].iter().zip(z).map(|(b, z)| b * z).sum::<f64>()
}

/// First and second derivative of y exp(-s) + s.
fn derivatives(s: f64, y: f64) -> (f64, f64) {
    let ratio = y * (-s).exp();
    (1.0 - ratio, ratio)
}

impl Shared {
    /// Variance in units of the long mean.
    fn forward(&self, z: &[f64]) -> f64 {
        let run = |trees: &Vec<Tree>| {
            let sum: f64 = trees.iter().map(|t| t.value(z)).sum();
            (start(&self.linear, z) + self.rate * sum).clamp(-LIMIT, LIMIT).exp()
        };
        self.runs.iter().map(run).sum::<f64>() / self.runs.len() as f64
    }
}

impl Runs for Shared {
    fn dist(&self, level: &Level, latest: &Latest) -> Dist {
        let mean = self.ahead as f64 * latest.unit;
        let rv = (self.forward(&latest.z) * mean).clamp(level.rv_min, level.rv_max);
        Dist::normal(rv, level.sd(rv))
    }
}
