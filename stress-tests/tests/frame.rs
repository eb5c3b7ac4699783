//! The frame itself: a failure is found and named, the time is kept, a hang ends the process.

use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use stress_tests::run::{Plan, Tally, run};
use stress_tests::{Round, Scenario};

fn plan(seed: u64) -> Plan {
    let (time, patience) = (Duration::from_millis(200), Duration::from_secs(60));
    Plan { time, seed, threads: 3, patience, round: None }
}

fn scenario(name: &'static str, round: fn(&Round) -> Result<u64, String>) -> Scenario {
    Scenario { name, about: "", round }
}

/// A counter that is read and written in two steps: three threads lose updates.
fn lost_update(round: &Round) -> Result<u64, String> {
    const STEPS: u64 = 20_000;
    let counter = AtomicU64::new(0);
    round.spawn(|_| {
        for _ in 0..STEPS {
            let seen = counter.load(Ordering::SeqCst);
            std::thread::yield_now();
            counter.store(seen + 1, Ordering::SeqCst);
        }
    });
    let (found, expected) = (counter.into_inner(), STEPS * round.threads as u64);
    if found == expected { Ok(expected) } else { Err(format!("{found} of {expected} steps counted")) }
}

fn atomic_update(round: &Round) -> Result<u64, String> {
    let counter = AtomicU64::new(0);
    round.spawn(|_| {
        for _ in 0..100 {
            counter.fetch_add(1, Ordering::SeqCst);
        }
    });
    if counter.into_inner() == 300 { Ok(300) } else { Err("lost".into()) }
}

#[test]
fn a_broken_protocol_is_found_and_its_round_named() {
    let [(name, tally)] = &run(&[scenario("lost", lost_update)], &plan(1))[..] else {
        panic!("one scenario")
    };
    assert_eq!(*name, "lost");
    let failure = tally.failure.as_ref().expect("three threads that race lose an update");
    assert!(
        failure.contains("steps counted") && failure.contains("(again: --only lost --round "),
        "{failure}"
    );
}

#[test]
fn a_sound_one_uses_its_share_of_the_time_and_no_more() {
    let start = Instant::now();
    let tallies = run(&[scenario("a", atomic_update), scenario("b", atomic_update)], &plan(1));
    assert!((Duration::from_millis(200)..Duration::from_secs(20)).contains(&start.elapsed()));
    for (_, Tally { rounds, operations, failure }) in tallies {
        assert!(rounds > 1 && failure.is_none());
        assert_eq!(operations, 300 * rounds);
    }
}

#[test]
fn a_panic_is_a_failure_with_its_words() {
    let [(_, tally)] = &run(&[scenario("p", |r| panic!("seed {}", r.seed))], &plan(5))[..] else { panic!() };
    assert!(tally.failure.as_ref().unwrap().contains("panicked: seed "));
}

#[test]
fn seeds_repeat_with_the_plan() {
    let failure = |seed| run(&[scenario("s", |r| Err(r.seed.to_string()))], &plan(seed)).remove(0).1.failure;
    assert_eq!(failure(1), failure(1));
    assert_ne!(failure(1), failure(2));
}

/// The process that [`a_hang_ends_the_process`] starts: not a test of its own.
#[test]
#[ignore = "hangs on purpose"]
fn hangs_on_purpose() {
    let round = |_: &Round| loop {
        std::thread::park();
    };
    run(&[scenario("stuck", round)], &Plan { patience: Duration::from_millis(50), ..plan(1) });
}

#[test]
fn a_hang_ends_the_process() {
    let mut again = Command::new(std::env::current_exe().unwrap());
    let output = again.args(["--ignored", "--exact", "hangs_on_purpose", "--nocapture"]).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("HUNG: --only stuck --round "));
}
