//! Models shared by all instruments: they learn from the rows of all, in units of each one's own long mean.
//!
//! | file | what it holds |
//! |---|---|
//! | `input` | every input: its name, and its value from a row |
//! | `families` | which family an input is of |
//! | `standardised` | inputs standardised by their training rows, with regimes among them |
//! | `pool` | the rows to learn from |
//! | `gamma` | gamma regression with log link and ridge |
//! | `state` | the running state of one instrument |
//! | `profile` | what inputs looked like in training, and how far others are from that |
//! | `boost/` | trees boosted on the gamma deviance |
//! | `net/` | neural nets |
//!
//! This folder knows nothing of coefficients of one instrument's own.

pub mod boost;
pub mod families;
pub mod gamma;
mod input;
pub mod net;
mod pool;
pub mod profile;
mod standardised;
mod state;
