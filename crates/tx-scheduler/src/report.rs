//! What a session did, in numbers.

use std::fmt;

use serde::Serialize;

use crate::conflicts::AbortCause;
use crate::session::Session;
use crate::trace;

/// A session's account so far.
///
/// ```
/// use tx_scheduler::{Config, Session};
/// use array_core::Array;
/// let mut session = Session::new(Config::single_thread());
/// let u = session.array(Array::zeros([100, 100]))?;
/// session.assign(&u, u.read() + 1.0)?;
/// session.finish()?;
/// let report = session.report();
/// assert_eq!((report.statements, report.commits, report.aborts), (2, 2, 0));
/// # Ok::<(), tx_scheduler::SessionError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// Statements recorded.
    pub statements: u64,
    /// Tasks run: tiles, reduction nodes, closures.
    pub tasks: u64,
    /// Statements whose effects are final.
    pub commits: u64,
    /// Executions that were rolled back because what they had read changed.
    pub aborts: u64,
    /// The thread budget.
    pub threads: usize,
    /// Where the budget came from.
    pub threads_source: String,
    /// Seconds since the session began.
    pub seconds: f64,
    /// Seconds spent recording statements.
    pub record_seconds: f64,
    /// Seconds spent with the graph running, from the outside.
    pub run_seconds: f64,
    /// Seconds inside kernels, summed over workers.
    pub kernel_seconds: f64,
    /// Seconds workers spent choosing, enabling and retiring tasks, summed over workers.
    pub scheduling_seconds: f64,
    /// Bytes that kernels read and wrote.
    pub bytes_moved: u64,
    /// Of these, bytes of results that were written past the caches ([`Config::cache_bytes`](crate::Config::cache_bytes)).
    pub bytes_past_caches: u64,
    /// The lines of the program that recorded something, the most expensive first.
    pub lines: Vec<LineReport>,
    /// Executions that were rolled back, by who lost to whom, the most expensive first.
    pub conflicts: Vec<ConflictReport>,
    /// The longest chain of tasks; only with [`Config::trace`](crate::Config::trace).
    pub critical_path: Option<CriticalPath>,
}

/// What one line of the program did.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LineReport {
    /// `file:line:column`.
    pub site: String,
    /// Statements it recorded.
    pub statements: u64,
    /// Tasks they had; none for statements that were done when they were recorded.
    pub tasks: u64,
    /// Seconds inside its tasks, summed over workers. Tasks of few elements are timed one in sixteen.
    pub seconds: f64,
    /// Bytes its tasks read and wrote.
    pub bytes: u64,
    /// Bytes over seconds, in GB/s.
    pub gigabytes_per_second: f64,
    /// Executions of its closures that were rolled back.
    pub aborts: u64,
    /// Seconds of executions whose outcome was thrown away.
    pub lost_seconds: f64,
}

/// How often one line lost to another.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ConflictReport {
    /// The closure that was rolled back.
    pub loser: String,
    /// The transaction that was faster; `None` where that is not known.
    pub winner: Option<String>,
    /// The variable's label, if it has one.
    pub variable: Option<&'static str>,
    /// Why.
    pub cause: AbortCause,
    /// How often.
    pub times: u64,
    /// Seconds of the executions that were thrown away.
    pub lost_seconds: f64,
}

/// The longest chain of dependent tasks: no number of cores takes less time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CriticalPath {
    /// Its length in seconds.
    pub seconds: f64,
    /// All tasks' time over it: the speed-up that the dependences allow on any number of cores.
    pub speedup: f64,
}

impl Session {
    pub(crate) fn line_reports(&self) -> Vec<LineReport> {
        let recorded = self.graph.lines.iter().filter(|line| line.statements > 0);
        let mut lines: Vec<LineReport> = recorded
            .map(|line| {
                let seconds = line.spent.ns as f64 / 1e9;
                LineReport {
                    site: line.site.to_string(),
                    statements: line.statements,
                    tasks: line.spent.tasks,
                    seconds,
                    bytes: line.spent.bytes,
                    gigabytes_per_second: if seconds > 0.0 {
                        line.spent.bytes as f64 / 1e9 / seconds
                    } else {
                        0.0
                    },
                    aborts: line.spent.aborts,
                    lost_seconds: line.spent.lost_ns as f64 / 1e9,
                }
            })
            .collect();
        lines.sort_by(|a, b| b.seconds.total_cmp(&a.seconds).then_with(|| a.site.cmp(&b.site)));
        lines
    }

