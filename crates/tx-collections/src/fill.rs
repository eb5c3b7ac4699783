//! Moving values between arrays and tiles: one evaluated array into tiles, tiles into one array.

use std::any::Any;
use std::sync::Arc;

use array_core::{
    Array, ArrayError, BlockPool, Buffer, DType, Layout, OperandData, Scratch, Source, TileBuf, TileMut,
    TileRef, bind,
};

use crate::grid::Grid;

/// `value` with the given shape, as an assignment broadcasts it: also leading axes of length one may go.
///
/// ```
/// use array_core::Array;
/// use tx_collections::fill::broadcast_into;
/// let value = Array::from_vec(vec![1.0, 2.0], [1, 1, 2]);
/// assert_eq!(broadcast_into(value, &[3, 2]).shape(), [3, 2]);
/// ```
#[track_caller]
pub fn broadcast_into(mut value: Array, shape: &[usize]) -> Array {
    while value.ndim() > shape.len() && value.shape()[0] == 1 {
        value = value.slice([array_core::Index::At(0)]);
    }
    value.broadcast_to(shape)
}

/// Evaluate `value`, which has the layout's shape, into the tiles from `first_tile` on that hold the layout's elements.
///
/// # Errors
/// A fault of `value`, or of its evaluation: the tiles are unchanged then.
///
/// # Panics
/// If shape or dtype differ, or the layout reaches elements outside the tiles.
pub fn fill(
    value: &Array,
    layout: &Layout,
    grid: &Grid,
    first_tile: usize,
    tiles: &mut [TileBuf],
) -> Result<(), ArrayError> {
    let value = value.eval()?;
    assert_eq!(value.shape(), &layout.shape[..], "the value has the layout's shape");
    assert!(layout.fits(grid.len()), "the layout reaches outside the storage");
    let touched = grid.tiles_of(layout);
    if touched.is_empty() {
        return Ok(());
    }
    assert!(
        touched.start >= first_tile && touched.end - first_tile <= tiles.len(),
        "the tiles hold the elements"
    );
    for (i, tile) in tiles.iter().enumerate() {
        assert!(tile.len() == grid.range(first_tile + i).len() && tile.dtype() == value.dtype());
    }
    let bound = bind(&value)?;
    let pointers: Vec<*const u8> = bound
        .operands
        .iter()
        .map(|operand| match &operand.data {
            OperandData::Buffer(buffer) => buffer.as_ptr(),
            OperandData::Source(_) => unreachable!("an evaluated array reads no source"),
        })
        .collect();
    let operands: Vec<TileRef<'_>> = bound
        .operands
        .iter()
        .zip(&pointers)
        .map(|(operand, pointer)| TileRef {
            layout: &operand.layout,
            tile_elems: usize::MAX,
            first: 0,
            tiles: std::slice::from_ref(pointer),
        })
        .collect();
    let tiles: Vec<*mut u8> = tiles.iter_mut().map(TileBuf::as_mut_ptr).collect();
    let out = TileMut { layout, tile_elems: grid.tile_elems(), first: first_tile, tiles: &tiles };
    // SAFETY: the value is evaluated, so its operands are buffers, whole; the tiles hold every element of the layout
    // (asserted), are borrowed mutably and are no buffer of an array.
    unsafe {
        bound.plan.map(&bound.consts, &bound.shape, &operands, &out, 0..layout.len(), &mut Scratch::default())
    }
}

/// What `layout` shows of a storage, in one buffer of its own.
///
/// # Errors
/// No memory.
///
/// # Safety
/// `tiles` are the addresses of the tiles from `first_tile` on of a storage of `dtype` cut by `grid`, at least
/// [`grid.tiles_of(layout)`](Grid::tiles_of), wholly written, and nobody writes them during the call; the layout lies within.
pub unsafe fn gather(
    pool: &BlockPool,
    dtype: DType,
    layout: &Layout,
    grid: &Grid,
    first_tile: usize,
    tiles: &[*const u8],
) -> Result<Buffer, ArrayError> {
    let len = layout.len();
    let mut block = pool.take(dtype, len)?;
    if len > 0 {
        // The plan that copies, found through a source that is never read.
        let bound =
            bind(&Array::from_source_view(Arc::new(Extent { dtype, shape: [grid.len()] }), layout.clone()))?;
        let dense = Layout::contiguous(&layout.shape)?;
        let operand = TileRef { layout, tile_elems: grid.tile_elems(), first: first_tile, tiles };
        let pointer = block.as_mut_ptr();
        let out = TileMut {
            layout: &dense,
            tile_elems: usize::MAX,
            first: 0,
            tiles: std::slice::from_ref(&pointer),
        };
        // SAFETY: the caller's promises; the block is new and holds `len` elements.
        unsafe {
            bound.plan.map(
                &bound.consts,
                &layout.shape,
                &[operand],
                &out,
                0..len,
                &mut Scratch::default(),
            )?;
        }
    }
    // SAFETY: every element was written.
    Ok(unsafe { block.freeze() })
}

/// A source that only has a type and a length.
#[derive(Debug)]
struct Extent {
    dtype: DType,
    shape: [usize; 1],
}

impl Source for Extent {
    fn dtype(&self) -> DType {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
