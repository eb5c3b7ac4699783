//! Writing tapes: parts of an expression that one machine of registers computes ([`crate::kernels::tape`]).
//!
//! **Region** an instruction and all those below it that nothing else reads, of one float type, as far as the machine has the
//! operation. **Order** of two sides the one that needs more saved strips comes first (Sethi and Ullman, JACM 17, 1970); what is read
//! twice is saved when it is first computed. **Choices** whose test compares sources compute one side, test, which leaves that alone, and take the
//! other side or the one operation that it is; others test before their sides are computed, unless those choose themselves.

use super::{
    bind::Arg,
    compile::{Code, Inst, Sources},
};
use crate::{
    dtype::DType,
    expr::Op,
    kernels::tape::{Act, From, SLOTS, SOURCES, WORDS, With},
};
use smallvec::SmallVec;

/// Instructions of the largest region.
const REGION: usize = 24;

/// The action of an operation of two operands, and the one with its operands swapped.
fn pair_of(op: Op) -> Option<(Act, Act)> {
    Some(match op {
        Op::Add => (Act::Add, Act::Add),
        Op::Subtract => (Act::Sub, Act::RSub),
        Op::Multiply => (Act::Mul, Act::Mul),
        Op::Divide => (Act::Div, Act::RDiv),
        Op::Minimum => (Act::Min, Act::RMin),
        Op::Maximum => (Act::Max, Act::RMax),
        _ => return None,
    })
}

fn test_of(op: Op) -> Option<(Act, Act)> {
    Some(match op {
        Op::Less => (Act::Lt, Act::Gt),
        Op::LessEqual => (Act::Le, Act::Ge),
        Op::Greater => (Act::Gt, Act::Lt),
        Op::GreaterEqual => (Act::Ge, Act::Le),
        Op::Equal => (Act::Eq, Act::Eq),
        Op::NotEqual => (Act::Ne, Act::Ne),
        _ => return None,
    })
}

fn alone_of(op: Op) -> Option<Act> {
    Some(match op {
        Op::Negative => Act::Neg,
        Op::Abs => Act::Abs,
        Op::Sqrt => Act::Sqrt,
        Op::Square => Act::Square,
        Op::Reciprocal => Act::Recip,
        _ => return None,
    })
}

/// The instructions of an expression under compilation.
pub(super) struct Listing<'a> {
    pub(super) insts: &'a [Option<Inst>],
    pub(super) uses: &'a [u32],
    /// What is one value.
    pub(super) is_scalar: &'a dyn Fn(Arg) -> bool,
}

