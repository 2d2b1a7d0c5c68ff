//! Profit that is quadratic in normal factors: delta-gamma in closed form.
//!
//! `V = d'x + 0.5 x'Gx`, x normal with covariance W. With `W = LL'` and `L'GL = U diag(l) U'` it is
//! `sum_j b_j y_j + 0.5 l_j y_j^2` of independent standard normal y, `b = U'L'd`: so mean `0.5 sum
//! l`, variance `sum b^2 + 0.5 sum l^2`, third and fourth cumulants `3 sum b^2 l + sum l^3` and `12
//! sum b^2 l^2 + 3 sum l^4`, the traces of GW in other words.
//!
//! Quantiles: exact with one factor (non-central chi-square as a difference of normal
//! probabilities); else Cornish-Fisher where it may be used; else the saddlepoint of Lugannani and
//! Rice (1980). Checked against ORE's delta-gamma case and scipy's non-central chi-square.

use ndarray::Array2;
use serde::Serialize;

use super::correlation::eigen;
use crate::base::stats::{normal_cdf, normal_pdf, normal_quantile};

/// How a quantile was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The distribution itself.
    Exact,
    /// Four moments.
    CornishFisher,
    /// Saddlepoint approximation.
    Saddlepoint,
}

/// First four moments of the profit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    /// Mean.
    pub mean: f64,
    /// Standard deviation.
    pub sd: f64,
    /// Skewness; 0 where nothing varies.
    pub skew: f64,
    /// Kurtosis above that of a normal; 0 where nothing varies.
    pub kurtosis: f64,
}

impl Moments {
    /// `mean + sd q`, with Cornish and Fisher's `q = z + (z^2 - 1) s / 6 + (z^3 - 3 z) k / 24 - (2 z^3
    /// - 5 z) s^2 / 36`, whether or not it may be used.
    pub fn cornish_fisher(&self, p: f64) -> f64 {
        self.mean + self.sd * self.stretched(normal_quantile(p))
    }

    fn stretched(&self, z: f64) -> f64 {
        let (s, k) = (self.skew, self.kurtosis);
        z + (z * z - 1.0) * s / 6.0 + (z.powi(3) - 3.0 * z) * k / 24.0 - (2.0 * z.powi(3) - 5.0 * z) * s * s / 36.0
    }

    /// Whether [`Moments::cornish_fisher`] may be used: |skew| at most 1.5, excess kurtosis at most 4,
    /// and the map from z rises on \[-3, 3\].
    pub fn in_domain(&self) -> bool {
        let slope = |z: f64| {
            let (s, k) = (self.skew, self.kurtosis);
            1.0 + z * s / 3.0 + (z * z - 1.0) * k / 8.0 - (6.0 * z * z - 5.0) * s * s / 36.0
        };
        // The slope is a parabola in z: least at an end or at its vertex.
        let bend = self.kurtosis / 8.0 - self.skew * self.skew / 6.0;
        let vertex = -self.skew / 6.0 / bend;
        let inside = (bend > 0.0 && vertex.abs() < 3.0).then_some(vertex);
        self.skew.abs() <= 1.5 && self.kurtosis <= 4.0 && [-3.0, 3.0].into_iter().chain(inside).all(|z| slope(z) >= 0.0)
    }
}

/// A quadratic profit, diagonalised.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quadratic {
    /// (b, l) of each independent factor.
    factors: Vec<(f64, f64)>,
}

impl Quadratic {
    /// From dollar or price sensitivities `delta`, the symmetric `gamma`, and the covariance of the
    /// factors. A covariance that is not positive semidefinite counts with its negative eigenvalues as
    /// zero. `None` where sizes differ or a number is not finite.
    pub fn new(delta: &[f64], gamma: &Array2<f64>, covariance: &Array2<f64>) -> Option<Quadratic> {
        let n = delta.len();
        let numbers = delta.iter().chain(gamma).chain(covariance);
        if gamma.dim() != (n, n) || covariance.dim() != (n, n) || numbers.into_iter().any(|x| !x.is_finite()) {
            return None;
        }
        let (values, vectors) = eigen(covariance);
        let root = Array2::from_shape_fn((n, n), |(i, k)| vectors[(i, k)] * values[k].max(0.0).sqrt());
        let bent = root.t().dot(gamma).dot(&root);
        let (bends, turn) = eigen(&bent);
        let slope = root.dot(&turn);
        let b = |j: usize| (0..n).map(|i| slope[(i, j)] * delta[i]).sum::<f64>();
        Some(Quadratic { factors: (0..n).map(|j| (b(j), bends[j])).collect() })
    }

