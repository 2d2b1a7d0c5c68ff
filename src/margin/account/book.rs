//! A book of accounts under one set of settings: a statement for each.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::charged::Charged;
use super::collateral::{Asset, Holdings};
use super::history::{Filter, HistorySettings, ListingPlace, MarketHistory};
use super::position_table::PositionRow;
use super::requirement::{AccountRequirement, AccountSettings, MarketTerms};
use super::statement::{Statement, StressLines};
use crate::base::{Span, Symbol};
use crate::loss::portfolio::haircut::Haircut;
use crate::loss::portfolio::implied::Shock;
use crate::loss::portfolio::liquidation::Fee;
use crate::loss::portfolio::stress::{self, Episode};
use crate::loss::portfolio::{Params, Portfolio};
use crate::margin::Error;

/// Settings of a book; every key has a default.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BookSettings {
    /// Over which positions are held.
    pub horizon: Span,
    /// Between the starts of two scenarios.
    pub step: Span,
    /// At most so many scenarios, 1 or more.
    pub scenarios: usize,
    /// How past returns are brought to today's volatility.
    pub filter: Filter,
    /// Decay of that volatility, above 0, below 1.
    pub lambda_per_day: f64,
    /// Length of the bars that are read.
    pub bar: Span,
    /// Multiplier of underlyings that name none, 1 to 3.
    pub multiplier: f64,
    /// The same for what opens, adds or withdraws; that of `multiplier` without it.
    pub multiplier_new: Option<f64>,
    /// The same for what is held: the published one of maintenance margin; that of `multiplier` without it.
    pub multiplier_held: Option<f64>,
    /// Which requirement is asked.
    #[serde(skip)]
    pub charged: Charged,
    /// Beside collateral, what a reverse stress has to use up, quote units.
    pub fund: f64,
    /// Where an underlying's history lies, where its name alone does not say.
    pub listings: BTreeMap<Symbol, ListingPlace>,
    /// How losses are put together.
    pub portfolio: Params,
    /// Shocks of options.
    pub shock: Shock,
    /// The fee that is advised for closing.
    pub fee: Fee,
    /// Terms of each underlying.
    pub markets: BTreeMap<Symbol, MarketTerms>,
    /// How collateral is cut.
    pub haircut: Haircut,
    /// What each account has.
    pub collateral: BTreeMap<String, Vec<Asset>>,
    /// Past crashes that are lived through again.
    pub episodes: Vec<Episode>,
}

impl Default for BookSettings {
    fn default() -> BookSettings {
        BookSettings {
            horizon: Span::DAY,
            step: Span::DAY,
            scenarios: 2500,
            filter: Filter::Full,
            lambda_per_day: 0.97,
            bar: Span::HOUR,
            multiplier: 1.0,
            multiplier_new: None,
            multiplier_held: None,
            charged: Charged::default(),
            fund: 0.0,
            listings: BTreeMap::new(),
            portfolio: Params::default(),
            shock: Shock::default(),
            fee: Fee::default(),
            markets: BTreeMap::new(),
            haircut: Haircut::default(),
            collateral: BTreeMap::new(),
            episodes: stress::episodes(),
        }
    }
}

