//! What measurements are made of: a finished walk, what happened after each of its rows, and what its margin
//! policies asked.

use std::path::Path;

use super::outcomes::{self, Outcomes};
use super::policies::Asked;
use crate::base::Digest;
use crate::study::config::{Ablation, Plan};
use crate::study::walk::lead_lag::LeadLag;
use crate::study::walk::{Forecasted, MarketEvents, Walk};
use crate::study::{Error, OnProgress};

/// A walk, ready to be measured.
pub struct Material<'a> {
    /// What was studied.
    pub plan: &'a Plan,
    /// What the walk left.
    pub walk: &'a Walk,
    /// What followed each row, by instrument and horizon.
    pub outcomes: Vec<Outcomes>,
    /// The forecasts, in the layout of a forecast file.
    pub forecasts: Vec<Forecasted>,
    /// What each policy asked, by instrument and horizon.
    pub asked: Vec<Asked<'a>>,
    /// What is needed to walk again; without it, what wants another walk finds nothing.
    pub again: Option<Again<'a>>,
}

/// What it takes to walk a study again.
#[derive(Clone, Copy)]
pub struct Again<'a> {
    /// Its market.
    pub market: &'a MarketEvents,
    /// Whether its instruments are stamped in step.
    pub lead_lag: &'a LeadLag,
    /// What is left out, one walk each.
    pub ablations: &'a [Ablation],
    /// Digest of its configuration.
    pub config: Digest,
    /// Where fits are kept.
    pub keep: Option<&'a Path>,
    /// Gets how far it is.
    pub progress: OnProgress<'a>,
}

impl<'a> Material<'a> {
    /// Of a walk.
    pub fn of(plan: &'a Plan, walk: &'a Walk, again: Option<Again<'a>>) -> Material<'a> {
        let outcomes = outcomes::all(&walk.history, plan);
        let asked = Asked::all(plan, &outcomes, &walk.decisions);
        Material { plan, walk, forecasts: walk.forecasted(), outcomes, asked, again }
    }
    /// What `walked` finds with another walk, or nothing where none can be made.
    ///
    /// # Errors
    /// Those of the walk.
    pub fn again<T: Default>(&self, walked: impl FnOnce(Again<'a>) -> Result<T, Error>) -> Result<T, Error> {
        self.again.map_or_else(|| Ok(T::default()), walked)
    }
}
