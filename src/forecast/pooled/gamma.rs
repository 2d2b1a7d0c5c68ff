//! The linear start of the net: a gamma regression with log link and ridge.
//!
//! Minimises mean(y exp(-o) + o) + (l2/2) |b|^2 with o = a + z b by Newton steps, which is QLIKE and
//! the gamma deviance up to constants. Source: McCullagh, Nelder 1989; Patton 2011.

use ndarray::{Array1, Array2, ArrayView2, Axis, Slice};

/// Most Newton steps.
const STEPS: usize = 50;
/// A linear predictor beyond this is cut off.
pub(super) const LIMIT: f64 = 8.0;

/// The inputs beside a column of ones.
pub struct Design(Array2<f64>);

impl Design {
    /// From `width` inputs of each of `rows`, row by row.
    pub fn new(z: &[f64], rows: usize, width: usize) -> Design {
        let one = |(i, j): (usize, usize)| if j == 0 { 1.0 } else { z[i * width + j - 1] };
        Design(Array2::from_shape_fn((rows, width + 1), one))
    }

    /// Intercept and coefficients for the positive targets `y` of the first rows, from those of a fit on
    /// other rows where `begin` has them; `None` when the steps do not settle.
    pub fn fit(&self, y: &[f64], l2: f64, begin: &[f64]) -> Option<Vec<f64>> {
        let a = self.0.slice_axis(Axis(0), Slice::from(..y.len()));
        let (n, p) = (a.nrows() as f64, a.ncols() - 1);
        let mut b = Array1::zeros(p + 1);
        b[0] = crate::base::stats::mean(y).ln();
        if begin.len() == b.len() {
            b.iter_mut().zip(begin).for_each(|(b, begin)| *b = *begin);
        }
        let mut weighted = Array2::zeros(a.dim());
        for _ in 0..STEPS {
            let o = a.dot(&b);
            let ratio: Array1<f64> = o.iter().zip(y).map(|(o, y)| y / o.clamp(-LIMIT, LIMIT).exp()).collect();
            let mut gradient = columns(&a, &ratio.mapv(|u| 1.0 - u)) / n;
            for ((mut to, from), u) in weighted.rows_mut().into_iter().zip(a.rows()).zip(&ratio) {
                // One row far above its forecast must not make the curvature; 20 bounds its weight.
                let u = u.min(20.0);
                if let (Some(to), Some(from)) = (to.as_slice_mut(), from.as_slice()) {
                    to.iter_mut().zip(from).for_each(|(to, z)| *to = z * u);
                }
            }
            let mut curvature = lower(&a, &weighted) / n;
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
}

/// `a' v`, each sum in order of the rows: in one pass over the rows instead of one over each column.
fn columns(a: &ArrayView2<'_, f64>, v: &Array1<f64>) -> Array1<f64> {
    if a.ncols() == 1 {
        return a.t().dot(v);
    }
    let mut sums = vec![0.0; a.ncols()];
    for (row, v) in a.rows().into_iter().zip(v) {
        if let Some(row) = row.as_slice() {
            sums.iter_mut().zip(row).for_each(|(sum, a)| *sum += a * v);
        }
    }
    Array1::from_vec(sums)
}

/// Inputs whose products are worked out at once.
const BLOCK: usize = 16;

/// The lower triangle of `a' b`, by blocks of rows: of a symmetric product the rest need not be worked out.
fn lower(a: &ArrayView2<'_, f64>, b: &Array2<f64>) -> Array2<f64> {
    let count = a.ncols();
    let mut product = Array2::zeros((count, count));
    for from in (0..count).step_by(BLOCK) {
        let to = (from + BLOCK).min(count);
        let rows = a.slice_axis(Axis(1), Slice::from(from..to));
        let part = rows.t().dot(&b.slice_axis(Axis(1), Slice::from(..to)));
        let mut block = product.slice_axis_mut(Axis(0), Slice::from(from..to));
        block.slice_axis_mut(Axis(1), Slice::from(..to)).assign(&part);
    }
    product
}

/// Solves m x = v for a symmetric positive definite m, by Cholesky; reads the lower triangle alone.
pub(in crate::forecast) fn solve(mut m: Array2<f64>, mut v: Array1<f64>) -> Option<Array1<f64>> {
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
        let z: Vec<f64> = (0..3 * 4000).map(|_| 2.0 * rng.random::<f64>() - 1.0).collect();
        let truth = [0.3, 0.8, -0.5, 0.0];
        // Exponential noise has mean one: the conditional mean is exp(a + z b).
        let y: Vec<f64> = z
            .chunks(3)
            .map(|r| {
                let o = truth[0] + r.iter().zip(&truth[1..]).map(|(z, b)| z * b).sum::<f64>();
                -o.exp() * (1.0 - rng.random::<f64>()).ln()
            })
            .collect();
        let design = Design::new(&z, 4000, 3);
        let b = design.fit(&y, 1e-3, &[]).unwrap();
        // From another fit the same is found.
        let again = design.fit(&y, 1e-3, &design.fit(&y[..3000], 1e-3, &[]).unwrap()).unwrap();
        assert!(again.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-12), "{again:?} {b:?}");
        for (got, want) in b.iter().zip(truth) {
            assert!((got - want).abs() < 0.08, "{got} {want}");
        }
        for j in 0..3 {
            let slope: f64 = z
                .chunks(3)
                .zip(&y)
                .map(|(r, y)| {
                    let o = b[0] + r.iter().zip(&b[1..]).map(|(z, b)| z * b).sum::<f64>();
                    (1.0 - y / o.exp()) * r[j] / 4000.0
                })
                .sum();
            assert!((slope + 1e-3 * b[j + 1]).abs() < 1e-8, "{slope}");
        }
    }

    #[test]
    fn products_by_part_have_the_bits_of_the_whole_ones() {
        let mut rng = Seed(7).rng();
        for (rows, count) in [(3, 1), (700, 5), (900, 40)] {
            let mut random = || Array2::from_shape_fn((rows, count), |_| rng.random::<f64>() - 0.5);
            let (a, b) = (random(), random());
            let v = b.column(0).to_owned();
            let (whole, part) = (a.t().dot(&b), lower(&a.view(), &b));
            assert!((0..count).all(|i| (0..=i).all(|j| whole[[i, j]].to_bits() == part[[i, j]].to_bits())));
            assert_eq!(a.t().dot(&v), columns(&a.view(), &v));
        }
    }
}
