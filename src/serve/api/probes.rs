//! The routes of those who run the service: health, metrics, version.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::health;
use super::problem::{Answer, Trouble, bad_query};
use super::request::{Shared, json};
use super::wire::{Check, Health, Problem, Version};

/// What may follow the `?` of a health check.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Verbose {
    /// Present: every check is listed.
    verbose: Option<String>,
}

/// Whether the process answers
#[utoipa::path(get, path = "/livez", responses((status = 200, body = Health)))]
pub(super) async fn livez() -> Response {
    json(&Health { status: "ok", checks: None })
}

/// The same as `/livez`
#[utoipa::path(get, path = "/healthz", responses((status = 200, body = Health)))]
pub(super) async fn healthz() -> Response {
    livez().await
}

/// Whether the past has been made again and a model is in force
#[utoipa::path(get, path = "/startupz", responses((status = 200, body = Health), (status = 503, body = Problem)))]
pub(super) async fn startupz(State(s): State<Shared>) -> Answer {
    if s.hub.is_caught_up() {
        return Ok(json(&Health { status: "ok", checks: None }));
    }
    Err(Trouble(StatusCode::SERVICE_UNAVAILABLE, "not-ready", "catching up with the ledger".into()))
}

/// Whether every multiplier can be used now
#[utoipa::path(get, path = "/readyz", params(Verbose), responses((status = 200, body = Health), (status = 503, body = Problem)))]
pub(super) async fn readyz(State(s): State<Shared>, query: Result<Query<Verbose>, QueryRejection>) -> Answer {
    let Query(Verbose { verbose }) = query.map_err(bad_query)?;
    let (checks, optional) = (health::checks(&s.hub), health::optional(&s.hub));
    let text = |c: &Check| format!("{}: {}", c.name, c.detail);
    let failing: Vec<String> = checks.iter().filter(|c| !c.ok).map(text).collect();
    let degraded = optional.iter().any(|c| !c.ok);
    let checks = [checks, optional].concat();
    if failing.is_empty() {
        let status = if degraded { "degraded" } else { "ok" };
        return Ok(json(&Health { status, checks: (degraded || verbose.is_some()).then_some(checks) }));
    }
    if verbose.is_some() {
        let body = json(&Health { status: "not ready", checks: Some(checks) });
        return Ok((StatusCode::SERVICE_UNAVAILABLE, body).into_response());
    }
    Err(Trouble(StatusCode::SERVICE_UNAVAILABLE, "not-ready", failing.join("; ")))
}

/// What is measured, for Prometheus
#[utoipa::path(get, path = "/metrics", responses((status = 200, body = String, content_type = "text/plain")))]
pub(super) async fn metrics(State(s): State<Shared>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], s.meters.render(&s.hub)).into_response()
}

/// Which program this is
#[utoipa::path(get, path = "/version", responses((status = 200, body = Version)))]
pub(super) async fn version(State(s): State<Shared>) -> Response {
    let options = &s.hub.options;
    json(&Version {
        name: "margincast",
        version: env!("CARGO_PKG_VERSION"),
        mode: options.mode.as_str(),
        config_digest: options.config_digest.to_string(),
    })
}
