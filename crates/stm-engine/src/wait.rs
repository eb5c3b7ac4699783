//! Short waits: for a committer that holds a lock, and between attempts.

use tx_runtime::sync::{hint, thread};

/// Looks at a locked variable before a transaction gives up. A committer needs well under a microsecond between
/// lock and publication unless it has lost its processor, hence the yields at the end.
pub(crate) const LOCK_TURNS: u32 = if cfg!(loom) { 1 } else { 96 };
const SPIN_TURNS: u32 = 64;

/// Wait a moment for somebody who will not be long.
#[inline]
pub(crate) fn relax(turn: &mut u32) {
    if cfg!(loom) || *turn >= SPIN_TURNS {
        thread::yield_now();
    } else {
        hint::spin_loop();
    }
    *turn = turn.saturating_add(1);
}

/// Keep away after `losses` lost attempts in a row: about up to 2^(losses + 3) ns, at most 2^16 ns, at random,
/// so that two who met do not meet again. `random(n)` is a number below `n`.
pub(crate) fn back_off(losses: u32, random: impl FnOnce(u64) -> u64) {
    if cfg!(loom) {
        return thread::yield_now();
    }
    // A spin hint takes some 10 to 40 ns.
    let spins = random(1 << losses.saturating_sub(1).min(11));
    if losses > 4 {
        thread::yield_now();
    }
    for _ in 0..spins {
        hint::spin_loop();
    }
}
