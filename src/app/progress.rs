//! How far a long command is: a bar with rate and time left on a terminal, one JSON line every five
//! seconds elsewhere. Always on stderr.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// How often a line is written when nobody watches.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Shows the stages of one command.
pub struct Progress {
    terminal: bool,
    stage: Mutex<Option<Stage>>,
}

struct Stage {
    name: String,
    bar: ProgressBar,
    since: Instant,
    told: Instant,
}

impl Progress {
    /// For this process's stderr.
    pub fn new() -> Progress {
        Progress { terminal: std::io::stderr().is_terminal(), stage: Mutex::new(None) }
    }
    /// Tells that `done` of `all` steps of a stage are done.
    #[allow(clippy::disallowed_methods)] // A rate is about wall time, and nothing decided depends on it.
    pub fn tell(&self, name: &str, done: u64, all: u64) {
        let Ok(mut stage) = self.stage.lock() else { return };
        let now = Instant::now();
        if stage.as_ref().is_none_or(|s| s.name != name) {
            let bar = if self.terminal { ProgressBar::new(all) } else { ProgressBar::hidden() };
            let style = "{prefix:>8} [{bar:30}] {pos}/{len}  {per_sec}  {eta} left";
            if let Ok(style) = ProgressStyle::with_template(style) {
                bar.set_style(style);
            }
            bar.set_prefix(name.to_string());
            *stage = Some(Stage { name: name.into(), bar, since: now, told: now });
        }
        let Some(s) = stage.as_mut() else { return };
        s.bar.set_length(all);
        s.bar.set_position(done);
        if self.terminal && done == all {
            s.bar.finish();
        }
        if !self.terminal && (done == all || now - s.told >= LINE_EVERY) {
            s.told = now;
            let secs = (now - s.since).as_secs_f64();
            let rate = done as f64 / secs.max(1e-9);
            let left = (all - done.min(all)) as f64 / rate.max(1e-9);
            let line = serde_json::json!({
                "stage": name, "done": done, "all": all,
                "per_second": (rate * 100.0).round() / 100.0, "seconds_left": left.round(),
            });
            eprintln!("{line}");
        }
    }
}

impl Default for Progress {
    fn default() -> Progress {
        Progress::new()
    }
}
