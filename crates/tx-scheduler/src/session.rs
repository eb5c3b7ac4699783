//! Sessions: a program's statements in, its answers out.

use std::collections::VecDeque;
use std::io;
use std::panic::Location;
use std::sync::Arc;
use std::time::Instant;

use array_core::{Array, ArrayError, Scalar};
use tx_collections::View;
use tx_runtime::pool::Pool;

use crate::cancel::{CancelToken, Limits};
use crate::config::Config;
use crate::conflicts::Conflicts;
use crate::error::SessionError;
use crate::explain::Explainer;
use crate::graph::{Graph, TaskSeq};
use crate::inline::Slack;
use crate::lines::LineId;
use crate::lower::Leaf;
use crate::report::Report;
use crate::run::Runner;
use crate::site::Site;
use crate::tables::Tables;
use crate::trace;
use crate::undo::UndoLog;

/// Of statements that are done at once the recording of one in so many is timed.
const RECORD_SAMPLE: u64 = 7;

/// How far a session has come; handed to the progress callback while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Statements recorded so far.
    pub statements_recorded: u64,
    /// Statements that have finished.
    pub statements_done: u64,
}

/// Runs array statements as transactions in program order on the cores of its budget.
///
/// Statements are recorded at once and run when somebody looks or enough has gathered. The values are those of
/// running the statements one by one: bit for bit, at every thread count, tile size and order.
///
/// ```
/// use array_core::{s, Array};
/// use tx_scheduler::{Config, Session};
///
/// let mut session = Session::new(Config::single_thread());
/// let u = session.array(Array::zeros([4, 4]))?;
/// session.assign(u.at(s![0, ..]), 1.0)?;
/// session.assign(u.at(s![1.., ..]), u.at(s![..-1, ..]) * 0.5)?; // the right-hand side is read first
/// let rows = session.eval(u.at(s![.., 0]))?;
/// assert_eq!(rows.to_vec::<f64>()?, [1.0, 0.5, 0.0, 0.0]);
/// # Ok::<(), tx_scheduler::SessionError>(())
/// ```
pub struct Session {
    pub(crate) config: Config,
    pub(crate) graph: Graph,
    pub(crate) tables: Tables,
    pub(crate) runner: Runner,
    site: Option<Site>,
    /// The first failure: the session can do no more.
    pub(crate) failed: Option<SessionError>,
    pub(crate) progress: Option<Box<dyn FnMut(Progress)>>,
    /// The line of each statement of the graph, kept for the trace only.
    pub(crate) trace_lines: Vec<LineId>,
    /// Working-set estimate of the statements that wait.
    pub(crate) live_bytes: usize,
    /// Nanoseconds that the statements that wait will take, by an estimate.
    pub(crate) effort: u64,
    /// The commit tasks of the last closures that speculate.
    pub(crate) commits: VecDeque<TaskSeq>,
    /// The commit task of the last closure, which the next one's follows.
    pub(crate) last_commit: TaskSeq,
    pub(crate) undo_log: UndoLog,
    pub(crate) explainer: Option<Explainer>,
    pub(crate) limits: Limits,
    pub(crate) conflicts: Conflicts,
    pub(crate) record_ns: u64,
    pub(crate) run_ns: u64,
    /// Of statements that were computed when they were recorded, by those that were timed.
    pub(crate) inline_ns: u64,
    /// Of all of these, by the clock or by the estimate.
    pub(crate) computing_ns: u64,
    /// Whether the last statement was done as soon as it was recorded.
    at_once: bool,
    /// Statements that were done as soon as they were recorded.
    pub(crate) inline_statements: u64,
    pub(crate) slack: Slack,
    /// How many of them the progress callback has heard of.
    pub(crate) inline_told: u64,
    /// Statements of the graph that have finished.
    pub(crate) retired: u64,
}

/// Closures that were recorded have effects that others can see, so they still run when the session goes. What fails then
/// is lost: call [`finish`](Session::finish) to hear of it.
impl Drop for Session {
    fn drop(&mut self) {
        if !tx_runtime::sync::thread::panicking() && self.graph.is_unfinished(self.last_commit) {
            let _ = self.run_all();
        }
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("config", &self.config)
            .field("report", &self.report())
            .finish_non_exhaustive()
    }
}

