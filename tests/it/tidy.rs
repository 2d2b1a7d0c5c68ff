//! The house rules, read off the source. Each rule is a function from a source to what is wrong
//! with it; each has a test that holds on the repository, and one where a planted fault is caught.

mod front;
mod licence;
mod modules;
mod public;
mod source;

use std::collections::BTreeSet;

use source::{Source, block_end, files, root, sources, word};

/// Folders in the order of the data: one may name only those before it. The door may name all.
const ORDER: [&str; 11] =
    ["base", "event", "feature", "forecast", "loss", "margin", "pipeline", "record", "serve", "study", "app"];
const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 70;

/// What only some files may name, and why.
const FENCES: [(&[&str], &[&str], &str); 6] = [
    (
        &["tokio", "tokio_stream", "axum", "tonic", "hyper"],
        &["src/serve/", "src/app/", "src/event/live"],
        "what runs a study or an audit is not asynchronous",
    ),
    (&["burn"], &["src/forecast/pooled/net/"], "one model's framework is not the program's"),
    (&["linfa", "linfa_linear"], &["src/forecast/", "src/loss/"], "one model's framework is not the program's"),
    (&["parquet", "arrow_array", "arrow_schema"], &["src/base/table"], "the rest sees typed columns"),
    (
        &["SystemTime::now", "Instant::now", "elapsed()"],
        &["src/serve/", "src/app/", "src/event/live"],
        "a replay must not see a clock",
    ),
    (&["anyhow"], &["src/app/", "src/serve/", "src/main.rs"], "a library's errors say what the reader can do"),
];

/// Calls that stop the program, and what to do instead.
const BANNED: [(&str, &str); 9] = [
    (".unwrap()", "give the error to the caller"),
    (".expect(", "give the error to the caller"),
    ("panic!(", "return an error, or assert the invariant"),
    ("todo!(", "write it"),
    ("unimplemented!(", "write it"),
    ("dbg!(", "remove it"),
    ("thread_rng", "randomness comes from a Seed"),
    ("rand::rng(", "randomness comes from a Seed"),
    ("HashMap", "its order differs from run to run; use BTreeMap"),
];

fn imports(s: &Source) -> Vec<String> {
    let rank = |name: &str| ORDER.iter().position(|f| *f == name);
    let Some(own) = rank(s.folder()) else { return vec![] };
    let mut wrong = Vec::new();
    for (n, line) in s.lines() {
        for (i, _) in line.match_indices("crate::") {
            let rest = &line[i + "crate::".len()..];
            // `use crate::{a::b, c}` names several.
            let names: Vec<&str> = match rest.strip_prefix('{') {
                Some(list) => list.split([',', '}']).map(|p| p.trim().split(':').next().unwrap_or_default()).collect(),
                None => vec![rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()],
            };
            for name in names {
                let late = rank(name).is_some_and(|r| r > own) || (s.folder() == "study" && name == "serve");
                if late {
                    wrong.push(format!("{}: {} may not name {name}: it comes later in the road", s.at(n), s.folder()));
                }
            }
        }
    }
    wrong
}

fn fences(s: &Source) -> Vec<String> {
    let mut wrong = Vec::new();
    for (names, places, why) in FENCES {
        if places.iter().any(|p| s.path.starts_with(p)) {
            continue;
        }
        for (n, line) in s.lines() {
            for name in names.iter().filter(|name| word(line, name)) {
                wrong.push(format!("{}: `{name}` belongs in {}: {why}", s.at(n), places.join(" ")));
            }
        }
    }
    wrong
}

fn banned(s: &Source) -> Vec<String> {
    let mut wrong = Vec::new();
    for (n, line) in s.lines() {
        for (call, instead) in BANNED.iter().filter(|b| line.contains(b.0)) {
            wrong.push(format!("{}: `{call}`: {instead}", s.at(n)));
        }
        let prints = ["println!", "eprintln!", "print!", "eprint!"].iter().any(|p| word(line, p.trim_end_matches('!')));
        if prints && !s.path.starts_with("src/app/") && s.path != "src/main.rs" {
            wrong.push(format!("{}: only commands print", s.at(n)));
        }
    }
    wrong
}

