//! Stressed value at risk: the worst stretch of the past, at the confidence that makes its loss equal to
//! the long-run one.
//!
//! The stress set is the `window` log returns over the horizon in a row with the largest sum of squares
//! among the last `history` of training; `p` is the level at which its quantile equals the 99 % VaR of
//! all of those, and the tail probability of every other level grows by the same factor, up to a half.
//! The distribution stands until the next fit \[fraction\]; expected shortfalls are means of the stress
//! set beyond its quantile.
//!
//! Source: the floor of a stressed period calibrated to the long-run VaR, as clearing houses publish it
//! and set it anew once a year. Checked by its definition in the unit tests below.
//!
//! | parameter | default | unit | range |
//! |---|---|---|---|
//! | `window` | 250 | returns | 50 to 10000 |
//! | `history` | 2500 | returns | `window` to 100000: ten years of days |
//! | `min_rows` | 500 | returns | 100 to `history` |
//!
//! Warm-up: the first row. Knows: returns of training. Ignores: everything since.
//!
//! ```
//! # use std::{collections::BTreeMap, sync::Arc};
//! # use margincast::base::{Horizon, Seed, Span, Ts};
//! # use margincast::feature::{Feature, Row};
//! use margincast::forecast::{FitContext, Model, Panel, Track, simulation::stressed::{Params, Stressed}};
//!
//! # let rows: Vec<Row> = (0..900i64).map(|i| {
//! #     let open = Ts(0) + Span::DAY.times(i);
//! #     let mut row = Row::empty("BTC".parse().unwrap(), open, open + Span::DAY, open + Span::DAY);
//! #     row.set(Feature::Ret, if (300..550).contains(&i) { 0.04 } else { 0.01 } * (1.7 * i as f64).sin());
//! #     row.set(Feature::Rv, 4e-4);
//! #     row
//! # }).collect();
//! # let history = BTreeMap::from([("BTC".parse().unwrap(), Arc::new(rows.clone()))]);
//! let panel = Panel::until(&history, Ts(0), rows[899].ts);
//! # let (members, track) = (BTreeMap::new(), Track::default());
//! # let ctx = FitContext { horizon: Horizon(Span::DAY), step: Span::DAY, seed: Seed(1), members: &members, track: &track, progress: &|_| () };
//! let mut filter = Stressed::fit(&Params::default(), &panel, &ctx)?.start();
//! filter.update(&rows[899]);
//! assert_eq!(format!("{:.3}", filter.forecast().unwrap().dist.q[1]), "-0.040");
//! # Ok::<(), margincast::forecast::Error>(())
//! ```

use serde::{Deserialize, Serialize};

use crate::base::quantile::{Rule, shortfall};
use crate::base::{Horizon, Problems, Ts, stats};
use crate::feature::Row;
use crate::forecast::dist::LEVELS;
use crate::forecast::training::{Chosen, Training, each};
use crate::forecast::{BySymbol, Dist, Error, FitContext, Forecast, Forecaster, Model, Outcome, Panel};

/// Tail probability whose long-run quantile calibrates the stress set.
const MISS: f64 = 0.01;

/// Settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Returns of the stress set.
    pub window: usize,
    /// Returns of which it is the worst stretch.
    pub history: usize,
    /// Fewest returns to learn from.
    pub min_rows: usize,
}

impl Default for Params {
    fn default() -> Params {
        Params { window: 250, history: 2500, min_rows: 500 }
    }
}

/// What was learnt: the distribution of each instrument.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stressed {
    horizon: Horizon,
    sets: BySymbol<Set>,
}

/// The stress set of one instrument.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Set {
    /// Issue time of its first return.
    from: Ts,
    /// Issue time of its last return.
    until: Ts,
    /// How much likelier losses of either side are in it than in the long run.
    factors: (f64, f64),
    dist: Dist,
}

impl Model for Stressed {
    const NAME: &'static str = "stressed";
    type Params = Params;

    fn check(params: &Params, _: &[&str], problems: &mut Problems) {
        problems.range("window", params.window as f64, 50.0, 1e4);
        problems.range("history", params.history as f64, params.window as f64, 1e5);
        problems.range("min_rows", params.min_rows as f64, 100.0, params.history as f64);
    }

    fn fit(params: &Params, panel: &Panel, ctx: &FitContext<'_>) -> Result<Stressed, Error> {
        Self::sound(params, ctx)?;
        let sets = each(Self::NAME, panel, ctx, |t| set(params, t))?;
        Ok(Stressed { horizon: ctx.horizon, sets })
    }

    fn start(&self) -> Box<dyn Forecaster> {
        Box::new(State { horizon: self.horizon, own: Chosen::Waiting(self.sets.clone()), issued: Ts(0) })
    }
}

