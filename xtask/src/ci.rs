//! `cargo xtask ci`: what has to be green before anything is merged, and all of it.
//!
//! Cheap checks come first. The first failure stops the run with the command line that failed; every step is
//! timed and the table at the end says where the minutes went.

use std::time::{Duration, Instant};

use crate::shell::{Outcome, Shell};
use crate::{deny, docs, features, layers, loom, package, stress, test, ulp};

type Step = (&'static str, fn() -> Outcome);

const STEPS: &[Step] = &[
    ("fmt", || Shell::cargo().args(["fmt", "--all", "--check"]).run()),
    ("layers", || layers::run(None)),
    ("deny", || deny::run(None)),
    ("clippy", || {
        Shell::cargo().args(["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]).run()
    }),
    ("tests", || test::unit(None)),
    ("doctests", || test::doc(None)),
    ("docs", || docs::run(false)),
    ("features", features::run),
    ("loom", || loom::run(None, false)),
    ("stress", || stress::run(&stress::Options { secs: 40, seed: 1, only: None })),
    ("ulp", || ulp::run(&ulp::SAMPLE)),
    ("package", || package::run(true)),
];

pub(crate) fn run() -> Outcome {
    let mut times = Vec::new();
    let mut verdict = Ok(());
    for (name, step) in STEPS {
        eprintln!("\n── {name}");
        let start = Instant::now();
        verdict = step();
        times.push((*name, start.elapsed(), verdict.is_ok()));
        if verdict.is_err() {
            break;
        }
    }
    print!("{}", table(&times));
    verdict
}

fn table(times: &[(&str, Duration, bool)]) -> String {
    let row = |name: &str, time: Duration, note: &str| {
        format!("{name:<10} {:>8.1} s  {note}\n", time.as_secs_f64())
    };
    let mut text = String::from("\n");
    for (name, time, passed) in times {
        text += &row(name, *time, if *passed { "passed" } else { "FAILED" });
    }
    for (name, _) in &STEPS[times.len()..] {
        text += &format!("{name:<10} {:>8}    not run\n", "");
    }
    text + &row("all", times.iter().map(|t| t.1).sum(), "")
}
