//! Least squares by Householder QR (linfa), with columns scaled to unit length and columns that
//! depend on earlier ones left out, so that a constant series still has a fit.

use linfa::Dataset;
use linfa::traits::Fit as _;
use linfa_linear::LinearRegression;
use ndarray::{Array1, Array2};

/// A column whose part orthogonal to the earlier ones is this small a share of it depends on them.
const DEPENDENT: f64 = 1e-9;

/// A least-squares fit.
#[derive(Clone, Debug, PartialEq)]
pub struct LeastSquares {
    /// The constant, then one coefficient per column; zero for a column left out.
    pub coefficients: Vec<f64>,
    /// `y` less the fitted value, unweighted.
    pub residuals: Vec<f64>,
    /// Which columns were not left out, 0 for the constant, and their lengths.
    kept: Vec<(usize, f64)>,
}

/// Minimises `sum w_i^2 (y_i - b0 - x_i b)^2` over rows `x_i` of equal width.
///
/// # Errors
/// Fewer rows than coefficients, rows of unequal width, or a number that is not finite.
pub fn least_squares(x: &[Vec<f64>], y: &[f64], weights: Option<&[f64]>) -> Result<LeastSquares, String> {
    let (rows, width) = (y.len(), x.first().map_or(0, Vec::len));
    if rows <= width || x.len() != rows || weights.is_some_and(|w| w.len() != rows) {
        return Err(format!("{} rows of {width} regressors for {rows} targets", x.len()));
    }
    if x.iter().any(|row| row.len() != width) {
        return Err("rows of unequal width".into());
    }
    let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
    let column =
        |j: usize| -> Vec<f64> { (0..rows).map(|i| weight(i) * if j == 0 { 1.0 } else { x[i][j - 1] }).collect() };
    let kept = independent((0..=width).map(column));
    let target = Array1::from_iter((0..rows).map(|i| weight(i) * y[i]));
    let mut design = Array2::zeros((rows, kept.len()));
    for (k, (_, scaled, _)) in kept.iter().enumerate() {
        design.column_mut(k).assign(&Array1::from_vec(scaled.clone()));
    }
    if !target.iter().chain(&design).all(|v| v.is_finite()) {
        return Err("a regressor or a target is not finite".into());
    }
    let solved = LinearRegression::new()
        .with_intercept(false)
        .fit(&Dataset::new(design, target))
        .map_err(|e| format!("least squares: {e}"))?;
    let mut coefficients = vec![0.0; width + 1];
    for (k, (j, _, length)) in kept.iter().enumerate() {
        coefficients[*j] = solved.params()[k] / length;
    }
    let residuals = (0..rows).map(|i| y[i] - predict(&coefficients, &x[i])).collect();
    Ok(LeastSquares { coefficients, residuals, kept: kept.iter().map(|(j, _, length)| (*j, *length)).collect() })
}

/// Errors of the coefficients that hold under heteroskedasticity and autocorrelation up to `lags`
/// (Newey, West 1987; Bartlett weights, no small-sample factor); zero for a column left out. `x` and
/// `weights` are those of the fit.
pub fn newey_west(x: &[Vec<f64>], fit: &LeastSquares, weights: Option<&[f64]>, lags: usize) -> Vec<f64> {
    let (rows, k) = (x.len(), fit.kept.len());
    let mut bread = vec![0.0; k * k];
    // Regressors times residual, row after row.
    let mut scores = Vec::with_capacity(rows * k);
    let mut z = vec![0.0; k];
    for (i, row) in x.iter().enumerate() {
        let weight = weights.map_or(1.0, |w| w[i]);
        for (z, (j, length)) in z.iter_mut().zip(&fit.kept) {
            *z = weight * if *j == 0 { 1.0 } else { row[j - 1] } / length;
        }
        add_outer(&mut bread, &z, &z);
        scores.extend(z.iter().map(|z| z * weight * fit.residuals[i]));
    }
    let mut meat = vec![0.0; k * k];
    let mut near = vec![0.0; k];
    for i in 0..rows {
        let own = &scores[i * k..(i + 1) * k];
        near.copy_from_slice(own);
        for lag in 1..=lags.min(i) {
            let bartlett = 2.0 * (1.0 - lag as f64 / (lags + 1) as f64);
            let before = &scores[(i - lag) * k..(i - lag + 1) * k];
            near.iter_mut().zip(before).for_each(|(n, b)| *n += bartlett * b);
        }
        add_outer(&mut meat, own, &near);
    }
    let mut errors = vec![0.0; fit.coefficients.len()];
    let Some(factor) = Cholesky::of(bread, k) else { return errors };
    for (m, (j, length)) in fit.kept.iter().enumerate() {
        let column = factor.solve((0..k).map(|i| f64::from(i == m)).collect());
        // The quadratic form takes the symmetric part of `meat` by itself.
        let variance: f64 = (0..k).map(|a| (0..k).map(|b| column[a] * meat[a * k + b] * column[b]).sum::<f64>()).sum();
        errors[*j] = variance.max(0.0).sqrt() / length;
    }
    errors
}

