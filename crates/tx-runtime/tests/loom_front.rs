//! Counters, the front and the sleeper, explored by loom, with mistakes it must see.
#![cfg(loom)]

#[path = "support/model.rs"]
mod model;

// std's: a mutant that deadlocks is unwound outside the model, where loom's `Arc` panics again.
use std::sync::Arc;
use tx_runtime::front::{Front, Sleeper, Weakness, decrement_in_order};
use tx_runtime::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use tx_runtime::sync::{UnsafeCell, sched_point, thread};

fn order(weakness: Weakness) -> Ordering {
    if weakness == Weakness::RelaxedCount { Ordering::Relaxed } else { Ordering::AcqRel }
}

/// Two tasks write a tile each; who finishes last hands both to a task that reads them, which also frees them.
struct Join {
    pending: AtomicU32,
    tiles: [UnsafeCell<u32>; 2],
}

// SAFETY: a tile is touched by its writer, then by who brings the counter to zero (P1); loom checks exactly that.
unsafe impl Sync for Join {}

fn join(weakness: Weakness) {
    let join = Arc::new(Join { pending: AtomicU32::new(2), tiles: [UnsafeCell::new(0), UnsafeCell::new(0)] });
    let finish = move |join: &Join, at: usize| {
        // SAFETY: this thread is the tile's only writer.
        join.tiles[at].with_mut(|tile| unsafe { *tile = 7 });
        if decrement_in_order(&join.pending, order(weakness)) > 1 {
            return 0;
        }
        // SAFETY: P1. A write, as of one who reuses the blocks.
        join.tiles.iter().map(|tile| tile.with_mut(|tile| unsafe { std::mem::take(&mut *tile) })).sum()
    };
    let other = {
        let join = Arc::clone(&join);
        thread::spawn(move || finish(&join, 1))
    };
    let mine: u32 = finish(&join, 0);
    assert_eq!(mine + other.join().unwrap(), 14, "one of the two takes both");
}

#[test]
fn who_brings_a_counter_to_zero_sees_what_the_others_did() {
    model::holds("join", || join(Weakness::None));
    model::fails("join/relaxed_count", || join(Weakness::RelaxedCount));
}

/// Statements with one task each, whose effects are cells.
struct Program {
    front: Front,
    left: Vec<AtomicU32>,
    effects: Vec<UnsafeCell<u32>>,
}

// SAFETY: a cell is written by the one task of its statement, and read by who saw that the run is over.
unsafe impl Sync for Program {}

impl Program {
    fn new(statements: usize, weakness: Weakness) -> Self {
        Self {
            front: Front::new(0, statements as u64 - 1).weakened(weakness),
            left: (0..statements).map(|_| AtomicU32::new(1)).collect(),
            effects: (0..statements).map(|_| UnsafeCell::new(0)).collect(),
        }
    }

    fn run(&self, at: usize) {
        // SAFETY: the only task of its statement.
        self.effects[at].with_mut(|effect| unsafe { *effect = 1 });
        if decrement_in_order(&self.left[at], Ordering::AcqRel) == 1 {
            self.front.advance(self.left.len() as u64, |at| &self.left[at as usize]);
        }
    }

    /// What a third party makes of the stop flag.
    fn look(&self) {
        if self.front.is_stopped() {
            // SAFETY: the run is over, so every task has finished (P2).
            let sum: u32 = self.effects.iter().map(|effect| effect.with(|effect| unsafe { *effect })).sum();
            assert_eq!(sum as usize, self.effects.len(), "the run stops after its last statement");
        }
    }
}

/// Two threads finish two statements in any order while the third looks.
fn front(weakness: Weakness) {
    let program = Arc::new(Program::new(2, weakness));
    let others: Vec<_> = [0, 1]
        .into_iter()
        .map(|at| {
            let program = Arc::clone(&program);
            thread::spawn(move || program.run(at))
        })
        .collect();
    program.look();
    others.into_iter().for_each(|other| other.join().unwrap());
    assert!(program.front.is_stopped(), "somebody moved the front to the end");
    program.look();
}

#[test]
fn the_front_passes_finished_statements_only_and_all_of_them() {
    model::holds("front", || front(Weakness::None));
    model::fails("front/one_step", || front(Weakness::OneStep));
    model::fails("front/pass_unfinished", || front(Weakness::PassUnfinished));
    model::fails("front/relaxed_stop", || front(Weakness::RelaxedStop));
}

/// One thread makes work and wakes, the other looks, sleeps and looks again.
fn sleeper(weakness: Weakness) {
    let shared = Arc::new((AtomicBool::new(false), Sleeper::new().weakened(weakness)));
    let other = {
        let shared = Arc::clone(&shared);
        thread::spawn(move || {
            let (work, sleeper) = &*shared;
            work.store(true, Ordering::Relaxed);
            sleeper.wake();
        })
    };
    let (work, sleeper) = &*shared;
    let nothing = || {
        sched_point();
        !work.load(Ordering::Relaxed)
    };
    if nothing() {
        sleeper.sleep(nothing);
    }
    // Asleep for ever is what loom calls a deadlock.
    other.join().unwrap();
}

#[test]
fn a_worker_does_not_sleep_while_there_is_work() {
    model::holds("sleeper", || sleeper(Weakness::None));
    model::fails("sleeper/forget_to_wake", || sleeper(Weakness::ForgetToWake));
    model::fails("sleeper/sleep_at_once", || sleeper(Weakness::SleepAtOnce));
}
