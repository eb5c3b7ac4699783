//! Single elements at the speed of a slice: iterators over any layout, and windows indexed by position.
//!
//! For the loops that no array operation says: a `for` over elements costs about what it costs over a slice, where [`Array::item`]
//! builds and evaluates an expression. Reading keeps the data alive by itself; writing needs the array for itself.
//!
//! **Invariants**
//! - R1: every address read or written is that of an element of the layout (L1: it lies in the buffer). Positions are checked
//!   against the shape.
//! - R2: who writes is the sole owner: `&mut Array`, whose node, buffer and vector have no other reference (else the
//!   elements are copied first), and no two positions have one address (else they are copied apart). So each `&mut` that
//!   an iterator gives is to another element.
//! - R3: the pointers of a reader are kept valid by the clone of the buffer beside them, those of a writer by its borrow.

use crate::{
    array::Array, buffer::Buffer, dtype::Element, error::ArrayError, layout::Layout, plan::coalesce,
};
use smallvec::SmallVec;
use std::{
    fmt,
    marker::PhantomData,
    ops::{Index, IndexMut},
};

/// A walk over addresses in C order: a row along the last axis, then the next.
struct Walk<T> {
    at: *mut T,
    /// Elements left in the row, and how far apart they are.
    row: usize,
    stride: isize,
    /// Length of rows, and how many are to come.
    width: usize,
    rows: usize,
    /// Where this row started.
    start: *mut T,
    /// The axes before the last: length, stride, position.
    outer: SmallVec<[(usize, isize, usize); 3]>,
}

impl<T> Walk<T> {
    /// Over `layout`, whose element at address 0 is at `base`.
    fn new(base: *mut T, layout: &Layout) -> Walk<T> {
        let mut layout = layout.clone();
        let mut shape = layout.shape.clone();
        if layout.is_empty() {
            let outer = SmallVec::new();
            return Walk { at: base, row: 0, stride: 0, width: 0, rows: 0, start: base, outer };
        }
        coalesce::<Layout>(&mut shape, Some(&mut layout), &mut []);
        let (width, stride) = match (shape.pop(), layout.strides.pop()) {
            (Some(width), Some(stride)) => (width, stride),
            _ => (1, 1),
        };
        let rows: usize = shape.iter().product();
        let start = base.wrapping_offset(layout.offset);
        let outer = shape.iter().zip(&layout.strides).map(|(&n, &s)| (n, s, 0)).collect();
        Walk { at: start, row: width, stride, width, rows: rows - 1, start, outer }
    }

    fn left(&self) -> usize {
        self.row + self.rows * self.width
    }

    /// The address of the next element, valid (R1).
    #[inline(always)]
    fn next(&mut self) -> Option<*mut T> {
        if self.row == 0 && !self.next_row() {
            return None;
        }
        let at = self.at;
        // Wrapping: after the last element it may lead outside, and is not followed.
        self.at = at.wrapping_offset(self.stride);
        self.row -= 1;
        Some(at)
    }

    #[cold]
    fn next_row(&mut self) -> bool {
        if self.rows == 0 {
            return false;
        }
        self.rows -= 1;
        for (length, stride, position) in self.outer.iter_mut().rev() {
            *position += 1;
            if *position < *length {
                self.start = self.start.wrapping_offset(*stride);
                break;
            }
            self.start = self.start.wrapping_offset(*stride * (1 - *length as isize));
            *position = 0;
        }
        (self.at, self.row) = (self.start, self.width);
        true
    }

    /// Calls `f` with each address left, row by row: loops that the compiler sees whole.
    #[inline(always)]
    fn fold<B>(mut self, init: B, mut f: impl FnMut(B, *mut T) -> B) -> B {
        let mut value = init;
        loop {
            let (at, row) = (self.at, self.row);
            if self.stride == 1 {
                for i in 0..row {
                    value = f(value, at.wrapping_add(i));
                }
            } else {
                for i in 0..row as isize {
                    value = f(value, at.wrapping_offset(i * self.stride));
                }
            }
            self.row = 0;
            if !self.next_row() {
                return value;
            }
        }
    }
}

/// The elements of an array in C order, each a copy; see [`Array::elements`].
pub struct Elements<T> {
    walk: Walk<T>,
    /// Keeps what is walked over (R3).
    _data: Buffer,
}

