//! The permutation of the future, run on every model of a study, finds nothing; planted leaks are
//! found, and one that nothing was permuted for does not pass.

use std::collections::BTreeMap;
use std::sync::Arc;

use margincast::base::{Digest, Horizon, Seed, Span, Symbol, Ts};
use margincast::event::{Body, Event};
use margincast::feature::{Builder, Row};
use margincast::forecast::{FitContext, Fitted, History, Model, Panel, Track, pooled::boost};
use margincast::study::Plan;
use margincast::study::config::Choose;
use margincast::study::walk::{MarketEvents, Walk, leak_test, walk};
use serde_json::json;

use crate::law_forecaster::{events, symbol};
use crate::law_pipeline::plan;
use crate::{law_forecaster, law_market, law_stream};

fn market() -> MarketEvents {
    [(symbol(), events())].into()
}

fn config() -> Digest {
    Digest::of(b"study")
}

#[test]
fn a_permuted_future_changes_no_model_forecast_or_decision() {
    let plan = plan();
    let found = leak_test::check(&plan, &market(), config(), None, &|_| {}).unwrap();
    assert!(found.cut < plan.study.end && found.changes.len() == leak_test::CUTS, "{found:?}");
    assert!(found.enough && found.changes.iter().all(|c| c.changed > 9 * c.after / 10), "{found:?}");
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
        leak_test::compare(&plan, cut, &market(), &|m, _| walk(&plan, m, config(), None, &|_| {})).unwrap()
    };
    let clean = run(Span(0));
    assert!(clean.passed, "{clean:?}");
    // Planted: the last fit knows a day more than it should.
    let leak = run(Span::DAY);
    assert!(!leak.passed && leak.models.iter().any(|m| !m.fit_same), "{leak:?}");
}

