//! The same programs through a session.

use array_core::{Array, DType, Index, Select, pick};
use stm_engine::{Abort, TVar};
use strategy_lists::{List, Value};
use tx_collections::{TArray, View};
use tx_scheduler::{CancelToken, Config, Context, Session, SessionError};

use super::oracle::Outcome;
use super::program::{Along, Binary, Expr, Fold, Ix, Part, Program, Step};

struct Runner {
    session: Session,
    views: Vec<Option<View>>,
    outcome: Outcome,
    counter: TVar<f64>,
    list: TVar<List>,
    tile_elems: usize,
}

/// Run the program in a session; everything it leaves.
pub(crate) fn run(program: &Program, config: Config) -> Result<(Outcome, Session), SessionError> {
    let mut runner = Runner {
        session: Session::new(config.tile_elems(program.tile_elems)),
        views: Vec::new(),
        outcome: Outcome::default(),
        counter: TVar::new(0.0),
        list: TVar::new(List::new()),
        tile_elems: program.tile_elems,
    };
    for step in &program.steps {
        runner.step(step)?;
    }
    runner.persist(|runner| runner.session.finish())?;
    runner.session.set_cancel(None);
    let views = std::mem::take(&mut runner.views);
    for view in &views {
        let value = match view {
            Some(view) => Some((view.shape().to_vec(), runner.session.eval(view)?.to_vec()?)),
            None => None,
        };
        runner.outcome.arrays.push(value);
    }
    runner.session.finish()?;
    runner.outcome.counter = runner.counter.load();
    let number = |value: Value| match value {
        Value::Float(x) => x,
        other => panic!("{other:?} in the list"),
    };
    runner.outcome.list = runner.list.load().iter().map(number).collect();
    Ok((runner.outcome, runner.session))
}

impl Runner {
    /// Do it again if a closure has told the session to stop; what was recorded then is not recorded twice.
    fn persist<T>(
        &mut self,
        mut act: impl FnMut(&mut Self) -> Result<T, SessionError>,
    ) -> Result<T, SessionError> {
        loop {
            match act(self) {
                Err(SessionError::Cancelled) => self.session.set_cancel(None),
                other => return other,
            }
        }
    }

