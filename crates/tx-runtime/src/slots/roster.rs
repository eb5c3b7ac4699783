//! Who is at work in a run: worker indices, and the caller's sleep between its loops.
//!
//! The caller is worker 0. It cannot be handed to a thread pool like the others: it sleeps in here while it has nothing
//! to do, and is called back first when somebody finds work, since its cache is as warm as any and a helper saved is
//! a wake-up saved.
//!
//! **Invariants** R1: index 0 is claimed only by [`Roster::begin`] and by an [`enlist`](Roster::enlist) that leaves the
//! caller a token. R2: the last one to leave, if not the caller, leaves it a token. R3: only who holds an index enlists,
//! so once all are idle nobody comes back.
//! **Progress** by R1 and R2 each of the two events the caller sleeps for comes with a token after it, and the
//! caller looks at both after every token: it cannot oversleep, and a stale token costs one look.
//! **Checked by** tests/loom_slots.rs.

use super::Slots;
use crate::park::Parker;

/// The indices of a run and the place where its caller sleeps; one run at a time.
///
/// ```
/// use tx_runtime::slots::{Recruit, Roster};
/// let roster = Roster::new(2);
/// roster.begin(); // the caller is worker 0
/// assert_eq!(roster.enlist(), Some(Recruit::Helper(1))); // to be started elsewhere
/// roster.leave(0);
/// assert_eq!(roster.enlist(), Some(Recruit::Caller)); // worker 1 has work for the caller again
/// assert!(roster.wait_for_recall());
/// roster.leave(1);
/// roster.leave(0);
/// assert!(!roster.wait_for_recall(), "all have left");
/// ```
#[derive(Debug)]
pub struct Roster {
    slots: Slots,
    caller: Parker,
    #[cfg(loom)]
    weakness: Weakness,
}

/// What a model leaves out, to see it fail.
#[cfg(loom)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weakness {
    /// Nothing: the algorithm as it runs.
    None,
    /// The caller is claimed but not woken (against R1).
    SilentRecall,
    /// The last one leaves without a token (against R2).
    NoFarewell,
}

/// Whose loop an enlisting worker has to start.
///
/// ```
/// let roster = tx_runtime::slots::Roster::new(1);
/// roster.begin();
/// assert_eq!(roster.enlist(), None, "the caller is all there is");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recruit {
    /// The caller's: it has been woken, nothing is left to do.
    Caller,
    /// A helper's, with this index: to be started by who enlisted it.
    Helper(usize),
}

impl Roster {
    /// For `threads` workers, the caller included.
    ///
    /// # Panics
    /// When `threads` is 0.
    ///
    /// ```
    /// assert_eq!(tx_runtime::slots::Roster::new(3).threads(), 3);
    /// ```
    pub fn new(threads: usize) -> Self {
        assert!(threads > 0, "a run has at least its caller");
        Self {
            slots: Slots::new(threads),
            caller: Parker::new(),
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

    /// How many workers a run can have.
    ///
    /// ```
    /// assert_eq!(tx_runtime::slots::Roster::new(2).threads(), 2);
    /// ```
    pub fn threads(&self) -> usize {
        self.slots.len()
    }

    /// The caller begins a run, as worker 0.
    ///
    /// # Panics
    /// When a run is under way.
    ///
    /// ```
    /// let roster = tx_runtime::slots::Roster::new(2);
    /// roster.begin();
    /// assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| roster.begin())).is_err());
    /// ```
    pub fn begin(&self) {
        let index = self.slots.claim();
        assert_eq!(index, Some(0), "a run is under way");
    }

    /// Claim one more worker, the caller if it is free; `None`, after one load, if all are at work.
    /// To be called by a worker at work only (R3).
    ///
    /// ```
    /// let roster = tx_runtime::slots::Roster::new(2);
    /// roster.begin();
    /// assert!(roster.enlist().is_some() && roster.enlist().is_none());
    /// ```
    #[inline]
    pub fn enlist(&self) -> Option<Recruit> {
        match self.slots.claim()? {
            0 => {
                #[cfg(loom)]
                if self.weakness == Weakness::SilentRecall {
                    return Some(Recruit::Caller);
                }
                self.caller.unpark();
                Some(Recruit::Caller)
            }
            index => Some(Recruit::Helper(index)),
        }
    }

    /// The loop of worker `index` has returned.
    ///
    /// # Panics
    /// When no such worker is at work.
    ///
    /// ```
    /// let roster = tx_runtime::slots::Roster::new(2);
    /// roster.begin();
    /// roster.leave(0);
    /// assert!(!roster.wait_for_recall());
    /// ```
    pub fn leave(&self, index: usize) {
        let last = self.slots.release(index);
        #[cfg(loom)]
        let last = last && self.weakness != Weakness::NoFarewell;
        if last && index != 0 {
            self.caller.unpark();
        }
    }

    /// For the caller, after its loop: whether [`wait_for_recall`](Self::wait_for_recall) would return at once.
    ///
    /// ```
    /// let roster = tx_runtime::slots::Roster::new(2);
    /// roster.begin();
    /// assert!(roster.enlist().is_some());
    /// roster.leave(0);
    /// assert!(!roster.has_news(), "the helper is at work");
    /// roster.leave(1);
    /// assert!(roster.has_news() && !roster.wait_for_recall());
    /// ```
    pub fn has_news(&self) -> bool {
        !self.slots.is_free(0) || self.slots.all_idle()
    }

    /// For the caller, after its loop: sleep until it is enlisted again (`true`, and it is worker 0 again) or all have
    /// left (`false`, and the run is over).
    ///
    /// ```
    /// let roster = tx_runtime::slots::Roster::new(2);
    /// roster.begin();
    /// let helper = roster.enlist();
    /// std::thread::scope(|scope| {
    ///     scope.spawn(|| roster.leave(1));
    ///     roster.leave(0);
    ///     assert!(!roster.wait_for_recall(), "the helper left without more work");
    /// });
    /// ```
    pub fn wait_for_recall(&self) -> bool {
        while self.slots.is_free(0) {
            if self.slots.all_idle() {
                return false;
            }
            self.caller.park();
        }
        true
    }
}
