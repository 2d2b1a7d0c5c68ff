//! The program as its user meets it: exit codes, help, examples, messages, JSON.

use std::path::Path;
use std::process::{Command, Output};

const BINARY: &str = env!("CARGO_BIN_EXE_margincast");
const COMMANDS: [&str; 10] =
    ["demo", "ingest", "train", "backtest", "score", "models", "serve", "explain", "verify", "config"];

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

/// A folder to run in, with the repository's data beside it.
fn place() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    std::os::unix::fs::symlink(data, folder.path().join("data")).expect("a link");
    folder
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

/// In one folder, in the order of the road: each example may use what those before it wrote.
#[test]
fn every_example_in_the_help_runs() {
    let folder = place();
    let mut count = 0;
    for command in COMMANDS {
        for line in examples(&help(command)) {
            count += 1;
            // A service runs until it is told to stop, and then says that all is well.
            let line = if command == "serve" { format!("timeout --preserve-status -s TERM 8 {line}") } else { line };
            let out = shell(folder.path(), &line);
            assert_eq!(out.status.code(), Some(0), "{line}\n{}\n{}", text(&out.stdout), text(&out.stderr));
        }
    }
    assert!(count >= COMMANDS.len(), "{count} examples");
}

#[test]
fn every_table_is_also_there_as_json() {
    let folder = place();
    let mut found = 0;
    for command in COMMANDS {
        let help = help(command);
        let example = examples(&help).into_iter().next().unwrap_or_default();
        // What other examples need is written by these.
        let needed = ["demo", "ingest", "train", "backtest"].contains(&command);
        if !help.contains("--json") {
            if needed {
                shell(folder.path(), &example);
            }
            continue;
        }
        let out = shell(folder.path(), &format!("{example} --json"));
        assert_eq!(out.status.code(), Some(0), "{example} --json\n{}", text(&out.stderr));
        let shown = text(&out.stdout);
        let mut values = serde_json::Deserializer::from_str(&shown).into_iter::<serde_json::Value>();
        assert!(values.next().is_some_and(|v| v.is_ok()), "{example} --json\n{shown}");
        assert!(values.all(|v| v.is_ok()), "{example} --json\n{shown}");
        found += 1;
    }
    assert!(found >= 4, "{found} commands know --json");
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
    let folder = place();
    let text_of = |path: &str| std::fs::read_to_string(folder.path().join(path)).expect("a configuration");
    let good = text_of("data/configs/crypto-1d.toml");
    for (key, bad) in
        [("horizns", good.replace("horizons =", "horizns =")), ("rwo", good.replace("\nrow =", "\nrwo ="))]
    {
        std::fs::write(folder.path().join("mine.toml"), bad).expect("written");
        let out = run(folder.path(), &["backtest", "--config", "mine.toml", "--lake", "lake", "--out", "out"]);
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
