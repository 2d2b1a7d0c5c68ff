//! What the documents say is so: commands and flags exist, links lead somewhere, lists are whole.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn documents() -> Vec<String> {
    let mut found: Vec<String> = std::fs::read_dir(root())
        .expect("the repository")
        .map(|e| e.expect("an entry").file_name().into_string().expect("UTF-8"))
        .filter(|n| n.ends_with(".md"))
        .collect();
    found.sort();
    found
}

/// Lines of fenced blocks that call the program, continued lines joined, comments cut.
fn calls(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (i, block) in text.split("```").enumerate() {
        if i % 2 == 0 {
            continue;
        }
        for line in block.replace("\\\n", " ").lines() {
            let line = line.trim().trim_start_matches("$ ").split(" #").next().unwrap_or_default();
            for start in ["margincast ", "cargo run --release -- ", "cargo run -- "] {
                found.extend(line.strip_prefix(start).map(String::from));
            }
        }
    }
    found
}

fn help(command: &[&str]) -> Option<String> {
    let binary = env!("CARGO_BIN_EXE_margincast");
    let out = Command::new(binary).args(command).arg("--help").output().expect("the program starts");
    out.status.success().then(|| String::from_utf8_lossy(&out.stdout).into_owned())
}

fn unknown(call: &str) -> Vec<String> {
    let words: Vec<&str> = call.split_whitespace().collect();
    if words.first().is_some_and(|w| w.starts_with('-')) {
        return vec![];
    }
    let Some(own) = help(&words[..1]) else { return vec![format!("`{call}`: there is no such command")] };
    // A second word may be a command of the command.
    let second = words.get(1).filter(|w| own.lines().any(|l| l.trim_start().starts_with(&format!("{w} "))));
    let text = second.and_then(|s| help(&[words[0], s])).unwrap_or(own);
    let flags = words.iter().filter(|w| w.starts_with("--")).map(|w| w.split('=').next().unwrap_or(w));
    let known = |flag: &str| text.split(|c: char| !(c.is_alphanumeric() || c == '-')).any(|w| w == flag);
    flags.filter(|f| !known(f)).map(|f| format!("`{call}`: there is no `{f}`")).collect()
}

#[test]
fn every_command_in_the_documents_exists_with_its_flags() {
    let mut count = 0;
    for name in documents() {
        for call in calls(&read(&name)) {
            let wrong = unknown(&call);
            assert!(wrong.is_empty(), "{name}: {}", wrong.join("; "));
            count += 1;
        }
    }
    assert!(count >= 6, "{count} calls in the documents");
    assert_eq!((unknown("frobnicate --a").len(), unknown("backtest --config a --no-such-flag").len()), (1, 1));
}

/// `[text](target)` outside code.
fn links(text: &str) -> Vec<String> {
    let prose: String = text.split("```").step_by(2).collect();
    let ends = prose.split("](").skip(1);
    ends.filter_map(|t| t.split_once(')')).map(|(target, _)| target.to_string()).collect()
}

/// The anchor that a heading gets.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase().replace(' ', "-");
    kept.chars().filter(|c| c.is_alphanumeric() || *c == '-' || *c == '_').collect()
}

#[test]
fn every_link_in_the_documents_leads_somewhere() {
    for name in documents() {
        for link in links(&read(&name)).into_iter().filter(|l| !l.contains("://")) {
            let (path, fragment) = link.split_once('#').unwrap_or((&link, ""));
            let target = if path.is_empty() { name.clone() } else { path.to_string() };
            assert!(root().join(&target).exists(), "{name}: {link} leads nowhere");
            let headings: BTreeSet<String> = match target.ends_with(".md") && !fragment.is_empty() {
                true => read(&target)
                    .lines()
                    .filter(|l| l.starts_with('#'))
                    .map(|l| anchor(l.trim_start_matches('#')))
                    .collect(),
                false => continue,
            };
            assert!(headings.contains(fragment), "{name}: {link}: no such heading");
        }
    }
}

