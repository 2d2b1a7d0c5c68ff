//! The schedule on the whole road: made a week ahead, never changed, the same after a restart, blind to the future.

use std::collections::BTreeMap;
use std::sync::Arc;

use margincast::base::{Digest, Horizon, Span, Ts};
use margincast::event::{Body, Event};
use margincast::forecast::combine::calibration::{self, Calibration};
use margincast::forecast::{History, Panel, Track};
use margincast::margin::Decision;
use margincast::pipeline::{Input, Margin, Member, ModelSet, NamedSchedule, Pipeline, Settings};

use crate::law_forecaster::{FITS, ROWS, config, events, symbol, trained};

const ONE_PPM: u64 = 1_000_000;
const WEEK: Span = Span(7 * Span::DAY.0);

/// The Monday 00:00 UTC at or before an instant.
fn monday(at: Ts) -> Ts {
    at.floor(Span::DAY) - Span::DAY.times(i64::from(at.weekday()))
}

/// Models of hourly rows over one and eight rows, the longer one by the same fit: what it says is not judged here.
fn models() -> ModelSet {
    let history: History = [(symbol(), Arc::new(ROWS.clone()))].into();
    let panel = Panel::until(&history, Ts(i64::MIN), trained(&ROWS));
    let mut members = Vec::new();
    for hours in [1, 8] {
        let (entry, fitted) = FITS.iter().find(|(entry, _)| entry.name == "har").unwrap();
        let learn = Calibration::learn(calibration::Params::default(), &panel, entry.name, &Track::default(), 1);
        let (horizon, calibration) = (Horizon(Span::HOUR.times(hours)), Some(Arc::new(learn)));
        members.push(Member { name: "har".into(), horizon, fitted: fitted.clone(), calibration });
    }
    ModelSet::new(members, trained(&ROWS))
}

fn road(schedule: bool) -> Pipeline {
    let mut margin = Margin { forecast: "har".into(), regime: String::new(), ..Margin::default() };
    margin.baseline.window = Span::DAY.times(40);
    margin.baseline.history = Span::DAY.times(365);
    margin.guardrail.schedule = schedule;
    let settings = Settings {
        symbols: vec![symbol()],
        rows: config(),
        horizons: vec![1],
        publish_from: trained(&ROWS),
        replay_rows: 1_500,
        margins: Vec::new(),
        margin,
    };
    Pipeline::new(settings, &models(), Digest::of(b"configuration")).unwrap()
}

/// Decisions, and schedules with the number of decisions before each.
fn run(road: &mut Pipeline, events: &[Event]) -> (Vec<Decision>, Vec<(usize, NamedSchedule)>) {
    let (mut decisions, mut schedules) = (Vec::new(), Vec::new());
    for event in events {
        let made = road.push(event).unwrap();
        schedules.extend(road.take_schedules().into_iter().map(|s| (decisions.len(), s)));
        decisions.extend(made);
    }
    (decisions, schedules)
}

fn text(decisions: &[Decision]) -> Vec<String> {
    decisions.iter().map(|d| serde_json::to_string(d).unwrap()).collect()
}

#[test]
fn a_schedule_is_published_before_its_week_and_its_factors_are_those_of_the_decisions() {
    let (made, schedules) = run(&mut road(true), &events());
    let by: BTreeMap<Ts, &NamedSchedule> = schedules.iter().map(|(_, s)| (s.schedule.from, s)).collect();
    assert_eq!(by.len(), schedules.len(), "none is made twice");
    assert!(by.len() >= 3, "{}", by.len());
    let first = made[0].ts;
    for (before, named) in &schedules {
        let own = &named.schedule;
        assert_eq!((named.symbol, named.horizon), (symbol(), Horizon(Span::HOUR)));
        assert_eq!((monday(own.from), own.from - WEEK), (own.from, monday(own.made)), "a week ahead");
        let acted = made.iter().position(|d| d.ts >= own.from).unwrap_or(made.len());
        // Where the models began to speak within a week, its own schedule is that of rows before them.
        assert!(*before <= acted && (own.made < first || made[*before].ts == own.made), "{before} {acted}");
        let mean = own.factors_ppm.iter().sum::<u64>() as f64 / own.factors_ppm.len() as f64;
        assert!((mean - 1e6).abs() < 1.0 && own.factors_ppm.iter().any(|f| *f != ONE_PPM));
    }
    let mut acted = 0;
    for d in &made {
        let hour = ((d.ts - monday(d.ts)).0 / Span::HOUR.0) as usize;
        let ppm = by.get(&monday(d.ts)).map_or(ONE_PPM, |s| s.schedule.factors_ppm[hour]);
        assert_eq!(d.why.schedule, ppm as f64 / 1e6, "{}", d.ts);
        let scheduled = (d.why.schedule * d.why.unscheduled).max(d.baseline).min(2.0 * d.baseline);
        assert_eq!(d.c_im, if ppm == ONE_PPM { d.why.unscheduled } else { scheduled.max(d.c_mm / 0.8) }, "{d:?}");
        acted += usize::from(d.c_im != d.why.unscheduled);
    }
    assert!(acted > 50, "{acted} of {}", made.len());
}

