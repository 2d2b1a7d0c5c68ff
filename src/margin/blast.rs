//! Blast radius: who would be liquidated by a change of maintenance margin.
//!
//! An account is liquidatable if its equity is below its requirement; equality is healthy. What was
//! liquidatable before does not count.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::loss::portfolio::{Params, Portfolio};
use crate::loss::scenario::Scenarios;

/// One account, before and after.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// What it has, quote units.
    pub equity: f64,
    /// Open notional, quote units.
    pub notional: f64,
    /// Maintenance margin today.
    pub before: f64,
    /// Maintenance margin as proposed.
    pub after: f64,
}

impl Account {
    /// Under flat rates of maintenance margin.
    pub fn at_rates(equity: f64, notional: f64, before: f64, after: f64) -> Account {
        let n = notional.abs();
        Account { equity, notional, before: before * n, after: after * n }
    }

    /// Healthy today and not as proposed. A number that is none is never healthy.
    pub fn is_newly_liquidatable(&self) -> bool {
        let healthy = |requirement: f64| self.equity >= requirement;
        healthy(self.before) && !healthy(self.after)
    }
}

/// What a change would set off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Blast {
    /// Accounts newly liquidatable.
    pub accounts: usize,
    /// Their notional, quote units.
    pub notional: f64,
    /// Their share of all notional, in \[0, 1\].
    pub share: f64,
}

/// Bounds within which a change may be published without anybody's approval.
///
/// | setting | default | range |
/// |---|---|---|
/// | `share` | 0.005 | of open notional |
/// | `depth` | 0.10 | of the stressed depth |
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs)] // The table above says each.
pub struct Bounds {
    pub share: f64,
    pub depth: f64,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds { share: 0.005, depth: 0.10 }
    }
}

impl Blast {
    /// Of accounts, in their order.
    pub fn of(accounts: &[Account]) -> Blast {
        let newly = accounts.iter().filter(|a| a.is_newly_liquidatable());
        let (count, notional) = newly.fold((0, 0.0), |(n, sum), a| (n + 1, sum + a.notional.abs()));
        let all: f64 = accounts.iter().map(|a| a.notional.abs()).sum();
        Blast { accounts: count, notional, share: if all > 0.0 { notional / all } else { 0.0 } }
    }

    /// Whether it is small beside open notional and beside the depth of a stressed market.
    pub fn is_within(&self, bounds: &Bounds, stressed_depth: f64) -> bool {
        self.share <= bounds.share && self.notional <= bounds.depth * stressed_depth
    }
}

/// Net requirements of many portfolios under the same scenarios, in their order; `None` where one
/// cannot be margined.
pub fn remargin(portfolios: &[Portfolio], scenarios: &Scenarios, params: &Params) -> Vec<Option<f64>> {
    let one = |p: &Portfolio| p.net(scenarios, params).ok().map(|net| net.requirement);
    portfolios.par_iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equality_is_healthy_and_what_was_liquidatable_does_not_count() {
        let account = |equity| Account::at_rates(equity, -1000.0, 0.01, 0.02);
        assert!(!account(20.0).is_newly_liquidatable() && account(19.99).is_newly_liquidatable());
        assert!(!account(9.0).is_newly_liquidatable() && !account(f64::NAN).is_newly_liquidatable());
        assert_eq!(Blast::of(&[]), Blast::default());
    }

    #[test]
    fn a_change_is_small_beside_open_notional_and_depth_or_waits() {
        let blast = Blast { accounts: 1, notional: 5.0, share: 0.004 };
        assert!(blast.is_within(&Bounds::default(), 50.0));
        assert!(!blast.is_within(&Bounds::default(), 49.0) && !blast.is_within(&Bounds::default(), f64::NAN));
        assert!(!Blast { share: 0.006, ..blast }.is_within(&Bounds::default(), 50.0));
    }
}
