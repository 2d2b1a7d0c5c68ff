//! Orders of people as they are proposed and as the ledger keeps them.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::bodies::Counts;
use super::text::ppm;
use crate::base::{Horizon, Span, Symbol, Ts};
use crate::margin::guardrail::former;
use crate::margin::guardrail::order::Scope;
use crate::margin::guardrail::policy_change::Changes;
use crate::margin::{self, NewSettings, Order, Override, PolicySettings};
use crate::record::error::Error;
use crate::record::stored::to_value;

/// The key of changes that says which horizon they are for.
const HORIZON: &str = "horizon";

/// What is proposed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ProposedChange {
    /// Other settings, `key = value`: of `margin.guardrail`, of `margin.blend` after `blend.`, and `horizon`, where
    /// they are for decisions over one horizon alone.
    Settings(Changes),
    /// A multiplier for a time, from its approval on.
    Override {
        /// Which instrument; absent: all.
        symbol: Option<Symbol>,
        /// Parts per million.
        m_ppm: u64,
        /// How long, at most 72 hours.
        length: Span,
    },
}

impl ProposedChange {
    /// How many others must approve.
    pub fn need(&self) -> usize {
        match self {
            ProposedChange::Settings(_) => 2,
            ProposedChange::Override { .. } => 1,
        }
    }
    /// What to write instead of a setting that is no more.
    pub(super) fn retired(&self) -> Option<String> {
        let ProposedChange::Settings(changes) = self else { return None };
        let (key, instead) = changes.keys().find_map(|key| Some((key, former::instead_of(key)?)))?;
        Some(format!("margin.guardrail.{key}: {instead}"))
    }
    /// The horizon for which alone its settings are, where they are for one.
    ///
    /// # Errors
    /// It is no length of time.
    pub(super) fn horizon(&self) -> Result<Option<Horizon>, margin::Error> {
        let ProposedChange::Settings(changes) = self else { return Ok(None) };
        let bad =
            |got: &str| margin::Error::Policy { key: HORIZON, got: got.into(), want: "a length of time, such as 8h" };
        let text = changes.get(HORIZON).map(|text| text.trim_matches('"'));
        text.map(|text| text.parse().map(Horizon).map_err(|_| bad(text))).transpose()
    }
    /// The order that it is, where `now` are the settings in force and it was approved then.
    ///
    /// # Errors
    /// It does not fit those settings, or is out of range.
    pub(super) fn order(&self, now: &PolicySettings, approved: Ts) -> Result<Order, margin::Error> {
        if let ProposedChange::Override { symbol, m_ppm, length } = self {
            let set = Override::new(*m_ppm as f64 / 1e6, approved, *length)?;
            return Ok(Order::Override { symbol: *symbol, set });
        }
        let new = self.settings(now).unwrap_or(Ok(*now))?;
        let (horizon, blend) = (self.horizon()?, Some(new.blend));
        Ok(Order::Settings(Box::new(NewSettings { horizon, blend, guardrail: new.guardrail })))
    }
    /// The settings that it asks for, on top of those in force; `None` where it is about something else.
    pub(super) fn settings(&self, now: &PolicySettings) -> Option<Result<PolicySettings, margin::Error>> {
        let ProposedChange::Settings(changes) = self else { return None };
        let own = changes.iter().filter(|c| c.0 != HORIZON).map(|(k, v)| (k.clone(), v.clone())).collect();
        Some(self.horizon().and_then(|_| now.with(&own)))
    }
}

impl fmt::Display for ProposedChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProposedChange::Settings(changes) => {
                let pairs: Vec<String> = changes.iter().map(|(k, v)| format!("{k}={v}")).collect();
                write!(f, "{}", pairs.join(" "))
            }
            ProposedChange::Override { symbol, m_ppm, length } => {
                let of = symbol.map_or("every instrument".to_string(), |s| s.to_string());
                write!(f, "{} for {of} over {length}", ppm(*m_ppm))
            }
        }
    }
}

