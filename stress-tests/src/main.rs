//! `stress-tests --secs N --seed S`: run the scenarios, print what each did, exit 1 on the first kind of failure.
//!
//! Exit codes: 0 all held · 1 something did not hold · 2 usage · 3 a round hung.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use stress_tests::run::{Plan, run};
use stress_tests::scenarios::{ALL, LONG};

#[derive(Debug, Parser)]
#[command(about = "Rounds of real threads: seeded, time-boxed, under a watchdog")]
struct Arguments {
    /// Seconds for all scenarios together
    #[arg(long, default_value_t = 60)]
    secs: u64,
    /// The seed that every round's seed is drawn from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only the scenarios whose name contains this; the long ones by their full names
    #[arg(long)]
    only: Option<String>,
    /// One round with this seed instead of many
    #[arg(long)]
    round: Option<u64>,
    /// Threads of a round
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(2..))]
    threads: u16,
    /// Seconds after which a round counts as hung
    #[arg(long, default_value_t = 60)]
    patience: u64,
    /// List the scenarios
    #[arg(long)]
    list: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let wanted = |name: &str| arguments.only.as_ref().is_none_or(|part| name.contains(part.as_str()));
    let named = |name: &str| arguments.list || arguments.only.as_deref() == Some(name);
    let long = LONG.iter().filter(|s| named(s.name));
    let scenarios: Vec<_> = ALL.iter().filter(|s| wanted(s.name)).chain(long).copied().collect();
    if scenarios.is_empty() {
        eprintln!("no scenario matches {:?}; --list names them", arguments.only.unwrap_or_default());
        return ExitCode::from(2);
    }
    if arguments.list {
        scenarios.iter().for_each(|s| println!("{:<24} {}", s.name, s.about));
        return ExitCode::SUCCESS;
    }
    let plan = Plan {
        time: Duration::from_secs(arguments.secs),
        seed: arguments.seed,
        threads: usize::from(arguments.threads),
        patience: Duration::from_secs(arguments.patience),
        round: arguments.round,
    };
    let mut failed = false;
    println!("{:<24} {:>10} {:>14}  seed {}", "scenario", "rounds", "operations", arguments.seed);
    for (name, tally) in run(&scenarios, &plan) {
        let verdict = tally.failure.as_deref().unwrap_or("held");
        println!("{name:<24} {:>10} {:>14}  {verdict}", tally.rounds, tally.operations);
        failed |= tally.failure.is_some();
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
