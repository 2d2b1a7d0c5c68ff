//! Realised measures against their formulas written out, and against R's highfrequency 1.0.1.

use std::collections::BTreeMap;

use margincast::feature::measure::liquidity::{Quoted, effective_spread, price_impact, realised_spread, sides};
use margincast::feature::measure::noise::{Kernel, averaged, kernel, pre_averaged, two_scale};
use margincast::feature::measure::{jump, variation as v};
use margincast::feature::{Feature, Row};
use serde_json::Value;

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

#[track_caller]
fn near(ours: f64, theirs: &Value, what: &str) {
    let theirs = theirs.as_f64().unwrap();
    assert!((ours - theirs).abs() <= 1e-9 * theirs.abs(), "{what}: ours {ours}, highfrequency {theirs}");
}

/// Log prices of each of the ten days, a minute apart.
fn stock() -> Option<Vec<Vec<f64>>> {
    let prices = crate::shared::csv("reference/hf_stock_1min.csv")?["PRICE"].clone();
    Some(prices.chunks(391).map(|day| day.iter().map(|p| p.ln()).collect()).collect())
}

/// Returns over `k` minutes after a leading zero, which the peer puts where the day begins.
fn returns(ln_prices: &[f64], k: usize) -> Vec<f64> {
    let sampled: Vec<f64> = ln_prices.iter().step_by(k).copied().collect();
    std::iter::once(0.0).chain(sampled.windows(2).map(|w| w[1] - w[0])).collect()
}

#[test]
fn measures_of_minutes_are_those_of_highfrequency() {
    let Some(peer) = crate::shared::json("reference/hf_stock_1min.json") else { return };
    let Some(days) = stock() else { return };
    for (day, prices) in days.iter().enumerate() {
        for k in [1, 5] {
            let r = returns(prices, k);
            let n = r.len() as f64;
            // The peer's bipower variation has no n/(n-1); its power variation of order two has.
            let plain = v::bipower(&r) * (n - 1.0) / n;
            let limit = 3.0 * plain.sqrt() * (n - 1.0).powf(-0.49);
            for (name, ours) in [
                ("rRVar", v::rv(&r)),
                ("rBPCov", plain),
                ("rMPVar_m2_p2", v::bipower(&r)),
                ("rMedRVar", v::med_rv(&r)),
                ("rMinRVar", v::min_rv(&r)),
                // The peer counts one return more than there are.
                ("rQuar", v::quarticity(&r) * (n + 1.0) / n),
                ("rTPQuar", v::tripower_quarticity(&r)),
                ("rQPVar", v::quadpower_quarticity(&r)),
                ("rMedRQuar", v::med_quarticity(&r)),
                ("rMinRQuar", v::min_quarticity(&r)),
                ("rSkew", v::skew(&r)),
                ("rKurt", v::kurtosis(&r)),
                ("rSVar", v::semivariances(&r).0),
                ("rThresholdCov", v::threshold_rv(&r, limit)),
            ] {
                near(ours, &peer[format!("align_{k}min")][name][day], &format!("{name} {k} min day {day}"));
            }
            if k == 5 {
                let date = peer["dates"][day].as_str().unwrap();
                let parts = (v::rv(&r), plain, v::tripower_quarticity(&r), r.len());
                for (key, z) in [
                    ("BNS_linear_BV_TP_5min", jump::linear(parts.0, parts.1, parts.2, parts.3)),
                    ("BNS_ratio_max_BV_TP_5min", jump::ratio(parts.0, parts.1, parts.2, parts.3)),
                ] {
                    near(z, &peer[key][date]["ztest"], &format!("{key} {date}"));
                    near(jump::two_sided(z), &peer[key][date]["pvalue"], &format!("{key} {date} p"));
                }
            }
        }
        near(two_scale(prices, 30), &peer["rTSCov_K_30_J_1"][day], &format!("two scales day {day}"));
        for (name, shape) in [
            ("rectangular", Kernel::Rectangular),
            ("bartlett", Kernel::Bartlett),
            ("parzen", Kernel::Parzen),
            ("tukeyHanning", Kernel::TukeyHanning),
        ] {
            let ours = kernel(&returns(prices, 1), 10, shape);
            near(ours, &peer["rKernelCov"][name][day], &format!("{name} kernel day {day}"));
        }
    }
}

