//! Distributions of the standardised residual, all of mean zero and variance one.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};
use statrs::function::gamma::checked_gamma_lr;

use super::numeric::number::{Number, between_variable};
use crate::base::stats;
use crate::forecast::Dist;
use crate::forecast::dist::{LEVELS, Student};

/// The distribution of the standardised residual.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Innovation {
    /// Standard normal.
    Normal,
    /// Student's t, degrees of freedom `nu` estimated.
    #[default]
    Student,
    /// Hansen's (1994) skewed t: degrees of freedom `eta`, skew `lambda` in (-1, 1).
    SkewStudent,
    /// Student's t skewed as Fernandez and Steel (1998) do: `skew` positive, 1 is symmetric; `shape`
    /// degrees of freedom.
    FernandezSteel,
    /// Generalised error distribution of power `nu`; 2 is the normal.
    Ged,
}

/// Bounds of degrees of freedom.
pub(super) const NU_BOUNDS: (f64, f64) = (2.05, 500.0);
/// Bounds of the power of the generalised error distribution.
const GED_BOUNDS: (f64, f64) = (0.3, 20.0);
/// Bounds of Hansen's skew.
const LAMBDA_BOUNDS: (f64, f64) = (-0.99, 0.99);
/// Bounds of the logarithm of Fernandez and Steel's skew.
const LN_SKEW_BOUNDS: (f64, f64) = (-3.0, 3.0);

impl Innovation {
    /// The shape parameters, in order.
    pub fn names(self) -> &'static [&'static str] {
        match self {
            Innovation::Normal => &[],
            Innovation::Student | Innovation::Ged => &["nu"],
            Innovation::SkewStudent => &["eta", "lambda"],
            Innovation::FernandezSteel => &["skew", "shape"],
        }
    }

    /// Shape parameters from variables without bounds; degrees of freedom by their reciprocal.
    pub(super) fn bounded<T: Number>(self, x: &[T]) -> Vec<T> {
        let nu = |x: T| T::of(1.0) / x.between(1.0 / NU_BOUNDS.1, 1.0 / NU_BOUNDS.0);
        match self {
            Innovation::Normal => Vec::new(),
            Innovation::Student => vec![nu(x[0])],
            Innovation::SkewStudent => vec![nu(x[0]), x[1].between(LAMBDA_BOUNDS.0, LAMBDA_BOUNDS.1)],
            Innovation::FernandezSteel => {
                vec![x[0].between(LN_SKEW_BOUNDS.0, LN_SKEW_BOUNDS.1).exp(), nu(x[1])]
            }
            Innovation::Ged => vec![x[0].between(GED_BOUNDS.0, GED_BOUNDS.1)],
        }
    }

    /// Variables where a search sets out, from the kurtosis of the returns.
    pub(super) fn start(self, kurtosis: f64) -> Vec<f64> {
        let nu = if kurtosis > 3.75 { ((4.0 * kurtosis - 6.0) / (kurtosis - 3.0)).max(4.0) } else { 12.0 };
        let nu = between_variable(1.0 / nu, 1.0 / NU_BOUNDS.1, 1.0 / NU_BOUNDS.0);
        match self {
            Innovation::Normal => Vec::new(),
            Innovation::Student => vec![nu],
            Innovation::SkewStudent => vec![nu, 0.0],
            Innovation::FernandezSteel => vec![0.0, nu],
            Innovation::Ged => vec![between_variable(1.5, GED_BOUNDS.0, GED_BOUNDS.1)],
        }
    }

    /// Whether each shape parameter lies at a bound.
    pub(super) fn at_bound(self, shape: &[f64]) -> Vec<bool> {
        let nu = |v: f64| v < NU_BOUNDS.0 + 0.01 || v > NU_BOUNDS.1 - 1.0;
        match self {
            Innovation::Normal => Vec::new(),
            Innovation::Student => vec![nu(shape[0])],
            Innovation::SkewStudent => vec![nu(shape[0]), shape[1].abs() > LAMBDA_BOUNDS.1 - 1e-3],
            Innovation::FernandezSteel => vec![shape[0].ln().abs() > LN_SKEW_BOUNDS.1 - 1e-2, nu(shape[1])],
            Innovation::Ged => vec![shape[0] < GED_BOUNDS.0 + 0.01 || shape[0] > GED_BOUNDS.1 - 0.1],
        }
    }
}

