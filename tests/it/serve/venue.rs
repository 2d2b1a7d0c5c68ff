//! What the venue tells while the service runs: accounts and books.

use super::*;
use margincast::margin::Reason;

const HEAD: &str = "symbol,depth_50bp,depth_100bp,spread_bp,open_interest,stressed_depth\n";

/// Replaces a file whole, as a venue should.
fn put(path: &Path, text: &str) {
    let beside = path.with_extension("new");
    std::fs::write(&beside, text).unwrap();
    std::fs::rename(&beside, path).unwrap();
}

/// Accounts of AAA in all stages of health, each a little more of open interest than may be liquidated at once.
fn accounts() -> String {
    let one = |i: i32| format!("AAA,{},1000\n", 2.0 * 150f64.powf(f64::from(i) / 190.0));
    "symbol,equity,notional\n".to_string() + &(0..190).map(one).collect::<String>()
}

fn books(reading: usize, depth: f64) -> String {
    format!("{HEAD}AAA,{},{},1.5,9e6,{}\n", depth + reading as f64 / 1e3, 3.0 * depth, 1e9)
}

struct Venue {
    folder: TempDir,
    ledger: PathBuf,
    config: Config,
}

impl Venue {
    fn new() -> Venue {
        let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let (ledger, at) = (folder.path().join("ledger"), |name: &str| folder.path().join(name).display().to_string());
        let set = |key: &str, path: String| format!("serve.{key}='{path}'");
        let config = WORLD.config(&[
            set("ledger", ledger.display().to_string()),
            set("accounts", at("accounts.csv")),
            set("books", at("books.csv")),
        ]);
        Venue { ledger, config, folder }
    }
    fn put(&self, name: &str, text: &str) {
        put(&self.folder.path().join(name), text);
    }
    fn serve(&self, speed: Option<f64>) -> Running {
        WORLD.serve_from(&self.config, ClockMode::Replay(speed), WORLD.replay())
    }
    fn heard(&self) -> usize {
        kinds(&self.ledger).iter().filter(|k| **k == EntryKind::Venue).count()
    }
    fn check(&self) -> Vec<String> {
        verify::check(&self.ledger, &WORLD.path("models"), Some(&WORLD.path("lake"))).unwrap()
    }
}

#[test]
fn a_rise_that_would_liquidate_many_waits_and_an_audit_finds_the_same_accounts() {
    let venue = Venue::new();
    venue.put("accounts.csv", &accounts());
    venue.put("books.csv", &books(0, 1e6));
    let running = venue.serve(Some(40_000.0));
    until("a first publication", LONG, || running.hub.newest() > 8);
    let by = |who: &'static str| ["--who", who, "--why", "DRILL"];
    let lift = [&["override", "--m", "1.8", "--for", "72h", "--symbol", "AAA"][..], &by("ann")].concat();
    for words in [lift, [&["approve", "1"][..], &by("ben")].concat()] {
        let (good, said) = guard(&venue.ledger, &words);
        assert!(good, "{said}");
    }
    let bound = |p: &Publication| p.why.mm_reasons.contains(&Reason::BlastRadius);
    until("a rise that waits", LONG, || published(&venue.ledger).iter().any(bound));
    // Another table while it runs; one that is not whole changes nothing.
    let before = venue.heard();
    venue.put("accounts.csv", "symbol,equity,notional\nAAA,1");
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(venue.heard(), before);
    venue.put("accounts.csv", "symbol,equity,notional\nBBB,1,100\n");
    until("the other table", LONG, || venue.heard() == before + 1);
    running.stop().unwrap();
    let all = published(&venue.ledger);
    assert!(all.iter().filter(|p| bound(p)).all(|p| p.symbol.as_str() == "AAA" && p.why.blast.is_some()));
    // What was read is in the ledger with its figures, and a restart and an audit read the copies.
    let record = FileStore::read(&venue.ledger).unwrap();
    let record = record.scan(Seq(0)).unwrap().map(|r| r.unwrap()).find(|r| r.kind == EntryKind::Venue).unwrap();
    assert_eq!(record.body["subject"], "accounts");
    assert_eq!(record.body["figures"]["AAA"]["open_interest"], "190000");
    std::fs::remove_file(venue.folder.path().join("accounts.csv")).unwrap();
    assert_eq!(venue.check(), Vec::<String>::new());
    let again = venue.serve(None);
    ended(&again);
    again.stop().unwrap();
    assert_eq!(published(&venue.ledger)[..all.len()], all);
    assert_eq!(venue.check(), Vec::<String>::new());
    // A copy that was touched is found.
    let copy = venue.ledger.join(format!("inputs/{}.csv", record.body["digest"].as_str().unwrap()));
    std::fs::write(&copy, accounts().replacen(",1000\n", ",2000\n", 1)).unwrap();
    assert!(venue.check().iter().any(|w| w.contains("not the file that was read")), "{:?}", venue.check());
}

#[test]
fn a_book_that_vanishes_is_thin_in_the_service_and_caps_open_interest() {
    let venue = Venue::new();
    let running = venue.serve(Some(20_000.0));
    until("a first publication", LONG, || running.hub.newest() > 8);
    // Thirty readings say what is usual; three say that it is gone.
    for (i, depth) in std::iter::repeat_n(1e6, 30).chain([5e4; 3]).enumerate() {
        venue.put("books.csv", &books(i, depth));
        until("a reading", LONG, || venue.heard() == i + 1);
    }
    let row =
        |symbol: &str| get(running.address, &format!("/v1/multipliers/{symbol}")).json()["multipliers"][0].clone();
    until("the thin book", LONG, || row("AAA")["status"] == "thin");
    let (thin, other) = (row("AAA"), row("BBB"));
    assert_eq!((thin["why"]["interest"][1].as_str(), other["status"].as_str()), (Some("150000"), Some("live")));
    assert_eq!(thin["why"]["interest"][0], "45000", "0.30 of what can be sold within 1 %");
    assert!(thin["why"]["mm_reasons"].as_array().unwrap().contains(&"THIN".into()), "{thin}");
    running.stop().unwrap();
    assert_eq!(venue.check(), Vec::<String>::new());
}
