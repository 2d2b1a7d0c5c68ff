//! The gates on margins: what the guarded requirement of a version's own study must show.

use super::evidence::MarginEvidence;
use super::gate::{Gate, gate};
use crate::base::Seed;
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
/// Not too many breaches, and no clusters, pooled over instruments and sides.
pub(super) fn coverage(m: &MarginEvidence) -> Gate {
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

/// The traffic light on the same count.
pub(super) fn green(m: &MarginEvidence) -> Gate {
    let found = traffic_light(m.hits.n, m.hits.breaches, MISS).filter(|_| m.hits.n > 0);
    let got = match found {
        Some(light) => format!("{light:?}, {} of {}", m.hits.breaches, m.hits.n).to_lowercase(),
        None => "no outcomes".into(),
    };
    gate(format!("traffic light over {}", m.horizon), "green", got, found == Some(Light::Green))
}

/// Acerbi and Szekely's second statistic.
pub(super) fn shortfall(m: &MarginEvidence) -> Gate {
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

/// Better than the baseline times the constant of equal average.
pub(super) fn equal_cost(m: &MarginEvidence) -> Gate {
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

/// How far the margin overshoots when volatility doubles.
pub(super) fn overshoot(m: &MarginEvidence) -> Gate {
    let got = m.overshoot.map_or_else(|| "nothing measured".into(), |o| format!("{:+.1} %", 100.0 * o));
    let passed = m.overshoot.is_some_and(|o| o <= OVERSHOOT_MAX);
    gate(format!("overshoot over {}", m.horizon), "at most 10 % when volatility doubles", got, passed)
}

/// No more left uncovered than by the baseline in any scenario.
pub(super) fn stress(m: &MarginEvidence) -> Gate {
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
