//! Where what lies: the folders of tables, listings and partitions, and the names of files.

use std::path::{Path, PathBuf};

use super::listing::Listing;
use super::row::{LakeRow, TradeRow};
use crate::base::{Digest, Span, Ts};
use crate::event::Error;

/// How much later than it happened a row may be known. Readers look that far back.
pub(super) const MAX_DELAY: Span = Span::DAY;

/// The folder of a lake, and everything that its names say.
#[derive(Clone, Debug)]
pub(super) struct Folders {
    pub(super) root: PathBuf,
}

impl Folders {
    /// The listings of a table, in order.
    pub(super) fn listings(&self, table: &str) -> Result<Vec<Listing>, Error> {
        let mut found = vec![];
        for (venue, folder) in subfolders(&self.root.join(table), "venue=")? {
            for (market, folder) in subfolders(&folder, "market=")? {
                for (symbol, _) in subfolders(&folder, "symbol=")? {
                    let symbol = symbol.parse().map_err(|e| Error::Missing(format!("{}: {e}", folder.display())))?;
                    found.push(Listing::new(&venue, &market, symbol)?);
                }
            }
        }
        found.sort();
        Ok(found)
    }
    /// Where the import report of a source file lies.
    pub(super) fn manifest(&self, source: &Digest) -> PathBuf {
        self.root.join("_manifests").join(format!("{source}.json"))
    }
    /// The name of the source file whose digest begins with these 32 bits, as its report has it.
    pub(super) fn source_name(&self, src: u32) -> String {
        let start = format!("{src:08x}");
        let files = std::fs::read_dir(self.root.join("_manifests")).into_iter().flatten().flatten();
        let mut names =
            files.map(|f| f.path()).filter(|p| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with(&start)));
        let report = names.next().and_then(|p| std::fs::read(p).ok());
        let report = report.and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok());
        match report.as_ref().and_then(|r| r["file"].as_str()) {
            Some(name) => name.to_string(),
            None => format!("the source {start}"),
        }
    }
    pub(super) fn folder(&self, table: &str, listing: &Listing) -> PathBuf {
        let Listing { venue, market, symbol } = listing;
        self.root.join(table).join(format!("venue={venue}/market={market}/symbol={symbol}"))
    }
    pub(super) fn partition(&self, table: &str, listing: &Listing, start: Ts) -> PathBuf {
        self.folder(table, listing).join(format!("date={}", start.date()))
    }
    /// Partitions that may hold rows known in `[from, until)`, oldest first.
    pub(super) fn partitions(
        &self,
        table: &str,
        listing: &Listing,
        from: Option<Ts>,
        until: Option<Ts>,
    ) -> Result<Vec<(Ts, PathBuf)>, Error> {
        let mut found = vec![];
        for (date, folder) in subfolders(&self.folder(table, listing), "date=")? {
            let start: Ts = date.parse().map_err(|e| Error::Missing(format!("{}: {e}", folder.display())))?;
            found.push((start, folder));
        }
        found.sort();
        // The longest partition of trades is a day; of the others a month, and a bar may be as long.
        let reach = MAX_DELAY.days() as i64 + if table == TradeRow::TABLE { 1 } else { 62 };
        found.retain(|(start, _)| from.is_none_or(|t| *start + Span::DAY.times(reach) > t));
        found.retain(|(start, _)| until.is_none_or(|t| *start < t));
        Ok(found)
    }
}

/// Folders `<prefix><name>` in a folder, by name; none where the folder is absent.
fn subfolders(folder: &Path, prefix: &str) -> Result<Vec<(String, PathBuf)>, Error> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(vec![]),
        Err(e) => return Err(Error::Unreadable { file: folder.display().to_string(), why: e.to_string() }),
    };
    let named = entries.flatten().filter_map(|e| {
        let name = e.file_name().to_str()?.strip_prefix(prefix)?.to_string();
        Some((name, e.path()))
    });
    let mut found: Vec<_> = named.collect();
    found.sort();
    Ok(found)
}

/// The files of a partition, in order; what is being written has another ending.
pub(super) fn parts(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let found = subfolders(folder, "part-")?;
    Ok(found.into_iter().map(|f| f.1).filter(|p| p.extension().is_some_and(|e| e == "parquet")).collect())
}

/// Rows of a partition in order; a row that lies in two parts (while they are being merged) is one.
pub(super) fn read_parts<R: LakeRow>(kind: R::Kind, parts: &[PathBuf]) -> Result<Vec<R>, Error> {
    let mut rows = vec![];
    for part in parts {
        rows.extend(R::read(kind, part)?);
    }
    if parts.len() > 1 {
        rows.sort_by(R::order);
        rows.dedup_by(|b, a| !a.may_repeat() && a.order(b).is_eq() && a.same(b));
    }
    Ok(rows)
}
