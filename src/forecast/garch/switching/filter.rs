//! Regimes on their way through time: Hamilton's filter beside one recursion per regime.

use super::spec::Switching;
use crate::forecast::dist::LEVELS;
use crate::forecast::garch::innovation::{Density, cdf, quantile};
use crate::forecast::garch::numeric::number::Number;
use crate::forecast::{Dist, garch::Innovation};

/// Most regimes.
const MOST: usize = 3;

/// The regimes at some return.
#[derive(Clone)]
pub struct Regimes<T> {
    count: usize,
    regimes: Vec<Regime<T>>,
    /// `transitions[i][j]`: probability that regime j follows i.
    transitions: [[T; MOST]; MOST],
    /// Probabilities at the next return, before it is known.
    next: [T; MOST],
    /// Probabilities at the last return, once it is known.
    now: [T; MOST],
    begun: bool,
}

/// One regime's coefficients and the variance of its next residual.
#[derive(Clone)]
struct Regime<T> {
    omega: T,
    alpha: T,
    gamma: T,
    beta: T,
    density: Density<T>,
    variance: T,
}

#[allow(private_bounds)]
impl<T: Number> Regimes<T> {
    /// Before the first return, at unconditional variances and probabilities.
    pub(super) fn begin(spec: &Switching, c: &[T]) -> Regimes<T> {
        let (width, shape) = spec.width();
        let count = spec.regimes;
        let one = |c: &[T]| {
            let (omega, alpha, beta) = (c[0], c[1], c[width - 1]);
            let gamma = if spec.asymmetric { c[2] } else { T::of(0.0) };
            let variance = omega / (-alpha - gamma * 0.5 - beta + 1.0);
            Regime { omega, alpha, gamma, beta, density: Density::new(spec.innovation, &c[width..]), variance }
        };
        let mut transitions = [[T::of(0.0); MOST]; MOST];
        let (regimes, rows) = c.split_at(count * (width + shape));
        for (i, row) in rows.chunks(count - 1).enumerate() {
            let mut rest = T::of(1.0);
            for (j, p) in row.iter().enumerate() {
                transitions[i][j] = *p;
                rest = rest - *p;
            }
            transitions[i][count - 1] = rest;
        }
        let stationary = stationary(&transitions, count);
        let regimes = regimes.chunks(width + shape).map(one).collect();
        Regimes { count, regimes, transitions, next: stationary, now: stationary, begun: false }
    }

    /// Takes a residual; gives its log-likelihood, zero for the first.
    pub fn take(&mut self, residual: T) -> T {
        let mut loglik = T::of(0.0);
        if self.begun {
            let lns: Vec<T> = self.regimes.iter().map(|r| r.density.ln(residual, r.variance)).collect();
            let most = lns.iter().fold(f64::NEG_INFINITY, |m, l| m.max(l.value()));
            let mut sum = T::of(0.0);
            for (k, ln) in lns.iter().enumerate() {
                self.now[k] = self.next[k] * (*ln - most).exp();
                sum = sum + self.now[k];
            }
            for k in 0..self.count {
                self.now[k] = self.now[k] / sum;
            }
            for j in 0..self.count {
                self.next[j] = (0..self.count).fold(T::of(0.0), |p, i| p + self.now[i] * self.transitions[i][j]);
            }
            loglik = sum.ln() + most;
        }
        self.begun = true;
        let square = residual * residual;
        for r in &mut self.regimes {
            let weight = if residual.value() < 0.0 { r.alpha + r.gamma } else { r.alpha };
            r.variance = r.omega + weight * square + r.beta * r.variance;
        }
        loglik
    }
}

impl Regimes<f64> {
    /// Probabilities of the regimes at the last return.
    pub fn filtered(&self) -> &[f64] {
        &self.now[..self.count]
    }
    /// Probabilities of the regimes at the next return.
    pub fn predicted(&self) -> &[f64] {
        &self.next[..self.count]
    }
    /// Variance of the next residual in each regime.
    pub fn variances(&self) -> Vec<f64> {
        self.regimes.iter().map(|r| r.variance).collect()
    }

