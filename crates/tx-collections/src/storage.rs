//! Storage: the mutable identity behind views, a grid of tile versions that somebody else keeps.
//!
//! A storage knows its dtype, its C-order shape and its cut into tiles. Where the tiles live is its [`Home`]:
//! *private* tiles are plain versions in the tables of one session, *attached* tiles are `TVar`s that any thread
//! may reach in a transaction. The storage itself holds no element.
//!
//! **Binding.** An expression must keep the value it was built on although nothing was copied. A lazy leaf is a
//! [`Binding`]; all leaves built between two writes share one. Before a storage is written its writer calls
//! [`Storage::take_binding`]: if an expression still holds the binding, the writer pins it to a snapshot (the
//! versions of before the write), otherwise nothing happens. So nobody is forced, and nobody pays who does not look back.

use std::any::Any;
use std::sync::{Arc, OnceLock, Weak};

use array_core::{Buffer, DType, Dims, Layout, Source};
use stm_engine::TVar;
use tx_runtime::park::Mutex;

use crate::grid::Grid;

/// Slots of storages whose last view is gone, for their session to collect.
///
/// ```
/// use tx_collections::Dropped;
/// let dropped = Dropped::default();
/// assert!(dropped.collect().is_empty());
/// ```
#[derive(Debug, Clone, Default)]
pub struct Dropped(Arc<Mutex<Vec<u32>>>);

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
        let mut dropped = self.0.lock();
        if !dropped.is_empty() {
            std::mem::swap(&mut *dropped, slots);
        }
    }

    /// Take the slots that were dropped since the last call.
    pub fn collect(&self) -> Vec<u32> {
        std::mem::take(&mut self.0.lock())
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
    binding: Mutex<Weak<Binding>>,
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
        Arc::new(Self { dtype, shape, grid, home, binding: Mutex::new(Weak::new()) })
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
        let mut current = self.binding.lock();
        if let Some(binding) = current.upgrade() {
            return binding;
        }
        let binding = Arc::new(Binding { storage: Arc::clone(self), pinned: OnceLock::new() });
        *current = Arc::downgrade(&binding);
        binding
    }

    /// Whether an expression holds the present value.
    pub fn is_bound(&self) -> bool {
        self.binding.lock().strong_count() > 0
    }

    /// Called by a writer before it writes: the binding that expressions still hold, which the writer must
    /// [`pin`](Binding::pin) to the present value. Later expressions get a new binding.
    pub fn take_binding(&self) -> Option<Arc<Binding>> {
        std::mem::take(&mut *self.binding.lock()).upgrade()
    }
}

impl Drop for Storage {
    fn drop(&mut self) {
        if let Home::Private { slot, dropped } = &self.home {
            dropped.0.lock().push(*slot);
        }
    }
}

/// What a lazy expression holds of a storage: its value as of when the expression was built.
#[derive(Debug)]
pub struct Binding {
    storage: Arc<Storage>,
    pinned: OnceLock<Arc<Storage>>,
}

impl Binding {
    /// The storage that holds the bound value: the one that was read, or the snapshot taken before it was written.
    pub fn storage(&self) -> &Arc<Storage> {
        self.pinned.get().unwrap_or(&self.storage)
    }

    /// From now on the value is `snapshot`'s, which must equal the storage's at this moment.
    ///
    /// # Panics
    /// If it is pinned already: [`Storage::take_binding`] hands each binding out once. If the snapshot has another shape
    /// or type.
    pub fn pin(&self, snapshot: Arc<Storage>) {
        assert_eq!(snapshot.dtype(), self.storage.dtype(), "a snapshot has the type of its storage");
        assert_eq!(snapshot.shape(), self.storage.shape(), "a snapshot has the shape of its storage");
        self.pinned.set(snapshot).expect("a binding is pinned once");
    }
}

impl Source for Binding {
    fn dtype(&self) -> DType {
        self.storage.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.storage.shape
    }

    fn as_any(&self) -> &dyn Any {
        self
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
