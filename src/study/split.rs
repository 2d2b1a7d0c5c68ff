//! Rolling origins: what each fit may know, and where it is judged.

use super::plan::Study;
use crate::base::{Span, Ts};
use crate::forecast::{History, Panel};

/// One origin: models are fitted on what was known at `cut` and judged until `until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fold {
    /// Number of the origin, from 0.
    pub index: usize,
    /// Nothing known after this is learnt from. The first forecast is issued here.
    pub cut: Ts,
    /// The next origin, or the end of the study; exclusive.
    pub until: Ts,
}

/// The origins of a study, one every `refit`.
pub fn folds(study: &Study) -> Vec<Fold> {
    let mut cut = study.start;
    let mut folds = Vec::new();
    while cut < study.end {
        let until = Ts((cut + study.refit).0.min(study.end.0));
        folds.push(Fold { index: folds.len(), cut, until });
        cut = until;
    }
    folds
}

/// What may be learnt from at an origin. Purging needs no rule of its own: an outcome is in the
/// panel only when all its rows are, so a target that reaches beyond the cut is unknown there.
pub fn panel(study: &Study, history: &History, step: Span, cut: Ts) -> Panel {
    let end = cut - step.times(study.embargo as i64);
    let start = study.window.map_or(Ts(i64::MIN), |w| end - w);
    Panel::until(history, start, end).after_warmup(study.warmup)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Seed;

    #[test]
    fn origins_tile_the_span_without_overlap() {
        let study = Study {
            start: "2021-01-01".parse().unwrap(),
            end: "2021-04-15".parse().unwrap(),
            window: None,
            refit: "30d".parse().unwrap(),
            embargo: 0,
            warmup: 0,
            seed: Seed(1),
            base: "HAR".into(),
            calibration: Default::default(),
        };
        let f = folds(&study);
        assert_eq!(f.len(), 4);
        assert_eq!((f[0].cut, f[3].until), (study.start, study.end));
        assert!(f.windows(2).all(|w| w[0].until == w[1].cut));
    }
}
