//! Running the graph: worker loops that take ready tasks, last enabled first, until a statement is at the front.
//!
//! Every worker has a stack of the tasks it enabled. The newest is taken first, so a tile that was just written is
//! read while it is in cache, and a program of sweeps runs as one wave through all of them. Tasks that were ready
//! when the run began (*roots*) are dealt out in contiguous runs, in the order of the elements they compute; a worker whose run is
//! used up takes from the far end of somebody else's, then the oldest task of somebody else's stack. Closures that may run
//! early are taken oldest first by whoever is free (`early.rs`).
//!
//! Roots of one statement are taken from alternate ends, run by run: a run leaves the last elements in the caches, and the next begins
//! with them. Sums of 10^6 f64, two threads, again and again: 108 us instead of 152.
//!
//! A run ends when its goal statement and all before it have finished. What is ready by then waits for the next run.
//!
//! **Progress** worker 0 is the caller and never leaves; helpers that find nothing to do leave, and whoever enables
//! more than it can run asks for one. A budget of one takes the same path without deques, bus locks or waiting.
//!
//! **Orderings** see `graph.rs` and `tx_runtime::front`.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use crossbeam_deque::{Steal, Stealer, Worker as Deque};
use crossbeam_utils::CachePadded;
use tx_runtime::front::{Front, Sleeper, decrement};
use tx_runtime::park::Mutex;
use tx_runtime::pool::{Crew, Patience, Pool};
use tx_runtime::sync::atomic::{AtomicU64, Ordering};

use crate::cancel::Limits;
use crate::desk::{Desk, Tally};
use crate::early::Early;
use crate::error::SessionError;
use crate::exec;
use crate::graph::{Graph, StatementSeq, Task, TaskSeq, Work};
use crate::lines::Spent;
use crate::statement::Statement;
use crate::trace::Event;

/// How many places an idle worker looks into before it leaves or sleeps.
const IDLE_PROBES: usize = 1000;
/// Tasks of fewer elements are timed one in [`SAMPLE`]: reading the clock would be a good part of their time.
const TIMED_ELEMS: usize = 1024;
const SAMPLE: u64 = 16;
/// A helper is asked for at the start of a run for so many ready tasks (the first few of them one each).
const READY_PER_HELPER: usize = 8;

/// What outlives a run: one desk per worker, and the tasks that are ready but were not needed.
#[derive(Debug)]
pub(crate) struct Runner {
    pool: Pool,
    desks: Box<[CachePadded<Mutex<Desk>>]>,
    /// Ready tasks, oldest first between runs, but for the closures that may run early.
    pub(crate) ready: Vec<TaskSeq>,
    pub(crate) early: Early,
    pub(crate) epoch: Instant,
    trace: bool,
    shared_effort: u64,
    /// How many runs there were.
    runs: u32,
    /// Whether the last had one worker although there are more.
    alone: bool,
    /// Whether the next run takes roots of one statement from the last element on: where the last one has just been.
    pub(crate) backward: bool,
}

/// A contiguous run of roots: the first and the end index, packed so that both move in one step.
#[derive(Debug)]
struct Roots(AtomicU64);

impl Roots {
    fn new(first: usize, end: usize) -> Self {
        Self(AtomicU64::new((first as u64) << 32 | end as u64))
    }

    fn remaining(&self) -> (usize, usize) {
        let word = self.0.load(Ordering::Relaxed);
        ((word >> 32) as usize, (word & 0xffff_ffff) as usize)
    }

    /// The first (for the owner) or the last (for a thief) index that is left.
    fn take(&self, from_front: bool) -> Option<usize> {
        // ORDER: Relaxed, the tasks behind the indices were written before the run began.
        let taken = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |word| {
            let (first, end) = (word >> 32, word & 0xffff_ffff);
            (first < end).then(|| if from_front { (first + 1) << 32 | end } else { first << 32 | (end - 1) })
        });
        taken
            .ok()
            .map(|word| if from_front { (word >> 32) as usize } else { (word & 0xffff_ffff) as usize - 1 })
    }
}

/// Why a run ended early.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: SessionError,
    /// The closure that failed at the front; none where an array statement did, which is a fault of ours or of the machine.
    pub(crate) closure: Option<StatementSeq>,
}

/// One run, as all its workers see it.
struct Run<'a> {
    graph: &'a Graph,
    desks: &'a [CachePadded<Mutex<Desk>>],
    stealers: Vec<Stealer<TaskSeq>>,
    ready: &'a [TaskSeq],
    early: &'a Early,
    roots: Vec<Roots>,
    shared: bool,
    trace: bool,
    run: u32,
    /// From which end roots are taken.
    backward: bool,
    epoch: Instant,
    front: Front,
    failure: Mutex<Option<Failure>>,
    limits: &'a Limits,
    sleeper: Sleeper,
}

