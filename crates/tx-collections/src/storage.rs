//! Storage: the mutable identity behind views, a grid of tile versions that somebody else keeps.
//!
//! A storage knows its dtype, its C-order shape and its cut into tiles. Where the tiles live is its [`Home`]:
//! *private* tiles are plain versions in the tables of one session, *attached* tiles are `TVar`s that any thread
//! may reach in a transaction. The storage itself holds no element.
//!
//! What lazy expressions hold of it is in `binding.rs`.

use std::sync::Arc;

use array_core::{Buffer, DType, Dims, Layout};
use stm_engine::TVar;
use tx_runtime::sync::Mutex;
use tx_runtime::sync::atomic::{AtomicBool, Ordering};

use crate::binding::{Binding, Bindings};
use crate::grid::Grid;

/// Slots of storages whose last view is gone, for their session to collect.
///
/// ```
/// use tx_collections::Dropped;
/// let dropped = Dropped::default();
/// assert!(dropped.collect().is_empty());
/// ```
#[derive(Debug, Clone, Default)]
pub struct Dropped(Arc<Slots>);

#[derive(Debug, Default)]
struct Slots {
    /// Whether there are some. Changed under the lock; a hint to go past it.
    any: AtomicBool,
    list: Mutex<Vec<u32>>,
}

impl Dropped {
    /// Take the slots that were dropped since the last call into `slots`, which is empty and lends its memory.
    ///
    /// ```
    /// use tx_collections::Dropped;
    /// let mut slots = Vec::with_capacity(8);
    /// Dropped::default().exchange(&mut slots);
    /// assert!(slots.is_empty());
    /// ```
    pub fn exchange(&self, slots: &mut Vec<u32>) {
        debug_assert!(slots.is_empty(), "what was taken before has been dealt with");
        // ORDER: Relaxed here and where they are dropped: what another thread is dropping may as well be found next time.
        if self.0.any.load(Ordering::Relaxed) {
            let mut dropped = self.0.list.lock();
            self.0.any.store(false, Ordering::Relaxed);
            std::mem::swap(&mut *dropped, slots);
        }
    }

    /// Take the slots that were dropped since the last call.
    pub fn collect(&self) -> Vec<u32> {
        let mut slots = Vec::new();
        self.exchange(&mut slots);
        slots
    }

    fn push(&self, slot: u32) {
        let mut dropped = self.0.list.lock();
        dropped.push(slot);
        self.0.any.store(true, Ordering::Relaxed);
    }
}

/// Where the tiles of a storage live.
#[derive(Debug)]
pub enum Home {
    /// In the version tables of one session.
    Private {
        /// The storage's place in the session's tables.
        slot: u32,
        /// Told when the storage goes.
        dropped: Dropped,
    },
    /// In transactional variables shared by all threads.
    Attached(Cells),
}

/// The transactional variables of an attached storage. Only this crate sees them: the elements are read without a check
/// of type or length, so nobody else may put a buffer there.
///
/// ```compile_fail,E0616
/// use tx_collections::{Home, TArray};
/// let array = TArray::new(&array_core::Array::zeros([4]))?;
/// if let Home::Attached(cells) = array.view().storage().home() {
///     let _ = &cells.0;
/// }
/// # Ok::<(), array_core::ArrayError>(())
/// ```
#[derive(Debug)]
pub struct Cells(pub(crate) Box<[TVar<Buffer>]>);

/// A grid of tile versions behind an identity.
#[derive(Debug)]
pub struct Storage {
    dtype: DType,
    shape: Dims,
    grid: Grid,
    home: Home,
    pub(crate) bindings: Bindings,
}

impl Storage {
    /// A storage whose tiles `home` keeps. A session knows the storages that it made and no others.
    ///
    /// # Panics
    /// If `grid` does not cut as many elements as `shape` has.
    pub fn new(dtype: DType, shape: Dims, grid: Grid, home: Home) -> Arc<Self> {
        // Views are checked against the one, what is read against the other.
        let len = Layout::contiguous(&shape).map(|layout| layout.len());
        assert_eq!(len.as_ref().ok(), Some(&grid.len()), "a grid of another shape than {shape:?}");
        Arc::new(Self { dtype, shape, grid, home, bindings: Bindings::default() })
    }

    /// The element type.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// The C-order shape.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The cut into tiles.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// Where the tiles live.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// The lazy leaf for expressions built now.
    pub fn bind(self: &Arc<Self>) -> Arc<Binding> {
        self.bindings.bind(self, false)
    }

    /// Whether an expression holds the present value.
    #[inline]
    pub fn is_bound(&self) -> bool {
        self.bindings.is_bound()
    }

    /// Called by a writer before it writes: the binding that expressions still hold, which the writer must
    /// [`pin`](Binding::pin) to the present value. Later expressions get a new binding.
    #[inline]
    pub fn take_binding(&self) -> Option<Arc<Binding>> {
        self.bindings.take()
    }
}

impl Drop for Storage {
    fn drop(&mut self) {
        if let Home::Private { slot, dropped } = &self.home {
            dropped.push(*slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "a grid of another shape")]
    fn a_grid_of_another_shape_is_refused() {
        let (shape, grid) = (Dims::from_slice(&[10]), Grid::new(&[1000], 64));
        Storage::new(DType::F64, shape, grid, Home::Private { slot: 0, dropped: Dropped::default() });
    }
}
