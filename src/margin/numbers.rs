//! Every number of a decision: its name, unit and value, and where it goes besides the ledger and the wire.
//!
//! What a consumer acts on has a place of its own in a publication and stands here; the rest is declared in
//! [`super::why`].

use super::decision::Decision;
use super::why::{NumberReach, NumberUnit, Why};

/// One number of a decision.
#[derive(Clone, Copy, Debug)]
pub struct Number {
    /// Its name: field of the decision, column of `decisions.parquet`.
    pub name: &'static str,
    /// What it is, in words.
    pub about: &'static str,
    /// What it is measured in.
    pub unit: NumberUnit,
    /// Where else it goes.
    pub reach: &'static [NumberReach],
    value: Value,
}

#[derive(Clone, Copy, Debug)]
enum Value {
    Own(fn(&Decision) -> f64),
    Why(fn(&Why) -> f64),
}

impl Number {
    /// Its value; not finite where there is none. Parts per million are whole.
    pub fn get(&self, decision: &Decision) -> f64 {
        match self.value {
            Value::Own(get) => get(decision),
            Value::Why(get) => get(&decision.why),
        }
    }
    /// Whether it is a column of `decisions.parquet`.
    pub fn is_column(&self) -> bool {
        self.reach.contains(&NumberReach::Column)
    }
    /// What the explanation says of it; `None` where it does not.
    pub fn explained(&self, decision: &Decision) -> Option<String> {
        let value =
            Some(self.get(decision)).filter(|v| v.is_finite() && self.reach.contains(&NumberReach::Explained))?;
        Some(format!("{} {}", self.name.replace('_', " "), self.unit.text(value)))
    }
}

/// Every number of a decision, in the order of the columns of `decisions.parquet`.
pub fn numbers() -> impl Iterator<Item = Number> {
    let why = Why::NUMBERS.iter().map(|n| Number {
        name: n.name,
        about: n.about,
        unit: n.unit,
        reach: n.reach,
        value: Value::Why(n.get),
    });
    OWN.iter().copied().chain(why)
}

const fn own(name: &'static str, unit: NumberUnit, about: &'static str, get: fn(&Decision) -> f64) -> Number {
    Number { name, about, unit, reach: &[NumberReach::Column], value: Value::Own(get) }
}

/// What a consumer acts on, and the score that is published beside it.
const OWN: &[Number] = &[
    own("baseline", NumberUnit::Fraction, "Baseline 99 % loss.", |d| d.baseline),
    own("forecast_loss", NumberUnit::Fraction, "Forecast 99 % loss; absent where no forecast was usable.", |d| {
        d.forecast_loss.unwrap_or(f64::NAN)
    }),
    own("m_raw", NumberUnit::Ratio, "Multiplier that the chain wants, before its bounds and guardrails.", |d| d.m_raw),
    own("m_im_ppm", NumberUnit::PartsPerMillion, "Published initial-margin multiplier, rounded up.", |d| {
        d.m_im_ppm as f64
    }),
    own("m_mm_ppm", NumberUnit::PartsPerMillion, "Published maintenance-margin multiplier, rounded up.", |d| {
        d.m_mm_ppm as f64
    }),
    Number {
        reach: &[],
        ..own("m_transfer_ppm", NumberUnit::PartsPerMillion, "Published multiplier for withdrawals, rounded up.", |d| {
            d.m_transfer_ppm as f64
        })
    },
    own("c_im", NumberUnit::Fraction, "Initial margin asked.", |d| d.c_im),
    own("c_mm", NumberUnit::Fraction, "Maintenance margin asked.", |d| d.c_mm),
    own("p_stress", NumberUnit::Share, "Probability of the stressed regime, where a model gives it.", |d| {
        d.p_stress.unwrap_or(f64::NAN)
    }),
    own("risk_score", NumberUnit::Points, "Risk score: where volatility, liquidity, flow stand in their year.", |d| {
        d.why.risk_score.map_or(f64::NAN, |s| s.points())
    }),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_those_of_consumers_come_first() {
        let names: Vec<&str> = numbers().map(|n| n.name).collect();
        let unique: std::collections::BTreeSet<&&str> = names.iter().collect();
        assert_eq!(unique.len(), names.len());
        assert_eq!(names[..OWN.len()], OWN.iter().map(|n| n.name).collect::<Vec<_>>());
        assert!(numbers().all(|n| n.about.len() > 10 && n.about.ends_with('.')), "each says what it is");
    }

    #[test]
    fn a_value_is_told_in_its_unit() {
        let told = [
            (NumberUnit::Fraction, 0.05, "5.000 %"),
            (NumberUnit::Share, 1.0, "100.000 %"),
            (NumberUnit::Ratio, 1.25, "1.250000"),
            (NumberUnit::PartsPerMillion, 1_250_000.0, "1250000 ppm"),
            (NumberUnit::Points, 56.5, "56.5"),
            (NumberUnit::Hours, 120.0, "120 h"),
        ];
        for (unit, value, text) in told {
            assert_eq!(unit.text(value), text);
        }
    }
}
