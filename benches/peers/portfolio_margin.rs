//! Margins a portfolio, and accounts of five positions each, over given moves, on one thread, and
//! prints one JSON object with the results and the seconds that they took. `portfolio.py` beside it
//! runs this and numpy on the same numbers.
//!
//! `portfolio_margin FILE POSITIONS UNDERLYINGS SCENARIOS`; the file holds little-endian floats: per
//! position underlying, quantity, delta and gamma at price 100, then moves by underlying.

use std::collections::BTreeMap;
use std::time::Instant;

use margincast::base::{Span, Symbol};
use margincast::loss::portfolio::greeks::Greeks;
use margincast::loss::portfolio::position::{Position, Terms};
use margincast::loss::portfolio::scenario::{ScenarioLabel, Scenarios};
use margincast::loss::portfolio::{Params, Portfolio};

const ROUNDS: usize = 10;
const ACCOUNT: usize = 5;

#[allow(clippy::disallowed_methods)] // What is timed is wall time.
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().collect();
    let [_, path, positions, underlyings, scenarios] = args.as_slice() else {
        return Err("usage: portfolio_margin FILE POSITIONS UNDERLYINGS SCENARIOS".into());
    };
    let (positions, underlyings, n): (usize, usize, usize) =
        (positions.parse()?, underlyings.parse()?, scenarios.parse()?);
    let bytes = std::fs::read(path)?;
    let floats: Vec<f64> = bytes.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect();
    let (rows, moves) = floats.split_at(4 * positions);
    let symbol = |i: usize| format!("COIN{i:03}").parse::<Symbol>();
    let mut by_symbol = BTreeMap::new();
    for i in 0..underlyings {
        by_symbol.insert(symbol(i)?, moves[i * n..(i + 1) * n].to_vec());
    }
    let labels = (0..n).map(|t| ScenarioLabel::Named(t.to_string())).collect();
    let scenarios = Scenarios::new(labels, Span::DAY, by_symbol, BTreeMap::new())?;
    let mut all = Vec::new();
    for (k, row) in rows.chunks(4).enumerate() {
        let greeks = Greeks { delta: row[2], gamma: row[3], vega: 0.0 };
        let terms = Terms::Greeks { greeks, vol: 0.6, days: 20.0 };
        let (id, underlying) = (format!("p{k:06}"), symbol(row[0] as usize)?);
        all.push(Position { id, underlying, quantity: row[1], price: 100.0, terms });
    }
    let portfolio = Portfolio::new(all.clone())?;
    let accounts = all.chunks(ACCOUNT).map(|p| Portfolio::new(p.to_vec())).collect::<Result<Vec<_>, _>>()?;
    let params = Params::default();
    let began = Instant::now();
    for _ in 1..ROUNDS {
        std::hint::black_box(portfolio.net(&scenarios, &params)?);
    }
    let net = portfolio.net(&scenarios, &params)?;
    let seconds = began.elapsed().as_secs_f64() / ROUNDS as f64;
    let began = Instant::now();
    let mut requirements = Vec::new();
    for account in &accounts {
        requirements.push(account.net(&scenarios, &params)?.requirement);
    }
    let accounts_seconds = began.elapsed().as_secs_f64();
    println!(
        "{}",
        serde_json::json!({
            "gross": net.gross, "scenario_loss": net.scenario_loss, "stressed_loss": net.stressed_loss,
            "requirement": net.requirement, "seconds": seconds,
            "accounts": requirements, "accounts_seconds": accounts_seconds,
        })
    );
    Ok(())
}
