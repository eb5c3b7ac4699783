//! Programs as data, and a generator of random ones.

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

/// One index along one axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Ix {
    At(isize),
    Slice { start: isize, step: isize, len: usize },
}

/// Part of an array.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Part {
    pub(crate) array: usize,
    pub(crate) index: Vec<Ix>,
}

impl Part {
    /// The C-order addresses of the part's elements in an array of `shape`, in the part's own order.
    pub(crate) fn addresses(&self, shape: &[usize]) -> Vec<usize> {
        let mut all = vec![0];
        for (ix, &n) in self.index.iter().zip(shape) {
            let along: Vec<usize> = match *ix {
                Ix::At(i) => vec![i as usize],
                Ix::Slice { start, step, len } => {
                    (0..len as isize).map(|k| (start + k * step) as usize).collect()
                }
            };
            all = all.iter().flat_map(|&base| along.iter().map(move |&i| base * n + i)).collect();
        }
        all
    }

    /// The shape of the part.
    pub(crate) fn shape(&self) -> Vec<usize> {
        self.index
            .iter()
            .filter_map(|ix| match *ix {
                Ix::At(_) => None,
                Ix::Slice { len, .. } => Some(len),
            })
            .collect()
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Binary {
    Add,
    Sub,
    Mul,
    Min,
    Max,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fold {
    Sum,
    Max,
    Min,
    Mean,
    ArgMax,
}

/// A reduction along axes; all but `Var` and the places are the ones of one pass over the elements.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Along {
    Sum,
    Prod,
    Max,
    Min,
    Mean,
    Var,
    CountNonzero,
    ArgMax,
    ArgMin,
}

/// An expression; all of its parts have one shape or no axes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expr {
    Part(Part),
    Number(f64),
    Binary(Binary, Box<Expr>, Box<Expr>),
    Negative(Box<Expr>),
    /// `where(a < b, a, c)`
    Select(Box<Expr>, Box<Expr>, Box<Expr>),
    /// A reduction inside an elementwise expression.
    Fold(Fold, Box<Expr>),
    /// Elements of an array at positions of its first axes: for each of these as many as are picked.
    Pick {
        array: usize,
        positions: Vec<Vec<usize>>,
        computed: bool,
    },
    /// The sum of what a mask selects: `part[part < limit].sum()`.
    Chosen(Part, f64),
    /// A reduction of an expression of `shape` along those `axes` that are marked, one if it is a search.
    Along {
        along: Along,
        shape: Vec<usize>,
        axes: Vec<bool>,
        value: Box<Expr>,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    /// A new array with the value of an expression.
    New {
        shape: Vec<usize>,
        value: Expr,
        /// Its tiles are transactional variables that other threads could reach.
        attached: bool,
    },
    /// A new array that starts as a copy.
    Copy {
        of: usize,
    },
    Assign {
        target: Part,
        value: Expr,
    },
    /// Build `value` now, assign it to `target` after `between` has run: it must keep what it was built on.
    Late {
        value: Expr,
        between: Box<Step>,
        target: Part,
    },
    /// The array is not used again.
    Drop {
        array: usize,
    },
    /// Look at one array in the middle of the program.
    Look {
        array: usize,
    },
    /// A closure that scales an array by a number and counts in a shared variable.
    Closure {
        array: usize,
        by: f64,
    },
    /// `target[target < limit] = value`, or `= value[target < limit]` with the mask computed first: the same elements.
    Mask {
        target: Part,
        limit: f64,
        value: Expr,
        computed: bool,
    },
    /// `array[positions] = value`, of its first axes; positions may come up more than once.
    Put {
        array: usize,
        positions: Vec<Vec<usize>>,
        value: Expr,
        /// The positions are an array of the session.
        computed: bool,
    },
    /// `array.flat[indices] += by`, in order, each index as often as it comes up: a closure.
    Indices {
        array: usize,
        indices: Vec<usize>,
        by: f64,
    },
    /// A closure that appends an element of an array to a shared list.
    Push {
        array: usize,
        at: usize,
    },
    /// A closure that takes the last entry off the shared list and writes it into an array.
    Pop {
        array: usize,
        at: usize,
    },
    /// A closure that fails after it has written, steps that are recorded behind it, and a look: all of it is undone.
    Failure {
        array: usize,
        panics: bool,
        doomed: Vec<Step>,
    },
    /// The session is told to stop, refuses, and goes on.
    Cancel,
    /// A closure tells the session to stop, in the middle of a run.
    CancelWithin,
}

impl Step {
    /// Whether it is a closure that may commit.
    pub(crate) fn is_dynamic(&self) -> bool {
        matches!(
            self,
            Step::Closure { .. }
                | Step::Indices { .. }
                | Step::Push { .. }
                | Step::Pop { .. }
                | Step::CancelWithin
        )
    }
}

/// What a generated program exercises; summed over a run.
#[derive(Debug, Default, Clone)]
pub(crate) struct Coverage {
    pub(crate) tiles: Vec<usize>,
    pub(crate) assignments: usize,
    pub(crate) overlapping: usize,
    pub(crate) partial: usize,
    /// Assignments that write less than half of a tile.
    pub(crate) in_place: usize,
    pub(crate) attached: usize,
    pub(crate) closures: usize,
    pub(crate) failures: usize,
    pub(crate) cancellations: usize,
    /// Reductions along axes.
    pub(crate) along: usize,
    /// Picks and puts at positions.
    pub(crate) positions: usize,
    /// Picks and puts by masks that are computed.
    pub(crate) masks: usize,
}

/// A program and the shapes its arrays have.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    pub(crate) steps: Vec<Step>,
    pub(crate) tile_elems: usize,
}

struct Maker<'a> {
    rng: SmallRng,
    shapes: Vec<Vec<usize>>,
    alive: Vec<usize>,
    tile_elems: usize,
    coverage: &'a mut Coverage,
    closures: bool,
    /// For each array, whether its tiles are transactional variables.
    attached: Vec<bool>,
    /// What is made now will be undone.
    doomed: bool,
}

