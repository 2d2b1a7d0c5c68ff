//! A portfolio under shared scenarios: gross and net loss, limited offsets, stressed correlation,
//! and each position's part of the requirement.
//!
//! With `R` the risk measure (expected shortfall, or VaR) of a loss over the scenarios:
//!
//! | word | meaning |
//! |---|---|
//! | standalone | `R` of one position |
//! | gross | sum of standalones |
//! | group | the net of all positions on one underlying; `u` its `R` |
//! | scenario loss | `R` of the sum of all positions |
//! | stressed loss | `sqrt(u' C u)`, C the groups' correlation of profits under stress, repaired |
//! | offset floor | `(1 - cap)` gross: diversification counts for at most `cap` (80 %) |
//! | net requirement | the largest of the last three |
//!
//! A position's part is its Euler contribution: the derivative of what binds with respect to the
//! position's size, times the size. All are homogeneous of degree one, so the parts sum to the whole
//! (Tasche 1999).

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::correlation::{pearson, repair, stressed};
use super::position::Position;
use super::quadratic::Quadratic;
use super::scenario::Scenarios;
use super::tail::{self, Picks, TailMeasure};
use crate::base::Symbol;
use crate::loss::Error;
use crate::loss::dot::dot;

/// How losses become a requirement.
///
/// | setting | default | range |
/// |---|---|---|
/// | `alpha` | 0.99 | above 0.5, below 1 |
/// | `measure` | `es` | `es`, `var` |
/// | `offset_cap` | 0.80 | share of gross that diversification may take off, 0 to 1 |
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs)] // The table above says each.
pub struct Params {
    pub alpha: f64,
    pub measure: TailMeasure,
    pub offset_cap: f64,
}

impl Default for Params {
    fn default() -> Params {
        Params { alpha: 0.99, measure: TailMeasure::Es, offset_cap: 0.8 }
    }
}

impl Params {
    /// Whether every setting is within its range.
    ///
    /// # Errors
    /// The first that is not.
    pub fn check(&self) -> Result<(), Error> {
        let bad = |key, got: f64, want| Err(Error::Setting { of: "portfolio", key, got: got.to_string(), want });
        if !(self.alpha > 0.5 && self.alpha < 1.0) {
            return bad("alpha", self.alpha, "above 0.5, below 1");
        }
        if !(0.0..=1.0).contains(&self.offset_cap) {
            return bad("offset_cap", self.offset_cap, "0 to 1");
        }
        Ok(())
    }
}

/// What set the net requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Binding {
    /// The loss in the scenarios.
    ScenarioLoss,
    /// The groups' losses under stressed correlation.
    StressedCorrelation,
    /// Offsets beyond their cap.
    OffsetCap,
}

/// One position's part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// Its loss alone.
    pub standalone: f64,
    /// Its part of its group's loss; negative where it hedges.
    pub in_group: f64,
    /// Its part of the net requirement; negative where it hedges.
    pub contribution: f64,
}

/// All positions on one underlying.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The underlying.
    pub underlying: Symbol,
    /// Where its positions lie among the portfolio's.
    pub members: std::ops::Range<usize>,
    /// Its net loss, 0 or more.
    pub loss: f64,
    /// Net value that moves as the underlying, signed.
    pub net_notional: f64,
    /// The same without netting.
    pub gross_notional: f64,
    /// Correlation of its profit with the underlying's move: 1 is long, -1 short, and options lie
    /// between.
    pub direction: f64,
}

/// A portfolio under scenarios. Amounts are losses, quote units.
#[derive(Clone, Debug, PartialEq)]
pub struct NetLoss {
    /// Sum of what positions lose alone.
    pub gross: f64,
    /// Loss of all together.
    pub scenario_loss: f64,
    /// Loss of the groups under stressed correlation.
    pub stressed_loss: f64,
    /// Least requirement that the cap on offsets leaves.
    pub offset_floor: f64,
    /// The sum of the contributions, in order of positions.
    pub requirement: f64,
    /// Which of the three it is.
    pub binding: Binding,
    /// One per position, in order.
    pub shares: Vec<Share>,
    /// One per underlying, in order.
    pub groups: Vec<Group>,
    /// Profit of the whole in every scenario.
    pub pnl: Vec<f64>,
    /// The worst scenarios and their weight in the tail, worst first.
    pub worst: Vec<(usize, f64)>,
}

/// Positions in order of underlying and name, one per name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Portfolio {
    positions: Vec<Position>,
}

