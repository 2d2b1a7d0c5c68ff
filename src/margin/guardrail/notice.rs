//! Notice before maintenance margin rises: only a lift that has stood for the whole notice counts.

use crate::base::Ts;

/// Told ahead: maintenance margin may rise to `m_mm_ppm` from `from` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The multiplier that is aimed at, parts per million.
    pub m_mm_ppm: u64,
    /// First instant at which it may be asked.
    pub from: Ts,
}
