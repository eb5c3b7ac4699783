//! How many own a thing, without weak owners: who is alone finds that out by a load.
//!
//! **Why not `Arc`** the last to let go of an `Arc` pays two locked instructions, and asking whether one is alone costs as much. Where
//! nearly everything has one owner from its birth to its end, that is most of what owning costs.
//!
//! **Invariants** O1: the count is the number of owners, and only an owner makes another; so one who reads 1 is alone, and stays alone
//! until it makes one. O2: of all that leave, exactly one is told that it was the last, and it sees everything the others did before
//! they left. Neither is checked: who has left must not call again.
//!
//! **Orderings** who leaves decrements with Release; who finds itself alone, by a load or as the last, has read with Acquire.
//! Decrements and increments are read-modify-writes, so the last one's read is in the release sequence of every other. Where the
//! process has one thread ([`single_threaded`](crate::single_threaded)) they are a load and a store: what that thread did before it
//! starts another is seen by that one.
//! **Checked by** tests/loom_owners.rs. **Source** the strong count of `Arc`.

use crate::single_threaded::is_single_threaded;
use crate::sync::atomic::{AtomicUsize, Ordering, fence};
use crate::sync::sched_point;

/// What a model leaves out, to see it fail.
#[cfg(loom)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weakness {
    /// Nothing: the protocol as it runs.
    None,
    /// Leaving tells nothing of what was done before.
    RelaxedLeave,
    /// Who finds itself alone does not look at what the others did.
    RelaxedLook,
    /// Leaving is a load and a store.
    TornLeave,
}

/// A count of owners.
///
/// ```
/// use tx_runtime::owners::Owners;
/// let owners = Owners::one();
/// owners.join();
/// assert!(!owners.is_alone());
/// assert_eq!([owners.leave(), owners.leave()], [false, true]); // the last is told
/// ```
#[derive(Debug)]
pub struct Owners {
    count: AtomicUsize,
    #[cfg(loom)]
    weakness: Weakness,
}

impl Owners {
    /// One owner: the caller.
    ///
    /// ```
    /// assert!(tx_runtime::owners::Owners::one().is_alone());
    /// ```
    #[inline]
    pub fn one() -> Self {
        Self {
            count: AtomicUsize::new(1),
            #[cfg(loom)]
            weakness: Weakness::None,
        }
    }

    /// With a part left out.
    #[cfg(loom)]
    pub fn weakened(self, weakness: Weakness) -> Self {
        Self { weakness, ..self }
    }

    /// An owner makes another. Aborts the process when there are more than `isize::MAX`: they were leaked, and the count must not come
    /// round.
    #[inline]
    pub fn join(&self) {
        sched_point();
        let others = if is_single_threaded() {
            // ORDER: Relaxed, there is no other thread, and one that is started now sees what came before.
            let count = self.count.load(Ordering::Relaxed);
            self.count.store(count + 1, Ordering::Relaxed);
            count
        } else {
            // ORDER: Relaxed, the caller is an owner, so nobody is last meanwhile (O1).
            self.count.fetch_add(1, Ordering::Relaxed)
        };
        if others > isize::MAX as usize {
            std::process::abort();
        }
    }

    /// Whether the caller, an owner, is the only one.
    #[inline]
    pub fn is_alone(&self) -> bool {
        sched_point();
        // ORDER: Acquire, pairs with the Release of everybody who left (O2).
        self.count.load(self.order_of_look()) == 1
    }

    /// The caller is no owner any more. Whether it was the last.
    #[inline(always)]
    pub fn leave(&self) -> bool {
        if self.is_alone() {
            return true;
        }
        if is_single_threaded() {
            // ORDER: Relaxed, as in `join`. There are others, and they are this thread's.
            let count = self.count.load(Ordering::Relaxed);
            self.count.store(count - 1, Ordering::Relaxed);
            return false;
        }
        sched_point();
        // ORDER: Release, pairs with the Acquire of the last, here or in `is_alone` (O2).
        if self.decrement() != 1 {
            return false;
        }
        self.look();
        true
    }

    #[cfg(not(loom))]
    #[inline(always)]
    fn decrement(&self) -> usize {
        self.count.fetch_sub(1, Ordering::Release)
    }

    #[cfg(not(loom))]
    #[inline(always)]
    fn order_of_look(&self) -> Ordering {
        Ordering::Acquire
    }

    /// The last one looks at what the others did.
    #[inline(always)]
    fn look(&self) {
        #[cfg(loom)]
        if self.weakness == Weakness::RelaxedLook {
            return;
        }
        // ORDER: Acquire, after a decrement that read the others' Release (O2).
        fence(Ordering::Acquire);
    }

    #[cfg(loom)]
    fn decrement(&self) -> usize {
        match self.weakness {
            Weakness::RelaxedLeave => self.count.fetch_sub(1, Ordering::Relaxed),
            Weakness::TornLeave => {
                let count = self.count.load(Ordering::Acquire);
                sched_point();
                self.count.store(count - 1, Ordering::Release);
                count
            }
            _ => self.count.fetch_sub(1, Ordering::Release),
        }
    }

    #[cfg(loom)]
    fn order_of_look(&self) -> Ordering {
        if self.weakness == Weakness::RelaxedLook { Ordering::Relaxed } else { Ordering::Acquire }
    }
}
