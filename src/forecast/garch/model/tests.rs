//! Models of every process: fits, filters, and what is stored.

use rayon::prelude::*;

use super::super::state::WARM_UP;
use super::*;
use crate::forecast::training::fixture;

/// Waves whose size comes and goes.
fn wave(i: usize) -> f64 {
    let t = i as f64;
    0.01 * (1.0 + 0.6 * (t / 40.0).sin()) * (17.3 * t * t).sin()
}

const INNOVATIONS: [Innovation; 5] =
    [Innovation::Normal, Innovation::Student, Innovation::SkewStudent, Innovation::FernandezSteel, Innovation::Ged];

/// Every process with every residual; every other one with rugarch's start and without clipping.
fn all() -> Vec<Params> {
    let mut all = Vec::new();
    for process in ProcessKind::ALL {
        for innovation in INNOVATIONS {
            let odd = all.len() % 2 == 1;
            let start = if odd { Start::FirstVariance } else { Start::Backcast };
            let exogenous = if process == ProcessKind::Gjr { vec!["trades".into()] } else { Vec::new() };
            let truncation = 100;
            all.push(Params { process, innovation, start, clip: !odd, exogenous, truncation, ..Params::default() });
        }
    }
    all
}

fn sound(model: &Garch, rows: &[Row], what: &str) {
    let mut filter = model.start();
    for (i, row) in rows.iter().enumerate() {
        filter.update(row);
        assert_eq!(filter.forecast().is_some(), i + 1 >= WARM_UP, "{what} row {i}");
        let f = filter.forecast();
        assert!(f.as_ref().is_none_or(|f| f.dist.is_sound()), "{what} row {i}: {f:?}");
    }
}

#[test]
fn every_process_with_every_residual_stays_sound_on_zeros_jumps_and_gaps() {
    let mut data = fixture::rows(300, |i| (wave(i), 1.2 * wave(i).powi(2) + 1e-6));
    for (i, row) in data.iter_mut().enumerate() {
        row.set(Feature::Trades, 10.0 + 5.0 * (i as f64 / 9.0).sin());
    }
    let zeros = fixture::rows(700, |_| (0.0, 0.0));
    let wild = fixture::rows(200, |i| ([0.0, 1e4, 0.0, -1e4][i % 4], [0.0, 1e8][i % 2]));
    let after: Vec<Row> = data.iter().chain(&zeros).chain(&wild).chain(&data).copied().collect();
    all().par_iter().enumerate().for_each(|(i, params)| {
        let what = format!("{:?} {:?}", params.process, params.innovation);
        let model = fixture::fit::<Garch>(params, &data, 1 + 6 * (i as i64 % 2)).unwrap();
        let estimate = model.estimate(data[0].symbol).unwrap();
        assert!(estimate.loglik.is_finite() && estimate.starts > 1, "{what}: {estimate:?}");
        sound(&model, &after, &what);
        let stored = serde_json::to_string(&model).unwrap();
        assert_eq!(serde_json::from_str::<Garch>(&stored).unwrap(), model, "{what}");
    });
}

#[test]
fn every_process_with_every_residual_fits_series_that_no_process_made() {
    let quiet = fixture::rows(150, |i| (if i % 50 == 7 { 1e-3 } else { 0.0 }, 1e-6));
    let jump = fixture::rows(150, |i| (if i == 90 { 5.0 } else { 1e-4 * wave(i) }, wave(i).powi(2) + 1e-9));
    let mut gaps = fixture::rows(330, |i| (wave(i), wave(i).powi(2) + 1e-6));
    gaps.iter_mut().step_by(2).for_each(|row| row.set(Feature::Ret, f64::NAN));
    gaps.iter_mut().step_by(3).for_each(|row| row.set(Feature::Rv, f64::NAN));
    all().par_iter().for_each(|params| {
        for (name, data) in [("quiet", &quiet), ("jump", &jump), ("gaps", &gaps)] {
            let what = format!("{:?} {:?} {name}", params.process, params.innovation);
            let params = Params { min_rows: 100, ..params.clone() };
            let model = match fixture::fit::<Garch>(&params, data, 1) {
                Ok(model) => model,
                Err(why) => panic!("{what}: {why}"),
            };
            let mut filter = model.start();
            data.iter().for_each(|row| filter.update(row));
            assert!(filter.forecast().is_some_and(|f| f.dist.is_sound()), "{what}");
        }
    });
}

#[test]
fn order_flow_that_moves_variance_is_found() {
    let size = |i: usize| if (i / 3).is_multiple_of(4) { 4.0 } else { 0.5 };
    let mut data = fixture::rows(600, |i| {
        let after = if i == 0 { 1.0 } else { size(i - 1) };
        (after * wave(i), wave(i).powi(2) + 1e-6)
    });
    for (i, row) in data.iter_mut().enumerate() {
        row.set(Feature::Trades, 100.0 * size(i).powi(2));
    }
    let params = Params { exogenous: vec!["trades".into()], clip: false, ..Params::default() };
    let model = fixture::fit::<Garch>(&params, &data, 1).unwrap();
    let plain = fixture::fit::<Garch>(&Params { clip: false, ..Params::default() }, &data, 1).unwrap();
    let symbol = data[0].symbol;
    let (with, without) = (model.estimate(symbol).unwrap(), plain.estimate(symbol).unwrap());
    assert!(with.loglik > without.loglik + 50.0, "{} {}", with.loglik, without.loglik);
    let mut filter = model.start();
    let mut rv = |row: &Row| {
        filter.update(row);
        filter.forecast().map(|f| f.dist.rv)
    };
    let forecasts: Vec<_> = data.iter().map(&mut rv).collect();
    let busy = (200..600).find(|i| size(*i) > 1.0 && size(i - 1) < 1.0).unwrap();
    assert!(forecasts[busy] > forecasts[busy - 1].map(|v| 3.0 * v), "{:?}", &forecasts[busy - 1..=busy]);
}

