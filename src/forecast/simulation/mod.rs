//! Distributions made of past returns: as they were, scaled to today's volatility, or of the worst stretch.
//!
//! | file | what it holds |
//! |---|---|
//! | `historical` | historical simulation: the last returns as they were |
//! | `fhs` | filtered historical simulation by exponential weights, overlapping returns or paths |
//! | `filtered` | tails of any forecaster's standardised residuals: historical, Student's t, Pareto |
//! | `stressed` | the worst stretch of the past, calibrated to the long-run loss |
//! | `filter` | the exponentially weighted variance, and each return beside the volatility forecast for it |
//! | `scaling` | standardised returns, what they would be at another volatility, and its floor |
//! | `sample` | samples of bounded length, and the distribution of one |
//!
//! This folder knows nothing of realised variance but for its level, and nothing of order flow.

pub mod fhs;
pub(crate) mod filter;
pub mod filtered;
pub mod historical;
pub mod sample;
pub(crate) mod scaling;
pub mod stressed;
