//! Scores and backtests held against other programs: a Python scorer (numpy, pandas, scipy), and
//! VaR backtests and tables on the S&P 500 made with arch, numpy and scipy.

use std::sync::Arc;

use margincast::base::table::Table;
use margincast::base::{Aci, Horizon, Span, Symbol, Ts};
use margincast::loss::baseline::var::{self, Rule, Scaling};
use margincast::loss::score::{pinball, qlike};
use margincast::loss::test::compare::{Bandwidth, diebold_mariano, long_run_variance};
use margincast::loss::test::coverage::coverage;
use margincast::loss::test::dynamic_quantile::dynamic_quantile;
use margincast::loss::{ForecastRow, MarginOutcome, ModelScore, OutcomeRow, score::outcome, scoreboard};
use margincast::margin::guardrail::pace::{Budgets, StepLimits};
use margincast::margin::{Guardrail, Mode, Policy, Proposal};
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

/// Daily log prices of the S&P 500, 1999 to 2018, as arch 8.0.0 bundles them.
pub struct Sp500 {
    /// Close-to-close log returns of the adjusted close; row 0 is the second day.
    pub x: Vec<f64>,
    /// Garman-Klass variance of the same days.
    pub gk: Vec<f64>,
}

pub fn sp500() -> Option<Sp500> {
    let file = std::fs::File::open(shared::path("data/daily/arch_sp500.csv.gz")?).expect("readable");
    let mut reader = csv::Reader::from_reader(flate2::read::GzDecoder::new(file));
    let header = reader.headers().expect("header").clone();
    let at = |name: &str| header.iter().position(|h| h == name).expect("column");
    let columns = [at("Open"), at("High"), at("Low"), at("Close"), at("Adj Close")];
    let days: Vec<[f64; 5]> = reader
        .records()
        .map(|r| r.expect("row"))
        .map(|r| columns.map(|c| r[c].parse::<f64>().expect("a price").ln()))
        .collect();
    let x = days.windows(2).map(|w| w[1][4] - w[0][4]).collect();
    let gk = |[o, h, l, c, _]: &[f64; 5]| (0.5 * (h - l).powi(2) - (2.0 * 2f64.ln() - 1.0) * (c - o).powi(2)).max(1e-7);
    Some(Sp500 { x, gk: days[1..].iter().map(gk).collect() })
}

/// Least squares by Gaussian elimination of the normal equations.
fn least_squares(rows: &[[f64; 6]], y: &[f64]) -> [f64; 6] {
    let mut a = [[0.0; 7]; 6];
    for (r, y) in rows.iter().zip(y) {
        for i in 0..6 {
            (0..6).for_each(|j| a[i][j] += r[i] * r[j]);
            a[i][6] += r[i] * y;
        }
    }
    for i in 0..6 {
        let pivot = a[i];
        for row in a.iter_mut().skip(i + 1) {
            let f = row[i] / pivot[i];
            (i..7).for_each(|j| row[j] -= f * pivot[j]);
        }
    }
    let mut b = [0.0; 6];
    for i in (0..6).rev() {
        b[i] = (a[i][6] - (i + 1..6).map(|j| a[i][j] * b[j]).sum::<f64>()) / a[i][i];
    }
    b
}

/// HAR on log Garman-Klass variance with leverage, refitted every 250 days; scaled to
/// close-to-close by past data only. Variance of day t from days before it.
pub fn har(s: &Sp500, start: usize) -> Vec<f64> {
    let lr: Vec<f64> = s.gk.iter().map(|g| g.ln()).collect();
    let mean = |t: usize, k: usize| lr[t + 1 - k..=t].iter().sum::<f64>() / k as f64;
    let features = |t: usize| {
        let (month, neg) = (mean(t - 1, 22), |i: usize| s.x[i].min(0.0));
        let scale = (0.5 * month).exp();
        [1.0, lr[t - 1], mean(t - 1, 5), month, neg(t - 1) / scale, neg(t - 2) / scale]
    };
    let dot = |a: [f64; 6], b: [f64; 6]| a.iter().zip(&b).map(|(x, y)| x * y).sum::<f64>();
    let mut out = vec![f64::NAN; lr.len()];
    for from in (start..lr.len()).step_by(250) {
        let rows: Vec<[f64; 6]> = (22..from).map(features).collect();
        let b = least_squares(&rows, &lr[22..from]);
        let residuals: Vec<f64> = rows.iter().zip(&lr[22..from]).map(|(r, y)| y - dot(*r, b)).collect();
        let s2 = margincast::base::stats::variance(&residuals);
        let scale = s.x[..from].iter().map(|x| x * x).sum::<f64>() / s.gk[..from].iter().sum::<f64>();
        for (t, out) in out.iter_mut().enumerate().take((from + 250).min(lr.len())).skip(from) {
            *out = scale * (dot(features(t), b) + 0.5 * s2).exp();
        }
    }
    out
}

struct Series {
    losses: Vec<f64>,
    sigma: Vec<f64>,
    u: Vec<f64>,
    f: Vec<f64>,
    start: usize,
}

