//! Recording a task: what it reads and writes, and what it waits for.
//!
//! A task is drafted beside the graph and pushed when it is complete, so its own record is reached directly. The edges to it
//! name the number that it will have: nobody looks at them before it is pushed (`&mut Graph`).

use tx_runtime::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::lists::List;
use super::{DONE, Edge, Graph, NONE, READERS, StatementSeq, Task, TaskSeq, VersionId, Work};

/// A task that is being recorded; the next that is pushed.
#[derive(Debug)]
pub(crate) struct Draft {
    /// Its number, once it is pushed.
    pub(crate) seq: TaskSeq,
    task: Task,
    firsts: List,
}

impl Draft {
    /// How many accesses there are so far.
    pub(crate) fn accesses(&self) -> usize {
        self.task.accesses.len()
    }
}

impl Graph {
    /// A task with no edges and no accesses yet, of the statement that will be added next.
    pub(crate) fn draft(&self, work: Work) -> Draft {
        let statement: StatementSeq = self.statements().end;
        let firsts = self.firsts.begin();
        Draft {
            firsts,
            seq: self.next_task(),
            task: Task {
                pending: AtomicU32::new(0),
                done: AtomicBool::new(false),
                statement,
                work,
                dependents: NONE,
                accesses: self.accesses.begin(),
                firsts: firsts.start(),
            },
        }
    }

    /// The versions that `draft` reads next are those of one more source: its `first` tile, and where they begin behind the
    /// `written` versions.
    #[inline]
    pub(crate) fn begin_source(&mut self, draft: &mut Draft, first: usize, written: usize) {
        let begin = draft.accesses() - written;
        self.firsts.push(&mut draft.firsts, first as u32);
        self.firsts.push(&mut draft.firsts, begin as u32);
    }

    /// The task is complete. Whether nothing keeps it from running.
    // Not inlined: a task is copied once more where it is.
    #[inline(never)]
    pub(crate) fn push(&mut self, draft: Draft) -> bool {
        debug_assert!(draft.seq == self.next_task(), "tasks are pushed in the order of their numbers");
        let ready = draft.task.pending.load(Ordering::Relaxed) == 0;
        self.tasks.push_back(draft.task);
        ready
    }

    /// `draft` reads `id`: it runs after the writer, and later in-place writers run after it.
    pub(crate) fn add_read(&mut self, draft: &mut Draft, id: VersionId) {
        let writer = self.access(draft, id);
        self.add_edge(writer, draft);
        let readers = self.versions[id as usize].readers;
        if readers != NONE && self.edges[readers as usize].to < self.oldest_named() {
            // The newest has retired, so all have, and nobody needs to wait for it: its link is used again. Statements that come
            // one by one to large arrays would else meet a link in cold memory for every tile.
            self.edges[readers as usize].to = draft.seq;
            return;
        }
        self.add_reader(draft, id);
    }

    /// Put `draft` in front of the readers of `id`.
    fn add_reader(&mut self, draft: &Draft, id: VersionId) {
        if self.versions[id as usize].room == 0 {
            self.forget_readers(id);
        }
        let next = self.versions[id as usize].readers;
        let reader = self.push_edge(draft.seq, next);
        let version = &mut self.versions[id as usize];
        (version.readers, version.room) = (reader, version.room - 1);
    }

    /// The oldest task that a dependence may name: a trace has those on what has retired too.
    #[inline]
    fn oldest_named(&self) -> TaskSeq {
        if self.dependences.is_some() { DONE } else { self.base }
    }

    /// Forget the readers of `id` that have retired: nobody needs to wait for them. As many as are left may be added before the
    /// next time, so that a reader costs a constant and what is never written keeps no more than twice those that wait.
    #[cold]
    fn forget_readers(&mut self, id: VersionId) {
        let oldest = self.oldest_named();
        let (mut kept, mut last) = (0, NONE);
        let mut at = self.versions[id as usize].readers;
        // Newest first, so all that follow the first that has retired have.
        while at != NONE && self.edges[at as usize].to >= oldest {
            (kept, last) = (kept + 1, at);
            at = self.edges[at as usize].next;
        }
        match last {
            NONE => self.versions[id as usize].readers = NONE,
            last => self.edges[last as usize].next = NONE,
        }
        self.free_edge_list(at);
        self.versions[id as usize].room = READERS.max(kept);
    }

