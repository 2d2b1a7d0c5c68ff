//! The whole road, from events to decisions: no look-ahead, replay equals live, unseen instruments.

use std::sync::Arc;

use margincast::base::{Digest, Horizon, Seed, Span, Symbol, Ts};
use margincast::event::{Body, Event, Fault, synth};
use margincast::feature::Feature;
use margincast::forecast::combine::calibration::{self, Calibration};
use margincast::forecast::{History, Panel, Track};
use margincast::loss::Side;
use margincast::margin::monitor::{self, ForecastMonitor, OutcomeScorer, ScoredOutcome};
use margincast::margin::{Decision, Reason};
use margincast::pipeline::{Input, Margin, Member, ModelSet, Pipeline, Settings};
use margincast::study::config::{MarginRule, ModelPlan, Plan, Study};
use margincast::study::walk::{self, MarketEvents};

use crate::law_forecaster::{FITS, ROWS, config, events, symbol, trained};

fn settings(symbols: &[Symbol]) -> Settings {
    let mut margin = Margin { forecast: "conformal".into(), regime: "hmm".into(), ..Margin::default() };
    margin.baseline.window = Span::DAY.times(40);
    margin.baseline.history = Span::DAY.times(365);
    Settings {
        symbols: symbols.to_vec(),
        rows: config(),
        horizons: vec![1],
        publish_from: trained(&ROWS),
        replay_rows: 1_000,
        margins: Vec::new(),
        margin,
    }
}

/// Every catalog entry, as it would be promoted.
fn bundle() -> ModelSet {
    let history: History = [(symbol(), Arc::new(ROWS.clone()))].into();
    let panel = Panel::until(&history, Ts(i64::MIN), trained(&ROWS));
    let member = |(entry, fitted): &(&'static margincast::forecast::Entry, margincast::forecast::Fitted)| {
        let learn = || Calibration::learn(calibration::Params::default(), &panel, entry.name, &Track::default(), 1);
        let calibration = (!entry.own_tails).then(|| Arc::new(learn()));
        Member { name: entry.name.into(), horizon: Horizon(Span::HOUR), fitted: fitted.clone(), calibration }
    };
    ModelSet::new(FITS.iter().map(member).collect(), trained(&ROWS))
}

fn road() -> Pipeline {
    Pipeline::new(settings(&[symbol()]), &bundle(), Digest::of(b"configuration")).unwrap()
}

fn decisions(pipeline: &mut Pipeline, events: &[Event]) -> Vec<Decision> {
    events.iter().flat_map(|e| pipeline.push(e).unwrap()).collect()
}

fn text(decisions: &[Decision]) -> Vec<String> {
    decisions.iter().map(|d| serde_json::to_string(d).unwrap()).collect()
}

#[test]
fn every_row_after_training_has_one_sound_decision_with_its_reasons() {
    let made = decisions(&mut road(), &events());
    assert_eq!(made.len(), ROWS.iter().filter(|r| r.ts >= trained(&ROWS)).count());
    for d in &made {
        assert!(d.c_im >= d.baseline && d.c_im.is_finite() && d.c_mm <= d.c_im, "{d:?}");
        assert!((1_000_000..=2_000_000).contains(&d.m_im_ppm), "{d:?}");
        assert!(d.forecast_loss.is_some() && d.p_stress.is_some(), "{d:?}");
    }
    assert!(made.iter().any(|d| d.m_im_ppm > 1_000_000), "nothing was ever lifted");
}

#[test]
fn a_replay_from_any_kill_point_gives_the_same_decisions() {
    let all = events();
    let live = text(&decisions(&mut road(), &all));
    for cut in [4 * 1_310, 4 * 1_400 + 1, 4 * 1_555 + 3] {
        let mut first = road();
        let mut made = text(&decisions(&mut first, &all[..cut]));
        drop(first);
        // What ran is gone; the road is made again from the events.
        let mut again = road();
        assert_eq!(text(&decisions(&mut again, &all[..cut])), made, "killed at {cut}");
        made.extend(text(&decisions(&mut again, &all[cut..])));
        assert_eq!(made, live, "killed at {cut}");
    }
}

