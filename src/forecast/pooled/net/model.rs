//! A neural net shared by all instruments, started at a gamma regression.
//!
//! rv = h L mean over nets of exp(a + z b + f(z)), with L the row's long mean of variance, h rows
//! ahead, z standardised ratios of the row (see the list in the stored model), (a, b) a ridge gamma
//! regression and f a 64-32 SiLU net that learns the remainder on QLIKE \[fraction^2\]; nine more
//! outputs are quantiles of the return over its standard deviation, sd = sqrt(rv mean(ret^2) /
//! mean(rv)). The forecast is kept within the instrument's outcomes in training.
//!
//! Source: pooled nets, Zhang, Zhang, Cucuringu, Qian 2023; start at the linear model, Reisenhofer
//! et al. 2022; QLIKE, Patton 2011. Checked in unit tests: the stored forward pass against burn's,
//! the loss against its formula, the regression against its own optimality conditions.
//!
//! | parameter | default | unit | range |
//! |---|---|---|---|
//! | `hidden` | `[64, 32]` | units | 1 to 1024 each |
//! | `nets` | 3 | nets averaged | 0 (the regression alone) to 20 |
//! | `epochs` | 0 | passes over the data | 0 (30 up to 20,000 rows, else 10) to 1000 |
//! | `batch` | 256 | rows | 16 to 65536 |
//! | `rate` | 0.002 | - | 0 to 1; falls to 0 as a half cosine |
//! | `decay` | 0.01 | - | 0 to 1; decoupled weight decay |
//! | `patience` | 6 | epochs without gain on the last tenth in time | 1 to 1000 |
//! | `pinball` | 0.1 | weight of the quantile losses | 0 to 10 |
//! | `ridge` | 0.1 | - | 0.000001 to 10 |
//! | `regimes` | 3 | states of a hidden Markov model whose filtered regimes are inputs | 0 (none), 2 to 4 |
//! | `drop` | none | input names | inputs to leave out |
//!
//! Fit: 60 rows with long mean and outcome per instrument, 200 in all. Warm-up: a day, and the
//! long lag until the instrument's own mean is its unit.
//! Knows: variances, tails, season, returns, jumps, volumes, flow, the calendar. Ignores: other
//! instruments' rows once trained.
//!
//! ```
//! # use std::{collections::BTreeMap, sync::Arc};
//! # use margincast::base::{Horizon, Seed, Span, Ts};
//! # use margincast::{event::synth, feature::{Builder, RowConfig, Row}};
//! use margincast::forecast::{FitContext, Model, Panel, Track, pooled::net::{Net, Params}};
//!
//! # let (bar, row, symbol) = (Span::HOUR.times(6), Span::DAY, "BTC".parse()?);
//! # let mut builder = Builder::new(RowConfig { bar, row, measure: Default::default(), mid: 5, long: 20, far: 60, closure: Span(0) })?;
//! # let rows: Vec<Row> = synth::bars(Seed(1), symbol, Ts(0), bar, 4 * 400).iter().filter_map(|e| builder.push(e)).collect();
//! # let history = BTreeMap::from([(symbol, Arc::new(rows.clone()))]);
//! let panel = Panel::until(&history, Ts(0), rows[349].ts);
//! # let (members, track) = (BTreeMap::new(), Track::default());
//! # let ctx = FitContext { horizon: Horizon(row), step: row, seed: Seed(1), members: &members, track: &track, progress: &|_| () };
//! let model = Net::fit(&Params { epochs: 2, ..Params::default() }, &panel, &ctx)?;
//! let mut filter = model.start();
//! rows.iter().for_each(|row| filter.update(row));
//! let dist = filter.forecast().unwrap().dist;
//! assert!(dist.is_sound() && (0.003..0.3).contains(&dist.sd));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::plain::{Layers, quantiles};
use super::train::{Data, Mlp, Schedule, held, initial, train};
use crate::base::{Horizon, Problems, stats};
use crate::forecast::pooled::pool::{self, Pool, Selection};
use crate::forecast::pooled::standardised::{Inputs, LIMIT};
use crate::forecast::pooled::state::{Latest, Runs, State};
use crate::forecast::training::Level;
use crate::forecast::{BySymbol, Dist, Error, FitContext, Forecaster, Model, Pace, Panel, dist};

/// Settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Units of the two hidden layers.
    pub hidden: [usize; 2],
    /// Nets with weights of their own that are averaged; 0 leaves the regression.
    pub nets: usize,
    /// Most passes over the data; 0 chooses by the number of rows.
    pub epochs: usize,
    /// Rows per step.
    pub batch: usize,
    /// First learning rate.
    pub rate: f64,
    /// Decoupled weight decay.
    pub decay: f64,
    /// Epochs without gain before training stops.
    pub patience: usize,
    /// Weight of the quantile losses beside QLIKE.
    pub pinball: f64,
    /// Ridge of the regression.
    pub ridge: f64,
    /// States of a hidden Markov model whose regimes are inputs; 0 for none.
    pub regimes: usize,
    /// Inputs to leave out.
    pub drop: Vec<String>,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            hidden: [64, 32],
            nets: 3,
            epochs: 0,
            batch: 256,
            rate: 2e-3,
            decay: 1e-2,
            patience: 6,
            pinball: 0.1,
            ridge: 0.1,
            regimes: 3,
            drop: vec![],
        }
    }
}

impl Params {
    fn schedule(&self, rows: usize) -> Schedule {
        let epochs = if self.epochs > 0 { self.epochs } else { if rows > 20_000 { 10 } else { 30 } };
        let Params { batch, rate, decay, patience, pinball, .. } = *self;
        Schedule { epochs, batch, rate, decay, patience, pinball, limit: LIMIT as f32 }
    }
}

/// What was learnt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Net {
    horizon: Horizon,
    shared: Shared,
    levels: BySymbol<Level>,
}

/// What all instruments share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Shared {
    ahead: usize,
    inputs: Inputs,
    /// Intercept and coefficients of the regression.
    linear: Vec<f64>,
    nets: Vec<Layers>,
    /// Mean return beyond the 1 % and 99 % quantiles, over those quantiles.
    beyond: (f64, f64),
}

impl Model for Net {
    const NAME: &'static str = "net";
    type Params = Params;

    fn check(params: &Params, _: &[&str], problems: &mut Problems) {
        params.hidden.iter().for_each(|units| problems.range("hidden", *units as f64, 1.0, 1024.0));
        problems.range("nets", params.nets as f64, 0.0, 20.0);
        problems.range("epochs", params.epochs as f64, 0.0, 1000.0);
        problems.range("batch", params.batch as f64, 16.0, 65_536.0);
        problems.range("patience", params.patience as f64, 1.0, 1000.0);
        problems.range("rate", params.rate, 0.0, 1.0);
        problems.range("decay", params.decay, 0.0, 1.0);
        problems.range("pinball", params.pinball, 0.0, 10.0);
        problems.range("ridge", params.ridge, 1e-6, 10.0);
        pool::check(params.regimes, &params.drop, problems);
    }

    fn fit(params: &Params, panel: &Panel, ctx: &FitContext<'_>) -> Result<Net, Error> {
        Self::sound(params, ctx)?;
        let pool = Pool::gather(
            Self::NAME,
            panel,
            ctx,
            Selection { regimes: params.regimes, shifted: true, drop: &params.drop },
        )?;
        let shared = Shared::fit(params, &pool, ctx)?;
        (ctx.progress)(1.0.into());
        Ok(Net { horizon: ctx.horizon, shared, levels: pool.levels.clone() })
    }

    fn start(&self) -> Box<dyn Forecaster> {
        Box::new(State::new(self.horizon, &self.shared.inputs, &self.levels, self.shared.clone()))
    }
}

impl Shared {
    fn fit(params: &Params, pool: &Pool, ctx: &FitContext<'_>) -> Result<Shared, Error> {
        let no_fit = |why: &str| Error::NoFit { model: Net::NAME, symbol: "the whole panel".into(), why: why.into() };
        let inputs = pool.inputs.clone();
        let mut shared = Shared { ahead: ctx.ahead(), inputs, linear: vec![], nets: vec![], beyond: (1.0, 1.0) };
        let unsettled = || no_fit("the regression does not settle");
        // Without inputs there is nothing for a net to learn.
        if pool.width() == 0 || params.nets == 0 {
            shared.linear = pool.linear(params.ridge).ok_or_else(unsettled)?;
        } else {
            // The nets start at a regression that has not seen the rows which decide when they stop;
            // else every step away from it would look like a loss.
            let (design, early) = (pool.design(), &pool.target[..pool.rows() - held(pool.rows())]);
            shared.linear = design.fit(early, params.ridge, &[]).ok_or_else(unsettled)?;
            shared.nets = shared.train(params, pool, ctx)?;
            shared.linear = design.fit(&pool.target, params.ridge, &shared.linear).ok_or_else(unsettled)?;
        }
        shared.beyond = shared.tails(pool);
        Ok(shared)
    }

