//! What one attempt has read and would write.
//!
//! **Invariants** W1: a variable has at most one write entry; its node is ours alone. W2: a node that a second
//! write replaced, or a roll-back took away, stays in `kept` until the attempt ends, because a `&T` into it may
//! be out. W3: reads are never taken back: dropping those of a failed branch would lose wake-ups.
//!
//! Partial roll-back: `kept` doubles as the undo log. Back to a [`Mark`] means: newest first, put every node that
//! was replaced since the mark back into its entry; then drop the entries made since.

mod reads;

use std::ptr::NonNull;

use crate::commute::Operation;
use crate::hooks::{self, Hooks};
use crate::node::{Header, VTable};
use crate::tvar::{Core, rank};
pub(crate) use reads::{Read, Reads};

/// Up to this many writes are searched one by one, which beats hashing.
const LINEAR: usize = 8;

pub(crate) struct Write {
    pub(crate) core: NonNull<Core>,
    pub(crate) node: NonNull<Header>,
    /// The head found when the variable was locked, with its WAIT bit.
    pub(crate) old: *mut Header,
    /// How the operand in `node` becomes a value, where that is left to the commit.
    pub(crate) apply: Option<&'static Operation>,
}

#[derive(Default)]
pub(crate) struct Logs {
    pub(crate) reads: Reads,
    pub(crate) writes: Vec<Write>,
    index: Index,
    pub(crate) kept: Vec<Kept>,
    pub(crate) hooks: Hooks,
    /// Whether some write may have to be applied.
    pub(crate) commutes: bool,
}

/// A node that is not (or no longer) our version of its variable.
pub(crate) struct Kept {
    pub(crate) node: NonNull<Header>,
    pub(crate) table: &'static VTable,
    /// The write entry that it was replaced in, until that is undone.
    place: Option<usize>,
    /// As it was in that entry.
    apply: Option<&'static Operation>,
}

impl Kept {
    /// A node whose entry is gone.
    fn loose(write: Write) -> Self {
        // SAFETY: cores met by this attempt live until its slot is idle.
        let table = unsafe { write.core.as_ref() }.table;
        Self { node: write.node, table, place: None, apply: None }
    }
}

/// A state of the write log to come back to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    writes: usize,
    kept: usize,
    hooks: hooks::Mark,
    /// For the mistake that loom must find.
    #[cfg(any(loom, feature = "faults"))]
    pub(crate) reads: usize,
}

impl Logs {
    #[inline(always)]
    pub(crate) fn read(&mut self, core: NonNull<Core>, node: *mut Header) {
        self.reads.push(Read { core, node });
    }

    /// Our own pending version of a variable.
    #[inline(always)]
    pub(crate) fn written(
        &self,
        core: NonNull<Core>,
    ) -> Option<(NonNull<Header>, Option<&'static Operation>)> {
        if self.writes.is_empty() {
            return None;
        }
        self.find(core).map(|at| (self.writes[at].node, self.writes[at].apply))
    }

    #[inline]
    fn find(&self, core: NonNull<Core>) -> Option<usize> {
        if self.writes.len() <= LINEAR {
            return self.writes.iter().position(|write| write.core == core);
        }
        self.index.find(core, &self.writes)
    }

    /// Make `node` our version of the variable.
    #[inline]
    pub(crate) fn write(
        &mut self,
        core: NonNull<Core>,
        node: NonNull<Header>,
        apply: Option<&'static Operation>,
        table: &'static VTable,
    ) {
        if let Some(at) = self.find(core) {
            let write = &mut self.writes[at];
            let node = std::mem::replace(&mut write.node, node);
            let apply = std::mem::replace(&mut write.apply, apply);
            self.kept.push(Kept { node, table, place: Some(at), apply });
            return;
        }
        self.write_new(core, node, apply);
    }

    /// Make `node` our version of a variable that we have not written yet.
    #[inline(always)]
    pub(crate) fn write_new(
        &mut self,
        core: NonNull<Core>,
        node: NonNull<Header>,
        apply: Option<&'static Operation>,
    ) {
        let len = self.writes.len();
        if len == self.writes.capacity() {
            self.grow_writes();
        }
        // SAFETY: `grow_writes` leaves room for one more; entries need no destructor.
        unsafe {
            self.writes.as_mut_ptr().add(len).write(Write { core, node, old: std::ptr::null_mut(), apply });
            self.writes.set_len(len + 1);
        }
        self.commutes |= apply.is_some();
        if self.writes.len() > LINEAR {
            self.index.insert_last(&self.writes);
        }
    }

