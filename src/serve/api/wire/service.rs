//! How the service is, which program it is, and what went wrong.

use serde::Serialize;
use utoipa::ToSchema;

/// One reason for or against being ready.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Check {
    /// What was looked at; of a sink, `sink NAME`.
    pub name: String,
    /// Whether it is as it should be.
    pub ok: bool,
    /// What was found.
    pub detail: String,
}

/// How the service is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Health {
    /// `ok`, `degraded` when only an optional sink does not do well, or `not ready`.
    pub status: &'static str,
    /// With `?verbose`, or where something is wrong: every check.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checks: Option<Vec<Check>>,
}

/// Which program this is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Version {
    /// Its name.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// `live` or `replay`.
    pub mode: &'static str,
    /// Digest of the effective configuration.
    pub config_digest: String,
}

/// An error as RFC 9457 has it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Problem {
    /// `urn:margincast:problem:<code>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The same in words.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// What went wrong with this request, and the mend.
    pub detail: String,
    /// The end of `type`.
    pub code: String,
}