#[test]
fn a_road_that_starts_within_the_stored_rows_of_another_gives_its_forecasts() {
    // Running state is a fresh start and a replay of stored rows, so installing the same models
    // again, anywhere, changes no forecast that does not hang on answers since.
    let all = events();
    let (mut a, mut b) = (road(), road());
    for (i, event) in all.iter().enumerate() {
        if i == 4 * 1_299 {
            b.push(Input::Install(Arc::new(bundle()))).unwrap();
        }
        a.push(event).unwrap();
        b.push(event).unwrap();
        assert_eq!(a.forecasts(symbol()), b.forecasts(symbol()), "event {i}");
    }
}

#[test]
fn what_a_study_judges_as_a_rule_is_what_a_pipeline_of_those_settings_decides() {
    let rule = "name = 'rule'\nbaseline = 'ewma'\nmultiplier = { forecast = 'har', over = 'ewma' }\n\
        apc = [{ stage = 'buffer' }]\nguard = { mode = 'managed-total', lag_max = 1.0 }";
    let rule: MarginRule = toml::from_str(rule).unwrap();
    let named = rule.named(Side::Both);
    let served = Settings { margin: named.margin.clone(), ..settings(&[symbol()]) };
    let judged = Settings { margins: vec![named], ..settings(&[symbol()]) };
    let [mut served, mut judged] =
        [served, judged].map(|s| Pipeline::new(s, &bundle(), Digest::of(b"configuration")).unwrap());
    let (mut decided, mut lifted) = (0, 0);
    for event in &events() {
        let own = served.push(event).unwrap();
        judged.push(event).unwrap();
        assert!(judged.named().iter().all(|n| *n.margin == *"rule"));
        let ruled: Vec<Decision> = judged.named().iter().map(|n| n.decision.clone()).collect();
        assert_eq!(text(&ruled), text(&own));
        decided += own.len();
        lifted += own.iter().filter(|d| d.m_im_ppm > 1_000_000).count();
    }
    assert!(decided > 200 && lifted > 20, "{decided} {lifted}");
}

#[test]
fn the_future_multiplied_by_nine_changes_no_decision_before_it() {
    let all = events();
    let t = all[4 * 1_450].ts_known;
    let mut poisoned = all.clone();
    for event in poisoned.iter_mut().filter(|e| e.ts_known > t) {
        if let Body::Bar(bar) = &mut event.body {
            for p in [&mut bar.open, &mut bar.high, &mut bar.low, &mut bar.close] {
                *p *= 9.0;
            }
            bar.high *= 1.5;
        }
    }
    let before = |d: &Decision| d.ts <= t;
    let (a, b) = (decisions(&mut road(), &all), decisions(&mut road(), &poisoned));
    let keep = |all: &[Decision]| text(&all.iter().filter(|d| before(d)).cloned().collect::<Vec<_>>());
    assert_eq!(keep(&a), keep(&b));
    assert_ne!(text(&a), text(&b), "the poison did nothing at all");
}

/// Evidence that a decision is made with, from what was published before: outcomes known `late` rows before it.
fn evidence_again(made: &[Decision], late: usize) -> Vec<[f64; 2]> {
    let row_of = |ts: Ts| ROWS.iter().find(|r| r.ts == ts).unwrap();
    let mut monitor = ForecastMonitor::new(monitor::Params::default(), 1);
    let mut scorer = OutcomeScorer::new(Side::Both);
    let mut settled: Vec<Vec<ScoredOutcome>> = Vec::new();
    let mut told = Vec::new();
    for (i, d) in made.iter().enumerate() {
        let row = row_of(d.ts);
        let before = i.checked_sub(1).map(|k| &made[k]).filter(|b| b.ts == row.ts_open);
        let outcome =
            before.and_then(|b| Some(scorer.score(b.forecast_loss?, Some(b.baseline), row.raw(Feature::Ret))));
        settled.push(outcome.into_iter().collect());
        if let Some(known) = i.checked_sub(late) {
            monitor.push(&settled[known]);
        }
        told.push([monitor.reading().evidence, monitor.reading().cost]);
    }
    told
}

