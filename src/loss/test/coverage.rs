//! Is a quantile exceeded as often as it should be, and not in clusters?

use statrs::distribution::{Beta, ChiSquared, ContinuousCDF};

use super::traffic_light::{Light, cumulative, traffic_light};
use crate::base::stats;

/// A statistic and its p-value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Test {
    /// The statistic; likelihood ratios are 0 or more.
    pub statistic: f64,
    /// Probability of at least this under the hypothesis.
    pub p: f64,
}

impl Test {
    /// A statistic that is chi squared under its hypothesis.
    pub fn chi_squared(statistic: f64, freedom: f64) -> Test {
        let p = ChiSquared::new(freedom).map_or(f64::NAN, |d| d.sf(statistic));
        Test { statistic, p }
    }
}

/// `n ln p`, with `0 ln 0 = 0`.
fn n_ln(n: usize, p: f64) -> f64 {
    if n == 0 { 0.0 } else { n as f64 * p.ln() }
}

/// Kupiec's proportion of failures: is the share of `x` breaches in `n` equal to `miss`? Chi
/// squared with one degree of freedom. `None` without observations.
pub fn kupiec(n: usize, x: usize, miss: f64) -> Option<Test> {
    if n == 0 || x > n {
        return None;
    }
    let share = x as f64 / n as f64;
    let null = n_ln(n - x, 1.0 - miss) + n_ln(x, miss);
    let free = n_ln(n - x, 1.0 - share) + n_ln(x, share);
    Some(Test::chi_squared((-2.0 * (null - free)).max(0.0), 1.0))
}

/// Kupiec's test against too many breaches alone, which is the one for a margin with a floor: too few
/// are what the floor is for. The statistic is the signed root of the likelihood ratio, positive
/// where the share is above `miss`; its p-value the normal tail above it. `None` without observations.
pub fn kupiec_over(n: usize, x: usize, miss: f64) -> Option<Test> {
    let root = kupiec(n, x, miss)?.statistic.sqrt();
    let statistic = if x as f64 >= miss * n as f64 { root } else { -root };
    Some(Test { statistic, p: stats::normal_cdf(-statistic) })
}

/// Conditional coverage in which too few breaches are no fault: the ratio of the share counts only where
/// there are more than there should be. Chi squared with two degrees of freedom, which is cautious.
/// `None` without observations.
pub fn conditional_over(n: usize, breaches: usize, pairs: [[usize; 2]; 2], miss: f64) -> Option<Test> {
    let (_, both) = coverage_of(n, breaches, pairs, miss)?;
    let over = breaches as f64 > miss * n as f64;
    Some(if over { both } else { Test::chi_squared(independence(pairs).statistic, 2.0) })
}

/// The least and the largest number of breaches in `n` that Kupiec does not reject at `level`.
/// `None` where every number is rejected.
pub fn non_rejection(n: usize, miss: f64, level: f64) -> Option<(usize, usize)> {
    let passes = |x: &usize| kupiec(n, *x, miss).is_some_and(|t| t.p >= level);
    Some(((0..=n).find(passes)?, (0..=n).rev().find(passes)?))
}

/// Probability that Kupiec rejects at `level` where the true breach rate is `rate`. `None` where the
/// rate is no probability.
pub fn power(n: usize, miss: f64, level: f64, rate: f64) -> Option<f64> {
    let Some((from, to)) = non_rejection(n, miss, level) else { return Some(1.0) };
    let below = if from == 0 { 0.0 } else { cumulative(n, from - 1, rate)? };
    Some(1.0 - (cumulative(n, to, rate)? - below))
}

/// The exact (Clopper-Pearson) interval of a share from `x` in `n`, n at least 1.
pub fn clopper_pearson(x: usize, n: usize, confidence: f64) -> (f64, f64) {
    let (k, m, tail) = (x as f64, n as f64, 0.5 * (1.0 - confidence));
    let beta = |a: f64, b: f64, p: f64| Beta::new(a, b).map_or(f64::NAN, |d| d.inverse_cdf(p));
    let low = if x == 0 { 0.0 } else { beta(k, m - k + 1.0, tail) };
    let high = if x >= n { 1.0 } else { beta(k + 1.0, m - k, 1.0 - tail) };
    (low, high)
}

