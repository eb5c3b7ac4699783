//! The plain serial evaluator.

use super::program::{Along, Binary, Expr, Fold, Program, Step};

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
            Step::Mask { target, limit, value, .. } => {
                let old = self.eval(&Expr::Part(target.clone()), 0);
                let values = self.eval(value, old.len());
                let new: Vec<f64> =
                    old.iter().zip(values).map(|(&old, new)| if old < *limit { new } else { old }).collect();
                self.store(target, &new);
            }
            Step::Put { array, positions, value, .. } => {
                let places = selected(&self.arrays[*array].as_ref().unwrap().0, positions);
                let values = self.eval(value, places.len());
                let elements = &mut self.arrays[*array].as_mut().unwrap().1;
                places.iter().zip(values).for_each(|(&place, value)| elements[place] = value);
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
            Expr::Chosen(part, limit) => {
                let mut chosen = self.eval(&Expr::Part(part.clone()), 0);
                chosen.retain(|x| x < limit);
                vec![0.0 + pairwise(&chosen); len]
            }
            Expr::Pick { array, positions, .. } => {
                let (shape, elements) = self.arrays[*array].as_ref().unwrap();
                selected(shape, positions).into_iter().map(|place| elements[place]).collect()
            }
            Expr::Along { along, shape, axes, value } => {
                along_axes(*along, shape, axes, &self.eval(value, shape.iter().product()))
            }
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
            Fold::ArgMax => first(&all, |x, best| x > best),
            // In a reduction -0.0 is below 0.0, so that its order cannot matter.
            _ if all.iter().any(|x| x.is_nan()) => f64::NAN,
            Fold::Max => all.iter().copied().max_by(f64::total_cmp).unwrap(),
            Fold::Min => all.iter().copied().min_by(f64::total_cmp).unwrap(),
        }
    }
}

/// The places of what positions on the first axes select, in order.
fn selected(shape: &[usize], positions: &[Vec<usize>]) -> Vec<usize> {
    let block: usize = shape[positions.len()..].iter().product();
    let first = |k: usize| positions.iter().zip(shape).fold(0, |at, (along, n)| at * n + along[k]);
    (0..positions[0].len())
        .flat_map(|k| (0..block).map(move |i| first(k) * block + i).collect::<Vec<_>>())
        .collect()
}

/// A reduction along the marked axes. Of NumPy's order: trailing axes that are reduced are one row, added pairwise; the others are
/// taken one after another, from the start of the operation. Axes of length 1 do not count.
fn along_axes(along: Along, shape: &[usize], axes: &[bool], all: &[f64]) -> Vec<f64> {
    let (shape, axes): (Vec<usize>, Vec<bool>) = shape.iter().zip(axes).filter(|(n, _)| **n != 1).unzip();
    let row_from = axes.iter().rposition(|&reduced| !reduced).map_or(0, |last| last + 1);
    let length = |wanted: &dyn Fn(usize) -> bool| -> usize {
        (0..shape.len()).filter(|&axis| wanted(axis)).map(|axis| shape[axis]).product()
    };
    let (results, row) = (length(&|axis| !axes[axis]), length(&|axis| axis >= row_from));
    // The elements of each result, in C order.
    let mut elements = vec![Vec::new(); results];
    for (flat, x) in all.iter().enumerate() {
        let (mut rest, mut inner, mut result) = (flat, all.len(), 0);
        for (axis, &n) in shape.iter().enumerate() {
            inner /= n;
            if !axes[axis] {
                result = result * n + rest / inner;
            }
            rest %= inner;
        }
        elements[result].push(*x);
    }
    let linked = |x: &[f64], start: f64, neutral: f64, op: fn(f64, f64) -> f64| {
        if row == x.len() {
            return op(start, tree(x, neutral, op));
        }
        let rows =
            x.chunks(row).map(|row| if row.len() == 1 { row[0] } else { op(start, tree(row, neutral, op)) });
        rows.fold(start, op)
    };
    let sum = |x: &[f64]| linked(x, 0.0, -0.0, |a, b| a + b);
    let one = |x: &Vec<f64>| -> f64 {
        let n = x.len() as f64;
        let extreme = |pick: fn(f64, f64) -> bool| {
            // As of a reduction over all elements: of zeros the positive one is the greater.
            let nan = x.iter().any(|x| x.is_nan());
            let best = x.iter().copied().reduce(|a, b| if pick(b, a) { b } else { a }).unwrap();
            if nan { f64::NAN } else { best }
        };
        match along {
            Along::Sum => sum(x),
            Along::Prod => linked(x, 1.0, 1.0, |a, b| a * b),
            Along::Max => extreme(|a, b| a.total_cmp(&b).is_gt()),
            Along::Min => extreme(|a, b| a.total_cmp(&b).is_lt()),
            Along::Mean => sum(x) / n,
            Along::Var => {
                let mean = sum(x) / n;
                sum(&x.iter().map(|x| (x - mean) * (x - mean)).collect::<Vec<_>>()) / n
            }
            Along::CountNonzero => x.iter().filter(|&&x| x != 0.0).count() as f64,
            Along::ArgMax => first(x, |x, best| x > best),
            Along::ArgMin => first(x, |x, best| x < best),
        }
    };
    elements.iter().map(one).collect()
}

/// The place of the first best element; the first NaN is one.
fn first(x: &[f64], better: fn(f64, f64) -> bool) -> f64 {
    let nan = x.iter().position(|x| x.is_nan());
    let best = || (1..x.len()).fold(0, |best, i| if better(x[i], x[best]) { i } else { best });
    nan.unwrap_or_else(best) as f64
}

/// NumPy's meaning: a NaN on either side wins.
fn binary(op: Binary, a: f64, b: f64) -> f64 {
    match op {
        Binary::Add => a + b,
        Binary::Sub => a - b,
        Binary::Mul => a * b,
        Binary::Max => {
            if a > b || a.is_nan() {
                a
            } else {
                b
            }
        }
        Binary::Min => {
            if a < b || a.is_nan() {
                a
            } else {
                b
            }
        }
    }
}

/// NumPy's pairwise sum: eight accumulators up to 128 elements, above that halves cut at a multiple of eight.
pub(crate) fn pairwise(x: &[f64]) -> f64 {
    tree(x, -0.0, |a, b| a + b)
}

/// The same of any operation.
fn tree(x: &[f64], neutral: f64, op: fn(f64, f64) -> f64) -> f64 {
    let n = x.len();
    if n < 8 {
        return x.iter().fold(neutral, |sum, x| op(sum, *x));
    }
    if n <= 128 {
        let mut r: [f64; 8] = x[..8].try_into().unwrap();
        let blocks = n / 8 * 8;
        for chunk in x[8..blocks].chunks_exact(8) {
            r.iter_mut().zip(chunk).for_each(|(r, x)| *r = op(*r, *x));
        }
        let four = |i: usize| op(op(r[i], r[i + 1]), op(r[i + 2], r[i + 3]));
        return x[blocks..].iter().fold(op(four(0), four(4)), |sum, x| op(sum, *x));
    }
    let half = n / 2 / 8 * 8;
    op(tree(&x[..half], neutral, op), tree(&x[half..], neutral, op))
}