#[test]
fn evidence_follows_from_what_was_published_and_knows_nothing_of_its_own_row() {
    let made = decisions(&mut road(), &events());
    let published: Vec<[f64; 2]> = made.iter().map(|d| [d.why.evidence, d.why.evidence_cost]).collect();
    assert_eq!(published, evidence_again(&made, 1));
    assert!(published.iter().any(|[m, _]| *m > 1.5) && published.iter().any(|[_, c]| *c != 1.0), "nothing was known");
    assert_ne!(published, evidence_again(&made, 0), "an outcome that is known a row too early is seen");
}

#[test]
fn a_silenced_forecast_changes_the_multiplier_and_nothing_else() {
    let run = |of: &dyn Fn(&mut Margin)| {
        let mut settings = settings(&[symbol()]);
        of(&mut settings.margin);
        decisions(&mut Pipeline::new(settings, &bundle(), Digest::of(b"configuration")).unwrap(), &events())
    };
    let at_once = monitor::Params { silent_at: 1.1, heard_at: 1.0, ..monitor::Params::default() };
    let heard = run(&|_| {});
    let silenced = run(&|m| m.evidence = at_once);
    let deaf = run(&|m| m.blend.weight = 0.0);
    let (mut changed, mut same) = (0, 0);
    for ((h, s), w) in heard.iter().zip(&silenced).zip(&deaf) {
        let apart = |d: &Decision| {
            (
                d.ts,
                d.baseline,
                d.forecast_loss,
                d.p_stress,
                d.why.m0,
                d.why.evidence,
                d.why.evidence_cost,
                d.why.stressed,
            )
        };
        assert_eq!(apart(h), apart(s));
        let links = |d: &Decision| [d.why.m1, d.why.m2, d.m_raw, d.why.m4];
        if s.reasons.contains(&Reason::ForecastSilenced) {
            assert_eq!((s.why.blend_weight, links(s)), (0.0, links(w)), "{s:?}");
            assert_eq!(s.why.m1, 1.0, "the multiplier is its level");
            changed += usize::from(links(s) != links(h));
        } else {
            assert_eq!((s.why.blend_weight, links(s)), (0.6, links(h)));
            same += 1;
        }
    }
    assert!(changed > 20 && same > 20, "{changed} {same}");
}

/// A small study on made-up bars.
pub fn plan() -> Plan {
    let model = |name: &str, kind: &str, params: serde_json::Value| ModelPlan {
        name: name.into(),
        kind: kind.into(),
        every: 1,
        params,
        choose: None,
    };
    let mut pipeline = settings(&[symbol()]);
    let day = |n: i64| ROWS[0].ts_open + Span::DAY.times(n);
    pipeline.publish_from = day(55);
    let study = Study {
        start: day(55),
        end: day(64),
        window: None,
        refit: Span::DAY.times(3),
        embargo: 0,
        warmup: 0,
        phases: 1,
        refit_rows: None,
        margins: vec![],
        rehearsal: Span::DAY.times(3),
        seed: Seed(5),
        base: "HAR".into(),
        crash_days: vec![],
        calibration: calibration::Params { window: 400, spike_window: 250, ..Default::default() },
    };
    let models = vec![
        model("HAR", "har", serde_json::json!({})),
        model("hmm", "hmm", serde_json::json!({})),
        model("ensemble", "ensemble", serde_json::json!({"members": ["HAR", "hmm"]})),
        model("conformal", "conformal", serde_json::json!({})),
    ];
    Plan { pipeline, study, models }
}

fn walked(events: Vec<Event>, keep: Option<&std::path::Path>) -> walk::Walk {
    let market: MarketEvents = [(symbol(), events)].into();
    walk::walk(&plan(), &market, Digest::of(b"study"), keep, &|_| {}).unwrap()
}

