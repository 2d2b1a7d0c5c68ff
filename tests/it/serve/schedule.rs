//! The schedule of the week to come: recorded before it acts, served, and made again by a restart and an audit.

use super::*;

#[test]
fn a_schedule_is_recorded_a_week_ahead_served_and_made_again() {
    let ledger = TempDir::new().unwrap();
    let running = WORLD.serve(ledger.path());
    ended(&running);
    let at = running.address;
    let told = get(at, "/v1/schedule").json();
    let rows = told["schedules"].as_array().unwrap();
    // Forty-one days of hours: the first schedule is that of the seventh week, of two instruments and two horizons.
    assert_eq!((rows.len(), &told["schema"]), (4, &"margincast.schedules.v1".into()));
    let week = day_one() + Span::DAY.times(42);
    for row in rows {
        let time = |key: &str| row[key].as_str().unwrap().parse::<Ts>().unwrap();
        assert_eq!((time("from"), time("until")), (week, week + Span::DAY.times(7)));
        assert_eq!((time("as_of"), row["slot"].as_str()), (week - Span::DAY.times(7), Some("1h")));
        assert!(time("published_at") >= time("as_of") && time("published_at") < week);
        let factors: Vec<u64> = row["factors_ppm"].as_array().unwrap().iter().map(|f| f.as_u64().unwrap()).collect();
        assert_eq!((factors.len(), &row["applied"]), (168, &false.into()), "the settings do not apply it");
        assert!(
            (factors.iter().sum::<u64>() as f64 / 168.0 - 1e6).abs() < 1.0 && factors.iter().any(|f| *f != 1_000_000)
        );
    }
    let own = get(at, "/v1/schedule/AAA").json();
    assert_eq!(own["schedules"].as_array().unwrap()[..], rows[..2]);
    assert_eq!(get(at, "/v1/schedule/AAA.TEST").json(), own);
    assert_eq!(get(at, "/v1/schedule/NOPE").problem(), (404, "unknown-instrument".into()));
    running.stop().unwrap();
    let schedules = || kinds(ledger.path()).iter().filter(|k| **k == EntryKind::Schedule).count();
    assert_eq!(schedules(), 4);
    let again = WORLD.serve(ledger.path());
    ended(&again);
    assert_eq!(get(again.address, "/v1/schedule").json(), told);
    again.stop().unwrap();
    assert_eq!(schedules(), 4, "none is recorded twice");
    let check = verify::check(ledger.path(), &WORLD.path("models"), Some(&WORLD.path("lake"))).unwrap();
    assert_eq!(check, Vec::<String>::new());
}

#[test]
fn what_is_new_is_asked_more_than_what_is_held_and_is_published_beside_it() {
    let ledger = TempDir::new().unwrap();
    let new = "margin.guardrail.new={up=0.3,down=0.1,budgets=[{over='24h',rise=1.5}]}";
    let config = WORLD.config(&[format!("serve.ledger='{}'", ledger.path().display()), new.into()]);
    let running = WORLD.serve_from(&config, ClockMode::Replay(None), WORLD.replay());
    ended(&running);
    running.stop().unwrap();
    let number = |text: &Option<String>| text.as_ref().unwrap().parse::<f64>().unwrap();
    let mut more = 0;
    for p in published(ledger.path()) {
        let (new, initial) = (number(&p.multiplier_new), p.multiplier.parse::<f64>().unwrap());
        assert!(new >= initial && number(&p.multiplier_transfer) >= new);
        assert!(number(&p.requirement.new) >= number(&p.requirement.initial));
        more += usize::from(new > initial);
    }
    assert!(more > 20, "{more}");
    let check = verify::check(ledger.path(), &WORLD.path("models"), Some(&WORLD.path("lake"))).unwrap();
    assert_eq!(check, Vec::<String>::new());
}
