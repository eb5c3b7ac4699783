//! Waiting without a lost wake-up: a brief spin, then sleep. The one door to `parking_lot`.
//!
//! A hand-over to a thread that spins costs about 0.2 µs, to one asleep on a condition variable 38–50 µs. So
//! [`Parker::park`] spins for a few microseconds first, which is never more than a small part of what sleep would cost.
//!
//! **Invariants** P1: a wake-up is a token; an [`unpark`](Parker::unpark) before the `park` it is meant for is kept, and
//! several before one `park` are one. P2: whoever sleeps has left `PARKED` in the word while holding the lock, and
//! whoever overwrites `PARKED` takes the lock before it notifies: so the notification cannot fall between the sleeper's
//! last look and its sleep.
//! **State** of the word:
//! ```text
//! EMPTY ── unpark ──► TOKEN ── park ──► EMPTY
//!   │  ▲                ▲
//!  park └─ timed out    │ unpark, then lock and notify
//!   ▼  │                │
//! PARKED ───────────────┘
//! ```
//! **Orderings** `unpark` (Release on the word) pairs with `park` (Acquire on the word): who wakes sees what was done
//! before the wake-up. All transitions are read-modify-writes of one word, so they need no fence.
//! **Trade-offs** any number of threads may park on one `Parker`: each token wakes one of them, and a wake-up notifies
//! all so that those who lost put `PARKED` back (P2). With one sleeper, the common case, it costs the same.
//! **Checked by** tests/loom_park.rs.

mod lock;

pub use lock::{Condvar, Mutex, MutexGuard, WaitTimeoutResult};

use std::fmt;
use std::time::{Duration, Instant};

use crate::backoff::Backoff;
use crate::sync::atomic::{AtomicU32, Ordering};
use crate::sync::sched_point;

const EMPTY: u32 = 0;
const PARKED: u32 = 1;
const TOKEN: u32 = 2;

/// A place to wait for a token.
///
/// ```
/// use tx_runtime::park::Parker;
/// use std::sync::atomic::{AtomicU32, Ordering};
/// let (parker, answer) = (Parker::new(), AtomicU32::new(0));
/// std::thread::scope(|scope| {
///     scope.spawn(|| {
///         answer.store(42, Ordering::Relaxed);
///         parker.unpark();
///     });
///     parker.park();
///     assert_eq!(answer.load(Ordering::Relaxed), 42);
/// });
/// ```
pub struct Parker {
    word: AtomicU32,
    lock: Mutex<()>,
    woken: Condvar,
    #[cfg(loom)]
    weakness: Weakness,
}

/// What a model leaves out, to see it fail.
#[cfg(loom)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weakness {
    /// Nothing: the algorithm as it runs.
    None,
    /// `unpark` notifies without having taken the lock (against P2).
    NotifyWithoutLock,
    /// A second sleeper that lost the token sleeps on without putting `PARKED` back (against P2).
    SleepOnUnmarked,
    /// `unpark` orders nothing before it.
    RelaxedUnpark,
    /// A sleeper whose time is over clears the word, and with it a token that has just come.
    ForgetOnTimeout,
}