/// A random program of about `steps` statements.
pub(crate) fn generate(seed: u64, steps: usize, closures: bool, coverage: &mut Coverage) -> Program {
    let mut rng = SmallRng::seed_from_u64(seed);
    let tile_elems = [4, 7, 16, 33][rng.random_range(0..4)];
    let mut maker = Maker {
        rng,
        shapes: Vec::new(),
        alive: Vec::new(),
        tile_elems,
        coverage,
        closures,
        attached: Vec::new(),
        doomed: false,
    };
    let mut program = vec![maker.new_array(), maker.new_array()];
    while program.len() < steps {
        let step = maker.step();
        program.push(step);
    }
    Program { steps: program, tile_elems }
}

impl Maker<'_> {
    fn step(&mut self) -> Step {
        match self.rng.random_range(0..100) {
            0..6 => self.new_array(),
            6..10 => {
                let of = self.pick();
                self.add(self.shapes[of].clone());
                self.attached.push(false);
                Step::Copy { of }
            }
            10..13 if self.alive.len() > 3 => {
                let at = self.rng.random_range(0..self.alive.len());
                Step::Drop { array: self.alive.swap_remove(at) }
            }
            13..16 => Step::Look { array: self.pick() },
            16..22 => {
                let target = self.part_of_any();
                let value = self.value(&target, 2);
                let target_again = target.clone();
                Step::Late { value, between: Box::new(self.assign()), target: target_again }
            }
            22..28 if self.closures => {
                self.coverage.closures += 1;
                Step::Closure { array: self.pick(), by: [0.5, -1.0, 2.0][self.rng.random_range(0..3)] }
            }
            28..36 => {
                let target = self.part_of_any();
                let value = self.value(&target, 2);
                self.note(&target, &value);
                let computed = self.rng.random_bool(0.5);
                self.coverage.masks += usize::from(computed);
                Step::Mask { target, limit: self.limit(), value, computed }
            }
            36..42 if self.closures => self.closure(),
            42..44 if self.closures && !self.doomed => self.failure(),
            44..45 if !self.doomed => {
                self.coverage.cancellations += 1;
                Step::Cancel
            }
            45..46 if self.closures && !self.doomed => {
                self.coverage.cancellations += 1;
                Step::CancelWithin
            }
            46..52 => self.put(),
            _ => self.assign(),
        }
    }

    fn limit(&mut self) -> f64 {
        f64::from(self.rng.random_range(-3..4)) * 0.5
    }

    /// Positions on the first `axes` axes of an array.
    fn positions(&mut self, array: usize, axes: usize, count: usize) -> Vec<Vec<usize>> {
        self.coverage.positions += 1;
        let lengths = self.shapes[array][..axes].to_vec();
        lengths.iter().map(|&n| (0..count).map(|_| self.rng.random_range(0..n)).collect()).collect()
    }

    fn put(&mut self) -> Step {
        let array = self.pick();
        let shape = self.shapes[array].clone();
        let axes = self.rng.random_range(1..=shape.len());
        let count = self.rng.random_range(1..20);
        let positions = self.positions(array, axes, count);
        let selected: Vec<usize> = [count].into_iter().chain(shape[axes..].iter().copied()).collect();
        let value = self.expr(&selected, Some(array), 1);
        Step::Put { array, positions, value, computed: self.rng.random_bool(0.3) }
    }

    /// A closure on elements of an array.
    fn closure(&mut self) -> Step {
        self.coverage.closures += 1;
        let array = self.pick();
        let len: usize = self.shapes[array].iter().product();
        let at = self.rng.random_range(0..len);
        match self.rng.random_range(0..3) {
            0 => {
                let count = self.rng.random_range(1..12);
                let indices = (0..count).map(|_| self.rng.random_range(0..len)).collect();
                Step::Indices { array, indices, by: 0.25 }
            }
            1 => Step::Push { array, at },
            _ => Step::Pop { array, at },
        }
    }

    fn failure(&mut self) -> Step {
        self.coverage.failures += 1;
        let array = self.pick();
        let (alive, panics) = (self.alive.clone(), self.rng.random_bool(0.2));
        self.doomed = true;
        let count = self.rng.random_range(0..8);
        let doomed = (0..count).map(|_| self.step()).collect();
        self.doomed = false;
        // What is made there is undone; what is dropped there is gone.
        self.alive.retain(|array| alive.contains(array));
        Step::Failure { array, panics, doomed }
    }

    fn assign(&mut self) -> Step {
        let target = self.part_of_any();
        let value = self.value(&target, 3);
        self.note(&target, &value);
        Step::Assign { target, value }
    }

    /// An expression for a target: often it reads the target's own array.
    fn value(&mut self, target: &Part, depth: usize) -> Expr {
        let shape = target.shape();
        let own = self.rng.random_bool(0.5).then_some(target.array);
        self.expr(&shape, own, depth)
    }

    fn note(&mut self, target: &Part, value: &Expr) {
        let shape = &self.shapes[target.array];
        let written = target.addresses(shape);
        self.coverage.assignments += 1;
        let row = shape.last().copied().unwrap_or(1).max(1);
        let tile = if row <= self.tile_elems { self.tile_elems / row * row } else { self.tile_elems };
        let total: usize = shape.iter().product();
        let mut counts = vec![0; total.div_ceil(tile)];
        written.iter().for_each(|&address| counts[address / tile] += 1);
        if counts.iter().enumerate().any(|(i, &n)| n > 0 && n < tile.min(total - i * tile)) {
            self.coverage.partial += 1;
        }
        let mut parts = Vec::new();
        collect(value, &mut parts);
        let overlaps = parts.iter().any(|part| {
            part.array == target.array && *part != target && {
                let read = part.addresses(shape);
                read.iter().any(|address| written.contains(address))
            }
        });
        self.coverage.overlapping += usize::from(overlaps);
        if counts.iter().enumerate().any(|(i, &n)| n > 0 && n * 2 < tile.min(total - i * tile)) {
            self.coverage.in_place += 1;
        }
    }

    fn new_array(&mut self) -> Step {
        let axes = self.rng.random_range(1..4);
        let shape: Vec<usize> = match axes {
            1 => vec![self.rng.random_range(20..200)],
            2 => vec![self.rng.random_range(4..24), self.rng.random_range(3..16)],
            _ => (0..3).map(|_| self.rng.random_range(3..7)).collect(),
        };
        let value = self.expr(&shape, None, 1);
        self.add(shape.clone());
        let attached = self.closures && self.rng.random_bool(0.2);
        self.coverage.attached += usize::from(attached);
        self.attached.push(attached);
        Step::New { shape, value, attached }
    }

    fn add(&mut self, shape: Vec<usize>) {
        let row = *shape.last().unwrap();
        let tile = if row <= self.tile_elems { self.tile_elems / row * row } else { self.tile_elems };
        self.coverage.tiles.push(shape.iter().product::<usize>().div_ceil(tile));
        self.alive.push(self.shapes.len());
        self.shapes.push(shape);
    }

    fn pick(&mut self) -> usize {
        self.alive[self.rng.random_range(0..self.alive.len())]
    }

    fn part_of_any(&mut self) -> Part {
        let array = self.pick();
        let shape = self.shapes[array].clone();
        let index = shape
            .iter()
            .map(|&n| match self.rng.random_range(0..10) {
                0 => Ix::At(self.rng.random_range(0..n) as isize),
                1..4 => Ix::Slice { start: 0, step: 1, len: n },
                _ => {
                    let len = self.rng.random_range(1..=n);
                    self.slice(n, len)
                }
            })
            .collect();
        Part { array, index }
    }

    /// A slice of `len` of `n` elements, forwards or backwards, with any step that fits.
    fn slice(&mut self, n: usize, len: usize) -> Ix {
        let widest = if len > 1 { (n - 1) / (len - 1) } else { 1 };
        let step = if self.rng.random_bool(0.7) { 1 } else { self.rng.random_range(1..=widest.max(1)) };
        let reach = (len - 1) * step;
        let low = self.rng.random_range(0..n - reach);
        if self.rng.random_bool(0.2) {
            Ix::Slice { start: (low + reach) as isize, step: -(step as isize), len }
        } else {
            Ix::Slice { start: low as isize, step: step as isize, len }
        }
    }

    /// A part of the given shape, if some array has one.
    fn part_shaped(&mut self, shape: &[usize], own: Option<usize>) -> Option<Part> {
        for attempt in 0..6 {
            let array = match own {
                Some(array) if attempt == 0 => array,
                _ => self.pick(),
            };
            let whole = self.shapes[array].clone();
            let Some(spare) = whole.len().checked_sub(shape.len()) else { continue };
            // The leading axes are fixed, the others sliced.
            if whole[spare..].iter().zip(shape).all(|(n, len)| n >= len) {
                let mut index: Vec<Ix> =
                    whole[..spare].iter().map(|&n| Ix::At(self.rng.random_range(0..n) as isize)).collect();
                for (&n, &len) in whole[spare..].iter().zip(shape) {
                    index.push(self.slice(n, len));
                }
                return Some(Part { array, index });
            }
        }
        None
    }

    /// An array whose last axes are these, with one more at least.
    fn pick_shaped(&mut self, last: &[usize]) -> Option<usize> {
        let fits = |array: &usize| {
            let shape = &self.shapes[*array];
            shape.len() > last.len() && shape.ends_with(last)
        };
        let arrays: Vec<usize> = self.alive.iter().copied().filter(fits).collect();
        (!arrays.is_empty()).then(|| arrays[self.rng.random_range(0..arrays.len())])
    }

    /// A reduction to `shape` of an expression with one or two more axes.
    fn along(&mut self, shape: &[usize], own: Option<usize>) -> Expr {
        use Along::{ArgMax, ArgMin, CountNonzero, Max, Mean, Min, Prod, Sum, Var};
        let all = [Sum, Sum, Prod, Max, Min, Mean, Var, CountNonzero, ArgMax, ArgMin];
        let along = all[self.rng.random_range(0..all.len())];
        let search = matches!(along, ArgMax | ArgMin);
        let more = if search || self.rng.random_bool(0.7) { 1 } else { 2 };
        let (mut inner, mut axes) = (shape.to_vec(), vec![false; shape.len()]);
        for _ in 0..more {
            let at = self.rng.random_range(0..=inner.len());
            inner.insert(at, self.rng.random_range(1..10));
            axes.insert(at, true);
        }
        // Mostly of what an array holds, so that there is something to wait for.
        let part = if self.alive.is_empty() { None } else { self.part_shaped(&inner, own) };
        let value = match part {
            Some(part) if self.rng.random_bool(0.4) => Expr::Part(part),
            Some(part) => {
                let other = self.expr(&inner, own, 1);
                Expr::Binary(Binary::Add, Box::new(Expr::Part(part)), Box::new(other))
            }
            None => self.expr(&inner, own, 1),
        };
        self.coverage.along += 1;
        Expr::Along { along, shape: inner, axes, value: Box::new(value) }
    }

    fn expr(&mut self, shape: &[usize], own: Option<usize>, depth: usize) -> Expr {
        if depth == 0 || self.rng.random_bool(0.15) {
            let part = if self.alive.is_empty() || self.rng.random_bool(0.15) {
                None
            } else {
                self.part_shaped(shape, own)
            };
            return match part {
                Some(part) => Expr::Part(part),
                None => Expr::Number(f64::from(self.rng.random_range(-8..8)) * 0.375),
            };
        }
        let arm = |maker: &mut Self| Box::new(maker.expr(shape, own, depth - 1));
        match self.rng.random_range(0..20) {
            0 => Expr::Negative(arm(self)),
            1 | 2 => Expr::Select(arm(self), arm(self), arm(self)),
            3 if !self.alive.is_empty() => {
                let part = self.part_of_any();
                let fold =
                    [Fold::Sum, Fold::Max, Fold::Min, Fold::Mean, Fold::ArgMax][self.rng.random_range(0..5)];
                let inner = self.expr(&part.shape(), Some(part.array), 1);
                Expr::Fold(
                    fold,
                    Box::new(Expr::Binary(Binary::Sub, Box::new(Expr::Part(part)), Box::new(inner))),
                )
            }
            6 if !self.alive.is_empty() => {
                self.coverage.masks += 1;
                Expr::Chosen(self.part_of_any(), self.limit())
            }
            5 if depth > 1 && !shape.is_empty() => {
                let array = self.pick_shaped(&shape[1..]);
                match array {
                    Some(array) => {
                        let axes = self.shapes[array].len() + 1 - shape.len();
                        let positions = self.positions(array, axes, shape[0]);
                        Expr::Pick { array, positions, computed: self.rng.random_bool(0.3) }
                    }
                    None => self.expr(shape, own, depth - 1),
                }
            }
            4 if depth > 1 => self.along(shape, own),
            _ => {
                let op = [Binary::Add, Binary::Sub, Binary::Mul, Binary::Min, Binary::Max];
                let op = op[self.rng.random_range(0..5)];
                // Damp what grows, so that programs do not all end in infinities.
                let right = if op == Binary::Mul { Box::new(Expr::Number(0.625)) } else { arm(self) };
                Expr::Binary(op, arm(self), right)
            }
        }
    }
}

/// All parts an expression reads.
pub(crate) fn collect<'a>(value: &'a Expr, parts: &mut Vec<&'a Part>) {
    match value {
        Expr::Part(part) | Expr::Chosen(part, _) => parts.push(part),
        Expr::Number(_) | Expr::Pick { .. } => {}
        Expr::Negative(a) | Expr::Fold(_, a) | Expr::Along { value: a, .. } => collect(a, parts),
        Expr::Binary(_, a, b) => [a, b].into_iter().for_each(|e| collect(e, parts)),
        Expr::Select(a, b, c) => [a, b, c].into_iter().for_each(|e| collect(e, parts)),
    }
}
