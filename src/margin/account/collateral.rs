//! What an account has: collateral after haircuts, and the relief where it hedges the positions.

use serde::{Deserialize, Serialize};

use crate::base::Symbol;
use crate::loss::portfolio::NetLoss;
use crate::loss::portfolio::correlation::pearson;
use crate::loss::portfolio::haircut::{self, Haircut, charged_correlation, joint};
use crate::loss::portfolio::scenario::Scenarios;
use crate::margin::Error;
use crate::margin::cents::AMOUNT_MAX;

/// One asset.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `asset` | | its name; where there is a price history of this name, volatility and correlation come from it |
/// | `amount` | | units, 0 or more |
/// | `prices` | | by source: the median of three or more counts, of fewer the lowest; one that is not positive does not |
/// | `sigma_daily` | of the history | volatility of one day, a fraction, 0 or more |
/// | `liquidity` | 0 | cost of selling, a fraction, 0 to 1 |
/// | `pegged` | false | whether it should be worth one unit |
/// | `own_ecosystem` | false | falls with the positions (wrong-way risk) |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // The table above says each.
pub struct Asset {
    pub asset: Symbol,
    pub amount: f64,
    pub prices: Vec<f64>,
    pub sigma_daily: Option<f64>,
    #[serde(default)]
    pub liquidity: f64,
    #[serde(default)]
    pub pegged: bool,
    #[serde(default)]
    pub own_ecosystem: bool,
}

impl Asset {
    /// Whether every number is within its range. Prices need not be: they come from elsewhere.
    ///
    /// # Errors
    /// The first that is not.
    pub fn check(&self) -> Result<(), Error> {
        let want = |key, ok: bool, got: f64, want| {
            if ok { Ok(()) } else { Err(Error::Asset { asset: self.asset, key, got, want }) }
        };
        let sigma = self.sigma_daily.unwrap_or(0.0);
        want("amount", self.amount >= 0.0 && self.amount.is_finite(), self.amount, "0 or more")?;
        want("sigma_daily", sigma >= 0.0 && sigma.is_finite(), sigma, "0 or more")?;
        want("liquidity", (0.0..=1.0).contains(&self.liquidity), self.liquidity, "0 to 1")
    }
}

/// One asset as it counts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Valued {
    /// Its name.
    pub asset: Symbol,
    /// At its price, quote units; 0 without a usable price.
    pub value: f64,
    /// What is taken off, a fraction.
    pub haircut: f64,
    /// Correlation with the positions' profit that is charged, where it matters.
    pub correlation: Option<f64>,
}

/// All collateral of an account.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Holdings {
    /// One per asset, in order of names.
    pub assets: Vec<Valued>,
    /// Sum of values, quote units.
    pub value: f64,
    /// Sum of haircuts, quote units.
    pub haircut: f64,
    /// Part of the haircuts that is given back because collateral and positions do not fall together.
    pub relief: f64,
}

impl Holdings {
    /// Values assets and haircuts them; the positions are those that `net` was worked out for.
    ///
    /// # Errors
    /// A setting or a number of an asset is out of range, or they are worth more than [`AMOUNT_MAX`].
    pub fn of(assets: &[Asset], net: &NetLoss, scenarios: &Scenarios, rule: &Haircut) -> Result<Holdings, Error> {
        rule.check()?;
        assets.iter().try_for_each(Asset::check)?;
        let mut assets: Vec<&Asset> = assets.iter().collect();
        assets.sort_by(|a, b| a.asset.cmp(&b.asset).then(a.amount.total_cmp(&b.amount)));
        let mut held = Holdings::default();
        // Standard deviations at risk, and the same weighted by correlation.
        let (mut at_risk, mut related) = (0.0, 0.0);
        for a in assets {
            let value = haircut::price(&a.prices).map_or(0.0, |p| p * a.amount);
            let price = a.pegged.then(|| haircut::price(&a.prices).unwrap_or(f64::NAN));
            // An asset of which nothing is known is taken to be worth nothing.
            let sigma = a.sigma_daily.or_else(|| scenarios.moves(a.asset).map(|_| scenarios.sigma_daily(a.asset)));
            let cut = sigma.map_or(1.0, |s| rule.of(s, a.liquidity, price));
            let risk = value * sigma.unwrap_or(0.0) * rule.mpor_days.sqrt();
            let correlation = correlation(a, net, scenarios).filter(|_| risk > 0.0 && net.requirement > 0.0);
            at_risk += risk;
            related += risk * correlation.unwrap_or(1.0);
            held.value += value;
            held.haircut += value * cut;
            held.assets.push(Valued { asset: a.asset, value, haircut: cut, correlation });
        }
        if held.value > AMOUNT_MAX {
            return Err(Error::Amount { what: "the value of the collateral".into(), got: held.value });
        }
        if at_risk > 0.0 {
            let both = joint(net.requirement / rule.z, at_risk, related / at_risk, rule.z);
            held.relief = (both.sum - both.charge).clamp(0.0, held.haircut);
        }
        Ok(held)
    }

    /// What counts towards the requirement.
    pub fn counted(&self) -> f64 {
        self.value - self.haircut + self.relief
    }
}

/// Correlation that is charged: measured over the scenarios, under stress; `None` where it is unknown,
/// which counts as 1.
fn correlation(asset: &Asset, net: &NetLoss, scenarios: &Scenarios) -> Option<f64> {
    let moves = scenarios.moves(asset.asset);
    if asset.own_ecosystem {
        return Some(1.0);
    }
    let measured = pearson(&net.pnl, moves?);
    let all: f64 = net.groups.iter().map(|g| g.loss).sum();
    let of_it = net.groups.iter().filter(|g| g.underlying == asset.asset);
    let short: f64 = of_it.map(|g| (-g.direction).max(0.0) * g.loss / all).sum();
    Some(charged_correlation(measured, false, short))
}