impl Parker {
    /// Without a token.
    ///
    /// ```
    /// assert!(!tx_runtime::park::Parker::new().try_park());
    /// ```
    pub fn new() -> Self {
        Self {
            word: AtomicU32::new(EMPTY),
            lock: Mutex::new(()),
            woken: Condvar::new(),
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

    /// Take the token if there is one; never waits.
    ///
    /// ```
    /// let parker = tx_runtime::park::Parker::new();
    /// parker.unpark();
    /// assert!(parker.try_park());
    /// assert!(!parker.try_park());
    /// ```
    pub fn try_park(&self) -> bool {
        sched_point();
        // ORDER: Acquire, pairs with the Release in `unpark`.
        self.word.compare_exchange(TOKEN, EMPTY, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Wait for a token and take it. Returns for no other reason.
    ///
    /// ```
    /// let parker = tx_runtime::park::Parker::new();
    /// parker.unpark();
    /// parker.park(); // the token was kept
    /// ```
    pub fn park(&self) {
        if self.spin() {
            return;
        }
        let mut guard = self.lock.lock();
        while !self.take_or_mark() {
            self.woken.wait(&mut guard);
            #[cfg(loom)]
            if self.weakness == Weakness::SleepOnUnmarked {
                while !self.try_park() {
                    self.woken.wait(&mut guard);
                }
                return;
            }
        }
    }

    /// Wait for a token at most until `timeout` is over; whether one was taken.
    ///
    /// Under loom time is over at once.
    ///
    /// ```
    /// use std::time::Duration;
    /// let parker = tx_runtime::park::Parker::new();
    /// assert!(!parker.park_timeout(Duration::from_millis(1)));
    /// parker.unpark();
    /// assert!(parker.park_timeout(Duration::from_secs(60)));
    /// ```
    pub fn park_timeout(&self, timeout: Duration) -> bool {
        // A deadline beyond what the clock can tell is no deadline.
        match Instant::now().checked_add(timeout) {
            Some(deadline) => self.park_until(deadline),
            None => {
                self.park();
                true
            }
        }
    }

    /// Wait for a token at most until `deadline`; whether one was taken.
    ///
    /// Under loom time is over at once.
    ///
    /// ```
    /// let parker = tx_runtime::park::Parker::new();
    /// assert!(!parker.park_until(std::time::Instant::now()));
    /// ```
    pub fn park_until(&self, deadline: Instant) -> bool {
        if self.spin() {
            return true;
        }
        let mut guard = self.lock.lock();
        while !self.take_or_mark() {
            if self.woken.wait_until(&mut guard, deadline).timed_out() {
                #[cfg(loom)]
                if self.weakness == Weakness::ForgetOnTimeout {
                    sched_point();
                    self.word.store(EMPTY, Ordering::Relaxed);
                    return false;
                }
                // A token that came with the end of time is taken. Otherwise `PARKED` stays: it costs the next
                // `unpark` one empty notification, while taking it away would hide another sleeper (P2).
                return self.try_park();
            }
        }
        true
    }

    /// Leave a token and wake a sleeper, if any. Never blocks for longer than a sleeper needs to lie down.
    ///
    /// ```
    /// let parker = tx_runtime::park::Parker::new();
    /// parker.unpark();
    /// parker.unpark(); // the same token
    /// assert!(parker.try_park() && !parker.try_park());
    /// ```
    pub fn unpark(&self) {
        sched_point();
        #[cfg(loom)]
        let order =
            if self.weakness == Weakness::RelaxedUnpark { Ordering::Relaxed } else { Ordering::Release };
        #[cfg(not(loom))]
        let order = Ordering::Release;
        // ORDER: Release, pairs with the Acquire in `try_park` and `take_or_mark`.
        if self.word.swap(TOKEN, order) == PARKED {
            // P2: the sleeper holds the lock from its mark to its sleep, so after this it sleeps, or has seen the token.
            #[cfg(loom)]
            let locks = self.weakness != Weakness::NotifyWithoutLock;
            #[cfg(not(loom))]
            let locks = true;
            if locks {
                drop(self.lock.lock());
            }
            self.woken.notify_all();
        }
    }

    /// Wait a few microseconds for a token without sleeping.
    fn spin(&self) -> bool {
        if cfg!(loom) {
            // Looking again is nothing new to a model, and its yields would let the other side finish before any sleep.
            return self.try_park();
        }
        let mut backoff = Backoff::new();
        loop {
            if self.try_park() {
                return true;
            }
            if backoff.is_exhausted() {
                return false;
            }
            backoff.snooze();
        }
    }

    /// Under the lock: take the token, or leave the mark of a sleeper.
    fn take_or_mark(&self) -> bool {
        loop {
            sched_point();
            // ORDER: Relaxed; a mark publishes nothing, and the sleeper is found through the lock.
            match self.word.compare_exchange(EMPTY, PARKED, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) | Err(PARKED) => return false,
                // Another thread that spins may be faster; then the word is empty again.
                Err(_) if self.try_park() => return true,
                Err(_) => {}
            }
        }
    }
}

impl Default for Parker {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Parker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.word.load(Ordering::Relaxed) {
            EMPTY => "empty",
            PARKED => "parked",
            _ => "token",
        };
        f.debug_struct("Parker").field("state", &state).finish()
    }
}
