//! What holds for every sequence of inputs to the guardrails. A thousand random histories each;
//! `PROPTEST_CASES=100000` for the long run.

use margincast::base::{Span, Ts};
use margincast::margin::policy::{IM_OVER_MM, Mode, Pace, Policy};
use margincast::margin::{Bundle, Guardrail, Proposal, Reason, State};
use proptest::prelude::*;

/// One thing that happens to a guardrail.
#[derive(Clone, Debug)]
enum Act {
    Step { wait_min: i64, b: f64, m: f64, p_stress: Vec<f64>, long_run: Option<f64> },
    Tick { wait_min: i64 },
    Kill { on: bool },
}

/// An act at its time.
type Event = (Ts, Act);

fn number(usual: std::ops::Range<f64>) -> impl Strategy<Value = f64> {
    let odd = prop::sample::select(vec![0.0, -1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e-300, 1e300]);
    prop_oneof![30 => usual, 1 => odd]
}

fn waits() -> impl Strategy<Value = i64> {
    prop_oneof![Just(5), Just(15), Just(60), Just(240), Just(1440), 0..4000_i64]
}

fn step() -> impl Strategy<Value = Act> {
    let p = prop::collection::vec(number(0.0..1.0), 0..4);
    let long_run = prop::option::of(number(0.01..0.08));
    (waits(), number(0.005..0.2), number(0.8..3.5), p, long_run)
        .prop_map(|(wait_min, b, m, p_stress, long_run)| Act::Step { wait_min, b, m, p_stress, long_run })
}

fn history() -> impl Strategy<Value = Vec<Event>> {
    let act = prop_oneof![
        12 => step(),
        3 => waits().prop_map(|wait_min| Act::Tick { wait_min }),
        1 => any::<bool>().prop_map(|on| Act::Kill { on }),
    ];
    prop::collection::vec(act, 1..60).prop_map(|acts| {
        let mut now = Ts(1_700_000_000_000_000_000);
        let stamp = |act: Act| {
            if let Act::Step { wait_min, .. } | Act::Tick { wait_min } = &act {
                now = now + Span::MINUTE.times(*wait_min);
            }
            (now, act)
        };
        acts.into_iter().map(stamp).collect()
    })
}

fn policy() -> impl Strategy<Value = Policy> {
    let mode = prop_oneof![Just(Mode::LiftOnly), Just(Mode::ManagedTotal)];
    let (im, mm) = ((0.01..0.3, 0.005..0.1), (0.01..0.3, 0.005..0.1));
    let dead = prop_oneof![Just(0.0), Just(0.02)];
    (mode, im, mm, 0.3..0.8_f64, 0..4_u32, 0..4_u32, dead).prop_map(
        |(mode, im, mm, mm_share, wait, lag_steps, dead)| {
            let pace = |m_max, (up_per_day, down_per_day)| Pace { m_max, up_per_day, down_per_day };
            Policy {
                mode,
                im: pace(2.0, im),
                mm: pace(1.5, mm),
                mm_share,
                confirmations: wait,
                lag_steps,
                dead_band: dead,
                emergency_up_per_day: 0.3,
                ..Policy::default()
            }
        },
    )
}

fn act(guard: &mut Guardrail, (ts, act): &Event) -> Option<Bundle> {
    match act {
        Act::Step { b, m, p_stress, long_run, .. } => {
            guard.step(&Proposal { ts: *ts, baseline: *b, m: *m, p_stress: p_stress.clone(), long_run_var: *long_run })
        }
        Act::Tick { .. } => guard.tick(*ts),
        Act::Kill { on } => {
            guard.kill(*on, *ts);
            None
        }
    }
}

/// A bundle with what was known when it was decided.
struct Seen {
    ts: Ts,
    /// Whether it answers a step with a usable baseline.
    stepped: bool,
    b: f64,
    target: f64,
    long_run: f64,
    emergency: bool,
    bundle: Bundle,
}

