//! Runs random programs and writes down what they do.

use std::cell::{Cell, RefCell};
use std::thread::yield_now;

use stm_engine::{Abort, Engine, Options, TVar, TxError, Txn};

use super::program::{Do, How, Program};
use super::{Attempt, End, History, Step, Value};
use crate::Round;

/// What the round's threads do to `vars` variables of `engine` with `transactions` random transactions each.
pub fn record(engine: &Engine, round: &Round, vars: usize, transactions: usize) -> History {
    let vars: Vec<_> = (0..vars).map(|_| engine.tvar(0)).collect();
    let attempts = round.spawn(|index| {
        let mut rng = round.rng(index);
        let mut pen = Pen::new(engine, &vars, index);
        (0..transactions).for_each(|_| pen.run(&Program::random(&mut rng, vars.len())));
        pen.attempts.into_inner()
    });
    History { attempts: attempts.concat(), last: vars.iter().map(TVar::load).collect() }
}

/// One thread's notes.
struct Pen<'a> {
    engine: &'a Engine,
    vars: &'a [TVar<Value>],
    attempts: RefCell<Vec<Attempt>>,
    /// The last value written.
    value: Cell<Value>,
}

impl<'a> Pen<'a> {
    fn new(engine: &'a Engine, vars: &'a [TVar<Value>], index: usize) -> Self {
        // Room for 2^40 values on each thread.
        let value = Cell::new((index as Value + 1) << 40);
        Self { engine, vars, attempts: RefCell::default(), value }
    }

    fn run(&mut self, program: &Program) {
        let fresh = self.attempts.get_mut().len();
        // An attempt begins after the one before it has ended, and the first after this.
        let after = Cell::new(self.engine.now());
        let body = |tx: &Txn<'_>| {
            let mut steps = Vec::new();
            let result = self.perform(tx, &program.steps, &mut steps);
            let before = self.engine.now();
            let after = after.replace(before);
            self.attempts.borrow_mut().push(Attempt { after, before, steps, end: End::Aborted });
            result?;
            if program.how == How::GivesUp { tx.abort("on purpose") } else { Ok(()) }
        };
        let committed = match program.how {
            How::Atomically => {
                self.engine.atomically(body);
                true
            }
            How::GivesUp => match self.engine.try_atomically(&Options::new(), body) {
                Err(TxError::Aborted(_)) => false,
                other => panic!("a body that gives up ended with {other:?}"),
            },
            How::Prepared => {
                let prepared = self.engine.prepare(body).expect("nothing in it can fail");
                yield_now();
                prepared.commit().is_ok()
            }
            How::Irrevocable => {
                self.engine.irrevocably(&Options::new(), body).expect("it cannot lose");
                true
            }
            How::Snapshot => return self.snapshot(),
        };
        if committed {
            let attempts = self.attempts.get_mut();
            assert!(attempts.len() > fresh, "a commit without an attempt");
            if let Some(last) = attempts.last_mut() {
                last.end = End::Committed(self.engine.committed_at());
                last.before = self.engine.now();
            }
        }
    }

    /// All variables at one moment; such a read never loses.
    fn snapshot(&mut self) {
        let after = self.engine.now();
        let (time, steps) = self.engine.snapshot(|view| {
            let read = |(var, at)| {
                let (&value, time) = view.get_with_time(at);
                yield_now();
                Step::Read { var, value, time: Some(time) }
            };
            (view.time(), self.vars.iter().enumerate().map(read).collect())
        });
        let before = self.engine.now();
        self.attempts.get_mut().push(Attempt { after, before, steps, end: End::Committed(time) });
    }

    fn perform(&self, tx: &Txn<'_>, program: &[Do], steps: &mut Vec<Step>) -> Result<(), Abort> {
        for instruction in program {
            match instruction {
                Do::Yield => yield_now(),
                Do::BecomeIrrevocable => tx.become_irrevocable()?,
                &Do::Read(var) => {
                    let (&value, time) = tx.get_with_time(&self.vars[var])?;
                    steps.push(Step::Read { var, value, time });
                }
                &Do::Write(var) => {
                    let value = self.value.get() + 1;
                    self.value.set(value);
                    tx.set(&self.vars[var], value)?;
                    steps.push(Step::Write { var, value });
                }
                Do::Nested { steps: part, fails } => {
                    let mark = steps.len();
                    let result = tx.nested(|tx| {
                        self.perform(tx, part, steps)?;
                        if *fails { tx.abort("on purpose") } else { Ok(()) }
                    })?;
                    if result.is_err() {
                        // Its writes are gone, and so is what it read of them. What it read of others stays read.
                        let of_others = |step: &Step| matches!(step, Step::Read { time: Some(_), .. });
                        let taken_back = steps.split_off(mark);
                        steps.extend(taken_back.into_iter().filter(of_others));
                    }
                }
            }
        }
        Ok(())
    }
}
