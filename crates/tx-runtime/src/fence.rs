//! A pair of fences of unequal weight: one side costs nothing, the other pays for both.
//!
//! Two threads that each store and then load what the other stores need a full fence between the two, or both may miss
//! each other (Dekker). Where one side does so at every step and the other seldom, the seldom one can fence for both:
//! `membarrier(2)` makes every running thread of the process pass a full barrier. Where the kernel does not offer that,
//! both sides use a fence.
//!
//! **Guarantee** for a `light` of one thread and a `heavy` of another, of the same [`Fences`], one of two holds: what the one did before its
//! `light` is seen by the other after its `heavy`, or what the other did before its `heavy` is seen by the one after its
//! `light`. As between two `fence(SeqCst)`.
//! **Costs** `light` nothing (it only keeps the compiler from reordering), or about 20 cycles where it is a fence. `heavy`
//! some 100 ns in a process of one thread, a few microseconds beside other running threads: it interrupts them.
//! **Source** Desnoyers et al., "User-level implementations of read-copy update", IEEE TPDS 2012; C++ proposal P1202.
//! **Checked by** loom only as far as both sides are fences there: the kernel's part is its documented contract.

use crate::sync::atomic::{Ordering, fence};

/// Which fences this process uses.
///
/// ```
/// use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
/// use tx_runtime::fence::Fences;
/// let fences = Fences::new();
/// let (left, right) = (AtomicBool::new(false), AtomicBool::new(false));
/// std::thread::scope(|scope| {
///     let often = scope.spawn(|| {
///         left.store(true, Relaxed);
///         fences.light();
///         right.load(Relaxed)
///     });
///     right.store(true, Relaxed);
///     assert!(fences.heavy());
///     let seen = left.load(Relaxed);
///     // At least one of them has seen the other.
///     assert!(seen | often.join().unwrap());
/// });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fences {
    asymmetric: bool,
}

impl Fences {
    /// Asymmetric ones where the kernel has them. The first call in a process of several threads may take some
    /// milliseconds; starts no thread.
    pub fn new() -> Self {
        Self { asymmetric: kernel::register() }
    }

    /// A full fence on both sides.
    pub const fn symmetric() -> Self {
        Self { asymmetric: false }
    }

    /// Whether `light` costs nothing. If not, a locked instruction before it makes it superfluous.
    #[inline(always)]
    pub fn is_asymmetric(self) -> bool {
        self.asymmetric
    }

    /// The side that is passed often.
    #[inline(always)]
    pub fn light(self) {
        if self.asymmetric {
            std::sync::atomic::compiler_fence(Ordering::SeqCst);
        } else {
            // ORDER: SeqCst, pairs with the fence in `heavy`.
            fence(Ordering::SeqCst);
        }
    }

    /// The side that is passed seldom. False when the kernel refused: nothing is guaranteed then, and the caller must do
    /// without this time. A process that has been forked since `new` may see that once, one that has been denied the call
    /// since (by a filter of system calls) always.
    #[cold]
    #[must_use = "a refused fence orders nothing"]
    pub fn heavy(self) -> bool {
        // ORDER: SeqCst, pairs with the fence in `light`; beside the kernel's barrier it orders our own side.
        fence(Ordering::SeqCst);
        if !self.asymmetric || kernel::barrier() {
            return true;
        }
        kernel::register();
        false
    }
}

impl Default for Fences {
    fn default() -> Self {
        Self::new()
    }
}

// Miri knows fences, but not this one.
#[cfg(all(target_os = "linux", not(any(loom, miri))))]
mod kernel {
    /// Say that this process will use the barrier; whether it can.
    pub(super) fn register() -> bool {
        call(libc::MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED)
    }

    /// Make every running thread of this process pass a full barrier.
    pub(super) fn barrier() -> bool {
        call(libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED)
    }

    fn call(command: libc::c_int) -> bool {
        // SAFETY: takes three integers, touches no memory of ours.
        unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
    }
}

#[cfg(not(all(target_os = "linux", not(any(loom, miri)))))]
mod kernel {
    pub(super) fn register() -> bool {
        false
    }

    pub(super) fn barrier() -> bool {
        unreachable!("not registered")
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    /// Rounds in which neither thread saw the other; 0 if the fences hold.
    fn missed(light: impl Fn() + Sync, heavy: impl Fn() + Sync) -> usize {
        const ROUNDS: u32 = if cfg!(miri) { 20 } else { 20_000 };
        let (left, right) = (AtomicU32::new(0), AtomicU32::new(0));
        let barrier = Barrier::new(2);
        std::thread::scope(|scope| {
            let often = scope.spawn(|| {
                let mut seen = Vec::new();
                for round in 1..=ROUNDS {
                    barrier.wait();
                    left.store(round, Relaxed);
                    light();
                    seen.push(right.load(Relaxed) == round);
                    barrier.wait();
                }
                seen
            });
            let mut missed = Vec::new();
            for round in 1..=ROUNDS {
                barrier.wait();
                right.store(round, Relaxed);
                heavy();
                missed.push(left.load(Relaxed) != round);
                barrier.wait();
            }
            let seen = often.join().unwrap();
            missed.iter().zip(&seen).filter(|&(&missed, &seen)| missed && !seen).count()
        })
    }

    #[test]
    fn one_of_two_sees_the_other() {
        for fences in [Fences::new(), Fences::symmetric()] {
            assert_eq!(missed(|| fences.light(), || assert!(fences.heavy())), 0, "{fences:?}");
        }
    }
}