impl Session {
    /// A session with the given settings. No thread is started before there is work for it.
    pub fn new(config: Config) -> Self {
        let pool = Pool::new(&config.budget);
        let mut graph = Graph::new();
        graph.dependences = config.trace.then(Vec::new);
        #[cfg(feature = "faults")]
        graph.faults.clone_from(&config.faults);
        Self {
            runner: Runner::new(pool, config.trace, config.shared_effort),
            graph,
            tables: Tables::default(),
            last_commit: 0,
            site: None,
            failed: None,
            progress: None,
            trace_lines: Vec::new(),
            live_bytes: 0,
            effort: 0,
            commits: VecDeque::new(),
            undo_log: UndoLog::default(),
            explainer: config.explain.then(Explainer::default),
            limits: Limits::default(),
            conflicts: Conflicts::new(),
            record_ns: 0,
            run_ns: 0,
            inline_ns: 0,
            computing_ns: 0,
            at_once: false,
            inline_statements: 0,
            slack: Slack::default(),
            inline_told: 0,
            retired: 0,
            config,
        }
    }

    /// A new private array holding `value`. O(tiles) if `value` is the whole of another private array: the two share
    /// their tiles until one is written.
    ///
    /// # Errors
    /// What is wrong with `value`, [`ArrayError::OutOfMemory`] for one that is larger than the machine's memory and swap, or a view of
    /// another session in it.
    #[track_caller]
    pub fn array(&mut self, value: impl Into<Array>) -> Result<View, SessionError> {
        let line = self.line_or(Location::caller());
        let value = value.into();
        let made = self.timed(|session| session.record_whole_array(value, line)).map(View::from);
        made.map_err(|error| self.placed(error, line))
    }

    /// `target[...] = value`: broadcast to the target's shape, cast to its dtype (as NumPy's assignment, any cast is
    /// allowed). Recorded now, run later.
    ///
    /// # Errors
    /// Shapes that do not fit and other faults of either side; a view of another session.
    #[track_caller]
    pub fn assign(&mut self, target: impl AsRef<View>, value: impl Into<Array>) -> Result<(), SessionError> {
        let line = self.line_or(Location::caller());
        let value = value.into();
        let done = self.timed(|session| session.record_assign(target.as_ref(), value, line));
        done.map_err(|error| self.placed(error, line))
    }

    /// A fault of shapes or indices that does not say its line: with that of the statement.
    fn placed(&self, error: SessionError, line: LineId) -> SessionError {
        match (error, self.graph.lines.site(line).location()) {
            (SessionError::Array(error), Some(location)) if error.location().is_none() => {
                ArrayError::Located { location, error: Arc::new(error) }.into()
            }
            (error, _) => error,
        }
    }

    /// The value of `expression`, computed: runs the recorded statements first.
    ///
    /// # Errors
    /// A fault of the expression, or the failure of an earlier statement.
    #[track_caller]
    pub fn eval(&mut self, expression: impl Into<Array>) -> Result<Array, SessionError> {
        let line = self.line_or(Location::caller());
        self.evaluated(expression.into(), line)
    }

    pub(crate) fn evaluated(&mut self, expression: Array, line: LineId) -> Result<Array, SessionError> {
        if self.graph.statements().is_empty() {
            let before = (self.at_once, self.record_ns);
            if let Some(value) = self.timed(|session| session.value_simple(&expression, line))? {
                self.run_all()?;
                return Ok(value);
            }
            // Nothing was recorded.
            (self.at_once, self.record_ns) = before;
        }
        if let Some(known) = self.known(&expression)? {
            return Ok(known);
        }
        let leaf = self.computed(expression, line)?;
        self.run_all()?;
        Ok(self.gather(&leaf)?)
    }

    /// The value of an expression with one element.
    ///
    /// # Errors
    /// As [`eval`](Session::eval), and [`ArrayError`](array_core::ArrayError) for more or fewer elements than one.
    #[track_caller]
    pub fn item(&mut self, expression: impl Into<Array>) -> Result<Scalar, SessionError> {
        let line = self.line_or(Location::caller());
        Ok(self.evaluated(expression.into(), line)?.item_scalar()?)
    }

    /// Run everything recorded.
    ///
    /// # Errors
    /// The first failure in program order.
    pub fn finish(&mut self) -> Result<(), SessionError> {
        self.run_all()
    }

    /// Name the source position of the statements that follow, in reports, traces and errors; `None` goes back to
    /// the position of the call.
    pub fn set_site(&mut self, site: Option<Site>) {
        self.site = site;
    }

