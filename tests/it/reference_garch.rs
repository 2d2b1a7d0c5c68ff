//! The GARCH family against arch 8.0.0 (scipy 1.17.1), rugarch 1.5-6 and published fits.
//!
//! At fixed parameters both sides evaluate the same closed recursion: relative 1e-8. Fits end where
//! each optimiser stops: the likelihood at least the peer's less 0.01 (rugarch 0.05), parameters within
//! a quarter of a robust error (rugarch a half), forecasts within 1 %. Errors within 3 %: the peers
//! differentiate numerically twice.

use margincast::forecast::garch::process::{Aparch, Exponential, Figarch, Harch, Power};
use margincast::forecast::garch::{GarchEstimate, Innovation, Mean, Process, Spec, Start};
use rayon::prelude::*;
use serde_json::Value;

const SERIES: [&str; 2] = ["garch_sp500", "garch_sp500_last1500"];

fn close(got: f64, want: f64, relative: f64, what: &str) {
    assert!((got - want).abs() <= relative * want.abs(), "{what}: {got} is not {want} within {relative:e}");
}

fn numbers(list: &Value) -> Vec<f64> {
    list.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn column(file: &str, name: &str) -> Option<Vec<f64>> {
    crate::shared::csv(file).map(|columns| columns[name].clone())
}

/// The specification of one of arch's models.
fn spec_of_arch(spec: &Value) -> Spec {
    let order = |name: &str, default: usize| spec[name].as_u64().map_or(default, |v| v as usize);
    let (p, o, q) = (order("p", 1), order("o", 0), order("q", 1));
    let power = spec["power"].as_f64().unwrap_or(2.0);
    let exogenous = 0;
    let process = match spec["vol"].as_str().unwrap() {
        "ARCH" => Process::Power(Power { p, o, q: 0, power, exogenous }),
        "GARCH" => Process::Power(Power { p, o, q, power, exogenous }),
        "EGARCH" => Process::Exponential(Exponential { p, o, q }),
        "APARCH" => Process::Aparch(Aparch { p, q, power: spec["delta"].as_f64() }),
        "FIGARCH" => Process::Figarch(Figarch { p, q, truncation: order("truncation", 1000) }),
        "HARCH" => {
            let lags = spec["p"].as_array().map(|l| l.iter().map(|v| v.as_u64().unwrap() as usize).collect());
            Process::Harch(Harch { lags: lags.unwrap_or_else(|| (1..=p).collect()) })
        }
        other => panic!("arch's {other} has no counterpart here"),
    };
    let mean = match spec["mean"].as_str().unwrap() {
        "Constant" => Mean::Constant,
        "Zero" => Mean::Zero,
        "AR" => Mean::Ar(spec["lags"].as_array().map_or(order("lags", 1), Vec::len)),
        other => panic!("arch's mean {other} has no counterpart here"),
    };
    let innovation = match spec["dist"].as_str().unwrap() {
        "normal" => Innovation::Normal,
        "t" => Innovation::Student,
        "skewt" => Innovation::SkewStudent,
        "ged" => Innovation::Ged,
        other => panic!("arch's distribution {other} has no counterpart here"),
    };
    Spec { mean, process, innovation, start: Start::Backcast }
}

/// arch's value of one of our coefficients: the names are the same but for those of the mean.
fn of_arch(params: &Value, name: &str) -> f64 {
    let own = params.as_object().unwrap().iter().find(|(key, _)| {
        let ar = key.rsplit_once('[').filter(|(stem, _)| !["alpha", "beta", "gamma"].contains(stem));
        match ar {
            Some((_, lag)) => name == format!("ar[{lag}"),
            None => name == key.as_str() || name == "mu" && key.as_str() == "Const",
        }
    });
    own.unwrap_or_else(|| panic!("arch has no {name} in {params}")).1.as_f64().unwrap()
}

fn coefficients_of_arch(spec: &Spec, params: &Value) -> Vec<f64> {
    spec.names().iter().map(|name| of_arch(params, name)).collect()
}

/// Specifications with the peer's results.
type Fits = Vec<(Spec, Value)>;

/// The fits of one file, with the returns in percent.
fn peers(file: &str) -> Option<(Vec<f64>, Fits)> {
    let json = crate::shared::json(&format!("reference/{file}.json"))?;
    let returns = column(&format!("reference/{}", json["series"].as_str().unwrap()), "ret_pct")?;
    let models = json["models"].as_array().unwrap();
    assert!(!models.is_empty(), "{file}");
    Some((returns, models.iter().map(|m| (spec_of_arch(&m["spec"]), m.clone())).collect()))
}

#[test]
fn likelihood_volatilities_and_forecasts_at_fixed_parameters_are_those_of_arch() {
    for file in SERIES {
        let Some((returns, models)) = peers(file) else { return };
        models.par_iter().for_each(|(spec, model)| {
            let (what, fixed) = (format!("{file} {}", model["label"]), &model["fixed"]);
            let c = coefficients_of_arch(spec, &fixed["params"]);
            let got = spec.filter(&c, &returns).unwrap();
            close(got.loglik, fixed["loglik"].as_f64().unwrap(), 1e-8, &what);
            let n = got.variances.len() - 1;
            for (key, from) in [("conditional_volatility_first10", 0), ("conditional_volatility_last10", n - 10)] {
                // Before an autoregression has its lags arch has no volatility.
                let first = if from == 0 { spec.mean.lags() } else { 0 };
                for (k, want) in fixed[key].as_array().unwrap().iter().enumerate().skip(first) {
                    let (got, want) = (got.variances[from + k - first].sqrt(), want.as_f64().unwrap());
                    close(got, want, 1e-8, &format!("{what} {key} {k}"));
                }
            }
            let want = numbers(&fixed["variance_forecast_h1_to_h"]);
            for (got, want) in got.running.ahead(want.len(), &[]).iter().zip(want) {
                close(*got, want, 1e-8, &format!("{what} forecast"));
            }
        });
    }
}

#[test]
fn fits_are_at_least_as_likely_as_those_of_arch() {
    for file in SERIES {
        let Some((returns, models)) = peers(file) else { return };
        models.par_iter().for_each(|(spec, model)| {
            let what = format!("{file} {}", model["label"]);
            let fit = spec.fit(&returns).unwrap();
            let loglik = model["loglik"].as_f64().unwrap();
            assert!(fit.converged && fit.loglik >= loglik - 0.01, "{what}: {} against {loglik}", fit.loglik);
            for (i, name) in spec.names().iter().enumerate() {
                let error = of_arch(&model["std_err_robust"], name);
                let (got, want) = (fit.coefficients[i], of_arch(&model["params"], name));
                assert!((got - want).abs() <= 0.25 * error, "{what}: {name} is {got}, {want} with error {error}");
            }
            let want = numbers(&model["variance_forecast_h1_to_h"]);
            let at_the_end = spec.filter(&fit.coefficients, &returns).unwrap();
            for (got, want) in at_the_end.running.ahead(want.len(), &[]).iter().zip(want) {
                close(*got, want, 0.01, &format!("{what} forecast"));
            }
            errors_are_those_of_arch(&fit, model, &what);
        });
    }
}

/// Where no coefficient lies at its bound, which is where both sides estimate the same errors. The
/// slope of a process with signs or sizes jumps where a residual changes sign, and what a numerical
/// second derivative makes of that depends on its step: hence 10 % there.
fn errors_are_those_of_arch(fit: &GarchEstimate, model: &Value, what: &str) {
    let integrated = 1.0 - fit.persistence < 1e-6 && !matches!(fit.spec.process, Process::Integrated(_));
    if integrated || fit.at_bound.contains(&true) {
        return;
    }
    let smooth = match &fit.spec.process {
        Process::Power(power) => power.o == 0 && power.power == 2.0,
        Process::Harch(_) | Process::Figarch(_) => true,
        _ => false,
    };
    let within = if smooth { 0.03 } else { 0.1 };
    for (list, key) in [(&fit.robust_errors, "std_err_robust"), (&fit.classic_errors, "std_err_classic")] {
        for (name, got) in fit.spec.names().iter().zip(list) {
            close(got.unwrap(), of_arch(&model[key], name), within, &format!("{what} {key} {name}"));
        }
    }
}

#[test]
fn the_documented_fits_of_arch_are_reproduced() {
    let Some((returns, _)) = peers(SERIES[0]) else { return };
    // arch's documentation, to its printed digits.
    let fit = |o: usize, innovation: Innovation| {
        let process = Process::Power(Power { o, ..Power::default() });
        Spec { process, innovation, ..Spec::default() }.fit(&returns).unwrap()
    };
    let (normal, gjr) = (fit(0, Innovation::Normal), fit(1, Innovation::Student));
    let printed: [(&GarchEstimate, f64, &[f64]); 2] = [
        (&normal, -6936.718, &[0.0564, 0.0175, 0.1022, 0.8852]),
        (&gjr, -6744.431, &[0.0373, 0.0129, 0.0, 0.1856, 0.8982, 7.6907]),
    ];
    for (fit, loglik, want) in printed {
        assert!((fit.loglik - loglik).abs() < 2e-3, "{}", fit.loglik);
        for (got, want) in fit.coefficients.iter().zip(want) {
            let digit = if *want > 2.0 { 5e-3 } else { 1.5e-4 };
            assert!((got - want).abs() < digit, "{want}: {:?}", fit.coefficients);
        }
    }
}

#[test]
fn the_benchmark_of_the_mark_against_the_pound_is_reproduced() {
    let Some(path) = crate::shared::path("data/papers/rugarch_dmbp.csv.gz") else { return };
    let text = std::io::read_to_string(flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap())).unwrap();
    let first = |line: &str| line.split(',').next().unwrap().parse().unwrap();
    let returns: Vec<f64> = text.lines().skip(1).map(first).collect();
    assert_eq!(returns.len(), 1974);
    // Fiorentini, Calzolari, Panattoni (1996), to the digits of their table.
    let spec = Spec { innovation: Innovation::Normal, start: Start::MeanSquare, ..Spec::default() };
    let fit = spec.fit(&returns).unwrap();
    assert!((fit.loglik + 1106.6).abs() < 0.05, "{}", fit.loglik);
    for (got, want) in fit.coefficients.iter().zip([-0.00619, 0.01076, 0.15313, 0.80597]) {
        assert!((got - want).abs() < 3e-5, "{got} {want}");
    }
}

#[test]
fn percent_and_fractions_give_the_same_fit() {
    let Some((returns, models)) = peers(SERIES[1]) else { return };
    let fractions: Vec<f64> = returns.iter().map(|r| r / 100.0).collect();
    for (spec, _) in models {
        let (a, b) = (spec.fit(&returns).unwrap(), spec.fit(&fractions).unwrap());
        let shift = a.observations as f64 * 100f64.ln();
        assert!((b.loglik - a.loglik - shift).abs() < 1e-6);
        close(100.0 * b.get("mu").unwrap(), a.get("mu").unwrap(), 1e-4, "mu");
        close(1e4 * b.get("omega").unwrap(), a.get("omega").unwrap(), 1e-4, "omega");
        let last =
            |fit: &GarchEstimate, r: &[f64]| *fit.spec.filter(&fit.coefficients, r).unwrap().variances.last().unwrap();
        close(1e4 * last(&b, &fractions), last(&a, &returns), 1e-6, "variance");
    }
}
