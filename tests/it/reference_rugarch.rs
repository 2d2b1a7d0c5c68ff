//! The GARCH family against rugarch 1.5-6 on S&P 500 returns with realised variances.
//!
//! At rugarch's coefficients the likelihood and the volatilities agree to 1e-8 (TGARCH to 1e-4: rugarch
//! rounds the kink of `|z|`). Fits end where each optimiser stops: the likelihood at least the peer's
//! less 0.05, parameters within half of a robust error, or of a classic one where rugarch has none and
//! unless rugarch's likelihood is more than 0.05 below ours.

use margincast::forecast::garch::process::{Aparch, Component, Exponential, Integrated, Power, Realized};
use margincast::forecast::garch::{Innovation, Mean, Process, Series, Spec, Start};
use rayon::prelude::*;
use serde_json::Value;

/// One of rugarch's models.
struct Peer {
    label: String,
    spec: Spec,
    model: Value,
    /// The log realised variance is a regressor.
    exogenous: bool,
}

fn peer(model: &Value) -> Peer {
    let label = model["label"].as_str().unwrap().to_string();
    let (kind, rest) = label.split_once('(').unwrap();
    let (orders, rest) = rest.split_once(')').unwrap();
    let (p, q) = orders.split_once(',').map(|(p, q)| (p.parse().unwrap(), q.parse().unwrap())).unwrap();
    let exogenous = rest.ends_with("-X");
    let innovation = match rest.trim_end_matches("-X").trim_start_matches('-') {
        "norm" => Innovation::Normal,
        "std" => Innovation::Student,
        "sstd" => Innovation::FernandezSteel,
        "ged" => Innovation::Ged,
        other => panic!("{label}: rugarch's {other} has no counterpart here"),
    };
    let of_power = |o: usize| Process::Power(Power { p, o, q, power: 2.0, exogenous: usize::from(exogenous) });
    let process = match kind {
        "sGARCH" => of_power(0),
        "gjrGARCH" => of_power(p),
        "eGARCH" => Process::Exponential(Exponential { p, o: p, q }),
        "csGARCH" => Process::Component(Component {}),
        "apARCH" => Process::Aparch(Aparch { p, q, power: None }),
        "fGARCH/TGARCH" => Process::Aparch(Aparch { p, q, power: Some(1.0) }),
        "iGARCH" => Process::Integrated(Integrated {}),
        "realGARCH" => Process::Realized(Realized { p, q }),
        other => panic!("rugarch's {other} has no counterpart here"),
    };
    let mean = if model["coef"]["mu"].is_null() { Mean::Zero } else { Mean::Constant };
    Peer {
        label,
        spec: Spec { mean, process, innovation, start: Start::FirstVariance },
        model: model.clone(),
        exogenous,
    }
}

/// rugarch's name of one of our coefficients.
fn name_of_rugarch(spec: &Spec, name: &str) -> String {
    let plain = name.replace(['[', ']'], "");
    let swapped = |own: &str, theirs: &str| plain.strip_prefix(own).map(|lag| format!("{theirs}{lag}"));
    match (&spec.process, plain.as_str()) {
        (_, "nu") => "shape".into(),
        (Process::Exponential(_), _) => {
            swapped("alpha", "gamma").or_else(|| swapped("gamma", "alpha")).unwrap_or_else(|| plain.clone())
        }
        (Process::Component(_), "alpha" | "beta") => format!("{plain}1"),
        (Process::Component(_), "rho") => "eta11".into(),
        (Process::Component(_), "phi") => "eta21".into(),
        (Process::Realized(_), "eta1" | "eta2") => format!("{plain}1"),
        (Process::Aparch(aparch), _) if aparch.power.is_some() && plain.starts_with("gamma") => {
            plain.replace("gamma", "eta1")
        }
        (Process::Power(_), _) => swapped("delta", "vxreg").unwrap_or_else(|| plain.clone()),
        _ => plain.clone(),
    }
}

fn value(peer: &Peer, key: &str, name: &str) -> Option<f64> {
    peer.model[key][name_of_rugarch(&peer.spec, name)].as_f64()
}

fn peers() -> Option<([Vec<f64>; 3], Vec<Peer>)> {
    let json = crate::shared::json("reference/rugarch_spx.json")?;
    let columns = crate::shared::csv(&format!("reference/{}", json["series"].as_str().unwrap()))?;
    let (returns, realized) = (columns["ret"].clone(), columns["rv"].clone());
    let logs = realized.iter().map(|v| v.ln()).collect();
    let peers: Vec<Peer> = json["models"].as_array().unwrap().iter().map(peer).collect();
    assert!(!peers.is_empty());
    Some(([returns, realized, logs], peers))
}

