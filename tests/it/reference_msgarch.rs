//! Markov-switching GARCH against MSGARCH 2.51.
//!
//! At MSGARCH's parameters: log-likelihood, filtered and predicted probabilities, volatility one step
//! ahead, relative 1e-8; value at risk, which MSGARCH simulates, 2 %. Fits: the
//! likelihood at least the peer's less 0.05 and, where ours is no more than 0.05 above, parameters within
//! half of our robust errors.

use margincast::forecast::garch::Innovation;
use margincast::forecast::garch::switching::{Shapes, Switching};
use rayon::prelude::*;
use serde_json::Value;

fn spec(label: &str) -> Switching {
    let parts: Vec<(&str, &str)> = label.split(" + ").map(|p| p.split_once('-').unwrap()).collect();
    assert!(parts.iter().all(|p| *p == parts[0]), "{label}: regimes of one kind");
    let innovation = match parts[0].1 {
        "norm" => Innovation::Normal,
        "std" => Innovation::Student,
        "ged" => Innovation::Ged,
        "sstd" => Innovation::FernandezSteel,
        other => panic!("{label}: MSGARCH's {other} has no counterpart here"),
    };
    let asymmetric = match parts[0].0 {
        "sGARCH" => false,
        "gjrGARCH" => true,
        other => panic!("{label}: MSGARCH's {other} has no counterpart here"),
    };
    Switching { regimes: parts.len(), asymmetric, innovation }
}

/// MSGARCH's name of one of our coefficients.
fn name_of_msgarch(name: &str) -> String {
    match name.split_once('_').unwrap() {
        ("omega", k) => format!("alpha0_{k}"),
        ("alpha", k) => format!("alpha1_{k}"),
        ("gamma", k) => format!("alpha2_{k}"),
        ("skew", k) => format!("xi_{k}"),
        ("shape", k) => format!("nu_{k}"),
        ("p", ij) => format!("P_{ij}"),
        _ => name.to_string(),
    }
}

/// The models with their returns, less their mean.
fn peers() -> Option<Vec<(Switching, Value, Vec<f64>)>> {
    let json = crate::shared::json("reference/msgarch_spx.json")?;
    let returns = crate::shared::csv("reference/spx_ret_rv.csv")?["ret"].clone();
    let one = |model: &Value| {
        // "last 2500 of spx_ret_rv.csv ret, demeaned"
        let words: Vec<&str> = model["series"].as_str().unwrap().split(' ').collect();
        let last = &returns[returns.len() - words[1].parse::<usize>().unwrap()..];
        let mean = last.iter().sum::<f64>() / last.len() as f64;
        let residuals = last.iter().map(|r| r - mean).collect();
        (spec(model["label"].as_str().unwrap()), model.clone(), residuals)
    };
    Some(json["models"].as_array().unwrap().iter().map(one).collect())
}

fn coefficients(spec: &Switching, model: &Value) -> Vec<f64> {
    spec.names().iter().map(|n| model["par"][name_of_msgarch(n)].as_f64().unwrap()).collect()
}

fn close(got: f64, want: f64, within: f64, what: &str) {
    assert!((got - want).abs() <= within * want.abs(), "{what}: {got} is not {want}");
}

#[test]
fn likelihood_probabilities_and_forecast_at_the_parameters_of_msgarch_are_its_own() {
    for (spec, model, residuals) in peers().into_iter().flatten() {
        let what = model["label"].to_string();
        let c = coefficients(&spec, &model);
        let (loglik, regimes) = spec.filter(&c, &residuals);
        close(loglik, model["loglik"].as_f64().unwrap(), 1e-8, &what);
        for (got, key) in [(regimes.filtered(), "filtered_last"), (regimes.predicted(), "predictive_last")] {
            for (k, got) in got.iter().enumerate() {
                close(*got, model[key][k].as_f64().unwrap(), 1e-8, &format!("{what} {key}"));
            }
        }
        let sd: Vec<f64> = regimes.variances().iter().map(|v| v.sqrt()).collect();
        close(regimes.ahead(1)[0].sqrt(), model["vol_forecast_h1"].as_f64().unwrap(), 1e-8, &what);
        // The file does not tell its levels.
        let dist = Shapes::new(&spec, &c).dist(1.0, regimes.predicted(), &sd);
        let quantiles = [dist.quantile(0.01).unwrap(), dist.quantile(0.025).unwrap(), dist.quantile(0.05).unwrap()];
        for want in model["VaR"].as_array().into_iter().flatten().map(|v| v.as_f64().unwrap()) {
            let near = quantiles.iter().any(|q| (q / want - 1.0).abs() < 0.02);
            assert!(near, "{what}: {want} is none of {quantiles:?}");
        }
    }
}

#[test]
fn fits_are_at_least_as_likely_as_those_of_msgarch() {
    let Some(peers) = peers() else { return };
    peers.par_iter().for_each(|(spec, model, residuals)| {
        let fit = spec.fit(residuals).unwrap();
        let want = model["loglik"].as_f64().unwrap();
        assert!(fit.loglik >= want - 0.05, "{}: {} against {want}", model["label"], fit.loglik);
        let level = |c: &[f64], name: &str, k: usize| {
            spec.names().iter().position(|n| *n == format!("{name}_{k}")).map_or(0.0, |i| c[i])
        };
        let theirs = coefficients(spec, model);
        let unconditional = |k: usize| {
            let part = |name: &str| level(&theirs, name, k);
            part("omega") / (1.0 - part("alpha") - 0.5 * part("gamma") - part("beta"))
        };
        // Ours are in order of unconditional variance; comparing wants the same order.
        let ordered = (1..spec.regimes).all(|k| unconditional(k) <= unconditional(k + 1));
        if fit.loglik > want + 0.05 || !ordered {
            return;
        }
        for (i, name) in spec.names().iter().enumerate() {
            let Some(error) = fit.robust_errors[i] else { continue };
            let (got, want) = (fit.coefficients[i], theirs[i]);
            assert!((got - want).abs() <= 0.5 * error, "{}: {name} is {got}, {want} with {error}", model["label"]);
        }
    });
}
