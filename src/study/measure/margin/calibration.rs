//! Margin policies chosen inside the walk: what each origin chose and what that brought, and the frontier at the end.

use serde_json::{Value, json};

use crate::study::Error;
pub use crate::study::calibrate::run::Calibrated;
use crate::study::calibrate::run::FrontierPolicy;
use crate::study::measure::declare::{Measurement, Shown};
use crate::study::measure::json;
use crate::study::measure::material::Material;

impl Measurement for Calibrated {
    type Found = Vec<Calibrated>;
    const OPTIONAL: bool = true;
    // The report draws it, with tables of its own.
    const SHOWN: &'static [Shown] = &[];
    fn measure(of: &Material<'_>) -> Result<Vec<Calibrated>, Error> {
        Ok(of.walk.calibrated.iter().map(thinned).collect())
    }
    fn schema() -> Value {
        let any = || json!({"type": "object"});
        let perhaps = || json::or_null(any());
        json::lines(
            "Policies compared over one horizon, as calibration.json of margincast calibrate",
            vec![
                ("version", json::text()),
                ("record", json::digest()),
                ("horizon", json::span()),
                ("row", json::span()),
                ("span", json::or_null(json::array(json::time()))),
                ("recorded", json::count()),
                ("not_replayed", json::count()),
                ("mode", json::one_of(&["lift-only", "managed-total"])),
                ("appetite", any()),
                ("seed", json!({"type": "integer"})),
                ("resampling", any()),
                ("policies", json::count()),
                ("today", any()),
                ("base", any()),
                ("today_outcome", perhaps()),
                ("today_new", perhaps()),
                ("chosen", perhaps()),
                ("walk_forward", any()),
                ("frontier", json::array(any())),
            ],
        )
    }
}

/// With what a picture of the frontier shows: policies that no other is below in shortfall, cost and the largest worst
/// rise over the control's. `frontier.parquet` has all of them.
fn thinned(one: &Calibrated) -> Calibrated {
    let costs = |p: &FrontierPolicy| {
        let o = &p.outcome;
        let rise = (0..3).map(|k| o.rises[k] / o.control_rises[k].max(1e-9)).fold(0.0, f64::max);
        [o.shortfall, o.average, rise]
    };
    let all: Vec<[f64; 3]> = one.frontier.iter().map(costs).collect();
    let below = |a: &[f64; 3], b: &[f64; 3]| a.iter().zip(b).all(|(x, y)| x <= y) && a != b;
    let shown = |i: usize| one.frontier[i].chosen || !all.iter().any(|other| below(other, &all[i]));
    let frontier = (0..all.len()).filter(|i| shown(*i)).map(|i| one.frontier[i]).collect();
    Calibrated { frontier, ..one.clone() }
}