    /// Expected squares of the next `steps` residuals. Exact: it follows the expectation of each
    /// regime's variance where the chain is in each regime.
    pub fn ahead(&self, steps: usize) -> Vec<f64> {
        let k = self.count;
        let mut weight = self.next;
        let mut joint = [[0.0; MOST]; MOST];
        for (i, r) in self.regimes.iter().enumerate() {
            for j in 0..k {
                joint[i][j] = r.variance * weight[j];
            }
        }
        let mut out = Vec::with_capacity(steps);
        for _ in 0..steps {
            out.push((0..k).map(|j| joint[j][j]).sum());
            let moved = |row: [f64; MOST], to: usize| -> f64 { (0..k).map(|j| row[j] * self.transitions[j][to]).sum() };
            let mut after = [[0.0; MOST]; MOST];
            for (i, r) in self.regimes.iter().enumerate() {
                let reaction = r.alpha + 0.5 * r.gamma;
                let held: [f64; MOST] =
                    std::array::from_fn(|j| r.omega * weight[j] + reaction * joint[j][j] + r.beta * joint[i][j]);
                for (to, value) in after[i].iter_mut().enumerate().take(k) {
                    *value = moved(held, to);
                }
            }
            weight = std::array::from_fn(|to| moved(weight, to));
            joint = after;
        }
        out
    }
}

/// The stationary distribution, by the trees that lead to each regime (all terms are positive, so
/// nothing cancels).
fn stationary<T: Number>(p: &[[T; MOST]; MOST], count: usize) -> [T; MOST] {
    let weight = |k: usize| {
        if count == 2 {
            return p[1 - k][k];
        }
        let (i, j) = ((k + 1) % 3, (k + 2) % 3);
        p[i][k] * p[j][k] + p[i][j] * p[j][k] + p[j][i] * p[i][k]
    };
    let mut out = [T::of(0.0); MOST];
    let mut sum = T::of(0.0);
    for (k, value) in out.iter_mut().enumerate().take(count) {
        *value = weight(k) + 1e-300;
        sum = sum + *value;
    }
    out.map(|v| v / sum)
}

/// What the quantiles of a mixture need of its regimes, worked out once.
pub struct Shapes {
    innovation: Innovation,
    /// Shape, density and quantiles at the published levels of each regime's residual.
    parts: Vec<(Vec<f64>, Density<f64>, [f64; 9])>,
}

impl Shapes {
    /// From the coefficients.
    pub fn new(spec: &Switching, c: &[f64]) -> Shapes {
        let (width, shape) = spec.width();
        let part = |c: &[f64]| {
            let shape = c[width..].to_vec();
            let quantiles = LEVELS.map(|p| quantile(spec.innovation, &shape, p));
            let density = Density::new(spec.innovation, &shape);
            (shape, density, quantiles)
        };
        Shapes {
            innovation: spec.innovation,
            parts: c[..spec.regimes * (width + shape)].chunks(width + shape).map(part).collect(),
        }
    }

    /// The distribution of a mixture with these weights and standard deviations.
    pub fn dist(&self, rv: f64, weights: &[f64], sd: &[f64]) -> Dist {
        let below = |x: f64| -> f64 {
            let part = |k: usize| weights[k] * cdf(self.innovation, &self.parts[k].0, x / sd[k]);
            (0..weights.len()).map(part).sum()
        };
        let mut q: [f64; 9] = std::array::from_fn(|i| {
            // The quantile lies between those of the regimes.
            let own = || (0..weights.len()).map(|k| sd[k] * self.parts[k].2[i]);
            let low = own().fold(f64::INFINITY, f64::min);
            solve(|x| below(x) - LEVELS[i], low, own().fold(f64::NEG_INFINITY, f64::max))
        });
        for i in 1..9 {
            q[i] = q[i].max(q[i - 1]);
        }
        let beyond = |q: f64| -> f64 {
            let part = |k: usize| weights[k] * sd[k] * self.parts[k].1.beyond(q / sd[k]);
            (0..weights.len()).map(part).sum::<f64>() / 0.01
        };
        let variance: f64 = weights.iter().zip(sd).map(|(w, s)| w * s * s).sum();
        Dist { rv, sd: variance.sqrt(), q, es01: beyond(q[1]).min(q[1]), es99: beyond(q[7]).max(q[7]) }
    }
}

