//! Calibration of margin policies: what made the decisions is replayed to the bit, choices see the past alone, and the
//! same record gives the same bytes on any number of threads, with or without a kill.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use margincast::base::table::{Column, Table};
use margincast::base::{Digest, Horizon, Seed, Span, Symbol, Ts};
use margincast::event::synth;
use margincast::loss::equal_cost_control;
use margincast::loss::score::outcome::outcome;
use margincast::margin::calibration::CalibrationSettings;
use margincast::margin::guardrail::pace::StepLimits;
use margincast::margin::guardrail::policy::Mode;
use margincast::margin::{Blend, Decision, Policy, PolicySettings};
use margincast::study::calibrate::bootstrap::Resampling;
use margincast::study::calibrate::choose::Appetite;
use margincast::study::calibrate::objective::{PolicyOutcome, judged};
use margincast::study::calibrate::recorded::{KnownLoss, Record, RecordedRow, RecordedSeries};
use margincast::study::calibrate::replay::{AskedMargin, replay, replay_schedule};
use margincast::study::calibrate::run::{Calibrated, CalibrationTask, calibrate};
use margincast::study::calibrate::search::Effort;
use margincast::study::calibrate::walk_forward::origins;
use margincast::study::config::ModelPlan;
use margincast::study::measure::outcomes;
use margincast::study::walk::{MarketEvents, walk};
use margincast::study::{Error, Plan, output};

use crate::law_forecaster::config;
use crate::law_market;

fn today(row: Span) -> PolicySettings {
    PolicySettings { blend: Blend::default(), guardrail: Policy::default().of_rows(row) }
}

/// Two instruments of daily rows whose volatility comes in waves that the forecast sees sooner than the baseline.
fn record(rows: usize) -> Record {
    let series = |(symbol, seed): (&str, u64)| {
        let mut normal = Seed(seed).normals();
        let mut swing = 0.0;
        let (mut baseline, mut rows_made) = (0.03, Vec::new());
        for i in 0..rows {
            swing = 0.9 * swing + 0.25 * normal.draw();
            let sigma = 0.01 * f64::exp(swing);
            baseline = f64::exp(0.94 * f64::ln(baseline) + 0.06 * f64::ln(2.4 * sigma));
            let ts = Ts(0) + Span::DAY.times(i as i64);
            let loss = KnownLoss { loss: (sigma * normal.draw()).abs(), known: ts + Span::DAY };
            rows_made.push(RecordedRow {
                ts,
                at: ts,
                baseline,
                forecast_loss: Some(2.4 * sigma * f64::exp(0.1 * normal.draw())),
                heard: if i % 90 < 80 { 1.0 } else { 0.0 },
                p_stress: Some((0.3 + 0.2 * swing).clamp(0.0, 1.0)),
                p_spike: Some((0.1 + 0.1 * swing).clamp(0.0, 1.0)),
                stressed: 0.08,
                long_run_var: Some(0.03),
                confidence: if i % 50 == 7 { 0.4 } else { 1.0 },
                schedule: 1.0,
                c_im: baseline,
                loss: (i + 1 < rows).then_some(loss),
            });
        }
        RecordedSeries { symbol: symbol.parse().unwrap(), rows: rows_made }
    };
    Record { horizon: Horizon(Span::DAY), row: Span::DAY, series: [("AAA", 3), ("BBB", 4)].map(series).into() }
}

fn run(record: &Record, mode: Mode, keep: Option<&Path>) -> Calibrated {
    tried(record, mode, keep).unwrap()
}

fn tried(record: &Record, mode: Mode, keep: Option<&Path>) -> Result<Calibrated, Error> {
    let task = CalibrationTask {
        record,
        today: today(record.row),
        mode,
        appetite: Appetite::default(),
        origins: &origins(record, Span::DAY.times(80)),
        effort: Effort { rounds: 2, drawn: 16, parents: 4 },
        resampling: Resampling { block: Span::DAY.times(10), samples: 50, seed: Seed(2) },
        seed: Seed(1),
        keep,
    };
    calibrate(&task, &|_| {})
}

fn start() -> Ts {
    "2023-01-02".parse().unwrap()
}

