//! Spike probabilities as alarms: are they reliable, how early do they warn, and what do they catch
//! when only so many false alarms may be raised?
//!
//! Two events are looked at. A *spike*, as on the scoreboard: the realised variance over the
//! horizon above its trailing 95 % quantile; the probability is of this one, so reliability is held
//! to it. A *burst*: within the horizon some window's variance is at least twice the median of the
//! last 60 days; alarms are held to that one.
//!
//! An alarm is a probability at or above a level, at most one per horizon. The level is the lowest
//! that kept to the budget of false alarms on the first half of the span; precision, recall and
//! lead time are of the second half.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::spike_probabilities::grouped;
use crate::base::{Horizon, OrderedWindow, Span, Ts, stats};
use crate::feature::{Feature, Row};
use crate::forecast::History;
use crate::loss::score::classify;
use crate::study::Error;
use crate::study::config::Plan;
use crate::study::measure::declare::Better::{High, Low, Neither};
use crate::study::measure::declare::Format::{Count, Fixed, Percent};
use crate::study::measure::declare::{Measurement, ReportColumn, Section, Shown, col, table};
use crate::study::measure::json;
use crate::study::measure::material::Material;
use crate::study::walk::Forecasted;

/// False alarms per instrument and month that are put up with.
const BUDGET: f64 = 2.0;
/// A window is a burst at this many times the trailing median.
const BURST: f64 = 2.0;
/// The stretch of the trailing median.
const MEDIAN_SPAN: Span = Span(60 * Span::DAY.0);
/// Mean length of a month, days.
const MONTH_DAYS: f64 = 365.25 / 12.0;
/// Levels that are tried.
const LEVELS: usize = 200;
/// What a model's alarms caught, over all instruments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpikeAlarms {
    /// Instance name.
    pub model: String,
    /// How far ahead.
    pub horizon: Horizon,
    /// Probability from which an alarm is raised.
    pub level: f64,
    /// Rows judged.
    pub n: u64,
    /// Share of rows that a burst follows.
    pub base_rate: f64,
    /// Area under the ROC curve for bursts, of rows that are not in one.
    pub auc: Option<f64>,
    /// Bursts, adjacent ones as one.
    pub bursts: u64,
    /// Alarms.
    pub alarms: u64,
    /// Alarms that no burst followed, per instrument and month.
    pub false_per_month: f64,
    /// Share of alarms that a burst followed.
    pub precision: Option<f64>,
    /// Share of bursts with an alarm.
    pub recall: Option<f64>,
    /// Median time from a true alarm to the close of the first window of its burst, hours.
    pub lead_hours: Option<f64>,
}

impl Measurement for SpikeAlarms {
    type Found = Vec<SpikeAlarms>;
    const SHOWN: &'static [Shown] = &[table(
        "Evidence: alarms",
        "Alarms at two false ones per instrument and month",
        &["model", "horizon"],
        ALARMS,
    )
    .at(Section::Evidence, 50)];
    fn measure(of: &Material<'_>) -> Result<Vec<SpikeAlarms>, Error> {
        Ok(alarms(of.plan, &of.walk.history, &of.forecasts))
    }
    fn schema() -> Value {
        json::lines(
            "Alarms from spike probabilities",
            vec![
                ("model", json::text()),
                ("horizon", json::span()),
                ("level", json::share()),
                ("n", json::count()),
                ("base_rate", json::share()),
                ("auc", json::or_null(json::share())),
                ("bursts", json::count()),
                ("alarms", json::count()),
                ("false_per_month", json::positive()),
                ("precision", json::or_null(json::share())),
                ("recall", json::or_null(json::share())),
                ("lead_hours", json::or_null(json::number())),
            ],
        )
    }
}

/// One row that a probability was given at.
#[derive(Clone, Copy)]
struct Seen {
    ts: Ts,
    p: f64,
    /// Time to the close of the first window of the burst that follows, if one does.
    lead: Option<Span>,
    /// Whether the row itself is a window of a burst.
    inside: bool,
}

