//! Who decided a budget.

use std::fmt;

/// Who decided the number of a [`Budget`](super::Budget); its `Display` is the name a user would look for.
///
/// ```
/// use tx_runtime::budget::Source;
/// assert_eq!(Source::Flag.to_string(), "--threads");
/// assert_eq!(Source::Variable("SLURM_CPUS_PER_TASK").to_string(), "SLURM_CPUS_PER_TASK");
/// assert_eq!(Source::Kernel.to_string(), "cgroup or affinity");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Source {
    /// The command line's `--threads`.
    Flag,
    /// The program itself: [`Budget::exactly`](super::Budget::exactly) or [`Budget::single_thread`](super::Budget::single_thread).
    Program,
    /// An environment variable: ours, a batch scheduler's, an MPI launcher's or OpenMP's.
    Variable(&'static str),
    /// The kernel: online CPUs under affinity mask, cpuset and cgroup quota.
    Kernel,
}

impl Source {
    /// The name as `Display` writes it.
    ///
    /// ```
    /// assert_eq!(tx_runtime::budget::Source::Program.name(), "the program");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Self::Flag => "--threads",
            Self::Program => "the program",
            Self::Variable(name) => name,
            Self::Kernel => "cgroup or affinity",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
