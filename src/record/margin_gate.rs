//! The gates on margins: what the guarded requirement of a version's own study must show, and what must
//! be signed, before the version is served.
//!
//! | gate | passes when |
//! |---|---|
//! | margin coverage over h | one-sided Kupiec and conditional coverage p at least 5 %, pooled over instruments and sides, 1,000 outcomes that do not overlap or more |
//! | traffic light over h | green on the same count |
//! | expected shortfall over h | Z2 above its 5 % critical value |
//! | equal cost over h | less shortfall and a smaller ES99 of five-day calls than the baseline times the constant of equal average, neither worse, and no more breaches |
//! | overshoot over h | at most 10 % when volatility doubles |
//! | stress library over h | in no scenario more left uncovered than by the baseline |
//! | closed loop | not run: there is no simulator of the market's answer yet |
//! | shadow | 14 days as `shadow` or `challenger`; not run where nothing is in force |
//! | card | author, limits and a date of expiry ahead, and who promotes is not the author |

use serde::{Deserialize, Serialize};

use super::alias::{By, Move};
use super::gate::{Gate, Hits, gate};
use crate::base::{Digest, Horizon, Seed, Span, Ts};
use crate::loss::test::coverage::{conditional_over, kupiec_over};
use crate::loss::test::shortfall::{Draws, Null, critical_values};
use crate::loss::test::traffic_light::{Light, traffic_light};

/// Nominal breach rate.
const MISS: f64 = 0.01;
/// Level of each test.
const LEVEL: f64 = 0.05;
/// Fewest outcomes of a test.
const ROWS: usize = 1000;
/// Largest overshoot.
const OVERSHOOT_MAX: f64 = 0.10;
/// Least time in the shadow.
const SHADOW: Span = Span(14 * Span::DAY.0);

/// What a study measured of the guarded margin over one horizon.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Margins {
    /// How far ahead.
    pub horizon: Horizon,
    /// Breaches, pooled over instruments and sides.
    pub hits: Hits,
    /// Acerbi and Szekely's second statistic of the same outcomes.
    pub z2: Option<f64>,
    /// What it cost.
    pub own: Cost,
    /// The baseline times the constant of equal average.
    pub control: Cost,
    /// Largest mean margin over twice the old one, less 1, when volatility doubles.
    pub overshoot: Option<f64>,
    /// Scenarios.
    pub stress: Vec<Stress>,
}

/// What a margin cost those who paid it, and what it missed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// Breaches, over all instruments.
    pub breaches: usize,
    /// Sum of shortfalls, fraction of notional.
    pub shortfall_sum: f64,
    /// Mean of the relative five-day rises beyond their 99 % order statistic.
    pub call_es99: Option<f64>,
}

/// Sums of what was left uncovered in one scenario, fraction of notional.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stress {
    /// Which.
    pub name: String,
    /// By the guarded margin.
    pub own: f64,
    /// By the baseline.
    pub baseline: f64,
}

/// Who answers for a version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// Who trained it.
    pub author: String,
    /// How many limits its card names.
    pub limits: usize,
    /// From then on it is to be looked at again.
    pub expires: Ts,
}

/// The gates on what a study measured of margins.
pub fn measured(margins: &[Margins]) -> Vec<Gate> {
    if margins.is_empty() {
        return vec![gate("margins", "evidence of the guarded margin", "the version has none", false)];
    }
    margins.iter().flat_map(|m| [coverage(m), light(m), shortfall(m), dominates(m), overshoot(m), stress(m)]).collect()
}

fn coverage(m: &Margins) -> Gate {
    let found = kupiec_over(m.hits.n, m.hits.breaches, MISS).zip(conditional_over(
        m.hits.n,
        m.hits.breaches,
        m.hits.transitions,
        MISS,
    ));
    let got = found.map_or_else(
        || "no outcomes".into(),
        |(kupiec, conditional)| {
            let share = 100.0 * m.hits.breaches as f64 / m.hits.n as f64;
            format!("{share:.2} % of {}, Kupiec p {:.3}, conditional p {:.3}", m.hits.n, kupiec.p, conditional.p)
        },
    );
    let passed = m.hits.n >= ROWS && found.is_some_and(|(a, b)| a.p >= LEVEL && b.p >= LEVEL);
    gate(
        format!("margin coverage over {}", m.horizon),
        format!("both p >= {LEVEL} on {ROWS}, too many only"),
        got,
        passed,
    )
}

fn light(m: &Margins) -> Gate {
    let found = traffic_light(m.hits.n, m.hits.breaches, MISS).filter(|_| m.hits.n > 0);
    let got = match found {
        Some(light) => format!("{light:?}, {} of {}", m.hits.breaches, m.hits.n).to_lowercase(),
        None => "no outcomes".into(),
    };
    gate(format!("traffic light over {}", m.horizon), "green", got, found == Some(Light::Green))
}

fn shortfall(m: &Margins) -> Gate {
    let draws = Draws { seed: Seed(7).named("promotion gate"), ..Draws::default() };
    let critical =
        critical_values(Null::Student(5.0), MISS, m.hits.n, &[LEVEL], draws).and_then(|v| v.first().copied());
    let found = m.z2.zip(critical.filter(|_| m.hits.n > 0));
    let got = found.map_or_else(|| "nothing measured".into(), |(z, c)| format!("Z2 {z:.3}, critical {c:.3}"));
    gate(
        format!("expected shortfall over {}", m.horizon),
        "Z2 above its 5 % value",
        got,
        found.is_some_and(|(z, c)| z > c),
    )
}

fn dominates(m: &Margins) -> Gate {
    let (own, control) = (m.own, m.control);
    let calls = own.call_es99.zip(control.call_es99);
    let got = match calls {
        Some((a, b)) => format!(
            "shortfall {:.3} : {:.3}, five-day calls {:.1} % : {:.1} %, breaches {} : {}",
            own.shortfall_sum,
            control.shortfall_sum,
            100.0 * a,
            100.0 * b,
            own.breaches,
            control.breaches
        ),
        None => "no two margins five days apart".into(),
    };
    let passed = calls.is_some_and(|(a, b)| {
        let better = own.shortfall_sum < control.shortfall_sum || a < b;
        better && own.shortfall_sum <= control.shortfall_sum && a <= b && own.breaches <= control.breaches
    });
    gate(format!("equal cost over {}", m.horizon), "better than a constant of equal average", got, passed)
}

fn overshoot(m: &Margins) -> Gate {
    let got = m.overshoot.map_or_else(|| "nothing measured".into(), |o| format!("{:+.1} %", 100.0 * o));
    let passed = m.overshoot.is_some_and(|o| o <= OVERSHOOT_MAX);
    gate(format!("overshoot over {}", m.horizon), "at most 10 % when volatility doubles", got, passed)
}

fn stress(m: &Margins) -> Gate {
    let worse: Vec<String> = m
        .stress
        .iter()
        .filter(|s| s.own > s.baseline * (1.0 + 1e-12))
        .map(|s| format!("{} {:.4} : {:.4}", s.name, s.own, s.baseline))
        .collect();
    let got = match (m.stress.len(), worse.is_empty()) {
        (0, _) => "no scenario".into(),
        (n, true) => format!("none of {n} scenarios worse"),
        (_, false) => worse.join("; "),
    };
    let passed = worse.is_empty() && !m.stress.is_empty();
    gate(format!("stress library over {}", m.horizon), "no more uncovered than by the baseline", got, passed)
}

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
    let open = |m: &&Move| super::gate::OPEN.contains(&m.alias.as_str()) && m.to.digest == *version;
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