// SAFETY: the pointers only read a buffer, which is Send and Sync, of elements that are.
unsafe impl<T: Element> Send for Elements<T> {}
// SAFETY: as above.
unsafe impl<T: Element> Sync for Elements<T> {}

impl<T: Element> Iterator for Elements<T> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        // SAFETY: R1, R3; the buffer's elements are `T`s (checked when it was opened) and do not change (B1).
        self.walk.next().map(|at| unsafe { *at })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.walk.left(), Some(self.walk.left()))
    }

    #[inline]
    fn fold<B, F: FnMut(B, T) -> B>(self, init: B, mut f: F) -> B {
        // SAFETY: as in `next`.
        self.walk.fold(init, |value, at| f(value, unsafe { *at }))
    }
}

impl<T: Element> ExactSizeIterator for Elements<T> {}
impl<T: Element> std::iter::FusedIterator for Elements<T> {}

/// The elements of an array in C order, each to be changed; see [`Array::elements_mut`].
pub struct ElementsMut<'a, T> {
    walk: Walk<T>,
    array: PhantomData<&'a mut T>,
}

// SAFETY: it is what a `&mut [T]` is: sole access to elements that are Send.
unsafe impl<T: Element> Send for ElementsMut<'_, T> {}
// SAFETY: a shared one only tells its length.
unsafe impl<T: Element> Sync for ElementsMut<'_, T> {}

impl<'a, T: Element> Iterator for ElementsMut<'a, T> {
    type Item = &'a mut T;

    #[inline]
    fn next(&mut self) -> Option<&'a mut T> {
        // SAFETY: R1, R2, R3.
        self.walk.next().map(|at| unsafe { &mut *at })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.walk.left(), Some(self.walk.left()))
    }

    #[inline]
    fn fold<B, F: FnMut(B, &'a mut T) -> B>(self, init: B, mut f: F) -> B {
        // SAFETY: as in `next`.
        self.walk.fold(init, |value, at| f(value, unsafe { &mut *at }))
    }
}

impl<T: Element> ExactSizeIterator for ElementsMut<'_, T> {}
impl<T: Element> std::iter::FusedIterator for ElementsMut<'_, T> {}

/// The elements of an array of `N` axes by position: `cells[[i, j]]`; see [`Array::cells`].
pub struct Cells<T, const N: usize> {
    grid: Grid<T, N>,
    /// Keeps what is read (R3).
    _data: Buffer,
}

/// As [`Cells`], to be changed; see [`Array::cells_mut`].
pub struct CellsMut<'a, T, const N: usize> {
    grid: Grid<T, N>,
    array: PhantomData<&'a mut T>,
}

// SAFETY: as of `Elements`.
unsafe impl<T: Element, const N: usize> Send for Cells<T, N> {}
// SAFETY: as of `Elements`.
unsafe impl<T: Element, const N: usize> Sync for Cells<T, N> {}
// SAFETY: as of `ElementsMut`.
unsafe impl<T: Element, const N: usize> Send for CellsMut<'_, T, N> {}
// SAFETY: a shared one only reads elements that are Sync.
unsafe impl<T: Element, const N: usize> Sync for CellsMut<'_, T, N> {}

/// A layout of a known number of axes, at hand for arithmetic.
struct Grid<T, const N: usize> {
    /// The element at position 0 of every axis.
    base: *mut T,
    shape: [usize; N],
    strides: [isize; N],
}

impl<T, const N: usize> Grid<T, N> {
    fn new(base: *mut T, layout: &Layout) -> Result<Grid<T, N>, ArrayError> {
        let ndim = layout.ndim();
        let wrong = if N < ndim {
            ArrayError::TooFewIndices { ndim, given: N }
        } else {
            ArrayError::TooManyIndices { ndim, given: N }
        };
        let (Ok(shape), Ok(strides)) = (layout.shape[..].try_into(), layout.strides[..].try_into()) else {
            return Err(wrong);
        };
        Ok(Grid { base: base.wrapping_offset(layout.offset), shape, strides })
    }

    /// The address of an element, if there is one (R1).
    #[inline(always)]
    fn get(&self, position: [usize; N]) -> Option<*mut T> {
        let mut at = self.base;
        for (i, (length, stride)) in position.into_iter().zip(self.shape.into_iter().zip(self.strides)) {
            if i >= length {
                return None;
            }
            at = at.wrapping_offset(i as isize * stride);
        }
        Some(at)
    }

