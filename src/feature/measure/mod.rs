//! Realised measures of one stretch of returns or trades, as functions of the whole stretch: for
//! study and for judging others' numbers. What a row holds is summed bar by bar elsewhere and says
//! the same (`tests/it/reference_measures.rs`).
//!
//! All were checked against R's highfrequency 1.0.1 to 1e-9. Its conventions: a day's returns begin
//! with a zero for the first price, `rQuar` counts one return more, `rBPCov` has no n/(n-1).
//!
//! | file | what it holds |
//! |---|---|
//! | [`variation`] | variance, quarticity and their robust relatives, semivariance, skew, kurtosis; for callers of the library: `min_rv`, `med_rv`, `threshold_rv`, `semivariances`, `tripower_quarticity`, `quadpower_quarticity`, `min_quarticity`, `med_quarticity` |
//! | [`noise`] | estimators that bear with microstructure noise: two scales, pre-averaging, kernels; for callers of the library: `averaged`, `two_scale`, `pre_averaged`, `kernel`, `noise_variance` |
//! | [`jump`] | the test for jumps of Barndorff-Nielsen and Shephard; for callers of the library: `two_sided` |
//! | [`flow`] | order flow in volume time: buckets of equal volume, VPIN; for callers of the library: `volume_buckets` |
//! | [`liquidity`] | sides of trades, effective and realised spreads, price impact; for callers of the library: `effective_spread`, `realised_spread`, `price_impact` |
//!
//! This folder knows nothing of rows: it is given returns, prices and trades.

pub mod flow;
pub mod jump;
pub mod liquidity;
pub mod noise;
pub mod variation;
