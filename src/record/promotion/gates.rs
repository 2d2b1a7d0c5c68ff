//! Every gate, in the order in which they are shown, and all of them run on a version.

use super::case::{Rule, StudyCase, VersionCase};
use super::evidence::{Evidence, Signature};
use super::gate::{Gate, OPEN, gate};
use super::{forecast_gates, governance_gates, margin_gates};
use crate::base::Digest;
use crate::record::error::Error;
use crate::record::registry::{AliasMove, ChangedBy, Loaded, Proof, Registry, VersionRef};

/// The list: a name as the table in the documentation of this folder has it, and the rule. Neighbours that look
/// at one horizon after another are shown horizon by horizon.
const GATES: &[(&str, Rule)] = &[
    ("replay", Rule::Models(governance_gates::replay)),
    ("leak test", Rule::Study(forecast_gates::leak_test)),
    ("lead and lag", Rule::Study(forecast_gates::lead_lag)),
    ("no worse over h", Rule::Forecasts(forecast_gates::no_worse)),
    ("no worse than the base over h", Rule::Forecasts(forecast_gates::no_worse_than_base)),
    ("confidence set over h", Rule::Forecasts(forecast_gates::confidence)),
    ("lower coverage over h", Rule::Forecasts(forecast_gates::lower_coverage)),
    ("upper coverage over h", Rule::Forecasts(forecast_gates::upper_coverage)),
    ("better over some horizon", Rule::Study(forecast_gates::better)),
    ("drift", Rule::Study(forecast_gates::drift)),
    ("margin coverage over h", Rule::Margins(margin_gates::coverage)),
    ("traffic light over h", Rule::Margins(margin_gates::green)),
    ("expected shortfall over h", Rule::Margins(margin_gates::shortfall)),
    ("equal cost over h", Rule::Margins(margin_gates::equal_cost)),
    ("overshoot over h", Rule::Margins(margin_gates::overshoot)),
    ("stress library over h", Rule::Margins(margin_gates::stress)),
    ("closed loop", Rule::Version(governance_gates::closed_loop)),
    ("shadow", Rule::Version(governance_gates::shadow)),
    ("card", Rule::Version(governance_gates::card)),
];

/// Runs the gates of which what they look at is there.
fn run(proof: Option<&Proof>, study: Option<&StudyCase<'_>>, version: Option<&VersionCase<'_>>) -> Vec<Gate> {
    let mut gates = Vec::new();
    for block in GATES.chunk_by(|a, b| std::mem::discriminant(&a.1) == std::mem::discriminant(&b.1)) {
        let rules = || block.iter().map(|(_, rule)| *rule);
        if matches!(block[0].1, Rule::Margins(_)) && study.is_some_and(|s| s.own.margins.is_empty()) {
            gates.push(gate("margins", "evidence of the guarded margin", "the version has none", false));
        }
        let horizons = match (block[0].1, study) {
            (Rule::Forecasts(_), Some(s)) => s.own.horizons.len(),
            (Rule::Margins(_), Some(s)) => s.own.margins.len(),
            _ => 1,
        };
        for at in 0..horizons {
            gates.extend(rules().filter_map(|rule| match rule {
                Rule::Models(rule) => proof.map(rule),
                Rule::Study(rule) => study.map(rule),
                Rule::Forecasts(rule) => study.and_then(|s| rule(s, s.own.horizons.get(at)?)),
                Rule::Margins(rule) => study.and_then(|s| s.own.margins.get(at)).map(rule),
                Rule::Version(rule) => version.map(rule),
            }));
        }
    }
    gates
}

/// The gates of what a version's study measured, against the champion by name where there is one.
pub fn judge(own: &Evidence, champion: Option<(&str, &Evidence)>) -> Vec<Gate> {
    run(None, Some(&StudyCase { own, champion }), None)
}

/// The gates that no study can measure. `champion` is whether something is in force; `moves` are those of the
/// registered name.
pub fn governed(
    signed: Option<&Signature>,
    digest: &Digest,
    champion: bool,
    moves: &[AliasMove],
    by: &ChangedBy,
) -> Vec<Gate> {
    run(None, None, Some(&VersionCase { digest, signed, champion, moves, by }))
}

impl Registry {
    /// The gates of a version before an alias may stand for it, `by` whom and when; none for
    /// `challenger` and `shadow`, from which nothing is served.
    ///
    /// # Errors
    /// The version does not load, or has no evidence that can be read.
    pub fn gates(&self, name: &str, alias: &str, which: &VersionRef, by: &ChangedBy) -> Result<Vec<Gate>, Error> {
        if OPEN.contains(&alias) {
            return Ok(Vec::new());
        }
        let loaded = self.load(name, which)?;
        let own = self.evidence(&loaded)?;
        let champion = match self.load(name, &VersionRef::Alias(alias.into())) {
            Ok(champion) => Some((format!("{alias} {}", champion.manifest.version), self.evidence(&champion)?)),
            Err(Error::Missing(_)) => None,
            Err(e) => return Err(e),
        };
        let Some(own) = own else {
            let got = format!("version {} has none", loaded.manifest.version);
            return Ok(vec![gate("evidence", "evidence.json in the version", got, false)]);
        };
        let rival = champion.as_ref().and_then(|(n, e)| Some((n.as_str(), e.as_ref()?)));
        let moves = self.aliases(name)?.history()?;
        let mut gates = run(Some(&loaded.proof), Some(&StudyCase { own: &own, champion: rival }), None);
        gates.extend(governed(own.signed.as_ref(), &loaded.digest, champion.is_some(), &moves, by));
        Ok(gates)
    }
    /// What a version stores; `None` for one that was registered before there was evidence.
    fn evidence(&self, loaded: &Loaded) -> Result<Option<Evidence>, Error> {
        if loaded.manifest.files.iter().all(|f| f.path != "evidence.json") {
            return Ok(None);
        }
        let place = format!("{} {}: evidence.json", loaded.manifest.name, loaded.manifest.version);
        Evidence::read(&place, &self.file(&loaded.manifest, "evidence.json")?).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::GATES;

    #[test]
    fn every_gate_is_in_the_table_of_the_documentation_in_the_same_order() {
        let table = include_str!("mod.rs").lines().skip_while(|l| !l.starts_with("//! | gate |")).skip(2);
        let rows = table.map_while(|l| l.strip_prefix("//! | ")).map(|l| l.split(" |").next().unwrap_or_default());
        assert_eq!(rows.collect::<Vec<_>>(), GATES.iter().map(|g| g.0).collect::<Vec<_>>());
    }
}
