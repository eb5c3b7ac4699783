//! `cargo xtask test`: every test, with nextest where it is installed, then the examples in the documentation.

use crate::shell::{Outcome, Shell, has_cargo_command};

pub(crate) fn run(package: Option<&str>) -> Outcome {
    unit(package)?;
    doc(package)
}

/// Unit and integration tests, and whatever else is built for them (examples, benches stay out).
pub(crate) fn unit(package: Option<&str>) -> Outcome {
    let cargo = Shell::cargo();
    let cargo = match has_cargo_command("nextest") {
        // nextest fails a package without a single test, which is legal here.
        true => cargo.args(["nextest", "run", "--no-tests=pass", "--no-fail-fast"]),
        false => cargo.args(["test", "--no-fail-fast"]),
    };
    cargo.args(scope(package)).args(["--lib", "--bins", "--tests", "--examples"]).run()
}

/// The examples in the documentation, which nextest does not run.
pub(crate) fn doc(package: Option<&str>) -> Outcome {
    Shell::cargo().args(["test", "--doc"]).args(scope(package)).run()
}

fn scope(package: Option<&str>) -> Vec<String> {
    match package {
        Some(name) => vec!["--package".into(), name.into()],
        None => vec!["--workspace".into()],
    }
}
