//! Every row of the thread contract and every case it lists, by name; bad values are in `budget_values.rs`.
//!
//! An environment is written `NAME=value|NAME=value`; a case names what must come out: threads, source, and the
//! notices in full.

use tx_runtime::budget::{Budget, BudgetError, Machine, resolve_from};

fn resolve(flag: Option<&str>, env: &str, machine: Machine) -> Result<Budget, BudgetError> {
    let look_up = |name: &str| {
        let pairs = env.split('|').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(n, _)| *n == name).map(|(_, value)| value.to_owned()).next_back()
    };
    resolve_from(flag, &look_up, &machine)
}

/// One case: a sentence, flag, environment, CPUs, and what must come out.
type Case<'a> = (&'a str, Option<&'a str>, &'a str, usize, (usize, &'a str), &'a [&'a str]);

fn check(cases: &[Case<'_>]) {
    for &(sentence, flag, env, cpus, expected, notices) in cases {
        check_on(sentence, flag, env, Machine::new(cpus), expected, notices);
    }
}

fn check_on(
    sentence: &str,
    flag: Option<&str>,
    env: &str,
    machine: Machine,
    expected: (usize, &str),
    notices: &[&str],
) {
    let budget = resolve(flag, env, machine).unwrap_or_else(|error| panic!("{sentence}: {error}"));
    assert_eq!((budget.threads(), budget.source().name()), expected, "{sentence}");
    let told: Vec<_> = budget.notices().iter().map(ToString::to_string).collect();
    assert_eq!(told, notices, "{sentence}");
}

const KERNEL: &str = "cgroup or affinity";
const SLURM: &str = "SLURM_JOB_ID=4711|SLURMD_NODENAME=n1";
const NO_SLURM_GRANT: &str = "Slurm runs this job but does not say how many CPUs it has; using 1 thread, set TXARRAY_NUM_THREADS for more";
const OUTSIDE: &str =
    "this shell belongs to a Slurm allocation but runs outside its nodes; using 1 thread (srun runs on them)";

#[test]
fn row_0_the_site_limit_caps_everything() {
    check(&[
        ("a limit below the kernel's", None, "TXARRAY_THREAD_LIMIT=2", 8, (2, "TXARRAY_THREAD_LIMIT"), &[]),
        ("a limit above it changes nothing", None, "TXARRAY_THREAD_LIMIT=64", 8, (8, KERNEL), &[]),
        ("a blank limit is none", None, "TXARRAY_THREAD_LIMIT= ", 8, (8, KERNEL), &[]),
        (
            "the flag too",
            Some("6"),
            "TXARRAY_THREAD_LIMIT=2",
            8,
            (2, "TXARRAY_THREAD_LIMIT"),
            &["--threads asks for 6 threads; TXARRAY_THREAD_LIMIT allows 2"],
        ),
        (
            "the variable too",
            None,
            "TXARRAY_THREAD_LIMIT=2|TXARRAY_NUM_THREADS=3",
            8,
            (2, "TXARRAY_THREAD_LIMIT"),
            &["TXARRAY_NUM_THREADS asks for 3 threads; TXARRAY_THREAD_LIMIT allows 2"],
        ),
        (
            "a limit above the grant does not make it larger, and both are told",
            Some("16"),
            "TXARRAY_THREAD_LIMIT=12",
            8,
            (12, "TXARRAY_THREAD_LIMIT"),
            &[
                "--threads asks for 16 threads; TXARRAY_THREAD_LIMIT allows 12",
                "--threads takes 12 threads, more than the 8 granted (cgroup or affinity)",
            ],
        ),
        ("an exact fit is not worth a line", Some("2"), "TXARRAY_THREAD_LIMIT=2", 8, (2, "--threads"), &[]),
    ]);
    assert_eq!(resolve(Some("1"), "TXARRAY_THREAD_LIMIT=3", Machine::new(8)).unwrap().ceiling(), 3);
}

#[test]
fn rows_1_and_2_the_users_word_is_used_as_given() {
    check(&[
        ("nothing said", None, "", 8, (8, KERNEL), &[]),
        ("the flag beats the variable", Some("3"), "TXARRAY_NUM_THREADS=5", 8, (3, "--threads"), &[]),
        (
            "the flag's auto goes on down",
            Some("auto"),
            "TXARRAY_NUM_THREADS=5",
            8,
            (5, "TXARRAY_NUM_THREADS"),
            &[],
        ),
        ("the variable's auto too", None, "TXARRAY_NUM_THREADS=auto", 8, (8, KERNEL), &[]),
        (
            "the variable beats OpenMP",
            None,
            "TXARRAY_NUM_THREADS=1|OMP_NUM_THREADS=4",
            8,
            (1, "TXARRAY_NUM_THREADS"),
            &[],
        ),
        ("blanks around are allowed", Some(" 3 "), "", 8, (3, "--threads"), &[]),
        ("in the variable too", None, "TXARRAY_NUM_THREADS=\t 4 ", 8, (4, "TXARRAY_NUM_THREADS"), &[]),
        ("an empty variable is unset", None, "TXARRAY_NUM_THREADS=", 8, (8, KERNEL), &[]),
        ("a blank one too", None, "TXARRAY_NUM_THREADS=  ", 8, (8, KERNEL), &[]),
        ("the switch is one thread", None, "TXARRAY_SINGLE_THREAD=1", 8, (1, "TXARRAY_SINGLE_THREAD"), &[]),
        ("off, it says nothing", None, "TXARRAY_SINGLE_THREAD=0", 8, (8, KERNEL), &[]),
        ("blank, it says nothing", None, "TXARRAY_SINGLE_THREAD=", 8, (8, KERNEL), &[]),
        ("the flag beats the switch", Some("4"), "TXARRAY_SINGLE_THREAD=1", 8, (4, "--threads"), &[]),
        (
            "the flag's auto does not",
            Some("auto"),
            "TXARRAY_SINGLE_THREAD=1",
            8,
            (1, "TXARRAY_SINGLE_THREAD"),
            &[],
        ),
        (
            "the switch beats the number beside it",
            None,
            "TXARRAY_SINGLE_THREAD=1|TXARRAY_NUM_THREADS=4",
            8,
            (1, "TXARRAY_SINGLE_THREAD"),
            &["TXARRAY_SINGLE_THREAD=1 overrides TXARRAY_NUM_THREADS=4"],
        ),
        (
            "where they agree there is nothing to tell",
            None,
            "TXARRAY_SINGLE_THREAD=1|TXARRAY_NUM_THREADS=1",
            8,
            (1, "TXARRAY_SINGLE_THREAD"),
            &[],
        ),
        (
            "more than the kernel grants is used, with one line",
            Some("3"),
            "",
            2,
            (3, "--threads"),
            &["--threads takes 3 threads, more than the 2 granted (cgroup or affinity)"],
        ),
        (
            "more than the scheduler grants too",
            Some("16"),
            &format!("{SLURM}|SLURM_CPUS_PER_TASK=4"),
            64,
            (16, "--threads"),
            &["--threads takes 16 threads, more than the 4 granted (SLURM_CPUS_PER_TASK)"],
        ),
        (
            "from the variable too",
            None,
            "TXARRAY_NUM_THREADS=16|SGE_ROOT=/opt/sge|JOB_ID=1|NSLOTS=4|NHOSTS=1",
            64,
            (16, "TXARRAY_NUM_THREADS"),
            &["TXARRAY_NUM_THREADS takes 16 threads, more than the 4 granted (NSLOTS)"],
        ),
        (
            "a hint to other programs is no grant: nothing to tell",
            Some("4"),
            "OMP_NUM_THREADS=1",
            8,
            (4, "--threads"),
            &[],
        ),
        (
            "an explicit number makes others' bad values irrelevant",
            Some("4"),
            "OMP_NUM_THREADS=abc",
            8,
            (4, "--threads"),
            &[],
        ),
        ("the largest number", Some("65535"), "", 65_535, (65_535, "--threads"), &[]),
    ]);
    let budget = resolve(Some("3"), "OMP_NUM_THREADS=2", Machine::new(8)).unwrap();
    assert_eq!(budget.ceiling(), 2, "the ceiling is what auto would take");
}

#[test]
fn row_3_slurm() {
    let with = |more: &str| format!("{SLURM}|{more}");
    let several = "the job has 8 CPUs for 8 tasks here; set TXARRAY_NUM_THREADS=8 to use them in one process";
    check(&[
        ("a job that says nothing else", None, SLURM, 64, (1, "SLURM_JOB_ID"), &[NO_SLURM_GRANT]),
        ("CPUs per task", None, &with("SLURM_CPUS_PER_TASK=4"), 64, (4, "SLURM_CPUS_PER_TASK"), &[]),
        ("but never more than the kernel allows", None, &with("SLURM_CPUS_PER_TASK=4"), 2, (2, KERNEL), &[]),
        (
            "where kernel and scheduler agree, the scheduler explains it",
            None,
            &with("SLURM_CPUS_PER_TASK=4"),
            4,
            (4, "SLURM_CPUS_PER_TASK"),
            &[],
        ),
        ("salloc's shell on the login node", None, "SLURM_JOB_ID=1", 64, (1, "SLURM_JOB_ID"), &[OUTSIDE]),
        (
            "even if it knows the CPUs per task",
            None,
            "SLURM_JOB_ID=1|SLURM_CPUS_PER_TASK=4",
            64,
            (1, "SLURM_JOB_ID"),
            &[OUTSIDE],
        ),
        (
            "and OpenMP's word does not raise it there",
            None,
            "SLURM_JOB_ID=1|OMP_NUM_THREADS=6",
            64,
            (1, "SLURM_JOB_ID"),
            &[OUTSIDE],
        ),
        (
            "a batch script of one task has the whole job",
            None,
            &with("SLURM_JOB_CPUS_PER_NODE=8|SLURM_TASKS_PER_NODE=1"),
            64,
            (8, "SLURM_JOB_CPUS_PER_NODE"),
            &[],
        ),
        (
            "a batch script of several tasks does not",
            None,
            &with("SLURM_JOB_CPUS_PER_NODE=8|SLURM_TASKS_PER_NODE=8"),
            64,
            (1, "SLURM_JOB_CPUS_PER_NODE"),
            &[several],
        ),
        (
            "as told by the total only",
            None,
            &with("SLURM_JOB_CPUS_PER_NODE=8|SLURM_NTASKS=8"),
            64,
            (1, "SLURM_JOB_CPUS_PER_NODE"),
            &[several],
        ),
        (
            "there OpenMP's is the user's word",
            None,
            &with("SLURM_JOB_CPUS_PER_NODE=8|SLURM_TASKS_PER_NODE=8|OMP_NUM_THREADS=6"),
            64,
            (6, "OMP_NUM_THREADS"),
            &[],
        ),
        (
            "and ours is taken without a warning up to the job's CPUs",
            None,
            &with("SLURM_JOB_CPUS_PER_NODE=8|SLURM_TASKS_PER_NODE=8|TXARRAY_NUM_THREADS=8"),
            64,
            (8, "TXARRAY_NUM_THREADS"),
            &[],
        ),
        (
            "beyond them with one",
            None,
            &with("SLURM_JOB_CPUS_PER_NODE=8|SLURM_TASKS_PER_NODE=8|TXARRAY_NUM_THREADS=9"),
            64,
            (9, "TXARRAY_NUM_THREADS"),
            &["TXARRAY_NUM_THREADS takes 9 threads, more than the 8 granted (SLURM_JOB_CPUS_PER_NODE)"],
        ),
        (
            "a step of several tasks shares the CPUs",
            None,
            &with("SLURM_JOB_CPUS_PER_NODE=8|SLURM_STEP_TASKS_PER_NODE=4|SLURM_TASKS_PER_NODE=8"),
            64,
            (2, "SLURM_JOB_CPUS_PER_NODE"),
            &[],
        ),
        (
            "each node by its own numbers",
            None,
            &with("SLURM_JOB_CPUS_PER_NODE=6,2|SLURM_STEP_TASKS_PER_NODE=3,1|SLURM_NODEID=1"),
            64,
            (2, "SLURM_JOB_CPUS_PER_NODE"),
            &[],
        ),
        (
            "written as repetitions",
            None,
            &with("SLURM_JOB_CPUS_PER_NODE=16(x3),4|SLURM_STEP_TASKS_PER_NODE=2(x3),1|SLURM_NODEID=2"),
            64,
            (8, "SLURM_JOB_CPUS_PER_NODE"),
            &[],
        ),
        (
            "more tasks than CPUs is still one thread",
            None,
            &with("SLURM_JOB_CPUS_PER_NODE=2|SLURM_STEP_TASKS_PER_NODE=4"),
            64,
            (1, "SLURM_JOB_CPUS_PER_NODE"),
            &[],
        ),
        (
            "mpirun in the batch script shares by its own ranks",
            None,
            &with("SLURM_JOB_CPUS_PER_NODE=8|SLURM_TASKS_PER_NODE=2|OMPI_COMM_WORLD_LOCAL_SIZE=2"),
            64,
            (4, "SLURM_JOB_CPUS_PER_NODE"),
            &[],
        ),
        (
            "a list without this node is told and leaves one thread",
            None,
            &with("SLURM_JOB_CPUS_PER_NODE=8|SLURM_NODEID=3"),
            64,
            (1, "SLURM_JOB_ID"),
            &["SLURM_JOB_CPUS_PER_NODE=\"8\" is ignored: no number for this node in it", NO_SLURM_GRANT],
        ),
        (
            "an unreadable number of CPUs per task is told, and the rest decides",
            None,
            &with("SLURM_CPUS_PER_TASK=many|SLURM_JOB_CPUS_PER_NODE=8|SLURM_TASKS_PER_NODE=1"),
            64,
            (8, "SLURM_JOB_CPUS_PER_NODE"),
            &["SLURM_CPUS_PER_TASK=\"many\" is ignored: not a whole number"],
        ),
        (
            "an unreadable number of step tasks leaves one thread",
            None,
            &with("SLURM_JOB_CPUS_PER_NODE=8|SLURM_STEP_TASKS_PER_NODE=?"),
            64,
            (1, "SLURM_JOB_ID"),
            &["SLURM_STEP_TASKS_PER_NODE=\"?\" is ignored: no number for this node in it", NO_SLURM_GRANT],
        ),
        (
            "no readable grant: OpenMP's is the user's word, up to the kernel limit",
            None,
            &with("OMP_NUM_THREADS=64"),
            8,
            (8, KERNEL),
            &[],
        ),
        (
            "and OpenMP's limit lowers it",
            None,
            &with("OMP_NUM_THREADS=6|OMP_THREAD_LIMIT=3"),
            8,
            (3, "OMP_THREAD_LIMIT"),
            &[],
        ),
        ("a blank job id is no job", None, "SLURM_JOB_ID= ", 8, (8, KERNEL), &[]),
    ]);
}

#[test]
fn row_3_the_other_schedulers() {
    let no_grant = |scheduler: &str| {
        format!(
            "{scheduler} runs this job but does not say how many CPUs it has; using 1 thread, set TXARRAY_NUM_THREADS for more"
        )
    };
    let several = |scheduler: &str| {
        format!(
            "{scheduler} spread this job over several hosts; using 1 thread, set TXARRAY_NUM_THREADS for more"
        )
    };
    check(&[
        ("PBS", None, "PBS_JOBID=1|NCPUS=16", 64, (16, "NCPUS"), &[]),
        ("PBS by CPUs per node", None, "PBS_JOBID=1|PBS_NUM_PPN=6|PBS_NP=12", 64, (6, "PBS_NUM_PPN"), &[]),
        ("PBS by the total", None, "PBS_JOBID=1|PBS_NP=12", 64, (12, "PBS_NP"), &[]),
        (
            "PBS, and OpenMP lowers it",
            None,
            "PBS_JOBID=1|NCPUS=16|OMP_NUM_THREADS=1",
            64,
            (1, "OMP_NUM_THREADS"),
            &[],
        ),
        ("PBS, shared by ranks", None, "PBS_JOBID=1|NCPUS=16|PALS_LOCAL_SIZE=4", 64, (4, "NCPUS"), &[]),
        (
            "PBS, shared by ranks already where OpenMP's number is set",
            None,
            "PBS_JOBID=1|NCPUS=16|PALS_LOCAL_SIZE=4|OMP_NUM_THREADS=8",
            64,
            (8, "OMP_NUM_THREADS"),
            &[],
        ),
        (
            "PBS without a number, and OpenMP's word",
            None,
            "PBS_JOBID=1|OMP_NUM_THREADS=6",
            64,
            (6, "OMP_NUM_THREADS"),
            &[],
        ),
        ("PBS without a number", None, "PBS_JOBID=1", 64, (1, "PBS_JOBID"), &[&no_grant("PBS")]),
        ("PBS's numbers mean nothing outside PBS", None, "NCPUS=2", 8, (8, KERNEL), &[]),
        (
            "LSF on one host",
            None,
            "LSB_JOBID=1|LSB_DJOB_NUMPROC=4|LSB_MCPU_HOSTS=a 4",
            64,
            (4, "LSB_DJOB_NUMPROC"),
            &[],
        ),
        (
            "LSF on one host, shared by ranks",
            None,
            "LSB_JOBID=1|LSB_DJOB_NUMPROC=4|LSB_MCPU_HOSTS=a 4|OMPI_COMM_WORLD_LOCAL_SIZE=4",
            64,
            (1, "LSB_DJOB_NUMPROC"),
            &[],
        ),
        (
            "LSF on two hosts",
            None,
            "LSB_JOBID=1|LSB_DJOB_NUMPROC=8|LSB_MCPU_HOSTS=a 4 b 4",
            64,
            (1, "LSB_MCPU_HOSTS"),
            &[&several("LSF")],
        ),
        (
            "LSF that does not name the hosts",
            None,
            "LSB_JOBID=1|LSB_DJOB_NUMPROC=8",
            64,
            (1, "LSB_JOBID"),
            &[&no_grant("LSF")],
        ),
        ("Grid Engine", None, "SGE_ROOT=/s|JOB_ID=1|NSLOTS=3|NHOSTS=1", 64, (3, "NSLOTS"), &[]),
        (
            "Grid Engine on two hosts",
            None,
            "SGE_ROOT=/s|JOB_ID=1|NSLOTS=8|NHOSTS=2",
            64,
            (1, "NHOSTS"),
            &[&several("Grid Engine")],
        ),
        (
            "Grid Engine that says nothing",
            None,
            "SGE_ROOT=/s|JOB_ID=1",
            64,
            (1, "JOB_ID"),
            &[&no_grant("Grid Engine")],
        ),
        ("a job id alone is anybody's", None, "JOB_ID=1|NSLOTS=3", 8, (8, KERNEL), &[]),
        ("PJM", None, "PJM_VNODE_CORE=12", 48, (12, "PJM_VNODE_CORE"), &[]),
        ("PJM without a number", None, "PJM_VNODE_CORE=", 48, (1, "PJM_VNODE_CORE"), &[&no_grant("PJM")]),
        ("PJM by its job id", None, "PJM_JOBID=9", 48, (1, "PJM_VNODE_CORE"), &[&no_grant("PJM")]),
        ("HTCondor", None, "_CONDOR_CPUS=2", 48, (2, "_CONDOR_CPUS"), &[]),
        (
            "HTCondor with a bad number",
            None,
            "_CONDOR_CPUS=two",
            48,
            (1, "_CONDOR_CPUS"),
            &["_CONDOR_CPUS=\"two\" is ignored: not a whole number", &no_grant("HTCondor")],
        ),
        (
            "HTCondor by its scratch folder, and OpenMP's word",
            None,
            "_CONDOR_SCRATCH_DIR=/scratch|OMP_NUM_THREADS=4",
            48,
            (4, "OMP_NUM_THREADS"),
            &[],
        ),
    ]);
}

#[test]
fn row_4_what_others_were_told_lowers_the_ceiling() {
    check(&[
        ("OpenMP", None, "OMP_NUM_THREADS=4", 8, (4, "OMP_NUM_THREADS"), &[]),
        ("the first of its list", None, "OMP_NUM_THREADS=4,2", 8, (4, "OMP_NUM_THREADS"), &[]),
        ("it does not raise it", None, "OMP_NUM_THREADS=64", 8, (8, KERNEL), &[]),
        ("rayon", None, "RAYON_NUM_THREADS=3", 8, (3, "RAYON_NUM_THREADS"), &[]),
        (
            "OpenMP before rayon",
            None,
            "OMP_NUM_THREADS=4|RAYON_NUM_THREADS=3",
            8,
            (4, "OMP_NUM_THREADS"),
            &[],
        ),
        (
            "then OpenMP's limit",
            None,
            "OMP_NUM_THREADS=4|OMP_THREAD_LIMIT=2",
            8,
            (2, "OMP_THREAD_LIMIT"),
            &[],
        ),
        (
            "below a scheduler's grant",
            None,
            "SLURM_JOB_ID=1|SLURMD_NODENAME=n|SLURM_CPUS_PER_TASK=4|OMP_NUM_THREADS=2",
            64,
            (2, "OMP_NUM_THREADS"),
            &[],
        ),
        (
            "a bad value is told and ignored",
            None,
            "OMP_NUM_THREADS=abc",
            8,
            (8, KERNEL),
            &["OMP_NUM_THREADS=\"abc\" is ignored: not a whole number"],
        ),
        (
            "then rayon's counts",
            None,
            "OMP_NUM_THREADS=-1|RAYON_NUM_THREADS=3",
            8,
            (3, "RAYON_NUM_THREADS"),
            &["OMP_NUM_THREADS=\"-1\" is ignored: a negative number"],
        ),
        (
            "rayon's zero does not mean all cores here",
            None,
            "RAYON_NUM_THREADS=0",
            8,
            (8, KERNEL),
            &[
                "RAYON_NUM_THREADS=\"0\" is ignored: zero threads cannot run anything; use 1 for single-threaded",
            ],
        ),
        (
            "bad limits too",
            None,
            "OMP_THREAD_LIMIT=1e9",
            8,
            (8, KERNEL),
            &["OMP_THREAD_LIMIT=\"1e9\" is ignored: exponent notation, not a plain whole number"],
        ),
        ("blank is unset", None, "OMP_NUM_THREADS= |OMP_THREAD_LIMIT=", 8, (8, KERNEL), &[]),
    ]);
}

#[test]
fn row_5_ranks_without_a_scheduler_share_the_machine() {
    check(&[
        (
            "unbound ranks share",
            None,
            "OMPI_COMM_WORLD_LOCAL_SIZE=4",
            8,
            (2, "OMPI_COMM_WORLD_LOCAL_SIZE"),
            &[],
        ),
        ("more ranks than cores", None, "MPI_LOCALNRANKS=16", 8, (1, "MPI_LOCALNRANKS"), &[]),
        ("one rank has it all", None, "MPI_LOCALNRANKS=1", 8, (8, KERNEL), &[]),
        (
            "a bad number of ranks is told",
            None,
            "MPI_LOCALNRANKS=x",
            8,
            (8, KERNEL),
            &["MPI_LOCALNRANKS=\"x\" is ignored: not a whole number"],
        ),
        (
            "OpenMP lowers the share",
            None,
            "OMPI_COMM_WORLD_LOCAL_SIZE=2|OMP_NUM_THREADS=3",
            8,
            (3, "OMP_NUM_THREADS"),
            &[],
        ),
    ]);
    let bound = Machine::new(8).bound_to(3);
    check_on(
        "bound ranks have what they are bound to",
        None,
        "OMPI_COMM_WORLD_LOCAL_SIZE=4",
        bound,
        (3, KERNEL),
        &[],
    );
}

#[test]
fn row_6_nothing_of_this_is_the_kernel_limit() {
    check_on("eight", None, "", Machine::new(8), (8, KERNEL), &[]);
    check_on("bound by hand", None, "", Machine::new(8).bound_to(3), (3, KERNEL), &[]);
}
