//! `TArray`: an array whose tiles are transactional variables, shared by all threads.
//!
//! A transaction that writes one element replaces one tile, so two transactions conflict when they touch the same
//! tile and only then. Readers hold immutable snapshots of tiles and are never in anybody's way.

use std::sync::Arc;

use array_core::{Array, ArrayError, BlockPool, Buffer, DType, Index, Layout, Scalar, TileBuf};
use stm_engine::{Abort, TVar, Txn};

use crate::fill;
use crate::grid::{Grid, TILE_ELEMS};
use crate::storage::{Cells, Home, Storage};
use crate::view::View;

/// A transactional array. Clone is another handle to the same array.
///
/// ```
/// use array_core::{s, Array};
/// use stm_engine::atomically;
/// use tx_collections::TArray;
///
/// let stock = TArray::new(&Array::from_vec(vec![5_i64, 0, 2], [3]))?;
/// atomically(|tx| {
///     let n: i64 = stock.get(tx, &[0])?.try_into()?;
///     stock.set(tx, &[0], n - 1)?;
///     stock.set(tx, &[1], 1_i64)
/// });
/// assert_eq!(stock.load().to_vec::<i64>()?, [4, 1, 2]);
/// # Ok::<(), array_core::ArrayError>(())
/// ```
#[derive(Debug, Clone)]
pub struct TArray {
    storage: Arc<Storage>,
}

impl TArray {
    /// A transactional array of the default engine that holds `value`.
    ///
    /// # Errors
    /// What is wrong with `value`.
    pub fn new(value: &Array) -> Result<Self, ArrayError> {
        Self::with_tile_elems(value, TILE_ELEMS)
    }

    /// As [`new`](TArray::new) with tiles of about `tile_elems` elements: smaller tiles conflict less and cost more.
    ///
    /// # Errors
    /// What is wrong with `value`.
    pub fn with_tile_elems(value: &Array, tile_elems: usize) -> Result<Self, ArrayError> {
        let value = value.eval()?;
        let grid = Grid::new(value.shape(), tile_elems);
        let mut blocks = (0..grid.tiles())
            .map(|tile| BlockPool::shared().take(value.dtype(), grid.range(tile).len()))
            .collect::<Result<Vec<_>, _>>()?;
        fill::fill(&value, &Layout::contiguous(value.shape())?, &grid, 0, &mut blocks)?;
        // SAFETY: the layout covers every element of every tile.
        let tiles = blocks.into_iter().map(|block| TVar::new(unsafe { block.freeze() })).collect();
        let storage = Storage::new(value.dtype(), value.shape().into(), grid, Home::Attached(Cells(tiles)));
        Ok(Self { storage })
    }

    /// The whole array as a view, for a session's statements.
    pub fn view(&self) -> View {
        View::whole(Arc::clone(&self.storage))
    }

    /// Lengths along the axes.
    pub fn shape(&self) -> &[usize] {
        self.storage.shape()
    }

    /// The element type.
    pub fn dtype(&self) -> DType {
        self.storage.dtype()
    }

