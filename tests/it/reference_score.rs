//! Scores and backtests held against other programs: a Python scorer (numpy, pandas, scipy), and
//! VaR backtests and tables on the S&P 500 made with arch, numpy and scipy.

use std::sync::Arc;

use margincast::base::table::Table;
use margincast::base::{Aci, Horizon, Span, Symbol, Ts};
use margincast::loss::compare::{Bandwidth, diebold_mariano, long_run_variance};
use margincast::loss::coverage::coverage;
use margincast::loss::score::{pinball, qlike};
use margincast::loss::var::{self, Rule, Scaling};
use margincast::loss::{ForecastRow, ModelScore, OutcomeRow, outcome, scoreboard};
use serde_json::Value;

use crate::shared;

#[track_caller]
fn near(got: f64, want: f64, relative: f64, what: &str) {
    assert!((got - want).abs() <= relative * want.abs() + 1e-300, "{what}: got {got:e}, want {want:e}");
}

fn number(v: &Value) -> f64 {
    v.as_f64().expect("a number")
}

const MODELS: [&str; 4] = ["HAR", "GARCH-t", "logHAR-S", "AVG+clf+ACI"];
const DAY_MS: i64 = 86_400_000;

fn symbols(table: &Table) -> Vec<Symbol> {
    let texts = table.texts("symbol").expect("symbol");
    texts.iter().map(|t| t.as_ref().expect("present").parse().expect("a symbol")).collect()
}

fn stamps(table: &Table) -> Vec<i64> {
    table.ints("ts").expect("ts").iter().map(|t| t.expect("present")).collect()
}

fn outcomes() -> Option<Vec<OutcomeRow>> {
    let table = Table::read(&shared::path("reference/skill/truth_dev_1d.parquet")?).expect("readable");
    let (symbols, ts) = (symbols(&table), stamps(&table));
    let [rv, ret, threshold] = ["rv", "ret", "spike_thr"].map(|c| table.floats(c).expect("floats").into_owned());
    let row = |i: usize| OutcomeRow {
        symbol: symbols[i],
        ts: Ts::from_ms(ts[i]),
        rv: rv[i],
        ret: ret[i],
        spike_threshold: threshold[i],
    };
    Some((0..ts.len()).map(row).collect())
}

fn forecasts() -> Option<Vec<ForecastRow>> {
    let table = Table::read(&shared::path("reference/skill/baseline_dev_1d.parquet")?).expect("readable");
    let (symbols, ts) = (symbols(&table), stamps(&table));
    let models = table.texts("model").expect("model");
    let names: Vec<Arc<str>> = MODELS.map(Arc::from).to_vec();
    let [rv, q01, q99, p] =
        ["variance", "q01", "q99", "p_spike"].map(|c| table.floats(c).expect("floats").into_owned());
    let row = |i: usize| {
        let model = names.iter().find(|n| models[i].as_deref() == Some(&***n))?.clone();
        let (symbol, ts) = (symbols[i], Ts::from_ms(ts[i]));
        Some(ForecastRow { model, symbol, ts, rv: rv[i], q01: q01[i], q99: q99[i], p_spike: p[i] })
    };
    Some((0..ts.len()).filter_map(row).collect())
}

/// Takes rows and numbers away by the rule of `make_scores.py`.
fn gaps(outcomes: &mut [OutcomeRow], forecasts: &mut Vec<ForecastRow>) {
    let day = |ts: Ts| ts.ms() / DAY_MS;
    forecasts.retain(|f| !(&*f.model == "GARCH-t" && day(f.ts) % 7 == 3));
    forecasts.retain(|f| !(&*f.model == "logHAR-S" && f.symbol.as_str() == "XRPUSDT"));
    for f in forecasts {
        let d = day(f.ts);
        match &*f.model {
            "HAR" => {
                f.rv = if d % 50 == 0 { -1.0 } else { f.rv };
                f.p_spike = f64::NAN;
            }
            "GARCH-t" => {
                f.p_spike = if d % 3 == 0 { f64::NAN } else { f.p_spike };
                f.q01 = if d % 4 == 0 { f64::NAN } else { f.q01 };
            }
            "logHAR-S" if d % 3 != 0 => f.q99 = f64::NAN,
            _ => {}
        }
    }
    for o in outcomes {
        let d = day(o.ts);
        o.spike_threshold = if d % 11 == 0 { f64::NAN } else { o.spike_threshold };
        o.ret = if d % 13 == 0 { f64::NAN } else { o.ret };
    }
}

