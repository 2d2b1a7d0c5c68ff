//! Is a quantile exceeded as often as it should be, and not in clusters?

use serde::{Deserialize, Serialize};
use statrs::distribution::{Binomial, ChiSquared, ContinuousCDF, DiscreteCDF};

/// A likelihood-ratio statistic and its p-value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Test {
    /// The statistic; 0 or more.
    pub statistic: f64,
    /// Probability of at least this under the hypothesis.
    pub p: f64,
}

impl Test {
    pub(super) fn chi_squared(statistic: f64, freedom: f64) -> Test {
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
pub struct Coverage {
    /// Observations.
    pub n: usize,
    /// Breaches.
    pub breaches: usize,
    /// On n observations.
    pub kupiec: Test,
    /// On n - 1 transitions.
    pub independence: Test,
    /// The sum of both statistics, chi squared with two degrees of freedom.
    pub conditional: Test,
    /// Zone of the cumulative binomial.
    pub light: Light,
}

/// Coverage of a series at a nominal breach rate. `None` without observations.
pub fn coverage(hits: &[bool], miss: f64) -> Option<Coverage> {
    let breaches = hits.iter().filter(|h| **h).count();
    let kupiec = kupiec(hits.len(), breaches, miss)?;
    let independence = independence(transitions(hits));
    let (_, conditional) = coverage_of(hits.len(), breaches, transitions(hits), miss)?;
    let light = traffic_light(hits.len(), breaches, miss)?;
    Some(Coverage { n: hits.len(), breaches, kupiec, independence, conditional, light })
}

/// Kupiec and conditional coverage from counts: `n` outcomes, `breaches` among them, and pairs that
/// follow each other as [`transitions`] gives them, which may be sums over several series. `None`
/// without observations.
pub fn coverage_of(n: usize, breaches: usize, pairs: [[usize; 2]; 2], miss: f64) -> Option<(Test, Test)> {
    let kupiec = kupiec(n, breaches, miss)?;
    Some((kupiec, Test::chi_squared(kupiec.statistic + independence(pairs).statistic, 2.0)))
}

/// Basel zones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Light {
    /// Fewer breaches than 95 % of samples of a right model have.
    Green,
    /// From 95 %.
    Yellow,
    /// From 99.99 %.
    Red,
}

/// Zone of `x` breaches in `n` at a nominal rate, by the cumulative binomial probability of at most
/// x breaches. `None` where the rate is no probability.
pub fn traffic_light(n: usize, x: usize, miss: f64) -> Option<Light> {
    let cumulative = Binomial::new(miss, n as u64).ok()?.cdf(x as u64);
    Some(match cumulative {
        c if c < 0.95 => Light::Green,
        c if c < 0.9999 => Light::Yellow,
        _ => Light::Red,
    })
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
    fn lights_change_at_five_and_ten_of_250() {
        let light = |x| traffic_light(250, x, 0.01).unwrap();
        assert!((0..=4).all(|x| light(x) == Light::Green));
        assert!((5..=9).all(|x| light(x) == Light::Yellow));
        assert_eq!(light(10), Light::Red);
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
}
