//! Which policy is taken: the least shortfall among those that an appetite for rises and for cost admits.

use serde::{Deserialize, Serialize};

use super::objective::PolicyOutcome;

/// What may be chosen: nothing that leaves more uncovered than the baseline alone. Without limits of its own a worst rise may be as large as the control's over as many rows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Appetite {
    /// Largest worst rises over 1, 5 and 20 rows; absent: those of the control.
    pub rises: [Option<f64>; 3],
    /// Largest average margin over the average baseline.
    pub dearest: f64,
}

impl Default for Appetite {
    fn default() -> Appetite {
        Appetite { rises: [None; 3], dearest: 1.25 }
    }
}

/// Roundings are no rises.
const SLACK: f64 = 1e-9;

impl Appetite {
    /// By how much a policy exceeds it; 0 where it may be chosen.
    pub fn excess(&self, outcome: &PolicyOutcome) -> f64 {
        let rises = (0..3).map(|k| outcome.rises[k] - self.rises[k].unwrap_or(outcome.control_rises[k]));
        let dear = outcome.average / outcome.baseline_average - self.dearest;
        // What leaves more uncovered than the baseline alone is no margin policy, however little it costs.
        let uncovered = outcome.shortfall / outcome.baseline_shortfall.max(f64::MIN_POSITIVE) - 1.0;
        rises.chain([dear, uncovered]).map(|over| if over > SLACK { over } else { 0.0 }).sum()
    }
    /// Whether a policy may be chosen.
    pub fn admits(&self, outcome: &PolicyOutcome) -> bool {
        outcome.ratio().is_some() && self.excess(outcome) == 0.0
    }
    /// The one of these that is admitted with the least shortfall over its control's, the first of equals. `None` where
    /// none is admitted; what has no outcome is not.
    pub fn choose<'a>(&self, of: impl IntoIterator<Item = (usize, Option<&'a PolicyOutcome>)>) -> Option<usize> {
        let ratio = |o: &PolicyOutcome| o.ratio().filter(|_| self.admits(o));
        let admitted = of.into_iter().filter_map(|(i, o)| Some((i, ratio(o?)?)));
        admitted.reduce(|best, next| if next.1 < best.1 { next } else { best }).map(|best| best.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: PolicyOutcome = PolicyOutcome {
        n: 100,
        average: 0.044,
        baseline_average: 0.04,
        shortfall: 0.7,
        control_shortfall: 1.0,
        flat_shortfall: 2.0,
        baseline_shortfall: 1.1,
        breaches: 1,
        control_breaches: 1,
        rises: [0.1, 0.2, 0.3],
        control_rises: [0.1, 0.25, 0.3],
        rise_es99: 0.05,
        changes_a_day: 1.0,
        better: 1,
        instruments: 1,
    };

    #[test]
    fn the_least_shortfall_is_chosen_among_those_that_call_no_more_at_once_than_the_control() {
        let wild = PolicyOutcome { shortfall: 0.1, rises: [0.1, 0.26, 0.3], ..GOOD };
        let dear = PolicyOutcome { shortfall: 0.1, average: 0.051, ..GOOD };
        let less = PolicyOutcome { shortfall: 0.6, ..GOOD };
        let bare = PolicyOutcome { shortfall: 1.2, control_shortfall: 3.0, ..GOOD };
        assert!(!Appetite::default().admits(&bare), "more is left uncovered than by the baseline alone");
        let nothing_left = PolicyOutcome { shortfall: 0.0, control_shortfall: 0.0, ..GOOD };
        let all = [None, Some(&GOOD), Some(&wild), Some(&dear), Some(&less), Some(&less), Some(&nothing_left)];
        assert_eq!(Appetite::default().choose(all.into_iter().enumerate()), Some(4));
        let calmer = Appetite { rises: [Some(0.05), None, None], ..Appetite::default() };
        assert_eq!(calmer.choose(all.into_iter().enumerate()), None, "nothing so calm");
        let wilder = Appetite { rises: [None, Some(0.5), None], ..Appetite::default() };
        assert_eq!(wilder.choose(all.into_iter().enumerate()), Some(2));
        assert!(!Appetite::default().admits(&nothing_left), "a control that leaves nothing tells nothing");
    }
}
