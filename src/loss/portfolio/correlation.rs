//! Correlations under stress: what diversifies in calm does not in a crash.

use ndarray::Array2;

/// A correlation that hurts, half way to one: `rho + 0.5 (1 - rho)`.
pub fn adverse(rho: f64) -> f64 {
    rho + 0.5 * (1.0 - rho)
}

/// A correlation that helps, halved.
pub fn beneficial(rho: f64) -> f64 {
    0.5 * rho
}

/// Correlation of two profits under stress. Of positions on the same side of their markets (`side` 1)
/// what separates them shrinks by half. On opposite sides (-1) one hedges the other: an offset
/// (negative correlation of profits) is halved, and profits that fall together already are left so.
/// What is partly on either side is in proportion between, so that no position flips it at once; a side
/// that is no number counts as the same one.
pub fn stressed(rho_of_profits: f64, side: f64) -> f64 {
    let opposite = if rho_of_profits < 0.0 { beneficial(rho_of_profits) } else { rho_of_profits };
    let same = 0.5 * (1.0 + if side.is_nan() { 1.0 } else { side.clamp(-1.0, 1.0) });
    same * adverse(rho_of_profits) + (1.0 - same) * opposite
}

/// Pearson's correlation of two samples of equal length, in \[-1, 1\]; 0 where one does not vary.
pub fn pearson(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len().min(b.len()) as f64;
    let (ma, mb) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
    let (mut aa, mut bb, mut ab) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        let (x, y) = (x - ma, y - mb);
        aa += x * x;
        bb += y * y;
        ab += x * y;
    }
    let rho = ab / (aa.sqrt() * bb.sqrt());
    if rho.is_finite() { rho.clamp(-1.0, 1.0) } else { 0.0 }
}

/// Eigenvalues and eigenvectors (columns) of a symmetric matrix, by cyclic Jacobi rotations (Golub
/// and Van Loan, section 8.5). Only the upper triangle is read. Unsorted.
pub fn eigen(matrix: &Array2<f64>) -> (Vec<f64>, Array2<f64>) {
    let n = matrix.nrows();
    let mut a = Array2::from_shape_fn((n, n), |(i, j)| matrix[(i.min(j), i.max(j))]);
    let mut v = Array2::eye(n);
    let size = a.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    // Convergence is quadratic: a handful of sweeps; the bound only promises an end.
    for _ in 0..60 {
        let mut off = 0.0_f64;
        for p in 0..n {
            for q in p + 1..n {
                off = off.max(a[(p, q)].abs());
                rotate(&mut a, &mut v, p, q);
            }
        }
        if off <= 1e-15 * size {
            break;
        }
    }
    ((0..n).map(|i| a[(i, i)]).collect(), v)
}

/// One rotation that makes `a[p, q]` zero.
fn rotate(a: &mut Array2<f64>, v: &mut Array2<f64>, p: usize, q: usize) {
    let apq = a[(p, q)];
    if apq == 0.0 || !apq.is_finite() {
        return;
    }
    let theta = (a[(q, q)] - a[(p, p)]) / (2.0 * apq);
    let t = if theta.is_finite() { theta.signum() / (theta.abs() + theta.hypot(1.0)) } else { 0.0 };
    let c = 1.0 / t.hypot(1.0);
    let s = t * c;
    for k in 0..a.nrows() {
        let (kp, kq) = (a[(k, p)], a[(k, q)]);
        (a[(k, p)], a[(k, q)]) = (c * kp - s * kq, s * kp + c * kq);
    }
    for k in 0..a.nrows() {
        let (pk, qk) = (a[(p, k)], a[(q, k)]);
        (a[(p, k)], a[(q, k)]) = (c * pk - s * qk, s * pk + c * qk);
        let (kp, kq) = (v[(k, p)], v[(k, q)]);
        (v[(k, p)], v[(k, q)]) = (c * kp - s * kq, s * kp + c * kq);
    }
    (a[(p, q)], a[(q, p)]) = (0.0, 0.0);
}

