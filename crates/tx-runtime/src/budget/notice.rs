//! What the person who started the process should be told about its budget.

use super::{BadNumber, Source};

/// One thing the person who started the process should be told; `Display` is the line to print.
///
/// ```
/// use tx_runtime::budget::{Machine, Notice, resolve_from};
/// let budget = resolve_from(Some("16"), &|_| None, &Machine::new(4))?;
/// assert!(matches!(budget.notices(), [Notice::MoreThanGranted { used: 16, granted: 4, .. }]));
/// # Ok::<(), tx_runtime::budget::BudgetError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Notice {
    /// An explicit number is larger than what kernel and scheduler grant; it is used as given.
    #[error("{place} takes {used} threads, more than the {granted} granted ({grantor})")]
    MoreThanGranted {
        /// Who asked.
        place: Source,
        /// The number used.
        used: usize,
        /// The number granted.
        granted: usize,
        /// Who granted it.
        grantor: Source,
    },
    /// `TXARRAY_THREAD_LIMIT` is smaller than an explicit number, and is what counts.
    #[error("{place} asks for {asked} threads; TXARRAY_THREAD_LIMIT allows {limit}")]
    Capped {
        /// Who asked.
        place: Source,
        /// The number asked for.
        asked: usize,
        /// The number used.
        limit: usize,
    },
    /// Both of our variables are set and disagree.
    #[error("TXARRAY_SINGLE_THREAD=1 overrides TXARRAY_NUM_THREADS={asked}")]
    SingleThreadWins {
        /// The number that is not used.
        asked: usize,
    },
    /// Somebody else's variable holds a value that is no number of threads.
    #[error("{variable}={value:?} is ignored: {problem}")]
    Ignored {
        /// The variable's name.
        variable: &'static str,
        /// Its value.
        value: String,
        /// Why it is no number of threads.
        problem: BadNumber,
    },
    /// Somebody else's variable holds a list of numbers per node that has none for this node.
    #[error("{variable}={value:?} is ignored: no number for this node in it")]
    IgnoredList {
        /// The variable's name.
        variable: &'static str,
        /// Its value.
        value: String,
    },
    /// Inside a Slurm allocation, but on no node of it: the login node's shell of `salloc`.
    #[error(
        "this shell belongs to a Slurm allocation but runs outside its nodes; using 1 thread (srun runs on them)"
    )]
    OutsideAllocation,
    /// A batch script that has the CPUs of several tasks to itself.
    #[error(
        "the job has {cpus} CPUs for {tasks} tasks here; set TXARRAY_NUM_THREADS={cpus} to use them in one process"
    )]
    SeveralTasks {
        /// CPUs of the job on this node.
        cpus: usize,
        /// Tasks it may start here.
        tasks: usize,
    },
    /// The job's slots are spread over several hosts, and how many are here is not said.
    #[error(
        "{scheduler} spread this job over several hosts; using 1 thread, set TXARRAY_NUM_THREADS for more"
    )]
    SeveralHosts {
        /// The scheduler's name.
        scheduler: &'static str,
    },
    /// A batch scheduler runs this job, but what it granted cannot be read.
    #[error(
        "{scheduler} runs this job but does not say how many CPUs it has; using 1 thread, set TXARRAY_NUM_THREADS for more"
    )]
    NoGrant {
        /// The scheduler's name.
        scheduler: &'static str,
    },
}