fn market() -> MarketEvents {
    let bars = |s: Symbol| synth::bars(Seed(u64::from(s.as_str().as_bytes()[0])), s, start(), config().bar, 96 * 50);
    law_market::symbols().map(|s| (s, bars(s))).into()
}

fn plan(mode: Mode) -> Plan {
    let mut plan = law_market::plan();
    let params = serde_json::json!({});
    plan.models.push(ModelPlan { name: "HMM".into(), kind: "hmm".into(), every: 1, params, choose: None });
    plan.pipeline.margin.regime = "HMM".into();
    plan.pipeline.margin.guardrail.mode = mode;
    // Six weeks make the first schedule.
    let day = |n: i64| start() + Span::DAY.times(n);
    plan.pipeline.replay_rows = 1_200;
    (plan.pipeline.publish_from, plan.study.start, plan.study.end) = (day(43), day(43), day(49));
    plan
}

#[test]
fn the_policy_that_made_the_decisions_asks_what_was_recorded_bit_for_bit() {
    let market = market();
    for (mode, schedule) in [(Mode::LiftOnly, false), (Mode::LiftOnly, true), (Mode::ManagedTotal, true)] {
        let mut plan = plan(mode);
        plan.pipeline.margin.guardrail.schedule = schedule;
        let new = StepLimits { up: Some(0.3), down: Some(0.1), ..Policy::default().im };
        plan.pipeline.margin.guardrail.new = schedule.then_some(new);
        let walked = walk(&plan, &market, Digest::of(b"calibrate"), None, &|_| {}).unwrap();
        let (margin, rows, horizon) = (&plan.pipeline.margin, &plan.pipeline.rows, plan.horizons()[0].1);
        // Through the files of the study.
        let home = tempfile::tempdir().unwrap();
        output::decisions(&walked.decisions).write(&home.path().join("decisions.parquet")).unwrap();
        let followed = output::outcomes(&outcomes::all(&walked.history, &plan), &plan);
        followed.write(&home.path().join("outcomes.parquet")).unwrap();
        let record = Record::read(home.path(), margin, rows, None).unwrap();
        assert_eq!(record.horizon, horizon);
        let made_by = PolicySettings { blend: margin.blend, guardrail: margin.guardrail.of_rows(rows.row) };
        let made: BTreeMap<_, _> = walked.decisions.iter().map(|d| ((d.symbol, d.ts), d)).collect();
        let (mut compared, mut apart) = (0, 0);
        for series in &record.series {
            let asked = replay(series, &made_by).unwrap();
            for (i, row) in series.rows.iter().enumerate() {
                let decision = made[&(series.symbol, row.ts)];
                let recorded = [row.c_im, decision.why.unscheduled, decision.why.c_new].map(f64::to_bits);
                let again = [asked.c[i], asked.unscheduled[i], asked.new[i]].map(f64::to_bits);
                assert_eq!(recorded, again, "{} {}", series.symbol, row.ts);
                compared += 1;
                apart += usize::from(asked.new[i] > asked.c[i]);
            }
        }
        assert_eq!(apart > 20, schedule, "{apart} rows");
        assert!(compared > 200 && compared == walked.decisions.len(), "{compared} decisions");
        assert!(record.series.iter().flat_map(|s| &s.rows).any(|r| r.p_stress.is_some() && r.forecast_loss.is_some()));
        let factors = record.series.iter().flat_map(|s| &s.rows).filter(|r| r.schedule != 1.0).count();
        assert!(factors > 100, "{factors}");
        // Another policy asks something else.
        let other = PolicySettings { blend: Blend { weight: 0.1, ..made_by.blend }, ..made_by };
        assert!(record.series.iter().any(|s| replay(s, &other).unwrap() != replay(s, &made_by).unwrap()));
    }
}

