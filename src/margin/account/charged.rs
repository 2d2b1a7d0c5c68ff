//! Which of the published requirements an account is asked for.

use serde::{Deserialize, Serialize};

/// Which requirement, by what an account does.
///
/// | requirement | multiplier | asked of |
/// |---|---|---|
/// | `initial` | `multiplier` | a position in force, as the margin it is to hold |
/// | `new` | `multiplier_new` | what opens, adds or withdraws; never below `initial` |
/// | `held` | `multiplier_held`, the published one of maintenance margin | a position that was in order and only reduces: below it it is liquidated |
///
/// A position moves from `held` to `new` with its first order that is not reduce-only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Charged {
    /// Initial margin.
    #[default]
    Initial,
    /// The fast requirement.
    New,
    /// Maintenance margin.
    Held,
}

impl Charged {
    /// The text form.
    pub fn as_str(self) -> &'static str {
        match self {
            Charged::Initial => "initial",
            Charged::New => "new",
            Charged::Held => "held",
        }
    }
    /// The multiplier of these three; initial margin's where the other is not given, and for what is new if it is larger.
    pub(super) fn multiplier(self, initial: f64, new: Option<f64>, held: Option<f64>) -> f64 {
        match self {
            Charged::Initial => initial,
            Charged::New => new.unwrap_or(initial).max(initial),
            Charged::Held => held.unwrap_or(initial),
        }
    }
}

impl std::str::FromStr for Charged {
    type Err = String;
    fn from_str(text: &str) -> Result<Charged, String> {
        let all = [Charged::Initial, Charged::New, Charged::Held];
        let found = all.into_iter().find(|c| c.as_str() == text);
        found.ok_or_else(|| format!("`{text}`: want initial, new or held"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reads_what_it_writes_and_takes_its_own_multiplier() {
        for (text, m) in [("initial", 1.2), ("new", 1.5), ("held", 1.1)] {
            let charged: Charged = text.parse().unwrap();
            assert_eq!(charged.as_str(), text);
            assert_eq!(charged.multiplier(1.2, Some(1.5), Some(1.1)), m);
        }
        assert!("fast".parse::<Charged>().unwrap_err().contains("want initial, new or held"));
        assert_eq!(Charged::New.multiplier(1.2, Some(1.1), None), 1.2, "never below initial margin");
        assert_eq!(Charged::Held.multiplier(1.2, None, None), 1.2);
    }
}
