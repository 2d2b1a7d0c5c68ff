//! What a policy asked for and what that bought, beside two controls of equal average margin.
//!
//! | control | what it asks |
//! |---|---|
//! | of equal cost | the baseline times the constant that gives it the policy's average, instrument by instrument |
//! | flat | the policy's average at every row, instrument by instrument |
//!
//! Rises and changes are those of what is before the schedule, which everybody could know a week ahead.
//!
//! Pooled, shortfalls, breaches and averages are over all rows of all instruments, worst rises and the mean of the worst
//! those of the worst instrument, changes a day the mean over instruments. The published ratio is the sum of the
//! policy's shortfalls over that of its controls, each instrument with its own constant.

use serde::{Deserialize, Serialize};

use super::recorded::{Record, RecordedSeries};
use super::replay::AskedMargin;
use crate::base::{Span, Symbol, Ts};

/// Rows over which rises are taken.
pub const OVER_ROWS: [usize; 3] = [1, 5, 20];

/// Fewest rows of an instrument that are judged.
pub const FEWEST: usize = 60;

/// What one-row rises beyond their quantile at this level are, on average.
const RISE_LEVEL: f64 = 0.99;

/// Rows of one instrument whose outcome is known, as columns.
#[derive(Clone, Debug, PartialEq)]
pub struct JudgedRows {
    /// The instrument.
    pub symbol: Symbol,
    /// Places in the record.
    pub at: Vec<usize>,
    /// When each was decided.
    pub ts: Vec<Ts>,
    /// Baselines.
    pub baseline: Vec<f64>,
    /// The losses that followed.
    pub loss: Vec<f64>,
    /// When each was known.
    pub known: Vec<Ts>,
}

impl JudgedRows {
    /// Of a series: rows with a positive baseline and a known loss.
    pub fn of(series: &RecordedSeries) -> JudgedRows {
        let mut all =
            JudgedRows { symbol: series.symbol, at: vec![], ts: vec![], baseline: vec![], loss: vec![], known: vec![] };
        for (i, row) in series.rows.iter().enumerate() {
            let Some(loss) = row.loss.filter(|_| row.baseline.is_finite() && row.baseline > 0.0) else { continue };
            all.at.push(i);
            all.ts.push(row.ts);
            all.baseline.push(row.baseline);
            all.loss.push(loss.loss);
            all.known.push(loss.known);
        }
        all
    }
    /// How many of its rows were decided, and their outcome known, before a time.
    pub fn known_before(&self, time: Ts) -> usize {
        self.known.partition_point(|known| *known < time)
    }
    /// Where rows decided at or after a time begin.
    pub fn from(&self, time: Ts) -> usize {
        self.ts.partition_point(|ts| *ts < time)
    }
    /// What a policy asked at these rows.
    pub fn pick(&self, asked: &AskedMargin) -> AskedMargin {
        let own = |all: &[f64]| self.at.iter().map(|i| all[*i]).collect();
        let (new, unscheduled_new) = (own(&asked.new), own(&asked.unscheduled_new));
        AskedMargin { c: own(&asked.c), unscheduled: own(&asked.unscheduled), new, unscheduled_new }
    }
}

/// Rows of every instrument whose outcome is known.
pub fn judged(record: &Record) -> Vec<JudgedRows> {
    record.series.iter().map(JudgedRows::of).collect()
}

/// One policy over a stretch, all instruments together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyOutcome {
    /// Rows.
    pub n: usize,
    /// Average margin, fraction of notional.
    pub average: f64,
    /// Average baseline.
    pub baseline_average: f64,
    /// Sum of shortfalls, fraction of notional.
    pub shortfall: f64,
    /// That of the control of equal cost.
    pub control_shortfall: f64,
    /// That of the flat control.
    pub flat_shortfall: f64,
    /// That of the baseline alone.
    pub baseline_shortfall: f64,
    /// Losses above the margin.
    pub breaches: usize,
    /// Those of the control of equal cost.
    pub control_breaches: usize,
    /// Worst relative rises over 1, 5 and 20 rows, before the schedule.
    pub rises: [f64; 3],
    /// Those of the control of equal cost, which are the baseline's.
    pub control_rises: [f64; 3],
    /// Mean of the largest 1 % of one-row rises.
    pub rise_es99: f64,
    /// Changes of the margin a day.
    pub changes_a_day: f64,
    /// Instruments on which less is left uncovered than by the control of equal cost.
    pub better: usize,
    /// Instruments.
    pub instruments: usize,
}

