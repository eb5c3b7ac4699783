//! Memory for the new tiles of a large array that stays: in rows, whatever the order and the threads in which they are computed.
//!
//! Statements are recorded together and run together, so tiles taken one by one would lie as their turns came, those of three arrays
//! mixed; who then reads one array pays for it ([`BlockPool::take_row`] has the figures of the kernels).
//!
//! A row is taken when the first of its tiles is asked for. Where an array is written again, memory that just died on a worker is better
//! than a row's: who asks here then had none. Whoever asks reads nothing that is about to die. What is left of a row when the statement is forgotten goes back with the rest
//! of it.
//!
//! **Trade-offs** a row is used again as a whole, so a tile that outlives the others keeps all of it. Where much is kept so
//! ([`BlockPool::dead_row_bytes`]), tiles are taken one by one, until it is less.

use array_core::{ArrayError, BlockPool, DType, TileBuf};
use tx_collections::Grid;
use tx_runtime::park::Mutex;

use crate::statement::Target;

/// Bytes of a row: two huge pages. Less is not laid in rows.
pub(crate) const ROW_BYTES: usize = 4 << 20;

/// Rows are taken while no more of those in use is dead than this, or a quarter of them.
const DEAD_BYTES: usize = 64 << 20;

/// Rows of an array that are taken all at once.
const FEW: usize = 4;

/// The rows of one statement's target. Each has a lock of its own: workers are far apart, and whoever had to wait would sleep.
#[derive(Debug)]
pub(crate) struct Rows {
    /// Nothing was written to the array before.
    first: bool,
    /// Tiles of a row; the last may have fewer.
    per_row: usize,
    /// For each row its tiles that nobody has asked for; none before it is taken.
    rows: Box<[Mutex<Vec<Option<TileBuf>>>]>,
}

impl Rows {
    /// Rows for a statement that writes `len` elements of `dtype` to an array cut by `grid`, as the `first` one or not, if they are
    /// worth it.
    pub(crate) fn new(dtype: DType, len: usize, grid: &Grid, first: bool) -> Option<Rows> {
        if len * dtype.size() < ROW_BYTES {
            return None;
        }
        let tile_bytes = grid.tile_elems().checked_mul(dtype.size())?;
        let (per_row, whole) = (ROW_BYTES / tile_bytes, grid.len() / grid.tile_elems());
        let row = |_| Mutex::default();
        (per_row > 1).then(|| Rows { first, per_row, rows: (0..whole.div_ceil(per_row)).map(row).collect() })
    }

    /// Whether the statement is the first that writes to its array.
    pub(crate) fn are_first(&self) -> bool {
        self.first
    }

    /// Memory for a tile of `target`.
    pub(crate) fn take(&self, target: &Target, tile: usize) -> Result<TileBuf, ArrayError> {
        let (row, at) = (tile / self.per_row, tile % self.per_row);
        if let Some(tiles) = self.rows.get(row) {
            let mut tiles = tiles.lock();
            if tiles.is_empty() {
                if self.rows.len() <= FEW {
                    drop(tiles);
                    self.lay_all(target)?;
                    tiles = self.rows[row].lock();
                } else {
                    self.lay(target, row, &mut tiles)?;
                }
            }
            if let Some(tile) = tiles.get_mut(at).and_then(Option::take) {
                return Ok(tile);
            }
        }
        // Also the last tile, which is shorter than the others.
        BlockPool::shared().take(target.dtype, target.elems_of(tile))
    }

    /// Takes a row, if too much is not dead already.
    fn lay(&self, target: &Target, row: usize, tiles: &mut Vec<Option<TileBuf>>) -> Result<(), ArrayError> {
        let pool = BlockPool::shared();
        if pool.dead_row_bytes() <= DEAD_BYTES.max(pool.row_bytes() / 4) {
            let count = self.per_row.min(target.len / target.tile_elems - row * self.per_row);
            let new = pool.take_row(target.dtype, target.tile_elems, count)?;
            tiles.extend(new.into_iter().map(Some));
        }
        Ok(())
    }

    /// Takes all rows that are not taken yet, the last one first: an array that dies gives its first one back first, and the pool gives
    /// what came last, so each row of the next array lies where that of the last one did.
    fn lay_all(&self, target: &Target) -> Result<(), ArrayError> {
        // Who has one lock asks for no other, but here, where they are taken in order.
        let mut rows: Vec<_> = self.rows.iter().map(Mutex::lock).collect();
        for (row, tiles) in rows.iter_mut().enumerate().rev().filter(|(_, tiles)| tiles.is_empty()) {
            self.lay(target, row, tiles)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use array_core::Array;
    use tx_collections::View;

    use super::*;
    use crate::config::Config;
    use crate::session::Session;

    /// The tests look at where the pool of the process has memory.
    static POOL: Mutex<()> = Mutex::new(());

    /// Where the tiles of an array lie.
    fn places(session: &Session, view: &View) -> Vec<*const u8> {
        let table = session.tables.get(session.slot_of(view.storage()).unwrap());
        table.versions.iter().map(|&id| session.graph.version(id).bytes()).collect()
    }

    /// How many tiles of an array are not followed by its next one.
    fn ends(session: &Session, view: &View) -> usize {
        let tile_bytes = 8 * session.config.tile_elems;
        let places = places(session, view);
        places.windows(2).filter(|pair| pair[0].wrapping_add(tile_bytes) != pair[1]).count()
    }

    #[test]
    fn arrays_that_are_made_together_lie_in_rows_and_leave_them_for_the_next() {
        let _alone = POOL.lock();
        let len = 3 * (ROW_BYTES / 8) + 1000;
        for threads in [1, 3] {
            let mut session = Session::new(Config::threads(threads).unwrap());
            let values = Array::linspace(0.0, 1.0, len).eval().unwrap();
            for _ in 0..4 {
                let views: Vec<_> = (0..3).map(|k| session.array(&values * f64::from(k)).unwrap()).collect();
                session.finish().unwrap();
                // Three rows and a shorter tile.
                views.iter().for_each(|view| assert!(ends(&session, view) <= 3, "{threads} threads"));
            }
        }
    }

    #[test]
    fn new_arrays_lie_in_rows_while_others_die_beside_them() {
        let _alone = POOL.lock();
        let len = 3 * (ROW_BYTES / 8) + 1000;
        for threads in [1, 3] {
            let mut session = Session::new(Config::threads(threads).unwrap());
            let values = Array::linspace(0.0, 1.0, len).eval().unwrap();
            let [a, b, out] = [1.0, 2.0, 3.0].map(|k| session.array(&values * k).unwrap());
            // Of its first value each tile dies on the worker that makes the next ones of the others.
            session.assign(&out, a.read() + b.read()).unwrap();
            let c = session.array(a.read() * b.read()).unwrap();
            session.finish().unwrap();
            [a, b, c].iter().for_each(|view| assert!(ends(&session, view) <= 3, "{threads} threads"));
        }
    }

    #[test]
    fn the_rows_of_an_array_lie_where_those_of_the_last_one_did() {
        let _alone = POOL.lock();
        let len = 2 * (ROW_BYTES / 8);
        for threads in [1, 3] {
            let mut session = Session::new(Config::threads(threads).unwrap());
            let values = Array::linspace(0.0, 1.0, len).eval().unwrap();
            // The tiles of a result that is forgotten before the next one is made.
            let mut made = || {
                let view = session.array(&values * 2.0).unwrap();
                session.finish().unwrap();
                places(&session, &view)
            };
            let first = made();
            assert!((0..6).all(|_| made() == first), "{threads} threads");
        }
    }
}