/// The alarms of every model that gives spike probabilities.
fn alarms(plan: &Plan, history: &History, forecasts: &[Forecasted]) -> Vec<SpikeAlarms> {
    let step = plan.pipeline.rows.row;
    let mut lines = Vec::new();
    for ((horizon, model), by_symbol) in grouped(forecasts) {
        let ahead = (horizon.0.0 / step.0).max(1) as usize;
        let mut seen: Vec<Vec<Seen>> = Vec::new();
        for (symbol, series) in &by_symbol {
            let Some(rows) = history.get(symbol) else { continue };
            let (bursts, places) = (bursts(rows, step, ahead), places(rows));
            let one = |(ts, p): &(Ts, f64)| {
                let (lead, inside) = bursts[*places.get(ts)?]?;
                Some(Seen { ts: *ts, p: *p, lead, inside })
            };
            seen.push(series.iter().filter_map(one).collect());
        }
        lines.extend(judged(model, horizon, &seen));
    }
    lines
}

fn places(rows: &[Row]) -> BTreeMap<Ts, usize> {
    rows.iter().enumerate().map(|(i, r)| (r.ts, i)).collect()
}

/// Per row: the time to the burst that follows within the horizon, if one does, and whether the row
/// is in one. `None` where the median is not there yet or rows do not follow without a gap.
fn bursts(rows: &[Row], step: Span, ahead: usize) -> Vec<Option<(Option<Span>, bool)>> {
    let window = (MEDIAN_SPAN.0 / step.0).max(1) as usize;
    let mut past = OrderedWindow::new(window);
    let mut out = Vec::with_capacity(rows.len());
    for (i, row) in rows.iter().enumerate() {
        past.push(row.raw(Feature::Rv));
        let limit = if past.len() * 2 >= window { BURST * past.quantile(0.5) } else { f64::NAN };
        let next = rows.get(i + 1..i + 1 + ahead).filter(|n| n[ahead - 1].ts - row.ts == step.times(ahead as i64));
        out.push(next.filter(|_| limit > 0.0).map(|next| {
            let first = next.iter().find(|r| r.raw(Feature::Rv) >= limit);
            (first.map(|r| r.ts - row.ts), row.raw(Feature::Rv) >= limit)
        }));
    }
    out
}

fn judged(model: &str, horizon: Horizon, seen: &[Vec<Seen>]) -> Option<SpikeAlarms> {
    let first = seen.iter().filter_map(|s| s.first()).map(|s| s.ts).min()?;
    let last = seen.iter().filter_map(|s| s.last()).map(|s| s.ts).max()?;
    let middle = Ts(first.0 + (last.0 - first.0) / 2);
    let half = |late: bool| -> Vec<Vec<Seen>> {
        seen.iter().map(|s| s.iter().filter(|x| (x.ts > middle) == late).copied().collect()).collect()
    };
    let (early, late) = (half(false), half(true));
    let months = |from: Ts, to: Ts| ((to - from).days() / MONTH_DAYS * seen.len() as f64).max(1e-9);
    let all = stats::sorted(&early.iter().flatten().map(|s| s.p).collect::<Vec<_>>());
    if all.is_empty() || late.iter().all(Vec::is_empty) {
        return None;
    }
    let mut level = f64::INFINITY;
    for i in (0..LEVELS).rev() {
        let tried = stats::quantile(&all, i as f64 / LEVELS as f64);
        if raised(&early, tried, horizon).wrong as f64 / months(first, middle) > BUDGET {
            break;
        }
        level = tried;
    }
    let level = if level.is_finite() { level } else { 1.0 };
    let found = raised(&late, level, horizon);
    let rows: Vec<&Seen> = late.iter().flatten().collect();
    let outside: Vec<&&Seen> = rows.iter().filter(|s| !s.inside).collect();
    let (p, event): (Vec<f64>, Vec<bool>) = outside.iter().map(|s| (s.p, s.lead.is_some())).unzip();
    let share = |part: u64, of: u64| (of > 0).then(|| part as f64 / of as f64);
    let leads = stats::sorted(&found.leads);
    Some(SpikeAlarms {
        model: model.into(),
        horizon,
        level,
        n: rows.len() as u64,
        base_rate: rows.iter().filter(|s| s.lead.is_some()).count() as f64 / rows.len() as f64,
        auc: classify::auc(&p, &event),
        bursts: found.bursts,
        alarms: found.right + found.wrong,
        false_per_month: found.wrong as f64 / months(middle, last),
        precision: share(found.right, found.right + found.wrong),
        recall: share(found.caught, found.bursts),
        lead_hours: (!leads.is_empty()).then(|| stats::quantile(&leads, 0.5)),
    })
}

/// What alarms at a level come to.
#[derive(Default)]
struct Raised {
    right: u64,
    wrong: u64,
    bursts: u64,
    caught: u64,
    /// Hours.
    leads: Vec<f64>,
}

