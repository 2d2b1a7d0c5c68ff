//! Means and sums over the last rows: heterogeneous lags (Corsi 2009). A dropped window is no row
//! and is skipped.

use super::change::Change;
use crate::base::Ring;
use crate::feature::catalog::Feature;
use crate::feature::config::RowConfig;
use crate::feature::row::Row;

/// Exponent of the power-law lag, 1/2 + H with the roughness H = 0.1.
const ROUGH: f64 = 0.6;

/// Weights l^(-1/2-H) of the last `long` rows, oldest (l = `long`) first, with sum one.
fn power_law(long: usize) -> Vec<f64> {
    let weight = |l: usize| (l as f64).powf(-ROUGH);
    let total: f64 = (1..=long).map(weight).sum();
    (1..=long).rev().map(|l| weight(l) / total).collect()
}

/// The rows behind us, as far as the longest lag.
#[derive(Clone, Debug)]
pub(in crate::feature) struct Lags {
    mid: usize,
    long: usize,
    far: usize,
    /// Rows a day, where a day is a whole number of rows.
    day: Option<usize>,
    rv: Ring,
    ln_rv: Ring,
    /// Power-law weights of the last `long` rows, oldest first; they sum to one.
    rough: Vec<f64>,
    change: Change,
    bpv: Ring,
    jump: Ring,
    rq: Ring,
    ret: Ring,
    ret_neg: Ring,
    quote: Ring,
    trades: Ring,
    mean_trade: Ring,
    signed: Ring,
    abs_signed: Ring,
    amihud: Ring,
}

impl Lags {
    pub(in crate::feature) fn new(config: &RowConfig) -> Lags {
        let day = config.rows_per_day();
        let long = Ring::new(config.long);
        Lags {
            mid: config.mid,
            long: config.long,
            far: config.far,
            day,
            rv: Ring::new(config.far.max(12).max(day.unwrap_or(1))),
            ln_rv: long.clone(),
            rough: power_law(config.long),
            change: Change::new(config.long, config.mid),
            bpv: long.clone(),
            jump: long.clone(),
            rq: long.clone(),
            ret: long.clone(),
            ret_neg: long.clone(),
            quote: long.clone(),
            trades: long.clone(),
            mean_trade: long.clone(),
            signed: long.clone(),
            abs_signed: long.clone(),
            amihud: long,
        }
    }
    /// Mean of rv over the last `long` rows; NaN where there are fewer.
    pub(in crate::feature) fn rv_long(&self) -> f64 {
        self.rv.mean(self.long)
    }
    /// Takes the window's own features from the row and adds those over several rows.
    pub(in crate::feature) fn push(&mut self, row: &mut Row) {
        use Feature as F;
        for (ring, feature) in [
            (&mut self.rv, F::Rv),
            (&mut self.bpv, F::Bpv),
            (&mut self.jump, F::Jump),
            (&mut self.rq, F::Rq),
            (&mut self.ret, F::Ret),
            (&mut self.quote, F::QuoteVolume),
            (&mut self.trades, F::Trades),
            (&mut self.mean_trade, F::MeanTrade),
            (&mut self.signed, F::SignedVolume),
            (&mut self.abs_signed, F::AbsSignedVolume),
            (&mut self.amihud, F::Amihud),
        ] {
            ring.push(row.raw(feature));
        }
        let (mid, long) = (self.mid, self.long);
        for (feature, k) in
            [(F::RvMean2, 2), (F::RvMean3, 3), (F::RvMean6, 6), (F::RvMean12, 12), (F::RvMid, mid), (F::RvLong, long)]
        {
            row.set(feature, self.rv.mean(k));
        }
        let seen = self.rv.len().min(self.far);
        if seen >= long {
            row.set(F::RvFar, self.rv.mean(seen));
        }
        if let Some(before) = self.day.and_then(|day| self.rv.last(day)) {
            row.set(F::RvSameSlot, before[0]);
        }
        for (ring, short, full) in
            [(&self.bpv, F::BpvMid, F::BpvLong), (&self.jump, F::JumpMid, F::JumpLong), (&self.rq, F::RqMid, F::RqLong)]
        {
            row.set(short, ring.mean(mid));
            row.set(full, ring.mean(long));
        }
        self.ln_rv.push(row.raw(F::Rv).ln());
        if let Some(logs) = self.ln_rv.last(long) {
            row.set(F::RvRough, logs.iter().zip(&self.rough).map(|(x, w)| x * w).sum::<f64>().exp());
            let (run, recent) = self.change.of(logs);
            row.set(F::RunLength, run);
            row.set(F::ChangeProb, recent);
        }
        row.set(F::RetMid, self.ret.sum(mid));
        row.set(F::RetLong, self.ret.sum(long));
        // A row always has its return, so that `min` meets no absence.
        self.ret_neg.push(row.raw(F::Ret).min(0.0));
        row.set(F::RetNegMid, self.ret_neg.mean(mid));
        row.set(F::RetNegLong, self.ret_neg.mean(long));
        let quote_mid = self.quote.sum(mid);
        row.set(F::QuoteVolumeMid, quote_mid / mid as f64);
        row.set(F::QuoteVolumeLong, self.quote.mean(long));
        row.set(F::TradesLong, self.trades.mean(long));
        row.set(F::MeanTradeLong, self.mean_trade.mean(long));
        row.set(F::ImbalanceMid, self.signed.sum(mid) / quote_mid);
        row.set(F::AbsImbalanceMid, self.abs_signed.sum(mid) / quote_mid);
        row.set(F::AmihudLong, self.amihud.mean(long));
    }
}