fn series(s: &Sp500) -> Series {
    let losses: Vec<f64> = s.x.iter().map(|x| -x).collect();
    let seed = margincast::base::stats::variance(&s.x[..250]);
    let sigma = var::ewma(&s.x, 0.97, seed);
    let start = 1251;
    let (mut u, mut f) = (vec![f64::NAN; s.x.len()], vec![f64::NAN; s.x.len()]);
    for t in start..s.x.len() {
        let past = t - 1250..t;
        let filtered = |p: std::ops::Range<usize>| {
            var::filtered(&losses[p.clone()], &sigma[p], sigma[t], Scaling::Full, 0.99, Rule::Conservative)
        };
        u[t] = filtered(past).expect("losses").var;
        let ten_years = &losses[t.saturating_sub(2500)..t];
        f[t] = u[t].max(var::historical(ten_years, 0.99, Rule::Conservative).expect("losses").var);
    }
    Series { losses, sigma, u, f, start }
}

/// Mode managed-total without the lag, confirmation and notice clauses and the total-lift caps.
fn guarded(b: &[f64], forecast: &[f64], from: usize) -> Vec<f64> {
    let im = StepLimits { up: Some(0.10), down: Some(0.02), budgets: Some(Budgets::default()), ..Policy::default().im };
    let policy = Policy {
        row: Some(Span::DAY),
        im,
        mode: Mode::ManagedTotal,
        lag_max: 1.0,
        lag_steps: u32::MAX,
        confirmations: 0,
        day_cap: 1e9,
        ..Policy::default()
    };
    let mut guard = Guardrail::new(policy).expect("policy");
    let mut step = |t: usize, m: f64| {
        let ts = Ts(0) + Span::DAY.times(t as i64);
        let bundle = guard.step(&Proposal { ts, baseline: b[t], m, p_stress: vec![], long_run_var: None });
        bundle.expect("a baseline").c_im
    };
    let mut c = vec![f64::NAN; b.len()];
    c[from] = step(from, 1.0);
    for t in from + 1..b.len() {
        c[t] = step(t, forecast[t] / b[t]);
    }
    c
}

/// One row of the published table: breaches, average %, shortfall sum %, worst %, peak to trough,
/// rises over 1, 5, 20 days %, ES99 of 5-day rises %.
type Published = (usize, f64, f64, f64, f64, [f64; 3], f64);

#[track_caller]
fn hold_row(name: &str, got: &MarginOutcome, want: Published) {
    let (breaches, average, shortfall, worst, trough, rises, es) = want;
    let round = |x: f64, digits: i32| (x * 10f64.powi(digits)).round() / 10f64.powi(digits);
    let percent = |x: Option<f64>| round(100.0 * x.expect("long enough"), 0);
    assert_eq!(got.n, 3278, "{name}");
    assert_eq!(got.breaches, breaches, "{name}");
    assert_eq!(round(100.0 * got.average, 2), average, "{name}: average");
    assert_eq!(round(100.0 * got.shortfall_sum, 1), shortfall, "{name}: shortfall");
    assert_eq!(round(100.0 * got.worst_miss, 2), worst, "{name}: worst miss");
    assert_eq!(round(got.peak_to_trough, 1), trough, "{name}: peak to trough");
    assert_eq!([got.rise_1, got.rise_5, got.rise_20].map(percent), rises, "{name}: rises");
    assert_eq!(percent(got.rise_5_es99), es, "{name}: expected shortfall of five-day rises");
}

/// The table was made with numpy, scipy and arch 8.0.0 on arch's own S&P 500 data; counts are
/// exact, the rest equal to the printed digits.
#[test]
fn margin_outcomes_equal_the_published_table_of_the_sp500() {
    let Some(data) = sp500() else { return };
    let s = series(&data);
    let har = har(&data, s.start);
    let m: Vec<f64> = har.iter().zip(&s.sigma).map(|(h, sigma)| h.sqrt() / sigma).collect();
    let from = s.start + 500;
    let forecast: Vec<f64> = s.u.iter().zip(&m).map(|(u, m)| u * m).collect();
    let times = |b: &[f64]| b.iter().zip(&m).map(|(b, m)| b * m.clamp(1.0, 2.0)).collect::<Vec<f64>>();
    let of = |c: &[f64]| outcome::outcome(&c[from + 1..], &s.losses[from + 1..]).expect("rows");
    let control = |c: &[f64]| {
        let compared = outcome::compare(&c[from + 1..], &s.u[from + 1..], &s.losses[from + 1..]).expect("rows");
        assert_eq!(compared.margin, of(c));
        assert!((compared.control.average - compared.margin.average).abs() < 1e-12, "equal cost");
        (compared.constant, compared.control)
    };
    hold_row("U", &of(&s.u), (52, 2.94, 31.3, 3.74, 11.7, [72.0, 149.0, 206.0], 76.0));
    hold_row("F", &of(&s.f), (13, 4.13, 10.7, 3.74, 4.3, [29.0, 59.0, 127.0], 29.0));
    let free = times(&s.u);
    hold_row("no guard", &of(&free), (36, 3.15, 16.3, 3.74, 14.0, [144.0, 335.0, 513.0], 141.0));
    let (constant, flat) = control(&free);
    near(constant, 1.071, 5e-4, "constant of the unguarded multiplier");
    hold_row("its control", &flat, (39, 3.15, 23.9, 3.35, 11.7, [72.0, 149.0, 206.0], 76.0));
    let guard = guarded(&s.u, &forecast, from);
    hold_row("guarded", &of(&guard), (31, 3.22, 18.8, 2.41, 11.7, [10.0, 61.0, 251.0], 54.0));
    let (constant, flat) = control(&guard);
    near(constant, 1.098, 5e-4, "constant of the guarded multiplier");
    hold_row("its control", &flat, (33, 3.22, 21.8, 3.20, 11.7, [72.0, 149.0, 206.0], 76.0));
    let floored = guarded(&s.f, &forecast, from);
    hold_row("floored and guarded", &of(&floored), (8, 4.29, 5.5, 2.41, 4.9, [10.0, 61.0, 163.0], 37.0));
}

