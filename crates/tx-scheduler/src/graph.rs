//! The task graph: versions of tiles, tasks that make them, and the edges between.
//!
//! The graph has two phases. While statements are *recorded* one thread owns it (`&mut Graph`) and adds versions,
//! tasks and edges. While it *runs*, workers share it (`&Graph`): its structure stands still, and they change only
//! what the run invariants allow. So recording needs no lock and running no allocation.
//!
//! **Invariants**
//! - G1: structure (the vectors, edge lists, access lists) changes only under `&mut Graph`.
//! - G2: a version's block is written only by a task whose edges order it after every other unfinished task that
//!   accesses the version, and read only by tasks ordered after that writer.
//! - G3: `refs` counts the tables that hold a version plus the unfinished tasks that access it; who brings it to
//!   zero owns the block. While running it only falls, so a task that reads 1 is alone with its version.
//! - G4: `pending` counts the unfinished tasks with an edge to the task; who brings it to zero may run it, once.
//!
//! **Orderings** the `AcqRel` decrement of `pending` and `refs` joins the writes of all earlier decrementers, so
//! who reaches zero sees every block, partial result and flag its predecessors wrote.

mod draft;
mod lists;

pub(crate) use draft::Draft;

use std::collections::VecDeque;

use array_core::TileBuf;
use lists::{List, Lists};
use tx_runtime::sync::UnsafeCell;
use tx_runtime::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::lines::Lines;
use crate::statement::Statement;
use crate::trace::Dependence;

/// A place in [`Graph::versions`].
pub(crate) type VersionId = u32;
/// Position of a task in program order, never reused.
pub(crate) type TaskSeq = u64;
/// Position of a statement in program order, never reused.
pub(crate) type StatementSeq = u64;

/// No version, no edge.
pub(crate) const NONE: u32 = u32::MAX;
/// A task that finished before anybody can ask.
const DONE: TaskSeq = 0;
/// So many readers of a version are kept before it is looked which of them have retired.
const READERS: u32 = 64;

/// One value of one tile. In a line of the cache.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct Version {
    /// The elements; `None` before the writer ran and after the version died. Guarded by G2 and G3.
    block: UnsafeCell<Option<TileBuf>>,
    /// G3.
    pub(crate) refs: AtomicU32,
    /// Tables that hold it: more than one while a snapshot shares it. Changed while recording only.
    pub(crate) tables: u32,
    /// The last task that writes it. Recording only.
    writer: TaskSeq,
    /// Edge list of the tasks that read it since, newest first. Recording only.
    readers: u32,
    /// How many more may be added before those that have retired are forgotten. Recording only.
    room: u32,
}

// SAFETY: the block is reached only under G2 and G3, which order every write before and after every other access.
unsafe impl Sync for Version {}

impl Version {
    /// The elements, for a task that is ordered after the writer.
    ///
    /// # Panics
    /// If it was not written: an edge is missing.
    pub(crate) fn bytes(&self) -> *const u8 {
        self.block.with(|block| {
            // SAFETY: G2, the writer is done and nobody writes while a reader is unfinished.
            let block = unsafe { (*block).as_ref() };
            block.expect("a version is written before it is read").as_ptr()
        })
    }

    /// The elements for writing in place.
    ///
    /// # Safety
    /// The caller is the version's only unfinished accessor (G2).
    pub(crate) unsafe fn bytes_mut(&self) -> *mut u8 {
        self.block.with_mut(|block| {
            // SAFETY: by the caller's promise nobody else looks at the cell.
            let block = unsafe { (*block).as_mut() };
            block.expect("a version is written before it is overwritten").as_mut_ptr()
        })
    }

    /// Take the block out.
    ///
    /// # Safety
    /// The caller is the version's only accessor, or brought `refs` to zero (G2, G3).
    pub(crate) unsafe fn take(&self) -> Option<TileBuf> {
        // SAFETY: by the caller's promise nobody else looks at the cell.
        self.block.with_mut(|block| unsafe { (*block).take() })
    }

    /// Publish the block; the decrements of `pending` that follow make it visible.
    ///
    /// # Safety
    /// The caller is the version's writer and has not finished (G2).
    pub(crate) unsafe fn put(&self, new: TileBuf) {
        // SAFETY: by the caller's promise nobody else looks at the cell.
        self.block.with_mut(|block| unsafe { *block = Some(new) });
    }
}

