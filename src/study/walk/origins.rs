//! Rolling origins: what each fit may know, and where it is judged.

use std::collections::BTreeSet;

use crate::base::{Span, Ts};
use crate::forecast::{History, Panel};
use crate::study::config::Study;

/// One origin: models are fitted on what was known at `cut` and judged until `until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Number of the origin, from 0.
    pub index: usize,
    /// Nothing known after this is learnt from. The first forecast is issued here.
    pub cut: Ts,
    /// The next origin, or the end of the study; exclusive.
    pub until: Ts,
}

/// The origins of a study, one every `refit`: first those of the rehearsal, then those from `start`.
/// With `refit_rows` an origin lies at every so many closes of `history`, from the rehearsal's first.
pub fn origins(study: &Study, history: &History) -> Vec<Origin> {
    let mut cut = study.start - study.rehearsal;
    let closes: BTreeSet<Ts> = match study.refit_rows {
        Some(_) => history.values().flat_map(|rows| rows.iter().map(|r| r.ts)).collect(),
        None => BTreeSet::new(),
    };
    let next = |cut: Ts| match study.refit_rows {
        Some(rows) => closes.range(cut..).nth(rows).map_or(study.end, |close| (*close).min(study.end)),
        None => {
            let end = if cut < study.start { study.start } else { study.end };
            (cut + study.refit).min(end)
        }
    };
    let mut origins = Vec::new();
    while cut < study.end {
        let until = next(cut);
        origins.push(Origin { index: origins.len(), cut, until });
        cut = until;
    }
    origins
}

/// What may be learnt from at an origin. Purging needs no rule of its own: an outcome is in the
/// panel only when all its rows are, so a target that reaches beyond the cut is unknown there.
pub fn panel(study: &Study, history: &History, step: Span, cut: Ts) -> Panel {
    panel_until(history, cut - step.times(study.embargo as i64), study.window, study.warmup)
}

/// The same by the last instant that is learnt from and the length of the training window.
pub(super) fn panel_until(history: &History, end: Ts, window: Option<Span>, warmup: usize) -> Panel {
    let start = window.map_or(Ts(i64::MIN), |w| end - w);
    Panel::until(history, start, end).after_warmup(warmup)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::base::Seed;
    use crate::feature::Row;

    #[test]
    fn origins_tile_the_span_without_overlap() {
        let study = Study {
            start: "2021-01-01".parse().unwrap(),
            end: "2021-04-15".parse().unwrap(),
            window: None,
            refit: "30d".parse().unwrap(),
            refit_rows: None,
            embargo: 0,
            warmup: 0,
            phases: 1,
            rehearsal: "40d".parse().unwrap(),
            seed: Seed(1),
            base: "HAR".into(),
            crash_days: vec![],
            calibration: Default::default(),
            margins: vec![],
        };
        let f = origins(&study, &History::new());
        assert_eq!(f.len(), 6);
        assert_eq!((f[0].cut, f[5].until), (study.start - study.rehearsal, study.end));
        assert_eq!(f[2].cut, study.start, "an origin lies at the start, whatever the rehearsal");
        assert!(f.windows(2).all(|w| w[0].until == w[1].cut));
        // Every other day of January to April: 25 closes are 50 days.
        let row = |i: i64| {
            let close = study.start - Span::DAY.times(40) + Span::DAY.times(2 * i);
            Row::empty("A".parse().unwrap(), close - Span::DAY, close, close)
        };
        let history = History::from([("A".parse().unwrap(), Arc::new((0..90).map(row).collect()))]);
        let f = origins(&Study { refit_rows: Some(25), ..study.clone() }, &history);
        assert_eq!(f.iter().map(|x| (x.cut - f[0].cut).0 / Span::DAY.0).collect::<Vec<_>>(), [0, 50, 100]);
        assert!(f.windows(2).all(|w| w[0].until == w[1].cut) && f[2].until == study.end);
    }
}