/// The zero of an increasing function between bounds, by false position that halves the weight of an
/// end that stays (Illinois).
fn solve(f: impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    let (mut at_low, mut at_high) = (f(low), f(high));
    let mut side = 0;
    for _ in 0..100 {
        if at_low >= 0.0 || high - low <= 1e-13 * low.abs().max(high.abs()) {
            return low;
        }
        if at_high <= 0.0 {
            return high;
        }
        let x = (low * at_high - high * at_low) / (at_high - at_low);
        let at = f(x);
        if at.abs() < 1e-14 {
            return x;
        }
        if at < 0.0 {
            (low, at_low) = (x, at);
            if side < 0 {
                at_high *= 0.5;
            }
            side = -1;
        } else {
            (high, at_high) = (x, at);
            if side > 0 {
                at_low *= 0.5;
            }
            side = 1;
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: [f64; 8] = [0.1, 0.05, 0.8, 0.4, 0.2, 0.7, 0.9, 0.2];

    fn spec() -> Switching {
        Switching { innovation: Innovation::Normal, ..Switching::default() }
    }

    #[test]
    fn forecasts_are_the_mean_over_every_path_of_signs_and_regimes() {
        // Residuals of plus or minus one standard deviation: the recursions see the same squares, so the
        // mean over all paths is a finite sum.
        let mut regimes = Regimes::begin(&spec(), &TWO);
        for e in [0.3, -1.2, 2.0, 0.1] {
            regimes.take(e);
        }
        let ahead = regimes.ahead(5);
        let p = regimes.transitions;
        for steps in 1..=5 {
            let mut sum = 0.0;
            for path in 0..1u32 << steps {
                let state = |n: usize| (path >> n & 1) as usize;
                let (mut weight, mut h) = (regimes.next[state(0)], regimes.variances());
                for n in 1..steps {
                    let square = h[state(n - 1)];
                    for (k, r) in regimes.regimes.iter().enumerate() {
                        h[k] = r.omega + r.alpha * square + r.beta * h[k];
                    }
                    weight *= p[state(n - 1)][state(n)];
                }
                sum += weight * h[state(steps - 1)];
            }
            assert!((ahead[steps - 1] / sum - 1.0).abs() < 1e-12, "{steps}: {} {sum}", ahead[steps - 1]);
        }
    }

    #[test]
    fn the_chain_begins_where_it_stays() {
        let p = [[0.9, 0.06, 0.04], [0.1, 0.7, 0.2], [0.05, 0.15, 0.8]];
        let at = stationary(&p, 3);
        for j in 0..3 {
            let after: f64 = (0..3).map(|i| at[i] * p[i][j]).sum();
            assert!((after - at[j]).abs() < 1e-15);
        }
    }

    #[test]
    fn quantiles_of_a_mixture_hold_their_probability() {
        for (innovation, shape) in
            [(Innovation::Normal, vec![]), (Innovation::Student, vec![5.0]), (Innovation::Ged, vec![1.4])]
        {
            let spec = Switching { innovation, ..Switching::default() };
            let regime = [vec![0.1, 0.05, 0.8], shape.clone()].concat();
            let c = [regime.clone(), regime, vec![0.9, 0.2]].concat();
            let (weights, sd) = ([0.7, 0.3], [1.0, 4.0]);
            let dist = Shapes::new(&spec, &c).dist(1.0, &weights, &sd);
            assert!(dist.is_sound());
            for (q, p) in dist.q.iter().zip(LEVELS) {
                let below: f64 = (0..2).map(|k| weights[k] * cdf(innovation, &shape, q / sd[k])).sum();
                assert!((below - p).abs() < 1e-9, "{innovation:?} {p} {below}");
            }
            let tail: f64 = (0..2000)
                .map(|i| {
                    let p = (f64::from(i) + 0.5) / 2000.0 * 0.01;
                    let below =
                        |x: f64| (0..2).map(|k| weights[k] * cdf(innovation, &shape, x / sd[k])).sum::<f64>() - p;
                    solve(below, -1e3, 0.0) / 2000.0
                })
                .sum();
            assert!((tail / dist.es01 - 1.0).abs() < 2e-3, "{innovation:?} {tail} {}", dist.es01);
        }
    }
}