/// A density with its constants worked out.
#[derive(Clone, Copy)]
pub(super) enum Density<T> {
    Normal,
    /// Logarithm of the constant, degrees of freedom.
    Student {
        constant: T,
        nu: T,
    },
    /// Hansen's `a`, `b`, skew, and as above.
    Hansen {
        constant: T,
        nu: T,
        a: T,
        b: T,
        lambda: T,
    },
    /// Mean and standard deviation before standardising, skew, and as above.
    FernandezSteel {
        constant: T,
        nu: T,
        mean: T,
        sd: T,
        skew: T,
    },
    /// Reciprocal of the scale, and as above.
    Ged {
        constant: T,
        nu: T,
        scale: T,
    },
}

impl<T: Number> Density<T> {
    pub fn new(innovation: Innovation, shape: &[T]) -> Density<T> {
        match innovation {
            Innovation::Normal => Density::Normal,
            Innovation::Student => Density::Student { constant: student_constant(shape[0]), nu: shape[0] },
            Innovation::SkewStudent => {
                let (nu, lambda) = (shape[0], shape[1]);
                let constant = student_constant(nu);
                let a = lambda * 4.0 * constant.exp() * (nu - 2.0) / (nu - 1.0);
                let b = (lambda * lambda * 3.0 + 1.0 - a * a).sqrt();
                Density::Hansen { constant: constant + b.ln(), nu, a, b, lambda }
            }
            Innovation::FernandezSteel => {
                let (skew, nu) = (shape[0], shape[1]);
                let constant = student_constant(nu);
                // First absolute moment of the symmetric t.
                let m1 = constant.exp() * (nu - 2.0) / (nu - 1.0) * 2.0;
                let inverse = T::of(1.0) / skew;
                let mean = m1 * (skew - inverse);
                let m2 = m1 * m1;
                let sd = ((-m2 + 1.0) * (skew * skew + inverse * inverse) + m2 * 2.0 - 1.0).sqrt();
                let constant = constant + (sd * 2.0 / (skew + inverse)).ln();
                Density::FernandezSteel { constant, nu, mean, sd, skew }
            }
            Innovation::Ged => {
                let nu = shape[0];
                let inverse = T::of(1.0) / nu;
                let (one, three) = (inverse.ln_gamma(), (inverse * 3.0).ln_gamma());
                // Logarithm of the scale that gives unit variance.
                let scale = -inverse * std::f64::consts::LN_2 + (one - three) * 0.5;
                let constant = nu.ln() - scale - (inverse + 1.0) * std::f64::consts::LN_2 - one;
                Density::Ged { constant, nu, scale: (-scale).exp() }
            }
        }
    }

    /// Log density of a residual of this variance.
    pub fn ln(&self, residual: T, variance: T) -> T {
        let ln_variance = variance.ln() * 0.5;
        match *self {
            Density::Normal => {
                let half_ln_tau = 0.5 * (2.0 * std::f64::consts::PI).ln();
                -(residual * residual / variance * 0.5 + ln_variance) - half_ln_tau
            }
            Density::Student { constant, nu } => {
                let tail = residual * residual / (variance * (nu - 2.0)) + 1.0;
                constant - ln_variance - tail.ln() * (nu + 1.0) * 0.5
            }
            Density::Hansen { constant, nu, a, b, lambda } => {
                let y = b * residual / variance.sqrt() + a;
                let side = if y.value() < 0.0 { -lambda + 1.0 } else { lambda + 1.0 };
                let y = y / side;
                constant - ln_variance - (y * y / (nu - 2.0) + 1.0).ln() * (nu + 1.0) * 0.5
            }
            Density::FernandezSteel { constant, nu, mean, sd, skew } => {
                let y = sd * residual / variance.sqrt() + mean;
                let y = if y.value() < 0.0 { y * skew } else { y / skew };
                constant - ln_variance - (y * y / (nu - 2.0) + 1.0).ln() * (nu + 1.0) * 0.5
            }
            Density::Ged { constant, nu, scale } => {
                let z = residual.abs() / variance.sqrt() * scale;
                constant - ln_variance - z.raised(nu) * 0.5
            }
        }
    }

    /// The mean of a function of the standardised residual, by the trapezoid rule in the logarithm of
    /// its size, which converges faster than any power for smooth functions of either sign.
    pub fn mean(&self, f: impl Fn(f64) -> T) -> T {
        const STEP: f64 = 0.05;
        let one = T::of(1.0);
        let mut sum = T::of(0.0);
        for k in -400..=600 {
            let size = (STEP * f64::from(k)).exp();
            for z in [-size, size] {
                sum = sum + self.ln(T::of(z), one).exp() * f(z) * (STEP * size);
            }
        }
        sum
    }

