//! Items that wait, lowest first, explored by loom, with mistakes it must see.
#![cfg(loom)]

#[path = "support/model.rs"]
mod model;

// std's: a mutant that deadlocks is unwound outside the model, where loom's `Arc` panics again.
use std::sync::Arc;
use tx_runtime::front::Sleeper;
use tx_runtime::oldest::{Oldest, Weakness};
use tx_runtime::sync::{UnsafeCell, thread};

/// Items, and what was prepared for each of them.
struct Shared {
    waiting: Oldest,
    prepared: [UnsafeCell<u32>; 2],
}

// SAFETY: a cell is touched by who puts its item in, before that, and by the one who takes it (O1); loom checks exactly that.
unsafe impl Sync for Shared {}

impl Shared {
    fn new(weakness: Weakness) -> Arc<Self> {
        let prepared = [UnsafeCell::new(0), UnsafeCell::new(0)];
        Arc::new(Shared { waiting: Oldest::default().weakened(weakness), prepared })
    }

    fn put(&self, item: u64) {
        // SAFETY: nobody else has the item yet.
        self.prepared[item as usize].with_mut(|cell| unsafe { *cell = 7 });
        self.waiting.push(item);
    }

    /// Takes an item with what was prepared for it.
    fn take(&self, limit: u64) -> u32 {
        let Some(item) = self.waiting.take_before(limit) else { return 0 };
        assert!(item < limit, "item {item} was taken under the limit {limit}");
        // SAFETY: O1.
        self.prepared[item as usize].with_mut(|cell| unsafe { std::mem::take(&mut *cell) })
    }
}

/// Two threads put an item in each and take what they find; what is left is still found.
fn once(weakness: Weakness) {
    let shared = Shared::new(weakness);
    let other = {
        let shared = Arc::clone(&shared);
        thread::spawn(move || {
            shared.put(1);
            shared.take(u64::MAX)
        })
    };
    shared.put(0);
    let mine = shared.take(u64::MAX);
    let theirs = other.join().unwrap();
    let left: u32 = (0..2).map(|_| shared.take(u64::MAX)).sum();
    assert_eq!(mine + theirs + left, 14, "each item is taken once");
    assert!(shared.waiting.is_empty());
}

#[test]
fn each_item_is_taken_once_with_all_that_was_done_before() {
    model::holds("oldest/once", || once(Weakness::None));
    model::fails("oldest/late_count", || once(Weakness::LateCount));
    model::fails("oldest/forget_count", || once(Weakness::ForgetCount));
}

/// One thread takes what is below its limit while another takes the lowest.
fn limit(weakness: Weakness) {
    let shared = Shared::new(weakness);
    [1, 0].into_iter().for_each(|item| shared.put(item));
    let other = {
        let shared = Arc::clone(&shared);
        thread::spawn(move || shared.waiting.take_before(u64::MAX))
    };
    // One that is at the limit stays, whoever was faster.
    shared.take(1);
    assert!(other.join().unwrap().is_some(), "somebody without a limit finds one of two");
}

#[test]
fn nobody_takes_what_is_not_below_its_limit() {
    model::holds("oldest/limit", || limit(Weakness::None));
    model::fails("oldest/look_then_take", || limit(Weakness::LookThenTake));
}

/// One thread puts an item in and wakes, the other sleeps while there is none. `wakes_first` is the mistake of who uses it.
fn sleeper(weakness: Weakness, wakes_first: bool) {
    let shared = Arc::new((Oldest::default().weakened(weakness), Sleeper::new()));
    let other = {
        let shared = Arc::clone(&shared);
        thread::spawn(move || {
            let (waiting, sleeper) = &*shared;
            if wakes_first {
                sleeper.wake();
            }
            waiting.push(0);
            if !wakes_first {
                sleeper.wake();
            }
        })
    };
    let (waiting, sleeper) = &*shared;
    let mut taken = waiting.take_before(u64::MAX);
    if taken.is_none() {
        sleeper.sleep(|| waiting.is_empty());
        taken = waiting.take_before(u64::MAX);
    }
    // Asleep for ever is what loom calls a deadlock.
    other.join().unwrap();
    assert_eq!(taken, Some(0), "who wakes finds it");
}

#[test]
fn a_worker_does_not_sleep_while_an_item_waits() {
    model::holds("oldest/sleeper", || sleeper(Weakness::None, false));
    model::fails("oldest/sleeper/forget_count", || sleeper(Weakness::ForgetCount, false));
    model::fails("oldest/sleeper/wakes_first", || sleeper(Weakness::None, true));
}
