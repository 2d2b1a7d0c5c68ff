//! The likelihood of one series as a function of variables without bounds, and its maximum.

use super::estimate::{Innovation, Mean, Spec};
use super::minimise::{Function, Minimum, inverse, minimise};
use super::process::{ALPHA, Array, BETA, GAMMA, Gradient, MU, NU, Nothing, OMEGA, Outer, Scores, pass};

/// Bounds of the degrees of freedom.
const NU_BOUNDS: (f64, f64) = (2.05, 500.0);
/// A weight below this is tried at exactly zero.
const NEARLY_ZERO: f64 = 1e-3;
/// Persistence this close to one counts as one.
const INTEGRATED: f64 = 1e-6;

/// The likelihood of one series of unit variance.
///
/// Variables without bounds, in the places of the coefficients: the mean; the logarithm of the
/// long-run variance for `omega`; for the weights the logits of `alpha` and `beta` against the slack
/// of persistence below one (asymmetric: of half of `alpha`, half of `alpha + gamma`, and `beta`);
/// the logit of `1 / nu` between its bounds.
pub(super) struct Likelihood<'a> {
    pub spec: Spec,
    /// What stands before the sample.
    pub before: f64,
    pub returns: &'a [f64],
    /// Where the search for the mean starts.
    pub mu: f64,
}

impl Function<6> for Likelihood<'_> {
    fn at(&mut self, x: &Array) -> (f64, Array) {
        let (at, shares) = self.coefficients(x);
        let mut g = Gradient::default();
        let value = self.pass(&at, &mut g);
        let n = -(self.returns.len() as f64);
        if !value.is_finite() {
            return (f64::INFINITY, [0.0; 6]);
        }
        (value / n, self.by_variables(&at, &shares, &g.0).map(|g| g / n))
    }

    /// The mean outer product of scores, which is the Hessian where the process is true (Berndt,
    /// Hall, Hall, Hausman 1974).
    fn curvature(&mut self, x: &Array) -> [Array; 6] {
        let (at, shares) = self.coefficients(x);
        let mut outer = Outer::default();
        self.pass(&at, &mut outer);
        let n = self.returns.len() as f64;
        let mut unit = [0.0; 6];
        let by_variable: [Array; 6] = std::array::from_fn(|i| {
            unit = [0.0; 6];
            unit[i] = 1.0;
            self.by_variables(&at, &shares, &unit)
        });
        let mut out = [[0.0; 6]; 6];
        for i in 0..6 {
            for j in 0..6 {
                for (k, row) in out.iter_mut().enumerate() {
                    for (l, sum) in row.iter_mut().enumerate() {
                        *sum += by_variable[i][k] * outer.0[i][j] * by_variable[j][l] / n;
                    }
                }
            }
        }
        // A variable without influence, or nearly so, must not be sent far.
        for (i, row) in out.iter_mut().enumerate() {
            row[i] = 1.001 * row[i] + 1e-6;
        }
        out
    }
}

