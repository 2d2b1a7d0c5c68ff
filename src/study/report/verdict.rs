//! The verdict on the published margin: what is charged, what it buys, what it costs, in three sentences a horizon.
//!
//! It is the same in the page and in a terminal. Every number in it is read from the scores by its pointer.

use serde_json::Value;

use super::calibration;
use super::cell::{element, escape, text};
use super::table::items;
use crate::study::measure::POOLED;
use crate::study::measure::declare::Format::{self, Count, Fixed, Percent, Text};
use crate::study::measure::margin::controls::{ALL_DAYS, PUBLISHED};

/// Below this Diebold-Mariano statistic a gain is hardly chance.
const SURE: f64 = -2.0;

/// A piece of a sentence.
enum Piece {
    /// Words.
    Word(String),
    /// A value of the scores, by its pointer.
    Of(String, Format),
}

/// What is said of one horizon.
struct Verdict {
    horizon: String,
    sentences: [Vec<Piece>; 3],
}

/// Sentences under way.
#[derive(Default)]
struct Sentence(Vec<Piece>);

impl Sentence {
    fn say(mut self, words: &str) -> Sentence {
        self.0.push(Piece::Word(words.into()));
        self
    }
    fn of(mut self, pointer: String, format: Format) -> Sentence {
        self.0.push(Piece::Of(pointer, format));
        self
    }
}

/// The page's form; empty where nothing was published.
pub fn html(scores: &Value) -> String {
    let mut out = String::new();
    for verdict in verdicts(scores) {
        out += &format!("<h3>{} ahead</h3>\n", escape(&verdict.horizon));
        for sentence in &verdict.sentences {
            let piece = |piece: &Piece| match piece {
                Piece::Word(words) => escape(words),
                Piece::Of(pointer, format) => element("b", "", scores, pointer, *format),
            };
            out += &format!("<p>{}</p>\n", sentence.iter().map(piece).collect::<String>());
        }
    }
    if out.is_empty() { out } else { format!("<div class=\"verdict\">\n{out}</div>\n") }
}

/// The terminal's form.
pub fn plain(scores: &Value) -> String {
    let mut out = String::new();
    for verdict in verdicts(scores) {
        out += &format!("\nVerdict, {} ahead\n", verdict.horizon);
        for sentence in &verdict.sentences {
            let piece = |piece: &Piece| match piece {
                Piece::Word(words) => words.clone(),
                Piece::Of(pointer, format) => text(scores.pointer(pointer).unwrap_or(&Value::Null), *format),
            };
            out += &wrapped(&sentence.iter().map(piece).collect::<String>(), 110);
        }
    }
    out
}