impl Portfolio {
    /// Checks, sorts and merges: rows of one instrument are one position. The order that they come in
    /// does not matter to a bit.
    ///
    /// # Errors
    /// A position has an unusable number, or two rows of one name differ in more than quantity.
    pub fn new(mut positions: Vec<Position>) -> Result<Portfolio, Error> {
        positions.iter().try_for_each(Position::check)?;
        positions
            .sort_by(|a, b| (a.underlying, &a.id).cmp(&(b.underlying, &b.id)).then(a.quantity.total_cmp(&b.quantity)));
        let mut merged: Vec<Position> = Vec::with_capacity(positions.len());
        for p in positions {
            match merged.last_mut().filter(|last| last.underlying == p.underlying && last.id == p.id) {
                Some(last) if last.terms == p.terms && last.price == p.price => last.quantity += p.quantity,
                Some(_) => {
                    let why = "two rows of this name differ in terms or price; give each instrument a name".into();
                    return Err(Error::Position { id: p.id, why });
                }
                None => merged.push(p),
            }
        }
        // Rows that are each usable may not be so together.
        merged.iter().try_for_each(Position::check)?;
        Ok(Portfolio { positions: merged })
    }

    /// The positions, in order.
    pub fn positions(&self) -> &[Position] {
        &self.positions
    }

    /// Profit of the whole when every underlying moves alike and implied volatilities stay.
    pub fn pnl_of_move(&self, step: f64) -> f64 {
        self.positions.iter().map(|p| p.pnl_at(step, |now, _| now)).sum()
    }

    /// Profit of the whole in every scenario.
    ///
    /// # Errors
    /// An underlying has no scenarios.
    pub fn pnl(&self, scenarios: &Scenarios) -> Result<Vec<f64>, Error> {
        Ok(self.net(scenarios, &Params::default())?.pnl)
    }

    /// Profit by delta, gamma and vega with normal moves of the covariance that the scenarios show:
    /// one factor per underlying, and one per implied volatility that has a history.
    ///
    /// # Errors
    /// An underlying has no scenarios.
    pub fn quadratic(&self, scenarios: &Scenarios) -> Result<Quadratic, Error> {
        let (mut deltas, mut gammas, mut factors): (Vec<f64>, Vec<f64>, Vec<&[f64]>) = Default::default();
        for members in self.positions.chunk_by(|a, b| a.underlying == b.underlying) {
            let underlying = members[0].underlying;
            factors.push(history(underlying, scenarios)?);
            let sum = |f: &dyn Fn(&Position) -> f64| members.iter().map(|p| p.quantity * f(p)).sum::<f64>();
            deltas.push(sum(&|p| p.greeks().delta * p.price));
            gammas.push(sum(&|p| p.greeks().gamma * p.price * p.price));
            if let Some(vols) = scenarios.vols(underlying) {
                factors.push(vols);
                deltas.push(sum(&|p| p.greeks().vega * p.vol()));
                gammas.push(0.0);
            }
        }
        let centred = |x: &&[f64]| -> Vec<f64> {
            let mean = x.iter().sum::<f64>() / x.len() as f64;
            x.iter().map(|v| v - mean).collect()
        };
        let centred: Vec<Vec<f64>> = factors.iter().map(centred).collect();
        let k = factors.len();
        let of = |(i, j): (usize, usize)| dot(&centred[i], &centred[j]) / scenarios.len() as f64;
        let gamma = Array2::from_diag(&ndarray::arr1(&gammas));
        // Everything is finite: positions and scenarios were checked.
        Ok(Quadratic::new(&deltas, &gamma, &Array2::from_shape_fn((k, k), of)).unwrap_or_default())
    }

    /// Losses under scenarios.
    ///
    /// # Errors
    /// A setting is out of range, or an underlying has no scenarios.
    pub fn net(&self, scenarios: &Scenarios, params: &Params) -> Result<NetLoss, Error> {
        params.check()?;
        let mut groups = Vec::new();
        let mut shares = Vec::with_capacity(self.positions.len());
        let mut vectors: Vec<Vec<f64>> = Vec::new();
        let mut buffer = vec![0.0; scenarios.len()];
        for members in self.positions.chunk_by(|a, b| a.underlying == b.underlying) {
            let (group, vector) = group(members, shares.len(), scenarios, params, &mut buffer, &mut shares)?;
            groups.push(group);
            vectors.push(vector);
        }
        let mut pnl = vec![0.0; scenarios.len()];
        for v in &vectors {
            pnl.iter_mut().zip(v).for_each(|(p, x)| *p += x);
        }
        let worst = tail::worst(&pnl, params.alpha, params.measure);
        let gross: f64 = shares.iter().map(|s| s.standalone).sum();
        let losses: Vec<f64> = groups.iter().map(|g| g.loss).collect();
        let matrix = stress_matrix(&groups, vectors);
        let pull = matrix.dot(&ndarray::arr1(&losses));
        let stressed_loss = losses.iter().zip(&pull).map(|(u, p)| u * p).sum::<f64>().max(0.0).sqrt();
        let scenario_loss = tail::loss(&pnl, &worst).max(0.0);
        let offset_floor = (1.0 - params.offset_cap) * gross;
        let binding = match () {
            () if offset_floor > scenario_loss.max(stressed_loss) => Binding::OffsetCap,
            () if stressed_loss > scenario_loss => Binding::StressedCorrelation,
            () => Binding::ScenarioLoss,
        };
        for (g, group) in groups.iter().enumerate() {
            let lever = if stressed_loss > 0.0 { pull[g] / stressed_loss } else { 0.0 };
            let (moves, vols) = (scenarios.moves(group.underlying), scenarios.vols(group.underlying));
            for i in group.members.clone() {
                shares[i].contribution = match binding {
                    Binding::OffsetCap => (1.0 - params.offset_cap) * shares[i].standalone,
                    Binding::StressedCorrelation => lever * shares[i].in_group,
                    Binding::ScenarioLoss if scenario_loss == 0.0 => 0.0,
                    Binding::ScenarioLoss => -at(&self.positions[i], &worst, moves.unwrap_or(&[]), vols),
                };
            }
        }
        let requirement = shares.iter().map(|s| s.contribution).sum();
        Ok(NetLoss {
            gross,
            scenario_loss,
            stressed_loss,
            offset_floor,
            requirement,
            binding,
            shares,
            groups,
            pnl,
            worst,
        })
    }
}