#[test]
fn threads_and_a_kill_change_no_byte() {
    let record = record(300);
    let home = tempfile::tempdir().unwrap();
    let on = |threads: usize, keep: Option<&Path>| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| run(&record, Mode::LiftOnly, keep).to_json())
    };
    let kept = home.path().join("evaluated");
    let whole = on(1, Some(&kept));
    assert_eq!(on(3, None), whole);
    let mut files: Vec<_> = std::fs::read_dir(&kept).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 3, "{} batches", files.len());
    files.iter().step_by(2).for_each(|file| std::fs::remove_file(file).unwrap());
    assert_eq!(on(2, Some(&kept)), whole, "after a kill");
    std::fs::write(&files[1], "{").unwrap();
    assert!(tried(&record, Mode::LiftOnly, Some(&kept)).is_err(), "what is kept and damaged is refused");
}

#[test]
fn controls_have_the_policys_average_and_outcomes_are_those_of_the_scores() {
    let record = record(400);
    let all = judged(&record);
    let asked: Vec<_> =
        record.series.iter().zip(&all).map(|(s, own)| own.pick(&replay(s, &today(record.row)).unwrap())).collect();
    let pooled = PolicyOutcome::of(&all, &asked, |own| (0, own.ts.len())).unwrap();
    let (mut own, mut control, mut average) = (0.0, 0.0, 0.0);
    for (rows, asked) in all.iter().zip(&asked) {
        let (constant, series) = equal_cost_control(&asked.c, &rows.baseline).unwrap();
        let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
        assert!((mean(&series) / mean(&asked.c) - 1.0).abs() < 1e-12 && constant > 1.0);
        let (policy, control_outcome) = (outcome(&asked.c, &rows.loss).unwrap(), outcome(&series, &rows.loss).unwrap());
        own += policy.shortfall_sum;
        control += control_outcome.shortfall_sum;
        average += mean(&asked.c) / all.len() as f64;
        assert!(
            policy.rise_5.unwrap() <= pooled.rises[1]
                && control_outcome.rise_20.unwrap() <= pooled.control_rises[2] + 1e-12
        );
    }
    assert!((pooled.shortfall - own).abs() < 1e-12 && (pooled.control_shortfall - control).abs() < 1e-12);
    assert!((pooled.average - average).abs() < 1e-12);
}

#[test]
fn nobody_dominates_a_policy_of_the_frontier_and_the_chosen_one_is_on_it() {
    for mode in [Mode::LiftOnly, Mode::ManagedTotal] {
        let found = run(&record(400), mode, None);
        let costs: Vec<[f64; 7]> = found.frontier.iter().map(|p| p.outcome.costs()).collect();
        for a in &costs {
            for b in &costs {
                let better = a.iter().zip(b).all(|(a, b)| a <= b) && a != b;
                assert!(!better, "{a:?} dominates {b:?}");
            }
        }
        let chosen: Vec<_> = found.frontier.iter().filter(|p| p.chosen).collect();
        if chosen.is_empty() {
            assert!(found.chosen.is_none() && !found.frontier.iter().any(|p| p.admitted), "one could be chosen");
            assert_eq!(mode, Mode::ManagedTotal, "on this record no total rises as little as the control");
            continue;
        }
        assert_eq!(chosen.len(), 1, "one is chosen, and it is on the frontier");
        let best = chosen[0];
        assert!(best.admitted && found.chosen.unwrap().policy == best.policy);
        let least = found.frontier.iter().filter(|p| p.admitted).filter_map(|p| p.outcome.ratio()).fold(1e9, f64::min);
        assert_eq!(best.outcome.ratio(), Some(least));
        assert!((0..3).all(|k| best.outcome.rises[k] <= best.outcome.control_rises[k] + 1e-9));
    }
}

#[test]
fn a_choice_depends_on_nothing_that_was_not_known_at_its_origin() {
    let whole = record(400);
    let found = run(&whole, Mode::LiftOnly, None);
    assert!(found.walk_forward.stretches.len() >= 3);
    let origin = found.walk_forward.stretches[1].from;
    let mut other = whole.clone();
    for row in other.series.iter_mut().flat_map(|s| &mut s.rows) {
        if row.ts >= origin {
            row.baseline *= 1.7;
            row.forecast_loss = row.forecast_loss.map(|f| 0.4 * f);
        }
        if let Some(loss) = row.loss.as_mut().filter(|l| l.known >= origin) {
            loss.loss *= 3.0;
        }
    }
    let changed = run(&other, Mode::LiftOnly, None);
    for (a, b) in found.walk_forward.stretches.iter().zip(&changed.walk_forward.stretches).take(2) {
        assert_eq!((a.from, a.policy, a.known), (b.from, b.policy, b.known), "it knew what came after {origin}");
    }
    let late = |c: &Calibrated| c.walk_forward.stretches[1].judged;
    assert_ne!(late(&found), late(&changed), "what came after is judged");
}

