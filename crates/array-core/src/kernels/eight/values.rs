//! What a sum or an extreme reads: elements of memory, or values computed of them on the way.
//!
//! **Far** data is fetched [`AHEAD`] before it is read: leaves side by side and short loops are read too fast for the processor's own
//! reading ahead. Of 3 * 10^7 f64 on one thread: a sum 16.7 ms without and 13.6 with it, a maximum 21.5 and 13.8, a sum of products 29.2
//! and 27.3; the latter 27.4 at 2 KiB, 25.4 at 3 and 27.0 at 4 in another run, in turns (33.0, 30.4 and at 2.5 and 3.5 KiB 30.9 and 31.0 on
//! a busier machine), sums 14.3, 14.1 and 14.3.
//!
//! **Remote** data, which no cache holds, is fetched twice: [`REMOTE_AHEAD`] into the second-level cache, which has more lines under
//! way, and from there as above. Of 3 * 10^7 f64 on one thread, in turns and as parts of what a plain loop takes: a sum 1.09 with the near
//! fetch alone, 1.03 with the distant one alone and 0.98 to 1.02 with both (in C 1.04 to 1.11, 1.03 to 1.05 and 0.98, at 8, 24 and 48 KiB alike); a variance 0.95 and 0.85, the place of an
//! extreme 0.99 and 0.91, a sum of products 0.97 and 0.93. In the third-level cache the second fetch costs 3 to 6 % (10^6 elements); sums of
//! 4 * 10^6 take the same, those of 6 * 10^6 1.11 and 0.99.

use super::{
    super::moves::{fetch_to_read, fetch_to_read_later},
    lanes::{Eight, Float},
};

/// Bytes ahead of what is read.
pub(super) const AHEAD: usize = 3 << 10;
/// Bytes ahead of what is read that remote data is fetched nearer.
const REMOTE_AHEAD: usize = 12 << 10;
/// Bytes of elements from which on they are fetched ahead: a little slower in the second-level cache, and there are those who read
/// more in pieces of this size.
const FAR: usize = 64 << 10;
/// The same for values computed of several operands, which lose more.
const COMPUTED_FAR: usize = 2 << 20;
/// Bytes of elements from which on no cache holds them.
const REMOTE: usize = 32 << 20;

/// How far away data is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    Near,
    Far,
    Remote,
}

impl Reach {
    /// Of so many elements in all.
    #[inline(always)]
    pub(super) fn of<T>(n: usize) -> Reach {
        Reach::from::<T>(FAR, n)
    }

    /// Of so many elements of each of the operands that values are computed of.
    #[inline(always)]
    pub(super) fn of_operands<T>(n: usize) -> Reach {
        Reach::from::<T>(COMPUTED_FAR, n)
    }

    #[inline(always)]
    fn from<T>(far: usize, n: usize) -> Reach {
        if n > REMOTE / size_of::<T>() {
            Reach::Remote
        } else if n > far / size_of::<T>() {
            Reach::Far
        } else {
            Reach::Near
        }
    }
}

/// Elements to sum, read or computed.
///
/// # Safety
/// Of all methods: the elements asked for are there.
pub(super) trait Values<E: Eight>: Copy {
    unsafe fn eight(self, i: usize) -> E;
    unsafe fn one(self, i: usize) -> E::Item;
    unsafe fn skip(self, n: usize) -> Self;
    /// Fetches what lies ahead of an eight that is far, or remote.
    unsafe fn announce(self, i: usize, remote: bool);
}

/// Values that are fetched ahead.
#[derive(Clone, Copy)]
pub(super) struct Ahead<V, const REMOTE: bool>(pub(super) V);

impl<E: Eight, V: Values<E>, const REMOTE: bool> Values<E> for Ahead<V, REMOTE> {
    #[inline(always)]
    unsafe fn eight(self, i: usize) -> E {
        // SAFETY: the caller's, here and below.
        unsafe {
            self.0.announce(i, REMOTE);
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
    unsafe fn announce(self, _: usize, _: bool) {}
}

/// Whether so many elements are more than a core's own cache holds.
#[inline(always)]
pub(super) fn is_vast<T>(n: usize) -> bool {
    n > COMPUTED_FAR / size_of::<T>()
}

/// Fetches what lies so many `BYTES` ahead of element `i`, and of remote data what lies [`REMOTE_AHEAD`].
#[inline(always)]
pub(super) fn announce<T, const BYTES: usize>(from: *const T, i: usize, remote: bool) {
    let here = from.wrapping_add(i).cast::<u8>();
    if remote {
        fetch_to_read_later(here.wrapping_add(REMOTE_AHEAD));
    }
    fetch_to_read(here.wrapping_add(BYTES));
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
            #[inline(always)]
            unsafe fn announce($this, $i: usize, remote: bool) { $(announce::<_, AHEAD>($this.$from, $i, remote);)* }
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
