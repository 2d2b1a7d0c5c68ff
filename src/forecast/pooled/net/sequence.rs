//! A causal convolutional net over the last 192 rows, shared by all instruments, started at a gamma
//! regression.
//!
//! rv = h L exp(a + z b + f(S)): L, z, a and b as in `net`, S the last 192 rows as
//! four numbers each \[1\]: ln(rv / L), ret / sqrt(L), ln of the diurnal factor, ln of quote volume
//! over its long mean; standardised, absent at their mean, zero before the first row. f learns on
//! QLIKE what the regression leaves. Nine more outputs are quantiles of the return over its
//! standard deviation; sd = sqrt(rv mean(ret^2) / mean(rv)).
//!
//! Source: causal convolutions, Bai, Kolter, Koltun 2018; the rest as `net`. Checked in unit tests:
//! the stored forward pass against burn's.
//!
//! | parameter | default | unit | range |
//! |---|---|---|---|
//! | `units` | 16 | units of a block | 1 to 256 |
//! | `epochs` | 8 | passes over the data | 1 to 1000 |
//! | `batch` | 256 | rows | 16 to 65536 |
//! | `rate` | 0.002 | - | 0 to 1; falls to 0 as a half cosine |
//! | `decay` | 0.01 | - | 0 to 1; decoupled weight decay |
//! | `patience` | 3 | epochs without gain on the last tenth in time | 1 to 1000 |
//! | `ridge` | 0.1 | - | 0.000001 to 10 |
//!
//! Fit: as `net`. Warm-up: a day, and the long lag until the instrument's own mean is its unit.
//! Knows: what `net` knows, and the last 192 rows one by one.
//!
//! ```
//! # use std::{collections::BTreeMap, sync::Arc};
//! # use margincast::base::{Horizon, Seed, Span, Ts};
//! # use margincast::{event::synth, feature::{Builder, RowConfig, Row}};
//! use margincast::forecast::{FitContext, Model, Panel, Track, pooled::net::sequence::{Sequence, Params}};
//!
//! # let (bar, row, symbol) = (Span::HOUR.times(6), Span::DAY, "BTC".parse()?);
//! # let mut builder = Builder::new(RowConfig { bar, row, measure: Default::default(), mid: 5, long: 20, far: 60, closure: Span(0) })?;
//! # let rows: Vec<Row> = synth::bars(Seed(1), symbol, Ts(0), bar, 4 * 400).iter().filter_map(|e| builder.push(e)).collect();
//! # let history = BTreeMap::from([(symbol, Arc::new(rows.clone()))]);
//! let panel = Panel::until(&history, Ts(0), rows[349].ts);
//! # let (members, track) = (BTreeMap::new(), Track::default());
//! # let ctx = FitContext { horizon: Horizon(row), step: row, seed: Seed(1), members: &members, track: &track, progress: &|_| () };
//! let model = Sequence::fit(&Params { epochs: 2, ..Params::default() }, &panel, &ctx)?;
//! let mut filter = model.start();
//! rows.iter().for_each(|row| filter.update(row));
//! let dist = filter.forecast().unwrap().dist;
//! assert!(dist.is_sound() && (0.003..0.3).contains(&dist.sd));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Deserialize, Serialize};

use super::plain::{Layers, quantiles};
use super::tower::{LENGTH, Tower, forward, initial};
use super::train::{Data, Schedule, held, train};
use crate::base::{Horizon, Problems, stats};
use crate::feature::{Feature, Row};
use crate::forecast::pooled::gamma::Design;
use crate::forecast::pooled::input::unit;
use crate::forecast::pooled::pool::{Pool, Selection};
use crate::forecast::pooled::standardised::{Inputs, LIMIT};
use crate::forecast::pooled::state::{Latest, Runs, State};
use crate::forecast::training::Level;
use crate::forecast::{BySymbol, Dist, Error, FitContext, Forecaster, Model, Pace, Panel};

/// Numbers of a row.
const CHANNELS: usize = 4;
/// Floor of a variance in a ratio, as a fraction of the long mean.
const FLOOR: f64 = 1e-5;
/// Expected shortfall over quantile of the normal at 1 %.
const BEYOND: f64 = 1.1457;

/// Settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Units of a block.
    pub units: usize,
    /// Most passes over the data.
    pub epochs: usize,
    /// Rows per step.
    pub batch: usize,
    /// First learning rate.
    pub rate: f64,
    /// Decoupled weight decay.
    pub decay: f64,
    /// Epochs without gain before training stops.
    pub patience: usize,
    /// Ridge of the regression.
    pub ridge: f64,
}

