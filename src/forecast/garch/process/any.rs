//! A process of any family.

use serde::{Deserialize, Serialize};

use super::aparch::Aparch;
use super::component::Component;
use super::exponential::Exponential;
use super::figarch::Figarch;
use super::harch::Harch;
use super::power::{Integrated, Power};
use super::realized::Realized;

/// A variance process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Process {
    /// ARCH, GARCH, GJR, and the same of another fixed power.
    Power(Power),
    /// GARCH(1,1) whose persistence is one.
    Integrated(Integrated),
    /// Asymmetric power ARCH.
    Aparch(Aparch),
    /// EGARCH.
    Exponential(Exponential),
    /// Heterogeneous ARCH.
    Harch(Harch),
    /// Fractionally integrated GARCH.
    Figarch(Figarch),
    /// GARCH around a long-run component.
    Component(Component),
    /// Realized GARCH.
    Realized(Realized),
}

impl Default for Process {
    fn default() -> Process {
        Process::Power(Power::default())
    }
}

/// Does the same with every family.
macro_rules! family {
    ($process:expr, $name:ident => $body:expr) => {
        match $process {
            Process::Power($name) => $body,
            Process::Integrated($name) => $body,
            Process::Aparch($name) => $body,
            Process::Exponential($name) => $body,
            Process::Harch($name) => $body,
            Process::Figarch($name) => $body,
            Process::Component($name) => $body,
            Process::Realized($name) => $body,
        }
    };
}
pub(in crate::forecast::garch) use family;
