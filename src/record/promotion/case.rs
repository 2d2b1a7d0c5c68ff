//! What gates look at: a study's evidence, and the version in its registry.

use super::evidence::{Evidence, ForecastEvidence, MarginEvidence, Signature};
use super::gate::Gate;
use crate::base::Digest;
use crate::record::registry::{AliasMove, ChangedBy, Proof};

/// What a version's study measured, and the champion's beside it by name, where there is one.
#[derive(Clone, Copy, Debug)]
pub(super) struct StudyCase<'a> {
    pub own: &'a Evidence,
    pub champion: Option<(&'a str, &'a Evidence)>,
}

/// A version in its registry, and who wants to promote it.
#[derive(Clone, Copy, Debug)]
pub(super) struct VersionCase<'a> {
    /// Its identity.
    pub digest: &'a Digest,
    /// Who answers for it.
    pub signed: Option<&'a Signature>,
    /// Whether something is in force.
    pub champion: bool,
    /// What happened to aliases of the name.
    pub moves: &'a [AliasMove],
    /// Who promotes, when and why.
    pub by: &'a ChangedBy,
}

/// What a gate looks at; the function says what it finds.
#[derive(Clone, Copy)]
pub(super) enum Rule {
    /// The stored models and their golden rows.
    Models(fn(&Proof) -> Gate),
    /// The study as a whole.
    Study(fn(&StudyCase<'_>) -> Gate),
    /// The forecasts of the study over each horizon; `None` where it does not apply.
    Forecasts(fn(&StudyCase<'_>, &ForecastEvidence) -> Option<Gate>),
    /// The margins of the study over each horizon.
    Margins(fn(&MarginEvidence) -> Gate),
    /// The version in its registry.
    Version(fn(&VersionCase<'_>) -> Gate),
}
