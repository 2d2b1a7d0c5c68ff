//! The state machine on worked steps: pace, budgets, the emergency lane, orders of people, the ladder.

use super::super::pace::{Budget, StepLimits};
use super::super::policy::Mode;
use super::*;
use crate::base::Span;
use crate::margin::State;

fn proposal(hours: i64, b: f64, m: f64, p_stress: &[f64]) -> Proposal {
    let ts = Ts(0) + Span::HOUR.times(hours);
    Proposal { ts, baseline: b, m, p_stress: p_stress.to_vec(), long_run_var: None }
}

/// Steps of +10 % and -2 % a day, in parts by the hour, without budgets.
fn daily() -> Policy {
    let pace = |limits: StepLimits| StepLimits { budgets: Some(Default::default()), ..limits };
    let im = StepLimits { up: Some(0.10), down: Some(0.02), ..pace(Policy::default().im) };
    Policy { row: Some(Span::DAY), im, mm: pace(Policy::default().mm), ..Policy::default() }
}

fn started(policy: Policy) -> Guardrail {
    let mut guard = Guardrail::new(policy).unwrap();
    guard.step(&proposal(0, 0.04, 1.0, &[])).unwrap();
    guard
}

#[test]
fn an_hour_of_a_daily_step_is_its_geometric_part() {
    let mut guard = started(daily());
    let got = guard.step(&proposal(1, 0.04, 1.5, &[])).unwrap();
    assert!((got.c_im / 0.04 - 1.003_979).abs() < 1e-6, "0.398 % an hour");
    assert_eq!(got.reasons, [Reason::StepUp]);
}

#[test]
fn the_emergency_lane_wants_two_models() {
    for (p, up, reasons) in [
        (vec![0.95, 0.5], 1.10, vec![Reason::StepUp]),
        (vec![0.95], 1.10, vec![Reason::StepUp]),
        (vec![0.95, 0.9], 1.20, vec![Reason::EmergencyLane, Reason::StepUp]),
    ] {
        let got = started(daily()).step(&proposal(24, 0.04, 1.9, &p)).unwrap();
        assert!((got.c_im / 0.04 - up).abs() < 1e-12);
        assert_eq!(got.reasons, reasons);
    }
    // What the usual step covers needs no lane.
    let got = started(daily()).step(&proposal(24, 0.04, 1.08, &[0.95, 0.95])).unwrap();
    assert_eq!((got.reasons.as_slice(), got.m_im_ppm), ([].as_slice(), 1_080_000));
}

/// Hourly rows, steps of 5 %, 12 % over six hours.
fn budgeted() -> Policy {
    let budgets = vec![Budget { over: Span::HOUR.times(6), rise: 0.12 }];
    let im = StepLimits { up: Some(0.05), budgets: Some(budgets.try_into().unwrap()), ..Policy::default().im };
    Policy { im, dead_band: 0.0, ..Policy::default() }
}

#[test]
fn a_budget_is_spent_as_fast_as_steps_let_it_and_comes_back_as_its_window_moves_on() {
    let mut guard = started(budgeted());
    let mut step = |h: i64| guard.step(&proposal(h, 0.04, 1.9, &[])).unwrap();
    for (h, m, left, reasons) in [
        (1, 1.05, 1.0 - 0.05 / 0.12, vec![Reason::StepUp]),
        (2, 1.1025, 1.0 - 0.1025 / 0.12, vec![Reason::StepUp]),
        (3, 1.12, 0.0, vec![Reason::StepUp, Reason::Budget]),
        (4, 1.12, 0.0, vec![Reason::StepUp, Reason::Budget]),
        // The value before the first step held until just after hour 1.
        (6, 1.12, 0.0, vec![Reason::StepUp, Reason::Budget]),
        (7, 1.05 * 1.12, 0.0, vec![Reason::StepUp]),
    ] {
        let got = step(h);
        assert!((got.c_im / 0.04 - m).abs() < 1e-12, "hour {h}: {}", got.c_im / 0.04);
        assert_eq!(got.reasons, reasons, "hour {h}");
        let (over, share) = got.headroom.tightest.unwrap();
        assert!(over == Span::HOUR.times(6) && (share - left).abs() < 1e-12, "hour {h}: {share}");
    }
}

