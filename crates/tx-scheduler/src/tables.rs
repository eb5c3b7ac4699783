//! The session's private storages: for each, which version its tiles have now.

use array_core::{DType, Dims};
use tx_collections::{Dropped, Grid, Home, Storage};

use crate::graph::{Graph, NONE, StatementSeq, VersionId};

/// The present versions of one storage.
#[derive(Debug)]
pub(crate) struct Table {
    /// Whose versions they are. Slots are no secret, so a storage is known by its address, which `Weak` keeps taken.
    storage: Weak<Storage>,
    pub(crate) dtype: DType,
    pub(crate) grid: Grid,
    /// One version a tile; [`NONE`] before the first write.
    pub(crate) versions: Box<[VersionId]>,
    /// The last statement that touched it.
    pub(crate) last_use: StatementSeq,
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
    pub(crate) fn add(
        &mut self,
        dtype: DType,
        shape: Dims,
        tile_elems: usize,
    ) -> (u32, std::sync::Arc<Storage>) {
        let grid = Grid::new(&shape, tile_elems);
        let versions = vec![NONE; grid.tiles()].into_boxed_slice();
        self.insert(shape, Table { dtype, grid, versions, last_use: 0 })
    }

    /// A new storage that starts with the versions of another: nothing is copied until one of them is written.
    pub(crate) fn share(
        &mut self,
        graph: &mut Graph,
        of: u32,
        shape: Dims,
    ) -> (u32, std::sync::Arc<Storage>) {
        let Table { dtype, grid, ref versions, last_use } = *self.get(of);
        let versions = versions.clone();
        for &id in &versions {
            graph.share_version(id);
        }
        self.insert(shape, Table { dtype, grid, versions, last_use })
    }

    fn insert(&mut self, shape: Dims, table: Table) -> (u32, std::sync::Arc<Storage>) {
        let (dtype, grid) = (table.dtype, table.grid);
        let slot = match self.free.pop() {
            Some(slot) => {
                self.tables[slot as usize] = Some(table);
                slot
            }
            None => {
                self.tables.push(Some(table));
                u32::try_from(self.tables.len() - 1).expect("fewer than 2^32 storages")
            }
        };
        let home = Home::Private { slot, dropped: self.dropped.clone() };
        (slot, Storage::new(dtype, shape, grid, home))
    }

    /// The session's identity.
    pub(crate) fn owner(&self) -> Dropped {
        self.dropped.clone()
    }

    /// The slot of a storage of this session.
    pub(crate) fn slot_of(&self, storage: &Storage) -> Option<u32> {
        match storage.home() {
            Home::Private { slot, dropped } if dropped.is_same(&self.dropped) => Some(*slot),
            _ => None,
        }
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
            let table = self.tables[slot as usize].take().expect("a storage is dropped once");
            for &id in table.versions.iter().filter(|&&id| id != NONE) {
                drop(graph.release_version(id));
            }
            self.free.push(slot);
        }
    }
}
