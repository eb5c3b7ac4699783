//! The Santa Claus problem: nine reindeer or three of ten elves wake him; the reindeer come first.
//!
//! **Source** Trono, *A new exercise in concurrency*, SIGCSE Bulletin 1994; with transactions: Peyton Jones, *Beautiful
//! concurrency*, 2007.

use stm_engine::{Abort, Engine, TVar, Txn};

use crate::{Round, Scenario};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "santa",
    about: "a group of the wrong size at Santa's door, both kinds at once, elves before waiting reindeer",
    round,
};

const REINDEER: usize = 9;
const ELVES: usize = 10;
const TURNS: usize = 40;

/// Lets through a number of passers-by each time it is opened.
struct Gate {
    places: TVar<usize>,
}

/// One kind of helper, and how many of them make a group.
struct Kind {
    size: usize,
    /// Helpers that are still missing from the group.
    missing: TVar<usize>,
    /// Which group is forming; its members share the gates of that number.
    number: TVar<usize>,
    gates: [[Gate; 2]; 2],
    /// How many are with Santa.
    inside: TVar<usize>,
}

struct House {
    reindeer: Kind,
    elves: Kind,
    closed: TVar<bool>,
}

impl Kind {
    fn new(engine: &Engine, size: usize) -> Self {
        let gate = || Gate { places: engine.tvar(0) };
        Self {
            size,
            missing: engine.tvar(size),
            number: engine.tvar(0),
            gates: [[gate(), gate()], [gate(), gate()]],
            inside: engine.tvar(0),
        }
    }

    /// Take a place in the forming group; its number.
    fn join(&self, tx: &Txn<'_>) -> Result<usize, Abort> {
        let missing = *tx.get(&self.missing)?;
        if missing == 0 {
            return tx.retry();
        }
        tx.set(&self.missing, missing - 1)?;
        Ok(*tx.get(&self.number)?)
    }

    /// Wait for a whole group, and let the next one form; the number of the one that is there.
    fn whole(&self, tx: &Txn<'_>) -> Result<usize, Abort> {
        if *tx.get(&self.missing)? > 0 {
            return tx.retry();
        }
        let number = *tx.get(&self.number)?;
        tx.set(&self.missing, self.size)?;
        tx.set(&self.number, number + 1)?;
        Ok(number)
    }

    fn gate(&self, number: usize, which: usize) -> &TVar<usize> {
        &self.gates[number % 2][which].places
    }
}

impl House {
    /// One helper's whole life.
    fn help(&self, engine: &Engine, kind: &Kind) -> u64 {
        let mut times = 0;
        loop {
            let Some(number) = self.unless_closed(engine, |tx| kind.join(tx)) else { return times };
            for which in [0, 1] {
                let passed = self.unless_closed(engine, |tx| {
                    let gate = kind.gate(number, which);
                    let places = *tx.get(gate)?;
                    if places == 0 {
                        return tx.retry();
                    }
                    tx.set(gate, places - 1)?;
                    tx.modify(&kind.inside, |n| if which == 0 { n + 1 } else { n - 1 })
                });
                if passed.is_none() {
                    return times;
                }
            }
            times += 1;
        }
    }

    fn unless_closed<R>(&self, engine: &Engine, step: impl Fn(&Txn<'_>) -> Result<R, Abort>) -> Option<R> {
        engine.atomically(|tx| if *tx.get(&self.closed)? { Ok(None) } else { step(tx).map(Some) })
    }

    /// Santa wakes for one group and works with it.
    fn wake(&self, engine: &Engine) -> Result<(), String> {
        let (kind, number, waiting) = engine.atomically(|tx| {
            tx.or_else(
                |tx| Ok((&self.reindeer, self.reindeer.whole(tx)?, false)),
                |tx| Ok((&self.elves, self.elves.whole(tx)?, *tx.get(&self.reindeer.missing)? == 0)),
            )
        });
        if waiting {
            return Err("elves let in while all reindeer wait".into());
        }
        for which in [0, 1] {
            engine.atomically(|tx| tx.set(kind.gate(number, which), kind.size));
            // Until all have passed, in and out again.
            engine.atomically(|tx| if *tx.get(kind.gate(number, which))? > 0 { tx.retry() } else { Ok(()) });
            let found =
                engine.snapshot(|view| (*view.get(&self.reindeer.inside), *view.get(&self.elves.inside)));
            let expected = match (which, kind.size) {
                (1, _) => (0, 0),
                (_, REINDEER) => (REINDEER, 0),
                (_, elves) => (0, elves),
            };
            if found != expected {
                return Err(format!("{found:?} reindeer and elves with Santa, not {expected:?}"));
            }
        }
        Ok(())
    }
}

fn round(round: &Round) -> Result<u64, String> {
    let engine = round.engine();
    let house = House {
        reindeer: Kind::new(&engine, REINDEER),
        elves: Kind::new(&engine, 3),
        closed: engine.tvar(false),
    };
    let results = round.with_threads(1 + REINDEER + ELVES).spawn(|index| match index {
        0 => {
            let result = (0..TURNS).try_for_each(|_| house.wake(&engine));
            // Whatever happened, nobody is left waiting.
            engine.atomically(|tx| tx.set(&house.closed, true));
            result.map(|()| TURNS as u64)
        }
        1..=REINDEER => Ok(house.help(&engine, &house.reindeer)),
        _ => Ok(house.help(&engine, &house.elves)),
    });
    results.into_iter().sum()
}
