//! HAR on made-up rows: what is learnt, what is refused, and what runs afterwards.

use super::*;
use crate::feature::Feature;
use crate::forecast::training::fixture;

/// Rows that have every regressor.
fn rows(count: usize, rv: impl Fn(usize) -> f64) -> Vec<Row> {
    let mut rows = fixture::rows(count, |i| (0.02 * (1.7 * i as f64).sin(), rv(i)));
    for (i, row) in rows.iter_mut().enumerate() {
        let mean = |k: usize| (0..k).map(|j| rv(i.saturating_sub(j))).sum::<f64>() / k as f64;
        let season = 1.0 + 0.3 * (i as f64).cos();
        row.set(Feature::RvMid, mean(7));
        row.set(Feature::RvLong, mean(28));
        row.set(Feature::Tail4, rv(i) * (1.0 + 0.1 * (0.3 * i as f64).sin()));
        row.set(Feature::NextWeekday, (i % 7) as f64);
        let rq = |i: usize| rv(i) * rv(i) * (1.2 + (0.9 * i as f64).sin());
        for f in [Feature::Rq, Feature::Tpq] {
            row.set(f, rq(i));
        }
        row.set(Feature::RqMid, rq(i / 2));
        row.set(Feature::RqLong, rq(i / 3));
        let share = 0.2 + 0.1 * (2.9 * i as f64).sin();
        row.set(Feature::RvRough, mean(14));
        row.set(Feature::RsNeg, (0.3 + share) * rv(i));
        row.set(Feature::RsPos, (0.7 - share) * rv(i));
        for (jump, bpv, k) in [
            (Feature::Jump, Feature::Bpv, 1),
            (Feature::JumpMid, Feature::BpvMid, 7),
            (Feature::JumpLong, Feature::BpvLong, 28),
        ] {
            row.set(jump, share * mean(k));
            row.set(bpv, (1.0 - share) * mean(k));
        }
        row.set(Feature::RetNegMid, -0.01 * (1.1 + (1.1 * i as f64).sin()));
        row.set(Feature::RetNegLong, -0.01 * (1.1 + (0.7 * i as f64).cos()));
        for f in [Feature::SeasonNext, Feature::SeasonNext8, Feature::SeasonNext24] {
            row.set(f, season);
        }
        row.set(Feature::Deseason1, rv(i) / season);
        row.set(Feature::DeseasonMid, mean(7));
        row.set(Feature::DeseasonLong, mean(28));
    }
    rows
}

/// Every combination of settings that is not refused.
fn every_form() -> Vec<Params> {
    let mut all = Vec::new();
    let reaches = [Reach::None, Reach::Row, Reach::Lags];
    for form in [Form::Level, Form::Sqrt, Form::Log] {
        for season in [Season::None, Season::Weekday, Season::Weekly, Season::Diurnal] {
            for lags in [Lags::Total, Lags::Continuous, Lags::Semivariance] {
                let plain = Params { form, season, lags, ..Params::default() };
                all.push(Params { leverage: Reach::Row, winsor: 0.99, ..plain.clone() });
                all.push(Params { geometric: Some([5, 22]), falls: 2, insanity: Insanity::None, ..plain.clone() });
                all.push(Params { power_law: true, weights: Weights::RvMid, ..plain.clone() });
                all.push(Params { weights: Weights::Rv, insanity: Insanity::Mean, ..plain.clone() });
                for quarticity in reaches {
                    for jump in reaches {
                        all.push(Params { jump, quarticity, leverage: jump, ..plain.clone() });
                    }
                }
            }
        }
    }
    all.retain(|p| {
        let mut problems = Problems::default();
        p.problems(&mut problems);
        problems.is_empty()
    });
    assert!(all.len() > 60, "{}", all.len());
    all
}