fn set(params: &Params, t: &Training<'_>) -> Result<Set, Error> {
    let known = t.rows.iter().zip(&t.targets).filter_map(|(row, target)| Some((row.ts, (*target)?)));
    let all: Vec<_> = known.collect();
    let all = &all[all.len().saturating_sub(params.history)..];
    t.require(all.len(), params.min_rows.max(params.window))?;
    t.level(params.min_rows)?;
    let energy: Vec<f64> =
        all.windows(params.window).map(|w| w.iter().map(|(_, o)| o.ret * o.ret).sum::<f64>()).collect();
    // The first of equal ones.
    let worst = (0..energy.len()).rev().max_by(|a, b| energy[*a].total_cmp(&energy[*b])).unwrap_or(0);
    let stress = &all[worst..worst + params.window];
    let side = |sign: f64| -> (Vec<f64>, f64) {
        let losses = |of: &[(Ts, Outcome)]| stats::sorted(&of.iter().map(|(_, o)| sign * o.ret).collect::<Vec<_>>());
        let long_run = Rule::Conservative.quantile(&losses(all), 1.0 - MISS);
        let set = losses(stress);
        let factor = ((1.0 - level(&set, long_run)) / MISS).max(0.0);
        (set, factor)
    };
    let ((falls, low), (rises, high)) = (side(-1.0), side(1.0));
    let at = |set: &[f64], factor: f64, miss: f64| stats::quantile(set, 1.0 - (miss * factor).min(0.5));
    let mut q = LEVELS.map(|p| match p {
        p if p < 0.5 => -at(&falls, low, p),
        p if p > 0.5 => at(&rises, high, 1.0 - p),
        _ => stats::quantile(&rises, 0.5),
    });
    q.sort_by(f64::total_cmp);
    let beyond = |set: &[f64], factor: f64| {
        let var = at(set, factor, MISS);
        let worse: Vec<f64> = set.iter().rev().copied().take_while(|l| *l > var).collect();
        let miss = (MISS * factor).min(0.5).max(worse.len() as f64 / set.len() as f64);
        if worse.is_empty() { var } else { shortfall(worse.into_iter(), var, 1.0 - miss, set.len()) }
    };
    let mean = |of: &dyn Fn(&Outcome) -> f64| stress.iter().map(|(_, o)| of(o)).sum::<f64>() / stress.len() as f64;
    let dist = Dist {
        rv: mean(&|o| o.rv),
        sd: mean(&|o| o.ret * o.ret).sqrt(),
        q,
        es01: (-beyond(&falls, low)).min(q[1]),
        es99: beyond(&rises, high).max(q[7]),
    };
    if !dist.is_sound() {
        return Err(t.no_fit("the worst stretch has no volatility"));
    }
    Ok(Set { from: stress[0].0, until: stress[stress.len() - 1].0, factors: (low, high), dist })
}

/// The level whose type-7 quantile of an ascending sample is `x`; 0 below it, 1 above.
fn level(sorted: &[f64], x: f64) -> f64 {
    let above = sorted.partition_point(|v| *v <= x);
    if above == 0 || sorted.len() < 2 {
        return 0.0;
    }
    let Some(next) = sorted.get(above) else { return 1.0 };
    let place = (above - 1) as f64 + (x - sorted[above - 1]) / (next - sorted[above - 1]);
    place / (sorted.len() - 1) as f64
}

struct State {
    horizon: Horizon,
    own: Chosen<Set>,
    issued: Ts,
}

impl Forecaster for State {
    fn update(&mut self, row: &Row) {
        self.own.at(row);
        self.issued = row.ts;
    }
    fn forecast(&self) -> Option<Forecast> {
        let dist = self.own.get()?.dist;
        Some(Forecast { issued: self.issued, horizon: self.horizon, dist, regime: None, spike: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::training::fixture;

    fn noise(i: usize) -> f64 {
        let x = (i as f64 * 12.9898).sin() * 43_758.545_3;
        x - x.floor() - 0.5
    }

    #[test]
    fn the_stress_set_is_the_worst_stretch_and_its_loss_the_long_run_one() {
        let size = |i: usize| if (400..650).contains(&i) { 0.08 } else { 0.02 };
        let rows = fixture::rows(1500, |i| (size(i) * noise(i), 1e-4));
        let model = fixture::fit::<Stressed>(&Params::default(), &rows, 1).unwrap();
        let set = &model.sets[&rows[0].symbol];
        assert!((set.from - rows[399].ts).0.abs() <= 3 * crate::base::Span::DAY.0, "{}", set.from);
        assert!(set.factors.0 > 3.0 && set.factors.1 > 3.0, "losses are likelier there: {:?}", set.factors);
        let losses: Vec<f64> = rows[1..].iter().map(|r| -r.raw(crate::feature::Feature::Ret)).collect();
        let long_run = Rule::Conservative.quantile(&stats::sorted(&losses), 0.99);
        assert!((-set.dist.q[1] / long_run - 1.0).abs() < 1e-9, "{} {long_run}", set.dist.q[1]);
        assert!(set.dist.es01 < set.dist.q[1] && set.dist.q[0] < set.dist.q[1]);
    }

    #[test]
    fn levels_and_quantiles_undo_each_other() {
        let x: Vec<f64> = (0..250).map(|i| noise(i).abs()).collect();
        let sorted = stats::sorted(&x);
        for p in [0.0, 0.3, 0.905, 0.999] {
            assert!((level(&sorted, stats::quantile(&sorted, p)) - p).abs() < 1e-12);
        }
        assert_eq!((level(&sorted, -1.0), level(&sorted, 2.0)), (0.0, 1.0));
    }

    #[test]
    fn too_few_returns_and_none_that_move_are_refused() {
        let short = fixture::fit::<Stressed>(&Params::default(), &fixture::rows(300, |i| (noise(i), 1e-4)), 1);
        assert!(short.unwrap_err().to_string().contains("at least 500"));
        let flat = fixture::fit::<Stressed>(&Params::default(), &fixture::rows(900, |_| (0.0, 1e-4)), 1);
        assert!(flat.unwrap_err().to_string().contains("every return is zero"));
    }
}