    #[cold]
    fn grow_writes(&mut self) {
        // Places are kept in 32 bits, and the log doubles when it grows.
        assert!(self.writes.len() < 1 << 31, "fewer than 2^31 writes in one transaction");
        self.writes.reserve(8);
    }

    /// Keep a node that is nobody's version until the attempt ends.
    #[cold]
    pub(crate) fn keep(&mut self, node: NonNull<Header>, table: &'static VTable) {
        self.kept.push(Kept { node, table, place: None, apply: None });
    }

    /// The state to come back to.
    pub(crate) fn mark(&self) -> Mark {
        Mark {
            writes: self.writes.len(),
            kept: self.kept.len(),
            hooks: self.hooks.mark(),
            #[cfg(any(loom, feature = "faults"))]
            reads: self.reads.len(),
        }
    }

    /// Undo every write since the mark.
    pub(crate) fn back_to(&mut self, mark: Mark) {
        for kept in self.kept[mark.kept..].iter_mut().rev() {
            // An inner roll-back has undone some already.
            if let Some(at) = kept.place.take() {
                std::mem::swap(&mut self.writes[at].node, &mut kept.node);
                self.writes[at].apply = kept.apply;
            }
        }
        self.kept.extend(self.writes.drain(mark.writes..).map(Kept::loose));
        self.index.clear();
        if self.writes.len() > LINEAR {
            self.index.insert_last(&self.writes);
        }
        self.hooks.back_to(mark.hooks);
    }

    /// Whatever is written will not be published: all of it joins `kept`.
    pub(crate) fn give_up(&mut self) {
        self.kept.extend(self.writes.drain(..).map(Kept::loose));
        self.forget();
    }

    /// Put the writes into the order in which they are locked. `find` and `write` are over after this.
    pub(crate) fn sort_writes(&mut self) {
        // SAFETY: cores met by this attempt live until its slot is idle.
        if !self.writes.is_sorted_by_key(|write| unsafe { rank(write.core) }) {
            // SAFETY: cores met by this attempt live until its slot is idle.
            self.writes.sort_unstable_by_key(|write| unsafe { rank(write.core) });
        }
    }

    /// Whether we hold the lock of a variable, at commit, after `sort_writes`.
    pub(crate) fn owns(&self, core: NonNull<Core>) -> bool {
        // SAFETY: cores met by this attempt live until its slot is idle.
        unsafe { self.writes.binary_search_by_key(&rank(core), |write| rank(write.core)).is_ok() }
    }

    pub(crate) fn forget(&mut self) {
        self.reads.clear();
        self.writes.clear();
        self.index.clear();
        self.commutes = false;
    }
}

/// Open addressing from a variable to its place in the write log.
#[derive(Default)]
struct Index {
    /// Place + 1, or 0. A power of two long, at most half full.
    table: Vec<u32>,
    /// 64 - log2 of that length.
    shift: u32,
    live: bool,
}

impl Index {
    fn home(&self, core: NonNull<Core>) -> usize {
        // Fibonacci hashing; the low bits of an address say little.
        let hash = (core.addr().get() as u64 >> 4).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (hash >> self.shift) as usize
    }

    #[inline]
    fn find(&self, core: NonNull<Core>, writes: &[Write]) -> Option<usize> {
        let mask = self.table.len() - 1;
        // So that no place `& mask` needs to be checked.
        let table = &self.table[..=mask];
        let mut at = self.home(core);
        loop {
            match table[at & mask] {
                0 => return None,
                place if writes[place as usize - 1].core == core => return Some(place as usize - 1),
                _ => at += 1,
            }
        }
    }

    #[inline]
    fn put(&mut self, core: NonNull<Core>, place: usize) {
        let mask = self.table.len() - 1;
        let mut at = self.home(core);
        let table = &mut self.table[..=mask];
        while table[at & mask] != 0 {
            at += 1;
        }
        // Fits: see `grow_writes`.
        table[at & mask] = place as u32 + 1;
    }

    /// Take in the last entry of the log, and all others if they are not in yet.
    #[inline]
    fn insert_last(&mut self, writes: &[Write]) {
        let last = writes.len() - 1;
        if self.live && writes.len() * 2 <= self.table.len() {
            return self.put(writes[last].core, last);
        }
        self.rebuild(writes);
    }

    #[cold]
    fn rebuild(&mut self, writes: &[Write]) {
        let len = (writes.len() * 4).next_power_of_two().max(self.table.len());
        self.table.clear();
        self.table.resize(len, 0);
        self.shift = 64 - len.trailing_zeros();
        self.live = true;
        writes.iter().enumerate().for_each(|(place, write)| self.put(write.core, place));
    }

    fn clear(&mut self) {
        if self.live {
            self.live = false;
            self.table.fill(0);
        }
    }
}
