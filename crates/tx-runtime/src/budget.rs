//! How many threads this process may use, and who said so.
//!
//! On a shared machine the number of threads is a contract with a batch scheduler, not a matter of taste. So the
//! number is resolved once, from the most explicit source down, and comes with its source, the ceiling that
//! `auto` would have taken, and notices for the person who started the job:
//!
//! | | source | rule |
//! |---|---|---|
//! | 0 | `TXARRAY_THREAD_LIMIT` | a cap on everything below, the flag included |
//! | 1 | `--threads N\|auto` | as given; more than granted is allowed, with one notice; `auto` goes on down |
//! | 2 | `TXARRAY_SINGLE_THREAD=1`, `TXARRAY_NUM_THREADS=N\|auto` | the same; the single-thread switch is the stronger |
//! | 3 | the smaller of kernel limit and batch scheduler's grant | Slurm, PBS, LSF, Grid Engine, PJM, HTCondor; an unreadable grant is 1 |
//! | 4 | `OMP_NUM_THREADS` or `RAYON_NUM_THREADS`, then `OMP_THREAD_LIMIT` | lower it; where the grant is unreadable they are the user's word |
//! | 5 | `mpirun` without a scheduler | what the launcher bound us to, else the kernel limit ÷ ranks on this node |
//!
//! **Promises** B1: a bad value in one of *our* variables or the flag is an error that names it, never a panic and
//! never a fallback, even where a higher source decides. B2: a bad value in somebody else's variable is one notice,
//! and ignored. B3: resolving is a pure function of (flag, environment look-up, [`Machine`]): [`resolve_from`];
//! [`Budget::resolve`] only hands it this process. B4: every number is within `1..=65535`.
//!
//! **Trade-off** where a grant cannot be read the answer is 1: a job that is too slow gets noticed by its owner, a
//! job that takes its neighbours' cores gets noticed by everybody else.
//!
//! **Checked by** tests/budget_cases.rs and tests/budget_values.rs, every row, case and bad value by name.

mod error;
mod grant;
mod machine;
mod notice;
mod number;
mod resolve;
mod source;

pub use error::{BadNumber, BudgetError};
pub use machine::Machine;
pub use notice::Notice;
pub use resolve::resolve_from;
pub use source::Source;

/// The most threads a budget can hold.
pub const MAX_THREADS: usize = 65_535;

/// A number of threads with its source: what a [`Pool`](crate::pool::Pool) is built from.
///
/// ```
/// use tx_runtime::budget::Budget;
/// let budget = Budget::single_thread();
/// assert_eq!(budget.threads(), 1);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    threads: usize,
    source: Source,
    ceiling: usize,
    notices: Vec<Notice>,
}

impl Budget {
    /// The budget of this process: `flag` (the text of `--threads`, if given), environment and kernel facts.
    ///
    /// Reads the environment each time it is called; a caller that wants one answer keeps it.
    ///
    /// # Errors
    /// [`BudgetError`] when the flag or one of our own variables holds a bad value.
    ///
    /// ```
    /// use tx_runtime::budget::Budget;
    /// assert_eq!(Budget::resolve(Some("1"))?.threads(), 1);
    /// let error = Budget::resolve(Some("0x4")).unwrap_err();
    /// assert_eq!(error.to_string(), "--threads=\"0x4\": hexadecimal, not a plain whole number; expected 1 to 65535, or 'auto'");
    /// # Ok::<(), tx_runtime::budget::BudgetError>(())
    /// ```
    pub fn resolve(flag: Option<&str>) -> Result<Self, BudgetError> {
        // A value that is not UTF-8 keeps its U+FFFD marks, which no accepted value contains: never lost, always refused.
        let env = |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
        resolve_from(flag, &env, &Machine::read())
    }

    /// Exactly `threads`, as a program says it; reads no environment.
    ///
    /// # Errors
    /// [`BudgetError`] for 0 and for more than [`MAX_THREADS`].
    ///
    /// ```
    /// use tx_runtime::budget::Budget;
    /// assert_eq!(Budget::exactly(4)?.threads(), 4);
    /// assert_eq!(
    ///     Budget::exactly(0).unwrap_err().to_string(),
    ///     "threads(0): zero threads cannot run anything; use 1 for single-threaded"
    /// );
    /// # Ok::<(), tx_runtime::budget::BudgetError>(())
    /// ```
    pub fn exactly(threads: usize) -> Result<Self, BudgetError> {
        let problem = match threads {
            0 => BadNumber::Zero,
            1..=MAX_THREADS => {
                return Ok(Self { threads, source: Source::Program, ceiling: threads, notices: Vec::new() });
            }
            _ => BadNumber::TooMany,
        };
        Err(BudgetError::Program { threads, problem })
    }

    /// One thread, as a program says it: nothing is spawned, nothing waits. Reads no environment.
    ///
    /// ```
    /// assert!(tx_runtime::budget::Budget::single_thread().is_single());
    /// ```
    pub fn single_thread() -> Self {
        Self { threads: 1, source: Source::Program, ceiling: 1, notices: Vec::new() }
    }

    /// The number of threads that may do work, the calling one included; at least 1.
    ///
    /// ```
    /// assert!(tx_runtime::budget::Budget::resolve(None)?.threads() >= 1);
    /// # Ok::<(), tx_runtime::budget::BudgetError>(())
    /// ```
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Whether only the calling thread may do work.
    ///
    /// ```
    /// assert!(!tx_runtime::budget::Budget::exactly(2)?.is_single());
    /// # Ok::<(), tx_runtime::budget::BudgetError>(())
    /// ```
    pub fn is_single(&self) -> bool {
        self.threads == 1
    }

    /// Who decided the number.
    ///
    /// ```
    /// use tx_runtime::budget::Budget;
    /// assert_eq!(Budget::resolve(Some("1"))?.source().to_string(), "--threads");
    /// # Ok::<(), tx_runtime::budget::BudgetError>(())
    /// ```
    pub fn source(&self) -> Source {
        self.source
    }

    /// What `auto` takes here: rows 3 to 5 of the module's table, under the cap of row 0.
    /// For a budget made by the program, its own number.
    ///
    /// ```
    /// use tx_runtime::budget::{Machine, resolve_from};
    /// let budget = resolve_from(Some("3"), &|_| None, &Machine::new(8))?;
    /// assert_eq!((budget.threads(), budget.ceiling()), (3, 8));
    /// # Ok::<(), tx_runtime::budget::BudgetError>(())
    /// ```
    pub fn ceiling(&self) -> usize {
        self.ceiling
    }

    /// What the person who started the process should be told, one line each.
    ///
    /// ```
    /// use tx_runtime::budget::{Machine, resolve_from};
    /// let env = |name: &str| (name == "OMP_NUM_THREADS").then(|| "abc".to_owned());
    /// let budget = resolve_from(None, &env, &Machine::new(8))?;
    /// assert_eq!(budget.notices()[0].to_string(), "OMP_NUM_THREADS=\"abc\" is ignored: not a whole number");
    /// # Ok::<(), tx_runtime::budget::BudgetError>(())
    /// ```
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }
}
