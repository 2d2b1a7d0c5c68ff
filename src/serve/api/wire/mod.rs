//! The JSON that is served. What is stored is `record`'s; what is on the wire is made from it here.
//!
//! | file | what it holds |
//! |---|---|
//! | `multiplier` | published multipliers |
//! | `outlook` | forecasts and forward guidance |
//! | `schedule` | the factors of this week and the next |
//! | `service` | health, version, problems |
//!
//! This folder knows nothing of HTTP.

mod multiplier;
mod outlook;
mod schedule;
mod service;

pub use multiplier::{BaselineLoss, ForecastLoss, MarginAsked, Multiplier, Multipliers, ServedModel};
pub use outlook::{Forecasts, Guidance, GuidanceRow, Later, OutlookRow, Quantile, TriggerRow};
pub use schedule::{ScheduleRow, Schedules};
pub use service::{Check, Health, Problem, Version};

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::record::stored::from_value;
    use crate::record::{EntryKind, FileStore, Publication, Seq, Store};

    #[test]
    fn every_row_that_was_ever_stored_is_served_with_the_members_it_always_had() {
        for version in ["v1", "v2", "v3"] {
            let ledger = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/format").join(version).join("ledger");
            let store = FileStore::read(&ledger).unwrap();
            let stored = store.scan(Seq(0)).unwrap().map(Result::unwrap).filter(|r| r.kind == EntryKind::Publish);
            let rows: Vec<Publication> = stored.map(|r| from_value("sample", r.body).unwrap()).collect();
            assert!(!rows.is_empty());
            for row in rows {
                let served = serde_json::to_string(&Multiplier::from(&row)).unwrap();
                assert_eq!(served, serde_json::to_string(&row).unwrap());
            }
        }
    }
}
