//! A hidden Markov chain: Hamilton's filter and Kim's smoother, whatever is observed in each state.
//!
//! The filter works on ln(predicted probability) + ln(density), shifted by its maximum; the smoother's
//! factors lie in \[0, 1\]: neither can overflow. Source: Hamilton 1989; Kim 1994.

/// Hamilton's filter: the probabilities of the states of a Markov chain, given how likely each makes
/// the observations so far.
#[derive(Clone, Debug)]
pub(in crate::forecast) struct Chain {
    trans: Vec<Vec<f64>>,
    /// Probabilities of the states at the next observation.
    next: Vec<f64>,
    /// Probabilities of the states at the last observation.
    now: Vec<f64>,
}

impl Chain {
    /// Before any observation.
    pub(in crate::forecast) fn new(trans: Vec<Vec<f64>>, start: Vec<f64>) -> Chain {
        Chain { trans, now: start.clone(), next: start }
    }
    /// Takes an observation by its log density in each state; gives its log-likelihood given those
    /// before it.
    pub(in crate::forecast) fn observe(&mut self, density: impl Fn(usize) -> f64) -> f64 {
        let mut top = f64::NEG_INFINITY;
        for (i, now) in self.now.iter_mut().enumerate() {
            *now = density(i);
            top = top.max(*now);
        }
        let mut sum = 0.0;
        for (now, next) in self.now.iter_mut().zip(&self.next) {
            *now = next * (*now - top).exp();
            sum += *now;
        }
        if !(sum > f64::MIN_POSITIVE && sum.is_finite()) {
            // The likely states are so improbable that products vanish: the same in logarithms.
            (top, sum) = self.observe_in_logs(&density);
        }
        self.now.iter_mut().for_each(|v| *v /= sum);
        self.step();
        top + sum.ln()
    }
    fn observe_in_logs(&mut self, density: &impl Fn(usize) -> f64) -> (f64, f64) {
        let mut top = f64::NEG_INFINITY;
        for (i, (now, next)) in self.now.iter_mut().zip(&self.next).enumerate() {
            *now = next.ln() + density(i);
            top = top.max(*now);
        }
        self.now.iter_mut().for_each(|v| *v = (*v - top).exp());
        (top, self.now.iter().sum())
    }
    /// Takes a missing observation.
    pub(in crate::forecast) fn miss(&mut self) {
        self.now.copy_from_slice(&self.next);
        self.step();
    }
    fn step(&mut self) {
        self.next.fill(0.0);
        for (p, row) in self.now.iter().zip(&self.trans) {
            for (next, a) in self.next.iter_mut().zip(row) {
                *next += p * a;
            }
        }
    }
    /// Probabilities of the states at the last observation.
    pub(in crate::forecast) fn now(&self) -> &[f64] {
        &self.now
    }
    /// Probabilities of the states at the next observation.
    pub(in crate::forecast) fn next(&self) -> &[f64] {
        &self.next
    }
    /// Probabilities of the states `steps` observations after the next one.
    pub(in crate::forecast) fn later(&self, steps: usize) -> Vec<f64> {
        let mut p = self.next.clone();
        for _ in 0..steps {
            let k = p.len();
            p = (0..k).map(|j| (0..k).map(|i| p[i] * self.trans[i][j]).sum()).collect();
        }
        p
    }
}

/// Kim's smoother: from filtered and predicted probabilities, row by row, the smoothed ones and the
/// expected number of transitions between each two states.
pub(in crate::forecast) fn kim(trans: &[Vec<f64>], filtered: Vec<f64>, predicted: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let k = trans.len();
    let t = filtered.len() / k;
    let mut gamma = filtered;
    let mut steps = vec![0.0; k * k];
    // Smoothed over predicted probability of each state in the next row. The least divisor keeps the
    // ratio finite; what it is multiplied by is then no larger than that divisor.
    let mut ratio = vec![0.0; k];
    for i in (0..t.saturating_sub(1)).rev() {
        let (head, tail) = gamma.split_at_mut((i + 1) * k);
        let (here, after, ahead) = (&mut head[i * k..], &tail[..k], &predicted[(i + 1) * k..(i + 2) * k]);
        for ((ratio, after), ahead) in ratio.iter_mut().zip(after).zip(ahead) {
            *ratio = if *after > 0.0 && *ahead > 0.0 { after / ahead.max(f64::MIN_POSITIVE) } else { 0.0 };
        }
        let mut total = 0.0;
        for ((here, row), steps) in here.iter_mut().zip(trans).zip(steps.chunks_exact_mut(k)) {
            let mut sum = 0.0;
            for ((a, r), step) in row.iter().zip(&ratio).zip(steps) {
                let both = *here * a * r;
                *step += both;
                sum += both;
            }
            *here = sum;
            total += sum;
        }
        here.iter_mut().for_each(|h| *h /= total);
    }
    (gamma, steps)
}