#[test]
fn a_study_is_blind_to_the_future_at_every_origin() {
    let all = events();
    // The poison starts right after an origin, so models fitted there that saw a row too far show.
    let t = plan().study.start + plan().study.refit;
    let mut poisoned = all.clone();
    for event in poisoned.iter_mut().filter(|e| e.ts_known > t) {
        if let Body::Bar(bar) = &mut event.body {
            bar.high *= 1.7;
        }
    }
    let (a, b) = (walked(all, None), walked(poisoned, None));
    let until = |w: &walk::Walk| -> Vec<_> {
        let early = w.forecasts.iter().filter(|f| f.forecast.issued <= t);
        early.map(|f| (f.model.to_string(), f.forecast.clone())).collect()
    };
    assert!(until(&a).len() > 280, "{}", until(&a).len());
    assert!(until(&a) == until(&b), "a forecast issued before the poison knew of it");
    let late = |w: &walk::Walk| w.forecasts.iter().filter(|f| f.forecast.issued > t).cloned().collect::<Vec<_>>();
    assert!(late(&a) != late(&b), "the poison did nothing at all");
}

#[test]
fn a_study_that_was_killed_goes_on_to_the_same_result() {
    let folder = tempfile::tempdir().unwrap();
    let whole = walked(events(), Some(folder.path()));
    let fits: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().path()).collect();
    assert!(fits.len() >= 8, "{} fits kept", fits.len());
    // A kill leaves some fits done, some not, and one half written under another name.
    fits.iter().step_by(2).for_each(|f| std::fs::remove_file(f).unwrap());
    std::fs::write(folder.path().join("half.part"), b"{\"key\":").unwrap();
    let resumed = walked(events(), Some(folder.path()));
    assert_eq!(whole.last.digest(), resumed.last.digest());
    assert!(whole.forecasts == resumed.forecasts && whole.decisions == resumed.decisions);
    // A damaged fit is an error that names it, never silently taken.
    let kept = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|e| e.unwrap().path())
        .find(|p| p.extension().is_some_and(|e| e == "json"));
    let kept = kept.unwrap();
    let text = std::fs::read_to_string(&kept).unwrap().replacen("0.", "1.", 1);
    std::fs::write(&kept, text).unwrap();
    let market: MarketEvents = [(symbol(), events())].into();
    let error = walk::walk(&plan(), &market, Digest::of(b"study"), Some(folder.path()), &|_| {}).err().unwrap();
    assert!(error.to_string().contains(&kept.display().to_string()), "{error}");
}

#[test]
fn an_instrument_the_models_never_saw_gets_what_pooled_models_say_or_its_baseline_alone_and_is_told_which() {
    let other: Symbol = "NEVERSEEN".parse().unwrap();
    let stranger = synth::bars(Seed(12), other, ROWS[0].ts_open, config().bar, 4 * 1_600);
    let run = |forecast: &str| {
        let mut settings = settings(&[symbol(), other]);
        settings.margin.forecast = forecast.into();
        let made = decisions(&mut Pipeline::new(settings, &bundle(), Digest::of(b"c")).unwrap(), &stranger);
        assert!(!made.is_empty() && made.iter().all(|d| d.c_im >= d.baseline));
        made
    };
    for d in run("har") {
        assert!(d.reasons.contains(&Reason::NoForecast) && d.forecast_loss.is_none(), "{d:?}");
    }
    // The ensemble below has members that need no history of the instrument.
    for d in run("conformal") {
        assert!(d.reasons.contains(&Reason::PartialForecast) && d.forecast_loss.is_some(), "{d:?}");
    }
    // One that is not even configured is a counted fault.
    let mut road = road();
    assert!(decisions(&mut road, &stranger).is_empty());
    assert_eq!(road.faults()[&(other, Fault::UnknownSymbol)], 4 * 1_600);
}