/// A worker's stack of enabled tasks.
enum Stack {
    Alone(Vec<TaskSeq>),
    Shared(Deque<TaskSeq>),
}

impl Stack {
    fn push(&mut self, task: TaskSeq) {
        match self {
            Stack::Alone(stack) => stack.push(task),
            Stack::Shared(deque) => deque.push(task),
        }
    }

    fn pop(&mut self) -> Option<TaskSeq> {
        match self {
            Stack::Alone(stack) => stack.pop(),
            Stack::Shared(deque) => deque.pop(),
        }
    }
}

impl Runner {
    pub(crate) fn new(pool: Pool, trace: bool, shared_effort: u64) -> Self {
        let desks = (0..pool.threads()).map(|_| CachePadded::new(Mutex::new(Desk::default()))).collect();
        Self {
            pool,
            desks,
            ready: Vec::new(),
            early: Early::default(),
            epoch: Instant::now(),
            trace,
            shared_effort,
            runs: 0,
            alone: false,
            backward: false,
        }
    }

    pub(crate) fn threads(&self) -> usize {
        self.desks.len()
    }

    /// Whether the last run had one worker although there are more.
    pub(crate) fn was_alone(&self) -> bool {
        self.alone
    }

    /// Each worker's desk, between runs.
    pub(crate) fn desks(&mut self) -> impl Iterator<Item = &mut Desk> {
        self.desks.iter_mut().map(|desk| desk.get_mut())
    }

    /// What all workers did so far.
    pub(crate) fn tally(&self) -> Tally {
        self.desks.iter().fold(Tally::default(), |sum, desk| sum + desk.lock().tally)
    }

    /// Every task that ran, in the order they began.
    pub(crate) fn events(&self) -> Vec<Event> {
        let mut events: Vec<Event> = self.desks.iter().flat_map(|desk| desk.lock().events.clone()).collect();
        events.sort_by_key(|event| event.start_ns);
        events
    }

    /// Run tasks until statement `goal` and all before it have finished, or until `limits` are reached.
    ///
    /// `effort` is what waits, in nanoseconds.
    pub(crate) fn run(
        &mut self,
        graph: &mut Graph,
        goal: StatementSeq,
        effort: u64,
        limits: &Limits,
    ) -> Result<(), Failure> {
        if graph.statements().start > goal {
            return Ok(());
        }
        let statements = graph.statements();
        let backward = !self.lay_side_by_side(graph, goal) && self.backward;
        self.backward = !backward;
        // A chain of single tasks is no work for two, and waking somebody for less takes longer than doing it.
        let ready = self.ready.len() + self.early.len();
        let wide = ready > 1 || graph.tasks_held() as u64 >= 2 * (statements.end - statements.start);
        let worth = self.shared_effort == 0 || (wide && effort >= self.shared_effort);
        let shared = self.threads() > 1 && graph.tasks_held() > 1 && worth;
        let workers = if shared { self.threads() } else { 1 };
        let mut stacks: Vec<Option<Stack>> = (0..workers)
            .map(|_| Some(if shared { Stack::Shared(Deque::new_lifo()) } else { Stack::Alone(Vec::new()) }))
            .collect();
        let stealers = stacks
            .iter()
            .filter_map(|stack| match stack {
                Some(Stack::Shared(deque)) => Some(deque.stealer()),
                _ => None,
            })
            .collect();
        // Who is called at once gets a share of the roots; the others find work where it is.
        let others = ready.saturating_sub(1);
        let called = (others / READY_PER_HELPER).max(others.min(READY_PER_HELPER)).min(workers - 1);
        let share = |worker: usize| worker.min(called + 1) * self.ready.len() / (called + 1);
        let run = Run {
            graph,
            desks: &self.desks,
            stealers,
            ready: &self.ready,
            early: &self.early,
            roots: (0..workers).map(|worker| Roots::new(share(worker), share(worker + 1))).collect(),
            shared,
            trace: self.trace,
            run: self.runs,
            backward,
            epoch: self.epoch,
            front: Front::new(graph.statements().start, goal),
            failure: Mutex::new(None),
            limits,
            sleeper: Sleeper::new(),
        };
        let left: Vec<TaskSeq>;
        if shared {
            let stacks: Vec<Mutex<Option<Stack>>> = stacks.into_iter().map(Mutex::new).collect();
            self.pool.run(|crew, worker| {
                if worker == 0 && !run.front.is_stopped() {
                    for _ in 0..called {
                        crew.enlist();
                    }
                }
                let mut stack = stacks[worker].lock().take().expect("one loop a worker");
                run.work(Some(crew), worker, &mut stack);
                *stacks[worker].lock() = Some(stack);
            });
            left = run.left_over(stacks.into_iter().map(Mutex::into_inner));
        } else {
            let mut stack = stacks[0].take().expect("made above");
            run.work(None, 0, &mut stack);
            left = run.left_over(std::iter::once(Some(stack)));
        }
        let failure = run.failure.into_inner();
        self.runs = self.runs.wrapping_add(1);
        self.alone = self.threads() > 1 && !shared;
        self.ready = left;
        match failure {
            Some(failure) => Err(failure),
            None => Ok(()),
        }
    }