impl Listing<'_> {
    fn op(&self, i: usize) -> Option<(Op, &Inst)> {
        let inst = self.insts[i].as_ref()?;
        match inst.code {
            Code::Op(op) => Some((op, inst)),
            _ => None,
        }
    }

    /// The comparison that alone decides a choice of type `dtype`.
    fn test(&self, inst: &Inst, dtype: DType) -> Option<usize> {
        let Arg::Temp(t) = inst.args[0] else { return None };
        let (op, test) = self.op(t as usize)?;
        (test_of(op).is_some() && test.input == dtype && self.uses[t as usize] == 1).then_some(t as usize)
    }

    fn has_action(&self, i: usize, dtype: DType) -> bool {
        let Some((op, inst)) = self.op(i) else { return false };
        let float = inst.input == dtype && inst.output == dtype;
        float
            && (pair_of(op).is_some()
                || alone_of(op).is_some()
                || op == Op::Where && self.test(inst, dtype).is_some())
    }

    /// The region below instruction `root`, last instruction first.
    pub(super) fn region(&self, root: usize) -> SmallVec<[usize; REGION]> {
        let mut region: SmallVec<[usize; REGION]> = SmallVec::new();
        let Some(dtype) = self.insts[root].as_ref().map(|inst| inst.output) else { return region };
        if !matches!(dtype, DType::F64 | DType::F32) || !self.has_action(root, dtype) {
            return region;
        }
        let mut wanted = vec![0u32; root + 1];
        let mut tests = vec![false; root + 1];
        wanted[root] = self.uses[root];
        for i in (0..=root).rev() {
            // Every reader stands in the region.
            let inside = wanted[i] > 0 && wanted[i] == self.uses[i] || i == root;
            if !inside || (self.is_scalar)(Arg::Temp(i as u16)) || !(tests[i] || self.has_action(i, dtype)) {
                continue;
            }
            let inst = self.insts[i].as_ref().expect("it has an operation");
            let test = if inst.code == Code::Op(Op::Where) { self.test(inst, dtype) } else { None };
            // A choice comes with its test.
            if !tests[i] && region.len() + 2 > REGION {
                continue;
            }
            region.push(i);
            if let Some(test) = test {
                tests[test] = true;
            }
            for arg in &inst.args {
                if let Arg::Temp(t) = arg {
                    wanted[*t as usize] += 1;
                }
            }
        }
        region
    }

    /// The words of a region's tape and what it reads, if the machine has room for it. Arguments of words that read the table
    /// are numbers of sources.
    pub(super) fn write(&self, region: &[usize]) -> Option<(Box<[u16]>, Sources)> {
        let root = region[0];
        let mut left = vec![0; root + 1];
        let mut need = vec![0u8; root + 1];
        let mut chooses = vec![false; root + 1];
        for &i in region.iter().rev() {
            let args = &self.insts[i].as_ref()?.args;
            let inner = args.iter().filter_map(|arg| match arg {
                Arg::Temp(t) if region.contains(&(*t as usize)) => Some(*t as usize),
                _ => None,
            });
            let mut needs: SmallVec<[u8; 3]> = SmallVec::new();
            for t in inner {
                left[t] += 1;
                needs.push(need[t]);
                chooses[i] |= chooses[t];
            }
            chooses[i] |= args.len() == 3;
            needs.sort_unstable_by(|a, b| b.cmp(a));
            need[i] = needs.iter().enumerate().map(|(k, n)| n.saturating_add(k as u8)).max().unwrap_or(0);
        }
        let mut writer = Writer {
            listing: self,
            region,
            left,
            need,
            chooses,
            at: vec![None; root + 1],
            free: (1 << SLOTS) - 1,
            words: Vec::new(),
            loads: false,
            sources: Sources::new(),
        };
        writer.compute(root)?;
        writer.word(Act::Store, From::Vector, 0)?;
        Some((writer.words.into(), writer.sources))
    }
}

/// A value that a word can read.
#[derive(Clone, Copy)]
enum Value {
    Source(From, u16),
    /// Saved for the readers of an instruction.
    Shared(usize, u16),
    /// Saved for one reader.
    Saved(u16),
}

/// An action on two sources, the first a vector.
#[derive(Clone, Copy)]
struct Against {
    act: Act,
    x: u16,
    from: From,
    y: u16,
}

struct Writer<'a> {
    listing: &'a Listing<'a>,
    region: &'a [usize],
    /// Readers to come, how many strips it takes, whether it tests, and the slot, of each instruction.
    left: Vec<u32>,
    need: Vec<u8>,
    chooses: Vec<bool>,
    at: Vec<Option<u16>>,
    /// Slots, a bit each.
    free: u32,
    words: Vec<u16>,
    /// Whether the last word loads a vector, so that the next may become its second.
    loads: bool,
    sources: Sources,
}

