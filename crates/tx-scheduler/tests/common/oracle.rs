//! The plain serial evaluator.

use super::program::{Binary, Expr, Fold, Program, Step};

/// An array: shape and elements in C order. `None` once it was dropped.
pub(crate) type Value = Option<(Vec<usize>, Vec<f64>)>;

/// What the program leaves: every array, what was looked at on the way, and the closures' counter.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outcome {
    pub(crate) arrays: Vec<Value>,
    pub(crate) looked: Vec<Vec<f64>>,
    pub(crate) counter: f64,
    /// The shared list.
    pub(crate) list: Vec<f64>,
}

/// Run the program, one statement after the other.
pub(crate) fn run(program: &Program) -> Outcome {
    let mut outcome = Outcome::default();
    program.steps.iter().for_each(|step| outcome.step(step));
    outcome
}

impl Outcome {
    fn step(&mut self, step: &Step) {
        match step {
            Step::New { shape, value, .. } => {
                let elements = self.eval(value, shape.iter().product());
                self.arrays.push(Some((shape.clone(), elements)));
            }
            Step::Copy { of } => self.arrays.push(self.arrays[*of].clone()),
            Step::Assign { target, value } => {
                let values = self.eval(value, target.shape().iter().product());
                self.store(target, &values);
            }
            Step::Late { value, between, target } => {
                let values = self.eval(value, target.shape().iter().product());
                self.step(between);
                self.store(target, &values);
            }
            Step::Drop { array } => self.arrays[*array] = None,
            Step::Look { array } => self.looked.push(self.arrays[*array].as_ref().unwrap().1.clone()),
            Step::Closure { array, by } => {
                let elements = &mut self.arrays[*array].as_mut().unwrap().1;
                elements.iter_mut().for_each(|x| *x *= by);
                self.counter += elements[0].clamp(-1.0, 1.0);
            }
            Step::Mask { target, limit, value } => {
                let old = self.eval(&Expr::Part(target.clone()), 0);
                let values = self.eval(value, old.len());
                let new: Vec<f64> =
                    old.iter().zip(values).map(|(&old, new)| if old < *limit { new } else { old }).collect();
                self.store(target, &new);
            }
            Step::Indices { array, indices, by } => {
                let elements = &mut self.arrays[*array].as_mut().unwrap().1;
                indices.iter().for_each(|&i| elements[i] += by);
            }
            Step::Push { array, at } => self.list.push(self.arrays[*array].as_ref().unwrap().1[*at]),
            Step::Pop { array, at } => {
                if let Some(last) = self.list.pop() {
                    self.arrays[*array].as_mut().unwrap().1[*at] = last;
                }
            }
            Step::Failure { doomed, .. } => doomed.iter().for_each(|step| match step {
                Step::New { .. } | Step::Copy { .. } => self.arrays.push(None),
                Step::Drop { array } => self.arrays[*array] = None,
                _ => {}
            }),
            Step::Cancel | Step::CancelWithin => {}
        }
    }

    fn store(&mut self, target: &super::program::Part, values: &[f64]) {
        let (shape, elements) = self.arrays[target.array].as_mut().unwrap();
        for (address, value) in target.addresses(shape).into_iter().zip(values) {
            elements[address] = *value;
        }
    }

    fn eval(&self, value: &Expr, len: usize) -> Vec<f64> {
        match value {
            Expr::Part(part) => {
                let (shape, elements) = self.arrays[part.array].as_ref().unwrap();
                part.addresses(shape).into_iter().map(|address| elements[address]).collect()
            }
            Expr::Number(x) => vec![*x; len],
            Expr::Negative(a) => self.eval(a, len).into_iter().map(|x| -x).collect(),
            Expr::Binary(op, a, b) => {
                let (a, b) = (self.eval(a, len), self.eval(b, len));
                a.into_iter().zip(b).map(|(a, b)| binary(*op, a, b)).collect()
            }
            Expr::Select(a, b, c) => {
                let (a, b, c) = (self.eval(a, len), self.eval(b, len), self.eval(c, len));
                (0..len).map(|i| if a[i] < b[i] { a[i] } else { c[i] }).collect()
            }
            Expr::Fold(fold, a) => vec![self.fold(*fold, a); len],
        }
    }

    fn fold(&self, fold: Fold, inner: &Expr) -> f64 {
        let len = match inner {
            Expr::Binary(_, left, _) => match &**left {
                Expr::Part(part) => part.shape().iter().product(),
                _ => unreachable!("the generator folds a difference from a part"),
            },
            _ => unreachable!("the generator folds a difference"),
        };
        let all = self.eval(inner, len);
        match fold {
            // NumPy adds to +0.0: a sum of negative zeros is positive.
            Fold::Sum => 0.0 + pairwise(&all),
            Fold::Mean => (0.0 + pairwise(&all)) / len as f64,
            // In a reduction -0.0 is below 0.0, so that its order cannot matter.
            _ if all.iter().any(|x| x.is_nan()) => f64::NAN,
            Fold::Max => all.iter().copied().max_by(f64::total_cmp).unwrap(),
            Fold::Min => all.iter().copied().min_by(f64::total_cmp).unwrap(),
        }
    }
}

/// NumPy's meaning: a NaN on either side wins.
fn binary(op: Binary, a: f64, b: f64) -> f64 {
    match op {
        Binary::Add => a + b,
        Binary::Sub => a - b,
        Binary::Mul => a * b,
        Binary::Max => {
            if a >= b || a.is_nan() {
                a
            } else {
                b
            }
        }
        Binary::Min => {
            if a <= b || a.is_nan() {
                a
            } else {
                b
            }
        }
    }
}

/// NumPy's pairwise sum: eight accumulators up to 128 elements, above that halves cut at a multiple of eight.
pub(crate) fn pairwise(x: &[f64]) -> f64 {
    let n = x.len();
    if n < 8 {
        return x.iter().fold(-0.0, |sum, x| sum + x);
    }
    if n <= 128 {
        let mut r: [f64; 8] = x[..8].try_into().unwrap();
        let blocks = n / 8 * 8;
        for chunk in x[8..blocks].chunks_exact(8) {
            r.iter_mut().zip(chunk).for_each(|(r, x)| *r += x);
        }
        let sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
        return x[blocks..].iter().fold(sum, |sum, x| sum + x);
    }
    let half = n / 2 / 8 * 8;
    pairwise(&x[..half]) + pairwise(&x[half..])
}
