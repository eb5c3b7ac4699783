//! `cargo xtask bench SUITE`: ours beside its rivals, interleaved in one run. Rows go to standard output.

use crate::python;
use crate::shell::{Outcome, Shell};

/// The suites that have rivals in Python.
const SUITES: [&str; 3] = ["arrays", "functions", "scheduler"];

/// What these need.
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
    /// Take the rivals in Python that are there, and install none in target/rivals/venv
    #[arg(long)]
    no_install: bool,
}

pub(crate) fn run(options: &Options) -> Outcome {
    let wanted = !options.no_install && options.suite.as_deref().is_some_and(|suite| SUITES.contains(&suite));
    if wanted && let Err(why) = python::with(&MODULES) {
        eprintln!("{why}: rivals in Python that are not there are left out");
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