#[test]
fn policies_change_from_their_origin_on_and_before_it_nothing_does() {
    let record = record(200);
    let row = record.row;
    let next = PolicySettings { blend: Blend { weight: 1.0, level: 1.2, ..Blend::default() }, ..today(row) };
    let from = Ts(0) + Span::DAY.times(100);
    for series in &record.series {
        let one = replay(series, &today(row)).unwrap();
        let two = replay_schedule(series, &[(Ts(0), today(row)), (from, next)]).unwrap();
        assert_eq!(one.c[..100], two.c[..100]);
        assert_ne!(one.c[100..], two.c[100..]);
    }
}

#[test]
fn the_unit_of_losses_does_not_matter() {
    let whole = record(400);
    let mut doubled = whole.clone();
    for row in doubled.series.iter_mut().flat_map(|s| &mut s.rows) {
        for x in [&mut row.baseline, &mut row.stressed, &mut row.c_im] {
            *x *= 2.0;
        }
        for x in [&mut row.forecast_loss, &mut row.long_run_var] {
            *x = x.map(|x| 2.0 * x);
        }
        row.loss = row.loss.map(|l| KnownLoss { loss: 2.0 * l.loss, ..l });
    }
    let (one, two) = (run(&whole, Mode::ManagedTotal, None), run(&doubled, Mode::ManagedTotal, None));
    assert_eq!(one.chosen.map(|c| c.policy), two.chosen.map(|c| c.policy));
    let ratio = |c: &Calibrated| c.walk_forward.out_of_sample.and_then(|o| o.ratio);
    assert_eq!(ratio(&one), ratio(&two));
    let policies = |c: &Calibrated| c.walk_forward.stretches.iter().map(|s| s.policy).collect::<Vec<_>>();
    assert_eq!(policies(&one), policies(&two));
}

#[test]
fn what_is_shown_and_not_charged_changes_no_decision_and_what_is_charged_does() {
    let market = market();
    let mut plan = plan(Mode::LiftOnly);
    plan.study.rehearsal = Span::DAY.times(6);
    let settings = CalibrationSettings {
        every: Span::DAY,
        // The first choice is at the beginning of what is judged.
        least: Span::DAY.times(5),
        rises: Some([9.0; 3]),
        ..CalibrationSettings::default()
    };
    let mut walked = |calibrate: Option<CalibrationSettings>| {
        plan.pipeline.margin.calibrate = calibrate;
        walk(&plan, &market, Digest::of(b"calibrate"), None, &|_| {}).unwrap()
    };
    let (none, charged) = (walked(None), walked(Some(settings)));
    let shown = walked(Some(CalibrationSettings { apply: false, ..settings }));
    let text = |decisions: &[Decision]| format!("{decisions:?}");
    assert!(none.decisions.len() > 100 && none.calibrated.is_empty());
    assert_eq!(text(&shown.decisions), text(&none.decisions));
    assert!(shown.calibrated == charged.calibrated && shown.forecasts == none.forecasts);
    let chosen = charged.calibrated.iter().flat_map(|c| &c.walk_forward.stretches).filter(|s| s.policy.is_some());
    assert!(chosen.count() > 0 && text(&charged.decisions) != text(&none.decisions));
    assert_eq!(charged.decisions.len(), none.decisions.len());
    // What was charged is what the choice replayed, to the bit.
    for (own, (ahead, _)) in charged.calibrated.iter().zip(plan.horizons()) {
        let replayed = own.walk_forward.out_of_sample.unwrap().outcome;
        assert_eq!(own.walk_forward.stretches[0].from, plan.study.start);
        let record = Record::of(&charged.decisions, &charged.history, &plan, ahead);
        let asked = |d: &Decision| (d.c_im, d.why.unscheduled);
        let rows = judged(&record);
        let made: Vec<AskedMargin> = record
            .series
            .iter()
            .zip(&rows)
            .map(|(series, rows)| {
                let of = |row: &RecordedRow| {
                    asked(charged.decisions.iter().find(|d| (d.symbol, d.ts) == (series.symbol, row.ts)).unwrap())
                };
                let (c, unscheduled) = rows.at.iter().map(|i| of(&series.rows[*i])).unzip();
                AskedMargin { c, unscheduled, ..AskedMargin::default() }
            })
            .collect();
        let published = PolicyOutcome::of(&rows, &made, |own| (0, own.ts.len())).unwrap();
        assert_eq!(published, replayed);
    }
}

