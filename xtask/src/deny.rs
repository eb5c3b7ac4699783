//! `cargo xtask deny`: who we depend on, checked against the lists of `deny.toml`.
//!
//! The file is in cargo-deny's own format, so that tool reads it too. This check needs nothing installed; it
//! covers licences, sources, wildcards and banned crates. Advisories need a database from the network and are
//! cargo-deny's part.

mod licence;

use std::fs;
use std::path::Path;

use cargo_metadata::{Metadata, Package};
use toml::{Table, Value};

use crate::shell::Outcome;
use crate::workspace;

/// The lists of `deny.toml` that this check reads.
#[derive(Debug, Default)]
struct Lists {
    licences: Vec<String>,
    /// The platforms whose dependencies are checked; all when there is none.
    targets: Vec<String>,
    banned: Vec<(String, String)>,
}

pub(crate) fn run(manifest: Option<&Path>) -> Outcome {
    let path = workspace::members(manifest)?.workspace_root.join("deny.toml");
    let text = fs::read_to_string(&path).map_err(|e| format!("{path}: {e}"))?;
    let lists = Lists::parse(&text).map_err(|e| format!("{path}: {e}"))?;
    let metadata = workspace::resolved(manifest, &lists.targets)?;
    let broken: Vec<_> = metadata.packages.iter().flat_map(|p| complaints(&lists, &metadata, p)).collect();
    if broken.is_empty() {
        println!(
            "deny: {} packages, licences, sources, wildcards and bans as listed",
            metadata.packages.len()
        );
        return Ok(());
    }
    Err(format!("{} package(s) against deny.toml:\n  {}", broken.len(), broken.join("\n  ")))
}

impl Lists {
    fn parse(text: &str) -> Outcome<Self> {
        let table: Table = text.parse().map_err(|e| format!("{e}"))?;
        let at = |section: &str, key: &str| table.get(section).and_then(|s| s.get(key));
        // The check below is as strict as these words say, and cannot be weaker than the file.
        for (section, key) in
            [("sources", "unknown-registry"), ("sources", "unknown-git"), ("bans", "wildcards")]
        {
            if at(section, key).and_then(Value::as_str) != Some("deny") {
                return Err(format!("[{section}] {key} has to be \"deny\""));
            }
        }
        let list =
            |section, key| at(section, key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or(&[]);
        let words = |section, key| -> Vec<String> {
            list(section, key).iter().filter_map(|v| v.as_str().map(str::to_owned)).collect()
        };
        let (licences, targets) = (words("licenses", "allow"), words("graph", "targets"));
        let word = |v: &Value, key| v.get(key).and_then(Value::as_str).map(str::to_owned);
        let banned = list("bans", "deny")
            .iter()
            .filter_map(|v| Some((word(v, "crate")?, word(v, "reason")?)))
            .collect();
        Ok(Self { licences, targets, banned })
    }
}

fn complaints(lists: &Lists, metadata: &Metadata, package: &Package) -> Vec<String> {
    let who = format!("{} {}", package.name, package.version);
    let ours = metadata.workspace_members.contains(&package.id);
    let mut broken = Vec::new();
    match &package.license {
        None => broken.push(format!("{who}: no licence expression")),
        Some(text) => match licence::allowed(text, &lists.licences) {
            Ok(true) => {}
            Ok(false) => broken.push(format!("{who}: licence `{text}` is not in [licenses] allow")),
            Err(why) => broken.push(format!("{who}: licence `{text}`: {why}")),
        },
    }
    match &package.source {
        None if !ours => broken.push(format!("{who}: comes from a folder outside the workspace")),
        Some(source) if !source.is_crates_io() => broken.push(format!("{who}: unknown source {source}")),
        _ => {}
    }
    if let Some((name, reason)) = lists.banned.iter().find(|(name, _)| *name == package.name.as_str()) {
        broken.push(format!("{who}: {name} is banned: {reason}"));
    }
    if ours {
        let wild = package.dependencies.iter().filter(|d| d.req.comparators.is_empty() && d.path.is_none());
        broken.extend(wild.map(|d| format!("{who}: any version of {} will do (wildcard)", d.name)));
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_read_and_may_not_be_weakened() {
        let strict = "[sources]\nunknown-registry = \"deny\"\nunknown-git = \"deny\"\n\
                      [bans]\nwildcards = \"deny\"\ndeny = [{ crate = \"ctrlc\", reason = \"starts a thread\" }]\n\
                      [licenses]\nallow = [\"MIT\"]\n[graph]\ntargets = [\"x86_64-apple-darwin\"]\n";
        let lists = Lists::parse(strict).unwrap();
        assert_eq!(lists.licences, ["MIT"]);
        assert_eq!(lists.targets, ["x86_64-apple-darwin"]);
        assert_eq!(lists.banned, [("ctrlc".to_owned(), "starts a thread".to_owned())]);
        let weak = strict.replace("wildcards = \"deny\"", "wildcards = \"allow\"");
        assert!(Lists::parse(&weak).unwrap_err().contains("wildcards"));
    }
}