#[test]
fn prices_smoothed_with_the_next_one_are_caught() {
    let (cut, plan) = (plan().study.end, short(Span(0)));
    // Planted: each close is the mean of itself and the next, known before it happened.
    let smoothed = |market: &MarketEvents| -> MarketEvents {
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
    let leak = leak_test::compare(&plan, cut, &market(), &|m, _| walk(&plan, &smoothed(m), config(), None, &|_| {}));
    let leak = leak.unwrap();
    assert!(!leak.passed && leak.models.iter().any(|m| !m.forecasts_same || !m.fit_same), "{leak:?}");
}

#[test]
fn where_nothing_was_permuted_nothing_is_shown() {
    let plan = short(Span(0));
    let mut market = market();
    market.values_mut().for_each(|events| events.retain(|e| e.ts_known <= plan.study.end));
    let found = leak_test::compare(&plan, plan.study.end, &market, &|m, _| walk(&plan, m, config(), None, &|_| {}));
    let found = found.unwrap();
    assert!(found.changed == 0 && !found.passed, "{found:?}");
}

/// Two instruments with gauges, pooled models that see the market, regimes and windows between the
/// grid's, and a choice of parameters.
fn rooms() -> (Plan, MarketEvents) {
    let (mut plan, mut market) = (law_market::plan(), law_market::market());
    plan.study.start = plan.study.end;
    plan.study.end = plan.study.start + Span::DAY;
    plan.study.refit = Span::DAY;
    for model in &mut plan.models {
        model.params["regimes"] = json!(2);
    }
    let grid = [("ridge".to_string(), vec![json!(0.02), json!(0.5)])].into();
    plan.models[0].choose = Some(Choose { grid, budget: 4, validation: Span::DAY.times(5), every: 1 });
    for (seed, (symbol, events)) in market.iter_mut().enumerate() {
        let gauges = law_stream::gauges(seed as u64, events);
        let own: Vec<Event> = gauges.into_iter().map(|e| Event { symbol: *symbol, ..e }).collect();
        *events = law_stream::woven(std::mem::take(events), &own);
    }
    (plan, market)
}

/// What the permutation finds where a study sees the market as `tell` tells it.
fn told(tell: impl Fn(&MarketEvents) -> MarketEvents) -> leak_test::LeakTest {
    let (plan, market) = rooms();
    leak_test::compare(&plan, plan.study.end, &market, &|m, _| walk(&plan, &tell(m), config(), None, &|_| {})).unwrap()
}

/// The events of each instrument that `which` picks, told by `early` instead.
fn early(
    market: &MarketEvents,
    which: impl Fn(&Event) -> bool,
    early: impl Fn(&[Event]) -> Vec<Event>,
) -> MarketEvents {
    let one = |(symbol, events): (&Symbol, &Vec<Event>)| {
        let (picked, rest): (Vec<Event>, Vec<Event>) = events.iter().partition(|e| which(e));
        let mut events = [rest, early(&picked)].concat();
        events.sort_by_key(|e| (e.ts_known, matches!(e.body, Body::Bar(_)), e.seq));
        (*symbol, events)
    };
    market.iter().map(one).collect()
}

#[test]
fn markets_gauges_regimes_shifted_windows_and_choices_are_blind_and_leaks_in_them_are_caught() {
    let found = told(MarketEvents::clone);
    assert!(found.passed && found.changed > 100, "{found:?}");
    assert!(found.models.iter().all(|m| m.forecasts > 40), "{found:?}");
    // Planted: what one instrument does is in the market's factor a row before it happens.
    let [_, other] = law_market::symbols();
    let leak = told(|m| early(m, |e| e.symbol == other && is_bar(e), law_market::told_a_row_early));
    assert!(!leak.passed && !leak.rows_same && leak.models.iter().all(|m| !m.fit_same), "{leak:?}");
    // Planted: each reading of a gauge is the one after it.
    let leak = told(|m| {
        early(
            m,
            |e| !is_bar(e),
            |readings| {
                let next = |(i, e): (usize, &Event)| {
                    let Body::Gauge(own) = e.body else { return *e };
                    let after = readings[i + 1..].iter().find_map(|e| match e.body {
                        Body::Gauge(g) if g.kind == own.kind => Some(g),
                        _ => None,
                    });
                    Event { body: after.map_or(e.body, Body::Gauge), ..*e }
                };
                readings.iter().enumerate().map(next).collect()
            },
        )
    });
    assert!(!leak.passed && !leak.rows_same, "{leak:?}");
}

fn is_bar(event: &Event) -> bool {
    matches!(event.body, Body::Bar(_))
}

#[test]
fn a_choice_judged_after_the_cut_is_caught() {
    let (plan, market) = rooms();
    let cut = plan.study.end;
    let choices =
        |w: &Walk| w.choices.iter().map(|c| c.candidates.iter().map(|c| c.loss).collect()).collect::<Vec<Vec<_>>>();
    // Planted: the choice of the last origin is judged on a day after it, and the fits stay as they were.
    let leak = leak_test::compare(&plan, cut, &market, &|m, _| {
        let mut walked = walk(&plan, m, config(), None, &|_| {})?;
        let mut late = plan.clone();
        late.study.end = late.study.end + Span::DAY;
        late.models.truncate(1);
        let later = walk(&late, m, config(), None, &|_| {})?;
        assert_ne!(choices(&walked), choices(&later));
        walked.choices = later.choices;
        Ok(walked)
    });
    let leak = leak.unwrap();
    assert!(!leak.passed && leak.rows_same && leak.models.iter().all(|m| m.fit_same && m.forecasts_same), "{leak:?}");
}

/// Digests of trees that learn from windows between the grid's as well, those known when `known` says,
/// beside two futures after the cut.
fn with_shifted_windows(known: impl Fn(&Row) -> Ts) -> [Digest; 2] {
    let cut = law_forecaster::trained(&law_forecaster::ROWS);
    let mut other = events();
    for event in other.iter_mut().filter(|e| e.ts_known > cut) {
        if let Body::Bar(bar) = &mut event.body {
            bar.high *= 3.0;
        }
    }
    [events(), other].map(|events| {
        let rows = |shift: Span| -> History {
            let mut builder = Builder::shifted(law_forecaster::config(), shift).unwrap();
            let rows: Vec<Row> = events.iter().filter_map(|e| builder.push(e)).collect();
            [(symbol(), Arc::new(rows))].into()
        };
        let mut between = rows(Span::MINUTE.times(30));
        for rows in between.values_mut() {
            Arc::make_mut(rows).iter_mut().for_each(|r| r.ts_known = known(r));
        }
        let until = |history: &History| Panel::until(history, Ts(i64::MIN), cut);
        let panel = until(&rows(Span(0))).with_shifted(vec![until(&between)]);
        let horizon = Horizon(Span::HOUR);
        let (members, track) = (BTreeMap::new(), Track::default());
        let ctx = FitContext {
            horizon,
            step: Span::HOUR,
            seed: Seed(1),
            members: &members,
            track: &track,
            progress: &|_| {},
        };
        let params = boost::Params { rounds: 3, runs: 1, regimes: 2, ..boost::Params::default() };
        Fitted::of(&boost::Boost::fit(&params, &panel, &ctx).unwrap()).unwrap().digest()
    })
}

#[test]
fn windows_between_the_grids_end_at_the_cut_and_one_known_too_early_is_caught() {
    let [plain, other] = with_shifted_windows(|r| r.ts_known);
    assert_eq!(plain, other);
    // Planted: a window is known when it opens.
    let [plain, other] = with_shifted_windows(|r| r.ts_open);
    assert_ne!(plain, other);
}
