//! How many returns fell below each published quantile.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::Horizon;
use crate::forecast::dist::LEVELS;
use crate::loss::test::coverage::clopper_pearson;
use crate::study::Error;
use crate::study::measure::declare::Better::Neither;
use crate::study::measure::declare::Format::{Count, Percent};
use crate::study::measure::declare::{Measurement, ReportColumn, Section, Shown, col, table};
use crate::study::measure::json;
use crate::study::measure::material::Material;
use crate::study::measure::meta::POOLED;
use crate::study::measure::outcomes;

/// Share of returns below one published quantile of one model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuantileCoverage {
    /// Instance name.
    pub model: String,
    /// How far ahead.
    pub horizon: Horizon,
    /// Instrument, or [`POOLED`].
    pub symbol: String,
    /// Nominal probability of a return below the quantile.
    pub level: f64,
    /// Observed share of returns below the quantile.
    pub share: f64,
    /// Lower end of the exact (Clopper-Pearson) 95 % interval of the share.
    pub low: f64,
    /// Upper end of the same interval.
    pub high: f64,
    /// Returns below the quantile.
    pub hits: u64,
    /// Returns compared.
    pub n: u64,
}

impl QuantileCoverage {
    /// The share and its exact interval from counts (`n` at least 1). The interval takes rows as
    /// independent, which pooled rows of related instruments are not.
    pub fn of(model: &str, horizon: Horizon, symbol: &str, level: f64, hits: u64, n: u64) -> QuantileCoverage {
        let (low, high) = clopper_pearson(hits as usize, n as usize, 0.95);
        let share = hits as f64 / n as f64;
        QuantileCoverage { model: model.into(), horizon, symbol: symbol.into(), level, share, low, high, hits, n }
    }
}

impl Measurement for QuantileCoverage {
    type Found = Vec<QuantileCoverage>;
    const SHOWN: &'static [Shown] =
        &[table("Coverage", "Share of returns below each quantile", &["model", "symbol", "horizon"], COVERAGE)
            .folded("The shares as a table")
            .at(Section::Coverage, 10)];
    fn measure(of: &Material<'_>) -> Result<Vec<QuantileCoverage>, Error> {
        let mut hits: BTreeMap<(Horizon, String, String), ([u64; 9], u64)> = BTreeMap::new();
        let champion = &of.plan.pipeline.margin.forecast;
        for f in &of.forecasts {
            let found = outcomes::find(&of.outcomes, f.symbol, f.forecast.horizon, f.forecast.issued);
            let Some(o) = found else { continue };
            let mut count = |symbol: String| {
                let (below, n) = hits.entry((f.forecast.horizon, f.model.to_string(), symbol)).or_default();
                *n += 1;
                below.iter_mut().zip(&f.forecast.dist.q).for_each(|(b, q)| *b += u64::from(o.ret < *q));
            };
            count(POOLED.into());
            if *f.model == **champion {
                count(f.symbol.to_string());
            }
        }
        let line = |((horizon, model, symbol), (below, n)): (&(Horizon, String, String), &([u64; 9], u64))| {
            let level = |(p, x): (&f64, &u64)| QuantileCoverage::of(model, *horizon, symbol, *p, *x, *n);
            LEVELS.iter().zip(below).map(level).collect::<Vec<_>>()
        };
        Ok(hits.iter().flat_map(line).collect())
    }
    fn schema() -> Value {
        json::lines(
            "Share of returns below one quantile",
            vec![
                ("model", json::text()),
                ("horizon", json::span()),
                ("symbol", json::symbol_or_all()),
                ("level", serde_json::json!({"enum": LEVELS})),
                ("share", json::share()),
                ("low", json::share()),
                ("high", json::share()),
                ("hits", json::count()),
                ("n", json::count()),
            ],
        )
    }
}

const COVERAGE: &[ReportColumn] = &[
    col("level", "nominal", Percent(1), Neither, "Nominal probability of a return below the quantile."),
    col("share", "observed", Percent(2), Neither, "Observed share of returns below the quantile."),
    col(
        "low",
        "95 % from",
        Percent(2),
        Neither,
        "Lower end of the exact (Clopper-Pearson) 95 % interval of the observed share, rows taken as independent.",
    ),
    col("high", "95 % to", Percent(2), Neither, "Upper end of the same interval."),
    col("hits", "below", Count, Neither, "Returns below the quantile."),
    col("n", "n", Count, Neither, "Returns compared."),
];