fn hold_against(want: &Value, got: &[ModelScore]) {
    let want = want.as_array().expect("rows");
    assert_eq!(got.len(), want.len());
    for w in want {
        let text = |key: &str| w[key].as_str().expect("text");
        let name = |g: &ModelScore| g.symbol.map_or("ALL".to_string(), |s| s.to_string());
        let found = got.iter().find(|g| name(g) == text("symbol") && g.model == text("model"));
        let g = found.unwrap_or_else(|| panic!("no line for {} {}", text("symbol"), text("model")));
        let count = |n: Option<usize>, of: usize| n.map(|n| Value::from(format!("{n}/{of}")));
        let part = |key: &str, n: Option<usize>| {
            assert_eq!(count(n, g.symbols).unwrap_or(Value::Null), w.get(key).cloned().unwrap_or(Value::Null), "{key}");
        };
        part("wins", g.wins);
        part("uc_pass", g.kupiec01_pass);
        part("cc_pass", g.cc_pass);
        for (key, got) in [
            ("n", Some(g.n as f64)),
            ("qlike", Some(g.qlike)),
            ("ratio", g.ratio),
            ("dm", g.dm),
            ("dm_p", g.dm_p),
            ("mse", Some(g.mse)),
            ("r2log", g.r2_log),
            ("r2mz", g.r2_mz),
            ("bias", Some(g.bias)),
            ("spikes", g.spikes.map(|n| n as f64)),
            ("auc", g.auc),
            ("rec5", g.recall05),
            ("onsets", g.onsets.map(|n| n as f64)),
            ("auc_on", g.auc_onset),
            ("brier", g.brier),
            ("var99", g.hits01),
            ("up99", g.hits99),
            ("tick01", g.pinball01),
            ("kupiec_p", g.kupiec01_p),
            ("ind_p", g.christoffersen_ind_p),
            ("cc_p", g.cc_p),
        ] {
            let what = format!("{} {} {key}", name(g), g.model);
            match (w[key].as_f64(), got) {
                (Some(want), Some(got)) => near(got, want, 1e-9, &what),
                (None, None) => {}
                (want, got) => panic!("{what}: got {got:?}, want {want:?}"),
            }
        }
    }
}

/// Python's numbers are in tests/reference/scores_1d.json, made by make_scores.py beside it with
/// numpy 2.4.6, pandas 3.1.1, scipy 1.17.1. Tolerance 1e-9: sums run in another order.
#[test]
fn scoreboard_equals_the_python_scorer() {
    let (Some(mut outcomes), Some(mut forecasts)) = (outcomes(), forecasts()) else { return };
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference/scores_1d.json");
    let want: Value = serde_json::from_str(&std::fs::read_to_string(path).expect("readable")).expect("JSON");
    let board =
        |o: &[OutcomeRow], f: &[ForecastRow]| scoreboard(Horizon(Span::DAY), o, f, "HAR").expect("no row twice");
    hold_against(&want["whole"], &board(&outcomes, &forecasts));
    gaps(&mut outcomes, &mut forecasts);
    let lines = board(&outcomes, &forecasts);
    hold_against(&want["gaps"], &lines);
    let text = serde_json::to_string(&lines).expect("JSON");
    assert_eq!(serde_json::from_str::<Vec<ModelScore>>(&text).expect("the same form"), lines);
    forecasts.push(forecasts[10].clone());
    assert!(scoreboard(Horizon(Span::DAY), &outcomes, &forecasts, "HAR").is_err());
}

struct Backtest {
    returns: Vec<f64>,
    sigma: Vec<f64>,
    want: Value,
}

fn backtest() -> Option<Backtest> {
    let want = shared::json("reference/backtest_sp500.json")?;
    let returns = shared::csv("reference/sp500.csv")?.remove("ret_pct").expect("ret_pct");
    let seed = returns[..50].iter().map(|r| r * r).sum::<f64>() / 50.0;
    let sigma = var::ewma(&returns, 0.94, seed);
    Some(Backtest { returns, sigma, want })
}