    /// The nets, which learn what the regression leaves.
    fn train(&self, params: &Params, pool: &Pool, ctx: &FitContext<'_>) -> Result<Vec<Layers>, Error> {
        let no_fit = |why: &str| Error::NoFit { model: Net::NAME, symbol: "the whole panel".into(), why: why.into() };
        let (width, nets) = (pool.width(), params.nets);
        let data = Data {
            width,
            offset: (0..pool.rows()).map(|i| self.offset(pool.row(i)) as f32).collect(),
            z: pool.z.iter().map(|v| *v as f32).collect(),
            target: pool.target.iter().map(|v| *v as f32).collect(),
            ret: pool.ret.iter().map(|r| *r as f32).collect(),
        };
        let schedule = params.schedule(pool.rows());
        let (done, total) = (AtomicUsize::new(0), (nets * schedule.epochs).max(1));
        let epoch_done = |loss: f32| {
            let count = done.fetch_add(1, Ordering::Relaxed) + 1;
            (ctx.progress)(Pace { share: 0.99 * count as f64 / total as f64, loss: Some(f64::from(loss)) });
        };
        let nets = (0..nets)
            .into_par_iter()
            .map(|i| {
                let seed = ctx.seed.named("net").named(&i.to_string());
                let begin = initial(width, params.hidden, seed.named("weights"));
                train::<Mlp>(&data, &schedule, begin, seed, &epoch_done)
            })
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| no_fit("training gave no numbers"))?;
        if !nets.iter().flat_map(|n| &n.layers).all(|l| l.weight.iter().chain(&l.bias).all(|w| w.is_finite())) {
            return Err(no_fit("training diverged; lower `rate`"));
        }
        Ok(nets)
    }

    fn offset(&self, z: &[f64]) -> f64 {
        self.linear[0] + z.iter().zip(&self.linear[1..]).map(|(z, b)| z * b).sum::<f64>()
    }

    /// Variance in units of the long mean, and quantiles of the return over its standard deviation.
    fn forward(&self, z: &[f64]) -> (f64, [f64; 9]) {
        let offset = self.offset(z);
        if self.nets.is_empty() {
            return (offset.clamp(-LIMIT, LIMIT).exp(), *dist::NORMAL);
        }
        let z: Vec<f32> = z.iter().map(|v| *v as f32).collect();
        let (mut variance, mut mean) = (0.0, [0.0; 9]);
        for net in &self.nets {
            let outputs = net.forward(&z);
            variance += (offset + f64::from(outputs[0])).clamp(-LIMIT, LIMIT).exp();
            mean.iter_mut().zip(quantiles(&outputs[1..])).for_each(|(m, q)| *m += q);
        }
        let n = self.nets.len() as f64;
        (variance / n, mean.map(|m| m / n))
    }

    /// Ratios of expected shortfall to quantile in training, for both tails; between 1 and 3, and
    /// the normal's where too few returns lie beyond.
    fn tails(&self, pool: &Pool) -> (f64, f64) {
        let (mut low, mut high) = (vec![], vec![]);
        for (i, ret) in pool.ret.iter().enumerate() {
            let (variance, q) = self.forward(&pool.z[i * pool.width()..(i + 1) * pool.width()]);
            let ret = ret / variance.sqrt();
            if q[1] < 0.0 && ret < q[1] {
                low.push(ret / q[1]);
            }
            if q[7] > 0.0 && ret > q[7] {
                high.push(ret / q[7]);
            }
        }
        let normal = 1.1457;
        let mean = |x: &[f64]| if x.len() < 10 { normal } else { stats::mean(x).clamp(1.0, 3.0) };
        (mean(&low), mean(&high))
    }
}

impl Runs for Shared {
    fn dist(&self, level: &Level, latest: &Latest) -> Dist {
        let (variance, quantiles) = self.forward(&latest.z);
        let rv = (variance * self.ahead as f64 * latest.unit).clamp(level.rv_min, level.rv_max);
        let sd = level.sd(rv);
        let q = quantiles.map(|z| z * sd);
        let (low, high) = self.beyond;
        Dist { rv, sd, q, es01: (low * q[1]).min(q[1]), es99: (high * q[7]).max(q[7]) }
    }
}
