//! What a batch scheduler grants this process: row 3 of the table in [`budget`](super).
//!
//! Each scheduler is recognised by the variable it always sets; the first one found decides. A job's CPUs are
//! divided by the ranks that share them on this node wherever those are known.
//!
//! **Sources** the manual pages of `sbatch` and `srun` (output environment variables), PBS Professional's and
//! Torque's `qsub`, LSF's "Environment variables set for job execution", Grid Engine's `submit`, the Fujitsu PJM
//! end-user guide, HTCondor's "Environment and services for a running job".

use super::notice::Notice;
use super::number::{per_node, positive};
use super::{BadNumber, Source};

/// The environment with the manners other people's variables are read with: blank is unset, bad is a notice.
pub(super) struct Reader<'a> {
    env: &'a dyn Fn(&str) -> Option<String>,
    pub(super) notices: Vec<Notice>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(env: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { env, notices: Vec::new() }
    }

    /// The value, unless unset or blank.
    pub(super) fn text(&self, variable: &str) -> Option<String> {
        (self.env)(variable).filter(|value| !value.trim().is_empty())
    }

    fn has(&self, variable: &str) -> bool {
        self.text(variable).is_some()
    }

    /// A positive number; a bad one is a notice.
    pub(super) fn number(&mut self, variable: &'static str) -> Option<usize> {
        let value = self.text(variable)?;
        self.accept(variable, &value, positive(&value))
    }

    /// The first number of a list, as `OMP_NUM_THREADS` has one per nesting level; a bad one is a notice.
    pub(super) fn first_number(&mut self, variable: &'static str) -> Option<usize> {
        let value = self.text(variable)?;
        let first = value.split(',').next().unwrap_or_default();
        self.accept(variable, &value, positive(first))
    }

    fn accept(
        &mut self,
        variable: &'static str,
        value: &str,
        number: Result<usize, BadNumber>,
    ) -> Option<usize> {
        number
            .map_err(|problem| {
                self.notices.push(Notice::Ignored { variable, value: value.to_owned(), problem });
            })
            .ok()
    }

    /// The number of `node` in a list per node; a list without one is a notice.
    fn node_number(&mut self, variable: &'static str, node: Option<usize>) -> Option<usize> {
        let value = self.text(variable)?;
        let number = per_node(&value, node);
        if number.is_none() {
            self.notices.push(Notice::IgnoredList { variable, value });
        }
        number
    }

    /// Ranks that an MPI launcher says share this node with us, ourselves included.
    pub(super) fn mpi_ranks(&mut self) -> Option<Ranks> {
        ["OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS", "PALS_LOCAL_SIZE"]
            .into_iter()
            .find_map(|variable| self.number(variable).map(|ranks| Ranks { ranks, variable }))
    }
}

/// How many processes of one program share this node.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ranks {
    pub(super) ranks: usize,
    pub(super) variable: &'static str,
}

/// What row 3 found.
#[derive(Debug)]
pub(super) struct Grant {
    pub(super) cpus: usize,
    pub(super) source: Source,
    /// Set where 1 was taken for want of a better number: the user's word may raise it.
    pub(super) guess: Option<Guess>,
}

/// A grant of 1 for want of a better number.
#[derive(Debug)]
pub(super) struct Guess {
    /// CPUs that an explicit number may take before it is more than granted.
    pub(super) most: usize,
    /// What to say if nobody raises it.
    pub(super) notice: Notice,
}

impl Grant {
    fn firm(cpus: usize, variable: &'static str) -> Self {
        Self { cpus, source: Source::Variable(variable), guess: None }
    }

    fn unreadable(scheduler: &'static str, variable: &'static str) -> Self {
        let guess = Guess { most: usize::MAX, notice: Notice::NoGrant { scheduler } };
        Self { cpus: 1, source: Source::Variable(variable), guess: Some(guess) }
    }
}

/// `cpus` shared by ranks that an MPI launcher counted, if one did.
fn share(cpus: usize, mpi: Option<Ranks>) -> usize {
    (cpus / mpi.map_or(1, |mpi| mpi.ranks)).max(1)
}

/// The grant of the batch scheduler that runs this process; `None` if none does.
///
/// `mpi` are the launcher's ranks here, `omp` whether `OMP_NUM_THREADS` holds a number.
pub(super) fn of_scheduler(env: &mut Reader<'_>, mpi: Option<Ranks>, omp: bool) -> Option<Grant> {
    if env.has("SLURM_JOB_ID") {
        Some(slurm(env, mpi))
    } else if env.has("PBS_JOBID") {
        Some(pbs(env, mpi, omp))
    } else if env.has("LSB_JOBID") {
        Some(lsf(env, mpi))
    } else if env.has("SGE_ROOT") && env.has("JOB_ID") {
        Some(grid_engine(env, mpi))
    } else if env.has("PJM_JOBID") || (env.env)("PJM_VNODE_CORE").is_some() {
        Some(one_number(env, "PJM", "PJM_VNODE_CORE"))
    } else if env.has("_CONDOR_SCRATCH_DIR") || (env.env)("_CONDOR_CPUS").is_some() {
        Some(one_number(env, "HTCondor", "_CONDOR_CPUS"))
    } else {
        None
    }
}