impl PolicyOutcome {
    /// Shortfall over that of the control of equal cost; `None` where the control leaves none.
    pub fn ratio(&self) -> Option<f64> {
        (self.control_shortfall > 0.0).then(|| self.shortfall / self.control_shortfall)
    }
    /// Shortfall over that of the flat control.
    pub fn flat_ratio(&self) -> Option<f64> {
        (self.flat_shortfall > 0.0).then(|| self.shortfall / self.flat_shortfall)
    }
    /// What is not to be large, each for itself: what a policy that nobody dominates is least of in some mix.
    pub fn costs(&self) -> [f64; 7] {
        let [one, five, twenty] = self.rises;
        [self.shortfall, self.average, one, five, twenty, self.rise_es99, self.changes_a_day]
    }
    /// Over the chosen rows of each instrument: what it asked there (aligned with the rows), and which rows. `None`
    /// without an instrument of 60 rows.
    pub fn of(
        judged: &[JudgedRows],
        asked: &[AskedMargin],
        rows: impl Fn(&JudgedRows) -> (usize, usize),
    ) -> Option<PolicyOutcome> {
        let mut pooled: Option<PolicyOutcome> = None;
        for (own, asked) in judged.iter().zip(asked) {
            let (from, to) = rows(own);
            let Some(one) = single(own, asked, from.min(to), to) else { continue };
            pooled = Some(pooled.map_or(one, |p| p.with(&one)));
        }
        // What was summed over rows or instruments becomes a mean.
        pooled.map(|p| PolicyOutcome {
            average: p.average / p.n as f64,
            baseline_average: p.baseline_average / p.n as f64,
            changes_a_day: p.changes_a_day / p.instruments as f64,
            ..p
        })
    }
    /// Together with another instrument; averages are still sums.
    fn with(&self, other: &PolicyOutcome) -> PolicyOutcome {
        let most = |a: [f64; 3], b: [f64; 3]| std::array::from_fn(|k| a[k].max(b[k]));
        PolicyOutcome {
            n: self.n + other.n,
            average: self.average + other.average,
            baseline_average: self.baseline_average + other.baseline_average,
            shortfall: self.shortfall + other.shortfall,
            control_shortfall: self.control_shortfall + other.control_shortfall,
            flat_shortfall: self.flat_shortfall + other.flat_shortfall,
            baseline_shortfall: self.baseline_shortfall + other.baseline_shortfall,
            breaches: self.breaches + other.breaches,
            control_breaches: self.control_breaches + other.control_breaches,
            rises: most(self.rises, other.rises),
            control_rises: most(self.control_rises, other.control_rises),
            rise_es99: self.rise_es99.max(other.rise_es99),
            changes_a_day: self.changes_a_day + other.changes_a_day,
            better: self.better + other.better,
            instruments: self.instruments + other.instruments,
        }
    }
}

/// One instrument over rows `from..to`; averages are sums. `None` with fewer than 60 rows, or without a margin at one.
fn single(own: &JudgedRows, asked: &AskedMargin, from: usize, to: usize) -> Option<PolicyOutcome> {
    let (c, b, l) = (&asked.c[from..to], &own.baseline[from..to], &own.loss[from..to]);
    let state = &asked.unscheduled[from..to];
    let n = c.len();
    if n < FEWEST || c.iter().any(|c| !(c.is_finite() && *c > 0.0)) {
        return None;
    }
    let (sum_c, sum_b) = (c.iter().sum::<f64>(), b.iter().sum::<f64>());
    let (constant, flat) = (sum_c / sum_b, sum_c / n as f64);
    let mut shortfall = [0.0; 4];
    let mut breaches = [0usize; 4];
    for i in 0..n {
        for (k, margin) in [c[i], constant * b[i], flat, b[i]].into_iter().enumerate() {
            if l[i] > margin {
                shortfall[k] += l[i] - margin;
                breaches[k] += 1;
            }
        }
    }
    let days = ((own.ts[to - 1] - own.ts[from]).days()).max(1.0);
    Some(PolicyOutcome {
        n,
        average: sum_c,
        baseline_average: sum_b,
        shortfall: shortfall[0],
        control_shortfall: shortfall[1],
        flat_shortfall: shortfall[2],
        baseline_shortfall: shortfall[3],
        breaches: breaches[0],
        control_breaches: breaches[1],
        rises: OVER_ROWS.map(|k| worst_rise(state, k)),
        control_rises: OVER_ROWS.map(|k| worst_rise(b, k)),
        rise_es99: mean_of_worst(state),
        changes_a_day: state.windows(2).filter(|w| w[0] != w[1]).count() as f64 / days,
        better: usize::from(shortfall[0] < shortfall[1]),
        instruments: 1,
    })
}

/// The largest relative rise over so many rows; 0 where nothing rises.
fn worst_rise(c: &[f64], over: usize) -> f64 {
    c.iter().zip(c.iter().skip(over)).map(|(before, after)| after / before - 1.0).fold(0.0, f64::max)
}

/// Mean of the largest 1 % of one-row rises.
fn mean_of_worst(c: &[f64]) -> f64 {
    let mut rises: Vec<f64> = c.windows(2).map(|w| w[1] / w[0] - 1.0).collect();
    let count = (((1.0 - RISE_LEVEL) * rises.len() as f64).round() as usize).clamp(1, rises.len());
    let place = rises.len() - count;
    rises.select_nth_unstable_by(place, f64::total_cmp);
    let worst = &mut rises[place..];
    worst.sort_unstable_by(f64::total_cmp);
    worst.iter().sum::<f64>() / count as f64
}

