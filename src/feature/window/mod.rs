//! One window: its bars, and the features that are sums over them.
//!
//! | file | what it holds |
//! |---|---|
//! | [`bar`] | bars made from trades |
//! | `volatility` | realised variances, jumps, skewness of the window |
//! | `flow` | volume, its sign and its price impact |
//!
//! This folder knows nothing of the windows before.

pub mod bar;
mod flow;
mod volatility;

pub(super) use flow::Flow;
pub(super) use volatility::Volatility;
