//! One table that compares like with like: for each instrument only the rows that every model
//! forecast, and a pooled line only for models that cover every instrument.
//!
//! Conventions (each held equal to a Python script in the tests): spikes are realised variances
//! above their threshold; an onset is a spike whose previous window was none; models without a
//! spike probability are ranked by variance over threshold; pooled Diebold-Mariano averages the
//! loss differences over instruments at each time first, so that what instruments share is
//! carried by the series of averages; Kupiec takes n observations, independence n - 1 transitions.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Error;
use super::compare::{Bandwidth, diebold_mariano};
use super::coverage::{Coverage, Light, coverage};
use super::{classify, score};
use crate::base::{Horizon, Symbol, Ts, stats};

/// What happened over one window. Absent numbers are NaN.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OutcomeRow {
    /// The instrument.
    pub symbol: Symbol,
    /// Start of the window: when forecasts of it are issued.
    pub ts: Ts,
    /// Realised variance; rows where it is not positive are left out.
    pub rv: f64,
    /// Log return.
    pub ret: f64,
    /// A realised variance above this is a spike.
    pub spike_threshold: f64,
}

/// What one model forecast of one window. Absent numbers are NaN.
#[derive(Clone, Debug, PartialEq)]
pub struct ForecastRow {
    /// Instance name.
    pub model: Arc<str>,
    /// The instrument.
    pub symbol: Symbol,
    /// Issue time: start of the window.
    pub ts: Ts,
    /// Forecast of the realised variance; where it is not positive the row is left out for every
    /// model.
    pub rv: f64,
    /// 1 % quantile of the log return.
    pub q01: f64,
    /// 99 % quantile of the log return.
    pub q99: f64,
    /// Probability of a spike.
    pub p_spike: f64,
}

/// One line of the scoreboard. Absent statistics are those that the rows do not allow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelScore {
    /// How far ahead.
    pub horizon: Horizon,
    /// The instrument; absent on the pooled line, which is written as `ALL`.
    #[serde(with = "pooled")]
    pub symbol: Option<Symbol>,
    /// Instance name.
    pub model: String,
    /// Rows scored.
    pub n: usize,
    /// Instruments in the line.
    pub symbols: usize,
    /// Mean QLIKE of the variance.
    pub qlike: f64,
    /// Over that of the base.
    pub ratio: Option<f64>,
    /// Diebold-Mariano statistic against the base; positive is better than the base.
    pub dm: Option<f64>,
    /// Its two-sided p-value.
    pub dm_p: Option<f64>,
    /// Instruments on which the mean QLIKE is below the base's (pooled line).
    pub wins: Option<usize>,
    /// Mean squared error of the log variance.
    pub mse_log: f64,
    /// Mean squared error of the variance over the squared mean variance of the instrument.
    pub mse: f64,
    /// Share of the log variance's squares explained by the forecast as it is.
    pub r2_log: Option<f64>,
    /// Squared correlation of log variance and log forecast within instruments.
    pub r2_mz: Option<f64>,
    /// Sum of realised over sum of forecast variances.
    pub bias: f64,
    /// Mean pinball loss of the 1 % quantile over the standard deviation of returns.
    pub pinball01: Option<f64>,
    /// Of the 99 % quantile.
    pub pinball99: Option<f64>,
    /// Share of returns below the 1 % quantile.
    pub hits01: Option<f64>,
    /// Share of returns above the 99 % quantile.
    pub hits99: Option<f64>,
    /// Kupiec p-value of the 1 % quantile (one instrument).
    pub kupiec01_p: Option<f64>,
    /// Of the 99 % quantile (one instrument).
    pub kupiec99_p: Option<f64>,
    /// Christoffersen independence p-value of the 1 % quantile (one instrument).
    pub christoffersen_ind_p: Option<f64>,
    /// Conditional coverage p-value of the 1 % quantile (one instrument).
    pub cc_p: Option<f64>,
    /// Basel zone of the 1 % quantile (one instrument).
    pub traffic_light: Option<Light>,
    /// Instruments whose Kupiec p-value of the 1 % quantile is above 5 % (pooled line).
    pub kupiec01_pass: Option<usize>,
    /// Instruments whose conditional coverage p-value is above 5 % (pooled line).
    pub cc_pass: Option<usize>,
    /// Rows with a spike.
    pub spikes: Option<usize>,
    /// Area under the ROC curve for spikes.
    pub auc: Option<f64>,
    /// Share of spikes caught at 5 % false alarms.
    pub recall05: Option<f64>,
    /// Spikes whose previous window was none.
    pub onsets: Option<usize>,
    /// Area under the ROC curve for onsets.
    pub auc_onset: Option<f64>,
    /// Mean squared error of the spike probability.
    pub brier: Option<f64>,
}

/// The pooled line's symbol on disk.
mod pooled {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::base::Symbol;

    const ALL: &str = "ALL";

    pub fn serialize<S: Serializer>(symbol: &Option<Symbol>, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(symbol.as_ref().map_or(ALL, Symbol::as_str))
    }
    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Symbol>, D::Error> {
        let text = String::deserialize(d)?;
        if text == ALL { Ok(None) } else { text.parse().map(Some).map_err(serde::de::Error::custom) }
    }
}

/// What happened, with whether the window before was a spike.
#[derive(Clone, Copy)]
struct Truth {
    ts: Ts,
    rv: f64,
    ret: f64,
    threshold: f64,
    after_spike: bool,
}