/// m += a b' for a square matrix by rows.
fn add_outer(m: &mut [f64], a: &[f64], b: &[f64]) {
    for (row, a) in m.chunks_exact_mut(b.len()).zip(a) {
        row.iter_mut().zip(b).for_each(|(m, b)| *m += a * b);
    }
}

/// The lower factor of a symmetric positive definite matrix.
pub(in crate::forecast) struct Cholesky {
    low: Vec<f64>,
    k: usize,
}

impl Cholesky {
    /// Of a matrix by rows, of which the lower triangle is read; `None` unless every pivot exceeds
    /// 1e-14 of its diagonal.
    pub(in crate::forecast) fn of(mut m: Vec<f64>, k: usize) -> Option<Cholesky> {
        for i in 0..k {
            for j in 0..=i {
                let dot: f64 = (0..j).map(|c| m[i * k + c] * m[j * k + c]).sum();
                let rest = m[i * k + j] - dot;
                if i > j {
                    m[i * k + j] = rest / m[j * k + j];
                } else if rest > 1e-14 * m[i * k + i] {
                    m[i * k + i] = rest.sqrt();
                } else {
                    return None;
                }
            }
        }
        Some(Cholesky { low: m, k })
    }
    /// The solution of `m v = right`.
    pub(in crate::forecast) fn solve(&self, mut right: Vec<f64>) -> Vec<f64> {
        let (k, low) = (self.k, &self.low);
        for i in 0..k {
            let dot: f64 = (0..i).map(|c| low[i * k + c] * right[c]).sum();
            right[i] = (right[i] - dot) / low[i * k + i];
        }
        for i in (0..k).rev() {
            let dot: f64 = (i + 1..k).map(|c| low[c * k + i] * right[c]).sum();
            right[i] = (right[i] - dot) / low[i * k + i];
        }
        right
    }
}

/// `b0 + x b`.
pub fn predict(coefficients: &[f64], x: &[f64]) -> f64 {
    coefficients[1..].iter().zip(x).fold(coefficients[0], |sum, (b, v)| sum + b * v)
}

/// Columns that do not depend on earlier ones: index, column at unit length, its length before.
fn independent(columns: impl Iterator<Item = Vec<f64>>) -> Vec<(usize, Vec<f64>, f64)> {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    let (mut kept, mut basis) = (Vec::new(), Vec::<Vec<f64>>::new());
    for (j, mut column) in columns.enumerate() {
        let length = dot(&column, &column).sqrt();
        column.iter_mut().for_each(|v| *v /= length);
        let mut rest = column.clone();
        // Twice is enough (Kahan): the second pass removes what rounding left of the first.
        for _ in 0..2 {
            for b in &basis {
                let along = dot(&rest, b);
                rest.iter_mut().zip(b).for_each(|(r, b)| *r -= along * b);
            }
        }
        let left = dot(&rest, &rest).sqrt();
        if length == 0.0 || left < DEPENDENT {
            continue;
        }
        rest.iter_mut().for_each(|v| *v /= left);
        basis.push(rest);
        kept.push((j, column, length));
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exact_line_is_found() {
        let x: Vec<Vec<f64>> = (0..50).map(|i| vec![f64::from(i).sin(), f64::from(i).cos() * 1e-6]).collect();
        let y: Vec<f64> = x.iter().map(|r| 2.0 - 3.0 * r[0] + 5e6 * r[1]).collect();
        let fit = least_squares(&x, &y, None).unwrap();
        for (b, want) in fit.coefficients.iter().zip([2.0, -3.0, 5e6]) {
            assert!((b / want - 1.0).abs() < 1e-12, "{b} {want}");
        }
    }

    #[test]
    fn a_column_that_depends_on_others_is_left_out() {
        let x: Vec<Vec<f64>> = (0..50).map(|i| vec![7.0, f64::from(i), 2.0 * f64::from(i) + 1.0, 0.0]).collect();
        let y: Vec<f64> = x.iter().map(|r| 1.0 + r[1]).collect();
        let fit = least_squares(&x, &y, None).unwrap();
        assert_eq!((fit.coefficients[1], fit.coefficients[3], fit.coefficients[4]), (0.0, 0.0, 0.0));
        assert!(fit.residuals.iter().all(|e| e.abs() < 1e-10));
    }

    #[test]
    fn weights_scale_rows() {
        // Two points per weight: the weighted mean is (1 * 0 + 9 * 10) / 10.
        let fit = least_squares(&[vec![], vec![]], &[0.0, 10.0], Some(&[1.0, 3.0])).unwrap();
        assert!((fit.coefficients[0] - 9.0).abs() < 1e-12);
    }
}