/// Lines of at most so many characters; a number stays with its percent sign.
fn wrapped(words: &str, width: usize) -> String {
    let (mut out, mut line) = (String::new(), String::new());
    for word in words.replace(" %", "\u{a0}%").split(' ') {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            out += &format!("{line}\n");
            line = String::from(" ");
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    (out + &line + "\n").replace('\u{a0}', " ")
}

fn verdicts(scores: &Value) -> Vec<Verdict> {
    let horizons = scores.pointer("/meta/horizons").and_then(Value::as_array);
    let all = items(scores, "/evidence/controls");
    let of = |horizon: &Value| {
        let is = |base: &&String, key: &str, want: &Value| scores.pointer(&format!("{base}/{key}")) == Some(want);
        let published = all.iter().find(|base| {
            is(base, "horizon", horizon)
                && is(base, "symbol", &POOLED.into())
                && is(base, "policy", &PUBLISHED.into())
                && is(base, "days", &ALL_DAYS.into())
        })?;
        Some(Verdict {
            horizon: text(horizon, Text),
            sentences: [charged(scores, horizon), buys(scores, published), costs(scores, published)],
        })
    };
    horizons.into_iter().flatten().filter_map(of).collect()
}

/// Which policy is charged: the one of the last origin where they are chosen walking forward, else the configuration's.
fn charged(scores: &Value, horizon: &Value) -> Vec<Piece> {
    let said = Sentence::default();
    let own = |base: &String| scores.pointer(&format!("{base}/horizon")) == Some(horizon);
    let Some(base) = items(scores, "/evidence/charged").into_iter().find(own) else {
        return said
            .say("Charged is the requirement that the configuration describes; it is no blend under guardrails.")
            .0;
    };
    let mode = scores.pointer(&format!("{base}/mode")).and_then(Value::as_str).unwrap_or_default();
    let chosen = scores.pointer(&format!("{base}/chosen")) == Some(&Value::Bool(true));
    let walked = calibration::last_choice(scores, horizon).filter(|_| chosen);
    let at = |key: &str| match &walked {
        Some(policy) => format!("{policy}/{key}"),
        None => format!("{base}/{key}"),
    };
    let mut said = said
        .say("Charged is the blend with weight ")
        .of(at("weight"), Fixed(2))
        .say(" of the forecast, at level ")
        .of(at("level"), Fixed(2))
        .say(" and with a stress link of ")
        .of(at("stress_link"), Fixed(2))
        .say(match mode {
            "lift-only" => ", never below the baseline (lift-only)",
            _ => ", paced as a whole (managed-total)",
        })
        .say("; in one row it rises by at most ")
        .of(at("up"), Percent(1))
        .say(" and falls by at most ")
        .of(at("down"), Percent(1));
    let budgets: Vec<(String, Result<String, String>)> = match &walked {
        Some(policy) => [("budget_day", "24h"), ("budget_five_days", "5d")]
            .into_iter()
            .map(|(key, over)| (format!("{policy}/{key}"), Err(over.to_string())))
            .filter(|(pointer, _)| scores.pointer(pointer).is_some_and(Value::is_number))
            .collect(),
        None => items(scores, &format!("{base}/budgets"))
            .into_iter()
            .map(|b| (format!("{b}/rise"), Ok(format!("{b}/over"))))
            .collect(),
    };
    for (i, (rise, over)) in budgets.into_iter().enumerate() {
        said = said.say(if i == 0 { ", and rises by at most " } else { ", " }).of(rise, Percent(0)).say(" over any ");
        said = match over {
            Ok(pointer) => said.of(pointer, Text),
            Err(words) => said.say(&words),
        };
    }
    if scores.pointer(&at("schedule")) == Some(&Value::Bool(true)) {
        said = said.say("; these bind what is before the schedule of the hour of the week, published a week ahead");
    }
    said = said.say(".");
    if walked.is_some() {
        said = said.say(" These settings are the last of those chosen anew on what was known at each origin.");
    }
    said.0
}

/// What it buys, or that it does not.
fn buys(scores: &Value, base: &str) -> Vec<Piece> {
    let at = |key: &str| format!("{base}/{key}");
    let number = |key: &str| scores.pointer(&at(key)).and_then(Value::as_f64);
    let said = Sentence::default();
    let Some(ratio) = number("ratio") else {
        return said
            .say("What it buys cannot be told: the constant of equal average margin leaves nothing uncovered here.")
            .0;
    };
    let constant = "the baseline times the constant of equal average margin";
    let mut said = if ratio < 1.0 {
        let said =
            said.say("It buys: it leaves ").of(at("less"), Percent(1)).say(" less uncovered than ").say(constant);
        said.say(" (ratio ").of(at("ratio"), Fixed(3))
    } else {
        let said = said.say("It does not pay: it leaves ").of(at("ratio"), Fixed(3)).say(" times what ").say(constant);
        said.say(" leaves (")
    };
    if scores.pointer(&at("band/0")).is_some() {
        said = said.say(if ratio < 1.0 { ", 90 % band " } else { "90 % band " }).of(at("band/0"), Fixed(2));
        said = said.say(" to ").of(at("band/1"), Fixed(2));
    }
    if let Some(t) = number("dm_t") {
        let before = if ratio < 1.0 || scores.pointer(&at("band/0")).is_some() { ", DM t " } else { "DM t " };
        said = said.say(before).of(at("dm_t"), Fixed(1));
        if t > SURE && ratio < 1.0 {
            said = said.say(": it may be chance");
        }
    }
    said = said.say("), and is better on ").of(at("better"), Count).say(" of ").of(at("instruments"), Count);
    said = said.say(if number("instruments") == Some(1.0) { " instrument" } else { " instruments" });
    if scores.pointer(&at("worse_on/0")).is_some() {
        said = said.say(", not on ").of(at("worse_on"), Text);
    }
    if number("flat_ratio").is_some() {
        said = said.say("; against its own average asked at every row the ratio is ").of(at("flat_ratio"), Fixed(3));
    }
    said.say(".").0
}

/// What it costs.
fn costs(scores: &Value, base: &str) -> Vec<Piece> {
    let at = |key: &str| format!("{base}/{key}");
    let number = |key: &str| scores.pointer(&at(key)).and_then(Value::as_f64);
    let mut said = Sentence::default()
        .say("It costs ")
        .of(at("average"), Percent(2))
        .say(" of notional on average, ")
        .of(at("average_ratio"), Fixed(3))
        .say(" times the baseline; the worst rises over 1, 5 and 20 rows are ");
    for (key, after) in [("rises", " beside "), ("control_rises", " of the constant")] {
        for (k, between) in [(0, ", "), (1, " and "), (2, after)] {
            said = said.of(at(&format!("{key}/{k}")), Percent(1)).say(between);
        }
    }
    let larger: Vec<&str> = [(0, "1"), (1, "5"), (2, "20")]
        .into_iter()
        .filter(|(k, _)| number(&format!("rises/{k}")) > number(&format!("control_rises/{k}")))
        .map(|(_, rows)| rows)
        .collect();
    said = match larger.as_slice() {
        [] => said.say(", none of them larger"),
        some => said.say(&format!(", larger over {} rows", some.join(" and "))),
    };
    said.say("; the margin changes ").of(at("changes_a_day"), Fixed(1)).say(" times a day.").0
}
