//! What holds for every sequence of inputs to the guardrails: proposals, silence, restarts, freezes of
//! parts, overrides, other settings, thin books, doubted and late inputs, accounts to be liquidated. A
//! thousand random histories each; `PROPTEST_CASES=100000` for the long run. Machines that are wrong in one way
//! are found by the laws of their pace.

use margincast::base::{Span, Ts};
use margincast::event::snapshot::Book;
use margincast::margin::account::haircut::GuardedHaircut;
use margincast::margin::guardrail::blast::{Accounts, Exposure};
use margincast::margin::guardrail::order::Field;
use margincast::margin::guardrail::pace::{Budget, Budgets, EMERGENCY_TIMES, StepLimits};
use margincast::margin::guardrail::policy::{IM_OVER_MM, M_CEILING, Mode, Policy};
use margincast::margin::guardrail::thin_book::BookWatch;
use margincast::margin::risk_score::{RiskScore, RiskWeights};
use margincast::margin::{Blend, Chain, ChainInputs, Conditions, Guardrail, Output, Override, Proposal, Reason, State};
use proptest::prelude::*;
use proptest::test_runner::{TestError, TestRunner};

/// One thing that happens to a guardrail.
#[derive(Clone, Debug)]
enum Act {
    Step { wait_min: i64, b: f64, m: f64, p_stress: Vec<f64>, long_run: Option<f64>, known: Known },
    Tick { wait_min: i64 },
    Kill { on: bool, field: Option<Field> },
    Set { m: f64, hours: i64 },
    Settle { tight: bool },
}

/// What else is known at a step.
#[derive(Clone, Debug, Default)]
struct Known {
    /// Depth and spread.
    book: Option<(f64, f64)>,
    confidence: Option<f64>,
    age_min: Option<i64>,
    exposed: bool,
    /// Factor of the schedule.
    factor: Option<f64>,
}

impl Known {
    fn book(&self) -> Option<Book> {
        let book =
            |(depth, spread)| Book { depth_50bp: depth, depth_100bp: depth, spread_bp: spread, open_interest: 1e6 };
        self.book.map(book)
    }
    fn conditions<'a>(&self, accounts: &'a Accounts) -> Conditions<'a> {
        Conditions {
            book: self.book(),
            confidence: self.confidence,
            age: self.age_min.map(|m| Span::MINUTE.times(m)),
            no_fall_until: None,
            schedule: self.factor,
            exposure: self.exposed.then_some(accounts as &dyn Exposure),
        }
    }
}

/// One account at every tenth of a per cent of maintenance margin.
fn accounts() -> Accounts {
    Accounts { accounts: (1..=300).map(|i| (f64::from(i), 1000.0)).collect(), stressed_depth: 2e5 }
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
    (waits(), number(0.005..0.2), number(0.8..3.5), p, long_run, known())
        .prop_map(|(wait_min, b, m, p_stress, long_run, known)| Act::Step { wait_min, b, m, p_stress, long_run, known })
}

fn known() -> impl Strategy<Value = Known> {
    // Of forty readings a few are thin: a median needs thirty before it counts.
    let depth = prop_oneof![3 => number(80.0..120.0), 1 => number(0.0..9.0)];
    let spread = prop_oneof![9 => number(0.5..2.0), 1 => number(20.0..90.0)];
    let book = prop_oneof![1 => Just(None), 3 => (depth, spread).prop_map(Some)];
    let confidence = prop_oneof![4 => Just(None), 1 => number(0.0..1.0).prop_map(Some)];
    let age_min = prop_oneof![6 => Just(None), 1 => (0..600_i64).prop_map(Some)];
    let factor = prop_oneof![1 => Just(None), 4 => number(0.5..2.0).prop_map(Some)];
    (book, confidence, age_min, prop::bool::weighted(0.3), factor)
        .prop_map(|(book, confidence, age_min, exposed, factor)| Known { book, confidence, age_min, exposed, factor })
}