    /// One factor with standard deviation `sd`.
    pub fn of_one(delta: f64, gamma: f64, sd: f64) -> Quadratic {
        Quadratic { factors: vec![(delta * sd, gamma * sd * sd)] }
    }

    /// The first four moments.
    pub fn moments(&self) -> Moments {
        let sum = |f: &dyn Fn(f64, f64) -> f64| self.factors.iter().map(|(b, l)| f(*b, *l)).sum::<f64>();
        let var = sum(&|b, l| b * b + 0.5 * l * l);
        let third = sum(&|b, l| 3.0 * b * b * l + l.powi(3));
        let fourth = sum(&|b, l| 12.0 * b * b * l * l + 3.0 * l.powi(4));
        let or_zero = |x: f64| if x.is_finite() { x } else { 0.0 };
        Moments {
            mean: 0.5 * sum(&|_, l| l),
            sd: var.sqrt(),
            skew: or_zero(third / var.powf(1.5)),
            kurtosis: or_zero(fourth / (var * var)),
        }
    }

    /// The profit below which a share `p` of outcomes lies, 0 < p < 1, and how it was found.
    pub fn quantile(&self, p: f64) -> (f64, Method) {
        let moments = self.moments();
        let exact = || self.exact(p).map(|v| (v, Method::Exact));
        let rough = || moments.in_domain().then(|| (moments.cornish_fisher(p), Method::CornishFisher));
        exact().or_else(rough).unwrap_or_else(|| (self.saddlepoint(p), Method::Saddlepoint))
    }

    /// The exact quantile where one factor moves, or none.
    pub fn exact(&self, p: f64) -> Option<f64> {
        let mut moving = self.factors.iter().filter(|(b, l)| *b != 0.0 || *l != 0.0);
        let Some(&(b, l)) = moving.next() else { return Some(0.0) };
        if moving.next().is_some() {
            return None;
        }
        let below = |v: f64| {
            if l == 0.0 {
                return normal_cdf(v / b.abs());
            }
            // Between the roots of 0.5 l y^2 + b y - v the parabola is on the other side of v.
            let room = b * b + 2.0 * l * v;
            let between = if room > 0.0 {
                let (centre, half) = (-b / l, room.sqrt() / l.abs());
                normal_cdf(centre + half) - normal_cdf(centre - half)
            } else {
                0.0
            };
            if l > 0.0 { between } else { 1.0 - between }
        };
        let m = self.moments();
        // Forty standard deviations hold any quantile that a double can name.
        Some(bisect(m.mean - 40.0 * m.sd, m.mean + 40.0 * m.sd, |v| below(v) < p))
    }

    /// The quantile by saddlepoint: the tilt t at which the approximate probability is p gives
    /// `v = K'(t)`.
    fn saddlepoint(&self, p: f64) -> f64 {
        let m = self.moments();
        if m.sd == 0.0 {
            return m.mean;
        }
        let bound = |side: f64| {
            let steepest = self.factors.iter().map(|(_, l)| side * l).fold(0.0_f64, f64::max);
            // Beyond 1 / l the cumulant does not exist; without such an l far out is enough.
            if steepest > 0.0 { (1.0 - 1e-9) / steepest } else { 1e6 / m.sd }
        };
        let t = bisect(-bound(-1.0), bound(1.0), |t| self.tilted(t, &m) < p);
        self.cumulant(t)[1]
    }

    /// `K`, `K'`, `K''` of the cumulant generating function at t.
    fn cumulant(&self, t: f64) -> [f64; 3] {
        self.factors.iter().fold([0.0; 3], |k, (b, l)| {
            let r = 1.0 - l * t;
            [
                k[0] - 0.5 * r.ln() + 0.5 * b * b * t * t / r,
                k[1] + 0.5 * l / r + b * b * t * (1.0 - 0.5 * l * t) / (r * r),
                k[2] + 0.5 * l * l / (r * r) + b * b / r.powi(3),
            ]
        })
    }