fn lengths(s: &Source) -> Vec<String> {
    let mut wrong = Vec::new();
    // A file may close with its tests; blank lines left by them do not count.
    let lines = s.code.trim_end().lines().count();
    if lines > FILE_LINES_MAX {
        wrong.push(format!("{}: {lines} lines without tests, {FILE_LINES_MAX} at most: split by noun", s.path));
    }
    let mut from = 0;
    while let Some(i) = s.code[from..].find("fn ").map(|i| from + i) {
        from = i + 3;
        let whole = !s.code[..i].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_');
        let named = s.code[from..].starts_with(|c: char| c.is_alphabetic() || c == '_');
        let semicolon = s.code[i..].find(';').map_or(usize::MAX, |k| i + k);
        let Some(open) = s.code[i..].find('{').map(|k| i + k).filter(|o| whole && named && *o < semicolon) else {
            continue;
        };
        let count = s.code[i..block_end(&s.code, open)].lines().count();
        if count > FUNCTION_LINES_MAX {
            let line = s.code[..i].lines().count();
            wrong.push(format!("{}: a function of {count} lines, {FUNCTION_LINES_MAX} at most", s.at(line)));
        }
    }
    wrong
}

fn names(path: &str) -> Vec<String> {
    const NEVER: [&str; 6] = ["utils", "common", "helpers", "misc", "manager", "types"];
    let stem = path.rsplit('/').next().unwrap_or_default().split('.').next().unwrap_or_default();
    let parts = path.split('/').chain([stem]);
    let bad: Vec<&str> = parts.filter(|p| NEVER.contains(p)).collect();
    bad.iter().map(|b| format!("{path}: a file named `{b}` says nothing about what is in it")).collect()
}

/// Words that have no place in the project, in two halves so that this list does not hold them.
const WORDS: [(&str, &str); 16] = [
    ("/wo", "rk/"),
    ("crates", ".io"),
    ("pypi", ".org"),
    ("python", "hosted"),
    ("npm", "js."),
    ("deb.", "debian"),
    ("docker", ".io"),
    ("proxy.gol", "ang"),
    ("clau", "de"),
    ("anthro", "pic"),
    ("this ses", "sion"),
    ("last ses", "sion"),
    ("work", "place"),
    ("iss", "ue #"),
    ("FIX", "ME"),
    ("TO", "DO:"),
];

fn words(path: &str, text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for (n, line) in text.lines().enumerate() {
        let low = line.to_lowercase();
        for (a, b) in WORDS {
            let banned = format!("{a}{b}");
            // Marks of unfinished work are told by their case, the rest in any.
            let marks = !banned.contains(char::is_lowercase);
            if if marks { line.contains(&banned) } else { low.contains(&banned.to_lowercase()) } {
                wrong.push(format!("{path}:{}: `{banned}` has no place here", n + 1));
            }
        }
    }
    wrong
}

/// What a file with a `Model` must hold, in this order; what runs may be shared with another model, which
/// then says what of it is its own.
const TEMPLATE: [(&str, &str); 9] = [
    ("//! ", "one line that says what it is"),
    ("Source:", "where the equation comes from"),
    ("//! | parameter | default | unit | range |", "the parameter table"),
    ("Warm-up:", "how many rows it needs"),
    ("//! ```", "an example that runs"),
    ("pub struct Params", "its settings"),
    ("impl Default for Params", "their defaults"),
    ("impl Model for", "what is learnt"),
    ("impl Forecaster for|impl Runs for", "what runs"),
];

