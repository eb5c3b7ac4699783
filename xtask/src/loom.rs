//! `cargo xtask loom`: runs every `tests/loom_*.rs` under `--cfg loom` and counts what they explored.
//!
//! A model that explores one execution proves nothing, and so does one that no mistake can turn red. So each
//! test prints what it did, one line each on standard output, and this task believes nothing else:
//!
//! ```text
//! loom-model NAME executions=N           N > 1, counted inside the model's closure
//! loom-mutant NAME caught=true|false     the same model with one seeded mistake: loom must refuse it
//! ```
//!
//! A model file without a `loom-model` line, a model of one execution and a mutant that got away fail the task.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::shell::{Outcome, Shell};
use crate::workspace;

/// What one line of a test's output reports.
#[derive(Debug, PartialEq, Eq)]
enum Line {
    Model { name: String, executions: u64 },
    Mutant { name: String, caught: bool },
}

/// One row of the table.
#[derive(Debug)]
struct Row {
    file: String,
    line: Line,
    after: Duration,
}

/// What one test file printed.
#[derive(Debug)]
struct Found {
    file: String,
    green: bool,
    lines: Vec<Row>,
    said: Vec<String>,
}

impl Found {
    fn of(file: String, cargo: Shell) -> Outcome<Self> {
        let (mut lines, mut said, start) = (Vec::new(), Vec::new(), Instant::now());
        let green = cargo.lines(|text| match parse(text) {
            Some(line) => lines.push(Row { file: file.clone(), line, after: start.elapsed() }),
            None => said.push(text.to_owned()),
        })?;
        Ok(Self { file, green, lines, said })
    }
}

pub(crate) fn run(model: Option<&str>, deep: bool) -> Outcome {
    let metadata = workspace::members(None)?;
    let folder = metadata.target_directory.join("loom");
    let mut files = BTreeMap::<&str, Vec<&str>>::new();
    for package in metadata.workspace_packages() {
        let tests = package.targets.iter().filter(|t| t.is_test() && t.name.starts_with("loom_"));
        tests.for_each(|t| files.entry(package.name.as_str()).or_default().push(&t.name));
    }
    // A model is asked for by its file, or else by part of its test's name.
    let file = model.filter(|m| files.values().flatten().any(|f| is_file(f, m)));
    if let Some(name) = file {
        files.values_mut().for_each(|tests| tests.retain(|f| is_file(f, name)));
    }
    let filter = model.filter(|_| file.is_none());

    let cargo = |package: &str, tests: &[&str]| {
        let cargo = Shell::cargo().env("RUSTFLAGS", "--cfg loom");
        let cargo = cargo.args(["test", "--quiet", "--profile", "loom", "--package", package]);
        let cargo = tests.iter().fold(cargo, |cargo, test| cargo.args(["--test", test]));
        cargo.args(["--target-dir", folder.as_str()])
    };
    files.retain(|_, tests| !tests.is_empty());
    for (package, tests) in &files {
        cargo(package, tests).arg("--no-run").run()?;
    }
    let explore = |package: &str, test: &str| {
        let cargo = cargo(package, &[test]).args(filter).args(["--", "--nocapture", "--test-threads=1"]);
        // Mutants panic by the dozen; nobody reads where.
        let cargo = cargo.env("RUST_BACKTRACE", "0");
        let cargo = cargo.env("LOOM_MAX_PREEMPTIONS", if deep { "4" } else { "2" });
        Found::of(format!("{package}/{test}"), cargo)
    };

    // As many files at once as there are cores. loom explores on one thread, and maps and unmaps stacks all the
    // time: two models in one process wait for each other there, two processes do not.
    let left: Vec<_> =
        files.iter().flat_map(|(package, tests)| tests.iter().map(|t| (*package, *t))).collect();
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from).min(left.len()) {
            scope.spawn(|| {
                while let Some((package, test)) = left.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let each = explore(package, test);
                    found.lock().unwrap_or_else(PoisonError::into_inner).push(each);
                }
            });
        }
    });
    let mut found = found
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner)
        .into_iter()
        .collect::<Outcome<Vec<_>>>()?;
    found.sort_by(|a, b| a.file.cmp(&b.file));

    let mut rows = Vec::new();
    let mut failures = Vec::new();
    for Found { file, green, lines, said } in found {
        if !green {
            println!("{}", said.join("\n"));
            failures.push(format!("{file}: a test failed"));
        } else if filter.is_none() && !lines.iter().any(|row| row.line.is_model()) {
            failures.push(format!("{file}: printed no `loom-model NAME executions=N` line"));
        }
        rows.extend(lines);
    }
    if rows.is_empty() && failures.is_empty() {
        return Err(format!("no loom model matches {:?}", model.unwrap_or("tests/loom_*.rs")));
    }
    print!("{}", table(&rows));
    failures.extend(rows.iter().filter_map(|row| row.line.complaint()));
    let (models, mutants) = (count(&rows, |l| l.is_model()), count(&rows, |l| !l.is_model()));
    let sound = count(&rows, |l| l.is_model() && l.complaint().is_none());
    let caught = count(&rows, |l| matches!(l, Line::Mutant { caught: true, .. }));
    if sound < models {
        println!("{sound} of {models} models explored more than one execution");
    }
    println!("{sound} models passed, {caught} mutants caught of {mutants}");
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n        ")) }
}

