//! Errors of coefficients at a maximum of the likelihood: classic, from the Hessian, and robust, by
//! the sandwich of Bollerslev and Wooldridge (1992).

use super::minimise::inverse;
use super::number::Dual;

/// Covariances of the coefficients; zero for those at a bound.
pub(in crate::forecast::garch) struct Covariances {
    robust: Vec<Vec<f64>>,
    classic: Vec<Vec<f64>>,
}

/// Covariances of the `free` coefficients at `at`, from the gradient of the log-likelihood, a step for
/// the difference of each, and the sum of outer products of scores; `None` where the Hessian has no
/// inverse.
pub(in crate::forecast::garch) fn covariances<const N: usize>(
    at: &[f64],
    free: &[bool],
    step: impl Fn(usize) -> f64,
    gradient: impl Fn(&[f64; N]) -> [f64; N],
    outer: &[[f64; N]; N],
) -> Option<Covariances> {
    let mut point = [0.0; N];
    point.iter_mut().zip(at).for_each(|(p, v)| *p = *v);
    let count = at.len();
    let free: Vec<usize> = (0..count).filter(|i| free[*i]).collect();
    // The negative Hessian, with one on the diagonal of what is not estimated.
    let mut information = [[0.0; N]; N];
    for (i, row) in information.iter_mut().enumerate() {
        row[i] = f64::from(u8::from(!free.contains(&i)));
    }
    for &i in &free {
        let (mut up, mut down) = (point, point);
        up[i] += step(i);
        down[i] -= step(i);
        let (up, down) = (gradient(&up), gradient(&down));
        for &j in &free {
            let half = -0.5 * (up[j] - down[j]) / (2.0 * step(i));
            information[i][j] += half;
            information[j][i] += half;
        }
    }
    let inverse = inverse(information)?;
    let (mut robust, mut classic) = (vec![vec![0.0; count]; count], vec![vec![0.0; count]; count]);
    for &i in &free {
        for &j in &free {
            let part =
                |k: &usize| -> f64 { free.iter().map(|l| inverse[i][*k] * outer[*k][*l] * inverse[*l][j]).sum() };
            classic[i][j] = inverse[i][j];
            robust[i][j] = free.iter().map(part).sum();
        }
    }
    Some(Covariances { robust, classic })
}

/// Robust and classic errors of functions of the coefficients, to first order; `None` for those that
/// are not `free` or have no positive variance.
pub(in crate::forecast::garch) fn errors<const N: usize>(
    covariances: Option<&Covariances>,
    of: &[Dual<N>],
    free: &[bool],
) -> (Vec<Option<f64>>, Vec<Option<f64>>) {
    let error = |covariance: &[Vec<f64>], i: usize| {
        let by = &of[i].by;
        let row = |j: usize| -> f64 { covariance[j].iter().zip(by).map(|(c, b)| by[j] * c * b).sum() };
        let variance: f64 = (0..covariance.len()).map(row).sum();
        (free[i] && variance > 0.0 && variance.is_finite()).then(|| variance.sqrt())
    };
    let all =
        |covariance: Option<&Vec<Vec<f64>>>| (0..of.len()).map(|i| covariance.and_then(|c| error(c, i))).collect();
    (all(covariances.map(|c| &c.robust)), all(covariances.map(|c| &c.classic)))
}
