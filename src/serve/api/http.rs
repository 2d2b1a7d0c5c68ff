//! Routes and their description. Every error is an RFC 9457 problem; every answer is bytes rendered
//! once per publication, except the few that are asked for rarely.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{MethodRouter, get};
use utoipa::OpenApi;

use super::problem::{BODY_BYTES_MAX, limits, method_not_allowed, unknown_path};
use super::request::{Shared, json};
use super::wire::{self, Health, Problem, Version};
use super::{forecasts, multipliers, page, probes};
use crate::record::explain::Explanation;
use crate::serve::clock;
use crate::serve::meters::seconds;

/// Every route and what answers it; [`Api`] documents each.
fn routes() -> Vec<(&'static str, MethodRouter<Shared>)> {
    vec![
        ("/", get(page::get)),
        ("/v1/multipliers", get(multipliers::multipliers)),
        ("/v1/multipliers/{symbol}", get(multipliers::multiplier)),
        ("/v1/multipliers/{symbol}/explain", get(multipliers::explain)),
        ("/v1/multipliers/{symbol}/ahead", get(forecasts::ahead)),
        ("/v1/multipliers/seq/{seq}", get(multipliers::by_seq)),
        ("/v1/multipliers/stream", get(multipliers::streamed)),
        ("/v1/forecasts", get(forecasts::forecasts)),
        ("/v1/forecasts/{symbol}", get(forecasts::forecast)),
        ("/v1/schedule", get(forecasts::schedules)),
        ("/v1/schedule/{symbol}", get(forecasts::schedule)),
        ("/livez", get(probes::livez)),
        ("/healthz", get(probes::healthz)),
        ("/readyz", get(probes::readyz)),
        ("/startupz", get(probes::startupz)),
        ("/metrics", get(probes::metrics)),
        ("/openapi.json", get(openapi)),
        ("/version", get(probes::version)),
    ]
}

/// The paths that are served, in order of declaration.
pub fn paths() -> Vec<&'static str> {
    routes().into_iter().map(|r| r.0).collect()
}

/// The description of the API, made from the types that are served.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "margincast",
        description = "Forward-looking margin multipliers. Decimals are JSON strings; apply the rows of a set together; after `valid_until` use your own fallback."
    ),
    paths(
        page::get,
        multipliers::multipliers,
        multipliers::multiplier,
        multipliers::explain,
        forecasts::ahead,
        multipliers::by_seq,
        multipliers::streamed,
        forecasts::forecasts,
        forecasts::forecast,
        forecasts::schedules,
        forecasts::schedule,
        probes::livez,
        probes::healthz,
        probes::readyz,
        probes::startupz,
        probes::metrics,
        openapi,
        probes::version
    ),
    components(schemas(
        Problem,
        Health,
        wire::Multipliers<'_>,
        wire::Forecasts,
        wire::Guidance,
        wire::Schedules,
        wire::Multiplier<'_>,
        Explanation,
        Version
    ))
)]
pub struct Api;

/// This description
#[utoipa::path(get, path = "/openapi.json", responses((status = 200, body = Object)))]
async fn openapi() -> Response {
    json(&Api::openapi())
}

/// The service.
pub fn router(shared: Shared) -> Router {
    let mut router = Router::new();
    for (path, methods) in routes() {
        let clocks = ["2xx", "3xx", "4xx", "5xx"].map(|class| shared.meters.route(path, class));
        let timed = move |request: Request, next: Next| {
            let clocks = clocks.clone();
            async move {
                let started = clock::start();
                let response = next.run(request).await;
                let class = (response.status().as_u16() / 100).clamp(2, 5) - 2;
                clocks[usize::from(class)].record(seconds(started));
                response
            }
        };
        router = router.route(path, methods.layer(from_fn(timed)));
    }
    router
        .fallback(unknown_path)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn(limits))
        .with_state(shared)
}
