//! Words everyone shares: time, symbols, probability, seeds, statistics, tables, files and digests.
//!
//! | file | what it holds |
//! |---|---|
//! | [`aci`] | a correction of a quantile that learns from each miss |
//! | [`atomic`] | files that are either whole or absent |
//! | [`digest`] | SHA-256 of bytes and of canonical JSON |
//! | [`ordered`] | moving windows kept in order of size, by count and by time; for callers of the library: `around`, `forget` |
//! | [`pareto`] | the generalised Pareto law of a tail, and two ways to fit it; for callers of the library: `of_outermost` |
//! | `planted` | in tests: leaks of the future, to see them found |
//! | [`prob`] | probabilities and confidence levels |
//! | [`problem`] | what is wrong with settings, all at once |
//! | [`quantile`] | empirical quantiles by seven rules, and the mean beyond one |
//! | [`ring`] | the last values in order of arrival, and sums over them |
//! | [`seed`] | randomness that has a name |
//! | [`settings`] | reading settings, with every unknown key and the nearest known |
//! | [`stats`] | mean, variance, quantile, the normal law |
//! | [`symbol`] | an instrument's name |
//! | [`table`] | typed columns to and from Parquet |
//! | [`ts`] | instants, lengths of time, horizons |
//!
//! This folder knows nothing of markets, models or margins.

pub mod aci;
pub mod atomic;
pub mod digest;
pub mod ordered;
pub mod pareto;
#[cfg(test)]
pub(crate) mod planted;
pub mod prob;
pub mod problem;
pub mod quantile;
pub mod ring;
pub mod seed;
pub mod settings;
pub mod stats;
pub mod symbol;
pub mod table;
pub mod ts;

pub use aci::Aci;
pub use digest::Digest;
pub use ordered::{OrderedSpan, OrderedWindow};
pub use prob::{Level, Prob};
pub use problem::Problems;
pub use ring::Ring;
pub use seed::Seed;
pub use symbol::Symbol;
pub use ts::{Horizon, Span, Ts};
