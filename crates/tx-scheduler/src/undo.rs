//! Undoing what was recorded after a closure that failed.
//!
//! Statements after a closure run beside it, so when it fails at the front some of them may have run: serial execution would
//! not have reached them. While a closure has not committed, a statement therefore leaves the versions that it replaces to
//! this log: the log counts as a table that holds them, so they are neither overwritten nor recycled. When the closures before an entry
//! have committed, the entry goes.
//!
//! **Invariants**
//! - U1: a *position* is a number of statements recorded: the versions that statement `s` replaces stood in the table up to
//!   position `s`, those that it makes stand there from position `s + 1`. A closure `k` that fails brings back position `k`.
//! - U2: a version that a table held when a closure was recorded, and that no longer stands in it, is in the log until the closure
//!   has committed.
//! - U3: a closure publishes into its declared arrays only after its transaction has committed, so one that fails has changed
//!   nothing, and later ones never began.
//!
//! **Trade-offs** costs nothing where no closure waits; where one does, small writes copy their tiles and each replaced tile counts
//! against the window.

use std::collections::VecDeque;
use std::sync::Weak;

use tx_collections::Storage;

use crate::graph::{Graph, NONE, StatementSeq, VersionId};
use crate::session::Session;
use crate::tables::Tables;

/// What one statement replaced in one storage.
#[derive(Debug)]
struct Entry {
    position: StatementSeq,
    slot: u32,
    /// Slots are used again: this says whether it is still the same storage.
    storage: Weak<Storage>,
    replaced: Vec<(u32, VersionId)>,
}

/// Versions that may have to come back.
#[derive(Debug, Default)]
pub(crate) struct UndoLog {
    entries: VecDeque<Entry>,
    /// Closures that have not retired, in order.
    closures: VecDeque<StatementSeq>,
}

impl UndoLog {
    /// A closure was recorded.
    pub(crate) fn closure(&mut self, statement: StatementSeq) {
        self.closures.push_back(statement);
    }

    /// Keep versions that are about to leave the table at `slot`; each is shared already.
    pub(crate) fn keep(
        &mut self,
        tables: &Tables,
        slot: u32,
        position: StatementSeq,
        replaced: Vec<(u32, VersionId)>,
    ) {
        if !replaced.is_empty() {
            let storage = tables.get(slot).storage();
            self.entries.push_back(Entry { position, slot, storage, replaced });
        }
    }

    /// Let go of what no closure can bring back any more.
    pub(crate) fn settle(&mut self, graph: &mut Graph) {
        let oldest = graph.statements().start;
        while self.closures.front().is_some_and(|&closure| closure < oldest) {
            self.closures.pop_front();
        }
        let first = self.closures.front().copied().unwrap_or(StatementSeq::MAX);
        while self.entries.front().is_some_and(|entry| entry.position <= first) {
            let entry = self.entries.pop_front().expect("there is a front");
            for (_, id) in entry.replaced {
                drop(graph.release_version(id));
            }
        }
    }
}

impl Session {
    /// Bring back the state before the statement `failed`, a closure; everything before it has finished. What comes back is
    /// to be dropped last: it holds closures, whose destructors are the program's.
    #[must_use]
    pub(crate) fn undo(&mut self, failed: StatementSeq) -> impl Drop + use<> {
        self.undo_log.closures.clear();
        for entry in self.undo_log.entries.drain(..).rev() {
            let Some(table) = self.tables.same(entry.slot, &entry.storage) else { continue };
            if entry.position > failed {
                for (tile, id) in entry.replaced {
                    table.versions[tile as usize] = id;
                }
            }
        }
        let held = self.tables.undo(failed, self.graph.version_count());
        self.runner.ready.clear();
        self.runner.early.clear();
        self.runner.desks().for_each(|desk| desk.died.clear());
        self.commits.clear();
        self.last_commit = 0;
        (self.live_bytes, self.effort) = (0, 0);
        self.graph.abandon(&held)
    }
}

impl Tables {
    /// Mark the storages that began after `failed` as undone, and count how many tables hold each of `versions` versions.
    fn undo(&mut self, failed: StatementSeq, versions: usize) -> Vec<u32> {
        let mut held = vec![0; versions];
        for table in self.iter_mut() {
            if table.born > failed {
                table.undone = true;
                table.versions.fill(NONE);
            }
            for &id in table.versions.iter().filter(|&&id| id != NONE) {
                held[id as usize] += 1;
            }
        }
        held
    }
}
