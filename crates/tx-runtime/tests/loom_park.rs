//! No wake-up is lost, whoever sleeps: explored by loom, with the mistakes that would lose one.
#![cfg(loom)]

#[path = "support/model.rs"]
mod model;

// std's: a mutant that deadlocks is unwound outside the model, where loom's `Arc` panics again.
use std::sync::Arc;
use std::time::Duration;

use tx_runtime::park::{Parker, Weakness};
use tx_runtime::sync::{UnsafeCell, thread};

/// A value handed over through a parker: whoever wakes must see it.
struct Letter {
    parker: Parker,
    text: UnsafeCell<u32>,
}

// SAFETY: `text` is written before the only `unpark` and read after a token was taken; loom checks exactly that.
unsafe impl Sync for Letter {}

fn one_sleeper(weakness: Weakness) {
    let letter = Arc::new(Letter { parker: Parker::new().weakened(weakness), text: UnsafeCell::new(0) });
    let sender = {
        let letter = Arc::clone(&letter);
        thread::spawn(move || {
            // SAFETY: nobody reads before the token below.
            letter.text.with_mut(|text| unsafe { *text = 7 });
            letter.parker.unpark();
        })
    };
    letter.parker.park();
    // SAFETY: the writer has left the token after its only write.
    letter.text.with(|text| assert_eq!(unsafe { *text }, 7));
    assert!(!letter.parker.try_park(), "one token wakes once");
    sender.join().unwrap();
}

#[test]
fn one_sleeper_wakes_and_sees_what_was_done_before() {
    model::holds("one_sleeper", || one_sleeper(Weakness::None));
    model::fails("one_sleeper/notify_without_lock", || one_sleeper(Weakness::NotifyWithoutLock));
    model::fails("one_sleeper/relaxed_unpark", || one_sleeper(Weakness::RelaxedUnpark));
}

/// One token, passed on by whoever takes it: both sleepers must get it in turn.
fn two_sleepers(weakness: Weakness) {
    let parker = Arc::new(Parker::new().weakened(weakness));
    let sleepers = [(); 2].map(|()| {
        let parker = Arc::clone(&parker);
        thread::spawn(move || {
            parker.park();
            parker.unpark();
        })
    });
    parker.unpark();
    for sleeper in sleepers {
        sleeper.join().unwrap();
    }
    assert!(parker.try_park(), "the token is still there");
}

#[test]
fn a_token_passed_on_wakes_every_sleeper_in_turn() {
    model::holds("two_sleepers", || two_sleepers(Weakness::None));
    model::fails("two_sleepers/sleep_on_unmarked", || two_sleepers(Weakness::SleepOnUnmarked));
}

/// A sleeper whose time is over beside a wake-up: the token is taken, or still there.
fn timed_sleeper(weakness: Weakness) {
    let parker = Arc::new(Parker::new().weakened(weakness));
    let sender = {
        let parker = Arc::clone(&parker);
        thread::spawn(move || parker.unpark())
    };
    let taken = parker.park_timeout(Duration::ZERO);
    sender.join().unwrap();
    assert_eq!(parker.try_park(), !taken, "the token is taken exactly once");
}

#[test]
fn a_token_that_comes_with_the_end_of_time_is_not_lost() {
    model::holds("timed_sleeper", || timed_sleeper(Weakness::None));
    model::fails("timed_sleeper/forget_on_timeout", || timed_sleeper(Weakness::ForgetOnTimeout));
}
