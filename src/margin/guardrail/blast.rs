//! The blast radius of a rise of maintenance margin: whom it would liquidate, and how far it may go
//! at once.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::loss::portfolio::scenario::Scenarios;
use crate::loss::portfolio::{Params, Portfolio};

/// Who would be liquidated. Implemented by whatever knows the accounts.
pub trait Exposure: Send + Sync {
    /// Accounts that are healthy while `before` is asked and liquidatable once `after` is; both are
    /// maintenance margin, fraction of notional.
    fn newly_liquidatable(&self, before: f64, after: f64) -> Impact;
    /// Open interest, quote units.
    fn open_interest(&self) -> f64;
    /// What the stressed book takes, quote units.
    fn stressed_depth(&self) -> f64;
}

/// Accounts and their notional.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Impact {
    /// How many.
    pub accounts: u64,
    /// Of their positions, quote units.
    pub notional: f64,
}

impl Impact {
    /// Of accounts, in their order.
    pub fn of(accounts: impl IntoIterator<Item = Account>) -> Impact {
        let newly = accounts.into_iter().filter(Account::is_newly_liquidatable);
        newly.fold(Impact::default(), |sum, a| Impact {
            accounts: sum.accounts + 1,
            notional: sum.notional + a.notional.abs(),
        })
    }
}

/// One account under two requirements, quote units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Account {
    /// What it has.
    pub equity: f64,
    /// Open notional.
    pub notional: f64,
    /// Maintenance margin today.
    pub before: f64,
    /// Maintenance margin as proposed.
    pub after: f64,
}

impl Account {
    /// Healthy today and not as proposed; equality is healthy. A number that is none is never healthy.
    fn is_newly_liquidatable(&self) -> bool {
        let healthy = |requirement: f64| self.equity >= requirement;
        healthy(self.before) && !healthy(self.after)
    }
}

/// How much may be liquidated by one rise without a person's approval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BlastLimits {
    /// Of open interest, 0.005.
    pub of_interest: f64,
    /// Of the stressed depth, 0.10.
    pub of_depth: f64,
}

impl Default for BlastLimits {
    fn default() -> BlastLimits {
        BlastLimits { of_interest: 0.005, of_depth: 0.10 }
    }
}

/// How often a rise is halved before it waits.
const HALVINGS: i32 = 10;

impl BlastLimits {
    /// Whether so much may be liquidated. What is no number may not.
    pub fn allows(&self, impact: &Impact, exposure: &dyn Exposure) -> bool {
        let (interest, depth) = (exposure.open_interest(), exposure.stressed_depth());
        impact.accounts == 0
            || (impact.notional <= self.of_interest * interest && impact.notional <= self.of_depth * depth)
    }
    /// The furthest of `from + (to - from) / 2^k` that may be asked at once, else `from`; and what it
    /// liquidates. `asked` gives the maintenance margin that consumers would ask, rounding included,
    /// and `before` is what they ask now.
    pub fn furthest(
        &self,
        (from, to): (f64, f64),
        before: f64,
        asked: impl Fn(f64) -> f64,
        exposure: &dyn Exposure,
    ) -> (f64, Impact) {
        let impact = |c: f64| exposure.newly_liquidatable(before, asked(c));
        for k in 0..=HALVINGS {
            let c = from + (to - from) * 0.5f64.powi(k);
            let would = impact(c);
            if self.allows(&would, exposure) {
                return (c, would);
            }
        }
        (from, impact(from))
    }
}

/// Accounts as a list of (equity, notional), quote units: the exposure of one instrument.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Accounts {
    /// (equity, notional) of each.
    pub accounts: Vec<(f64, f64)>,
    /// What the stressed book takes.
    pub stressed_depth: f64,
}

impl Accounts {
    /// Share of the largest account in open interest; absent without any.
    pub fn concentration(&self) -> Option<f64> {
        let largest = self.accounts.iter().map(|a| a.1.abs()).fold(0.0, f64::max);
        Some(largest / self.open_interest()).filter(|share| share.is_finite())
    }
}

impl Exposure for Accounts {
    fn newly_liquidatable(&self, before: f64, after: f64) -> Impact {
        let account = |&(equity, notional): &(f64, f64)| {
            let n: f64 = notional;
            Account { equity, notional, before: before * n.abs(), after: after * n.abs() }
        };
        Impact::of(self.accounts.iter().map(account))
    }
    fn open_interest(&self) -> f64 {
        self.accounts.iter().map(|a| a.1.abs()).sum()
    }
    fn stressed_depth(&self) -> f64 {
        self.stressed_depth
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
        let account = |equity| Account { equity, notional: -1000.0, before: 10.0, after: 20.0 };
        assert!(!account(20.0).is_newly_liquidatable() && account(19.99).is_newly_liquidatable());
        assert!(!account(9.0).is_newly_liquidatable() && !account(f64::NAN).is_newly_liquidatable());
        assert_eq!(Impact::of([]), Impact::default());
        assert_eq!(Impact::of([account(15.0)]), Impact { accounts: 1, notional: 1000.0 });
    }

    #[test]
    fn a_rise_is_halved_until_it_liquidates_little_enough() {
        // One account per 0.1 % of maintenance margin, each 1 % of open interest.
        let accounts = (1..=100).map(|i| (f64::from(i), 1000.0)).collect();
        let exposure = Accounts { accounts, stressed_depth: 1e9 };
        let blast = BlastLimits { of_interest: 0.05, ..BlastLimits::default() };
        let (c, impact) = blast.furthest((0.02, 0.06), 0.02, |c| c, &exposure);
        assert!((c - 0.025).abs() < 1e-12 && impact.accounts <= 5, "{c} {impact:?}");
        let none = blast.furthest((0.02, 0.06), 0.02, |c| c.max(0.04), &exposure);
        assert_eq!((none.0, none.1.accounts), (0.02, 20), "what is asked anyway is reported");
        let deep = Accounts { stressed_depth: 1.0, ..exposure };
        assert_eq!(blast.furthest((0.02, 0.06), 0.02, |c| c, &deep).1.accounts, 0);
        assert!(!BlastLimits { of_interest: f64::NAN, ..blast }.allows(&Impact { accounts: 1, notional: 0.0 }, &deep));
    }
}
