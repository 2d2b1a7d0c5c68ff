//! Realised measures against their formulas written out, and against R's highfrequency 1.0.1.

use margincast::feature::{Feature, Row};

/// Features that [`features_over_rows_are_their_formulas`] compares.
pub const FEATURES: [&str; 13] = [
    "jump",
    "tpq",
    "rv_rough",
    "bpv_mid",
    "bpv_long",
    "jump_mid",
    "jump_long",
    "rq_mid",
    "rq_long",
    "ret_neg_mid",
    "ret_neg_long",
    "run_length",
    "change_prob",
];

/// The feature over the `k` rows up to `i`.
fn last(rows: &[Row], i: usize, k: usize, feature: Feature) -> impl Iterator<Item = f64> {
    rows[i + 1 - k..=i].iter().map(move |r| r.raw(feature))
}

#[test]
fn features_over_rows_are_their_formulas() {
    let Some((rows, _)) = crate::reference_features::rows("1d", "BTCUSDT") else { return };
    use Feature as F;
    assert!((0..27).all(|i| rows[i].get(F::RvRough).is_none() && rows[i].get(F::RunLength).is_none()));
    for i in [28, 700, rows.len() - 1] {
        let row = &rows[i];
        let close = |got: F, want: f64| {
            assert!((row.raw(got) - want).abs() <= 1e-10 * want.abs(), "{i} {got:?}: {} {want}", row.raw(got));
        };
        close(F::Jump, (row.raw(F::RvRet) - row.raw(F::Bpv)).max(0.0));
        for (of, mid, long) in
            [(F::Bpv, F::BpvMid, F::BpvLong), (F::Jump, F::JumpMid, F::JumpLong), (F::Rq, F::RqMid, F::RqLong)]
        {
            close(mid, last(&rows, i, 7, of).sum::<f64>() / 7.0);
            close(long, last(&rows, i, 28, of).sum::<f64>() / 28.0);
        }
        for (of, k) in [(F::RetNegMid, 7), (F::RetNegLong, 28)] {
            close(of, last(&rows, i, k, F::Ret).map(|r| r.min(0.0)).sum::<f64>() / k as f64);
        }
        let weight = |l: i32| f64::from(l).powf(-0.6);
        let logs: f64 = last(&rows, i, 28, F::Rv).zip((1..=28).rev()).map(|(rv, l)| weight(l) * rv.ln()).sum();
        close(F::RvRough, (logs / (1..=28).map(weight).sum::<f64>()).exp());
        assert!((1.0..=28.0).contains(&row.raw(F::RunLength)) && (0.0..=1.0).contains(&row.raw(F::ChangeProb)));
    }
    // In calm stretches a run lasts longer than in the days after the crash of March 2020.
    let crash = rows.iter().position(|r| r.ts_open == "2020-03-13".parse().unwrap()).unwrap();
    assert!(rows[crash].raw(F::RunLength) < 10.0 && rows[crash].raw(F::ChangeProb) > 0.8);
}
