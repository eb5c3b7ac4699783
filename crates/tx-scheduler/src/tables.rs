//! The session's private storages: for each, which version its tiles have now.

use std::ops::Range;
use std::sync::{Arc, Weak};

use array_core::{DType, Dims, Layout, TileBuf};
use smallvec::SmallVec;
use tx_collections::{Dropped, Grid, Home, Storage, Whole};

use crate::error::SessionError;
use crate::graph::{Graph, NONE, StatementSeq, VersionId};
use crate::rows::ROW_BYTES;

/// The present versions of one storage.
#[derive(Debug)]
pub(crate) struct Table {
    /// Whose versions they are. Slots are no secret, so a storage is known by its address, which `Weak` keeps taken.
    storage: Weak<Storage>,
    pub(crate) dtype: DType,
    pub(crate) grid: Grid,
    /// One version a tile; [`NONE`] before the first write.
    pub(crate) versions: SmallVec<[VersionId; 2]>,
    /// The position (see `undo.rs`) of the value it began with, and of the last write.
    pub(crate) born: StatementSeq,
    pub(crate) written: StatementSeq,
    /// When the statement that wrote it last ended, if that was computed at once: see `inline.rs`.
    pub(crate) ends: u64,
    /// It was made after a statement that failed: it has no value.
    pub(crate) undone: bool,
}

impl Table {
    /// [`Grid::tiles_of`] a layout that has an element.
    pub(crate) fn tiles_of(&self, layout: &Layout) -> Range<usize> {
        // Most small arrays have one tile.
        if self.versions.len() == 1 { 0..1 } else { self.grid.tiles_of(layout) }
    }

    /// Whose versions they are.
    pub(crate) fn storage(&self) -> Weak<Storage> {
        self.storage.clone()
    }
}

/// All private storages of a session, by slot.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    tables: Vec<Option<Table>>,
    free: Vec<u32>,
    /// Bytes of all storages.
    pub(crate) bytes: usize,
    /// Where storages leave their slots when their last view goes.
    dropped: Dropped,
    /// Empty; kept for its memory.
    gone: Vec<u32>,
}

impl Tables {
    /// A new storage without versions.
    pub(crate) fn add(&mut self, dtype: DType, shape: &[usize], tile_elems: usize) -> (u32, Whole) {
        let grid = Grid::new(shape, tile_elems);
        // Without a call, as most are.
        let shape = match *shape {
            [] => Dims::new(),
            [n] => Dims::from_buf_and_len([n, 0, 0, 0], 1),
            _ => Dims::from_slice(shape),
        };
        let versions = match grid.tiles() {
            1 => SmallVec::from_buf_and_len([NONE; 2], 1),
            tiles => SmallVec::from_elem(NONE, tiles),
        };
        self.insert(dtype, shape, grid, versions, 0)
    }

    /// A new storage that starts with the versions of another: nothing is copied until one of them is written.
    pub(crate) fn share(&mut self, graph: &mut Graph, of: u32, shape: Dims) -> (u32, Whole) {
        let Table { dtype, grid, written, ref versions, .. } = *self.get(of);
        let versions = versions.clone();
        for &id in &versions {
            graph.share_version(id);
        }
        self.insert(dtype, shape, grid, versions, written)
    }

    /// The storage at `into` takes the versions of the one at `of`, which is cut alike: nothing is copied until one of the two
    /// is written.
    pub(crate) fn share_into(&mut self, graph: &mut Graph, of: u32, into: u32) {
        let versions = self.get(of).versions.clone();
        for &id in &versions {
            graph.share_version(id);
        }
        let old = std::mem::replace(&mut self.get_mut(into).versions, versions);
        for &id in old.iter().filter(|&&id| id != NONE) {
            drop(graph.release_version(id));
        }
    }

    fn insert(
        &mut self,
        dtype: DType,
        shape: Dims,
        grid: Grid,
        versions: SmallVec<[VersionId; 2]>,
        born: StatementSeq,
    ) -> (u32, Whole) {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.tables.push(None);
            u32::try_from(self.tables.len() - 1).expect("fewer than 2^32 storages")
        });
        self.bytes += grid.len() * dtype.size();
        let home = Home::Private { slot, dropped: self.dropped.clone() };
        let storage = Whole::new(dtype, shape, grid, home);
        let known = Arc::downgrade(storage.storage());
        self.tables[slot as usize] = Some(Table {
            storage: known,
            dtype,
            grid,
            versions,
            born,
            written: born,
            ends: 0,
            undone: false,
        });
        (slot, storage)
    }

    /// The slot of a storage of this session.
    pub(crate) fn slot_of(&self, storage: &Storage) -> Result<u32, SessionError> {
        let Home::Private { slot, .. } = storage.home() else { return Err(SessionError::ForeignView) };
        match self.tables.get(*slot as usize) {
            Some(Some(table)) if std::ptr::eq(table.storage.as_ptr(), storage) => {
                if table.undone {
                    Err(SessionError::Undone)
                } else {
                    Ok(*slot)
                }
            }
            _ => Err(SessionError::ForeignView),
        }
    }

    /// The table at `slot`, if it is still that of `storage`.
    pub(crate) fn same(&mut self, slot: u32, storage: &Weak<Storage>) -> Option<&mut Table> {
        let table = self.tables.get_mut(slot as usize)?.as_mut()?;
        Weak::ptr_eq(&table.storage, storage).then_some(table)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Table> {
        self.tables.iter_mut().flatten()
    }

    pub(crate) fn get(&self, slot: u32) -> &Table {
        self.tables[slot as usize].as_ref().expect("a view keeps its storage's slot")
    }

    pub(crate) fn get_mut(&mut self, slot: u32) -> &mut Table {
        self.tables[slot as usize].as_mut().expect("a view keeps its storage's slot")
    }

    /// Let go of the versions of storages that no view reaches any more. `keep` gets their blocks, but not those of rows: a few
    /// that are kept would keep the rest of their rows from being used again.
    #[inline]
    pub(crate) fn collect(&mut self, graph: &mut Graph, keep: impl FnMut(TileBuf)) {
        if !self.dropped.is_empty() {
            self.let_go(graph, keep);
        }
    }

    #[inline(never)]
    fn let_go(&mut self, graph: &mut Graph, mut keep: impl FnMut(TileBuf)) {
        let mut gone = std::mem::take(&mut self.gone);
        self.dropped.exchange(&mut gone);
        for slot in gone.drain(..) {
            // A stranger's storage may have named any slot.
            let Some(entry) = self.tables.get_mut(slot as usize) else { continue };
            let Some(table) = entry.take_if(|table| table.storage.strong_count() == 0) else { continue };
            let bytes = table.grid.len() * table.dtype.size();
            for &id in table.versions.iter().filter(|&&id| id != NONE) {
                let block = graph.release_version(id);
                if bytes < ROW_BYTES {
                    block.into_iter().for_each(&mut keep);
                }
            }
            self.bytes -= bytes;
            self.free.push(slot);
        }
        self.gone = gone;
    }
}
