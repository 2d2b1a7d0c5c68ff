//! A requirement as it is handed out: whole cents that add up, the worst scenarios by date, what an
//! account has, and what stress would do to it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::charged::Charged;
use super::collateral::Holdings;
use super::requirement::{AccountRequirement, Closing, GridPoint, PARTS};
use crate::base::{Span, Symbol};
use crate::loss::baseline::var::Scaling;
use crate::loss::portfolio::quadratic::{Method, Quadratic};
use crate::loss::portfolio::scenario::{ScenarioLabel, Scenarios};
use crate::loss::portfolio::stress::StressLoss;
use crate::loss::portfolio::{Binding, Params};
use crate::margin::cents::{down, nearest, split, up};

/// How many of the worst scenarios are shown.
const WORST: usize = 5;

/// One position's line.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PositionLine {
    /// The position.
    pub position: String,
    /// Its underlying.
    pub underlying: Symbol,
    /// Its units.
    pub quantity: f64,
    /// Signed value that moves as the underlying.
    pub notional: f64,
    /// What it would lose alone, cents.
    pub standalone_cents: i64,
    /// Its part of each part of the requirement, cents.
    pub parts_cents: BTreeMap<&'static str, i64>,
    /// Their sum.
    pub total_cents: i64,
    /// Change of the requirement, quote units, per unit that is added.
    pub per_unit: f64,
}

/// One of the worst scenarios.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WorstLine {
    /// Its date or name.
    pub scenario: ScenarioLabel,
    /// What is lost in it, cents.
    pub loss_cents: i64,
    /// Relative moves of the underlyings.
    pub moves: BTreeMap<Symbol, f64>,
}

/// What the account has.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HoldingsLine {
    /// By asset.
    pub assets: Vec<super::collateral::Valued>,
    /// Value, cents.
    pub value_cents: i64,
    /// Taken off, cents.
    pub haircut_cents: i64,
    /// Given back because it does not fall with the positions, cents.
    pub relief_cents: i64,
    /// What counts: value less haircut, and relief.
    pub counted_cents: i64,
    /// What counts less what is asked; negative is missing.
    pub excess_cents: i64,
}

/// What stress does.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct StressLines {
    /// Episodes lived through again.
    pub episodes: Vec<StressLoss>,
    /// Shocks.
    pub shocks: Vec<StressLoss>,
    /// Smallest relative move of all underlyings that uses up what counts as collateral and the
    /// fund; absent without either, or where no move does.
    pub reverse: Option<f64>,
}

/// VaR by sensitivities and normal moves.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct DeltaGamma {
    /// Cents.
    pub var_cents: i64,
    /// How the quantile was found.
    pub method: Method,
    /// Skewness of the profit.
    pub skew: f64,
    /// Its excess kurtosis.
    pub kurtosis: f64,
}

/// Everything that is said of one account.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Statement {
    /// The account.
    pub account: String,
    /// How many scenarios.
    pub scenarios: usize,
    /// Over which horizon.
    pub horizon: Span,
    /// Level and measure of the loss, and the cap on offsets.
    pub portfolio: Params,
    /// How past returns were brought to today's volatility, where they were.
    pub scaling: Option<Scaling>,
    /// The first of them.
    pub first: ScenarioLabel,
    /// The last.
    pub last: ScenarioLabel,
    /// Sum of what positions lose alone.
    pub gross_cents: i64,
    /// What diversification takes off, negative.
    pub diversification_cents: i64,
    /// What set the net loss.
    pub binding: Binding,
    /// Parts of the requirement; the first is gross and diversification.
    pub parts_cents: BTreeMap<&'static str, i64>,
    /// The multiplier that was charged.
    pub multiplier: f64,
    /// Initial margin.
    pub initial_cents: i64,
    /// Maintenance margin.
    pub maintenance_cents: i64,
    /// Which of them is asked: initial margin, the same at the multiplier of what is new, or maintenance margin.
    pub charged: Charged,
    /// By position; totals sum to initial margin.
    pub positions: Vec<PositionLine>,
    /// Worst scenarios first.
    pub worst: Vec<WorstLine>,
    /// Worst points of option grids.
    pub option_grid: Vec<GridPoint>,
    /// How each underlying's positions would be closed.
    pub closings: Vec<Closing>,
    /// The loss by sensitivities and normal moves, beside the one by scenarios.
    pub delta_gamma: Option<DeltaGamma>,
    /// What the account has, where that was given.
    pub collateral: Option<HoldingsLine>,
    /// What stress does.
    pub stress: StressLines,
    /// What a reader should know.
    pub notes: Vec<String>,
}

