//! All gates of a registered version.

use super::evidence::Evidence;
use super::forecast_gates::judge;
use super::gate::{Gate, OPEN, gate};
use super::governance_gates::governed;
use crate::record::error::Error;
use crate::record::registry::{By, Loaded, Registry, Which};

impl Registry {
    /// The gates of a version before an alias may stand for it, `by` whom and when; none for
    /// `challenger` and `shadow`, from which nothing is served.
    ///
    /// # Errors
    /// The version does not load, or has no evidence that can be read.
    pub fn gates(&self, name: &str, alias: &str, which: &Which, by: &By) -> Result<Vec<Gate>, Error> {
        if OPEN.contains(&alias) {
            return Ok(Vec::new());
        }
        let loaded = self.load(name, which)?;
        let own = self.evidence(&loaded)?;
        let champion = match self.load(name, &Which::Alias(alias.into())) {
            Ok(champion) => Some((format!("{alias} {}", champion.manifest.version), self.evidence(&champion)?)),
            Err(Error::Missing(_)) => None,
            Err(e) => return Err(e),
        };
        let Some(own) = own else {
            let got = format!("version {} has none", loaded.manifest.version);
            return Ok(vec![gate("evidence", "evidence.json in the version", got, false)]);
        };
        let mut gates = vec![replay(&loaded)];
        gates.extend(judge(&own, champion.as_ref().and_then(|(n, e)| Some((n.as_str(), e.as_ref()?)))));
        let moves = self.aliases(name)?.history()?;
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

fn replay(loaded: &Loaded) -> Gate {
    let p = loaded.proof;
    let got = format!("{} answers over {} rows, largest difference {:e}", p.answers, p.rows, p.relative);
    gate("replay", "golden rows answered as registered", got, true)
}