    /// The mean absolute standardised residual.
    pub fn mean_abs(&self) -> T {
        match self {
            Density::Normal => T::of((2.0 / std::f64::consts::PI).sqrt()),
            Density::Student { constant, nu } => constant.exp() * (*nu - 2.0) / (*nu - 1.0) * 2.0,
            _ => self.mean(|z| T::of(z.abs())),
        }
    }
}

impl Density<f64> {
    /// The integral of the standardised residual beyond a quantile, away from zero: closed for the
    /// normal and the t, else Simpson's rule in the logarithm of the distance.
    pub fn beyond(&self, quantile: f64) -> f64 {
        const STEP: f64 = 0.02;
        let at_quantile = self.ln(quantile, 1.0).exp() * quantile.signum();
        match self {
            Density::Normal => return at_quantile,
            Density::Student { nu, .. } => return at_quantile * (nu - 2.0 + quantile * quantile) / (nu - 1.0),
            _ => {}
        }
        let at = |k: u32| {
            let z = quantile * (STEP * f64::from(k)).exp();
            self.ln(z, 1.0).exp() * z * z.abs()
        };
        let pair = |k: u32| at(2 * k) + 4.0 * at(2 * k + 1) + at(2 * k + 2);
        (0..600).map(pair).sum::<f64>() * STEP / 3.0
    }
}

/// Logarithm of the constant of the t scaled to unit variance.
fn student_constant<T: Number>(nu: T) -> T {
    let half = nu * 0.5;
    (half + 0.5).ln_gamma() - half.ln_gamma() - ((nu - 2.0) * std::f64::consts::PI).ln() * 0.5
}

/// Quantiles and expected shortfalls of the standardised residual.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Tails {
    Normal,
    Student(Student),
    Numbers { q: [f64; 9], es01: f64, es99: f64 },
}

impl Tails {
    pub fn new(innovation: Innovation, shape: &[f64]) -> Tails {
        match innovation {
            Innovation::Normal => return Tails::Normal,
            Innovation::Student => return Student::new(shape[0]).map_or(Tails::Normal, Tails::Student),
            _ => {}
        }
        let q = LEVELS.map(|p| quantile(innovation, shape, p));
        let density = Density::new(innovation, shape);
        let beyond = |q: f64| density.beyond(q) / 0.01;
        Tails::Numbers { q, es01: beyond(q[1]).min(q[1]), es99: beyond(q[7]).max(q[7]) }
    }
    /// The distribution of a return of this standard deviation.
    pub fn dist(&self, rv: f64, sd: f64) -> Dist {
        match *self {
            Tails::Normal => Dist::normal(rv, sd),
            Tails::Student(law) => law.dist(rv, sd),
            Tails::Numbers { q, es01, es99 } => Dist { rv, sd, q: q.map(|q| sd * q), es01: sd * es01, es99: sd * es99 },
        }
    }
}

/// The lower regularised incomplete gamma function, with its limits.
fn gamma_part(a: f64, x: f64) -> f64 {
    checked_gamma_lr(a, x).unwrap_or(if x > 0.0 { 1.0 } else { 0.0 })
}

/// Probability of a standardised residual below `z`.
pub(super) fn cdf(innovation: Innovation, shape: &[f64], z: f64) -> f64 {
    let student = |nu: f64, y: f64| {
        let unit = ((nu - 2.0) / nu).sqrt();
        StudentsT::new(0.0, unit, nu).map_or_else(|_| stats::normal_cdf(y), |t| t.cdf(y))
    };
    match Density::new(innovation, shape) {
        Density::Normal => stats::normal_cdf(z),
        Density::Student { nu, .. } => student(nu, z),
        Density::Hansen { nu, a, b, lambda, .. } => {
            let y = b * z + a;
            if y < 0.0 {
                (1.0 - lambda) * student(nu, y / (1.0 - lambda))
            } else {
                0.5 * (1.0 - lambda) + (1.0 + lambda) * (student(nu, y / (1.0 + lambda)) - 0.5)
            }
        }
        Density::FernandezSteel { nu, mean, sd, skew, .. } => {
            let (y, low) = (sd * z + mean, 1.0 / (1.0 + skew * skew));
            if y < 0.0 {
                2.0 * low * student(nu, y * skew)
            } else {
                low + 2.0 * (1.0 - low) * (student(nu, y / skew) - 0.5)
            }
        }
        Density::Ged { nu, scale, .. } => {
            let half = 0.5 * gamma_part(1.0 / nu, 0.5 * (z.abs() * scale).powf(nu));
            if z < 0.0 { 0.5 - half } else { 0.5 + half }
        }
    }
}

