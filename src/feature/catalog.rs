//! The list of features: one line each.
//!
//! Notation: the window has n bars with log prices O H L C, r is the bar's log return (from the
//! close of the bar before it, wherever that lies), v its quote volume, b its taker-buy quote
//! volume, s = 2b - v its signed quote volume. "mean over k" is over the last k rows; a window that
//! made no row is skipped. Features that need two bars a window are absent where a row is one bar.
//! A feature of a gauge ends with the gauge and the function of `formula` that makes
//! it; the others are made where their family is.

use super::formula::{self, Formula};
use crate::base::Digest;
use crate::event::GaugeKind;

/// One feature.
#[derive(Clone, Copy, Debug)]
pub struct FeatureSpec {
    /// Its place in a row.
    pub feature: Feature,
    /// Name in files and configurations.
    pub name: &'static str,
    /// Unit.
    pub unit: &'static str,
    /// Formula.
    pub formula: &'static str,
    /// Where the formula comes from.
    pub source: &'static str,
    /// How many rows back it looks, itself included. `mid`, `long` and `far` stand for the
    /// configured lags.
    pub memory: &'static str,
    /// Of a feature of a gauge: which gauge, and how it is made.
    pub gauge: Option<(GaugeKind, Formula)>,
}

macro_rules! catalog {
    ($($variant:ident $name:literal $unit:literal $formula:literal $source:literal $memory:literal
        $($kind:ident $made:ident)?;)*) => {
        /// A feature's place in a row.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[allow(missing_docs)]
        pub enum Feature { $($variant,)* }
        /// Every feature, in row order.
        pub const CATALOG: &[FeatureSpec] = &[$(FeatureSpec {
            feature: Feature::$variant, name: $name, unit: $unit, formula: $formula, source: $source, memory: $memory,
            gauge: catalog!(@ $($kind $made)?),
        },)*];
        impl Feature {
            /// How many there are.
            pub const COUNT: usize = [$(Feature::$variant,)*].len();
        }
    };
    (@) => { None };
    (@ $kind:ident $made:ident) => { Some((GaugeKind::$kind, formula::$made)) };
}

const FRACTION2: &str = "fraction^2";

