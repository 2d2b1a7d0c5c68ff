//! The routes of multipliers: all, one instrument's, why, by number, and as they happen.

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::problem::{Answer, Trouble, bad_path, bad_query};
use super::render::RowText;
use super::request::{JSON, Shared, Wanted, answer, json};
use super::sse;
use super::wire::{Multiplier, Multipliers, Problem};
use crate::record::FileStore;
use crate::record::explain::Explanation;

const FOREVER: &str = "private, immutable, max-age=31536000";

/// Every multiplier in force
#[utoipa::path(get, path = "/v1/multipliers", responses(
    (status = 200, body = Multipliers<'_>), (status = 304, description = "The client has it")))]
pub(super) async fn multipliers(State(s): State<Shared>, headers: HeaderMap) -> Response {
    answer(&s.snapshot().all, &headers, &s.meters)
}

/// The multipliers of one instrument
#[utoipa::path(get, path = "/v1/multipliers/{symbol}", params(("symbol" = String, Path, description = "as the venue names it, or SYMBOL.VENUE"), Wanted), responses(
    (status = 200, body = Multipliers<'_>), (status = 304, description = "The client has it"),
    (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn multiplier(
    State(s): State<Shared>,
    path: Result<Path<String>, PathRejection>,
    query: Result<Query<Wanted>, QueryRejection>,
    headers: HeaderMap,
) -> Answer {
    let (Path(name), Query(wanted)) = (path.map_err(bad_path)?, query.map_err(bad_query)?);
    let body = s.in_force(s.instrument(&name)?, wanted.horizon()?)?;
    Ok(answer(&body, &headers, &s.meters))
}

/// Why the multipliers of one instrument are what they are
#[utoipa::path(get, path = "/v1/multipliers/{symbol}/explain", params(("symbol" = String, Path), Wanted), responses(
    (status = 200, body = [Explanation]), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn explain(
    State(s): State<Shared>,
    path: Result<Path<String>, PathRejection>,
    query: Result<Query<Wanted>, QueryRejection>,
) -> Answer {
    let (Path(name), Query(wanted)) = (path.map_err(bad_path)?, query.map_err(bad_query)?);
    let symbol = s.instrument(&name)?;
    let horizon = wanted.horizon()?;
    s.in_force(symbol, horizon)?;
    let snapshot = s.hub.snapshot();
    let rows = snapshot.rows.iter().filter(|(k, _)| k.0 == symbol && horizon.is_none_or(|h| h == k.1));
    let explained: Vec<Explanation> = rows.map(|(_, r)| Explanation::of(&r.publication)).collect();
    Ok(json(&explained))
}

/// One publication, by its number; it never changes
#[utoipa::path(get, path = "/v1/multipliers/seq/{seq}", params(("seq" = u64, Path)), responses(
    (status = 200, body = Multiplier<'_>), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn by_seq(State(s): State<Shared>, path: Result<Path<u64>, PathRejection>) -> Answer {
    let Path(seq) = path.map_err(bad_path)?;
    let absent = || {
        let detail = format!("no publication {seq}; the newest is {}", s.hub.newest());
        Trouble(StatusCode::NOT_FOUND, "unknown-seq", detail)
    };
    let entry = s.hub.entry(seq).ok_or_else(absent)?;
    let current = s.hub.snapshot().rows.values().find(|r| r.publication.seq == seq).cloned();
    let row = match current {
        Some(row) => RowText::of(&row.publication),
        None => {
            let busy = |_| Trouble(StatusCode::SERVICE_UNAVAILABLE, "overloaded", "stopping".into());
            let _turn = s.disk.acquire().await.map_err(busy)?;
            let folder = s.hub.options.ledger.clone();
            let read = tokio::task::spawn_blocking(move || FileStore::peek(&folder)?.publication(entry)).await;
            let internal = |why: String| Trouble(StatusCode::INTERNAL_SERVER_ERROR, "internal", why);
            let old = read.map_err(|e| internal(e.to_string()))?.map_err(|e| internal(e.to_string()))?;
            RowText::of(&old)
        }
    };
    let headers = [
        (header::CONTENT_TYPE, JSON.to_string()),
        (header::CACHE_CONTROL, FOREVER.into()),
        (header::ETAG, format!("\"{seq}\"")),
    ];
    Ok((headers, row.text.to_string()).into_response())
}

/// Every publication as it happens, as server-sent events
///
/// First a `snapshot`, then a `delta` per set, a `heartbeat` each second, and `bye` when the service
/// stops. With `Last-Event-ID`, exactly the sets after it, or a `resync` and a snapshot.
#[utoipa::path(get, path = "/v1/multipliers/stream", params(("Last-Event-ID" = Option<u64>, Header)), responses(
    (status = 200, body = Multipliers<'_>, content_type = "text/event-stream"),
    (status = 400, body = Problem), (status = 503, body = Problem)))]
pub(super) async fn streamed(State(s): State<Shared>, headers: HeaderMap) -> Answer {
    let bad = || Trouble(StatusCode::BAD_REQUEST, "validation", "Last-Event-ID: want a publication number".into());
    let after = match headers.get("last-event-id") {
        None => None,
        Some(id) => Some(id.to_str().ok().and_then(|t| t.parse().ok()).ok_or_else(bad)?),
    };
    let full =
        || Trouble(StatusCode::SERVICE_UNAVAILABLE, "overloaded", "too many streams are open; ask again later".into());
    let body = sse::open(s, after).ok_or_else(full)?;
    Ok(([(header::CACHE_CONTROL, "no-store")], body).into_response())
}
