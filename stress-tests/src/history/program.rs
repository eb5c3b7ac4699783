//! Random programs over a few variables.

use crate::Rng;

/// One step of a body.
#[derive(Debug, Clone)]
pub(crate) enum Do {
    Read(usize),
    Write(usize),
    /// Give the processor away, so that others commit meanwhile.
    Yield,
    /// From here on it cannot lose.
    BecomeIrrevocable,
    /// A nested part that keeps its writes, or takes them back.
    Nested {
        steps: Vec<Do>,
        fails: bool,
    },
}

/// How a body is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    Atomically,
    /// Ends itself with an error after its last step.
    GivesUp,
    /// Runs first, gives the processor away, and commits then if it can.
    Prepared,
    /// Reads every variable in one snapshot.
    Snapshot,
    /// Cannot lose, from its first step on.
    Irrevocable,
}

/// A transaction that a thread is going to run.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    pub(crate) how: How,
    pub(crate) steps: Vec<Do>,
}

impl Program {
    pub(crate) fn random(rng: &mut Rng, vars: usize) -> Self {
        let how = match rng.below(16) {
            0 => How::GivesUp,
            1 | 2 => How::Prepared,
            3 => How::Snapshot,
            4 => How::Irrevocable,
            _ => How::Atomically,
        };
        // Every third one only reads: those may go on in the past.
        let writes = if rng.below(3) == 0 { 0 } else { 40 };
        let len = 1 + rng.below(10);
        let mut steps = steps(rng, vars, writes, len, true);
        // What is prepared may not stop others until somebody commits it.
        if how != How::Prepared && rng.chance(3) {
            steps.insert(rng.below(len), Do::BecomeIrrevocable);
        }
        Self { how, steps }
    }
}

fn steps(rng: &mut Rng, vars: usize, writes: usize, len: usize, may_nest: bool) -> Vec<Do> {
    let step = |rng: &mut Rng| match rng.below(20) {
        0 => Do::Yield,
        1 if may_nest => {
            let len = 1 + rng.below(4);
            Do::Nested { fails: rng.chance(50), steps: steps(rng, vars, writes, len, false) }
        }
        _ if rng.chance(writes) => Do::Write(rng.below(vars)),
        _ => Do::Read(rng.below(vars)),
    };
    (0..len).map(|_| step(rng)).collect()
}
