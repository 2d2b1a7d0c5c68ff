//! Policies evaluated: each replayed once, and measured over all that was known at every origin. What was evaluated is
//! kept in a folder, batch by batch, so that a run that was killed goes on where it stopped.

use std::collections::BTreeMap;
use std::path::Path;

use rayon::prelude::*;
use serde_json::json;

use super::ladder::{Ladders, Place};
use super::objective::{JudgedRows, PolicyOutcome, judged};
use super::recorded::Record;
use super::replay::{AskedMargin, replay};
use crate::base::{Digest, Ts};
use crate::margin::PolicySettings;
use crate::study::{Error, OnProgress, Progress, checkpoint};

/// Policies of one batch.
const BATCH: usize = 256;

/// What came of a policy, over what was known at each origin.
pub type AtOrigins = Vec<Option<PolicyOutcome>>;

/// The policies evaluated so far, in the order in which they were asked for.
pub struct Evaluated<'a> {
    record: &'a Record,
    /// Rows whose outcome is known.
    pub judged: Vec<JudgedRows>,
    today: PolicySettings,
    /// The ladders on which they stand.
    pub ladders: Ladders,
    origins: Vec<Ts>,
    keep: Option<&'a Path>,
    /// What depends on everything but the policies.
    key: Digest,
    progress: OnProgress<'a>,
    /// Where each stands.
    pub places: Vec<Place>,
    /// What came of each.
    pub outcomes: Vec<AtOrigins>,
    known: BTreeMap<Place, usize>,
}

impl<'a> Evaluated<'a> {
    /// None yet, of a record; batches are kept in `keep` and found again there.
    pub fn new(
        record: &'a Record,
        today: PolicySettings,
        origins: &[Ts],
        keep: Option<&'a Path>,
        progress: OnProgress<'a>,
    ) -> Evaluated<'a> {
        let ladders = Ladders::new(&today, record.row);
        let key = json!({
            "version": env!("CARGO_PKG_VERSION"), "outcome": 2, "record": record.digest(), "today": today, "origins": origins, "ladders": ladders,
        });
        Evaluated {
            record,
            judged: judged(record),
            today,
            ladders,
            origins: origins.to_vec(),
            keep,
            key: Digest::of_json(&key),
            progress,
            places: Vec::new(),
            outcomes: Vec::new(),
            known: BTreeMap::new(),
        }
    }

    /// Evaluates those that were not yet; gives the numbers of all.
    ///
    /// # Errors
    /// A batch cannot be kept, or one that is there is not what was written.
    pub fn add(&mut self, places: impl IntoIterator<Item = Place>) -> Result<Vec<usize>, Error> {
        let (mut numbers, mut new) = (Vec::new(), Vec::new());
        for place in places {
            let next = self.places.len() + new.len();
            let number = *self.known.entry(place).or_insert(next);
            if number == next {
                new.push(place);
            }
            numbers.push(number);
        }
        for batch in new.chunks(BATCH) {
            let outcomes = self.batch(batch)?;
            self.places.extend_from_slice(batch);
            self.outcomes.extend(outcomes);
            let done = self.places.len() as u64;
            (self.progress)(Progress::Stage("policies", done, done.max(new.len() as u64)));
        }
        Ok(numbers)
    }

    fn batch(&self, batch: &[Place]) -> Result<Vec<AtOrigins>, Error> {
        let key = Digest::of_json(&json!({ "all": self.key, "batch": batch }));
        let path = self.keep.map(|folder| folder.join(format!("{}.json", key.short())));
        if let Some(body) = path.as_deref().map(|path| checkpoint::read(path, key)).transpose()?.flatten() {
            let damaged =
                |e: serde_json::Error| Error::Plan(format!("calibrate: {e}; remove the folder of evaluated policies"));
            return serde_json::from_value(body).map_err(damaged);
        }
        let outcomes: Vec<AtOrigins> = batch.par_iter().map(|place| self.evaluate(place)).collect::<Result<_, _>>()?;
        if let Some(path) = path {
            checkpoint::write(&path, key, &json!(outcomes))?;
        }
        Ok(outcomes)
    }

    fn evaluate(&self, place: &Place) -> Result<AtOrigins, Error> {
        let policy = self.ladders.policy(place).settings(&self.today);
        let mut asked = Vec::with_capacity(self.judged.len());
        for (series, own) in self.record.series.iter().zip(&self.judged) {
            asked.push(own.pick(&replay(series, &policy)?));
        }
        Ok(self.origins.iter().map(|origin| known_at(&self.judged, &asked, *origin)).collect())
    }
}

/// What came of a policy over the rows whose outcome was known before an origin.
fn known_at(judged: &[JudgedRows], asked: &[AskedMargin], origin: Ts) -> Option<PolicyOutcome> {
    PolicyOutcome::of(judged, asked, |own| {
        #[cfg(test)]
        if own.symbol.as_str() == PLANTED {
            return (0, own.ts.len());
        }
        (0, own.known_before(origin))
    })
}

/// In tests: the instrument that is judged at every origin on its future too.
#[cfg(test)]
pub(super) const PLANTED: &str = "CALIBRATE";