/// The words that end in a slash.
fn listed(text: &str) -> BTreeSet<String> {
    text.split_whitespace().filter_map(|w| w.strip_suffix('/').map(String::from)).collect()
}

#[test]
fn the_folder_list_in_the_readme_is_the_tree() {
    let readme = read("README.md");
    let block = readme.split("```").find(|b| b.contains("event/") && b.contains("pipeline/")).expect("the folder list");
    let have = listed(block);
    let tree: BTreeSet<String> = std::fs::read_dir(root().join("src"))
        .expect("src")
        .map(|e| e.expect("an entry"))
        .filter(|e| e.file_type().expect("a type").is_dir())
        .map(|e| e.file_name().into_string().expect("UTF-8"))
        .collect();
    assert_eq!(have, tree);
}

#[test]
fn the_program_and_the_changelog_agree_on_the_version() {
    let version = env!("CARGO_PKG_VERSION");
    let out = Command::new(env!("CARGO_BIN_EXE_margincast")).arg("--version").output().expect("starts");
    assert_eq!(String::from_utf8_lossy(&out.stdout).trim(), format!("margincast {version}"));
    assert!(read("CHANGELOG.md").contains(&format!("\n## {version}")));
}

#[test]
fn every_test_that_the_readme_names_exists() {
    let readme = read("README.md");
    let named: BTreeSet<&str> = readme.split('`').filter(|w| w.starts_with("tests/") && !w.contains(' ')).collect();
    assert!(named.len() >= 5, "{named:?}");
    for path in named {
        let path = path.trim_end_matches("/**").split("::").next().unwrap_or_default();
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(path).exists(), "{path}");
    }
}

#[test]
fn the_method_names_files_that_exist_and_every_worked_case() {
    let method = read("METHOD.md");
    let named: BTreeSet<&str> =
        method.split('`').filter(|w| ["src/", "tests/", "data/"].iter().any(|s| w.starts_with(s))).collect();
    for path in &named {
        assert!(root().join(path).exists(), "METHOD.md: {path}");
    }
    for entry in std::fs::read_dir(root().join("tests/golden")).expect("the cases") {
        let name = entry.expect("an entry").file_name().into_string().expect("UTF-8");
        let path = format!("tests/golden/{name}");
        assert!(named.contains(path.as_str()), "METHOD.md does not say what {path} is evidence of");
    }
}

#[test]
fn the_worked_examples_are_those_that_keep_the_laws() {
    let text = read("CONTRIBUTING.md");
    let blocks: Vec<&str> = text.split("```rust\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    for file in ["worked_example", "worked_measurement"] {
        let whole = read(&format!("tests/it/{file}.rs"));
        assert!(blocks.contains(&whole.as_str()), "CONTRIBUTING.md does not show {file}.rs as it is");
    }
}

#[test]
fn the_worked_vendor_is_the_one_in_the_tree() {
    let text = read("CONTRIBUTING.md");
    let section = text.split("## A vendor, worked").nth(1).and_then(|s| s.split("\n## ").next()).expect("the section");
    let blocks: Vec<&str> =
        section.split("```rust\n").skip(1).map(|s| s.split("```").next().expect("an end")).collect();
    let files = ["mod.rs", "archive.rs"].map(|f| read(&format!("src/event/venue/kraken/{f}")));
    assert_eq!(blocks, files);
}

#[test]
fn notebooks_are_kept_without_outputs() {
    for entry in std::fs::read_dir(root().join("notebooks")).expect("notebooks") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|e| e != "ipynb") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("readable");
        let notebook: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        for cell in notebook["cells"].as_array().expect("cells") {
            let outputs = cell["outputs"].as_array().map_or(0, Vec::len);
            assert!(outputs == 0 && cell["execution_count"].is_null(), "{}: a cell has outputs", path.display());
        }
    }
}
