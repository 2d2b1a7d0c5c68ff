//! Every kind of sink: one line each.

use super::contract::SinkKind;
use super::file;

/// Every kind of sink.
pub const SINKS: &[SinkKind] = &[file::KIND];
