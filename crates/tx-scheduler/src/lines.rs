//! The lines of the program: what each one recorded, what its tasks cost, and whether its closures are worth running early.
//!
//! A statement names its line by a number, so that nothing of a position is copied or hashed while tasks run. Workers count in
//! their own desks; the session adds that up between runs.
//!
//! **Speculation that does not pay** is given up line by line: a closure that takes less time than handing it to another
//! thread, and one whose early runs keep losing to the statements before it, run at the front only. Now and then one is tried
//! early again, so a line whose conflicts end is speculated again. Only time depends on it, never a result.

use std::collections::HashMap;
use std::ops::AddAssign;

use tx_runtime::sync::atomic::{AtomicU32, Ordering};

use crate::site::Site;

/// A line's number.
pub(crate) type LineId = u32;

/// A closure shorter than this is not worth running on another thread.
const SHORT_NS: u32 = 1500;
/// A lost speculation counts this much, a good one takes one off.
const LOSS: u32 = 4;
/// From here on a line's closures wait for their turn.
const LOSING: u32 = 16;
const WORST: u32 = 64;
/// One closure in so many is speculated whatever the odds.
const PROBE: u64 = 32;

/// What the tasks of one line took.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Spent {
    pub(crate) tasks: u64,
    pub(crate) ns: u64,
    pub(crate) bytes: u64,
    pub(crate) aborts: u64,
    pub(crate) lost_ns: u64,
}

impl AddAssign for Spent {
    fn add_assign(&mut self, other: Self) {
        self.tasks += other.tasks;
        self.ns += other.ns;
        self.bytes += other.bytes;
        self.aborts += other.aborts;
        self.lost_ns += other.lost_ns;
    }
}

/// One line of the program.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) site: Site,
    pub(crate) statements: u64,
    pub(crate) spent: Spent,
    pub(crate) odds: Odds,
}

/// Whether a line's closures should run early. Relaxed throughout: a guess, whatever interleaving made it.
#[derive(Debug, Default)]
pub(crate) struct Odds {
    losses: AtomicU32,
    /// A running mean; 0 before the first.
    body_ns: AtomicU32,
}

impl Odds {
    /// A speculation could be committed, or was stale.
    pub(crate) fn outcome(&self, lost: bool) {
        let now = self.losses.load(Ordering::Relaxed);
        let next = if lost { (now + LOSS).min(WORST) } else { now.saturating_sub(1) };
        self.losses.store(next, Ordering::Relaxed);
    }

    /// A body took so long.
    pub(crate) fn took(&self, ns: u64) {
        let ns = u32::try_from(ns).unwrap_or(u32::MAX).max(1);
        let mean = self.body_ns.load(Ordering::Relaxed);
        let next = if mean == 0 { ns } else { mean - mean / 8 + ns / 8 };
        self.body_ns.store(next.max(1), Ordering::Relaxed);
    }

    /// The mean time of a body so far; `None` before the first.
    pub(crate) fn body_ns(&self) -> Option<u32> {
        Some(self.body_ns.load(Ordering::Relaxed)).filter(|&ns| ns > 0)
    }

    /// Whether early runs keep losing.
    pub(crate) fn loses(&self) -> bool {
        self.losses.load(Ordering::Relaxed) >= LOSING
    }

    /// Whether the `n`-th closure should run early.
    pub(crate) fn pays(&self, n: u64) -> bool {
        n.is_multiple_of(PROBE) || !(self.is_short() || self.loses())
    }

    /// Whether a body takes less time than handing it over.
    pub(crate) fn is_short(&self) -> bool {
        self.body_ns().is_some_and(|ns| ns < SHORT_NS)
    }
}

/// All lines of a program.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    lines: Vec<Line>,
    known: HashMap<Site, LineId>,
    /// The lines used last: a loop has few.
    recent: [LineId; 8],
    turn: usize,
}

impl Lines {
    pub(crate) fn get(&self, id: LineId) -> &Line {
        &self.lines[id as usize]
    }

    pub(crate) fn get_mut(&mut self, id: LineId) -> &mut Line {
        &mut self.lines[id as usize]
    }

    pub(crate) fn site(&self, id: LineId) -> &Site {
        &self.get(id).site
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter()
    }

    /// The number of a position.
    pub(crate) fn id(&mut self, site: &Site) -> LineId {
        let near = |&&id: &&LineId| self.lines.get(id as usize).is_some_and(|line| line.site.is_same(site));
        if let Some(&id) = self.recent.iter().find(near) {
            return id;
        }
        let next = LineId::try_from(self.lines.len()).expect("fewer than 2^32 lines");
        let id = *self.known.entry(site.clone()).or_insert(next);
        if id == next {
            let (spent, odds) = (Spent::default(), Odds::default());
            self.lines.push(Line { site: site.clone(), statements: 0, spent, odds });
        }
        self.recent[self.turn % self.recent.len()] = id;
        self.turn += 1;
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_keeps_losing_waits_and_is_tried_again_when_it_stops() {
        let odds = Odds::default();
        assert!(odds.pays(1));
        (0..4).for_each(|_| odds.outcome(true));
        assert!(!odds.pays(1) && odds.pays(PROBE), "every so often one is tried");
        odds.outcome(false);
        assert!(odds.pays(1));
    }

    #[test]
    fn one_loss_in_ten_is_no_reason_to_wait() {
        let odds = Odds::default();
        assert!((0..1000).all(|i| {
            odds.outcome(i % 10 == 0);
            odds.pays(1)
        }));
    }

    #[test]
    fn short_bodies_are_not_handed_over() {
        let odds = Odds::default();
        odds.took(100);
        assert!(!odds.pays(1));
        (0..64).for_each(|_| odds.took(50_000));
        assert!(odds.pays(1));
    }

    #[test]
    fn a_position_has_one_number() {
        let mut lines = Lines::default();
        let site = |line| Site::script("a.py".into(), line, 1);
        let ids: Vec<LineId> = (0..40).map(|line| lines.id(&site(line))).collect();
        assert_eq!(ids, (0..40).map(|line| lines.id(&site(line))).collect::<Vec<_>>());
        assert_eq!(lines.iter().count(), 40);
    }
}
