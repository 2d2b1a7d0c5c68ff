//! What every handler needs: what they share, what a request may ask for, and how its answer is made.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tokio::sync::{Semaphore, watch};

use super::problem::Trouble;
use super::render::{Rendered, Renderer, SnapshotText, body};
use crate::base::{Horizon, Symbol};
use crate::record::ledger::text::from_iso;
use crate::serve::Hub;
use crate::serve::meters::Meters;

pub(super) const LIVE: &str = "private, max-age=1, must-revalidate";
pub(super) const JSON: &str = "application/json";

/// What handlers share.
#[derive(Clone)]
pub struct Shared {
    /// What was published.
    pub hub: Arc<Hub>,
    /// What was rendered of it.
    pub renderer: Arc<Renderer>,
    /// What is measured.
    pub meters: Arc<Meters>,
    /// Turns true when streams are to end.
    pub stop: watch::Receiver<bool>,
    /// Old publications are read from disk by one request at a time.
    pub disk: Arc<Semaphore>,
}

impl Shared {
    /// Everything in force, rendered.
    pub(super) fn snapshot(&self) -> Arc<SnapshotText> {
        self.renderer.snapshot(&self.hub.snapshot())
    }
    /// The instrument by the venue's own name, or SYMBOL.VENUE.
    pub(super) fn instrument(&self, name: &str) -> Result<Symbol, Trouble> {
        let options = &self.hub.options;
        let symbol = name.strip_suffix(&format!(".{}", options.venue.to_uppercase())).unwrap_or(name);
        let found = options.symbols.iter().find(|s| s.as_str() == symbol);
        found.copied().ok_or_else(|| {
            let known: Vec<&str> = options.symbols.iter().map(Symbol::as_str).collect();
            let detail = format!("no instrument `{name}`; there are: {}", known.join(", "));
            Trouble(StatusCode::NOT_FOUND, "unknown-instrument", detail)
        })
    }
    /// What is in force of an instrument, over one horizon or all.
    pub(super) fn in_force(&self, symbol: Symbol, horizon: Option<Horizon>) -> Result<Rendered, Trouble> {
        let snapshot = self.snapshot();
        let Some(horizon) = horizon else {
            return snapshot.one.get(&symbol).cloned().ok_or_else(|| not_yet(symbol));
        };
        if !snapshot.rows.contains_key(&(symbol, horizon)) {
            let detail = format!("no multiplier of {symbol} over {horizon}");
            return Err(Trouble(StatusCode::NOT_FOUND, "unknown-horizon", detail));
        }
        Ok(body(snapshot.all.seq, &snapshot.rows, |k| *k == (symbol, horizon)))
    }
}

fn not_yet(symbol: Symbol) -> Trouble {
    let detail = format!("nothing has been published for {symbol} yet; use your own fallback and ask again");
    Trouble(StatusCode::NOT_FOUND, "not-yet-published", detail)
}

/// What may follow the `?` of a multiplier.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// One horizon only, as `PT24H` or `24h`.
    horizon: Option<String>,
}

impl Wanted {
    /// The horizon that is asked for, if one is.
    pub(super) fn horizon(&self) -> Result<Option<Horizon>, Trouble> {
        let read = |text: &String| {
            let bad = || Trouble(StatusCode::BAD_REQUEST, "validation", format!("horizon `{text}`: want PT24H or 24h"));
            from_iso(text).or_else(|| text.parse().ok().map(Horizon)).ok_or_else(bad)
        };
        self.horizon.as_ref().map(read).transpose()
    }
}

/// A body with everything that consumers and caches go by; 304 when the client has it.
pub(super) fn answer(body: &Rendered, headers: &HeaderMap, meters: &Meters) -> Response {
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

/// What is made for this request.
pub(super) fn json<T: serde::Serialize>(value: &T) -> Response {
    let text = serde_json::to_string(value).unwrap_or_default();
    ([(header::CONTENT_TYPE, JSON), (header::CACHE_CONTROL, LIVE)], text).into_response()
}
