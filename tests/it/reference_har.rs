//! HAR against statsmodels 0.15.0 (numpy 2.4.6) and against R's HARModel 1.0 on the data of
//! Bollerslev, Patton, Quaedvlieg (2016). Coefficients relative 1e-8: both sides solve the same
//! least squares, statsmodels by a pseudo-inverse, HARModel by normal equations. Then walk-forward
//! forecasts on market data against Python baselines (numpy 2.4.6, arch 8.0.0).

use std::collections::BTreeMap;
use std::sync::Arc;

use margincast::base::table::Table;
use margincast::base::{Horizon, Seed, Span, Symbol, Ts};
use margincast::feature::{Feature, Row};
use margincast::forecast::garch::Garch;
use margincast::forecast::har::regression::predict;
use margincast::forecast::har::rolling::Rolling;
use margincast::forecast::har::{Form, Har, Insanity, Lags, Params, Reach, Regression, Season, Weights};
use margincast::forecast::smoothing::ewma::Ewma;
use margincast::forecast::{FitContext, Forecast, Model, Panel, Track};

fn symbol() -> Symbol {
    "SPX".parse().unwrap()
}

/// Mean over the last `k` up to `i`; `None` before there are as many.
fn lag(rv: &[f64], i: usize, k: usize) -> Option<f64> {
    (i + 1 >= k).then(|| rv[i + 1 - k..=i].iter().sum::<f64>() / k as f64)
}

/// One row per day with the given series over 1, 5 and 22 days.
fn rows(series: &[(&[f64], [Feature; 3])]) -> Vec<Row> {
    let rv = series[0].0;
    let one = |i: usize| {
        let open = Ts(0) + Span::DAY.times(i as i64);
        let close = open + Span::DAY;
        let mut row = Row::empty(symbol(), open, close, close);
        row.set(Feature::Ret, rv[i].sqrt() * if i.is_multiple_of(2) { 1.0 } else { -1.0 });
        for (values, features) in series {
            for (feature, k) in features.iter().zip([1, 5, 22]) {
                row.set(*feature, lag(values, i, k).unwrap_or(f64::NAN));
            }
        }
        row
    };
    (0..rv.len()).map(one).collect()
}

const RV: [Feature; 3] = [Feature::Rv, Feature::RvMid, Feature::RvLong];

/// The model fitted on rows `first` to `last`, both included, and its forecast from the last one.
fn fit_on(params: &Params, rows: &[Row], (first, last): (usize, usize), ahead: i64) -> (Regression, Forecast) {
    let history = BTreeMap::from([(symbol(), Arc::new(rows.to_vec()))]);
    let panel = Panel::until(&history, Ts(rows[first].ts.0 - 1), rows[last].ts_known);
    let (members, track) = (BTreeMap::new(), Track::default());
    let ctx = FitContext {
        horizon: Horizon(Span::DAY.times(ahead)),
        step: Span::DAY,
        seed: Seed(1),
        members: &members,
        track: &track,
        progress: &|_| (),
    };
    let model = Har::fit(params, &panel, &ctx).unwrap();
    let mut filter = model.start();
    filter.update(&rows[last]);
    (model.regression(symbol()).unwrap().clone(), filter.forecast().unwrap())
}

fn assert_close(got: f64, want: f64, relative: f64, what: &str) {
    assert!((got - want).abs() <= relative * want.abs(), "{what}: {got} is not {want} within {relative:e}");
}

