//! Is a margin right when it matters? Coverage by regime, by hour of the week and by decile of volatility.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::{Horizon, Span, Symbol, Ts, stats};
use crate::loss::test::coverage::clopper_pearson;
use crate::study::Error;
use crate::study::config::Plan;
use crate::study::measure::declare::Better::Neither;
use crate::study::measure::declare::Format::{Count, Percent};
use crate::study::measure::declare::{Measurement, ReportColumn, Section, Shown, col, table};
use crate::study::measure::json;
use crate::study::measure::material::Material;
use crate::study::measure::policies::{Asked, POLICIES};
use crate::study::walk::Forecasted;

/// Deciles.
const PARTS: usize = 10;
const REGIMES: [&str; 4] = ["calm", "normal", "elevated", "stress"];
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// Coverage of the champion and of the guarded margin under one condition, over all instruments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// How far ahead.
    pub horizon: Horizon,
    /// `regime`, `decile` or `hour`.
    pub by: String,
    /// Which: a regime, a decile of the volatility that was forecast, an hour of the week (UTC).
    pub value: String,
    /// Outcomes.
    pub n: usize,
    /// Share of returns below the champion's 1 % quantile.
    pub below: f64,
    /// Share above its 99 % quantile.
    pub above: f64,
    /// Breaches of the guarded margin.
    pub breaches: usize,
    /// Their share.
    pub share: f64,
    /// Lower end of its exact 95 % interval, outcomes taken as independent.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// Share of breaches of the baseline.
    pub baseline_share: f64,
}

impl Measurement for Condition {
    type Found = Vec<Condition>;
    const SHOWN: &'static [Shown] = &[
        table("Backtests: conditions", "Coverage by regime", HEADS, CONDITIONS)
            .only("by", "regime")
            .at(Section::Backtests, 30),
        table("", "Coverage by decile of the volatility that was forecast, 1 the calmest", HEADS, CONDITIONS)
            .only("by", "decile")
            .at(Section::Backtests, 40),
        table("", "Coverage by hour of the week, UTC", HEADS, CONDITIONS)
            .only("by", "hour")
            .folded("Coverage by hour of the week, UTC")
            .at(Section::Backtests, 50),
    ];
    fn measure(of: &Material<'_>) -> Result<Vec<Condition>, Error> {
        Ok(conditions(of.plan, &of.asked, &of.forecasts))
    }
    fn schema() -> Value {
        json::lines(
            "Coverage under one condition, over all instruments",
            vec![
                ("horizon", json::span()),
                ("by", json::one_of(&["regime", "decile", "hour"])),
                ("value", json::text()),
                ("n", json::count()),
                ("below", json::share()),
                ("above", json::share()),
                ("breaches", json::count()),
                ("share", json::share()),
                ("low", json::share()),
                ("high", json::share()),
                ("baseline_share", json::share()),
            ],
        )
    }
}

const HEADS: &[&str] = &["value", "by", "horizon"];

/// What one decision and the champion's forecast at its time came to.
#[derive(Clone, Copy)]
struct Seen {
    ts: Ts,
    sd: f64,
    below: bool,
    above: bool,
    breach: bool,
    baseline: bool,
}

#[derive(Clone, Copy, Default)]
struct Sums {
    n: usize,
    below: usize,
    above: usize,
    breaches: usize,
    baseline: usize,
}