/// Runs a history on a machine that is rebuilt by replay half way, as after a restart.
fn run(policy: Policy, history: &[Event]) -> Vec<Seen> {
    let mut guard = Guardrail::new(policy).expect("an accepted policy");
    let (mut b, mut target, mut long_run, mut emergency) = (f64::NAN, f64::NAN, f64::INFINITY, false);
    let mut seen = Vec::new();
    for (i, event) in history.iter().enumerate() {
        if i == history.len() / 2 {
            let mut rebuilt = Guardrail::new(policy).expect("an accepted policy");
            history[..i].iter().for_each(|e| drop(act(&mut rebuilt, e)));
            assert_eq!(rebuilt, guard, "a replay gives an equal machine");
            guard = rebuilt;
        }
        let got = act(&mut guard, event);
        let mut stepped = false;
        match &event.1 {
            Act::Step { b: base, m, p_stress, long_run: lr, .. } if (1e-12..=1e6).contains(base) => {
                stepped = true;
                b = *base;
                target = if m.is_finite() { m.clamp(policy.m_min, policy.im.m_max) * b } else { f64::NAN };
                long_run = lr.filter(|v| v.is_finite() && *v > 0.0).unwrap_or(f64::INFINITY);
                emergency = p_stress.iter().filter(|p| **p >= policy.emergency_p).count() >= policy.emergency_models;
            }
            _ => {}
        }
        if let Some(bundle) = got {
            seen.push(Seen { ts: event.0, stepped, b, target, long_run, emergency, bundle });
        } else if matches!(event.1, Act::Step { .. }) {
            assert!(seen.is_empty(), "once there is a value every step gives a bundle");
        }
    }
    seen
}

fn at_most(a: f64, b: f64) -> bool {
    a <= b * (1.0 + 1e-9)
}

