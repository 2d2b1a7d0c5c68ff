//! The service as its consumers meet it: over a loopback socket, killed and started again.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use margincast::app::config::Config;
use margincast::app::serve as command;
use margincast::app::verify;
use margincast::base::{Horizon, Seed, Span, Symbol, Ts};
use margincast::event::lake::{BarRow, Feed, Lake, Listing};
use margincast::event::{Body, Event, synth};
use margincast::feature::{Builder, Row};
use margincast::forecast::{Entry, FitContext, Panel, Track};
use margincast::pipeline::{Member, ModelSet};
use margincast::record::registry::{ChangedBy, Extras};
use margincast::record::{EntryKind, FileStore, Publication, Registry, Seq, Store, VersionRef, ledger};
use margincast::serve::api::http;
use margincast::serve::engine::source::{self, Source};
use margincast::serve::{ClockMode, Running, start};
use serde_json::Value;
use tempfile::TempDir;

use crate::law_registry;

mod light;
mod schedule;
mod sink;
mod venue;

const BINARY: &str = env!("CARGO_BIN_EXE_margincast");
const SYMBOLS: [&str; 2] = ["AAA", "BBB"];
const HOURS: usize = 1_000;
/// The first hour that is published.
const FROM: i64 = 600;
const HORIZONS: [i64; 2] = [1, 24];

fn day_one() -> Ts {
    "2024-01-01".parse().unwrap()
}

fn market(symbol: &str) -> Vec<Event> {
    synth::bars(Seed(5), symbol.parse().unwrap(), day_one(), Span::HOUR, HOURS)
}

/// A lake, a registry with two versions, and a configuration; the same for every test.
struct World {
    folder: TempDir,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let world = World { folder };
    std::fs::write(world.path("config.toml"), world.toml()).unwrap();
    let mut history = BTreeMap::new();
    for symbol in SYMBOLS {
        let (listing, events) = (listing(symbol), market(symbol));
        Lake::at(world.path("lake")).write(&listing, &bar_rows(&events)).unwrap();
        history.insert(listing.symbol, Arc::new(rows(&world.config(&[]), &events)));
    }
    let registry = Registry::open(&world.path("models"));
    for lambda in [0.94, 0.90] {
        let golden = history.values().flat_map(|r| r[r.len() - 60..].to_vec()).collect();
        let extras = Extras { golden, ..law_registry::extras() };
        registry.register("sample", &bundle(&history, lambda), &extras).unwrap();
    }
    promote(&world.path("models"), "000001");
    world
});

fn listing(symbol: &str) -> Listing {
    Listing::new("test", "spot", symbol.parse().unwrap()).unwrap()
}

fn bar_rows(events: &[Event]) -> Vec<BarRow> {
    let row = |e: &Event| match e.body {
        Body::Bar(bar) => Some(BarRow { ts_close: e.ts_event, ts_known: e.ts_known, bar, src: 0 }),
        _ => None,
    };
    events.iter().filter_map(row).collect()
}

fn rows(config: &Config, events: &[Event]) -> Vec<Row> {
    let mut builder = Builder::new(config.rows.clone()).unwrap();
    events.iter().filter_map(|e| builder.push(e)).collect()
}

fn bundle(history: &BTreeMap<Symbol, Arc<Vec<Row>>>, lambda: f64) -> ModelSet {
    let end = day_one() + Span::HOUR.times(FROM - 100);
    let panel = Panel::until(history, Ts(0), end);
    let (members, track) = (BTreeMap::new(), Track::default());
    let member = |hours: i64| {
        let horizon = Horizon(Span::HOUR.times(hours));
        let step = Span::HOUR;
        let ctx = FitContext { horizon, step, seed: Seed(1), members: &members, track: &track, progress: &|_| () };
        let fitted = (Entry::named("ewma").unwrap().fit)(&serde_json::json!({"lambda": lambda}), &panel, &ctx).unwrap();
        Member { name: "EWMA".into(), horizon, fitted, calibration: None }
    };
    ModelSet::new(HORIZONS.map(member).to_vec(), end)
}

fn promote(models: &Path, version: &str) {
    let by = ChangedBy { who: "test".into(), when: Ts(1), reason: "test".into() };
    Registry::open(models).promote("sample", "champion", &VersionRef::Version(version.into()), &by).unwrap();
}

impl World {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
    fn toml(&self) -> String {
        format!(
            r#"
horizons = [1, 24]
[universe]
venue = "test"
market = "spot"
symbols = ["AAA", "BBB"]
[rows]
bar = "1h"
row = "1h"
mid = 6
long = 24
far = 48
[study]
start = "2024-01-20"
end = "2024-02-01"
refit = "30d"
[margin]
forecast = "EWMA"
regime = ""
[margin.baseline]
warm_up = 100
window = "60d"
[[models]]
name = "EWMA"
kind = "ewma"
[serve]
listen = "127.0.0.1:0"
models = '{}'
from = "{}"
poll = "20ms"
"#,
            self.path("models").display(),
            day_one() + Span::HOUR.times(FROM),
        )
    }
    fn config(&self, set: &[String]) -> Config {
        Config::read(&self.path("config.toml"), set).unwrap()
    }
    /// A service in this process that replays everything as fast as it goes, with its own ledger.
    fn serve(&self, ledger: &Path) -> Running {
        let config = self.config(&[format!("serve.ledger='{}'", ledger.display())]);
        self.serve_from(&config, ClockMode::Replay(None), self.replay())
    }
    fn serve_from(&self, config: &Config, mode: ClockMode, events: Box<dyn Source>) -> Running {
        start(command::options(config, mode, None).unwrap(), command::engine(config), events).unwrap()
    }
    fn replay(&self) -> Box<dyn Source> {
        let listings = SYMBOLS.map(listing);
        source::replay(&Lake::at(self.path("lake")), &Feed::Bars(Span::HOUR).of(&listings), None).unwrap()
    }
    /// The real program, replaying.
    fn spawn(&self, ledger: &Path, speed: &str) -> Program {
        self.spawn_with(ledger, speed, &[])
    }
    fn spawn_with(&self, ledger: &Path, speed: &str, more: &[&str]) -> Program {
        let lake = self.path("lake").display().to_string();
        let config = self.path("config.toml").display().to_string();
        let set = format!("serve.ledger='{}'", ledger.display());
        let mut child = Command::new(BINARY)
            .args(["serve", "--config", &config, "--lake", &lake, "--replay", "--speed", speed, "--set", &set])
            .args(more.iter().flat_map(|set| ["--set", set]))
            .env("MARGINCAST_LOG", "warn")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("serving on http://").unwrap_or_else(|| {
            let mut rest = String::new();
            let _ = said.read_to_string(&mut rest);
            panic!("the program did not start: {line}{rest}")
        });
        Program { address: address.parse().unwrap(), child, _said: said }
    }
}