/// The nearest correlation matrix by spectral repair (Rebonato and Jaeckel 1999): negative
/// eigenvalues become zero and the diagonal is scaled back to one. A matrix that is positive
/// semidefinite comes back as it is. What is no number counts as 1, the adverse case; what is
/// beyond 1 is cut. Near is meant by weight, one each for the plain repair: what hardly weighs
/// hardly moves the correlations of the others, so that nothing jumps when it changes its sign.
pub fn repair(matrix: &Array2<f64>, weights: &[f64]) -> Array2<f64> {
    let n = matrix.nrows();
    let clean = Array2::from_shape_fn((n, n), |(i, j)| {
        let rho = 0.5 * (matrix[(i, j)] + matrix[(j, i)]);
        match i == j {
            true => 1.0,
            false if rho.is_nan() => 1.0,
            false => rho.clamp(-1.0, 1.0),
        }
    });
    if is_positive_definite(&clean) {
        return clean;
    }
    let most = weights.iter().fold(0.0_f64, |m, w| m.max(*w));
    let weight = |i: usize| if most > 0.0 { weights[i] / most } else { 1.0 };
    let (values, vectors) = eigen(&Array2::from_shape_fn((n, n), |(i, j)| weight(i) * clean[(i, j)] * weight(j)));
    if values.iter().all(|l| *l >= -1e-12) {
        return clean;
    }
    let scale: Vec<f64> = (0..n)
        .map(|i| (0..n).map(|k| values[k].max(0.0) * vectors[(i, k)] * vectors[(i, k)]).sum::<f64>().sqrt())
        .collect();
    Array2::from_shape_fn((n, n), |(i, j)| {
        let (i, j) = (i.min(j), i.max(j));
        let sum: f64 = (0..n).map(|k| values[k].max(0.0) * vectors[(i, k)] * vectors[(j, k)]).sum();
        let rho = sum / (scale[i] * scale[j]);
        // An instrument whose whole row was cut away is related to none.
        if i == j {
            1.0
        } else if rho.is_finite() {
            rho.clamp(-1.0, 1.0)
        } else {
            0.0
        }
    })
}

/// Whether Cholesky's decomposition goes through.
fn is_positive_definite(matrix: &Array2<f64>) -> bool {
    let n = matrix.nrows();
    let mut l = Array2::<f64>::zeros((n, n));
    for i in 0..n {
        for j in 0..=i {
            let rest = matrix[(i, j)] - (0..j).map(|k| l[(i, k)] * l[(j, k)]).sum::<f64>();
            if i == j && rest <= 1e-12 {
                return false;
            }
            l[(i, j)] = if i == j { rest.sqrt() } else { rest / l[(j, j)] };
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn eigenvectors_diagonalise() {
        let m = array![[4.0, 1.0, -2.0, 2.0], [1.0, 2.0, 0.0, 1.0], [-2.0, 0.0, 3.0, -2.0], [2.0, 1.0, -2.0, -1.0]];
        let (values, v) = eigen(&m);
        for k in 0..4 {
            for i in 0..4 {
                let mv: f64 = (0..4).map(|j| m[(i, j)] * v[(j, k)]).sum();
                assert!((mv - values[k] * v[(i, k)]).abs() < 1e-12);
            }
        }
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        // numpy 2.4 linalg.eigvalsh.
        for (got, want) in sorted.iter().zip([-2.19751698, 1.08436446, 2.26853141, 6.84462111]) {
            assert!((got - want).abs() < 1e-8, "{got} {want}");
        }
    }

    #[test]
    fn a_matrix_that_is_no_correlation_is_repaired_and_another_left_alone() {
        let good = array![[1.0, 0.5, 0.2], [0.5, 1.0, 0.3], [0.2, 0.3, 1.0]];
        assert_eq!(repair(&good, &[1.0; 3]), good);
        let bad = array![[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]];
        assert!(eigen(&bad).0.iter().any(|l| *l < -0.5));
        let fixed = repair(&bad, &[1.0; 3]);
        assert!(eigen(&fixed).0.iter().all(|l| *l > -1e-12));
        assert!((0..3).all(|i| fixed[(i, i)] == 1.0) && fixed == fixed.t());
        // Symmetry of the case: the outcome is +-0.5.
        assert!((fixed[(0, 1)] - 0.5).abs() < 1e-12 && (fixed[(0, 2)] + 0.5).abs() < 1e-12);
        // What weighs nothing moves nobody, whichever way it points.
        let sums = [1.0, -1.0].map(|sign| {
            let m = array![[1.0, 0.9, -0.9 * sign], [0.9, 1.0, 0.9 * sign], [-0.9 * sign, 0.9 * sign, 1.0]];
            repair(&m, &[1.0, 2.0, 1e-9])[(0, 1)]
        });
        assert!(sums.iter().all(|rho| (rho - 0.9).abs() < 1e-6), "{sums:?}");
        let holes = repair(&array![[1.0, f64::NAN], [f64::NAN, f64::INFINITY]], &[1.0; 2]);
        assert_eq!(holes, array![[1.0, 1.0], [1.0, 1.0]]);
        assert_eq!(repair(&Array2::zeros((0, 0)), &[]).len(), 0);
    }

    #[test]
    fn stress_never_makes_a_pair_safer() {
        for i in -100..=100 {
            let rho = f64::from(i) / 100.0;
            for side in [-1.0, -0.4, 0.0, 0.7, 1.0, f64::NAN] {
                assert!(stressed(rho, side) >= rho - 1e-15 && stressed(rho, side) <= 1.0);
                assert!(stressed(rho, side) <= stressed((rho + 0.01).min(1.0), side));
                assert!(stressed(rho, side) >= stressed(rho, -1.0) && stressed(rho, side) <= adverse(rho) + 1e-15);
            }
        }
        assert_eq!((stressed(0.6, 1.0), stressed(-0.6, -1.0), stressed(0.6, -1.0)), (0.8, -0.3, 0.6));
    }
}