fn template(s: &Source, catalog: &str) -> Vec<String> {
    let Some(at) = s.code.find("impl Model for ") else { return vec![] };
    let name: String = s.code[at + 15..].chars().take_while(|c| c.is_alphanumeric()).collect();
    let mut wrong = Vec::new();
    let own = format!("{name}>(");
    if !catalog.contains(&format!("::{own}")) {
        wrong.push(format!("{}: {name} is not in forecast::CATALOG", s.path));
    }
    let derived = s.text.contains("Default") && s.text.contains("pub struct Params");
    let mut from = 0;
    for (part, what) in TEMPLATE {
        if part == "impl Default for Params" && derived && !s.text.contains(part) {
            continue;
        }
        let any = if part.starts_with("impl") { part.split('|').collect() } else { vec![part] };
        match any.iter().filter_map(|p| s.text[from..].find(p)).min() {
            Some(i) => from += i,
            None => wrong.push(format!("{}: `{part}` ({what}) is missing or out of order", s.path)),
        }
    }
    wrong
}

/// Headings are versions, newest first, and their sections are four, in order.
fn changelog(text: &str, version: &str) -> Vec<String> {
    const SECTIONS: [&str; 4] = ["Numbers", "Features", "Formats", "Internals"];
    let mut wrong = Vec::new();
    let heads: Vec<&str> = text.lines().filter_map(|l| l.strip_prefix("## ")).collect();
    match heads.first() {
        Some(head) if head.split(' ').next() == Some(version) => {}
        other => wrong.push(format!("CHANGELOG.md: the newest heading is {other:?}, the package is {version}")),
    }
    let (mut last, mut filled) = (None, true);
    for line in text.lines() {
        if line.starts_with("## ") {
            last = None;
        } else if let Some(name) = line.strip_prefix("### ") {
            let place = SECTIONS.iter().position(|s| *s == name);
            if place.is_none() || (last.is_some() && place <= last) {
                wrong.push(format!("CHANGELOG.md: `{name}` is not one of {SECTIONS:?}, in this order"));
            }
            if !filled {
                wrong.push(format!("CHANGELOG.md: the section before `{name}` is empty"));
            }
            (last, filled) = (place, false);
        } else if line.starts_with("- ") {
            filled = true;
        }
    }
    wrong
}

