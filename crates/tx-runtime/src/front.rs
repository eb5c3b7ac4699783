//! What the workers of a run agree on: counters that reach zero once, the front of what has finished in order with the stop flag,
//! and a sleeper who misses nothing.
//!
//! **Invariants** P1: of all that decrement a counter, one sees it reach zero, and that one sees everything the others did before.
//! P2: the front stands at the first item that has not finished, or somebody who has finished one is about to move it;
//! it never passes an unfinished one. P3: a worker sleeps only if, after it has said so, there was nothing to do; who makes
//! something to do looks afterwards whether somebody sleeps.
//!
//! **Orderings** P1: AcqRel on both sides. P2: the Acquire load of an item's counter pairs with the decrements. P3 is a store
//! buffering: each side stores, fences (`SeqCst`), and loads what the other stored; one of the two sees the other.
//! **Checked by** tests/loom_front.rs.

use crate::park::{Mutex, Parker};
use crate::sync::atomic::{AtomicBool, AtomicU32, Ordering, fence};
use crate::sync::sched_point;

/// What a model leaves out, to see it fail.
#[cfg(loom)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weakness {
    /// Nothing: the protocol as it runs.
    None,
    /// A decrement orders nothing (against P1).
    RelaxedCount,
    /// The front moves one item at a time, for whoever finished that one (against P2).
    OneStep,
    /// The front passes what it has not looked at (against P2).
    PassUnfinished,
    /// Who makes work does not look whether somebody sleeps (against P3).
    ForgetToWake,
    /// Who goes to sleep does not look again (against P3).
    SleepAtOnce,
    /// Stopping tells nothing of what was done before.
    RelaxedStop,
}

/// Subtract one; the value before. With one worker (`shared` is false) nobody else looks, so no bus lock is paid.
///
/// ```
/// use tx_runtime::{front::decrement, sync::atomic::AtomicU32};
/// let left = AtomicU32::new(2);
/// assert_eq!([decrement(&left, true), decrement(&left, true)], [2, 1]); // who sees 1 was the last
/// ```
#[inline]
pub fn decrement(counter: &AtomicU32, shared: bool) -> u32 {
    if shared {
        // ORDER: AcqRel, pairs with every other decrement of the counter (P1).
        decrement_in_order(counter, Ordering::AcqRel)
    } else {
        let before = counter.load(Ordering::Relaxed);
        counter.store(before - 1, Ordering::Relaxed);
        before
    }
}

/// [`decrement`] among several workers, with the ordering that a model chooses.
///
/// ```
/// use tx_runtime::{front::decrement_in_order, sync::atomic::{AtomicU32, Ordering}};
/// assert_eq!(decrement_in_order(&AtomicU32::new(5), Ordering::AcqRel), 5);
/// ```
#[inline]
pub fn decrement_in_order(counter: &AtomicU32, order: Ordering) -> u32 {
    sched_point();
    counter.fetch_sub(1, order)
}

/// How far numbered items have finished, all before as well, and whether that is far enough.
///
/// ```
/// use tx_runtime::{front::Front, sync::atomic::AtomicU32};
/// let left = [0, 1, 0].map(AtomicU32::new);
/// let front = Front::new(0, 1); // until item 1 and all before it have finished
/// front.advance(3, |at| &left[at as usize]);
/// assert!(!front.is_stopped());
/// left[1].store(0, std::sync::atomic::Ordering::Release);
/// front.advance(3, |at| &left[at as usize]);
/// assert!(front.is_stopped());
/// ```
#[derive(Debug)]
pub struct Front {
    at: Mutex<u64>,
    goal: u64,
    stop: AtomicBool,
    #[cfg(loom)]
    weakness: Weakness,
}

impl Front {
    /// The items before `start` have finished; a run stops when `goal` and all before it have.
    pub fn new(start: u64, goal: u64) -> Self {
        Self {
            at: Mutex::new(start),
            goal,
            stop: AtomicBool::new(false),
            #[cfg(loom)]
            weakness: Weakness::None,
        }
    }