#[test]
fn settings_that_do_not_go_together_are_refused_with_the_mend() {
    let plain = Params::default;
    for (params, mend) in [
        (Params { season: Season::Diurnal, quarticity: Reach::Row, ..plain() }, "season `none`, `weekday` or `weekly`"),
        (
            Params { season: Season::Diurnal, lags: Lags::Semivariance, ..plain() },
            "season `none`, `weekday` or `weekly`",
        ),
        (Params { form: Form::Sqrt, quarticity: Reach::Row, ..plain() }, "form `level` or `log`"),
        (Params { lags: Lags::Continuous, quarticity: Reach::Lags, ..plain() }, "`quarticity = \"row\"`"),
        (Params { form: Form::Log, weights: Weights::Rv, ..plain() }, "with form `level`"),
        (Params { form: Form::Log, winsor: 0.995, ..plain() }, "form `level` or `sqrt`"),
        (Params { winsor: 0.2, ..plain() }, "0.5 to 1"),
        (Params { geometric: Some([5, 22]), ..plain() }, "form `log`"),
        (Params { geometric: Some([5, 5]), form: Form::Log, ..plain() }, "must rise"),
        (Params { falls: 23, ..plain() }, "0 to 22"),
    ] {
        let why = fixture::fit::<Har>(&params, &rows(300, |_| 1e-4), 1).unwrap_err().to_string();
        assert!(why.contains(mend), "{why}");
    }
}

#[test]
fn winsorising_takes_the_say_from_one_wild_row() {
    let calm = |i: usize| 4e-4 * (1.0 + 0.5 * (0.1 * i as f64).sin());
    let wild = |i: usize| if i == 200 { 1.0 } else { calm(i) };
    let forecast = |winsor: f64, rv: &dyn Fn(usize) -> f64| {
        let data = rows(400, rv);
        let mut filter = fixture::fit::<Har>(&Params { winsor, ..Params::default() }, &data, 1).unwrap().start();
        rows(400, calm).iter().for_each(|row| filter.update(row));
        filter.forecast().unwrap().dist.rv
    };
    let off = |winsor: f64| (forecast(winsor, &wild) / forecast(winsor, &calm)).ln().abs();
    assert!(off(0.9) < 0.2 && off(1.0) > 0.5, "{} {}", off(0.9), off(1.0));
}

#[test]
fn every_form_fits_waves_and_constants_and_stays_sound_on_jumps() {
    let wave = rows(400, |i| 4e-4 * (1.0 + 0.5 * (0.1 * i as f64).sin() + 0.3 * (2.1 * i as f64).cos().powi(3)));
    let flat = rows(400, |_| 4e-4);
    let wild = rows(60, |i| [4e-4, 4e2, 0.0][i % 3]);
    for params in every_form() {
        for (data, ahead) in [(&wave, 1), (&wave, 7), (&flat, 1), (&wave, 24)] {
            let mut filter = fixture::fit::<Har>(&params, data, ahead).unwrap().start();
            let warm = params.geometric.map_or(0, |g| g[1] - 1);
            for (i, row) in data.iter().chain(&wild).enumerate() {
                filter.update(row);
                match filter.forecast() {
                    Some(forecast) => assert!(forecast.dist.is_sound(), "{params:?}"),
                    None => assert!(i < warm, "{params:?}: silent at row {i}"),
                }
            }
        }
    }
}

#[test]
fn the_forecast_is_the_regression_per_row_times_the_horizon() {
    // Every lag equals the target, so the regression must give it back, once per row ahead.
    let data = rows(400, |_| 4e-4);
    for params in every_form() {
        let mut filter = fixture::fit::<Har>(&params, &data, 5).unwrap().start();
        data.iter().for_each(|row| filter.update(row));
        assert!((filter.forecast().unwrap().dist.rv / 20e-4 - 1.0).abs() < 1e-9, "{params:?}");
    }
}

#[test]
fn too_few_rows_are_an_error_that_names_the_need() {
    let why = fixture::fit::<Har>(&Params::default(), &rows(150, |_| 1e-4), 1).unwrap_err().to_string();
    assert!(why.contains("149 usable rows") && why.contains("at least 200"), "{why}");
}

#[test]
fn a_row_without_regressors_leaves_the_forecast_as_it_was() {
    let data = rows(300, |i| 4e-4 * (1.0 + 0.5 * (0.1 * i as f64).sin()));
    let mut filter = fixture::fit::<Har>(&Params::default(), &data, 1).unwrap().start();
    assert_eq!(filter.forecast(), None);
    filter.update(&fixture::rows(1, |_| (0.0, 1e-4))[0]);
    assert_eq!(filter.forecast(), None);
    filter.update(&data[200]);
    let before = filter.forecast().unwrap();
    let mut gap = fixture::rows(1, |_| (0.0, 1e-4))[0];
    gap.ts = data[201].ts;
    filter.update(&gap);
    let after = filter.forecast().unwrap();
    assert_eq!((after.dist, after.issued), (before.dist, gap.ts));
}
