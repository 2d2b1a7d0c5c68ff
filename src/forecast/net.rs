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
//!
//! Fit: 60 rows with long mean and outcome per instrument, 200 in all. Warm-up: the long lag.
//! Knows: variances, tails, season, returns, jumps, volumes, flow, the calendar. Ignores: other
//! instruments' rows once trained.
//!
//! ```
//! # use std::{collections::BTreeMap, sync::Arc};
//! # use margincast::base::{Horizon, Seed, Span, Ts};
//! # use margincast::{event::synth, feature::{Builder, Config, Row}};
//! use margincast::forecast::{FitContext, Model, Panel, Track, net::{Net, Params}};
//!
//! # let (bar, row, symbol) = (Span::HOUR.times(6), Span::DAY, "BTC".parse()?);
//! # let mut builder = Builder::new(Config { bar, row, measure: Default::default(), mid: 5, long: 20, far: 60 })?;
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

use ndarray::Array2;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::net_input::{INPUTS, inputs, unit};
use super::net_plain::{Weights, quantiles};
use super::net_train::{Data, Schedule, held, train};
use super::training::{Chosen, Level, Training, each, in_range};
use super::{BySymbol, Dist, Error, FitContext, Forecast, Forecaster, Model, Pace, Panel, net_glm};
use crate::base::{Horizon, Ts, stats};
use crate::feature::Row;

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
        }
    }
}

impl Params {
    fn check(&self) -> Result<(), Error> {
        let count = |name: &str, value: usize, low: usize, high: usize| {
            in_range(Net::NAME, name, value as f64, low as f64, high as f64)
        };
        self.hidden.iter().try_for_each(|units| count("hidden", *units, 1, 1024))?;
        count("nets", self.nets, 0, 20)?;
        count("epochs", self.epochs, 0, 1000)?;
        count("batch", self.batch, 16, 65_536)?;
        count("patience", self.patience, 1, 1000)?;
        in_range(Net::NAME, "rate", self.rate, 0.0, 1.0)?;
        in_range(Net::NAME, "decay", self.decay, 0.0, 1.0)?;
        in_range(Net::NAME, "pinball", self.pinball, 0.0, 10.0)?;
        in_range(Net::NAME, "ridge", self.ridge, 1e-6, 10.0)
    }
    fn schedule(&self, rows: usize) -> Schedule {
        let epochs = if self.epochs > 0 { self.epochs } else { if rows > 20_000 { 10 } else { 30 } };
        let Params { hidden, batch, rate, decay, patience, pinball, .. } = *self;
        Schedule { hidden, epochs, batch, rate, decay, patience, pinball, limit: LIMIT as f32 }
    }
}

/// Least number of rows per instrument and in all.
const NEED: (usize, usize) = (60, 200);
/// Standardised inputs and log variances over the long mean are cut off beyond this.
const LIMIT: f64 = 6.0;
/// Targets are cut off below this and above this quantile.
const TARGET: (f64, f64) = (1e-3, 0.9995);

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
    /// Names of the inputs used; those that were absent or constant throughout are not among them.
    inputs: Vec<Scaler>,
    /// Intercept and coefficients of the regression.
    linear: Vec<f64>,
    nets: Vec<Weights>,
    /// Mean return beyond the 1 % and 99 % quantiles, over those quantiles.
    beyond: (f64, f64),
}

/// How one input is standardised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Scaler {
    name: String,
    mean: f64,
    sd: f64,
}

/// One row to learn from.
struct Sample {
    ts: Ts,
    x: Vec<f64>,
    /// Outcome over the horizon in units of the long mean.
    target: f64,
    /// Return over the horizon over the standard deviation that belongs to the long mean.
    ret: f64,
}

impl Model for Net {
    const NAME: &'static str = "net";
    type Params = Params;

