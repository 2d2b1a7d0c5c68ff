//! Realised measures of one stretch of returns or trades, as functions of the whole stretch: for
//! study and for judging others' numbers. What a row holds is summed bar by bar elsewhere and says
//! the same (`tests/it/reference_measures.rs`).
//!
//! All were checked against R's highfrequency 1.0.1 to 1e-9. Its conventions: a day's returns begin
//! with a zero for the first price, `rQuar` counts one return more, `rBPCov` has no n/(n-1).
//!
//! | file | what it holds |
//! |---|---|
//! | [`variation`] | variance, quarticity and their robust relatives, semivariance, skew, kurtosis |
//! | [`noise`] | estimators that bear with microstructure noise: two scales, pre-averaging, kernels |
//! | [`jump`] | the test for jumps of Barndorff-Nielsen and Shephard |
//! | [`flow`] | order flow in volume time: buckets of equal volume, VPIN |
//! | [`liquidity`] | sides of trades, effective and realised spreads, price impact |
//!
//! This folder knows nothing of rows: it is given returns, prices and trades.

pub mod flow;
pub mod jump;
pub mod liquidity;
pub mod noise;
pub mod variation;
