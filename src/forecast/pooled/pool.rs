//! The pool that the models shared by all instruments learn from, in units of each instrument's own
//! long mean.

use std::sync::{Arc, Mutex, PoisonError};

use super::gamma::Design;
use super::input::unit;
use super::standardised::{Inputs, Reader, names};
use crate::base::{Problems, Symbol, Ts, stats};
use crate::feature::Row;
use crate::forecast::hmm::{self, Hmm};
use crate::forecast::training::{Level, Training, each};
use crate::forecast::{BySymbol, Error, FitContext, Model as _, Outcome, Panel};

/// Least number of rows per instrument and in all.
const NEED: (usize, usize) = (60, 200);
/// Targets are cut off below this and above this quantile.
const TARGET: (f64, f64) = (1e-3, 0.9995);

/// Which inputs a model takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Selection<'a> {
    /// States of the hidden Markov model; 0 for none.
    pub regimes: usize,
    /// Whether rows of windows between the grid's are learnt from as well.
    pub shifted: bool,
    /// Names of inputs to leave out.
    pub drop: &'a [String],
}

/// Rows to learn from, all instruments together, in order of time and, within an instant, of name.
pub(super) struct Pool {
    pub levels: BySymbol<Level>,
    pub inputs: Inputs,
    /// Standardised inputs, row by row.
    pub z: Vec<f64>,
    /// Outcome over the horizon in units of the long mean, without its extremes.
    pub target: Vec<f64>,
    /// Return over the horizon over the standard deviation that belongs to the long mean.
    pub ret: Vec<f64>,
    /// Which row each is.
    pub at: Vec<(Symbol, Ts)>,
    /// Gamma regressions on all of it, by ridge.
    linear: Mutex<Vec<(f64, Option<Vec<f64>>)>>,
}

struct Sample {
    at: (Symbol, Ts),
    x: Vec<f64>,
    target: f64,
    ret: f64,
}

fn samples(training: &Training<'_>, level: &Level, regimes: Option<&Hmm>) -> Vec<Sample> {
    let mut reader = Reader::new(regimes);
    let one = |(row, target): (&Row, &Option<Outcome>)| {
        let unit = unit(row);
        let (x, target) = (reader.read(row, unit)?, (*target)?);
        let mean = training.ahead as f64 * unit?;
        let (target, ret) = (target.rv / mean, target.ret / level.sd(mean));
        Some(Sample { at: (row.symbol, row.ts), x, target, ret })
    };
    training.rows.iter().zip(&training.targets).filter_map(one).collect()
}

/// The hidden Markov model whose regimes are inputs; none where rows are too few for one.
fn regimes(states: usize, panel: &Panel, ctx: &FitContext<'_>) -> Result<Option<Hmm>, Error> {
    if states == 0 {
        return Ok(None);
    }
    // As inputs, regimes need no last digit: one start, and steps that gain less than this are not made.
    // One start draws nothing, so that the fit does not hang on whose seed it is.
    let params = hmm::Params { states, starts: 1, iterations: 60, tolerance: 0.05, ..hmm::Params::default() };
    match Hmm::fit(&params, panel, ctx) {
        Ok(fitted) => Ok(Some(fitted)),
        Err(Error::TooLittle { .. } | Error::NoFit { .. }) => Ok(None),
        Err(why) => Err(why),
    }
}

/// Says what is wrong with the settings that pooled models share.
pub(super) fn check(regimes: usize, drop: &[String], problems: &mut Problems) {
    problems.want("regimes", regimes == 0 || (2..=4).contains(&regimes), regimes, "0, or 2 to 4");
    let known: Vec<&str> = names().collect();
    drop.iter().for_each(|name| problems.one_of("drop", name, &known));
}

