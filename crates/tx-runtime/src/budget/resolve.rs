//! The precedence of [`budget`](super)'s table, row by row, as a pure function.

use super::grant::{Reader, of_scheduler};
use super::notice::Notice;
use super::number::{Asked, asked, limit, switch};
use super::{Budget, BudgetError, Machine, Source};

const LIMIT: Source = Source::Variable("TXARRAY_THREAD_LIMIT");
const NUMBER: Source = Source::Variable("TXARRAY_NUM_THREADS");
const SINGLE: Source = Source::Variable("TXARRAY_SINGLE_THREAD");

/// The budget that `flag` (the text of `--threads`), an environment and kernel facts come to; reads nothing else.
///
/// `env` is asked for variables by name. A variable that is unset, empty or blank counts as unset; an empty flag
/// does not. At most a few dozen look-ups.
///
/// # Errors
/// [`BudgetError`] when the flag, `TXARRAY_THREAD_LIMIT`, `TXARRAY_NUM_THREADS` or `TXARRAY_SINGLE_THREAD` holds a
/// bad value, also where a higher source decides. Never panics.
///
/// ```
/// use tx_runtime::budget::{Machine, resolve_from};
/// let slurm = |name: &str| match name {
///     "SLURM_JOB_ID" => Some("4711".to_owned()),
///     "SLURMD_NODENAME" => Some("node7".to_owned()),
///     "SLURM_CPUS_PER_TASK" => Some("4".to_owned()),
///     _ => None,
/// };
/// let budget = resolve_from(None, &slurm, &Machine::new(64))?;
/// assert_eq!((budget.threads(), budget.source().name()), (4, "SLURM_CPUS_PER_TASK"));
/// # Ok::<(), tx_runtime::budget::BudgetError>(())
/// ```
pub fn resolve_from(
    flag: Option<&str>,
    env: &dyn Fn(&str) -> Option<String>,
    machine: &Machine,
) -> Result<Budget, BudgetError> {
    let mut reader = Reader::new(env);
    let ours = Ours::read(flag, &reader)?;
    let granted = granted(&mut reader, machine);
    let cap = ours.limit.unwrap_or(usize::MAX);
    let auto = granted.auto.capped(cap);

    let Some(explicit) = ours.explicit else {
        let mut notices = reader.notices;
        notices.extend(granted.guess_notice);
        return Ok(Budget { threads: auto.threads, source: auto.source, ceiling: auto.threads, notices });
    };
    // Nothing below an explicit number decided anything, so what was wrong there is not worth a line.
    let mut notices = Vec::from_iter(ours.notice);
    let used = explicit.capped(cap);
    if used.threads < explicit.threads {
        notices.push(Notice::Capped { place: explicit.source, asked: explicit.threads, limit: used.threads });
    }
    if used.threads > granted.most.threads {
        notices.push(Notice::MoreThanGranted {
            place: explicit.source,
            used: used.threads,
            granted: granted.most.threads,
            grantor: granted.most.source,
        });
    }
    Ok(Budget { threads: used.threads, source: used.source, ceiling: auto.threads, notices })
}

/// A number with who said it.
#[derive(Clone, Copy)]
struct Word {
    threads: usize,
    source: Source,
}

impl Word {
    fn new(threads: usize, source: Source) -> Self {
        Self { threads, source }
    }

    fn capped(self, cap: usize) -> Self {
        if cap < self.threads { Self::new(cap, LIMIT) } else { self }
    }

    /// The smaller one; this one if they agree.
    fn or_lower(self, other: Option<Self>) -> Self {
        other.filter(|other| other.threads < self.threads).unwrap_or(self)
    }
}

/// Rows 0 to 2: what our own variables and the flag say. Every one that is set must be good.
struct Ours {
    limit: Option<usize>,
    explicit: Option<Word>,
    notice: Option<Notice>,
}

impl Ours {
    fn read(flag: Option<&str>, env: &Reader<'_>) -> Result<Self, BudgetError> {
        let flag = flag.map(|text| asked(Source::Flag, text)).transpose()?;
        let limit = env.text(LIMIT.name()).map(|text| limit(LIMIT, &text)).transpose()?;
        let number = env.text(NUMBER.name()).map(|text| asked(NUMBER, &text)).transpose()?;
        let single = env.text(SINGLE.name()).map(|text| switch(&text)).transpose()?.unwrap_or(false);

        let mut notice = None;
        let explicit = match (flag, single, number) {
            (Some(Asked::Threads(n)), ..) => Some(Word::new(n, Source::Flag)),
            (_, true, number) => {
                if let Some(Asked::Threads(asked @ 2..)) = number {
                    notice = Some(Notice::SingleThreadWins { asked });
                }
                Some(Word::new(1, SINGLE))
            }
            (_, false, Some(Asked::Threads(n))) => Some(Word::new(n, NUMBER)),
            (_, false, None | Some(Asked::Auto)) => None,
        };
        Ok(Self { limit, explicit, notice })
    }
}

/// Rows 3 to 6.
struct Granted {
    /// What `auto` takes.
    auto: Word,
    /// What an explicit number may take before it is more than granted: other people's hints do not lower it.
    most: Word,
    /// What to say where `auto` is 1 for want of a better number.
    guess_notice: Option<Notice>,
}

fn granted(env: &mut Reader<'_>, machine: &Machine) -> Granted {
    let kernel = Word::new(machine.kernel(), Source::Kernel);
    let omp = env.first_number("OMP_NUM_THREADS").map(|n| Word::new(n, Source::Variable("OMP_NUM_THREADS")));
    let hint = omp.or_else(|| {
        env.number("RAYON_NUM_THREADS").map(|n| Word::new(n, Source::Variable("RAYON_NUM_THREADS")))
    });
    let omp_limit =
        env.number("OMP_THREAD_LIMIT").map(|n| Word::new(n, Source::Variable("OMP_THREAD_LIMIT")));
    let mpi = env.mpi_ranks();

    let (ceiling, guess) = match of_scheduler(env, mpi, omp.is_some()) {
        // Where both say the same, the scheduler is the better explanation.
        Some(grant) => (Word::new(grant.cpus, grant.source).or_lower(Some(kernel)), grant.guess),
        None => match mpi {
            Some(mpi) if !machine.is_bound() && mpi.ranks > 1 => {
                let share = (kernel.threads / mpi.ranks).max(1);
                (Word::new(share, Source::Variable(mpi.variable)), None)
            }
            _ => (kernel, None),
        },
    };
    match (guess, hint) {
        (None, hint) => {
            Granted { auto: ceiling.or_lower(hint).or_lower(omp_limit), most: ceiling, guess_notice: None }
        }
        (Some(guess), hint) => {
            let most = Word::new(guess.most, ceiling.source).or_lower(Some(kernel));
            let raised = hint.map(|hint| hint.or_lower(Some(kernel)).or_lower(omp_limit));
            Granted {
                auto: raised.unwrap_or(ceiling),
                most,
                guess_notice: raised.is_none().then_some(guess.notice),
            }
        }
    }
}
