//! Orders of people as the ledger keeps them.

use serde::{Deserialize, Serialize};

use super::bodies::Counts;
use crate::base::Symbol;
use crate::margin::guardrail::former;
use crate::margin::guardrail::order::Scope;
use crate::margin::{Order, Override, Policy};
use crate::record::error::Error;
use crate::record::stored::to_value;

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
            Order::Settings(policy) => StoredOrder::Settings(to_value("order", policy)?.to_string()),
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
                let mut settings = serde_json::from_str(text).map_err(|e| bad(e.to_string()))?;
                former::renew(&mut settings);
                Order::Settings(serde_json::from_value::<Box<Policy>>(settings).map_err(|e| bad(e.to_string()))?)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Span, Ts};

    #[test]
    fn orders_read_back_bit_for_bit() {
        let mut policy = Policy { dead_band: 0.1 + 0.2 - 0.25, ..Policy::default() };
        policy.thin.m_min = 1.0 + 1.0 / 3.0;
        let set = Override { m_ppm: 1_500_000, until: Ts(7) };
        let kill = Order::Kill { scope: Scope::Model("HMM".into()), on: true };
        for order in [Order::Settings(Box::new(policy)), Order::Override { symbol: None, set }, kill] {
            let stored = StoredOrder::of(&order).unwrap();
            let text = serde_json::to_string(&stored).unwrap();
            assert_eq!(serde_json::from_str::<StoredOrder>(&text).unwrap().read().unwrap(), order);
        }
    }

    #[test]
    fn settings_of_before_are_the_pace_of_rows_of_a_day() {
        let text = r#"{"im":{"m_max":2.0,"up_per_day":0.2,"down_per_day":0.02},"emergency_up_per_day":0.25}"#;
        let Order::Settings(policy) = StoredOrder::Settings(text.into()).read().unwrap() else { panic!("settings") };
        assert_eq!((policy.row, policy.im.up, policy.im.down), (Some(Span::DAY), Some(0.2), Some(0.02)));
    }
}