/// Sums of shortfall by day of a policy and of its control of equal cost over the rows from a time on, all instruments
/// together, in order of time.
pub fn daily_shortfalls(judged: &[JudgedRows], asked: &[AskedMargin], from: Ts) -> Vec<(f64, f64)> {
    let mut days = std::collections::BTreeMap::<Ts, (f64, f64)>::new();
    for (own, asked) in judged.iter().zip(asked) {
        let first = own.from(from);
        let (c, b) = (&asked.c[first..], &own.baseline[first..]);
        let constant = c.iter().sum::<f64>() / b.iter().sum::<f64>();
        for (i, c) in c.iter().enumerate() {
            let loss = own.loss[first + i];
            let day = days.entry(own.ts[first + i].floor(Span::DAY)).or_default();
            day.0 += (loss - c).max(0.0);
            day.1 += (loss - constant * b[i]).max(0.0);
        }
    }
    days.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(c: Vec<f64>) -> AskedMargin {
        AskedMargin { unscheduled: c.clone(), c, ..AskedMargin::default() }
    }

    fn rows(n: usize) -> JudgedRows {
        let x = |i: usize| (i as f64 * 0.7).sin();
        JudgedRows {
            symbol: "AAA".parse().unwrap(),
            at: (0..n).collect(),
            ts: (0..n).map(|i| Ts(0) + Span::DAY.times(i as i64)).collect(),
            baseline: (0..n).map(|i| 0.04 + 0.01 * x(i)).collect(),
            loss: (0..n).map(|i| 0.05 * x(3 * i).abs()).collect(),
            known: (0..n).map(|i| Ts(0) + Span::DAY.times(i as i64 + 1)).collect(),
        }
    }

    #[test]
    fn the_baseline_is_its_own_control_and_a_flat_margin_the_flat_one() {
        let own = [rows(200)];
        let all = |j: &JudgedRows| (0, j.ts.len());
        let base = PolicyOutcome::of(&own, &[plain(own[0].baseline.clone())], all).unwrap();
        assert_eq!((base.ratio(), base.rises, base.better), (Some(1.0), base.control_rises, 0));
        let flat = PolicyOutcome::of(&own, &[plain(vec![0.04; 200])], all).unwrap();
        assert!((flat.flat_ratio().unwrap() - 1.0).abs() < 1e-9 && flat.changes_a_day == 0.0 && flat.rises == [0.0; 3]);
    }

    #[test]
    fn a_timetable_rises_nothing_and_covers_what_it_covers() {
        let own = [rows(200)];
        let (flat, all) = (vec![0.04; 200], |j: &JudgedRows| (0, j.ts.len()));
        let c = (0..200).map(|i| if i % 2 == 0 { 0.02 } else { 0.06 }).collect();
        let timed =
            PolicyOutcome::of(&own, &[AskedMargin { c, unscheduled: flat.clone(), ..AskedMargin::default() }], all)
                .unwrap();
        let plain = PolicyOutcome::of(&own, &[plain(flat)], all).unwrap();
        assert_eq!((timed.rises, timed.changes_a_day, timed.rise_es99), (plain.rises, 0.0, plain.rise_es99));
        assert!((timed.average - plain.average).abs() < 1e-12 && timed.shortfall > 1.1 * plain.shortfall);
    }

    #[test]
    fn a_row_is_known_only_when_its_horizon_has_passed() {
        let own = rows(100);
        assert_eq!(own.known_before(Ts(0) + Span::DAY.times(10)), 9);
        assert_eq!(own.from(Ts(0) + Span::DAY.times(10)), 10);
        let short = PolicyOutcome::of(std::slice::from_ref(&own), &[plain(own.baseline.clone())], |_| (0, 59));
        assert_eq!(short, None, "too few rows to judge by");
    }

    #[test]
    fn the_worst_hundredth_of_rises_is_averaged() {
        let mut c = vec![1.0; 201];
        (c[50], c[100]) = (1.5, 1.3);
        assert!((mean_of_worst(&c) - 0.4).abs() < 1e-12);
        assert_eq!(worst_rise(&c, 5), 0.5);
    }

    #[test]
    fn daily_sums_add_to_the_shortfalls() {
        let own = [rows(300)];
        let asked = [plain(own[0].baseline.iter().map(|b| 0.9 * b).collect())];
        let outcome = PolicyOutcome::of(&own, &asked, |j| (0, j.ts.len())).unwrap();
        let daily = daily_shortfalls(&own, &asked, Ts(0));
        let sums = daily.iter().fold((0.0, 0.0), |s, d| (s.0 + d.0, s.1 + d.1));
        assert!((sums.0 - outcome.shortfall).abs() < 1e-12 && (sums.1 - outcome.control_shortfall).abs() < 1e-12);
    }
}
