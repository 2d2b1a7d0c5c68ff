//! The program as its user meets it: exit codes, help, examples, messages, JSON.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

const BINARY: &str = env!("CARGO_BIN_EXE_margincast");
const COMMANDS: [&str; 13] = [
    "demo",
    "ingest",
    "train",
    "backtest",
    "calibrate",
    "score",
    "margin",
    "models",
    "serve",
    "explain",
    "guard",
    "verify",
    "config",
];

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(BINARY).args(arguments).current_dir(folder).output().expect("the program starts")
}

/// A shell line, with the program on the path.
fn shell(folder: &Path, line: &str) -> Output {
    let own = Path::new(BINARY).parent().expect("a folder");
    let path = format!("{}:{}", own.display(), std::env::var("PATH").unwrap_or_default());
    Command::new("sh").args(["-c", line]).env("PATH", path).current_dir(folder).output().expect("sh starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A new folder to run in, with the repository's data beside it.
fn place(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cli").join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    std::os::unix::fs::symlink(Path::new(env!("CARGO_MANIFEST_DIR")).join("data"), folder.join("data"))
        .expect("a link");
    folder
}

/// The folder in which every example has run once, in the order of the road: each may use what
/// those before it wrote.
fn walked() -> &'static Path {
    static WALKED: OnceLock<PathBuf> = OnceLock::new();
    WALKED.get_or_init(|| {
        let folder = place("examples");
        let mut count = 0;
        for command in COMMANDS {
            for line in examples(&help(command)) {
                // A service runs until it is told to stop, and then says that all is well.
                let line =
                    if command == "serve" { format!("timeout --preserve-status -s TERM 8 {line}") } else { line };
                let out = shell(&folder, &line);
                assert_eq!(out.status.code(), Some(0), "{line}\n{}\n{}", text(&out.stdout), text(&out.stderr));
                count += 1;
            }
        }
        assert!(count >= COMMANDS.len(), "{count} examples");
        folder
    })
}

/// The example lines at the end of a help text.
fn examples(help: &str) -> Vec<String> {
    let help = help.replace("\\\n", " ");
    let lines = help.lines().map(str::trim).skip_while(|l| !l.starts_with("Example"));
    let lines = lines.map(|l| l.trim_start_matches("Examples:").trim_start_matches("Example:").trim());
    lines.filter(|l| l.starts_with("margincast ")).map(String::from).collect()
}

fn help(command: &str) -> String {
    let out = run(Path::new("."), &[command, "--help"]);
    assert_eq!(out.status.code(), Some(0), "{command} --help");
    text(&out.stdout)
}

#[test]
fn the_help_lists_every_command_in_eighty_columns() {
    let out = run(Path::new("."), &["--help"]);
    let shown = text(&out.stdout);
    assert_eq!(out.status.code(), Some(0));
    for command in COMMANDS {
        let line = shown.lines().find(|l| l.trim_start().starts_with(&format!("{command} ")));
        let line = line.unwrap_or_else(|| panic!("{command} is not in:\n{shown}"));
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn the_help_of_every_command_ends_with_an_example() {
    for command in COMMANDS {
        let help = help(command);
        let found = examples(&help);
        assert!(!found.is_empty(), "{command} --help has no example:\n{help}");
        let joined = help.replace("\\\n", " ");
        let last = joined.trim_end().lines().last().unwrap_or_default();
        assert!(
            last.ends_with(found.last().map_or("", String::as_str)),
            "{command}: something follows the example: {last}"
        );
        for line in found {
            assert!(line.starts_with(&format!("margincast {command}")), "{command}: {line}");
        }
    }
}

#[test]
fn every_example_in_the_help_runs() {
    let folder = walked();
    for file in ["forecasts.parquet", "outcomes.parquet", "decisions.parquet", "scores.json", "report.html"] {
        assert!(folder.join("out/quick").join(file).exists(), "out/quick/{file}");
    }
}

#[test]
fn every_table_is_also_there_as_json() {
    let folder = walked();
    let mut found = Vec::new();
    for command in COMMANDS {
        let help = help(command);
        if !help.contains("--json") {
            continue;
        }
        let example = examples(&help).swap_remove(0);
        let out = shell(folder, &format!("{example} --json"));
        assert_eq!(out.status.code(), Some(0), "{example} --json\n{}", text(&out.stderr));
        let shown = text(&out.stdout);
        let mut values = serde_json::Deserializer::from_str(&shown).into_iter::<serde_json::Value>();
        assert!(values.next().is_some_and(|v| v.is_ok()), "{example} --json\n{shown}");
        assert!(values.all(|v| v.is_ok()), "{example} --json\n{shown}");
        found.push(command);
    }
    assert!(["backtest", "score", "models", "explain", "verify"].iter().all(|c| found.contains(c)), "{found:?}");
}

#[test]
fn a_ledger_that_was_touched_is_exit_code_one() {
    let folder = walked();
    let copy = folder.join("touched");
    let _ = std::fs::remove_dir_all(&copy);
    let out = shell(folder, "cp -r out/quick/ledger touched");
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    let files = std::fs::read_dir(&copy).expect("the copy").map(|e| e.expect("an entry").path());
    let file = files.filter(|p| p.extension().is_some_and(|e| e == "jsonl")).min().expect("a file of entries");
    let kept = std::fs::read_to_string(&file).expect("readable");
    let (lines, at) = (kept.lines().count(), kept.lines().count() / 2);
    assert!(lines > 10, "{lines} entries");
    // One digit of one number in the middle.
    let touch = |(i, line): (usize, &str)| match (i == at).then(|| line.rfind('1')).flatten() {
        Some(k) => format!("{}7{}\n", &line[..k], &line[k + 1..]),
        None => format!("{line}\n"),
    };
    let touched: String = kept.lines().enumerate().map(touch).collect();
    assert_ne!(touched, kept);
    std::fs::write(&file, touched).expect("written");
    let out = shell(folder, "margincast verify --ledger touched --models out/quick/models --lake data/sample");
    let said = text(&out.stdout) + &text(&out.stderr);
    assert_eq!(out.status.code(), Some(1), "{said}");
    assert!(said.contains(&(at + 1).to_string()) || said.contains(&at.to_string()), "the entry is not named: {said}");
}

#[test]
fn a_wrong_word_is_exit_code_two() {
    for arguments in [&["frobnicate"][..], &["backtest", "--no-such-flag"], &["backtest", "--config", "absent.toml"]] {
        let out = run(Path::new("."), arguments);
        assert_eq!(out.status.code(), Some(2), "{arguments:?}");
        assert!(out.stdout.is_empty() && !out.stderr.is_empty(), "{arguments:?}");
    }
    assert_eq!(run(Path::new("."), &[]).status.code(), Some(2), "no command");
    assert_eq!(run(Path::new("."), &["--version"]).status.code(), Some(0));
}

#[test]
fn an_unknown_key_is_named_with_its_file() {
    let folder = place("unknown-key");
    let text_of = |path: &str| std::fs::read_to_string(folder.join(path)).expect("a configuration");
    let good = text_of("data/configs/crypto-1d.toml");
    for (key, bad) in
        [("horizns", good.replace("horizons =", "horizns =")), ("rwo", good.replace("\nrow =", "\nrwo ="))]
    {
        std::fs::write(folder.join("mine.toml"), bad).expect("written");
        let out = run(&folder, &["backtest", "--config", "mine.toml", "--lake", "lake", "--out", "out"]);
        let said = text(&out.stderr);
        assert_eq!(out.status.code(), Some(2), "{said}");
        assert!(said.contains(key) && said.contains("mine.toml"), "{said}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let out = shell(&std::env::temp_dir(), "{ margincast config default; echo $? >&2; } | true");
    assert_eq!(text(&out.stderr).trim(), "0");
}
