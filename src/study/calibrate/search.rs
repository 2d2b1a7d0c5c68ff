//! The search: a grid, then at each origin places near the best that an appetite admits, drawn from a named seed.
//!
//! An origin searches from the grid and from what it drew itself: what another origin drew, it may have drawn for what
//! came later.

use rand::RngExt;

use super::choose::Appetite;
use super::evaluate::Evaluated;
use super::ladder::{AXES, Ladders, Place};
use crate::base::{Seed, Ts};
use crate::study::Error;

/// How much is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effort {
    /// Draws at each origin.
    pub rounds: usize,
    /// Places of one draw.
    pub drawn: usize,
    /// From how many of the best they are drawn.
    pub parents: usize,
}

impl Default for Effort {
    fn default() -> Effort {
        Effort { rounds: 6, drawn: 48, parents: 6 }
    }
}

/// Evaluates the grid, and what is near the best at each origin. Gives the policies that each origin looked at, in order.
///
/// # Errors
/// Those of evaluating.
pub fn search(
    all: &mut Evaluated<'_>,
    appetite: &Appetite,
    origins: &[Ts],
    effort: Effort,
    seed: Seed,
) -> Result<Vec<Vec<usize>>, Error> {
    let mut first = all.add(all.ladders.grid())?;
    first.sort_unstable();
    let mut looked = Vec::new();
    for (i, origin) in origins.iter().enumerate() {
        let mut own = first.clone();
        for round in 0..effort.rounds {
            let parents = best(all, appetite, i, &own, effort.parents);
            let mut rng = seed.named(&format!("calibrate {origin} {round}")).rng();
            let mut children = Vec::new();
            for k in 0..effort.drawn {
                let Some(parent) = parents.get(k % parents.len().max(1)) else { break };
                children.push(near(&all.ladders, all.places[*parent], &mut rng));
            }
            let added = all.add(children)?;
            own.extend(added);
            own.sort_unstable();
            own.dedup();
        }
        looked.push(own);
    }
    Ok(looked)
}

/// The best at an origin: those that exceed an appetite the least, and of them those with the least shortfall.
fn best(all: &Evaluated<'_>, appetite: &Appetite, origin: usize, own: &[usize], count: usize) -> Vec<usize> {
    let rank = |i: usize| {
        let outcome = all.outcomes[i][origin].as_ref()?;
        Some((appetite.excess(outcome), outcome.ratio()?, i))
    };
    let mut ranked: Vec<(f64, f64, usize)> = own.iter().filter_map(|i| rank(*i)).collect();
    ranked.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)));
    ranked.into_iter().take(count).map(|r| r.2).collect()
}

/// One to three of the settings that there is a choice of, a step or two up or down.
fn near(ladders: &Ladders, mut place: Place, rng: &mut impl RngExt) -> Place {
    let free: Vec<usize> = (0..AXES).filter(|axis| ladders.height(*axis) > 1).collect();
    for _ in 0..rng.random_range(1..=3) {
        let axis = free[rng.random_range(0..free.len())];
        let step = rng.random_range(1..=2u8);
        let top = ladders.height(axis) - 1;
        place[axis] =
            if rng.random::<bool>() { (place[axis] + step).min(top) } else { place[axis].saturating_sub(step) };
    }
    place
}
