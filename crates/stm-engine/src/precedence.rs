//! Who goes before the others: the one irrevocable transaction, and those that have lost often.
//!
//! A committer looks here once, after it has locked its write set and before it ticks: one load of a word that is 0
//! while nobody claims anything.
//!
//! **The token.** One transaction at a time may hold it; it is then *irrevocable*: it cannot lose. Others go on
//! reading and computing, and wait to commit. *Why it cannot lose:* a committer that locked a variable before the
//! holder took the token may still publish, but the holder meets that lock and waits for its end; one that locks
//! later sees the token, unlocks and waits. So what the holder has found unlocked nobody else replaces. The holder
//! waits for locks as long as it takes: their owners never wait while they hold one, but for a few turns.
//!
//! **Visible readers.** A transaction that has lost [`STEP`] times in a row reads visibly: before each read it sets
//! its bit in the word of the variable. A committer whose write set meets the bit of somebody of a higher level
//! unlocks and gives up. Words and bits are shared (by hash of the variable, by slot), so it may give way for
//! nothing; it is a matter of progress only, never of safety.
//!
//! **Orderings** Claim (token or bit, SeqCst) then a fence then the look at the head, beside lock (SeqCst) then the
//! look here (SeqCst): in the one order of these, either the committer sees the claim or the claimer sees the lock.
//! loom takes such accesses for acquire-release, so there the committer passes a fence too.
//! **Source** Visible reads of prioritised transactions: Spear, Dalessandro, Marathe, Scott, "A comprehensive strategy for
//! contention management in software transactional memory", PPoPP 2009. Irrevocability: Welc, Saha, Adl-Tabatabai,
//! SPAA 2008.
//! **Checked by** tests/loom_precedence.rs.

use std::ptr::NonNull;
use std::time::Instant;

use tx_runtime::park::{Condvar, Mutex};
use tx_runtime::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};

use crate::engine::{Inner, Line};
use crate::logs::Write;
use crate::mutant::mutant;
use crate::open;
use crate::tvar::{Core, rank};
use crate::wait;

/// So many losses in a row are one level of priority.
pub(crate) const STEP: u32 = if cfg!(loom) { 1 } else { 16 };

/// Words of reader bits: 2 KiB per engine.
const WORDS: usize = if cfg!(loom) { 1 } else { 256 };
/// Bits of a word.
const BITS: usize = if cfg!(loom) { 2 } else { 64 };

/// In the word of claims: somebody is irrevocable ...
const TOKEN: usize = 1;
/// ... and somebody sleeps until that is over.
const SLEEPERS: usize = 2;
/// Each transaction that reads visibly counts this much.
const READER: usize = 4;

/// What a transaction may do that others may not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Rights {
    /// Nobody else commits: it cannot lose.
    pub(crate) token: bool,
    /// Because of a token that it has to give back.
    pub(crate) owns_token: bool,
    /// It may commit although its thread holds the token: that rests.
    pub(crate) passes: bool,
    /// Its level of priority.
    pub(crate) level: u32,
    /// It reads visibly.
    pub(crate) visible: bool,
    /// Its bit in the words of readers.
    pub(crate) bit: u8,
}

/// Why a committer may not go on, with its write set locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Objection {
    /// Somebody else is irrevocable.
    Token,
    /// Somebody of a higher level has read this variable.
    Reader(NonNull<Core>),
}

pub(crate) struct Precedence {
    /// On a line of its own: every commit looks at it.
    claims: Line<AtomicUsize>,
    readers: [AtomicU64; WORDS],
    /// The level of whoever reads visibly under a bit.
    levels: [AtomicU32; BITS],
    /// Which thread holds the token (`open::this_thread`), and whether that rests: its holder has no attempt under way
    /// and waits for a computation of its own on this thread. Read for meaning by that thread only.
    holder: AtomicUsize,
    resting: AtomicUsize,
    lock: Mutex<()>,
    over: Condvar,
}

impl Precedence {
    pub(crate) fn new() -> Self {
        Self {
            claims: Line(AtomicUsize::new(0)),
            readers: std::array::from_fn(|_| AtomicU64::new(0)),
            levels: std::array::from_fn(|_| AtomicU32::new(0)),
            holder: AtomicUsize::new(0),
            resting: AtomicUsize::new(0),
            lock: Mutex::new(()),
            over: Condvar::new(),
        }
    }

    /// Whether nobody has claims that concern a committer of these rights; its write set is locked.
    #[inline(always)]
    pub(crate) fn is_quiet(&self, inner: &Inner, rights: Rights) -> bool {
        #[cfg(loom)]
        fence(Ordering::SeqCst);
        inner.point();
        // ORDER: SeqCst, after the locks; see the module's head.
        self.claims.0.load(Ordering::SeqCst) == 0 || rights.token || rights.passes
    }

    /// Why a committer may not go on; its write set is locked, and it was not quiet.
    pub(crate) fn objection(&self, inner: &Inner, rights: Rights, writes: &[Write]) -> Option<Objection> {
        inner.point();
        // ORDER: SeqCst, after the locks, as above.
        let claims = self.claims.0.load(Ordering::SeqCst);
        if claims & TOKEN != 0 && !mutant!(inner, IgnoreToken) {
            return Some(Objection::Token);
        }
        if claims < READER || mutant!(inner, IgnoreReaders) {
            return None;
        }
        let wins = |core: NonNull<Core>| {
            inner.point();
            // ORDER: SeqCst, as above.
            let mut bits = self.readers[word(core)].load(Ordering::SeqCst) & !(1 << rights.bit);
            while bits != 0 {
                if self.levels[bits.trailing_zeros() as usize].load(Ordering::Relaxed) > rights.level {
                    return true;
                }
                bits &= bits - 1;
            }
            false
        };
        writes.iter().map(|write| write.core).find(|&core| wins(core)).map(Objection::Reader)
    }

