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
    /// Only the scenarios whose name contains this; `histories` by its full name
    #[arg(long)]
    pub(crate) only: Option<String>,
}

/// The scenario that records what the engine does.
const HISTORIES: &str = "histories";

/// The scenarios on the engine as it is shipped, then the recorded histories, for which it is built to tell times.
pub(crate) fn run(options: &Options) -> Outcome {
    let Options { secs, seed, .. } = *options;
    match options.only.as_deref() {
        Some(only) => stress(secs, seed, Some(only)),
        None => {
            // As much as the average scenario has, about.
            let for_histories = secs.div_ceil(12);
            stress(secs.saturating_sub(for_histories), seed, None)?;
            stress(for_histories, seed, Some(HISTORIES))
        }
    }
}

fn stress(secs: u64, seed: u64, only: Option<&str>) -> Outcome {
    let features: &[&str] = if only == Some(HISTORIES) { &["--features", "faults"] } else { &[] };
    let cargo = Shell::cargo().args(["run", "--quiet", "--release", "--package", "stress-tests"]);
    let cargo = cargo.args(features).args(["--", "--secs", &secs.to_string(), "--seed", &seed.to_string()]);
    cargo.args(only.map_or(vec![], |name| vec!["--only", name])).run()
}
