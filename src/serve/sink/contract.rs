//! What a sink is, and what a kind of sink is.

use anyhow::Result;
use serde_json::Value;

use crate::record::Publication;

/// Takes publications somewhere.
///
/// `send` blocks, and each sink has a thread of its own: a file wants `fsync`, which blocks anyway, and a slow
/// sink then holds up nobody else. A sink that speaks an asynchronous protocol runs a runtime inside.
pub trait Sink: Send {
    /// As configured; it names the sink in `/readyz`, in metrics and on disk.
    fn name(&self) -> &str;
    /// Takes whole sets, in the order of their numbers. `Ok` acknowledges all of them: they are where they
    /// should be, also after a power cut. The same rows may come again, so taking them twice must do no harm.
    ///
    /// # Errors
    /// They may not all have arrived; the same call is made again later.
    fn send(&mut self, rows: &[Publication]) -> Result<()>;
}

/// One kind of sink.
#[derive(Clone, Copy, Debug)]
pub struct SinkKind {
    /// As in `kind = "…"`.
    pub name: &'static str,
    /// What it does, in a line.
    pub about: &'static str,
    /// Makes one from its name and its settings, a JSON object without `kind`, `name` and `required`. It checks
    /// the settings and touches nothing outside: whether the other side is there shows when something is sent.
    pub open: fn(name: &str, settings: Value) -> Result<Box<dyn Sink>>,
}

/// The rows of each set, in order.
pub fn sets(rows: &[Publication]) -> impl Iterator<Item = &[Publication]> {
    rows.chunk_by(|a, b| a.set_id == b.set_id)
}
