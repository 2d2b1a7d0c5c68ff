//! Fitting GARCH and feeding each classical forecaster its rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use margincast::base::{Digest, Horizon, Seed, Span, Ts};
use margincast::feature::{Feature, Row};
use margincast::forecast::garch::Spec;
use margincast::forecast::{Entry, FitContext, Fitted, Panel, Track};
use rand::RngExt;

/// First digits of the digest of each forecaster's last forecast.
const DIGESTS: [(&str, &str); 5] = [("historical", ""), ("fhs", ""), ("ewma", ""), ("har", ""), ("garch", "")];

/// Returns of a GARCH process with uniform shocks of unit variance.
fn returns(count: usize) -> Vec<f64> {
    let mut rng = Seed(7).named("bench").rng();
    let mut variance = 4e-4;
    let mut next = || {
        let ret = f64::sqrt(variance) * 12f64.sqrt() * (rng.random::<f64>() - 0.5);
        variance = 1e-5 + 0.1 * ret * ret + 0.875 * variance;
        ret
    };
    (0..count).map(|_| next()).collect()
}

/// Daily rows with what the classical forecasters read.
fn rows() -> Vec<Row> {
    let returns = returns(2000);
    let rv: Vec<f64> = returns.iter().map(|r| 1e-4 + r * r).collect();
    let mean = |i: usize, k: usize| rv[(i + 1).saturating_sub(k)..=i].iter().sum::<f64>() / k.min(i + 1) as f64;
    let one = |i: usize| {
        let open = Ts(0) + Span::DAY.times(i as i64);
        let close = open + Span::DAY;
        let mut row = Row::empty("BENCH".parse().unwrap(), open, close, close);
        row.set(Feature::Ret, returns[i]);
        for (feature, k) in [(Feature::Rv, 1), (Feature::RvMid, 7), (Feature::RvLong, 28)] {
            row.set(feature, mean(i, k));
        }
        row
    };
    (0..returns.len()).map(one).collect()
}

fn fitted(name: &str, rows: &[Row]) -> Fitted {
    let history = BTreeMap::from([(rows[0].symbol, Arc::new(rows.to_vec()))]);
    let panel = Panel::until(&history, Ts(i64::MIN), rows[rows.len() - 1].ts_known);
    let (members, track) = (BTreeMap::new(), Track::default());
    let ctx = FitContext {
        horizon: Horizon(Span::DAY),
        step: Span::DAY,
        seed: Seed(7),
        members: &members,
        track: &track,
        progress: &|_| (),
    };
    let entry = Entry::named(name).unwrap();
    (entry.fit)(&(entry.defaults)(), &panel, &ctx).unwrap()
}

/// 2,000 returns, Student's t, five starts.
#[divan::bench]
fn garch_fit(bencher: Bencher<'_, '_>) {
    let returns = returns(2000);
    let fit = Spec::default().fit(&returns).unwrap();
    assert!(fit.converged && fit.coefficients.persistence() < 1.0);
    bencher.bench(|| Spec::default().fit(black_box(&returns)));
}

/// 2,000 rows into a fresh filter, a forecast after each.
#[divan::bench(args = DIGESTS.map(|d| d.0))]
fn update(bencher: Bencher<'_, '_>, name: &str) {
    let rows = rows();
    let model = fitted(name, &rows);
    let run = || {
        let mut filter = model.start();
        let mut last = None;
        for row in &rows {
            filter.update(row);
            last = filter.forecast();
        }
        last
    };
    let digest = Digest::of_json(&serde_json::to_value(run().unwrap().dist).unwrap()).to_string();
    let want = DIGESTS.iter().find(|d| d.0 == name).unwrap().1;
    assert!(digest.starts_with(want) && !want.is_empty(), "{name}: digest {digest}, not {want}…");
    bencher.counter(ItemsCount::new(rows.len())).bench(run);
}