fn history(symbol: Symbol, scenarios: &Scenarios) -> Result<&[f64], Error> {
    scenarios.moves(symbol).ok_or_else(|| Error::NoHistory {
        symbol,
        has: scenarios.symbols().map(|s| s.to_string()).collect::<Vec<_>>().join(", "),
    })
}

/// Mean profit of a position over picked scenarios.
fn at(position: &Position, picks: &Picks, moves: &[f64], vols: Option<&[f64]>) -> f64 {
    let chosen: Vec<f64> = picks.iter().map(|(i, _)| moves[*i]).collect();
    let changes: Option<Vec<f64>> = vols.map(|v| picks.iter().map(|(i, _)| v[*i]).collect());
    let mut out = vec![0.0; picks.len()];
    position.fill(&mut out, &chosen, changes.as_deref());
    out.iter().zip(picks).map(|(p, (_, weight))| p * weight).sum()
}

/// The positions of one underlying: their net, and each alone.
fn group(
    members: &[Position],
    first: usize,
    scenarios: &Scenarios,
    params: &Params,
    buffer: &mut [f64],
    shares: &mut Vec<Share>,
) -> Result<(Group, Vec<f64>), Error> {
    let underlying = members[0].underlying;
    let moves = history(underlying, scenarios)?;
    let vols = scenarios.vols(underlying);
    let mut total = vec![0.0; scenarios.len()];
    let mut worst = Picks::new();
    for p in members {
        p.fill(buffer, moves, vols);
        worst = tail::worst(buffer, params.alpha, params.measure);
        let alone = tail::loss(buffer, &worst).max(0.0);
        shares.push(Share { standalone: alone, in_group: 0.0, contribution: 0.0 });
        total.iter_mut().zip(&*buffer).for_each(|(t, x)| *t += x);
    }
    // The tail of one position is its group's.
    if members.len() > 1 {
        worst = tail::worst(&total, params.alpha, params.measure);
    }
    let loss = tail::loss(&total, &worst).max(0.0);
    if loss > 0.0 {
        for (p, share) in members.iter().zip(&mut shares[first..]) {
            share.in_group = -at(p, &worst, moves, vols);
        }
    }
    let notionals = members.iter().map(Position::notional);
    let group = Group {
        underlying,
        members: first..first + members.len(),
        loss,
        net_notional: notionals.clone().sum(),
        gross_notional: notionals.map(f64::abs).sum(),
        direction: pearson(&total, moves),
    };
    Ok((group, total))
}

/// Correlations of the groups' profits under stress, repaired with their losses as weights.
fn stress_matrix(groups: &[Group], mut vectors: Vec<Vec<f64>>) -> Array2<f64> {
    let ones = vec![1.0; vectors.first().map_or(0, Vec::len)];
    for v in &mut vectors {
        let mean = dot(v, &ones) / v.len() as f64;
        v.iter_mut().for_each(|x| *x -= mean);
    }
    let sizes: Vec<f64> = vectors.iter().map(|v| dot(v, v).sqrt()).collect();
    let mut matrix = Array2::eye(groups.len());
    for i in 0..groups.len() {
        for j in i + 1..groups.len() {
            let rho = dot(&vectors[i], &vectors[j]) / (sizes[i] * sizes[j]);
            // What does not vary loses nothing, so that its correlation is of no account.
            let rho = if rho.is_finite() { rho.clamp(-1.0, 1.0) } else { 0.0 };
            matrix[(i, j)] = stressed(rho, groups[i].direction * groups[j].direction);
            matrix[(j, i)] = matrix[(i, j)];
        }
    }
    repair(&matrix, &groups.iter().map(|g| g.loss).collect::<Vec<_>>())
}