impl Default for Params {
    fn default() -> Params {
        Params { units: 16, epochs: 8, batch: 256, rate: 2e-3, decay: 1e-2, patience: 3, ridge: 0.1 }
    }
}

impl Params {
    fn schedule(&self) -> Schedule {
        let Params { epochs, batch, rate, decay, patience, .. } = *self;
        Schedule { epochs, batch, rate, decay, patience, pinball: 0.1, limit: LIMIT as f32 }
    }
}

/// What was learnt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sequence {
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
    /// Mean and standard deviation of each number of a row.
    scales: [(f64, f64); CHANNELS],
    tower: Layers,
}

impl Model for Sequence {
    const NAME: &'static str = "sequence";
    type Params = Params;

    fn check(params: &Params, _: &[&str], problems: &mut Problems) {
        problems.range("units", params.units as f64, 1.0, 256.0);
        problems.range("epochs", params.epochs as f64, 1.0, 1000.0);
        problems.range("batch", params.batch as f64, 16.0, 65_536.0);
        problems.range("patience", params.patience as f64, 1.0, 1000.0);
        problems.range("rate", params.rate, 0.0, 1.0);
        problems.range("decay", params.decay, 0.0, 1.0);
        problems.range("ridge", params.ridge, 1e-6, 10.0);
    }

    fn fit(params: &Params, panel: &Panel, ctx: &FitContext<'_>) -> Result<Sequence, Error> {
        Self::sound(params, ctx)?;
        let pool = Pool::gather(Self::NAME, panel, ctx, Selection { regimes: 0, shifted: false, drop: &[] })?;
        let shared = Shared::fit(params, panel, &pool, ctx)?;
        (ctx.progress)(1.0.into());
        Ok(Sequence { horizon: ctx.horizon, shared, levels: pool.levels.clone() })
    }

    fn start(&self) -> Box<dyn Forecaster> {
        let model = Running { shared: self.shared.clone(), rows: VecDeque::new() };
        Box::new(State::new(self.horizon, &self.shared.inputs, &self.levels, model))
    }
}

/// What is kept of a row: its numbers before they are measured in anything.
#[derive(Clone, Copy, Debug)]
struct Kept {
    rv: f64,
    ret: f64,
    season: f64,
    busy: f64,
}

impl Kept {
    fn of(row: &Row) -> Kept {
        let busy = row.raw(Feature::QuoteVolume) / row.raw(Feature::QuoteVolumeLong);
        Kept {
            rv: row.raw(Feature::Rv),
            ret: row.raw(Feature::Ret),
            season: row.raw(Feature::SeasonNow).ln(),
            busy: (busy + 1e-6).ln(),
        }
    }
    /// In units of a mean variance; what is absent is not finite.
    fn numbers(&self, unit: f64) -> [f64; CHANNELS] {
        [(self.rv / unit + FLOOR).ln(), self.ret / unit.sqrt(), self.season, self.busy]
    }
}

/// The rows as the tower sees them, oldest first.
fn stretch<'a>(
    rows: impl ExactSizeIterator<Item = &'a Kept>,
    unit: f64,
    scales: &[(f64, f64); CHANNELS],
) -> impl Iterator<Item = f32> {
    let before = (LENGTH - rows.len()) * CHANNELS;
    let scales = *scales;
    let numbers = rows.flat_map(move |kept| {
        let mut numbers = kept.numbers(unit);
        for (v, (mean, sd)) in numbers.iter_mut().zip(scales) {
            let z = (*v - mean) / sd;
            *v = if z.is_finite() { z.clamp(-LIMIT, LIMIT) } else { 0.0 };
        }
        numbers
    });
    std::iter::repeat_n(0.0, before).chain(numbers).map(|v| v as f32)
}

/// Mean and standard deviation of each number over the pool's rows; one that was absent or constant
/// throughout has a mean of zero and no bounds, so that it stays at zero.
fn scales(pool: &[(&Row, f64)]) -> [(f64, f64); CHANNELS] {
    let numbers: Vec<[f64; CHANNELS]> = pool.iter().map(|(row, unit)| Kept::of(row).numbers(*unit)).collect();
    std::array::from_fn(|k| {
        let seen: Vec<f64> = numbers.iter().map(|n| n[k]).filter(|v| v.is_finite()).collect();
        let (mean, sd) = (stats::mean(&seen), stats::variance(&seen).sqrt());
        if sd > 1e-9 * (1.0 + mean.abs()) { (mean, sd) } else { (0.0, f64::MAX) }
    })
}

