//! What was recorded of decisions and of what followed: all that a policy needs, without a model.

use std::collections::BTreeMap;
use std::path::Path;

use crate::base::table::Table;
use crate::base::{Digest, Horizon, Span, Symbol, Ts};
use crate::feature::RowConfig;
use crate::forecast::{History, Outcome};
use crate::margin::Decision;
use crate::pipeline::{Margin, market_time};
use crate::study::Error;
use crate::study::config::Plan;

/// The decisions of one instrument over one horizon, in order of time.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedSeries {
    /// The instrument.
    pub symbol: Symbol,
    /// One row for each decision.
    pub rows: Vec<RecordedRow>,
}

/// One decision and what followed. Losses are fractions of notional.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RecordedRow {
    /// When it was made.
    pub ts: Ts,
    /// The same by the guardrails' clock.
    pub at: Ts,
    /// Baseline 99 % loss.
    pub baseline: f64,
    /// Forecast 99 % loss, where there was one.
    pub forecast_loss: Option<f64>,
    /// Share of its weight that the forecast had; 0 where it was silenced.
    pub heard: f64,
    /// Probability of the stressed regime, where a model gave it.
    pub p_stress: Option<f64>,
    /// Probability of a spike, the second voice of the emergency lane.
    pub p_spike: Option<f64>,
    /// Requirement in the stressed regime.
    pub stressed: f64,
    /// Long-run 99 % loss, where the cap on the total lift is held against one.
    pub long_run_var: Option<f64>,
    /// Confidence in the inputs.
    pub confidence: f64,
    /// Factor of the schedule, whether or not it was applied.
    pub schedule: f64,
    /// Initial margin that was asked.
    pub c_im: f64,
    /// The loss over the horizon that followed, where it is known.
    pub loss: Option<KnownLoss>,
}

/// A loss, and when it was known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KnownLoss {
    /// Fraction of notional.
    pub loss: f64,
    /// End of the horizon.
    pub known: Ts,
}

/// Decisions that belong together: one horizon, all instruments in the order of their names.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Over which losses are measured.
    pub horizon: Horizon,
    /// Length of a row.
    pub row: Span,
    /// One for each instrument.
    pub series: Vec<RecordedSeries>,
}

/// What a decision and its outcome are, before they are put in order.
struct Found {
    symbol: Symbol,
    horizon: Horizon,
    row: RecordedRow,
}

impl Record {
    /// From the files of a backtest: `decisions.parquet` and `outcomes.parquet` of a folder. Without a horizon there may
    /// be one only.
    ///
    /// # Errors
    /// A file cannot be read, a column is missing, or the horizon is not there.
    pub fn read(folder: &Path, margin: &Margin, rows: &RowConfig, horizon: Option<Horizon>) -> Result<Record, Error> {
        let found = decisions(&folder.join("decisions.parquet"))?;
        let mut horizons: Vec<Horizon> = found.iter().map(|f| f.horizon).collect();
        horizons.sort_unstable();
        horizons.dedup();
        let list = || horizons.iter().map(|h| h.0.to_string()).collect::<Vec<_>>().join(", ");
        let place = folder.display();
        let horizon = match (horizon, horizons.as_slice()) {
            (None, [one]) => *one,
            (None, []) => return Err(Error::Plan(format!("{place}: decisions.parquet has no rows"))),
            (None, _) => return Err(Error::Plan(format!("{place}: decisions over {}; say --horizon", list()))),
            (Some(h), all) if all.contains(&h) => h,
            (Some(h), _) => return Err(Error::Plan(format!("{place}: no decisions over {}; has {}", h.0, list()))),
        };
        let mut losses = outcomes(&folder.join("outcomes.parquet"), horizon, margin)?;
        let own = found.into_iter().filter(|f| f.horizon == horizon).map(|mut f| {
            let loss = losses.remove(&(f.symbol, f.row.ts));
            f.row.loss = loss.map(|loss| KnownLoss { loss, known: f.row.ts + horizon.0 });
            f
        });
        Ok(Record::ordered(own.collect(), margin, rows, horizon))
    }

