//! What a risk score is worth: how often the margin was exceeded in each of its bands.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::Horizon;
use crate::loss::Side;
use crate::loss::test::coverage::clopper_pearson;
use crate::margin::risk_score::{Band, BandRates};
use crate::study::Error;
use crate::study::config::Plan;
use crate::study::measure::declare::Better::Neither;
use crate::study::measure::declare::Format::{Count, Percent};
use crate::study::measure::declare::{Measurement, ReportColumn, Section, Shown, col, table};
use crate::study::measure::json;
use crate::study::measure::material::Material;
use crate::study::measure::meta::POOLED;
use crate::study::measure::policies::{Asked, POLICIES};

/// One band of the risk score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BandRisk {
    /// How far ahead.
    pub horizon: Horizon,
    /// Instrument, or [`POOLED`].
    pub symbol: String,
    /// Which band.
    pub band: Band,
    /// Decisions in it whose outcome is known.
    pub n: u64,
    /// The same as a share of all that have a score.
    pub share: f64,
    /// Breaches of the guarded margin.
    pub breaches: u64,
    /// The same as a share.
    pub rate: f64,
    /// Lower end of the exact 95 % interval of that share, outcomes taken as independent.
    pub low: f64,
    /// Upper end of the same interval.
    pub high: f64,
    /// Breaches of the baseline.
    pub baseline_breaches: u64,
    /// The same as a share.
    pub baseline_rate: f64,
}

impl Measurement for BandRisk {
    type Found = Vec<BandRisk>;
    const OPTIONAL: bool = true;
    const SHOWN: &'static [Shown] = &[table(
        "Bands of the risk score",
        "Breaches by band of the risk score: below 30, 60 and 80 points, and above",
        &["band", "symbol", "horizon"],
        BANDS,
    )
    .hidden_when_empty()
    .at(Section::Backtests, 60)];
    fn measure(of: &Material<'_>) -> Result<Vec<BandRisk>, Error> {
        Ok(bands(of.plan, &of.asked))
    }
    fn schema() -> Value {
        json::described(
            json::lines(
                "One band",
                vec![
                    ("horizon", json::span()),
                    ("symbol", json::symbol_or_all()),
                    ("band", json::one_of(&["green", "watch", "elevated", "critical"])),
                    ("n", json::count()),
                    ("share", json::share()),
                    ("breaches", json::count()),
                    ("rate", json::share()),
                    ("low", json::share()),
                    ("high", json::share()),
                    ("baseline_breaches", json::count()),
                    ("baseline_rate", json::share()),
                ],
            ),
            "Breach rates by band of the risk score; absent where no decision has one",
        )
    }
}

/// Breaches of the guarded margin and of the baseline.
type Rates = [BandRates; 2];

/// Every band with an outcome, by horizon; the pooled lines first.
pub fn bands(plan: &Plan, asked: &[Asked<'_>]) -> Vec<BandRisk> {
    let side = plan.pipeline.margin.baseline.side;
    let mut lines = Vec::new();
    for (_, horizon) in plan.horizons() {
        let own: Vec<&Asked<'_>> = asked.iter().filter(|a| a.horizon == horizon).collect();
        let mut all = Rates::default();
        own.iter().for_each(|a| count(a, side, &mut all));
        lines.extend(shares(horizon, POOLED, &all));
        for a in own {
            let mut rates = Rates::default();
            count(a, side, &mut rates);
            lines.extend(shares(horizon, a.symbol.as_str(), &rates));
        }
    }
    lines
}

fn count(asked: &Asked<'_>, side: Side, rates: &mut Rates) {
    for (d, loss) in asked.decisions.iter().zip(asked.losses(side)) {
        if let Some(score) = &d.why.risk_score {
            rates[0].push(score.band(), loss > POLICIES[2].1(d));
            rates[1].push(score.band(), loss > POLICIES[0].1(d));
        }
    }
}

fn shares(horizon: Horizon, symbol: &str, rates: &Rates) -> Vec<BandRisk> {
    let all: u64 = rates[0].counts.iter().map(|c| c.1).sum();
    let line = |band: Band| {
        let (breaches, n) = rates[0].counts[band as usize];
        let (low, high) = clopper_pearson(breaches as usize, n as usize, 0.95);
        Some(BandRisk {
            horizon,
            symbol: symbol.into(),
            band,
            n,
            share: n as f64 / all as f64,
            breaches,
            rate: rates[0].rate(band)?,
            low,
            high,
            baseline_breaches: rates[1].counts[band as usize].0,
            baseline_rate: rates[1].rate(band)?,
        })
    };
    Band::ALL.into_iter().filter(|b| rates[0].rate(*b).is_some()).filter_map(line).collect()
}

const BANDS: &[ReportColumn] = &[
    col("n", "n", Count, Neither, "Decisions with a score in the band whose outcome is known."),
    col("share", "share of time", Percent(1), Neither, "The same as a share of all decisions with a score."),
    col(
        "breaches",
        "breaches",
        Count,
        Neither,
        "Breaches of the guarded margin among them; outcomes overlap as they are.",
    ),
    col("rate", "share", Percent(2), Neither, "The same as a share; nominal 1 %."),
    col(
        "low",
        "95 % from",
        Percent(2),
        Neither,
        "Lower end of the exact interval of that share, outcomes taken as independent.",
    ),
    col("high", "95 % to", Percent(2), Neither, "Upper end of the same interval."),
    col("baseline_breaches", "breaches of baseline", Count, Neither, "Breaches of the baseline in the band."),
    col("baseline_rate", "share of baseline", Percent(2), Neither, "The same as a share."),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Span;

    #[test]
    fn bands_with_outcomes_are_shown_with_their_rates() {
        let mut rates = Rates::default();
        for i in 0..200 {
            let band = if i % 4 == 0 { Band::Critical } else { Band::Green };
            rates[0].push(band, i % 40 == 0);
            rates[1].push(band, i % 20 == 0);
        }
        let got = shares(Horizon(Span::DAY), POOLED, &rates);
        let short: Vec<_> = got.iter().map(|l| (l.band, l.n, l.share, l.breaches, l.rate, l.baseline_rate)).collect();
        assert_eq!(
            short,
            [(Band::Green, 150, 0.75, 0, 0.0, 0.0), (Band::Critical, 50, 0.25, 5, 0.1, 0.2)],
            "bands without outcomes are left out"
        );
        assert!((got[1].low, got[1].high) == clopper_pearson(5, 50, 0.95) && got[0].low == 0.0);
    }
}
