//! Forecasts and forward guidance as they are served. Decimals are text.

use serde::Serialize;
use utoipa::ToSchema;

use crate::base::{Span, Symbol, Ts};
use crate::forecast::dist::LEVELS;
use crate::pipeline::NamedForecast;
use crate::record::explain::guidance::GuidanceLimit;
use crate::record::explain::{GuidanceRange, GuidanceTrigger, Outlook};
use crate::record::ledger::text::{decimal, iso};

/// What the models foresaw last.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Forecasts {
    /// Always `margincast.forecasts.v1`.
    pub schema: &'static str,
    /// One row per instrument, model and horizon.
    pub forecasts: Vec<OutlookRow>,
}

/// One model's distribution of the log return of one instrument over one horizon. Decimals are text.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ForecastRow)]
pub struct OutlookRow {
    /// Instance name of the model.
    pub model: String,
    /// The instrument.
    #[schema(value_type = String)]
    pub symbol: Symbol,
    /// Close of the last window used.
    #[schema(value_type = String, format = DateTime)]
    pub issued: Ts,
    /// How far ahead, ISO 8601.
    pub horizon: String,
    /// Realised variance over the horizon.
    pub rv: Option<String>,
    /// Standard deviation over the horizon, fraction; not annualised.
    pub sd: Option<String>,
    /// Quantiles.
    pub quantiles: Vec<Quantile>,
    /// Mean return below the 1 % quantile.
    pub es01: Option<String>,
    /// Mean return above the 99 % quantile.
    pub es99: Option<String>,
    /// Probabilities of calm, normal, elevated and stress, where the model has them.
    pub regime: Option<[Option<String>; 4]>,
    /// Probability of a volatility spike, where the model has it.
    pub spike: Option<String>,
}

/// One quantile of a log return.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Quantile {
    /// Probability.
    pub p: String,
    /// Value, fraction.
    pub value: Option<String>,
}

impl From<&NamedForecast> for OutlookRow {
    fn from(named: &NamedForecast) -> OutlookRow {
        let forecast = &named.forecast;
        let dist = &forecast.dist;
        OutlookRow {
            model: named.name.to_string(),
            symbol: named.symbol,
            issued: forecast.issued,
            horizon: iso(forecast.horizon),
            rv: decimal(dist.rv),
            sd: decimal(dist.sd),
            quantiles: LEVELS
                .iter()
                .zip(dist.q)
                .map(|(p, q)| Quantile { p: p.to_string(), value: decimal(q) })
                .collect(),
            es01: decimal(dist.es01),
            es99: decimal(dist.es99),
            regime: forecast.regime.map(|r| r.probs().map(decimal)),
            spike: forecast.spike.and_then(|p| decimal(p.get())),
        }
    }
}

/// Where multipliers may be in one, eight and 24 hours, and what would move them.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Guidance {
    /// Always `margincast.guidance.v1`.
    pub schema: &'static str,
    /// One row per instrument and horizon.
    pub guidance: Vec<GuidanceRow>,
}

/// Forward guidance at the newest publication of one instrument and horizon. It binds nobody: the
/// distribution is that of past changes in the same situation. Decimals are text.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct GuidanceRow {
    /// The instrument.
    #[schema(value_type = String)]
    pub symbol: Symbol,
    /// Margin period of risk, ISO 8601.
    pub horizon: String,
    /// Number of the publication.
    pub seq: u64,
    /// Close of the last window used.
    #[schema(value_type = String, format = DateTime)]
    pub as_of: Ts,
    /// The multiplier in force.
    pub multiplier: String,
    /// Where it may be; lengths of time of which too little was seen are left out.
    pub ahead: Vec<Later>,
    /// How far initial margin may rise, by steps and budgets.
    pub limits: Vec<MostRise>,
    /// What would move the requirement, and how far off it is.
    pub triggers: Vec<TriggerRow>,
}

/// Where a multiplier may be after some time.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Later {
    /// After how long.
    #[schema(value_type = String)]
    pub over: Span,
    /// 5 % quantile of the multiplier.
    pub low: Option<String>,
    /// Median.
    pub median: Option<String>,
    /// 95 % quantile.
    pub high: Option<String>,
    /// Past changes in the same situation.
    pub n: usize,
}

/// How far initial margin may rise within some time, by rows that come on time. What the baseline itself asks
/// goes beyond it, the emergency lane allows twice as much, and the schedule, which is published ahead, is on top.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MostRise {
    /// Within how long.
    #[schema(value_type = String)]
    pub over: Span,
    /// The most that may be asked then, over what is asked now, less 1.
    pub rise: Option<String>,
}

/// Something that would move a requirement.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Trigger)]
pub struct TriggerRow {
    /// What: `stress`, `emergency`, `forecast` or `baseline`.
    pub what: &'static str,
    /// Where it is.
    pub now: Option<String>,
    /// Where it would have to be.
    pub at: Option<String>,
    /// What initial margin would then be wanted, over what is in force, less 1.
    pub rise: Option<String>,
    /// The same in words.
    pub text: String,
}

impl From<&Outlook> for GuidanceRow {
    fn from(outlook: &Outlook) -> GuidanceRow {
        let p = &outlook.publication;
        let later = |a: &GuidanceRange| Later {
            over: a.over,
            low: decimal(a.low),
            median: decimal(a.median),
            high: decimal(a.high),
            n: a.n,
        };
        let limit = |l: &GuidanceLimit| MostRise { over: l.over, rise: decimal(l.rise) };
        let trigger = |t: &GuidanceTrigger| TriggerRow {
            what: t.what,
            now: decimal(t.now),
            at: decimal(t.at),
            rise: decimal(t.rise),
            text: t.text.clone(),
        };
        GuidanceRow {
            symbol: p.symbol,
            horizon: p.horizon.clone(),
            seq: p.seq,
            as_of: p.as_of,
            multiplier: p.multiplier.clone(),
            ahead: outlook.ahead.iter().map(later).collect(),
            limits: outlook.limits.iter().map(limit).collect(),
            triggers: outlook.triggers.iter().map(trigger).collect(),
        }
    }
}
