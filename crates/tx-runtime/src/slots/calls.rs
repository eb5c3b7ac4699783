//! Calls to helpers: a helper answers as soon as it can, unless the call was called off before.
//!
//! A helper that is called may come late: waking it takes tens of microseconds, on a busy machine hundreds, and one whose core the system
//! gave to somebody else is back after milliseconds. By then the run may have nothing left to do, and who called the helper need not
//! wait for it only to see it leave.
//!
//! **Invariants** C1: the index of an open call belongs to nobody else, and exactly one of [`answer`](Calls::answer) and
//! [`call_off`](Calls::call_off) takes it. C2: one message an index is under way at most: from the [`call`](Calls::call) that
//! returns `true`, whose caller has to send it, to its `answer`; in between the index may be called again.
//! **Orderings** `call` (Release) pairs with `answer` and `call_off` (Acquire): who takes the index sees what its caller did. What a
//! message brings along may be older. A message that lies in a set of [`Slots`](super::Slots) has been taken from there before it is
//! answered, and by C2 before the next is sent: the set's own orderings keep the two apart.
//! **Checked by** tests/loom_slots.rs.

use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::sched_point;

/// No message is under way.
const QUIET: usize = 0;
/// One is, and whoever takes the index may have it.
const OPEN: usize = 1;
/// One is, for nothing.
const OFF: usize = 2;

/// For each index, whether its helper has been called and has not answered.
///
/// ```
/// let calls = tx_runtime::slots::Calls::new(3);
/// assert!(calls.call(1), "a message has to be sent");
/// assert!(calls.call_off(1), "it has not arrived");
/// assert!(!calls.call(1), "it is still under way");
/// assert!(calls.answer(1), "and finds the second call");
/// ```
#[derive(Debug)]
pub struct Calls {
    calls: Box<[AtomicUsize]>,
    #[cfg(loom)]
    weakness: Weakness,
}

/// What a model leaves out, to see it fail.
#[cfg(loom)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weakness {
    /// Nothing: the algorithm as it runs.
    None,
    /// `call_off` looks and then writes, not in one step (against C1).
    TornCallOff,
    /// `call` orders nothing before it.
    RelaxedCall,
    /// `call_off` orders nothing after it.
    RelaxedCallOff,
}

impl Calls {
    /// For indices below `len`; nobody is called.
    ///
    /// ```
    /// assert!(!tx_runtime::slots::Calls::new(2).call_off(1));
    /// ```
    pub fn new(len: usize) -> Self {
        Self {
            calls: (0..len).map(|_| AtomicUsize::new(QUIET)).collect(),
            #[cfg(loom)]
            weakness: Weakness::None,
        }
    }

    /// The same with one step weakened, which a model must notice.
    #[cfg(loom)]
    #[must_use]
    pub fn weakened(self, weakness: Weakness) -> Self {
        Self { weakness, ..self }
    }

    /// Gives `index`, which the calling thread holds, to whoever answers; whether a message has to be sent, which
    /// [answers](Self::answer).
    ///
    /// # Panics
    /// When the index is called already.
    ///
    /// ```
    /// let calls = tx_runtime::slots::Calls::new(2);
    /// assert!(calls.call(1));
    /// assert!(calls.answer(1) && calls.call(1));
    /// ```
    pub fn call(&self, index: usize) -> bool {
        sched_point();
        #[cfg(loom)]
        let release =
            if self.weakness == Weakness::RelaxedCall { Ordering::Relaxed } else { Ordering::Release };
        #[cfg(not(loom))]
        let release = Ordering::Release;
        // ORDER: Release, pairs with `answer` and `call_off`.
        let before = self.calls[index].swap(OPEN, release);
        assert_ne!(before, OPEN, "index {index} is called already");
        before == QUIET
    }

    /// The message for `index` has arrived: whether the call is open. Then the calling thread holds the index.
    ///
    /// ```
    /// let calls = tx_runtime::slots::Calls::new(2);
    /// assert!(calls.call(1) && calls.call_off(1));
    /// assert!(!calls.answer(1), "too late");
    /// ```
    pub fn answer(&self, index: usize) -> bool {
        sched_point();
        // ORDER: Acquire, pairs with the Release in `call`.
        self.calls[index].swap(QUIET, Ordering::Acquire) == OPEN
    }

    /// Takes `index` back if it is called and has not been answered. Then the calling thread holds it. One load otherwise.
    ///
    /// ```
    /// let calls = tx_runtime::slots::Calls::new(2);
    /// assert!(calls.call(1) && calls.call_off(1) && !calls.call_off(1));
    /// ```
    pub fn call_off(&self, index: usize) -> bool {
        sched_point();
        let call = &self.calls[index];
        // ORDER: Relaxed, the exchange decides.
        if call.load(Ordering::Relaxed) != OPEN {
            return false;
        }
        #[cfg(loom)]
        if self.weakness == Weakness::TornCallOff {
            sched_point();
            call.store(OFF, Ordering::Relaxed);
            return true;
        }
        #[cfg(loom)]
        let acquire =
            if self.weakness == Weakness::RelaxedCallOff { Ordering::Relaxed } else { Ordering::Acquire };
        #[cfg(not(loom))]
        let acquire = Ordering::Acquire;
        // ORDER: Acquire, pairs with the Release in `call`: the last holder's work goes on to the next.
        call.compare_exchange(OPEN, OFF, acquire, Ordering::Relaxed).is_ok()
    }
}
