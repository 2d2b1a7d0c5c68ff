//! A direct forecast of spikes: logistic regression of what came on what the row and the variance
//! forecast said, all instruments together.
//!
//! `P = 1 / (1 + exp(-(a + b x)))`, by Newton steps on the log loss with a small ridge (McCullagh, Nelder
//! 1989); `x` is where the lognormal of past errors puts the threshold, and the row's variances over
//! it. It is learnt from forecasts that were out of sample, so it knows how the model errs. How much of
//! it is published, against the distribution's own probability, is what had the least log loss on the
//! last part of those, with both learnt from the first part alone.

use ndarray::{Array1, Array2, Axis};
use serde::{Deserialize, Serialize};

use super::spike::Reliability;
use crate::base::{Ts, stats};
use crate::feature::{Feature, Row};
use crate::forecast::pooled::gamma::solve;

/// Inputs of the regression.
pub(super) const INPUTS: usize = 6;
/// Fewer answers, or fewer spikes among them, teach nothing.
const NEED: (usize, usize) = (1000, 60);
/// Share of the answers from which both are learnt before shares are tried on the rest.
const FIRST: f64 = 0.6;
/// Shares that are tried.
const SHARES: [f64; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];
/// Ridge of the standardised coefficients, per row.
const RIDGE: f64 = 1e-3;
/// Most Newton steps.
const STEPS: usize = 30;
/// Standardised inputs are cut off beyond this, and log odds beyond twice this.
const LIMIT: f64 = 6.0;

/// What was known when a forecast was made, and what came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Case {
    /// When it was made, and when the answer was known.
    pub ts: (Ts, Ts),
    /// Inputs of the regression.
    pub x: [f64; INPUTS],
    /// The lognormal's probability.
    pub p: f64,
    /// Whether a spike came.
    pub spike: bool,
}

/// Inputs: `z`, the lognormal's standardised distance to the threshold, and the row's variances over
/// the threshold of one row; NaN where absent.
pub(super) fn inputs(z: f64, row: &Row, threshold: f64, ahead: usize) -> [f64; INPUTS] {
    let per_row = threshold / ahead as f64;
    let over = |feature| (row.raw(feature) / per_row).ln();
    let market = row.raw(Feature::MarketLevel);
    let all = [z, over(Feature::Rv), over(Feature::RvMid), over(Feature::RvLong), market, (z * z).min(LIMIT * LIMIT)];
    all.map(|v| if v.is_finite() { v } else { f64::NAN })
}

/// The regression, and how much of it is published.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct SpikeRegression {
    mean: [f64; INPUTS],
    sd: [f64; INPUTS],
    /// Intercept, then the coefficients of standardised inputs.
    coef: Vec<f64>,
    share: f64,
}

impl SpikeRegression {
    /// From all past cases; `None` where that is too little or the distribution alone does best.
    pub fn learn(mut cases: Vec<Case>) -> Option<SpikeRegression> {
        cases.sort_by_key(|s| s.ts);
        let spikes = cases.iter().filter(|s| s.spike).count();
        if cases.len() < NEED.0 || spikes < NEED.1 {
            return None;
        }
        let tried = &cases[(FIRST * cases.len() as f64) as usize..];
        // Nothing is learnt from an answer that was not known when the first of those was asked.
        let known: Vec<Case> = cases.iter().filter(|s| s.ts.1 <= tried[0].ts.0).copied().collect();
        let early = SpikeRegression::fit(&known)?;
        let map = Reliability::learn(known.iter().map(|s| (s.p, s.spike)).collect());
        let loss = |share: f64| -> f64 {
            let early = SpikeRegression { share, ..early.clone() };
            let one = |s: &Case| {
                let p = early.blend(map.of(s.p), &s.x).clamp(1e-6, 1.0 - 1e-6);
                -if s.spike { p.ln() } else { (1.0 - p).ln() }
            };
            tried.iter().map(one).sum()
        };
        let share = SHARES.into_iter().min_by(|a, b| loss(*a).total_cmp(&loss(*b))).filter(|share| *share > 0.0)?;
        Some(SpikeRegression { share, ..SpikeRegression::fit(&cases)? })
    }
    /// The distribution's probability with its share of the regression's.
    pub fn blend(&self, p: f64, x: &[f64; INPUTS]) -> f64 {
        (1.0 - self.share) * p + self.share * self.probability(x)
    }
    fn probability(&self, x: &[f64; INPUTS]) -> f64 {
        let odds = self.coef[0] + self.coef[1..].iter().zip(self.standardised(x)).map(|(b, z)| b * z).sum::<f64>();
        1.0 / (1.0 + (-odds.clamp(-2.0 * LIMIT, 2.0 * LIMIT)).exp())
    }
    fn standardised(&self, x: &[f64; INPUTS]) -> [f64; INPUTS] {
        std::array::from_fn(|j| {
            let z = (x[j] - self.mean[j]) / self.sd[j];
            if z.is_finite() { z.clamp(-LIMIT, LIMIT) } else { 0.0 }
        })
    }
    fn fit(cases: &[Case]) -> Option<SpikeRegression> {
        let column = |j: usize| cases.iter().map(|s| s.x[j]).filter(|v| v.is_finite()).collect::<Vec<f64>>();
        // An input that was never there has neither, and says nothing.
        let finite = |v: f64| if v.is_finite() { v } else { 0.0 };
        let mean = std::array::from_fn(|j| finite(stats::mean(&column(j))));
        let sd = std::array::from_fn(|j| finite(stats::variance(&column(j)).sqrt()));
        let mut head = SpikeRegression { mean, sd, coef: vec![0.0; INPUTS + 1], share: 1.0 };
        let z: Vec<[f64; INPUTS]> = cases.iter().map(|s| head.standardised(&s.x)).collect();
        let event: Vec<f64> = cases.iter().map(|s| f64::from(u8::from(s.spike))).collect();
        head.coef = logistic(&z, &event)?;
        head.coef.iter().all(|b| b.is_finite()).then_some(head)
    }
}