    fn fit(params: &Params, panel: &Panel, ctx: &FitContext<'_>) -> Result<Net, Error> {
        params.check()?;
        let quiet = FitContext { progress: &|_| (), ..*ctx };
        let own = each(Self::NAME, panel, &quiet, |training| {
            let level = training.level(NEED.0)?;
            let samples = samples(training, &level);
            training.require(samples.len(), NEED.0)?;
            Ok((level, samples))
        })?;
        let (mut levels, mut pool) = (BySymbol::new(), Vec::new());
        for (symbol, (level, samples)) in own {
            levels.insert(symbol, level);
            pool.extend(samples);
        }
        if pool.len() < NEED.1 {
            let symbol = "the whole panel".to_string();
            return Err(Error::TooLittle {
                model: Self::NAME,
                symbol,
                have: pool.len(),
                need: NEED.1,
                end: panel.end(),
            });
        }
        // In order of time; instruments in order of name within an instant, as they came.
        pool.sort_by_key(|sample| sample.ts);
        let shared = Shared::fit(params, &pool, ctx)?;
        (ctx.progress)(1.0.into());
        Ok(Net { horizon: ctx.horizon, shared, levels })
    }

    fn start(&self) -> Box<dyn Forecaster> {
        Box::new(State {
            horizon: self.horizon,
            columns: self.shared.columns(),
            shared: self.shared.clone(),
            own: Chosen::Waiting(self.levels.clone()),
            last: None,
        })
    }
}

fn samples(training: &Training<'_>, level: &Level) -> Vec<Sample> {
    let one = |(row, target): (&Row, &Option<super::Outcome>)| {
        let (unit, target) = (unit(row)?, (*target)?);
        let mean = training.ahead as f64 * unit;
        Some(Sample { ts: row.ts, x: inputs(row, unit), target: target.rv / mean, ret: target.ret / level.sd(mean) })
    };
    training.rows.iter().zip(&training.targets).filter_map(one).collect()
}

/// Mean and standard deviation of every input that is present and varies, with its place.
fn scalers(pool: &[Sample]) -> Vec<(usize, Scaler)> {
    let one = |j: usize| {
        let seen: Vec<f64> = pool.iter().map(|s| s.x[j]).filter(|v| !v.is_nan()).collect();
        let (mean, sd) = (stats::mean(&seen), stats::variance(&seen).sqrt());
        let varies = seen.len() > 1 && sd > 1e-9 * (1.0 + mean.abs());
        varies.then(|| (j, Scaler { name: INPUTS[j].name.to_string(), mean, sd }))
    };
    (0..INPUTS.len()).filter_map(one).collect()
}