/// numpy 2.4.6, scipy 1.17.1; relative 1e-8 as their README says.
#[test]
fn var_backtests_equal_numpy_and_scipy() {
    let Some(Backtest { returns, sigma, want }) = backtest() else { return };
    let losses: Vec<f64> = returns.iter().map(|r| -r).collect();
    for (name, filtered) in [("fhs_ewma", true), ("historical", false)] {
        let want = &want[name];
        let forecast = |t: usize| {
            let past = &losses[t - 500..t];
            let tail = if filtered {
                var::filtered(past, &sigma[t - 500..t], sigma[t], Scaling::Full, 0.99, Rule::Type7)
            } else {
                var::historical(past, 0.99, Rule::Type7)
            };
            -tail.expect("losses").var
        };
        let q: Vec<f64> = (1000..returns.len()).map(forecast).collect();
        let hits: Vec<bool> = q.iter().zip(&returns[1000..]).map(|(q, r)| r < q).collect();
        let first: Vec<usize> = (0..hits.len()).filter(|i| hits[*i]).map(|i| i + 1000).take(10).collect();
        let firsts = want["first10_violation_index"].as_array().expect("list");
        assert_eq!(first, firsts.iter().map(|v| number(v) as usize).collect::<Vec<_>>(), "{name}");
        let got = coverage(&hits, 0.01).expect("rows");
        assert_eq!(got.breaches, number(&want["violations"]) as usize);
        for (key, got) in [
            ("kupiec_lr", got.kupiec.statistic),
            ("kupiec_p", got.kupiec.p),
            ("christoffersen_ind_lr", got.independence.statistic),
            ("ind_p", got.independence.p),
            ("conditional_coverage_lr", got.conditional.statistic),
            ("cc_p", got.conditional.p),
        ] {
            near(got, number(&want[key]), 1e-8, key);
        }
        let tick = q.iter().zip(&returns[1000..]).map(|(q, r)| pinball(*r, *q, 0.01)).sum::<f64>() / q.len() as f64;
        near(tick, number(&want["mean_tick_loss"]), 1e-8, "tick");
        let last = want["var_last5"].as_array().expect("list");
        q[q.len() - 5..].iter().zip(last).for_each(|(got, want)| near(*got, number(want), 1e-8, "last"));
    }
}

#[test]
fn diebold_mariano_equals_scipy() {
    let Some(Backtest { returns, sigma, want }) = backtest() else { return };
    let Some(mut file) = shared::csv("reference/sp500.csv") else { return };
    let truth = file.remove("parkinson_pct2").expect("parkinson_pct2");
    let want = &want["dm_ewma_vs_garch_on_parkinson"];
    let mut garch = vec![sigma[0] * sigma[0]];
    for r in &returns {
        garch.push(0.02 + 0.08 * r * r + 0.9 * garch[garch.len() - 1]);
    }
    let rows = (1000..returns.len()).filter(|t| truth[*t] > 0.0);
    let losses: Vec<(f64, f64)> =
        rows.map(|t| (qlike(truth[t], sigma[t] * sigma[t]), qlike(truth[t], garch[t]))).collect();
    assert_eq!(losses.len(), number(&want["n"]) as usize);
    let mean = |f: fn(&(f64, f64)) -> f64| losses.iter().map(f).sum::<f64>() / losses.len() as f64;
    near(mean(|l| l.0), number(&want["mean_qlike_ewma"]), 1e-8, "ewma");
    near(mean(|l| l.1), number(&want["mean_qlike_garch"]), 1e-8, "garch");
    let d: Vec<f64> = losses.iter().map(|l| l.0 - l.1).collect();
    near(long_run_variance(&d, 15), number(&want["lrv_bartlett"]), 1e-8, "long-run variance");
    let test = diebold_mariano(&d, Bandwidth::CubeRoot).expect("rows");
    near(test.statistic, number(&want["dm_hln"]), 1e-8, "statistic");
    near(test.p, number(&want["p"]), 1e-8, "p");
    assert_eq!(diebold_mariano(&d, Bandwidth::Lags(15)), Some(test));
}

/// The additive rule on the level is the same machine with `level = alpha - theta`, unbounded.
#[test]
fn adaptive_conformal_levels_equal_numpy() {
    let Some(Backtest { returns, sigma, want }) = backtest() else { return };
    let want = &want["aci"];
    let mut aci = Aci { gamma: 0.005, lo: f64::NEG_INFINITY, hi: f64::INFINITY, theta: 0.0 };
    let (mut misses, mut levels) = (0, Vec::new());
    for t in 1000..returns.len() {
        let level = 0.01 - aci.theta;
        levels.push(level);
        let z: Vec<f64> = (t - 500..t).map(|s| returns[s] / sigma[s]).collect();
        let q = margincast::base::stats::quantile(&margincast::base::stats::sorted(&z), level) * sigma[t];
        let missed = level > 0.0 && returns[t] < q;
        misses += usize::from(missed);
        aci.update(missed, 0.01);
    }
    assert_eq!(misses, number(&want["misses"]) as usize);
    let every: Vec<f64> = levels.iter().step_by(250).copied().collect();
    for (got, want) in every.iter().zip(want["alpha_t_every250"].as_array().expect("list")) {
        assert!((got - number(want)).abs() < 1e-12, "{got}");
    }
}