/// Intercept and coefficients of a logistic regression; `None` when the steps do not settle.
fn logistic(z: &[[f64; INPUTS]], event: &[f64]) -> Option<Vec<f64>> {
    let n = z.len() as f64;
    let a = Array2::from_shape_fn((z.len(), INPUTS + 1), |(i, j)| if j == 0 { 1.0 } else { z[i][j - 1] });
    let mut b = Array1::<f64>::zeros(INPUTS + 1);
    let rate = stats::mean(event);
    b[0] = (rate / (1.0 - rate)).ln();
    for _ in 0..STEPS {
        let p = a.dot(&b).mapv(|o| 1.0 / (1.0 + (-o.clamp(-30.0, 30.0)).exp()));
        let error: Array1<f64> = p.iter().zip(event).map(|(p, e)| p - e).collect();
        let mut gradient = a.t().dot(&error) / n;
        let mut curvature = a.t().dot(&(&a * &p.mapv(|p| p * (1.0 - p)).insert_axis(Axis(1)))) / n;
        for j in 1..=INPUTS {
            gradient[j] += RIDGE * b[j];
            curvature[[j, j]] += RIDGE;
        }
        curvature[[0, 0]] += 1e-9;
        let step = solve(curvature, gradient)?;
        let most = step.iter().fold(0.0_f64, |m, d| m.max(d.abs()));
        if !most.is_finite() {
            return None;
        }
        b.scaled_add(-(2.0 / most).min(1.0), &step);
        if most < 1e-9 {
            return Some(b.to_vec());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;
    use crate::base::Seed;

    /// Spikes that hang on the second input, of which the lognormal knows as much as `told`.
    fn cases(n: usize, told: f64) -> Vec<Case> {
        let mut rng = Seed(2).rng();
        let one = |i: usize| {
            let x: [f64; INPUTS] = std::array::from_fn(|_| 2.0 * rng.random::<f64>() - 1.0);
            let odds = |b: f64| 1.0 / (1.0 + (2.5 - b * x[1]).exp());
            let spike = rng.random::<f64>() < odds(2.0);
            Case { ts: (Ts(i as i64), Ts(i as i64 + 8)), x, p: odds(2.0 * told), spike }
        };
        (0..n).map(one).collect()
    }

    #[test]
    fn what_the_distribution_does_not_know_is_learnt_and_published() {
        let cases = cases(20_000, 0.0);
        let head = SpikeRegression::learn(cases.clone()).expect("enough is known");
        assert!(head.share >= 0.75, "{head:?}");
        for (x1, want) in [(-0.8, 0.016_3), (0.0, 0.075_9), (0.8, 0.289_0)] {
            let mut x = [0.0; INPUTS];
            x[1] = x1;
            let got = head.probability(&x);
            assert!((got / want - 1.0).abs() < 0.2, "{x1}: {got} {want}");
        }
        // The gradient of the penalised log loss vanishes at the fit.
        let slope = |j: usize| {
            let one = |s: &Case| {
                let e = head.probability(&s.x) - f64::from(u8::from(s.spike));
                if j == 0 { e } else { e * head.standardised(&s.x)[j - 1] }
            };
            let ridge = if j == 0 { 0.0 } else { RIDGE * head.coef[j] };
            cases.iter().map(one).sum::<f64>() / cases.len() as f64 + ridge
        };
        assert!((0..=INPUTS).all(|j| slope(j).abs() < 1e-7));
    }

    #[test]
    fn where_the_distribution_knows_it_all_or_too_little_is_known_it_stays_as_it_is() {
        let knows = cases(20_000, 1.0);
        if let Some(head) = SpikeRegression::learn(knows.clone()) {
            let apart = knows.iter().map(|s| (head.blend(s.p, &s.x) - s.p).abs()).sum::<f64>() / 20_000.0;
            assert!(apart < 0.01, "{apart}");
        }
        assert_eq!(SpikeRegression::learn(cases(900, 0.0)), None);
        let mut calm = cases(5_000, 0.0);
        calm.iter_mut().for_each(|s| s.spike = false);
        assert_eq!(SpikeRegression::learn(calm), None);
    }

    #[test]
    fn absent_and_wild_inputs_give_a_probability() {
        let head = SpikeRegression::learn(cases(20_000, 0.0)).unwrap();
        for x in [[f64::NAN; INPUTS], [1e300; INPUTS], [-1e300; INPUTS], [f64::INFINITY; INPUTS]] {
            let p = head.blend(0.5, &x);
            assert!((0.0..=1.0).contains(&p), "{p}");
        }
        let back: SpikeRegression = serde_json::from_str(&serde_json::to_string(&head).unwrap()).unwrap();
        assert_eq!(back, head);
    }
}
