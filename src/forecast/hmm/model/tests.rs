//! Regimes on made-up rows: their order, their filter, and what is stored.

use super::*;
use crate::forecast::training::fixture;

/// Four levels of variance that last ten rows each.
fn levels(i: usize) -> (f64, f64) {
    let rv = [1e-5, 1e-4, 1e-3, 1e-2][i / 10 * 7 % 4] * (1.0 + 0.2 * (2.3 * i as f64).sin());
    (rv.sqrt() * if i.is_multiple_of(2) { 1.0 } else { -1.0 }, rv)
}

#[test]
fn each_level_is_its_own_regime_and_the_forecast_is_its_variance() {
    let rows = fixture::rows(800, levels);
    let model = fixture::fit::<Hmm>(&Params::default(), &rows, 1).unwrap();
    let own = model.symbols.values().next().unwrap();
    assert!(own.em.0, "converged");
    for (mean, rv) in own.model.means.iter().zip([1e-5_f64, 1e-4, 1e-3, 1e-2]) {
        assert!((mean[0] - rv.ln()).abs() < 0.05, "{} {}", mean[0], rv.ln());
    }
    let mut filter = model.start();
    for (i, row) in rows.iter().enumerate() {
        filter.update(row);
        let forecast = filter.forecast().unwrap();
        assert!(forecast.dist.is_sound());
        let probs = forecast.regime.unwrap().probs();
        assert!((probs.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        if i % 10 == 5 {
            let level = i / 10 * 7 % 4;
            assert!(probs[level] > 0.85, "row {i}: {probs:?}");
            let dwell = filter.dwell().unwrap();
            assert!(dwell.now[level] > 0.95 && dwell.rows == 6, "row {i}: {dwell:?}");
            assert!((7.0..14.0).contains(&dwell.expected_rows), "{dwell:?}");
        }
    }
}

#[test]
fn two_and_three_states_split_the_levels_from_calm_to_stress() {
    let rows = fixture::rows(800, levels);
    for states in [2, 3] {
        let model = fixture::fit::<Hmm>(&Params { states, ..Params::default() }, &rows, 1).unwrap();
        let mut filter = model.start();
        for (i, row) in rows.iter().enumerate() {
            filter.update(row);
            let probs = filter.forecast().unwrap().regime.unwrap().probs();
            assert_eq!((probs[2], states == 2 && probs[1] > 0.0), (0.0, false));
            match i / 10 * 7 % 4 {
                0 if i % 10 == 5 => assert!(probs[0] > 0.6, "{probs:?}"),
                3 if i % 10 == 5 => assert!(probs[3] > 0.6, "{probs:?}"),
                _ => (),
            }
        }
    }
    let params = Params { states: 5, ..Params::default() };
    assert!(matches!(fixture::fit::<Hmm>(&params, &rows, 1), Err(Error::Params { .. })));
}

#[test]
fn a_wild_row_takes_no_state() {
    let calm = fixture::fit::<Hmm>(&Params::default(), &fixture::rows(600, levels), 1).unwrap();
    let wild = |i: usize| if i == 300 { (100.0, 1e4) } else { levels(i) };
    let wild = fixture::fit::<Hmm>(&Params::default(), &fixture::rows(600, wild), 1).unwrap();
    let means = |m: &Hmm| m.symbols.values().next().unwrap().model.means.clone();
    for (a, b) in means(&calm).iter().flatten().zip(means(&wild).iter().flatten()) {
        assert!((a - b).abs() < 0.2, "{a} {b}");
    }
}

#[test]
fn columns_must_be_variances_or_of_unit_one() {
    let rows = fixture::rows(300, levels);
    for columns in [vec!["volume"], vec!["rv", "close"], vec![], vec!["rv", "nonsense"]] {
        let params = Params { columns: columns.into_iter().map(String::from).collect(), ..Params::default() };
        assert!(matches!(fixture::fit::<Hmm>(&params, &rows, 1), Err(Error::Params { .. })));
    }
}
