//! Runs of elements in memory: shared and immutable ([`Buffer`]) or owned and writable ([`TileBuf`]).
//!
//! **Invariants**
//! - B1: a `Buffer`'s bytes never change while a second reference exists; writing needs the unique owner (`TileBuf`).
//! - B2: a `Buffer` of type `T` holds `len` valid `T`s (for `bool`: bytes 0 or 1).
//! - B3: a block belongs to exactly one owner: a free list of its pool, a `TileBuf`, or the last clone of a `Buffer`.
//! - B4: elements are aligned to their size, to 8 bytes at most: kernels that only move them go by size. What Rust aligns less
//!   (`Complex<f32>`) is copied where it lies otherwise. Of no elements nothing is read.
//!
//! Blocks are 64-byte aligned and come from a [`BlockPool`](pool::BlockPool); a `Vec` given by the user is kept as it is.

mod pool;
mod row;
mod shared;
mod slab;

pub use pool::BlockPool;
pub(crate) use pool::SPACED;
pub use shared::SharedVec;

use crate::{
    dtype::{DType, Element},
    error::ArrayError,
    held::Held,
};
use row::Room;
use std::{any::Any, fmt, mem::MaybeUninit, sync::Arc};

/// An immutable, typed run of elements. Cloning counts a reference; the elements are never copied.
///
/// ```
/// use array_core::{Buffer, DType};
/// let buffer = Buffer::from_vec(vec![1.0, 2.0]);
/// assert_eq!((buffer.dtype(), buffer.len()), (DType::F64, 2));
/// assert_eq!(buffer.as_slice::<f64>(), Some(&[1.0, 2.0][..]));
/// assert_eq!(buffer.as_slice::<i64>(), None);
/// assert_eq!(buffer.try_into_vec::<f64>().unwrap(), [1.0, 2.0]);   // the Vec it was made of
/// ```
#[derive(Clone)]
pub struct Buffer(Held<Inner>);

struct Inner {
    dtype: DType,
    len: usize,
    ptr: *const u8,
    owner: Owner,
}

