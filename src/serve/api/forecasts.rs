//! The routes that look ahead: forecasts, forward guidance, and the schedules of this week and the next.

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::response::Response;

use super::problem::{Answer, bad_path, bad_query};
use super::request::{Shared, Wanted, json};
use super::wire::{Forecasts, Guidance, GuidanceRow, OutlookRow, Problem, ScheduleRow, Schedules};
use crate::base::Symbol;
use crate::record::ledger::PublishedSchedule;
use crate::serve::Hub;

/// Where the multipliers of one instrument may be in one, eight and 24 hours, and what would move them
#[utoipa::path(get, path = "/v1/multipliers/{symbol}/ahead", params(("symbol" = String, Path), Wanted), responses(
    (status = 200, body = Guidance), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn ahead(
    State(s): State<Shared>,
    path: Result<Path<String>, PathRejection>,
    query: Result<Query<Wanted>, QueryRejection>,
) -> Answer {
    let (Path(name), Query(wanted)) = (path.map_err(bad_path)?, query.map_err(bad_query)?);
    let symbol = s.instrument(&name)?;
    let horizon = wanted.horizon()?;
    s.in_force(symbol, horizon)?;
    let all = s.hub.guidance();
    let kept = all.iter().filter(|(k, _)| k.0 == symbol && horizon.is_none_or(|h| h == k.1));
    let guidance = kept.map(|(_, g)| GuidanceRow::from(&**g)).collect();
    Ok(json(&Guidance { schema: "margincast.guidance.v1", guidance }))
}

fn newest(hub: &Hub, keep: impl Fn(Symbol) -> bool) -> Response {
    let all = hub.forecasts();
    let kept = all.iter().filter(|(symbol, _)| keep(**symbol)).flat_map(|(_, named)| named.iter());
    json(&Forecasts { schema: "margincast.forecasts.v1", forecasts: kept.map(OutlookRow::from).collect() })
}

/// Every model's newest forecasts
#[utoipa::path(get, path = "/v1/forecasts", responses((status = 200, body = Forecasts)))]
pub(super) async fn forecasts(State(s): State<Shared>) -> Response {
    newest(&s.hub, |_| true)
}

/// Every model's newest forecasts of one instrument
#[utoipa::path(get, path = "/v1/forecasts/{symbol}", params(("symbol" = String, Path)), responses(
    (status = 200, body = Forecasts), (status = 404, body = Problem)))]
pub(super) async fn forecast(State(s): State<Shared>, path: Result<Path<String>, PathRejection>) -> Answer {
    let Path(name) = path.map_err(bad_path)?;
    let symbol = s.instrument(&name)?;
    Ok(newest(&s.hub, |s| s == symbol))
}

fn planned(hub: &Hub, keep: impl Fn(Symbol) -> bool) -> Response {
    let all = hub.schedules();
    let applied = |s: &PublishedSchedule| {
        s.over().and_then(|over| hub.policy(over)).is_some_and(|policy| policy.guardrail.schedule)
    };
    let own = all.iter().filter(|s| keep(s.symbol));
    let schedules = own.map(|s| ScheduleRow::of(s, applied(s))).collect();
    json(&Schedules { schema: "margincast.schedules.v1", schedules })
}

/// The factors of initial margin by hour of this week and of the next, where there is a schedule
#[utoipa::path(get, path = "/v1/schedule", responses((status = 200, body = Schedules)))]
pub(super) async fn schedules(State(s): State<Shared>) -> Response {
    planned(&s.hub, |_| true)
}

/// The factors of initial margin of one instrument by hour of this week and of the next
#[utoipa::path(get, path = "/v1/schedule/{symbol}", params(("symbol" = String, Path)), responses(
    (status = 200, body = Schedules), (status = 404, body = Problem)))]
pub(super) async fn schedule(State(s): State<Shared>, path: Result<Path<String>, PathRejection>) -> Answer {
    let Path(name) = path.map_err(bad_path)?;
    let symbol = s.instrument(&name)?;
    Ok(planned(&s.hub, |s| s == symbol))
}
