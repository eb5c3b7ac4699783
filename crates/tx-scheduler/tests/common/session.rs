//! The same programs through a session.

use array_core::{Array, Index};
use stm_engine::TVar;
use tx_collections::View;
use tx_scheduler::{Config, Session, SessionError};

use super::oracle::Outcome;
use super::program::{Binary, Expr, Fold, Ix, Part, Program, Step};

struct Runner {
    session: Session,
    views: Vec<Option<View>>,
    outcome: Outcome,
    counter: TVar<f64>,
}

/// Run the program in a session; everything it leaves.
pub(crate) fn run(program: &Program, config: Config) -> Result<(Outcome, Session), SessionError> {
    let mut runner = Runner {
        session: Session::new(config.tile_elems(program.tile_elems)),
        views: Vec::new(),
        outcome: Outcome::default(),
        counter: TVar::new(0.0),
    };
    for step in &program.steps {
        runner.step(step)?;
    }
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
    Ok((runner.outcome, runner.session))
}

impl Runner {
    fn step(&mut self, step: &Step) -> Result<(), SessionError> {
        match step {
            Step::New { shape, value } => {
                let value = self.expr(value).broadcast_to(shape);
                let view = self.session.array(value)?;
                self.views.push(Some(view));
            }
            Step::Copy { of } => {
                let view = self.session.array(self.views[*of].as_ref().unwrap())?;
                self.views.push(Some(view));
            }
            Step::Assign { target, value } => {
                let value = self.expr(value);
                self.session.assign(self.part(target), value)?;
            }
            Step::Late { value, between, target } => {
                let value = self.expr(value);
                self.step(between)?;
                self.session.assign(self.part(target), value)?;
            }
            Step::Drop { array } => self.views[*array] = None,
            Step::Look { array } => {
                let values = self.session.eval(self.views[*array].as_ref().unwrap())?.to_vec()?;
                self.outcome.looked.push(values);
            }
            Step::Closure { array, by } => {
                let view = self.views[*array].clone().unwrap();
                let (counter, by) = (self.counter.clone(), *by);
                let inner = view.clone();
                self.session.dynamic(&[&view], move |tx| {
                    let scaled = (tx.read(&inner)? * by).eval()?;
                    let first = scaled.to_vec::<f64>()?[0];
                    tx.assign(&inner, scaled)?;
                    tx.modify(&counter, |n| n + first.clamp(-1.0, 1.0))
                })?;
            }
        }
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

    fn expr(&self, value: &Expr) -> Array {
        match value {
            Expr::Part(part) => self.part(part).read(),
            Expr::Number(x) => Array::scalar(*x),
            Expr::Negative(a) => -self.expr(a),
            Expr::Binary(op, a, b) => {
                let (a, b) = (self.expr(a), self.expr(b));
                match op {
                    Binary::Add => a + b,
                    Binary::Sub => a - b,
                    Binary::Mul => a * b,
                    Binary::Min => a.minimum(b),
                    Binary::Max => a.maximum(b),
                }
            }
            Expr::Select(a, b, c) => {
                let (a, b, c) = (self.expr(a), self.expr(b), self.expr(c));
                Array::where_(a.less(b), a, c)
            }
            Expr::Fold(fold, a) => {
                let a = self.expr(a);
                match fold {
                    Fold::Sum => a.sum(),
                    Fold::Max => a.max(),
                    Fold::Min => a.min(),
                    Fold::Mean => a.mean(),
                }
            }
        }
    }
}
