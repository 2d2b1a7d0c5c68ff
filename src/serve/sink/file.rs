//! A folder into which every set is dropped as a file, for whoever watches folders.
//!
//! | setting | unit, range | what it is |
//! |---|---|---|
//! | `folder` | a path | where the files go; made when the first is written |
//!
//! A file is named for the number of the last row in it, twenty digits, so that names sort as sets do. It holds
//! what a stream sends as `delta`: `{"seq":…,"multipliers":[…]}` and a line end. It appears whole and is on disk
//! before it is acknowledged; a name that begins with a dot is not yet whole. A set that is sent again
//! replaces its file by the same bytes. Files are never removed: that is for who reads them.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::Value;

use super::contract::{Sink, SinkKind, sets};
use crate::base::atomic;
use crate::record::Publication;
use crate::serve::api::render::set_text;

/// Its line of the catalog.
pub const KIND: SinkKind = SinkKind { name: "file", about: "a folder into which every set is dropped", open };

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    folder: PathBuf,
}

struct FileDrop {
    name: String,
    folder: PathBuf,
}

fn open(name: &str, settings: Value) -> Result<Box<dyn Sink>> {
    let Settings { folder } = serde_json::from_value(settings)?;
    if folder.as_os_str().is_empty() {
        bail!("`folder` is empty; name one");
    }
    Ok(Box::new(FileDrop { name: name.into(), folder }))
}

impl Sink for FileDrop {
    fn name(&self) -> &str {
        &self.name
    }
    fn send(&mut self, rows: &[Publication]) -> Result<()> {
        for set in sets(rows) {
            let last = set.last().map_or(0, |p| p.seq);
            let path = self.folder.join(format!("{last:020}.json"));
            let text = set_text(last, set.iter()) + "\n";
            atomic::write(&path, text.as_bytes()).with_context(|| path.display().to_string())?;
        }
        Ok(())
    }
}
