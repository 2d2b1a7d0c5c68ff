//! What is wrong with settings: every problem at once, each with its key and what is accepted.

use std::fmt;

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SettingProblem {
    /// The key, with those of the sections around it: `margin.guardrail.dead_band`.
    pub key: String,
    /// What was given, what is accepted, and what may have been meant.
    pub why: String,
}

impl fmt::Display for SettingProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.why)
    }
}

/// The problems found so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    /// The sections that are being checked, outermost first.
    within: Vec<String>,
    found: Vec<SettingProblem>,
    /// Keys whose value could not be read: nothing more is said of them.
    unread: Vec<String>,
}

impl Problems {
    /// Checks a section: keys are under `section` until `check` returns.
    pub fn under(&mut self, section: &str, check: impl FnOnce(&mut Problems)) {
        self.within.push(section.to_string());
        check(self);
        self.within.pop();
    }
    /// Says what is wrong with `key`.
    pub fn say(&mut self, key: &str, why: impl fmt::Display) {
        let key = self.path(key);
        let below = |a: &str, b: &str| a == b || a.strip_prefix(b).is_some_and(|rest| rest.starts_with(['.', '[']));
        if !self.unread.iter().any(|u| below(&key, u) || below(u, &key)) {
            let problem = SettingProblem { key, why: why.to_string() };
            if !self.found.contains(&problem) {
                self.found.push(problem);
            }
        }
    }
    /// Says what was given and what is accepted, unless it is `ok`.
    pub fn want(&mut self, key: &str, ok: bool, got: impl fmt::Display, accepted: impl fmt::Display) {
        if !ok {
            self.say(key, format_args!("is {got}; want {accepted}"));
        }
    }
    /// Wants a number between two bounds, both included.
    pub fn range(&mut self, key: &str, got: f64, low: f64, high: f64) {
        self.want(key, (low..=high).contains(&got), got, format_args!("{low} to {high}"));
    }
    /// Wants a number between two bounds, both included, whose range has a text of its own.
    pub fn within(&mut self, key: &str, got: f64, low: f64, high: f64, accepted: &str) {
        self.want(key, (low..=high).contains(&got), got, accepted);
    }
    /// Wants one of the names that are known.
    pub fn one_of(&mut self, key: &str, got: &str, known: &[&str]) {
        if !known.contains(&got) {
            self.say(key, format_args!("there is no `{got}`{}", meant(got, known)));
        }
    }
    /// Of a value that could not be read nothing more will be said.
    pub(super) fn unreadable(&mut self, key: &str) {
        let key = self.path(key);
        self.unread.push(key);
    }
    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }
    /// All of them, in the order in which they were found.
    pub fn all(&self) -> &[SettingProblem] {
        &self.found
    }
    /// Nothing, or all that is wrong.
    ///
    /// # Errors
    /// Something is wrong.
    pub fn done(self) -> Result<(), Problems> {
        if self.found.is_empty() { Ok(()) } else { Err(self) }
    }
    fn path(&self, key: &str) -> String {
        let sections = self.within.iter().map(String::as_str).chain([key]).filter(|part| !part.is_empty());
        sections.collect::<Vec<_>>().join(".")
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.found.iter().enumerate() {
            write!(f, "{}{problem}", if i > 0 { "\n  " } else { "" })?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// What may have been meant by a name, and which names there are: the rest of a sentence.
pub fn meant(got: &str, known: &[&str]) -> String {
    let near = nearest(got, known);
    let quoted = |names: &[&str]| names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>();
    let guess = if near.is_empty() { String::new() } else { format!("; did you mean {}?", quoted(&near).join(" or ")) };
    let there =
        if known.is_empty() { "there are none".into() } else { format!("there are {}", quoted(known).join(", ")) };
    if guess.is_empty() { format!("; {there}") } else { format!("{guess} {there}") }
}

/// The known names that are nearest to `got`, all that are equally near; none where all are far from it.
pub fn nearest<'a>(got: &str, known: &[&'a str]) -> Vec<&'a str> {
    let far = (got.chars().count() / 4).max(1);
    let away = |name: &str| distance(&got.to_lowercase(), &name.to_lowercase());
    let least = known.iter().map(|name| away(name)).min().unwrap_or(usize::MAX);
    known.iter().copied().filter(|name| least <= far && away(name) == least).collect()
}

/// Letters to insert, drop, replace or swap with the next (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_differ_are_counted() {
        for (a, b, n) in [("", "ab", 2), ("rounds", "round", 1), ("states", "sattes", 1), ("gamma", "gemma", 1)] {
            assert_eq!((distance(a, b), distance(b, a)), (n, n), "{a} {b}");
        }
    }

    #[test]
    fn the_nearest_name_is_told_and_a_far_one_is_not() {
        let known = ["dead_band", "day_cap", "HAR", "im", "mm"];
        assert_eq!(nearest("dead_bnad", &known), ["dead_band"]);
        assert_eq!(nearest("har", &known), ["HAR"]);
        assert_eq!(nearest("xm", &known), ["im", "mm"], "both are as near");
        assert_eq!(nearest("ghost", &known), [""; 0]);
    }

    #[test]
    fn problems_name_their_section_and_are_told_once() {
        let mut problems = Problems::default();
        problems.under("margin", |p| {
            p.range("dead_band", 9.0, 0.0, 0.2);
            p.range("dead_band", 9.0, 0.0, 0.2);
            p.range("day_cap", 2.0, 1.0, 4.0);
            p.range("lag_max", f64::NAN, 0.0, 1.0);
            p.one_of("forecast", "har", &["HAR"]);
        });
        let told = "margin.dead_band: is 9; want 0 to 0.2\n  margin.lag_max: is NaN; want 0 to 1\n  \
                    margin.forecast: there is no `har`; did you mean `HAR`? there are `HAR`";
        assert_eq!(problems.to_string(), told);
    }

    #[test]
    fn nothing_more_is_said_of_what_could_not_be_read() {
        let mut problems = Problems::default();
        problems.say("study.start", "is 7; want a time");
        problems.unreadable("study.start");
        problems.say("study.start", "must lie before study.end");
        problems.say("study", "is wrong");
        problems.say("study.started", "is another key");
        assert_eq!(problems.all().len(), 2);
    }
}