fn is_file(file: &str, asked: &str) -> bool {
    file == asked || file.strip_prefix("loom_") == Some(asked)
}

fn count(rows: &[Row], keep: impl Fn(&Line) -> bool) -> usize {
    rows.iter().filter(|r| keep(&r.line)).count()
}

impl Line {
    fn is_model(&self) -> bool {
        matches!(self, Self::Model { .. })
    }

    /// Why this line fails the task, if it does.
    fn complaint(&self) -> Option<String> {
        match self {
            Self::Model { name, executions } if *executions < 2 => {
                Some(format!("model {name} explored {executions} execution(s): it proves nothing"))
            }
            Self::Mutant { name, caught: false } => {
                Some(format!("mutant {name} got away: its model proves nothing"))
            }
            _ => None,
        }
    }
}

/// The harness may put `test name ... ` before our words, so they are searched for, not expected at the start.
fn parse(text: &str) -> Option<Line> {
    let words = |marker: &str| {
        let mut rest = text.split_once(marker)?.1.split_whitespace();
        Some((rest.next()?.to_owned(), rest.next()?))
    };
    if let Some((name, word)) = words("loom-model ") {
        let executions = word.strip_prefix("executions=")?.parse().ok()?;
        return Some(Line::Model { name, executions });
    }
    let (name, word) = words("loom-mutant ")?;
    Some(Line::Mutant { name, caught: word.strip_prefix("caught=")?.parse().ok()? })
}

fn table(rows: &[Row]) -> String {
    let mut text =
        format!("\n{:<34} {:<44} {:>12} {:>9}\n", "file", "model or mutant", "executions", "after s");
    for Row { file, line, after } in rows {
        let (name, found) = match line {
            Line::Model { name, executions } => (name.clone(), executions.to_string()),
            Line::Mutant { name, caught: true } => (format!("  mutant {name}"), "caught".into()),
            Line::Mutant { name, caught: false } => (format!("  mutant {name}"), "GOT AWAY".into()),
        };
        text += &format!("{file:<34} {name:<44} {found:>12} {:>9.2}\n", after.as_secs_f64());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn report_lines_are_found_behind_the_harness() {
        let model = Line::Model { name: "torn".into(), executions: 232 };
        assert_eq!(parse("test torn_snapshot ... loom-model torn executions=232"), Some(model));
        let mutant = Line::Mutant { name: "no_fence".into(), caught: false };
        assert_eq!(parse("loom-mutant no_fence caught=false"), Some(mutant));
        for noise in
            ["", "loom-model", "loom-model x", "loom-model x executions=many", "loom-mutant x caught=maybe"]
        {
            assert_eq!(parse(noise), None, "{noise}");
        }
    }

    #[test]
    fn a_single_execution_and_an_escaped_mutant_are_complaints() {
        assert!(parse("loom-model x executions=1").unwrap().complaint().is_some());
        assert!(parse("loom-model x executions=2").unwrap().complaint().is_none());
        assert!(parse("loom-mutant x caught=false").unwrap().complaint().is_some());
        assert!(parse("loom-mutant x caught=true").unwrap().complaint().is_none());
    }
}
