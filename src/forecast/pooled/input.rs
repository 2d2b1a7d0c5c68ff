//! What the net sees of a row: one list of ratios, used in training and live alike.
//!
//! Variances are logarithms of ratios to the row's long mean `rv_long`, returns are in units of its
//! square root, volumes are logarithms of ratios to their own long means. So every input is free
//! of the instrument's scale, and instruments can share one net.

use crate::base::Span;
use crate::feature::{Feature, Row};

/// One input.
pub(super) struct Input {
    /// Name in stored models.
    pub name: &'static str,
    /// Its value from a row and the row's long mean of variance; NaN where absent.
    of: fn(&Row, f64) -> f64,
}

/// Floor of a variance in a ratio, as a fraction of the long mean: a window without any movement
/// must not be minus infinity.
const FLOOR: f64 = 1e-5;

/// Mean variance per row that everything is measured in; `None` until the long lag is full.
pub(super) fn unit(row: &Row) -> Option<f64> {
    row.get(Feature::RvLong).filter(|v| *v > 0.0)
}

/// All inputs of a row in units of `unit`, in the order of [`INPUTS`]; NaN is absence.
pub(super) fn inputs(row: &Row, unit: f64) -> Vec<f64> {
    let finite = |v: f64| if v.is_finite() { v } else { f64::NAN };
    INPUTS.iter().map(|input| finite((input.of)(row, unit))).collect()
}

/// ln of the ratio of two quantities that are not negative, both raised by `floor`.
fn log_ratio(a: f64, b: f64, floor: f64) -> f64 {
    ((a + floor) / (b + floor)).ln()
}
/// A variance over the unit.
fn level(row: &Row, feature: Feature, unit: f64) -> f64 {
    log_ratio(row.raw(feature), unit, FLOOR * unit)
}
/// A variance over another of the same row.
fn share(row: &Row, part: Feature, whole: Feature, unit: f64) -> f64 {
    log_ratio(row.raw(part), row.raw(whole), FLOOR * unit)
}
/// A quantity over its long mean.
fn busy(row: &Row, now: Feature, long: Feature) -> f64 {
    let long = row.raw(long);
    log_ratio(row.raw(now), long, 1e-6 * long)
}
/// A return over the square root of the unit.
fn moved(row: &Row, feature: Feature, unit: f64) -> f64 {
    row.raw(feature) / unit.sqrt()
}
fn hour(row: &Row) -> f64 {
    row.raw(Feature::NextHour) / 24.0 * std::f64::consts::TAU
}
/// Share of the next window that lies on these days of the week, Monday 0.
fn days(row: &Row, days: std::ops::RangeInclusive<i64>) -> f64 {
    let end = row.ts + (row.ts - row.ts_open);
    let (mut at, mut inside) = (row.ts, Span(0));
    while at < end {
        let next = (at.floor(Span::DAY) + Span::DAY).min(end);
        if days.contains(&i64::from(at.weekday())) {
            inside = inside + (next - at);
        }
        at = next;
    }
    inside.0 as f64 / (end - row.ts).0 as f64
}

macro_rules! inputs {
    ($($name:literal $of:expr;)*) => {
        /// Every input, in order.
        pub(super) const INPUTS: &[Input] = &[$(Input { name: $name, of: $of },)*];
    };
}

