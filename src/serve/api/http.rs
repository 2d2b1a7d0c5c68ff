//! Routes and their handlers. Every error is an RFC 9457 problem; every answer is bytes rendered at
//! publication, except the few that are asked for rarely.

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use serde::Deserialize;
use tokio::sync::{Semaphore, watch};
use utoipa::OpenApi;

use super::problem::{Answer, BODY_BYTES_MAX, Trouble, bad_path, bad_query, limits, method_not_allowed, unknown_path};
use super::wire::{self, Health, Problem, Version};
use super::{health, outlook, page, sse};
use crate::base::{Horizon, Symbol};
use crate::record::explain::Explanation;
use crate::record::publication::from_iso;
use crate::record::{FileStore, Publication};
use crate::serve::clock;
use crate::serve::hub::{self, Body, Hub, Row};
use crate::serve::meters::{Meters, seconds};

pub(super) const LIVE: &str = "private, max-age=1, must-revalidate";
const FOREVER: &str = "private, immutable, max-age=31536000";
pub(super) const JSON: &str = "application/json";

/// What handlers share.
#[derive(Clone)]
pub struct Shared {
    /// What was published.
    pub hub: Arc<Hub>,
    /// What is measured.
    pub meters: Arc<Meters>,
    /// Turns true when streams are to end.
    pub stop: watch::Receiver<bool>,
    /// Old publications are read from disk by one request at a time.
    pub disk: Arc<Semaphore>,
}

/// Every route and what answers it; [`Api`] documents each.
fn routes() -> Vec<(&'static str, MethodRouter<Shared>)> {
    vec![
        ("/", get(page::get)),
        ("/v1/multipliers", get(multipliers)),
        ("/v1/multipliers/{symbol}", get(multiplier)),
        ("/v1/multipliers/{symbol}/explain", get(explain)),
        ("/v1/multipliers/{symbol}/ahead", get(outlook::ahead)),
        ("/v1/multipliers/seq/{seq}", get(by_seq)),
        ("/v1/multipliers/stream", get(streamed)),
        ("/v1/forecasts", get(outlook::forecasts)),
        ("/v1/forecasts/{symbol}", get(outlook::forecast)),
        ("/livez", get(livez)),
        ("/healthz", get(healthz)),
        ("/readyz", get(readyz)),
        ("/startupz", get(startupz)),
        ("/metrics", get(metrics)),
        ("/openapi.json", get(openapi)),
        ("/version", get(version)),
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
        multipliers,
        multiplier,
        explain,
        outlook::ahead,
        by_seq,
        streamed,
        outlook::forecasts,
        outlook::forecast,
        livez,
        healthz,
        readyz,
        startupz,
        metrics,
        openapi,
        version
    ),
    components(schemas(
        Problem,
        Health,
        wire::Multipliers,
        wire::Forecasts,
        wire::Guidance,
        Publication,
        Explanation,
        Version
    ))
)]
pub struct Api;

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

/// What may follow the `?` of a multiplier.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// One horizon only, as `PT24H` or `24h`.
    pub(super) horizon: Option<String>,
}

/// What may follow the `?` of a health check.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Verbose {
    /// Present: every check is listed.
    verbose: Option<String>,
}

/// A body with everything that consumers and caches go by; 304 when the client has it.
fn answer(body: &Body, headers: &HeaderMap, meters: &Meters) -> Response {
    let has = headers.get(header::IF_NONE_MATCH).and_then(|v| v.to_str().ok());
    let same = has.is_some_and(|v| v.split(',').any(|tag| matches!(tag.trim(), t if t == body.etag || t == "*")));
    let mut response = if same {
        meters.not_modified.increment(1);
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, JSON)], body.bytes.clone()).into_response()
    };
    let out = response.headers_mut();
    let mut put = |name: HeaderName, value: String| {
        if let Ok(value) = HeaderValue::try_from(value) {
            out.insert(name, value);
        }
    };
    put(header::ETAG, body.etag.clone());
    put(header::CACHE_CONTROL, LIVE.into());
    put(HeaderName::from_static("margincast-seq"), body.seq.to_string());
    put(HeaderName::from_static("margincast-status"), body.status.as_str().into());
    for (name, time) in [("margincast-as-of", body.as_of), ("margincast-valid-until", body.valid_until)] {
        if let Some(time) = time {
            put(HeaderName::from_static(name), time.to_string());
        }
    }
    response
}

/// Every multiplier in force
#[utoipa::path(get, path = "/v1/multipliers", responses(
    (status = 200, body = wire::Multipliers), (status = 304, description = "The client has it")))]
async fn multipliers(State(s): State<Shared>, headers: HeaderMap) -> Response {
    answer(&s.hub.snapshot().all, &headers, &s.meters)
}