    /// Obey `token` from now on. Once it is pulled, a run that is under way stops at the next tile or closure, and everything
    /// that records or looks fails with [`SessionError::Cancelled`].
    ///
    /// Nothing is lost: what was recorded stays recorded. Set another token, or none, and the session goes on: the variables then
    /// have the values of after the last statement that was recorded. A session that goes while cancelled drops its closures.
    pub fn set_cancel(&mut self, token: Option<CancelToken>) {
        self.limits.token = token;
    }

    /// Stop at `deadline`, with [`SessionError::DeadlinePassed`] and otherwise as [`set_cancel`](Session::set_cancel).
    pub fn set_deadline(&mut self, deadline: Option<Instant>) {
        self.limits.deadline = deadline;
    }

    /// Call `callback`, on the calling thread, each time some of the recorded statements have run: when somebody looks,
    /// and whenever the window is full.
    pub fn set_progress(&mut self, callback: Option<Box<dyn FnMut(Progress)>>) {
        self.progress = callback;
    }

    /// The session's account so far.
    pub fn report(&self) -> Report {
        let tally = self.runner.tally();
        let statements = self.graph.statements();
        Report {
            statements: statements.end + self.inline_statements,
            tasks: tally.tasks,
            commits: self.retired + self.inline_statements,
            aborts: tally.aborts,
            threads: self.config.budget.threads(),
            threads_source: self.config.budget.source().to_string(),
            seconds: self.runner.epoch.elapsed().as_secs_f64(),
            record_seconds: self.record_ns as f64 / 1e9,
            run_seconds: (self.run_ns + self.inline_ns) as f64 / 1e9,
            kernel_seconds: tally.kernel_ns as f64 / 1e9,
            scheduling_seconds: tally.scheduling_ns as f64 / 1e9,
            bytes_moved: tally.bytes,
            bytes_past_caches: tally.past,
            lines: self.line_reports(),
            conflicts: self.conflict_reports(),
            critical_path: self.critical_path(),
        }
    }

    /// Write the events of all tasks that ran as a trace that Chrome and Perfetto display.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_trace(&self, out: impl io::Write) -> io::Result<()> {
        let dependences = self.graph.dependences.as_deref().unwrap_or_default();
        let (workers, events) = (self.runner.threads(), self.runner.events());
        trace::write(out, workers, &events, dependences, &self.trace_lines, &self.graph.lines)
    }

    /// Where the value of an expression will be; recorded unless it is there already.
    fn computed(&mut self, expression: Array, line: LineId) -> Result<Leaf, SessionError> {
        match self.private_leaf(&expression) {
            Some(leaf) => Ok(leaf),
            None => {
                let view = self.timed(|session| session.record_array(expression, line))?;
                self.leaf(&view)
            }
        }
    }

    /// The value of an expression that needs no task.
    fn known(&self, expression: &Array) -> Result<Option<Array>, SessionError> {
        self.refuse()?;
        Ok(self.immediate(expression))
    }

    /// The line of the statement that is recorded now.
    pub(crate) fn line_or(&mut self, caller: &'static Location<'static>) -> LineId {
        match &self.site {
            Some(site) => self.graph.lines.id(site),
            None => self.graph.lines.id(&Site::rust(caller)),
        }
    }

    /// Whether the session does nothing now.
    pub(crate) fn refuse(&self) -> Result<(), SessionError> {
        match &self.failed {
            Some(error) => Err(error.clone()),
            None => self.limits.check(),
        }
    }

    /// Record under the clock, then run the oldest statements if too much waits.
    pub(crate) fn timed<R>(
        &mut self,
        record: impl FnOnce(&mut Self) -> Result<R, SessionError>,
    ) -> Result<R, SessionError> {
        self.refuse()?;
        let (run_ns, waiting) = (self.run_ns + self.computing_ns, self.graph.statements().end);
        // Statements that are done at once come one after another; reading the clock for each would be a third of the shortest.
        let sample = if self.at_once { RECORD_SAMPLE } else { 1 };
        let begin = self.inline_statements.is_multiple_of(sample).then(Instant::now);
        let recorded = record(self);
        self.at_once = self.graph.statements().end == waiting;
        if let Some(begin) = begin {
            // What was computed meanwhile is no recording.
            let computed = self.run_ns + self.computing_ns - run_ns;
            let ns = (begin.elapsed().as_nanos() as u64).saturating_sub(computed);
            self.record_ns += ns * if self.at_once { sample } else { 1 };
        }
        let recorded = recorded?;
        match self.throttle() {
            // It is recorded, and stays so; whoever comes next is refused.
            Ok(()) | Err(SessionError::Cancelled | SessionError::DeadlinePassed) => Ok(recorded),
            Err(error) => Err(error),
        }
    }
}
