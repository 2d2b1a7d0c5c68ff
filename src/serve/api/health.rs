//! Live, started, ready, and why not.

use super::wire::Check;
use crate::record::publication::Status;
use crate::serve::Hub;

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
    let check = |name, ok, detail| Check { name, ok, detail };
    vec![
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
    ]
}
