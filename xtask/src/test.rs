//! `cargo xtask test`: every test, with nextest where it is installed, then the examples in the documentation.
//!
//! Some tests do without the usual harness, because it starts threads and they count them. nextest cannot list
//! what is in them, so they are left out there and run by cargo.

use std::fs;

use cargo_metadata::Package;
use toml::{Table, Value};

use crate::shell::{Outcome, Shell, has_cargo_command};
use crate::workspace;

pub(crate) fn run(package: Option<&str>) -> Outcome {
    unit(package)?;
    doc(package)
}

/// Unit and integration tests, and the examples' (benches stay out).
pub(crate) fn unit(package: Option<&str>) -> Outcome {
    const TARGETS: [&str; 4] = ["--lib", "--bins", "--tests", "--examples"];
    if !has_cargo_command("nextest") {
        return Shell::cargo()
            .args(["test", "--no-fail-fast"])
            .args(scope(package))
            .args(optional(package))
            .args(TARGETS)
            .run();
    }
    let metadata = workspace::members(None)?;
    let mut bare = Vec::new();
    for member in metadata.workspace_packages() {
        if package.is_none_or(|name| name == member.name.as_str()) {
            bare.extend(bare_tests(member)?.into_iter().map(|test| (member.name.as_str(), test)));
        }
    }
    // A package without a single test is legal here, and an error to nextest.
    let mut nextest = Shell::cargo().args(["nextest", "run", "--no-tests=pass", "--no-fail-fast"]);
    nextest = nextest.args(scope(package)).args(optional(package)).args(TARGETS);
    if !bare.is_empty() {
        let each: Vec<_> =
            bare.iter().map(|(name, test)| format!("(package(={name}) & binary(={test}))")).collect();
        nextest = nextest.args(["--filterset".to_owned(), format!("not ({})", each.join(" | "))]);
    }
    nextest.run()?;
    for (name, test) in bare {
        Shell::cargo().args(["test", "--package", name, "--test", &test]).run()?;
    }
    Ok(())
}

/// The examples in the documentation, which nextest does not run.
pub(crate) fn doc(package: Option<&str>) -> Outcome {
    Shell::cargo().args(["test", "--doc"]).args(scope(package)).args(optional(package)).run()
}

fn scope(package: Option<&str>) -> Vec<String> {
    match package {
        Some(name) => vec!["--package".into(), name.into()],
        None => vec!["--workspace".into()],
    }
}

/// What packages have only when asked for, and tests look at: seeded mistakes that must be noticed, exchange with other crates.
fn optional(package: Option<&str>) -> Vec<String> {
    const FEATURES: [&str; 4] =
        ["tx-scheduler/faults", "txarray-cli/faults", "stress-tests/faults", "array-core/ndarray"];
    let of = |feature: &str| feature.split('/').next().map(str::to_owned);
    let features: Vec<String> = FEATURES
        .iter()
        .filter(|feature| package.is_none_or(|name| of(feature).as_deref() == Some(name)))
        .map(|feature| (*feature).to_owned())
        .collect();
    if features.is_empty() { Vec::new() } else { vec!["--features".into(), features.join(",")] }
}

/// The tests of a package that say `harness = false`.
fn bare_tests(package: &Package) -> Outcome<Vec<String>> {
    let path = &package.manifest_path;
    let text = fs::read_to_string(path).map_err(|e| format!("{path}: {e}"))?;
    bare(&text).map_err(|e| format!("{path}: {e}"))
}

fn bare(manifest: &str) -> Outcome<Vec<String>> {
    let table: Table = manifest.parse().map_err(|e| format!("{e}"))?;
    let tests = table.get("test").and_then(Value::as_array).map(Vec::as_slice).unwrap_or(&[]);
    let without = tests.iter().filter(|test| test.get("harness").and_then(Value::as_bool) == Some(false));
    Ok(without.filter_map(|test| test.get("name")?.as_str().map(str::to_owned)).collect())
}

#[cfg(test)]
mod tests {
    use super::bare;

    #[test]
    fn tests_without_a_harness_are_found() {
        let manifest =
            "[package]\nname = \"x\"\n[[test]]\nname = \"a\"\nharness = false\n[[test]]\nname = \"b\"\n";
        assert_eq!(bare(manifest), Ok(vec!["a".to_owned()]));
        assert_eq!(bare("[package]\nname = \"x\"\n"), Ok(vec![]));
    }
}
