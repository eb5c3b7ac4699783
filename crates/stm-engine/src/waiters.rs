//! Sleeping until a variable changes: who waits for which, by address, in shards.
//!
//! **Invariants** B1: who sets WAIT on a head is in the list of that variable first. B2: whoever takes a head
//! from `node + WAIT` to another node wakes the whole list after publishing. B3: a shard's lock is held around
//! nothing but its map and one exchange on a head; never two at a time, never around user code.
//!
//! *No lost wake-up.* WAIT is set only by an exchange that finds the very node that was read, unlocked. If a
//! commit locks before that, the exchange fails and the sleeper looks again; if after, the lock's exchange saw
//! WAIT. A committer that gives up restores the head as it found it, WAIT included.
//!
//! Addresses are keys and nothing else: a sleeper's slot is idle, so what it waits for may be freed, and a new
//! variable at the same address at most wakes it for nothing. A WAIT bit left by one who timed out costs the
//! next committer a look into an empty list.
//! **Checked by** tests/loom_retry.rs.

use std::collections::BTreeMap;
use std::ptr::NonNull;

use tx_runtime::park::{Mutex, Parker};
use tx_runtime::sync::Arc;
use tx_runtime::sync::atomic::Ordering;

use crate::engine::Inner;
use crate::logs::Read;
use crate::mutant::mutant;
use crate::node::{WAIT, is_locked, strip, with_wait};
use crate::tvar::Core;

const SHARDS: usize = if cfg!(loom) { 1 } else { 64 };

type Shard = Mutex<BTreeMap<usize, Vec<Arc<Parker>>>>;

/// Everybody who sleeps in one engine.
pub(crate) struct Waiters {
    shards: [Shard; SHARDS],
}

impl Waiters {
    pub(crate) fn new() -> Self {
        Self { shards: std::array::from_fn(|_| Mutex::new(BTreeMap::new())) }
    }

    fn shard(&self, key: usize) -> &Shard {
        &self.shards[(key >> 6) % SHARDS]
    }

    /// Wake everybody who waits for this variable.
    #[cold]
    pub(crate) fn wake(&self, core: NonNull<Core>) {
        let key = core.addr().get();
        let list = self.shard(key).lock().remove(&key);
        list.into_iter().flatten().for_each(|parker| parker.unpark());
    }

    /// Registrations, one per sleeper and variable.
    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().values().map(Vec::len).sum::<usize>()).sum()
    }
}

/// A place in the lists of some variables; it leaves them when dropped.
pub(crate) struct Registration<'a> {
    waiters: &'a Waiters,
    parker: Arc<Parker>,
    keys: Vec<usize>,
}

impl<'a> Registration<'a> {
    /// Get in line for a change of any of these reads; `None` when one has changed already, or is about to.
    /// The slot of the attempt that made them is still published.
    pub(crate) fn new(inner: &'a Inner, reads: &[Read]) -> Option<Self> {
        let mut line = Self {
            waiters: &inner.waiters,
            parker: Arc::new(Parker::new()),
            keys: Vec::with_capacity(reads.len()),
        };
        // What is already in `line` leaves the lists again when a read has changed.
        reads.iter().all(|read| line.join(inner, read)).then_some(line)
    }

    fn join(&mut self, inner: &Inner, read: &Read) -> bool {
        let key = read.core.addr().get();
        // SAFETY: cores met by this attempt live until its slot is idle.
        let head = &unsafe { read.core.as_ref() }.head;
        let mut map = self.waiters.shard(key).lock();
        map.entry(key).or_default().push(Arc::clone(&self.parker));
        self.keys.push(key);
        loop {
            inner.point();
            let now = head.load(Ordering::Relaxed);
            if mutant!(inner, SleepOnChanged) {
                return true;
            }
            if is_locked(now) || strip(now) != read.node {
                return false;
            }
            // ORDER: Release, pairs with the Acquire of the next lock: the list is reached through its own lock,
            // so this carries nothing, but a head is never weakened to less than a publication.
            if now.addr() & WAIT != 0
                || head.compare_exchange(now, with_wait(now), Ordering::AcqRel, Ordering::Relaxed).is_ok()
            {
                return true;
            }
        }
    }

    /// Where to sleep.
    pub(crate) fn parker(&self) -> &Parker {
        &self.parker
    }
}

impl Drop for Registration<'_> {
    fn drop(&mut self) {
        for &key in &self.keys {
            let mut map = self.waiters.shard(key).lock();
            if let Some(list) = map.get_mut(&key) {
                list.retain(|parker| !Arc::ptr_eq(parker, &self.parker));
                if list.is_empty() {
                    map.remove(&key);
                }
            }
        }
    }
}
