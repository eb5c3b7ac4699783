//! Bounded exponential back-off: how a loop that lost a race waits a moment before it tries again.
//!
//! **Promises** K1: one step takes at most a few microseconds (64 spin hints or one yield), whatever the step number.
//! K2: after [`Backoff::MAX_STEPS`] steps [`is_exhausted`](Backoff::is_exhausted) says so, and the caller should sleep
//! on something ([`park`](crate::park)) instead. K3: under loom every step yields to the model, so a loop around it is
//! explored fairly, and two steps exhaust it.
//!
//! **Trade-off** spinning pays while the other side runs on another core; once it had the time to finish and has not,
//! it is probably not running, so [`snooze`](Backoff::snooze) offers its core.

use crate::sync::{hint, thread};

/// Steps that only spin: 1, 2, 4 … 64 hints.
const SPIN_STEPS: u32 = 7;

/// A count of steps, each longer than the last up to a bound.
///
/// ```
/// use tx_runtime::backoff::Backoff;
/// let mut backoff = Backoff::new();
/// let mut tries = 0;
/// while !backoff.is_exhausted() {
///     tries += 1; // try something here
///     backoff.snooze();
/// }
/// assert_eq!(tries, Backoff::MAX_STEPS);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Backoff {
    step: u32,
}

impl Backoff {
    /// Steps of [`snooze`](Self::snooze) until [`is_exhausted`](Self::is_exhausted): 127 spin hints, then 4 yields.
    pub const MAX_STEPS: u32 = if cfg!(loom) { 2 } else { SPIN_STEPS + 4 };

    /// At the first step.
    ///
    /// ```
    /// assert!(!tx_runtime::backoff::Backoff::new().is_exhausted());
    /// ```
    pub const fn new() -> Self {
        Self { step: 0 }
    }

    /// Back to the first step, after progress.
    ///
    /// ```
    /// let mut backoff = tx_runtime::backoff::Backoff::new();
    /// while !backoff.is_exhausted() { backoff.spin() }
    /// backoff.reset();
    /// assert!(!backoff.is_exhausted());
    /// ```
    pub fn reset(&mut self) {
        self.step = 0;
    }

    /// Spin, for a loop that lost a compare-and-swap: somebody else made progress, so it keeps its core.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
    /// let word = AtomicU32::new(3);
    /// let mut backoff = tx_runtime::backoff::Backoff::new();
    /// let mut old = word.load(Relaxed);
    /// while let Err(now) = word.compare_exchange_weak(old, old * 2, Relaxed, Relaxed) {
    ///     old = now;
    ///     backoff.spin();
    /// }
    /// assert_eq!(word.into_inner(), 6);
    /// ```
    #[inline]
    pub fn spin(&mut self) {
        if cfg!(loom) {
            thread::yield_now();
        } else {
            spin_hints(self.step);
        }
        self.step = self.step.saturating_add(1);
    }

    /// Spin, later yield the core, for a loop that waits for somebody else's step.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicBool, Ordering};
    /// let ready = AtomicBool::new(false);
    /// std::thread::scope(|scope| {
    ///     scope.spawn(|| ready.store(true, Ordering::Release));
    ///     let mut backoff = tx_runtime::backoff::Backoff::new();
    ///     while !ready.load(Ordering::Acquire) { backoff.snooze() }
    /// });
    /// ```
    #[inline]
    pub fn snooze(&mut self) {
        if cfg!(loom) || self.step >= SPIN_STEPS {
            thread::yield_now();
        } else {
            spin_hints(self.step);
        }
        self.step = self.step.saturating_add(1);
    }

    /// Whether it is time to sleep on something instead.
    ///
    /// ```
    /// let mut backoff = tx_runtime::backoff::Backoff::new();
    /// for _ in 0..tx_runtime::backoff::Backoff::MAX_STEPS { backoff.spin() }
    /// assert!(backoff.is_exhausted());
    /// ```
    #[inline]
    pub fn is_exhausted(&self) -> bool {
        self.step >= Self::MAX_STEPS
    }
}

#[inline]
fn spin_hints(step: u32) {
    for _ in 0..1_u32 << step.min(SPIN_STEPS - 1) {
        hint::spin_loop();
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn steps_stay_bounded_however_often_it_is_asked() {
        let mut backoff = Backoff { step: u32::MAX - 1 };
        for _ in 0..4 {
            backoff.spin();
            backoff.snooze();
        }
        assert!(backoff.is_exhausted());
    }
}
