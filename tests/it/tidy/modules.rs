//! Which file of the source names which: `use` paths and paths in the code, followed through re-exports to the file
//! that defines what is named.

use std::collections::{BTreeMap, BTreeSet};

use super::source::Source;

/// One file as a module.
struct Module {
    /// Index of its source.
    file: usize,
    /// Names of the files and folders below it.
    children: BTreeSet<String>,
    /// Names of the items that stand in it.
    defined: BTreeSet<String>,
    /// What its `use`s bind: a name and a path.
    bound: BTreeMap<String, Vec<String>>,
    /// Paths of its `use`s that end in `*`.
    globs: Vec<Vec<String>>,
}

/// All files, by module path; the crate's is empty.
pub struct Modules<'s> {
    sources: &'s [Source],
    all: BTreeMap<Vec<String>, Module>,
}

/// A file that names another, and by which path.
pub struct Named {
    pub from: usize,
    pub to: usize,
    pub path: String,
}

/// `src/a/b.rs` is the module `a::b`, `src/a/mod.rs` is `a`, `src/lib.rs` the crate; the program's file is none.
pub fn module_path(path: &str) -> Option<Vec<String>> {
    let inner = path.strip_prefix("src/")?.strip_suffix(".rs")?;
    let mut parts: Vec<String> = inner.split('/').map(String::from).collect();
    match (parts.len(), parts.last()?.as_str()) {
        (1, "main") => return None,
        (1, "lib") | (_, "mod") => drop(parts.pop()),
        _ => {}
    }
    Some(parts)
}