    /// The array as it is now, all tiles of one moment. Never aborts.
    pub fn load(&self) -> Array {
        let tiles =
            stm_engine::snapshot(|s| cells(&self.storage).iter().map(|tile| s.get(tile).clone()).collect());
        let whole = Layout::contiguous(self.shape()).expect("checked when it was made");
        join(&self.storage, &whole, 0, tiles).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The array as this transaction sees it: O(elements).
    ///
    /// # Errors
    /// Those of the transaction; no memory.
    pub fn read(&self, tx: &Txn<'_>) -> Result<Array, Abort> {
        read(&self.view(), tx)
    }

    /// One element; negative indices count from the end.
    ///
    /// # Errors
    /// An index that does not fit ends the transaction with [`ArrayError`].
    pub fn get(&self, tx: &Txn<'_>, index: &[isize]) -> Result<Scalar, Abort> {
        let (tile, at) = self.place(index)?;
        let tile = tx.get(&cells(&self.storage)[tile])?;
        // SAFETY: `place` found the element in the tile; a buffer never changes.
        Ok(unsafe { Scalar::read(self.dtype(), tile.as_ptr(), at) })
    }

    /// Replace one element; the value is cast to the array's dtype. Copies the tile.
    ///
    /// # Errors
    /// An index that does not fit ends the transaction with [`ArrayError`].
    pub fn set(&self, tx: &Txn<'_>, index: &[isize], value: impl Into<Scalar>) -> Result<(), Abort> {
        let (tile, at) = self.place(index)?;
        let cell = &cells(&self.storage)[tile];
        let mut block = copy(tx.get(cell)?)?;
        // SAFETY: the block is ours and as long as the tile; it is wholly written.
        let tile = unsafe {
            value.into().cast(self.dtype()).write(block.as_mut_ptr(), at);
            block.freeze()
        };
        tx.set(cell, tile)
    }

    /// `self[index] = value`, broadcast and cast as NumPy's assignment. Copies the tiles between the first and the last
    /// element that is written.
    ///
    /// # Errors
    /// Shapes or indices that do not fit end the transaction with [`ArrayError`].
    pub fn assign(
        &self,
        tx: &Txn<'_>,
        index: impl AsRef<[Index]>,
        value: impl Into<Array>,
    ) -> Result<(), Abort> {
        assign(&self.view().try_at(index.as_ref())?, tx, value.into())
    }

    /// The tile and the place in it of one element.
    fn place(&self, index: &[isize]) -> Result<(usize, usize), ArrayError> {
        let index: Vec<Index> = index.iter().map(|&i| Index::At(i)).collect();
        let layout = Layout::contiguous(self.shape())?.index(&index)?;
        if !layout.shape.is_empty() {
            return Err(ArrayError::TooFewIndices { ndim: self.shape().len(), given: index.len() });
        }
        let (grid, address) = (self.storage.grid(), layout.offset as usize);
        let tile = grid.tile_of(address);
        Ok((tile, address - grid.range(tile).start))
    }
}

fn cells(storage: &Storage) -> &[TVar<Buffer>] {
    match storage.home() {
        Home::Attached(Cells(cells)) => cells,
        Home::Private { .. } => panic!("a private array has no transactional variables"),
    }
}

/// What a view of an attached array shows in a transaction, in an array of its own. Reads the tiles between the view's
/// first and last element.
///
/// # Errors
/// Those of the transaction; no memory.
///
/// # Panics
/// If the view is of a private array.
pub fn read(view: &View, tx: &Txn<'_>) -> Result<Array, Abort> {
    if let Some(error) = view.error() {
        return Err(error.clone().into());
    }
    let touched = view.storage().grid().tiles_of(view.layout());
    let tiles = cells(view.storage())[touched.clone()].iter().map(|tile| tx.get(tile).cloned());
    Ok(join(view.storage(), view.layout(), touched.start, tiles.collect::<Result<_, _>>()?)?)
}

/// `view[...] = value` on an attached array, in a transaction.
///
/// # Errors
/// Shapes that do not fit end the transaction with [`ArrayError`].
///
/// # Panics
/// If the view is of a private array.
pub fn assign(view: &View, tx: &Txn<'_>, value: Array) -> Result<(), Abort> {
    if let Some(error) = view.error() {
        return Err(error.clone().into());
    }
    let storage = view.storage();
    let value = fill::broadcast_into(value.cast(view.dtype()), view.shape()).eval()?;
    let (cells, grid) = (cells(storage), storage.grid());
    let touched = grid.tiles_of(view.layout());
    let cells = &cells[touched.clone()];
    let mut blocks = cells.iter().map(|cell| Ok(copy(tx.get(cell)?)?)).collect::<Result<Vec<_>, Abort>>()?;
    fill::fill(&value, view.layout(), grid, touched.start, &mut blocks)?;
    for (cell, block) in cells.iter().zip(blocks) {
        // SAFETY: a copy is wholly written.
        tx.set(cell, unsafe { block.freeze() })?;
    }
    Ok(())
}

/// A block with the elements of a tile.
fn copy(tile: &Buffer) -> Result<TileBuf, ArrayError> {
    let mut block = BlockPool::shared().take(tile.dtype(), tile.len())?;
    // SAFETY: both hold `len` elements of the same type; the block is new.
    unsafe {
        std::ptr::copy_nonoverlapping(tile.as_ptr(), block.as_mut_ptr(), tile.len() * tile.dtype().size());
    }
    Ok(block)
}

/// What a layout shows of the tiles from `first` on.
fn join(storage: &Storage, layout: &Layout, first: usize, tiles: Vec<Buffer>) -> Result<Array, ArrayError> {
    let pointers: Vec<*const u8> = tiles.iter().map(Buffer::as_ptr).collect();
    let (dtype, grid) = (storage.dtype(), storage.grid());
    // SAFETY: the buffers are the storage's tiles, all that the layout touches, and never change; a view's layout lies
    // within its storage.
    let buffer = unsafe { fill::gather(BlockPool::shared(), dtype, layout, grid, first, &pointers)? };
    Ok(Array::from_buffer(buffer, &layout.shape))
}