struct Program {
    address: SocketAddr,
    child: Child,
    _said: BufReader<std::process::ChildStderr>,
}

/// A reply to one request.
struct Reply {
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.body))
    }
    fn problem(&self) -> (u16, String) {
        assert_eq!(self.headers["content-type"], "application/problem+json", "{}", self.body);
        let problem = self.json();
        assert_eq!(problem["status"], self.status);
        assert!(problem["type"].as_str().unwrap().starts_with("urn:margincast:problem:"));
        assert!(!problem["title"].as_str().unwrap().is_empty() && !problem["detail"].as_str().unwrap().is_empty());
        (self.status, problem["code"].as_str().unwrap().into())
    }
}

fn send(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)]) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let extra: String = headers.iter().map(|(k, v)| format!("{k}: {v}\r\n")).collect();
    write!(stream, "{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n{extra}\r\n").unwrap();
    stream
}

fn head(input: &mut impl BufRead) -> (u16, BTreeMap<String, String>) {
    let mut line = String::new();
    input.read_line(&mut line).unwrap();
    let status = line.split_whitespace().nth(1).unwrap_or_else(|| panic!("no status in `{line}`")).parse().unwrap();
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        input.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim().split_once(": ") else { return (status, headers) };
        headers.insert(name.to_lowercase(), value.to_string());
    }
}

fn ask(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)]) -> Reply {
    let mut input = BufReader::new(send(address, method, path, headers));
    let (status, headers) = head(&mut input);
    let mut body = String::new();
    input.read_to_string(&mut body).unwrap();
    Reply { status, headers, body }
}

fn get(address: SocketAddr, path: &str) -> Reply {
    ask(address, "GET", path, &[])
}

/// One server-sent event: name, id, data.
type Sent = (String, Option<u64>, Value);

/// Events of a stream until `enough`.
fn stream(address: SocketAddr, after: Option<u64>, enough: impl Fn(&[Sent]) -> bool) -> Vec<Sent> {
    let id = after.map(|a| a.to_string()).unwrap_or_default();
    let headers: &[(&str, &str)] = if after.is_some() { &[("Last-Event-ID", &id)] } else { &[] };
    let mut input = BufReader::new(send(address, "GET", "/v1/multipliers/stream", headers));
    assert_eq!(head(&mut input).0, 200);
    let (mut all, mut event) = (Vec::new(), (String::new(), None, Value::Null));
    while !enough(&all) {
        let mut line = String::new();
        assert!(input.read_line(&mut line).unwrap() > 0, "the stream ended after {} events", all.len());
        match line.trim_end().split_once(": ") {
            Some(("event", name)) => event.0 = name.into(),
            Some(("id", id)) => event.1 = Some(id.parse().unwrap()),
            Some(("data", data)) => event.2 = serde_json::from_str(data).unwrap(),
            _ if line.trim().is_empty() && !event.0.is_empty() => {
                all.push(std::mem::replace(&mut event, (String::new(), None, Value::Null)));
            }
            _ => {}
        }
    }
    all
}

