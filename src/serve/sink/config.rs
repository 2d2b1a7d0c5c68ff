//! `[[serve.sinks]]`: which sinks there are.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use serde_json::Value;

use super::SINKS;
use super::contract::{Sink, SinkKind};
use crate::serve::options::SinkConfig;

/// Longest name of a sink.
const NAME_MAX: usize = 64;

/// A sink that is ready to be sent to.
pub struct Opened {
    /// Its kind.
    pub kind: &'static str,
    /// Whether the service is not ready while it does not do well.
    pub required: bool,
    /// The sink.
    pub sink: Box<dyn Sink>,
}

fn open_one(config: &SinkConfig) -> Result<Opened> {
    let name = config.name();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || name.len() > NAME_MAX || !name.chars().all(plain) {
        bail!("name: `{name}`: want 1 to {NAME_MAX} letters, digits, `-` or `_`");
    }
    let known = || SINKS.iter().map(|k| k.name).collect::<Vec<_>>().join(", ");
    let Some(SinkKind { name: kind, open, .. }) = SINKS.iter().find(|k| k.name == config.kind) else {
        bail!("kind: no sink `{}`; there are: {}", config.kind, known());
    };
    Ok(Opened { kind, required: config.required, sink: open(name, Value::Object(config.settings.clone()))? })
}

/// Every sink that is configured.
///
/// # Errors
/// What is wrong with any of them, one line each, with its key.
pub fn open(sinks: &[SinkConfig]) -> Result<Vec<Opened>> {
    let (mut opened, mut wrong, mut names) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (i, sink) in sinks.iter().enumerate() {
        if !names.insert(sink.name()) {
            wrong.push(format!("serve.sinks[{i}].name: two are named `{}`; give one another name", sink.name()));
        }
        match open_one(sink) {
            Ok(open) => opened.push(open),
            Err(e) => wrong.push(format!("serve.sinks[{i}]: {e:#}")),
        }
    }
    if wrong.is_empty() { Ok(opened) } else { bail!("{}", wrong.join("\n  ")) }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    fn read(text: &str) -> Vec<SinkConfig> {
        #[derive(Deserialize)]
        struct Whole {
            sinks: Vec<SinkConfig>,
        }
        toml::from_str::<Whole>(text).unwrap().sinks
    }

    #[test]
    fn what_is_wrong_with_any_sink_is_told_at_once() {
        let good = read(
            "[[sinks]]\nkind = \"file\"\nfolder = \"a\"\n[[sinks]]\nkind = \"file\"\nname = \"b\"\nfolder = \"b\"",
        );
        let opened = open(&good).unwrap();
        assert_eq!(opened.iter().map(|o| o.sink.name()).collect::<Vec<_>>(), ["file", "b"]);
        assert!(opened.iter().all(|o| o.required && o.kind == "file"));
        let bad = read(
            "[[sinks]]\nkind = \"flie\"\n[[sinks]]\nkind = \"file\"\nname = \"../x\"\nfolder = \"a\"\n[[sinks]]\nkind = \"file\"\n\
             [[sinks]]\nkind = \"file\"\nfoldr = \"a\"",
        );
        let said = open(&bad).err().unwrap().to_string();
        for want in [
            "serve.sinks[0]: kind: no sink `flie`; there are: file",
            "serve.sinks[1]: name: `../x`",
            "serve.sinks[2]: missing field `folder`",
            "serve.sinks[3].name: two are named `file`",
            "serve.sinks[3]: unknown field `foldr`",
        ] {
            assert!(said.contains(want), "{want}: {said}");
        }
    }
    #[test]
    fn every_kind_says_what_it_does_and_has_its_own_name() {
        let names: BTreeSet<&str> = SINKS.iter().map(|k| k.name).collect();
        assert_eq!(names.len(), SINKS.len());
        assert!(SINKS.iter().all(|k| !k.about.is_empty()));
    }
}
