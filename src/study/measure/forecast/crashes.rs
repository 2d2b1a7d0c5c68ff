//! Named crashes, and how many outcomes each touches.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::{Horizon, Ts};
use crate::study::Error;
use crate::study::measure::declare::Better::Neither;
use crate::study::measure::declare::Format::{Count, Text};
use crate::study::measure::declare::{Measurement, ReportColumn, Section, Shown, col, table};
use crate::study::measure::json;
use crate::study::measure::material::Material;

/// A crash, and how many judged outcomes it touches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Crash {
    /// Its name.
    pub name: String,
    /// First instant.
    pub from: Ts,
    /// End, exclusive.
    pub to: Ts,
    /// How far ahead the outcomes look.
    pub horizon: Horizon,
    /// Outcomes of which some part lies in it, over all instruments.
    pub outcomes: u64,
}

impl Measurement for Crash {
    type Found = Vec<Crash>;
    const SHOWN: &'static [Shown] =
        &[table("Evidence: crashes", "Named crashes", &["name", "horizon"], CRASHES).at(Section::Evidence, 60)];
    fn measure(of: &Material<'_>) -> Result<Vec<Crash>, Error> {
        let mut crashes = Vec::new();
        for (_, horizon) in of.plan.horizons() {
            for d in &of.plan.study.crash_days {
                let all = of.outcomes.iter().filter(|o| o.horizon == horizon);
                let rows = all.flat_map(|o| o.rows(&of.plan.study));
                let outcomes = rows.filter(|r| d.touches(r.ts, horizon)).count() as u64;
                crashes.push(Crash { name: d.name.clone(), from: d.from, to: d.to, horizon, outcomes });
            }
        }
        Ok(crashes)
    }
    fn schema() -> Value {
        json::lines(
            "A named crash and how many outcomes it touches",
            vec![
                ("name", json::text()),
                ("from", json::time()),
                ("to", json::time()),
                ("horizon", json::span()),
                ("outcomes", json::count()),
            ],
        )
    }
}

const CRASHES: &[ReportColumn] = &[
    col("from", "from", Text, Neither, "First instant of the crash as named in the configuration, UTC."),
    col("to", "until", Text, Neither, "Its end, exclusive, UTC."),
    col("outcomes", "outcomes", Count, Neither, "Outcomes of which some part lies in it, over all instruments."),
];
