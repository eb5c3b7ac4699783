//! `cargo xtask stress`: the scenarios of the `stress-tests` package, built for speed.

use crate::shell::{Outcome, Shell};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Seconds for all scenarios together
    #[arg(long, default_value_t = 60)]
    pub(crate) secs: u64,
    /// The seed that all scenarios derive theirs from
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Only the scenarios whose name contains this
    #[arg(long)]
    pub(crate) only: Option<String>,
}

pub(crate) fn run(options: &Options) -> Outcome {
    let (secs, seed) = (options.secs.to_string(), options.seed.to_string());
    let cargo = Shell::cargo().args(["run", "--quiet", "--release", "--package", "stress-tests", "--"]);
    let cargo = cargo.args(["--secs", &secs, "--seed", &seed]);
    match &options.only {
        Some(name) => cargo.args(["--only", name]).run(),
        None => cargo.run(),
    }
}