    pub(crate) fn conflict_reports(&self) -> Vec<ConflictReport> {
        let mut conflicts: Vec<ConflictReport> = self
            .conflicts
            .iter()
            .map(|(key, &(times, ns))| ConflictReport {
                loser: self.graph.lines.site(key.loser).to_string(),
                winner: key.winner.map(ToString::to_string),
                variable: key.variable,
                cause: key.cause,
                times,
                lost_seconds: ns as f64 / 1e9,
            })
            .collect();
        conflicts.sort_by(|a, b| {
            let order = b.lost_seconds.total_cmp(&a.lost_seconds);
            order.then_with(|| (&a.loser, &a.winner, a.cause).cmp(&(&b.loser, &b.winner, b.cause)))
        });
        conflicts
    }

    pub(crate) fn critical_path(&self) -> Option<CriticalPath> {
        let dependences = self.graph.dependences.as_deref()?;
        let events = self.runner.events();
        let ns = trace::critical_path(&events, dependences);
        let all: u64 = events.iter().map(|event| event.duration_ns).sum();
        let speedup = if ns > 0 { all as f64 / ns as f64 } else { 1.0 };
        Some(CriticalPath { seconds: ns as f64 / 1e9, speedup })
    }
}

impl Report {
    /// The lines and the conflicts as a table, for people; see "How to read a conflict report" in `docs/scheduling.md`.
    ///
    /// ```
    /// # use tx_scheduler::{Config, Session};
    /// # use array_core::Array;
    /// let mut session = Session::new(Config::single_thread().trace(true));
    /// let u = session.array(Array::ones([1000]))?;
    /// session.assign(&u, u.read() * 2.0)?;
    /// session.finish()?;
    /// let table = session.report().table();
    /// assert!(table.contains("GB/s") && table.contains("critical path"));
    /// # Ok::<(), tx_scheduler::SessionError>(())
    /// ```
    pub fn table(&self) -> String {
        let mut text = format!(
            "{:>10} {:>10} {:>10} {:>8} {:>8}  line\n",
            "statements", "tasks", "ms", "GB/s", "aborts"
        );
        for line in &self.lines {
            let LineReport { site, statements, tasks, seconds, gigabytes_per_second, aborts, .. } = line;
            text += &format!(
                "{statements:>10} {tasks:>10} {:>10.3} {gigabytes_per_second:>8.1} {aborts:>8}  {site}\n",
                seconds * 1e3
            );
        }
        for conflict in &self.conflicts {
            let ConflictReport { loser, winner, variable, cause, times, lost_seconds } = conflict;
            let winner = winner.as_deref().unwrap_or("somebody unknown");
            let on = variable.map_or(String::new(), |label| format!(" on `{label}`"));
            text += &format!(
                "{loser} lost {times} times to {winner}{on} ({cause}): {:.3} ms\n",
                lost_seconds * 1e3
            );
        }
        if let Some(CriticalPath { seconds, speedup }) = self.critical_path {
            let ms = seconds * 1e3;
            text += &format!("critical path {ms:.3} ms: the dependences allow a speed-up of {speedup:.1}\n");
        }
        text
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gigabytes = self.bytes_moved as f64 / 1e9;
        write!(
            f,
            "{} statements · {} tasks · {} rolled back · {} thread{} ({}) · {:.1} s",
            Grouped(self.statements),
            Grouped(self.tasks),
            Grouped(self.aborts),
            self.threads,
            if self.threads == 1 { "" } else { "s" },
            self.threads_source,
            self.seconds,
        )?;
        if self.run_seconds > 0.0 {
            write!(f, " · {:.0} GB/s effective", gigabytes / self.run_seconds)?;
        }
        Ok(())
    }
}

/// Thousands set apart by spaces.
struct Grouped(u64);

impl fmt::Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 1000 {
            write!(f, "{}", self.0)
        } else {
            write!(f, "{} {:03}", Grouped(self.0 / 1000), self.0 % 1000)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Grouped;

    #[test]
    fn thousands_are_set_apart() {
        for (n, text) in
            [(0, "0"), (999, "999"), (1000, "1 000"), (138_276, "138 276"), (1_000_007, "1 000 007")]
        {
            assert_eq!(Grouped(n).to_string(), text);
        }
    }
}
