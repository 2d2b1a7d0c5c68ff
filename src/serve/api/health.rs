//! Live, started, ready, and why not.

use super::wire::Check;
use crate::base::Span;
use crate::record::ledger::Status;
use crate::serve::clock;
use crate::serve::hub::{Hub, SinkHealth};

/// A sink that has something to deliver and acknowledged nothing for so long hangs.
const SINK_PATIENCE: Span = Span(30 * Span::SECOND.0);

fn check(name: &str, ok: bool, detail: String) -> Check {
    Check { name: name.into(), ok, detail }
}

/// Everything that being ready depends on. A service with no model, nothing published, an
/// instrument missing, or stale or expired values is not ready: there is no "all of nothing".
pub fn checks(hub: &Hub) -> Vec<Check> {
    let snapshot = hub.snapshot();
    let now = hub.now();
    let model = hub.model();
    let wanted: Vec<_> =
        hub.options.symbols.iter().flat_map(|s| hub.options.horizons.iter().map(move |h| (*s, *h))).collect();
    let missing: Vec<String> =
        wanted.iter().filter(|k| !snapshot.rows.contains_key(k)).map(|(s, h)| format!("{s} {h}")).collect();
    let rows = || snapshot.rows.values().map(|r| &r.publication);
    let stale: Vec<String> = rows()
        .filter(|p| matches!(p.status, Status::Degraded | Status::Fallback))
        .map(|p| format!("{} {} {}", p.symbol, p.horizon, p.status.as_str()))
        .collect();
    let expired: Vec<String> = rows()
        .filter(|p| p.valid_until < now)
        .map(|p| format!("{} {} at {}", p.symbol, p.horizon, p.valid_until))
        .collect();
    let none = |list: &[String], good: &str| if list.is_empty() { good.to_string() } else { list.join(", ") };
    let mut checks = vec![
        check("model", model.is_some(), model.unwrap_or_else(|| "none loaded".into())),
        check("ledger", hub.is_caught_up(), if hub.is_caught_up() { "caught up" } else { "catching up" }.into()),
        check(
            "published",
            !wanted.is_empty() && missing.is_empty(),
            none(&missing, &format!("{} rows", snapshot.rows.len())),
        ),
        check("inputs", !snapshot.rows.is_empty() && stale.is_empty(), none(&stale, "fresh")),
        check("valid", !snapshot.rows.is_empty() && expired.is_empty(), none(&expired, "none expired")),
        check("running", !hub.is_stopping(), if hub.is_stopping() { "stopping" } else { "yes" }.into()),
    ];
    checks.extend(sinks(hub, true));
    checks
}

/// What is watched and being ready does not depend on: sinks that the configuration calls optional.
pub fn optional(hub: &Hub) -> Vec<Check> {
    sinks(hub, false)
}

fn sinks(hub: &Hub, required: bool) -> Vec<Check> {
    let (newest, now) = (hub.newest(), clock::now());
    let all = hub.sinks();
    let wanted = all.iter().filter(|s| s.1.required == required);
    wanted.map(|(name, health)| sink(name, health, newest, now - health.moved)).collect()
}

fn sink(name: &str, health: &SinkHealth, newest: u64, quiet: Span) -> Check {
    let behind = newest.saturating_sub(health.seq);
    let hangs = behind > 0 && quiet > SINK_PATIENCE;
    let wrong = match &health.error {
        Some(why) => format!("; {why}"),
        None if hangs => format!("; nothing acknowledged for {} s", quiet.seconds().round()),
        None => String::new(),
    };
    let detail = format!("last sequence {}, {behind} behind{wrong}", health.seq);
    check(&format!("sink {name}"), health.error.is_none() && !hangs, detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Ts;

    #[test]
    fn a_sink_is_well_when_it_moves_or_has_nothing_to_do() {
        let health = SinkHealth { kind: "file", required: true, seq: 7, moved: Ts(0), error: None, failures: 0 };
        let long = Span(SINK_PATIENCE.0 + 1);
        assert!(sink("a", &health, 7, long).ok, "nothing to do");
        assert!(sink("a", &health, 9, SINK_PATIENCE).ok, "on its way");
        let hangs = sink("a", &health, 9, long);
        assert_eq!((hangs.ok, hangs.name.as_str()), (false, "sink a"));
        assert!(hangs.detail.contains("last sequence 7, 2 behind; nothing acknowledged for 30 s"), "{}", hangs.detail);
        let failed = sink("a", &SinkHealth { error: Some("full".into()), ..health }, 7, Span(0));
        assert_eq!((failed.ok, failed.detail.as_str()), (false, "last sequence 7, 0 behind; full"));
    }
}