impl Likelihood<'_> {
    fn pass<S: Scores>(&self, at: &Array, scores: &mut S) -> f64 {
        pass(self.spec.asymmetric, self.returns, self.before, at, scores)
    }
    /// The log-likelihood.
    pub fn value(&self, at: &Array) -> f64 {
        self.pass(at, &mut Nothing)
    }

    /// Coefficients of variables, and the shares of persistence: of `alpha`, `gamma`, `beta`.
    fn coefficients(&self, x: &Array) -> (Array, [f64; 3]) {
        let grown = |i: usize| x[i].clamp(-40.0, 40.0).exp();
        let weights = [grown(ALPHA), if self.spec.asymmetric { grown(GAMMA) } else { 0.0 }, grown(BETA)];
        let all = 1.0 + weights[0] + weights[1] + weights[2];
        let shares = weights.map(|w| w / all);
        let mut at = [x[MU], grown(OMEGA) / all, shares[0], 0.0, shares[2], f64::INFINITY];
        if self.spec.asymmetric {
            at[ALPHA] = 2.0 * shares[0];
            at[GAMMA] = 2.0 * (shares[1] - shares[0]);
        }
        if self.spec.innovation == Innovation::Student {
            let (low, high) = (1.0 / NU_BOUNDS.1, 1.0 / NU_BOUNDS.0);
            at[NU] = 1.0 / (low + (high - low) / (1.0 + (-x[NU]).exp()));
        }
        (at, shares)
    }

    /// The gradient by variables from that by coefficients.
    fn by_variables(&self, at: &Array, shares: &[f64; 3], g: &Array) -> Array {
        let by_share = if self.spec.asymmetric {
            [2.0 * (g[ALPHA] - g[GAMMA]), 2.0 * g[GAMMA], g[BETA]]
        } else {
            [g[ALPHA], 0.0, g[BETA]]
        };
        let mean: f64 = shares.iter().zip(by_share).map(|(p, g)| p * g).sum();
        let by_logit = |i: usize| shares[i] * (by_share[i] - mean - at[OMEGA] * g[OMEGA]);
        let mut out = [g[MU], at[OMEGA] * g[OMEGA], by_logit(0), by_logit(1), by_logit(2), 0.0];
        if self.spec.mean == Mean::Zero {
            out[MU] = 0.0;
        }
        if self.spec.innovation == Innovation::Student {
            let (low, high) = (1.0 / NU_BOUNDS.1, 1.0 / NU_BOUNDS.0);
            let part = (1.0 / at[NU] - low) / (high - low);
            out[NU] = -g[NU] * at[NU] * at[NU] * (high - low) * part * (1.0 - part);
        }
        out
    }

    /// Variables of a start: reaction weight and persistence at unit long-run variance.
    fn start(&self, reaction: f64, persistence: f64, nu: f64) -> Array {
        let slack = (1.0 - persistence).ln();
        let logit = |share: f64| share.ln() - slack;
        let mut x = [self.mu, 0.0, logit(reaction), 0.0, logit(persistence - reaction), 0.0];
        if self.spec.asymmetric {
            // Negative residuals weigh three times as much as positive ones.
            x[ALPHA] = logit(0.25 * reaction);
            x[GAMMA] = logit(0.75 * reaction);
        }
        let (low, high) = (1.0 / NU_BOUNDS.1, 1.0 / NU_BOUNDS.0);
        let part = (1.0 / nu - low) / (high - low);
        x[NU] = (part / (1.0 - part)).ln();
        x
    }

    /// Degrees of freedom from the kurtosis, at least 4; 12 where tails are light.
    fn nu_start(&self) -> f64 {
        let n = self.returns.len() as f64;
        let moment = |k: i32| self.returns.iter().map(|r| (r - self.mu).powi(k)).sum::<f64>() / n;
        let kurtosis = moment(4) / (moment(2) * moment(2));
        if kurtosis > 3.75 { ((4.0 * kurtosis - 6.0) / (kurtosis - 3.0)).max(4.0) } else { 12.0 }
    }

    /// Coefficients at the maximum, and whether the search converged: from the best point of a grid,
    /// from near integration, from low persistence and from a slow drift without reaction, since a
    /// series may have several local maxima.
    pub fn maximise(&mut self) -> (Array, bool) {
        let nu = self.nu_start();
        let mut grid = self.start(0.05, 0.98, nu);
        let mut grid_value = f64::NEG_INFINITY;
        for persistence in [0.98, 0.9, 0.7, 0.5] {
            for reaction in [0.05, 0.1, 0.2, 0.01] {
                let x = self.start(reaction, persistence, nu);
                let value = self.value(&self.coefficients(&x).0);
                if value > grid_value {
                    (grid, grid_value) = (x, value);
                }
            }
        }
        let mut best: Option<Minimum<6>> = None;
        let others = [(0.05, 0.999), (0.1, 0.3), (0.002, 0.96)].map(|(a, p)| self.start(a, p, nu));
        for start in [grid].into_iter().chain(others) {
            let end = minimise(self, start, best.as_ref());
            if best.is_none_or(|b| end.value < b.value) {
                best = Some(end);
            }
        }
        let (x, converged) = best.map_or((grid, false), |b| (b.x, b.converged));
        (self.settle(self.coefficients(&x).0), converged)
    }

    /// Sets weights that are nearly zero to exactly zero where that does not lower the likelihood:
    /// logits only ever approach it.
    fn settle(&self, mut at: Array) -> Array {
        let mut value = self.value(&at);
        for weight in 0..3 {
            let (mut zero, size) = (at, [at[ALPHA], at[ALPHA] + at[GAMMA], at[BETA]][weight]);
            match weight {
                0 if self.spec.asymmetric => {
                    zero[GAMMA] += at[ALPHA];
                    zero[ALPHA] = 0.0;
                }
                0 => zero[ALPHA] = 0.0,
                1 if self.spec.asymmetric => zero[GAMMA] = -at[ALPHA],
                1 => continue,
                _ => zero[BETA] = 0.0,
            }
            let zero_value = self.value(&zero);
            if size < NEARLY_ZERO && zero_value >= value {
                (at, value) = (zero, zero_value);
            }
        }
        at
    }

    /// Which coefficients lie at a bound of their own.
    fn bound(&self, at: &Array) -> [bool; 6] {
        let nu = at[NU].is_finite() && (at[NU] < NU_BOUNDS.0 + 0.01 || at[NU] > NU_BOUNDS.1 - 1.0);
        let gamma = self.spec.asymmetric && at[ALPHA] + at[GAMMA] == 0.0;
        [false, false, at[ALPHA] == 0.0, gamma, at[BETA] == 0.0, nu]
    }
    /// Whether a coefficient lies at its bound, or persistence at one.
    pub fn at_boundary(&self, at: &Array) -> bool {
        self.bound(at).contains(&true) || 1.0 - (at[ALPHA] + 0.5 * at[GAMMA] + at[BETA]) < INTEGRATED
    }

    /// Robust and classic errors of the coefficients that are estimated and not at their bounds.
    pub fn errors(&self, at: &Array) -> ([Option<f64>; 6], [Option<f64>; 6]) {
        let bound = self.bound(at);
        let free: Vec<usize> = self.spec.free().into_iter().filter(|i| !bound[*i]).collect();
        let steps = [1e-4, 1e-4 * at[OMEGA], 1e-5, 1e-5, 1e-5, 1e-3 * (at[NU] - 2.0)];
        let gradient = |at: &Array| {
            let mut g = Gradient::default();
            self.pass(at, &mut g);
            g.0
        };
        // The negative Hessian, with one on the diagonal of what is not estimated.
        let mut information = [[0.0; 6]; 6];
        for (i, row) in information.iter_mut().enumerate() {
            row[i] = f64::from(u8::from(!free.contains(&i)));
        }
        for &i in &free {
            let (mut up, mut down) = (*at, *at);
            up[i] += steps[i];
            down[i] -= steps[i];
            let (up, down) = (gradient(&up), gradient(&down));
            for &j in &free {
                let half = -0.5 * (up[j] - down[j]) / (2.0 * steps[i]);
                information[i][j] += half;
                information[j][i] += half;
            }
        }
        let mut outer = Outer::default();
        self.pass(at, &mut outer);
        let (mut robust, mut classic) = ([None; 6], [None; 6]);
        let root = |v: f64| (v > 0.0 && v.is_finite()).then(|| v.sqrt());
        if let Some(inverse) = inverse(information) {
            for &i in &free {
                let sandwich =
                    |j: &usize| -> f64 { free.iter().map(|k| inverse[i][*j] * outer.0[*j][*k] * inverse[i][*k]).sum() };
                robust[i] = root(free.iter().map(sandwich).sum());
                classic[i] = root(inverse[i][i]);
            }
        }
        (robust, classic)
    }
}
