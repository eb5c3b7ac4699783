//! One version of a variable: a header the protocol reads, and the value behind it.
//!
//! **Invariants** N1: a node is written by one thread until it is published, and never again.
//! N2: `prev` of a published node is the node it replaced; it may dangle once no snapshot is older than `ver`.
//! N3: a pointer to a node is always derived from its whole allocation, so it may be cast to `Node<T>`.
//!
//! The protocol is not generic: it sees `*mut Header` and a [`VTable`], and is compiled once.

use std::alloc::Layout;
use std::panic::Location;
use std::ptr::NonNull;

use tx_runtime::sync::UnsafeCell;

use crate::pool::{Class, Pool};
use crate::reclaim::BYTES_PER_ENTRY;

/// Tag of a head pointer: a committer owns the variable.
pub(crate) const LOCK: usize = 1;
/// Tag of a head pointer: somebody sleeps until the variable changes.
pub(crate) const WAIT: usize = 2;

/// The part of a node that does not depend on its type. Aligned so that two tag bits are free.
#[repr(C, align(8))]
pub(crate) struct Header {
    ver: UnsafeCell<u64>,
    prev: UnsafeCell<*mut Header>,
    /// Where the transaction starts that wrote it. One word, which most size classes had to spare.
    by: UnsafeCell<Option<Site>>,
}

type Site = &'static Location<'static>;

/// A version of a `TVar<T>`.
#[repr(C)]
pub(crate) struct Node<T> {
    header: Header,
    value: UnsafeCell<T>,
}

/// How to free a node whose type is forgotten.
pub(crate) struct VTable {
    layout: Layout,
    /// What the pool makes of the layout.
    class: Class,
    /// See `VTable::weight`.
    weight: isize,
    /// `None` where dropping the value does nothing.
    drop: Option<unsafe fn(*mut Header)>,
}

impl VTable {
    /// Whether dropping the value does nothing.
    pub(crate) fn is_plain(&self) -> bool {
        self.drop.is_none()
    }

    /// How much a dead node adds to what is worth a scan of the slots.
    #[inline(always)]
    pub(crate) fn weight(&self) -> isize {
        self.weight
    }

    /// Bytes of one node.
    pub(crate) fn bytes(&self) -> usize {
        self.layout.size()
    }
}

pub(crate) fn is_locked(head: *mut Header) -> bool {
    head.addr() & LOCK != 0
}

pub(crate) fn locked(head: *mut Header) -> *mut Header {
    head.map_addr(|a| a | LOCK)
}

pub(crate) fn with_wait(head: *mut Header) -> *mut Header {
    head.map_addr(|a| a | WAIT)
}

pub(crate) fn strip(head: *mut Header) -> *mut Header {
    head.map_addr(|a| a & !(LOCK | WAIT))
}

impl<T: Send + Sync + 'static> Node<T> {
    const VTABLE: VTable = VTable {
        layout: Layout::new::<Self>(),
        class: Class::of(Layout::new::<Self>()),
        weight: (1 + size_of::<Self>() / BYTES_PER_ENTRY) as isize,
        drop: if std::mem::needs_drop::<T>() { Some(drop_value::<T>) } else { None },
    };

    /// The table of this type.
    pub(crate) fn vtable() -> &'static VTable {
        &Self::VTABLE
    }

    /// A node that nobody else knows yet, of version 0.
    pub(crate) fn alloc(pool: &mut Pool, value: T) -> NonNull<Header> {
        let node = pool.alloc(Layout::new::<Self>()).cast::<Self>();
        let header = Header {
            ver: UnsafeCell::new(0),
            prev: UnsafeCell::new(std::ptr::null_mut()),
            by: UnsafeCell::new(None),
        };
        // SAFETY: the pool gave memory of this layout to us alone.
        unsafe { node.write(Node { header, value: UnsafeCell::new(value) }) };
        node.cast()
    }

    /// The value of a node.
    ///
    /// # Safety
    /// `node` is a live `Node<T>` that is published or our own, and stays alive for `'a`.
    #[inline(always)]
    pub(crate) unsafe fn value<'a>(node: *mut Header) -> &'a T {
        // SAFETY: alive by the caller's promise, of this type and whole (N3), not written any more (N1).
        unsafe { (*node.cast::<Self>()).value.with(|value| &*value) }
    }
}

