//! The loops: one per shape of access (vector or scalar sides), generic over the operation.
//!
//! A side that is one value is a type parameter of the kernel, not a branch in the loop. Slices of one length let the
//! compiler drop bounds checks; destinations never overlap sources, so the loops vectorise as they stand.

use super::{
    Body,
    arith::{Op1, Op2},
    convert::To,
};
use std::marker::PhantomData;

/// The table of addresses and the indices of one instruction.
#[derive(Clone, Copy)]
pub(crate) struct Frame {
    pub(crate) locs: *const *mut u8,
    pub(crate) ix: *const u16,
    pub(crate) n: usize,
}

impl Frame {
    /// Address number `k` of the instruction.
    ///
    /// # Safety
    /// The contract of [`Body::run`], for operand `k`.
    #[inline(always)]
    pub(crate) unsafe fn at<T>(self, k: usize) -> *mut T {
        // SAFETY: the caller's.
        unsafe { (*self.locs.add(*self.ix.add(k) as usize)).cast() }
    }

    /// # Safety
    /// As [`Frame::at`]; operand 0 is the destination.
    #[inline(always)]
    pub(crate) unsafe fn dst<'a, T>(self) -> &'a mut [T] {
        // SAFETY: the caller's. Uninitialised elements are plain numbers that are only written.
        unsafe { std::slice::from_raw_parts_mut(self.at(0), self.n) }
    }
}

/// How a source is read: `V`ector or `S`calar.
pub(crate) trait Side<T: Copy> {
    type Reader: Copy;
    /// # Safety
    /// As [`Frame::at`].
    unsafe fn open(frame: Frame, k: usize) -> Self::Reader;
    fn get(reader: Self::Reader, i: usize) -> T;
}

/// A source of `n` elements.
pub(crate) struct V;
/// A source of one element.
pub(crate) struct S;

/// A vector source whose length the loop knows.
#[derive(Clone, Copy)]
pub(crate) struct Elements<T>(*const T);

impl<T: Copy> Side<T> for V {
    type Reader = Elements<T>;
    #[inline(always)]
    unsafe fn open(frame: Frame, k: usize) -> Elements<T> {
        // SAFETY: the caller's.
        Elements(unsafe { frame.at(k) })
    }
    #[inline(always)]
    fn get(reader: Elements<T>, i: usize) -> T {
        // SAFETY: `each` asks for i < n only.
        unsafe { *reader.0.add(i) }
    }
}

impl<T: Copy> Side<T> for S {
    type Reader = T;
    #[inline(always)]
    unsafe fn open(frame: Frame, k: usize) -> T {
        // SAFETY: the caller's.
        unsafe { *frame.at(k) }
    }
    #[inline(always)]
    fn get(reader: T, _: usize) -> T {
        reader
    }
}

/// Elements from which on a loop brings its stores in line with the cache.
const ALIGNED: usize = 64;

/// Writes `f(i)` to every element of the destination.
///
/// # Safety
/// As [`Frame::dst`]; `f` is called with `i < n` only.
#[inline(always)]
pub(crate) unsafe fn each<T>(frame: Frame, f: impl Fn(usize) -> T) {
    // SAFETY: the caller's.
    let dst: &mut [T] = unsafe { frame.dst() };
    let n = dst.len();
    // Up to the next cache line by single elements, so that no vector store is split over two lines: a run that writes in
    // place gives its temporaries the phase of the output, so then they are aligned too.
    // Of few elements it would be a good part.
    let size = size_of::<T>();
    let head = if (size == 4 || size == 8) && n >= ALIGNED {
        (dst.as_ptr().addr().wrapping_neg() / size % (64 / size)).min(n)
    } else {
        0
    };
    for (i, d) in dst[..head].iter_mut().enumerate() {
        *d = f(i);
    }
    for (i, d) in dst[head..].iter_mut().enumerate() {
        *d = f(head + i);
    }
}

/// `d = f(a)`.
pub(crate) struct Map1<F, T>(PhantomData<(F, T)>);
impl<F: Op1<T>, T: Copy> Body for Map1<F, T> {
    #[inline(always)]
    unsafe fn run(locs: *const *mut u8, ix: *const u16, n: usize) {
        let frame = Frame { locs, ix, n };
        // SAFETY: the caller's.
        unsafe {
            let a = V::open(frame, 1);
            each(frame, |i| F::call(V::get(a, i)));
        }
    }
}

