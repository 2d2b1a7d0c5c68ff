//! Errors as RFC 9457 has them, and the limits on what is asked.

use axum::extract::Request;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::wire::Problem;

/// Longest request body, bytes; none is read.
pub(super) const BODY_BYTES_MAX: usize = 64 << 10;
/// Longest sum of header names and values, bytes.
const HEADER_BYTES_MAX: usize = 16 << 10;
/// Longest path and query, bytes.
const URI_BYTES_MAX: usize = 4 << 10;

/// An answer or a problem.
pub(super) type Answer = Result<Response, Trouble>;

/// A problem on its way to the client: status, code, and what went wrong with the mend.
#[derive(Debug)]
pub(super) struct Trouble(pub StatusCode, pub &'static str, pub String);

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        let Trouble(status, code, detail) = self;
        let title = status.canonical_reason().unwrap_or("Error").to_string();
        let kind = format!("urn:margincast:problem:{code}");
        let problem = Problem { kind, title, status: status.as_u16(), detail, code: code.into() };
        let text = serde_json::to_string(&problem).unwrap_or_default();
        let headers = [(header::CONTENT_TYPE, "application/problem+json"), (header::CACHE_CONTROL, "no-store")];
        (status, headers, text).into_response()
    }
}

/// No route has that path.
pub(super) async fn unknown_path(request: Request) -> Trouble {
    let path = request.uri().path();
    let detail = format!("no such path `{path}`; /openapi.json lists those there are");
    Trouble(StatusCode::NOT_FOUND, "unknown-path", detail)
}

/// The path has no such method.
pub(super) async fn method_not_allowed() -> Trouble {
    Trouble(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "every route answers GET and HEAD only".into())
}

/// Refuses what is too long before it is looked at.
pub(super) async fn limits(request: Request, next: Next) -> Response {
    let uri = request.uri().path_and_query().map_or(0, |p| p.as_str().len());
    let headers: usize = request.headers().iter().map(|(k, v)| k.as_str().len() + v.len()).sum();
    if uri > URI_BYTES_MAX {
        let detail = format!("{uri} bytes of address; at most {URI_BYTES_MAX}");
        return Trouble(StatusCode::URI_TOO_LONG, "too-large", detail).into_response();
    }
    if headers > HEADER_BYTES_MAX {
        let detail = format!("{headers} bytes of headers; at most {HEADER_BYTES_MAX}");
        return Trouble(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "too-large", detail).into_response();
    }
    let mut response = next.run(request).await;
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

pub(super) fn bad_path(e: PathRejection) -> Trouble {
    Trouble(StatusCode::BAD_REQUEST, "validation", e.body_text())
}

pub(super) fn bad_query(e: QueryRejection) -> Trouble {
    Trouble(StatusCode::BAD_REQUEST, "validation", e.body_text())
}
