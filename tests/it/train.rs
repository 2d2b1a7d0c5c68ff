//! A training run that was killed, run with other threads, or made again from its record ends with
//! the same digest; one whose record was touched does not pass for what it was.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;

const CONFIG: &str = r#"
horizons = [1, 8]
[universe]
venue = "binance"
market = "spot"
symbols = ["BTCUSDT"]
from = "2023-03-01"
[rows]
bar = "1h"
row = "1h"
measure = "parkinson"
mid = 24
long = 168
far = 336
[study]
start = "2023-09-01"
end = "2023-09-21"
refit = "5d"
embargo = 2
warmup = 200
rehearsal = "10d"
calibration = { window = 400, spike_window = 250 }
[margin.baseline]
window = "90d"
[[models]]
name = "HAR"
kind = "har"
[[models]]
name = "net"
kind = "net"
params = { nets = 2, epochs = 2, hidden = [8, 4] }
[models.choose]
grid = { ridge = [0.01, 1.0], pinball = [0.0, 0.3] }
budget = 3
validation = "20d"
every = 4
[[models]]
name = "ensemble"
kind = "ensemble"
params = { members = ["net", "HAR"] }
[[models]]
name = "conformal"
kind = "conformal"
params = { calibration = { window = 400, spike_window = 250 } }
[models.choose]
grid = { gamma = [0.01, 0.1] }
validation = "10d"
"#;

/// A folder with the configuration and the sample data.
pub fn place(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("train").join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    std::os::unix::fs::symlink(Path::new(env!("CARGO_MANIFEST_DIR")).join("data/sample"), folder.join("lake")).unwrap();
    std::fs::write(folder.join("own.toml"), CONFIG).unwrap();
    folder
}

fn command(folder: &Path, threads: &str, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_margincast"));
    command.arg("train").args(["--lake", "lake"]).args(more).current_dir(folder);
    command.env("RAYON_NUM_THREADS", threads).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn train(folder: &Path, threads: &str, more: &[&str]) -> Output {
    let more: Vec<&str> = ["--config", "own.toml"].iter().chain(more).copied().collect();
    command(folder, threads, &more).output().unwrap()
}

fn said(out: &Output) -> String {
    String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr)
}

/// The one run in a folder, and its record.
fn record(folder: &Path) -> (PathBuf, Value) {
    let run = std::fs::read_dir(folder.join("runs")).unwrap().next().unwrap().unwrap().path();
    let value = serde_json::from_slice(&std::fs::read(run.join("run.json")).unwrap()).unwrap();
    (run, value)
}

/// A run that nothing happened to, on one thread.
pub fn whole() -> &'static Path {
    static WHOLE: OnceLock<PathBuf> = OnceLock::new();
    WHOLE.get_or_init(|| {
        let folder = place("whole");
        let out = train(&folder, "1", &[]);
        assert_eq!(out.status.code(), Some(0), "{}", said(&out));
        folder
    })
}

#[test]
fn a_run_says_what_went_in_where_and_what_came_out() {
    let (run, value) = record(whole());
    assert_eq!(value["schema"], "margincast.run.v1");
    for key in ["config_digest", "knowledge_cutoff", "cpu", "command"] {
        assert!(value[key].as_str().is_some_and(|t| !t.is_empty()), "{key}");
    }
    assert!(value["config_text"].as_str().unwrap().contains("embargo = 2"));
    assert!(value["data"].as_array().unwrap().iter().all(|d| d["path"].as_str().unwrap().contains("BTCUSDT")));
    assert_eq!((&value["env"]["threads"], &value["env"]["seed"]), (&1.into(), &7.into()));
    assert!(value["code"]["build"].as_str().is_some_and(|d| d.len() == 64));
    let files = value["outcome"]["files"].as_array().unwrap();
    assert!(files.iter().all(|f| run.join(f["path"].as_str().unwrap()).exists()) && files.len() == 5);
    assert_eq!(value["outcome"]["total"].as_str().unwrap().len(), 64);
}

#[test]
#[allow(clippy::disallowed_methods)] // How long a test waits is about wall time.
fn a_killed_run_goes_on_to_the_same_digest_with_other_threads() {
    let folder = place("killed");
    let mut child = command(&folder, "2", &["--config", "own.toml"]).spawn().unwrap();
    let kept = || std::fs::read_dir(folder.join("runs")).ok()?.next()?.ok().map(|e| e.path().join("fits"));
    let count = || kept().and_then(|f| std::fs::read_dir(f).ok()).map_or(0, Iterator::count);
    let begun = Instant::now();
    while count() < 4 && begun.elapsed() < Duration::from_secs(120) {
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(9), "it was over before it could be killed");
    let (run, value) = record(&folder);
    assert!(value["outcome"].is_null() && count() >= 4);
    let id = run.file_name().unwrap().to_str().unwrap();
    // A run that has not ended cannot be compared with.
    let early = command(&folder, "2", &["--verify", id]).output().unwrap();
    assert_eq!(early.status.code(), Some(2), "{}", said(&early));
    let out = train(&folder, "2", &["--resume", id]);
    assert_eq!(out.status.code(), Some(0), "{}", said(&out));
    let (ended, plain) = (record(&folder).1, record(whole()).1);
    assert_eq!(ended["outcome"]["total"], plain["outcome"]["total"]);
    assert_eq!((&ended["env"]["threads"], &plain["env"]["threads"]), (&2.into(), &1.into()));
    // Neither other settings nor another name go on with it.
    for more in [&["--resume", id, "--set", "study.seed=8"][..], &["--resume", "absent"]] {
        let out = train(&folder, "2", more);
        assert_eq!(out.status.code(), Some(2), "{}", said(&out));
    }
    let out = train(&folder, "2", &["--resume", id, "--set", "study.seed=8"]);
    assert!(said(&out).contains("seed = 8"), "{}", said(&out));
}

#[test]
fn a_run_trained_again_is_the_same_and_a_touched_record_is_not() {
    let folder = place("again");
    let out = Command::new("cp")
        .args(["-r", "../whole/runs", "runs"])
        .current_dir({
            whole();
            &folder
        })
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", said(&out));
    let out = command(&folder, "2", &["--verify", "latest"]).output().unwrap();
    assert_eq!(out.status.code(), Some(0), "{}", said(&out));
    let (run, value) = record(&folder);
    assert!(said(&out).contains(value["outcome"]["total"].as_str().unwrap()));
    let path = run.join("run.json");
    let text = std::fs::read_to_string(&path).unwrap();
    // One digest of what came out; then a file beside the record. Both are seen, and named.
    let models = value["outcome"]["models"].as_str().unwrap();
    let other = format!("{}{}", if models.starts_with('0') { "1" } else { "0" }, &models[1..]);
    std::fs::write(&path, text.replace(models, &other)).unwrap();
    let out = command(&folder, "2", &["--verify", "latest"]).output().unwrap();
    assert_eq!(out.status.code(), Some(1), "{}", said(&out));
    assert!(said(&out).contains(&format!("models: recorded {other}, trained again {models}")), "{}", said(&out));
    std::fs::write(&path, text).unwrap();
    std::fs::write(run.join("scores.json"), "{}").unwrap();
    let out = command(&folder, "2", &["--verify", "latest"]).output().unwrap();
    assert_eq!(out.status.code(), Some(1), "{}", said(&out));
    assert!(said(&out).contains("scores.json: damaged"), "{}", said(&out));
}
