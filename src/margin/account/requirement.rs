//! The requirement of one account: what its positions may lose, and what is added to it, position by
//! position.
//!
//! | part | what it is |
//! |---|---|
//! | net | gross scenario loss less what diversification takes off, see [`crate::loss::portfolio`] |
//! | option shock | by underlying, how far the worst point of the grid of prices and implied volatilities, revalued in full, lies beyond the scenario loss |
//! | horizon | by underlying, `(sqrt(h_eff / h0) - 1)` of its loss: closing takes time |
//! | concentration | by underlying, `(max(1, sqrt(net / threshold)) - 1)` of its loss |
//! | liquidity | half spread and impact on the notional to be closed |
//! | multiplier | `m - 1` of net, m the underlyings' mean by their gross losses, and of each option shock its underlying's own |
//! | tier | how far the size schedules of the net positions ask for more than all of that |
//!
//! Every part is a sum over positions, and the requirement is the sum of those, in order.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::tier::Tier;
use crate::base::Symbol;
use crate::loss::portfolio::implied::Shock;
use crate::loss::portfolio::liquidation::{Fee, budget_per_min};
use crate::loss::portfolio::liquidity::{MarketDepth, PARTICIPATION, concentration};
use crate::loss::portfolio::scenario::Scenarios;
use crate::loss::portfolio::{Group, NetLoss, Params, Portfolio};
use crate::margin::Error;
use crate::margin::cents::AMOUNT_MAX;
use crate::margin::guardrail::policy::{IM_OVER_MM, M_CEILING};

/// What a requirement consists of, in order.
pub const PARTS: [&str; 7] = ["net", "option_shock", "horizon", "concentration", "liquidity", "multiplier", "tier"];
const NET: usize = 0;
const SHOCK: usize = 1;
const HORIZON: usize = 2;
const CONCENTRATION: usize = 3;
const LIQUIDITY: usize = 4;
const MULTIPLIER: usize = 5;
const TIER: usize = 6;

/// What is known of one underlying's market.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `book` | free | spread, volume, depth and others' positions |
/// | `sigma_daily` | of the scenarios | volatility of one day that impact is made of |
/// | `threshold` | none | net notional from which concentration is charged |
/// | `tier` | none | size schedule of net positions |
/// | `open_interest` | 0 | of the market, quote units, where the schedule wants it |
/// | `multiplier` | that of the settings | 1 to 3 |
/// | `multiplier_new`, `multiplier_held` | those of the settings | of what is new, and of what is held: 1 to 3 |
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs)] // The table above says each.
pub struct MarketTerms {
    pub book: MarketDepth,
    pub sigma_daily: Option<f64>,
    pub threshold: Option<f64>,
    pub tier: Option<Tier>,
    pub open_interest: f64,
    pub multiplier: Option<f64>,
    pub multiplier_new: Option<f64>,
    pub multiplier_held: Option<f64>,
}

/// How accounts are margined.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `portfolio` | | level, measure, cap on offsets |
/// | `shock` | | grid of options |
/// | `markets` | none | by underlying |
/// | `multiplier` | 1 | of underlyings that name none, 1 to 3 |
/// | `fee` | | liquidation fee that is recommended, never charged here |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs)] // The table above says each.
pub struct AccountSettings {
    pub portfolio: Params,
    pub shock: Shock,
    pub markets: BTreeMap<Symbol, MarketTerms>,
    pub multiplier: f64,
    pub fee: Fee,
}

impl Default for AccountSettings {
    fn default() -> AccountSettings {
        AccountSettings {
            portfolio: Params::default(),
            shock: Shock::default(),
            markets: BTreeMap::new(),
            multiplier: 1.0,
            fee: Fee::default(),
        }
    }
}

impl AccountSettings {
    /// Whether every setting is within its range.
    ///
    /// # Errors
    /// The first that is not.
    pub fn check(&self) -> Result<(), Error> {
        self.portfolio.check()?;
        self.shock.check()?;
        self.fee.check()?;
        let m_max = M_CEILING;
        let want = |key, ok: bool, got: f64, want| {
            if ok { Ok(()) } else { Err(Error::Policy { key, got: got.to_string(), want }) }
        };
        let named = |m: &MarketTerms| [m.multiplier, m.multiplier_new, m.multiplier_held];
        let multipliers = self.markets.values().flat_map(named).flatten().chain([self.multiplier]);
        multipliers.into_iter().try_for_each(|m| want("multiplier", (1.0..=m_max).contains(&m), m, "1 to 3"))?;
        for market in self.markets.values() {
            let MarketDepth { half_spread_bp, daily_volume, depth, elsewhere } = market.book;
            let (volume, depth) = (daily_volume.unwrap_or(0.0), depth.unwrap_or(0.0));
            for (key, x) in [
                ("book.half_spread_bp", half_spread_bp),
                ("book.daily_volume", volume),
                ("book.depth", depth),
                ("book.elsewhere", elsewhere),
                ("sigma_daily", market.sigma_daily.unwrap_or(0.0)),
                ("open_interest", market.open_interest),
            ] {
                want(key, x >= 0.0 && x.is_finite(), x, "0 or more")?;
            }
            let threshold = market.threshold.unwrap_or(1.0);
            want("threshold", threshold > 0.0, threshold, "above 0")?;
            market.tier.iter().try_for_each(Tier::check)?;
        }
        Ok(())
    }
}