#[track_caller]
fn clean(wrong: Vec<String>) {
    assert!(wrong.is_empty(), "{} against the house rules:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_folder_names_only_folders_before_it() {
    clean(sources("src").iter().flat_map(imports).collect());
}

#[test]
fn fenced_crates_stay_inside_their_fences() {
    clean(sources("src").iter().flat_map(fences).collect());
}

#[test]
fn nothing_in_the_source_panics_prints_or_guesses() {
    clean(sources("src").iter().flat_map(banned).collect());
}

#[test]
fn files_and_functions_are_short() {
    clean(sources("src").iter().flat_map(lengths).collect());
}

#[test]
fn files_are_named_for_what_they_hold() {
    clean(files("").iter().flat_map(|p| names(p)).collect());
}

#[test]
fn the_project_speaks_of_itself_alone() {
    let wrong = files("").into_iter().filter(|p| p != "Cargo.lock").flat_map(|p| {
        let text = std::fs::read_to_string(root().join(&p)).unwrap_or_default();
        words(&p, &text)
    });
    clean(wrong.collect());
}

#[test]
fn every_model_is_in_the_catalog_and_follows_the_template() {
    let all = sources("src/forecast");
    let catalog = &all.iter().find(|s| s.path == "src/forecast/catalog.rs").expect("forecast/catalog.rs").code;
    let models = all.iter().filter(|s| s.code.contains("impl Model for ")).count();
    assert!(models >= 4, "{models} models");
    clean(all.iter().flat_map(|s| template(s, catalog)).collect());
}

/// Tests that are switched off.
fn switched_off(s: &Source) -> Vec<String> {
    let mark = concat!("#[ig", "nore");
    let at = s.text.lines().enumerate().filter(|(_, l)| l.contains(mark));
    at.map(|(n, _)| format!("{}: {mark}] switches a test off", s.at(n + 1))).collect()
}

/// Files larger than a checkout should carry, of these paths and sizes in bytes.
fn large(files: &[(String, u64)]) -> Vec<String> {
    const MIB: u64 = 1024 * 1024;
    let most = |p: &str| if p.starts_with("data/sample/") { 8 * MIB } else { 4 * MIB };
    let mut wrong: Vec<String> = files
        .iter()
        .filter(|(p, size)| *size > most(p))
        .map(|(p, size)| format!("{p}: {size} bytes, {} at most", most(p)))
        .collect();
    let sample: u64 = files.iter().filter(|(p, _)| p.starts_with("data/sample/")).map(|(_, size)| size).sum();
    if sample > 24 * MIB {
        wrong.push(format!("data/sample: {sample} bytes, {} at most", 24 * MIB));
    }
    wrong
}

/// Names that were kept for a while after a move.
fn aliases(s: &Source) -> Vec<String> {
    let mark = concat!("// ali", "as");
    let at = s.text.lines().enumerate().filter(|(_, l)| l.ends_with(mark) && !l.trim_start().starts_with("//"));
    at.map(|(n, _)| format!("{}: an old name is kept; name the thing by its own", s.at(n + 1))).collect()
}

#[test]
fn no_test_is_switched_off() {
    let all = sources("src").into_iter().chain(sources("tests")).chain(sources("benches"));
    clean(all.flat_map(|s| switched_off(&s)).collect());
}

#[test]
fn no_large_file_is_kept() {
    let size = |p: &String| std::fs::metadata(root().join(p)).expect("a file").len();
    clean(large(&files("").into_iter().map(|p| (p.clone(), size(&p))).collect::<Vec<_>>()));
}

#[test]
fn no_old_name_is_kept() {
    clean(sources("src").iter().flat_map(aliases).collect());
}

#[test]
fn no_files_of_a_folder_import_each_other_in_a_circle() {
    let all = sources("src");
    assert!(modules::Modules::of(&all).named().len() > 1000, "paths are followed");
    clean(modules::circles(&all));
}

#[test]
fn no_two_public_types_share_a_name() {
    clean(public::twins(&sources("src")));
}

#[test]
fn every_folder_begins_with_the_table_of_its_files() {
    let all = sources("src");
    let entries = front::entries(&files("src"));
    assert!(entries.len() > 10, "{} folders", entries.len());
    clean(all.iter().filter_map(|s| Some(front::front(s, entries.get(&s.path)?))).flatten().collect());
}

#[test]
fn no_public_item_is_there_for_tests_alone() {
    let all = sources("src");
    let text = |p: &str| std::fs::read_to_string(root().join(p)).expect(p);
    let mut shown = vec![text("README.md"), text("METHOD.md")];
    shown.extend(all.iter().filter(|s| s.path.ends_with("/mod.rs") || s.path == "src/lib.rs").map(front::head));
    clean(public::unused(&all, &sources("benches"), &shown));
}

#[test]
fn the_example_of_a_model_fits_it() {
    clean(sources("src/forecast").iter().flat_map(front::example).collect());
}

#[test]
fn the_changelog_is_in_its_form() {
    let text = std::fs::read_to_string(root().join("CHANGELOG.md")).expect("CHANGELOG.md");
    clean(changelog(&text, env!("CARGO_PKG_VERSION")));
}

#[test]
fn planted_faults_are_caught() {
    let one = |rule: fn(&Source) -> Vec<String>, path: &str, text: &str| rule(&Source::new(path, text)).len();
    assert_eq!(one(imports, "src/event/a.rs", "use crate::feature::Row;"), 1);
    assert_eq!(one(imports, "src/event/a.rs", "use crate::{base::Ts, feature::Row};\nuse crate::base::Ts;"), 1);
    assert_eq!(one(imports, "src/study/a.rs", "fn a() { crate::serve::go() }"), 1);
    assert_eq!(one(imports, "src/app/a.rs", "use crate::serve::go;"), 0);
    assert_eq!(one(imports, "src/base/a.rs", "// crate::app\n/// [`crate::app`]\nconst A: &str = \"crate::app\";"), 0);

    assert_eq!(one(fences, "src/base/a.rs", "use tokio::fs;"), 1);
    assert_eq!(one(fences, "src/serve/a.rs", "use tokio::fs;\nuse parquet::file;"), 1);
    assert_eq!(one(fences, "src/forecast/garch.rs", "use burn::tensor;\nuse linfa::traits::Fit;"), 1);
    assert_eq!(one(fences, "src/feature/a.rs", "let t = std::time::Instant::now();"), 1);
    assert_eq!(one(fences, "src/feature/a.rs", "let burning = instant(burn_rate);"), 0);

    assert_eq!(one(banned, "src/base/a.rs", "fn a() { b().unwrap(); c().expect(\"d\"); panic!(\"e\") }"), 3);
    let tested = "fn a() -> u8 { 1 }\n#[cfg(test)]\nmod tests { fn b() { a().unwrap() } }\n";
    assert_eq!(one(banned, "src/base/a.rs", tested), 0);
    assert_eq!(one(banned, "src/base/a.rs", &format!("{tested}fn c() {{ d().unwrap() }}")), 1);
    assert_eq!(one(banned, "src/base/a.rs", "/// a.unwrap()\nfn a() { let c = '\"'; b(\"x.unwrap()\") }"), 0);
    assert_eq!(one(banned, "src/base/a.rs", "fn a<'a>(x: &'a str) { x.parse().unwrap() }"), 1);
    assert_eq!(one(banned, "src/base/a.rs", "fn a() { r#\"say \"x\".unwrap()\"#; println!(\"b\") }"), 1);
    assert_eq!(one(banned, "src/app/a.rs", "fn a() { println!(\"b\") }"), 0);
}

#[test]
fn planted_lengths_names_and_words_are_caught() {
    let body = |n: usize| format!("fn a() {{\n{}}}\n", "b();\n".repeat(n));
    let one = |text: &str| lengths(&Source::new("src/base/a.rs", text)).len();
    assert_eq!((one(&body(60)), one(&body(80))), (0, 1));
    assert_eq!((one(&body(10).repeat(30)), one(&body(10).repeat(40))), (0, 1));
    let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", body(500));
    assert_eq!(one(&(body(60) + &tests)), 0);

    assert_eq!((names("src/base/utils.rs").len(), names("src/common/a.rs").len()), (1, 1));
    assert_eq!(names("src/base/stats.rs").len(), 0);

    assert_eq!(words("a.md", &format!("see {}{}data", "/wo", "rk/")).len(), 1);
    assert_eq!(words("a.md", &format!("{}{} later", "TO", "DO:")).len(), 1);
    assert_eq!(words("a.md", "homework/ and Python's hosted docs").len(), 0);
}

#[test]
fn planted_models_and_changelogs_are_caught() {
    let whole = "//! A.\n//! Source: B.\n//! | parameter | default | unit | range |\n//! Warm-up: 1.\n//! ```\n//! ```\n\
                 pub struct Params;\nimpl Default for Params {}\nimpl Model for A {}\nimpl Forecaster for S {}\n";
    let one = |text: &str, catalog: &str| template(&Source::new("src/forecast/a.rs", text), catalog).len();
    assert_eq!(one(whole, "Entry::of::<a::A>(\"\")"), 0);
    assert_eq!(one(whole, "Entry::of::<b::B>(\"\")"), 1);
    assert_eq!(one(&whole.replace("Warm-up", "Warm"), "Entry::of::<a::A>(\"\")"), 1);
    assert_eq!(one(&whole.replace("//! | parameter", "//! | setting"), "Entry::of::<a::A>(\"\")"), 1);

    assert_eq!(
        changelog("## 0.2.0\n### Numbers\n- a\n### Internals\n- b\n## 0.1.0\n### Features\n- c\n", "0.2.0").len(),
        0
    );
    assert_eq!(changelog("## 0.1.0\n### Features\n- a\n", "0.2.0").len(), 1);
    assert_eq!(changelog("## 0.2.0\n### Features\n- a\n### Numbers\n- b\n", "0.2.0").len(), 1);
    assert_eq!(changelog("## 0.2.0\n### News\n- a\n", "0.2.0").len(), 1);
    assert_eq!(changelog("## 0.2.0\n### Numbers\n### Features\n- a\n", "0.2.0").len(), 1);
}

#[test]
fn planted_circles_are_caught() {
    let circles = |files: &[(&str, &str)]| {
        let all: Vec<Source> = files.iter().map(|(p, t)| Source::new(p, t)).collect();
        modules::circles(&all)
    };
    let (b, c) = ("src/a/b.rs", "src/a/c.rs");
    let front = ("src/a/mod.rs", "mod b;\nmod c;\npub use b::B;\npub use c::{C, D as E};\n");
    let lib = ("src/lib.rs", "pub mod a;\npub mod f;\n");
    let said = circles(&[lib, front, (b, "use super::c::C;\npub struct B;"), (c, "use super::b::B;\npub struct C;")]);
    assert_eq!(said.len(), 1);
    assert!(said[0].contains("src/a/b.rs names super::c::C; src/a/c.rs names super::b::B"), "{said:?}");
    // Through a re-export, under another name, out of nested braces, or in the code.
    let b_file = (b, "use super::c::C;\npub struct B;");
    for text in [
        "use super::B;\npub struct C;\npub struct D;",
        "use crate::{a::{B as Other, x}, f};\npub struct C;",
        "pub struct C;\nfn go() { let _ = crate::a::B; }",
        "use crate::a;\npub struct C;\nfn go(_: a::B) {}",
        "use super::*;\nuse crate::a::b::*;\npub struct C;",
    ] {
        assert_eq!(circles(&[lib, front, b_file, (c, text)]).len(), 1, "{text}");
    }
    let by_name = (b, "use super::E;\npub struct B;");
    assert_eq!(circles(&[lib, front, by_name, (c, "use super::B;\npub struct C;\npub struct D;")]).len(), 1);
    // What stands in a mod.rs that names its file; a folder counts as one entry, from within and from without.
    let own = ("src/a/mod.rs", "mod b;\nuse b::B;\npub struct Z(B);");
    assert_eq!(circles(&[lib, own, (b, "use super::Z;\npub struct B;")]).len(), 1);
    let deep = ("src/f/g/h.rs", "use crate::a::B;\npub struct H;");
    let inner = [
        lib,
        front,
        (c, "pub struct C;\npub struct D;"),
        deep,
        ("src/f/mod.rs", "pub mod g;"),
        ("src/f/g/mod.rs", "mod h;\npub use h::H;"),
    ];
    let with = |b_text: &'static str| circles(&[inner.as_slice(), &[(b, b_text)]].concat());
    assert_eq!((with("use crate::f::g::H;\npub struct B;").len(), with("pub struct B;").len()), (1, 0));
    // No circle: one way only, tests, comments, and what comes from elsewhere.
    for text in [
        "pub struct C;\npub struct D;",
        "pub struct C;\n#[cfg(test)]\nmod tests {\n    use super::super::b::B;\n}",
        "// use super::b::B;\nuse std::collections::B;\npub struct C;",
        "use super::{C as Own, E as Other};\npub(in crate::a) struct C;\npub struct D;",
    ] {
        assert_eq!(circles(&[lib, front, b_file, (c, text)]), [] as [&str; 0], "{text}");
    }
}

#[test]
fn planted_names_and_unused_items_are_caught() {
    let sources = |files: &[(&str, &str)]| files.iter().map(|(p, t)| Source::new(p, t)).collect::<Vec<_>>();
    let twins = |files: &[(&str, &str)]| public::twins(&sources(files)).len();
    assert_eq!(twins(&[("src/a.rs", "pub struct Book;"), ("src/b.rs", "pub enum Book {}")]), 1);
    assert_eq!(twins(&[("src/a.rs", "pub struct Book;"), ("src/b.rs", "pub(crate) type Book = u8;\nstruct Book;")]), 0);
    assert_eq!(twins(&[("src/a.rs", "pub enum Error {}"), ("src/b.rs", "pub enum Error {}")]), 0);

    let unused = |files: &[(&str, &str)], shown: &[&str]| {
        let shown: Vec<String> = shown.iter().map(|s| s.to_string()).collect();
        public::unused(&sources(files), &sources(&[("benches/z.rs", "fn z() { a::timed() }")]), &shown).len()
    };
    let a = "pub fn go() {}\nfn own() { go() }\n#[cfg(test)]\nmod tests { fn t() { super::go() } }\n";
    assert_eq!(unused(&[("src/a.rs", a)], &[]), 1, "its own file needs no pub");
    assert_eq!(unused(&[("src/a.rs", a), ("src/mod.rs", "pub use a::go;\n// go")], &[]), 1, "to hand on is not to use");
    assert_eq!(unused(&[("src/a.rs", a), ("src/b.rs", "fn b() { super::a::go() }")], &[]), 0);
    assert_eq!(unused(&[("src/a.rs", a)], &["call `go` for it"]), 0);
    assert_eq!(unused(&[("src/a.rs", a)], &["go for it"]), 1, "only what stands in code is offered");
    assert_eq!(unused(&[("src/a.rs", "pub fn timed() {}")], &[]), 0);
    assert_eq!(unused(&[("src/a.rs", "pub const MOST: u8 = 1;")], &[]), 1);
    assert_eq!(unused(&[("src/a.rs", "pub struct A;\nimpl A {\n    pub fn make() -> A { A }\n}")], &[]), 1);
    let part = "pub struct Whole { pub part: Part }\npub struct Part;\nimpl Part {}";
    assert_eq!(
        unused(&[("src/a.rs", part), ("src/b.rs", "use super::a::Whole;")], &[]),
        0,
        "what a public field holds"
    );
    assert_eq!(unused(&[("src/a.rs", "pub struct Part;\nimpl Part {}")], &[]), 1);
}

#[test]
fn planted_fronts_and_examples_are_caught() {
    let entries: BTreeSet<String> = ["b", "c"].map(String::from).into();
    let front = |text: &str| front::front(&Source::new("src/a/mod.rs", text), &entries).len();
    let whole = "//! A.\n//!\n//! | file | what it holds |\n//! |---|---|\n//! | [`b`], `c/` | d |\n//!\n//! This folder knows nothing of e.\n";
    assert_eq!(front(whole), 0);
    assert_eq!(front(&whole.replace(", `c/`", "")), 1);
    assert_eq!(front(&whole.replace("`c/`", "`c`, `x.rs`")), 1);
    assert_eq!(front(&whole.replace("knows nothing of", "knows")), 1);
    assert_eq!(front(&whole.replace("`c/`", "`c`, `c/`")), 1);
    assert_eq!(front(&whole.replace("//! | file", "//! | name")), 1);
    assert_eq!(front(&whole.replace("//! A.\n", "//! A.\n//! | other |\n")), 1);
    let paths = ["src/a/mod.rs", "src/a/b.rs", "src/a/c/mod.rs", "src/a/c/d.rs", "src/a/tests.rs"].map(String::from);
    assert_eq!(front::entries(&paths)["src/a/mod.rs"], entries);

    let example = |text: &str| front::example(&Source::new("src/forecast/a.rs", text)).len();
    let fits = "//! A.\n//!\n//! ```\n//! let model = Ewma::fit(&p)?;\n//! ```\nimpl Model for Ewma {}\n";
    assert_eq!((example(fits), example("//! B.\nfn b() {}")), (0, 0));
    assert_eq!(example(&fits.replace("Ewma::fit", "Other::fit")), 1);
    assert_eq!(example(&fits.replace("```", "")), 1);

    let off = format!("#[test]\n#[ig{}]\nfn a() {{}}\n", "nore");
    assert_eq!(switched_off(&Source::new("tests/it/a.rs", &off)).len(), 1);
    assert_eq!(aliases(&Source::new("src/a/mod.rs", &format!("pub use b as c; // ali{}\n", "as"))).len(), 1);
    let of = |path: &str, mib: u64| large(&[(path.to_string(), mib << 20)]).len();
    assert_eq!(
        (of("data/x.bin", 4), of("data/x.bin", 5), of("data/sample/x", 8), of("data/sample/x", 9)),
        (0, 1, 0, 1)
    );
    let many: Vec<(String, u64)> = (0..4).map(|i| (format!("data/sample/{i}"), 7 << 20)).collect();
    assert_eq!(large(&many).len(), 1);
}
