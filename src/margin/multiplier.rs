//! The multiplier chain m0..m4: how far a forecast may move the requirement off its baseline.

use super::Reason;
use super::blend::Blend;

/// What one link of the chain needs. Losses are fractions of notional over the same horizon.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChainInputs {
    /// Baseline 99 % loss `b`.
    pub baseline: f64,
    /// Forecast 99 % loss `f`, calibrated; absent when no model could say.
    pub forecast: Option<f64>,
    /// The blend; its weight is that of a forecast that is heard.
    pub blend: Blend,
    /// Probability of the stressed regime `p_s`.
    pub p_stress: f64,
    /// Requirement in the stressed regime `sv`.
    pub stressed: f64,
    /// Charge for liquidity above its usual level `a`, zero or more.
    pub liquidity: f64,
}

/// The multipliers after each link.
#[derive(Clone, Debug, PartialEq)]
pub struct Chain {
    /// Forecast over baseline; 1 without a forecast.
    pub m0: f64,
    /// The blend of forecast and baseline.
    pub m1: f64,
    /// At least the expected requirement under the stressed regime.
    pub m2: f64,
    /// With the charge for vanished liquidity: the raw multiplier.
    pub m3: f64,
    /// Within its bounds.
    pub m4: f64,
    /// What bound, and what was missing.
    pub reasons: Vec<Reason>,
}

impl ChainInputs {
    /// Runs the chain with bounds `m_min` and `m_max`:
    ///
    /// ```text
    /// m0 = f / b
    /// m1 = k m0^w
    /// m2 = max(m1, 1 + s (p_s (max(sv / b, 1) - 1)))
    /// m3 = m2 + a / b
    /// m4 = clamp(m3, m_min, m_max)
    /// ```
    ///
    /// `w`, `k` and `s` are those of [`Blend`]. A stressed regime that wants nothing is no floor: a blend below 1 stays
    /// so until `m_min`. `None` without a positive baseline. Any other number that is not finite drops out of its
    /// link and is named in the reasons.
    pub fn chain(&self, m_min: f64, m_max: f64) -> Option<Chain> {
        let b = self.baseline;
        if !(b.is_finite() && b > 0.0) {
            return None;
        }
        let mut reasons = Vec::new();
        let mut finite = |value: f64, otherwise: f64| {
            if value.is_finite() {
                return value;
            }
            if !reasons.contains(&Reason::NonFinite) {
                reasons.push(Reason::NonFinite);
            }
            otherwise
        };
        let forecast = self.forecast.map(|f| finite(f, f64::NAN)).filter(|f| *f > 0.0);
        let blend = Blend {
            weight: finite(self.blend.weight, 0.0).clamp(0.0, 1.0),
            level: finite(self.blend.level, 1.0),
            stress_link: finite(self.blend.stress_link, 1.0).clamp(0.0, 1.0),
        };
        let p = finite(self.p_stress, 0.0).clamp(0.0, 1.0);
        let stressed = finite(self.stressed, b);
        let liquidity = finite(self.liquidity, 0.0).max(0.0);
        if forecast.is_none() {
            reasons.push(Reason::NoForecast);
        }
        let m0 = forecast.map_or(1.0, |f| f / b);
        let m1 = blend.of(forecast.map(|f| f / b));
        let m2 = blend.with_stress(m1, p, stressed / b);
        let m3 = m2 + liquidity / b;
        let m4 = m3.max(m_min).min(m_max);
        if m3 > m_max {
            reasons.push(Reason::Cap);
        } else if m3 < m_min {
            reasons.push(Reason::Floor);
        }
        Some(Chain { m0, m1, m2, m3, m4, reasons })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: ChainInputs = ChainInputs {
        baseline: 0.04,
        forecast: Some(0.05),
        blend: Blend { weight: 0.8, level: 1.0, stress_link: 1.0 },
        p_stress: 0.1,
        stressed: 0.09,
        liquidity: 0.0,
    };

    #[test]
    fn without_a_baseline_there_is_no_multiplier() {
        for b in [0.0, -0.1, f64::NAN, f64::INFINITY] {
            assert_eq!(ChainInputs { baseline: b, ..GOOD }.chain(1.0, 2.0), None);
        }
    }

    #[test]
    fn numbers_that_are_not_finite_drop_out_and_are_named() {
        let nan = f64::NAN;
        for bad in [
            ChainInputs { forecast: Some(nan), ..GOOD },
            ChainInputs { blend: Blend { weight: nan, ..GOOD.blend }, ..GOOD },
            ChainInputs { blend: Blend { level: nan, ..GOOD.blend }, ..GOOD },
            ChainInputs { blend: Blend { stress_link: nan, ..GOOD.blend }, ..GOOD },
            ChainInputs { p_stress: nan, ..GOOD },
            ChainInputs { stressed: f64::INFINITY, ..GOOD },
            ChainInputs { liquidity: nan, ..GOOD },
        ] {
            let chain = bad.chain(1.0, 2.0).unwrap();
            assert!(chain.m4.is_finite() && chain.m4 >= 1.0 && chain.reasons.contains(&Reason::NonFinite), "{bad:?}");
        }
    }
}