/// The files that a backtest would have left of a record.
fn write(record: &Record, folder: &Path) {
    let rows = || record.series.iter().flat_map(|s| s.rows.iter().map(|r| (s.symbol, *r)));
    let text = || Column::Text(rows().map(|r| Some(r.0.to_string())).collect());
    let time = || Column::Time(rows().map(|r| Some(r.1.ts.0)).collect());
    let horizon = || Column::Int(rows().map(|_| Some(record.horizon.0.0)).collect());
    let float = |f: &dyn Fn(&RecordedRow) -> f64| Column::Float(rows().map(|r| f(&r.1)).collect());
    let columns = [
        ("symbol", text()),
        ("ts", time()),
        ("horizon_ns", horizon()),
        ("baseline", float(&|r| r.baseline)),
        ("forecast_loss", float(&|r| r.forecast_loss.unwrap_or(f64::NAN))),
        ("p_stress", float(&|r| r.p_stress.unwrap_or(f64::NAN))),
        ("c_im", float(&|r| r.c_im)),
    ];
    Table::new(columns).write(&folder.join("decisions.parquet")).unwrap();
    let ret = float(&|r| r.loss.map_or(f64::NAN, |l| l.loss));
    let columns = [("symbol", text()), ("ts", time()), ("horizon_ns", horizon()), ("ret", ret)];
    Table::new(columns).write(&folder.join("outcomes.parquet")).unwrap();
}

#[test]
fn the_command_writes_its_files_and_says_what_it_cannot_use() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name);
    write(&record(300), home.path());
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/configs/crypto-1d.toml");
    let call = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_margincast"));
        command.arg("calibrate").arg("--from").arg(home.path()).arg("--config").arg(&config);
        command.arg("--out").arg(at("out")).args(["--samples", "20"]).args(more).output().unwrap()
    };
    let done = call(&[]);
    let (told, errors) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert_eq!(done.status.code(), Some(0), "{errors}");
    assert!(told.contains("chosen at each origin, out of sample") && told.contains("chosen: weight"), "{told}");
    assert!(errors.contains("are not what"), "decisions of another policy are told: {errors}");
    let found: serde_json::Value = serde_json::from_slice(&std::fs::read(at("out/calibration.json")).unwrap()).unwrap();
    let frontier = Table::read(&at("out/frontier.parquet")).unwrap();
    assert_eq!(frontier.rows(), found["frontier"].as_array().unwrap().len());
    let proposal: toml::Table = std::fs::read_to_string(at("out/proposal.toml")).unwrap().parse().unwrap();
    let changes = proposal["changes"].as_table().unwrap();
    assert!(changes["horizon"].as_str() == Some("1d") && changes.values().all(toml::Value::is_str));
    let weight = changes.get("blend.weight").map_or("0.6", |w| w.as_str().unwrap());
    assert_eq!(weight.parse().ok(), found["chosen"]["policy"]["weight"].as_f64());
    // An appetite that admits nothing: exit code 1, and no proposal is left.
    assert_eq!(call(&["--rises", "0,0,0"]).status.code(), Some(1));
    assert!(!at("out/proposal.toml").exists() && at("out/frontier.parquet").exists());
    for (more, why) in [
        (["--horizon", "8h"], "no decisions over 8h; has 1d"),
        (["--set", "margin.unguarded=true"], "leave `unguarded` out"),
        (["--every", "1h"], "--every wants at least one row"),
    ] {
        let refused = call(&more);
        let errors = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(refused.status.code() == Some(2) && errors.contains(why), "{more:?}: {errors}");
    }
}