/// What the first observation of a series counts for: it follows nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum First {
    /// It is an outcome like the others: Kupiec on all n, independence on the n - 1 transitions. The
    /// usual form (MathWorks `varbacktest`, rugarch), and the one of every score here.
    #[default]
    Counted,
    /// All is given it: Kupiec, too, on the n - 1 that follow it (Christoffersen 1998). The sum is then
    /// one likelihood ratio.
    Given,
}

/// Breaches following each other: `[[n00, n01], [n10, n11]]`, first index before, second after.
pub fn transitions(hits: &[bool]) -> [[usize; 2]; 2] {
    let mut n = [[0; 2]; 2];
    for pair in hits.windows(2) {
        n[usize::from(pair[0])][usize::from(pair[1])] += 1;
    }
    n
}

/// Christoffersen's independence: is a breach as likely after a breach as after none? On the n - 1
/// transitions; chi squared with one degree of freedom.
pub fn independence(n: [[usize; 2]; 2]) -> Test {
    let [[n00, n01], [n10, n11]] = n;
    let share = |part: usize, all: usize| part as f64 / all.max(1) as f64;
    let (p01, p11) = (share(n01, n00 + n01), share(n11, n10 + n11));
    let p = share(n01 + n11, n00 + n01 + n10 + n11);
    let null = n_ln(n00 + n10, 1.0 - p) + n_ln(n01 + n11, p);
    let free = n_ln(n00, 1.0 - p01) + n_ln(n01, p01) + n_ln(n10, 1.0 - p11) + n_ln(n11, p11);
    Test::chi_squared((-2.0 * (null - free)).max(0.0), 1.0)
}

/// Everything said of one series of breaches in order of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CoverageTests {
    /// Observations.
    pub n: usize,
    /// Breaches.
    pub breaches: usize,
    /// On the observations.
    pub kupiec: Test,
    /// On the transitions.
    pub independence: Test,
    /// The sum of both statistics, chi squared with two degrees of freedom.
    pub conditional: Test,
    /// Zone of the cumulative binomial.
    pub light: Light,
}

/// Coverage of a series at a nominal breach rate, the first observation counted. `None` without
/// observations.
pub fn coverage(hits: &[bool], miss: f64) -> Option<CoverageTests> {
    coverage_by(hits, miss, First::Counted)
}

/// Coverage of a series, with what the first observation counts for. `None` without observations that
/// count.
fn coverage_by(hits: &[bool], miss: f64, first: First) -> Option<CoverageTests> {
    let pairs = transitions(hits);
    let counted = match first {
        First::Counted => hits,
        First::Given => hits.get(1..)?,
    };
    let (n, breaches) = (counted.len(), counted.iter().filter(|h| **h).count());
    let (kupiec, conditional) = coverage_of(n, breaches, pairs, miss)?;
    let light = traffic_light(n, breaches, miss)?;
    Some(CoverageTests { n, breaches, kupiec, independence: independence(pairs), conditional, light })
}

