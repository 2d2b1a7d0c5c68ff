//! The schedule: what of a requirement is known ahead, published ahead.
//!
//! `C_t = S(slot) A_t`: a factor of the hour of the week times a state. The factor is the profile of the forecast's
//! 99 % loss `f` over the week. With `W` the beginning of a week (Monday 00:00 UTC) and `t` the close of a row:
//!
//! ```text
//! x_t     = ln f_t - mean of ln f over (t - 168 h, t]
//! p(slot) = mean of x_t over the rows of that slot in the twelve weeks before W
//! S(slot) = k exp(p(slot)), bounded, k such that the mean over the week's slots is one
//! ```
//!
//! The first row at or after `W` makes the schedule of the week that begins at `W + 168 h`: a week ahead, from what
//! closed before `W`. One that was made never changes. Slots are hours, or rows where those are longer; a slot of which
//! nothing is known has the factor one. A week counts where at least half of its slots are known; with fewer than
//! four such weeks there is no schedule, and none with rows of a day or longer, which have no hour.

use std::collections::VecDeque;

use crate::base::{Span, Ts};

/// A week.
const WEEK: Span = Span(7 * Span::DAY.0);

/// Monday 1970-01-05, 00:00 UTC.
const MONDAY: Ts = Ts(4 * Span::DAY.0);

/// Weeks that a profile is taken over, and the fewest of them that are known.
const WEEKS: i64 = 12;
const FEWEST: usize = 4;

/// Bounds of a factor, parts per million.
pub const FACTOR_PPM: std::ops::RangeInclusive<u64> = 500_000..=2_000_000;

/// A factor of one, parts per million.
const ONE_PPM: u64 = 1_000_000;

/// The factors of one week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeekSchedule {
    /// Monday 00:00 UTC.
    pub from: Ts,
    /// Length of a slot.
    pub slot: Span,
    /// One for each slot of the week, parts per million, 500000 to 2000000, mean one.
    pub factors_ppm: Vec<u64>,
    /// Close of the row that made it.
    pub made: Ts,
}

impl WeekSchedule {
    /// First instant after the week.
    pub fn until(&self) -> Ts {
        self.from + WEEK
    }
    /// The factor at an instant of the week, parts per million.
    fn at(&self, at: Ts) -> Option<u64> {
        if !(self.from..self.until()).contains(&at) {
            return None;
        }
        self.factors_ppm.get(((at - self.from).0 / self.slot.0) as usize).copied()
    }
}

/// What rows of one week said.
#[derive(Clone, Debug, PartialEq)]
struct WeekSums {
    from: Ts,
    /// Sum and number of relative values of each slot.
    slots: Vec<(f64, u32)>,
}

/// Learns the schedules of one instrument and horizon, week by week.
#[derive(Clone, Debug, PartialEq)]
pub struct ScheduleLearner {
    /// Length of a slot; absent: rows have no hour.
    slot: Option<Span>,
    /// Rows that a week has.
    rows: usize,
    /// Close and log of the forecast loss of the rows of the last week.
    recent: VecDeque<(Ts, f64)>,
    /// Oldest first.
    weeks: VecDeque<WeekSums>,
    /// Beginning of the week of the newest row.
    week: Option<Ts>,
    /// Oldest first: that of this week, and that of the next.
    made: VecDeque<WeekSchedule>,
}

/// The Monday 00:00 UTC at or before an instant.
fn monday(at: Ts) -> Ts {
    MONDAY + Span((at - MONDAY).0.div_euclid(WEEK.0) * WEEK.0)
}

impl ScheduleLearner {
    /// Of rows of a length, nothing known yet.
    pub fn new(row: Span) -> ScheduleLearner {
        let slot = row.max(Span::HOUR);
        let fits = row > Span(0) && row < Span::DAY && WEEK.0 % slot.0 == 0;
        ScheduleLearner {
            slot: fits.then_some(slot),
            rows: (WEEK.0 / row.0.max(1)) as usize,
            recent: VecDeque::new(),
            weeks: VecDeque::new(),
            week: None,
            made: VecDeque::new(),
        }
    }