fn series<'a>([returns, realized, logs]: &'a [Vec<f64>; 3], peer: &Peer) -> Series<'a> {
    let exogenous: &[f64] = if peer.exogenous { logs } else { &[] };
    Series { returns, realized, exogenous }
}

fn numbers(list: &Value) -> Vec<f64> {
    list.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

#[test]
fn likelihood_and_volatilities_at_the_coefficients_of_rugarch_are_its_own() {
    let Some((columns, peers)) = peers() else { return };
    peers.par_iter().for_each(|peer| {
        let what = &peer.label;
        let names = peer.spec.names();
        let c: Vec<f64> =
            names.iter().map(|n| value(peer, "coef", n).unwrap_or_else(|| panic!("{what}: {n}"))).collect();
        let got = peer.spec.filter(&c, series(&columns, peer)).unwrap();
        let within = if what.contains("TGARCH") { 1e-4 } else { 1e-8 };
        let close = |got: f64, want: f64, what: &str| {
            assert!((got - want).abs() <= within * want.abs(), "{}: {what}: {got} is not {want}", peer.label);
        };
        close(got.loglik, peer.model["loglik"].as_f64().unwrap(), "log-likelihood");
        let n = got.variances.len() - 1;
        for (key, from) in [("sigma_first5", 0), ("sigma_last5", n - 5)] {
            for (k, want) in numbers(&peer.model[key]).into_iter().enumerate() {
                close(got.variances[from + k].sqrt(), want, key);
            }
        }
        // rugarch simulates Realized GARCH, knows no future regressor, begins its component forecasts
        // elsewhere, and takes the probability of a negative residual for its share of the variance; the
        // rest is the same closed form, with moments integrated numerically.
        let other = match &peer.spec.process {
            Process::Component(_) | Process::Realized(_) => true,
            Process::Power(power) => {
                peer.exogenous || power.o > 0 && peer.spec.innovation == Innovation::FernandezSteel
            }
            _ => false,
        };
        if other {
            return;
        }
        let want = numbers(&peer.model["sigma_forecast"]);
        for (got, want) in got.running.ahead(want.len(), &[]).iter().zip(want) {
            assert!((got.sqrt() - want).abs() <= within.max(1e-5) * want, "{what}: {} is not {want}", got.sqrt());
        }
    });
}

#[test]
fn fits_are_at_least_as_likely_as_those_of_rugarch() {
    let Some((columns, peers)) = peers() else { return };
    peers.par_iter().for_each(|peer| {
        let what = &peer.label;
        let fit = peer.spec.fit(series(&columns, peer)).unwrap();
        let loglik = peer.model["loglik"].as_f64().unwrap();
        assert!(fit.loglik >= loglik - 0.05, "{what}: {} against {loglik}", fit.loglik);
        // Where the peer stopped short of the maximum its coefficients are not those of one.
        if fit.loglik > loglik + 0.05 {
            return;
        }
        for (name, got) in peer.spec.names().iter().zip(&fit.coefficients) {
            let want = value(peer, "coef", name).unwrap();
            let error = value(peer, "se_robust", name).or(value(peer, "se_classic", name)).unwrap();
            assert!((got - want).abs() <= 0.5 * error, "{what}: {name} is {got}, {want} with error {error}");
        }
    });
}

#[test]
fn realized_garch_on_the_data_of_its_paper_ends_where_another_program_ends() {
    // Hansen, Huang, Shek (2012), SPY from open to close. The file's measure is a variance in percent
    // squared over 100, and enters as it does in the paper: its logarithm, without a root. The
    // coefficients are those of the same recursion in numpy, maximised by scipy 1.17.1.
    let Some(path) = crate::shared::path("data/realized/realgarch2012_spy.parquet") else { return };
    let table = margincast::base::table::Table::read(&path).unwrap();
    let percent = |name: &str| table.floats(name).unwrap().iter().map(|v| 100.0 * v).collect::<Vec<f64>>();
    let (returns, measure) = (percent("SPY_OC"), percent("SPY_RK"));
    let realized: Vec<f64> = measure.iter().map(|v| v * v).collect();
    let process = Process::Realized(Realized::default());
    let spec = Spec { process, innovation: Innovation::Normal, start: Start::FirstVariance, ..Spec::default() };
    let fit = spec.fit(Series { returns: &returns, realized: &realized, exogenous: &[] }).unwrap();
    assert!(fit.converged && (fit.loglik + 2739.90116).abs() < 1e-4, "{}", fit.loglik);
    let want = [-0.015651, 0.070562, 0.433607, 0.529201, -0.064090, 0.074323, 1.023334, 0.383380, -0.192511];
    for ((name, got), want) in spec.names().iter().zip(&fit.coefficients).zip(want) {
        assert!((got - want).abs() < 2e-4, "{name}: {got} {want}");
    }
}
