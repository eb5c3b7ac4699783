//! `cargo xtask features`: every crate builds alone, whatever set of features its user asks for.
//!
//! A workspace build unifies features, so a crate can lean on what a sibling switched on and break for a user
//! who has it alone.

use crate::shell::{Outcome, Shell};
use crate::workspace;

pub(crate) fn run() -> Outcome {
    let metadata = workspace::members(None)?;
    for package in workspace::crates(&metadata) {
        let name = package.name.as_str();
        let check = || Shell::cargo().args(["check", "--quiet", "--all-targets", "--package", name]);
        check().run()?;
        check().arg("--no-default-features").run()?;
        for feature in package.features.keys().filter(|f| *f != "default") {
            check().args(["--no-default-features", "--features", feature]).run()?;
        }
    }
    Ok(())
}
