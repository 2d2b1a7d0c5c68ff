//! What sinks are sent: every set, whatever happens to them or to the service.

use super::*;

struct Folder {
    folder: TempDir,
    ledger: PathBuf,
}

impl Folder {
    fn new() -> Folder {
        let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        Folder { ledger: folder.path().join("ledger"), folder }
    }
    fn target(&self) -> PathBuf {
        self.folder.path().join("drop")
    }
    fn sets(&self) -> [String; 2] {
        let sink = format!(r#"[{{kind = "file", name = "drop", folder = '{}'}}]"#, self.target().display());
        [format!("serve.ledger='{}'", self.ledger.display()), format!("serve.sinks={sink}")]
    }
    fn serve(&self, speed: Option<f64>) -> Running {
        WORLD.serve_from(&WORLD.config(&self.sets()), ClockMode::Replay(speed), WORLD.replay())
    }
    /// The number of every row that lies in the folder, in order of the files' names.
    fn numbers(&self) -> Vec<u64> {
        let mut files: Vec<PathBuf> = match std::fs::read_dir(self.target()) {
            Ok(files) => files.map(|f| f.unwrap().path()).collect(),
            Err(_) => return Vec::new(),
        };
        files.retain(|f| !f.file_name().unwrap().to_string_lossy().starts_with('.'));
        files.sort();
        let rows = |path: &PathBuf| -> Vec<u64> {
            let whole: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
            whole["multipliers"].as_array().unwrap().iter().map(|r| r["seq"].as_u64().unwrap()).collect()
        };
        files.iter().flat_map(rows).collect()
    }
}

fn sink(at: SocketAddr) -> Value {
    let checks = get(at, "/readyz?verbose").json()["checks"].as_array().unwrap().clone();
    checks.into_iter().find(|c| c["name"] == "sink drop").unwrap()
}

#[test]
fn a_folder_gets_every_set_as_streams_do_and_a_restart_goes_on_from_the_cursor() {
    let drop = Folder::new();
    let running = drop.serve(None);
    ended(&running);
    let newest = running.hub.newest();
    until("the last set", LONG, || sink(running.address)["detail"] == format!("last sequence {newest}, 0 behind"));
    let metrics = get(running.address, "/metrics").body;
    assert!(metrics.contains(&format!("margincast_sink_seq{{sink=\"drop\",kind=\"file\"}} {newest}")), "{metrics}");
    assert_eq!(drop.numbers(), (1..=newest).collect::<Vec<_>>());
    // The bytes are those of the stream.
    let sent = raw_delta(running.address, newest - 2);
    let file = drop.target().join(format!("{newest:020}.json"));
    assert_eq!(std::fs::read_to_string(file).unwrap(), sent + "\n");
    running.stop().unwrap();
    // What was acknowledged does not come again.
    std::fs::remove_dir_all(drop.target()).unwrap();
    let again = drop.serve(None);
    ended(&again);
    assert_eq!((sink(again.address)["ok"].as_bool(), drop.numbers().len()), (Some(true), 0));
    again.stop().unwrap();
    // Who loses the cursor begins anew.
    std::fs::remove_file(drop.ledger.join("sinks/drop.json")).unwrap();
    let anew = drop.serve(None);
    ended(&anew);
    anew.stop().unwrap();
    assert_eq!(drop.numbers(), (1..=newest).collect::<Vec<_>>());
}

/// The data of the first `delta` after a number, as it is on the wire.
fn raw_delta(at: SocketAddr, after: u64) -> String {
    let id = after.to_string();
    let mut input = BufReader::new(super::send(at, "GET", "/v1/multipliers/stream", &[("Last-Event-ID", &id)]));
    assert_eq!(head(&mut input).0, 200);
    loop {
        let mut line = String::new();
        assert!(input.read_line(&mut line).unwrap() > 0);
        if let Some(data) = line.trim_end().strip_prefix("data: ") {
            return data.into();
        }
    }
}

#[test]
fn a_sink_that_fails_stops_no_publication_shows_in_readyz_and_catches_up() {
    let drop = Folder::new();
    // Where the folder should be is a file.
    std::fs::write(drop.target(), "").unwrap();
    let running = drop.serve(None);
    ended(&running);
    let newest = running.hub.newest();
    assert_eq!(newest, 4 * (HOURS as u64 - FROM as u64 + 1), "everything is published");
    until("the failure", LONG, || sink(running.address)["ok"] == false);
    let detail = sink(running.address)["detail"].as_str().unwrap().to_string();
    assert!(detail.starts_with(&format!("last sequence 0, {newest} behind; ")) && detail.contains("drop"), "{detail}");
    let (status, code) = get(running.address, "/readyz").problem();
    assert_eq!((status, code.as_str()), (503, "not-ready"));
    assert_eq!(get(running.address, "/v1/multipliers").status, 200);
    std::fs::remove_file(drop.target()).unwrap();
    until("the sink", LONG, || get(running.address, "/readyz").status == 200);
    until("the last set", LONG, || drop.numbers().len() as u64 == newest);
    running.stop().unwrap();
}

#[test]
fn a_service_is_ready_without_a_sink_that_is_optional_and_says_so() {
    let drop = Folder::new();
    std::fs::write(drop.target(), "").unwrap();
    let [ledger, sinks] = drop.sets();
    let config = WORLD.config(&[ledger, sinks.replace("kind =", "required = false, kind =")]);
    let running = WORLD.serve_from(&config, ClockMode::Replay(None), WORLD.replay());
    ended(&running);
    until("the failure", LONG, || get(running.address, "/readyz").json()["status"] == "degraded");
    assert_eq!((get(running.address, "/readyz").status, sink(running.address)["ok"].as_bool()), (200, Some(false)));
    running.stop().unwrap();
}

#[test]
fn killed_at_any_moment_every_set_is_in_the_folder() {
    let drop = Folder::new();
    let [_, sinks] = drop.sets();
    for i in 0..6 {
        let mut program = WORLD.spawn_with(&drop.ledger, "900000", &[&sinks]);
        let wanted = drop.numbers().len() as u64 + 40;
        let published = || get(program.address, "/v1/multipliers").json()["seq"].as_u64().unwrap();
        until("publications", LONG, || published() >= wanted);
        std::thread::sleep(Duration::from_micros(Seed(3).named(&i.to_string()).0 % 9_000));
        program.child.kill().unwrap();
        program.child.wait().unwrap();
        let numbers = drop.numbers();
        assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>(), "kill {i}: no gap");
    }
    let running = drop.serve(None);
    ended(&running);
    let newest = running.hub.newest();
    running.stop().unwrap();
    assert_eq!(drop.numbers(), (1..=newest).collect::<Vec<_>>());
}