fn history() -> impl Strategy<Value = Vec<Event>> {
    let act = prop_oneof![
        12 => step(),
        3 => waits().prop_map(|wait_min| Act::Tick { wait_min }),
        1 => (any::<bool>(), prop::sample::select(vec![None, Some(Field::Initial), Some(Field::Maintenance)]))
            .prop_map(|(on, field)| Act::Kill { on, field }),
        1 => (1.0..3.0_f64, 1..72_i64).prop_map(|(m, hours)| Act::Set { m, hours }),
        1 => any::<bool>().prop_map(|tight| Act::Settle { tight }),
    ];
    prop::collection::vec(act, 1..90).prop_map(|acts| {
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

fn budgets() -> impl Strategy<Value = Budgets> {
    let one = (prop::sample::select(vec![1, 5, 24, 36, 120]), 0.01..0.8_f64);
    prop::collection::btree_map(one.0, one.1, 0..4).prop_map(|all| {
        let list: Vec<Budget> =
            all.into_iter().map(|(hours, rise)| Budget { over: Span::HOUR.times(hours), rise }).collect();
        list.try_into().expect("at most eight")
    })
}

/// A pace of what opens, adds or withdraws, or none of its own.
fn new_limits() -> impl Strategy<Value = Option<StepLimits>> {
    let limits = (0.01..1.0_f64, 0.005..0.5_f64, budgets(), prop_oneof![Just(2.0), Just(3.0)]);
    let limits = limits.prop_map(|(up, down, budgets, m_max)| StepLimits {
        m_max,
        up: Some(up),
        down: Some(down),
        budgets: Some(budgets),
    });
    prop::option::of(limits)
}

fn policy() -> impl Strategy<Value = Policy> {
    let mode = prop_oneof![Just(Mode::LiftOnly), Just(Mode::ManagedTotal)];
    let row = prop::sample::select(vec![Span::MINUTE.times(15), Span::HOUR, Span::DAY]);
    // Largest rises and falls of a day, and of the row a part of them.
    let (im, mm) = ((0.01..0.6, 0.005..0.3), (0.01..0.3, 0.005..0.1));
    let dead = (prop_oneof![Just(0.0), Just(0.02)], any::<bool>(), new_limits());
    (mode, row, im, mm, (budgets(), budgets()), 0.3..0.8_f64, 0..4_u32, 0..4_u32, dead).prop_map(
        |(mode, row, im, mm, (im_budgets, mm_budgets), mm_share, wait, lag_steps, (dead, schedule, new))| {
            let pace = |m_max, (up, down): (f64, f64), budgets| StepLimits {
                m_max,
                up: Some((1.0 + up).powf(row.days()) - 1.0),
                down: Some(1.0 - (1.0 - down).powf(row.days())),
                budgets: Some(budgets),
            };
            Policy {
                mode,
                row: Some(row),
                im: pace(2.0, im, im_budgets),
                mm: pace(1.5, mm, mm_budgets),
                mm_share,
                confirmations: wait,
                lag_steps,
                dead_band: dead,
                schedule,
                new,
                ..Policy::default()
            }
        },
    )
}

/// Each budget of the limits, changed.
fn rebudgeted(limits: StepLimits, change: impl Fn(Budget) -> Budget) -> StepLimits {
    let list: Vec<Budget> = limits.budgets.iter().flat_map(Budgets::iter).map(change).collect();
    StepLimits { budgets: Some(list.try_into().expect("as many as before")), ..limits }
}

/// The settings that people may choose instead.
fn tightened(p: Policy) -> Policy {
    let half = |v: Option<f64>| v.map(|v| 0.5 * v);
    let pace = |pace: StepLimits, m_max| {
        let pace = StepLimits { m_max, up: half(pace.up), down: half(pace.down), ..pace };
        rebudgeted(pace, |b| Budget { rise: 0.5 * b.rise, ..b })
    };
    Policy { im: pace(p.im, 1.5), mm: pace(p.mm, 1.2), ..p }
}

/// A machine that is wrong in one way.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    /// Windows are half as long.
    ShortWindow,
    /// Budgets are a fifth larger.
    LargeBudget,
    /// What was in force before a restart is not known after it.
    ForgetsAtRestart,
    /// What was in force before a change of settings is not known after it.
    ForgetsAtChange,
    /// Other settings never come into force.
    OldSettings,
    /// The ladder knows no budget.
    FreeLadder,
    /// Overrides know no budget.
    FreeOverride,
    /// The emergency lane is always open.
    EmergencyForEver,
    /// Steps up are larger than they may be.
    FastRise,
    /// Steps down are.
    FastFall,
    /// A missed row counts twice.
    RowsTwice,
}

impl Fault {
    /// What a machine with it takes for its settings.
    fn of(self, p: Policy) -> Policy {
        let im = match self {
            Fault::ShortWindow => rebudgeted(p.im, |b| Budget { over: Span(b.over.0 / 2), ..b }),
            Fault::LargeBudget => rebudgeted(p.im, |b| Budget { rise: 1.2 * b.rise, ..b }),
            Fault::FastRise => StepLimits { up: p.im.up.map(|up| 1.2 * up), ..p.im },
            Fault::FastFall => StepLimits { down: p.im.down.map(|down| 1.2 * down), ..p.im },
            _ => p.im,
        };
        let row = if self == Fault::RowsTwice { p.row.map(|row| Span(row.0 / 2)) } else { p.row };
        Policy { im, row, ..p }
    }
}

fn faulted(fault: Option<Fault>, p: Policy) -> Policy {
    fault.map_or(p, |f| f.of(p))
}

/// An act on a machine, which may be one with a fault.
fn act_with(fault: Option<Fault>, guard: &mut Guardrail, policy: Policy, set: bool, event: &Event) -> Option<Output> {
    let (ts, what) = event;
    let free = match fault {
        Some(Fault::FreeLadder) => matches!(what, Act::Tick { .. }),
        Some(Fault::FreeOverride) => set && matches!(what, Act::Tick { .. } | Act::Step { .. }),
        _ => false,
    };
    let mut event = event.clone();
    match (fault, what) {
        (Some(Fault::OldSettings), Act::Settle { .. }) => return None,
        (Some(Fault::ForgetsAtChange), Act::Settle { tight }) => {
            *guard = Guardrail::new(if *tight { tightened(policy) } else { policy }).expect("an accepted policy");
            return None;
        }
        (Some(Fault::EmergencyForEver), Act::Step { wait_min, b, m, long_run, known, .. }) => {
            let (wait_min, b, m, long_run, known) = (*wait_min, *b, *m, *long_run, known.clone());
            event = (*ts, Act::Step { wait_min, b, m, p_stress: vec![0.95, 0.95], long_run, known });
        }
        _ => {}
    }
    let usual = *guard.policy();
    if free {
        let im = StepLimits { budgets: Some(Budgets::default()), ..usual.im };
        guard.settle(Policy { im, ..usual }).expect("an accepted policy");
    }
    let got = act(guard, faulted(fault, policy), &event);
    if free {
        guard.settle(usual).expect("an accepted policy");
    }
    got
}

fn act(guard: &mut Guardrail, policy: Policy, (ts, act): &Event) -> Option<Output> {
    match act {
        Act::Step { b, m, p_stress, long_run, known, .. } => {
            let p_stress = p_stress.clone();
            let proposal = Proposal { ts: *ts, baseline: *b, m: *m, p_stress, long_run_var: *long_run };
            return guard.step_under(&proposal, &known.conditions(&accounts()));
        }
        Act::Tick { .. } => return guard.tick(*ts),
        Act::Kill { on, field: None } => guard.kill(*on, *ts),
        Act::Kill { on, field: Some(field) } => guard.kill_field(*field, *on, *ts),
        Act::Set { m, hours } => guard.set(Override::new(*m, *ts, Span::HOUR.times(*hours)).expect("within 1 to 3")),
        Act::Settle { tight } => {
            guard.settle(if *tight { tightened(policy) } else { policy }).expect("an accepted policy");
        }
    }
    None
}

/// A bundle with what was known when it was decided.
struct Seen {
    ts: Ts,
    /// Whether it answers a step with a usable baseline.
    stepped: bool,
    /// Whether requirements could move toward a target, or glide: intervals are measured from there.
    paced: bool,
    b: f64,
    target: f64,
    long_run: f64,
    emergency: bool,
    thin: bool,
    exposed: bool,
    /// Largest multiplier that any settings or override allowed so far.
    roof: f64,
    /// The settings in force.
    policy: Policy,
    bundle: Output,
}

impl Seen {
    /// How many times the usual steps and budgets hold.
    fn times(&self) -> f64 {
        if self.emergency { EMERGENCY_TIMES } else { 1.0 }
    }
}

/// What a history has said so far.
struct Teller {
    first: Policy,
    policy: Policy,
    set: Option<Override>,
    watch: BookWatch,
    roof: f64,
    input: Ts,
    killed_im: bool,
}

impl Teller {
    /// The multiplier that is aimed at after a step with a usable baseline; NaN holds.
    fn aim(&self, ts: Ts, m: f64, known: &Known, factor: f64) -> f64 {
        let (p, thin) = (&self.policy, self.watch.is_thin());
        let confidence = known.confidence.map(|c| if c.is_nan() { 0.0 } else { c.max(0.0) });
        let doubt = confidence.filter(|c| *c < p.doubt.least);
        let add = doubt.map_or(0.0, |c| p.doubt.add * (1.0 - c / p.doubt.least));
        let m = match self.set.filter(|s| ts < s.until) {
            Some(set) => (set.m() / factor).max(p.m_min),
            None if (m + add).is_finite() => ((m + add) / factor).clamp(p.m_min, p.im.m_max),
            None => return f64::NAN,
        };
        let late = known.age_min.is_some_and(|a| Span::MINUTE.times(a) > p.doubt.rise_age);
        match (late, thin) {
            (true, _) => f64::NAN,
            (_, true) => m.max((p.thin.m_min / factor).min(p.im.m_max)),
            _ => m,
        }
    }
    /// Whether the factor of the schedule is the one that was given, where people neither froze nor set anything.
    fn scheduled(&self, ts: Ts, given: Option<f64>, bundle: &Output) -> bool {
        let free = !(self.killed_im || self.set.is_some_and(|s| ts < s.until));
        let given = given.filter(|f| self.policy.schedule && f.is_finite()).unwrap_or(1.0);
        !free || bundle.factor == given.clamp(0.5, 2.0)
    }
    fn hear(&mut self, act: &Act, ts: Ts) {
        match act {
            Act::Step { known, .. } => {
                if let Some(book) = known.book() {
                    self.watch.see(ts, &book, &self.policy.thin);
                }
            }
            Act::Kill { on, field } if *field != Some(Field::Maintenance) => self.killed_im = *on,
            Act::Set { m, hours } => {
                self.set = Override::new(*m, ts, Span::HOUR.times(*hours)).ok();
                self.roof = self.roof.max(*m);
            }
            Act::Settle { tight } => self.policy = if *tight { tightened(self.first) } else { self.first },
            _ => {}
        }
    }
}

/// Runs a history on a machine that is rebuilt by replay half way, as after a restart.
fn run(policy: Policy, history: &[Event]) -> Vec<Seen> {
    run_with(None, policy, history)
}

/// As [`run`], on a machine that may have a fault.
fn run_with(fault: Option<Fault>, policy: Policy, history: &[Event]) -> Vec<Seen> {
    let own = faulted(fault, policy);
    let mut guard = Guardrail::new(own).expect("an accepted policy");
    let (mut b, mut target, mut long_run, mut emergency) = (f64::NAN, f64::NAN, f64::INFINITY, false);
    let watch = BookWatch::default();
    let (input, roof) = (Ts(0), policy.im.m_max);
    let mut teller = Teller { first: policy, policy, set: None, watch, roof, input, killed_im: false };
    let mut seen: Vec<Seen> = Vec::new();
    for (i, event) in history.iter().enumerate() {
        if i == history.len() / 2 {
            let mut rebuilt = Guardrail::new(own).expect("an accepted policy");
            if fault.is_none() {
                history[..i].iter().for_each(|e| drop(act(&mut rebuilt, policy, e)));
                assert_eq!(rebuilt, guard, "a replay gives an equal machine");
            }
            if fault.is_none() || fault == Some(Fault::ForgetsAtRestart) {
                guard = rebuilt;
            }
        }
        let set = teller.set.is_some_and(|set| event.0 < set.until);
        let got = act_with(fault, &mut guard, policy, set, event);
        teller.hear(&event.1, event.0);
        let (mut stepped, mut exposed) = (false, false);
        match &event.1 {
            Act::Step { b: base, m, p_stress, long_run: lr, known, .. } if (1e-12..=1e6).contains(base) => {
                stepped = true;
                exposed = known.exposed;
                b = *base;
                let factor = got.as_ref().map_or(1.0, |bundle| bundle.factor);
                let told = got.as_ref().is_none_or(|bundle| teller.scheduled(event.0, known.factor, bundle));
                assert!(told || fault.is_some(), "{:?}", event.1);
                target = teller.aim(event.0, *m, known, factor) * b;
                long_run = lr.filter(|v| v.is_finite() && *v > 0.0).unwrap_or(f64::INFINITY);
                emergency = p_stress.iter().filter(|p| **p >= policy.emergency_p).count() >= policy.emergency_models;
                teller.input = event.0;
            }
            Act::Tick { .. } => {
                emergency = false;
                // What people set is aimed at between inputs, too.
                let set = teller.set.filter(|s| event.0 < s.until && !teller.killed_im);
                if let Some(set) = set.filter(|_| event.0 - teller.input <= policy.ladder.hold) {
                    let factor = got.as_ref().map_or(1.0, |bundle| bundle.factor);
                    target = (set.m() / factor).max(teller.policy.m_min) * b;
                }
            }
            _ => {}
        }
        if let Some(bundle) = got {
            let said = |r: Reason| bundle.reasons.contains(&r);
            let paced = stepped || said(Reason::Kill) || said(Reason::Override) || !bundle.mm_reasons.is_empty();
            let (thin, roof, now) = (teller.watch.is_thin(), teller.roof, teller.policy);
            seen.push(Seen {
                ts: event.0,
                stepped,
                paced,
                b,
                target,
                long_run,
                emergency,
                thin,
                exposed,
                roof,
                policy: now,
                bundle,
            });
        } else if matches!(event.1, Act::Step { .. }) {
            assert!(seen.is_empty() || fault.is_some(), "once there is a value every step gives a bundle");
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

/// Rows that count between the last pacing and a moment, at least those of `least`.
fn rows(s: &Seen, paced: Ts, least: Span) -> f64 {
    let row = s.policy.row();
    let passed = (s.ts - paced).clamp(Span(0), Span::DAY.max(row)).max(least);
    passed.0 as f64 / row.0 as f64
}

/// Whether every step of both requirements is within its limits.
fn steps_hold(seen: &[Seen]) -> Result<(), String> {
    let hold = |good: bool, old: f64, new: &Seen| if good { Ok(()) } else { Err(format!("{old} to {:?}", new.bundle)) };
    let mut paced = seen.first().map_or(Ts(0), |s| s.ts);
    for pair in seen.windows(2) {
        let (old, new) = (&pair[0], &pair[1]);
        let p = &new.policy;
        let (up, down) = (p.min_between_increases, p.min_between_decreases);
        let (c0, c1) = (old.bundle.unscheduled, new.bundle.unscheduled);
        let most = c0 * (1.0 + new.times() * p.im.up.unwrap()).powf(rows(new, paced, up));
        let least = c0 * (1.0 - p.im.down.unwrap()).powf(rows(new, paced, down));
        let stale = [State::Hold, State::Degrading, State::Fallback].contains(&new.bundle.state);
        hold(stale || at_most(c1, most.max(new.b)), c0, new)?;
        // A cap that was lowered, or an override that ended, glides too: it is never below this.
        hold(at_most(least.min(p.im.m_max * new.b), c1), c0, new)?;
        let (k0, k1) = (old.bundle.c_mm, new.bundle.c_mm);
        let most = k0 * (1.0 + p.mm.up.unwrap()).powf(rows(new, paced, up));
        let least = k0 * (1.0 - p.mm.down.unwrap()).powf(rows(new, paced, down));
        hold(at_most(k1, most.max(p.mm_share * new.b)), k0, new)?;
        hold(at_most(least.min(p.mm.m_max * p.mm_share * new.b), k1), k0, new)?;
        if new.paced {
            paced = new.ts;
        }
    }
    Ok(())
}

/// Whether no stretch of any length breaks a budget: what is in force at its end is at most so much above what was
/// in force at its beginning, or the largest baseline in it asked for it. Where settings changed within it,
/// or the emergency lane opened or closed, the laxest budget of it holds.
fn budgets_hold(seen: &[Seen]) -> Result<(), String> {
    for (j, end) in seen.iter().enumerate() {
        let (mut floor, mut laws): (f64, Vec<(Policy, f64)>) = (0.0, Vec::new());
        for i in (0..j).rev() {
            // A value holds until the next comes: the shortest stretch that begins with it begins just before.
            let (begin, next) = (&seen[i].bundle, &seen[i + 1]);
            let length = end.ts - next.ts;
            floor = floor.max(next.b);
            let law = (next.policy, next.times());
            if !laws.contains(&law) {
                laws.push(law);
            }
            let most = |limits: fn(&Policy) -> &StepLimits, lane: bool| {
                let of = |(policy, times): &(Policy, f64)| {
                    let all = limits(policy).budgets.iter().flat_map(|b| b.iter().collect::<Vec<_>>());
                    let times = if lane { *times } else { 1.0 };
                    all.filter(|b| b.over > length).map(|b| times * b.rise).fold(f64::INFINITY, f64::min)
                };
                laws.iter().map(of).fold(0.0, f64::max)
            };
            let (im, mm) = (most(|p| &p.im, true), most(|p| &p.mm, false));
            for (what, c, before, rise, floor) in [
                ("initial", end.bundle.unscheduled, begin.unscheduled, im, floor),
                ("maintenance", end.bundle.c_mm, begin.c_mm, mm, end.policy.mm_share * floor),
            ] {
                if !at_most(c, (before * (1.0 + rise)).max(floor)) {
                    return Err(format!("{what}: {before} at {} to {c} at {}, {rise} allowed", begin.ts, end.ts));
                }
            }
        }
    }
    Ok(())
}

fn hour(n: i64) -> Ts {
    Ts(0) + Span::HOUR.times(n)
}

/// Hourly rows with one budget, and nothing else that holds a rise back.
fn budgeted(up: f64, hours: i64, rise: f64) -> Policy {
    let budgets = vec![Budget { over: Span::HOUR.times(hours), rise }];
    let im = StepLimits { up: Some(up), budgets: Some(budgets.try_into().unwrap()), ..Policy::default().im };
    Policy { row: Some(Span::HOUR), im, dead_band: 0.0, day_cap: 1000.0, ..Policy::default() }
}

/// A law of the pace.
type Law = fn(&[Seen]) -> Result<(), String>;

#[test]
fn planted_faults_of_the_pace_are_caught() {
    let laws: [(Law, &[Fault]); 2] = [
        (
            budgets_hold,
            &[
                Fault::ShortWindow,
                Fault::LargeBudget,
                Fault::ForgetsAtRestart,
                Fault::ForgetsAtChange,
                Fault::OldSettings,
                Fault::FreeLadder,
                Fault::FreeOverride,
                Fault::EmergencyForEver,
            ],
        ),
        (
            steps_hold,
            &[Fault::FastRise, Fault::FastFall, Fault::RowsTwice, Fault::OldSettings, Fault::EmergencyForEver],
        ),
    ];
    for (law, faults) in laws {
        let found = |fault: Option<Fault>| {
            let mut runner = TestRunner::new(ProptestConfig { max_shrink_iters: 0, ..cases() });
            let held = runner.run(&(policy(), history()), |(policy, history)| {
                law(&run_with(fault, policy, &history)).map_err(TestCaseError::fail)
            });
            matches!(held, Err(TestError::Fail(..)))
        };
        for fault in faults {
            assert!(found(Some(*fault)), "{fault:?} is not found");
        }
    }
}

/// What was in force a day before `ts`, among bundles seen.
fn a_day_ago(seen: &[Seen], ts: Ts) -> f64 {
    let old = seen.iter().rev().find(|s| s.ts <= ts - Span::DAY).unwrap_or(&seen[0]);
    old.bundle.unscheduled
}

fn chain_inputs() -> impl Strategy<Value = ChainInputs> {
    let blend = (0.0..=1.0_f64, 0.5..2.0_f64, 0.0..=1.0_f64).prop_map(|(weight, level, stress_link)| Blend {
        weight,
        level,
        stress_link,
    });
    (0.005..0.2_f64, 0.001..0.5_f64, blend, 0.0..1.0_f64, 0.001..0.5_f64, 0.0..0.1_f64).prop_map(
        |(baseline, f, blend, p_stress, stressed, liquidity)| ChainInputs {
            baseline,
            forecast: Some(f),
            blend,
            p_stress,
            stressed,
            liquidity,
        },
    )
}

fn whole_chain(inputs: &ChainInputs) -> Chain {
    inputs.chain(1.0, 2.0).expect("a baseline")
}

/// What holds for every chain of multipliers; says which law it breaks.
fn chain_laws(chain: &dyn Fn(&ChainInputs) -> Chain, i: &ChainInputs, more: f64) -> Result<(), &'static str> {
    let links = |i: &ChainInputs| {
        let c = chain(i);
        [c.m1, c.m2, c.m3, c.m4]
    };
    let of = links(i);
    let bounded = (1.0..=2.0).contains(&of[3]) && of[1] >= of[0] && of[2] >= of[1];
    bounded.then_some(()).ok_or("each link is at least the one before, and the last within its bounds")?;
    let blend = |blend: Blend| ChainInputs { blend, ..*i };
    let (f, own) = (i.forecast.unwrap_or(i.baseline), i.blend);
    let heard = f > i.baseline;
    for (riskier, law) in [
        (ChainInputs { forecast: Some(f * more), ..*i }, "it rises with the forecast"),
        (blend(Blend { level: own.level * more, ..own }), "it rises with the level"),
        (
            blend(Blend { weight: if heard { (own.weight * more).min(1.0) } else { own.weight }, ..own }),
            "it rises with the weight of a rise",
        ),
        (blend(Blend { stress_link: (own.stress_link * more).min(1.0), ..own }), "it rises with the stress link"),
        (ChainInputs { p_stress: (i.p_stress * more).min(1.0), ..*i }, "it rises with the probability of stress"),
        (ChainInputs { stressed: i.stressed * more, ..*i }, "it rises with the stressed loss"),
        (ChainInputs { liquidity: i.liquidity * more, ..*i }, "it rises with the charge"),
    ] {
        let to = links(&riskier);
        of.iter().zip(to).all(|(a, b)| b >= *a).then_some(()).ok_or(law)?;
    }
    let silenced = blend(Blend { weight: 0.0, ..own });
    let at_level = links(&silenced)[0] == own.level;
    at_level.then_some(()).ok_or("without weight the blend is its level")?;
    let other = ChainInputs { forecast: Some(f * more + 0.01), ..silenced };
    (links(&other) == links(&silenced)).then_some(()).ok_or("without weight the forecast is not known")?;
    let without = ChainInputs { forecast: None, ..*i };
    (links(&without) == links(&silenced)).then_some(()).ok_or("silencing takes away the forecast and nothing else")?;
    // A power of two is exact.
    let scaled = ChainInputs {
        baseline: 8.0 * i.baseline,
        forecast: i.forecast.map(|f| 8.0 * f),
        stressed: 8.0 * i.stressed,
        liquidity: 8.0 * i.liquidity,
        ..*i
    };
    (links(&scaled) == of).then_some(()).ok_or("a multiplier has no unit")
}

#[test]
fn planted_faults_in_the_chain_break_the_law_they_are_planted_against() {
    let with = |i: &ChainInputs, weight: f64| ChainInputs { blend: Blend { weight, ..i.blend }, ..*i };
    type Fault = fn(&ChainInputs) -> ChainInputs;
    let turned: Fault = |i| ChainInputs { forecast: i.forecast.map(|f| i.baseline * i.baseline / f), ..*i };
    let deaf: Fault = |i| ChainInputs { p_stress: if i.blend.weight > 0.0 { i.p_stress } else { 0.0 }, ..*i };
    let united: Fault = |i| ChainInputs { liquidity: i.liquidity * i.baseline, ..*i };
    let bounded = |i: &ChainInputs| whole_chain(&with(i, i.blend.weight.max(0.1)));
    let discounted = |i: &ChainInputs| {
        let mut chain = whole_chain(i);
        chain.m4 = chain.m3.min(2.0);
        chain
    };
    type Faulty<'a> = (&'a str, &'a dyn Fn(&ChainInputs) -> Chain);
    let faults: [Faulty<'_>; 5] = [
        ("it rises with the forecast", &|i| whole_chain(&turned(i))),
        ("without weight the blend is its level", &bounded),
        ("silencing takes away the forecast and nothing else", &|i| whole_chain(&deaf(i))),
        ("a multiplier has no unit", &|i| whole_chain(&united(i))),
        ("each link is at least the one before, and the last within its bounds", &discounted),
    ];
    let blend = Blend { weight: 0.6, level: 1.0, stress_link: 1.0 };
    let (forecast, stressed, liquidity) = (Some(0.03), 0.09, 0.001);
    let calm = ChainInputs { baseline: 0.04, forecast, blend, p_stress: 0.0, stressed, liquidity: 0.0 };
    let stress = ChainInputs { p_stress: 0.3, liquidity, ..calm };
    for (law, chain) in faults {
        let broken: Vec<&str> = [calm, stress].iter().filter_map(|i| chain_laws(chain, i, 1.5).err()).collect();
        assert!(broken.contains(&law), "{law}: {broken:?}");
    }
    assert!([calm, stress].iter().all(|i| chain_laws(&whole_chain, i, 1.5).is_ok()));
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
            // Above the settings' own cap only what people set, and never above the ceiling of the program.
            let top = (s.roof * 1e6) as u64 + policy.quantum_ppm;
            let (least, mm) = ((policy.m_min * lag * 1e6) as u64, policy.mm.m_max * 1e6);
            prop_assert!((least..=top.min((M_CEILING * 1e6) as u64)).contains(&x.m_im_ppm), "{x:?}");
            prop_assert!(x.m_mm_ppm <= mm as u64, "{x:?}");
            prop_assert!(x.m_transfer_ppm >= x.m_im_ppm && x.m_transfer_ppm >= 1_250_000, "{x:?}");
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
    fn the_schedule_is_on_what_the_pace_binds_and_maintenance_margin_has_none(policy in policy(), history in history()) {
        let policy = Policy { schedule: true, ..policy };
        for s in run(policy, &history) {
            let x = &s.bundle;
            let wanted = (x.factor * x.unscheduled).max((policy.m_min * s.b).min(x.unscheduled));
// Cut at the cap on the multiplier, of which 1.5 is the lowest here.
            let least = wanted.min(x.unscheduled.max(1.5 * s.b));
            prop_assert!(at_most(x.c_im, wanted.max(x.c_mm / policy.mm_share)), "{x:?}");
            prop_assert!(at_most(least, x.c_im), "{x:?}");
            prop_assert!(at_most(x.c_mm, policy.mm_share * x.unscheduled), "{x:?}");
        }
    }

    #[test]
    fn a_schedule_of_one_and_one_that_is_not_applied_are_none_bit_for_bit(policy in policy(), history in history()) {
        let factored = |factor: Option<f64>| {
            let one = |(ts, act): &Event| match act.clone() {
                Act::Step { wait_min, b, m, p_stress, long_run, known } => {
                    let known = Known { factor, ..known };
                    (*ts, Act::Step { wait_min, b, m, p_stress, long_run, known })
                }
                other => (*ts, other),
            };
            history.iter().map(one).collect::<Vec<Event>>()
        };
        let told = |schedule: bool, history: &[Event]| {
            let seen = run(Policy { schedule, ..policy }, history);
            seen.into_iter().map(|s| s.bundle).collect::<Vec<Output>>()
        };
        let (none, one, own) = (told(false, &factored(None)), told(true, &factored(Some(1.0))), told(false, &history));
        prop_assert!(none == one && none == own);
        prop_assert!(none.iter().all(|x| x.c_im == x.unscheduled));
    }

    #[test]
    fn managed_total_lags_the_baseline_little_and_briefly(policy in policy(), history in history()) {
        let policy = Policy { mode: Mode::ManagedTotal, ..policy };
        let mut lagging = 0;
        for s in run(policy, &history) {
            prop_assert!(at_most(s.b * (1.0 - policy.lag_max), s.bundle.c_im), "{:?}", s.bundle);
            let lags = s.bundle.unscheduled < s.b;
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
            let policy = &s.policy;
            let cap = (policy.long_run_cap * s.long_run).min(policy.day_cap * a_day_ago(&seen[..i], s.ts));
            // A value in force glides out of a lower cap; it never jumps.
            prop_assert!(at_most(s.bundle.unscheduled, cap.max(before.bundle.unscheduled).max(s.b)), "{:?}", s.bundle);
        }
    }

    #[test]
    fn steps_stay_within_their_limits_whatever_happens(policy in policy(), history in history()) {
        prop_assert_eq!(steps_hold(&run(policy, &history)), Ok(()));
    }

    #[test]
    fn no_stretch_of_any_length_breaks_a_budget_whatever_happens(policy in policy(), history in history()) {
        prop_assert_eq!(budgets_hold(&run(policy, &history)), Ok(()));
    }

    #[test]
    fn a_budget_is_spent_in_one_step_and_then_refuses_more_until_its_window_has_moved_on(
        rise in 0.01..0.4_f64, hours in 2..200_i64, up in 0.5..1.0_f64, m in 1.5..2.0_f64,
    ) {
        let policy = budgeted(up, hours, rise);
        let mut guard = Guardrail::new(policy).unwrap();
        let mut step = |h: i64| {
            let proposal = Proposal { ts: hour(h), baseline: 0.04, m: if h == 0 { 1.0 } else { m }, p_stress: vec![], long_run_var: None };
            guard.step(&proposal).unwrap()
        };
        step(0);
        let spent = step(1);
        prop_assert!((spent.c_im / (0.04 * (1.0 + rise)) - 1.0).abs() < 1e-12);
        prop_assert_eq!(spent.headroom.tightest, Some((Span::HOUR.times(hours), spent.headroom.tightest.unwrap().1)));
        prop_assert!(spent.headroom.tightest.unwrap().1 < 1e-9);
        // What held until the first hour is in the window until so long after it.
        for h in 2..=hours {
            let next = step(h);
            prop_assert_eq!((next.c_im, next.reasons.last()), (spent.c_im, Some(&Reason::Budget)));
        }
        let again = step(hours + 1);
        let want = (0.04 * (1.0 + rise) * (1.0 + rise)).min(0.04 * m);
        prop_assert!((again.c_im / want - 1.0).abs() < 1e-9, "{} {want}", again.c_im);
    }

    #[test]
    fn the_emergency_lane_doubles_exactly(rise in 0.01..0.2_f64, up in 0.01..0.2_f64, models in 0..4_usize) {
        let first = |p_stress: Vec<f64>| {
            let mut guard = Guardrail::new(budgeted(up, 24, rise)).unwrap();
            guard.step(&Proposal { ts: hour(0), baseline: 0.04, m: 1.0, p_stress: vec![], long_run_var: None });
            guard.step(&Proposal { ts: hour(1), baseline: 0.04, m: 2.0, p_stress, long_run_var: None }).unwrap()
        };
        let got = first(vec![0.9; models]);
        let times = if models >= 2 { EMERGENCY_TIMES } else { 1.0 };
        prop_assert!((got.c_im / 0.04 - 1.0 - times * rise.min(up)).abs() < 1e-12);
        prop_assert_eq!(got.reasons.contains(&Reason::EmergencyLane), models >= 2);
        prop_assert_eq!(first(vec![0.89; models]).c_im, first(vec![]).c_im);
    }

    #[test]
    fn what_is_said_of_how_far_margin_may_rise_is_never_exceeded_and_can_be_reached(
        past in prop::collection::vec(1.0..1.3_f64, 1..60), up in 0.001..0.1_f64, one in (1..30_i64, 0.01..0.2_f64),
        two in (30..140_i64, 0.05..0.6_f64),
    ) {
        let list = [one, two].map(|(hours, rise)| Budget { over: Span::HOUR.times(hours), rise });
        let policy = budgeted(up, 24, 0.1);
        let im = StepLimits { budgets: Some(list.to_vec().try_into().unwrap()), m_max: 3.0, ..policy.im };
        let policy = Policy { im, min_between_decreases: Span(0), confirmations: 0, ..policy };
        let mut guard = Guardrail::new(policy).unwrap();
        let step = |guard: &mut Guardrail, h: usize, m: f64| {
            let proposal = Proposal { ts: hour(h as i64), baseline: 0.04, m, p_stress: vec![], long_run_var: None };
            guard.step(&proposal).unwrap()
        };
        let mut last = None;
        for (h, m) in past.iter().enumerate() {
            last = Some(step(&mut guard, h, *m));
        }
        let said = last.unwrap();
        for (h, rise) in [1, 8, 24].into_iter().zip(said.headroom.rises) {
            let mut guard = guard.clone();
            let risen = (0..h).map(|k| step(&mut guard, past.len() + k, 3.0)).last().unwrap();
            let most = said.c_im * (1.0 + rise);
            prop_assert!(at_most(risen.c_im, most), "{h} h: {} {most}", risen.c_im);
            // Where a window ends before the time said of, what lies in it is known only as a bound.
            let all_known = one.0 >= h as i64;
            prop_assert!(!all_known || at_most(most.min(0.12), risen.c_im), "{h} h: {} {most}", risen.c_im);
        }
    }

    #[test]
    fn what_is_new_is_asked_at_least_initial_margin_and_within_its_own_cap(policy in policy(), history in history()) {
        for s in run(policy, &history) {
            let (x, quantum) = (&s.bundle, policy.quantum_ppm as f64 / 1e6);
            prop_assert!(x.c_new >= x.c_im && x.m_new_ppm >= x.m_im_ppm && x.m_transfer_ppm >= x.m_new_ppm, "{x:?}");
            prop_assert!(x.unscheduled_new >= x.unscheduled, "{x:?}");
            let asked = x.m_new_ppm as f64 / 1e6 * s.b;
            prop_assert!(at_most(x.c_new, asked) && at_most(asked, x.c_new.max(x.c_im + quantum * s.b) + quantum * s.b));
            let cap = s.policy.new.map_or(s.roof, |new| new.m_max.max(s.roof));
            prop_assert!(at_most(x.m_new_ppm as f64, (1e6 * cap).min(1e6 * M_CEILING) + 1e6 * quantum), "{x:?}");
            prop_assert!(policy.new.is_some() || x.c_new == x.c_im && x.m_new_ppm == x.m_im_ppm, "{x:?}");
        }
    }

    #[test]
    fn no_held_position_knows_of_the_pace_of_what_is_new(policy in policy(), history in history(), new in new_limits()) {
        let told = |new: Option<StepLimits>| {
            let seen = run(Policy { new, ..policy }, &history);
            let held = |x: Output| {
                let (initial, maintenance) = ((x.c_im, x.m_im_ppm, x.reasons), (x.c_mm, x.m_mm_ppm, x.mm_reasons));
                (x.ts, initial, maintenance, x.notice, x.blast, x.unscheduled)
            };
            seen.into_iter().map(|s| held(s.bundle)).collect::<Vec<_>>()
        };
        prop_assert!(told(policy.new) == told(new));
    }

    #[test]
    fn what_is_new_keeps_its_own_budgets(policy in policy(), history in history()) {
        let seen = run(policy, &history);
        for (j, end) in seen.iter().enumerate() {
            let (mut floor, mut times): (f64, f64) = (0.0, 1.0);
            for i in (0..j).rev() {
                let next = &seen[i + 1];
                floor = floor.max(next.b).max(next.bundle.unscheduled);
                times = times.max(next.times());
                let length = end.ts - next.ts;
                let of = policy.new.iter().flat_map(|new| new.budgets).flat_map(|all| all.iter().collect::<Vec<_>>());
                let rise = of.filter(|b| b.over > length).map(|b| times * b.rise).fold(f64::INFINITY, f64::min);
                let most = (seen[i].bundle.unscheduled_new * (1.0 + rise)).max(floor);
                let c = end.bundle.unscheduled_new;
                prop_assert!(policy.new.is_none() || at_most(c, most), "{c} {most} {:?}", end.bundle);
            }
        }
    }

    #[test]
    fn a_thin_book_lowers_nothing_and_lifts_no_maintenance_margin(policy in policy(), history in history()) {
        for pair in run(policy, &history).windows(2) {
            let (old, new) = (&pair[0].bundle, &pair[1]);
            if !new.thin {
                continue;
            }
            // Only the cap on the multiplier of a baseline that fell is stronger.
            let p = &new.policy;
            let held = old.unscheduled.min(p.im.m_max * new.b);
            prop_assert!(at_most(held, new.bundle.unscheduled), "{held} to {:?}", new.bundle);
            let floor = p.mm_share * new.b;
            prop_assert!(at_most(new.bundle.c_mm, old.c_mm.max(floor)), "{} to {:?}", old.c_mm, new.bundle);
        }
    }

    #[test]
    fn a_rise_of_maintenance_margin_liquidates_no_more_than_allowed(policy in policy(), history in history()) {
        let accounts = accounts();
        for pair in run(policy, &history).windows(2) {
            let (old, new) = (&pair[0].bundle, &pair[1]);
            if !(new.stepped && new.exposed) {
                continue;
            }
            let baseline = new.policy.mm_share * new.b;
            let asked = |m_ppm: u64| m_ppm as f64 / 1e6 * baseline;
            let impact = accounts.newly_liquidatable(asked(old.m_mm_ppm), asked(new.bundle.m_mm_ppm));
            // What is not allowed is no rise of ours: the requirement held, or the baseline asks it.
            let allowed = new.policy.blast.allows(&impact, &accounts);
            prop_assert!(allowed || at_most(new.bundle.c_mm, old.c_mm.max(baseline)), "{impact:?} {:?}", new.bundle);
        }
    }

    #[test]
    fn a_rise_over_many_days_is_no_faster_than_its_steps_and_budgets(hours in prop::collection::vec((1..30_i64, 1.0..2.0_f64), 30..120)) {
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
                let hours = (*to - *from).seconds() / 3600.0;
                prop_assert!(at_most(*c1, c0 * 1.023f64.powf(hours + 5.0)), "{c0} at {from} to {c1} at {to}");
                prop_assert!(at_most(c0 * 0.991f64.powf(hours + 6.0), *c1));
                prop_assert!(hours >= 24.0 || at_most(*c1, 1.2 * c0));
                prop_assert!(hours >= 120.0 || at_most(*c1, 1.6 * c0));
            }
        }
    }

    #[test]
    fn first_requirement_rises_with_each_risk_input(
        b in 0.005..0.2_f64, m in 0.5..3.0_f64, lr in 0.01..0.1_f64, more in 1.0..2.0_f64, mode in prop::bool::ANY,
    ) {
        let mode = if mode { Mode::LiftOnly } else { Mode::ManagedTotal };
        let first = |b, m, lr, confidence| {
            let mut guard = Guardrail::new(Policy { mode, ..Policy::default() }).unwrap();
            let proposal = Proposal { ts: Ts(0), baseline: b, m, p_stress: vec![], long_run_var: Some(lr) };
            guard.step_under(&proposal, &Conditions { confidence: Some(confidence), ..Conditions::default() }).unwrap()
        };
        let base = first(b, m, lr, 0.5);
        let doubted = first(b, m, lr, 0.5 / more);
        for riskier in [first(b * more, m, lr, 0.5), first(b, m * more, lr, 0.5), first(b, m, lr * more, 0.5), doubted] {
            prop_assert!(riskier.c_im >= base.c_im && riskier.c_mm >= base.c_mm);
        }
    }

    #[test]
    fn the_chain_keeps_its_laws_for_all_inputs(inputs in chain_inputs(), more in 1.0..2.0_f64) {
        if let Err(why) = chain_laws(&whole_chain, &inputs, more) {
            prop_assert!(false, "{why}: {inputs:?}");
        }
    }

    #[test]
    fn products_share_nothing_so_their_order_changes_nothing(
        policy in policy(), histories in prop::collection::vec(history(), 2..5), turns in prop::collection::vec(0..5_usize, 400),
    ) {
        let alone = |history: &Vec<Event>| {
            let mut guard = Guardrail::new(policy).unwrap();
            history.iter().map(|e| act(&mut guard, policy, e)).collect::<Vec<_>>()
        };
        let mut guards: Vec<Guardrail> = histories.iter().map(|_| Guardrail::new(policy).unwrap()).collect();
        let mut mixed: Vec<Vec<Option<Output>>> = histories.iter().map(|_| Vec::new()).collect();
        let rest = (0..histories.len()).flat_map(|k| std::iter::repeat_n(k, 100));
        for k in turns.into_iter().map(|k| k % histories.len()).chain(rest) {
            if let Some(event) = histories[k].get(mixed[k].len()) {
                mixed[k].push(act(&mut guards[k], policy, event));
            }
        }
        prop_assert_eq!(mixed, histories.iter().map(alone).collect::<Vec<_>>());
    }

    #[test]
    fn a_haircut_stays_within_0_and_1_and_covers_what_was_measured(policy in policy(), history in history()) {
        let mut haircut = GuardedHaircut::new(Policy { mode: Mode::LiftOnly, ..policy }).unwrap();
        let mut measured = f64::NAN;
        for (ts, act) in &history {
            let cut = match act {
                Act::Step { b, m, known, .. } => {
                    let h = 5.0 * b;
                    measured = if h > 0.0 && (1e-12..=1.0).contains(&h) { h } else { measured };
                    haircut.step(*ts, h, m * h, &known.conditions(&accounts()))
                }
                Act::Tick { .. } => haircut.tick(*ts),
                _ => None,
            };
            let Some(cut) = cut else { continue };
            prop_assert!(cut.haircut_ppm <= 1_000_000 && cut.haircut_ppm + cut.value_ppm == 1_000_000);
            prop_assert!(cut.haircut_ppm as f64 + 1e-3 >= 1e6 * measured, "{cut:?} {measured}");
        }
    }

    #[test]
    fn a_score_rises_with_each_percentile_and_its_parts_sum_to_it(
        u in prop::array::uniform6(prop::option::of(number(0.0..1.0))), k in 0..6_usize, more in 0.0..1.0_f64,
        w in prop::array::uniform6(number(0.0..1.0)),
    ) {
        let weights = RiskWeights(w);
        let Some(base) = RiskScore::of(&u, &weights) else { return Ok(()) };
        prop_assert_eq!(base.parts.iter().flatten().sum::<u64>(), base.total);
        prop_assert!((0.0..=100.00001).contains(&base.points()));
        if let Some(old) = u[k].filter(|v| v.is_finite()) {
            let mut higher = u;
            higher[k] = Some(old + more);
            let higher = RiskScore::of(&higher, &weights).unwrap();
            prop_assert!(higher.total >= base.total && higher.band() >= base.band());
        }
    }

    #[test]
    fn maintenance_lift_rises_only_after_its_notice(policy in policy(), history in history()) {
        let seen = run(policy, &history);
        // What people set is told at ticks, too.
        let step = |s: &&Seen| (s.stepped || s.bundle.reasons.contains(&Reason::Override)) && !s.target.is_nan();
        for (i, pair) in seen.windows(2).enumerate() {
            let (old, new) = (&pair[0].bundle, &pair[1]);
            let floor = policy.mm_share * new.b;
            if new.bundle.c_mm > old.c_mm * (1.0 + 1e-9) && new.bundle.c_mm > floor * (1.0 + 1e-9) {
                // Every target that stood in the notice period wanted at least this multiplier.
                let told = new.ts - policy.mm_notice;
                // What comes later at the same instant was not known yet.
                let stood: Vec<&Seen> = seen[..=i + 1].iter().filter(step).collect();
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
            let off = s.target.is_nan() || (s.bundle.unscheduled - s.target).abs() > 1e-9 * s.target;
            let silent = s.bundle.reasons.is_empty();
            prop_assert!(!(off && s.stepped && silent), "target {} {:?}", s.target, s.bundle);
            let usual = [State::Fresh, State::Thin].contains(&s.bundle.state);
            prop_assert!(usual || !silent, "{:?}", s.bundle);
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
            prop_assert!(next.c_im <= c && at_most(c * 0.991, next.c_im));
            prop_assert!(h > 1 || next.c_im == c, "frozen for the first hour");
            c = next.c_im;
        }
        let want = (m * b * 0.991f64.powi(hours as i32 - 2)).max(b);
        prop_assert!((c / want - 1.0).abs() < 1e-9, "{c} against {want}");
        guard.kill(false, at(hours));
        prop_assert_eq!(guard.step(&proposal(hours)).unwrap().state, State::Fresh);
    }

    #[test]
    fn silence_never_lowers_and_ends_at_the_fallback_or_the_budget(
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
        prop_assert!((last.c_im - 0.04 * m.max(1.25).min(1.2 * m)).abs() < 1e-12);
        prop_assert_eq!(last.reasons.contains(&Reason::Budget), 1.2 * m < 1.25);
    }
}