impl<T: Copy + Send + Sync + 'static> Node<T> {
    /// Give a node another value.
    ///
    /// # Safety
    /// `node` is a live `Node<T>` known to this thread only, and nobody has a reference into it.
    #[inline(always)]
    pub(crate) unsafe fn overwrite(node: *mut Header, value: T) {
        // SAFETY: ours alone by the caller's promise.
        unsafe { (*node.cast::<Self>()).value.with_mut(|place| *place = value) }
    }
}

/// # Safety
/// `node` is a live `Node<T>` that nobody reads any more.
unsafe fn drop_value<T>(node: *mut Header) {
    // SAFETY: the caller's promise.
    unsafe { (*node.cast::<Node<T>>()).value.with_mut(|value| std::ptr::drop_in_place(value)) }
}

/// The version of a node.
///
/// # Safety
/// `node` is alive.
#[inline(always)]
pub(crate) unsafe fn version(node: *mut Header) -> u64 {
    // SAFETY: alive; not written after publication (N1).
    unsafe { (*node).ver.with(|ver| *ver) }
}

/// The version that a published node replaced.
///
/// # Safety
/// `node` is alive. The result may be used only while some published snapshot is older than `version(node)`.
pub(crate) unsafe fn previous(node: *mut Header) -> *mut Header {
    // SAFETY: alive; not written after publication (N1).
    unsafe { (*node).prev.with(|prev| *prev) }
}

/// Where the transaction starts that wrote a node; nothing for the first version of a variable.
///
/// # Safety
/// `node` is alive.
pub(crate) unsafe fn writer(node: *mut Header) -> Option<Site> {
    // SAFETY: alive; not written after publication (N1).
    unsafe { (*node).by.with(|by| *by) }
}

/// Stamp a node before its publication.
///
/// # Safety
/// `node` is alive and known to this thread only.
pub(crate) unsafe fn stamp(node: *mut Header, ver: u64, prev: *mut Header, by: Option<Site>) {
    // SAFETY: ours alone until it is published (N1).
    unsafe {
        (*node).ver.with_mut(|v| *v = ver);
        (*node).prev.with_mut(|p| *p = prev);
        (*node).by.with_mut(|b| *b = by);
    }
}

/// Give the memory of a dead node to the pool.
///
/// # Safety
/// `node` came from [`Node::alloc`] with this table, whose values need no destructor, and nobody can reach it any more.
#[inline]
pub(crate) unsafe fn free_plain(node: NonNull<Header>, table: &'static VTable, pool: &mut Pool) {
    if cfg!(any(loom, miri)) {
        // SAFETY: the caller's promise; see `destroy`.
        return unsafe { destroy(node.as_ptr(), table, |memory, layout| pool.free(memory, layout)) };
    }
    // SAFETY: taken with this layout, whose class this is.
    unsafe { pool.free_classed(node.cast(), table.class, table.layout) }
}

/// Drop the value of a dead node (user code, whose panics end here) and give its memory to `free`.
///
/// # Safety
/// `node` came from [`Node::alloc`] with this table, and nobody can reach it any more.
pub(crate) unsafe fn destroy(
    node: *mut Header,
    table: &'static VTable,
    free: impl FnOnce(NonNull<u8>, Layout),
) {
    if cfg!(any(loom, miri)) {
        // Nobody reads the header while it dies: the model sees these as writes.
        // SAFETY: alive and unreachable by the caller's promise.
        unsafe { stamp(node, u64::MAX, std::ptr::null_mut(), None) };
    }
    if let Some(drop) = table.drop {
        // SAFETY: as above. A panicking destructor has been reported by the panic hook; the engine goes on.
        contain(|| unsafe { drop(node) });
    }
    // SAFETY: a node is never null.
    free(unsafe { NonNull::new_unchecked(node) }.cast(), table.layout);
}

/// Run user code where a panic must not pass.
pub(crate) fn contain(f: impl FnOnce()) {
    if let Err(payload) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)) {
        // Its own destructor may panic too, and there is nobody left to tell.
        std::mem::forget(payload);
    }
}
