//! The gamma regression, and the measures of spikes, against scikit-learn 1.9.1 (numpy 2.4.6) on the
//! log HAR of the S&P 500's range variance. Regressions relative 1e-5 (the peer stops at 1e-10),
//! measures 1e-8.

use margincast::base::stats;
use margincast::forecast::pooled::gamma::Design;
use margincast::loss::score;
use margincast::loss::score::classify::{auc, average_precision, brier};
use serde_json::Value;

/// Logs of the mean variance over 1, 5 and 22 days, and the next day's variance; the whole series; the
/// peer's values.
type Data = (Vec<[f64; 3]>, Vec<f64>, Vec<f64>, Value);

fn data() -> Option<Data> {
    let peer = crate::shared::json("reference/ml_sp500.json")?;
    let rv = crate::shared::csv("reference/sp500_parkinson.csv")?["rv_pct2"].clone();
    let mean = |t: usize, k: usize| rv[t + 1 - k..=t].iter().sum::<f64>() / k as f64;
    let x: Vec<[f64; 3]> = (21..rv.len() - 1).map(|t| [1, 5, 22].map(|k| mean(t, k).ln())).collect();
    assert_eq!(x.len() as u64, peer["n"].as_u64().unwrap());
    Some((x, rv[22..].to_vec(), rv, peer))
}

#[track_caller]
fn near(ours: f64, theirs: &Value, tolerance: f64, what: &str) {
    let theirs = theirs.as_f64().unwrap();
    assert!((ours / theirs - 1.0).abs() <= tolerance, "{what}: ours {ours}, scikit-learn {theirs}");
}

fn linear(b: &[f64], x: &[f64; 3]) -> f64 {
    b[0] + b[1..].iter().zip(x).map(|(b, x)| b * x).sum::<f64>()
}

/// Intercept and coefficients that the peer found.
fn found(model: &Value) -> Vec<f64> {
    let coef = model["coef"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap());
    std::iter::once(model["intercept"].as_f64().unwrap()).chain(coef).collect()
}

#[test]
fn the_gamma_regression_is_that_of_scikit_learn() {
    let Some((x, y, _, peer)) = data() else { return };
    let peer = &peer["gamma_glm"];
    let b = Design::new(x.as_flattened(), x.len(), 3).fit(&y, 0.0, &[]).unwrap();
    near(b[0], &peer["intercept"], 1e-5, "intercept");
    (0..3).for_each(|j| near(b[j + 1], &peer["coef"][j], 1e-5, "coefficient"));
    let losses: Vec<f64> = x.iter().zip(&y).map(|(x, y)| score::qlike(*y, linear(&b, x).exp())).collect();
    near(stats::mean(&losses), &peer["mean_qlike"], 1e-8, "QLIKE");
}

#[test]
fn the_pinball_loss_of_a_quantile_regression_is_that_of_scikit_learn() {
    let Some((x, y, _, peer)) = data() else { return };
    let peer = &peer["quantile_reg_log"];
    let (b, tau) = (found(peer), peer["tau"].as_f64().unwrap());
    let losses: Vec<f64> = x.iter().zip(&y).map(|(x, y)| score::pinball(y.ln(), linear(&b, x), tau)).collect();
    near(stats::mean(&losses), &peer["pinball"], 1e-8, "pinball");
}

#[test]
fn measures_of_spike_probabilities_are_those_of_scikit_learn() {
    let Some((x, y, rv, peer)) = data() else { return };
    let b = found(&peer["ridge_log"]);
    // The peer's coefficients are where the gradient of its penalised squares vanishes.
    let error: Vec<f64> = x.iter().zip(&y).map(|(x, y)| y.ln() - linear(&b, x)).collect();
    let slope = |j: usize| error.iter().zip(&x).map(|(e, x)| e * x[j]).sum::<f64>() - b[j + 1];
    assert!((0..3).all(|j| slope(j).abs() < 1e-6) && error.iter().sum::<f64>().abs() < 1e-6);
    let sd = (error.iter().map(|e| e * e).sum::<f64>() / error.len() as f64).sqrt();
    // Above the 95 % quantile of the last 250 days, from the 250th row on.
    let (mut p, mut spike) = (Vec::new(), Vec::new());
    for i in 250..x.len() {
        let threshold = stats::quantile(&stats::sorted(&rv[i + 21 - 249..=i + 21]), 0.95);
        p.push(1.0 - stats::normal_cdf((threshold.ln() - linear(&b, &x[i])) / sd));
        spike.push(y[i] > threshold);
    }
    let peer = &peer["spike"];
    assert_eq!(peer["n"].as_u64().unwrap(), p.len() as u64);
    assert_eq!(peer["spikes"].as_u64().unwrap(), spike.iter().filter(|s| **s).count() as u64);
    near(auc(&p, &spike).unwrap(), &peer["roc_auc"], 1e-8, "AUC");
    near(brier(&p, &spike), &peer["brier"], 1e-8, "Brier");
    near(average_precision(&p, &spike).unwrap(), &peer["average_precision"], 1e-8, "average precision");
    // Rows that tie count together, in whatever order they come.
    let tied = average_precision(&[1.0, 1.0, 0.5, 0.0], &[true, false, true, false]).unwrap();
    assert!((tied - 7.0 / 12.0).abs() < 1e-15);
    assert_eq!(average_precision(&[1.0, 0.5], &[false, false]), None);
}
