//! Value at risk and expected shortfall of a sample of losses: historical, filtered historical and
//! Student t. Losses are positive; `alpha` is the confidence level, 0.99 say.

use statrs::distribution::{Continuous, ContinuousCDF, StudentsT};

pub use crate::base::quantile::Rule;
pub(crate) use crate::base::quantile::{rank, shortfall};
use crate::base::{Span, stats};
pub use crate::forecast::simulation::fhs::Scaling;

/// VaR and ES of one tail, in the unit of the losses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TailLoss {
    /// Loss that is exceeded with probability `1 - alpha`.
    pub var: f64,
    /// Mean of the worst `1 - alpha` of losses.
    pub es: f64,
}

/// Historical simulation. ES after Acerbi and Tasche: `[sum_{i>k} L_(i) + (k - alpha n) L_(k)] /
/// ((1 - alpha) n)` with `k = ceil(alpha n)`, whatever the rule for VaR. `None` without losses.
pub fn historical(losses: &[f64], alpha: f64, rule: Rule) -> Option<TailLoss> {
    let sorted = stats::sorted(losses);
    let n = sorted.len();
    if n == 0 {
        return None;
    }
    let k = rank(alpha, n);
    let var = rule.quantile(&sorted, alpha);
    Some(TailLoss { var, es: shortfall(sorted[k..].iter().rev().copied(), sorted[k - 1], alpha, n) })
}

/// Volatility predicted one step ahead: `v_1` is the seed, `v_{t+1} = lambda v_t + (1 - lambda)
/// r_t^2`. Element t is predicted before return t; the last is for the next step.
pub fn ewma(returns: &[f64], lambda: f64, seed_variance: f64) -> Vec<f64> {
    let mut v = seed_variance;
    let mut sigma = vec![v.sqrt()];
    for r in returns {
        v = lambda * v + (1.0 - lambda) * r * r;
        sigma.push(v.sqrt());
    }
    sigma
}

/// Filtered historical simulation (Hull and White 1998): each loss is scaled from the volatility
/// predicted before it, `sigma[s]`, to `next`. `None` without losses.
pub fn filtered(
    losses: &[f64],
    sigma: &[f64],
    next: f64,
    scaling: Scaling,
    alpha: f64,
    rule: Rule,
) -> Option<TailLoss> {
    let scaled = losses.iter().zip(sigma).map(|(loss, s)| match scaling {
        Scaling::Full => loss / s * next,
        Scaling::Mid => loss * 0.5 * (next + s) / s,
    });
    historical(&scaled.collect::<Vec<_>>(), alpha, rule)
}

/// What a loss over `from` is multiplied with to stand for one over `to`: the root of their ratio. Only
/// a fallback: GARCH sums the variances ahead, filtered simulation has losses over the horizon itself.
pub fn root_of_time(from: Span, to: Span) -> f64 {
    (to.0 as f64 / from.0 as f64).sqrt()
}

/// The 25th percentile of the volatilities seen: the least that filtered simulation scales to.
pub fn volatility_floor(sigma: &[f64]) -> f64 {
    stats::quantile(&stats::sorted(sigma), 0.25)
}

/// Student t of `nu` > 2 degrees of freedom with mean return `mu` and standard deviation `sigma`:
/// `VaR = -mu + sigma q sqrt((nu - 2) / nu)`, `ES = -mu + sigma sqrt((nu - 2) / nu) f(q) / (1 -
/// alpha) (nu + q^2) / (nu - 1)`, q the t quantile. `None` where nu is not above 2.
pub fn student(mu: f64, sigma: f64, nu: f64, alpha: f64) -> Option<TailLoss> {
    if nu <= 2.0 || nu.is_nan() {
        return None;
    }
    let t = StudentsT::new(0.0, 1.0, nu).ok()?;
    let q = t.inverse_cdf(alpha);
    let scale = sigma * ((nu - 2.0) / nu).sqrt();
    let es = scale * t.pdf(q) / (1.0 - alpha) * (nu + q * q) / (nu - 1.0);
    Some(TailLoss { var: scale * q - mu, es: es - mu })
}

/// Normal with mean return `mu` and standard deviation `sigma`: `ES = -mu + sigma phi(z) / (1 -
/// alpha)`.
pub fn normal(mu: f64, sigma: f64, alpha: f64) -> TailLoss {
    let z = stats::normal_quantile(alpha);
    TailLoss { var: sigma * z - mu, es: sigma * stats::normal_pdf(z) / (1.0 - alpha) - mu }
}
