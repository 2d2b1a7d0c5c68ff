//! The gates that no study can measure: the closed loop, time in the shadow, and signatures.

use super::evidence::Signed;
use super::gate::{Gate, OPEN, gate};
use crate::base::{Digest, Span};
use crate::record::registry::{By, Move};

/// Least time in the shadow.
const SHADOW: Span = Span(14 * Span::DAY.0);

/// The gates that no study can measure: the closed loop, time in the shadow, and signatures.
/// `champion` is whether something is in force; `moves` are those of the registered name.
pub fn governed(signed: Option<&Signed>, version: &Digest, champion: bool, moves: &[Move], by: &By) -> Vec<Gate> {
    let closed = Gate { ran: false, ..gate("closed loop", "no gain, few own liquidations", "no simulator yet", false) };
    vec![closed, shadow(version, champion, moves, by), card(signed, by)]
}

fn shadow(version: &Digest, champion: bool, moves: &[Move], by: &By) -> Gate {
    let want = format!("{} days as shadow or challenger", SHADOW.days());
    if !champion {
        return Gate { ran: false, ..gate("shadow", want, "nothing is in force to run in the shadow of", false) };
    }
    let open = |m: &&Move| OPEN.contains(&m.alias.as_str()) && m.to.digest == *version;
    let since = moves.iter().filter(open).map(|m| m.when).min();
    let got = since.map_or_else(|| "never".into(), |t| format!("since {t}"));
    gate("shadow", want, got, since.is_some_and(|t| by.when - t >= SHADOW))
}

fn card(signed: Option<&Signed>, by: &By) -> Gate {
    let want = "author, limits, expiry; promoted by another";
    let Some(s) = signed else { return gate("card", want, "nobody signed", false) };
    let got = format!("author {}, {} limits, expires {}; promoted by {}", s.author, s.limits, s.expires, by.who);
    let passed = !s.author.is_empty() && s.author != by.who && s.limits > 0 && s.expires > by.when;
    gate("card", want, got, passed)
}
