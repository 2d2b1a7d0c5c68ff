//! A margin statement for people.

use crate::app::table::render as columns;
use crate::loss::baseline::var::Scaling;
use crate::loss::portfolio::quadratic::Method;
use crate::loss::portfolio::scenario::ScenarioLabel;
use crate::loss::portfolio::stress::StressLoss;
use crate::loss::portfolio::{Binding, TailMeasure};
use crate::margin::account::charged::Charged;
use crate::margin::account::statement::{HoldingsLine, Statement};
use crate::margin::cents::{nearest, text};
use crate::margin::guardrail::policy::IM_OVER_MM;

fn percent(x: f64) -> String {
    format!("{:+.1} %", 100.0 * x)
}

/// The statement as text.
pub fn render(s: &Statement) -> String {
    let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let mut out = format!(
        "\nAccount {}: {}, amounts in the quote currency\n{} over {}: {} from {} to {}{}\n\n",
        s.account,
        count(s.positions.len(), "position"),
        tail(s),
        s.horizon,
        count(s.scenarios, "scenario"),
        s.first,
        s.last,
        match s.scaling {
            None => "",
            Some(Scaling::Full) => ", scaled to today's volatility",
            Some(Scaling::Mid) => ", scaled half way to today's volatility",
        }
    );
    out += &columns(&["requirement", "amount", ""], &bill(s));
    out += &by_position(s);
    out += &worst(s);
    out += &closing(s);
    out += &s.collateral.as_ref().map_or_else(String::new, collateral);
    out += &stress(s);
    s.notes.iter().for_each(|note| out += &format!("note: {note}\n"));
    out
}

/// The measure of loss.
fn tail(s: &Statement) -> String {
    let measure = if s.portfolio.measure == TailMeasure::Es { "expected shortfall" } else { "VaR" };
    format!("{} % {measure}", short(100.0 * s.portfolio.alpha))
}

/// Without the last bits of a product.
fn short(x: f64) -> f64 {
    (x * 1e6).round() / 1e6
}

/// What is asked, part by part.
fn bill(s: &Statement) -> Vec<Vec<String>> {
    let part = |name: &str| s.parts_cents.get(name).copied().unwrap_or_default();
    let line = |what: &str, cents: i64, why: String| vec![what.to_string(), text(cents), why];
    let cap = 100.0 * s.portfolio.offset_cap;
    let binding = match s.binding {
        Binding::ScenarioLoss => "loss of all positions together".into(),
        Binding::StressedCorrelation => "underlyings' losses under stressed correlation".into(),
        Binding::OffsetCap => format!("offsets count for {} % of gross at most", short(cap)),
    };
    let days = s.closings.iter().map(|c| c.days).fold(0.0, f64::max);
    let grid = s.option_grid.iter().map(|g| {
        let vol = ["volatility down", "volatility as it is", "volatility up"][(g.vol_shock + 1).clamp(0, 2) as usize];
        format!("{} worst at {}, {vol}", g.underlying, percent(g.price_move))
    });
    let off = match s.gross_cents {
        0 => String::new(),
        gross => format!("{:.1} % of gross", 100.0 * (-s.diversification_cents) as f64 / gross as f64),
    };
    let mut rows = vec![
        line("gross scenario loss", s.gross_cents, "each position alone, added up".into()),
        line("less diversification", s.diversification_cents, off),
        line("= net scenario loss", part("net"), binding),
        line("+ option shocks", part("option_shock"), grid.collect::<Vec<_>>().join("; ")),
        line("+ time to close", part("horizon"), format!("up to {days:.4} days at a tenth of the daily volume")),
        line("+ concentration", part("concentration"), "net notional beyond its threshold".into()),
        line("+ liquidity", part("liquidity"), "half spread and impact of closing everything".into()),
        line(
            "+ multiplier",
            part("multiplier"),
            format!("{:.2} on net, each underlying's own on its shocks", s.multiplier),
        ),
        line("+ size tiers", part("tier"), "what size schedules ask beyond all that".into()),
        line(
            if s.charged == Charged::New { "= margin of what is new" } else { "= initial margin" },
            s.initial_cents,
            if s.charged == Charged::New { "asked of what opens, adds or withdraws".into() } else { String::new() },
        ),
        line(
            "maintenance margin",
            s.maintenance_cents,
            format!(
                "{} % of {}{}",
                short(100.0 / IM_OVER_MM),
                if s.charged == Charged::New { "that" } else { "initial margin" },
                if s.charged == Charged::Held { "; asked of what is held" } else { "" }
            ),
        ),
    ];
    rows.retain(|r| !r[0].starts_with('+') || r[1] != "0.00");
    rows
}

