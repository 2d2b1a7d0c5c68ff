//! How often one model's tails were exceeded, over outcomes that do not overlap.

use crate::base::Horizon;
use crate::loss::OutcomeRow;
use crate::loss::test::coverage::transitions;
use crate::loss::test::overlap::thinned;
use crate::study::measure::Outcomes;
use crate::study::walk::Forecasted;

/// Breaches of one model's quantile, over outcomes that do not overlap, instrument by instrument.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Breaches {
    /// Outcomes.
    pub n: usize,
    /// Beyond the quantile.
    pub breaches: usize,
    /// Pairs of outcomes that follow each other: first index whether the first is a breach, second
    /// whether the second is.
    pub transitions: [[usize; 2]; 2],
}

/// Breaches of the 1 % and of the 99 % quantile of one model over one horizon.
pub fn breaches(model: &str, horizon: Horizon, outcomes: &[Outcomes], forecasts: &[Forecasted]) -> [Breaches; 2] {
    let mut found = [Breaches::default(); 2];
    for t in outcomes.iter().filter(|t| t.horizon == horizon) {
        let own =
            forecasts.iter().filter(|f| f.symbol == t.symbol && f.forecast.horizon == horizon && *f.model == *model);
        let mut own: Vec<(&Forecasted, OutcomeRow)> = own.filter_map(|f| Some((f, t.at(f.forecast.issued)?))).collect();
        own.sort_by_key(|(f, _)| f.forecast.issued);
        let mut series = [Vec::new(), Vec::new()];
        for i in thinned(&own.iter().map(|(_, o)| o.ts).collect::<Vec<_>>(), horizon) {
            let (f, o) = own[i];
            series[0].push(o.ret < f.forecast.dist.q[1]);
            series[1].push(o.ret > f.forecast.dist.q[7]);
        }
        for (found, hits) in found.iter_mut().zip(&series) {
            found.n += hits.len();
            found.breaches += hits.iter().filter(|h| **h).count();
            let pairs = transitions(hits);
            (0..2).for_each(|i| (0..2).for_each(|j| found.transitions[i][j] += pairs[i][j]));
        }
    }
    found
}