    /// `draft` makes a new version, which one table will hold.
    #[inline]
    pub(crate) fn add_creation(&mut self, draft: &mut Draft) -> VersionId {
        let id = self.add_version();
        self.access(draft, id);
        self.versions[id as usize].writer = draft.seq;
        id
    }

    /// `draft` writes `id` in place: it runs after the last writer and all readers since.
    pub(crate) fn add_overwrite(&mut self, draft: &mut Draft, id: VersionId) {
        let writer = self.access(draft, id);
        self.add_edge(writer, draft);
        let readers = std::mem::replace(&mut self.versions[id as usize].readers, NONE);
        let mut at = readers;
        while at != NONE {
            let Edge { to, next } = self.edges[at as usize];
            self.add_edge(to, draft);
            at = next;
        }
        self.free_edge_list(readers);
        self.versions[id as usize].writer = draft.seq;
    }

    /// [`add_read`](Graph::add_read) where no unfinished task writes `id`: there is nobody to wait for.
    #[inline]
    pub(crate) fn add_settled_read(&mut self, draft: &mut Draft, id: VersionId) {
        if self.dependences.is_some() {
            return self.add_read(draft, id);
        }
        self.access(draft, id);
        match self.edges.get_mut(self.versions[id as usize].readers as usize) {
            // As in `add_read`.
            Some(newest) if newest.to < self.base => newest.to = draft.seq,
            _ => self.add_reader(draft, id),
        }
    }

    /// [`add_overwrite`](Graph::add_overwrite) where no unfinished task touches `id`.
    #[inline]
    pub(crate) fn add_overwrite_alone(&mut self, draft: &mut Draft, id: VersionId) {
        if self.dependences.is_some() {
            return self.add_overwrite(draft, id);
        }
        self.access(draft, id);
        let version = &mut self.versions[id as usize];
        version.writer = draft.seq;
        let readers = std::mem::replace(&mut version.readers, NONE);
        if readers != NONE {
            self.free_edge_list(readers);
        }
    }

    /// `draft` holds a reference to `id`. The version's last writer so far.
    #[inline]
    fn access(&mut self, draft: &mut Draft, id: VersionId) -> TaskSeq {
        let version = &mut self.versions[id as usize];
        *version.refs.get_mut() += 1;
        self.accesses.push(&mut draft.task.accesses, id);
        version.writer
    }

    /// `draft` runs after `before`, unless that has finished. (A task that reads what it overwrites meets itself.)
    pub(crate) fn add_edge(&mut self, before: TaskSeq, draft: &mut Draft) {
        if before == draft.seq || before == DONE {
            return;
        }
        if let Some(all) = &mut self.dependences {
            all.push((before, draft.seq));
        }
        if before < self.base {
            return;
        }
        debug_assert!(before < draft.seq, "edges follow program order");
        let earlier = &mut self.tasks[(before - self.base) as usize];
        let next = earlier.dependents;
        // Edges are added for one task at a time, so a second edge between the two would meet the first at the head.
        if *earlier.done.get_mut() || (next != NONE && self.edges[next as usize].to == draft.seq) {
            return;
        }
        #[cfg(feature = "faults")]
        if self.faults.drops_this_edge() {
            return;
        }
        let edge = self.push_edge(draft.seq, next);
        self.tasks[(before - self.base) as usize].dependents = edge;
        *draft.task.pending.get_mut() += 1;
    }

    #[inline]
    fn push_edge(&mut self, to: TaskSeq, next: u32) -> u32 {
        let edge = Edge { to, next };
        if self.free_edges == NONE {
            self.edges.push(edge);
            u32::try_from(self.edges.len() - 1).expect("fewer than 2^32 edges at once")
        } else {
            let at = self.free_edges;
            self.free_edges = self.edges[at as usize].next;
            self.edges[at as usize] = edge;
            at
        }
    }