impl<'s> Modules<'s> {
    pub fn of(sources: &'s [Source]) -> Modules<'s> {
        let mut all = BTreeMap::new();
        for (file, source) in sources.iter().enumerate() {
            let Some(path) = module_path(&source.path) else { continue };
            let (mut bound, mut globs) = (BTreeMap::new(), vec![]);
            for (path, name) in uses(&source.code) {
                match name.as_str() {
                    "*" => globs.push(path),
                    "_" => {}
                    _ => drop(bound.insert(name, path)),
                }
            }
            let defined = items(&source.code).into_iter().filter(|i| i.top).map(|i| i.name).collect();
            all.insert(path, Module { file, children: BTreeSet::new(), defined, bound, globs });
        }
        let paths: Vec<Vec<String>> = all.keys().cloned().collect();
        for path in paths {
            if let Some((name, parent)) = path.split_last()
                && let Some(parent) = all.get_mut(parent)
            {
                parent.children.insert(name.clone());
            }
        }
        Modules { sources, all }
    }
    /// Every naming of one file by another.
    pub fn named(&self) -> Vec<Named> {
        let mut found = vec![];
        for (path, module) in &self.all {
            let code = &self.sources[module.file].code;
            let body = without_uses(code);
            let used = uses(code).into_iter().map(|(mut p, n)| {
                if n == "*" {
                    p.push(n);
                }
                p
            });
            for named in used.chain(paths(&body)) {
                if let Some(to) = self.resolve(path, &named, 0).filter(|to| *to != module.file) {
                    found.push(Named { from: module.file, to, path: named.join("::") });
                }
            }
        }
        found
    }
    /// The file that defines what a path names, seen from a module; `None` where it is not of this crate.
    fn resolve(&self, from: &[String], path: &[String], depth: usize) -> Option<usize> {
        let (first, rest) = path.split_first()?;
        let module = self.all.get(from)?;
        if depth > 20 {
            return None;
        }
        match first.as_str() {
            "crate" => self.walk(&[], rest, depth),
            "self" => self.walk(from, rest, depth),
            "super" => self.up(from, path, depth),
            name if module.children.contains(name) => self.walk(&[from, &[name.to_string()]].concat(), rest, depth),
            name => {
                let bound = module.bound.get(name)?;
                self.resolve(from, &[bound.as_slice(), rest].concat(), depth + 1)
            }
        }
    }
    fn up(&self, from: &[String], path: &[String], depth: usize) -> Option<usize> {
        let ups = path.iter().take_while(|s| *s == "super").count();
        let at = from.len().checked_sub(ups)?;
        self.walk(&from[..at], &path[ups..], depth)
    }
    fn walk(&self, at: &[String], rest: &[String], depth: usize) -> Option<usize> {
        let module = self.all.get(at)?;
        let Some((name, more)) = rest.split_first() else { return Some(module.file) };
        if module.children.contains(name) {
            return self.walk(&[at, std::slice::from_ref(name)].concat(), more, depth);
        }
        if name == "self" || module.defined.contains(name) {
            return Some(module.file);
        }
        if let Some(bound) = module.bound.get(name) {
            return self.resolve(at, &[bound.as_slice(), more].concat(), depth + 1).or(Some(module.file));
        }
        let through = |glob: &Vec<String>| {
            let target = self.resolve(at, &[glob.as_slice(), rest].concat(), depth + 1)?;
            self.all.values().find(|m| m.file == target)?.defined.contains(name).then_some(target)
        };
        module.globs.iter().find_map(through).or(Some(module.file))
    }
}

/// Circles between the entries of a folder: its files, and its subfolders, each as one.
pub fn circles(sources: &[Source]) -> Vec<String> {
    let modules = Modules::of(sources);
    let mut folders: BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>> = BTreeMap::new();
    for Named { from, to, path } in modules.named() {
        let (a, b) = (&sources[from].path, &sources[to].path);
        let (a_parts, b_parts): (Vec<&str>, Vec<&str>) = (a.split('/').collect(), b.split('/').collect());
        let shared = a_parts.iter().zip(&b_parts).take_while(|(x, y)| x == y).count();
        let entry = |parts: &[&str]| parts[shared].trim_end_matches(".rs").to_string();
        let (x, y) = (entry(&a_parts), entry(&b_parts));
        if x != y {
            let why = format!("{a} names {path}");
            folders.entry(a_parts[..shared].join("/")).or_default().entry(x).or_default().entry(y).or_insert(why);
        }
    }
    let mut wrong = vec![];
    for (folder, edges) in folders {
        let mut told = BTreeSet::new();
        for start in edges.keys() {
            if let Some(circle) = way_back(&edges, start).filter(|c| c.iter().all(|n| !told.contains(n))) {
                let why = circle.iter().zip(circle.iter().cycle().skip(1)).map(|(a, b)| edges[a][b].clone());
                wrong.push(format!("{folder}: an import circle: {}", why.collect::<Vec<_>>().join("; ")));
                told.extend(circle);
            }
        }
    }
    wrong
}

/// The shortest way from an entry back to itself.
fn way_back(edges: &BTreeMap<String, BTreeMap<String, String>>, start: &str) -> Option<Vec<String>> {
    let mut ways: Vec<Vec<String>> = vec![vec![start.to_string()]];
    let mut seen = BTreeSet::new();
    while !ways.is_empty() {
        let mut longer = vec![];
        for way in ways {
            for next in way.last().and_then(|n| edges.get(n)).into_iter().flat_map(BTreeMap::keys) {
                if next == start {
                    return Some(way);
                }
                if seen.insert(next.clone()) {
                    longer.push([way.as_slice(), std::slice::from_ref(next)].concat());
                }
            }
        }
        ways = longer;
    }
    None
}

/// An item that stands in a file.
pub struct Item {
    /// `fn`, `struct`, `enum`, `trait`, `type`, `const`, `static`, `mod`, `union` or `macro_rules!`.
    pub sort: &'static str,
    pub name: String,
    /// Whether it is `pub` without a bound.
    pub public: bool,
    /// Whether it stands in no block.
    pub top: bool,
    pub line: usize,
}

const SORTS: [&str; 9] = ["fn", "struct", "enum", "trait", "type", "const", "static", "union", "mod"];

/// Items of a file, those in blocks too.
pub fn items(code: &str) -> Vec<Item> {
    let mut found = vec![];
    for (n, line) in code.lines().enumerate() {
        let mut words = line.split(|c: char| c.is_whitespace() || c == '(').filter(|w| !w.is_empty()).peekable();
        let public = words.peek() == Some(&"pub") && !line.trim_start().starts_with("pub(");
        let mut last = None;
        for word in words.by_ref() {
            match word {
                "pub" | "crate)" | "super)" | "in" | "async" | "unsafe" | "extern" => {}
                "const" if last.is_none() => last = Some("const"),
                _ if word.starts_with("super::") || word.starts_with("crate::") => {}
                _ => {
                    if let Some(sort) = SORTS.iter().find(|s| **s == word) {
                        last = Some(sort);
                        continue;
                    }
                    let name: String = word.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                    if let Some(sort) = last.filter(|_| !name.is_empty()) {
                        let top = !line.starts_with(char::is_whitespace);
                        found.push(Item { sort, name, public, top, line: n + 1 });
                    }
                    break;
                }
            }
        }
    }
    found
}

/// The statements `use …;` of a file: where each begins, and where its tree stands.
fn use_trees(code: &str) -> Vec<(usize, std::ops::Range<usize>)> {
    let mut found = vec![];
    for (i, _) in code.match_indices("use ") {
        let before = code[..i].trim_end();
        let start = before.is_empty() || before.ends_with([';', '}', '{', ')', ']']) || before.ends_with("pub");
        let part = code[..i].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_');
        if let Some(end) = code[i..].find(';').filter(|_| start && !part) {
            found.push((i, i + 4..i + end));
        }
    }
    found
}

/// The code without its `use`s and without the paths to which an item is open.
fn without_uses(code: &str) -> String {
    let mut out = code.to_string();
    let mut blank = |from: usize, to: usize| out.replace_range(from..to, &" ".repeat(to - from));
    use_trees(code).into_iter().for_each(|(from, tree)| blank(from, tree.end));
    for (i, _) in code.match_indices("pub(in ") {
        blank(i, code[i..].find(')').map_or(code.len(), |k| i + k));
    }
    out
}

/// The `use`s of a file: each path without its last name where that is bound, and the name that it binds.
fn uses(code: &str) -> Vec<(Vec<String>, String)> {
    let mut found = vec![];
    for (_, range) in use_trees(code) {
        tree(&code[range], &[], &mut found);
    }
    found
}

/// Spreads `a::{b, c::d as e}` out.
fn tree(text: &str, prefix: &[String], found: &mut Vec<(Vec<String>, String)>) {
    let text = text.trim();
    if let Some(open) = text.find('{') {
        let head = [prefix, &segments(&text[..open])].concat();
        let close = text.rfind('}').unwrap_or(text.len());
        let (mut depth, mut from) = (0, open + 1);
        for (i, c) in text[open + 1..close].char_indices().map(|(i, c)| (open + 1 + i, c)) {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    tree(&text[from..i], &head, found);
                    from = i + 1;
                }
                _ => {}
            }
        }
        tree(&text[from..close], &head, found);
    } else if !text.is_empty() {
        let (path, name) = text.split_once(" as ").map_or((text, None), |(p, n)| (p, Some(n.trim().to_string())));
        let mut path = [prefix, &segments(path)].concat();
        let last = path.last().cloned().unwrap_or_default();
        if last == "self" || last == "*" {
            path.pop();
        }
        let own = if last == "self" { path.last().cloned().unwrap_or_default() } else { last };
        found.push((path, name.unwrap_or(own)));
    }
}

fn segments(path: &str) -> Vec<String> {
    path.split("::").map(str::trim).filter(|s| !s.is_empty()).map(String::from).collect()
}

/// Paths of at least two names in the code.
fn paths(code: &str) -> Vec<Vec<String>> {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    let mut found = vec![];
    for (i, _) in code.match_indices("::") {
        // Only where a path begins: before its first name stands no other `::`.
        let head_from = code[..i].char_indices().rev().take_while(|(_, c)| part(*c)).last().map(|(k, _)| k);
        let Some(from) = head_from.filter(|k| !code[..*k].ends_with("::") && !code[..*k].ends_with(['.', '$'])) else {
            continue;
        };
        let end = code[from..].find(|c: char| !part(c) && c != ':').map_or(code.len(), |k| from + k);
        let path = segments(&code[from..end]);
        if path.len() > 1 {
            found.push(path);
        }
    }
    found
}
