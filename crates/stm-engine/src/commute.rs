//! Writes that commute: `n + 1` without reading `n`.
//!
//! A pending commutative write holds the operand in a node of its own, and in its write entry how it is applied. The
//! commit applies it to the version it has locked, whatever that is by then, so two such transactions never make each
//! other stale. Only built-in integer operations qualify: they are applied between lock and publication, where no user
//! code may run, and their order must not show.
//!
//! **Invariant** M1: the node of a pending commutative write has been given out to nobody. A read of the variable
//! resolves it first, into an ordinary write beside a logged read.

use std::marker::PhantomData;
use std::ptr::NonNull;

use crate::node::{Header, Node};
use crate::pool::Pool;

mod sealed {
    pub trait Sealed {}
}

/// An integer that [`Txn::commute`](crate::Txn::commute) works on: `i8` to `i128`, `u8` to `u128`, `isize`, `usize`.
pub trait Integer: sealed::Sealed + Copy + Send + Sync + 'static {
    #[doc(hidden)]
    fn apply(self, operation: Commute<()>, operand: Self) -> Self;
}

macro_rules! integers {
    ($($type:ty)*) => {$(
        impl sealed::Sealed for $type {}
        impl Integer for $type {
            #[inline(always)]
            fn apply(self, operation: Commute<()>, operand: Self) -> Self {
                match operation {
                    Commute::Add(()) => self.wrapping_add(operand),
                    Commute::Min(()) => self.min(operand),
                    Commute::Max(()) => self.max(operand),
                    Commute::And(()) => self & operand,
                    Commute::Or(()) => self | operand,
                    Commute::Xor(()) => self ^ operand,
                }
            }
        }
    )*};
}
integers! { i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize }

/// An operation on an integer variable whose order does not matter; see [`Txn::commute`](crate::Txn::commute).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Commute<T> {
    /// Add, wrapping around at the ends of the type. A wrapped negative number subtracts.
    Add(T),
    /// The lesser of both.
    Min(T),
    /// The greater of both.
    Max(T),
    /// Bitwise and.
    And(T),
    /// Bitwise or.
    Or(T),
    /// Bitwise exclusive or.
    Xor(T),
}

impl<T> Commute<T> {
    fn split(self) -> (Commute<()>, T) {
        match self {
            Self::Add(x) => (Commute::Add(()), x),
            Self::Min(x) => (Commute::Min(()), x),
            Self::Max(x) => (Commute::Max(()), x),
            Self::And(x) => (Commute::And(()), x),
            Self::Or(x) => (Commute::Or(()), x),
            Self::Xor(x) => (Commute::Xor(()), x),
        }
    }
}

/// How the operand in a pending node is dealt with where its type is forgotten.
pub(crate) struct Operation {
    kind: Commute<()>,
    apply: unsafe fn(node: *mut Header, version: *mut Header),
    copy: unsafe fn(node: *mut Header, pool: &mut Pool) -> NonNull<Header>,
}

impl Operation {
    /// Whether both do the same to one variable.
    pub(crate) fn is(&self, other: &Operation) -> bool {
        self.kind == other.kind
    }

    /// Make the value of `node` that of `version` with the operand applied: `node = version ∘ node`.
    ///
    /// # Safety
    /// Both are live nodes of the type that this was made for; `node` is known to this thread only, and nobody has a
    /// reference into it.
    #[inline]
    pub(crate) unsafe fn apply(&self, node: NonNull<Header>, version: *mut Header) {
        // SAFETY: the caller's promise.
        unsafe { (self.apply)(node.as_ptr(), version) }
    }

    /// A node of our own with the same operand.
    ///
    /// # Safety
    /// `node` is a live node of the type that this was made for.
    pub(crate) unsafe fn copy(&self, node: NonNull<Header>, pool: &mut Pool) -> NonNull<Header> {
        // SAFETY: the caller's promise.
        unsafe { (self.copy)(node.as_ptr(), pool) }
    }
}

/// The operations of one type, in the order of [`Commute`].
struct Operations<T>(PhantomData<T>);

macro_rules! operations {
    ($($name:ident: $kind:ident;)*) => {
        impl<T: Integer> Operations<T> {$(
            const $name: Operation = Operation {
                kind: Commute::$kind(()),
                apply: |node, version| {
                    // SAFETY: what the callers of `apply` promise.
                    unsafe {
                        let operand = *Node::<T>::value(node);
                        Node::<T>::overwrite(node, Node::<T>::value(version).apply(Commute::$kind(()), operand));
                    }
                },
                // SAFETY: what the callers of `copy` promise.
                copy: |node, pool| Node::alloc(pool, unsafe { *Node::<T>::value(node) }),
            };
        )*}
    };
}
operations! { ADD: Add; MIN: Min; MAX: Max; AND: And; OR: Or; XOR: Xor; }

impl<T: Integer> Commute<T> {
    /// The operand, and what to do with it.
    #[inline]
    pub(crate) fn pending(self) -> (T, &'static Operation) {
        let (kind, operand) = self.split();
        let operation: &'static Operation = match kind {
            Commute::Add(()) => &Operations::<T>::ADD,
            Commute::Min(()) => &Operations::<T>::MIN,
            Commute::Max(()) => &Operations::<T>::MAX,
            Commute::And(()) => &Operations::<T>::AND,
            Commute::Or(()) => &Operations::<T>::OR,
            Commute::Xor(()) => &Operations::<T>::XOR,
        };
        (operand, operation)
    }

    /// `value ∘ operand`.
    pub(crate) fn of(self, value: T) -> T {
        let (kind, operand) = self.split();
        value.apply(kind, operand)
    }
}
