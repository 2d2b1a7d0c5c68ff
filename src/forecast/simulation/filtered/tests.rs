//! Filtered simulation beside plain sums over the same rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use rand::RngExt;

use super::*;
use crate::base::{Horizon, Seed, Span, Ts, stats};
use crate::forecast::Track;
use crate::forecast::simulation::fhs::{self, Fhs};
use crate::forecast::smoothing::ewma::{self, Ewma, On};
use crate::forecast::training::fixture;

/// Student returns of five degrees of freedom, 1 % each row.
fn rows(count: usize) -> Vec<Row> {
    let mut rng = Seed(5).rng();
    let mut t = || {
        let mut normal = || (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0;
        let chi: f64 = (0..5).map(|_| normal().powi(2)).sum();
        normal() / (chi / 5.0).sqrt() * (3.0f64 / 5.0).sqrt()
    };
    let r: Vec<f64> = (0..count).map(|_| 0.01 * t()).collect();
    fixture::rows(count, |i| (r[i], 1e-4))
}

fn fit(params: &Params, base: &Fitted, rows: &[Row], ahead: i64) -> Result<Filtered, Error> {
    let history = BTreeMap::from([(rows[0].symbol, Arc::new(rows.to_vec()))]);
    let panel = Panel::until(&history, Ts(i64::MIN), rows[rows.len() - 1].ts_known);
    let members = BTreeMap::from([("garch".to_string(), base.clone())]);
    let ctx = FitContext {
        horizon: Horizon(Span::DAY.times(ahead)),
        step: Span::DAY,
        seed: Seed(1),
        members: &members,
        track: &Track::default(),
        progress: &|_| (),
    };
    Filtered::fit(params, &panel, &ctx)
}

fn ewma(rows: &[Row], ahead: i64) -> Fitted {
    let params = ewma::Params { lambda: 0.97, on: On::SquaredReturn, ..ewma::Params::default() };
    Fitted::of(&fixture::fit::<Ewma>(&params, rows, ahead).unwrap()).unwrap()
}

fn last(params: &Params, rows: &[Row], ahead: i64) -> Dist {
    let mut filter = fit(params, &ewma(rows, ahead), rows, ahead).unwrap().start();
    rows.iter().for_each(|row| filter.update(row));
    filter.forecast().unwrap().dist
}

#[test]
fn an_ewma_filter_gives_filtered_historical_simulation() {
    let rows = rows(1500);
    for (scaling, ahead) in [(Scaling::Full, 1), (Scaling::Mid, 1), (Scaling::Full, 5)] {
        let own = Params { scaling, floor_quantile: 0.0, window: 500, ..Params::default() };
        let fhs = fhs::Params { scaling, floor_quantile: 0.0, window: 500, ..fhs::Params::default() };
        let mut filter = fixture::fit::<Fhs>(&fhs, &rows, ahead).unwrap().start();
        rows.iter().for_each(|row| filter.update(row));
        let (want, got) = (filter.forecast().unwrap().dist, last(&own, &rows, ahead));
        for (got, want) in got.q.iter().zip(want.q).chain([(&got.es01, want.es01), (&got.es99, want.es99)]) {
            assert!((got / want - 1.0).abs() < 1e-9, "{scaling:?} {ahead}: {got} {want}");
        }
    }
}

#[test]
fn degrees_of_freedom_are_found_and_kept_within_their_bounds() {
    let rows = rows(6000);
    let model = fit(&Params { law: Law::Student, ..Params::default() }, &ewma(&rows, 1), &rows, 1).unwrap();
    let nu = model.freedom[&rows[0].symbol];
    assert!((3.5..8.0).contains(&nu), "{nu}");
    let normal: Vec<f64> = (1..2000).map(|i| stats::normal_quantile(f64::from(i) / 2000.0)).collect();
    assert_eq!(likeliest_freedom(&normal).round(), 30.0);
    let wild: Vec<f64> = normal.iter().map(|z| z.powi(5)).collect();
    assert!((likeliest_freedom(&wild) - 3.0).abs() < 0.01);
    assert_eq!(likeliest_freedom(&[0.0; 100]), 30.0);
}

#[test]
fn pareto_tails_agree_with_the_sample_and_go_beyond_it() {
    let rows = rows(3000);
    let of = |law| last(&Params { law, window: 2500, floor_quantile: 0.0, ..Params::default() }, &rows, 1);
    let (plain, pareto) = (of(Law::Historical), of(Law::Pareto));
    for (p, h) in pareto.q.iter().zip(plain.q) {
        assert!((p / h - 1.0).abs() < 0.25 || h.abs() < 1e-3, "{p} {h}");
    }
    assert!(pareto.es01 < pareto.q[1] && pareto.es99 > pareto.q[7]);
    let short = Params { law: Law::Pareto, window: 400, ..Params::default() };
    assert!(fit(&short, &ewma(&rows, 1), &rows, 1).unwrap_err().to_string().contains("window"));
}

#[test]
fn zeros_and_jumps_stay_sound_under_every_law() {
    let data = rows(900);
    let zeros = fixture::rows(1500, |_| (0.0, 0.0));
    let jumps = fixture::rows(90, |i| ([2e4, -2e4][i % 2], 4e8));
    for law in [Law::Historical, Law::Student, Law::Pareto] {
        let params = Params { law, window: 600, ..Params::default() };
        let mut filter = fit(&params, &ewma(&data, 2), &data, 2).unwrap().start();
        let mut warm = false;
        for row in data.iter().chain(&zeros).chain(&jumps).chain(&data) {
            filter.update(row);
            let f = filter.forecast();
            assert!(f.is_some() || !warm, "{law:?}: silent again");
            warm = f.is_some();
            assert!(f.is_none_or(|f| f.dist.is_sound()));
        }
    }
}
