//! # margincast
//!
//! Learns volatility regimes from order-flow history and publishes forward-looking margin
//! multipliers under guardrails.
//!
//! The folder list is the data flow. A folder may name only the folders above it:
//!
//! | folder | what it is |
//! |---|---|
//! | [`base`] | words everyone shares: time, probability, seed, statistics, tables, digests |
//! | [`event`] | what the market did: trades, bars, gauges, accounts and books, from vendor files and the lake |
//! | [`feature`] | what the models see: one [`feature::Row`] per window, built event by event |
//! | [`forecast`] | what may happen: [`forecast::Model`]s are learnt, [`forecast::Forecaster`]s run |
//! | [`loss`] | what it would cost: VaR and ES, scores, margin outcome |
//! | [`margin`] | what we ask for: the multiplier chain and its guardrails |
//! | [`pipeline`] | from events to decisions: `push(Input) -> Vec<Decision>` |
//! | [`record`] | what we can prove: model registry and hash-chained ledger |
//! | [`serve`] | what others see: HTTP, server-sent events, metrics |
//! | [`study`] | what we learnt: walk-forward training, backtest, report |
//!
//! The promise: *the same events, configuration, model and seed give the same decision, bit for
//! bit, in a backtest, in the live service and in an audit years later.*
//!
//! There is one road. A backtest, a report, the server and an audit all run
//! [`pipeline::Pipeline::push`]; nothing below [`serve`] reads a clock, and everything sorts and
//! joins on the time at which a thing could first be known.

pub mod base;
pub mod event;
pub mod feature;
pub mod forecast;
pub mod loss;
pub mod margin;
pub mod pipeline;
pub mod record;
pub mod serve;
pub mod study;

pub mod app;