#[test]
fn the_emergency_lane_doubles_step_and_budget_and_what_it_left_holds() {
    let mut guard = started(budgeted());
    let lane = [0.95, 0.95];
    let first = guard.step(&proposal(1, 0.04, 1.9, &lane)).unwrap();
    assert!((first.c_im / 0.04 - 1.1).abs() < 1e-12);
    guard.step(&proposal(2, 0.04, 1.9, &lane)).unwrap();
    let spent = guard.step(&proposal(3, 0.04, 1.9, &lane)).unwrap();
    assert!((spent.c_im / 0.04 - 1.24).abs() < 1e-12);
    assert_eq!(spent.reasons, [Reason::EmergencyLane, Reason::StepUp, Reason::Budget]);
    let after = guard.step(&proposal(4, 0.04, 1.9, &[])).unwrap();
    assert_eq!((after.c_im, after.reasons), (spent.c_im, vec![Reason::StepUp, Reason::Budget]));
}

#[test]
fn the_baseline_goes_beyond_a_budget_and_says_so() {
    let mut guard = started(budgeted());
    let got = guard.step(&proposal(1, 0.06, 1.2, &[])).unwrap();
    assert_eq!((got.c_im, got.reasons.last()), (0.06, Some(&Reason::BaselineFloor)));
    let got = guard.step(&proposal(2, 0.06, 1.2, &[])).unwrap();
    assert_eq!((got.c_im, got.reasons.last()), (0.06, Some(&Reason::Budget)));
    assert_eq!(got.headroom.tightest.unwrap().1, 0.0);
}

#[test]
fn the_ladder_goes_beyond_steps_and_not_beyond_budgets() {
    let mut guard = started(budgeted());
    let got = guard.tick(Ts(0) + Span::HOUR.times(6)).unwrap();
    assert_eq!((got.state, got.reasons.as_slice()), (State::Fallback, [Reason::Stale, Reason::Budget].as_slice()));
    assert!((got.c_im / 0.04 - 1.12).abs() < 1e-12);
}

#[test]
fn a_budget_that_becomes_smaller_lets_nothing_rise_and_forces_no_fall() {
    let mut guard = started(budgeted());
    (1..4).for_each(|h| drop(guard.step(&proposal(h, 0.04, 1.9, &[]))));
    let of = |over: i64, rise: f64| {
        let list = vec![Budget { over: Span::HOUR.times(over), rise }];
        let im = StepLimits { budgets: Some(list.try_into().unwrap()), ..budgeted().im };
        Policy { im, ..budgeted() }
    };
    guard.settle(of(6, 0.05)).unwrap();
    let held = guard.step(&proposal(4, 0.04, 1.9, &[])).unwrap();
    assert_eq!((held.c_im, held.reasons.last()), (0.04 * 1.12, Some(&Reason::Budget)));
    // A window that is longer knows what was in force before it was set.
    guard.settle(of(24, 0.20)).unwrap();
    (5..24).for_each(|h| drop(guard.step(&proposal(h, 0.04, 1.9, &[]))));
    let spent = guard.step(&proposal(24, 0.04, 1.9, &[])).unwrap();
    assert!((spent.c_im / 0.04 - 1.2).abs() < 1e-12, "{}", spent.c_im / 0.04);
}

#[test]
fn maintenance_margin_rises_after_its_notice_and_slower() {
    let mut guard = started(daily());
    let told = guard.step(&proposal(1, 0.04, 1.5, &[])).unwrap();
    assert_eq!((told.c_mm, told.mm_reasons.as_slice()), (0.032, [Reason::Notice].as_slice()));
    let notice = told.notice.unwrap();
    assert_eq!((notice.m_mm_ppm, notice.from), (1_500_000, Ts(0) + Span::HOUR.times(9)));
    (2..9).for_each(|h| assert_eq!(guard.step(&proposal(h, 0.04, 1.5, &[])).unwrap().c_mm, 0.032));
    let risen = guard.step(&proposal(9, 0.04, 1.5, &[])).unwrap();
    assert!((risen.c_mm / 0.032 - 1.05f64.powf(1.0 / 24.0)).abs() < 1e-12);
    assert_eq!(risen.notice, None);
}

