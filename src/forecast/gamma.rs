//! The linear start of the net: a gamma regression with log link and ridge.
//!
//! Minimises mean(y exp(-o) + o) + (l2/2) |b|^2 with o = a + z b by Newton steps, which is QLIKE and
//! the gamma deviance up to constants. Source: McCullagh, Nelder 1989; Patton 2011.

use ndarray::{Array1, Array2, Axis};

/// Most Newton steps.
const STEPS: usize = 50;
/// A linear predictor beyond this is cut off.
pub(super) const LIMIT: f64 = 8.0;

/// Intercept and coefficients for inputs `z` (n x p) and positive targets `y`; `None` when the
/// steps do not settle.
pub fn gamma(z: &Array2<f64>, y: &[f64], l2: f64) -> Option<Vec<f64>> {
    let (n, p) = z.dim();
    let a = Array2::from_shape_fn((n, p + 1), |(i, j)| if j == 0 { 1.0 } else { z[[i, j - 1]] });
    let mut b = Array1::zeros(p + 1);
    b[0] = crate::base::stats::mean(y).ln();
    for _ in 0..STEPS {
        let o = a.dot(&b);
        let ratio: Array1<f64> = o.iter().zip(y).map(|(o, y)| y / o.clamp(-LIMIT, LIMIT).exp()).collect();
        let mut gradient = a.t().dot(&ratio.mapv(|u| 1.0 - u)) / n as f64;
        // One row far above its forecast must not make the curvature; 20 bounds its weight.
        let weighted = &a * &ratio.mapv(|u| u.min(20.0)).insert_axis(Axis(1));
        let mut curvature = a.t().dot(&weighted) / n as f64;
        for j in 1..=p {
            gradient[j] += l2 * b[j];
            curvature[[j, j]] += l2;
        }
        for j in 0..=p {
            curvature[[j, j]] += 1e-8;
        }
        let step = solve(curvature, gradient)?;
        let most = step.iter().fold(0.0_f64, |m, d| m.max(d.abs()));
        if !most.is_finite() {
            return None;
        }
        b.scaled_add(-(1.0 / most).min(1.0), &step);
        if most < 1e-8 {
            break;
        }
    }
    Some(b.to_vec())
}

/// Solves m x = v for a symmetric positive definite m, by Cholesky.
pub(super) fn solve(mut m: Array2<f64>, mut v: Array1<f64>) -> Option<Array1<f64>> {
    let n = v.len();
    for i in 0..n {
        for j in 0..=i {
            let dot: f64 = (0..j).map(|k| m[[i, k]] * m[[j, k]]).sum();
            let rest = m[[i, j]] - dot;
            if i > j {
                m[[i, j]] = rest / m[[j, j]];
            } else if rest > 0.0 {
                m[[i, i]] = rest.sqrt();
            } else {
                return None;
            }
        }
        let dot: f64 = (0..i).map(|k| m[[i, k]] * v[k]).sum();
        v[i] = (v[i] - dot) / m[[i, i]];
    }
    for i in (0..n).rev() {
        let dot: f64 = (i + 1..n).map(|k| m[[k, i]] * v[k]).sum();
        v[i] = (v[i] - dot) / m[[i, i]];
    }
    Some(v)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Seed;
    use rand::RngExt;

    #[test]
    fn the_gradient_vanishes_at_the_fit_and_the_truth_is_found() {
        let mut rng = Seed(4).rng();
        let z = Array2::from_shape_fn((4000, 3), |_| 2.0 * rng.random::<f64>() - 1.0);
        let truth = [0.3, 0.8, -0.5, 0.0];
        // Exponential noise has mean one: the conditional mean is exp(a + z b).
        let y: Vec<f64> = z
            .rows()
            .into_iter()
            .map(|r| {
                let o = truth[0] + r.iter().zip(&truth[1..]).map(|(z, b)| z * b).sum::<f64>();
                -o.exp() * (1.0 - rng.random::<f64>()).ln()
            })
            .collect();
        let b = gamma(&z, &y, 1e-3).unwrap();
        for (got, want) in b.iter().zip(truth) {
            assert!((got - want).abs() < 0.08, "{got} {want}");
        }
        for j in 0..3 {
            let slope: f64 = z
                .rows()
                .into_iter()
                .zip(&y)
                .map(|(r, y)| {
                    let o = b[0] + r.iter().zip(&b[1..]).map(|(z, b)| z * b).sum::<f64>();
                    (1.0 - y / o.exp()) * r[j] / 4000.0
                })
                .sum();
            assert!((slope + 1e-3 * b[j + 1]).abs() < 1e-8, "{slope}");
        }
    }
}
