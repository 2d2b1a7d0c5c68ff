//! Licences: what `deny.toml` allows, held against what cargo says of every crate that is built in.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// Whether an SPDX expression can be met with allowed licences: `OR` by either side, `AND` by both.
fn met(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let answer = any(&tokens, &mut at, allowed);
    answer && at == tokens.len()
}

fn any(tokens: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let mut answer = all(tokens, at, allowed);
    while tokens.get(*at) == Some(&"OR") {
        *at += 1;
        answer |= all(tokens, at, allowed);
    }
    answer
}

fn all(tokens: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let mut answer = single(tokens, at, allowed);
    while tokens.get(*at) == Some(&"AND") {
        *at += 1;
        answer &= single(tokens, at, allowed);
    }
    answer
}

fn single(tokens: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let Some(token) = tokens.get(*at) else { return false };
    *at += 1;
    if *token == "(" {
        let answer = any(tokens, at, allowed);
        *at += 1;
        return answer;
    }
    let mut name = (*token).to_string();
    if tokens.get(*at) == Some(&"WITH") {
        name = format!("{name} WITH {}", tokens.get(*at + 1).unwrap_or(&""));
        *at += 2;
    }
    allowed.contains(&name)
}

/// Licences that may be built in, and what is said of crates whose manifest names none.
fn policy() -> (BTreeSet<String>, BTreeMap<String, String>) {
    let text = std::fs::read_to_string(super::root().join("deny.toml")).expect("deny.toml");
    let table: toml::Table = text.parse().expect("valid TOML");
    let list = |key: &str| table["licenses"][key].as_array().expect("a list").clone();
    let word = |v: &toml::Value| v.as_str().expect("text").to_string();
    let said = list("clarify").iter().map(|c| (word(&c["crate"]), word(&c["expression"]))).collect();
    (list("allow").iter().map(word).collect(), said)
}

#[test]
fn every_crate_built_in_has_an_allowed_licence() {
    let arguments = ["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform"];
    let out = Command::new(env!("CARGO"))
        .args(arguments)
        .arg("x86_64-unknown-linux-gnu")
        .current_dir(super::root())
        .output()
        .expect("cargo runs");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let metadata: Value = serde_json::from_slice(&out.stdout).expect("JSON");
    let ((allowed, said), packages) = (policy(), metadata["packages"].as_array().expect("packages"));
    assert!(packages.len() > 100, "{} crates", packages.len());
    let bad: Vec<String> = packages
        .iter()
        .filter(|p| {
            let name = p["name"].as_str().expect("a name");
            let named = p["license"].as_str().or_else(|| said.get(name).map(String::as_str));
            !named.is_some_and(|l| met(l, &allowed))
        })
        .map(|p| format!("{} {}: {}", p["name"], p["version"], p["license"]))
        .collect();
    assert!(bad.is_empty(), "licences that deny.toml does not allow:\n{}", bad.join("\n"));
}

#[test]
fn licence_expressions_are_read_as_spdx_says() {
    let allowed: BTreeSet<String> = ["MIT", "Apache-2.0 WITH LLVM-exception"].map(String::from).into();
    for yes in ["MIT", "GPL-3.0 OR MIT", "Apache-2.0/MIT", "(GPL-2.0 OR MIT) AND MIT", "Apache-2.0 WITH LLVM-exception"]
    {
        assert!(met(yes, &allowed), "{yes}");
    }
    for no in ["GPL-3.0", "Apache-2.0", "MIT AND GPL-3.0", "(MIT OR GPL-2.0) AND BSD-3-Clause", ""] {
        assert!(!met(no, &allowed), "{no}");
    }
}