/// Coverage under every condition, by horizon and kind.
pub fn conditions(plan: &Plan, asked: &[Asked<'_>], forecasts: &[Forecasted]) -> Vec<Condition> {
    let margin = &plan.pipeline.margin;
    let mut by_time: BTreeMap<(Horizon, Symbol, Ts), &Forecasted> = BTreeMap::new();
    let mut labels: BTreeMap<(Horizon, Symbol, Ts), (usize, String)> = BTreeMap::new();
    for f in forecasts {
        let key = (f.forecast.horizon, f.symbol, f.forecast.issued);
        if *f.model == *margin.forecast {
            by_time.insert(key, f);
        }
        if let Some(regime) = f.forecast.regime.filter(|_| *f.model == *margin.regime) {
            labels.insert(key, (regime.label() as usize, REGIMES[regime.label() as usize].to_string()));
        }
    }
    let mut lines = Vec::new();
    for (_, horizon) in plan.horizons() {
        // Regimes and deciles sort as they should by their place, hours by theirs.
        let mut sums: BTreeMap<(usize, usize, String), Sums> = BTreeMap::new();
        for a in asked.iter().filter(|a| a.horizon == horizon) {
            let seen: Vec<Seen> = seen(a, &by_time, margin.baseline.side);
            let sds = stats::sorted(&seen.iter().map(|s| s.sd).collect::<Vec<_>>());
            for s in &seen {
                let decile = (sds.partition_point(|sd| *sd < s.sd) * PARTS / sds.len().max(1)).min(PARTS - 1);
                let hour = (s.ts.0.div_euclid(Span::HOUR.0) + 3 * 24).rem_euclid(7 * 24) as usize;
                let mut put = |kind: usize, place: usize, value: String| {
                    sums.entry((kind, place, value)).or_default().add(s);
                };
                if let Some((place, label)) = labels.get(&(horizon, a.symbol, s.ts)) {
                    put(0, *place, label.clone());
                }
                put(1, decile, format!("{}", decile + 1));
                put(2, hour, format!("{} {:02}", DAYS[hour / 24], hour % 24));
            }
        }
        lines.extend(
            sums.into_iter().map(|((kind, _, value), s)| s.line(horizon, ["regime", "decile", "hour"][kind], value)),
        );
    }
    lines
}

fn seen(
    asked: &Asked<'_>,
    forecasts: &BTreeMap<(Horizon, Symbol, Ts), &Forecasted>,
    side: crate::loss::Side,
) -> Vec<Seen> {
    let one = |(d, ret): (&&crate::margin::Decision, &f64)| {
        let dist = forecasts.get(&(asked.horizon, asked.symbol, d.ts))?.forecast.dist;
        let loss = side.loss(*ret);
        Some(Seen {
            ts: d.ts,
            sd: dist.sd,
            below: *ret < dist.q[1],
            above: *ret > dist.q[7],
            breach: loss > POLICIES[2].1(d),
            baseline: loss > d.baseline,
        })
    };
    asked.decisions.iter().zip(&asked.ret).filter_map(one).collect()
}

impl Sums {
    fn add(&mut self, s: &Seen) {
        self.n += 1;
        self.below += usize::from(s.below);
        self.above += usize::from(s.above);
        self.breaches += usize::from(s.breach);
        self.baseline += usize::from(s.baseline);
    }
    fn line(self, horizon: Horizon, by: &str, value: String) -> Condition {
        let share = |x: usize| x as f64 / self.n as f64;
        let (low, high) = clopper_pearson(self.breaches, self.n, 0.95);
        Condition {
            horizon,
            by: by.into(),
            value,
            n: self.n,
            below: share(self.below),
            above: share(self.above),
            breaches: self.breaches,
            share: share(self.breaches),
            low,
            high,
            baseline_share: share(self.baseline),
        }
    }
}

const CONDITIONS: &[ReportColumn] = &[
    col("n", "n", Count, Neither, "Outcomes under the condition, over all instruments."),
    col("below", "below q01", Percent(2), Neither, "Share of returns below the champion's 1 % quantile."),
    col("above", "above q99", Percent(2), Neither, "Share of returns above its 99 % quantile."),
    col("breaches", "breaches", Count, Neither, "Breaches of the guarded margin."),
    col("share", "share", Percent(2), Neither, "The same as a share."),
    col(
        "low",
        "95 % from",
        Percent(2),
        Neither,
        "Lower end of the exact interval of that share, outcomes taken as independent.",
    ),
    col("high", "95 % to", Percent(2), Neither, "Upper end of the same interval."),
    col("baseline_share", "baseline", Percent(2), Neither, "Share of breaches of the baseline."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_week_begins_on_monday_and_hours_are_utc() {
        let hour = |text: &str| {
            let ts: Ts = text.parse().unwrap();
            let hour = (ts.0.div_euclid(Span::HOUR.0) + 3 * 24).rem_euclid(7 * 24) as usize;
            format!("{} {:02}", DAYS[hour / 24], hour % 24)
        };
        assert_eq!(hour("2023-12-04T00:00:00Z"), "Mon 00");
        assert_eq!(hour("2023-12-03T23:00:00Z"), "Sun 23");
        assert_eq!(hour("1970-01-01T05:00:00Z"), "Thu 05");
    }
}