impl Shared {
    fn fit(params: &Params, pool: &[Sample], ctx: &FitContext<'_>) -> Result<Shared, Error> {
        let no_fit = |why: &str| Error::NoFit { model: Net::NAME, symbol: "the whole panel".into(), why: why.into() };
        let (columns, inputs): (Vec<usize>, Vec<Scaler>) = scalers(pool).into_iter().unzip();
        let mut shared = Shared { ahead: ctx.ahead(), inputs, linear: vec![], nets: vec![], beyond: (1.0, 1.0) };
        let z: Vec<f64> = pool.iter().flat_map(|s| shared.standardise(&columns, &s.x)).collect();
        let cap = stats::quantile(&stats::sorted(&pool.iter().map(|s| s.target).collect::<Vec<_>>()), TARGET.1);
        let target: Vec<f64> = pool.iter().map(|s| s.target.clamp(TARGET.0, cap.max(TARGET.0))).collect();
        let width = columns.len();
        let linear = |rows: usize| {
            let z = Array2::from_shape_fn((rows, width), |(i, j)| z[i * width + j]);
            net_glm::gamma(&z, &target[..rows], params.ridge).ok_or_else(|| no_fit("the regression does not settle"))
        };
        // The nets start at a regression that has not seen the rows which decide when they stop;
        // else every step away from it would look like a loss.
        shared.linear = linear(pool.len() - held(pool.len()))?;
        // Without inputs there is nothing for a net to learn.
        let nets = if columns.is_empty() { 0 } else { params.nets };
        let data = Data {
            width,
            offset: (0..pool.len()).map(|i| shared.offset(&z[i * width..(i + 1) * width]) as f32).collect(),
            z: z.iter().map(|v| *v as f32).collect(),
            target: target.iter().map(|v| *v as f32).collect(),
            ret: pool.iter().map(|s| s.ret as f32).collect(),
        };
        let schedule = params.schedule(pool.len());
        let (done, total) = (AtomicUsize::new(0), (nets * schedule.epochs).max(1));
        let epoch_done = |loss: f32| {
            let count = done.fetch_add(1, Ordering::Relaxed) + 1;
            (ctx.progress)(Pace { share: 0.99 * count as f64 / total as f64, loss: Some(f64::from(loss)) });
        };
        shared.nets = (0..nets)
            .into_par_iter()
            .map(|i| train(&data, &schedule, ctx.seed.named("net").named(&i.to_string()), &epoch_done))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| no_fit("training gave no numbers"))?;
        if !shared.nets.iter().flat_map(|n| &n.layers).all(|l| l.weight.iter().chain(&l.bias).all(|w| w.is_finite())) {
            return Err(no_fit("training diverged; lower `rate`"));
        }
        shared.linear = linear(pool.len())?;
        shared.beyond = shared.tails(&z, pool);
        Ok(shared)
    }

    /// The places of the inputs; a name that is no longer known gives `None` and no forecast.
    fn columns(&self) -> Option<Vec<usize>> {
        self.inputs.iter().map(|s| INPUTS.iter().position(|i| i.name == s.name)).collect()
    }

    /// Standardised inputs; what is absent is at its mean.
    fn standardise(&self, columns: &[usize], x: &[f64]) -> Vec<f64> {
        let one = |(j, scaler): (&usize, &Scaler)| {
            let z = (x[*j] - scaler.mean) / scaler.sd;
            if z.is_nan() { 0.0 } else { z.clamp(-LIMIT, LIMIT) }
        };
        columns.iter().zip(&self.inputs).map(one).collect()
    }

    fn offset(&self, z: &[f64]) -> f64 {
        self.linear[0] + z.iter().zip(&self.linear[1..]).map(|(z, b)| z * b).sum::<f64>()
    }

    /// Variance in units of the long mean, and quantiles of the return over its standard deviation.
    fn forward(&self, z: &[f64]) -> (f64, [f64; 9]) {
        let offset = self.offset(z);
        if self.nets.is_empty() {
            return (offset.clamp(-LIMIT, LIMIT).exp(), super::dist::LEVELS.map(stats::normal_quantile));
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
    fn tails(&self, z: &[f64], pool: &[Sample]) -> (f64, f64) {
        let (mut low, mut high) = (vec![], vec![]);
        for (sample, z) in pool.iter().zip(z.chunks(self.inputs.len().max(1))) {
            let (variance, q) = self.forward(z);
            let ret = sample.ret / variance.sqrt();
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

struct State {
    horizon: Horizon,
    columns: Option<Vec<usize>>,
    shared: Shared,
    own: Chosen<Level>,
    last: Option<Seen>,
}

/// The last row with a long mean.
struct Seen {
    issued: Ts,
    unit: f64,
    z: Vec<f64>,
}

impl Forecaster for State {
    fn update(&mut self, row: &Row) {
        let (Some(_), Some(columns)) = (self.own.at(row), &self.columns) else { return };
        if let Some(unit) = unit(row) {
            self.last = Some(Seen { issued: row.ts, unit, z: self.shared.standardise(columns, &inputs(row, unit)) });
        } else if let Some(last) = &mut self.last {
            // A row without its long mean tells nothing new; what was forecast last still stands.
            last.issued = row.ts;
        }
    }

    fn forecast(&self) -> Option<Forecast> {
        let (level, Seen { issued, unit, z }) = (self.own.get()?, self.last.as_ref()?);
        let (variance, quantiles) = self.shared.forward(z);
        let rv = (variance * self.shared.ahead as f64 * unit).clamp(level.rv_min, level.rv_max);
        let sd = level.sd(rv);
        let q = quantiles.map(|z| z * sd);
        let (low, high) = self.shared.beyond;
        let dist = Dist { rv, sd, q, es01: (low * q[1]).min(q[1]), es99: (high * q[7]).max(q[7]) };
        Some(Forecast { issued: *issued, horizon: self.horizon, dist, regime: None, spike: None })
    }
}