fn slurm(env: &mut Reader<'_>, mpi: Option<Ranks>) -> Grant {
    if !env.has("SLURMD_NODENAME") {
        env.notices.push(Notice::OutsideAllocation);
        return Grant::firm(1, "SLURM_JOB_ID");
    }
    if let Some(cpus) = env.number("SLURM_CPUS_PER_TASK") {
        return Grant::firm(cpus, "SLURM_CPUS_PER_TASK");
    }
    let node = env.text("SLURM_NODEID").and_then(|id| id.trim().parse().ok());
    let Some(cpus) = env.node_number("SLURM_JOB_CPUS_PER_NODE", node) else {
        return Grant::unreadable("Slurm", "SLURM_JOB_ID");
    };
    if mpi.is_some() {
        return Grant::firm(share(cpus, mpi), "SLURM_JOB_CPUS_PER_NODE");
    }
    // Only `srun` sets this one, so it tells a step from the batch script; a step id would not (interactive steps).
    if env.has("SLURM_STEP_TASKS_PER_NODE") {
        return match env.node_number("SLURM_STEP_TASKS_PER_NODE", node) {
            Some(tasks) => Grant::firm((cpus / tasks).max(1), "SLURM_JOB_CPUS_PER_NODE"),
            None => Grant::unreadable("Slurm", "SLURM_JOB_ID"),
        };
    }
    match slurm_tasks_here(env, node) {
        None | Some(1) => Grant::firm(cpus, "SLURM_JOB_CPUS_PER_NODE"),
        Some(tasks) => {
            let guess = Guess { most: cpus, notice: Notice::SeveralTasks { cpus, tasks } };
            Grant { cpus: 1, source: Source::Variable("SLURM_JOB_CPUS_PER_NODE"), guess: Some(guess) }
        }
    }
}

/// How many tasks a batch script may start on this node; of the whole job if nothing closer is said.
fn slurm_tasks_here(env: &mut Reader<'_>, node: Option<usize>) -> Option<usize> {
    env.node_number("SLURM_TASKS_PER_NODE", node)
        .or_else(|| env.number("SLURM_NTASKS_PER_NODE"))
        .or_else(|| env.number("SLURM_NTASKS"))
        .or_else(|| env.number("SLURM_NPROCS"))
}

fn pbs(env: &mut Reader<'_>, mpi: Option<Ranks>, omp: bool) -> Grant {
    // PBS itself exports OMP_NUM_THREADS as the share of one rank, so the division has been done.
    let mpi = mpi.filter(|_| !omp);
    for variable in ["NCPUS", "PBS_NUM_PPN", "PBS_NP"] {
        if let Some(cpus) = env.number(variable) {
            return Grant::firm(share(cpus, mpi), variable);
        }
    }
    Grant::unreadable("PBS", "PBS_JOBID")
}

fn lsf(env: &mut Reader<'_>, mpi: Option<Ranks>) -> Grant {
    // Pairs of host and slots: `node1 4 node2 4`.
    let words = env.text("LSB_MCPU_HOSTS").map_or(0, |hosts| hosts.split_whitespace().count());
    let slots = env.number("LSB_DJOB_NUMPROC");
    match (words, slots) {
        (2, Some(slots)) => Grant::firm(share(slots, mpi), "LSB_DJOB_NUMPROC"),
        (3.., Some(_)) => several_hosts(env, "LSF", "LSB_MCPU_HOSTS"),
        _ => Grant::unreadable("LSF", "LSB_JOBID"),
    }
}

fn grid_engine(env: &mut Reader<'_>, mpi: Option<Ranks>) -> Grant {
    match (env.number("NHOSTS"), env.number("NSLOTS")) {
        (Some(1), Some(slots)) => Grant::firm(share(slots, mpi), "NSLOTS"),
        (Some(2..), Some(_)) => several_hosts(env, "Grid Engine", "NHOSTS"),
        _ => Grant::unreadable("Grid Engine", "JOB_ID"),
    }
}

fn several_hosts(env: &mut Reader<'_>, scheduler: &'static str, variable: &'static str) -> Grant {
    env.notices.push(Notice::SeveralHosts { scheduler });
    Grant::firm(1, variable)
}

fn one_number(env: &mut Reader<'_>, scheduler: &'static str, variable: &'static str) -> Grant {
    match env.number(variable) {
        Some(cpus) => Grant::firm(cpus, variable),
        None => Grant::unreadable(scheduler, variable),
    }
}
