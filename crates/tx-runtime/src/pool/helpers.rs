//! The helper threads: started by the first run that can use them, lent to one run at a time.
//!
//! **Invariants** H1: `busy` is held by at most one run, and only it touches the roster. H2: helpers run loops only
//! inside a rayon scope that the run waits for, so roster and work outlive them; nothing here is `unsafe`. H3: who
//! enlists a helper spawns its loop, and that loop leaves the roster whether it returns or panics.
//! **Progress** is the roster's: the caller sleeps there, and by the time it comes back only the last jobs' ends are
//! left to wait for in rayon.

use std::any::Any;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use rayon::{Scope, ThreadPool, ThreadPoolBuilder};

use super::Shortage;
use super::crew::{Crew, Mates};
use crate::park::Mutex;
use crate::slots::{Recruit, Roster};

type Work<'w> = dyn Fn(&Crew<'_>, usize) + Sync + 'w;

/// The helpers of a pool, there or not yet.
pub(super) struct Team {
    threads: usize,
    /// The process that may use them.
    pid: u32,
    busy: AtomicBool,
    helpers: OnceLock<Helpers>,
}

impl Team {
    pub(super) fn new(threads: usize) -> Self {
        Self { threads, pid: std::process::id(), busy: AtomicBool::new(false), helpers: OnceLock::new() }
    }

    pub(super) fn shortage(&self) -> Option<&Shortage> {
        self.helpers.get()?.shortage.as_ref()
    }

    /// Run `work` with helpers; `false`, and nothing done, where it has to run on its caller alone.
    pub(super) fn run(&self, work: &Work<'_>) -> bool {
        // A budget of 1 is out before anything shared is touched.
        if self.threads == 1 || rayon::current_thread_index().is_some() || std::process::id() != self.pid {
            return false;
        }
        // ORDER: Acquire, pairs with the Release in `Lent`: the roster is as the last run left it (H1).
        if self.busy.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_err() {
            return false;
        }
        let lent = Lent(&self.busy);
        let helpers = self.helpers.get_or_init(|| Helpers::start(self.threads));
        let Some(threads) = &helpers.threads else { return false };

        let run = Run { work, helpers, failed: AtomicBool::new(false), panic: Mutex::new(None) };
        threads.pool.in_place_scope(|scope| run.lead(scope));
        let panic = run.panic.lock().take();
        drop(lent);
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
        true
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        // After a fork the threads are not there: waiting for them would not end, so what is left of them is left alone.
        if std::process::id() != self.pid {
            std::mem::forget(self.helpers.take());
        }
    }
}

/// `busy`, held.
struct Lent<'a>(&'a AtomicBool);

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        // ORDER: Release, pairs with the Acquire in `Team::run`.
        self.0.store(false, Ordering::Release);
    }
}

struct Helpers {
    /// `None` if not one could be started.
    threads: Option<Threads>,
    shortage: Option<Shortage>,
    roster: Roster,
}

impl Helpers {
    /// Start `wanted - 1` threads, or as many as the system allows.
    fn start(wanted: usize) -> Self {
        let mut helpers = wanted - 1;
        let mut refusal = None;
        let threads = loop {
            if helpers == 0 {
                break None;
            }
            match Threads::start(helpers) {
                Ok(threads) => break Some(threads),
                Err((started, reason)) => {
                    // The next try asks for what was just possible, and for less if others have taken it meanwhile.
                    helpers = started.min(helpers - 1);
                    refusal = Some(reason);
                }
            }
        };
        let obtained = helpers + 1;
        let shortage = refusal.map(|reason| Shortage { wanted, obtained, reason });
        if let Some(shortage) = &shortage {
            // Not `eprintln!`, which panics where standard error is closed.
            let _ = writeln!(std::io::stderr(), "txarray: {shortage}");
        }
        Self { threads, shortage, roster: Roster::new(obtained) }
    }
}

/// A rayon pool whose threads are waited for when it is dropped.
struct Threads {
    pool: ThreadPool,
    _handles: Handles,
}

impl Threads {
    /// All of `helpers` threads, or none: then how many the system allowed, and its words.
    fn start(helpers: usize) -> Result<Self, (usize, String)> {
        let mut handles = Handles(Vec::with_capacity(helpers));
        let built = ThreadPoolBuilder::new()
            .num_threads(helpers)
            .spawn_handler(|thread| {
                let name = format!("txarray-{}", thread.index() + 1);
                handles.0.push(thread::Builder::new().name(name).spawn(|| thread.run())?);
                Ok(())
            })
            .build();
        match built {
            // Fields are dropped in order: first the pool tells its threads to end, then they are waited for.
            Ok(pool) => Ok(Self { pool, _handles: handles }),
            // rayon has told those it had to end; they are waited for here, so that they do not count against the next try.
            Err(error) => Err((handles.0.len(), reason(&error))),
        }
    }
}

/// The system's words behind rayon's.
fn reason(error: &rayon::ThreadPoolBuildError) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

struct Handles(Vec<JoinHandle<()>>);

impl Drop for Handles {
    fn drop(&mut self) {
        for handle in self.0.drain(..) {
            // A helper cannot panic outside a loop, and there it is caught; nothing is lost here.
            let _ = handle.join();
        }
    }
}

/// One run.
struct Run<'w> {
    work: &'w Work<'w>,
    helpers: &'w Helpers,
    failed: AtomicBool,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

impl<'w> Run<'w> {
    /// The caller's part: its own loop as often as index 0 is claimed, and sleep in between.
    fn lead<'scope>(&'scope self, scope: &Scope<'scope>)
    where
        'w: 'scope,
    {
        let roster = &self.helpers.roster;
        roster.begin();
        loop {
            self.labour(scope, 0);
            if !roster.wait_for_recall() {
                return;
            }
        }
    }

    /// One loop with `index`.
    fn labour<'scope>(&'scope self, scope: &Scope<'scope>, index: usize)
    where
        'w: 'scope,
    {
        let mates = Member { scope, run: self };
        // Unwind safety: the panic goes on from `run`, where the caller sees what it would see of a panic of its own.
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| (self.work)(&Crew::of(&mates), index))) {
            self.failed.store(true, Ordering::Relaxed);
            let mut first = self.panic.lock();
            match &*first {
                None => *first = Some(panic),
                // Not dropped: its destructor is foreign code, which could panic again before the worker has left.
                Some(_) => std::mem::forget(panic),
            }
        }
        self.helpers.roster.leave(index);
    }
}

/// One worker's way to the others.
struct Member<'a, 'scope> {
    scope: &'a Scope<'scope>,
    run: &'scope Run<'scope>,
}

impl Mates for Member<'_, '_> {
    fn enlist(&self) -> bool {
        if self.has_failed() {
            return false;
        }
        let run = self.run;
        match run.helpers.roster.enlist() {
            None => return false,
            Some(Recruit::Caller) => {}
            Some(Recruit::Helper(index)) => self.scope.spawn(move |scope| run.labour(scope, index)),
        }
        true
    }

    fn threads(&self) -> usize {
        self.run.helpers.roster.threads()
    }

    fn has_failed(&self) -> bool {
        self.run.failed.load(Ordering::Relaxed)
    }
}