impl Shared {
    fn fit(params: &Params, panel: &Panel, pool: &Pool, ctx: &FitContext<'_>) -> Result<Shared, Error> {
        let no_fit =
            |why: &str| Error::NoFit { model: Sequence::NAME, symbol: "the whole panel".into(), why: why.into() };
        let (width, z, target) = (pool.width(), &pool.z, &pool.target);
        let design = Design::new(z, pool.rows(), width);
        let linear = |rows: usize, begin: &[f64]| {
            let fit = design.fit(&target[..rows], params.ridge, begin);
            fit.ok_or_else(|| no_fit("the regression does not settle"))
        };
        let places: Vec<(usize, &[Row])> = pool
            .at
            .iter()
            .map(|(symbol, ts)| {
                let rows = panel.rows(*symbol);
                (rows.partition_point(|r| r.ts < *ts), rows)
            })
            .collect();
        let ends: Vec<(&Row, f64)> =
            places.iter().filter_map(|(i, rows)| Some((rows.get(*i)?, unit(rows.get(*i)?)?))).collect();
        let scales = scales(&ends);
        let mut stretches = Vec::with_capacity(pool.rows() * LENGTH * CHANNELS);
        for ((i, rows), (_, unit)) in places.iter().zip(&ends) {
            let kept: Vec<Kept> = rows[(i + 1).saturating_sub(LENGTH)..=*i].iter().map(Kept::of).collect();
            stretches.extend(stretch(kept.iter(), *unit, &scales));
        }
        let mut shared = Shared {
            ahead: ctx.ahead(),
            inputs: pool.inputs.clone(),
            // The tower starts at a regression that has not seen the rows which decide when it stops.
            linear: linear(pool.rows() - held(pool.rows()), &[])?,
            scales,
            tower: initial(CHANNELS, params.units, ctx.seed.named("weights")),
        };
        let data = Data {
            width: LENGTH * CHANNELS,
            offset: (0..pool.rows()).map(|i| shared.offset(&z[i * width..(i + 1) * width]) as f32).collect(),
            z: stretches,
            target: target.iter().map(|v| *v as f32).collect(),
            ret: pool.ret.iter().map(|r| *r as f32).collect(),
        };
        let done = AtomicUsize::new(0);
        let epoch_done = |loss: f32| {
            let share = 0.99 * (done.fetch_add(1, Ordering::Relaxed) + 1) as f64 / params.epochs as f64;
            (ctx.progress)(Pace { share, loss: Some(f64::from(loss)) });
        };
        let begin = shared.tower.clone();
        shared.tower = train::<Tower>(&data, &params.schedule(), begin, ctx.seed, &epoch_done)
            .ok_or_else(|| no_fit("training gave no numbers"))?;
        if !shared.tower.layers.iter().all(|l| l.weight.iter().chain(&l.bias).all(|w| w.is_finite())) {
            return Err(no_fit("training diverged; lower `rate`"));
        }
        shared.linear = linear(pool.rows(), &shared.linear)?;
        Ok(shared)
    }

    fn offset(&self, z: &[f64]) -> f64 {
        self.linear[0] + z.iter().zip(&self.linear[1..]).map(|(z, b)| z * b).sum::<f64>()
    }
}

/// The model and the last rows.
struct Running {
    shared: Shared,
    rows: VecDeque<Kept>,
}

impl Runs for Running {
    fn take(&mut self, row: &Row) {
        self.rows.push_back(Kept::of(row));
        if self.rows.len() > LENGTH {
            self.rows.pop_front();
        }
    }
    fn dist(&self, level: &Level, latest: &Latest) -> Dist {
        let rows: Vec<f32> = stretch(self.rows.iter(), latest.unit, &self.shared.scales).collect();
        let outputs = forward(&self.shared.tower, &rows);
        let variance = (self.shared.offset(&latest.z) + f64::from(outputs[0])).clamp(-LIMIT, LIMIT).exp();
        let rv = (variance * self.shared.ahead as f64 * latest.unit).clamp(level.rv_min, level.rv_max);
        let sd = level.sd(rv);
        let q = quantiles(&outputs[1..]).map(|z| z * sd);
        Dist { rv, sd, q, es01: (BEYOND * q[1]).min(q[1]), es99: (BEYOND * q[7]).max(q[7]) }
    }
}
