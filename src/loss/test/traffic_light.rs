//! The traffic light of the Basel committee (1996): what a count of breaches asks for.

use serde::{Deserialize, Serialize};
use statrs::distribution::{Binomial, DiscreteCDF};

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

/// What a zone asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Nothing.
    None,
    /// The multiplier is at least [`YELLOW_FLOOR`], and new versions only run in the shadow.
    FloorAndShadow,
    /// The champion is taken off: the baseline times [`RED_FACTOR`] is asked.
    Demote,
}

/// Least multiplier in the yellow zone.
pub const YELLOW_FLOOR: f64 = 1.10;
/// Multiplier of the baseline that takes the champion's place in the red zone.
pub const RED_FACTOR: f64 = 1.25;

/// Probability of at most a yellow and a red count.
const YELLOW: f64 = 0.95;
const RED: f64 = 0.9999;

/// What is added to the capital multiplier of 1.5 from 5 to 10 breaches in 250.
const PLUS: [f64; 6] = [0.20, 0.26, 0.33, 0.38, 0.42, 0.50];

impl Light {
    /// What the zone asks for.
    pub fn action(self) -> Action {
        match self {
            Light::Green => Action::None,
            Light::Yellow => Action::FloorAndShadow,
            Light::Red => Action::Demote,
        }
    }
}

/// Probability of at most `x` breaches in `n` at a nominal rate. `None` where the rate is no
/// probability.
pub fn cumulative(n: usize, x: usize, miss: f64) -> Option<f64> {
    Some(Binomial::new(miss, n as u64).ok()?.cdf(x as u64))
}

/// Zone of `x` breaches in `n` at a nominal rate, by the cumulative binomial probability of at most
/// x breaches. `None` where the rate is no probability.
pub fn traffic_light(n: usize, x: usize, miss: f64) -> Option<Light> {
    Some(match cumulative(n, x, miss)? {
        c if c < YELLOW => Light::Green,
        c if c < RED => Light::Yellow,
        _ => Light::Red,
    })
}

/// What is added to a capital multiplier of 1.5: 0 while green, then that of the count in 250 at 1 %
/// which is as improbable. `None` where the rate is no probability.
pub fn plus_factor(n: usize, x: usize, miss: f64) -> Option<f64> {
    let seen = cumulative(n, x, miss)?;
    let last = match traffic_light(n, x, miss)? {
        Light::Green => return Some(0.0),
        Light::Yellow => PLUS.len() - 2,
        Light::Red => return PLUS.last().copied(),
    };
    let place = (0..last).find(|i| cumulative(250, 5 + i, 0.01).is_some_and(|c| c >= seen)).unwrap_or(last);
    Some(PLUS[place])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lights_change_at_five_and_ten_of_250_and_each_asks_for_more() {
        let light = |x| traffic_light(250, x, 0.01).unwrap();
        assert!((0..=4).all(|x| light(x) == Light::Green));
        assert!((5..=9).all(|x| light(x) == Light::Yellow));
        assert_eq!(light(10), Light::Red);
        assert_eq!([4, 5, 10].map(|x| light(x).action()), [Action::None, Action::FloorAndShadow, Action::Demote]);
    }

    #[test]
    fn plus_factors_follow_the_improbability_whatever_the_length() {
        for n in [100, 250, 1000, 8760] {
            let all: Vec<f64> = (0..n / 10).map(|x| plus_factor(n, x, 0.01).unwrap()).collect();
            assert!(all.windows(2).all(|w| w[0] <= w[1]) && all[0] == 0.0 && all[n / 10 - 1] == 0.50, "{n}");
        }
        assert_eq!(plus_factor(250, 3, 2.0), None);
    }
}
