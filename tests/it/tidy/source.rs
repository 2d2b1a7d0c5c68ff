//! Reading Rust source without a parser: enough to tell code from comments, texts and tests.

use std::path::{Path, PathBuf};

/// One source file.
pub struct Source {
    /// Path below the repository, with forward slashes.
    pub path: String,
    /// As it stands.
    pub text: String,
    /// The same lines with comments, texts and test modules blanked.
    pub code: String,
}

impl Source {
    /// From its path and text.
    pub fn new(path: &str, text: &str) -> Source {
        let code = without_tests(&without_comments(text));
        Source { path: path.into(), text: text.into(), code }
    }
    /// The folder below `src/`, or the file's own name at the top.
    pub fn folder(&self) -> &str {
        self.path.trim_start_matches("src/").split('/').next().unwrap_or_default()
    }
    /// Lines of code with their numbers.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code.lines().enumerate().map(|(i, l)| (i + 1, l))
    }
    /// `path:line`, for messages.
    pub fn at(&self, line: usize) -> String {
        format!("{}:{line}", self.path)
    }
}

/// Every Rust file below `folder`, sorted. Files of tests beside the code (`tests.rs`) are left out.
pub fn sources(folder: &str) -> Vec<Source> {
    files(folder)
        .into_iter()
        .filter(|p| p.ends_with(".rs") && !p.ends_with("/tests.rs") && !p.contains("/tests/"))
        .map(|p| Source::new(&p, &std::fs::read_to_string(root().join(&p)).expect("readable")))
        .collect()
}

/// The repository.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below a folder of the repository that is not ignored by git, sorted.
pub fn files(folder: &str) -> Vec<String> {
    const IGNORED: [&str; 8] = ["target", "out", "lake", "runs", ".git", "__pycache__", ".ipynb_checkpoints", ".venv"];
    let mut found = Vec::new();
    let mut open = vec![root().join(folder)];
    while let Some(at) = open.pop() {
        for entry in std::fs::read_dir(&at).expect("a folder").map(|e| e.expect("an entry")) {
            let name = entry.file_name().into_string().expect("UTF-8");
            let top = at == root();
            if entry.file_type().expect("a type").is_dir() {
                if !(IGNORED.contains(&name.as_str()) && (top || name.starts_with(['_', '.']))) {
                    open.push(entry.path());
                }
            } else if !(top && name == ".git") {
                found.push(below_root(&entry.path()));
            }
        }
    }
    found.sort();
    found
}

fn below_root(path: &Path) -> String {
    path.strip_prefix(root()).expect("below the root").to_string_lossy().replace('\\', "/")
}

/// Comments, texts and characters become spaces; line breaks stay.
pub fn without_comments(text: &str) -> String {
    let c: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut i = 0;
    while i < c.len() {
        let end = match c[i] {
            '/' if c.get(i + 1) == Some(&'/') => find(&c, i, |j| c[j] == '\n'),
            '/' if c.get(i + 1) == Some(&'*') => find(&c, i + 2, |j| c[j - 1] == '*' && c[j] == '/') + 1,
            '"' => text_end(&c, i),
            'r' if is_raw(&c, i) => raw_end(&c, i),
            '\'' if is_char(&c, i) => char_end(&c, i),
            _ => i,
        };
        if end == i {
            out.push(c[i]);
            i += 1;
            continue;
        }
        let end = end.min(c.len());
        out.extend(c[i..end].iter().map(|x| if *x == '\n' { '\n' } else { ' ' }));
        i = end;
    }
    out
}

fn find(c: &[char], from: usize, stop: impl Fn(usize) -> bool) -> usize {
    (from..c.len()).find(|j| stop(*j)).unwrap_or(c.len())
}

fn text_end(c: &[char], start: usize) -> usize {
    let mut i = start + 1;
    while i < c.len() && c[i] != '"' {
        i += if c[i] == '\\' { 2 } else { 1 };
    }
    i + 1
}

fn is_raw(c: &[char], i: usize) -> bool {
    let before = i.checked_sub(1).map(|j| c[j]);
    let word = before.is_some_and(|b| (b.is_alphanumeric() && b != 'b') || b == '_');
    let quote = c[i + 1..].iter().find(|x| **x != '#');
    !word && quote == Some(&'"')
}

fn raw_end(c: &[char], start: usize) -> usize {
    let hashes = c[start + 1..].iter().take_while(|x| **x == '#').count();
    let close = |j: usize| c[j] == '"' && c[j + 1..].iter().take(hashes).filter(|x| **x == '#').count() == hashes;
    find(c, start + 2 + hashes, close) + 1 + hashes
}

fn is_char(c: &[char], i: usize) -> bool {
    // A lifetime has no closing quote after one character.
    c.get(i + 1) == Some(&'\\') || c.get(i + 2) == Some(&'\'')
}

fn char_end(c: &[char], start: usize) -> usize {
    let body = if c[start + 1] == '\\' { start + 3 } else { start + 2 };
    find(c, body, |j| c[j] == '\'') + 1
}

/// Items marked `#[cfg(test)]` become empty lines.
fn without_tests(code: &str) -> String {
    let mut out = code.to_string();
    while let Some(start) = out.find("#[cfg(test)]") {
        let rest = &out[start..];
        let semicolon = rest.find(';').unwrap_or(rest.len());
        let end = match rest.find('{') {
            Some(open) if open < semicolon => block_end(rest, open),
            _ => (semicolon + 1).min(rest.len()),
        };
        let blank: String = out[start..start + end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
        out.replace_range(start..start + end, &blank);
    }
    out
}

/// One past the brace that closes the one at `open`.
pub fn block_end(code: &str, open: usize) -> usize {
    let mut depth = 0_i32;
    for (i, c) in code[open..].char_indices() {
        depth += match c {
            '{' => 1,
            '}' => -1,
            _ => 0,
        };
        if depth == 0 {
            return open + i + 1;
        }
    }
    code.len()
}

/// Where `word` stands in `line` as a whole word.
pub fn word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(i, _)| {
        let part = |c: char| c.is_alphanumeric() || c == '_';
        let before = line[..i].chars().next_back().is_some_and(part);
        let after = line[i + word.len()..].chars().next().is_some_and(part);
        !before && !after
    })
}