fn raised(seen: &[Vec<Seen>], level: f64, horizon: Horizon) -> Raised {
    let mut found = Raised::default();
    for series in seen {
        let (mut quiet_until, mut ahead, mut caught) = (Ts(i64::MIN), false, false);
        for s in series {
            // Rows before which a burst comes are one burst as long as they follow each other.
            if s.lead.is_some() && !ahead {
                found.bursts += 1;
                caught = false;
            }
            ahead = s.lead.is_some();
            if s.p < level || s.ts < quiet_until {
                continue;
            }
            quiet_until = s.ts + horizon.0;
            match s.lead {
                Some(lead) => {
                    found.right += 1;
                    found.leads.push(lead.seconds() / 3600.0);
                    found.caught += u64::from(!caught);
                    caught = true;
                }
                None => found.wrong += 1,
            }
        }
    }
    found
}

const ALARMS: &[ReportColumn] = &[
    col(
        "level",
        "level",
        Percent(2),
        Neither,
        "Spike probability from which an alarm is raised, at most one per horizon: the lowest that kept to two false alarms per instrument and month on the first half of the span.",
    ),
    col("n", "n", Count, Neither, "Forecasts judged: those of the second half of the span."),
    col(
        "base_rate",
        "base rate",
        Percent(2),
        Neither,
        "Share of them that a burst follows: within the horizon a window whose variance is at least twice the median of the last 60 days.",
    ),
    col(
        "auc",
        "AUC",
        Fixed(3),
        High,
        "Area under the ROC curve for bursts, of rows that are not in one: onsets alone.",
    ),
    col("bursts", "bursts", Count, Neither, "Bursts in the second half; rows that follow each other count once."),
    col("alarms", "alarms", Count, Neither, "Alarms raised in the second half."),
    col(
        "false_per_month",
        "false / month",
        Fixed(2),
        Low,
        "Alarms that no burst followed within the horizon, per instrument and month.",
    ),
    col("precision", "precision", Percent(1), High, "Share of alarms that a burst followed."),
    col("recall", "recall", Percent(1), High, "Share of bursts with an alarm in the rows before them."),
    col(
        "lead_hours",
        "lead h",
        Fixed(1),
        High,
        "Median time from a true alarm to the close of the first window of its burst, hours.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(n: i64) -> Ts {
        Ts(0) + Span::HOUR.times(n)
    }

    fn row(n: i64, rv: f64) -> Row {
        let mut row = Row::empty("AAA".parse().unwrap(), hour(n), hour(n + 1), hour(n + 1));
        row.set(Feature::Rv, rv);
        row
    }

    #[test]
    fn a_burst_is_seen_from_the_horizon_before_it_and_its_lead_is_to_its_close() {
        // Sixty days of ones, then one window of three.
        let n = 60 * 24;
        let rows: Vec<Row> = (0..n + 40).map(|i| row(i, if i == n + 20 { 3.0 } else { 1.0 })).collect();
        let at = bursts(&rows, Span::HOUR, 8);
        let lead = |i: i64| at[i as usize].map(|b| b.0.map(|l| l.seconds() / 3600.0));
        assert_eq!(
            [lead(n + 11), lead(n + 12), lead(n + 19), lead(n + 20)],
            [Some(None), Some(Some(8.0)), Some(Some(1.0)), Some(None)]
        );
        assert_eq!(at[(n + 20) as usize], Some((None, true)));
        assert_eq!((at[100], at[(n + 39) as usize]), (None, None), "no median yet, no rows any more");
    }

    #[test]
    fn alarms_are_counted_once_a_horizon_and_bursts_once() {
        let burst = |i: i64| (10..14).contains(&i) || i == 30;
        let p = |i: i64| if [2, 11, 12, 13].contains(&i) { 0.9 } else { 0.1 };
        let one = |i: i64| Seen { ts: hour(i), p: p(i), lead: burst(i).then(|| Span::HOUR.times(3)), inside: false };
        let found = raised(&[(0..40).map(one).collect()], 0.5, Horizon(Span::HOUR.times(8)));
        // Of the alarms at 11, 12 and 13 the first counts; the burst at 30 is missed; 2 is false.
        assert_eq!((found.right, found.wrong, found.bursts, found.caught), (1, 1, 2, 1));
        assert_eq!(found.leads, [3.0]);
    }
}
