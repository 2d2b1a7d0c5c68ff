//! Where outcomes fell between the published quantiles: the probability integral transform.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::{Horizon, Symbol, Ts};
use crate::forecast::dist::LEVELS;
use crate::loss::test::overlap::thinned;
use crate::loss::test::pit::Histogram;
use crate::study::Error;
use crate::study::measure::declare::Better::Neither;
use crate::study::measure::declare::Format::{Count, Fixed, PValue, Percent};
use crate::study::measure::declare::{Measurement, ReportColumn, Section, Shown, col, table};
use crate::study::measure::json;
use crate::study::measure::material::Material;
use crate::study::measure::outcomes::Outcomes;
use crate::study::walk::Forecasted;

/// One bin of the probability integral transform of one model, over all instruments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transform {
    /// Instance name.
    pub model: String,
    /// How far ahead.
    pub horizon: Horizon,
    /// Lower level of the bin.
    pub from: f64,
    /// Upper level.
    pub to: f64,
    /// Outcomes in it that do not overlap.
    pub count: u64,
    /// Of so many.
    pub n: u64,
    /// Their share over the nominal one.
    pub density: f64,
    /// Pearson's test of all bins of the model together.
    pub p: Option<f64>,
}

impl Measurement for Transform {
    type Found = Vec<Transform>;
    const SHOWN: &'static [Shown] = &[table(
        "Backtests: probability integral transform",
        "Where outcomes fell between the published quantiles",
        &["model", "horizon"],
        TRANSFORMS,
    )
    .folded("Where outcomes fell between the published quantiles")
    .at(Section::Backtests, 70)];
    fn measure(of: &Material<'_>) -> Result<Vec<Transform>, Error> {
        Ok(transforms(&of.outcomes, &of.forecasts))
    }
    fn schema() -> Value {
        json::lines(
            "One bin of the probability integral transform",
            vec![
                ("model", json::text()),
                ("horizon", json::span()),
                ("from", json::share()),
                ("to", json::share()),
                ("count", json::count()),
                ("n", json::count()),
                ("density", json::positive()),
                ("p", json::or_null(json::share())),
            ],
        )
    }
}

/// The probability integral transform of every model, on outcomes that do not overlap.
pub fn transforms(truth: &[Outcomes], forecasts: &[Forecasted]) -> Vec<Transform> {
    let mut series: BTreeMap<(Horizon, &str, Symbol), Vec<&Forecasted>> = BTreeMap::new();
    for f in forecasts {
        series.entry((f.forecast.horizon, &f.model, f.symbol)).or_default().push(f);
    }
    let mut found: BTreeMap<(Horizon, &str), Histogram> = BTreeMap::new();
    for ((horizon, model, symbol), mut own) in series {
        let Some(truth) = truth.iter().find(|t| t.symbol == symbol && t.horizon == horizon) else { continue };
        own.retain(|f| truth.at(f.forecast.issued).is_some());
        own.sort_by_key(|f| f.forecast.issued);
        let starts: Vec<Ts> = own.iter().map(|f| f.forecast.issued).collect();
        let histogram = found.entry((horizon, model)).or_insert_with(|| Histogram::new(&LEVELS));
        for i in thinned(&starts, horizon) {
            let outcome = truth.at(starts[i]).map_or(f64::NAN, |o| o.ret);
            histogram.push(outcome, &own[i].forecast.dist.q);
        }
    }
    let lines = |((horizon, model), h): ((Horizon, &str), Histogram)| {
        let (n, p) = (h.n(), h.uniform().map(|t| t.p));
        let line = |i: usize| Transform {
            model: model.into(),
            horizon,
            from: h.edges[i],
            to: h.edges[i + 1],
            count: h.counts[i],
            n,
            density: h.density(i),
            p,
        };
        (0..h.counts.len()).filter(|_| n > 0).map(line).collect::<Vec<_>>()
    };
    found.into_iter().flat_map(lines).collect()
}

const TRANSFORMS: &[ReportColumn] = &[
    col("from", "from", Percent(1), Neither, "Lower level of the bin: a published quantile."),
    col("to", "to", Percent(1), Neither, "Upper level of the bin."),
    col("count", "outcomes", Count, Neither, "Outcomes between the two quantiles, of those that do not overlap."),
    col("n", "n", Count, Neither, "Outcomes that do not overlap, over all instruments."),
    col(
        "density",
        "observed / nominal",
        Fixed(3),
        Neither,
        "Their share over the nominal one: 1 where the forecast is right (probability integral transform).",
    ),
    col("p", "p", PValue, Neither, "Pearson's chi-squared test of all bins of the model together."),
];
