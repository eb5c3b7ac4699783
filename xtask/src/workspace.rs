//! What cargo knows about the workspace.

use std::path::{Path, PathBuf};

use cargo_metadata::{Metadata, MetadataCommand, Package};

use crate::shell::Outcome;

/// The folder of this workspace's `Cargo.toml`.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask/ lies in the workspace").to_owned()
}

/// The members and their declared dependencies, without resolving anything (no network, no lock file).
pub(crate) fn members(manifest: Option<&Path>) -> Outcome<Metadata> {
    metadata(manifest, vec!["--no-deps".into()])
}

/// The members and every package they resolve to, on these platforms; on all when none is named.
pub(crate) fn resolved(manifest: Option<&Path>, targets: &[String]) -> Outcome<Metadata> {
    metadata(manifest, targets.iter().flat_map(|t| ["--filter-platform".into(), t.clone()]).collect())
}

fn metadata(manifest: Option<&Path>, options: Vec<String>) -> Outcome<Metadata> {
    let manifest = manifest.map_or_else(|| root().join("Cargo.toml"), Path::to_owned);
    let flags: String = options.iter().map(|option| format!(" {option}")).collect();
    eprintln!("$ cargo metadata --format-version 1{flags} --manifest-path {}", manifest.display());
    let mut command = MetadataCommand::new();
    command.manifest_path(&manifest).other_options(options);
    command.exec().map_err(|e| format!("cargo metadata of {}: {e}", manifest.display()))
}

/// The members that live under `crates/`: the house itself, without benches, stress tests and tasks.
pub(crate) fn crates(metadata: &Metadata) -> Vec<&Package> {
    let folder = metadata.workspace_root.join("crates");
    let mut found: Vec<_> = (metadata.workspace_packages().into_iter())
        .filter(|package| package.manifest_path.starts_with(&folder))
        .collect();
    found.sort_by(|a, b| a.name.as_str().cmp(b.name.as_str()));
    found
}
