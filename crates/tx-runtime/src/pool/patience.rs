//! How long somebody stays awake for what may come soon.
//!
//! Falling asleep and being woken costs a thread some fifty microseconds (measured on a virtual machine: a helper began 45 µs
//! after it was asked for, and as much later its caller noticed that it had ended). Who stays awake for as long as that loses
//! at most as much again as it would have lost anyhow (Karlin, Manasse, McGeoch, Owicki, *Competitive randomized algorithms
//! for non-uniform problems*, SODA 1990).

use std::time::{Duration, Instant};

/// Twice what a wake-up costs.
const LONGEST: Duration = Duration::from_micros(100);
/// So many looks, some fifty nanoseconds each, lie between two looks at the clock, which also offer the core to others.
const LOOKS: u32 = 32;

/// The patience of one wait: who waits looks again and again, for as long as falling asleep and being woken would take, and then
/// sleeps.
///
/// ```
/// let (mut patience, mut looks) = (tx_runtime::pool::Patience::default(), 0);
/// while looks < 1000 && patience.pause() {
///     looks += 1; // not yet, so it looks again
/// }
/// assert!(looks > 0);
/// ```
#[derive(Debug, Default)]
pub struct Patience {
    looks: u32,
    since: Option<Instant>,
}

impl Patience {
    /// Pause between two looks; `false` when it has been long enough: a tenth of a millisecond.
    ///
    /// ```
    /// let (mut patience, begin) = (tx_runtime::pool::Patience::default(), std::time::Instant::now());
    /// while patience.pause() {}
    /// assert!(begin.elapsed().as_micros() >= 100);
    /// ```
    pub fn pause(&mut self) -> bool {
        std::hint::spin_loop();
        self.looks += 1;
        if !self.looks.is_multiple_of(LOOKS) {
            return true;
        }
        std::thread::yield_now();
        let now = Instant::now();
        now - *self.since.get_or_insert(now) < LONGEST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ends() {
        let (mut patience, begin) = (Patience::default(), Instant::now());
        while patience.pause() {}
        assert!(begin.elapsed() >= LONGEST);
    }
}