    pub(super) fn free_edge_list(&mut self, head: u32) {
        let mut at = head;
        while at != NONE {
            let next = self.edges[at as usize].next;
            self.edges[at as usize].next = self.free_edges;
            self.free_edges = at;
            at = next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_that_is_never_written_forgets_the_readers_that_have_retired() {
        let mut graph = Graph::new();
        let id = graph.add_version();
        for _ in 0..10_000 {
            let mut task = graph.draft(Work::Fold);
            graph.add_read(&mut task, id);
            assert!(graph.push(task), "nobody writes it");
            let task = graph.tasks.back_mut().unwrap();
            *task.done.get_mut() = true;
            graph.retire(|_| ());
        }
        assert_eq!((graph.readers_of(id), graph.edges.len()), (1, 1), "the link of the last is used again");
        // Two at a time: the newer keeps the older, until there are too many.
        for _ in 0..1000 {
            let first = graph.next_task();
            for _ in 0..2 {
                let mut task = graph.draft(Work::Fold);
                graph.add_read(&mut task, id);
                assert!(graph.push(task));
            }
            for seq in first..first + 2 {
                let base = graph.base;
                *graph.tasks[(seq - base) as usize].done.get_mut() = true;
            }
            graph.retire(|_| ());
        }
        assert!(graph.readers_of(id) <= READERS as usize && graph.edges.len() <= 2 * READERS as usize);
        // Those that have not retired are kept, however many.
        let first = graph.next_task();
        for _ in 0..1000 {
            let mut task = graph.draft(Work::Fold);
            graph.add_read(&mut task, id);
            graph.push(task);
        }
        assert!(graph.readers_of(id) >= 1000);
        let mut writer = graph.draft(Work::Fold);
        graph.add_overwrite(&mut writer, id);
        assert!(!graph.push(writer));
        let mut waits = 0;
        (first..first + 1000).for_each(|seq| graph.for_each_dependent(graph.task(seq), |_, _| waits += 1));
        assert_eq!(waits, 1000, "the writer waits for every reader");
    }

    #[test]
    fn what_somebody_waits_for_or_nobody_holds_is_not_the_last_word() {
        let mut graph = Graph::new();
        let write = |graph: &mut Graph| {
            let mut task = graph.draft(Work::Fold);
            let id = graph.add_creation(&mut task);
            let seq = task.seq;
            graph.push(task);
            (seq, id)
        };
        let written = [0; 4].map(|_| write(&mut graph));
        let [(_, kept), (_, read), (_, changed), (_, dropped)] = written;
        let mut reader = graph.draft(Work::Fold);
        graph.add_read(&mut reader, read);
        graph.push(reader);
        let mut second = graph.draft(Work::Fold);
        graph.add_overwrite(&mut second, changed);
        let (last, _) = (second.seq, graph.push(second));
        assert!(graph.release_version(dropped).is_none(), "its writer has yet to run");
        let last_words = written.map(|(task, id)| graph.is_last_word(graph.task(task), id));
        assert_eq!(last_words, [true, false, false, false]);
        assert!(graph.is_last_word(graph.task(last), changed));
        graph.share_version(kept);
        assert!(graph.is_last_word(graph.task(written[0].0), kept), "a snapshot reads nothing");
    }

    #[test]
    fn who_writes_waits_for_those_who_read_at_rest() {
        let mut graph = Graph::new();
        let id = graph.add_version();
        // The first of the second pair takes the link of one that has retired.
        for _ in 0..2 {
            let first = graph.next_task();
            for _ in 0..2 {
                let mut task = graph.draft(Work::Fold);
                graph.add_settled_read(&mut task, id);
                assert!(graph.push(task), "nobody writes it");
            }
            let mut writer = graph.draft(Work::Fold);
            graph.add_overwrite(&mut writer, id);
            let last = writer.seq;
            assert!(!graph.push(writer));
            for seq in first..last {
                let mut waiting = vec![];
                graph.for_each_dependent(graph.task(seq), |task, _| waiting.push(task));
                assert_eq!(waiting, [last], "the writer waits for both");
            }
            let mut next = graph.draft(Work::Fold);
            graph.add_read(&mut next, id);
            assert!(!graph.push(next), "who reads on waits for the writer");
            graph.tasks.iter_mut().for_each(|task| *task.done.get_mut() = true);
            graph.retire(|_| ());
        }
        let mut writer = graph.draft(Work::Fold);
        graph.add_overwrite_alone(&mut writer, id);
        assert!(graph.push(writer));
        let mut reader = graph.draft(Work::Fold);
        graph.add_read(&mut reader, id);
        assert!(!graph.push(reader), "who reads waits for who was alone");
    }
}
