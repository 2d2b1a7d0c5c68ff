//! Why a requirement changed between two publications: the difference split into what moved it, from the
//! ledger alone.
//!
//! The old numbers are replaced by the new ones one after another, in the order of [`ORDER`], and the
//! multiplier chain is run again after each: a term is what its replacement did, given those before it.
//! What the chain does not say (bounds, step limits, holds, the staleness ladder) is what guardrails put
//! on top, and is replaced last. Another order would split the same difference otherwise; the sum is the
//! difference in any. Every stage is rounded up to whole parts, as published, before differences are
//! taken, so that the terms sum exactly. A publication of before the blend is taken as the blend of weight
//! `ln m1 / ln m0` that gives its own numbers.

use serde::Serialize;

use crate::base::{Symbol, Ts};
use crate::margin::{Blend, ChainInputs, Decision};
use crate::record::error::Error;
use crate::record::ledger::Publication;
use crate::record::seq::Seq;

/// The order of substitution.
pub const ORDER: [&str; 8] =
    ["positions", "prices", "volatility", "level", "forecast", "regime", "liquidity", "guardrails"];

/// A position in the instrument at both times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeldPosition {
    /// Units held then and now; the sign does not matter.
    pub units: [f64; 2],
    /// Price of a unit then and now, quote units.
    pub prices: [f64; 2],
}

/// One part of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Term {
    /// One of [`ORDER`].
    pub name: &'static str,
    /// Parts per million of notional; of one quote unit where there is a holding.
    pub parts: i64,
    /// What was replaced by what.
    pub text: String,
}

/// One end of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct End {
    /// Publication number.
    pub seq: u64,
    /// Close of the last window used, or the time of the tick.
    pub as_of: Ts,
    /// The multiplier.
    pub multiplier: String,
    /// Initial margin asked, in the unit of the terms, rounded up.
    pub parts: i64,
}

/// A change of one requirement, and its parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RequirementChange {
    /// The instrument.
    pub symbol: Symbol,
    /// Margin period of risk.
    pub horizon: String,
    /// Before.
    pub from: End,
    /// After.
    pub to: End,
    /// `ppm` of notional, or `micro` of one quote unit.
    pub unit: &'static str,
    /// After less before: the sum of the terms.
    pub difference: i64,
    /// The order in which numbers were replaced.
    pub order: [&'static str; 8],
    /// In that order; without a holding nothing of the first two.
    pub terms: Vec<Term>,
}

/// The numbers of one publication, as the chain takes them.
struct Numbers {
    inputs: ChainInputs,
    /// Requirement in force, fraction of notional.
    c: f64,
}

impl Numbers {
    fn of(p: &Publication) -> Result<Numbers, Error> {
        let d = p.decision()?;
        let inputs = inputs(&d);
        let none = || Error::Refused(format!("publication {} has no baseline: there is nothing to split", p.seq));
        target(&inputs).filter(|_| d.c_im.is_finite()).ok_or_else(none)?;
        Ok(Numbers { inputs, c: d.c_im })
    }
}

pub(super) fn inputs(d: &Decision) -> ChainInputs {
    let or_zero = |v: f64| if v.is_finite() { v } else { 0.0 };
    ChainInputs {
        baseline: d.baseline,
        forecast: d.forecast_loss,
        blend: blend(d),
        p_stress: d.p_stress.unwrap_or(0.0),
        stressed: if d.why.stressed.is_finite() { d.why.stressed } else { d.baseline },
        liquidity: or_zero((d.m_raw - d.why.m2) * d.baseline).max(0.0),
    }
}

/// The blend of a decision; where it has none, the one that gives its m1.
fn blend(d: &Decision) -> Blend {
    let why = &d.why;
    let own = Blend { weight: why.blend_weight, level: why.blend_level, stress_link: why.stress_link };
    if [own.weight, own.level, own.stress_link].iter().all(|v| v.is_finite()) {
        return own;
    }
    let m1 = if why.m1.is_finite() { why.m1 } else { 1.0 };
    let ratio = d.forecast_loss.map(|f| f / d.baseline).filter(|r| *r > 0.0 && *r != 1.0);
    let weight = ratio.map(|r| m1.ln() / r.ln()).filter(|w| (0.0..=1.0).contains(w));
    match weight {
        Some(weight) => Blend { weight, level: 1.0, stress_link: 1.0 },
        None => Blend { weight: 0.0, level: m1, stress_link: 1.0 },
    }
}

/// What the chain wants before its bounds, fraction of notional.
pub(super) fn target(inputs: &ChainInputs) -> Option<f64> {
    let chain = inputs.chain(0.0, f64::MAX)?;
    Some(chain.m3 * inputs.baseline).filter(|t| t.is_finite())
}

