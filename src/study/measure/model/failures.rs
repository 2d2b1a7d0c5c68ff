//! Fits that failed, and why.

use serde_json::Value;

use crate::study::Error;
use crate::study::measure::declare::{Measurement, Section, Shown, ShownAs};
use crate::study::measure::json;
use crate::study::measure::material::Material;

/// Stands for the failures among the measurements.
pub struct Failures;

impl Measurement for Failures {
    type Found = Vec<String>;
    const SHOWN: &'static [Shown] =
        &[Shown { section: Section::Summary, place: 20, what: ShownAs::Texts("Models that could not be fitted") }];
    fn measure(of: &Material<'_>) -> Result<Vec<String>, Error> {
        Ok(of.walk.failures.clone())
    }
    fn schema() -> Value {
        json::array(json::text())
    }
}