#[test]
fn coefficients_errors_and_forecasts_are_those_of_statsmodels() {
    let Some(peer) = crate::shared::json("reference/har_sp500.json") else { return };
    let Some(series) = crate::shared::csv("reference/sp500_parkinson.csv") else { return };
    let rows = rows(&[(&series["rv_pct2"], RV)]);
    // The re-transform of the peer uses the variance of all residuals.
    let all = Params { residual_window: rows.len(), ..Params::default() };
    for (name, params, ahead, forecast) in [
        ("HAR", all.clone(), 1, "last_forecast"),
        ("HAR_h5_direct", all.clone(), 5, "last_forecast"),
        ("HAR_WLS_inv_rv1", Params { weights: Weights::Rv, ..all.clone() }, 1, "last_forecast"),
        ("logHAR", Params { form: Form::Log, ..all.clone() }, 1, "last_variance_forecast"),
        ("sqrtHAR", Params { form: Form::Sqrt, ..all }, 1, "last_forecast"),
    ] {
        let peer = &peer[name];
        let (got, last) = fit_on(&params, &rows, (0, rows.len() - 1), ahead);
        assert_eq!(got.regressors, ["rv", "rv_mid", "rv_long"]);
        for (k, key) in ["const", "m1", "m5", "m22"].iter().enumerate() {
            let want = |of: &str| peer[of][key].as_f64().unwrap();
            assert_close(got.coefficients[k], want("coef"), 1e-8, &format!("{name} {key}"));
            assert_close(got.errors[k], want("se_hac5"), 1e-6, &format!("{name} error of {key}"));
        }
        let per_row = last.dist.rv / ahead as f64;
        // The peer's last forecast of the root is the root alone, ours has its error's variance on top.
        let ours = if name == "sqrtHAR" { (per_row - got.residual_variance).sqrt() } else { per_row };
        assert_close(ours, peer[forecast].as_f64().unwrap(), 1e-8, &format!("{name} forecast"));
    }
}

/// The data of the 2016 paper, percent squared per day.
fn paper() -> Option<(Vec<Row>, Vec<f64>)> {
    let table = Table::read(&crate::shared::path("data/realized/harq2016_sp500.parquet")?).unwrap();
    let column = |name: &str| table.floats(name).unwrap().to_vec();
    let [rv, bpv, rq, tpq] = ["RV", "BPV", "RQ", "TPQ"].map(column);
    let jump: Vec<f64> = rv.iter().zip(&bpv).map(|(rv, bpv)| (rv - bpv).max(0.0)).collect();
    use Feature as F;
    let mut rows = rows(&[
        (&rv, RV),
        (&bpv, [F::Bpv, F::BpvMid, F::BpvLong]),
        (&jump, [F::Jump, F::JumpMid, F::JumpLong]),
        (&rq, [F::Rq, F::RqMid, F::RqLong]),
    ]);
    rows.iter_mut().zip(tpq).for_each(|(row, tpq)| row.set(F::Tpq, tpq));
    Some((rows, rv))
}