pub(super) fn known(hub: &Hub, name: &str) -> Result<Symbol, Trouble> {
    // The venue's own name, or SYMBOL.VENUE.
    let symbol = name.strip_suffix(&format!(".{}", hub.options.venue.to_uppercase())).unwrap_or(name);
    let found = hub.options.symbols.iter().find(|s| s.as_str() == symbol);
    found.copied().ok_or_else(|| {
        let known: Vec<&str> = hub.options.symbols.iter().map(Symbol::as_str).collect();
        let detail = format!("no instrument `{name}`; there are: {}", known.join(", "));
        Trouble(StatusCode::NOT_FOUND, "unknown-instrument", detail)
    })
}

fn not_yet(symbol: Symbol) -> Trouble {
    let detail = format!("nothing has been published for {symbol} yet; use your own fallback and ask again");
    Trouble(StatusCode::NOT_FOUND, "not-yet-published", detail)
}

pub(super) fn chosen(hub: &Hub, symbol: Symbol, horizon: Option<&str>) -> Result<Body, Trouble> {
    let snapshot = hub.snapshot();
    let Some(text) = horizon else {
        return snapshot.one.get(&symbol).cloned().ok_or_else(|| not_yet(symbol));
    };
    let parsed = from_iso(text).or_else(|| text.parse().ok().map(Horizon));
    let bad = || Trouble(StatusCode::BAD_REQUEST, "validation", format!("horizon `{text}`: want PT24H or 24h"));
    let horizon = parsed.ok_or_else(bad)?;
    if !snapshot.rows.contains_key(&(symbol, horizon)) {
        return Err(Trouble(
            StatusCode::NOT_FOUND,
            "unknown-horizon",
            format!("no multiplier of {symbol} over {horizon}"),
        ));
    }
    Ok(hub::body(snapshot.all.seq, &snapshot.rows, |k| *k == (symbol, horizon)))
}

/// The multipliers of one instrument
#[utoipa::path(get, path = "/v1/multipliers/{symbol}", params(("symbol" = String, Path, description = "as the venue names it, or SYMBOL.VENUE"), Wanted), responses(
    (status = 200, body = wire::Multipliers), (status = 304, description = "The client has it"),
    (status = 400, body = Problem), (status = 404, body = Problem)))]
async fn multiplier(
    State(s): State<Shared>,
    path: Result<Path<String>, PathRejection>,
    query: Result<Query<Wanted>, QueryRejection>,
    headers: HeaderMap,
) -> Answer {
    let (Path(name), Query(wanted)) = (path.map_err(bad_path)?, query.map_err(bad_query)?);
    let body = chosen(&s.hub, known(&s.hub, &name)?, wanted.horizon.as_deref())?;
    Ok(answer(&body, &headers, &s.meters))
}

/// Why the multipliers of one instrument are what they are
#[utoipa::path(get, path = "/v1/multipliers/{symbol}/explain", params(("symbol" = String, Path), Wanted), responses(
    (status = 200, body = [Explanation]), (status = 400, body = Problem), (status = 404, body = Problem)))]
async fn explain(
    State(s): State<Shared>,
    path: Result<Path<String>, PathRejection>,
    query: Result<Query<Wanted>, QueryRejection>,
) -> Answer {
    let (Path(name), Query(wanted)) = (path.map_err(bad_path)?, query.map_err(bad_query)?);
    let symbol = known(&s.hub, &name)?;
    chosen(&s.hub, symbol, wanted.horizon.as_deref())?;
    let snapshot = s.hub.snapshot();
    let horizon = wanted.horizon.and_then(|t| from_iso(&t).or_else(|| t.parse().ok().map(Horizon)));
    let rows = snapshot.rows.iter().filter(|(k, _)| k.0 == symbol && horizon.is_none_or(|h| h == k.1));
    let explained: Vec<Explanation> = rows.map(|(_, r)| Explanation::of(&r.publication)).collect();
    Ok(json(&explained))
}

fn json<T: serde::Serialize>(value: &T) -> Response {
    let text = serde_json::to_string(value).unwrap_or_default();
    ([(header::CONTENT_TYPE, JSON), (header::CACHE_CONTROL, LIVE)], text).into_response()
}

/// One publication, by its number; it never changes
#[utoipa::path(get, path = "/v1/multipliers/seq/{seq}", params(("seq" = u64, Path)), responses(
    (status = 200, body = Publication), (status = 400, body = Problem), (status = 404, body = Problem)))]
