//! What a session did, in numbers.

use std::fmt;

use serde::Serialize;

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