    fn step(&mut self, step: &Step) -> Result<(), SessionError> {
        match step {
            Step::New { shape, value, attached } => {
                let view = if *attached {
                    let view = TArray::with_tile_elems(&Array::zeros(shape), self.tile_elems)?.view();
                    self.persist(|runner| {
                        let value = runner.expr(value)?;
                        runner.session.assign(&view, value)
                    })?;
                    view
                } else {
                    self.persist(|runner| {
                        let value = runner.expr(value)?.broadcast_to(shape);
                        runner.session.array(value)
                    })?
                };
                self.views.push(Some(view));
            }
            Step::Copy { of } => {
                let view =
                    self.persist(|runner| runner.session.array(runner.views[*of].as_ref().unwrap()))?;
                self.views.push(Some(view));
            }
            Step::Assign { target, value } => {
                self.persist(|runner| {
                    let value = runner.expr(value)?;
                    runner.session.assign(runner.part(target), value)
                })?;
            }
            Step::Mask { target, limit, value, computed: true } => self.persist(|runner| {
                let part = runner.part(target);
                let value = runner.expr(value)?.broadcast_to(part.shape());
                let values = runner.session.pick(value, pick![part.read().less(*limit)])?;
                runner.session.put(&part, pick![part.read().less(*limit)], values)
            })?,
            Step::Mask { target, limit, value, computed: false } => self.persist(|runner| {
                let part = runner.part(target);
                let value = Array::where_(part.read().less(*limit), runner.expr(value)?, part.read());
                runner.session.assign(part, value)
            })?,
            Step::Put { array, positions, value, computed } => self.persist(|runner| {
                let items = runner.positions(positions, *computed)?;
                let view = runner.views[*array].clone().unwrap();
                let changed = view.read().set(items, runner.expr(value)?);
                runner.session.assign(&view, changed)
            })?,
            Step::Late { value, between, target } => {
                let value = self.persist(|runner| runner.expr(value))?;
                self.step(between)?;
                self.persist(|runner| runner.session.assign(runner.part(target), value.clone()))?;
            }
            Step::Drop { array } => self.views[*array] = None,
            Step::Look { array } => {
                let values =
                    self.persist(|runner| runner.session.eval(runner.views[*array].as_ref().unwrap()))?;
                self.outcome.looked.push(values.to_vec()?);
            }
            Step::Closure { array, by } => {
                let (counter, by) = (self.counter.clone(), *by);
                self.closure(*array, move |tx, view| {
                    let scaled = (tx.read(view)? * by).eval()?;
                    let first = scaled.to_vec::<f64>()?[0];
                    tx.assign(view, scaled)?;
                    tx.modify(&counter, |n| n + first.clamp(-1.0, 1.0))
                })?;
            }
            Step::Indices { array, indices, by } => {
                let (indices, by) = (indices.clone(), *by);
                self.closure(*array, move |tx, view| {
                    let mut elements = tx.read(view)?.to_vec::<f64>()?;
                    indices.iter().for_each(|&i| elements[i] += by);
                    tx.assign(view, Array::from_vec(elements, view.shape()))
                })?;
            }
            Step::Push { array, at } => {
                let (list, at) = (self.list.clone(), *at);
                self.closure(*array, move |tx, view| {
                    let element = tx.read(view)?.to_vec::<f64>()?[at];
                    tx.modify(&list, |list| {
                        let mut list = list.clone();
                        list.push(element);
                        list
                    })
                })?;
            }
            Step::Pop { array, at } => {
                let (list, at) = (self.list.clone(), *at);
                self.closure(*array, move |tx, view| {
                    let mut entries = tx.get(&list)?.clone();
                    let Some(Value::Float(last)) = entries.pop() else { return Ok(()) };
                    tx.set(&list, entries)?;
                    let mut elements = tx.read(view)?.to_vec::<f64>()?;
                    elements[at] = last;
                    tx.assign(view, Array::from_vec(elements, view.shape()))
                })?;
            }
            Step::Failure { array, panics, doomed } => self.failure(*array, *panics, doomed)?,
            Step::Cancel => {
                let token = CancelToken::new();
                self.session.set_cancel(Some(token.clone()));
                token.cancel();
                assert!(matches!(self.session.finish(), Err(SessionError::Cancelled)));
                assert!(matches!(self.session.array(1.0), Err(SessionError::Cancelled)));
                self.session.set_cancel(None);
            }
            Step::CancelWithin => {
                let token = CancelToken::new();
                self.session.set_cancel(Some(token.clone()));
                self.session.dynamic(&[], move |_| {
                    token.cancel();
                    Ok(())
                })?;
            }
        }
        Ok(())
    }

    fn closure(
        &mut self,
        array: usize,
        body: impl Fn(&Context<'_, '_>, &View) -> Result<(), Abort> + Send + Sync + Clone + 'static,
    ) -> Result<(), SessionError> {
        let view = self.views[array].clone().unwrap();
        self.persist(|runner| {
            let (body, inner) = (body.clone(), view.clone());
            runner.session.dynamic(&[&view], move |tx| body(tx, &inner))
        })
    }

    /// A closure that fails, and steps behind it. The error comes out of one of them, at the latest of the last look.
    fn failure(&mut self, array: usize, panics: bool, doomed: &[Step]) -> Result<(), SessionError> {
        let (arrays, looked) = (self.views.len(), self.outcome.looked.len());
        let counter = self.counter.clone();
        let mut outcome = self.closure(array, move |tx, view| {
            tx.assign(view, -7.0)?;
            tx.set(&counter, 1e9)?;
            if panics {
                std::panic::resume_unwind(Box::new("a bug"));
            }
            Err(std::io::Error::other("no more paper").into())
        });
        let (mut made, mut dropped) = (0, Vec::new());
        for step in doomed {
            made += usize::from(matches!(step, Step::New { .. } | Step::Copy { .. }));
            if let Step::Drop { array } = step {
                dropped.push(*array);
            }
            if outcome.is_ok() {
                outcome = self.step(step);
            }
        }
        let outcome = outcome.and_then(|()| self.persist(|runner| runner.session.finish()));
        match outcome {
            Err(SessionError::Panicked { message, .. }) if panics => assert_eq!(message, "a bug"),
            Err(SessionError::Closure { message, .. }) if !panics => assert_eq!(message, "no more paper"),
            other => panic!("a closure that fails ends in {other:?}"),
        }
        self.views.truncate(arrays);
        self.views.resize_with(arrays + made, || None);
        self.outcome.looked.truncate(looked);
        dropped.into_iter().for_each(|array| self.views[array] = None);
        Ok(())
    }

