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
use tx_runtime::sync::atomic::{AtomicU32, Ordering};

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

/// Mostly none has been dropped since somebody asked, or one, which waits in a word.
#[derive(Debug)]
struct Slots {
    /// [`NONE`], a slot, or [`MANY`].
    one: AtomicU32,
    /// What has to wait beside another; whoever adds to it sets `MANY` after.
    list: Mutex<Vec<u32>>,
}

/// No slot was dropped.
const NONE: u32 = u32::MAX;
/// Slots are in the list.
const MANY: u32 = u32::MAX - 1;

impl Default for Slots {
    fn default() -> Self {
        Self { one: AtomicU32::new(NONE), list: Mutex::default() }
    }
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
        if !self.is_empty() {
            // ORDER: Acquire, pairs with the Release in `push`: its storage is gone.
            match self.0.one.swap(NONE, Ordering::Acquire) {
                MANY => std::mem::swap(&mut *self.0.list.lock(), slots),
                slot => slots.push(slot),
            }
        }
    }

    /// Whether none was dropped since the last call; what another thread is dropping now may as well be found next time.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0.one.load(Ordering::Relaxed) == NONE
    }

    /// Take the slots that were dropped since the last call.
    pub fn collect(&self) -> Vec<u32> {
        let mut slots = Vec::new();
        self.exchange(&mut slots);
        slots
    }

    fn push(&self, slot: u32) {
        // ORDER: Release here and below, pairs with the Acquire in `exchange`.
        if slot < MANY
            && self.0.one.compare_exchange(NONE, slot, Ordering::Release, Ordering::Relaxed).is_ok()
        {
            return;
        }
        let mut list = self.0.list.lock();
        list.push(slot);
        let other = self.0.one.swap(MANY, Ordering::AcqRel);
        if other < MANY {
            list.push(other);
        }
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
        Arc::new(Self::seen(dtype, shape, grid, home, Bindings::default()))
    }

    /// What [`new`](Self::new) makes, of which somebody has a view already, or nobody.
    #[inline(always)]
    pub(crate) fn seen(dtype: DType, shape: Dims, grid: Grid, home: Home, bindings: Bindings) -> Self {
        // Views are checked against the one, what is read against the other.
        let fits = Layout::contiguous(&shape).is_ok_and(|layout| layout.len() == grid.len());
        assert!(fits, "a grid of another shape than {shape:?}");
        Self { dtype, shape, grid, home, bindings }
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
    fn each_slot_that_was_dropped_is_found_once_however_many_drop_at_once() {
        let dropped = Dropped::default();
        let mut found = Vec::new();
        std::thread::scope(|scope| {
            for thread in 0..3 {
                let dropped = &dropped;
                scope.spawn(move || (0..2000).for_each(|i| dropped.push(3 * i + thread)));
            }
            while found.len() < 3000 {
                found.append(&mut dropped.collect());
            }
        });
        found.append(&mut dropped.collect());
        assert!(dropped.is_empty() && dropped.collect().is_empty());
        found.sort_unstable();
        assert!(found.iter().copied().eq(0..6000));
        // What only a stranger names is a slot like another.
        [NONE, MANY, 7].into_iter().for_each(|slot| dropped.push(slot));
        let mut all = dropped.collect();
        all.sort_unstable();
        assert_eq!(all, [7, MANY, NONE]);
    }

    #[test]
    #[should_panic(expected = "a grid of another shape")]
    fn a_grid_of_another_shape_is_refused() {
        let (shape, grid) = (Dims::from_slice(&[10]), Grid::new(&[1000], 64));
        Storage::new(DType::F64, shape, grid, Home::Private { slot: 0, dropped: Dropped::default() });
    }
}
