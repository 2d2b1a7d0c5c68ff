//! Processes by name.

use serde::{Deserialize, Serialize};

/// A process by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
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

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 11] = [
        Kind::Arch,
        Kind::Garch,
        Kind::Gjr,
        Kind::Tarch,
        Kind::Aparch,
        Kind::Egarch,
        Kind::Harch,
        Kind::Figarch,
        Kind::Component,
        Kind::Integrated,
        Kind::Realized,
    ];

    /// Default orders `p, o, q`; `None` where the process has no such order.
    pub(super) fn orders(self) -> [Option<usize>; 3] {
        match self {
            Kind::Arch => [Some(5), Some(0), None],
            Kind::Garch => [Some(1), Some(0), Some(1)],
            Kind::Gjr | Kind::Tarch | Kind::Egarch => [Some(1); 3],
            Kind::Aparch | Kind::Figarch | Kind::Realized => [Some(1), None, Some(1)],
            Kind::Harch | Kind::Component | Kind::Integrated => [None; 3],
        }
    }
}