/// Kupiec and conditional coverage from counts: `n` outcomes, `breaches` among them, and pairs that
/// follow each other as [`transitions`] gives them, which may be sums over several series. `None`
/// without observations.
pub fn coverage_of(n: usize, breaches: usize, pairs: [[usize; 2]; 2], miss: f64) -> Option<(Test, Test)> {
    let kupiec = kupiec(n, breaches, miss)?;
    Some((kupiec, Test::chi_squared(kupiec.statistic + independence(pairs).statistic, 2.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kupiec_at_250_observations_equals_published_numbers() {
        let want = [(0, 5.02517), (1, 1.17649), (2, 0.10844), (3, 0.09494), (4, 0.76914), (5, 1.95681)];
        for (x, lr) in want.into_iter().chain([(6, 3.55535), (7, 5.49699), (10, 12.95549)]) {
            assert!((kupiec(250, x, 0.01).unwrap().statistic - lr).abs() < 5e-6, "{x}");
        }
        assert!((kupiec(250, 0, 0.01).unwrap().p - 0.02498).abs() < 5e-6);
        assert!((kupiec(250, 7, 0.01).unwrap().p - 0.01905).abs() < 5e-6);
        assert_eq!(kupiec(0, 0, 0.01), None);
    }

    #[test]
    fn counts_not_rejected_at_five_percent_equal_published_ranges() {
        for (n, lo, hi) in [(250, 1, 6), (500, 2, 9), (1000, 5, 16), (2500, 16, 35), (8760, 70, 106)] {
            let passes = |x: usize| kupiec(n, x, 0.01).unwrap().p > 0.05;
            assert_eq!((0..n).filter(|x| passes(*x)).collect::<Vec<_>>(), (lo..=hi).collect::<Vec<_>>(), "{n}");
        }
    }

    #[test]
    fn christoffersen_equals_the_varbacktest_example() {
        // MathWorks varbacktest, Normal95: 1043 observations, 57 breaches.
        let (pof, ind) = (kupiec(1043, 57, 0.05).unwrap(), independence([[932, 53], [53, 4]]));
        assert!((pof.statistic - 0.46147).abs() < 5e-6 && (pof.p - 0.49694).abs() < 5e-6);
        assert!((ind.statistic - 0.25866).abs() < 5e-6);
        assert!((pof.statistic + ind.statistic - 0.72013).abs() < 1e-5);
    }

    #[test]
    fn clustered_breaches_fail_where_scattered_ones_pass() {
        let scattered: Vec<bool> = (0..1000).map(|i| i % 100 == 50).collect();
        let clustered: Vec<bool> = (0..1000).map(|i| (500..510).contains(&i)).collect();
        let (good, bad) = (coverage(&scattered, 0.01).unwrap(), coverage(&clustered, 0.01).unwrap());
        assert_eq!(good.kupiec, bad.kupiec);
        assert!(good.conditional.p > 0.5 && bad.conditional.p < 1e-6);
        assert_eq!(transitions(&clustered), [[988, 1], [1, 9]]);
    }

    #[test]
    fn one_sided_kupiec_forgives_too_few_breaches_and_halves_the_level_of_too_many() {
        let (two, one) = (kupiec(1000, 20, 0.01).unwrap(), kupiec_over(1000, 20, 0.01).unwrap());
        assert!((one.p - 0.5 * two.p).abs() < 1e-12);
        assert!(kupiec(3278, 13, 0.01).unwrap().p < 0.001 && kupiec_over(3278, 13, 0.01).unwrap().p > 0.999);
        assert_eq!(kupiec_over(100, 1, 0.01).unwrap().p, 0.5);
    }

    #[test]
    fn too_few_breaches_are_no_fault_of_a_floored_margin_but_clusters_are() {
        let of = |breaches: usize, n11: usize| {
            let n01 = breaches - n11;
            conditional_over(3000, breaches, [[2999 - n01 - breaches, n01], [n01, n11]], 0.01).unwrap().p
        };
        assert!(of(5, 0) > 0.9 && of(60, 0) < 1e-4 && of(10, 8) < 1e-6);
        let (_, two_sided) = coverage_of(3000, 5, [[2989, 5], [5, 0]], 0.01).unwrap();
        assert!(two_sided.p < 0.001);
    }

    #[test]
    fn given_its_first_observation_a_series_has_one_likelihood_ratio() {
        let hits: Vec<bool> = (0..400).map(|i| i % 50 == 0 || i % 50 == 1).collect();
        let (all, given) = (coverage(&hits, 0.01).unwrap(), coverage_by(&hits, 0.01, First::Given).unwrap());
        assert_eq!((all.n, all.breaches, given.n, given.breaches), (400, 16, 399, 15));
        assert_eq!(all.independence, given.independence);
        let [[n00, n01], [n10, n11]] = transitions(&hits);
        let free = n_ln(n00, 1.0 - n01 as f64 / (n00 + n01) as f64)
            + n_ln(n01, n01 as f64 / (n00 + n01) as f64)
            + n_ln(n10, 1.0 - n11 as f64 / (n10 + n11) as f64)
            + n_ln(n11, n11 as f64 / (n10 + n11) as f64);
        let null = n_ln(n00 + n10, 0.99) + n_ln(n01 + n11, 0.01);
        assert!((given.conditional.statistic - 2.0 * (free - null)).abs() < 1e-9);
        assert_eq!(coverage_by(&[true], 0.01, First::Given), None);
    }
}