#[allow(clippy::disallowed_methods)] // How long a test waits is about wall time.
fn until(what: &str, limit: Duration, done: impl Fn() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < limit, "{what}: not within {limit:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

const LONG: Duration = Duration::from_secs(180);

fn ended(running: &Running) {
    until("the end of the replay", LONG, || running.hub.is_ended());
}

fn published(ledger: &Path) -> Vec<Publication> {
    let mut all = Vec::new();
    ledger::epochs(&FileStore::read(ledger).unwrap(), |_, p| all.push(p)).unwrap();
    all
}

fn kinds(ledger: &Path) -> Vec<EntryKind> {
    FileStore::read(ledger).unwrap().scan(Seq(0)).unwrap().map(|r| r.unwrap().kind).collect()
}

#[test]
fn the_snapshot_is_cached_by_its_tag_and_says_how_old_it_is() {
    let ledger = TempDir::new().unwrap();
    let running = WORLD.serve(ledger.path());
    ended(&running);
    let reply = get(running.address, "/v1/multipliers");
    let (shown, newest) = (reply.json(), running.hub.newest());
    // Hours of 600 to 999 close after the first that is published; two instruments, two horizons.
    assert_eq!(newest, 4 * (HOURS as u64 - FROM as u64 + 1));
    assert_eq!(
        (reply.status, shown["seq"].as_u64(), shown["multipliers"].as_array().unwrap().len()),
        (200, Some(newest), 4)
    );
    let last = day_one() + Span::HOUR.times(HOURS as i64);
    assert_eq!(
        (reply.headers["margincast-seq"].parse(), &reply.headers["margincast-as-of"]),
        (Ok(newest), &last.to_string())
    );
    assert_eq!((reply.headers["margincast-status"].as_str(), shown["status"].as_str()), ("live", Some("live")));
    assert!(reply.headers["cache-control"].contains("must-revalidate"));
    let tag = &reply.headers["etag"];
    let again = ask(running.address, "GET", "/v1/multipliers", &[("If-None-Match", tag)]);
    assert_eq!((again.status, again.body.as_str(), &again.headers["etag"]), (304, "", tag));
    assert_eq!(ask(running.address, "GET", "/v1/multipliers", &[("If-None-Match", "\"other\"")]).status, 200);
    for row in shown["multipliers"].as_array().unwrap() {
        let row: Publication = serde_json::from_value(row.clone()).unwrap();
        let m: f64 = row.multiplier.parse().unwrap();
        assert!((1.0..=2.0).contains(&m), "{m}");
        assert_eq!((row.instrument_id, row.confidence.as_str()), (format!("{}.TEST", row.symbol), "0.99"));
        assert!(row.baseline.loss.is_some() && row.forecast.loss.is_some());
    }
    running.stop().unwrap();
}

#[test]
fn one_instrument_one_number_and_the_forecasts_behind_them() {
    let ledger = TempDir::new().unwrap();
    let running = WORLD.serve(ledger.path());
    ended(&running);
    let at = running.address;
    let one = get(at, "/v1/multipliers/AAA");
    assert_eq!(one.json()["multipliers"].as_array().unwrap().len(), 2);
    assert_eq!(get(at, "/v1/multipliers/AAA.TEST").json(), one.json());
    let day = get(at, "/v1/multipliers/AAA?horizon=24h").json();
    assert_eq!(day["multipliers"][0]["horizon"], "PT24H");
    assert_eq!(get(at, "/v1/multipliers/AAA?horizon=PT24H").json(), day);
    // A number is the same for ever, whether it is in force or long gone.
    let all = published(ledger.path());
    for seq in [1, 2, all.len() / 2, all.len()] {
        let reply = get(at, &format!("/v1/multipliers/seq/{seq}"));
        let row: Publication = serde_json::from_value(reply.json()).unwrap();
        assert_eq!(row, all[seq - 1]);
        assert!(reply.headers["cache-control"].contains("immutable"));
    }
    let forecasts = get(at, "/v1/forecasts/BBB").json();
    let rows = forecasts["forecasts"].as_array().unwrap();
    assert_eq!((rows.len(), &rows[0]["model"], &rows[0]["symbol"]), (2, &"EWMA".into(), &"BBB".into()));
    assert_eq!(get(at, "/v1/forecasts").json()["forecasts"].as_array().unwrap().len(), 4);
    let explained = get(at, "/v1/multipliers/AAA/explain?horizon=PT1H").json();
    let names: Vec<&str> =
        explained[0]["chain"].as_array().unwrap().iter().map(|l| l["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["b", "f", "w", "m0", "m1", "m2", "m3", "m4", "m"]);
    running.stop().unwrap();
}

#[test]
fn every_error_is_a_problem_that_names_the_mend() {
    let ledger = TempDir::new().unwrap();
    let running = WORLD.serve(ledger.path());
    ended(&running);
    let problem = |method: &str, path: &str| ask(running.address, method, path, &[]).problem();
    let is = |status: u16, code: &str| (status, code.to_string());
    assert_eq!(problem("GET", "/v1/multipliers/NOPE"), is(404, "unknown-instrument"));
    assert_eq!(problem("GET", "/v1/multipliers/NOPE/explain"), is(404, "unknown-instrument"));
    assert_eq!(problem("GET", "/v1/forecasts/NOPE"), is(404, "unknown-instrument"));
    assert_eq!(problem("GET", "/v1/multipliers/AAA?horizon=7h"), is(404, "unknown-horizon"));
    assert_eq!(problem("GET", "/v1/multipliers/AAA?horizon=soon"), is(400, "validation"));
    assert_eq!(problem("GET", "/v1/multipliers/AAA?horizn=1h"), is(400, "validation"));
    assert_eq!(problem("GET", "/v1/multipliers/seq/x"), is(400, "validation"));
    assert_eq!(problem("GET", "/v1/multipliers/seq/0"), is(404, "unknown-seq"));
    assert_eq!(problem("GET", "/v1/multipliers/seq/999999"), is(404, "unknown-seq"));
    assert_eq!(problem("GET", "/nothing/here"), is(404, "unknown-path"));
    assert_eq!(problem("POST", "/v1/multipliers"), is(405, "method-not-allowed"));
    assert_eq!(problem("GET", &format!("/v1/multipliers/{}", "x".repeat(5_000))), is(414, "too-large"));
    let long = "x".repeat(20_000);
    assert_eq!(ask(running.address, "GET", "/livez", &[("X-Long", &long)]).problem(), is(431, "too-large"));
    assert_eq!(
        ask(running.address, "GET", "/v1/multipliers/stream", &[("Last-Event-ID", "x")]).problem(),
        is(400, "validation")
    );
    assert!(get(running.address, "/v1/multipliers/NOPE").body.contains("there are: AAA, BBB"));
    running.stop().unwrap();
}

#[test]
fn a_stream_resumes_with_exactly_the_missed_sets() {
    let ledger = TempDir::new().unwrap();
    let running = WORLD.serve(ledger.path());
    ended(&running);
    let (at, newest) = (running.address, running.hub.newest());
    let fresh = stream(at, None, |all| all.len() >= 2);
    assert_eq!((fresh[0].0.as_str(), fresh[0].1, fresh[0].2["seq"].as_u64()), ("snapshot", Some(newest), Some(newest)));
    assert_eq!((fresh[1].0.as_str(), fresh[1].2["seq"].as_u64()), ("heartbeat", Some(newest)));
    // Sets hold two rows each: what an even id had not seen is the later even ids.
    for had in [newest - 40, newest - 2, newest] {
        let missed = stream(at, Some(had), |all| all.iter().any(|e| e.0 == "heartbeat"));
        let ids: Vec<u64> = missed.iter().filter(|e| e.0 == "delta").map(|e| e.1.unwrap()).collect();
        assert_eq!(ids, (had + 2..=newest).step_by(2).collect::<Vec<_>>());
        let rows: Vec<u64> = missed
            .iter()
            .filter(|e| e.0 == "delta")
            .flat_map(|e| e.2["multipliers"].as_array().unwrap().clone())
            .map(|r| r["seq"].as_u64().unwrap())
            .collect();
        assert_eq!(rows, (had + 1..=newest).collect::<Vec<_>>());
    }
    // An id that this ledger never gave: start anew.
    let unknown = stream(at, Some(newest + 5), |all| all.len() >= 2);
    assert_eq!([unknown[0].0.as_str(), unknown[1].0.as_str()], ["resync", "snapshot"]);
    running.stop().unwrap();
    // After a restart the past is still there to resume from.
    let again = WORLD.serve(ledger.path());
    ended(&again);
    let missed = stream(again.address, Some(newest - 6), |all| all.iter().any(|e| e.0 == "heartbeat"));
    let ids: Vec<u64> = missed.iter().filter(|e| e.0 == "delta").map(|e| e.1.unwrap()).collect();
    assert_eq!(ids, [newest - 4, newest - 2, newest]);
    again.stop().unwrap();
}

#[test]
fn a_stream_is_told_of_each_set_and_says_goodbye() {
    let ledger = TempDir::new().unwrap();
    let config = WORLD.config(&[format!("serve.ledger='{}'", ledger.path().display())]);
    // An hour in ten milliseconds.
    let running = WORLD.serve_from(&config, ClockMode::Replay(Some(360_000.0)), WORLD.replay());
    let at = running.address;
    let listener = std::thread::spawn(move || stream(at, None, |all| all.last().is_some_and(|e| e.0 == "bye")));
    until("sets", LONG, || running.hub.newest() > 200);
    let hub = Arc::clone(&running.hub);
    running.stop().unwrap();
    let told = listener.join().unwrap();
    assert_eq!(told[0].0, "snapshot");
    let mut seen = told[0].1.unwrap();
    for event in told.iter().filter(|e| e.0 == "delta") {
        assert_eq!(event.2["multipliers"][0]["seq"].as_u64(), Some(seen + 1), "no gap, no repeat");
        seen = event.1.unwrap();
    }
    assert!(told.iter().filter(|e| e.0 == "delta").count() > 10);
    assert_eq!(seen, hub.newest(), "everything published was told before goodbye");
    assert_eq!(kinds(ledger.path()).last(), Some(&EntryKind::Stop));
    assert!(TcpStream::connect(at).is_err(), "nobody listens any more");
}

#[test]
fn live_is_not_ready_and_ready_needs_a_model_and_fresh_values() {
    let ledger = TempDir::new().unwrap();
    let config = WORLD.config(&[format!("serve.ledger='{}'", ledger.path().display())]);
    // Nothing comes: alive, never ready.
    let nothing = WORLD.serve_from(&config, ClockMode::Replay(None), source::list(vec![]));
    until("the start", LONG, || nothing.hub.is_caught_up());
    assert_eq!((get(nothing.address, "/livez").status, get(nothing.address, "/healthz").status), (200, 200));
    assert_eq!(get(nothing.address, "/startupz").status, 200);
    assert_eq!(get(nothing.address, "/readyz").problem(), (503, "not-ready".into()));
    let verbose = get(nothing.address, "/readyz?verbose");
    let failing: Vec<Value> = verbose.json()["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|c| c["ok"] == false)
        .map(|c| c["name"].clone())
        .collect();
    assert_eq!((verbose.status, failing), (503, vec!["published".into(), "inputs".into(), "valid".into()]));
    assert_eq!(get(nothing.address, "/v1/multipliers").json()["status"], "halted");
    assert_eq!(get(nothing.address, "/v1/multipliers/AAA").problem().1, "not-yet-published");
    nothing.stop().unwrap();
    let running = WORLD.serve(ledger.path());
    ended(&running);
    assert_eq!(get(running.address, "/readyz").status, 200);
    // The stream's clock moves on and nothing comes with it.
    running.hub.advance(day_one() + Span::HOUR.times(HOURS as i64 + 9));
    assert!(get(running.address, "/readyz").body.contains("valid: AAA"));
    running.stop().unwrap();
}

#[test]
fn metrics_are_what_prometheus_reads() {
    let ledger = TempDir::new().unwrap();
    let running = WORLD.serve(ledger.path());
    ended(&running);
    get(running.address, "/v1/multipliers");
    let reply = get(running.address, "/metrics");
    assert!(reply.headers["content-type"].starts_with("text/plain; version=0.0.4"));
    let mut values = BTreeMap::new();
    for line in reply.body.lines().filter(|l| !l.is_empty() && !l.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(name.starts_with("margincast_"), "{line}");
        assert!(value.parse::<f64>().is_ok(), "{line}");
        values.insert(name.to_string(), value.parse::<f64>().unwrap());
    }
    let newest = running.hub.newest() as f64;
    assert_eq!(values["margincast_publication_seq"], newest);
    assert_eq!(values["margincast_publications_total{status=\"live\"}"], newest);
    assert_eq!(values["margincast_input_rows_total"], 2.0 * HOURS as f64);
    assert_eq!(values["margincast_instruments{status=\"live\"}"], 4.0);
    assert!(values["margincast_ledger_fsync_seconds_count"] > 0.0);
    assert!(values.keys().any(|k| k.starts_with("margincast_model_info{") && k.contains("version=\"000001\"")));
    assert!(values.keys().any(|k| k.starts_with("margincast_http_request_duration_seconds_bucket{")
        && k.contains("route=\"/v1/multipliers\"")));
    running.stop().unwrap();
}

#[test]
fn the_description_lists_every_route_and_nothing_else() {
    let ledger = TempDir::new().unwrap();
    let running = WORLD.serve(ledger.path());
    ended(&running);
    let api = get(running.address, "/openapi.json").json();
    assert!(api["openapi"].as_str().unwrap().starts_with("3.1"), "{}", api["openapi"]);
    let mut described: Vec<&str> = api["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    let mut served = http::paths();
    described.sort_unstable();
    served.sort_unstable();
    assert_eq!(described, served);
    // Each is really there, and what is published has the members that are described.
    for path in served {
        let path = path.replace("{symbol}", "AAA").replace("{seq}", "1");
        if !path.ends_with("stream") {
            assert_eq!(get(running.address, &path).status, 200, "{path}");
        }
    }
    let members = api["components"]["schemas"]["Publication"]["properties"].as_object().unwrap();
    let row = get(running.address, "/v1/multipliers/seq/1").json();
    assert!(row.as_object().unwrap().keys().eq(members.keys()));
    let page = get(running.address, "/");
    assert!(page.headers["content-security-policy"].starts_with("default-src 'none'; script-src 'sha256-"));
    assert!(page.body.contains("<title>margincast</title>"));
    running.stop().unwrap();
}

#[test]
fn a_kill_file_freezes_and_its_removal_releases() {
    let ledger = TempDir::new().unwrap();
    let config = WORLD.config(&[format!("serve.ledger='{}'", ledger.path().display())]);
    let running = WORLD.serve_from(&config, ClockMode::Replay(Some(360_000.0)), WORLD.replay());
    until("a first publication", LONG, || running.hub.newest() > 20);
    std::fs::write(ledger.path().join("KILL"), "").unwrap();
    let status = || get(running.address, "/v1/multipliers").json()["status"].clone();
    until("the freeze", LONG, || status() == "halted");
    assert_eq!(get(running.address, "/v1/multipliers/AAA").status, 200, "a known instrument is always answered");
    std::fs::remove_file(ledger.path().join("KILL")).unwrap();
    until("the release", LONG, || status() == "live");
    ended(&running);
    running.stop().unwrap();
    assert_eq!(kinds(ledger.path()).iter().filter(|k| **k == EntryKind::Kill).count(), 2);
    // What an operator did is part of the past that a start makes again.
    let all = published(ledger.path());
    let again = WORLD.serve(ledger.path());
    ended(&again);
    again.stop().unwrap();
    assert_eq!(published(ledger.path()), all);
}

/// `margincast guard`, said at the first published hour of the stream.
fn guard(ledger: &Path, words: &[&str]) -> (bool, String) {
    let at = (day_one() + Span::HOUR.times(FROM)).to_string();
    let out = Command::new(BINARY).arg("guard").arg("--ledger").arg(ledger).args(["--at", &at]).args(words).output();
    let out = out.unwrap();
    (out.status.success(), format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr)))
}

#[test]
fn what_people_approve_takes_effect_is_recorded_and_is_made_again() {
    let ledger = TempDir::new().unwrap();
    let set = format!("serve.ledger='{}'", ledger.path().display());
    let config = WORLD.config(std::slice::from_ref(&set));
    let running = WORLD.serve_from(&config, ClockMode::Replay(Some(20_000.0)), WORLD.replay());
    until("a first publication", LONG, || running.hub.newest() > 8);
    let say = |words: &[&str]| {
        let (good, said) = guard(ledger.path(), words);
        assert!(good, "{said}");
    };
    let by = |who: &'static str| ["--who", who, "--why", "DRILL"];
    say(&[&["override", "--m", "1.8", "--for", "72h", "--symbol", "AAA"][..], &by("ann")].concat());
    assert!(!guard(ledger.path(), &[&["approve", "1"][..], &by("ann")].concat()).0, "one person is not two");
    say(&[&["approve", "1"][..], &by("ben")].concat());
    say(&[&["propose", "im.up=0.015", "mm_notice=12h"][..], &by("ann")].concat());
    say(&[&["approve", "2"][..], &by("ben")].concat());
    say(&[&["approve", "2"][..], &by("cem")].concat());
    say(&[&["propose", "im.up=0.2"][..], &by("ann")].concat());
    std::fs::write(ledger.path().join("KILL"), "product:BBB\nmodel:EWMA\n").unwrap();
    let orders = || kinds(ledger.path()).iter().filter(|k| **k == EntryKind::Order).count();
    until("the orders", LONG, || orders() == 4);
    let rows =
        |symbol: &str| get(running.address, &format!("/v1/multipliers/{symbol}")).json()["multipliers"][0].clone();
    until("the freeze", LONG, || rows("BBB")["status"] == "halted");
    assert_eq!(rows("AAA")["status"], "live", "the other is not frozen");
    std::fs::remove_file(ledger.path().join("KILL")).unwrap();
    until("the release", LONG, || orders() == 6 && rows("BBB")["status"] == "live");
    running.stop().unwrap();
    let all = published(ledger.path());
    let said = |p: &Publication| p.reasons.contains(&margincast::margin::Reason::Override);
    assert!(all.iter().any(said) && all.iter().filter(|p| said(p)).all(|p| p.symbol.as_str() == "AAA"));
    let end = day_one() + Span::HOUR.times(FROM + 72);
    assert!(all.iter().filter(|p| said(p)).all(|p| p.as_of < end), "it ends by itself");
    let shown = guard(ledger.path(), &["show"]).1;
    assert!(
        shown.contains("mm_notice = \"12h\"") && shown.contains("applied at") && shown.contains("0 of 2 approvals")
    );
    // An audit makes all of it again, and holds each order against the log of approvals.
    let check = || verify::check(ledger.path(), &WORLD.path("models"), Some(&WORLD.path("lake"))).unwrap();
    assert_eq!(check(), Vec::<String>::new());
    let again = WORLD.serve(ledger.path());
    ended(&again);
    again.stop().unwrap();
    assert_eq!(published(ledger.path())[..all.len()], all);
    assert_eq!(orders(), 6, "nothing is applied twice");
    assert_eq!(check(), Vec::<String>::new());
    // The configuration alone does not change the guardrails, and approvals cannot be made to go away.
    let other = WORLD.config(&[set, "margin.guardrail.dead_band=0.03".into()]);
    let refused = start(
        command::options(&other, ClockMode::Replay(None), None).unwrap(),
        command::engine(&other),
        WORLD.replay(),
    );
    assert!(format!("{:#}", refused.err().unwrap()).contains("margincast guard propose"));
    std::fs::rename(ledger.path().join("guard"), ledger.path().join("gone")).unwrap();
    assert!(check().iter().any(|w| w.contains("proposal 1 is not approved")), "{:?}", check());
}

#[test]
fn a_promotion_takes_effect_while_it_runs_and_survives_a_restart() {
    let own = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let models = own.path().join("models");
    assert!(Command::new("cp").arg("-r").arg(WORLD.path("models")).arg(&models).status().unwrap().success());
    let ledger = own.path().join("ledger");
    let set = [format!("serve.ledger='{}'", ledger.display()), format!("serve.models='{}'", models.display())];
    let config = WORLD.config(&set);
    let running = WORLD.serve_from(&config, ClockMode::Replay(Some(60_000.0)), WORLD.replay());
    until("a first publication", LONG, || running.hub.newest() > 20);
    // A version that does not load changes nothing.
    let alias = models.join("sample/aliases/champion");
    let good = std::fs::read_to_string(&alias).unwrap();
    std::fs::write(&alias, good.replace("000001", "000007")).unwrap();
    until("the failure", LONG, || {
        get(running.address, "/metrics").body.contains("margincast_model_load_failures_total 1")
    });
    std::fs::write(&alias, good).unwrap();
    promote(&models, "000002");
    let served = |version: &str| {
        let row = get(running.address, "/v1/multipliers/AAA").json()["multipliers"][0].clone();
        row["model"]["version"] == version
    };
    until("the new model", LONG, || served("000002"));
    running.stop().unwrap();
    let all = published(&ledger);
    let versions: Vec<&str> = all.iter().map(|p| p.model.version.as_str()).collect();
    let change = versions.iter().position(|v| *v == "000002").unwrap();
    assert!(change > 0 && versions[change..].iter().all(|v| *v == "000002"));
    assert_ne!(all[change].model.digest, all[change - 1].model.digest);
    let again = WORLD.serve_from(&config, ClockMode::Replay(None), WORLD.replay());
    ended(&again);
    again.stop().unwrap();
    let whole = published(&ledger);
    assert_eq!(whole[..all.len()], all);
    assert_eq!(whole.len(), 4 * (HOURS - FROM as usize + 1));
    assert!(whole[all.len()..].iter().all(|p| p.model.version == "000002"));
}

#[test]
fn a_changed_lake_or_ledger_is_refused() {
    let ledger = TempDir::new().unwrap();
    let running = WORLD.serve(ledger.path());
    ended(&running);
    running.stop().unwrap();
    let config = WORLD.config(&[format!("serve.ledger='{}'", ledger.path().display())]);
    let mut events: Vec<Event> = SYMBOLS.iter().flat_map(|s| market(s)).collect();
    events.sort_by_key(|e| (e.ts_known, e.symbol));
    if let Body::Bar(bar) = &mut events[1_500].body {
        bar.high *= 1.5;
    }
    let changed = WORLD.serve_from(&config, ClockMode::Replay(None), source::list(events));
    until("the difference", LONG, || !changed.is_publishing());
    let error = format!("{:#}", changed.stop().unwrap_err());
    assert!(error.contains("recorded") && error.contains("made") && error.contains("publication"), "{error}");
    let live = start(
        command::options(&config, ClockMode::Live, None).unwrap(),
        command::engine(&config),
        source::list(vec![]),
    );
    let error = format!("{:#}", live.err().unwrap());
    assert!(error.contains("that of a replay service"), "{error}");
}

/// Real time: the lake grows while it is followed.
#[test]
fn a_followed_lake_is_published_as_it_grows() {
    let own = TempDir::new().unwrap();
    let (lake, ledger) = (Lake::at(own.path().join("lake")), own.path().join("ledger"));
    let known = |n: usize| SYMBOLS.map(|s| bar_rows(&market(s)[..n]));
    let put = |n: usize| {
        for (rows, symbol) in known(n).iter().zip(SYMBOLS) {
            lake.write(&listing(symbol), rows).unwrap();
        }
    };
    put(700);
    let config = WORLD.config(&[format!("serve.ledger='{}'", ledger.display())]);
    let follow = || source::follow(lake.clone(), Feed::Bars(Span::HOUR).of(&SYMBOLS.map(listing)), None).unwrap();
    let serve = || WORLD.serve_from(&config, ClockMode::Live, follow());
    // A look between two writes finds one instrument's news late, which a tick tells the road, and a
    // slow machine's clock ticks: how many publications there are is not said, what they know is.
    let knows = |running: &Running, n: u64| {
        SYMBOLS.iter().all(|symbol| {
            let reply = get(running.address, &format!("/v1/multipliers/{symbol}"));
            reply.status == 200 && reply.json()["multipliers"][0]["consumed"].as_u64() == Some(n)
        })
    };
    let running = serve();
    until("what is there", LONG, || knows(&running, 700));
    put(703);
    until("what came", LONG, || knows(&running, 703));
    running.stop().unwrap();
    put(704);
    let again = serve();
    until("what came meanwhile", LONG, || knows(&again, 704));
    again.stop().unwrap();
    assert!(published(&ledger).len() >= 4 * 105);
    assert!(published(&ledger).iter().zip(1..).all(|(p, i)| p.seq == i));
}

/// The market is of the past and the clock is of today: without news everything is stale.
#[test]
fn a_clock_without_news_ends_in_the_fallback_and_is_made_again() {
    let own = TempDir::new().unwrap();
    let (lake, ledger) = (Lake::at(own.path().join("lake")), own.path().join("ledger"));
    let put = |n: usize| {
        for symbol in SYMBOLS {
            lake.write(&listing(symbol), &bar_rows(&market(symbol)[..n])).unwrap();
        }
    };
    put(700);
    let config = WORLD.config(&[format!("serve.ledger='{}'", ledger.display())]);
    let serve = || {
        let mut options = command::options(&config, ClockMode::Live, None).unwrap();
        options.tick = Span(100_000_000);
        let wanted = Feed::Bars(Span::HOUR).of(&SYMBOLS.map(listing));
        let events = source::follow(lake.clone(), wanted, None).unwrap();
        start(options, command::engine(&config), events).unwrap()
    };
    let running = serve();
    let status = |r: &Running| get(r.address, "/v1/multipliers").json()["status"].clone();
    until("the fallback", LONG, || status(&running) == "fallback");
    assert!(get(running.address, "/readyz").body.contains("inputs: AAA PT1H fallback"));
    let row = get(running.address, "/v1/multipliers/AAA?horizon=1h").json()["multipliers"][0].clone();
    assert_eq!((row["cause"].as_str(), row["consumed"].as_u64()), (Some("tick"), Some(700)));
    assert!(row["multiplier"].as_str().unwrap().parse::<f64>().unwrap() >= 1.25);
    // News known before the clock's last tick still counts, once it is here.
    put(702);
    let consumed = || get(running.address, "/v1/multipliers/BBB").json()["multipliers"][0]["consumed"].as_u64();
    until("news", LONG, || consumed() == Some(702));
    running.stop().unwrap();
    let all = published(&ledger);
    assert!(kinds(&ledger).iter().filter(|k| **k == EntryKind::Tick).count() > 0);
    let again = serve();
    until("the past", LONG, || again.hub.is_caught_up());
    again.stop().unwrap();
    assert_eq!(published(&ledger)[..all.len()], all);
}

#[test]
fn the_program_stops_in_good_order_when_told() {
    let ledger = TempDir::new().unwrap();
    let mut program = WORLD.spawn(ledger.path(), "360000");
    until("a first publication", LONG, || get(program.address, "/v1/multipliers").json()["seq"].as_u64() > Some(8));
    let pid = program.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert_eq!(program.child.wait().unwrap().code(), Some(0));
    assert_eq!(kinds(ledger.path()).last(), Some(&EntryKind::Stop));
}

/// `MARGINCAST_KILLS` says how often; each kill comes at another moment, from a seed.
#[test]
fn killed_at_any_moment_nothing_published_is_lost_or_repeated() {
    let (whole, killed) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let running = WORLD.serve(whole.path());
    ended(&running);
    running.stop().unwrap();
    let wanted = published(whole.path());
    let kills: u64 = std::env::var("MARGINCAST_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(20);
    let mut last = 0;
    for i in 0..kills {
        // An hour in four milliseconds.
        let mut program = WORLD.spawn(killed.path(), "900000");
        let random = Seed(9).named(&i.to_string()).0;
        let newest = || get(program.address, "/v1/multipliers").json()["seq"].as_u64().unwrap();
        if i % 2 == 0 {
            // By the clock: in the start, in catching up, or later.
            std::thread::sleep(Duration::from_millis(random % 150));
        } else {
            // By what was published, and a little later: in the midst of the next.
            let enough = (last + random % 100).min(wanted.len() as u64);
            until("publications", LONG, || newest() >= enough);
            std::thread::sleep(Duration::from_micros(random % 8_000));
        }
        let seen = newest();
        program.child.kill().unwrap();
        program.child.wait().unwrap();
        let so_far = published(killed.path());
        assert!(so_far.len() as u64 >= seen.max(last), "kill {i}: {seen} were shown, {} are recorded", so_far.len());
        assert_eq!(so_far[..], wanted[..so_far.len()], "kill {i}");
        last = so_far.len() as u64;
    }
    assert!(last > 0, "no kill came after a publication");
    let running = WORLD.serve(killed.path());
    ended(&running);
    running.stop().unwrap();
    assert_eq!(published(killed.path()), wanted);
    let starts = kinds(killed.path()).iter().filter(|k| **k == EntryKind::Start).count();
    assert_eq!(starts as u64, kills + 1);
}

#[test]
fn verify_makes_every_decision_again_and_names_what_differs() {
    let own = TempDir::new().unwrap();
    let ledger = own.path().join("ledger");
    let running = WORLD.serve(&ledger);
    ended(&running);
    running.stop().unwrap();
    let text = |p: PathBuf| p.display().to_string();
    let (folder, models, lake) = (text(ledger.clone()), text(WORLD.path("models")), text(WORLD.path("lake")));
    let verify = |lake: &str| {
        let out = Command::new(BINARY)
            .args(["verify", "--ledger", &folder, "--models", &models, "--lake", lake])
            .output()
            .unwrap();
        (out.status.code(), String::from_utf8(out.stdout).unwrap() + &String::from_utf8_lossy(&out.stderr))
    };
    let (code, said) = verify(&lake);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("publications made again, equal in every field"), "{said}");
    // Another market.
    let other = Lake::at(own.path().join("other"));
    for symbol in SYMBOLS {
        let mut rows = bar_rows(&market(symbol));
        rows[700].bar.high *= 1.5;
        other.write(&listing(symbol), &rows).unwrap();
    }
    let (code, said) = verify(&text(own.path().join("other")));
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("recorded") && said.contains("made"), "{said}");
    assert_eq!(verify("/nowhere").0, Some(2));
    // A changed ledger.
    let file = ledger.join("00000000000000000000.jsonl");
    let whole = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, whole.replacen("\"multiplier\":\"1.", "\"multiplier\":\"9.", 1)).unwrap();
    let (code, said) = verify(&lake);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("damaged: hash is"), "{said}");
}

