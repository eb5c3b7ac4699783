//! `cargo xtask package`: the dry run of publishing. Nothing leaves this machine.
//!
//! It finds what a checkout hides: a file outside the crate's folder, a path dependency without a version, a
//! README that is not in the archive. The archives are built against each other, not against the checkout.

use crate::shell::{Outcome, Shell};
use crate::workspace;

pub(crate) fn run(verify: bool) -> Outcome {
    let metadata = workspace::members(None)?;
    // An empty `publish` list is `publish = false`: benches, stress tests and this package.
    let internal =
        metadata.workspace_packages().into_iter().filter(|p| p.publish.as_ref().is_some_and(Vec::is_empty));
    let mut cargo = Shell::cargo().args(["package", "--workspace", "--quiet", "--allow-dirty"]);
    for package in internal {
        cargo = cargo.args(["--exclude", package.name.as_str()]);
    }
    if !verify {
        cargo = cargo.arg("--no-verify");
    }
    cargo.run()
}
