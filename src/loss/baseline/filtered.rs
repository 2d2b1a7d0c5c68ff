//! The baseline requirement, row by row: filtered historical simulation with a volatility floor,
//! and what is published beside it. No look-ahead: a loss counts once its horizon is complete.

use super::params::{Params, Side};
use super::var::{TailLoss, rank, shortfall};
use crate::base::{OrderedWindow, Problems, Span, stats};
use crate::forecast::simulation::filter::{Filter, Seeding, per_row};
use crate::loss::Error;

/// What the baseline says after a row. Losses are over the horizon, fractions on the log scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BaselineEstimate {
    /// VaR of filtered historical simulation: what is charged.
    pub var: f64,
    /// Its expected shortfall.
    pub es: f64,
    /// The same quantile of standardised losses at the 99th percentile of past volatilities.
    pub stressed_var: f64,
    /// Plain historical VaR over all history kept.
    pub long_run_var: f64,
    /// Plain historical VaR over the window.
    pub plain_var: f64,
    /// Disagreement of plain and filtered historical VaR over the window, see `dispersion`.
    pub dispersion: f64,
    /// Volatility of the horizon that was scaled to, floored.
    pub sigma: f64,
    /// Standardised losses in the window.
    pub n: usize,
}

/// The running baseline of one instrument and horizon.
#[derive(Clone, Debug, PartialEq)]
pub struct Baseline {
    params: Params,
    /// Horizon in rows.
    ahead: usize,
    filter: Filter,
    /// Volatilities predicted for each row.
    sigma: OrderedWindow,
    /// Horizon returns over volatility, window.
    z: OrderedWindow,
    /// Horizon returns, window.
    recent: OrderedWindow,
    /// Horizon returns, all history kept.
    all: OrderedWindow,
}

impl Baseline {
    /// For rows of length `step` and losses over `ahead` rows.
    ///
    /// # Errors
    /// A setting is out of range.
    pub fn new(params: Params, step: Span, ahead: usize) -> Result<Baseline, Error> {
        params.check()?;
        let mut problems = Problems::default();
        problems.under("baseline", |p| params.fits(step, p));
        problems.done()?;
        let (window, history) = (params.rows_of(params.window, step), params.rows_of(params.history, step));
        let (ahead, lambda) = (ahead.max(1), per_row(params.lambda_per_day, step));
        Ok(Baseline {
            params,
            ahead,
            filter: Filter::new(lambda, ahead, Seeding::MeanSquare, params.seed_rows),
            sigma: OrderedWindow::new(history),
            z: OrderedWindow::new(window),
            recent: OrderedWindow::new(window),
            all: OrderedWindow::new(history),
        })
    }

    /// Takes the log return of the row that closed. One that is not finite is a gap: no horizon
    /// spans it.
    pub fn push(&mut self, log_return: f64) {
        if !log_return.is_finite() {
            return self.filter.gap();
        }
        let Baseline { filter, sigma, z, recent, all, .. } = self;
        filter.push(log_return, true, 0.0, |step| {
            sigma.push(step.volatility);
            let Some((total, before)) = step.horizon else { return };
            recent.push(total);
            all.push(total);
            if before > 0.0 {
                z.push(total / before);
            }
        });
    }

    /// What the rows so far say; `None` until warm, or while volatility is zero.
    pub fn estimate(&self) -> Option<BaselineEstimate> {
        let p = &self.params;
        if self.z.len() < p.warm_up {
            return None;
        }
        let scale = (self.ahead as f64).sqrt();
        let sigma = self.filter.variance()?.sqrt().max(self.sigma.quantile(p.floor_percentile)) * scale;
        let z = tail(&self.z, p.alpha, p.side);
        let long_run = tail(&self.all, p.alpha, p.side);
        let plain = tail(&self.recent, p.alpha, p.side).var;
        let (mut var, mut es) = (z.var * sigma, z.es * sigma);
        let dispersion = dispersion(&[plain, var]);
        if p.long_run_floor {
            (var, es) = (var.max(long_run.var), es.max(long_run.es));
        }
        let stressed = z.var * self.sigma.quantile(p.stress_percentile) * scale;
        let estimate = BaselineEstimate {
            var,
            es,
            stressed_var: stressed,
            long_run_var: long_run.var,
            plain_var: plain,
            dispersion,
            sigma,
            n: self.z.len(),
        };
        (var > 0.0 && [var, es, stressed, dispersion].iter().all(|v| v.is_finite())).then_some(estimate)
    }
}