    fn part(&self, part: &Part) -> View {
        let view = self.views[part.array].as_ref().unwrap();
        let index: Vec<Index> = part
            .index
            .iter()
            .map(|ix| match *ix {
                Ix::At(i) => Index::At(i),
                Ix::Slice { start, step, len } => {
                    let stop = start + step * len as isize;
                    Index::Slice { start: Some(start), stop: (stop >= 0).then_some(stop), step }
                }
            })
            .collect();
        let view = view.at(index);
        assert_eq!(view.shape(), part.shape());
        view
    }

    /// Positions as items of an index, those of an array of the session as they are first.
    fn positions(&mut self, positions: &[Vec<usize>], computed: bool) -> Result<Vec<Select>, SessionError> {
        let mut items = Vec::new();
        for along in positions {
            let data = Array::from_vec(along.iter().map(|&i| i as i64).collect(), [along.len()]);
            items.push(Select::from(if computed { self.session.array(data * 1)?.read() } else { data }));
        }
        Ok(items)
    }

    fn expr(&mut self, value: &Expr) -> Result<Array, SessionError> {
        Ok(match value {
            Expr::Pick { array, positions, computed } => {
                let items = self.positions(positions, *computed)?;
                self.views[*array].as_ref().unwrap().read().pick(items)
            }
            Expr::Part(part) => self.part(part).read(),
            Expr::Chosen(part, limit) => {
                let part = self.part(part);
                self.session.pick(&part, pick![part.read().less(*limit)])?.sum()
            }
            Expr::Number(x) => Array::scalar(*x),
            Expr::Negative(a) => -self.expr(a)?,
            Expr::Binary(op, a, b) => {
                let (a, b) = (self.expr(a)?, self.expr(b)?);
                match op {
                    Binary::Add => a + b,
                    Binary::Sub => a - b,
                    Binary::Mul => a * b,
                    Binary::Min => a.minimum(b),
                    Binary::Max => a.maximum(b),
                }
            }
            Expr::Select(a, b, c) => {
                let (a, b, c) = (self.expr(a)?, self.expr(b)?, self.expr(c)?);
                Array::where_(a.less(b), a, c)
            }
            Expr::Fold(fold, a) => {
                let a = self.expr(a)?;
                match fold {
                    Fold::Sum => a.sum(),
                    Fold::Max => a.max(),
                    Fold::Min => a.min(),
                    Fold::Mean => a.mean(),
                    Fold::ArgMax => a.argmax(None).cast(DType::F64),
                }
            }
            Expr::Along { along, shape, axes, value } => {
                let a = self.expr(value)?.broadcast_to(shape);
                let axes: Vec<isize> = (0..axes.len() as isize).filter(|&i| axes[i as usize]).collect();
                let axes = &axes[..];
                match along {
                    Along::Sum => a.sum_along(axes),
                    Along::Prod => a.prod_along(axes),
                    Along::Max => a.max_along(axes),
                    Along::Min => a.min_along(axes),
                    Along::Mean => a.mean_along(axes),
                    Along::Var => a.var(axes, 0),
                    Along::CountNonzero => a.count_nonzero(axes).cast(DType::F64),
                    Along::ArgMax => a.argmax(axes[0]).cast(DType::F64),
                    Along::ArgMin => a.argmin(axes[0]).cast(DType::F64),
                }
            }
        })
    }
}