#[test]
fn settings_that_do_not_belong_together_are_refused_by_name() {
    let refused = |params: Params, word: &str| {
        let why = params.spec().unwrap_err();
        assert!(why.contains(word), "{why}");
    };
    refused(Params { process: ProcessKind::Harch, lags: vec![5, 1], ..Params::default() }, "lags");
    refused(
        Params { process: ProcessKind::Egarch, exogenous: vec!["trades".into()], ..Params::default() },
        "exogenous",
    );
    refused(Params { process: ProcessKind::Harch, p: Some(1), ..Params::default() }, "`p`");
    refused(Params { p: Some(6), ..Params::default() }, "`p`");
    refused(Params { p: Some(0), ..Params::default() }, "`p`");
    refused(Params { process: ProcessKind::Figarch, q: Some(2), ..Params::default() }, "figarch");
    refused(Params { process: ProcessKind::Tarch, power: 9.0, ..Params::default() }, "power");
    let unknown = Params { exogenous: vec!["ghost".into()], ..Params::default() };
    let why = fixture::fit::<Garch>(&unknown, &fixture::rows(300, |i| (wave(i), 1e-6)), 1).unwrap_err();
    assert!(why.to_string().contains("ghost"), "{why}");
}

#[test]
fn doubled_returns_double_sd() {
    let forecast = |k: f64| {
        let data = fixture::rows(400, |i| (k * wave(i), k * k * (wave(i).powi(2) + 1e-6)));
        let mut filter = fixture::fit::<Garch>(&Params::default(), &data, 3).unwrap().start();
        data.iter().for_each(|row| filter.update(row));
        filter.forecast().unwrap().dist
    };
    let (one, two) = (forecast(1.0), forecast(2.0));
    assert_eq!((two.sd, two.rv), (2.0 * one.sd, 4.0 * one.rv));
}

#[test]
fn drift_moves_the_whole_distribution_by_the_expected_return() {
    let data = fixture::rows(400, |i| (0.001 + wave(i), wave(i).powi(2) + 1e-6));
    let of = |drift| {
        let model = fixture::fit::<Garch>(&Params { drift, ..Params::default() }, &data, 3).unwrap();
        let mut filter = model.start();
        data.iter().for_each(|row| filter.update(row));
        (model.estimate(data[0].symbol).unwrap().get("mu").unwrap(), filter.forecast().unwrap().dist)
    };
    let ((mu, with), (_, without)) = (of(true), of(false));
    let pairs = with.q.iter().zip(&without.q).chain([(&with.es01, &without.es01), (&with.es99, &without.es99)]);
    assert!(pairs.into_iter().all(|(a, b)| (a - b - 3.0 * mu).abs() < 1e-15) && with.sd == without.sd);
    let refused = Params { drift: true, mean: Mean::Zero, ..Params::default() };
    assert!(fixture::fit::<Garch>(&refused, &data, 3).unwrap_err().to_string().contains("drift"));
}

#[test]
fn constant_returns_have_no_fit_and_say_so() {
    for constant in [0.0, 0.01] {
        let data = fixture::rows(400, |_| (constant, 1e-4));
        let why = fixture::fit::<Garch>(&Params::default(), &data, 1).unwrap_err().to_string();
        assert!(why.contains("the returns have no variance"), "{why}");
    }
}

#[test]
fn the_season_is_taken_out_and_put_back() {
    let season = |i: usize| if i.is_multiple_of(2) { 0.5f64 } else { 1.5 };
    let mut data = fixture::rows(600, |i| (wave(i) * season(i).sqrt(), wave(i).powi(2) * season(i) + 1e-7));
    for (i, row) in data.iter_mut().enumerate() {
        row.set(Feature::SeasonNow, season(i));
        row.set(Feature::SeasonNext, season(i + 1));
    }
    let params = Params { deseason: true, clip: false, ..Params::default() };
    let mut filter = fixture::fit::<Garch>(&params, &data, 1).unwrap().start();
    data.iter().for_each(|row| filter.update(row));
    let mut other = data[599];
    // The same state, another slot ahead: three times the variance.
    let mut twice = |next: f64| {
        other.set(Feature::SeasonNext, next);
        other.set(Feature::Ret, f64::NAN);
        filter.update(&other);
        filter.forecast().unwrap().dist.rv
    };
    let ratio = twice(1.5) / twice(0.5);
    assert!((ratio - 3.0).abs() < 1e-12);
}
