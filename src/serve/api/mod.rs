//! What is asked over HTTP, and how it is answered.
//!
//! | file | what it holds |
//! |---|---|
//! | [`http`] | routes, and the description of them |
//! | `multipliers` | the routes of multipliers: all, one instrument's, why, by number, as they happen |
//! | `forecasts` | the routes that look ahead: forecasts, forward guidance, schedules |
//! | `probes` | the routes of those who run the service: health, metrics, version |
//! | [`health`] | live, started, ready, and why not |
//! | [`page`] | the page at `/` |
//! | `page.html` | its text |
//! | [`sse`] | server-sent events, resumed by id |
//! | [`request`] | what handlers share, and what a request may ask for |
//! | `problem` | errors as RFC 9457 has them, and limits |
//! | [`render`] | from publications to the bytes of an answer |
//! | [`wire`] | the JSON that is served |
//!
//! This folder knows nothing of how a publication comes to be.

mod forecasts;
pub mod health;
pub mod http;
mod multipliers;
pub mod page;
mod probes;
mod problem;
pub mod render;
pub mod request;
pub mod sse;
pub mod wire;