/// Disagreement of models about one loss: (max - min) / median of those that are positive numbers; 0
/// of fewer than two.
fn dispersion(losses: &[f64]) -> f64 {
    let sound: Vec<f64> = losses.iter().copied().filter(|l| l.is_finite() && *l > 0.0).collect();
    match stats::sorted(&sound)[..] {
        [] | [_] => 0.0,
        ref all => (all[all.len() - 1] - all[0]) / stats::quantile(all, 0.5),
    }
}

/// Conservative VaR and Acerbi-Tasche ES of a window of returns, of one side or the worse.
fn tail(returns: &OrderedWindow, alpha: f64, side: Side) -> TailLoss {
    let n = returns.len();
    let k = rank(alpha, n.max(1));
    let long = || TailLoss {
        var: -returns.at(n - k),
        es: shortfall(returns.ascending().take(n - k).map(|r| -r), -returns.at(n - k), alpha, n),
    };
    let short = || TailLoss {
        var: returns.at(k - 1),
        es: shortfall(returns.ascending().rev().take(n - k), returns.at(k - 1), alpha, n),
    };
    match side {
        Side::Long => long(),
        Side::Short => short(),
        Side::Both => {
            let (long, short) = (long(), short());
            TailLoss { var: long.var.max(short.var), es: long.es.max(short.es) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::var::{Rule, Scaling, ewma, filtered, historical, volatility_floor};
    use super::*;

    fn returns(n: usize) -> Vec<f64> {
        let noise = |i: usize| (i as f64 * 12.9898).sin() * 43_758.545_3;
        let centred = |i: usize| noise(i) - noise(i).floor() - 0.45;
        (0..n).map(|i| 0.03 * centred(i) * (1.2 + (i as f64 * 0.004).sin())).collect()
    }

    fn run(params: Params, step: Span, ahead: usize, returns: &[f64]) -> Baseline {
        let mut baseline = Baseline::new(params, step, ahead).unwrap();
        returns.iter().for_each(|r| baseline.push(*r));
        baseline
    }

    #[test]
    fn running_estimate_equals_the_batch_over_overlapping_windows() {
        let (r, ahead, window) = (returns(2000), 5, 700);
        let params = Params { window: Span::DAY.times(window), ..Params::default() };
        let seed = r[..100].iter().map(|r| r * r).sum::<f64>() / 100.0;
        let sigma = ewma(&r, 0.97, seed);
        let sum = |t: usize| r[t..t + ahead].iter().sum::<f64>();
        for end in [900, 1500, 2000] {
            // Only windows that were complete at `end`.
            let starts: Vec<usize> = (0..=end - ahead).collect();
            let recent = &starts[starts.len() - window as usize..];
            let horizon: Vec<f64> = sigma.iter().map(|s| s * (ahead as f64).sqrt()).collect();
            let next = sigma[end].max(volatility_floor(&sigma[..end])) * (ahead as f64).sqrt();
            let tails = |sign: f64| {
                let losses: Vec<f64> = recent.iter().map(|t| sign * sum(*t)).collect();
                let before: Vec<f64> = recent.iter().map(|t| horizon[*t]).collect();
                let all: Vec<f64> = starts.iter().map(|t| sign * sum(*t)).collect();
                (
                    filtered(&losses, &before, next, Scaling::Full, 0.99, Rule::Conservative).unwrap(),
                    historical(&all, 0.99, Rule::Conservative).unwrap(),
                )
            };
            let (long, short) = (tails(-1.0), tails(1.0));
            let got = run(params, Span::DAY, ahead, &r[..end]).estimate().unwrap();
            let near = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 1e-12, "{a} {b}");
            near(got.var, long.0.var.max(short.0.var));
            near(got.es, long.0.es.max(short.0.es));
            near(got.long_run_var, long.1.var.max(short.1.var));
            assert_eq!(got.n, window as usize);
            let one = run(Params { side: Side::Short, ..params }, Span::DAY, ahead, &r[..end]).estimate().unwrap();
            near(one.var, short.0.var);
        }
    }

    #[test]
    fn models_disagree_by_their_range_over_their_median() {
        assert!((dispersion(&[0.04, 0.05, 0.03, 0.06, 0.04]) - 0.03 / 0.04).abs() < 1e-12);
        assert!((dispersion(&[0.04, 0.06, f64::NAN, 0.0]) - 0.02 / 0.05).abs() < 1e-12);
        assert_eq!((dispersion(&[0.04]), dispersion(&[])), (0.0, 0.0));
    }

    #[test]
    fn doubling_returns_doubles_every_loss() {
        let r = returns(1500);
        let twice: Vec<f64> = r.iter().map(|r| 2.0 * r).collect();
        let of = |r: &[f64]| run(Params::default(), Span::HOUR, 24, r).estimate().unwrap();
        let (a, b) = (of(&r), of(&twice));
        for (one, two) in
            [(a.var, b.var), (a.es, b.es), (a.stressed_var, b.stressed_var), (a.long_run_var, b.long_run_var)]
        {
            assert!((two / one - 2.0).abs() < 1e-12);
        }
        assert!((a.dispersion - b.dispersion).abs() < 1e-12);
    }

    #[test]
    fn silent_until_warm_and_on_a_market_that_does_not_move() {
        let r = returns(700);
        let ready = |n: usize| run(Params::default(), Span::DAY, 5, &r[..n]).estimate().is_some();
        assert!(!ready(503) && ready(504), "500 complete losses of five rows");
        assert_eq!(run(Params::default(), Span::DAY, 1, &[0.0; 1000]).estimate(), None);
    }

    #[test]
    fn no_horizon_spans_a_gap_and_bounds_keep_memory_flat() {
        let mut r = returns(1000);
        let whole = run(Params::default(), Span::DAY, 5, &r).estimate().unwrap();
        r[600] = f64::NAN;
        let gap = run(Params::default(), Span::DAY, 5, &r).estimate().unwrap();
        assert_eq!(whole.n - gap.n, 5);
        let short =
            Params { window: Span::DAY.times(300), history: Span::DAY.times(600), warm_up: 100, ..Params::default() };
        let bounded = run(short, Span::DAY, 5, &returns(3000));
        assert_eq!((bounded.z.len(), bounded.all.len(), bounded.sigma.len()), (300, 600, 600));
        assert!(bounded.filter.open() <= 5);
    }

    #[test]
    fn a_long_run_floor_lifts_and_settings_out_of_range_are_named() {
        // A calm end: the filtered VaR falls below the long-run one.
        let r: Vec<f64> = returns(2000).iter().enumerate().map(|(i, r)| if i < 1500 { *r } else { 0.05 * r }).collect();
        let free = run(Params { floor_percentile: 0.0, ..Params::default() }, Span::DAY, 1, &r).estimate().unwrap();
        let floored = Params { long_run_floor: true, ..Params::default() };
        let lifted = run(floored, Span::DAY, 1, &r).estimate().unwrap();
        assert!(free.var < 0.5 * free.long_run_var && lifted.var == lifted.long_run_var);
        let bad = Params { window: Span::DAY.times(5000), ..Params::default() };
        assert!(Baseline::new(bad, Span::DAY, 1).unwrap_err().to_string().contains("window"));
        assert!(toml::from_str::<Params>("lambda = 0.9").is_err());
    }
}