enum Owner {
    /// A `Vec<T>`, `T` as in `dtype`, or [`Words`]; `ptr` is its data. It may be shared with its giver, who cannot change it either.
    Vec(Arc<dyn Any + Send + Sync>),
    Room(Room),
    /// Whatever keeps the memory of another library's array.
    #[cfg(feature = "ndarray")]
    Foreign(#[allow(dead_code, reason = "kept for its drop")] Box<dyn Any + Send + Sync>),
    /// The elements themselves: a block and its way through the pool would cost more than they do. `ptr` is not used.
    Few(Few),
}

/// Room for few elements. No more aligned than they need: what is aligned to cache lines costs the allocator many times as much.
#[repr(align(16))]
struct Few([MaybeUninit<u8>; FEW_BYTES]);

/// Bytes that fit the buffer itself.
pub(crate) const FEW_BYTES: usize = 64;

// SAFETY: `ptr` points into memory owned by `owner`, which is Send + Sync, and is only read through (B1).
unsafe impl Send for Inner {}
// SAFETY: as above.
unsafe impl Sync for Inner {}

/// No vector that anybody could ask for.
struct Words(#[allow(dead_code, reason = "kept for its drop")] Vec<u64>);

/// Whether elements lie as B4 says.
fn is_aligned<T>(first: *const T) -> bool {
    first.addr().is_multiple_of(size_of::<T>().min(8))
}

impl Buffer {
    /// The elements of `vec`, without copying: the buffer keeps the allocation. (It copies `Complex<f32>` that the allocator has not
    /// aligned to 8 bytes, which those of glibc, macOS and Windows always are.)
    pub fn from_vec<T: Element>(vec: Vec<T>) -> Buffer {
        Buffer::from_shared(SharedVec::new(vec))
    }

    /// The elements of `vec`, without copying: the buffer and whoever else holds the vector share the allocation.
    ///
    /// ```
    /// use array_core::{Buffer, SharedVec};
    /// let vec = SharedVec::new(vec![1.0, 2.0]);
    /// let buffer = Buffer::from_shared(vec.clone());
    /// assert_eq!(buffer.to_shared::<f64>().unwrap().as_ptr(), vec.as_ptr());
    /// ```
    pub fn from_shared<T: Element>(vec: SharedVec<T>) -> Buffer {
        if !vec.is_empty() && !is_aligned(vec.as_ptr()) {
            return Buffer::realigned(&vec);
        }
        let (ptr, len) = (vec.as_ptr().cast(), vec.len());
        Buffer(Held::new(|| Inner { dtype: T::DTYPE, len, ptr, owner: Owner::Vec(vec.0) }))
    }

    /// A copy that keeps B4: in words of 8 bytes, which is what elements of at least that size are.
    #[cold]
    fn realigned<T: Element>(elements: &[T]) -> Buffer {
        let len = elements.len();
        let mut words = vec![0u64; std::mem::size_of_val(elements).div_ceil(8)];
        // SAFETY: as many bytes as the elements have, in a vector made for them.
        unsafe { words.as_mut_ptr().cast::<T>().copy_from_nonoverlapping(elements.as_ptr(), len) };
        let ptr = words.as_ptr().cast();
        Buffer(Held::new(|| Inner { dtype: T::DTYPE, len, ptr, owner: Owner::Vec(Arc::new(Words(words))) }))
    }

    /// The vector this buffer was made of, shared; `None` if it holds another type or was not made of one.
    pub fn to_shared<T: Element>(&self) -> Option<SharedVec<T>> {
        match &self.0.owner {
            Owner::Vec(vec) => vec.clone().downcast().ok().map(SharedVec),
            _ => None,
        }
    }

    /// A run of elements that `owner` keeps.
    ///
    /// # Safety
    /// `len` valid elements lie from `first` on, and neither move nor change while `owner` lives.
    #[cfg(feature = "ndarray")]
    pub(crate) unsafe fn from_foreign<T: Element>(
        first: *const T,
        len: usize,
        owner: Box<dyn Any + Send + Sync>,
    ) -> Buffer {
        if len > 0 && !is_aligned(first) {
            // SAFETY: the caller's.
            return Buffer::realigned(unsafe { std::slice::from_raw_parts(first, len) });
        }
        let (dtype, ptr) = (T::DTYPE, first.cast());
        Buffer(Held::new(|| Inner { dtype, len, ptr, owner: Owner::Foreign(owner) }))
    }

    /// Type of the elements.
    pub fn dtype(&self) -> DType {
        self.0.dtype
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.0.len
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.0.len == 0
    }

    /// Address of the first element; valid for `len` elements while a clone of the buffer lives.
    pub fn as_ptr(&self) -> *const u8 {
        match &self.0.owner {
            Owner::Few(few) => few.0.as_ptr().cast(),
            _ => self.0.ptr,
        }
    }

    /// A buffer of `len` elements of `dtype`, which fit [`FEW_BYTES`], written by `write` at the address it gets, which is
    /// aligned for every type.
    ///
    /// # Safety
    /// `write` writes `len` valid elements, and nothing behind [`FEW_BYTES`].
    #[inline(always)]
    pub(crate) unsafe fn few(dtype: DType, len: usize, write: impl FnOnce(*mut u8)) -> Buffer {
        debug_assert!(len * dtype.size() <= FEW_BYTES);
        let mut held = Held::new(|| Inner {
            dtype,
            len,
            ptr: std::ptr::null(),
            // What lies behind the elements is never read.
            owner: Owner::Few(Few([MaybeUninit::uninit(); FEW_BYTES])),
        });
        if let Some(Inner { owner: Owner::Few(few), .. }) = held.get_mut() {
            write(few.0.as_mut_ptr().cast());
        }
        Buffer(held)
    }

    /// Whether both are the same memory.
    pub fn same(&self, other: &Buffer) -> bool {
        self.0.same(&other.0)
    }

    /// Whether no other clone exists. The answer is only lasting for who owns this one.
    pub fn is_unique(&mut self) -> bool {
        self.0.is_alone()
    }

    /// Address of the first element for writing, if they are `T`s and nobody else holds the buffer or its vector. Good
    /// until the buffer is cloned or moved into something that reads it.
    pub(crate) fn as_own_mut<T: Element>(&mut self) -> Option<*mut T> {
        let inner = self.0.get_mut()?;
        if inner.dtype != T::DTYPE {
            return None;
        }
        match &mut inner.owner {
            Owner::Room(room) => Some(room.ptr().cast()),
            Owner::Vec(any) => {
                // The vector has no weak references (S1), so this is its only owner too. The address is taken anew: the
                // old one was made for reading.
                let vec: &mut Vec<T> = Arc::get_mut(any)?.downcast_mut()?;
                let at = vec.as_mut_ptr();
                inner.ptr = at.cast();
                Some(at)
            }
            Owner::Few(few) => Some(few.0.as_mut_ptr().cast()),
            #[cfg(feature = "ndarray")]
            Owner::Foreign(_) => None,
        }
    }

    /// The elements, if they are `T`s.
    pub fn as_slice<T: Element>(&self) -> Option<&[T]> {
        // SAFETY: B2; the memory lives as long as `self`, and is not written meanwhile (B1).
        (T::DTYPE == self.dtype())
            .then(|| unsafe { std::slice::from_raw_parts(self.as_ptr().cast(), self.len()) })
    }

    /// The `Vec` this buffer was made of, without copying.
    ///
    /// ```
    /// use array_core::Buffer;
    /// let buffer = Buffer::from_vec(vec![1.0, 2.0]);
    /// let other = buffer.clone();
    /// let buffer = buffer.try_into_vec::<f64>().unwrap_err();          // shared: it comes back
    /// drop(other);
    /// assert_eq!(buffer.try_into_vec::<f64>().unwrap(), [1.0, 2.0]);
    /// ```
    ///
    /// # Errors
    /// The buffer comes back when it or its vector is shared, holds another type, or was not made of a `Vec`.
    pub fn try_into_vec<T: Element>(self) -> Result<Vec<T>, Buffer> {
        let Buffer(arc) = self;
        match arc.try_take() {
            Ok(Inner { dtype, len, ptr, owner }) => match owner {
                Owner::Vec(any) => {
                    let vec =
                        any.downcast::<Vec<T>>().and_then(|vec| Arc::try_unwrap(vec).map_err(|vec| vec as _));
                    vec.map_err(|any| Buffer(Held::new(|| Inner { dtype, len, ptr, owner: Owner::Vec(any) })))
                }
                owner => Err(Buffer(Held::new(|| Inner { dtype, len, ptr, owner }))),
            },
            Err(arc) => Err(Buffer(arc)),
        }
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buffer")
            .field("dtype", &self.dtype())
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

/// An exclusively owned run of elements that can be written, then frozen into a [`Buffer`].
///
/// Fresh contents are unspecified unless it was taken zeroed; so reading before writing, and [`freeze`](TileBuf::freeze), are
/// unsafe. 64-byte aligned.
///
/// ```
/// use array_core::{BlockPool, DType, TileBuf};
/// let pool = BlockPool::new(1 << 20);
/// let mut tile = pool.take(DType::F64, 3)?;
/// // SAFETY: three elements are ours to write; all are written before the freeze.
/// let buffer = unsafe {
///     for i in 0..3 { tile.as_mut_ptr().cast::<f64>().add(i).write(i as f64); }
///     tile.freeze()
/// };
/// assert_eq!(buffer.as_slice::<f64>().unwrap(), [0.0, 1.0, 2.0]);
/// let again: TileBuf = TileBuf::try_from(buffer).unwrap();      // unique: no copy
/// # assert_eq!(again.len(), 3);
/// # Ok::<(), array_core::ArrayError>(())
/// ```
pub struct TileBuf {
    room: Room,
    dtype: DType,
    len: usize,
    zeroed: bool,
}

impl TileBuf {
    /// Address of the first element, for reading what was written.
    pub fn as_ptr(&self) -> *const u8 {
        self.room.ptr()
    }

    /// Address of the first element, for writing.
    pub fn as_mut_ptr(&mut self) -> *mut u8 {
        self.zeroed = false;
        self.room.ptr()
    }

    /// Type of the elements.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The elements as an immutable buffer; nothing is copied.
    ///
    /// # Safety
    /// Every element has been written with a valid value of the type (or the tile was taken zeroed), and no pointer from
    /// [`as_mut_ptr`](Self::as_mut_ptr) is written through afterwards.
    pub unsafe fn freeze(self) -> Buffer {
        let ptr = self.room.ptr();
        Buffer(Held::new(|| Inner { dtype: self.dtype, len: self.len, ptr, owner: Owner::Room(self.room) }))
    }

    /// The zeros of a tile that was taken zeroed and never opened for writing, as a buffer.
    ///
    /// # Errors
    /// The tile comes back when it may have been written.
    pub fn freeze_zeros(self) -> Result<Buffer, TileBuf> {
        // SAFETY: all bytes are zero, a valid value of every element type.
        if self.zeroed { Ok(unsafe { self.freeze() }) } else { Err(self) }
    }
}

/// The block of a buffer that nobody else holds, contents kept; the buffer comes back when it is shared, a user's `Vec`, or so
/// small that it has no block.
impl TryFrom<Buffer> for TileBuf {
    type Error = Buffer;

    fn try_from(buffer: Buffer) -> Result<TileBuf, Buffer> {
        match buffer.0.try_take() {
            Ok(Inner { dtype, len, ptr, owner }) => match owner {
                Owner::Room(room) => Ok(TileBuf { room, dtype, len, zeroed: false }),
                owner => Err(Buffer(Held::new(|| Inner { dtype, len, ptr, owner }))),
            },
            Err(arc) => Err(Buffer(arc)),
        }
    }
}

impl fmt::Debug for TileBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TileBuf").field("dtype", &self.dtype).field("len", &self.len).finish_non_exhaustive()
    }
}

impl BlockPool {
    /// A writable run of `len` elements with unspecified contents.
    ///
    /// # Errors
    /// [`ArrayError::TooLarge`] when the size has no number, [`ArrayError::OutOfMemory`] when the system has no such block.
    pub fn take(&self, dtype: DType, len: usize) -> Result<TileBuf, ArrayError> {
        self.take_with(dtype, len, false)
    }

    /// As [`take`](Self::take), all zero (`false`).
    ///
    /// # Errors
    /// As [`take`](Self::take).
    pub fn take_zeroed(&self, dtype: DType, len: usize) -> Result<TileBuf, ArrayError> {
        self.take_with(dtype, len, true)
    }

    /// `count` writable runs of `len` elements each, with unspecified contents. Where `len` elements are a multiple of 64 bytes,
    /// each begins where the one before ends. Their memory comes back to the pool when all of them have been dropped
    /// ([`dead_row_bytes`](Self::dead_row_bytes)).
    ///
    /// ```
    /// use array_core::{BlockPool, DType};
    /// let row = BlockPool::new(1 << 20).take_row(DType::F64, 1000, 3)?;
    /// assert_eq!(row[0].as_ptr().wrapping_add(8000), row[1].as_ptr());
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    ///
    /// # Errors
    /// As [`take`](Self::take).
    pub fn take_row(&self, dtype: DType, len: usize, count: usize) -> Result<Vec<TileBuf>, ArrayError> {
        let too_large = || ArrayError::TooLarge { shape: vec![count, len] };
        let part = len.checked_mul(dtype.size()).and_then(|bytes| bytes.checked_next_multiple_of(64));
        let part = part.ok_or_else(too_large)?;
        let bytes = part.checked_mul(count).ok_or_else(too_large)?;
        let block = self.block(bytes, false).ok_or(ArrayError::OutOfMemory { bytes })?;
        let tile = |room| TileBuf { room, dtype, len, zeroed: false };
        // SAFETY: the block was taken for that many bytes.
        Ok(unsafe { row::parts(block, part, count) }.map(tile).collect())
    }

    fn take_with(&self, dtype: DType, len: usize, zeroed: bool) -> Result<TileBuf, ArrayError> {
        let too_large = || ArrayError::TooLarge { shape: vec![len] };
        let bytes = len.checked_mul(dtype.size()).ok_or_else(too_large)?;
        let block = self.block(bytes, zeroed).ok_or(ArrayError::OutOfMemory { bytes })?;
        Ok(TileBuf { room: Room::Block(block), dtype, len, zeroed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vec_goes_in_and_out_without_a_copy() {
        let vec = vec![1i64, 2, 3];
        let address = vec.as_ptr();
        let buffer = Buffer::from_vec(vec);
        let clone = buffer.clone();
        let buffer = buffer.try_into_vec::<i64>().unwrap_err();
        drop(clone);
        let buffer = buffer.try_into_vec::<f64>().unwrap_err();
        let vec = buffer.try_into_vec::<i64>().unwrap();
        assert_eq!((vec.as_ptr(), &vec[..]), (address, &[1, 2, 3][..]));
    }

    #[test]
    fn an_empty_vec_is_kept_wherever_it_lies() {
        type C = crate::Complex<f32>;
        assert!(Buffer::from_vec(Vec::<C>::new()).try_into_vec::<C>().is_ok());
        assert!(Buffer::from_vec(Vec::<C>::new()).to_shared::<C>().is_some());
    }

    #[test]
    fn elements_aligned_to_their_parts_are_copied_to_their_size() {
        let parts: Vec<f32> = (0..9).map(|i| i as f32).collect();
        let odd = usize::from(parts.as_ptr().addr().is_multiple_of(8));
        // SAFETY: four pairs of floats from the first or second on.
        let elements: &[crate::Complex<f32>] =
            unsafe { std::slice::from_raw_parts(parts.as_ptr().add(odd).cast(), 4) };
        assert!(!is_aligned(elements.as_ptr()));
        let buffer = Buffer::realigned(elements);
        assert!(is_aligned(buffer.as_ptr().cast::<crate::Complex<f32>>()));
        assert_eq!(buffer.as_slice::<crate::Complex<f32>>(), Some(elements));
        let mut buffer = buffer.try_into_vec::<crate::Complex<f32>>().unwrap_err();
        assert!(
            buffer.to_shared::<u64>().is_none()
                && buffer.to_shared::<crate::Complex<f32>>().is_none()
                && buffer.as_own_mut::<crate::Complex<f32>>().is_none()
        );
    }

    #[test]
    fn a_shared_vec_is_neither_copied_nor_taken_away() {
        let vec = SharedVec::new(vec![1i64, 2]);
        let buffer = Buffer::from_shared(vec.clone());
        assert!(buffer.to_shared::<f64>().is_none());
        let buffer = buffer.try_into_vec::<i64>().unwrap_err();
        let address = vec.as_ptr();
        drop(vec);
        let vec = buffer.try_into_vec::<i64>().unwrap();
        assert_eq!(vec.as_ptr(), address);
    }

    #[test]
    fn zeros_freeze_safely_and_only_untouched() {
        let pool = BlockPool::new(1 << 16);
        let zeros = pool.take_zeroed(DType::U8, 100).unwrap().freeze_zeros().unwrap();
        assert_eq!(zeros.as_slice::<u8>().unwrap(), [0; 100]);
        let mut touched = pool.take_zeroed(DType::U8, 100).unwrap();
        let _ = touched.as_mut_ptr();
        assert!(touched.freeze_zeros().is_err());
    }

    #[test]
    fn a_dropped_buffer_gives_its_block_back() {
        let pool = BlockPool::new(1 << 20);
        let first = pool.take_zeroed(DType::F64, 5000).unwrap().freeze_zeros().unwrap();
        let address = first.as_ptr();
        drop(first);
        assert!(pool.cached_bytes() >= 40_000);
        assert_eq!(pool.take(DType::F64, 5000).unwrap().as_ptr(), address);
        pool.trim();
        assert_eq!(pool.cached_bytes(), 0);
    }

    #[test]
    fn a_row_is_used_again_when_all_its_parts_are_gone() {
        let pool = BlockPool::new(1 << 22);
        let mut row = pool.take_row(DType::F64, 1003, 50).unwrap();
        let first = row[0].as_ptr();
        for (tile, value) in row.iter_mut().zip(0..) {
            assert!(tile.as_ptr().addr() % 64 == 0 && tile.len() == 1003);
            // SAFETY: the elements are the tile's own.
            unsafe { std::slice::from_raw_parts_mut(tile.as_mut_ptr().cast::<f64>(), 1003) }
                .fill(f64::from(value));
        }
        let last = row.pop().unwrap();
        for (tile, value) in row.into_iter().zip(0..) {
            // SAFETY: all were written above.
            let tile = unsafe { tile.freeze() };
            assert!(tile.as_slice::<f64>().unwrap().iter().all(|&x| x == f64::from(value)));
            assert!(TileBuf::try_from(tile).is_ok());
        }
        assert_eq!(pool.cached_bytes(), 0);
        drop(last);
        assert_ne!(pool.cached_bytes(), 0);
        assert_eq!(pool.take_row(DType::F64, 1003, 50).unwrap()[0].as_ptr(), first);
        assert!(pool.take_row(DType::F64, 1003, 0).unwrap().is_empty());
    }

    #[test]
    fn impossible_sizes_are_errors() {
        let pool = BlockPool::new(0);
        assert!(pool.take_row(DType::F64, 1 << 40, 1 << 30).is_err());
        assert!(pool.take_row(DType::F64, 1 << 30, 1 << 14).is_err());
        assert!(pool.take(DType::F64, usize::MAX / 2).is_err());
        assert!(pool.take(DType::U8, isize::MAX as usize - 10).is_err());
    }
}