#[test]
fn explain_tells_the_chain_in_words_and_numbers() {
    let ledger = TempDir::new().unwrap();
    let running = WORLD.serve(ledger.path());
    ended(&running);
    running.stop().unwrap();
    let folder = ledger.path().display().to_string();
    let explain = |reference: &str, json: bool| {
        let mut arguments = vec!["explain", "--ledger", &folder, reference];
        arguments.extend(json.then_some("--json"));
        let out = Command::new(BINARY).args(arguments).output().unwrap();
        (out.status.code(), String::from_utf8(out.stdout).unwrap() + &String::from_utf8_lossy(&out.stderr))
    };
    let (code, said) = explain("AAA@2024-02-01", false);
    assert_eq!(code, Some(0), "{said}");
    for word in ["baseline 99 % loss", "forecast 99 % loss", "m0", "m4", "published after the guardrails"] {
        assert!(said.contains(word), "{word} is not in {said}");
    }
    let told: Value = serde_json::from_str(&explain("7", true).1).unwrap();
    let of = |name: &str| -> f64 {
        let link = told[0]["chain"].as_array().unwrap().iter().find(|l| l["name"] == name).unwrap();
        link["value"].as_str().unwrap().parse().unwrap()
    };
    assert!((of("m0") - of("f") / of("b")).abs() < 1e-4, "the numbers are those of the chain");
    assert_eq!(explain("99999", false).0, Some(2));
    assert!(explain("AAA@2020-01-01", false).1.contains("nothing was published for AAA"));
}

