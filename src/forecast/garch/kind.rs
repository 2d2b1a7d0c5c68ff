//! Processes by name.

use serde::{Deserialize, Serialize};

/// A process by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProcessKind {
    /// ARCH(5).
    Arch,
    /// GARCH(1,1).
    #[default]
    Garch,
    /// GARCH in which negative residuals weigh more (Glosten, Jagannathan, Runkle).
    Gjr,
    /// The same for the standard deviation (Zakoian).
    Tarch,
    /// Asymmetric power ARCH (Ding, Granger, Engle).
    Aparch,
    /// Exponential GARCH (Nelson).
    Egarch,
    /// Heterogeneous ARCH (Muller et al.).
    Harch,
    /// Fractionally integrated GARCH (Baillie, Bollerslev, Mikkelsen).
    Figarch,
    /// GARCH around a long-run component (Engle, Lee).
    Component,
    /// GARCH of persistence one (Engle, Bollerslev).
    Integrated,
    /// Realized GARCH (Hansen, Huang, Shek).
    Realized,
}

impl ProcessKind {
    /// Every kind.
    pub const ALL: [ProcessKind; 11] = [
        ProcessKind::Arch,
        ProcessKind::Garch,
        ProcessKind::Gjr,
        ProcessKind::Tarch,
        ProcessKind::Aparch,
        ProcessKind::Egarch,
        ProcessKind::Harch,
        ProcessKind::Figarch,
        ProcessKind::Component,
        ProcessKind::Integrated,
        ProcessKind::Realized,
    ];

    /// Default orders `p, o, q`; `None` where the process has no such order.
    pub(super) fn orders(self) -> [Option<usize>; 3] {
        match self {
            ProcessKind::Arch => [Some(5), Some(0), None],
            ProcessKind::Garch => [Some(1), Some(0), Some(1)],
            ProcessKind::Gjr | ProcessKind::Tarch | ProcessKind::Egarch => [Some(1); 3],
            ProcessKind::Aparch | ProcessKind::Figarch | ProcessKind::Realized => [Some(1), None, Some(1)],
            ProcessKind::Harch | ProcessKind::Component | ProcessKind::Integrated => [None; 3],
        }
    }
}