    /// Whether it can learn and has heard no forecast yet.
    pub fn is_blank(&self) -> bool {
        self.slot.is_some() && self.recent.is_empty() && self.weeks.is_empty()
    }

    /// Takes a row that closed after all before it, with its forecast 99 % loss where there was one. Gives the schedule
    /// that it made, which is that of the week after its own.
    pub fn see(&mut self, close: Ts, loss: Option<f64>) -> Option<&WeekSchedule> {
        let slot = self.slot?;
        let week = monday(close);
        let new = self.week.is_none_or(|last| week > last);
        if new {
            self.week = Some(week);
            self.begin(week, slot, close);
        }
        if let Some(loss) = loss.filter(|f| f.is_finite() && *f > 0.0) {
            self.learn(close, loss.ln(), slot);
        }
        self.made.back().filter(|made| new && made.made == close)
    }

    /// The factor of an instant, parts per million; one where there is no schedule.
    pub fn factor_ppm(&self, at: Ts) -> u64 {
        self.made.iter().find_map(|made| made.at(at)).unwrap_or(ONE_PPM)
    }

    fn learn(&mut self, close: Ts, log: f64, slot: Span) {
        self.recent.push_back((close, log));
        let since = close - WEEK;
        // One that ends the week before is kept: it says that a whole week is known.
        while self.recent.get(1).is_some_and(|second| second.0 <= since) {
            self.recent.pop_front();
        }
        let whole = self.recent.front().is_some_and(|first| first.0 <= since);
        let own = self.recent.iter().filter(|r| r.0 > since);
        let (sum, n) = own.fold((0.0, 0_usize), |(sum, n), r| (sum + r.1, n + 1));
        if !whole || 2 * n < self.rows {
            return;
        }
        let week = monday(close);
        if self.weeks.back().is_none_or(|last| last.from != week) {
            self.weeks.push_back(WeekSums { from: week, slots: vec![(0.0, 0); (WEEK.0 / slot.0) as usize] });
        }
        let place = ((close - week).0 / slot.0) as usize;
        if let Some(sums) = self.weeks.back_mut().and_then(|w| w.slots.get_mut(place)) {
            sums.0 += log - sum / n as f64;
            sums.1 += 1;
        }
    }

    /// A week begins: the schedule of the next is made.
    fn begin(&mut self, week: Ts, slot: Span, close: Ts) {
        let oldest = week - WEEK.times(WEEKS);
        self.weeks.retain(|w| w.from >= oldest);
        self.made.retain(|made| made.until() > week);
        let known: Vec<&WeekSums> = self.weeks.iter().filter(|w| w.from < week && w.is_known()).collect();
        if known.len() < FEWEST {
            return;
        }
        let count = (WEEK.0 / slot.0) as usize;
        let profile: Vec<Option<f64>> = (0..count).map(|i| mean(known.iter().map(|w| w.slots[i]))).collect();
        self.made.push_back(WeekSchedule { from: week + WEEK, slot, factors_ppm: factors(&profile), made: close });
    }
}

impl WeekSums {
    fn is_known(&self) -> bool {
        2 * self.slots.iter().filter(|s| s.1 > 0).count() >= self.slots.len()
    }
}

/// Of sums and numbers; `None` of nothing.
fn mean(sums: impl Iterator<Item = (f64, u32)>) -> Option<f64> {
    let (sum, n) = sums.fold((0.0, 0), |all, own| (all.0 + own.0, all.1 + own.1));
    (n > 0).then(|| sum / f64::from(n))
}

