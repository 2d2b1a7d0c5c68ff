//! The traffic light acts by itself: in the multiplier, and on what may come into force.

use super::*;
use margincast::feature::Feature;
use margincast::loss::Side;
use margincast::loss::test::traffic_light::{Light, traffic_light};
use margincast::margin::Reason;

/// A baseline that most losses exceed now and then.
const WEAK: &str = "margin.baseline.alpha=0.6";
const WINDOW: usize = 40;

fn config(own: &Path, window: usize) -> Config {
    let models = own.join("models");
    assert!(Command::new("cp").arg("-r").arg(WORLD.path("models")).arg(&models).status().unwrap().success());
    WORLD.config(&[
        WEAK.into(),
        format!("margin.traffic_light.window={window}"),
        format!("serve.ledger='{}'", own.join("ledger").display()),
        format!("serve.models='{}'", models.display()),
    ])
}

#[test]
fn the_light_counts_what_was_asked_and_lifts_or_takes_the_champion_off() {
    let own = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let config = config(own.path(), WINDOW);
    let running = WORLD.serve_from(&config, ClockMode::Replay(None), WORLD.replay());
    ended(&running);
    running.stop().unwrap();
    let ledger = own.path().join("ledger");
    let all = published(&ledger);
    let hours: Vec<&Publication> = all.iter().filter(|p| p.symbol.as_str() == "AAA" && p.horizon == "PT1H").collect();
    let rows: BTreeMap<Ts, f64> =
        rows(&config, &market("AAA")).iter().map(|r| (r.ts_open, r.raw(Feature::Ret))).collect();
    // Counted again from what was published and what the market did.
    let mut outcomes: Vec<[bool; 2]> = Vec::new();
    let mut seen = [0; 3];
    for p in &hours {
        let shown = p.why.light.unwrap();
        let window = &outcomes[outcomes.len().saturating_sub(WINDOW)..];
        let count = |k: usize| window.iter().filter(|o| o[k]).count();
        let breaches = count(0).max(count(1));
        assert_eq!((shown.breaches, shown.outcomes), (breaches, window.len()), "{}", p.as_of);
        assert_eq!(Some(shown.light), traffic_light(WINDOW, breaches, 0.01));
        seen[shown.light as usize] += 1;
        let (m4, has) = (p.why.m4.as_ref().unwrap().parse::<f64>().unwrap(), |r| p.reasons.contains(&r));
        match shown.light {
            Light::Green => assert!(!has(Reason::TrafficYellow) && !has(Reason::TrafficRed)),
            Light::Yellow => assert!(m4 >= 1.10 && !has(Reason::TrafficRed)),
            Light::Red => assert!(m4 >= 1.25 && has(Reason::TrafficRed) && p.forecast.loss.is_none()),
        }
        let c: f64 = p.requirement.initial.as_ref().unwrap().parse().unwrap();
        if let Some(ret) = rows.get(&p.as_of) {
            outcomes.push([Side::Long, Side::Short].map(|side| side.loss(*ret) > c));
        }
    }
    assert!(seen.iter().all(|n| *n > 0), "all three lights are seen: {seen:?}");
    let check = verify::check(&ledger, &WORLD.path("models"), Some(&WORLD.path("lake"))).unwrap();
    assert_eq!(check, Vec::<String>::new());
}

#[test]
fn while_the_light_is_not_green_a_new_version_only_runs_in_the_shadow() {
    let own = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let config = config(own.path(), 250);
    let (ledger, models) = (own.path().join("ledger"), own.path().join("models"));
    let running = WORLD.serve_from(&config, ClockMode::Replay(Some(40_000.0)), WORLD.replay());
    let lit =
        |at: SocketAddr| get(at, "/v1/multipliers/AAA?horizon=1h").json()["multipliers"][0]["why"]["light"].clone();
    until("a light", LONG, || running.hub.newest() > 0 && lit(running.address)["light"] == "red");
    promote(&models, "000002");
    let refused = |ledger: &Path| {
        let all = FileStore::read(ledger).unwrap();
        let all = all.scan(Seq(0)).unwrap().map(|r| r.unwrap()).filter(|r| r.kind == EntryKind::ModelLoadFailed);
        all.map(|r| r.body["why"].as_str().unwrap().to_string()).collect::<Vec<_>>()
    };
    until("the refusal", LONG, || !refused(&ledger).is_empty());
    assert!(refused(&ledger)[0].contains("shadow") && refused(&ledger)[0].contains("000002"), "{:?}", refused(&ledger));
    running.stop().unwrap();
    assert!(published(&ledger).iter().all(|p| p.model.version == "000001"));
    // Also after a restart; and what served before may come back.
    let again = WORLD.serve_from(&config, ClockMode::Replay(None), WORLD.replay());
    ended(&again);
    assert!(refused(&ledger).len() > 1);
    again.stop().unwrap();
    assert!(published(&ledger).iter().all(|p| p.model.version == "000001"));
    assert_eq!(verify::check(&ledger, &models, Some(&WORLD.path("lake"))).unwrap(), Vec::<String>::new());
}
