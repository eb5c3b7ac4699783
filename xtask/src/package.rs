//! `cargo xtask package`: the dry run of publishing. Nothing leaves this machine.
//!
//! It finds what a checkout hides: a file outside the crate's folder, a path dependency without a version, a
//! README that is not in the archive. The archives are built against each other, not against the checkout.
//!
//! For that cargo makes a registry in the target folder. It takes what comes from a registry for final: it keeps what it
//! has unpacked in its home, by the path of the registry, crate and version, and what it has built in the target folder. A
//! later run would build against what an earlier one has packed, so both go first.

use std::fs;
use std::path::PathBuf;

use cargo_metadata::Package;

use crate::shell::{Outcome, Shell};
use crate::workspace;

pub(crate) fn run(verify: bool) -> Outcome {
    let metadata = workspace::members(None)?;
    forget_unpacked(&metadata.workspace_packages());
    let folder = metadata.target_directory.join("packages");
    drop(fs::remove_dir_all(&folder));
    // An empty `publish` list is `publish = false`: benches, stress tests and this package.
    let internal =
        metadata.workspace_packages().into_iter().filter(|p| p.publish.as_ref().is_some_and(Vec::is_empty));
    let mut cargo = Shell::cargo().args(["package", "--workspace", "--quiet", "--allow-dirty"]);
    cargo = cargo.args(["--target-dir", folder.as_str()]);
    for package in internal {
        cargo = cargo.args(["--exclude", package.name.as_str()]);
    }
    if !verify {
        cargo = cargo.arg("--no-verify");
    }
    cargo.run()
}

/// Remove what cargo has unpacked of these packages from registries of its own making, whose names start with a dash.
/// What is not there, or cannot be removed, is left to cargo.
fn forget_unpacked(packages: &[&Package]) {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let Some(home) = home.or_else(|| Some(std::env::home_dir()?.join(".cargo"))) else { return };
    for kind in ["src", "cache"] {
        let registries = fs::read_dir(home.join("registry").join(kind)).into_iter().flatten().flatten();
        for registry in registries.filter(|r| r.file_name().to_string_lossy().starts_with('-')) {
            for package in packages {
                let name = format!("{}-{}", package.name, package.version);
                drop(fs::remove_dir_all(registry.path().join(&name)));
                drop(fs::remove_file(registry.path().join(format!("{name}.crate"))));
            }
        }
    }
}