/// One position's part of the requirement, quote units.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The position.
    pub id: String,
    /// Its underlying.
    pub underlying: Symbol,
    /// Its units.
    pub quantity: f64,
    /// Signed value that moves as the underlying.
    pub notional: f64,
    /// What it would lose alone.
    pub standalone: f64,
    /// In order of [`PARTS`].
    pub parts: [f64; PARTS.len()],
}

impl Line {
    /// Sum of its parts.
    pub fn total(&self) -> f64 {
        self.parts.iter().sum()
    }
    /// Change of the requirement per unit that is added: the Euler derivative of all parts.
    pub fn per_unit(&self) -> f64 {
        if self.quantity == 0.0 { 0.0 } else { self.total() / self.quantity }
    }
}

/// The worst point of an underlying's option grid.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct GridPoint {
    /// The underlying.
    pub underlying: Symbol,
    /// Relative move of the price.
    pub price_move: f64,
    /// Direction of the shock of implied volatility: -1, 0, 1.
    pub vol_shock: i8,
    /// Loss there of all positions on the underlying, quote units.
    pub loss: f64,
}

/// How the positions on one underlying would be closed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Closing {
    /// The underlying.
    pub underlying: Symbol,
    /// Notional to be closed, without netting, quote units.
    pub notional: f64,
    /// Half spread and impact, a fraction.
    pub cost: f64,
    /// Days at a tenth of the daily volume.
    pub days: f64,
    /// Notional per minute that may be liquidated: a tenth of the depth within one percent, or of the
    /// volume where depth is not known; absent where neither is.
    pub budget_per_min: Option<f64>,
    /// Recommended liquidation fee, a fraction.
    pub fee: f64,
}

/// What one account must have. Amounts are quote units.
#[derive(Clone, Debug, PartialEq)]
pub struct AccountRequirement {
    /// Sum of the lines, in order.
    pub total: f64,
    /// One per position.
    pub lines: Vec<Line>,
    /// What net loss is made of.
    pub net: NetLoss,
    /// Worst points of option grids.
    pub grid: Vec<GridPoint>,
    /// How each underlying's positions would be closed.
    pub closings: Vec<Closing>,
    /// Mean multiplier that was charged on the net loss.
    pub multiplier: f64,
}

impl AccountRequirement {
    /// Works it out.
    ///
    /// # Errors
    /// A setting is out of range, an underlying has no scenarios, or an amount is beyond
    /// [`AMOUNT_MAX`].
    pub fn of(
        portfolio: &Portfolio,
        scenarios: &Scenarios,
        settings: &AccountSettings,
    ) -> Result<AccountRequirement, Error> {
        settings.check()?;
        let net = portfolio.net(scenarios, &settings.portfolio)?;
        let line = |(p, s): (&crate::loss::portfolio::position::Position, &crate::loss::portfolio::Share)| {
            let mut parts = [0.0; PARTS.len()];
            parts[NET] = s.contribution;
            let (id, underlying, quantity) = (p.id.clone(), p.underlying, p.quantity);
            Line { id, underlying, quantity, notional: p.notional(), standalone: s.standalone, parts }
        };
        let lines = portfolio.positions().iter().zip(&net.shares).map(line).collect();
        let mut r =
            AccountRequirement { total: 0.0, lines, net, grid: Vec::new(), closings: Vec::new(), multiplier: 1.0 };
        let free = MarketTerms::default();
        for g in 0..r.net.groups.len() {
            let group = r.net.groups[g].clone();
            let market = settings.markets.get(&group.underlying).unwrap_or(&free);
            r.shock_options(portfolio, &group, &settings.shock);
            r.close_out(scenarios, &group, market, &settings.fee);
        }
        r.multiply(settings);
        r.size(portfolio, settings);
        r.total = r.lines.iter().map(Line::total).sum();
        let amounts = r.lines.iter().flat_map(|l| l.parts).chain([r.net.gross, r.total]);
        match amounts.into_iter().find(|a| a.is_nan() || a.abs() > AMOUNT_MAX) {
            Some(got) => Err(Error::Amount { what: "the requirement, or a part of it,".into(), got }),
            None => Ok(r),
        }
    }

    /// Sum of one part over positions, by its name's place in [`PARTS`].
    pub fn part(&self, k: usize) -> f64 {
        self.lines.iter().map(|l| l.parts[k]).sum()
    }