#[test]
fn bad_numbers_hold_the_previous_value_and_are_named() {
    let mut guard = Guardrail::new(daily()).unwrap();
    assert_eq!(guard.step(&proposal(0, f64::NAN, 1.0, &[])), None, "nothing to hold yet");
    let mut guard = started(daily());
    let no_baseline = guard.step(&proposal(1, 0.0, 1.5, &[])).unwrap();
    assert_eq!((no_baseline.c_im, no_baseline.reasons), (0.04, vec![Reason::NoBaseline]));
    let nan = guard.step(&proposal(2, 0.041, f64::NAN, &[])).unwrap();
    assert_eq!((nan.c_im, nan.reasons), (0.041, vec![Reason::NonFinite, Reason::BaselineFloor]));
}

#[test]
fn caps_on_the_total_lift_stop_rises_but_make_no_cliff() {
    let mut guard = started(daily());
    let capped = Proposal { long_run_var: Some(0.0105), ..proposal(24, 0.04, 1.5, &[]) };
    let got = guard.step(&capped).unwrap();
    assert_eq!((got.c_im, got.reasons), (0.042, vec![Reason::StepUp, Reason::TotalLift]));
    let lower = Proposal { long_run_var: Some(0.005), ..proposal(48, 0.03, 1.5, &[]) };
    let got = guard.step(&lower).unwrap();
    assert!((got.c_im / (0.042 * 0.98) - 1.0).abs() < 1e-12, "at the down step");
    assert_eq!(got.reasons.last(), Some(&Reason::TotalLift));
}

fn under(guard: &mut Guardrail, hours: i64, m: f64, now: Conditions<'_>) -> Output {
    guard.step_under(&proposal(hours, 0.04, m, &[]), &now).unwrap()
}

#[test]
fn a_thin_book_aims_higher_holds_maintenance_margin_and_lets_nothing_fall() {
    let mut guard = started(daily());
    let book = |depth| {
        let book = Book { depth_50bp: depth, depth_100bp: 2.0 * depth, spread_bp: 1.0, open_interest: 30.0 };
        Conditions { book: Some(book), ..Conditions::default() }
    };
    (1..60).for_each(|h| drop(under(&mut guard, h, 1.1, book(100.0))));
    let before = under(&mut guard, 60, 1.1, book(100.0));
    assert_eq!((before.state, before.interest), (State::Fresh, Some(InterestCaps { soft: 60.0, hard: 200.0 })));
    (61..63).for_each(|h| assert_eq!(under(&mut guard, h, 1.1, book(5.0)).state, State::Fresh));
    let thin = under(&mut guard, 63, 1.0, book(5.0));
    assert_eq!((thin.state, thin.reasons.as_slice()), (State::Thin, [Reason::Thin, Reason::StepUp].as_slice()));
    assert_eq!(thin.mm_reasons.last(), Some(&Reason::Thin));
    let mut last = thin.clone();
    for h in 64..110 {
        last = under(&mut guard, h, 1.0, book(5.0));
        assert_eq!(last.c_mm, before.c_mm, "maintenance margin is frozen");
    }
    assert!((last.c_im - 0.05).abs() < 1e-3 && last.interest.unwrap().soft <= 30.0, "no new risk");
    // Deep again for three readings: then it falls, after confirmations and at its step.
    (111..114).for_each(|h| drop(under(&mut guard, h, 1.0, book(100.0))));
    assert_eq!(under(&mut guard, 114, 1.0, book(100.0)).state, State::Fresh);
    assert!(under(&mut guard, 120, 1.0, book(100.0)).c_im < last.c_im);
}

