//! Who may change settings, when a change acts, and what is found out of order.

use super::*;
use crate::margin::guardrail::policy_change::Changes;
use crate::margin::{Blend, Override, Policy};

fn hour(n: i64) -> Ts {
    Ts(0) + Span::HOUR.times(n)
}

fn settings(key: &str, value: &str) -> ProposedChange {
    ProposedChange::Settings(Changes::from([(key.to_string(), value.to_string())]))
}

fn guard() -> (tempfile::TempDir, PolicyLog, PolicySettings) {
    let folder = tempfile::TempDir::new().unwrap();
    let guard = PolicyLog::of(folder.path());
    (folder, guard, PolicySettings { blend: Blend::default(), guardrail: Policy::default().of_rows(Span::HOUR) })
}

fn same(base: &PolicySettings) -> Order {
    let new = NewSettings { horizon: None, blend: Some(base.blend), guardrail: base.guardrail };
    Order::Settings(Box::new(new))
}

fn ids(due: Vec<PolicyProposal>) -> Vec<u64> {
    due.into_iter().map(|p| p.id).collect()
}

#[test]
fn settings_want_two_others_and_then_wait() {
    let (_folder, guard, base) = guard();
    let id = guard.propose(settings("im.up", "0.2"), ("ann", "faster"), hour(0), &base).unwrap();
    let none = BTreeSet::new();
    let refusal = |who: &str| guard.approve(id, (who, "fine"), hour(1)).unwrap_err().to_string();
    assert!(refusal("Ann").contains("another person"));
    guard.approve(id, ("ben", "fine"), hour(1)).unwrap();
    assert!(refusal("ben").contains("another person") && refusal(" ").contains("who and why"));
    assert!(guard.due(&base, &none, hour(1_000)).unwrap().is_empty(), "one is not enough");
    guard.approve(id, ("cem", "fine"), hour(2)).unwrap();
    assert!(refusal("dan").contains("approved already"));
    assert!(guard.due(&base, &none, hour(25)).unwrap().is_empty(), "loosening waits a day");
    assert_eq!(ids(guard.due(&base, &none, hour(26)).unwrap()), [1]);
    assert!(guard.due(&base, &BTreeSet::from([1]), hour(26)).unwrap().is_empty());
    let order = guard.proposals().unwrap()[0].order(&base).unwrap();
    assert_eq!(guard.check(1, &order, &base, hour(26)).unwrap(), None);
    assert!(guard.check(1, &order, &base, hour(25)).unwrap().unwrap().contains("not due"));
    assert!(guard.check(1, &same(&base), &base, hour(26)).unwrap().unwrap().contains("not what"));
    assert!(guard.check(2, &order, &base, hour(26)).unwrap().unwrap().contains("not approved"));
}

#[test]
fn a_step_back_is_judged_by_what_is_in_force_and_not_by_what_is_pending() {
    let (_folder, guard, base) = guard();
    let approved = |value: &str, at: i64| {
        let id = guard.propose(settings("im.up", value), ("ann", "x"), hour(at), &base).unwrap();
        guard.approve(id, ("ben", "x"), hour(at)).unwrap();
        guard.approve(id, ("cem", "x"), hour(at)).unwrap();
    };
    // 0.023 is in force. 0.015 acts at once, and 0.02 is looser than that.
    approved("0.015", 0);
    approved("0.02", 1);
    // 0.20 waits; 0.15 is tighter than that, but looser than what is in force.
    approved("0.20", 2);
    approved("0.15", 3);
    let line: Vec<(Ts, u64)> = guard.timeline(&base).unwrap().iter().map(|l| (l.0, l.1.id)).collect();
    assert_eq!(line, [(hour(0), 1), (hour(25), 2), (hour(26), 3), (hour(27), 4)]);
}

#[test]
fn tightening_acts_when_approved_and_what_is_cancelled_never_does() {
    let (_folder, guard, base) = guard();
    for (key, value) in [("im.up", "0.01"), ("mode", "managed-total")] {
        let id = guard.propose(settings(key, value), ("ann", "x"), hour(0), &base).unwrap();
        guard.approve(id, ("ben", "x"), hour(1)).unwrap();
        guard.approve(id, ("cem", "x"), hour(1)).unwrap();
    }
    let none = BTreeSet::new();
    assert_eq!(ids(guard.due(&base, &none, hour(1)).unwrap()), [1]);
    assert_eq!(ids(guard.due(&base, &none, hour(73)).unwrap()), [1, 2], "how guardrails work waits three days");
    guard.cancel(2, ("dan", "no"), hour(40)).unwrap();
    assert_eq!(ids(guard.due(&base, &none, hour(73)).unwrap()), [1]);
    assert!(guard.approve(2, ("eve", "x"), hour(41)).unwrap_err().to_string().contains("cancelled by dan"));
    assert!(guard.propose(settings("im.m_max", "9"), ("ann", "x"), hour(0), &base).is_err());
}

#[test]
fn an_override_wants_one_other_and_holds_from_its_approval() {
    let (_folder, guard, base) = guard();
    let over = |m_ppm, hours| ProposedChange::Override { symbol: None, m_ppm, length: Span::HOUR.times(hours) };
    assert!(guard.propose(over(3_100_000, 1), ("ann", "x"), hour(0), &base).is_err());
    assert!(guard.propose(over(1_500_000, 73), ("ann", "x"), hour(0), &base).is_err());
    let id = guard.propose(over(1_500_000, 12), ("ann", "VENUE_OUTAGE"), hour(0), &base).unwrap();
    let p = guard.approve(id, ("ben", "seen"), hour(3)).unwrap();
    let set = Override { m_ppm: 1_500_000, until: hour(15) };
    assert_eq!(p.order(&base).unwrap(), Order::Override { symbol: None, set });
    assert_eq!(ids(guard.due(&base, &BTreeSet::new(), hour(3)).unwrap()), [1]);
    let late = guard.propose(over(1_500_000, 12), ("ann", "x"), hour(4), &base).unwrap();
    let lapsed = guard.approve(late, ("ben", "x"), hour(4) + LAPSE + Span(1)).unwrap_err();
    assert!(lapsed.to_string().contains("lapsed"));
}