    /// Maintenance margin: the largest share of initial margin that it may be.
    pub fn maintenance(&self) -> f64 {
        self.total / IM_OVER_MM
    }

    fn shock_options(&mut self, portfolio: &Portfolio, group: &Group, shock: &Shock) {
        let members = &portfolio.positions()[group.members.clone()];
        if !members.iter().any(|p| p.is_optional()) {
            return;
        }
        let vol = |up: i8| {
            move |now: f64, days: f64| match up {
                1 => shock.vol_up(now, days),
                -1 => shock.vol_down(now, days),
                _ => now,
            }
        };
        let mut worst = GridPoint { underlying: group.underlying, price_move: 0.0, vol_shock: 0, loss: 0.0 };
        for price_move in crate::loss::portfolio::greeks::price_grid(shock.price_range, shock.price_steps) {
            for vol_shock in [-1, 0, 1] {
                let loss = -members.iter().map(|p| p.pnl_at(price_move, vol(vol_shock))).sum::<f64>();
                if loss > worst.loss {
                    worst = GridPoint { price_move, vol_shock, loss, ..worst };
                }
            }
        }
        if worst.loss > group.loss {
            for i in group.members.clone() {
                let own = -portfolio.positions()[i].pnl_at(worst.price_move, vol(worst.vol_shock));
                self.lines[i].parts[SHOCK] = own - self.net.shares[i].in_group;
            }
        }
        self.grid.push(worst);
    }

    fn close_out(&mut self, scenarios: &Scenarios, group: &Group, market: &MarketTerms, fee: &Fee) {
        let sigma = market.sigma_daily.unwrap_or_else(|| scenarios.sigma_daily(group.underlying));
        let to_close = group.gross_notional;
        let cost = market.book.cost(to_close, sigma);
        let longer = market.book.horizon_factor(to_close, scenarios.horizon()) - 1.0;
        let crowded = market.threshold.map_or(0.0, |t| concentration(group.net_notional, t) - 1.0);
        for i in group.members.clone() {
            let (line, share) = (&mut self.lines[i], self.net.shares[i].in_group);
            line.parts[HORIZON] = longer * share;
            line.parts[CONCENTRATION] = crowded * share;
            line.parts[LIQUIDITY] = cost * line.notional.abs();
        }
        // A depth of D falls by one percent at about D / 100.
        let depth = market.book.depth.map(|d| d / 100.0);
        let per_min = depth.or(market.book.daily_volume.map(|v| v / 1440.0));
        self.closings.push(Closing {
            underlying: group.underlying,
            notional: to_close,
            cost,
            days: market.book.close_days(to_close),
            budget_per_min: per_min.map(|d| budget_per_min(d, PARTICIPATION, 1.0)),
            fee: fee.of_impact(cost),
        });
    }

    fn multiply(&mut self, settings: &AccountSettings) {
        let named = |g: &Group| settings.markets.get(&g.underlying).and_then(|m| m.multiplier);
        let of = |g: &Group| named(g).unwrap_or(settings.multiplier);
        let alone = |g: &Group| self.net.shares[g.members.clone()].iter().map(|s| s.standalone).sum::<f64>();
        if self.net.gross > 0.0 {
            // As the excess over one, so that no multiplier at all leaves exactly nothing to add.
            let lift = |g: &Group| alone(g) * (of(g) - 1.0);
            self.multiplier = 1.0 + self.net.groups.iter().map(lift).sum::<f64>() / self.net.gross;
        }
        for group in &self.net.groups {
            // A shock is of one underlying, whose scenarios may say nothing of how large it is.
            let (mean, own) = (self.multiplier - 1.0, of(group) - 1.0);
            for line in &mut self.lines[group.members.clone()] {
                line.parts[MULTIPLIER] = mean * line.parts[NET] + own * line.parts[SHOCK];
            }
        }
    }

    /// What size schedules ask beyond the rest, shared as they ask and then by notional.
    fn size(&mut self, portfolio: &Portfolio, settings: &AccountSettings) {
        let asked = |g: &Group| {
            let market = settings.markets.get(&g.underlying)?;
            let price = portfolio.positions()[g.members.start].price;
            Some(market.tier.as_ref()?.initial(g.net_notional / price, price, market.open_interest))
        };
        let asked: Vec<f64> = self.net.groups.iter().map(|g| asked(g).unwrap_or(0.0)).collect();
        let all: f64 = asked.iter().sum();
        let beyond = all - self.lines.iter().map(Line::total).sum::<f64>();
        if beyond <= 0.0 {
            return;
        }
        for (group, asked) in self.net.groups.iter().zip(asked) {
            for i in group.members.clone().filter(|_| group.gross_notional > 0.0) {
                let line = &mut self.lines[i];
                line.parts[TIER] = beyond * (asked / all) * (line.notional.abs() / group.gross_notional);
            }
        }
    }
}
