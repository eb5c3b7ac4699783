//! The loop over scenarios and rounds.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use crate::watchdog::Watchdog;
use crate::{Rng, Round, Scenario};

/// How long, from which seed, with how many threads.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Time for all scenarios together.
    pub time: Duration,
    /// The seed that every round's seed is drawn from.
    pub seed: u64,
    /// Threads of a round.
    pub threads: usize,
    /// How long one round may take.
    pub patience: Duration,
    /// Run one round with this seed for each scenario instead of many.
    pub round: Option<u64>,
}

/// What a scenario did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// Rounds that passed.
    pub rounds: u64,
    /// Operations in them.
    pub operations: u64,
    /// What did not hold, with the seed of the round; the scenario stops there.
    pub failure: Option<String>,
}

/// Run `scenarios` one after the other, each for its share of the time and at least one round.
///
/// A round that outlasts the plan's patience ends the process with code 3 after naming itself.
pub fn run(scenarios: &[Scenario], plan: &Plan) -> Vec<(&'static str, Tally)> {
    let watchdog = Watchdog::new(plan.patience);
    let share = plan.time / u32::try_from(scenarios.len().max(1)).unwrap_or(u32::MAX);
    scenarios.iter().map(|scenario| (scenario.name, run_one(scenario, plan, share, &watchdog))).collect()
}

fn run_one(scenario: &Scenario, plan: &Plan, share: Duration, watchdog: &Watchdog) -> Tally {
    let mut tally = Tally { rounds: 0, operations: 0, failure: None };
    let mut seeds = Rng::named(plan.seed, scenario.name);
    let start = Instant::now();
    loop {
        let round = Round::new(plan.round.unwrap_or_else(|| seeds.next()), plan.threads);
        let again = format!("--only {} --round {} --threads {}", scenario.name, round.seed, round.threads);
        watchdog.start(again.clone());
        let result = catch_unwind(AssertUnwindSafe(|| (scenario.round)(&round)));
        watchdog.done();
        match result.unwrap_or_else(|panic| Err(format!("panicked: {}", words(panic.as_ref())))) {
            Ok(operations) => {
                tally.rounds += 1;
                tally.operations += operations;
            }
            Err(what) => {
                tally.failure = Some(format!("{what} (again: {again})"));
                return tally;
            }
        }
        if plan.round.is_some() || start.elapsed() >= share {
            return tally;
        }
    }
}

fn words(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("with a value that is no text")
}
