//! The routes that look ahead: forecasts, and forward guidance.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;

use super::http::{JSON, LIVE, Shared, Wanted, chosen, known};
use super::problem::{Answer, bad_path, bad_query};
use super::wire::{self, Problem};
use crate::base::{Horizon, Symbol};
use crate::record::publication::from_iso;

/// Where the multipliers of one instrument may be in one, eight and 24 hours, and what would move them
#[utoipa::path(get, path = "/v1/multipliers/{symbol}/ahead", params(("symbol" = String, Path), Wanted), responses(
    (status = 200, body = wire::Guidance), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn ahead(
    State(s): State<Shared>,
    path: Result<Path<String>, PathRejection>,
    query: Result<Query<Wanted>, QueryRejection>,
) -> Answer {
    let (Path(name), Query(wanted)) = (path.map_err(bad_path)?, query.map_err(bad_query)?);
    let symbol = known(&s.hub, &name)?;
    chosen(&s.hub, symbol, wanted.horizon.as_deref())?;
    let horizon = wanted.horizon.and_then(|t| from_iso(&t).or_else(|| t.parse().ok().map(Horizon)));
    let rows = s.hub.guidance();
    let kept = rows.iter().filter(|(k, _)| k.0 == symbol && horizon.is_none_or(|h| h == k.1));
    let kept: Vec<&str> = kept.map(|(_, row)| &**row).collect();
    let text = format!(r#"{{"schema":"margincast.guidance.v1","guidance":[{}]}}"#, kept.join(","));
    Ok(([(header::CONTENT_TYPE, JSON), (header::CACHE_CONTROL, LIVE)], text).into_response())
}

fn forecast_body(rows: &BTreeMap<Symbol, Arc<str>>, keep: impl Fn(Symbol) -> bool) -> Response {
    let kept: Vec<&str> = rows.iter().filter(|(s, r)| keep(**s) && !r.is_empty()).map(|(_, r)| &**r).collect();
    let text = format!(r#"{{"schema":"margincast.forecasts.v1","forecasts":[{}]}}"#, kept.join(","));
    ([(header::CONTENT_TYPE, JSON), (header::CACHE_CONTROL, LIVE)], Bytes::from(text)).into_response()
}

/// Every model's newest forecasts
#[utoipa::path(get, path = "/v1/forecasts", responses((status = 200, body = wire::Forecasts)))]
pub(super) async fn forecasts(State(s): State<Shared>) -> Response {
    forecast_body(&s.hub.forecasts(), |_| true)
}

/// Every model's newest forecasts of one instrument
#[utoipa::path(get, path = "/v1/forecasts/{symbol}", params(("symbol" = String, Path)), responses(
    (status = 200, body = wire::Forecasts), (status = 404, body = Problem)))]
pub(super) async fn forecast(State(s): State<Shared>, path: Result<Path<String>, PathRejection>) -> Answer {
    let Path(name) = path.map_err(bad_path)?;
    let symbol = known(&s.hub, &name)?;
    Ok(forecast_body(&s.hub.forecasts(), |s| s == symbol))
}
