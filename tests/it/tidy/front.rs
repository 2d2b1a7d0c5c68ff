//! The front of a folder: its mod.rs begins with a table of what is in it, and says what it knows nothing of.

use std::collections::{BTreeMap, BTreeSet};

use super::source::Source;

/// What stands beside the mod.rs of each folder, by the mod.rs's path: names of files and subfolders without tests;
/// Rust files without their ending.
pub fn entries(paths: &[String]) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let fronts = paths.iter().filter(|p| p.ends_with("/mod.rs"));
    for front in fronts {
        let folder = &front[..front.len() - "mod.rs".len()];
        let names = paths
            .iter()
            .filter_map(|p| p.strip_prefix(folder))
            .map(|p| p.split('/').next().unwrap_or_default().trim_end_matches(".rs").to_string());
        found.insert(front.clone(), names.filter(|n| n != "mod" && n != "tests").collect());
    }
    found
}

/// What is wrong with the front of a folder that holds these entries.
pub fn front(s: &Source, entries: &BTreeSet<String>) -> Vec<String> {
    let head: Vec<&str> = s.text.lines().take_while(|l| l.starts_with("//!")).collect();
    let Some(at) = head.iter().position(|l| l.starts_with("//! | file |")) else {
        return vec![format!("{}: does not begin with the table `| file | what it holds |`", s.path)];
    };
    let rows = head[at + 2..].iter().take_while(|l| l.starts_with("//! |"));
    let named: Vec<String> = rows.filter_map(|l| l.split('|').nth(1)).flat_map(names).collect();
    let listed: BTreeSet<String> = named.iter().cloned().collect();
    let mut wrong = vec![];
    for name in listed.iter().filter(|n| named.iter().filter(|o| o == n).count() > 1) {
        wrong.push(format!("{}: its table lists `{name}` twice", s.path));
    }
    for name in entries.difference(&listed) {
        wrong.push(format!("{}: its table does not list `{name}`", s.path));
    }
    for name in listed.difference(entries) {
        wrong.push(format!("{}: its table lists `{name}`, which is not there", s.path));
    }
    if head[..at].iter().any(|l| l.starts_with("//! |")) {
        wrong.push(format!("{}: another table stands before that of its files", s.path));
    }
    if !head[at..].join(" ").replace("//! ", "").contains("knows nothing of") {
        wrong.push(format!("{}: does not say what this folder knows nothing of", s.path));
    }
    wrong
}

/// The names in code of a table's cell: `a`, [`b`], `c/` or `d.rs`.
fn names(cell: &str) -> Vec<String> {
    let in_code = cell.split('`').skip(1).step_by(2);
    let plain = |n: &str| n.trim_start_matches("mod@").trim_end_matches('/').trim_end_matches(".rs").to_string();
    in_code.map(plain).filter(|n| n != "tests").collect()
}

/// What a file says of itself before its first item.
pub fn head(s: &Source) -> String {
    s.text.lines().take_while(|l| l.starts_with("//!")).map(|l| format!("{l}\n")).collect()
}

/// The example of a file with a model fits that model, and not another or a part of it.
pub fn example(s: &Source) -> Vec<String> {
    let Some(at) = s.code.find("impl Model for ") else { return vec![] };
    let model: String = s.code[at + 15..].chars().take_while(|c| c.is_alphanumeric()).collect();
    let fits = head(s).split("```").skip(1).step_by(2).any(|block| block.contains(&format!("{model}::fit(")));
    if fits { vec![] } else { vec![format!("{}: no example of its head calls {model}::fit", s.path)] }
}