catalog! {
    Ret "ret" "fraction" "sum r" "-" "1";
    Rv "rv" "fraction^2" "the configured measure of variance (the target's measure)" "-" "1";
    RvRet "rv_ret" "fraction^2" "sum r^2" "Andersen, Bollerslev 1998" "1";
    RvPk "rv_pk" "fraction^2" "sum (H-L)^2/(4 ln 2)" "Parkinson 1980" "1";
    RvGk "rv_gk" "fraction^2" "sum max(0, (H-L)^2/2 - (2 ln 2 - 1)(C-O)^2)" "Garman, Klass 1980" "1";
    RvRs "rv_rs" "fraction^2" "sum (H-C)(H-O) + (L-C)(L-O)" "Rogers, Satchell 1991" "1";
    RvTick "rv_tick" "fraction^2" "sum of (ln p - ln p before)^2 from trade to trade inside each bar; absent where bars are the vendor's" "Hansen, Lunde 2006" "1";
    Bpv "bpv" "fraction^2" "(pi/2) n/(n-1) sum |r||r before|" "Barndorff-Nielsen, Shephard 2004" "1";
    JumpShare "jump_share" "1" "max(0, 1 - bpv/rv_ret)" "Barndorff-Nielsen, Shephard 2004" "1";
    Jump "jump" "fraction^2" "max(0, rv_ret - bpv)" "Barndorff-Nielsen, Shephard 2004" "1";
    RsNeg "rs_neg" "fraction^2" "sum min(r,0)^2" "Barndorff-Nielsen, Kinnebrock, Shephard 2010" "1";
    RsPos "rs_pos" "fraction^2" "sum max(r,0)^2" "Barndorff-Nielsen, Kinnebrock, Shephard 2010" "1";
    Rq "rq" "fraction^4" "(n/3) sum r^4" "Barndorff-Nielsen, Shephard 2002" "1";
    Tpq "tpq" "fraction^4" "n m^-3 n/(n-2) sum of the product of three neighbours |r|^(4/3), m = 2^(2/3) Gamma(7/6)/Gamma(1/2)" "Barndorff-Nielsen, Shephard 2004" "1";
    MaxPk "max_pk" "fraction^2" "max (H-L)^2/(4 ln 2)" "-" "1";
    Close "close" "quote" "price of the last trade" "-" "1";
    Volume "volume" "base" "sum of base units traded" "-" "1";
    QuoteVolume "quote_volume" "quote" "sum v" "-" "1";
    Trades "trades" "1" "number of trades" "-" "1";
    MeanTrade "mean_trade" "quote" "sum v / trades" "-" "1";
    SignedVolume "signed_volume" "quote" "sum s" "-" "1";
    AbsSignedVolume "abs_signed_volume" "quote" "sum |s|" "-" "1";
    Imbalance "imbalance" "1" "sum s / sum v" "-" "1";
    AbsImbalance "abs_imbalance" "1" "sum |s| / sum v" "Easley, Lopez de Prado, O'Hara 2012 (bars as buckets)" "1";
    Amihud "amihud" "1/quote" "mean |r|/max(v,1)" "Amihud 2002" "1";
    Kyle "kyle" "1/quote" "sum r s / sum s^2" "Kyle 1985" "1";
    KyleR2 "kyle_r2" "1" "(sum r s)^2 / (sum s^2 sum r^2)" "Kyle 1985" "1";
    Roll "roll" "fraction^2" "sum r r_before / (n-1)" "Roll 1984" "1";
    NextHour "next_hour" "h" "hour of day, UTC, of the next window's open" "-" "1";
    NextWeekday "next_weekday" "d" "day of week of the next window's open, Monday 0" "-" "1";
    Tail24 "rv_tail_24" "fraction^2" "rv of the last 1/24 of the window, times 24" "-" "1";
    Tail8 "rv_tail_8" "fraction^2" "rv of the last 1/8 of the window, times 8" "-" "1";
    Tail4 "rv_tail_4" "fraction^2" "rv of the last 1/4 of the window, times 4" "-" "1";
    Tail2 "rv_tail_2" "fraction^2" "rv of the last 1/2 of the window, times 2" "-" "1";
    RvMean2 "rv_mean_2" "fraction^2" "mean of rv over 2" "Corsi 2009" "2";
    RvMean3 "rv_mean_3" "fraction^2" "mean of rv over 3" "Corsi 2009" "3";
    RvMean6 "rv_mean_6" "fraction^2" "mean of rv over 6" "Corsi 2009" "6";
    RvMean12 "rv_mean_12" "fraction^2" "mean of rv over 12" "Corsi 2009" "12";
    RvMid "rv_mid" "fraction^2" "mean of rv over mid" "Corsi 2009" "mid";
    RvLong "rv_long" "fraction^2" "mean of rv over long" "Corsi 2009" "long";
    RvFar "rv_far" "fraction^2" "mean of rv over far, over what there is from long rows on" "Corsi 2009" "far";
    RvRough "rv_rough" "fraction^2" "exp of the mean of ln rv over long with weights l^(-1/2-H), H = 0.1, l = 1 the last row" "Gatheral, Jaisson, Rosenbaum 2018" "long";
    RvSameSlot "rv_same_slot" "fraction^2" "rv of the window one day before the next one" "-" "one day";
    BpvMid "bpv_mid" "fraction^2" "mean of bpv over mid" "Andersen, Bollerslev, Diebold 2007" "mid";
    BpvLong "bpv_long" "fraction^2" "mean of bpv over long" "Andersen, Bollerslev, Diebold 2007" "long";
    JumpMid "jump_mid" "fraction^2" "mean of jump over mid" "Andersen, Bollerslev, Diebold 2007" "mid";
    JumpLong "jump_long" "fraction^2" "mean of jump over long" "Andersen, Bollerslev, Diebold 2007" "long";
    RqMid "rq_mid" "fraction^4" "mean of rq over mid" "Bollerslev, Patton, Quaedvlieg 2016" "mid";
    RqLong "rq_long" "fraction^4" "mean of rq over long" "Bollerslev, Patton, Quaedvlieg 2016" "long";
    RunLength "run_length" "rows" "posterior mean of the rows since the mean of ln rv last shifted, long where it did not" "Smith 1975" "long";
    ChangeProb "change_prob" "1" "posterior probability that the mean of ln rv shifted within the last mid of long rows" "Smith 1975" "long";
    RetMid "ret_mid" "fraction" "sum of ret over mid" "-" "mid";
    RetLong "ret_long" "fraction" "sum of ret over long" "-" "long";
    RetNegMid "ret_neg_mid" "fraction" "mean of min(ret,0) over mid" "Corsi, Reno 2012" "mid";
    RetNegLong "ret_neg_long" "fraction" "mean of min(ret,0) over long" "Corsi, Reno 2012" "long";
    QuoteVolumeMid "quote_volume_mid" "quote" "mean of quote_volume over mid" "-" "mid";
    QuoteVolumeLong "quote_volume_long" "quote" "mean of quote_volume over long" "-" "long";
    TradesLong "trades_long" "1" "mean of trades over long" "-" "long";
    MeanTradeLong "mean_trade_long" "quote" "mean of mean_trade over long" "-" "long";
    ImbalanceMid "imbalance_mid" "1" "sum of signed_volume over mid / sum of quote_volume over mid" "-" "mid";
    AbsImbalanceMid "abs_imbalance_mid" "1" "sum of abs_signed_volume over mid / sum of quote_volume over mid" "-" "mid";
    AmihudLong "amihud_long" "1/quote" "mean of amihud over long" "-" "long";
    SeasonNow "season_now" "1" "diurnal factor of this window's slot (weekend x hour)" "Andersen, Bollerslev 1997" "128 visits of each slot";
    SeasonNext "season_next" "1" "diurnal factor of the next window's slot, as last known" "Andersen, Bollerslev 1997" "128 visits of each slot";
    SeasonNext8 "season_next_8" "1" "mean diurnal factor of the next 8 windows' slots" "Andersen, Bollerslev 1997" "128 visits of each slot";
    SeasonNext24 "season_next_24" "1" "mean diurnal factor of the next 24 windows' slots" "Andersen, Bollerslev 1997" "128 visits of each slot";
    Deseason1 "deseason_1" "fraction^2" "rv / season_now" "Andersen, Bollerslev 1997" "128 visits of each slot";
    Deseason3 "deseason_3" "fraction^2" "mean over 3 of rv / season_now" "Andersen, Bollerslev 1997" "128 visits of each slot";
    Deseason6 "deseason_6" "fraction^2" "mean over 6 of rv / season_now" "Andersen, Bollerslev 1997" "128 visits of each slot";
    DeseasonMid "deseason_mid" "fraction^2" "mean over mid of rv / season_now" "Andersen, Bollerslev 1997" "128 visits of each slot";
    DeseasonLong "deseason_long" "fraction^2" "mean over long of rv / season_now" "Andersen, Bollerslev 1997" "128 visits of each slot";
    MarketLevel "market_level" "1" "mean over the universe's instruments of ln(rv / rv_long), same window" "Zhang, Zhang, Cucuringu, Qian 2023" "long";
    MarketTail4 "market_tail_4" "1" "mean over instruments of ln(rv_tail_4 / rv_long)" "Zhang, Zhang, Cucuringu, Qian 2023" "long";
    MarketMid "market_mid" "1" "mean over instruments of ln(rv_mid / rv_long)" "Zhang, Zhang, Cucuringu, Qian 2023" "long";
    MarketRet "market_ret" "1" "mean over instruments of ret / sqrt(rv_long)" "-" "long";
    MarketVolume "market_volume" "1" "mean over instruments of ln(quote_volume / quote_volume_long)" "-" "long";
    MarketImbalance "market_imbalance" "1" "mean over instruments of imbalance" "-" "1";
    LeaderLevel "leader_level" "1" "ln(rv / rv_long) of the instrument with the largest quote_volume_long" "-" "long";
    LeaderTail4 "leader_tail_4" "1" "ln(rv_tail_4 / rv_long) of that instrument" "-" "long";
    LeaderRet "leader_ret" "1" "ret / sqrt(rv_long) of that instrument" "-" "long";
    Funding "funding" "fraction" "last funding rate known at the close, per 8 hours; absent after a day without one" "-" "one day" Funding last;
    FundingAbs "funding_abs" "fraction" "|funding|" "-" "one day" Funding size;
    FundingExcess "funding_excess" "fraction" "funding - mean of the rates known in the last 21 days, at least 21 of them" "-" "21 days" Funding excess;
    OpenInterest "open_interest" "base" "last open interest known at the close; absent after a day without one" "-" "one day" OpenInterest last;
    OpenInterestChangeMid "open_interest_change_mid" "1" "ln(open_interest / open_interest mid rows before)" "Bessembinder, Seguin 1993" "mid + 1" OpenInterest change_mid;
    OpenInterestChangeLong "open_interest_change_long" "1" "ln(open_interest / open_interest long rows before)" "Bessembinder, Seguin 1993" "long + 1" OpenInterest change_long;
    OpenInterestTurnover "open_interest_turnover" "1" "open_interest / mean of volume over mid" "Bessembinder, Seguin 1993" "mid" OpenInterest per_volume;
    ImpliedVariance "implied_variance" "fraction^2" "iv^2 dt: last implied volatility known at the close, dt a row in years of 365 days; absent after a day without one" "-" "one day" ImpliedVol variance;
    ImpliedPremium "implied_premium" "1" "ln(implied_variance / rv_long)" "Bollerslev, Tauchen, Zhou 2009" "long" ImpliedVol premium;
    ImpliedChangeMid "implied_change_mid" "1" "ln(iv / iv mid rows before)" "-" "mid + 1" ImpliedVol change_mid;
}

impl Feature {
    /// Its documentation.
    pub fn spec(self) -> &'static FeatureSpec {
        &CATALOG[self as usize]
    }
    /// By name.
    pub fn named(name: &str) -> Option<Feature> {
        CATALOG.iter().find(|s| s.name == name).map(|s| s.feature)
    }
    /// Whether it is a variance, so that logarithms and ratios make sense.
    pub fn is_variance(self) -> bool {
        self.spec().unit == FRACTION2
    }
}

/// What a stored model checks before it reads rows: a digest of names, units and formulas in order.
pub fn schema_id() -> Digest {
    let text: String = CATALOG.iter().map(|s| format!("{}|{}|{}|{}\n", s.name, s.unit, s.formula, s.memory)).collect();
    Digest::of(text.as_bytes())
}
