//! The judge.

use std::collections::BTreeMap;

use super::{Attempt, End, History, Step, Time, Value};

/// What is wrong with a history. `attempt` is a place in [`History::attempts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// Two attempts with writes say that they took effect at the same time.
    SameTime {
        /// The second of them.
        attempt: usize,
        /// That time.
        time: Time,
    },
    /// It took effect before it began or after it had ended.
    OutOfTime {
        /// Which one.
        attempt: usize,
        /// When it says it did.
        time: Time,
    },
    /// It does not see what it has written itself, or takes a stranger's value for its own.
    NotOwn {
        /// Which one.
        attempt: usize,
        /// The variable.
        var: usize,
    },
    /// It read what no commit at that time had written: a value of nobody, of an attempt without effect, of another
    /// time.
    NoSuchVersion {
        /// Which one.
        attempt: usize,
        /// The variable.
        var: usize,
        /// What it read.
        value: Value,
    },
    /// What it read was never current all at once while it ran.
    NoMoment {
        /// Which one.
        attempt: usize,
        /// A variable that does not fit the others.
        var: usize,
    },
    /// It committed, but at its place in the order of commits the variable had another value.
    NotSerial {
        /// Which one.
        attempt: usize,
        /// The variable.
        var: usize,
        /// What it read.
        read: Value,
        /// What it should have read.
        expected: Value,
    },
    /// A variable does not end with the value of its last writer.
    LostAtTheEnd {
        /// The variable.
        var: usize,
        /// What it should have.
        expected: Value,
    },
}

/// The versions of one variable, oldest first.
type Versions = Vec<(Time, Value)>;

/// The first flaw found.
///
/// # Errors
/// That flaw.
///
/// # Panics
/// When a step names a variable that [`History::last`] does not have.
pub fn check(history: &History) -> Result<(), Flaw> {
    let mut commits: Vec<_> = (history.attempts.iter().enumerate())
        .filter_map(|(index, attempt)| match attempt.end {
            // At one time the writer comes first: who only read saw that moment.
            End::Committed(time) => Some(((time, !attempt.writes()), index)),
            End::Aborted => None,
        })
        .collect();
    commits.sort_unstable();
    let versions = versions(history, &commits)?;
    for (index, attempt) in history.attempts.iter().enumerate() {
        own_writes(index, attempt)?;
        one_moment(index, attempt, &versions)?;
    }
    replay(history, &commits)
}

impl Attempt {
    fn writes(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Write { .. }))
    }
}

/// What the commits made, and that each took effect while it ran and at a time of its own.
fn versions(history: &History, commits: &[((Time, bool), usize)]) -> Result<Vec<Versions>, Flaw> {
    let mut versions = vec![vec![(0, 0)]; history.last.len()];
    let mut previous = 0;
    for &((time, read_only), index) in commits {
        let attempt = &history.attempts[index];
        // A commit ticks the clock; a snapshot may be of the very moment at which it began.
        let earliest = if read_only { attempt.after } else { attempt.after + 1 };
        if !(earliest..=attempt.before).contains(&time) {
            return Err(Flaw::OutOfTime { attempt: index, time });
        }
        if read_only {
            continue;
        }
        if std::mem::replace(&mut previous, time) == time {
            return Err(Flaw::SameTime { attempt: index, time });
        }
        let mut last = BTreeMap::new();
        for step in &attempt.steps {
            if let Step::Write { var, value } = *step {
                last.insert(var, value);
            }
        }
        last.into_iter().for_each(|(var, value)| versions[var].push((time, value)));
    }
    Ok(versions)
}

/// It reads its own writes, and nothing else as its own.
fn own_writes(index: usize, attempt: &Attempt) -> Result<(), Flaw> {
    let mut own = BTreeMap::new();
    for step in &attempt.steps {
        match *step {
            Step::Write { var, value } => drop(own.insert(var, value)),
            Step::Read { var, value, time } => {
                let expected = own.get(&var).copied();
                if time.is_none() != expected.is_some() || expected.is_some_and(|own| own != value) {
                    return Err(Flaw::NotOwn { attempt: index, var });
                }
            }
        }
    }
    Ok(())
}

/// Everything that it read of others was current at one moment between its beginning and its end.
fn one_moment(index: usize, attempt: &Attempt, versions: &[Versions]) -> Result<(), Flaw> {
    // The moments that fit all reads so far: from `first` to before `end`.
    let (mut first, mut end) = (attempt.after, attempt.before + 1);
    for step in &attempt.steps {
        let Step::Read { var, value, time: Some(time) } = *step else { continue };
        let of_var = &versions[var];
        let found = of_var.binary_search_by_key(&time, |version| version.0);
        let Some(at) = found.ok().filter(|&at| of_var[at].1 == value) else {
            return Err(Flaw::NoSuchVersion { attempt: index, var, value });
        };
        first = first.max(time);
        end = of_var.get(at + 1).map_or(end, |next| end.min(next.0));
        if first >= end {
            return Err(Flaw::NoMoment { attempt: index, var });
        }
    }
    Ok(())
}

/// The commits one after the other, by values alone: times order them and prove nothing here.
fn replay(history: &History, commits: &[((Time, bool), usize)]) -> Result<(), Flaw> {
    let mut state = vec![0; history.last.len()];
    for &(_, index) in commits {
        for step in &history.attempts[index].steps {
            match *step {
                Step::Write { var, value } => state[var] = value,
                Step::Read { var, value, .. } if value != state[var] => {
                    return Err(Flaw::NotSerial { attempt: index, var, read: value, expected: state[var] });
                }
                Step::Read { .. } => {}
            }
        }
    }
    match (0..state.len()).find(|&var| state[var] != history.last[var]) {
        Some(var) => Err(Flaw::LostAtTheEnd { var, expected: state[var] }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