#[test]
fn sides_spreads_and_noise_of_trades_are_those_of_highfrequency() {
    let Some(peer) = crate::shared::json("reference/hf_trades_day1.json") else { return };
    let Some(columns) = crate::shared::csv("reference/hf_trades_day1.csv") else { return };
    let [price, bid, ask, size] = ["PRICE", "BID", "OFR", "SIZE"].map(|c| columns[c].clone());
    let trades: Vec<Quoted> = (0..price.len()).map(|i| Quoted { price: price[i], bid: bid[i], ask: ask[i] }).collect();
    let sides = sides(&trades);
    let sold = sides.iter().filter(|s| **s < 0.0).count() as u64;
    assert_eq!(peer["trade_direction_LeeReady_counts"]["-1"], sold);
    // The peer's realised spread looks 300 trades ahead, not 300 seconds.
    let later: Vec<Option<f64>> = (0..trades.len()).map(|i| trades.get(i + 300).map(Quoted::mid)).collect();
    let of = |f: &dyn Fn(usize) -> Option<f64>| -> Vec<f64> { (0..trades.len()).filter_map(f).collect() };
    let realised = |i: usize| later[i].map(|m| realised_spread(&trades[i], sides[i], m));
    let impact = |i: usize| later[i].map(|m| price_impact(&trades[i], sides[i], m));
    for (name, ours) in [
        ("direction", of(&|i| Some(sides[i]))),
        ("signedTradeSize", of(&|i| Some(sides[i] * size[i]))),
        ("effectiveSpread", of(&|i| Some(effective_spread(&trades[i], sides[i])))),
        ("proportionalEffectiveSpread", of(&|i| Some(effective_spread(&trades[i], sides[i]) / trades[i].mid()))),
        ("realizedSpread", of(&realised)),
        ("proportionalRealizedSpread", of(&|i| Some(realised(i)? / trades[i].mid()))),
        ("priceImpact", of(&impact)),
        ("proportionalPriceImpact", of(&|i| Some(impact(i)? / trades[i].mid()))),
    ] {
        near(ours.iter().sum::<f64>() / ours.len() as f64, &peer["mean"][name], name);
        for (k, theirs) in peer["first5"][name].as_array().unwrap().iter().enumerate() {
            assert!((ours[k] - theirs.as_f64().unwrap()).abs() < 1e-12, "{name} {k}");
        }
    }
    let ln: Vec<f64> = price.iter().map(|p| p.ln()).collect();
    let tick = &peer["tick"];
    near(two_scale(&ln, 300), &tick["rTSCov_K300"], "two scales");
    near(pre_averaged(&returns(&ln, 1), 0.8), &tick["rMRCov_theta0.8"], "pre-averaged");

    let file = std::fs::read_to_string(crate::shared::path("reference/hf_trades_day1.csv").unwrap()).unwrap();
    let of_day = |line: &str| {
        let part = |from: usize, to: usize| line[from..to].parse::<f64>().unwrap();
        3600.0 * part(11, 13) + 60.0 * part(14, 16) + line[17..].split(',').next().unwrap().parse::<f64>().unwrap()
    };
    let seconds: Vec<f64> = file.lines().skip(1).map(of_day).collect();
    near(v::rv(&returns(&on_grid(&seconds, &ln, 300.0), 1)), &tick["rRVar_5min"], "five minutes of ticks");
    near(averaged(&on_grid(&seconds, &ln, 60.0), 5), &tick["rAVGCov_5min"], "five grids of five minutes");
    // The peer aligns its kernel to seconds.
    let parzen = kernel(&returns(&on_grid(&seconds, &ln, 1.0), 1), 30, Kernel::Parzen);
    near(parzen, &tick["rKernel_parzen"], "kernel of the day's seconds");
}

/// The first log price, then the last one up to the end of each stretch of `step` seconds.
fn on_grid(seconds: &[f64], ln_prices: &[f64], step: f64) -> Vec<f64> {
    let last: BTreeMap<u64, f64> =
        seconds.iter().zip(ln_prices).skip(1).map(|(s, ln)| ((s / step).ceil() as u64, *ln)).collect();
    let (from, to) = (*last.keys().next().unwrap(), *last.keys().next_back().unwrap());
    let mut held = ln_prices[0];
    let mut next = |k: u64| {
        held = *last.get(&k).unwrap_or(&held);
        held
    };
    std::iter::once(ln_prices[0]).chain((from..=to).map(&mut next)).collect()
}