fn cases() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(1000);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// What was in force a day before `ts`, among bundles seen.
fn a_day_ago(seen: &[Seen], ts: Ts) -> f64 {
    let old = seen.iter().rev().find(|s| s.ts <= ts - Span::DAY).unwrap_or(&seen[0]);
    old.bundle.c_im
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn every_number_is_finite_and_every_multiplier_within_its_bounds(policy in policy(), history in history()) {
        for s in run(policy, &history) {
            let x = &s.bundle;
            prop_assert!([x.c_im, x.c_mm, x.gap].iter().all(|v| v.is_finite() && *v >= 0.0), "{x:?}");
            prop_assert!(x.c_im > 0.0 && x.c_mm > 0.0);
            let lag = if policy.mode == Mode::ManagedTotal { 1.0 - policy.lag_max } else { 1.0 };
            let (least, im, mm) = ((policy.m_min * lag * 1e6) as u64, policy.im.m_max * 1e6, policy.mm.m_max * 1e6);
            prop_assert!((least..=im as u64).contains(&x.m_im_ppm), "{x:?}");
            prop_assert!(x.m_mm_ppm <= mm as u64, "{x:?}");
            prop_assert!(x.m_im_ppm.is_multiple_of(policy.quantum_ppm) && x.m_mm_ppm.is_multiple_of(policy.quantum_ppm));
            prop_assert!(x.fallback_m_ppm >= x.m_im_ppm && x.fallback_m_ppm >= 1_250_000);
            prop_assert!(x.valid_until > x.ts);
        }
    }

    #[test]
    fn published_multipliers_ask_for_at_least_what_was_decided(policy in policy(), history in history()) {
        for s in run(policy, &history) {
            let x = &s.bundle;
            let (im, mm) = (x.m_im_ppm as f64 / 1e6 * s.b, x.m_mm_ppm as f64 / 1e6 * s.b * policy.mm_share);
            let quantum = policy.quantum_ppm as f64 / 1e6;
            prop_assert!(at_most(x.c_im, im) && at_most(im, x.c_im + quantum * s.b), "{x:?}");
            prop_assert!(at_most(x.c_mm, mm) && at_most(mm, x.c_mm + quantum * s.b), "{x:?}");
        }
    }

    #[test]
    fn lift_only_never_asks_less_than_the_baseline(policy in policy(), history in history()) {
        for s in run(Policy { mode: Mode::LiftOnly, ..policy }, &history) {
            prop_assert!(s.bundle.c_im >= s.b && at_most(policy.mm_share * s.b, s.bundle.c_mm), "{:?}", s.bundle);
        }
    }

    #[test]
    fn managed_total_lags_the_baseline_little_and_briefly(policy in policy(), history in history()) {
        let policy = Policy { mode: Mode::ManagedTotal, ..policy };
        let mut lagging = 0;
        for s in run(policy, &history) {
            prop_assert!(at_most(s.b * (1.0 - policy.lag_max), s.bundle.c_im), "{:?}", s.bundle);
            let lags = s.bundle.c_im < s.b;
            lagging = if lags { lagging + u32::from(s.stepped) } else { 0 };
            prop_assert!(lagging <= policy.lag_steps, "{:?}", s.bundle);
        }
    }

    #[test]
    fn initial_margin_covers_maintenance_margin(policy in policy(), history in history()) {
        for s in run(policy, &history) {
            let x = &s.bundle;
            prop_assert!(at_most(IM_OVER_MM * x.c_mm, x.c_im) && x.m_im_ppm >= x.m_mm_ppm, "{x:?}");
        }
    }

    #[test]
    fn total_lift_is_capped_except_by_the_baseline_and_the_down_step(policy in policy(), history in history()) {
        let seen = run(policy, &history);
        for i in 1..seen.len() {
            let (before, s) = (&seen[i - 1], &seen[i]);
            let cap = (policy.long_run_cap * s.long_run).min(policy.day_cap * a_day_ago(&seen[..i], s.ts));
            // A value in force glides out of a lower cap; it never jumps.
            prop_assert!(at_most(s.bundle.c_im, cap.max(before.bundle.c_im).max(s.b)), "{:?}", s.bundle);
        }
    }

    #[test]
    fn steps_stay_within_their_limits(policy in policy(), history in history()) {
        let seen = run(policy, &history);
        let mut paced = seen.first().map_or(Ts(0), |s| s.ts);
        for pair in seen.windows(2) {
            let (old, new) = (&pair[0], &pair[1]);
            let (c0, c1) = (old.bundle.c_im, new.bundle.c_im);
            let days = |least: Span| (new.ts - paced).min(Span::DAY).max(least).days();
            let up = if new.emergency { policy.emergency_up_per_day } else { policy.im.up_per_day };
            let most = c0 * (1.0 + up).powf(days(policy.min_between_increases));
            let least = c0 * (1.0 - policy.im.down_per_day).powf(days(policy.min_between_decreases));
            let stale = [State::Hold, State::Degrading, State::Fallback].contains(&new.bundle.state);
            prop_assert!(stale || at_most(c1, most.max(new.b)), "{c0} to {:?}", new.bundle);
            prop_assert!(at_most(least.min(policy.im.m_max * new.b), c1), "{c0} to {:?}", new.bundle);
            let (k0, k1) = (old.bundle.c_mm, new.bundle.c_mm);
            let most = k0 * (1.0 + policy.mm.up_per_day).powf(days(policy.min_between_increases));
            let least = k0 * (1.0 - policy.mm.down_per_day).powf(days(policy.min_between_decreases));
            prop_assert!(at_most(k1, most.max(policy.mm_share * new.b)), "{k0} to {:?}", new.bundle);
            prop_assert!(at_most(least.min(policy.mm.m_max * policy.mm_share * new.b), k1), "{k0} to {:?}", new.bundle);
            if new.stepped || new.bundle.reasons.contains(&Reason::Kill) {
                paced = new.ts;
            }
        }
    }

    #[test]
    fn a_rise_over_many_days_is_no_faster_than_the_daily_limit(hours in prop::collection::vec((1..30_i64, 1.0..2.0_f64), 30..120)) {
        let mut guard = Guardrail::new(Policy::default()).unwrap();
        let mut seen: Vec<(Ts, f64)> = Vec::new();
        let mut now = Ts(0);
        for (wait, m) in hours {
            now = now + Span::MINUTE.times(10 * wait);
            let got = guard.step(&Proposal { ts: now, baseline: 0.04, m, p_stress: vec![], long_run_var: None }).unwrap();
            seen.push((now, got.c_im));
        }
        for (i, (from, c0)) in seen.iter().enumerate() {
            for (to, c1) in &seen[i + 1..] {
                // One allowance may have been saved up before the window: at most five hours here.
                let days = (*to - *from).days() + 5.0 / 24.0;
                prop_assert!(at_most(*c1, c0 * 1.1f64.powf(days)), "{c0} at {from} to {c1} at {to}");
                prop_assert!(at_most(c0 * 0.98f64.powf((*to - *from).days() + 0.25), *c1));
            }
        }
    }

    #[test]
    fn first_requirement_rises_with_each_risk_input(
        b in 0.005..0.2_f64, m in 0.5..3.0_f64, lr in 0.01..0.1_f64, more in 1.0..2.0_f64, mode in prop::bool::ANY,
    ) {
        let mode = if mode { Mode::LiftOnly } else { Mode::ManagedTotal };
        let first = |b, m, lr| {
            let mut guard = Guardrail::new(Policy { mode, ..Policy::default() }).unwrap();
            guard.step(&Proposal { ts: Ts(0), baseline: b, m, p_stress: vec![], long_run_var: Some(lr) }).unwrap()
        };
        let base = first(b, m, lr);
        for riskier in [first(b * more, m, lr), first(b, m * more, lr), first(b, m, lr * more)] {
            prop_assert!(riskier.c_im >= base.c_im && riskier.c_mm >= base.c_mm);
        }
    }

    #[test]
    fn maintenance_lift_rises_only_after_its_notice(policy in policy(), history in history()) {
        let seen = run(policy, &history);
        let step = |s: &&Seen| s.stepped && !s.target.is_nan();
        for pair in seen.windows(2) {
            let (old, new) = (&pair[0].bundle, &pair[1]);
            let floor = policy.mm_share * new.b;
            if new.bundle.c_mm > old.c_mm * (1.0 + 1e-9) && new.bundle.c_mm > floor * (1.0 + 1e-9) {
                // Every target that stood in the notice period wanted at least this multiplier.
                let told = new.ts - policy.mm_notice;
                let stood: Vec<&Seen> = seen.iter().filter(step).filter(|s| s.ts <= new.ts).collect();
                let from = stood.iter().rposition(|s| s.ts <= told);
                prop_assert!(from.is_some(), "no notice at all: {:?}", new.bundle);
                let least = stood[from.unwrap()..].iter().map(|s| s.target / s.b).fold(f64::MAX, f64::min);
                prop_assert!(at_most(new.bundle.c_mm / floor, least), "{:?}", new.bundle);
            }
        }
    }

    #[test]
    fn what_is_not_the_target_has_a_reason(policy in policy(), history in history()) {
        for s in run(policy, &history) {
            let off = s.target.is_nan() || (s.bundle.c_im - s.target).abs() > 1e-9 * s.target;
            let silent = s.bundle.reasons.is_empty();
            prop_assert!(!(off && s.stepped && silent), "target {} {:?}", s.target, s.bundle);
            prop_assert!(!(s.bundle.state != State::Fresh && silent), "{:?}", s.bundle);
            // The check after clamping has nothing to reject in what the machine itself clamps.
            let both = s.bundle.reasons.iter().chain(&s.bundle.mm_reasons);
            prop_assert!(both.into_iter().all(|r| *r != Reason::PostClampDeviation), "{:?}", s.bundle);
        }
    }

    #[test]
    fn a_killed_value_rises_only_with_the_baseline_and_glides_down_to_it(
        b in 0.01..0.1_f64, m in 1.3..2.0_f64, hours in 200..400_i64,
    ) {
        let mut guard = Guardrail::new(Policy::default()).unwrap();
        let at = |h: i64| Ts(0) + Span::HOUR.times(h);
        let proposal = |h: i64| Proposal { ts: at(h), baseline: b, m, p_stress: vec![0.99, 0.99], long_run_var: None };
        let mut c = guard.step(&proposal(0)).unwrap().c_im;
        guard.kill(true, at(0));
        for h in 1..hours {
            let next = if h % 3 == 0 { guard.tick(at(h)) } else { guard.step(&proposal(h)) };
            let next = next.expect("a killed value is published at each heartbeat");
            prop_assert_eq!(next.state, State::Killed);
            prop_assert_eq!(next.reasons.first(), Some(&Reason::Kill));
            prop_assert!(next.c_im <= c && at_most(c * 0.98f64.powf(1.0 / 24.0), next.c_im));
            prop_assert!(h > 1 || next.c_im == c, "frozen for the first hour");
            c = next.c_im;
        }
        let want = (m * b * 0.98f64.powf((hours - 2) as f64 / 24.0)).max(b);
        prop_assert!((c / want - 1.0).abs() < 1e-9, "{c} against {want}");
        guard.kill(false, at(hours));
        prop_assert_eq!(guard.step(&proposal(hours)).unwrap().state, State::Fresh);
    }

    #[test]
    fn silence_never_lowers_and_ends_at_the_fallback(
        m in 1.0..2.0_f64, ages in prop::collection::vec(0..600_i64, 1..40),
    ) {
        let mut guard = Guardrail::new(Policy::default()).unwrap();
        let first = Proposal { ts: Ts(0), baseline: 0.04, m, p_stress: vec![], long_run_var: None };
        let mut last = guard.step(&first).unwrap();
        let mut ages = ages;
        ages.sort_unstable();
        for age in ages.into_iter().chain([601]) {
            if let Some(next) = guard.tick(Ts(0) + Span::MINUTE.times(age)) {
                prop_assert!(next.c_im >= last.c_im && next.state >= last.state && next.c_mm == last.c_mm);
                last = next;
            }
        }
        prop_assert_eq!(last.state, State::Fallback);
        prop_assert!((last.c_im - 0.04 * m.max(1.25)).abs() < 1e-12);
    }
}
