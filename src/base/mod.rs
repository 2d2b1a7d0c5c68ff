//! Words everyone shares: time, symbols, probability, seeds, statistics, tables and digests.

pub mod aci;
pub mod delay;
pub mod digest;
pub mod pareto;
pub mod prob;
pub mod problem;
pub mod quantile;
pub mod seed;
pub mod settings;
pub mod stats;
pub mod symbol;
pub mod table;
pub mod ts;

pub use aci::Aci;
pub use digest::Digest;
pub use prob::{Level, Prob};
pub use problem::Problems;
pub use seed::Seed;
pub use symbol::Symbol;
pub use ts::{Horizon, Span, Ts};
