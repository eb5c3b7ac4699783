//! Which core a helper has, and how it leaves one that its caller needs.
//!
//! The system now and then puts a helper on its caller's core although another is free: it was busy for a moment when the helper was
//! woken, or the caller was moved. The two then take turns, and the system is slow to see it: a helper that sleeps between short
//! runs hardly counts as load. So a helper that finds itself there moves, and its mask is as before afterwards: nothing is bound to anything.

use std::sync::atomic::{AtomicI32, Ordering};

/// The core of a run's caller.
#[derive(Debug)]
pub(super) struct Seat(AtomicI32);

/// Not known.
const NOWHERE: i32 = -1;

impl Seat {
    pub(super) fn new() -> Self {
        Self(AtomicI32::new(NOWHERE))
    }

    /// The calling thread leads the run from where it is now.
    pub(super) fn take(&self) {
        // ORDER: Relaxed here and below, a hint.
        self.0.store(here(), Ordering::Relaxed);
    }

    /// The calling thread goes elsewhere if it sits on the caller's core.
    pub(super) fn give_way(&self) {
        let core = here();
        if core != NOWHERE && core == self.0.load(Ordering::Relaxed) {
            leave(core);
        }
    }
}

/// The core that the calling thread runs on.
fn here() -> i32 {
    #[cfg(all(target_os = "linux", not(miri)))]
    {
        // SAFETY: the call has no arguments.
        unsafe { libc::sched_getcpu() }
    }
    #[cfg(not(all(target_os = "linux", not(miri))))]
    {
        NOWHERE
    }
}

/// Moves the calling thread to another core of its mask, if there is one. A refusal changes nothing but speed.
#[cold]
fn leave(core: i32) {
    #[cfg(all(target_os = "linux", not(miri)))]
    // SAFETY: both sets are as large as the calls are told, and the core is below their size.
    unsafe {
        let mut mask: libc::cpu_set_t = std::mem::zeroed();
        let size = size_of_val(&mask);
        if core as usize >= 8 * size || libc::sched_getaffinity(0, size, &mut mask) != 0 {
            return;
        }
        let mut others = mask;
        libc::CPU_CLR(core as usize, &mut others);
        if libc::CPU_COUNT(&others) > 0 && libc::sched_setaffinity(0, size, &others) == 0 {
            libc::sched_setaffinity(0, size, &mask);
        }
    }
    #[cfg(not(all(target_os = "linux", not(miri))))]
    let _ = core;
}

#[cfg(all(test, target_os = "linux", not(miri)))]
mod tests {
    use super::*;

    fn mask() -> Vec<bool> {
        // SAFETY: the set is as large as the call is told.
        unsafe {
            let mut mask: libc::cpu_set_t = std::mem::zeroed();
            assert_eq!(libc::sched_getaffinity(0, size_of_val(&mask), &mut mask), 0);
            (0..8 * size_of_val(&mask)).map(|core| libc::CPU_ISSET(core, &mask)).collect()
        }
    }

    #[test]
    fn who_sits_on_the_callers_core_goes_elsewhere_and_may_come_back() {
        let (seat, before) = (Seat::new(), mask());
        let moved = (0..100).filter(|_| {
            seat.take();
            let core = seat.0.load(Ordering::Relaxed);
            seat.give_way();
            here() != core
        });
        // The system may move it back at once, but not each time.
        let moved = moved.count();
        assert!(moved > 0 || before.iter().filter(|&&ours| ours).count() == 1, "{moved} moves in 100");
        assert_eq!(mask(), before, "the mask is as it was");
    }

    #[test]
    fn who_sits_elsewhere_stays() {
        let seat = Seat::new();
        seat.give_way();
        assert_eq!(seat.0.load(Ordering::Relaxed), NOWHERE, "nobody leads");
        seat.0.store(i32::MAX, Ordering::Relaxed);
        let before = mask();
        seat.give_way();
        leave(i32::MAX);
        assert_eq!(mask(), before, "no such core");
    }
}