/// The factors of a profile in parts per million: bounded, and of mean one over the slots that it has.
fn factors(profile: &[Option<f64>]) -> Vec<u64> {
    let (least, most) = (*FACTOR_PPM.start() as f64 / 1e6, *FACTOR_PPM.end() as f64 / 1e6);
    let raw: Vec<f64> = profile.iter().flatten().map(|x| x.exp()).collect();
    let mean = |k: f64| raw.iter().map(|x| (k * x).clamp(least, most)).sum::<f64>() / raw.len() as f64;
    // The mean rises with k, from the least bound to the largest: halving finds where it is one.
    let peak = raw.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    let trough = raw.iter().copied().fold(peak, f64::min);
    let (mut low, mut high) = (least / peak, most / trough);
    for _ in 0..200 {
        let k = 0.5 * (low + high);
        *(if mean(k) < 1.0 { &mut low } else { &mut high }) = k;
    }
    let ppm = |x: f64| (1e6 * (high * x).clamp(least, most)).round() as u64;
    profile.iter().map(|p| p.map_or(ONE_PPM, |p| ppm(p.exp()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64) -> Ts {
        MONDAY + Span::HOUR.times(hours)
    }

    /// Hourly rows from a Monday on, of a loss that is `level` times one of the hour.
    fn learnt(weeks: i64, loss: impl Fn(i64) -> Option<f64>) -> ScheduleLearner {
        let mut learner = ScheduleLearner::new(Span::HOUR);
        (0..168 * weeks + 1).for_each(|h| _ = learner.see(at(h), loss(h)));
        learner
    }

    fn wave(h: i64) -> f64 {
        0.3 * ((h % 24) as f64 * 0.7).sin() + 0.1 * ((h % 168) as f64 * 0.2).cos()
    }

    #[test]
    fn weeks_begin_on_monday() {
        assert_eq!(monday(Ts(0)).to_string(), "1969-12-29T00:00:00Z");
        assert_eq!(monday("2024-03-10T23:59:59Z".parse().unwrap()).to_string(), "2024-03-04T00:00:00Z");
        assert_eq!(monday("2024-03-11".parse().unwrap()).to_string(), "2024-03-11T00:00:00Z");
    }

    #[test]
    fn the_profile_of_the_week_is_found_whatever_the_level_does() {
        let trend = |h: i64| (wave(h) + 0.0003 * h as f64).exp();
        let learner = learnt(14, |h| Some(0.01 * trend(h)));
        let mean = (0..168).map(|h| wave(h).exp()).sum::<f64>() / 168.0;
        for h in 0..168 {
            let (got, want) = (learner.factor_ppm(at(168 * 15 + h)) as f64 / 1e6, wave(h).exp() / mean);
            assert!((got - want).abs() < 2e-6, "hour {h}: {got} {want}");
        }
    }

    #[test]
    fn a_schedule_is_made_a_week_ahead_of_what_closed_before_the_week_and_stays() {
        let mut learner = ScheduleLearner::new(Span::HOUR);
        let mut made: Vec<WeekSchedule> = Vec::new();
        for h in 0..168 * 20 {
            let loss = if h < 168 * 9 { wave(h).exp() } else { wave(h + 5).exp() };
            made.extend(learner.see(at(h), Some(loss)).cloned());
            let known: Vec<&WeekSchedule> = made.iter().filter(|m| m.from > at(h) - WEEK).collect();
            assert_eq!(learner.made.iter().collect::<Vec<_>>(), known, "hour {h}");
        }
        // The first week has no week before it to be held against, four are wanted.
        assert_eq!(made[0].made, at(168 * 5));
        assert!(made.iter().all(|m| m.from == m.made + WEEK && monday(m.from) == m.from));
        let same = |i: usize, j: usize| made[i].factors_ppm == made[j].factors_ppm;
        assert!(same(0, 4) && !same(4, 5), "week 9, which begins otherwise, enters the schedule that week 10 makes");
        let rolled = learnt(34, |h| Some(if h < 168 * 9 { wave(h).exp() } else { wave(h + 5).exp() }));
        let shifted = |h: i64| wave(h + 5).exp();
        let mean = (0..168).map(shifted).sum::<f64>() / 168.0;
        assert!(
            (0..168).all(|h| { (rolled.factor_ppm(at(168 * 35 + h)) as f64 / 1e6 - shifted(h) / mean).abs() < 2e-6 })
        );
    }

    #[test]
    fn without_enough_weeks_or_with_long_rows_every_factor_is_one() {
        let few = learnt(4, |h| Some(wave(h).exp()));
        assert!((0..168 * 6).all(|h| few.factor_ppm(at(h)) == ONE_PPM) && !few.is_blank());
        for row in [Span::DAY, Span::HOUR.times(5), Span::DAY.times(7)] {
            let mut learner = ScheduleLearner::new(row);
            assert!((0..400).all(|i| learner.see(MONDAY + row.times(i), Some(wave(i).exp())).is_none()));
            assert!(!learner.is_blank() && learner.factor_ppm(MONDAY) == ONE_PPM);
        }
        let silent = learnt(20, |_| None);
        assert!(silent.is_blank() && silent.factor_ppm(at(168 * 20)) == ONE_PPM);
    }

    #[test]
    fn half_a_week_is_enough_and_slots_of_which_nothing_is_known_are_one() {
        let learner = learnt(14, |h| (h % 24 < 13).then(|| wave(h).exp()));
        let of = |h: i64| learner.factor_ppm(at(168 * 15 + h));
        assert!((0..168).all(|h| (h % 24 < 13) != (of(h) == ONE_PPM)));
        let known: Vec<u64> = (0..168).filter(|h| h % 24 < 13).map(of).collect();
        let mean = known.iter().sum::<u64>() as f64 / known.len() as f64;
        assert!((mean - 1e6).abs() < 1.0, "{mean}");
        let short = learnt(14, |h| (h % 24 < 11).then(|| wave(h).exp()));
        assert!((0..168).all(|h| short.factor_ppm(at(168 * 15 + h)) == ONE_PPM));
    }

    #[test]
    fn slots_are_those_of_the_rows_and_numbers_that_are_none_are_not_learnt() {
        for (row, slots) in [(Span::HOUR.times(8), 21), (Span::MINUTE.times(15), 168), (Span::MINUTE.times(90), 112)] {
            let mut learner = ScheduleLearner::new(row);
            let mut made = None;
            for i in 0..(WEEK.0 / row.0) * 8 + 1 {
                let close = MONDAY + row.times(i);
                let bad = [f64::NAN, 0.0, -1.0, f64::INFINITY];
                let loss = if i % 10 == 0 { bad[(i / 10 % 4) as usize] } else { wave(i64::from(close.hour())).exp() };
                made = learner.see(close, Some(loss)).cloned().or(made);
            }
            let made = made.unwrap();
            assert_eq!((made.factors_ppm.len(), made.slot), (slots, row.max(Span::HOUR)));
            let mean = made.factors_ppm.iter().sum::<u64>() as f64 / slots as f64;
            assert!((mean - 1e6).abs() < 1.0 && made.factors_ppm.iter().any(|f| *f != ONE_PPM));
        }
    }

    #[test]
    fn factors_are_bounded_and_keep_their_mean() {
        let learner = learnt(14, |h| Some((8.0 * wave(h)).exp()));
        let all: Vec<u64> = (0..168).map(|h| learner.factor_ppm(at(168 * 15 + h))).collect();
        assert!(all.iter().all(|f| FACTOR_PPM.contains(f)));
        assert!(all.contains(FACTOR_PPM.start()) && all.contains(FACTOR_PPM.end()));
        assert!((all.iter().sum::<u64>() as f64 / 168.0 - 1e6).abs() < 1.0);
    }

    #[test]
    fn a_pause_of_weeks_leaves_the_weeks_it_did_not_foresee_without_a_factor() {
        let mut learner = learnt(14, |h| Some(wave(h).exp()));
        let after = 168 * 17 + 30;
        let made = learner.see(at(after), Some(1.0)).cloned().unwrap();
        assert_eq!(made.from, at(168 * 18));
        assert_eq!(learner.factor_ppm(at(after)), ONE_PPM);
        assert_ne!(learner.factor_ppm(at(168 * 18 + 3)), ONE_PPM);
    }
}
