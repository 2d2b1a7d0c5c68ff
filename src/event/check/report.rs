//! What one import did.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::base::{Digest, Span, Ts};
use crate::event::Fault;
use crate::event::lake::Tally;

/// How many gaps and how many row numbers a report names; all are counted.
const NAMED: usize = 20;

/// Gaps of one kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Gaps {
    /// How many.
    pub count: u64,
    /// The largest, largest first.
    pub largest: Vec<Gap>,
}

/// One gap: the first missing thing and the first that is there again.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Gap {
    /// Of which instrument.
    pub symbol: String,
    /// First missing.
    pub from: String,
    /// First there again.
    pub until: String,
    /// What is missing: ids, or a length of time.
    pub missing: String,
}

impl Gaps {
    /// Names the largest of all gaps; `name` tells how a number is written, `size` a difference.
    pub fn of(mut gaps: Vec<(String, i64, i64)>, name: impl Fn(i64) -> String, size: impl Fn(i64) -> String) -> Gaps {
        let count = gaps.len() as u64;
        gaps.sort_by_key(|(symbol, from, until)| (from - until, symbol.clone(), *from));
        gaps.truncate(NAMED);
        let one = |(symbol, from, until): (String, i64, i64)| Gap {
            symbol,
            from: name(from),
            until: name(until),
            missing: size(until - from),
        };
        Gaps { count, largest: gaps.into_iter().map(one).collect() }
    }
}

/// Rows kept out of the lake for one reason.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Refused {
    /// How many.
    pub count: u64,
    /// The first of them: row numbers, 1 for the first data row.
    pub rows: Vec<u64>,
}

impl Refused {
    /// Counts one more.
    pub fn add(&mut self, row: u64) {
        self.count += 1;
        if self.rows.len() < NAMED {
            self.rows.push(row);
        }
    }
}

/// What one import did. `rows_in` = `added` + `already` + `replaced` + `duplicates` + all refused.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// The file's name, without its folder.
    pub file: String,
    /// Its SHA-256.
    pub sha256: Digest,
    /// Its size.
    pub bytes: u64,
    /// Whether a `.CHECKSUM` beside it said the same digest; `false` where there is none.
    pub checksum_verified: bool,
    /// The program that read it.
    pub importer: String,
    /// The layout it was read as.
    pub layout: String,
    /// Table of the lake.
    pub table: String,
    /// Instruments in it, as `venue/market/symbol`.
    pub listings: Vec<String>,
    /// Data rows in the file.
    pub rows_in: u64,
    /// New to the lake.
    pub added: u64,
    /// In the lake already, saying the same.
    pub already: u64,
    /// In the lake before, saying something else, and overwritten.
    pub replaced: u64,
    /// Came twice in the file, saying the same, and dropped.
    pub duplicates: u64,
    /// Frames of a live feed that hold nothing for the lake.
    #[serde(skip_serializing_if = "is_zero")]
    pub passed_over: u64,
    /// Kept out of the lake, by reason.
    pub refused: BTreeMap<Fault, Refused>,
    /// Rows that came after a later one; they were sorted.
    pub inversions: u64,
    /// Whether it starts with column names.
    pub header: bool,
    /// Unit of its times.
    pub time_unit: String,
    /// Zone of its times.
    pub zone: String,
    /// Length of its bars.
    pub bar: Option<Span>,
    /// The earliest time of a kept row.
    pub first: Option<Ts>,
    /// The latest.
    pub last: Option<Ts>,
    /// Ids that are missing between the first and the last.
    pub id_gaps: Gaps,
    /// Bars that are missing, or times of at least a minute without a trade.
    pub time_gaps: Gaps,
}

impl Report {
    /// Rows kept out, for whatever reason.
    pub fn refused_rows(&self) -> u64 {
        self.refused.values().map(|r| r.count).sum()
    }
    /// Whether nothing was refused, nothing came out of order, and nothing is missing.
    pub fn spotless(&self) -> bool {
        self.refused_rows() + self.inversions + self.id_gaps.count + self.time_gaps.count == 0
    }
    /// Counts what became of some rows.
    pub(super) fn count(&mut self, tally: Tally) {
        self.added += tally.added;
        self.already += tally.already;
        self.replaced += tally.replaced;
        self.duplicates += tally.duplicates;
    }
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}
