//! `cargo xtask bench SUITE`: ours beside its rivals, interleaved in one run. Rows go to standard output.

use crate::shell::{Outcome, Shell};
use crate::workspace;

/// What rivals in Python need.
const MODULES: [&str; 5] = ["numpy", "numba", "jax", "dask", "numexpr"];

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The suite; without one, the names of all suites
    suite: Option<String>,
    /// One JSON array of `{id, unit, ours, rivals, threads}` instead of a table
    #[arg(long)]
    json: bool,
    /// Measure only the rows whose id contains this text
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Thread counts to measure at
    #[arg(long, value_name = "N,N…", default_value = "1,2")]
    threads: String,
    /// First install the rivals that are Python modules, in target/rivals/venv
    #[arg(long)]
    install_rivals: bool,
}

pub(crate) fn run(options: &Options) -> Outcome {
    if options.install_rivals {
        let venv = workspace::root().join("target/rivals/venv");
        Shell::new("python3").args(["-m", "venv"]).arg(&venv).run()?;
        Shell::new(venv.join("bin/pip")).args(["install", "--quiet"]).args(MODULES).run()?;
    }
    let mut cargo =
        Shell::cargo().args(["run", "--quiet", "--release", "--package", "txarray-benches", "--"]);
    if let Some(suite) = &options.suite {
        cargo = cargo.arg(suite);
    }
    if options.json {
        cargo = cargo.arg("--json");
    }
    if let Some(text) = &options.only {
        cargo = cargo.args(["--only", text]);
    }
    cargo.args(["--threads", &options.threads]).run()
}