    /// Take the token after whoever has it, by `end` if one is given; false when that passes.
    pub(crate) fn take_token(&self, inner: &Inner, end: Option<Instant>) -> bool {
        loop {
            inner.point();
            // ORDER: SeqCst and the fence, see the module's head.
            if self.claims.0.fetch_or(TOKEN, Ordering::SeqCst) & TOKEN == 0 {
                fence(Ordering::SeqCst);
                self.holder.store(open::this_thread(), Ordering::Relaxed);
                return true;
            }
            if !self.wait_for_token(inner, end) {
                return false;
            }
        }
    }

    /// Whether a transaction of this thread holds the token.
    #[inline]
    pub(crate) fn is_held_here(&self) -> bool {
        self.claims.0.load(Ordering::Relaxed) & TOKEN != 0
            && self.holder.load(Ordering::Relaxed) == open::this_thread()
    }

    /// Whether other transactions of this thread may commit while one of it holds the token.
    pub(crate) fn lets_pass(&self) -> bool {
        self.is_held_here() && self.resting.load(Ordering::Relaxed) != 0
    }

    /// The holder, which calls this, has no attempt under way, or has one again.
    pub(crate) fn rest(&self, resting: bool) {
        self.resting.store(usize::from(resting), Ordering::Relaxed);
    }

    /// The irrevocable transaction is over.
    pub(crate) fn give_token_back(&self) {
        self.holder.store(0, Ordering::Relaxed);
        self.rest(false);
        // ORDER: Release, as a lock's.
        if self.claims.0.fetch_and(!(TOKEN | SLEEPERS), Ordering::Release) & SLEEPERS != 0 {
            // Whoever announced a sleep under the lock is asleep when we get it.
            drop(self.lock.lock());
            self.over.notify_all();
        }
    }

    /// Wait until nobody is irrevocable, by `end` if one is given; false when that passes.
    #[cold]
    pub(crate) fn wait_for_token(&self, inner: &Inner, end: Option<Instant>) -> bool {
        let is_free = || {
            inner.point();
            // ORDER: Acquire, pairs with `give_token_back`.
            self.claims.0.load(Ordering::Acquire) & TOKEN == 0
        };
        let mut turn = 0;
        while turn < wait::LOCK_TURNS {
            if is_free() {
                return true;
            }
            wait::relax(&mut turn);
        }
        let mut held = self.lock.lock();
        loop {
            inner.point();
            let claims = self.claims.0.load(Ordering::Acquire);
            if claims & TOKEN == 0 {
                return true;
            }
            if claims & SLEEPERS == 0
                && self
                    .claims
                    .0
                    .compare_exchange(claims, claims | SLEEPERS, Ordering::AcqRel, Ordering::Relaxed)
                    .is_err()
            {
                continue;
            }
            match end {
                None => self.over.wait(&mut held),
                Some(end) => {
                    if self.over.wait_until(&mut held, end).timed_out() && !is_free() {
                        return false;
                    }
                }
            }
        }
    }

    /// A transaction begins to read visibly.
    pub(crate) fn enter(&self, rights: Rights) {
        self.levels[usize::from(rights.bit)].store(rights.level, Ordering::Relaxed);
        // ORDER: SeqCst, before its first bit: who misses this has locked before, and the reader sees the lock.
        self.claims.0.fetch_add(READER, Ordering::SeqCst);
    }

    /// Tell committers that a variable is about to be read.
    pub(crate) fn show(&self, inner: &Inner, rights: Rights, core: NonNull<Core>, shown: &mut Shown) {
        let word = word(core);
        if shown.insert(word) {
            inner.point();
            // ORDER: SeqCst and the fence, see the module's head.
            self.readers[word].fetch_or(1 << rights.bit, Ordering::SeqCst);
            fence(Ordering::SeqCst);
        }
    }

    /// It reads no more.
    pub(crate) fn leave(&self, rights: Rights, shown: &mut Shown) {
        shown.drain(|word| {
            self.readers[word].fetch_and(!(1 << rights.bit), Ordering::Relaxed);
        });
        self.levels[usize::from(rights.bit)].store(0, Ordering::Relaxed);
        self.claims.0.fetch_sub(READER, Ordering::Release);
    }
}

/// The word of a variable's readers.
fn word(core: NonNull<Core>) -> usize {
    // SAFETY: callers have met the core in an attempt that goes on.
    let rank = unsafe { rank(core) } as u64;
    // Fibonacci hashing; the low bits of an address say little.
    ((rank >> 4).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize % WORDS
}

/// The bit of whoever has this slot.
pub(crate) fn bit(slot: usize) -> u8 {
    u8::try_from(slot % BITS).expect("a remainder of at most 64")
}

/// The words in which an attempt has set its bit.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Shown([u64; WORDS.div_ceil(64)]);

impl Shown {
    fn insert(&mut self, word: usize) -> bool {
        let (part, bit) = (&mut self.0[word / 64], 1 << (word % 64));
        let is_new = *part & bit == 0;
        *part |= bit;
        is_new
    }

    fn drain(&mut self, mut f: impl FnMut(usize)) {
        for (i, part) in self.0.iter_mut().enumerate() {
            while *part != 0 {
                f(i * 64 + part.trailing_zeros() as usize);
                *part &= *part - 1;
            }
        }
    }
}
