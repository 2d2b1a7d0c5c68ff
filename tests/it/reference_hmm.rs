//! The Gaussian hidden Markov engine against hmmlearn 0.3.3 (diagonal covariances, `covars_prior`
//! 0.01, `covars_weight` 1), on daily S&P 500 returns and log range variances.
//!
//! Tolerances: likelihood and posteriors at the start relative 1e-9 (the same sums in another
//! order); after EM log-likelihood 0.01 nats, means, variances and transitions 1e-3, because both
//! stop when an iteration gains less than 1e-8 nats, not at the exact maximum.

use margincast::forecast::hmm::{Covariance, Em, Gaussian};
use ndarray::Array2;
use serde_json::Value;

use crate::shared;

fn numbers(v: &Value) -> Vec<f64> {
    v.as_array().expect("a list").iter().map(|n| n.as_f64().expect("a number")).collect()
}
fn matrix(v: &Value) -> Vec<Vec<f64>> {
    v.as_array().expect("a list").iter().map(numbers).collect()
}
fn column(v: &[f64]) -> Vec<Vec<f64>> {
    v.iter().map(|v| vec![*v]).collect()
}

struct Case {
    x: Array2<f64>,
    start: Gaussian,
    want: Value,
}

fn cases() -> Vec<Case> {
    let Some(all) = shared::json("reference/hmm_sp500.json") else { return vec![] };
    let case = |want: &Value| {
        let x: Vec<f64> = if want["series"] == "sp500.csv:ret_pct" {
            shared::csv("reference/sp500.csv").expect("beside the JSON")["ret_pct"].clone()
        } else {
            let raw = &shared::csv("reference/sp500_parkinson.csv").expect("beside the JSON")["rv_pct2"];
            raw.iter().map(|v| v.ln()).collect()
        };
        let init = &want["init"];
        let start = Gaussian {
            start: numbers(&init["startprob"]),
            trans: matrix(&init["transmat"]),
            means: column(&numbers(&init["means"])),
            covariance: Covariance::Diagonal(column(&numbers(&init["variances"]))),
        };
        Case { x: Array2::from_shape_vec((x.len(), 1), x).expect("a column"), start, want: want.clone() }
    };
    all["models"].as_array().expect("a list").iter().map(case).collect()
}

#[track_caller]
fn close(ours: f64, theirs: f64, tolerance: f64) {
    assert!((ours - theirs).abs() <= tolerance * (1.0 + theirs.abs()), "ours {ours}, hmmlearn {theirs}");
}

#[test]
fn likelihood_and_posteriors_at_the_start_are_hmmlearns() {
    for case in cases() {
        let got = case.start.smoothed(&case.x).expect("a likelihood");
        let want = case.want["loglik_at_init"].as_f64().expect("a number");
        assert!((got.loglik / want - 1.0).abs() < 1e-9, "{} {want}", got.loglik);
        for (t, row) in matrix(&case.want["posterior_at_init_rows0_4"]).iter().enumerate() {
            for (k, p) in row.iter().enumerate() {
                assert!((got.probs[[t, k]] / p - 1.0).abs() < 1e-9, "row {t}: {} {p}", got.probs[[t, k]]);
            }
        }
    }
}