/// The models of the peer: its name, ours, the peer's names of our coefficients.
fn paper_models() -> Vec<(&'static str, Params, Vec<&'static str>)> {
    let plain = Params { insanity: Insanity::Mean, ..Params::default() };
    let (row, lags) = (Reach::Row, Reach::Lags);
    let char = Params { lags: Lags::Continuous, ..plain.clone() };
    let har = vec!["beta0", "beta1", "beta5", "beta22"];
    let with = |more: &[&'static str]| [&har, more].concat();
    let q = ["beta_q1", "beta_q5", "beta_q22"];
    vec![
        ("HAR", plain.clone(), har.clone()),
        ("HARJ", Params { jump: row, ..plain.clone() }, with(&["j1"])),
        ("CHAR", char.clone(), har.clone()),
        ("HARQ", Params { quarticity: row, ..plain.clone() }, with(&q[..1])),
        ("HARQF", Params { quarticity: lags, ..plain.clone() }, with(&q)),
        ("CHARQ", Params { quarticity: row, ..char }, with(&q[..1])),
        (
            "HARQJ_full",
            Params { quarticity: lags, jump: lags, ..plain },
            with(&["beta_j1", "beta_j5", "beta_j22", q[0], q[1], q[2]]),
        ),
    ]
}

/// The regressors of a row, in the order of the coefficients.
fn regressors(params: &Params, row: &Row) -> Vec<f64> {
    use Feature as F;
    let get = |f: F| row.get(f).unwrap();
    let continuous = params.lags == Lags::Continuous;
    let lags = if continuous { [F::Bpv, F::BpvMid, F::BpvLong] } else { RV };
    let reach = |r: Reach| [0, 1, 3][r as usize];
    let mut x = lags.map(get).to_vec();
    x.extend([F::Jump, F::JumpMid, F::JumpLong].map(get).iter().take(reach(params.jump)));
    let quarticity = if continuous { [F::Tpq; 3] } else { [F::Rq, F::RqMid, F::RqLong] };
    let q = lags.iter().zip(quarticity).map(|(rv, rq)| get(*rv) * get(rq).sqrt());
    x.extend(q.take(reach(params.quarticity)));
    x
}

#[test]
fn models_of_the_2016_paper_in_sample_are_those_of_harmodel() {
    let Some((rows, rv)) = paper() else { return };
    let Some(peer) = crate::shared::json("reference/har_bpq_sp500.json") else { return };
    let last = rv.len() - 1;
    for (name, params, keys) in paper_models() {
        let (got, _) = fit_on(&params, &rows, (0, last), 1);
        let b = &got.coefficients;
        let peer = &peer["insample"][name];
        for (k, key) in keys.iter().enumerate() {
            // The peer takes the mean of the daily sqrt(RQ) off it, which moves its lags' coefficients.
            let own = keys.iter().position(|q| *q == format!("beta_q{}", key.trim_start_matches("beta")));
            let moved = own.filter(|_| k > 0).map_or(0.0, |q| {
                let feature = if params.lags == Lags::Continuous { Feature::Tpq } else { Feature::Rq };
                let roots: Vec<f64> = rows.iter().filter_map(|r| r.get(feature)).map(f64::sqrt).collect();
                b[q] * margincast::base::stats::mean(&roots)
            });
            let want = peer["coef"][key].as_f64().unwrap();
            assert_close(b[k] + moved, want, 1e-8, &format!("{name} {key}"));
        }
        let days = 21..last;
        let n = days.len() as f64;
        let fitted: Vec<f64> = days.clone().map(|i| predict(b, &regressors(&params, &rows[i]))).collect();
        let mse = days.clone().zip(&fitted).map(|(i, f)| (rv[i + 1] - f).powi(2)).sum::<f64>() / n;
        assert_close(mse, peer["mse"].as_f64().unwrap(), 1e-8, &format!("{name} MSE"));
        let mean = days.clone().map(|i| rv[i + 1]).sum::<f64>() / n;
        let r2 = 1.0 - mse * n / days.map(|i| (rv[i + 1] - mean).powi(2)).sum::<f64>();
        // As printed in the paper, four decimals.
        let printed: &[f64] = match name {
            "HAR" => &[0.5224, 0.1123, 0.2273, 0.4903, 0.1864],
            "HARQ" => &[0.5624, -0.0098, 0.6021, 0.3586, 0.0976, -0.3602],
            _ => &[],
        };
        for (got, want) in std::iter::once(&r2).chain(b).zip(printed) {
            assert!((got - want).abs() < 5.1e-5, "{name}: {got} is printed {want}");
        }
    }
}

#[test]
fn forecasts_and_losses_out_of_sample_are_those_of_harmodel() {
    let Some((rows, rv)) = paper() else { return };
    let Some(peer) = crate::shared::json("reference/har_bpq_sp500.json") else { return };
    let last = rv.len() - 1;
    for (name, params, _) in paper_models().into_iter().filter(|m| m.0 != "HARQJ_full") {
        for growing in [false, true] {
            let scheme = if growing { "oos_increasing" } else { "oos_rolling" };
            let want = |key: &str| peer[scheme][name][key].clone();
            let mut window = Rolling::new(regressors(&params, &rows[21]).len());
            let (mut squares, mut qlike, mut forecasts) = (0.0, 0.0, vec![]);
            for issue in 21..last {
                let x = regressors(&params, &rows[issue]);
                if issue >= 999 {
                    // The window holds 1000 days, or all; a target needs 22 days before it.
                    let first = if growing { 22 } else { issue - 999 + 22 };
                    let targets = &rv[first..=issue];
                    let forecast = predict(&window.coefficients().unwrap(), &x);
                    let top = targets.iter().fold(0.0f64, |m, v| m.max(*v));
                    let y = rv[issue + 1];
                    let sane = (0.0..=top).contains(&forecast);
                    // The mean that the peer puts in place of an insane forecast has the day that is to
                    // be forecast in it; our model's has not.
                    let mean = margincast::base::stats::mean(&rv[first..=issue + 1]);
                    let forecast = if sane { forecast } else { mean };
                    squares += (y - forecast).powi(2);
                    qlike += y / forecast - (y / forecast).ln() - 1.0;
                    forecasts.push(forecast);
                    if !growing {
                        window.drop_oldest();
                    }
                }
                window.push(&x, rv[issue + 1]);
            }
            let n = forecasts.len() as f64;
            assert_eq!(n, 3096.0);
            assert_close(squares / n, want("mse").as_f64().unwrap(), 1e-8, &format!("{scheme} {name} MSE"));
            assert_close(qlike / n, want("qlike").as_f64().unwrap(), 1e-8, &format!("{scheme} {name} QLIKE"));
            for k in 0..5 {
                for (at, key) in [(k, "first5"), (3091 + k, "last5")] {
                    let what = format!("{scheme} {name} {key} {k}");
                    assert_close(forecasts[at], want(key)[k].as_f64().unwrap(), 1e-8, &what);
                    // The model itself, fitted on the same window, says the same.
                    let issue = 999 + at;
                    let first = if growing { 21 } else { issue - 999 + 21 };
                    let (_, own) = fit_on(&params, &rows, (first, issue), 1);
                    assert_close(own.dist.rv, forecasts[at], 1e-8, &what);
                }
            }
        }
    }
}

/// The Python baselines' forecasts of one model and instrument by issue time.
fn baseline(horizon: &str, model: &str, symbol: &str) -> Option<BTreeMap<Ts, f64>> {
    let table = Table::read(&crate::shared::path(&format!("reference/skill/baseline_dev_{horizon}.parquet"))?).unwrap();
    let (models, symbols) = (table.texts("model").unwrap(), table.texts("symbol").unwrap());
    let (at, variance) = (table.ints("ts").unwrap(), table.floats("variance").unwrap());
    let is = |text: &Option<String>, name: &str| text.as_deref() == Some(name);
    let ours = (0..at.len()).filter(|&i| is(&models[i], model) && is(&symbols[i], symbol));
    Some(ours.map(|i| (Ts::from_ms(at[i].unwrap()), variance[i])).collect())
}

/// The largest and the mean relative difference to the baseline over the windows that begin at `cuts`, each of
/// `refit`, from models fitted on the rows of the last `roll` before (all after the first 124).
fn walk<M: Model>(
    params: &M::Params,
    rows: &[Row],
    want: &BTreeMap<Ts, f64>,
    cuts: &[Ts],
    (roll, refit): (Span, Span),
) -> (f64, f64) {
    let history = BTreeMap::from([(rows[0].symbol, Arc::new(rows.to_vec()))]);
    let (members, track) = (BTreeMap::new(), Track::default());
    let step = rows[0].ts - rows[0].ts_open;
    let ctx =
        FitContext { horizon: Horizon(step), step, seed: Seed(1), members: &members, track: &track, progress: &|_| () };
    let (mut worst, mut sum, mut compared) = (0.0f64, 0.0, 0);
    for cut in cuts {
        // A row that closes at the start of the window is the first to be trained on.
        let start = rows[123].ts.max(*cut - roll - step);
        let mut filter = M::fit(params, &Panel::until(&history, start, *cut), &ctx).unwrap().start();
        for row in rows.iter().take_while(|row| row.ts < *cut + refit) {
            filter.update(row);
            if let Some(want) = want.get(&row.ts).filter(|_| row.ts >= *cut) {
                let off = (filter.forecast().unwrap().dist.rv / want - 1.0).abs();
                worst = worst.max(off);
                sum += off;
                compared += 1;
            }
        }
    }
    assert!(compared * step.0 >= cuts.len() as i64 * refit.0 * 9 / 10, "{compared} forecasts compared");
    (worst, sum / compared as f64)
}

#[test]
fn walk_forward_forecasts_are_those_of_the_python_baselines() {
    let day = |text: &str| -> Ts { text.parse().unwrap() };
    // The first refit, the twentieth and the fortieth.
    let cuts = [0, 20, 40].map(|k| day("2021-01-01") + Span::DAY.times(30 * k));
    let (log, weekly) = (Form::Log, Season::Weekly);
    for symbol in ["BTCUSDT", "XRPUSDT"] {
        let Some((rows, _)) = crate::reference_features::rows("1d", symbol) else { return };
        let spans = (Span::DAY.times(100_000), Span::DAY.times(30));
        let worst = |model: &str, params: Params| {
            walk::<Har>(&params, &rows, &baseline("1d", model, symbol).unwrap(), &cuts, spans)
        };
        for (model, params) in [
            ("HAR", Params::default()),
            ("logHAR", Params { form: log, ..Params::default() }),
            ("logHAR-S", Params { form: log, season: weekly, ..Params::default() }),
        ] {
            let (worst, _) = worst(model, params);
            assert!(worst < 1e-6, "{symbol} {model}: {worst:e}");
        }
        // The peer's recursions leave out a day before a gap, for which it has no target; long after
        // the gap that is forgotten.
        let want = baseline("1d", "EWMA-rv", symbol).unwrap();
        let (worst, _) = walk::<Ewma>(&Default::default(), &rows, &want, &cuts[1..], spans);
        assert!(worst < 1e-6, "{symbol} EWMA: {worst:e}");
        let want = baseline("1d", "GARCH-t", symbol).unwrap();
        let (worst, mean) = walk::<Garch>(&Default::default(), &rows, &want, &cuts[1..], spans);
        assert!(worst < 0.03 && mean < 0.01, "{symbol} GARCH-t: {worst:e} {mean:e}");
    }
}

#[test]
fn hourly_walk_forward_forecasts_are_those_of_the_python_baselines() {
    let Some((rows, _)) = crate::reference_features::rows("1h", "BTCUSDT") else { return };
    // From the sixth refit on the peer's window of a year is whole.
    let cuts = [6, 18].map(|k| "2024-01-01".parse::<Ts>().unwrap() + Span::DAY.times(14 * k));
    let spans = (Span::DAY.times(365), Span::DAY.times(14));
    // Our diurnal factor forgets after 128 visits of a slot, the peer's never.
    let diurnal = Params { form: Form::Log, season: Season::Diurnal, ..Params::default() };
    for (model, params, most, average) in [("HAR", Params::default(), 1e-6, 1e-6), ("logHAR-D", diurnal, 0.1, 0.005)] {
        let want = baseline("1h", model, "BTCUSDT").unwrap();
        let (worst, mean) = walk::<Har>(&params, &rows, &want, &cuts, spans);
        assert!(worst < most && mean < average, "{model}: {worst:e} {mean:e}");
    }
}

/// QLIKE of every forecast of five coins, one day ahead, 2021 to 2024, refitted every 30 days, as
/// printed of the Python baselines to four digits.
#[test]
fn losses_of_the_family_on_coins_are_those_printed_of_the_python_baselines() {
    let plain = Params::default;
    let models = [
        (0.4014, plain()),
        (0.3680, Params { winsor: 0.995, ..plain() }),
        (0.3493, Params { weights: Weights::RvMid, ..plain() }),
        (0.4753, Params { quarticity: Reach::Row, ..plain() }),
        (0.4658, Params { lags: Lags::Semivariance, ..plain() }),
    ];
    let mut losses = [0.0; 5];
    let mut count = 0.0;
    for symbol in ["ADAUSDT", "BNBUSDT", "BTCUSDT", "ETHUSDT", "XRPUSDT"] {
        let Some((rows, _)) = crate::reference_features::rows("1d", symbol) else { return };
        let asked = baseline("1d", "HAR", symbol).unwrap();
        let history = BTreeMap::from([(rows[0].symbol, Arc::new(rows.clone()))]);
        let (members, track) = (BTreeMap::new(), Track::default());
        let (step, seed) = (Span::DAY, Seed(1));
        let ctx =
            FitContext { horizon: Horizon(step), step, seed, members: &members, track: &track, progress: &|_| () };
        for cut in (0..49).map(|k| "2021-01-01".parse::<Ts>().unwrap() + Span::DAY.times(30 * k)) {
            let panel = Panel::until(&history, rows[123].ts, cut);
            let mut filters = models.each_ref().map(|m| Har::fit(&m.1, &panel, &ctx).unwrap().start());
            for pair in rows.windows(2).skip_while(|p| p[0].ts < cut).take_while(|p| p[0].ts < cut + step.times(30)) {
                filters.iter_mut().for_each(|f| f.update(&pair[0]));
                if asked.contains_key(&pair[0].ts) {
                    let rv = pair[1].get(Feature::Rv).unwrap();
                    count += 1.0;
                    for (loss, filter) in losses.iter_mut().zip(&filters) {
                        let ratio = rv / filter.forecast().unwrap().dist.rv;
                        *loss += ratio - ratio.ln() - 1.0;
                    }
                }
            }
        }
    }
    assert_eq!(count, 7235.0);
    for ((want, params), loss) in models.iter().zip(losses) {
        assert!((loss / count - want).abs() < 6e-5, "{params:?}: {} is printed {want}", loss / count);
    }
}
