//! `cargo xtask …`: every task of this workspace, one file each.
//!
//! Each task prints the command lines it runs, so that a red one can be run by hand. CI runs `cargo xtask ci`
//! and nothing else.

mod bench;
mod ci;
mod deny;
mod docs;
mod features;
mod layers;
mod loom;
mod miri;
mod package;
mod python;
mod shell;
mod simulate;
mod stress;
mod test;
mod tsan;
mod ulp;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use shell::Outcome;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "The tasks of the txarray workspace")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Everything CI checks, in order, timed; the first failure stops it
    Ci,
    /// Unit, integration and documentation tests of the whole workspace
    Test {
        /// Only this package
        #[arg(short, long)]
        package: Option<String>,
    },
    /// Model checking: every tests/loom_*.rs under `--cfg loom`
    Loom {
        /// A model file (`commit` or `loom_commit`), or part of the name of a test
        model: Option<String>,
        /// Four preemptions instead of two: minutes to hours
        #[arg(long)]
        deep: bool,
    },
    /// Seeded rounds of real threads, time-boxed, under a watchdog
    Stress(stress::Options),
    /// Imports only go down: the floors, the doors of dependencies, the rules for protocol and kernel code
    Layers {
        /// The workspace to check, when it is not this one
        #[arg(long, value_name = "CARGO_TOML")]
        manifest_path: Option<PathBuf>,
    },
    /// Licences, sources, wildcards and banned crates, by the lists of deny.toml
    Deny {
        /// The workspace to check, when it is not this one
        #[arg(long, value_name = "CARGO_TOML")]
        manifest_path: Option<PathBuf>,
    },
    /// Every crate alone: as it comes, without default features, with each feature
    Features,
    /// Documentation with warnings denied, and the links of the Markdown files
    Docs {
        /// Open the result in a browser
        #[arg(long)]
        open: bool,
    },
    /// A bench suite, ours beside its rivals in the same run
    Bench(bench::Options),
    /// The greatest error of each vector function, in ulp
    Ulp(ulp::Options),
    /// Write the tables and polynomials of the vector functions again
    Coefficients,
    /// What the dependences of a recorded program allow on other numbers of cores: a model
    Simulate(simulate::Options),
    /// Dry run of publishing: package every crate and build it from its archive
    Package {
        /// Make the archives, do not build them
        #[arg(long)]
        no_verify: bool,
    },
    /// Unit tests under Miri, where the nightly toolchain has it
    Miri,
    /// Protocol tests under ThreadSanitizer, where the nightly toolchain has its parts
    Tsan,
}

fn run(task: Task) -> Outcome {
    match task {
        Task::Ci => ci::run(),
        Task::Test { package } => test::run(package.as_deref()),
        Task::Loom { model, deep } => loom::run(model.as_deref(), deep),
        Task::Stress(options) => stress::run(&options),
        Task::Layers { manifest_path } => layers::run(manifest_path.as_deref()),
        Task::Deny { manifest_path } => deny::run(manifest_path.as_deref()),
        Task::Features => features::run(),
        Task::Docs { open } => docs::run(open),
        Task::Bench(options) => bench::run(&options),
        Task::Ulp(options) => ulp::run(&options),
        Task::Coefficients => ulp::coefficients(),
        Task::Simulate(options) => simulate::run(&options),
        Task::Package { no_verify } => package::run(!no_verify),
        Task::Miri => miri::run(),
        Task::Tsan => tsan::run(),
    }
}

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\nfailed: {failure}");
            ExitCode::FAILURE
        }
    }
}