#[test]
fn one_that_is_not_applied_is_recorded_and_moves_nothing() {
    let (on, off) = (run(&mut road(true), &events()), run(&mut road(false), &events()));
    assert_eq!(on.1, off.1);
    for (with, without) in on.0.iter().zip(&off.0) {
        assert_eq!((with.why.schedule, with.c_mm > 0.0), (without.why.schedule, true));
        assert_eq!(without.c_im, without.why.unscheduled);
        assert_eq!((with.baseline, with.forecast_loss), (without.baseline, without.forecast_loss));
    }
    assert_ne!(text(&on.0), text(&off.0));
}

#[test]
fn a_replay_from_any_kill_point_gives_the_same_schedules_and_decisions() {
    let all = events();
    let (live, schedules) = run(&mut road(true), &all);
    for cut in [4 * 1_310, 4 * 1_400 + 1, 4 * 1_555 + 3] {
        let mut again = road(true);
        let (mut made, mut told) = run(&mut again, &all[..cut]);
        let (more, later) = run(&mut again, &all[cut..]);
        told.extend(later.into_iter().map(|(before, s)| (before + made.len(), s)));
        made.extend(more);
        assert_eq!((text(&made), told), (text(&live), schedules.clone()), "killed at {cut}");
    }
}

#[test]
fn other_models_change_no_schedule_that_was_made() {
    let all = events();
    let (_, live) = run(&mut road(true), &all);
    let mut road = road(true);
    let cut = 4 * 1_450;
    let (made, mut told) = run(&mut road, &all[..cut]);
    road.push(Input::Install(Arc::new(models()))).unwrap();
    told.extend(run(&mut road, &all[cut..]).1.into_iter().map(|(before, s)| (before + made.len(), s)));
    let known = |of: &[(usize, NamedSchedule)]| {
        let made_before = of.iter().filter(|(_, s)| s.schedule.made <= all[cut].ts_known);
        made_before.cloned().collect::<Vec<_>>()
    };
    assert_eq!(known(&told), known(&live));
    assert_eq!(told.len(), live.len(), "a week has one schedule");
}

#[test]
fn the_future_multiplied_by_nine_changes_no_schedule_made_before_it() {
    let all = events();
    let t = all[4 * 1_520].ts_known;
    let mut poisoned = all.clone();
    for event in poisoned.iter_mut().filter(|e| e.ts_known > t) {
        if let Body::Bar(bar) = &mut event.body {
            for p in [&mut bar.open, &mut bar.high, &mut bar.low, &mut bar.close] {
                *p *= 9.0;
            }
            bar.high *= 1.5;
        }
    }
    let (a, b) = (run(&mut road(true), &all), run(&mut road(true), &poisoned));
    let known = |of: &[(usize, NamedSchedule)]| {
        of.iter().filter(|(_, s)| s.schedule.made <= t).map(|(_, s)| s.clone()).collect::<Vec<_>>()
    };
    assert_eq!(known(&a.1), known(&b.1));
    let early = |of: &[Decision]| text(&of.iter().filter(|d| d.ts <= t).cloned().collect::<Vec<_>>());
    assert_eq!(early(&a.0), early(&b.0));
    assert_ne!(text(&a.0), text(&b.0), "the poison did nothing at all");
}
