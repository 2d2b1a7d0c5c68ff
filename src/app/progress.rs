//! How far a long command is: a bar with rate and time left on a terminal, and the loss of every
//! model that is being fitted; one JSON line every five seconds elsewhere. Always on stderr.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::json;

use crate::study::Progress;

/// How often a line is written when nobody watches.
const LINE_EVERY: Duration = Duration::from_secs(5);
/// Losses that a curve shows.
const CURVE_POINTS: usize = 32;

/// Shows the stages of one command.
pub struct Bars {
    terminal: bool,
    screen: MultiProgress,
    shown: Mutex<Shown>,
}

#[derive(Default)]
struct Shown {
    stage: Option<Stage>,
    /// By instance and horizon.
    curves: BTreeMap<String, Curve>,
}

struct Stage {
    name: String,
    bar: ProgressBar,
    since: Instant,
    told: Instant,
}

struct Curve {
    bar: ProgressBar,
    losses: Vec<f64>,
}

impl Bars {
    /// For this process's stderr.
    pub fn new() -> Bars {
        let terminal = std::io::stderr().is_terminal();
        Bars { terminal, screen: MultiProgress::new(), shown: Mutex::default() }
    }
    /// Shows a message of a running study.
    pub fn show(&self, progress: Progress<'_>) {
        let Ok(mut shown) = self.shown.lock() else { return };
        match progress {
            Progress::Stage(name, done, all) => self.stage(&mut shown, name, done, all),
            Progress::Warning(text) => tracing::warn!("{text}"),
            Progress::Loss(model, horizon, loss) => self.loss(&mut shown, format!("{model} {horizon}"), loss),
        }
    }
    fn bar(&self, all: u64, style: &str) -> ProgressBar {
        if !self.terminal {
            return ProgressBar::hidden();
        }
        let bar = self.screen.add(ProgressBar::new(all));
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        bar
    }
    #[allow(clippy::disallowed_methods)] // A rate is about wall time, and nothing decided depends on it.
    fn stage(&self, shown: &mut Shown, name: &str, done: u64, all: u64) {
        let now = Instant::now();
        if shown.stage.as_ref().is_none_or(|s| s.name != name) {
            let bar = self.bar(all, "{prefix:>8} [{bar:30}] {pos}/{len}  {per_sec}  {eta} left");
            bar.set_prefix(name.to_string());
            shown.stage = Some(Stage { name: name.into(), bar, since: now, told: now });
        }
        let Some(s) = shown.stage.as_mut() else { return };
        s.bar.set_length(all);
        s.bar.set_position(done);
        if self.terminal && done == all {
            s.bar.finish();
            std::mem::take(&mut shown.curves).into_values().for_each(|c| c.bar.finish());
        } else if !self.terminal && (done == all || now - s.told >= LINE_EVERY) {
            s.told = now;
            let secs = (now - s.since).as_secs_f64();
            let rate = done as f64 / secs.max(1e-9);
            let left = (all - done.min(all)) as f64 / rate.max(1e-9);
            let losses: BTreeMap<&String, Option<&f64>> =
                shown.curves.iter().map(|(name, c)| (name, c.losses.last())).collect();
            let line = json!({
                "stage": name, "done": done, "all": all,
                "per_second": (rate * 100.0).round() / 100.0, "seconds_left": left.round(), "losses": losses,
            });
            eprintln!("{line}");
        }
    }
    fn loss(&self, shown: &mut Shown, name: String, loss: f64) {
        let curve = shown.curves.entry(name).or_insert_with_key(|name| {
            let bar = self.bar(1, "{prefix:>16} {msg}");
            bar.set_prefix(name.clone());
            Curve { bar, losses: Vec::new() }
        });
        if curve.losses.len() == CURVE_POINTS {
            curve.losses.remove(0);
        }
        curve.losses.push(loss);
        curve.bar.set_message(format!("loss {loss:.4} {}", drawn(&curve.losses)));
    }
}

/// A curve in one line: the largest value the highest block, the smallest the lowest.
fn drawn(losses: &[f64]) -> String {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let (low, high) = losses.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
    let block = |v: &f64| BLOCKS[(7.0 * (v - low) / (high - low).max(1e-12)).round().clamp(0.0, 7.0) as usize];
    losses.iter().map(block).collect()
}

impl Default for Bars {
    fn default() -> Bars {
        Bars::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_falling_loss_draws_a_falling_line() {
        assert_eq!(drawn(&[0.8, 0.5, 0.1]), "█▅▁");
        assert_eq!(drawn(&[0.3, 0.3]), "▁▁");
    }
}
