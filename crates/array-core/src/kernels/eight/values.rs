//! What a sum or an extreme reads: elements of memory, or values computed of them on the way.
//!
//! **Ahead** where data comes from memory it is fetched [`AHEAD`] before it is read: leaves side by side and short loops are read too fast
//! for the processor's own reading ahead. Of 3 * 10^7 f64 on one thread: a sum 16.7 ms without and 13.6 with it, a maximum 21.5 and 13.8,
//! a sum of products 29.2 and 27.3; the latter 27.4 at 2 KiB, 25.4 at 3 and 27.0 at 4 in another run, in turns (33.0, 30.4 and at 2.5 and 3.5
//! KiB 30.9 and 31.0 on a busier machine), sums 14.3, 14.1 and 14.3.

use super::{
    super::moves::fetch_to_read,
    lanes::{Eight, Float},
};

/// Bytes ahead of what is read.
pub(super) const AHEAD: usize = 3 << 10;
/// Bytes of elements from which on they are fetched ahead: a little slower in the second-level cache, and there are those who read
/// more in pieces of this size.
const FAR: usize = 64 << 10;
/// The same for values computed of several operands, which lose more.
pub(super) const COMPUTED_FAR: usize = 2 << 20;

/// Elements to sum, read or computed.
///
/// # Safety
/// Of all methods: the elements asked for are there.
pub(super) trait Values<E: Eight>: Copy {
    unsafe fn eight(self, i: usize) -> E;
    unsafe fn one(self, i: usize) -> E::Item;
    unsafe fn skip(self, n: usize) -> Self;
    /// Fetches what lies [`AHEAD`] of an eight.
    unsafe fn announce(self, i: usize);
}

/// Values that are fetched ahead.
#[derive(Clone, Copy)]
pub(super) struct Ahead<V>(pub(super) V);

impl<E: Eight, V: Values<E>> Values<E> for Ahead<V> {
    #[inline(always)]
    unsafe fn eight(self, i: usize) -> E {
        // SAFETY: the caller's, here and below.
        unsafe {
            self.0.announce(i);
            self.0.eight(i)
        }
    }
    #[inline(always)]
    unsafe fn one(self, i: usize) -> E::Item {
        // SAFETY: as above.
        unsafe { self.0.one(i) }
    }
    #[inline(always)]
    unsafe fn skip(self, n: usize) -> Self {
        // SAFETY: as above.
        Ahead(unsafe { self.0.skip(n) })
    }
    #[inline(always)]
    unsafe fn announce(self, _: usize) {}
}

/// Whether so many elements are fetched ahead.
#[inline(always)]
pub(super) fn is_far<T>(n: usize) -> bool {
    n * size_of::<T>() > FAR
}

/// Whether so many elements are more than a core's own cache holds.
#[inline(always)]
pub(super) fn is_vast<T>(n: usize) -> bool {
    n > COMPUTED_FAR / size_of::<T>()
}

/// Fetches what lies so many `BYTES` ahead of element `i`.
#[inline(always)]
pub(super) fn announce<T, const BYTES: usize>(from: *const T, i: usize) {
    fetch_to_read(from.wrapping_add(i).cast::<u8>().wrapping_add(BYTES));
}

/// Elements of memory.
pub(super) struct Plain<T>(pub(super) *const T);
/// Products of pairs.
pub(super) struct Products<T>(pub(super) *const T, pub(super) *const T);
/// Squares of distances of pairs.
pub(super) struct Squares<T>(pub(super) *const T, pub(super) *const T);
/// Squares of distances from one value.
pub(super) struct Spread<T>(pub(super) *const T, pub(super) T);

macro_rules! values {
    ($($name:ident ($this:ident, $i:ident) $eight:expr, $one:expr, |$n:ident| $skip:expr, [$($from:tt),*];)*) => {$(
        impl<T: Copy> Clone for $name<T> {
            #[inline(always)]
            fn clone(&self) -> Self { *self }
        }
        impl<T: Copy> Copy for $name<T> {}
        impl<E: Eight> Values<E> for $name<E::Item> {
            // SAFETY: the caller's, here and below.
            #[inline(always)] unsafe fn eight($this, $i: usize) -> E { unsafe { $eight } }
            // SAFETY: as above.
            #[inline(always)] unsafe fn one($this, $i: usize) -> E::Item { unsafe { $one } }
            // SAFETY: as above.
            #[inline(always)] unsafe fn skip($this, $n: usize) -> Self { unsafe { $skip } }
            #[inline(always)] unsafe fn announce($this, $i: usize) { $(announce::<_, AHEAD>($this.$from, $i);)* }
        }
    )*};
}
values! {
    Plain(self, i) E::load(self.0.add(i)), *self.0.add(i), |n| Self(self.0.add(n)), [0];
    Products(self, i) E::load(self.0.add(i)).mul(E::load(self.1.add(i))), *self.0.add(i) * *self.1.add(i),
        |n| Self(self.0.add(n), self.1.add(n)), [0, 1];
    Squares(self, i) E::load(self.0.add(i)).sub(E::load(self.1.add(i))).square(), (*self.0.add(i) - *self.1.add(i)).square(),
        |n| Self(self.0.add(n), self.1.add(n)), [0, 1];
    Spread(self, i) E::load(self.0.add(i)).sub(E::splat(self.1)).square(), (*self.0.add(i) - self.1).square(),
        |n| Self(self.0.add(n), self.1), [0];
}