    /// From the decisions of a walk, and what followed in its rows, over a horizon of so many rows.
    pub fn of(decisions: &[Decision], history: &History, plan: &Plan, ahead: usize) -> Record {
        let (margin, rows) = (&plan.pipeline.margin, &plan.pipeline.rows);
        let horizon = Horizon(rows.row.times(ahead as i64));
        let present = |x: f64| Some(x).filter(|x| x.is_finite());
        let found = decisions.iter().filter(|d| d.horizon == horizon).map(|d| {
            let own = history.get(&d.symbol).map_or(&[][..], |rows| rows.as_slice());
            let outcome = Outcome::after(own, own.partition_point(|r| r.ts < d.ts), ahead);
            let row = RecordedRow {
                ts: d.ts,
                at: d.ts,
                baseline: d.baseline,
                forecast_loss: d.forecast_loss,
                heard: heard(d.why.heard),
                p_stress: d.p_stress,
                p_spike: present(d.why.p_spike),
                stressed: d.why.stressed,
                long_run_var: present(d.why.long_run_var),
                confidence: d.why.confidence,
                schedule: d.why.schedule,
                c_im: d.c_im,
                loss: outcome.map(|o| KnownLoss { loss: margin.baseline.side.loss(o.ret), known: o.known }),
            };
            Found { symbol: d.symbol, horizon, row }
        });
        Record::ordered(found.collect(), margin, rows, horizon)
    }
    fn ordered(found: Vec<Found>, margin: &Margin, rows: &RowConfig, horizon: Horizon) -> Record {
        let mut by: BTreeMap<Symbol, Vec<RecordedRow>> = BTreeMap::new();
        found.into_iter().for_each(|f| by.entry(f.symbol).or_default().push(f.row));
        let ahead = (horizon.0.0 / rows.row.0.max(1)) as usize;
        let one = |(symbol, mut own): (Symbol, Vec<RecordedRow>)| {
            own.sort_by_key(|r| r.ts);
            let closes: Vec<Ts> = own.iter().map(|r| r.ts).collect();
            if margin.market_time {
                let times = market_time(&closes, rows.row, rows.closure);
                own.iter_mut().zip(times).for_each(|(row, at)| row.at = at);
            }
            for (i, row) in own.iter_mut().enumerate() {
                // Over a closure a horizon of rows ends later than its length says.
                if let (Some(loss), Some(end)) = (&mut row.loss, closes.get(i + ahead)) {
                    loss.known = loss.known.max(if margin.market_time { *end } else { loss.known });
                }
                if margin.baseline_model.is_some() {
                    row.long_run_var = None; // That cap holds over measured losses only.
                }
            }
            RecordedSeries { symbol, rows: own }
        };
        Record { horizon, row: rows.row, series: by.into_iter().map(one).collect() }
    }

    /// First and last time of a decision whose outcome is known.
    pub fn span(&self) -> Option<(Ts, Ts)> {
        let judged = || self.series.iter().flat_map(|s| &s.rows).filter(|r| r.loss.is_some()).map(|r| r.ts);
        Some((judged().min()?, judged().max()?))
    }

    /// Digest of every number of it.
    pub fn digest(&self) -> Digest {
        let mut bytes = format!("{} {}", self.horizon.0, self.row).into_bytes();
        for series in &self.series {
            bytes.extend_from_slice(series.symbol.as_str().as_bytes());
            for r in &series.rows {
                let times = [r.ts, r.at, r.loss.map_or(Ts(0), |l| l.known)];
                times.iter().for_each(|t| bytes.extend_from_slice(&t.0.to_le_bytes()));
                let optional = [r.forecast_loss, r.p_stress, r.p_spike, r.long_run_var, r.loss.map(|l| l.loss)];
                let numbers = [r.baseline, r.heard, r.stressed, r.confidence, r.schedule, r.c_im].into_iter();
                let all = numbers.chain(optional.map(|x| x.unwrap_or(f64::NAN)));
                all.for_each(|x| bytes.extend_from_slice(&x.to_bits().to_le_bytes()));
            }
        }
        Digest::of(&bytes)
    }
}

