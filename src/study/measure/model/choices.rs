//! Parameters chosen inside training windows, with all that was tried.

use serde_json::Value;

use crate::study::Error;
use crate::study::measure::declare::{Measurement, Section, Shown, ShownAs};
use crate::study::measure::json;
use crate::study::measure::material::Material;
pub use crate::study::walk::search::Choice;

impl Measurement for Choice {
    type Found = Vec<Choice>;
    const SHOWN: &'static [Shown] = &[Shown {
        section: Section::Evidence,
        place: 90,
        what: ShownAs::Folded(&["Parameters of ", "/model", " over ", "/horizon", ", chosen at ", "/cut"]),
    }];
    fn measure(of: &Material<'_>) -> Result<Vec<Choice>, Error> {
        Ok(of.walk.choices.clone())
    }
    fn schema() -> Value {
        json::lines(
            "Parameters chosen inside a training window",
            vec![
                ("model", json::text()),
                ("horizon", json::span()),
                ("origin", json::count()),
                ("cut", json::time()),
                ("learnt_until", json::time()),
                ("judged_from", json::time()),
                ("judged_until", json::time()),
                (
                    "candidates",
                    json::array(json::object(
                        "One that was tried",
                        vec![
                            ("params", serde_json::json!({"type": "object"})),
                            ("loss", json::or_null(json::number())),
                            ("n", json::count()),
                            ("fit", json::or_null(json::digest())),
                            ("why", json::or_null(serde_json::json!({"type": "string"}))),
                        ],
                    )),
                ),
                ("params", serde_json::json!({"type": "object"})),
            ],
        )
    }
}
