//! One step of what is in force, where what is decided does not fit.

use super::*;

fn live() -> InForce {
    let turn = Input {
        at: Ts(0),
        m: Some(1.2),
        m_new: Some(1.2),
        emergency: false,
        killed: Killed::default(),
        set: None,
        no_fall: None,
        thin: false,
        interest: None,
        exposure: None,
        stress: false,
        headroom: true,
        factor: 1.0,
        policy: Policy::default(),
    };
    InForce::start(&turn, 0.04, f64::INFINITY, Why::default()).0
}

#[test]
fn a_pair_that_does_not_fit_or_is_no_number_is_rejected() {
    let (held, p) = (live(), Policy::default());
    let (im, mm) = (held.im.c, held.mm.c);
    assert!(held.is_consistent((im, mm), (None, None), &p));
    assert!(!held.is_consistent((im, 1.01 * im), (None, None), &p), "maintenance margin above its share");
    assert!(!held.is_consistent((f64::NAN, mm), (None, None), &p));
}

#[test]
fn a_requirement_that_moved_against_intent_is_rejected() {
    let (held, p) = (live(), Policy::default());
    let ask = held.ask_im(Ts(0) + Span::DAY, Span::DAY, Some(1.5), &p);
    let mm = held.ask_mm(Ts(0) + Span::DAY, Span::DAY, Some(1.0), &p);
    let moved = |by: f64| held.is_consistent((by * held.im.c, held.mm.c), (Some(&ask), Some(&mm)), &p);
    assert!(moved(1.05));
    assert!(!moved(0.95), "wanted up, went down");
}