impl RequirementChange {
    /// Between two publications of one instrument and horizon, `from` the earlier.
    ///
    /// # Errors
    /// They are of different instruments or horizons, one has no baseline, or a holding is no number.
    pub fn between(
        from: &Publication,
        to: &Publication,
        holding: Option<HeldPosition>,
    ) -> Result<RequirementChange, Error> {
        if (from.symbol, &from.horizon) != (to.symbol, &to.horizon) {
            return Err(Error::Refused(format!(
                "publication {} is of {} over {}, {} of {} over {}: name two of one instrument and horizon",
                from.seq, from.symbol, from.horizon, to.seq, to.symbol, to.horizon
            )));
        }
        let held = holding.unwrap_or(HeldPosition { units: [1.0; 2], prices: [1.0; 2] });
        if held.units.iter().chain(&held.prices).any(|v| !v.is_finite()) || held.prices.iter().any(|p| *p < 0.0) {
            return Err(Error::Refused("a position wants units, and prices of 0 or more".into()));
        }
        let (old, new) = (Numbers::of(from)?, Numbers::of(to)?);
        let stages = stages(&old, &new, held)?;
        let parts: Vec<i64> = stages.iter().map(|s| rounded_up(s.0)).collect();
        let term = |(i, name): (usize, &&'static str)| Term {
            name,
            parts: parts[i + 1] - parts[i],
            text: stages[i + 1].1.clone(),
        };
        let skipped = if holding.is_some() { 0 } else { 2 };
        let end =
            |p: &Publication, parts: i64| End { seq: p.seq, as_of: p.as_of, multiplier: p.multiplier.clone(), parts };
        Ok(RequirementChange {
            symbol: to.symbol,
            horizon: to.horizon.clone(),
            from: end(from, parts[0]),
            to: end(to, parts[ORDER.len()]),
            unit: if holding.is_some() { "micro" } else { "ppm" },
            difference: parts[ORDER.len()] - parts[0],
            order: ORDER,
            terms: ORDER.iter().enumerate().skip(skipped).map(term).collect(),
        })
    }

    /// For people.
    pub fn lines(&self) -> Vec<String> {
        let unit = if self.unit == "ppm" { "ppm of notional" } else { "millionths of a quote unit" };
        let mut lines = vec![
            format!(
                "{} over {}: publication {} as of {} to {} as of {}",
                self.symbol, self.horizon, self.from.seq, self.from.as_of, self.to.seq, self.to.as_of
            ),
            format!(
                "requirement {} -> {} {unit} (multiplier {} -> {}): {:+}",
                self.from.parts, self.to.parts, self.from.multiplier, self.to.multiplier, self.difference
            ),
        ];
        lines.extend(self.terms.iter().map(|t| format!("  {:<11} {:>+14}  {}", t.name, t.parts, t.text)));
        lines.push(format!("  {:<11} {:>+14}  replaced in this order; exact", "sum", self.difference));
        lines
    }
}

/// Whole millionths, rounded up but for the last bits of a float.
fn rounded_up(value: f64) -> i64 {
    (value * 1e6 - 1e-6).ceil() as i64
}

/// The requirement before, and after each replacement, with what was replaced; the last is the new one.
fn stages(old: &Numbers, new: &Numbers, held: HeldPosition) -> Result<Vec<(f64, String)>, Error> {
    let (a, b) = (&old.inputs, &new.inputs);
    let percent = |v: f64| format!("{:.4} %", 100.0 * v);
    let maybe = |v: Option<f64>| v.map_or_else(|| "none".into(), percent);
    let none = || Error::Refused("the chain gives no number between the two publications".into());
    // What guardrails put on top of the chain then; it stays until it is replaced itself.
    let guard = old.c - target(a).ok_or_else(none)?;
    let [units, prices] = [held.units.map(f64::abs), held.prices];
    let mut now = *a;
    let mut all = vec![
        (units[0] * prices[0] * old.c, String::new()),
        (units[1] * prices[0] * old.c, format!("{} -> {} units", held.units[0], held.units[1])),
        (units[1] * prices[1] * old.c, format!("{} -> {} a unit", prices[0], prices[1])),
    ];
    let notional = units[1] * prices[1];
    let mut put = |now: &ChainInputs, text: String| -> Result<(), Error> {
        all.push((notional * (target(now).ok_or_else(none)? + guard), text));
        Ok(())
    };
    now.baseline = b.baseline;
    put(&now, format!("baseline loss {} -> {}", percent(a.baseline), percent(b.baseline)))?;
    (now.blend.level, now.blend.stress_link) = (b.blend.level, b.blend.stress_link);
    put(&now, format!("level of the blend {:.4} -> {:.4}", a.blend.level, b.blend.level))?;
    (now.forecast, now.blend.weight) = (b.forecast, b.blend.weight);
    let weights = format!("weight {} -> {}", percent(a.blend.weight), percent(b.blend.weight));
    put(&now, format!("forecast loss {} -> {}, {weights}", maybe(a.forecast), maybe(b.forecast)))?;
    (now.p_stress, now.stressed) = (b.p_stress, b.stressed);
    let stressed = format!("stressed loss {} -> {}", percent(a.stressed), percent(b.stressed));
    put(&now, format!("p of stress {} -> {}, {stressed}", percent(a.p_stress), percent(b.p_stress)))?;
    now.liquidity = b.liquidity;
    put(&now, format!("charge {} -> {}", percent(a.liquidity), percent(b.liquidity)))?;
    let after = new.c - target(b).ok_or_else(none)?;
    all.push((notional * new.c, format!("over what the chain wants {} -> {}", percent(guard), percent(after))));
    Ok(all)
}

/// What changed between publications, horizon by horizon; two of one instrument may have different horizons.
///
/// # Errors
/// The two have no horizon in common, or are not of one instrument.
pub fn changes(
    from: &[(Seq, Publication)],
    to: &[(Seq, Publication)],
    holding: Option<HeldPosition>,
) -> Result<Vec<RequirementChange>, Error> {
    let mut changes = Vec::new();
    for (_, new) in to {
        let named = |p: &&Publication| p.horizon == new.horizon || from.len() == 1 && to.len() == 1;
        if let Some(old) = from.iter().map(|f| &f.1).find(named) {
            changes.push(RequirementChange::between(old, new, holding)?);
        }
    }
    if changes.is_empty() {
        return Err(Error::Refused("the two have no horizon in common".into()));
    }
    Ok(changes)
}