#[test]
fn em_ends_where_hmmlearn_ends() {
    let em = Em { iterations: 500, tolerance: 1e-8, covariance_prior: 0.01, floor: 0.0 };
    for case in cases() {
        let fit = case.start.fit(&case.x, &em).expect("a fit");
        assert!(fit.converged);
        let want = |key: &str| case.want[key].as_f64().expect("a number");
        for (ours, theirs) in fit.loglik.iter().zip(numbers(&case.want["loglik_history_first5"])) {
            assert!((ours / theirs - 1.0).abs() < 1e-9, "{ours} {theirs}");
        }
        let last = fit.loglik[fit.iterations];
        assert!((last - want("loglik")).abs() < 0.01, "{last}");
        for (ours, theirs) in fit.model.means.iter().zip(numbers(&case.want["means"])) {
            close(ours[0], theirs, 1e-3);
        }
        let Covariance::Diagonal(variances) = &fit.model.covariance else { panic!("diagonal in, diagonal out") };
        for (ours, theirs) in variances.iter().zip(numbers(&case.want["variances"])) {
            close(ours[0], theirs, 1e-3);
        }
        for (ours, theirs) in fit.model.trans.iter().flatten().zip(matrix(&case.want["transmat"]).iter().flatten()) {
            close(*ours, *theirs, 1e-3);
        }
        let smoothed = fit.model.smoothed(&case.x).expect("a posterior").probs;
        let rows = case.x.nrows();
        for (i, row) in matrix(&case.want["smoothed_last5"]).iter().enumerate() {
            for (k, p) in row.iter().enumerate() {
                close(smoothed[[rows - 5 + i, k]], *p, 1e-3);
            }
        }
        let mut filter = fit.model.filter().expect("a filter");
        for x in case.x.column(0) {
            filter.update(&[*x]);
        }
        for (ours, theirs) in filter.now().iter().zip(numbers(&case.want["filtered_last"])) {
            close(*ours, theirs, 1e-3);
        }
        for (ours, theirs) in filter.next().iter().zip(numbers(&case.want["one_step_predicted"])) {
            close(*ours, theirs, 1e-3);
        }
    }
}

/// Regression on a constant whose mean and variance switch, against statsmodels 0.15.0
/// `MarkovRegression`: likelihood at given parameters 1e-6, probabilities 1e-6, maximum not more than
/// 0.01 nats below the peer's. Its parameters hold p[0->0], p[1->0], means, variances.
#[test]
fn switching_regressions_are_those_of_statsmodels() {
    use margincast::forecast::markov::SwitchingRegression;
    let Some(all) = shared::json("reference/markov_sp500.json") else { return };
    let returns = shared::csv("reference/sp500.csv").expect("beside the JSON")["ret_pct"].clone();
    let raw = &shared::csv("reference/sp500_parkinson.csv").expect("beside the JSON")["rv_pct2"];
    let logs: Vec<f64> = raw.iter().map(|v| v.ln()).collect();
    let model = |p: &[f64]| SwitchingRegression {
        trans: vec![vec![p[0], 1.0 - p[0]], vec![p[1], 1.0 - p[1]]],
        coefficients: vec![vec![p[2]], vec![p[3]]],
        variances: vec![p[4], p[5]],
    };
    for (want, series) in all["models"].as_array().expect("a list").iter().zip([returns, logs]) {
        let y = &series[series.len() - 2500..];
        let x = vec![vec![1.0]; y.len()];
        let number = |key: &str| want[key].as_f64().expect("a number");
        let start = model(&numbers(&want["default_start_params"]));
        let at_start = start.loglik(&x, y).expect("a likelihood");
        assert!((at_start - number("loglik_at_default_start")).abs() < 1e-6, "{at_start}");
        let end = model(&numbers(&want["params"]));
        let at_end = end.loglik(&x, y).expect("a likelihood");
        assert!((at_end - number("loglik")).abs() < 1e-6, "{at_end}");
        for (key, ours) in [("filtered_last5", end.filtered(&x, y)), ("smoothed_last5", end.smoothed(&x, y))] {
            let ours = ours.expect("probabilities");
            for (ours, theirs) in ours[y.len() - 5..].iter().flatten().zip(matrix(&want[key]).iter().flatten()) {
                assert!((ours - theirs).abs() < 1e-6, "{key}: {ours} {theirs}");
            }
        }
        for (state, theirs) in numbers(&want["expected_durations"]).iter().enumerate() {
            assert!((1.0 / (1.0 - end.trans[state][state]) / theirs - 1.0).abs() < 1e-9);
        }
        let fit = start.fit(&x, y, 2000, 1e-9).expect("a fit");
        assert!(fit.converged && fit.loglik >= number("loglik") - 0.01, "{} {}", fit.loglik, fit.iterations);
    }
}