#[test]
fn budgets_are_proposed_and_a_retired_key_is_refused_with_what_to_write_instead() {
    let (_folder, guard, base) = guard();
    let propose = |key: &str, value: &str| guard.propose(settings(key, value), ("ann", "x"), hour(0), &base);
    for (key, word) in [("im.up_per_day", "`budgets`"), ("emergency_up_per_day", "leave it out")] {
        let refused = propose(key, "0.1").unwrap_err().to_string();
        assert!(
            refused.contains(&format!("margin.guardrail.{key}: is retired")) && refused.contains(word),
            "{refused}"
        );
    }
    for (value, due) in [("[{ over = \"24h\", rise = 0.1 }, { over = \"5d\", rise = 0.6 }]", 1), ("[]", 25)] {
        let id = propose("im.budgets", value).unwrap();
        guard.approve(id, ("ben", "x"), hour(1)).unwrap();
        guard.approve(id, ("cem", "x"), hour(1)).unwrap();
        assert_eq!(guard.timeline(&base).unwrap().last().unwrap().0, hour(due), "{value}");
    }
    assert!(propose("im.budgets", "[{ over = \"24h\" }]").is_err());
}

#[test]
fn what_was_approved_of_a_pace_per_day_still_reads() {
    let (_folder, guard, base) = guard();
    // As an earlier program wrote it.
    let what = settings("im.up_per_day", "0.05");
    let id = 1;
    guard.say(EntryKind::GuardProposed, id, ("ann", "x"), Some(what), hour(0)).unwrap();
    guard.approve(id, ("ben", "x"), hour(0)).unwrap();
    guard.approve(id, ("cem", "x"), hour(0)).unwrap();
    let order = guard.proposals().unwrap()[0].order(&base).unwrap();
    let Order::Settings(policy) = &order else { panic!("settings") };
    assert!((policy.guardrail.im.up.unwrap() - (1.05f64.powf(1.0 / 24.0) - 1.0)).abs() < 1e-15);
    assert_eq!(guard.check(id, &order, &base, hour(0)).unwrap(), None);
    let daily = PolicySettings { guardrail: Policy { row: Some(Span::DAY), ..Policy::default() }, ..base };
    let Order::Settings(policy) = guard.proposals().unwrap()[0].order(&daily).unwrap() else { panic!("settings") };
    assert_eq!(policy.guardrail.im.up, Some(0.05));
}

#[test]
fn a_changed_line_is_found() {
    let (folder, guard, base) = guard();
    let id = guard.propose(settings("im.up", "0.2"), ("ann", "faster"), hour(0), &base).unwrap();
    guard.approve(id, ("ben", "fine"), hour(1)).unwrap();
    let path = folder.path().join("guard/log.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("ben", "bob")).unwrap();
    assert!(matches!(guard.proposals(), Err(Error::Damaged { .. })));
}

#[test]
fn one_horizon_is_given_settings_of_its_own_and_the_others_keep_theirs() {
    let (_folder, guard, base) = guard();
    let own = [("horizon", "8h"), ("blend.weight", "0.8"), ("im.up", "0.02")];
    let changes = own.map(|(k, v)| (k.to_string(), v.to_string())).into();
    let id = guard.propose(ProposedChange::Settings(changes), ("ann", "x"), hour(0), &base).unwrap();
    guard.approve(id, ("ben", "x"), hour(0)).unwrap();
    guard.approve(id, ("cem", "x"), hour(0)).unwrap();
    assert_eq!(guard.timeline(&base).unwrap()[0].0, hour(72), "a change of the blend waits three days");
    let order = guard.proposals().unwrap()[0].order(&base).unwrap();
    assert_eq!(guard.check(id, &order, &base, hour(72)).unwrap(), None);
    let stored = [StoredOrder::of(&order).unwrap()];
    let eight = Horizon(Span::HOUR.times(8));
    let now = |over| super::settings(&base, &stored, over);
    assert_eq!((now(Some(eight)).blend.weight, now(Some(eight)).guardrail.im.up), (0.8, Some(0.02)));
    assert_eq!((now(None), now(Some(Horizon(Span::HOUR)))), (base, base));
    // What is approved for every horizon is judged by what holds where none has its own, and holds there too.
    let id = guard.propose(settings("im.up", "0.021"), ("ann", "x"), hour(80), &base).unwrap();
    guard.approve(id, ("ben", "x"), hour(80)).unwrap();
    guard.approve(id, ("cem", "x"), hour(80)).unwrap();
    assert_eq!(ids(guard.due(&base, &BTreeSet::from([1]), hour(80)).unwrap()), [2], "0.023 is in force elsewhere");
    let all = guard.proposals().unwrap()[1].order(&base).unwrap();
    let stored = [stored[0].clone(), StoredOrder::of(&all).unwrap()];
    let eight = super::settings(&base, &stored, Some(eight));
    assert_eq!((eight.blend.weight, eight.guardrail.im.up), (0.6, Some(0.021)));
    let wrong = ProposedChange::Settings(Changes::from([("horizon".into(), "soon".into())]));
    assert!(guard.propose(wrong, ("ann", "x"), hour(0), &base).unwrap_err().to_string().contains("8h"));
}
