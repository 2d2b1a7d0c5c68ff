//! Markov-switching GARCH: as many GARCH recursions side by side as there are regimes, and a hidden
//! Markov chain that says which of them made the return (Haas, Mittnik, Paolella 2004).
//!
//! In regime k the residual is `e_t = s_(k,t) z_t`, and from its unconditional variance on
//! `s_(k,t)^2 = omega_k + (alpha_k + gamma_k 1{e_(t-1) < 0}) e_(t-1)^2 + beta_k s_(k,t-1)^2`; every
//! recursion sees every return. The chain begins at its stationary distribution, and the first return
//! has no likelihood, as in MSGARCH.
//!
//! | file | what it holds |
//! |---|---|
//! | `ms_garch` | the forecaster |
//! | `spec` | which regimes are estimated |
//! | `estimate` | their fit, and its quality |
//! | `likelihood` | the likelihood and the search for its maximum |
//! | `filter` | regimes on their way through time, and the shapes of their residuals |
//!
//! This folder knows nothing of realised variance but for its level.

mod estimate;
mod filter;
mod likelihood;
mod ms_garch;
mod spec;

pub use estimate::SwitchingEstimate;
pub use filter::{Regimes, Shapes};
pub use ms_garch::{MsGarch, Params};
pub use spec::Switching;
