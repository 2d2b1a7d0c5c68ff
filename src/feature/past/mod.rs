//! Features over several rows.
//!
//! | file | what it holds |
//! |---|---|
//! | `lag` | means and sums over the last rows |
//! | `change` | when the level of variance last shifted |
//! | `season` | the diurnal factor |
//!
//! This folder knows nothing of bars, trades and gauges: it sees the rows of one instrument.

mod change;
mod lag;
mod season;

pub(super) use lag::Lags;
pub(super) use season::Season;