/// Body of an `order` entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderGiven {
    /// What.
    pub order: StoredOrder,
    /// The proposal that it was, where it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// Everybody whose name stands under it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub who: Vec<String>,
    /// Why.
    pub why: String,
    /// Where.
    pub after: Counts,
}

/// An order in whole numbers and text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum StoredOrder {
    /// Freeze or release; the scope as `margincast serve --help` writes it.
    Kill {
        /// What of.
        scope: String,
        /// Freeze, or release.
        on: bool,
    },
    /// A multiplier for a time.
    Override {
        /// Which instrument; absent: all.
        symbol: Option<Symbol>,
        /// The multiplier and its end.
        set: Override,
    },
    /// The settings in force from here on, as the text of a JSON object.
    Settings(String),
}

impl StoredOrder {
    /// Of an order.
    ///
    /// # Errors
    /// Never for settings that were checked.
    pub fn of(order: &Order) -> Result<StoredOrder, Error> {
        Ok(match order {
            Order::Kill { scope, on } => StoredOrder::Kill { scope: scope.to_string(), on: *on },
            Order::Override { symbol, set } => StoredOrder::Override { symbol: *symbol, set: *set },
            Order::Settings(new) => StoredOrder::Settings(to_value("order", new)?.to_string()),
        })
    }
    /// The order.
    ///
    /// # Errors
    /// Its text is not of a form that this program knows.
    pub fn read(&self) -> Result<Order, Error> {
        let bad = |why: String| Error::Format { place: "an order of the ledger".into(), why };
        Ok(match self {
            StoredOrder::Kill { scope, on } => Order::Kill { scope: scope.parse::<Scope>().map_err(bad)?, on: *on },
            StoredOrder::Override { symbol, set } => Order::Override { symbol: *symbol, set: *set },
            StoredOrder::Settings(text) => {
                let mut settings: Value = serde_json::from_str(text).map_err(|e| bad(e.to_string()))?;
                // Once an order told the guardrails alone.
                if settings.get("guardrail").is_none() {
                    settings = json!({ "guardrail": settings });
                }
                former::renew(&mut settings["guardrail"]);
                Order::Settings(serde_json::from_value::<Box<NewSettings>>(settings).map_err(|e| bad(e.to_string()))?)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Span, Ts};
    use crate::margin::{Blend, Policy};

    #[test]
    fn orders_read_back_bit_for_bit() {
        let mut policy = Policy { dead_band: 0.1 + 0.2 - 0.25, ..Policy::default() };
        policy.thin.m_min = 1.0 + 1.0 / 3.0;
        let set = Override { m_ppm: 1_500_000, until: Ts(7) };
        let kill = Order::Kill { scope: Scope::Model("HMM".into()), on: true };
        let blend = Blend { weight: 0.1 + 0.2, ..Blend::default() };
        let new = NewSettings { horizon: Some(Horizon(Span::HOUR)), blend: Some(blend), guardrail: policy };
        for order in [Order::Settings(Box::new(new)), Order::Override { symbol: None, set }, kill] {
            let stored = StoredOrder::of(&order).unwrap();
            let text = serde_json::to_string(&stored).unwrap();
            assert_eq!(serde_json::from_str::<StoredOrder>(&text).unwrap().read().unwrap(), order);
        }
    }

    #[test]
    fn settings_of_before_are_the_pace_of_rows_of_a_day() {
        let text = r#"{"im":{"m_max":2.0,"up_per_day":0.2,"down_per_day":0.02},"emergency_up_per_day":0.25}"#;
        let Order::Settings(new) = StoredOrder::Settings(text.into()).read().unwrap() else { panic!("settings") };
        let policy = new.guardrail;
        assert_eq!((new.horizon, new.blend), (None, None));
        assert_eq!((policy.row, policy.im.up, policy.im.down), (Some(Span::DAY), Some(0.2), Some(0.02)));
    }
}
