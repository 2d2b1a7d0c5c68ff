//! The gates that no study can measure: golden rows, the closed loop, time in the shadow, and signatures.

use super::case::VersionCase;
use super::gate::{Gate, OPEN, gate};
use crate::base::Span;
use crate::record::registry::{AliasMove, Proof};

/// Least time in the shadow.
const SHADOW: Span = Span(14 * Span::DAY.0);

/// The stored models answer their golden rows as when they were registered.
pub(super) fn replay(p: &Proof) -> Gate {
    let got = format!("{} answers over {} rows, largest difference {:e}", p.answers, p.rows, p.relative);
    gate("replay", "golden rows answered as registered", got, true)
}

/// How the market answers a margin call.
pub(super) fn closed_loop(_: &VersionCase<'_>) -> Gate {
    Gate { ran: false, ..gate("closed loop", "no gain, few own liquidations", "no simulator yet", false) }
}

/// Time beside what is in force.
pub(super) fn shadow(case: &VersionCase<'_>) -> Gate {
    let want = format!("{} days as shadow or challenger", SHADOW.days());
    if !case.champion {
        return Gate { ran: false, ..gate("shadow", want, "nothing is in force to run in the shadow of", false) };
    }
    let open = |m: &&AliasMove| OPEN.contains(&m.alias.as_str()) && m.to.digest == *case.digest;
    let since = case.moves.iter().filter(open).map(|m| m.when).min();
    let got = since.map_or_else(|| "never".into(), |t| format!("since {t}"));
    gate("shadow", want, got, since.is_some_and(|t| case.by.when - t >= SHADOW))
}

/// A card whose author is another than who promotes.
pub(super) fn card(case: &VersionCase<'_>) -> Gate {
    let (by, want) = (case.by, "author, limits, expiry; promoted by another");
    let Some(s) = case.signed else { return gate("card", want, "nobody signed", false) };
    let got = format!("author {}, {} limits, expires {}; promoted by {}", s.author, s.limits, s.expires, by.who);
    let passed = !s.author.is_empty() && s.author != by.who && s.limits > 0 && s.expires > by.when;
    gate("card", want, got, passed)
}
