//! What a permuted future left as it was.

use serde_json::Value;

use crate::study::Error;
use crate::study::measure::declare::Better::Neither;
use crate::study::measure::declare::Format::{Count, Text};
use crate::study::measure::declare::{Measurement, ReportColumn, Section, Shown, ShownAs, col, table};
use crate::study::measure::json;
use crate::study::measure::material::Material;
use crate::study::walk::leak_test;
pub use crate::study::walk::leak_test::LeakTest;

impl Measurement for LeakTest {
    type Found = Option<LeakTest>;
    const SHOWN: &'static [Shown] = &[
        table(
            "Evidence: permuted future",
            "Another future: the market after each of some cuts permuted and multiplied by nine",
            &["model", "horizon"],
            MODELS,
        )
        .below("/models")
        .at(Section::Evidence, 80),
        Shown {
            section: Section::Evidence,
            place: 81,
            what: ShownAs::Facts(&[
                "cut",
                "changed",
                "decisions",
                "decisions_same",
                "rows_same",
                "choices_same",
                "enough",
                "passed",
            ]),
        },
        table("Evidence: changed events", "What was changed behind each cut", &["symbol", "cut"], CHANGES)
            .below("/changes")
            .any_horizon()
            .at(Section::Evidence, 82),
    ];
    fn measure(of: &Material<'_>) -> Result<Option<LeakTest>, Error> {
        of.again(|again| leak_test::check(of.plan, again.market, again.config, again.keep, again.progress).map(Some))
    }
    fn schema() -> Value {
        json::or_null(json::object(
            "What a permuted future left as it was",
            vec![
                ("cut", json::time()),
                ("changed", json::count()),
                (
                    "models",
                    json::array(json::object(
                        "One model before and after",
                        vec![
                            ("model", json::text()),
                            ("horizon", json::span()),
                            ("forecasts", json::count()),
                            ("forecasts_same", json::flag()),
                            ("fit_same", json::flag()),
                        ],
                    )),
                ),
                ("decisions", json::count()),
                ("decisions_same", json::flag()),
                (
                    "changes",
                    json::lines(
                        "What was changed of one instrument behind one cut",
                        vec![
                            ("cut", json::time()),
                            ("symbol", json::symbol()),
                            ("after", json::count()),
                            ("changed", json::count()),
                        ],
                    ),
                ),
                ("choices_same", json::flag()),
                ("enough", json::flag()),
                ("passed", json::flag()),
                ("rows_same", json::flag()),
            ],
        ))
    }
}

const CHANGES: &[ReportColumn] = &[
    col("after", "events after", Count, Neither, "Events of the instrument known after the cut."),
    col("changed", "changed", Count, Neither, "Those that were changed."),
];

const MODELS: &[ReportColumn] = &[
    col("forecasts", "forecasts", Count, Neither, "Forecasts issued before the cuts and compared bit for bit."),
    col("forecasts_same", "same", Text, Neither, "Whether every one of them is the same under another future."),
    col(
        "fit_same",
        "same fit",
        Text,
        Neither,
        "Whether the models fitted at the cuts are the same, with their parameters and calibration.",
    ),
];