    #[cold]
    fn outside(&self, position: [usize; N]) -> ! {
        panic!("position {position:?} of an array of shape {:?}", self.shape)
    }
}

impl<T: Element, const N: usize> Cells<T, N> {
    /// Lengths of the axes.
    pub fn shape(&self) -> [usize; N] {
        self.grid.shape
    }

    /// The element at a position, if there is one.
    #[inline]
    pub fn get(&self, position: [usize; N]) -> Option<&T> {
        // SAFETY: R1, R3; a buffer's elements do not change (B1).
        self.grid.get(position).map(|at| unsafe { &*at })
    }
}

impl<T: Element, const N: usize> Index<[usize; N]> for Cells<T, N> {
    type Output = T;

    /// The element at a position. Panics outside, as a slice.
    #[inline]
    fn index(&self, position: [usize; N]) -> &T {
        match self.get(position) {
            Some(element) => element,
            None => self.grid.outside(position),
        }
    }
}

impl<T: Element, const N: usize> CellsMut<'_, T, N> {
    /// Lengths of the axes.
    pub fn shape(&self) -> [usize; N] {
        self.grid.shape
    }

    /// The element at a position, if there is one.
    #[inline]
    pub fn get(&self, position: [usize; N]) -> Option<&T> {
        // SAFETY: R1, R2, R3; nobody writes while `self` is borrowed.
        self.grid.get(position).map(|at| unsafe { &*at })
    }

    /// The element at a position, to be changed, if there is one.
    #[inline]
    pub fn get_mut(&mut self, position: [usize; N]) -> Option<&mut T> {
        // SAFETY: R1, R2, R3; `self` is borrowed for as long.
        self.grid.get(position).map(|at| unsafe { &mut *at })
    }
}

impl<T: Element, const N: usize> Index<[usize; N]> for CellsMut<'_, T, N> {
    type Output = T;

    /// The element at a position. Panics outside, as a slice.
    #[inline]
    fn index(&self, position: [usize; N]) -> &T {
        match self.get(position) {
            Some(element) => element,
            None => self.grid.outside(position),
        }
    }
}

impl<T: Element, const N: usize> IndexMut<[usize; N]> for CellsMut<'_, T, N> {
    /// The element at a position, to be changed. Panics outside, as a slice.
    #[inline]
    fn index_mut(&mut self, position: [usize; N]) -> &mut T {
        match self.grid.get(position) {
            // SAFETY: R1, R2, R3; `self` is borrowed for as long.
            Some(at) => unsafe { &mut *at },
            None => self.grid.outside(position),
        }
    }
}

impl Array {
    /// The elements in C order, one by one, of any layout and without copying it; evaluates the array. About the cost of
    /// a slice's iterator.
    ///
    /// ```
    /// use array_core::{s, Array};
    /// let a = Array::arange(0, 6, 1).reshape([2, 3]);
    /// let mut last = 0;
    /// for x in a.slice(s![.., ..; -1]).elements::<i64>()? {
    ///     last = last * 10 + x;
    /// }
    /// assert_eq!(last, 210_543);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    ///
    /// # Errors
    /// [`ArrayError::WrongType`] if the elements are not `T`s (cast first); those of [`eval`](Self::eval).
    pub fn elements<T: Element>(&self) -> Result<Elements<T>, ArrayError> {
        let (base, layout, data) = self.readable::<T>()?;
        Ok(Elements { walk: Walk::new(base, &layout), _data: data })
    }