    /// Put ready tasks of several statements in the order of the elements that they compute: what reads the same tiles comes
    /// together, and a statement that depends on nothing is not far ahead of those that use it. Statements after the goal stay
    /// behind. Whether there are several.
    fn lay_side_by_side(&mut self, graph: &Graph, goal: StatementSeq) -> bool {
        let statement = |task: Option<&TaskSeq>| task.map(|&task| graph.task(task).statement);
        let several = statement(self.ready.first()) != statement(self.ready.last());
        if several {
            self.ready.sort_by_cached_key(|&seq| {
                let task = graph.task(seq);
                (task.statement > goal, task.work.first(), seq)
            });
        }
        several
    }
}

impl Run<'_> {
    /// What is ready and was not run, oldest first.
    fn left_over(&self, stacks: impl Iterator<Item = Option<Stack>>) -> Vec<TaskSeq> {
        let mut left = Vec::new();
        for roots in &self.roots {
            let (first, end) = roots.remaining();
            left.extend_from_slice(&self.ready[first..end]);
        }
        for mut stack in stacks.flatten() {
            let begin = left.len();
            while let Some(task) = stack.pop() {
                left.push(task);
            }
            // Nearly sorted, which sorting makes use of.
            left[begin..].reverse();
        }
        left.sort_unstable();
        left
    }

    fn work(&self, crew: Option<&Crew<'_>>, worker: usize, stack: &mut Stack) {
        let desk = &mut *self.desks[worker].lock();
        desk.limits.clone_from(self.limits);
        // The end of the last timed task; none after a pause.
        let mut clock = None;
        let (mut probes, mut patience) = (0, Patience::default());
        while !self.front.is_stopped() {
            if self.limits.reached() {
                self.front.stop();
                break;
            }
            let Some(seq) = stack.pop().or_else(|| self.find(worker)) else {
                clock = None;
                probes += self.roots.len();
                if probes < IDLE_PROBES {
                    tx_runtime::sync::hint::spin_loop();
                    continue;
                }
                if worker != 0 {
                    break;
                }
                debug_assert!(self.shared, "alone, something is always ready");
                // A helper's last task is shorter than falling asleep and being woken.
                if patience.pause() {
                    continue;
                }
                self.sleep();
                (probes, patience) = (0, Patience::default());
                continue;
            };
            (probes, patience) = (0, Patience::default());
            let task = self.graph.task(seq);
            let statement = self.graph.statement(task.statement);
            let line = statement.line;
            let weight = match task.work.elements() < TIMED_ELEMS && !self.trace {
                true if desk.tally.tasks.is_multiple_of(SAMPLE) => SAMPLE,
                true => 0,
                false => 1,
            };
            let begin = if weight > 0 { clock.or_else(|| Some(Instant::now())) } else { None };
            let bytes = desk.tally.bytes;
            let outcome = catch_unwind(AssertUnwindSafe(|| exec::execute(self.graph, task, statement, desk)));
            let mut spent = Spent { tasks: 1, bytes: desk.tally.bytes - bytes, ..Spent::default() };
            clock = begin.map(|begin| {
                let end = Instant::now();
                let ns = (end - begin).as_nanos() as u64;
                spent.ns = ns * weight;
                if self.trace {
                    desk.events.push(Event {
                        task: seq,
                        statement: task.statement,
                        work: task.work,
                        worker: worker as u32,
                        run: self.run,
                        bytes: spent.bytes,
                        start_ns: (begin - self.epoch).as_nanos() as u64,
                        duration_ns: ns,
                    });
                }
                end
            });
            desk.tally.tasks += 1;
            desk.tally.kernel_ns += spent.ns;
            *desk.lines.of(line) += spent;
            match outcome {
                Ok(Ok(())) => {}
                Ok(Err(_)) if std::mem::take(&mut desk.interrupted) => {
                    stack.push(seq);
                    self.front.stop();
                    break;
                }
                Ok(Err(error)) => {
                    self.fail(error, task);
                    break;
                }
                Err(panic) => {
                    let (site, message) = (self.graph.lines.site(line).clone(), panic_message(&*panic));
                    let error = match task.work {
                        Work::Commit => SessionError::Panicked { site, message },
                        _ => SessionError::Internal { site, message },
                    };
                    self.fail(error, task);
                    discard(panic);
                    break;
                }
            }
            self.finish(crew, task, statement, stack, desk);
            clock = clock.map(|executed| {
                let end = Instant::now();
                desk.tally.scheduling_ns += (end - executed).as_nanos() as u64 * weight;
                end
            });
        }
        if self.shared {
            self.sleeper.wake();
        }
        // Whoever called somebody sees it: nobody is waited for who has not begun when the run stops.
        if let (true, Some(crew)) = (self.front.is_stopped(), crew) {
            crew.call_off();
        }
    }

    /// A closure that may run early if it comes before all roots, a root, or a task that somebody else enabled.
    fn find(&self, worker: usize) -> Option<TaskSeq> {
        let workers = self.roots.len();
        let (first, end) = self.roots[worker].remaining();
        let roots = &self.ready[first.min(end)..end];
        let root = if self.backward { roots.last() } else { roots.first() };
        if let Some(closure) = self.early.take_before(root.copied().unwrap_or(TaskSeq::MAX)) {
            return Some(closure);
        }
        if let Some(root) = self.roots[worker].take(!self.backward) {
            return Some(self.ready[root]);
        }
        for other in (1..workers).map(|step| (worker + step) % workers) {
            if let Some(root) = self.roots[other].take(self.backward) {
                return Some(self.ready[root]);
            }
            loop {
                match self.stealers[other].steal() {
                    Steal::Success(task) => return Some(task),
                    Steal::Empty => break,
                    Steal::Retry => {}
                }
            }
        }
        None
    }

    /// Let go of the versions, enable the dependents, and move the front.
    fn finish(
        &self,
        crew: Option<&Crew<'_>>,
        task: &Task,
        statement: &Statement,
        stack: &mut Stack,
        desk: &mut Desk,
    ) {
        for &id in self.graph.accesses(task) {
            let version = self.graph.version(id);
            if decrement(&version.refs, self.shared) == 1 {
                // SAFETY: this task brought `refs` to zero (G3).
                if let Some(block) = unsafe { version.take() } {
                    desk.blocks.put(block);
                }
                desk.died.push(id);
            }
        }
        let mut enabled = 0;
        self.graph.for_each_dependent(task, |dependent, waiting| {
            if decrement(&waiting.pending, self.shared) == 1 {
                match waiting.work {
                    Work::Speculate => self.early.push(dependent),
                    _ => stack.push(dependent),
                }
                enabled += 1;
            }
        });
        // ORDER: Release, pairs with the joining of all workers at the end of the run, after which it is read.
        task.done.store(true, Ordering::Release);
        if decrement(&statement.left, self.shared) == 1 {
            self.advance_front();
        }
        if self.shared && enabled > 1 && !self.front.is_stopped() {
            if let Some(crew) = crew {
                crew.enlist();
            }
            self.sleeper.wake();
        }
    }

    fn advance_front(&self) {
        self.front.advance(self.graph.statements().end, |at| &self.graph.statement(at).left);
    }

    fn fail(&self, error: SessionError, task: &Task) {
        let closure = (task.work == Work::Commit).then_some(task.statement);
        let mut failure = self.failure.lock();
        // A closure's failure can be undone, the other kind cannot.
        if failure.as_ref().is_none_or(|first| first.closure.is_some() && closure.is_none()) {
            *failure = Some(Failure { error, closure });
        }
        self.front.stop();
    }

    /// Worker 0 waits until somebody enables a task, stops the run or leaves.
    fn sleep(&self) {
        self.sleeper.sleep(|| {
            self.early.is_empty()
                && self.stealers.iter().all(Stealer::is_empty)
                && self.roots.iter().all(|roots| roots.remaining().0 >= roots.remaining().1)
                && !self.front.is_stopped()
        });
    }
}

/// Drop what a panic threw. Its destructor is the program's and may panic too: nothing unwinds through a worker.
pub(crate) fn discard(panic: Box<dyn Any + Send>) {
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        std::mem::forget(again);
    }
}

/// The text of a panic.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> String {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (_, Some(text)) => text.clone(),
        _ => "a panic without a message".to_owned(),
    }
}