fn by_position(s: &Statement) -> String {
    if s.positions.is_empty() {
        return String::new();
    }
    let rows: Vec<Vec<String>> = s
        .positions
        .iter()
        .map(|p| {
            let (net, shock) = (p.parts_cents["net"], p.parts_cents["option_shock"]);
            vec![
                p.position.clone(),
                p.underlying.to_string(),
                p.quantity.to_string(),
                text(nearest(p.notional)),
                text(p.standalone_cents),
                text(net),
                text(shock),
                text(p.total_cents - net - shock),
                text(p.total_cents),
            ]
        })
        .chain([{
            let (net, shock) = (s.parts_cents["net"], s.parts_cents["option_shock"]);
            let (sum, rest) = (text(s.initial_cents), text(s.initial_cents - net - shock));
            let blank = String::new;
            vec!["sum".into(), blank(), blank(), blank(), text(s.gross_cents), text(net), text(shock), rest, sum]
        }])
        .collect();
    let head = ["position", "underlying", "quantity", "notional", "alone", "net", "shocks", "add-ons", "total"];
    let hedges = s.positions.iter().any(|p| p.total_cents < 0);
    let why = if hedges {
        "a position whose total is negative hedges the others: a little less of it, and more is asked\n"
    } else {
        ""
    };
    format!("\n{}{why}", columns(&head, &rows))
}

fn worst(s: &Statement) -> String {
    let row = |w: &crate::margin::account::statement::WorstLine| {
        let moves: Vec<String> = w.moves.iter().take(4).map(|(s, m)| format!("{s} {}", percent(*m))).collect();
        vec![w.scenario.to_string(), text(w.loss_cents), moves.join(", ")]
    };
    let rows: Vec<Vec<String>> = s.worst.iter().map(row).collect();
    let moves = if s.scaling.is_some() { "moves as scaled" } else { "moves" };
    if rows.is_empty() { String::new() } else { format!("\n{}", columns(&["worst scenario", "loss", moves], &rows)) }
}

fn closing(s: &Statement) -> String {
    let row = |c: &crate::margin::account::requirement::Closing| {
        vec![
            c.underlying.to_string(),
            text(nearest(c.notional)),
            format!("{:.1} bp", 1e4 * c.cost),
            format!("{:.4}", c.days),
            c.budget_per_min.map_or_else(|| "-".into(), |b| text(nearest(b))),
            format!("{:.2} %", 100.0 * c.fee),
        ]
    };
    let rows: Vec<Vec<String>> = s.closings.iter().map(row).collect();
    let head = ["to close", "notional", "cost", "days", "budget a minute", "fee advised"];
    let mut out = if rows.is_empty() { String::new() } else { format!("\n{}", columns(&head, &rows)) };
    if let Some(d) = &s.delta_gamma {
        let method = match d.method {
            Method::Exact => "exact",
            Method::CornishFisher => "Cornish-Fisher",
            Method::Saddlepoint => "saddlepoint",
        };
        let level = short(100.0 * s.portfolio.alpha);
        let amount = text(d.var_cents);
        out += &format!("for comparison, {level} % VaR by sensitivities and normal moves ({method}): {amount}\n");
    }
    out
}

fn collateral(h: &HoldingsLine) -> String {
    let row = |a: &crate::margin::account::collateral::Valued| {
        let related = a.correlation.map_or_else(|| "-".into(), |c| format!("{c:+.2}"));
        vec![a.asset.to_string(), text(nearest(a.value)), format!("{:.2} %", 100.0 * a.haircut), related]
    };
    let rows: Vec<Vec<String>> = h.assets.iter().map(row).collect();
    let table = columns(&["collateral", "value", "haircut", "correlation"], &rows);
    let word = if h.excess_cents < 0 { "missing" } else { "free" };
    format!(
        "\n{table}value {} less haircut {} and relief {} counts {}; {word} {}\n",
        text(h.value_cents),
        text(h.haircut_cents),
        text(h.relief_cents),
        text(h.counted_cents),
        text(h.excess_cents.abs())
    )
}

fn stress(s: &Statement) -> String {
    let row = |x: &StressLoss| {
        vec![x.name.clone(), text(nearest(x.pnl)), x.worst.as_ref().map_or_else(String::new, ScenarioLabel::to_string)]
    };
    let rows: Vec<Vec<String>> = s.stress.episodes.iter().chain(&s.stress.shocks).map(row).collect();
    let mut out = if rows.is_empty() {
        String::new()
    } else {
        format!("\n{}", columns(&["stress, unscaled", "profit", "worst ends"], &rows))
    };
    if let Some(step) = s.stress.reverse {
        out += &format!("collateral and fund are used up when all prices move by {}\n", percent(step));
    }
    out
}