    /// The elements in C order, to be changed where they are. Evaluates the array; what somebody else sees too (another
    /// array, a view, a shared vector) is copied first, so that only this array changes.
    ///
    /// ```
    /// use array_core::Array;
    /// let mut a = Array::arange(0, 4, 1);
    /// let before = a.clone();
    /// let mut sum = 0;
    /// for x in a.elements_mut::<i64>()? {
    ///     sum += *x;
    ///     *x = sum;
    /// }
    /// assert_eq!((a.to_string(), before.to_string()), ("[0 1 3 6]".into(), "[0 1 2 3]".into()));
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    ///
    /// # Errors
    /// As of [`elements`](Self::elements). Then the array is as it was.
    pub fn elements_mut<T: Element>(&mut self) -> Result<ElementsMut<'_, T>, ArrayError> {
        let (base, layout) = self.writable::<T>()?;
        Ok(ElementsMut { walk: Walk::new(base, &layout), array: PhantomData })
    }

    /// The elements of an array of `N` axes by position, for loops that jump; evaluates the array. A bounds check and an address
    /// each.
    ///
    /// ```
    /// use array_core::Array;
    /// let a = Array::arange(0.0, 9.0, 1.0).reshape([3, 3]).transpose();
    /// let cells = a.cells::<f64, 2>()?;
    /// let trace: f64 = (0..3).map(|i| cells[[i, i]]).sum();
    /// assert_eq!((trace, cells[[0, 2]], cells.get([3, 0])), (12.0, 6.0, None));
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    ///
    /// # Errors
    /// [`ArrayError::TooFewIndices`] or [`ArrayError::TooManyIndices`] for another number of axes; as of [`elements`](Self::elements).
    pub fn cells<T: Element, const N: usize>(&self) -> Result<Cells<T, N>, ArrayError> {
        let (base, layout, data) = self.readable::<T>()?;
        Ok(Cells { grid: Grid::new(base, &layout)?, _data: data })
    }

    /// As [`cells`](Self::cells), to be changed where they are; copies first what somebody else sees, as
    /// [`elements_mut`](Self::elements_mut).
    ///
    /// ```
    /// use array_core::Array;
    /// let mut a = Array::zeros([2, 2]);
    /// let mut cells = a.cells_mut::<f64, 2>()?;
    /// cells[[0, 1]] = 2.0;
    /// cells[[1, 0]] = cells[[0, 1]] * 3.0;
    /// assert_eq!(a.to_vec::<f64>()?, [0.0, 2.0, 6.0, 0.0]);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    ///
    /// While it is there nobody else looks at the array:
    ///
    /// ```compile_fail,E0502
    /// # use array_core::Array;
    /// let mut a = Array::zeros([2, 2]);
    /// let mut cells = a.cells_mut::<f64, 2>().unwrap();
    /// let b = a.clone();
    /// cells[[0, 1]] = 2.0;
    /// ```
    ///
    /// # Errors
    /// As of [`cells`](Self::cells).
    pub fn cells_mut<T: Element, const N: usize>(&mut self) -> Result<CellsMut<'_, T, N>, ArrayError> {
        let (base, layout) = self.writable::<T>()?;
        Ok(CellsMut { grid: Grid::new(base, &layout)?, array: PhantomData })
    }

    /// The address that the layout counts from, the layout, and what keeps the data.
    fn readable<T: Element>(&self) -> Result<(*mut T, Layout, Buffer), ArrayError> {
        self.expect_type::<T>()?;
        let leaf = self.eval()?;
        let (data, layout) = leaf.as_buffer().expect("evaluated");
        Ok((data.as_ptr().cast_mut().cast(), layout.clone(), data.clone()))
    }

    /// As `readable`, of elements that nobody else sees (R2).
    fn writable<T: Element>(&mut self) -> Result<(*mut T, Layout), ArrayError> {
        self.expect_type::<T>()?;
        if !self.is_evaluated() {
            *self = self.eval()?;
        }
        if let Some(own) = self.own_elements::<T>() {
            return Ok(own);
        }
        *self = self.copied()?;
        Ok(self.own_elements::<T>().expect("a fresh block has one owner"))
    }

    pub(crate) fn expect_type<T: Element>(&self) -> Result<(), ArrayError> {
        match self.error() {
            Some(error) => Err(error.clone()),
            None if self.dtype() != T::DTYPE => {
                Err(ArrayError::WrongType { have: self.dtype(), asked: T::DTYPE })
            }
            None => Ok(()),
        }
    }
}

macro_rules! debug {
    ($($name:literal $type:ty, [$($generics:tt)*], |$this:ident| $what:expr;)*) => {$(
        impl<$($generics)*> fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let $this = self;
                f.debug_tuple($name).field(&$what).finish()
            }
        }
    )*};
}

debug! {
    "Elements" Elements<T>, [T], |this| this.walk.left();
    "ElementsMut" ElementsMut<'_, T>, [T], |this| this.walk.left();
    "Cells" Cells<T, N>, [T, const N: usize], |this| this.grid.shape;
    "CellsMut" CellsMut<'_, T, N>, [T, const N: usize], |this| this.grid.shape;
}
