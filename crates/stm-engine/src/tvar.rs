//! A transactional variable: a counted one-word handle to a core, whose head points to the newest version.
//!
//! | head | meaning |
//! |---|---|
//! | `node` | current version, free |
//! | `node + LOCK` | a committer owns the variable; `node` may be superseded at any time already ticked, so nobody else dereferences it |
//! | `+ WAIT` | somebody sleeps until the head changes; the next committer wakes them |
//!
//! **Invariants** T1: the head is never null. T2: the core is freed when no handle is left and every transaction
//! that could have met one has ended, so a log may hold it uncounted. T3: `engine` outlives the core.

use std::fmt;
use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::ptr::NonNull;

use tx_runtime::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use crate::engine::EngineRef;
use crate::local;
use crate::node::{Header, Node, VTable};
use crate::pool::Pool;

/// What all handles of a variable share. Not generic: the protocol is compiled once.
pub(crate) struct Core {
    pub(crate) head: AtomicPtr<Header>,
    pub(crate) engine: EngineRef,
    pub(crate) table: &'static VTable,
    pub(crate) label: Option<&'static str>,
    handles: AtomicUsize,
    #[cfg(loom)]
    rank: usize,
}

/// The place of a core in the order in which locks are taken: its address, and under loom, which replays
/// executions and must not meet another order then, a running number.
///
/// # Safety
/// The core is alive.
#[inline(always)]
pub(crate) unsafe fn rank(core: NonNull<Core>) -> usize {
    #[cfg(not(loom))]
    return core.addr().get();
    #[cfg(loom)]
    // SAFETY: the caller's promise.
    return unsafe { core.as_ref() }.rank;
}

/// A variable that transactions read and write.
///
/// It holds an immutable value; writing replaces the value. Clone makes another handle to the same variable
/// (one reference count), so a `TVar` may be a field of another variable's value. Values must not depend on when
/// they are dropped: an old version is dropped when no transaction can read it any more, on any thread.
///
/// Size: one word. Equality is identity: [`ptr_eq`](Self::ptr_eq).
///
/// ```
/// use stm_engine::{atomically, TVar};
/// let list = TVar::new(vec![1, 2]);
/// let other_handle = list.clone();
/// atomically(|tx| tx.modify(&list, |v| v.iter().map(|x| x * 10).collect()));
/// assert_eq!(other_handle.load(), [10, 20]);
/// ```
pub struct TVar<T> {
    handle: Handle,
    /// Invariant, as a `Cell`: a handle whose type could vary would let a value of one type be read as another.
    holds: PhantomData<fn(T) -> T>,
}

// SAFETY: values are shared between threads and dropped on any of them; the rest of a core is atomic or frozen.
unsafe impl<T: Send + Sync> Send for TVar<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for TVar<T> {}
// A panicking transaction leaves no trace in a variable.
impl<T> UnwindSafe for TVar<T> {}
impl<T> RefUnwindSafe for TVar<T> {}

impl<T: Send + Sync + 'static> TVar<T> {
    pub(crate) fn in_engine(engine: &EngineRef, label: Option<&'static str>, value: T) -> Self {
        let node = local::with(engine, |local| Node::alloc(&mut local.pool.borrow_mut(), value));
        let core = Core {
            head: AtomicPtr::new(node.as_ptr()),
            engine: engine.clone(),
            table: Node::<T>::vtable(),
            label,
            handles: AtomicUsize::new(1),
            #[cfg(loom)]
            rank: engine.next_rank(),
        };
        Self { handle: Handle(NonNull::from(Box::leak(Box::new(core)))), holds: PhantomData }
    }

    /// The newest committed value, outside any transaction. Two loads may see two different moments; use
    /// [`snapshot`](crate::Engine::snapshot) where that matters. Inside a transaction it does not see that
    /// transaction's writes, and the commit does not check it.
    pub fn load(&self) -> T
    where
        T: Clone,
    {
        self.with_newest(T::clone)
    }

    /// Look at the newest committed value without a copy of it; see `load`.
    pub(crate) fn with_newest<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        let core = self.core();
        local::with(&core.engine, |local| {
            let lease = local.lease();
            let reading = lease.reading(&core.engine);
            let node = reading.newest(core);
            // SAFETY: of this type, current after the slot was published, so alive until `reading` ends.
            look(unsafe { Node::<T>::value(node) })
        })
    }
}

impl<T> TVar<T> {
    #[inline(always)]
    pub(crate) fn core(&self) -> &Core {
        self.handle.core()
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Whether two handles are of the same variable.
    pub fn ptr_eq(&self, other: &Self) -> bool {
        self.handle.0 == other.handle.0
    }

    /// The name given when it was made.
    pub fn label(&self) -> Option<&'static str> {
        self.core().label
    }
}

impl<T> Clone for TVar<T> {
    fn clone(&self) -> Self {
        Self { handle: self.handle.clone(), holds: PhantomData }
    }
}

/// A counted reference to a variable, whatever its type.
pub(crate) struct Handle(NonNull<Core>);

impl Handle {
    #[inline(always)]
    pub(crate) fn core(&self) -> &Core {
        // SAFETY: this handle keeps the core alive (T2).
        unsafe { self.0.as_ref() }
    }

    /// What tells variables apart, and orders them: under loom not by address.
    pub(crate) fn key(&self) -> usize {
        // SAFETY: this handle keeps the core alive (T2).
        unsafe { rank(self.0) }
    }
}

impl Clone for Handle {
    fn clone(&self) -> Self {
        // ORDER: Relaxed, as in `Arc`: the caller's handle keeps the core alive meanwhile.
        let before = self.core().handles.fetch_add(1, Ordering::Relaxed);
        if before > isize::MAX as usize {
            // Forgotten clones could overflow the count and free a core in use.
            std::process::abort();
        }
        Self(self.0)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // ORDER: Release, pairs with the load of whoever drops the last handle.
        if self.core().handles.fetch_sub(1, Ordering::Release) == 1 {
            // ORDER: Acquire: every use of every handle happened before, slots published for it included. A load
            // instead of a fence, because ThreadSanitizer knows none.
            self.core().handles.load(Ordering::Acquire);
            local::bury(self.0);
        }
    }
}

impl<T: fmt::Debug + Send + Sync + 'static> fmt::Debug for TVar<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_tuple("TVar");
        if let Some(label) = self.label() {
            debug.field(&label);
        }
        self.with_newest(|value| debug.field(value).finish())
    }
}

/// Free a core with its current version.
///
/// # Safety
/// No handle is left, and no transaction that could have met one.
pub(crate) unsafe fn destroy(core: NonNull<Core>, pool: &std::cell::RefCell<Pool>) {
    // SAFETY: made by `in_engine`, ours alone by the caller's promise.
    let core = unsafe { Box::from_raw(core.as_ptr()) };
    let node = crate::node::strip(core.head.load(Ordering::Relaxed));
    // SAFETY: the current version belongs to the core (older ones to their limbos).
    unsafe { crate::node::destroy(node, core.table, |memory, layout| pool.borrow_mut().free(memory, layout)) }
}
