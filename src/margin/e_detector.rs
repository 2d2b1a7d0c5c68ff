//! Evidence against a sequence of forecasts, at any time: e-detectors.
//!
//! An e-value has mean 1 at most where the forecast is right, so a product of bets on it is evidence against the forecast
//! when it grows, and may be looked at after every outcome. The bet `l` wins `1 - l + l e`, and begins again at 1
//! whenever it has lost:
//!
//! ```text
//! M^l <- max(1, M^l) (1 - l + l e)      for l in 0.0025, 0.005, 0.01, 0.02; at most 1000
//! M    = mean over the bets and over the interleaved processes
//! ```
//!
//! Outcomes over `h` rows overlap, those `h` rows apart do not: so there are `h` processes, and row `t` belongs to the one
//! of number `t mod h`. Source: Shin, Ramdas, Rinaldo, "E-detectors", arXiv 2203.03532.

/// The bets.
const BETS: [f64; 4] = [0.0025, 0.005, 0.01, 0.02];

/// Most evidence that one bet remembers: what is remembered without end would never be forgotten.
const MOST: f64 = 1000.0;

/// Least e-value: with it the largest bet loses all it has.
const LEAST: f64 = 1.0 - 1.0 / BETS[3];

/// The running evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct EDetector {
    /// What each bet of each interleaved process has become.
    processes: Vec<[f64; BETS.len()]>,
    /// Which process the next row belongs to.
    next: usize,
}

impl EDetector {
    /// With no outcome yet, of forecasts over `ahead` rows.
    pub fn new(ahead: usize) -> EDetector {
        EDetector { processes: vec![[1.0; BETS.len()]; ahead.max(1)], next: 0 }
    }
    /// Takes the e-value of the next row; a row without one, or with one that is no number, is passed over.
    pub fn push(&mut self, e: Option<f64>) {
        let at = self.next;
        self.next = (at + 1) % self.processes.len();
        let (Some(e), Some(process)) = (e.filter(|e| e.is_finite()), self.processes.get_mut(at)) else { return };
        for (m, l) in process.iter_mut().zip(BETS) {
            *m = (m.max(1.0) * (1.0 - l + l * e.max(LEAST))).min(MOST);
        }
    }
    /// The evidence: 1 or thereabouts while there is none.
    pub fn evidence(&self) -> f64 {
        self.processes.iter().flatten().sum::<f64>() / (BETS.len() * self.processes.len()) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_outcomes_go_to_processes_of_their_own() {
        let mut two = EDetector::new(2);
        // The first process sees breaches alone, the second none.
        (0..20).for_each(|i| two.push(Some(if i % 2 == 0 { 100.0 } else { 0.0 })));
        let (mut all, mut none) = (EDetector::new(1), EDetector::new(1));
        (0..10).for_each(|_| all.push(Some(100.0)));
        (0..10).for_each(|_| none.push(Some(0.0)));
        assert!((two.evidence() - (all.evidence() + none.evidence()) / 2.0).abs() < 1e-12);
    }

    #[test]
    fn what_is_missing_moves_nothing_but_the_turn() {
        let (mut gap, mut whole) = (EDetector::new(2), EDetector::new(2));
        gap.push(None);
        gap.push(Some(f64::NAN));
        assert_eq!(gap, whole);
        gap.push(None);
        gap.push(Some(100.0));
        whole.push(Some(100.0));
        assert_eq!(gap.evidence(), whole.evidence());
        assert_ne!(gap, whole, "it is the second process's");
    }

    #[test]
    fn evidence_is_bounded_and_never_negative() {
        let mut d = EDetector::new(1);
        (0..100).for_each(|_| d.push(Some(100.0)));
        assert_eq!(d.evidence(), MOST);
        d.push(Some(-1e9));
        assert!((0.0..MOST).contains(&d.evidence()));
    }
}
