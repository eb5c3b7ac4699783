//! `cargo xtask tsan`: the protocol crates' tests under ThreadSanitizer, where the nightly toolchain has its parts.
//!
//! The standard library is built with the sanitizer too, which needs its source.

use crate::miri::nightly_with_source;
use crate::shell::{Outcome, Shell};
use crate::workspace;

const CRATES: &[&str] = &["tx-runtime", "stm-engine", "tx-collections", "tx-scheduler"];

pub(crate) fn run() -> Outcome {
    if nightly_with_source("tsan").is_none() {
        return Ok(());
    }
    let Some(host) = Shell::new("rustup").args(["run", "nightly", "rustc", "--print", "host-tuple"]).probe()
    else {
        println!("tsan: skipped, the nightly compiler does not print its host");
        return Ok(());
    };
    let folder = workspace::members(None)?.target_directory.join("tsan");
    let cargo =
        Shell::new("rustup").args(["run", "nightly", "cargo", "test", "-Zbuild-std", "--lib", "--tests"]);
    let cargo = cargo.args(["--target", &host, "--target-dir", folder.as_str()]);
    let cargo = cargo.env("RUSTFLAGS", "-Zsanitizer=thread").env("TSAN_OPTIONS", "halt_on_error=1");
    cargo.args(CRATES.iter().flat_map(|name| ["--package", name])).run()
}
