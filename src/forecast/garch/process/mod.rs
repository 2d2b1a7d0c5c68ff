//! Variance processes: how the variance of the next return follows from the past. One file per
//! family; each states its equation, its coefficients in order and its bounds.
//!
//! | file | what it holds |
//! |---|---|
//! | `recursion` | what every family gives |
//! | `any` | a process of any family |
//! | `power` | ARCH, GARCH, GJR, TARCH; integrated GARCH |
//! | `aparch` | asymmetric power ARCH |
//! | `exponential` | EGARCH |
//! | `harch` | heterogeneous ARCH |
//! | `figarch` | fractionally integrated GARCH |
//! | `component` | GARCH around a long-run component |
//! | `realized` | Realized GARCH |
//!
//! This folder knows nothing of how coefficients are found.

mod any;
mod aparch;
mod component;
mod exponential;
mod figarch;
mod harch;
mod power;
mod realized;
mod recursion;

pub use any::Process;
pub(super) use any::family;
pub use aparch::Aparch;
pub use component::Component;
pub use exponential::Exponential;
pub use figarch::Figarch;
pub use harch::Harch;
pub use power::{Integrated, Power};
pub use realized::Realized;
pub use recursion::Start;
pub(super) use recursion::{Before, Beside, Family, Recursion};