/// What a task does; the statement holds what all its tasks share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// Compute the elements `start..end` of the statement's iteration space into one new tile version.
    /// `keeps` says that the old version's other elements stay.
    Tile { tile: u32, start: usize, end: usize, keeps: bool },
    /// Compute all elements of one tile into the version that is there, which nobody reads any more.
    Over { tile: u32, start: usize, end: usize },
    /// Compute all elements of neighbouring tiles, which lie alike in all sources: into new versions or, `over`, into those that
    /// are there, which nobody reads any more.
    Tiles { first_tile: u32, tiles: u32, start: usize, end: usize, over: bool },
    /// Compute the elements and write them in place, over the `tiles` they lie in.
    Scatter { first_tile: u32, tiles: u32, start: usize, end: usize },
    /// One node of a reduction tree.
    Node { node: u32, start: usize, end: usize },
    /// Fold the nodes into the result.
    Fold,
    /// Run a closure on a snapshot, without committing.
    Speculate,
    /// Commit a closure at the front, running it (again) if it must.
    Commit,
}

impl Work {
    /// Where in the iteration space it begins.
    pub(crate) fn first(self) -> usize {
        match self {
            Work::Tile { start, .. }
            | Work::Over { start, .. }
            | Work::Tiles { start, .. }
            | Work::Scatter { start, .. }
            | Work::Node { start, .. } => start,
            Work::Fold | Work::Speculate | Work::Commit => 0,
        }
    }

    /// How many elements it computes; a closure counts as very many.
    pub(crate) fn elements(self) -> usize {
        match self {
            Work::Tile { start, end, .. }
            | Work::Over { start, end, .. }
            | Work::Tiles { start, end, .. }
            | Work::Scatter { start, end, .. }
            | Work::Node { start, end, .. } => end - start,
            Work::Fold => 1,
            Work::Speculate | Work::Commit => usize::MAX,
        }
    }
}

/// One unit of work. In a line of the cache.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct Task {
    /// G4.
    pub(crate) pending: AtomicU32,
    pub(crate) done: AtomicBool,
    pub(crate) statement: StatementSeq,
    pub(crate) work: Work,
    /// The tasks that wait for this one.
    dependents: u32,
    /// See [`Graph::accesses`].
    accesses: List,
    /// Where [`Graph::firsts`] begin.
    firsts: u32,
}

const _: () = assert!(size_of::<Version>() == 64 && size_of::<Task>() == 64, "a line each");

/// A link of a list of tasks.
#[derive(Debug, Clone, Copy)]
struct Edge {
    to: TaskSeq,
    next: u32,
}

/// Versions, tasks, edges and statements of one session.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    versions: Vec<Version>,
    free_versions: Vec<VersionId>,
    tasks: VecDeque<Task>,
    /// Sequence number of `tasks[0]`; everything before is done.
    base: TaskSeq,
    edges: Vec<Edge>,
    free_edges: u32,
    /// What the tasks access, and where it lies.
    accesses: Lists,
    firsts: Lists,
    statements: VecDeque<Statement>,
    statement_base: StatementSeq,
    pub(crate) lines: Lines,
    /// Every dependence that was recorded, for a trace.
    pub(crate) dependences: Option<Vec<Dependence>>,
    #[cfg(feature = "faults")]
    pub(crate) faults: crate::faults::Faults,
}

impl Graph {
    pub(crate) fn new() -> Self {
        // Sequence number 0 is `DONE`.
        Self { base: 1, free_edges: NONE, ..Self::default() }
    }

    // ---- looking (both phases) ----

    pub(crate) fn version(&self, id: VersionId) -> &Version {
        &self.versions[id as usize]
    }

    pub(crate) fn task(&self, seq: TaskSeq) -> &Task {
        &self.tasks[(seq - self.base) as usize]
    }

    /// The versions a task holds a reference to: those it writes, then those it reads, source after source.
    #[inline]
    pub(crate) fn accesses(&self, task: &Task) -> &[VersionId] {
        self.accesses.get(task.accesses)
    }