#[test]
fn guidance_over_http_is_what_explain_says_and_covers_each_length_of_time() {
    let ledger = TempDir::new().unwrap();
    let running = WORLD.serve(ledger.path());
    ended(&running);
    let rows = |path: &str| get(running.address, path).json()["guidance"].as_array().unwrap().clone();
    let both = rows("/v1/multipliers/AAA/ahead");
    assert_eq!(both.len(), 2);
    let hour = rows("/v1/multipliers/AAA/ahead?horizon=1h");
    assert_eq!(hour, both[..1]);
    let shown = get(running.address, "/v1/multipliers/AAA?horizon=1h").json()["multipliers"][0].clone();
    for key in ["seq", "as_of", "multiplier", "horizon", "symbol"] {
        assert_eq!(hour[0][key], shown[key], "{key}");
    }
    let number = |v: &Value| v.as_str().unwrap().parse::<f64>().unwrap();
    for later in both.iter().flat_map(|r| r["ahead"].as_array().unwrap()) {
        assert!(
            number(&later["low"]) <= number(&later["median"]) && number(&later["median"]) <= number(&later["high"])
        );
        assert!(later["n"].as_u64().unwrap() >= 100);
    }
    let over: Vec<&Value> = both.iter().flat_map(|r| r["ahead"].as_array().unwrap()).map(|l| &l["over"]).collect();
    assert!(over.iter().all(|o| ["1h", "8h", "1d"].contains(&o.as_str().unwrap())), "{over:?}");
    for limits in both.iter().map(|r| r["limits"].as_array().unwrap()) {
        let most: Vec<f64> = limits.iter().map(|l| number(&l["rise"])).collect();
        assert!(most.len() == 3 && most.is_sorted() && most[0] <= 0.023 + 1e-9 && most[2] <= 0.2 + 1e-9, "{most:?}");
    }
    // The command finds the same in the ledger.
    let reference = shown["seq"].to_string();
    let out = Command::new(BINARY)
        .args(["explain", "--ahead", "--json", "--ledger", &ledger.path().display().to_string(), &reference])
        .output()
        .unwrap();
    let said: Value = serde_json::from_slice(&out.stdout).unwrap();
    let (told, same) = (said[0]["ahead"].as_array().unwrap(), hour[0]["ahead"].as_array().unwrap());
    assert_eq!(told.len(), same.len());
    for (a, b) in told.iter().zip(same) {
        assert_eq!((a["median"].as_f64().unwrap(), &a["over"]), (number(&b["median"]), &b["over"]));
    }
    assert_eq!(said[0]["limits"].as_array().unwrap().len(), 3);
    assert_eq!(said[0]["triggers"].as_array().unwrap().len(), hour[0]["triggers"].as_array().unwrap().len());
    running.stop().unwrap();
    // After a restart the past is told from the ledger.
    let again = WORLD.serve(ledger.path());
    ended(&again);
    assert_eq!(get(again.address, "/v1/multipliers/AAA/ahead").json()["guidance"].as_array().unwrap(), &both);
    assert_eq!(get(again.address, "/v1/multipliers/NOPE/ahead").problem(), (404, "unknown-instrument".into()));
    again.stop().unwrap();
}
