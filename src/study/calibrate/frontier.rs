//! The efficient frontier: policies that no other is better than in one respect and as good in all others.

use super::objective::PolicyOutcome;

/// Whether `a` is nowhere worse than `b` and somewhere better.
fn dominates(a: &[f64], b: &[f64]) -> bool {
    a.iter().zip(b).all(|(a, b)| a <= b) && a.iter().zip(b).any(|(a, b)| a < b)
}

/// Places of those that nobody dominates, in order. Of two that are alike both are there.
pub fn frontier(outcomes: &[PolicyOutcome]) -> Vec<usize> {
    let costs: Vec<[f64; 7]> = outcomes.iter().map(PolicyOutcome::costs).collect();
    let free = |i: &usize| !costs.iter().any(|other| dominates(other, &costs[*i]));
    (0..costs.len()).filter(free).collect()
}
