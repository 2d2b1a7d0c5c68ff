//! Public items: one type of a name, and nothing that only tests use.

use std::collections::{BTreeMap, BTreeSet};

use super::modules::{Item, items};
use super::source::{Source, word};

/// Types that folders have by design: each command has its arguments, each model its settings, each process its state,
/// each folder its error.
const EACH_HAS: [&str; 4] = ["Args", "Error", "Params", "State"];

const TYPES: [&str; 5] = ["struct", "enum", "trait", "type", "union"];

/// Public types that share a name.
pub fn twins(sources: &[Source]) -> Vec<String> {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for source in sources {
        for Item { sort, name, public, line, .. } in items(&source.code) {
            if public && TYPES.contains(&sort) && !EACH_HAS.contains(&name.as_str()) {
                places.entry(name).or_default().push(source.at(line));
            }
        }
    }
    let twice = places.into_iter().filter(|(_, p)| p.len() > 1);
    twice.map(|(name, p)| format!("{}: {} public types are called `{name}`", p.join(", "), p.len())).collect()
}

/// Public items that nothing but tests names: neither another file of the source, nor a bench, nor, of a type, another
/// item of its own file. `documents` are those of the library's reader: what they show in code is used there.
pub fn unused(sources: &[Source], benches: &[Source], documents: &[String]) -> Vec<String> {
    let mut files: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for (i, source) in sources.iter().chain(benches).enumerate() {
        for one in words(&without_reexports(&source.code)) {
            files.entry(one.to_string()).or_default().insert(i);
        }
    }
    let in_code = |d: &'_ String| d.split('`').skip(1).step_by(2).map(String::from).collect::<Vec<_>>();
    let code: Vec<String> = documents.iter().flat_map(in_code).collect();
    let shown: BTreeSet<&str> = code.iter().flat_map(|c| words(c)).collect();
    let mut wrong = vec![];
    for (i, source) in sources.iter().enumerate() {
        for Item { sort, name, public, line, .. } in items(&source.code).into_iter().filter(|item| item.sort != "mod") {
            let elsewhere = files.get(&name).is_some_and(|f| f.iter().any(|k| *k != i));
            let beside = TYPES.contains(&sort) && named_beside(&source.code, &name);
            if public && !elsewhere && !beside && !shown.contains(name.as_str()) {
                wrong.push(format!(
                    "{}: nothing but tests uses `{name}`: make it private, or remove it",
                    source.at(line)
                ));
            }
        }
    }
    wrong
}

/// Whether a type is named in its own file by something that is neither its definition nor an `impl` of it.
fn named_beside(code: &str, name: &str) -> bool {
    code.lines().filter(|l| word(l, name)).any(|l| {
        let l = l.trim_start();
        let defines = TYPES.iter().any(|s| l.contains(&format!("{s} {name}")));
        !defines && !l.starts_with("impl")
    })
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|w| !w.is_empty())
}

/// The code without its `pub use`s: to hand a name on is not to use it.
fn without_reexports(code: &str) -> String {
    let mut out = code.to_string();
    for (i, _) in code.match_indices("pub use ") {
        let end = code[i..].find(';').map_or(code.len(), |k| i + k);
        let blank: String = code[i..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
        out.replace_range(i..end, &blank);
    }
    out
}
