//! What is asked over HTTP, and how it is answered.
//!
//! | file | what it holds |
//! |---|---|
//! | [`http`] | routes and their handlers |
//! | `outlook` | the routes that look ahead |
//! | [`sse`] | server-sent events, resumed by id |
//! | [`wire`] | the JSON that is served and not stored |
//! | `problem` | errors as RFC 9457 has them, and limits |
//! | [`health`] | live, started, ready, and why not |
//! | [`page`] | the page at `/` |
//! | `page.html` | its text |
//!
//! This folder knows nothing of how a publication comes to be.

pub mod health;
pub mod http;
mod outlook;
pub mod page;
mod problem;
pub mod sse;
pub mod wire;
