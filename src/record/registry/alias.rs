//! Aliases: which version is `champion`, and who made it so, when and why.
//!
//! `aliases/<alias>` is one line, replaced by rename. `history.jsonl` is append-only and
//! hash-chained like the ledger; it is written first, so the alias file can lag it by one move at
//! worst, and the next move mends that.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::base::{Digest, Ts};
use crate::record::chain::{ChainedLog, EntryKind, Link, NewEntry, TailRule};
use crate::record::disk::{io, read_limited, replace};
use crate::record::error::{Error, damaged};
use crate::record::stored::{from_value, to_value};

/// What an alias stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AliasTarget {
    /// Version, six digits.
    pub version: String,
    /// Digest of its `MANIFEST.json`.
    pub digest: Digest,
}

impl AliasTarget {
    /// The stored line.
    pub fn write(&self) -> String {
        format!("{} sha256:{}\n", self.version, self.digest)
    }
    /// Reads the stored line.
    ///
    /// # Errors
    /// It is not of that form.
    pub fn read(place: &str, text: &str) -> Result<AliasTarget, Error> {
        let bad = || damaged(place, format!("`{}` is not `<version> sha256:<digest>`", text.trim_end()));
        let (version, digest) = text.strip_suffix('\n').and_then(|t| t.split_once(" sha256:")).ok_or_else(bad)?;
        if !is_version(version) {
            return Err(bad());
        }
        Ok(AliasTarget { version: version.into(), digest: digest.parse().map_err(|_| bad())? })
    }
}

pub(crate) fn is_version(text: &str) -> bool {
    text.len() == 6 && text.bytes().all(|b| b.is_ascii_digit())
}

/// Lower-case letters, digits, `-` and `_`, at most 57: safe in a path, an address and a label.
pub(crate) fn is_name(text: &str) -> bool {
    let fit = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    !text.is_empty() && text.len() <= 57 && text.bytes().all(fit) && !is_version(text)
}

/// Who moves an alias, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedBy {
    /// Who.
    pub who: String,
    /// When.
    pub when: Ts,
    /// Why.
    pub reason: String,
}

/// One move of an alias.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AliasMove {
    /// When; taken from the line's stamp.
    #[serde(skip)]
    pub when: Ts,
    /// Who.
    pub who: String,
    /// Why.
    pub reason: String,
    /// Which alias.
    pub alias: String,
    /// What it stood for before.
    pub from: Option<AliasTarget>,
    /// What it stands for since.
    pub to: AliasTarget,
}

/// The aliases of one registered name.
#[derive(Clone, Debug)]
pub struct Aliases {
    folder: PathBuf,
}

impl Aliases {
    /// Of the name whose folder this is.
    pub fn of(folder: &Path) -> Aliases {
        Aliases { folder: folder.into() }
    }
    fn history_path(&self) -> PathBuf {
        self.folder.join("history.jsonl")
    }
    fn path(&self, alias: &str) -> PathBuf {
        self.folder.join("aliases").join(alias)
    }
    /// Every alias there is, in name order.
    ///
    /// # Errors
    /// One of them cannot be read.
    pub fn list(&self) -> Result<Vec<(String, AliasTarget)>, Error> {
        let folder = self.folder.join("aliases");
        if !folder.exists() {
            return Ok(Vec::new());
        }
        let mut names = Vec::new();
        for item in std::fs::read_dir(&folder).map_err(|e| io(&folder, e))? {
            let name = item.map_err(|e| io(&folder, e))?.file_name().to_string_lossy().into_owned();
            if is_name(&name) {
                names.push(name);
            }
        }
        names.sort();
        names.into_iter().map(|n| self.get(&n).map(|t| (n, t))).collect()
    }
    /// What an alias stands for.
    ///
    /// # Errors
    /// There is no such alias, or its file is damaged.
    pub fn get(&self, alias: &str) -> Result<AliasTarget, Error> {
        let path = self.path(alias);
        if !is_name(alias) || !path.exists() {
            let has: Vec<String> = self.list()?.into_iter().map(|a| a.0).collect();
            return Err(Error::Missing(format!(
                "{}: no alias `{alias}`; there are: {}; set it with `margincast models promote`",
                self.folder.display(),
                if has.is_empty() { "none".into() } else { has.join(", ") }
            )));
        }
        let bytes = read_limited(&path, 256)?;
        AliasTarget::read(&path.display().to_string(), &String::from_utf8_lossy(&bytes))
    }
    /// Every move there was, oldest first, each checked against its hash and the one before.
    ///
    /// # Errors
    /// The history is damaged.
    pub fn history(&self) -> Result<Vec<AliasMove>, Error> {
        Ok(self.read_history()?.0)
    }
    fn read_history(&self) -> Result<(Vec<AliasMove>, ChainedLog), Error> {
        let mut moves = Vec::new();
        let log = ChainedLog::read(&self.history_path(), Link::default(), TailRule::Torn, |place, record| {
            let mut change: AliasMove = from_value(place, record.body)?;
            change.when = record.ts;
            moves.push(change);
            Ok(())
        })?;
        Ok((moves, log))
    }
    /// Makes an alias stand for a version.
    ///
    /// # Errors
    /// The name of the alias is not one, or something cannot be written.
    pub fn set(&self, alias: &str, to: AliasTarget, by: &ChangedBy) -> Result<AliasMove, Error> {
        if !is_name(alias) {
            return Err(Error::Refused(format!(
                "alias `{alias}`: want 1 to 57 of a-z, 0-9, - and _, and not six digits"
            )));
        }
        let (moves, mut log) = self.read_history()?;
        let from = moves.iter().rev().find(|m| m.alias == alias).map(|m| m.to.clone());
        let (who, reason) = (by.who.clone(), by.reason.clone());
        let change = AliasMove { when: by.when, who, reason, alias: alias.into(), from, to };
        log.append(&[NewEntry { kind: EntryKind::AliasSet, ts: by.when, body: to_value("history.jsonl", &change)? }])?;
        let folder = self.folder.join("aliases");
        std::fs::create_dir_all(&folder).map_err(|e| io(&folder, e))?;
        replace(&self.path(alias), change.to.write().as_bytes())?;
        Ok(change)
    }
    /// The move that put in force what an alias stood for at an instant.
    ///
    /// # Errors
    /// The history is damaged.
    pub fn at(&self, alias: &str, at: Ts) -> Result<Option<AliasMove>, Error> {
        Ok(self.history()?.into_iter().rfind(|m| m.alias == alias && m.when <= at))
    }
    /// Where alias files and history disagree.
    ///
    /// # Errors
    /// The history or an alias is damaged.
    pub fn check(&self) -> Result<Vec<String>, Error> {
        let moves = self.history()?;
        let mut wrong = Vec::new();
        for (alias, target) in self.list()? {
            match moves.iter().rev().find(|m| m.alias == alias) {
                Some(last) if last.to == target => {}
                Some(last) => wrong.push(format!(
                    "alias `{alias}` is {}, its history says {}; promote it again",
                    target.version, last.to.version
                )),
                None => wrong.push(format!("alias `{alias}` is {}, its history does not know it", target.version)),
            }
        }
        Ok(wrong)
    }
}
