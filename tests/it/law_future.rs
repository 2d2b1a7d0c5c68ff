//! The permutation of the future, run on every model of a study, finds nothing; planted leaks are
//! found, and one that nothing was permuted for does not pass.

use margincast::base::{Digest, Span};
use margincast::event::Body;
use margincast::study::walk::{Market, walk};
use margincast::study::{Plan, future};

use crate::law_forecaster::{events, symbol};
use crate::law_pipeline::plan;

fn market() -> Market {
    [(symbol(), events())].into()
}

fn config() -> Digest {
    Digest::of(b"study")
}

#[test]
fn a_permuted_future_changes_no_model_forecast_or_decision() {
    let plan = plan();
    let found = future::check(&plan, &market(), config(), None, &|_| {}).unwrap();
    assert_eq!(found.cut, plan.study.end, "the market goes on after the study");
    assert!(found.passed && found.decisions_same, "{found:?}");
    assert_eq!(found.models.len(), plan.models.len());
    assert!(found.models.iter().all(|m| m.forecasts >= 100 && m.fit_same && m.forecasts_same), "{found:?}");
    assert!(found.changed > 100 && found.decisions >= 100 && found.rows_same, "{found:?}");
}

/// A study that ends earlier, so that there is a future; every model is fitted at its end.
fn short(extra: Span) -> Plan {
    let mut plan = plan();
    plan.study.start = plan.study.end - Span::DAY.times(3);
    plan.study.rehearsal = Span(0);
    plan.study.end = plan.study.end + extra;
    plan.models.truncate(2);
    plan
}

#[test]
fn a_model_fitted_on_rows_after_the_cut_is_caught() {
    let cut = plan().study.end;
    let run = |extra: Span| {
        let plan = short(extra);
        future::compare(&plan, cut, &market(), &|m, _| walk(&plan, m, config(), None, &|_| {})).unwrap()
    };
    assert!(run(Span(0)).passed);
    // Planted: the last fit knows a day more than it should.
    let leak = run(Span::DAY);
    assert!(!leak.passed && leak.models.iter().any(|m| !m.fit_same), "{leak:?}");
}

#[test]
fn prices_smoothed_with_the_next_one_are_caught() {
    let (cut, plan) = (plan().study.end, short(Span(0)));
    // Planted: each close is the mean of itself and the next, known before it happened.
    let smoothed = |market: &Market| -> Market {
        let mut market = market.clone();
        for events in market.values_mut() {
            for i in 0..events.len() - 1 {
                let Body::Bar(next) = events[i + 1].body else { continue };
                let Body::Bar(bar) = &mut events[i].body else { continue };
                bar.close = 0.5 * (bar.close + next.close);
                bar.high = bar.high.max(bar.close);
                bar.low = bar.low.min(bar.close);
            }
        }
        market
    };
    let leak = future::compare(&plan, cut, &market(), &|m, _| walk(&plan, &smoothed(m), config(), None, &|_| {}));
    let leak = leak.unwrap();
    assert!(!leak.passed && leak.models.iter().any(|m| !m.forecasts_same || !m.fit_same), "{leak:?}");
}

#[test]
fn where_nothing_was_permuted_nothing_is_shown() {
    let plan = short(Span(0));
    let mut market = market();
    market.values_mut().for_each(|events| events.retain(|e| e.ts_known <= plan.study.end));
    let found = future::compare(&plan, plan.study.end, &market, &|m, _| walk(&plan, m, config(), None, &|_| {}));
    let found = found.unwrap();
    assert!(found.changed == 0 && !found.passed, "{found:?}");
}
