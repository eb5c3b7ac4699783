//! Closures that may run early, oldest first.
//!
//! A speculation is worth the more the newer its snapshot is. So whichever worker is free takes the oldest closure that waits,
//! and none runs further ahead of the front than there are workers: of closures that seldom conflict hardly one is lost.
//! Last enabled first would take the newest, which lies as far ahead as the session looks.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use tx_runtime::park::Mutex;
use tx_runtime::sync::atomic::{AtomicUsize, Ordering};

use crate::graph::TaskSeq;

/// The speculations that are ready.
#[derive(Debug, Default)]
pub(crate) struct Early {
    waiting: Mutex<BinaryHeap<Reverse<TaskSeq>>>,
    /// How many: looked at by every worker that has nothing to do, and mostly zero.
    count: AtomicUsize,
}

impl Early {
    pub(crate) fn push(&self, task: TaskSeq) {
        let mut waiting = self.waiting.lock();
        waiting.push(Reverse(task));
        // ORDER: Relaxed, under the lock; who looks without it is told to look again by `Sleeper::wake`.
        self.count.store(waiting.len(), Ordering::Relaxed);
    }

    /// The oldest, if it comes before `limit` in the program.
    pub(crate) fn take_before(&self, limit: TaskSeq) -> Option<TaskSeq> {
        if self.is_empty() {
            return None;
        }
        let mut waiting = self.waiting.lock();
        let oldest = waiting.peek_mut().filter(|task| task.0 < limit)?;
        let Reverse(task) = std::collections::binary_heap::PeekMut::pop(oldest);
        self.count.store(waiting.len(), Ordering::Relaxed);
        Some(task)
    }

    pub(crate) fn len(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn clear(&mut self) {
        self.waiting.get_mut().clear();
        *self.count.get_mut() = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_comes_first_and_only_before_the_limit() {
        let early = Early::default();
        [7, 3, 5].into_iter().for_each(|task| early.push(task));
        assert_eq!(early.take_before(3), None);
        let taken: Vec<TaskSeq> = std::iter::from_fn(|| early.take_before(TaskSeq::MAX)).collect();
        assert_eq!(taken, [3, 5, 7]);
        assert!(early.is_empty());
    }
}