#[test]
fn doubt_raises_and_late_inputs_lower_nothing() {
    let first = |confidence| {
        let now = Conditions { confidence: Some(confidence), ..Conditions::default() };
        under(&mut Guardrail::new(daily()).unwrap(), 0, 1.2, now)
    };
    assert_eq!((first(0.55).m_im_ppm, first(1.0).m_im_ppm, first(0.55).reasons.len()), (1_200_000, 1_200_000, 0));
    assert!((first(0.275).c_im / 0.04 - 1.325).abs() < 1e-12, "half of 0.25 more");
    for none in [0.0, -1.0, f64::NAN] {
        assert_eq!((first(none).m_im_ppm, first(none).reasons), (1_450_000, vec![Reason::LowConfidence]));
    }
    let mut guard = Guardrail::new(Policy { confirmations: 0, ..daily() }).unwrap();
    under(&mut guard, 0, 1.5, Conditions::default());
    let late = |minutes| Conditions { age: Some(Span::MINUTE.times(minutes)), ..Conditions::default() };
    assert_eq!(under(&mut guard, 10, 1.2, late(16)).reasons, [Reason::Stale]);
    assert_eq!(under(&mut guard, 20, 1.9, late(16)).reasons, [Reason::StepUp], "a rise goes through");
    let held = under(&mut guard, 30, 1.9, late(361));
    assert_eq!((held.reasons.as_slice(), held.c_im < 0.066), ([Reason::Stale].as_slice(), true));
    assert_eq!(under(&mut guard, 40, 1.2, late(15)).reasons, [Reason::StepDn]);
}

#[test]
fn an_override_is_aimed_at_within_the_steps_and_ends_by_itself() {
    let mut guard = started(Policy { dead_band: 0.0, confirmations: 0, ..daily() });
    let until = Ts(0) + Span::HOUR.times(72);
    guard.set(Override { m_ppm: 3_000_000, until });
    let m = |b: &Output| b.c_im / 0.04;
    let got = guard.step(&proposal(24, 0.04, 1.0, &[])).unwrap();
    assert!((m(&got) - 1.1).abs() < 1e-12, "no faster than a model may");
    assert_eq!(got.reasons, [Reason::Override, Reason::StepUp]);
    let got = guard.tick(Ts(0) + Span::HOUR.times(25)).unwrap();
    assert!(m(&got) > 1.1 && got.reasons.contains(&Reason::Override), "also between inputs");
    let end = guard.step(&proposal(72, 0.04, 1.0, &[])).unwrap();
    assert!(end.reasons == [Reason::StepDn] && m(&end) < m(&got));
}

#[test]
fn a_cap_that_is_lowered_glides() {
    let mut guard = Guardrail::new(daily()).unwrap();
    assert_eq!(guard.step(&proposal(0, 0.04, 2.0, &[])).unwrap().m_im_ppm, 2_000_000);
    let im = StepLimits { m_max: 1.5, ..daily().im };
    guard.settle(Policy { im, ..daily() }).unwrap();
    let got: Vec<f64> = (1..40).map(|d| guard.step(&proposal(24 * d, 0.04, 2.0, &[])).unwrap().c_im / 0.04).collect();
    assert!(got.windows(2).all(|w| w[1] >= 0.98 * w[0] - 1e-12 && w[1] <= w[0]));
    assert!((got[38] - 1.5).abs() < 1e-12 && got[0] > 1.9);
    assert!(guard.settle(Policy { dead_band: 9.0, ..daily() }).is_err());
    assert_eq!(guard.policy().im.m_max, 1.5, "what is out of range changes nothing");
}

#[test]
fn one_field_is_frozen_alone() {
    let mut guard = started(daily());
    (1..48).for_each(|h| drop(guard.step(&proposal(h, 0.04, 1.5, &[]))));
    let before = guard.step(&proposal(48, 0.04, 1.5, &[])).unwrap();
    guard.kill_field(Field::Maintenance, true, Ts(0) + Span::HOUR.times(48));
    let after = guard.step(&proposal(60, 0.04, 1.5, &[])).unwrap();
    assert!(after.c_im > before.c_im && after.c_mm < before.c_mm && after.state == State::Fresh);
    assert_eq!(after.mm_reasons.last(), Some(&Reason::Kill));
}

#[test]
fn the_lag_is_used_up_after_its_steps() {
    let mut guard = started(Policy { mode: Mode::ManagedTotal, ..daily() });
    let lags = |h: i64| (h, 0.0408 + 0.0004 * (h - 1) as f64);
    let mut reasons = Vec::new();
    for (h, b) in (1..=4).map(lags) {
        reasons.push(guard.step(&proposal(h, b, 1.0, &[])).unwrap().reasons.last().copied());
    }
    assert_eq!(reasons, [Some(Reason::Lag), Some(Reason::Lag), Some(Reason::Lag), Some(Reason::LagMax)]);
    assert_eq!(guard.live.as_ref().unwrap().last.state, State::Fresh);
}
