//! The session's private storages: for each, which version its tiles have now.

use std::sync::{Arc, Weak};

use array_core::{DType, Dims};
use tx_collections::{Dropped, Grid, Home, Storage};

use crate::graph::{Graph, NONE, VersionId};

/// The present versions of one storage.
#[derive(Debug)]
pub(crate) struct Table {
    /// Whose versions they are. Slots are no secret, so a storage is known by its address, which `Weak` keeps taken.
    storage: Weak<Storage>,
    pub(crate) dtype: DType,
    pub(crate) grid: Grid,
    /// One version a tile; [`NONE`] before the first write.
    pub(crate) versions: Box<[VersionId]>,
}

/// All private storages of a session, by slot.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    tables: Vec<Option<Table>>,
    free: Vec<u32>,
    /// Where storages leave their slots when their last view goes.
    dropped: Dropped,
}

impl Tables {
    /// A new storage without versions.
    pub(crate) fn add(&mut self, dtype: DType, shape: Dims, tile_elems: usize) -> (u32, Arc<Storage>) {
        let grid = Grid::new(&shape, tile_elems);
        let versions = vec![NONE; grid.tiles()].into_boxed_slice();
        self.insert(dtype, shape, grid, versions)
    }

    /// A new storage that starts with the versions of another: nothing is copied until one of them is written.
    pub(crate) fn share(&mut self, graph: &mut Graph, of: u32, shape: Dims) -> (u32, Arc<Storage>) {
        let Table { dtype, grid, ref versions, .. } = *self.get(of);
        let versions = versions.clone();
        for &id in &versions {
            graph.share_version(id);
        }
        self.insert(dtype, shape, grid, versions)
    }

    fn insert(
        &mut self,
        dtype: DType,
        shape: Dims,
        grid: Grid,
        versions: Box<[VersionId]>,
    ) -> (u32, Arc<Storage>) {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.tables.push(None);
            u32::try_from(self.tables.len() - 1).expect("fewer than 2^32 storages")
        });
        let home = Home::Private { slot, dropped: self.dropped.clone() };
        let storage = Storage::new(dtype, shape, grid, home);
        let known = Arc::downgrade(&storage);
        self.tables[slot as usize] = Some(Table { storage: known, dtype, grid, versions });
        (slot, storage)
    }

    /// The slot of a storage of this session.
    pub(crate) fn slot_of(&self, storage: &Storage) -> Option<u32> {
        let Home::Private { slot, .. } = storage.home() else { return None };
        let table = self.tables.get(*slot as usize)?.as_ref()?;
        std::ptr::eq(table.storage.as_ptr(), storage).then_some(*slot)
    }

    pub(crate) fn get(&self, slot: u32) -> &Table {
        self.tables[slot as usize].as_ref().expect("a view keeps its storage's slot")
    }

    pub(crate) fn get_mut(&mut self, slot: u32) -> &mut Table {
        self.tables[slot as usize].as_mut().expect("a view keeps its storage's slot")
    }

    /// Let go of the versions of storages that no view reaches any more.
    pub(crate) fn collect(&mut self, graph: &mut Graph) {
        for slot in self.dropped.collect() {
            // A stranger's storage may have named any slot.
            let Some(entry) = self.tables.get_mut(slot as usize) else { continue };
            let Some(table) = entry.take_if(|table| table.storage.strong_count() == 0) else { continue };
            for &id in table.versions.iter().filter(|&&id| id != NONE) {
                drop(graph.release_version(id));
            }
            self.free.push(slot);
        }
    }
}
