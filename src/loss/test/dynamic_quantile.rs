//! Dynamic quantile test of Engle and Manganelli (2004): can a breach be told from the breaches before
//! it, or from the requirement itself?

use super::coverage::Test;
use crate::loss::dot::dot;

/// Fewest breaches of which anything is said.
const BREACHES: usize = 3;
/// What is left of a column after the others, below which it is one of them.
const COLLINEAR: f64 = 1e-9;

/// The statistic, its p-value and its degrees of freedom.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dynamic {
    /// Chi squared.
    pub test: Test,
    /// Columns that are no combination of others: lags + 2, fewer where lags are collinear.
    pub freedom: usize,
    /// Rows: observations less the lags.
    pub n: usize,
}

/// Regresses `hit - miss` on a constant, its own `lags` last values and the requirement of the time.
/// `DQ = b' X'X b / (miss (1 - miss))`, which is the squared length of the projection, so that a
/// pseudo-inverse is not needed where columns are collinear; chi squared with the rank of X.
///
/// `None` with fewer than three breaches, or fewer rows than columns.
pub fn dynamic_quantile(hits: &[bool], requirement: &[f64], miss: f64, lags: usize) -> Option<Dynamic> {
    let n = hits.len().min(requirement.len());
    if hits[..n].iter().filter(|h| **h).count() < BREACHES || n <= 2 * lags + 2 {
        return None;
    }
    let y: Vec<f64> = hits[..n].iter().map(|h| f64::from(u8::from(*h)) - miss).collect();
    let rows = n - lags;
    let lagged = (1..=lags).map(|k| y[lags - k..n - k].to_vec());
    let columns = std::iter::once(vec![1.0; rows]).chain(lagged).chain([requirement[lags..n].to_vec()]);
    let mut basis: Vec<Vec<f64>> = Vec::new();
    let mut statistic = 0.0;
    for mut column in columns {
        let whole = length(&column);
        // Twice is enough (Kahan): what is left is then orthogonal to the last bits.
        for _ in 0..2 {
            for b in &basis {
                let part = dot(&column, b);
                column.iter_mut().zip(b).for_each(|(c, b)| *c -= part * b);
            }
        }
        let left = length(&column);
        if left.is_nan() || left <= COLLINEAR * whole {
            continue;
        }
        column.iter_mut().for_each(|c| *c /= left);
        statistic += dot(&column, &y[lags..]).powi(2);
        basis.push(column);
    }
    let test = Test::chi_squared(statistic / (miss * (1.0 - miss)), basis.len() as f64);
    test.p.is_finite().then_some(Dynamic { test, freedom: basis.len(), n: rows })
}

fn length(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requirement(n: usize) -> Vec<f64> {
        (0..n).map(|i| 0.04 + 0.01 * (i as f64 * 0.37).sin()).collect()
    }

    #[test]
    fn clusters_and_breaches_where_the_margin_is_low_are_found() {
        let c = requirement(2000);
        let scattered: Vec<bool> = (0..2000).map(|i| i % 100 == 31).collect();
        let clustered: Vec<bool> = (0..2000).map(|i| i % 500 < 5).collect();
        let mut order: Vec<usize> = (0..2000).collect();
        order.sort_by(|a, b| c[*a].total_cmp(&c[*b]));
        let low: Vec<bool> = (0..2000).map(|i| order[..20].contains(&i)).collect();
        let of = |hits: &[bool]| dynamic_quantile(hits, &c, 0.01, 4).unwrap();
        assert!(of(&scattered).test.p > 0.5, "{:?}", of(&scattered));
        assert!(of(&clustered).test.p < 1e-6 && of(&low).test.p < 1e-6);
        assert_eq!((of(&low).freedom, of(&low).n), (6, 1996));
    }

    #[test]
    fn a_constant_requirement_is_no_new_column_and_few_breaches_say_nothing() {
        let clustered: Vec<bool> = (0..1000).map(|i| (500..510).contains(&i)).collect();
        let flat = dynamic_quantile(&clustered, &[0.04; 1000], 0.01, 4).unwrap();
        assert_eq!(flat.freedom, 5);
        let two: Vec<bool> = (0..1000).map(|i| i == 500 || i == 600).collect();
        assert_eq!(dynamic_quantile(&two, &requirement(1000), 0.01, 4), None);
    }

    #[test]
    fn projection_equals_the_normal_equations_worked_by_hand() {
        let hits: Vec<bool> = (0..9).map(|i| [1, 4, 7].contains(&i)).collect();
        let c: Vec<f64> = (0..9).map(|i| if i % 2 == 0 { 1.0 } else { 2.0 }).collect();
        let got = dynamic_quantile(&hits, &c, 0.25, 1).unwrap();
        let y: Vec<f64> = hits.iter().map(|h| f64::from(u8::from(*h)) - 0.25).collect();
        let rows: Vec<[f64; 3]> = (1..9).map(|t| [1.0, y[t - 1], c[t]]).collect();
        let mut a = [[0.0; 4]; 3];
        for (r, t) in rows.iter().zip(1..) {
            for i in 0..3 {
                (0..3).for_each(|j| a[i][j] += r[i] * r[j]);
                a[i][3] += r[i] * y[t];
            }
        }
        let rhs = [a[0][3], a[1][3], a[2][3]];
        for i in 0..3 {
            let pivot = a[i];
            for (_, row) in a.iter_mut().enumerate().filter(|(k, _)| *k != i) {
                let f = row[i] / pivot[i];
                (0..4).for_each(|j| row[j] -= f * pivot[j]);
            }
        }
        let want: f64 = (0..3).map(|i| a[i][3] / a[i][i] * rhs[i]).sum::<f64>() / (0.25 * 0.75);
        assert!((got.test.statistic / want - 1.0).abs() < 1e-10, "{got:?} {want}");
    }
}