impl Pool {
    /// The rows of a panel that have a long mean and an outcome; models that want the same share it.
    ///
    /// # Errors
    /// Too few.
    pub fn gather(
        model: &'static str,
        panel: &Panel,
        ctx: &FitContext<'_>,
        wanted: Selection<'_>,
    ) -> Result<Arc<Pool>, Error> {
        let Selection { regimes, shifted, drop } = wanted;
        let key = format!("pool of {regimes} regimes, shifted {shifted}, without {drop:?}, {} ahead", ctx.ahead());
        panel.try_derived(&key, || Pool::make(model, panel, ctx, wanted))
    }
    fn make(model: &'static str, panel: &Panel, ctx: &FitContext<'_>, wanted: Selection<'_>) -> Result<Pool, Error> {
        let quiet = FitContext { progress: &|_| (), ..*ctx };
        let regimes = regimes(wanted.regimes, panel, &quiet)?;
        let own = each(model, panel, &quiet, |training| {
            let level = training.level(NEED.0)?;
            let samples = samples(training, &level, regimes.as_ref());
            training.require(samples.len(), NEED.0)?;
            Ok((level, samples))
        })?;
        let (mut levels, mut all) = (BySymbol::new(), Vec::new());
        for (symbol, (level, samples)) in own {
            levels.insert(symbol, level);
            all.extend(samples);
        }
        for shifted in panel.shifted().iter().filter(|_| wanted.shifted) {
            // Where the shifted windows are too few they add nothing.
            let more = each(model, shifted, &quiet, |training| {
                let level = levels.get(&training.symbol()).ok_or_else(|| training.no_fit("no level"))?;
                Ok(samples(training, level, regimes.as_ref()))
            });
            all.extend(more.into_iter().flatten().flat_map(|(_, samples)| samples));
        }
        if all.len() < NEED.1 {
            let symbol = "the whole panel".to_string();
            return Err(Error::TooLittle { model, symbol, have: all.len(), need: NEED.1, end: panel.end() });
        }
        // Instruments stay in order of name within an instant, as they came.
        all.sort_by_key(|sample| sample.at.1);
        let targets: Vec<f64> = all.iter().map(|s| s.target).collect();
        let cap = stats::quantile(&stats::sorted(&targets), TARGET.1).max(TARGET.0);
        let ret = all.iter().map(|s| s.ret).collect();
        let at = all.iter().map(|s| s.at).collect();
        let x: Vec<Vec<f64>> = all.into_iter().map(|s| s.x).collect();
        let inputs = Inputs::fit(&x, regimes, wanted.drop);
        #[cfg(test)]
        let inputs = match panel.symbols().find_map(|s| crate::base::planted::ahead("SCALER", s, panel.end())) {
            Some(leak) => inputs.leaked(leak),
            None => inputs,
        };
        let columns = inputs.columns().unwrap_or_default();
        let z = x.iter().flat_map(|x| inputs.standardise(&columns, x)).collect();
        let target = targets.iter().map(|t| t.clamp(TARGET.0, cap)).collect();
        Ok(Pool { levels, inputs, z, target, ret, at, linear: Mutex::default() })
    }
    /// Intercept and coefficients of the gamma regression on all rows; `None` when it does not settle.
    /// Models that start at the same one share it.
    pub fn linear(&self, ridge: f64) -> Option<Vec<f64>> {
        let kept = || self.linear.lock().unwrap_or_else(PoisonError::into_inner);
        let there = kept().iter().find(|(r, _)| *r == ridge).map(|(_, fit)| fit.clone());
        there.unwrap_or_else(|| {
            let fit = self.design().fit(&self.target, ridge, &[]);
            kept().push((ridge, fit.clone()));
            fit
        })
    }
    /// The inputs as a regression takes them.
    pub fn design(&self) -> Design {
        Design::new(&self.z, self.rows(), self.width())
    }
    pub fn rows(&self) -> usize {
        self.target.len()
    }
    pub fn width(&self) -> usize {
        self.inputs.width()
    }
    /// Standardised inputs of a row.
    pub fn row(&self, i: usize) -> &[f64] {
        &self.z[i * self.width()..(i + 1) * self.width()]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::super::input::INPUTS;
    use super::*;
    use crate::base::{Horizon, Seed, Span};
    use crate::forecast::Track;
    use crate::forecast::training::fixture;

    /// In the middle of a calm stretch.
    const CUT: usize = 430;

    /// Raw inputs, as bits, of the rows before the cut: regimes are learnt from the first `learnt` rows
    /// and those of a row are read `later` rows after it. The rows after the cut are `wild` times as wild.
    fn seen_before_the_cut(wild: f64, learnt: usize, later: usize) -> Vec<Vec<u64>> {
        let rows = fixture::rows(600, |i| {
            let calm = if i % 60 < 40 { 1.0 } else { 9.0 };
            let rv = 1e-4 * calm * (1.0 + (i * 7919 % 31) as f64 / 31.0) * if i < CUT { 1.0 } else { wild };
            (rv.sqrt() * if i % 2 == 0 { 1.0 } else { -1.0 }, rv)
        });
        let history = BTreeMap::from([(rows[0].symbol, Arc::new(rows.clone()))]);
        let panel = Panel::until(&history, Ts(i64::MIN), rows[learnt - 1].ts_known);
        let ctx = FitContext {
            horizon: Horizon(Span::DAY),
            step: Span::DAY,
            seed: Seed(1),
            members: &BTreeMap::new(),
            track: &Track::default(),
            progress: &|_| (),
        };
        let regimes = regimes(2, &panel, &ctx).unwrap().expect("rows enough for two states");
        let mut reader = Reader::new(Some(&regimes));
        let all: Vec<Vec<f64>> = rows.iter().filter_map(|row| reader.read(row, Some(1e-4))).collect();
        let own = INPUTS.len();
        let one = |i: usize| all[i][..own].iter().chain(&all[i + later][own..]).map(|v| v.to_bits()).collect();
        (0..CUT).map(one).collect()
    }

    #[test]
    fn regimes_as_inputs_are_blind_to_later_rows_and_planted_leaks_are_caught() {
        let leaks = |learnt, later| seen_before_the_cut(1.0, learnt, later) != seen_before_the_cut(30.0, learnt, later);
        assert!(!leaks(CUT, 0));
        // Planted: regimes learnt from rows after the cut; regimes smoothed by the row that follows.
        assert!(leaks(CUT + 100, 0));
        assert!(leaks(CUT, 1));
    }

    #[test]
    fn models_of_one_panel_share_its_pool_and_learn_what_each_would_alone() {
        use crate::forecast::pooled::boost::{self, Boost};
        use crate::forecast::pooled::net::{self, Net};

        let mut rows = fixture::rows(700, |i| {
            let rv = 1e-4 * (1.0 + (i * 7919 % 31) as f64 / 31.0) * if i % 60 < 40 { 1.0 } else { 9.0 };
            (rv.sqrt() * if i % 2 == 0 { 1.0 } else { -1.0 }, rv)
        });
        rows.iter_mut().for_each(|row| row.set(crate::feature::Feature::RvLong, 3e-4));
        let history = BTreeMap::from([(rows[0].symbol, Arc::new(rows.clone()))]);
        let panel = || Panel::until(&history, Ts(i64::MIN), rows[699].ts_known);
        let (members, track) = (BTreeMap::new(), Track::default());
        let ctx = |seed| FitContext {
            horizon: Horizon(Span::DAY),
            step: Span::DAY,
            seed: Seed(seed),
            members: &members,
            track: &track,
            progress: &|_| (),
        };
        let linear = |panel: &Panel| Net::fit(&net::Params { nets: 0, ..Default::default() }, panel, &ctx(1)).unwrap();
        let few = boost::Params { rounds: 5, ..Default::default() };
        let boost = |panel: &Panel| Boost::fit(&few, panel, &ctx(2)).unwrap();
        let shared = panel();
        let together = (linear(&shared), boost(&shared));
        assert_eq!(together, (linear(&panel()), boost(&panel())));
        let wanted = Selection { regimes: 3, shifted: true, drop: &[] };
        let pool = |model| Pool::gather(model, &shared, &ctx(3), wanted).unwrap();
        assert!(Arc::ptr_eq(&pool("net"), &pool("boost")));
        let other = Selection { regimes: 0, ..wanted };
        assert!(!Arc::ptr_eq(&pool("net"), &Pool::gather("net", &shared, &ctx(3), other).unwrap()));
    }
}