/// One instrument: the windows that every model forecast, and each model's forecasts of them.
struct Cell<'a> {
    symbol: Symbol,
    truth: Vec<Truth>,
    models: BTreeMap<&'a str, Vec<&'a ForecastRow>>,
}

impl Cell<'_> {
    fn qlikes<'b>(&'b self, model: &str) -> Option<impl Iterator<Item = f64> + 'b> {
        let rows = self.models.get(model)?;
        Some(self.truth.iter().zip(rows).map(|(t, f)| score::qlike(t.rv, f.rv)))
    }
}

/// Scores every model, per instrument and pooled, against the model named `base` where there is
/// one. Lines are ordered pooled first, then by instrument, then by QLIKE.
///
/// # Errors
/// A model has two rows of one instrument and time.
pub fn scoreboard(
    horizon: Horizon,
    outcomes: &[OutcomeRow],
    forecasts: &[ForecastRow],
    base: &str,
) -> Result<Vec<ModelScore>, Error> {
    let cells = align(outcomes, forecasts)?;
    let all: Vec<&Cell<'_>> = cells.iter().collect();
    let mut lines = lines(horizon, None, &all, base);
    for cell in &cells {
        lines.extend(self::lines(horizon, Some(cell.symbol), &[cell], base));
    }
    Ok(lines)
}

fn lines(horizon: Horizon, symbol: Option<Symbol>, cells: &[&Cell<'_>], base: &str) -> Vec<ModelScore> {
    let covering = |model: &&str| cells.iter().all(|c| c.models.contains_key(*model));
    let Some(first) = cells.first() else { return Vec::new() };
    let mut lines: Vec<ModelScore> =
        first.models.keys().copied().filter(covering).map(|model| line(horizon, symbol, cells, model, base)).collect();
    lines.sort_by(|a, b| a.qlike.total_cmp(&b.qlike).then_with(|| a.model.cmp(&b.model)));
    lines
}

fn align<'a>(outcomes: &[OutcomeRow], forecasts: &'a [ForecastRow]) -> Result<Vec<Cell<'a>>, Error> {
    let truth = truth(outcomes);
    let mut rows: BTreeMap<Symbol, BTreeMap<&str, BTreeMap<Ts, &ForecastRow>>> = BTreeMap::new();
    for row in forecasts.iter().filter(|r| r.rv > 0.0) {
        if !truth.get(&row.symbol).is_some_and(|t| t.contains_key(&row.ts)) {
            continue;
        }
        let series = rows.entry(row.symbol).or_default().entry(&row.model).or_default();
        if series.insert(row.ts, row).is_some() {
            return Err(Error::Twice { model: row.model.to_string(), symbol: row.symbol, ts: row.ts });
        }
    }
    let cell = |(symbol, models): (Symbol, BTreeMap<&'a str, BTreeMap<Ts, &'a ForecastRow>>)| {
        let common = |t: &&Truth| models.values().all(|series| series.contains_key(&t.ts));
        let truth: Vec<Truth> = truth.get(&symbol)?.values().filter(common).copied().collect();
        let pick =
            |series: &BTreeMap<Ts, &'a ForecastRow>| truth.iter().filter_map(|t| series.get(&t.ts).copied()).collect();
        let models = models.iter().map(|(name, series)| (*name, pick(series))).collect();
        (!truth.is_empty()).then_some(Cell { symbol, truth, models })
    };
    Ok(rows.into_iter().filter_map(cell).collect())
}

fn truth(outcomes: &[OutcomeRow]) -> BTreeMap<Symbol, BTreeMap<Ts, Truth>> {
    let mut truth: BTreeMap<Symbol, BTreeMap<Ts, Truth>> = BTreeMap::new();
    for o in outcomes.iter().filter(|o| o.rv > 0.0) {
        let row = Truth { ts: o.ts, rv: o.rv, ret: o.ret, threshold: o.spike_threshold, after_spike: false };
        truth.entry(o.symbol).or_default().insert(o.ts, row);
    }
    for series in truth.values_mut() {
        let mut spike = false;
        for row in series.values_mut() {
            row.after_spike = spike;
            spike = row.rv > row.threshold;
        }
    }
    truth
}

fn line(horizon: Horizon, symbol: Option<Symbol>, cells: &[&Cell<'_>], model: &str, base: &str) -> ModelScore {
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
    let pass = |p: fn(&Coverage) -> f64| {
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
        qlike: mean(&|(t, f)| score::qlike(t.rv, f.rv)),
        ratio: versus.ratio,
        dm: versus.test.map(|t| t.statistic),
        dm_p: versus.test.map(|t| t.p),
        wins: versus.wins.filter(|_| symbol.is_none()),
        mse_log: mean(&|(t, f)| score::log_error(t.rv, f.rv)),
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
            fit.scaled_squares += score::scaled_error(rv[i], rows[i].rv, mean);
        }
    }
    fit
}

/// Against the base.
#[derive(Default)]
struct Versus {
    ratio: Option<f64>,
    test: Option<super::coverage::Test>,
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
    coverage: Vec<Coverage>,
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
        pinball += pairs.iter().map(|(r, q)| score::pinball(*r, *q, level) / sd).sum::<f64>();
        covered.extend(coverage(&series, 0.01));
    }
    (n > 0 && 2 * n >= all).then(|| TailScore {
        pinball: pinball / n as f64,
        hits: hits as f64 / n as f64,
        coverage: covered,
    })
}