/// `d = f(a, b)`.
pub(crate) struct Map2<F, T, A, B>(PhantomData<(F, T, A, B)>);
impl<F: Op2<T>, T: Copy, A: Side<T>, B: Side<T>> Body for Map2<F, T, A, B> {
    #[inline(always)]
    unsafe fn run(locs: *const *mut u8, ix: *const u16, n: usize) {
        let frame = Frame { locs, ix, n };
        // SAFETY: the caller's.
        unsafe {
            let (a, b) = (A::open(frame, 1), B::open(frame, 2));
            each(frame, |i| F::call(A::get(a, i), B::get(b, i)));
        }
    }
}

/// `d = a` in another type.
pub(crate) struct Convert<T, U>(PhantomData<(T, U)>);
impl<T: Copy + To<U>, U> Body for Convert<T, U> {
    #[inline(always)]
    unsafe fn run(locs: *const *mut u8, ix: *const u16, n: usize) {
        let frame = Frame { locs, ix, n };
        // SAFETY: the caller's.
        unsafe {
            let a: Elements<T> = V::open(frame, 1);
            each(frame, |i| V::get(a, i).to());
        }
    }
}

/// `d = if c { a } else { b }` over bits of a size.
pub(crate) struct Where<T, A, B>(PhantomData<(T, A, B)>);
impl<T: Copy, A: Side<T>, B: Side<T>> Body for Where<T, A, B> {
    #[inline(always)]
    unsafe fn run(locs: *const *mut u8, ix: *const u16, n: usize) {
        let frame = Frame { locs, ix, n };
        // SAFETY: the caller's.
        unsafe {
            let (c, a, b): (Elements<u8>, _, _) = (V::open(frame, 1), A::open(frame, 2), B::open(frame, 3));
            // Both sides are read: a branch in the loop would keep it scalar.
            each(frame, |i| {
                let (x, y) = (A::get(a, i), B::get(b, i));
                if V::get(c, i) != 0 { x } else { y }
            });
        }
    }
}

/// `d = a`, one value or many, over bits of a size.
pub(crate) struct Copy1<T, A>(PhantomData<(T, A)>);
impl<T: Copy, A: Side<T>> Body for Copy1<T, A> {
    #[inline(always)]
    unsafe fn run(locs: *const *mut u8, ix: *const u16, n: usize) {
        let frame = Frame { locs, ix, n };
        // SAFETY: the caller's.
        unsafe {
            let a = A::open(frame, 1);
            each(frame, |i| A::get(a, i));
        }
    }
}

/// `d = a ** b` of signed integers; a negative exponent raises the flag (operand 3).
pub(crate) struct CheckedPow<T>(PhantomData<T>);
impl<T: Exponent> Body for CheckedPow<T> {
    #[inline(always)]
    unsafe fn run(locs: *const *mut u8, ix: *const u16, n: usize) {
        let frame = Frame { locs, ix, n };
        // SAFETY: the caller's; the flag is a byte of the run.
        unsafe {
            let (a, b): (Elements<T>, Elements<T>) = (V::open(frame, 1), V::open(frame, 2));
            let flag: *mut u8 = frame.at(3);
            each(frame, |i| match V::get(b, i).to_u64() {
                Some(exponent) => V::get(a, i).power(exponent),
                None => {
                    *flag = 1;
                    V::get(b, i).power(0)
                }
            });
        }
    }
}

/// A signed integer as base and exponent.
pub(crate) trait Exponent: Copy {
    /// As an exponent, if it is one.
    fn to_u64(self) -> Option<u64>;
    fn power(self, exponent: u64) -> Self;
}

macro_rules! exponents {
    ($($t:ty, $unsigned:ty;)*) => {$(
        impl Exponent for $t {
            #[inline(always)] fn to_u64(self) -> Option<u64> { u64::try_from(self).ok() }
            #[inline(always)] fn power(self, exponent: u64) -> Self { super::power::integer(self as $unsigned, exponent) as $t }
        }
    )*};
}
exponents! { i8, u8; i16, u16; i32, u32; i64, u64; }