/// A quantile of the standardised residual.
pub(super) fn quantile(innovation: Innovation, shape: &[f64], p: f64) -> f64 {
    let student = |nu: f64, p: f64| {
        let unit = ((nu - 2.0) / nu).sqrt();
        StudentsT::new(0.0, 1.0, nu).map_or_else(|_| stats::normal_quantile(p), |t| unit * t.inverse_cdf(p))
    };
    match Density::new(innovation, shape) {
        Density::Normal => stats::normal_quantile(p),
        Density::Student { nu, .. } => student(nu, p),
        Density::Hansen { nu, a, b, lambda, .. } => {
            let low = 0.5 * (1.0 - lambda);
            let y = if p < low {
                (1.0 - lambda) * student(nu, p / (1.0 - lambda))
            } else {
                (1.0 + lambda) * student(nu, 0.5 + (p - low) / (1.0 + lambda))
            };
            (y - a) / b
        }
        Density::FernandezSteel { nu, mean, sd, skew, .. } => {
            let low = 1.0 / (1.0 + skew * skew);
            let y = if p < low {
                student(nu, 0.5 * p / low) / skew
            } else {
                skew * student(nu, 0.5 + 0.5 * (p - low) / (1.0 - low))
            };
            (y - mean) / sd
        }
        Density::Ged { nu, scale, .. } => {
            let inside = (2.0 * p - 1.0).abs();
            let (mut low, mut high) = (0.0, 1.0);
            while gamma_part(1.0 / nu, high) < inside {
                high *= 2.0;
            }
            for _ in 0..100 {
                let middle = 0.5 * (low + high);
                if gamma_part(1.0 / nu, middle) < inside { low = middle } else { high = middle }
            }
            (p - 0.5).signum() * (2.0 * high).powf(1.0 / nu) / scale
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [(Innovation, &[f64]); 6] = [
        (Innovation::Normal, &[]),
        (Innovation::Student, &[5.0]),
        (Innovation::SkewStudent, &[6.0, -0.3]),
        (Innovation::FernandezSteel, &[0.8, 7.0]),
        (Innovation::Ged, &[1.3]),
        (Innovation::Ged, &[2.0]),
    ];

    #[test]
    fn every_distribution_has_mass_one_mean_zero_and_variance_one() {
        for (innovation, shape) in ALL {
            let d = Density::new(innovation, shape);
            let near = |got: f64, want: f64| assert!((got - want).abs() < 2e-5, "{innovation:?}: {got} {want}");
            near(d.mean(|_| 1.0), 1.0);
            near(d.mean(|z| z), 0.0);
            near(d.mean(|z| z * z), 1.0);
            near(d.mean(f64::abs), d.mean_abs());
        }
    }

    #[test]
    fn quantiles_cut_off_their_mass_and_the_density_is_its_slope() {
        for (innovation, shape) in ALL {
            let d = Density::new(innovation, shape);
            for p in LEVELS {
                let q = quantile(innovation, shape, p);
                let back = cdf(innovation, shape, q);
                assert!((back - p).abs() < 1e-8, "{innovation:?} {p}: {q} {back}");
                let slope = (cdf(innovation, shape, q + 1e-4) - cdf(innovation, shape, q - 1e-4)) / 2e-4;
                let density = d.ln(q, 1.0).exp();
                assert!((slope - density).abs() < 1e-5, "{innovation:?} {p}: {slope} {density}");
            }
        }
    }

    #[test]
    fn tails_agree_with_closed_forms() {
        let numbers = Tails::new(Innovation::SkewStudent, &[5.0, 0.0]).dist(1.0, 2.0);
        let closed = Dist::student(1.0, 2.0, 5.0);
        assert!((numbers.q[1] / closed.q[1] - 1.0).abs() < 1e-9);
        assert!((numbers.es01 / closed.es01 - 1.0).abs() < 1e-7, "{} {}", numbers.es01, closed.es01);
        assert!(numbers.is_sound());
    }
}
