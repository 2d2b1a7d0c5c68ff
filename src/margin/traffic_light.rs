//! The traffic light over what was asked, and what it does by itself.
//!
//! Outcomes that do not overlap are counted, each side for itself, over a rolling window; those that are
//! still missing from the window count as covered. Yellow: the multiplier aimed at is at least 1.10. Red: the
//! champion is taken off, and the baseline times 1.25 is aimed at, more where the stressed regime wants more.
//! Both act within the limits of the guardrails, and end when the light is green again.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::{Chain, ChainInputs, Error, Reason};
use crate::base::Problems;
use crate::loss::test::traffic_light::{Action, Light, RED_FACTOR, YELLOW_FLOOR, traffic_light};

/// Nominal breach rate of a margin.
const MISS: f64 = 0.01;

/// How the light is watched, `[margin.traffic_light]`; where it is absent nothing acts by itself.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Outcomes that are counted, 250.
    pub window: usize,
}

impl Params {
    /// Whether the settings are within their ranges.
    ///
    /// # Errors
    /// They are not.
    pub fn check(&self) -> Result<(), Error> {
        let mut problems = Problems::default();
        problems.under("traffic_light", |p| self.problems(p));
        Ok(problems.done()?)
    }
    /// Wants a window in which a day without a breach is green.
    pub fn problems(&self, p: &mut Problems) {
        p.want("window", (20..=10_000).contains(&self.window), self.window, "20 to 10000");
    }
}

impl Default for Params {
    fn default() -> Params {
        Params { window: 250 }
    }
}

/// What the light showed when a decision was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrafficLightReading {
    /// The zone.
    pub light: Light,
    /// Breaches in the window, of the side that has more.
    pub breaches: usize,
    /// Outcomes in the window so far.
    pub outcomes: usize,
}

/// The running count of one instrument and horizon.
#[derive(Clone, Debug, PartialEq)]
pub struct BreachCounter {
    window: usize,
    /// Whether falls, and rises, exceeded what was asked; oldest first.
    outcomes: VecDeque<[bool; 2]>,
    breaches: [usize; 2],
}

impl BreachCounter {
    /// With no outcome yet.
    pub fn new(params: Params) -> BreachCounter {
        BreachCounter { window: params.window.max(1), outcomes: VecDeque::new(), breaches: [0; 2] }
    }
    /// Takes the next outcome: whether the loss of a long and of a short position exceeded what was asked.
    pub fn push(&mut self, breach: [bool; 2]) {
        let count = |counts: &mut [usize; 2], of: [bool; 2], by: fn(usize) -> usize| {
            counts.iter_mut().zip(of).filter(|c| c.1).for_each(|(count, _)| *count = by(*count));
        };
        self.outcomes.push_back(breach);
        count(&mut self.breaches, breach, |n| n + 1);
        if self.outcomes.len() > self.window
            && let Some(old) = self.outcomes.pop_front()
        {
            count(&mut self.breaches, old, |n| n - 1);
        }
    }
    /// What it shows.
    pub fn reading(&self) -> TrafficLightReading {
        let breaches = self.breaches[0].max(self.breaches[1]);
        let light = traffic_light(self.window, breaches, MISS).unwrap_or(Light::Green);
        TrafficLightReading { light, breaches, outcomes: self.outcomes.len() }
    }
}

impl TrafficLightReading {
    /// The chain under this light, with what acted among its reasons; `None` as [`ChainInputs::chain`].
    pub fn chain(&self, inputs: &ChainInputs, m_min: f64, m_max: f64) -> Option<Chain> {
        let (inputs, floor, why) = match self.light.action() {
            Action::None => return inputs.chain(m_min, m_max),
            Action::FloorAndShadow => (*inputs, YELLOW_FLOOR, Reason::TrafficYellow),
            Action::Demote => (ChainInputs { forecast: None, ..*inputs }, RED_FACTOR, Reason::TrafficRed),
        };
        let mut chain = inputs.chain(m_min, m_max)?;
        if self.light == Light::Red || chain.m4 < floor {
            chain.reasons.push(why);
        }
        chain.m4 = chain.m4.max(floor.min(m_max));
        Some(chain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch(window: usize, outcomes: usize, breaches: usize) -> BreachCounter {
        let mut watch = BreachCounter::new(Params { window });
        (0..outcomes).for_each(|i| watch.push([i < breaches, false]));
        watch
    }

    fn inputs(forecast: f64) -> ChainInputs {
        ChainInputs {
            baseline: 0.04,
            forecast: Some(forecast),
            blend: crate::margin::Blend { weight: 1.0, level: 1.0, stress_link: 1.0 },
            p_stress: 0.0,
            stressed: 0.04,
            liquidity: 0.0,
        }
    }

    #[test]
    fn five_of_250_are_yellow_and_ten_red_whatever_is_still_missing() {
        for (outcomes, breaches, light) in
            [(250, 4, Light::Green), (5, 5, Light::Yellow), (250, 9, Light::Yellow), (40, 10, Light::Red)]
        {
            assert_eq!(watch(250, outcomes, breaches).reading(), TrafficLightReading { light, breaches, outcomes });
        }
    }

    #[test]
    fn a_window_in_which_no_breach_could_be_green_is_refused() {
        assert!(Params::default().check().is_ok() && Params { window: 5 }.check().is_err());
        assert_eq!(traffic_light(20, 0, MISS), Some(Light::Green));
        assert_eq!(traffic_light(5, 0, MISS), Some(Light::Yellow), "which is why");
    }

    #[test]
    fn breaches_leave_the_window_and_each_side_counts_for_itself() {
        let mut w = watch(250, 250, 6);
        (0..2).for_each(|_| w.push([false, true]));
        assert_eq!(w.reading().breaches, 4, "two falls left, two rises came");
        assert_eq!((w.reading().light, w.reading().outcomes), (Light::Green, 250));
    }

    #[test]
    fn yellow_is_a_floor_and_red_takes_the_champion_off() {
        let under = |breaches: usize, inputs: &ChainInputs| {
            watch(250, 250, breaches).reading().chain(inputs, 1.0, 2.0).unwrap()
        };
        let m = |breaches: usize, forecast: f64| under(breaches, &inputs(forecast)).m4;
        assert_eq!([0, 5, 10].map(|x| m(x, 0.04)), [1.0, 1.10, 1.25]);
        // A forecast of 1.5 is above the floor, and is not heard in red.
        assert_eq!([0, 5, 10].map(|x| m(x, 0.06)), [1.5, 1.5, 1.25]);
        assert_eq!(under(5, &inputs(0.06)).reasons, [], "a floor that does not bind is no reason");
        assert_eq!(under(5, &inputs(0.04)).reasons, [Reason::TrafficYellow]);
        assert_eq!(under(10, &inputs(0.06)).reasons, [Reason::NoForecast, Reason::TrafficRed]);
        // The stressed regime is heard in any light.
        let stressed = ChainInputs { p_stress: 1.0, stressed: 0.08, ..inputs(0.04) };
        assert_eq!([5, 10].map(|x| under(x, &stressed).m4), [2.0, 2.0]);
        assert_eq!(watch(250, 250, 10).reading().chain(&inputs(0.04), 1.0, 1.1).unwrap().m4, 1.1, "within the cap");
    }
}
