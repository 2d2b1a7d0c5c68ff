//! One line of the scoreboard: every statistic of one model on one or all instruments.

use std::collections::BTreeMap;

use super::rows::{Cell, ForecastRow, ModelScore, Truth};
use super::{classify, loss_function};
use crate::base::{Horizon, Symbol, Ts, stats};
use crate::loss::test::compare::{Bandwidth, diebold_mariano};
use crate::loss::test::coverage::{CoverageTests, Test, coverage};

/// Scores one model on the cells, all of which it covers.
pub(super) fn line(
    horizon: Horizon,
    symbol: Option<Symbol>,
    cells: &[&Cell<'_>],
    model: &str,
    base: &str,
) -> ModelScore {
    let pairs: Vec<(&Truth, &ForecastRow)> = cells
        .iter()
        .filter_map(|c| c.models.get(model).map(|rows| c.truth.iter().zip(rows.iter().copied())))
        .flatten()
        .collect();
    let n = pairs.len() as f64;
    let mean = |f: &dyn Fn(&(&Truth, &ForecastRow)) -> f64| pairs.iter().map(f).sum::<f64>() / n;
    let fit = fit(cells, model);
    let versus = versus(cells, model, base);
    let spikes = spikes(&pairs);
    let (low, high) = (tail(cells, model, Tail::Low), tail(cells, model, Tail::High));
    let one = |t: &Option<TailScore>| t.as_ref().filter(|_| cells.len() == 1).and_then(|t| t.coverage.first().copied());
    let pass = |p: fn(&CoverageTests) -> f64| {
        let low = low.as_ref().filter(|_| cells.len() > 1)?;
        Some(low.coverage.iter().filter(|c| p(c) > 0.05).count())
    };
    let below = one(&low);
    ModelScore {
        horizon,
        symbol,
        model: model.to_string(),
        n: pairs.len(),
        symbols: cells.len(),
        qlike: mean(&|(t, f)| loss_function::qlike(t.rv, f.rv)),
        ratio: versus.ratio,
        dm: versus.test.map(|t| t.statistic),
        dm_p: versus.test.map(|t| t.p),
        wins: versus.wins.filter(|_| symbol.is_none()),
        mse_log: mean(&|(t, f)| loss_function::log_error(t.rv, f.rv)),
        mse: fit.scaled_squares / n,
        r2_log: finite(1.0 - fit.squares / fit.total),
        r2_mz: finite(fit.product * fit.product / (fit.total * fit.forecast)),
        bias: pairs.iter().map(|p| p.0.rv).sum::<f64>() / pairs.iter().map(|p| p.1.rv).sum::<f64>(),
        pinball01: low.as_ref().and_then(|t| finite(t.pinball)),
        pinball99: high.as_ref().and_then(|t| finite(t.pinball)),
        hits01: low.as_ref().map(|t| t.hits),
        hits99: high.as_ref().map(|t| t.hits),
        kupiec01_p: below.map(|c| c.kupiec.p),
        kupiec99_p: one(&high).map(|c| c.kupiec.p),
        christoffersen_ind_p: below.map(|c| c.independence.p),
        cc_p: below.map(|c| c.conditional.p),
        traffic_light: below.map(|c| c.light),
        kupiec01_pass: pass(|c| c.kupiec.p),
        cc_pass: pass(|c| c.conditional.p),
        spikes: spikes.as_ref().map(|s| s.spikes),
        auc: spikes.as_ref().and_then(|s| s.auc),
        recall05: spikes.as_ref().and_then(|s| s.recall),
        onsets: spikes.as_ref().map(|s| s.onsets),
        auc_onset: spikes.as_ref().and_then(|s| s.auc_onset),
        brier: spikes.as_ref().and_then(|s| s.brier),
    }
}

fn finite(x: f64) -> Option<f64> {
    x.is_finite().then_some(x)
}

/// Sums over rows, centred within instruments.
#[derive(Default)]
struct Fit {
    squares: f64,
    total: f64,
    forecast: f64,
    product: f64,
    scaled_squares: f64,
}

fn fit(cells: &[&Cell<'_>], model: &str) -> Fit {
    let mut fit = Fit::default();
    for cell in cells {
        let Some(rows) = cell.models.get(model) else { continue };
        let rv: Vec<f64> = cell.truth.iter().map(|t| t.rv).collect();
        let (ly, lf): (Vec<f64>, Vec<f64>) = rv.iter().zip(rows).map(|(y, f)| (y.ln(), f.rv.ln())).unzip();
        let (my, mf, mean) = (stats::mean(&ly), stats::mean(&lf), stats::mean(&rv));
        for i in 0..rows.len() {
            fit.squares += (ly[i] - lf[i]).powi(2);
            fit.total += (ly[i] - my).powi(2);
            fit.forecast += (lf[i] - mf).powi(2);
            fit.product += (ly[i] - my) * (lf[i] - mf);
            fit.scaled_squares += loss_function::scaled_error(rv[i], rows[i].rv, mean);
        }
    }
    fit
}

/// Against the base.
#[derive(Default)]
struct Versus {
    ratio: Option<f64>,
    test: Option<Test>,
    wins: Option<usize>,
}

fn versus(cells: &[&Cell<'_>], model: &str, base: &str) -> Versus {
    let (mut own, mut theirs) = (Vec::new(), Vec::new());
    let mut differences: BTreeMap<Ts, (f64, f64)> = BTreeMap::new();
    let mut wins = 0;
    for cell in cells {
        let mine: Vec<f64> = cell.qlikes(model).into_iter().flatten().collect();
        own.extend_from_slice(&mine);
        let Some(other) = cell.qlikes(base) else { continue };
        let other: Vec<f64> = other.collect();
        for (t, (m, b)) in cell.truth.iter().zip(mine.iter().zip(&other)) {
            let at = differences.entry(t.ts).or_default();
            *at = (at.0 + (b - m), at.1 + 1.0);
        }
        wins += usize::from(stats::mean(&mine) < stats::mean(&other));
        theirs.extend(other);
    }
    if theirs.is_empty() {
        return Versus::default();
    }
    let averages: Vec<f64> = differences.values().map(|(sum, count)| sum / count).collect();
    Versus {
        ratio: finite(stats::mean(&own) / stats::mean(&theirs)),
        test: diebold_mariano(&averages, Bandwidth::CubeRoot),
        wins: Some(wins),
    }
}

struct Spikes {
    spikes: usize,
    auc: Option<f64>,
    recall: Option<f64>,
    onsets: usize,
    auc_onset: Option<f64>,
    brier: Option<f64>,
}

fn spikes(pairs: &[(&Truth, &ForecastRow)]) -> Option<Spikes> {
    let mut rows: Vec<_> = pairs.iter().filter(|(t, _)| !t.threshold.is_nan()).collect();
    let with_p = |rows: &[&(&Truth, &ForecastRow)]| rows.iter().filter(|(_, f)| !f.p_spike.is_nan()).count();
    if rows.is_empty() {
        return None;
    }
    if 2 * with_p(&rows) > rows.len() {
        rows.retain(|(_, f)| !f.p_spike.is_nan());
    }
    let probable = with_p(&rows) == rows.len();
    let score: Vec<f64> = rows.iter().map(|(t, f)| if probable { f.p_spike } else { f.rv / t.threshold }).collect();
    let event: Vec<bool> = rows.iter().map(|(t, _)| t.rv > t.threshold).collect();
    let calm: Vec<usize> = (0..rows.len()).filter(|i| !rows[*i].0.after_spike).collect();
    let calm_score: Vec<f64> = calm.iter().map(|i| score[*i]).collect();
    let onset: Vec<bool> = calm.iter().map(|i| event[*i]).collect();
    Some(Spikes {
        spikes: event.iter().filter(|e| **e).count(),
        auc: classify::auc(&score, &event),
        recall: classify::recall(&score, &event, 0.05),
        onsets: onset.iter().filter(|e| **e).count(),
        auc_onset: classify::auc(&calm_score, &onset),
        brier: probable.then(|| classify::brier(&score, &event)),
    })
}

#[derive(Clone, Copy, PartialEq)]
enum Tail {
    Low,
    High,
}

struct TailScore {
    pinball: f64,
    hits: f64,
    /// One per instrument.
    coverage: Vec<CoverageTests>,
}

/// `None` where fewer than half of the rows have the quantile and the return.
fn tail(cells: &[&Cell<'_>], model: &str, side: Tail) -> Option<TailScore> {
    let (mut n, mut all, mut hits, mut pinball) = (0, 0, 0, 0.0);
    let mut covered = Vec::new();
    for cell in cells {
        let rows = cell.models.get(model)?;
        all += rows.len();
        let quantile = |f: &ForecastRow| if side == Tail::Low { f.q01 } else { f.q99 };
        let pairs = cell.truth.iter().zip(rows).map(|(t, f)| (t.ret, quantile(f)));
        let pairs: Vec<(f64, f64)> = pairs.filter(|(r, q)| !r.is_nan() && !q.is_nan()).collect();
        let returns: Vec<f64> = pairs.iter().map(|p| p.0).collect();
        let m = pairs.len() as f64;
        let sd = (stats::variance(&returns) * m / (m - 1.0)).sqrt();
        let breach = |(r, q): &(f64, f64)| if side == Tail::Low { r < q } else { r > q };
        let series: Vec<bool> = pairs.iter().map(breach).collect();
        let level = if side == Tail::Low { 0.01 } else { 0.99 };
        n += pairs.len();
        hits += series.iter().filter(|h| **h).count();
        pinball += pairs.iter().map(|(r, q)| loss_function::pinball(*r, *q, level) / sd).sum::<f64>();
        covered.extend(coverage(&series, 0.01));
    }
    (n > 0 && 2 * n >= all).then(|| TailScore {
        pinball: pinball / n as f64,
        hits: hits as f64 / n as f64,
        coverage: covered,
    })
}
