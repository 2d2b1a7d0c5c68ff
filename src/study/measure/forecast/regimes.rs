//! How much of the time each regime held, and what happened in it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::Horizon;
use crate::forecast::regime::Label;
use crate::study::Error;
use crate::study::measure::declare::Better::Neither;
use crate::study::measure::declare::Format::{Count, Percent};
use crate::study::measure::declare::{Measurement, ReportColumn, Section, Shown, col, table};
use crate::study::measure::json;
use crate::study::measure::material::Material;
use crate::study::measure::meta::POOLED;
use crate::study::measure::outcomes;

/// One regime's share of time, and the returns in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RegimeShare {
    /// Instance name of the model that tells the regimes.
    pub model: String,
    /// How far ahead.
    pub horizon: Horizon,
    /// Instrument, or [`POOLED`].
    pub symbol: String,
    /// The most probable regime at issue time.
    pub regime: Label,
    /// Forecasts issued in it.
    pub n: u64,
    /// The same as a share of all forecasts.
    pub share: f64,
    /// Root of the mean realised variance over the horizon that followed, fraction.
    pub realised_sd: f64,
    /// Root of the mean variance that was forecast, fraction.
    pub forecast_sd: f64,
    /// Mean probability that was given to this regime while it was the most probable.
    pub confidence: f64,
}

impl Measurement for RegimeShare {
    type Found = Vec<RegimeShare>;
    const SHOWN: &'static [Shown] =
        &[table("Regimes", "What followed each regime", &["regime", "model", "symbol", "horizon"], REGIMES)
            .at(Section::Regimes, 10)];
    fn measure(of: &Material<'_>) -> Result<Vec<RegimeShare>, Error> {
        let model = &of.plan.pipeline.margin.regime;
        let mut sums: BTreeMap<Place, Sums> = BTreeMap::new();
        let mut totals: BTreeMap<(Horizon, String), u64> = BTreeMap::new();
        for f in of.forecasts.iter().filter(|f| *f.model == **model) {
            let Some(regime) = f.forecast.regime else { continue };
            let found = outcomes::find(&of.outcomes, f.symbol, f.forecast.horizon, f.forecast.issued);
            let Some(o) = found else { continue };
            let label = regime.label() as usize;
            for symbol in [POOLED.to_string(), f.symbol.to_string()] {
                *totals.entry((f.forecast.horizon, symbol.clone())).or_default() += 1;
                let at = sums.entry((f.forecast.horizon, symbol, label)).or_default();
                at.n += 1;
                at.realised += o.rv;
                at.forecast += f.forecast.dist.rv;
                at.probability += regime.probs()[label];
            }
        }
        let line = |((horizon, symbol, label), sums): (Place, Sums)| {
            let total = totals.get(&(horizon, symbol.clone())).copied().unwrap_or(1);
            let n = sums.n as f64;
            RegimeShare {
                model: model.clone(),
                horizon,
                symbol,
                regime: LABELS[label],
                n: sums.n,
                share: n / total as f64,
                realised_sd: (sums.realised / n).sqrt(),
                forecast_sd: (sums.forecast / n).sqrt(),
                confidence: sums.probability / n,
            }
        };
        Ok(sums.into_iter().map(line).collect())
    }
    fn schema() -> Value {
        json::lines(
            "One regime's share of time and what followed",
            vec![
                ("model", json::text()),
                ("horizon", json::span()),
                ("symbol", json::symbol_or_all()),
                ("regime", json::one_of(&["calm", "normal", "elevated", "stress"])),
                ("n", json::count()),
                ("share", json::share()),
                ("realised_sd", json::or_null(json::number())),
                ("forecast_sd", json::or_null(json::number())),
                ("confidence", json::or_null(json::share())),
            ],
        )
    }
}

const LABELS: [Label; 4] = [Label::Calm, Label::Normal, Label::Elevated, Label::Stress];

/// Horizon, symbol and place of the regime.
type Place = (Horizon, String, usize);

/// What followed the forecasts of one regime.
#[derive(Default)]
struct Sums {
    n: u64,
    realised: f64,
    forecast: f64,
    probability: f64,
}

const REGIMES: &[ReportColumn] = &[
    col("n", "n", Count, Neither, "Forecasts issued while this regime was the most probable."),
    col("share", "share of time", Percent(1), Neither, "The same as a share of all forecasts."),
    col(
        "realised_sd",
        "realised",
        Percent(3),
        Neither,
        "Root of the mean realised variance over the horizon that followed, not annualised.",
    ),
    col("forecast_sd", "forecast", Percent(3), Neither, "Root of the mean variance that was forecast, not annualised."),
    col(
        "confidence",
        "confidence",
        Percent(1),
        Neither,
        "Mean probability given to the regime while it was the most probable.",
    ),
];
