//! Processes by name.

use serde::{Deserialize, Serialize};

/// A process by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GarchKind {
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

impl GarchKind {
    /// Every kind.
    pub const ALL: [GarchKind; 11] = [
        GarchKind::Arch,
        GarchKind::Garch,
        GarchKind::Gjr,
        GarchKind::Tarch,
        GarchKind::Aparch,
        GarchKind::Egarch,
        GarchKind::Harch,
        GarchKind::Figarch,
        GarchKind::Component,
        GarchKind::Integrated,
        GarchKind::Realized,
    ];

    /// Default orders `p, o, q`; `None` where the process has no such order.
    pub(super) fn orders(self) -> [Option<usize>; 3] {
        match self {
            GarchKind::Arch => [Some(5), Some(0), None],
            GarchKind::Garch => [Some(1), Some(0), Some(1)],
            GarchKind::Gjr | GarchKind::Tarch | GarchKind::Egarch => [Some(1); 3],
            GarchKind::Aparch | GarchKind::Figarch | GarchKind::Realized => [Some(1), None, Some(1)],
            GarchKind::Harch | GarchKind::Component | GarchKind::Integrated => [None; 3],
        }
    }
}
