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

/// The patience of one wait.
#[derive(Debug, Default)]
pub(super) struct Patience {
    looks: u32,
    since: Option<Instant>,
}

impl Patience {
    /// Pause between two looks; `false` when it has been long enough.
    pub(super) fn pause(&mut self) -> bool {
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