/// A forecast of which nothing was recorded against it has its whole weight.
fn heard(share: f64) -> f64 {
    if share.is_finite() { share } else { 1.0 }
}

/// Every decision of a file, without what followed. Of what the files of earlier versions do not tell nothing binds: the
/// forecast is heard, the stress link, the emergency lane's second voice and the long-run cap are out, inputs are sound, and the factor of
/// the schedule is one.
fn decisions(path: &Path) -> Result<Vec<Found>, Error> {
    let table = Table::read(path)?;
    let (symbols, ts, horizons) = (table.texts("symbol")?, table.times("ts")?, table.ints("horizon_ns")?);
    let (baseline, c_im) = (table.floats("baseline")?, table.floats("c_im")?);
    let (forecast, p_stress) = (table.floats("forecast_loss")?, table.floats("p_stress")?);
    let later = |name: &str| match table.find(name) {
        Some(_) => table.floats(name).map(Some),
        None => Ok(None),
    };
    let (share, p_spike, stressed) = (later("heard")?, later("p_spike")?, later("stressed")?);
    let (long_run_var, confidence) = (later("long_run_var")?, later("confidence")?);
    let schedule = later("schedule")?;
    let bad = |i: usize, what: &str| Error::Plan(format!("{}: row {}: no {what}", path.display(), i + 1));
    let at = |column: &Option<std::borrow::Cow<'_, [f64]>>, i: usize| {
        column.as_ref().map(|c| c[i]).filter(|x| x.is_finite())
    };
    let present = |x: f64| Some(x).filter(|x| x.is_finite());
    let one = |i: usize| {
        Ok(Found {
            symbol: symbols[i].as_deref().and_then(|s| s.parse().ok()).ok_or_else(|| bad(i, "symbol"))?,
            horizon: Horizon(Span(horizons[i].ok_or_else(|| bad(i, "horizon_ns"))?)),
            row: RecordedRow {
                ts: ts[i],
                at: ts[i],
                baseline: baseline[i],
                forecast_loss: present(forecast[i]),
                heard: heard(at(&share, i).unwrap_or(f64::NAN)),
                p_stress: present(p_stress[i]),
                p_spike: at(&p_spike, i),
                stressed: at(&stressed, i).unwrap_or(baseline[i]),
                long_run_var: at(&long_run_var, i),
                confidence: at(&confidence, i).unwrap_or(1.0),
                schedule: at(&schedule, i).unwrap_or(1.0),
                c_im: c_im[i],
                loss: None,
            },
        })
    };
    (0..table.rows()).map(one).collect()
}

/// The losses of a file of outcomes over one horizon.
fn outcomes(path: &Path, horizon: Horizon, margin: &Margin) -> Result<BTreeMap<(Symbol, Ts), f64>, Error> {
    let table = Table::read_columns(path, &["symbol", "ts", "horizon_ns", "ret"])?;
    let (symbols, ts) = (table.texts("symbol")?, table.times("ts")?);
    let (horizons, ret) = (table.ints("horizon_ns")?, table.floats("ret")?);
    let mut losses = BTreeMap::new();
    for i in 0..table.rows() {
        let symbol = symbols[i].as_deref().and_then(|s| s.parse().ok());
        let own = horizons[i] == Some(horizon.0.0) && ret[i].is_finite();
        if let Some(symbol) = symbol.filter(|_| own) {
            losses.insert((symbol, ts[i]), margin.baseline.side.loss(ret[i]));
        }
    }
    Ok(losses)
}