impl Writer<'_> {
    fn word(&mut self, act: Act, from: From, arg: u16) -> Option<()> {
        if self.loads
            && let Some([first, _]) = With::Load.words(act, from)
            && let [.., word, _] = &mut self.words[..]
        {
            *word = first;
        }
        self.loads = act == Act::Load && from == From::Vector;
        self.words.extend([act.word(from), arg]);
        (self.words.len() <= 2 * WORDS).then_some(())
    }

    /// The instruction of the region behind an argument.
    fn inner(&self, arg: Arg) -> Option<usize> {
        match arg {
            Arg::Temp(t) if self.region.contains(&(t as usize)) => Some(t as usize),
            _ => None,
        }
    }

    /// The argument as it can be read now: not one that is still to be computed.
    fn value(&mut self, arg: Arg) -> Option<Value> {
        match self.inner(arg) {
            Some(i) => self.at[i].map(|slot| Value::Shared(i, slot)),
            None => {
                let known = self.sources.iter().position(|a| *a == arg);
                let k = known.unwrap_or_else(|| {
                    self.sources.push(arg);
                    self.sources.len() - 1
                });
                let from = if (self.listing.is_scalar)(arg) { From::Scalar } else { From::Vector };
                Some(Value::Source(from, k as u16))
            }
        }
    }

    /// Reads a value for the last time by this reader.
    fn read(&mut self, act: Act, value: Value) -> Option<()> {
        let (from, arg) = match value {
            Value::Source(from, k) => (from, k),
            Value::Shared(i, slot) => {
                self.left[i] -= 1;
                if self.left[i] == 0 {
                    self.free |= 1 << slot;
                }
                (From::Slot, slot)
            }
            Value::Saved(slot) => {
                self.free |= 1 << slot;
                (From::Slot, slot)
            }
        };
        self.word(act, from, arg)?;
        (self.sources.len() <= SOURCES).then_some(())
    }

    fn save(&mut self) -> Option<u16> {
        let slot = self.free.trailing_zeros() as u16;
        if usize::from(slot) >= SLOTS {
            return None;
        }
        self.free &= !(1 << slot);
        self.word(Act::Save, From::Vector, slot)?;
        Some(slot)
    }

    /// Puts an argument into the accumulator.
    fn load(&mut self, arg: Arg) -> Option<()> {
        match self.value(arg) {
            Some(value) => self.read(Act::Load, value),
            None => {
                let i = self.inner(arg)?;
                self.compute(i)?;
                if self.left[i] > 1 {
                    // This reader has it in the accumulator.
                    self.left[i] -= 1;
                    self.at[i] = Some(self.save()?);
                }
                Some(())
            }
        }
    }

    /// The argument as something to read, saved if it must be computed first (which loses the accumulator).
    fn settle(&mut self, arg: Arg) -> Option<Value> {
        match self.value(arg) {
            Some(value) => Some(value),
            None => {
                self.load(arg)?;
                match self.inner(arg).and_then(|i| self.at[i].map(|slot| (i, slot))) {
                    Some((i, slot)) => {
                        self.left[i] += 1;
                        Some(Value::Shared(i, slot))
                    }
                    None => Some(Value::Saved(self.save()?)),
                }
            }
        }
    }

    /// One side into the accumulator, then the action on the other.
    fn both(&mut self, x: Arg, y: Arg, (act, swapped): (Act, Act)) -> Option<()> {
        let need = |w: &Self, arg: Arg| w.inner(arg).map_or(0, |i| w.need[i]);
        match (self.value(x), self.value(y)) {
            (_, Some(_)) => {
                self.load(x)?;
                let value = self.value(y)?;
                self.read(act, value)
            }
            (Some(_), None) => {
                self.load(y)?;
                let value = self.value(x)?;
                self.read(swapped, value)
            }
            (None, None) if need(self, x) >= need(self, y) => {
                let value = self.settle(x)?;
                self.load(y)?;
                self.read(swapped, value)
            }
            (None, None) => {
                let value = self.settle(y)?;
                self.load(x)?;
                self.read(act, value)
            }
        }
    }

    /// Computes an instruction into the accumulator.
    fn compute(&mut self, i: usize) -> Option<()> {
        let (op, inst) = self.listing.op(i)?;
        let args = inst.args.clone();
        if let Some(act) = alone_of(op) {
            self.load(args[0])?;
            return self.word(act, From::Vector, 0);
        }
        if let Some(acts) = pair_of(op) {
            return self.both(args[0], args[1], acts);
        }
        let (test, a, b) = (self.inner(args[0])?, args[1], args[2]);
        let (op, compared) = self.listing.op(test)?;
        match self.against(compared.args[0], compared.args[1], test_of(op)?) {
            Some(against) => self.choose(against, a, b),
            None => self.choose_computed(compared.args[0], compared.args[1], test_of(op)?, a, b),
        }
    }

    /// A test of what can be read, which leaves the accumulator alone.
    fn against(&mut self, x: Arg, y: Arg, (act, swapped): (Act, Act)) -> Option<Against> {
        let known = |w: &mut Self, arg: Arg| match w.inner(arg) {
            None => w.value(arg),
            Some(_) => None,
        };
        let (Value::Source(x, k), Value::Source(y, l)) = (known(self, x)?, known(self, y)?) else {
            return None;
        };
        match (x, y) {
            (From::Vector, y) => Some(Against { act, x: k, from: y, y: l }),
            (x, From::Vector) => Some(Against { act: swapped, x: l, from: x, y: k }),
            _ => None,
        }
    }

    /// Two words that the machine does as one.
    fn pair(&mut self, with: With, x: u16, act: Act, from: From, y: u16) -> Option<()> {
        let [first, second] = with.words(act, from)?;
        self.loads = false;
        self.words.extend([first, x, second, y]);
        (self.words.len() <= 2 * WORDS && self.sources.len() <= SOURCES).then_some(())
    }

    /// A choice whose test reads sources: one side into the accumulator, the test, the other side where it holds or does not.
    fn choose(&mut self, test: Against, a: Arg, b: Arg) -> Option<()> {
        let run = |w: &mut Self| w.pair(With::Load, test.x, test.act, test.from, test.y);
        match (self.value(a), self.value(b)) {
            (_, Some(_)) => {
                self.load(a)?;
                run(self)?;
                let b = self.value(b)?;
                self.read(Act::Pick, b)
            }
            (Some(_), None) => {
                self.load(b)?;
                run(self)?;
                let a = self.value(a)?;
                self.read(Act::PickNot, a)
            }
            (None, None) => {
                if let Some(step) = self.step(b) {
                    self.load(a)?;
                    run(self)?;
                    return self.pair(With::Else, step.x, step.act, step.from, step.y);
                }
                if let Some(step) = self.step(a) {
                    self.load(b)?;
                    run(self)?;
                    return self.pair(With::ElseNot, step.x, step.act, step.from, step.y);
                }
                let saved = self.settle(a)?;
                self.load(b)?;
                run(self)?;
                self.read(Act::PickNot, saved)
            }
        }
    }

    /// An argument that is one operation on sources, which nobody else reads and the machine does as one.
    fn step(&mut self, arg: Arg) -> Option<Against> {
        let i = self.inner(arg).filter(|i| self.left[*i] == 1)?;
        let (op, inst) = self.listing.op(i)?;
        let acts = pair_of(op)?;
        let (x, y) = (inst.args[0], inst.args[1]);
        self.against(x, y, acts).filter(|step| With::Else.words(step.act, step.from).is_some())
    }

    /// A choice whose test needs the accumulator. What chooses itself is computed before it, for its test.
    fn choose_computed(&mut self, x: Arg, y: Arg, test: (Act, Act), a: Arg, b: Arg) -> Option<()> {
        let chooses = |w: &Self, arg: Arg| w.inner(arg).is_some_and(|i| w.at[i].is_none() && w.chooses[i]);
        let early_b = if chooses(self, b) { Some(self.settle(b)?) } else { None };
        let early_a = if chooses(self, a) { Some(self.settle(a)?) } else { None };
        self.both(x, y, test)?;
        let (value_a, value_b) = (early_a.or_else(|| self.value(a)), early_b.or_else(|| self.value(b)));
        match (value_a, value_b) {
            (Some(a), Some(b)) => {
                self.read(Act::Load, a)?;
                self.read(Act::Pick, b)
            }
            (None, Some(b)) => {
                self.load(a)?;
                self.read(Act::Pick, b)
            }
            (Some(a), None) => {
                self.load(b)?;
                self.read(Act::PickNot, a)
            }
            (None, None) => {
                let first = self.settle(a)?;
                self.load(b)?;
                self.read(Act::PickNot, first)
            }
        }
    }
}