use Feature as F;
inputs! {
    "rv" |r, u| level(r, F::Rv, u);
    "rv_mean_2" |r, u| level(r, F::RvMean2, u);
    "rv_mean_3" |r, u| level(r, F::RvMean3, u);
    "rv_mean_6" |r, u| level(r, F::RvMean6, u);
    "rv_mean_12" |r, u| level(r, F::RvMean12, u);
    "rv_mid" |r, u| level(r, F::RvMid, u);
    "rv_far" |r, u| level(r, F::RvFar, u);
    "rv_rough" |r, u| level(r, F::RvRough, u);
    "run_length" |r, _| r.raw(F::RunLength).ln();
    "change_prob" |r, _| r.raw(F::ChangeProb);
    "rv_same_slot" |r, u| level(r, F::RvSameSlot, u);
    "rv_tail_24" |r, u| level(r, F::Tail24, u);
    "rv_tail_8" |r, u| level(r, F::Tail8, u);
    "rv_tail_4" |r, u| level(r, F::Tail4, u);
    "rv_tail_2" |r, u| level(r, F::Tail2, u);
    "rv_ret" |r, u| level(r, F::RvRet, u);
    "deseason_1" |r, u| level(r, F::Deseason1, u);
    "deseason_3" |r, u| level(r, F::Deseason3, u);
    "deseason_6" |r, u| level(r, F::Deseason6, u);
    "deseason_mid" |r, u| level(r, F::DeseasonMid, u);
    "deseason_long" |r, u| level(r, F::DeseasonLong, u);
    "season_now" |r, _| log_ratio(r.raw(F::SeasonNow), 1.0, FLOOR);
    "season_next" |r, _| log_ratio(r.raw(F::SeasonNext), 1.0, FLOOR);
    "season_next_8" |r, _| log_ratio(r.raw(F::SeasonNext8), 1.0, FLOOR);
    "season_next_24" |r, _| log_ratio(r.raw(F::SeasonNext24), 1.0, FLOOR);
    "ret" |r, u| moved(r, F::Ret, u);
    "ret_neg" |r, u| if r.raw(F::Ret) > 0.0 { 0.0 } else { moved(r, F::Ret, u) };
    "ret_mid" |r, u| moved(r, F::RetMid, u);
    "ret_long" |r, u| moved(r, F::RetLong, u);
    "jump" |r, u| share(r, F::RvRet, F::Bpv, u).clamp(-5.0, 5.0);
    "semivariance" |r, u| share(r, F::RsNeg, F::RvRet, u);
    "quarticity" |r, u| log_ratio(r.raw(F::Rq).sqrt(), r.raw(F::RvRet), FLOOR * u);
    "max_share" |r, u| share(r, F::MaxPk, F::RvPk, u);
    "garman_klass" |r, u| share(r, F::RvGk, F::RvPk, u);
    // The Rogers-Satchell estimate of a window may come out below zero by rounding.
    "rogers_satchell" |r, u| if r.raw(F::RvRs) < 0.0 { f64::NAN } else { share(r, F::RvRs, F::RvPk, u) };
    "volume" |r, _| busy(r, F::QuoteVolume, F::QuoteVolumeLong);
    "volume_mid" |r, _| busy(r, F::QuoteVolumeMid, F::QuoteVolumeLong);
    "trades" |r, _| busy(r, F::Trades, F::TradesLong);
    "mean_trade" |r, _| busy(r, F::MeanTrade, F::MeanTradeLong);
    "amihud" |r, _| busy(r, F::Amihud, F::AmihudLong);
    "imbalance" |r, _| r.raw(F::Imbalance);
    "imbalance_size" |r, _| r.raw(F::Imbalance).abs();
    "imbalance_mid" |r, _| r.raw(F::ImbalanceMid);
    "abs_imbalance" |r, _| r.raw(F::AbsImbalance);
    "abs_imbalance_mid" |r, _| r.raw(F::AbsImbalanceMid);
    "kyle" |r, u| {
        let per_volume = r.raw(F::Kyle) * r.raw(F::QuoteVolumeLong) / u.sqrt();
        per_volume.signum() * per_volume.abs().ln_1p()
    };
    "kyle_r2" |r, _| r.raw(F::KyleR2);
    "roll" |r, u| (r.raw(F::Roll) / (r.raw(F::RvRet) + FLOOR * u)).clamp(-1.0, 1.0);
    "market_level" |r, _| r.raw(F::MarketLevel);
    "market_tail_4" |r, _| r.raw(F::MarketTail4);
    "market_mid" |r, _| r.raw(F::MarketMid);
    "market_ret" |r, _| r.raw(F::MarketRet);
    "market_volume" |r, _| r.raw(F::MarketVolume);
    "market_imbalance" |r, _| r.raw(F::MarketImbalance);
    "leader_level" |r, _| r.raw(F::LeaderLevel);
    "leader_tail_4" |r, _| r.raw(F::LeaderTail4);
    "leader_ret" |r, _| r.raw(F::LeaderRet);
    "funding" |r, _| r.raw(F::Funding) * 1e4;
    "funding_abs" |r, _| (r.raw(F::FundingAbs) * 1e4).ln_1p();
    "funding_excess" |r, _| r.raw(F::FundingExcess) * 1e4;
    "interest_change_mid" |r, _| r.raw(F::OpenInterestChangeMid);
    "interest_change_long" |r, _| r.raw(F::OpenInterestChangeLong);
    "interest_turnover" |r, _| r.raw(F::OpenInterestTurnover).ln();
    "implied_premium" |r, _| r.raw(F::ImpliedPremium);
    "implied_change_mid" |r, _| r.raw(F::ImpliedChangeMid);
    "weekend" |r, _| days(r, 5..=6);
    "monday" |r, _| days(r, 0..=0);
    "hour_sin" |r, _| hour(r).sin();
    "hour_cos" |r, _| hour(r).cos();
}
