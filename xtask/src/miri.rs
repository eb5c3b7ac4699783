//! `cargo xtask miri`: the unit tests under Miri with strict provenance, where the nightly toolchain has it.

use std::path::PathBuf;

use crate::shell::{Outcome, Shell};

/// The crates with `unsafe` code of their own.
const CRATES: &[&str] = &["tx-runtime", "stm-engine", "array-core", "tx-collections"];

pub(crate) fn run() -> Outcome {
    let Some(sysroot) = nightly_with_source("miri") else { return Ok(()) };
    if !sysroot.join("bin/cargo-miri").is_file() {
        println!(
            "miri: skipped, the nightly toolchain has no `miri` (rustup component add --toolchain nightly miri)"
        );
        return Ok(());
    }
    let cargo = Shell::new("rustup").args(["run", "nightly", "cargo", "miri", "test", "--lib"]);
    // Isolation off: the tests of the thread budget read the environment and the clock.
    let cargo = cargo.env("MIRIFLAGS", "-Zmiri-strict-provenance -Zmiri-disable-isolation");
    cargo.args(CRATES.iter().flat_map(|name| ["--package", name])).run()
}

/// The nightly toolchain's folder when it is installed with the library's source, else a line that says so.
pub(crate) fn nightly_with_source(task: &str) -> Option<PathBuf> {
    let Some(root) = Shell::new("rustup").args(["run", "nightly", "rustc", "--print", "sysroot"]).probe()
    else {
        println!("{task}: skipped, there is no nightly toolchain (rustup toolchain install nightly)");
        return None;
    };
    let sysroot = PathBuf::from(root);
    if !sysroot.join("lib/rustlib/src/rust/library").is_dir() {
        println!(
            "{task}: skipped, the nightly toolchain has no `rust-src` (rustup component add --toolchain nightly rust-src)"
        );
        return None;
    }
    Some(sysroot)
}
