//! Realised measures of one window from its bars: sums over bars, updated bar by bar.

use std::f64::consts::{LN_2, PI};

use crate::event::Bar;
use crate::feature::catalog::Feature;
use crate::feature::config::VarianceMeasure;
use crate::feature::measure::variation::TRIPOWER;
use crate::feature::row::Row;

/// The last 1/k of a window, for these k.
const TAILS: [(usize, Feature); 4] =
    [(24, Feature::Tail24), (8, Feature::Tail8), (4, Feature::Tail4), (2, Feature::Tail2)];

/// The measures of the window in the making.
#[derive(Clone, Debug)]
pub(in crate::feature) struct Volatility {
    bars: usize,
    measure: VarianceMeasure,
    /// Logarithm of the close of the bar before, wherever that bar lies.
    ln_close: Option<f64>,
    window: Window,
}

#[derive(Clone, Debug, Default)]
struct Window {
    seen: usize,
    /// Return of the bar before inside this window.
    r_before: Option<f64>,
    /// |r|^(4/3) of the last two bars inside this window, the later one first.
    power_before: [Option<f64>; 2],
    close: f64,
    ret: f64,
    sq: f64,
    neg: f64,
    pos: f64,
    quart: f64,
    /// Sum of |r| |r before|.
    bipower: f64,
    /// Sum of r r_before.
    autocov: f64,
    /// Sum of the products of |r|^(4/3) of three neighbours.
    tripower: f64,
    parkinson: f64,
    max_parkinson: f64,
    garman_klass: f64,
    rogers_satchell: f64,
    tick: f64,
    tails: [f64; TAILS.len()],
}

impl Volatility {
    pub(in crate::feature) fn new(bars: usize, measure: VarianceMeasure) -> Volatility {
        Volatility { bars, measure, ln_close: None, window: Window::default() }
    }
    /// Forgets the window, keeps the last close.
    pub(in crate::feature) fn restart(&mut self) {
        self.window = Window::default();
    }
    /// Takes the next bar of the window; `rv_tick` is NaN where the bar was not made from trades.
    /// Gives the bar's log return, against the close of the bar before it even across a gap.
    pub(in crate::feature) fn push(&mut self, bar: &Bar, rv_tick: f64) -> f64 {
        let (o, h, l, c) = (bar.open.ln(), bar.high.ln(), bar.low.ln(), bar.close.ln());
        let r = c - self.ln_close.unwrap_or(o);
        self.ln_close = Some(c);
        let range2 = (h - l) * (h - l);
        let parkinson = range2 / (4.0 * LN_2);
        let garman_klass = (0.5 * range2 - (2.0 * LN_2 - 1.0) * (c - o) * (c - o)).max(0.0);
        let w = &mut self.window;
        w.close = bar.close;
        w.ret += r;
        w.sq += r * r;
        w.neg += r.min(0.0) * r.min(0.0);
        w.pos += r.max(0.0) * r.max(0.0);
        w.quart += r * r * r * r;
        if let Some(before) = w.r_before.replace(r) {
            w.bipower += (r * before).abs();
            w.autocov += r * before;
        }
        let power = r.abs().cbrt().powi(4);
        if let [Some(one), Some(two)] = w.power_before {
            w.tripower += power * one * two;
        }
        w.power_before = [Some(power), w.power_before[0]];
        w.parkinson += parkinson;
        w.max_parkinson = w.max_parkinson.max(parkinson);
        w.garman_klass += garman_klass;
        w.rogers_satchell += (h - c) * (h - o) + (l - c) * (l - o);
        w.tick += rv_tick;
        let measured = match self.measure {
            VarianceMeasure::Parkinson => parkinson,
            VarianceMeasure::GarmanKlass => garman_klass,
            VarianceMeasure::SquaredReturn => r * r,
        };
        for (tail, (k, _)) in w.tails.iter_mut().zip(TAILS) {
            if w.seen >= self.bars - self.bars / k {
                *tail += measured;
            }
        }
        w.seen += 1;
        r
    }
    /// Writes the measures of the finished window.
    pub(in crate::feature) fn finish(&self, row: &mut Row) {
        let w = &self.window;
        let n = self.bars as f64;
        row.set(Feature::Close, w.close);
        row.set(Feature::Ret, w.ret);
        let rv = match self.measure {
            VarianceMeasure::Parkinson => w.parkinson,
            VarianceMeasure::GarmanKlass => w.garman_klass,
            VarianceMeasure::SquaredReturn => w.sq,
        };
        row.set(Feature::Rv, rv);
        row.set(Feature::RvRet, w.sq);
        row.set(Feature::RvPk, w.parkinson);
        row.set(Feature::RvGk, w.garman_klass);
        row.set(Feature::RvRs, w.rogers_satchell);
        row.set(Feature::RvTick, w.tick);
        row.set(Feature::MaxPk, w.max_parkinson);
        if self.bars >= 2 {
            let bpv = PI / 2.0 * n / (n - 1.0) * w.bipower;
            row.set(Feature::Bpv, bpv);
            row.set(Feature::JumpShare, if w.sq > 0.0 { (1.0 - bpv / w.sq).max(0.0) } else { f64::NAN });
            row.set(Feature::Jump, (w.sq - bpv).max(0.0));
            row.set(Feature::RsNeg, w.neg);
            row.set(Feature::RsPos, w.pos);
            row.set(Feature::Rq, n / 3.0 * w.quart);
            row.set(Feature::Roll, w.autocov / (n - 1.0));
        }
        if self.bars >= 3 {
            row.set(Feature::Tpq, n * n / (n - 2.0) / TRIPOWER.powi(3) * w.tripower);
        }
        for (tail, (k, feature)) in w.tails.iter().zip(TAILS) {
            if self.bars.is_multiple_of(k) {
                row.set(feature, tail * k as f64);
            }
        }
    }
}
