//! Whether every instrument is stamped in step with the others.

use serde_json::Value;

use crate::study::Error;
use crate::study::measure::declare::Better::Neither;
use crate::study::measure::declare::Format::{Count, Fixed, Text};
use crate::study::measure::declare::{Measurement, ReportColumn, Section, Shown, ShownAs, col, table};
use crate::study::measure::json;
use crate::study::measure::material::Material;
pub use crate::study::walk::lead_lag::LeadLag;

impl Measurement for LeadLag {
    type Found = Option<LeadLag>;
    const SHOWN: &'static [Shown] = &[
        Shown { section: Section::Evidence, place: 83, what: ShownAs::Facts(&["bar", "compared", "passed"]) },
        table("Evidence: lead and lag", "Instruments stamped out of step with the others", &["symbol", "against"], OUT)
            .below("/out_of_step")
            .any_horizon()
            .hidden_when_empty()
            .at(Section::Evidence, 84),
    ];
    fn measure(of: &Material<'_>) -> Result<Option<LeadLag>, Error> {
        of.again(|again| Ok(Some(again.lead_lag.clone())))
    }
    fn schema() -> Value {
        json::or_null(json::object(
            "Whether every instrument is stamped in step with the others",
            vec![
                ("bar", json::span()),
                ("compared", json::count()),
                (
                    "out_of_step",
                    json::lines(
                        "One instrument whose stamps are out of step",
                        vec![
                            ("symbol", json::symbol()),
                            ("against", json::symbol()),
                            ("bars", serde_json::json!({"type": "integer"})),
                            ("correlation", json::number()),
                            ("at_zero", json::or_null(json::number())),
                            ("n", json::count()),
                            ("from", json::time()),
                            ("until", json::time()),
                        ],
                    ),
                ),
                ("passed", json::flag()),
            ],
        ))
    }
}

const OUT: &[ReportColumn] = &[
    col(
        "bars",
        "bars late",
        Text,
        Neither,
        "Bars by which the instrument is stamped later than the others; below zero, earlier.",
    ),
    col(
        "correlation",
        "at that lag",
        Fixed(2),
        Neither,
        "Correlation of its returns with those of the other at that lag.",
    ),
    col("at_zero", "at lag 0", Fixed(2), Neither, "And at the same time."),
    col("n", "n", Count, Neither, "Bars that were compared."),
    col("from", "from", Text, Neither, "First close where it is so."),
    col("until", "until", Text, Neither, "Last close where it is so."),
];