impl Statement {
    /// Of one account, with what its requirement was worked out by.
    pub fn of(account: &str, r: &AccountRequirement, scenarios: &Scenarios, portfolio: &Params) -> Statement {
        let initial_cents = up(r.total);
        let totals: Vec<f64> = r.lines.iter().map(super::requirement::Line::total).collect();
        let mut sums = [0; PARTS.len()];
        let parts: Vec<Vec<i64>> =
            r.lines.iter().zip(split(&totals, initial_cents)).map(|(l, total)| split(&l.parts, total)).collect();
        parts.iter().for_each(|line| sums.iter_mut().zip(line).for_each(|(s, p)| *s += p));
        let diversification_cents = nearest(r.net.requirement - r.net.gross);
        let gross_cents = sums[0] - diversification_cents;
        let alone: Vec<f64> = r.lines.iter().map(|l| l.standalone).collect();
        let mut positions = Vec::new();
        for ((line, parts), standalone_cents) in r.lines.iter().zip(parts).zip(split(&alone, gross_cents)) {
            positions.push(PositionLine {
                position: line.id.clone(),
                underlying: line.underlying,
                quantity: line.quantity,
                notional: line.notional,
                standalone_cents,
                total_cents: parts.iter().sum(),
                parts_cents: PARTS.into_iter().zip(parts).collect(),
                per_unit: line.per_unit(),
            });
        }
        let labels = scenarios.labels();
        Statement {
            account: account.into(),
            scenarios: scenarios.len(),
            horizon: scenarios.horizon(),
            portfolio: *portfolio,
            scaling: None,
            first: labels[0].clone(),
            last: labels[labels.len() - 1].clone(),
            gross_cents,
            diversification_cents,
            binding: r.net.binding,
            parts_cents: PARTS.into_iter().zip(sums).collect(),
            multiplier: r.multiplier,
            initial_cents,
            maintenance_cents: up(r.maintenance()),
            charged: Charged::default(),
            positions,
            worst: worst(r, scenarios),
            option_grid: r.grid.clone(),
            closings: r.closings.clone(),
            delta_gamma: None,
            collateral: None,
            stress: StressLines::default(),
            notes: notes(r, scenarios, portfolio.alpha),
        }
    }

    /// With the loss by sensitivities.
    #[must_use]
    pub fn with_delta_gamma(mut self, profit: &Quadratic, alpha: f64) -> Statement {
        let ((value, method), m) = (profit.quantile(1.0 - alpha), profit.moments());
        let var_cents = nearest((-value).max(0.0));
        self.delta_gamma = Some(DeltaGamma { var_cents, method, skew: m.skew, kurtosis: m.kurtosis });
        self
    }

    /// What is asked, cents.
    fn asked_cents(&self) -> i64 {
        match self.charged {
            Charged::Initial | Charged::New => self.initial_cents,
            Charged::Held => self.maintenance_cents,
        }
    }

    /// With what the account has.
    #[must_use]
    pub fn with_holdings(mut self, held: &Holdings) -> Statement {
        let (value_cents, haircut_cents, relief_cents) = (down(held.value), up(held.haircut), down(held.relief));
        let counted_cents = value_cents - haircut_cents + relief_cents;
        self.collateral = Some(HoldingsLine {
            assets: held.assets.clone(),
            value_cents,
            haircut_cents,
            relief_cents,
            counted_cents,
            excess_cents: counted_cents - self.asked_cents(),
        });
        let nothing = held.assets.iter().filter(|a| a.value == 0.0);
        self.notes.extend(nothing.map(|a| format!("{} counts for nothing: no amount, or no positive price", a.asset)));
        self
    }
}

fn worst(r: &AccountRequirement, scenarios: &Scenarios) -> Vec<WorstLine> {
    let one = |(i, _): &(usize, f64)| WorstLine {
        scenario: scenarios.labels()[*i].clone(),
        loss_cents: nearest(-r.net.pnl[*i]),
        moves: r.net.groups.iter().filter_map(|g| Some((g.underlying, scenarios.moves(g.underlying)?[*i]))).collect(),
    };
    r.net.worst.iter().filter(|(i, _)| r.net.pnl[*i] < 0.0).take(WORST).map(one).collect()
}

fn notes(r: &AccountRequirement, scenarios: &Scenarios, alpha: f64) -> Vec<String> {
    let mut notes = Vec::new();
    let beyond = scenarios.len() as f64 * (1.0 - alpha);
    if beyond < 5.0 {
        notes.push(format!(
            "only {} scenarios: {beyond:.1} lie beyond {:.1} %, want 5 or more",
            scenarios.len(),
            100.0 * alpha
        ));
    }
    for g in &r.net.groups {
        if scenarios.moves(g.underlying).is_some_and(|m| m.iter().all(|x| *x == 0.0)) {
            notes.push(format!("{} never moved: nothing is asked for its price", g.underlying));
        }
    }
    if r.net.scenario_loss == 0.0 && !r.lines.is_empty() {
        notes.push("no scenario in the tail loses anything".into());
    }
    notes
}
