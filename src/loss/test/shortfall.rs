//! Is the mean loss beyond VaR what expected shortfall said (Acerbi and Szekely 2014)?

use rand::RngExt;
use rayon::prelude::*;
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

use crate::base::{Seed, stats};
use crate::loss::baseline::var;

/// `Z1 = 1 - mean over breaches of L / ES`: tests ES given VaR. Negative means that ES was too
/// low. A breach is a loss above its VaR. `None` without breaches.
pub fn z1(losses: &[f64], var: &[f64], es: &[f64]) -> Option<f64> {
    let ratios = losses.iter().zip(var).zip(es).filter(|((l, v), _)| l > v).map(|((l, _), e)| l / e);
    let (sum, count) = ratios.fold((0.0, 0), |(sum, count), r| (sum + r, count + 1));
    (count > 0).then(|| 1.0 - sum / f64::from(count))
}

/// `Z2 = 1 - sum over breaches of L / (n a ES)`: tests VaR and ES together at tail probability
/// `a`. Negative means that risk was understated; about -0.7 is the 5 % critical value at a =
/// 2.5 %, n = 250. `None` without observations.
pub fn z2(losses: &[f64], var: &[f64], es: &[f64], a: f64) -> Option<f64> {
    let beyond = losses.iter().zip(var).zip(es).filter(|((l, v), _)| l > v).map(|((l, _), e)| l / e);
    (!losses.is_empty()).then(|| 1.0 - beyond.sum::<f64>() / (losses.len() as f64 * a))
}

/// Losses under the hypothesis that VaR and ES are right. The scale does not matter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Null {
    /// Normal.
    Normal,
    /// Student t of this many degrees of freedom, above 2.
    Student(f64),
}

/// How critical values are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Draws {
    /// Samples.
    pub samples: usize,
    /// Of the draws.
    pub seed: Seed,
}

impl Default for Draws {
    fn default() -> Draws {
        Draws { samples: 20_000, seed: Seed(7) }
    }
}

/// Samples drawn from one seed.
const CHUNK: usize = 1000;
/// Places at which the tail's quantile function is worked out; between them it is linear.
const GRID: usize = 4096;

/// The `levels` quantiles of [`z2`] over `n` independent losses where VaR and ES are right: a statistic
/// below that of 5 % is rejected at 5 %. Monte Carlo: breaches are binomial, and each is a draw from
/// the tail by its inverse distribution function. `None` where the null has no ES.
pub fn critical_values(null: Null, a: f64, n: usize, levels: &[f64], draws: Draws) -> Option<Vec<f64>> {
    let tail = Tail::of(null, a)?;
    let chunks = draws.samples.div_ceil(CHUNK);
    let one = |place: usize| {
        let mut rng = draws.seed.named(&format!("Z2 {place}")).rng();
        let sample = |_| {
            // The gaps between breaches are geometric: as many draws as breaches, not as losses.
            let (mut at, mut sum) = (0.0, 0.0);
            loop {
                at += (rng.random::<f64>().max(f64::MIN_POSITIVE).ln() / (1.0 - a).ln()).floor() + 1.0;
                if at > n as f64 {
                    return 1.0 - sum / (n as f64 * a);
                }
                sum += tail.ratio(rng.random::<f64>());
            }
        };
        (0..CHUNK).map(sample).collect::<Vec<f64>>()
    };
    let drawn: Vec<Vec<f64>> = (0..chunks).into_par_iter().map(one).collect();
    let sorted = stats::sorted(&drawn.concat());
    Some(levels.iter().map(|p| stats::quantile(&sorted, *p)).collect())
}

/// Loss over ES, given a breach.
struct Tail {
    /// At `a (i / GRID)^2`, the smallest probability first: the tail is where it is steep.
    ratios: Vec<f64>,
}

impl Tail {
    fn of(null: Null, a: f64) -> Option<Tail> {
        let (es, quantile): (f64, Box<dyn Fn(f64) -> f64>) = match null {
            Null::Normal => (var::normal(0.0, 1.0, 1.0 - a).es, Box::new(|p| -Normal::standard().inverse_cdf(p))),
            Null::Student(nu) => {
                let (t, scale) = (StudentsT::new(0.0, 1.0, nu).ok()?, ((nu - 2.0) / nu).sqrt());
                (var::student(0.0, 1.0, nu, 1.0 - a)?.es, Box::new(move |p| -scale * t.inverse_cdf(p)))
            }
        };
        let at = |i: usize| (i as f64 / GRID as f64).powi(2).max(1e-9);
        Some(Tail { ratios: (0..=GRID).map(|i| quantile(a * at(i)) / es).collect() })
    }
    /// At a share `u` of the tail's probability.
    fn ratio(&self, u: f64) -> f64 {
        let at = u.sqrt() * GRID as f64;
        let i = (at as usize).min(GRID - 1);
        self.ratios[i] + (at - i as f64) * (self.ratios[i + 1] - self.ratios[i])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_of_drawn_ratios_is_one() {
        for null in [Null::Normal, Null::Student(5.0), Null::Student(3.0)] {
            let tail = Tail::of(null, 0.01).unwrap();
            let mean = (0..1_000_000).map(|i| tail.ratio((f64::from(i) + 0.5) / 1e6)).sum::<f64>() / 1e6;
            assert!((mean - 1.0).abs() < 2e-3, "{null:?}: {mean}");
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_values_and_no_shortfall_gives_none() {
        let of =
            |seed| critical_values(Null::Normal, 0.025, 250, &[0.05, 0.01], Draws { samples: 5000, seed }).unwrap();
        assert_eq!(of(Seed(7)), of(Seed(7)));
        assert_ne!(of(Seed(7)), of(Seed(8)));
        assert!(of(Seed(7))[1] < of(Seed(7))[0]);
        assert_eq!(critical_values(Null::Student(2.0), 0.01, 250, &[0.05], Draws::default()), None);
    }

    #[test]
    fn without_breaches_there_is_no_mean_of_them() {
        assert_eq!(z1(&[0.1; 8], &[1.0; 8], &[1.1; 8]), None);
        assert_eq!(z2(&[0.1; 8], &[1.0; 8], &[1.1; 8], 0.01), Some(1.0));
        assert_eq!(z2(&[], &[], &[], 0.01), None);
    }
}
