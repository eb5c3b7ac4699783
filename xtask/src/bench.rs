//! `cargo xtask bench SUITE`: ours beside its rivals, interleaved in one run. Rows go to standard output.

use crate::shell::{Outcome, Shell};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The suite; without one, the names of all suites
    suite: Option<String>,
    /// One JSON array of `{id, unit, ours, rivals, threads}` instead of a table
    #[arg(long)]
    json: bool,
    /// Thread counts to measure at
    #[arg(long, value_name = "N,N…", default_value = "1,2")]
    threads: String,
}

pub(crate) fn run(options: &Options) -> Outcome {
    let mut cargo =
        Shell::cargo().args(["run", "--quiet", "--release", "--package", "txarray-benches", "--"]);
    if let Some(suite) = &options.suite {
        cargo = cargo.arg(suite);
    }
    if options.json {
        cargo = cargo.arg("--json");
    }
    cargo.args(["--threads", &options.threads]).run()
}