async fn by_seq(State(s): State<Shared>, path: Result<Path<u64>, PathRejection>) -> Answer {
    let Path(seq) = path.map_err(bad_path)?;
    let absent = || {
        let detail = format!("no publication {seq}; the newest is {}", s.hub.newest());
        Trouble(StatusCode::NOT_FOUND, "unknown-seq", detail)
    };
    let place = s.hub.place(seq).ok_or_else(absent)?;
    let current = s.hub.snapshot().rows.values().find(|r| r.publication.seq == seq).cloned();
    let text = match current {
        Some(row) => row.json.to_string(),
        None => {
            let busy = |_| Trouble(StatusCode::SERVICE_UNAVAILABLE, "overloaded", "stopping".into());
            let _turn = s.disk.acquire().await.map_err(busy)?;
            let folder = s.hub.options.ledger.clone();
            let read = tokio::task::spawn_blocking(move || FileStore::peek(&folder)?.publication(place)).await;
            let internal = |why: String| Trouble(StatusCode::INTERNAL_SERVER_ERROR, "internal", why);
            let old = read.map_err(|e| internal(e.to_string()))?.map_err(|e| internal(e.to_string()))?;
            Row::of(old).json.to_string()
        }
    };
    let headers = [
        (header::CONTENT_TYPE, JSON.to_string()),
        (header::CACHE_CONTROL, FOREVER.into()),
        (header::ETAG, format!("\"{seq}\"")),
    ];
    Ok((headers, text).into_response())
}

/// Every publication as it happens, as server-sent events
///
/// First a `snapshot`, then a `delta` per set, a `heartbeat` each second, and `bye` when the service
/// stops. With `Last-Event-ID`, exactly the sets after it, or a `resync` and a snapshot.
#[utoipa::path(get, path = "/v1/multipliers/stream", params(("Last-Event-ID" = Option<u64>, Header)), responses(
    (status = 200, body = wire::Multipliers, content_type = "text/event-stream"),
    (status = 400, body = Problem), (status = 503, body = Problem)))]
async fn streamed(State(s): State<Shared>, headers: HeaderMap) -> Answer {
    let bad = || Trouble(StatusCode::BAD_REQUEST, "validation", "Last-Event-ID: want a publication number".into());
    let after = match headers.get("last-event-id") {
        None => None,
        Some(id) => Some(id.to_str().ok().and_then(|t| t.parse().ok()).ok_or_else(bad)?),
    };
    let full =
        || Trouble(StatusCode::SERVICE_UNAVAILABLE, "overloaded", "too many streams are open; ask again later".into());
    let body = sse::open(s.hub, s.meters, after, s.stop).ok_or_else(full)?;
    Ok(([(header::CACHE_CONTROL, "no-store")], body).into_response())
}

/// Whether the process answers
#[utoipa::path(get, path = "/livez", responses((status = 200, body = Health)))]
async fn livez() -> Response {
    json(&Health { status: "ok", checks: None })
}

/// The same as `/livez`
#[utoipa::path(get, path = "/healthz", responses((status = 200, body = Health)))]
async fn healthz() -> Response {
    livez().await
}

/// Whether the past has been made again and a model is in force
#[utoipa::path(get, path = "/startupz", responses((status = 200, body = Health), (status = 503, body = Problem)))]
async fn startupz(State(s): State<Shared>) -> Answer {
    if s.hub.is_caught_up() {
        return Ok(json(&Health { status: "ok", checks: None }));
    }
    Err(Trouble(StatusCode::SERVICE_UNAVAILABLE, "not-ready", "catching up with the ledger".into()))
}

/// Whether every multiplier can be used now
#[utoipa::path(get, path = "/readyz", params(Verbose), responses((status = 200, body = Health), (status = 503, body = Problem)))]
async fn readyz(State(s): State<Shared>, query: Result<Query<Verbose>, QueryRejection>) -> Answer {
    let Query(Verbose { verbose }) = query.map_err(bad_query)?;
    let checks = health::checks(&s.hub);
    let failing: Vec<String> = checks.iter().filter(|c| !c.ok).map(|c| format!("{}: {}", c.name, c.detail)).collect();
    if failing.is_empty() {
        return Ok(json(&Health { status: "ok", checks: verbose.map(|_| checks) }));
    }
    if verbose.is_some() {
        let body = json(&Health { status: "not ready", checks: Some(checks) });
        return Ok((StatusCode::SERVICE_UNAVAILABLE, body).into_response());
    }
    Err(Trouble(StatusCode::SERVICE_UNAVAILABLE, "not-ready", failing.join("; ")))
}

/// What is measured, for Prometheus
#[utoipa::path(get, path = "/metrics", responses((status = 200, body = String, content_type = "text/plain")))]
async fn metrics(State(s): State<Shared>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], s.meters.render(&s.hub)).into_response()
}

/// This description
#[utoipa::path(get, path = "/openapi.json", responses((status = 200, body = Object)))]
async fn openapi() -> Response {
    json(&Api::openapi())
}

/// Which program this is
#[utoipa::path(get, path = "/version", responses((status = 200, body = Version)))]
async fn version(State(s): State<Shared>) -> Response {
    let options = &s.hub.options;
    json(&Version {
        name: "margincast",
        version: env!("CARGO_PKG_VERSION"),
        mode: options.mode.as_str(),
        config_digest: options.config_digest.to_string(),
    })
}
