//! Counts of owners, explored by loom, with mistakes it must see.
#![cfg(loom)]

#[path = "support/model.rs"]
mod model;

// std's: a mutant that fails is unwound outside the model, where loom's `Arc` panics again.
use std::sync::Arc;
use tx_runtime::owners::{Owners, Weakness};
use tx_runtime::single_threaded::pretend;
use tx_runtime::sync::{UnsafeCell, thread};

/// Something that owners read, and that the last one takes.
struct Thing {
    owners: Owners,
    value: UnsafeCell<u32>,
}

// SAFETY: owners read; who is alone writes (O1, O2); loom checks exactly that.
unsafe impl Sync for Thing {}

impl Thing {
    fn new(weakness: Weakness) -> Arc<Self> {
        Arc::new(Self { owners: Owners::one().weakened(weakness), value: UnsafeCell::new(7) })
    }

    fn read(&self) {
        // SAFETY: an owner's; nobody writes while there is more than one.
        assert_eq!(self.value.with(|value| unsafe { *value }), 7);
    }

    /// An owner that has read leaves; the last one takes the value.
    fn leave(&self) -> u32 {
        self.read();
        if !self.owners.leave() {
            return 0;
        }
        // SAFETY: O2.
        self.value.with_mut(|value| unsafe { std::mem::take(&mut *value) })
    }
}

/// Two owners, one of which makes a third for a moment.
fn last(weakness: Weakness) {
    let thing = Thing::new(weakness);
    thing.owners.join();
    let other = {
        let thing = Arc::clone(&thing);
        thread::spawn(move || {
            thing.owners.join();
            thing.leave() + thing.leave()
        })
    };
    let mine = thing.leave();
    assert_eq!(mine + other.join().unwrap(), 7, "one of them takes it");
}

#[test]
fn of_all_that_leave_one_is_the_last_and_sees_what_the_others_did() {
    model::holds("last", || last(Weakness::None));
    model::fails("last/relaxed_leave", || last(Weakness::RelaxedLeave));
    model::fails("last/relaxed_look", || last(Weakness::RelaxedLook));
    model::fails("last/torn_leave", || last(Weakness::TornLeave));
}

/// An owner asks whether it is alone, and writes if so, while another reads and leaves.
fn alone(weakness: Weakness) {
    let thing = Thing::new(weakness);
    thing.owners.join();
    let other = {
        let thing = Arc::clone(&thing);
        thread::spawn(move || {
            thing.read();
            thing.owners.leave()
        })
    };
    if thing.owners.is_alone() {
        // SAFETY: O1.
        thing.value.with_mut(|value| unsafe { *value = 8 });
    } else {
        thing.read();
    }
    assert!(!other.join().unwrap(), "this owner is still there");
}

#[test]
fn who_is_alone_may_write() {
    model::holds("alone", || alone(Weakness::None));
    model::fails("alone/relaxed_leave", || alone(Weakness::RelaxedLeave));
    model::fails("alone/relaxed_look", || alone(Weakness::RelaxedLook));
}

/// The only thread of a process makes owners without locked instructions, and lets some go; then it starts another thread, which has two.
/// `takes_back` is when the C library takes its word back.
fn grown(takes_back: bool) {
    pretend(true);
    let thing = Thing::new(Weakness::None);
    for _ in 0..3 {
        thing.owners.join();
    }
    assert!(!thing.owners.leave() && !thing.owners.is_alone());
    if takes_back {
        pretend(false);
    }
    let other = {
        let thing = Arc::clone(&thing);
        thread::spawn(move || thing.leave() + thing.leave())
    };
    let mine = thing.leave();
    assert_eq!(mine + other.join().unwrap(), 7, "one of them takes it");
    pretend(false);
}

#[test]
fn a_process_of_one_thread_counts_for_those_that_come() {
    model::holds("grown", || grown(true));
    // One that goes on as if it were alone.
    model::fails("grown/word_kept", || grown(false));
}
