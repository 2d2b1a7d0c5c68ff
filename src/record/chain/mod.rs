//! Files of JSON lines, each bound to the one before it by its hash: the ledger, the history of aliases and
//! the log of policy changes.
//!
//! | file | what it holds |
//! |---|---|
//! | `entry` | what a line holds, before it is sealed and after |
//! | `link` | how an entry is sealed and how a sealed line is checked |
//! | `lines` | how one file of them is read back, and what its unfinished last line means |
//! | `log` | one file of them: read, checked and appended to |
//!
//! This folder knows nothing of what the entries say.
//!
//! One entry is one line of canonical JSON (keys sorted, no spaces, decimals as text):
//!
//! ```text
//! {"body":{…},"hash":"<64 hex>","kind":"publish","prev":"<64 hex>","seq":7,"ts":"2024-01-01T00:00:00Z","v":1}
//! ```
//!
//! `hash` is the SHA-256 of the same line without its `hash` member, and `prev` is the hash of the
//! line before (64 zeros for the first). Anyone can check it:
//!
//! ```text
//! prev=$(printf '0%.0s' $(seq 64))
//! cat ledger/*.jsonl | while IFS= read -r line; do
//!   hash=$(printf '%s' "$line" | jq -cS 'del(.hash)' | tr -d '\n' | sha256sum | cut -d' ' -f1)
//!   [ "$hash" = "$(printf '%s' "$line" | jq -r .hash)" ] || echo "changed: $line"
//!   [ "$prev" = "$(printf '%s' "$line" | jq -r .prev)" ] || echo "unlinked: $line"
//!   prev=$hash
//! done
//! ```

mod entry;
mod lines;
mod link;
mod log;

pub use entry::{EntryKind, NewEntry, SealedEntry};
pub use lines::{Lines, TailRule};
pub use link::{LINE_BYTES_MAX, Link};
pub use log::ChainedLog;
