//! Bad market data met on the way.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::Symbol;
use crate::event::Fault;
use crate::study::Error;
use crate::study::measure::declare::Better::Neither;
use crate::study::measure::declare::Format::Count;
use crate::study::measure::declare::{Measurement, ReportColumn, Section, Shown, col, table};
use crate::study::measure::json;
use crate::study::measure::material::Material;

/// Bad data of one kind, counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FaultCount {
    /// The instrument.
    pub symbol: Symbol,
    /// What was wrong.
    pub fault: Fault,
    /// How many events or windows.
    pub count: u64,
}

impl Measurement for FaultCount {
    type Found = Vec<FaultCount>;
    const SHOWN: &'static [Shown] =
        &[table("Faults", "Faults, counted and reported, never an error", &["fault", "symbol"], FAULTS)
            .headed("Bad market data met on the way")
            .at(Section::Summary, 10)];
    fn measure(of: &Material<'_>) -> Result<Vec<FaultCount>, Error> {
        let line = |((symbol, fault), count): (&(Symbol, Fault), &u64)| FaultCount {
            symbol: *symbol,
            fault: *fault,
            count: *count,
        };
        Ok(of.walk.faults.iter().map(line).collect())
    }
    fn schema() -> Value {
        json::lines(
            "Bad data of one kind, counted",
            vec![
                ("symbol", json::symbol()),
                ("fault", serde_json::json!({"type": "string", "pattern": "^[a-z_]+$"})),
                ("count", json::count()),
            ],
        )
    }
}

const FAULTS: &[ReportColumn] = &[col("count", "count", Count, Neither, "Events or windows with this fault.")];