    /// For each of a task's `sources`: the first tile it reads there, and where its versions begin among those of all sources.
    /// Not noted for a task that reads of every source the one tile that it writes (`Target::alike`).
    #[inline]
    pub(crate) fn firsts(&self, task: &Task, sources: usize) -> &[u32] {
        self.firsts.get(List::at(task.firsts, 2 * sources))
    }

    pub(crate) fn statement(&self, seq: StatementSeq) -> &Statement {
        &self.statements[(seq - self.statement_base) as usize]
    }

    /// The statements from the oldest that has not retired; empty when nothing is recorded.
    pub(crate) fn statements(&self) -> std::ops::Range<StatementSeq> {
        self.statement_base..self.statement_base + self.statements.len() as StatementSeq
    }

    /// The sequence number of the next task.
    pub(crate) fn next_task(&self) -> TaskSeq {
        self.base + self.tasks.len() as TaskSeq
    }

    /// How many tasks have not retired.
    pub(crate) fn tasks_held(&self) -> usize {
        self.tasks.len()
    }

    /// Call `f` for each task that waits for `task`.
    #[inline]
    pub(crate) fn for_each_dependent(&self, task: &Task, mut f: impl FnMut(TaskSeq, &Task)) {
        let mut edge = task.dependents;
        while edge != NONE {
            let Edge { to, next } = self.edges[edge as usize];
            f(to, self.task(to));
            edge = next;
        }
    }

    /// Whether what `task` writes to `id` stays there: a table holds it, and nobody has been recorded who reads or changes it.
    pub(crate) fn is_last_word(&self, task: &Task, id: VersionId) -> bool {
        // Who reads it waits for its writer, and so does who writes on.
        task.dependents == NONE && self.version(id).tables > 0
    }

    pub(crate) fn is_unfinished(&self, seq: TaskSeq) -> bool {
        seq >= self.base && !self.task(seq).done.load(Ordering::Relaxed)
    }

    /// Whether the elements of `id` are there and no unfinished task changes them.
    pub(crate) fn is_settled(&self, id: VersionId) -> bool {
        id != NONE && !self.is_unfinished(self.version(id).writer)
    }

    /// Whether no unfinished task touches `id` and one table alone holds it.
    pub(crate) fn is_alone(&self, id: VersionId) -> bool {
        id != NONE && self.version(id).refs.load(Ordering::Relaxed) == 1 && self.is_settled(id)
    }

    /// Whether nobody has been recorded that reads what an unfinished task writes to `id`.
    pub(crate) fn is_unread(&self, id: VersionId) -> bool {
        self.version(id).readers == NONE && !self.is_settled(id)
    }

    /// Whether the last task that writes `id` comes after `task`.
    pub(crate) fn is_written_after(&self, id: VersionId, task: TaskSeq) -> bool {
        self.version(id).writer > task
    }

    /// The readers that are kept of a version.
    #[cfg(test)]
    fn readers_of(&self, id: VersionId) -> usize {
        let next = |&at: &u32| Some(self.edges[at as usize].next).filter(|&next| next != NONE);
        std::iter::successors(Some(self.version(id).readers).filter(|&head| head != NONE), next).count()
    }

    /// How many versions there are places for.
    pub(crate) fn version_count(&self) -> usize {
        self.versions.len()
    }

    /// Whether closures are speculated that would not be worth it.
    pub(crate) fn forces_speculation(&self) -> bool {
        #[cfg(feature = "faults")]
        return self.faults.forces_speculation();
        #[cfg(not(feature = "faults"))]
        false
    }

    // ---- recording ----

    /// A version held by one table, with no elements yet.
    pub(crate) fn add_version(&mut self) -> VersionId {
        match self.free_versions.pop() {
            Some(id) => {
                let version = &mut self.versions[id as usize];
                debug_assert!(version.tables == 0 && *version.refs.get_mut() == 0, "version {id} is in use");
                // Its block was taken when it died; nothing is read here, so nothing waits for memory.
                *version.refs.get_mut() = 1;
                (version.tables, version.writer) = (1, DONE);
                (version.readers, version.room) = (NONE, READERS);
                id
            }
            None => {
                self.versions.push(Version {
                    block: UnsafeCell::new(None),
                    refs: AtomicU32::new(1),
                    tables: 1,
                    writer: DONE,
                    readers: NONE,
                    room: READERS,
                });
                u32::try_from(self.versions.len() - 1).expect("fewer than 2^32 live tile versions")
            }
        }
    }

