//! How a storage is cut into tiles: runs of C-order elements, cut at row ends where rows are short.
//!
//! A tile is the unit of versioning, of conflict and of work. Its length is counted in *elements*, so that arrays
//! of one shape are cut alike whatever their dtypes are and a task on one tile reads one tile of each.
//!
//! **Trade-offs** small tiles keep the working set of several successive statements in the L2 cache; a task must
//! still be long beside the cost of scheduling it. 10 240 elements are close to the best measured for both.

use std::ops::Range;

use array_core::Layout;

/// Elements of a tile unless the session says otherwise: 80 KiB of `f64`.
pub const TILE_ELEMS: usize = 10_240;

/// The cut of one storage: every tile has [`tile_elems`](Grid::tile_elems) elements, the last may have fewer.
///
/// ```
/// use tx_collections::Grid;
/// let grid = Grid::new(&[1000, 1000], 6144);
/// assert_eq!((grid.tile_elems(), grid.tiles()), (6000, 167)); // six rows a tile
/// assert_eq!(grid.range(166), 996_000..1_000_000);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    len: usize,
    tile_elems: usize,
    tiles: usize,
}

impl Grid {
    /// Cut an array of `shape` into tiles of about `target` elements (at least one).
    ///
    /// Rows (runs along the last axis) shorter than `target` are never divided.
    pub fn new(shape: &[usize], target: usize) -> Self {
        let target = target.max(1);
        let len: usize = shape.iter().product();
        if len <= target {
            // Without a division: most small arrays are made to be used once.
            return Self { len, tile_elems: len.max(1), tiles: usize::from(len > 0) };
        }
        let row = shape.last().copied().unwrap_or(1).max(1);
        let tile_elems = if row <= target { target / row * row } else { target };
        let tile_elems = tile_elems.min(len.max(1));
        Self { len, tile_elems, tiles: len.div_ceil(tile_elems) }
    }

    /// Elements of the whole storage.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether the storage has no element.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Elements of every tile but the last.
    pub fn tile_elems(&self) -> usize {
        self.tile_elems
    }

    /// How many tiles there are; none for an empty storage.
    pub fn tiles(&self) -> usize {
        self.tiles
    }

    /// The tile that holds element `address` (C order).
    pub fn tile_of(&self, address: usize) -> usize {
        address / self.tile_elems
    }

    /// The tiles from the one that holds the layout's lowest address to the one that holds its highest; none for no element.
    ///
    /// ```
    /// use array_core::{s, Layout};
    /// use tx_collections::Grid;
    /// let grid = Grid::new(&[100], 10);
    /// let part = Layout::contiguous(&[100])?.index(s![25..41].as_ref())?;
    /// assert_eq!(grid.tiles_of(&part), 2..5);
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    pub fn tiles_of(&self, layout: &Layout) -> Range<usize> {
        match layout.span(0..layout.len()) {
            Some((low, high)) => self.tile_of(low as usize)..self.tile_of(high as usize) + 1,
            None => 0..0,
        }
    }

    /// The element addresses of `tile`.
    pub fn range(&self, tile: usize) -> Range<usize> {
        let start = tile * self.tile_elems;
        start..(start + self.tile_elems).min(self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_partition_the_elements_and_short_rows_stay_whole() {
        for shape in
            [&[][..], &[0], &[1], &[7], &[100_000], &[3, 5], &[1000, 1000], &[2, 70_000], &[50, 3, 41]]
        {
            for target in [1, 2, 64, 6144] {
                let grid = Grid::new(shape, target);
                let mut next = 0;
                for tile in 0..grid.tiles() {
                    let range = grid.range(tile);
                    assert_eq!(range.start, next);
                    assert!(!range.is_empty());
                    assert_eq!((grid.tile_of(range.start), grid.tile_of(range.end - 1)), (tile, tile));
                    next = range.end;
                }
                assert_eq!(next, shape.iter().product::<usize>());
                let row = shape.last().copied().unwrap_or(1);
                if row > 0 && row <= target {
                    assert_eq!(grid.tile_elems() % row, 0, "{shape:?} cut at {}", grid.tile_elems());
                }
            }
        }
    }
}