/// LR_cc, the dynamic quantile statistic and the mean tick loss of the same table, to its digits.
#[test]
fn coverage_tests_of_margins_equal_the_published_table_of_the_sp500() {
    let Some(data) = sp500() else { return };
    let s = series(&data);
    let m: Vec<f64> = har(&data, s.start).iter().zip(&s.sigma).map(|(h, sigma)| h.sqrt() / sigma).collect();
    let from = s.start + 501;
    let losses = &s.losses[from..];
    let hs: Vec<f64> = (from..data.x.len())
        .map(|t| var::historical(&s.losses[t - 500..t], 0.99, Rule::Conservative).expect("losses").var)
        .collect();
    let free: Vec<f64> = s.u.iter().zip(&m).map(|(u, m)| u * m.clamp(1.0, 2.0)).collect();
    let forecast: Vec<f64> = s.u.iter().zip(&m).map(|(u, m)| u * m).collect();
    let guard = guarded(&s.u, &forecast, from - 1);
    let flat = outcome::equal_cost_control(&guard[from..], &s.u[from..]).expect("rows").1;
    // Breaches, p-value of LR_cc, DQ, pinball in basis points.
    for (name, c, breaches, cc_p, dq, tick) in [
        ("HS 500", &hs[..], 61, 0.0, 197.0, 5.08),
        ("U", &s.u[from..], 52, 0.0013, 110.0, 3.91),
        ("F", &s.f[from..], 13, 0.0004, 43.0, 4.48),
        ("no guard", &free[from..], 36, 0.6137, 46.0, 3.66),
        ("guarded", &guard[from..], 31, 0.1023, 26.0, 3.82),
        ("its control", &flat[..], 33, 0.1340, 23.0, 3.91),
    ] {
        let hits: Vec<bool> = losses.iter().zip(c).map(|(l, c)| l > c).collect();
        let found = coverage(&hits, 0.01).expect("rows");
        assert_eq!((found.n, found.breaches), (3278, breaches), "{name}");
        assert!((found.conditional.p - cc_p).abs() < 6e-5, "{name}: {}", found.conditional.p);
        let dynamic = dynamic_quantile(&hits, c, 0.01, 4).expect("breaches");
        assert!((dynamic.test.statistic - dq).abs() <= 0.51, "{name}: {}", dynamic.test.statistic);
        assert_eq!(dynamic.freedom, 6);
        let mean = losses.iter().zip(c).map(|(l, c)| pinball(*l, *c, 0.99)).sum::<f64>() / 3278.0;
        assert!((1e4 * mean - tick).abs() < 6e-3, "{name}: {mean}");
    }
}

/// rugarch 1.5-6 (R 4.2.2): Kupiec and conditional coverage of a normal VaR on the S&P 500.
#[test]
fn coverage_equals_rugarch() {
    let Some(want) = shared::json("reference/rugarch_backtest_spx.json") else { return };
    let Some(mut file) = shared::csv("reference/spx_ret_rv.csv") else { return };
    let returns = file.remove("ret").expect("ret");
    let seed = returns[..50].iter().map(|r| r * r).sum::<f64>() / 50.0;
    let sigma = var::ewma(&returns, 0.94, seed);
    let q = margincast::base::stats::normal_quantile(0.01);
    let hits: Vec<bool> = (500..returns.len()).map(|t| returns[t] < q * sigma[t]).collect();
    let (want, got) = (&want["VaRTest"], coverage(&hits, 0.01).expect("rows"));
    assert_eq!(got.breaches, number(&want["actual.exceed"]) as usize);
    near(got.kupiec.statistic, number(&want["uc.LRstat"]), 1e-8, "unconditional");
    // R's p-values are 1 - pchisq: so small ones have few digits.
    near(got.kupiec.p, number(&want["uc.LRp"]), 1e-5, "its p");
    near(got.conditional.statistic, number(&want["cc.LRstat"]), 1e-8, "conditional");
    near(got.conditional.p, number(&want["cc.LRp"]), 1e-5, "its p");
}