    /// Lugannani and Rice's probability of at most `K'(t)`.
    fn tilted(&self, t: f64, m: &Moments) -> f64 {
        let [k0, k1, k2] = self.cumulant(t);
        let w = t.signum() * (2.0 * (t * k1 - k0)).max(0.0).sqrt();
        if w.abs() < 1e-4 {
            // The limit at the mean, and its slope.
            return 0.5 + (m.skew / 6.0 + t * m.sd) / (2.0 * std::f64::consts::PI).sqrt();
        }
        normal_cdf(w) + normal_pdf(w) * (1.0 / w - 1.0 / (t * k2.sqrt()))
    }
}

/// Where `low` turns from true to false between two ends.
pub(super) fn bisect(mut from: f64, mut to: f64, low: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..200 {
        let middle = 0.5 * (from + to);
        if middle <= from || middle >= to {
            break;
        }
        if low(middle) { from = middle } else { to = middle }
    }
    0.5 * (from + to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn moments_are_the_traces() {
        let (d, g, w) = ([3.0, -1.0], array![[-2.0, 0.5], [0.5, 1.0]], array![[0.04, 0.01], [0.01, 0.09]]);
        let m = Quadratic::new(&d, &g, &w).unwrap().moments();
        let gw = g.dot(&w);
        let trace = |a: &Array2<f64>| a[(0, 0)] + a[(1, 1)];
        let d = ndarray::arr1(&d);
        let wd = w.dot(&d);
        let var = d.dot(&wd) + 0.5 * trace(&gw.dot(&gw));
        let mu3 = 3.0 * wd.dot(&g.dot(&wd)) + trace(&gw.dot(&gw).dot(&gw));
        let k4 = 12.0 * wd.dot(&g.dot(&w).dot(&g).dot(&wd)) + 3.0 * trace(&gw.dot(&gw).dot(&gw).dot(&gw));
        let near = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 1e-12, "{a} {b}");
        near(m.mean, 0.5 * trace(&gw));
        near(m.sd, var.sqrt());
        near(m.skew, mu3 / var.powf(1.5));
        near(m.kurtosis, k4 / (var * var));
    }

    #[test]
    fn saddlepoint_is_near_the_exact_quantile_where_both_are_known() {
        for (delta, gamma) in [(40.0, -6.0), (40.0, 6.0), (10.0, -8.0), (100.0, 0.0)] {
            let q = Quadratic::of_one(delta, gamma, 3.0);
            for p in [0.001, 0.01, 0.05, 0.5, 0.95, 0.99] {
                let (rough, exact) = (q.saddlepoint(p), q.exact(p).unwrap());
                let size = q.moments().sd;
                assert!(
                    (rough - exact).abs() < 0.05 * exact.abs() + 0.05 * size,
                    "{delta} {gamma} {p}: {rough} {exact}"
                );
            }
        }
        // A sum of three equal pure gammas is a chi-square of three degrees (scipy 1.17): its 1 % and
        // 99 % points are 0.1148318 and 11.3448667.
        let three = Quadratic::new(&[0.0; 3], &(-2.0 * Array2::<f64>::eye(3)), &Array2::eye(3)).unwrap();
        assert!((three.saddlepoint(0.01) / -11.3448667 - 1.0).abs() < 0.01, "{}", three.saddlepoint(0.01));
        assert!((three.saddlepoint(0.99) / -0.1148318 - 1.0).abs() < 0.05, "{}", three.saddlepoint(0.99));
    }

    #[test]
    fn what_does_not_vary_has_a_quantile_all_the_same() {
        assert_eq!(Quadratic::of_one(0.0, 0.0, 1.0).quantile(0.01), (0.0, Method::Exact));
        assert_eq!(Quadratic::new(&[], &Array2::zeros((0, 0)), &Array2::zeros((0, 0))).unwrap().quantile(0.01).0, 0.0);
        let still = Quadratic::new(&[1.0, 2.0], &Array2::eye(2), &Array2::zeros((2, 2))).unwrap();
        assert_eq!((still.quantile(0.01).0, still.saddlepoint(0.01)), (0.0, 0.0));
        assert_eq!(Quadratic::new(&[f64::NAN], &Array2::eye(1), &Array2::eye(1)), None);
    }
}