    /// A version held by one table that has its elements from the start.
    pub(crate) fn add_settled_version(&mut self, block: TileBuf) -> VersionId {
        let id = self.add_version();
        // SAFETY: `&mut self`, and nobody else knows the version yet.
        unsafe { self.versions[id as usize].put(block) };
        id
    }

    /// One more table holds `id`.
    pub(crate) fn share_version(&mut self, id: VersionId) {
        let version = &mut self.versions[id as usize];
        version.tables += 1;
        *version.refs.get_mut() += 1;
    }

    /// A table lets `id` go. The block comes back if nothing else needs it.
    pub(crate) fn release_version(&mut self, id: VersionId) -> Option<TileBuf> {
        let version = &mut self.versions[id as usize];
        version.tables -= 1;
        *version.refs.get_mut() -= 1;
        let dead = *version.refs.get_mut() == 0;
        if version.tables == 0 {
            // Nobody can write it in place any more: its readers need not be known.
            let readers = std::mem::replace(&mut version.readers, NONE);
            self.free_edge_list(readers);
        }
        if !dead {
            return None;
        }
        self.free_versions.push(id);
        // SAFETY: `&mut self`, and no reference is left (G3).
        unsafe { self.versions[id as usize].take() }
    }

    /// Return the ids of versions that died while running.
    pub(crate) fn reuse_versions(&mut self, ids: &mut Vec<VersionId>) {
        self.free_versions.append(ids);
    }

    /// Add the statement whose tasks were pushed last; it is number `statements().end`.
    pub(crate) fn add_statement(&mut self, statement: Statement) -> StatementSeq {
        self.statements.push_back(statement);
        self.statements().end - 1
    }

    /// Forget finished tasks and statements at the front. Calls `f` for every retired statement.
    pub(crate) fn retire(&mut self, mut f: impl FnMut(Statement)) {
        let mut finished = 0;
        while let Some(task) = self.tasks.get_mut(finished)
            && *task.done.get_mut()
        {
            let edges = task.dependents;
            self.free_edge_list(edges);
            finished += 1;
        }
        // Dropped where they are: taken out one by one each would be copied.
        self.tasks.drain(..finished);
        self.base += finished as TaskSeq;
        let oldest = self.tasks.front();
        self.accesses.forget_before(oldest.map(|task| task.accesses));
        self.firsts.forget_before(oldest.map(|task| List::at(task.firsts, 0)));
        while self.statements.front_mut().is_some_and(|s| *s.left.get_mut() == 0) {
            let statement = self.statements.pop_front().expect("there is a front");
            self.statement_base += 1;
            f(statement);
        }
    }

    /// Forget what has not run, and what did and is not wanted; `held` says how many tables hold each version now. What comes
    /// back holds closures.
    pub(crate) fn abandon(&mut self, held: &[u32]) -> VecDeque<Statement> {
        self.free_versions.clear();
        for (id, (version, &tables)) in self.versions.iter_mut().zip(held).enumerate() {
            *version.refs.get_mut() = tables;
            (version.tables, version.writer, version.readers) = (tables, DONE, NONE);
            if tables == 0 {
                // SAFETY: `&mut self`, and no reference is left (G3).
                drop(unsafe { version.take() });
                self.free_versions.push(id as VersionId);
            }
        }
        (self.base, self.statement_base, self.free_edges) = (self.next_task(), self.statements().end, NONE);
        self.tasks.clear();
        self.edges.clear();
        self.accesses.forget_before(None);
        self.firsts.forget_before(None);
        std::mem::take(&mut self.statements)
    }

    /// Drop everything that has not run (after a failure): no task is ready afterwards.
    pub(crate) fn clear(&mut self) {
        let (lines, dependences) = (std::mem::take(&mut self.lines), self.dependences.take());
        let (base, statement_base) = (self.next_task(), self.statements().end);
        *self = Self { base, statement_base, lines, dependences, ..Self::new() };
    }
}