    /// With a part left out.
    #[cfg(loom)]
    pub fn weakened(self, weakness: Weakness) -> Self {
        Self { weakness, ..self }
    }

    /// An item has finished: move on over all that have. `left` gives the counter of an item before `end`: zero once it has finished.
    pub fn advance<'a>(&self, end: u64, left: impl Fn(u64) -> &'a AtomicU32) {
        let mut at = self.at.lock();
        // ORDER: Acquire, pairs with the decrements: who sees zero sees all effects of the item (P1, P2).
        while *at < end && self.is_done(left(*at)) {
            *at += 1;
            #[cfg(loom)]
            if self.weakness == Weakness::OneStep {
                break;
            }
        }
        if *at > self.goal {
            self.stop();
        }
    }

    #[inline]
    fn is_done(&self, left: &AtomicU32) -> bool {
        #[cfg(loom)]
        if self.weakness == Weakness::PassUnfinished {
            return true;
        }
        sched_point();
        left.load(Ordering::Acquire) == 0
    }

    /// Stop the run.
    pub fn stop(&self) {
        #[cfg(loom)]
        if self.weakness == Weakness::RelaxedStop {
            return self.stop.store(true, Ordering::Relaxed);
        }
        // ORDER: Release, pairs with the Acquire in `is_stopped`.
        self.stop.store(true, Ordering::Release);
    }

    /// Whether the run is over; who sees it sees everything that finished before.
    #[inline]
    pub fn is_stopped(&self) -> bool {
        sched_point();
        self.stop.load(Ordering::Acquire)
    }
}

/// One worker that may sleep until there is something to do.
///
/// ```
/// use tx_runtime::front::Sleeper;
/// use std::sync::atomic::{AtomicBool, Ordering};
/// let (sleeper, work) = (Sleeper::new(), AtomicBool::new(false));
/// std::thread::scope(|scope| {
///     scope.spawn(|| {
///         work.store(true, Ordering::Relaxed);
///         sleeper.wake();
///     });
///     while !work.load(Ordering::Relaxed) {
///         sleeper.sleep(|| !work.load(Ordering::Relaxed));
///     }
/// });
/// ```
#[derive(Debug)]
pub struct Sleeper {
    sleeping: AtomicBool,
    parker: Parker,
    #[cfg(loom)]
    weakness: Weakness,
}

impl Sleeper {
    /// Awake.
    #[expect(clippy::new_without_default, reason = "a model weakens what it makes")]
    pub fn new() -> Self {
        Self {
            sleeping: AtomicBool::new(false),
            parker: Parker::new(),
            #[cfg(loom)]
            weakness: Weakness::None,
        }
    }

    /// With a part left out.
    #[cfg(loom)]
    pub fn weakened(self, weakness: Weakness) -> Self {
        Self { weakness, ..self }
    }

    /// Sleep until somebody [wakes](Sleeper::wake) us, unless by now there is something to do.
    pub fn sleep(&self, nothing: impl FnOnce() -> bool) {
        self.sleeping.store(true, Ordering::Relaxed);
        // ORDER: SeqCst fence, pairs with the one in `wake` (P3).
        fence(Ordering::SeqCst);
        #[cfg(loom)]
        let nothing = || self.weakness == Weakness::SleepAtOnce || nothing();
        if nothing() {
            self.parker.park();
        }
        self.sleeping.store(false, Ordering::Relaxed);
    }

    /// There is something to do, which was made known before.
    pub fn wake(&self) {
        // ORDER: SeqCst fence, pairs with the one in `sleep` (P3).
        fence(Ordering::SeqCst);
        #[cfg(loom)]
        if self.weakness == Weakness::ForgetToWake {
            return;
        }
        sched_point();
        if self.sleeping.load(Ordering::Relaxed) {
            self.parker.unpark();
        }
    }
}