impl BookSettings {
    /// Whether they can be meant.
    ///
    /// # Errors
    /// A value is out of range.
    pub fn check(&self) -> Result<(), Error> {
        let wrong = |why: String| Err(Error::Given(why));
        if !(self.lambda_per_day > 0.0 && self.lambda_per_day < 1.0) {
            return wrong(format!("`lambda_per_day` is {}; want above 0, below 1", self.lambda_per_day));
        }
        if !(self.fund >= 0.0 && self.fund.is_finite()) {
            return wrong(format!("`fund` is {}; want 0 or more", self.fund));
        }
        if self.scenarios == 0 {
            return wrong("`scenarios` is 0; want 1 or more".into());
        }
        if let Some(e) = self.episodes.iter().find(|e| e.from >= e.until) {
            return wrong(format!("episode `{}` ends at {}; want later than {}", e.name, e.until, e.from));
        }
        for charged in [Charged::Initial, Charged::New, Charged::Held] {
            BookSettings { charged, ..self.clone() }.of_account().check()?;
        }
        Ok(self.haircut.check()?)
    }
    /// What each requirement is made with.
    pub fn of_account(&self) -> AccountSettings {
        let multiplier = self.charged.multiplier(self.multiplier, self.multiplier_new, self.multiplier_held);
        let of = |terms: &MarketTerms| {
            let own = terms.multiplier.unwrap_or(self.multiplier);
            let (new, held) =
                (terms.multiplier_new.or(self.multiplier_new), terms.multiplier_held.or(self.multiplier_held));
            MarketTerms { multiplier: Some(self.charged.multiplier(own, new, held)), ..terms.clone() }
        };
        AccountSettings {
            portfolio: self.portfolio,
            shock: self.shock,
            fee: self.fee,
            markets: self.markets.iter().map(|(symbol, terms)| (*symbol, of(terms))).collect(),
            multiplier,
        }
    }
    /// How scenarios are made from prices.
    pub fn of_history(&self) -> HistorySettings<'_> {
        HistorySettings {
            horizon: self.horizon,
            step: self.step,
            scenarios: self.scenarios,
            filter: self.filter,
            lambda_per_day: self.lambda_per_day,
            bar: self.bar,
            listings: &self.listings,
        }
    }
    /// Whose prices the positions and the collateral want.
    pub fn underlyings(&self, rows: &[PositionRow]) -> Vec<Symbol> {
        let named = self.collateral.values().flatten().map(|a| a.asset);
        let held = named.filter(|a| self.listings.contains_key(a));
        rows.iter().map(|r| r.underlying).chain(held).collect()
    }
}

/// A statement of each account, in order of their names; with `by_greeks` options count by their sensitivities
/// instead of being valued anew in each scenario.
///
/// # Errors
/// A position cannot be valued, or there is collateral of an account without positions.
pub fn statements(
    rows: &[PositionRow],
    settings: &BookSettings,
    history: &MarketHistory,
    by_greeks: bool,
) -> Result<Vec<Statement>, Error> {
    let mut accounts: BTreeMap<&str, Vec<&PositionRow>> = BTreeMap::new();
    for row in rows {
        accounts.entry(row.account.as_deref().unwrap_or("all")).or_default().push(row);
    }
    if let Some(unknown) = settings.collateral.keys().find(|a| !accounts.contains_key(a.as_str())) {
        return Err(Error::Given(format!("[collateral]: there is no account `{unknown}`")));
    }
    let last = history.last();
    let statement = |(account, rows): (&str, Vec<&PositionRow>)| {
        let positions = rows.iter().map(|r| r.position(&last)).collect::<Result<Vec<_>, Error>>()?;
        let positions = if by_greeks { positions.iter().map(|p| p.by_greeks()).collect() } else { positions };
        of_account(account, &Portfolio::new(positions)?, history, settings)
    };
    accounts.into_iter().map(statement).collect()
}

fn of_account(
    account: &str,
    portfolio: &Portfolio,
    history: &MarketHistory,
    settings: &BookSettings,
) -> Result<Statement, Error> {
    let requirement = AccountRequirement::of(portfolio, &history.scenarios, &settings.of_account())?;
    let mut statement = Statement::of(account, &requirement, &history.scenarios, &settings.portfolio);
    statement.scaling = history.scaling;
    statement.charged = settings.charged;
    statement = statement.with_delta_gamma(&portfolio.quadratic(&history.scenarios)?, settings.portfolio.alpha);
    let mut resources = settings.fund;
    if let Some(assets) = settings.collateral.get(account) {
        let held = Holdings::of(assets, &requirement.net, &history.scenarios, &settings.haircut)?;
        resources += held.counted();
        statement = statement.with_holdings(&held);
    }
    let (horizon, step) = (settings.horizon, settings.step);
    statement.stress = StressLines {
        episodes: stress::replay(portfolio, &history.prices, &history.vols, &settings.episodes, horizon, step)?,
        shocks: stress::shocks(portfolio, &stress::SHOCKS),
        reverse: (resources > 0.0).then(|| stress::reverse(portfolio, resources)).flatten(),
    };
    Ok(statement)
}
