//! Compiling a key into a program: common subexpressions, superinstructions, kernels, block temporaries.
//!
//! **Invariants**
//! - C1: an instruction's destination is a temporary that no source of it occupies, or the output; sources never are the output.
//! - C2: a temporary is written before it is read, in block order; its slot is reused after its last reader, last freed first.
//! - C3: a fused instruction performs the operations of its parts in their order, each rounded on its own.

use super::{
    bind::{Arg, HEAD, dtype_from, reduction_from},
    cost,
    run::BLOCK,
};
use crate::{
    dtype::{DType, Kind},
    expr::{Op, ReduceOp},
    functions::{self, CALLING_BLOCK},
    kernels::{
        Isa, Kernel, convert,
        eight::Fused,
        reduce::{self, Kernels},
        select::{self, Link, Mask},
        tape::{self, From},
    },
};
use smallvec::SmallVec;
use std::{collections::HashMap, fmt};

/// A program for blocks; see the module's head of [`crate::plan`].
pub(crate) struct Program {
    pub(crate) isa: Isa,
    /// What is the same for all elements, computed once for a run: each a call for one element.
    pub(crate) prologue: Box<[Step]>,
    pub(crate) steps: Box<[Step]>,
    /// All steps as one tape that writes past the caches, if there is one.
    pub(crate) past: Option<Step>,
    /// Type of the output, or of the reduction's result.
    pub(crate) dtype: DType,
    /// Type of the elements that are written or reduced.
    pub(crate) element: DType,
    /// Type of each operand, and whether it is one value for the whole run.
    pub(crate) operands: Box<[(DType, bool)]>,
    pub(crate) consts: usize,
    /// Values that the prologue computes.
    pub(crate) invariants: usize,
    pub(crate) slots: usize,
    pub(crate) can_fail: bool,
    pub(crate) reduction: Option<ReduceOp>,
    pub(crate) fold: Option<Kernels>,
    /// A sum whose elements can be computed while they are summed, where all operands are read in place; and what it reads.
    pub(crate) fused: Option<(Fused, [u16; 2])>,
    /// A reduction of operand 0 itself: there are no steps.
    pub(crate) direct: bool,
    /// Whether the one step may be called piece by piece by [`crate::kernels::sweep`].
    pub(crate) sweeps: bool,
    /// Elements of a block, at most.
    pub(crate) block: usize,
    /// Picoseconds for an element, by an estimate.
    pub(crate) element_ps: u32,
    /// A slot's bytes: a block of the widest type, and a step away from its neighbours' offset in a page (4 KiB aliasing).
    pub(crate) slot_bytes: usize,
    /// Whether temporaries may start at the output's place in its cache line: no type needs a stricter alignment.
    pub(crate) alignable: bool,
}

/// One kernel call.
pub(crate) struct Step {
    pub(crate) kernel: Kernel,
    /// Destination and sources, numbers in the table of addresses: operands, constants, invariants, slots, output, flag. Of a tape, the
    /// destination and the words.
    pub(crate) ix: Box<[u16]>,
    code: Code,
}

impl Program {
    /// Number of the first slot in the table of addresses.
    pub(crate) fn slot_base(&self) -> usize {
        self.operands.len() + self.consts + self.invariants
    }

    /// Number of the output.
    pub(crate) fn out(&self) -> usize {
        self.slot_base() + self.slots
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    Op(Op),
    /// One value into a block.
    Spread,
    Chain(Link, Link),
    Weighted {
        minus: bool,
        last: Link,
        scaled: bool,
    },
    /// Two weighted pairs; the flags say minus.
    Paired {
        left: bool,
        right: bool,
        last: bool,
        scaled: bool,
    },
    Select(Op),
    /// The words stand in the instruction.
    Tape,
}

pub(super) type Sources = SmallVec<[Arg; 7]>;
#[derive(Debug, Clone)]
pub(super) struct Inst {
    pub(super) code: Code,
    pub(super) input: DType,
    pub(super) output: DType,
    pub(super) args: Sources,
    /// The words of a tape, whose arguments are numbers in `args`.
    pub(super) tape: Option<Box<[u16]>>,
}

impl Inst {
    fn new(code: Code, input: DType, output: DType, args: Sources) -> Inst {
        Inst { code, input, output, args, tape: None }
    }
}

pub(super) struct Compiler {
    pub(super) isa: Isa,
    operands: Box<[(DType, bool)]>,
    consts: usize,
    /// `None`: fused into a later one, or never used.
    pub(super) insts: Vec<Option<Inst>>,
    /// Whether an instruction reads single values only, so that it has one value itself and runs before the others.
    pub(super) invariant: Vec<bool>,
    pub(super) uses: Vec<u32>,
}

/// Compiles what [`bind`](super::bind()) encoded.
pub(crate) fn compile(key: &[u32]) -> Program {
    let head = key[0];
    let isa = [Isa::Baseline, Isa::Avx2, Isa::Avx512][(head & 0xff) as usize];
    let reduction = reduction_from((head >> 8) as u8);
    let dtype = dtype_from((head >> 16) as u8);
    let (operand_count, consts) = (key[2] as usize, key[3] as usize);
    let (code, operands) = key[HEAD..].split_at(key.len() - HEAD - operand_count);
    let operands: Box<[(DType, bool)]> =
        operands.iter().map(|w| (dtype_from(*w as u8), w >> 8 != 0)).collect();
    let mut compiler =
        Compiler { isa, operands, consts, insts: Vec::new(), invariant: Vec::new(), uses: Vec::new() };
    let mut result = compiler.read(code, Arg::decode(key[1]));
    let element = dtype;
    let direct = reduction.is_some() && matches!(result, Arg::Operand(_)) && !compiler.is_scalar(result);
    if !direct && !matches!(result, Arg::Temp(_)) {
        // A leaf alone is copied (or spread).
        let args = Sources::from_elem(result, 1);
        compiler.push(Op::Copy, element, element, args);
        result = Arg::Temp(compiler.insts.len() as u16 - 1);
    }
    if let Arg::Temp(t) = result {
        // The result has elements, even if all are one value.
        compiler.invariant[t as usize] = false;
    }
    compiler.count_uses(result);
    let sum = matches!(reduction, Some(ReduceOp::Sum | ReduceOp::Mean));
    let fused = if sum { compiler.fused_sum(result) } else { None };
    let past = compiler.past_the_caches(result).filter(|_| reduction.is_none());
    compiler.tapes();
    for i in 0..compiler.insts.len() {
        compiler.fuse(i);
    }
    let can_fail = compiler.insts.iter().flatten().any(|inst| match inst.code {
        Code::Op(op) => may_fail(op, inst.input, inst.args.get(1)),
        _ => false,
    });
    let calls = |inst: &Inst| matches!(inst.code, Code::Op(op) if functions::is_called(op));
    let block = if compiler.insts.iter().flatten().any(calls) { CALLING_BLOCK } else { BLOCK };
    let sizes = compiler.insts.iter().flatten().flat_map(|i| [i.input.size(), i.output.size()]);
    let sizes = sizes.chain(compiler.operands.iter().map(|o| o.0.size()));
    let widest = sizes.fold(element.size(), usize::max);
    let element_ps =
        compiler.element_ps() + reduction.map_or(0, |op| cost::fold(op, element, direct || fused.is_some()));
    let (steps, slots) = compiler.emit(result);
    let prologue = compiler.emit_prologue(slots);
    let past = past.map(|(kernel, words)| {
        let out = (compiler.operands.len() + consts + prologue.len() + slots) as u16;
        Step { kernel, ix: std::iter::once(out).chain(words).collect(), code: Code::Tape }
    });
    let sweeps = |step: &Step| match step.code {
        Code::Op(op) => !functions::is_called(op),
        code => code != Code::Tape,
    };
    Program {
        isa,
        invariants: prologue.len(),
        prologue,
        sweeps: slots == 0 && steps.iter().all(sweeps),
        steps,
        past,
        dtype,
        element,
        operands: compiler.operands,
        consts,
        slots,
        can_fail,
        reduction,
        fold: reduction.map(|op| reduce::kernels(op, element, isa)),
        fused,
        direct,
        block,
        element_ps,
        slot_bytes: BLOCK * widest + 256,
        // A complex number is aligned as its parts.
        alignable: element.size() >= 4 && element.size() >= widest.min(8),
    }
}

/// Whether an operation can fail: the power of a signed integer whose exponent was not checked when the expression was
/// built.
pub(super) fn may_fail(op: Op, input: DType, exponent: Option<&Arg>) -> bool {
    op == Op::Power && input.kind() == Kind::Signed && !matches!(exponent, Some(Arg::Const(_)))
}

impl Compiler {
    pub(super) fn is_scalar(&self, arg: Arg) -> bool {
        match arg {
            Arg::Const(_) => true,
            Arg::Operand(i) => self.operands[i as usize].1,
            Arg::Temp(t) => self.is_invariant(t),
        }
    }

    fn invariants(&self) -> usize {
        self.invariant.iter().filter(|b| **b).count()
    }

    /// Not of the temporaries that spreading adds.
    pub(super) fn is_invariant(&self, temp: u16) -> bool {
        self.invariant.get(usize::from(temp)) == Some(&true)
    }

    fn push(&mut self, op: Op, input: DType, output: DType, args: Sources) {
        self.invariant.push(args.iter().all(|arg| self.is_scalar(*arg)));
        self.insts.push(Some(Inst::new(Code::Op(op), input, output, args)));
    }

    /// The number of an argument in the table of addresses, if it is not a slot's.
    pub(super) fn fixed(&self, arg: Arg) -> Option<u16> {
        let base = self.operands.len() as u16;
        match arg {
            Arg::Operand(k) => Some(k),
            Arg::Const(k) => Some(base + k),
            Arg::Temp(t) if self.is_invariant(t) => {
                let before = self.invariant[..usize::from(t)].iter().filter(|b| **b).count();
                Some(base + (self.consts + before) as u16)
            }
            Arg::Temp(_) => None,
        }
    }

    pub(super) fn mask(&self, args: &[Arg]) -> Mask {
        args.iter().enumerate().fold(0, |mask, (k, a)| mask | Mask::from(self.is_scalar(*a)) << k)
    }

    /// Decodes the instructions, merging equal ones; gives where `result` is now.
    fn read(&mut self, mut code: &[u32], result: Arg) -> Arg {
        let mut merged: HashMap<(Op, DType, DType, Sources), u16> = HashMap::new();
        let mut place: Vec<u16> = Vec::new();
        let moved = |arg: Arg, place: &[u16]| match arg {
            Arg::Temp(i) => Arg::Temp(place[i as usize]),
            other => other,
        };
        while let [word, rest @ ..] = code {
            let op = Op::from_code(*word as u8);
            let (input, output) = (dtype_from((word >> 8) as u8), dtype_from((word >> 16) as u8));
            let arity = (word >> 24) as usize;
            let mut args: Sources = rest[..arity].iter().map(|w| moved(Arg::decode(*w), &place)).collect();
            code = &rest[arity..];
            let input = self.shorten_cast(op, input, output, &mut args, &mut merged);
            if op.commutes() && self.is_scalar(args[0]) && !self.is_scalar(args[1]) {
                args.swap(0, 1);
            }
            let next = self.insts.len() as u16;
            let at = *merged.entry((op, input, output, args.clone())).or_insert(next);
            if at == next {
                self.push(op, input, output, args);
            }
            place.push(at);
        }
        moved(result, &place)
    }

    /// A cast that no kernel does at once starts with casts to the types in between; gives the type it reads now.
    fn shorten_cast(
        &mut self,
        op: Op,
        input: DType,
        output: DType,
        args: &mut Sources,
        merged: &mut HashMap<(Op, DType, DType, Sources), u16>,
    ) -> DType {
        let mut from = input;
        while op == Op::Cast && select::cast(self.isa, from, output).is_none() {
            let mut to = convert::via(from, output);
            while select::cast(self.isa, from, to).is_none() {
                to = convert::via(from, to);
            }
            let next = self.insts.len() as u16;
            let at = *merged.entry((op, from, to, args.clone())).or_insert(next);
            if at == next {
                self.push(op, from, to, args.clone());
            }
            (args[0], from) = (Arg::Temp(at), to);
        }
        from
    }

    fn count_uses(&mut self, result: Arg) {
        self.uses = vec![0; self.insts.len()];
        for arg in self.insts.iter().flatten().flat_map(|i| &i.args).chain([&result]) {
            if let Arg::Temp(t) = arg {
                self.uses[*t as usize] += 1;
            }
        }
    }

    /// Picoseconds for an element of all that does not run once.
    fn element_ps(&self) -> u32 {
        let cost = |inst: &Inst| cost::instruction(inst, self.isa, |arg| self.is_scalar(arg));
        let listed = self.insts.iter().zip(&self.invariant).filter(|(_, invariant)| !**invariant);
        listed.filter_map(|(inst, _)| inst.as_ref()).map(cost).sum()
    }

    fn kernel(&self, inst: &Inst) -> Option<Kernel> {
        let mask = if inst.code == Code::Tape { 0 } else { self.mask(&inst.args) };
        match inst.code {
            Code::Op(op) => select::op(self.isa, op, inst.input, inst.output, mask),
            Code::Spread => select::op(self.isa, Op::Copy, inst.input, inst.output, 1),
            Code::Chain(f, g) => select::chain(self.isa, f, g, mask),
            Code::Weighted { minus, last, scaled } => {
                let scalars = if scaled { 0b10100 } else { 0b00100 };
                debug_assert_eq!(mask, scalars);
                select::weighted(self.isa, minus, last, scaled)
            }
            Code::Paired { left, right, last, scaled } => {
                debug_assert_eq!(mask, if scaled { 0b110_0100 } else { 0b10_0100 });
                Some(select::paired(self.isa, left, right, last, scaled))
            }
            Code::Select(cmp) => select::compare_select(self.isa, cmp, mask),
            Code::Tape => Some(tape::kernel(self.isa, inst.output, inst.tape.as_deref().unwrap_or_default())),
        }
    }

    /// The instructions that run once, each for one element.
    fn emit_prologue(&self, slots: usize) -> Box<[Step]> {
        let first = (self.operands.len() + self.consts) as u16;
        // Behind the invariants and the slots stand the output and the flag, which kernels that may fail find after their
        // sources.
        let flag = first + (self.invariants() + slots) as u16 + 1;
        let mut steps = Vec::new();
        for (inst, invariant) in self.insts.iter().zip(&self.invariant) {
            let (Some(inst), true) = (inst, invariant) else { continue };
            let Code::Op(op) = inst.code else { unreachable!("invariants are not fused") };
            let kernel = select::op(self.isa, op, inst.input, inst.output, 0)
                .unwrap_or_else(|| panic!("no kernel for vectors: {inst:?}"));
            let mut ix = [flag; 8];
            ix[0] = first + steps.len() as u16;
            for (ix, arg) in ix[1..].iter_mut().zip(&inst.args) {
                *ix = self.fixed(*arg).expect("an invariant reads single values");
            }
            steps.push(Step { kernel, ix: ix.into(), code: inst.code });
        }
        steps.into()
    }

    /// Kernels and slots, in order.
    fn emit(&self, result: Arg) -> (Box<[Step]>, usize) {
        // First the instructions with their kernels, each with the number of the temporary it writes.
        let mut listed: Vec<(Inst, Kernel, u16)> = Vec::new();
        let mut fresh = self.insts.len() as u16;
        for (i, inst) in self.insts.iter().enumerate() {
            let Some(inst) = inst else { continue };
            if self.invariant[i] {
                continue;
            }
            let mut inst = inst.clone();
            let kernel = loop {
                if let Some(kernel) = self.kernel(&inst) {
                    break kernel;
                }
                // No kernel with these scalar sides: spread the first scalar over a block.
                let k = (0..inst.args.len())
                    .find(|&k| self.is_scalar(inst.args[k]))
                    .unwrap_or_else(|| panic!("no kernel for vectors: {inst:?}"));
                let dtype = match (inst.code, k) {
                    (Code::Op(Op::Where), 0) => DType::Bool,
                    _ => inst.input,
                };
                let args = Sources::from_slice(&[inst.args[k]]);
                let spread = Inst::new(Code::Spread, dtype, dtype, args);
                let kernel = self.kernel(&spread).expect("spreading has a kernel for every type");
                inst.args[k] = Arg::Temp(fresh);
                listed.push((spread, kernel, fresh));
                fresh += 1;
            };
            listed.push((inst, kernel, i as u16));
        }
        let mut last_use = vec![0usize; fresh as usize];
        for (at, (inst, ..)) in listed.iter().enumerate() {
            for arg in &inst.args {
                if let Arg::Temp(t) = arg {
                    last_use[*t as usize] = at;
                }
            }
        }
        let slot_base = self.operands.len() + self.consts + self.invariants();
        let mut slot_of = vec![u16::MAX; fresh as usize];
        let mut free: Vec<u16> = Vec::new();
        let mut slots = 0u16;
        let mut placed: Vec<(u16, SmallVec<[u16; 7]>)> = Vec::new();
        for (at, (inst, _, writes)) in listed.iter().enumerate() {
            let args = inst
                .args
                .iter()
                .map(|arg| match (self.fixed(*arg), *arg) {
                    (Some(number), _) => number,
                    (None, Arg::Temp(t)) => slot_base as u16 + slot_of[t as usize],
                    (None, _) => unreachable!("operands and constants have numbers"),
                })
                .collect();
            let dst = if Arg::Temp(*writes) == result {
                u16::MAX
            } else {
                // Taken before the sources are freed: C1.
                let slot = free.pop().unwrap_or_else(|| {
                    slots += 1;
                    slots - 1
                });
                slot_of[*writes as usize] = slot;
                slot_base as u16 + slot
            };
            let mut freed: SmallVec<[u16; 7]> = SmallVec::new();
            for arg in &inst.args {
                if let Arg::Temp(t) = *arg
                    && !self.is_invariant(t)
                    && last_use[t as usize] == at
                    && !freed.contains(&slot_of[t as usize])
                {
                    freed.push(slot_of[t as usize]);
                }
            }
            free.extend(freed);
            placed.push((dst, args));
        }
        let out = slot_base as u16 + slots;
        let steps = listed
            .into_iter()
            .zip(placed)
            .map(|((inst, kernel, _), (dst, args))| {
                let dst = if dst == u16::MAX { out } else { dst };
                if let Some(mut words) = inst.tape {
                    tape::resolve(&mut words, &args);
                    let ix = std::iter::once(dst).chain(words).collect();
                    return Step { kernel, ix, code: inst.code };
                }
                // What follows the sources is the flag, for kernels that may fail.
                let mut ix = [out + 1; 8];
                ix[0] = dst;
                ix[1..=args.len()].copy_from_slice(&args);
                Step { kernel, ix: ix.into(), code: inst.code }
            })
            .collect();
        (steps, slots as usize)
    }
}

/// The instructions, one a line, as `out = Chain(Add, Mul)(in0, in1, const0)`.
impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |ix: u16| {
            let (ix, slot_base, out) = (ix as usize, self.slot_base(), self.out());
            match ix {
                _ if ix < self.operands.len() => format!("in{ix}"),
                _ if ix < slot_base - self.invariants => format!("const{}", ix - self.operands.len()),
                _ if ix < slot_base => format!("once{}", ix + self.invariants - slot_base),
                _ if ix < out => format!("t{}", ix - slot_base),
                _ => "out".to_owned(),
            }
        };
        write!(f, "plan({}, {}", self.dtype, self.isa)?;
        if let Some(op) = self.reduction {
            write!(f, ", {}", op.name())?;
        }
        f.write_str(")")?;
        for step in self.prologue.iter().chain(&self.steps) {
            if step.code == Code::Tape {
                write!(f, "\n  {} = Tape(", name(step.ix[0]))?;
                for (k, (act, from, arg)) in tape::words(&step.ix[1..]).enumerate() {
                    let comma = if k > 0 { ", " } else { "" };
                    match from {
                        Some(From::Slot) => write!(f, "{comma}{act:?} s{arg}")?,
                        Some(_) => write!(f, "{comma}{act:?} {}", name(arg))?,
                        None => write!(f, "{comma}{act:?}")?,
                    }
                }
                f.write_str(")")?;
                continue;
            }
            let sources: Vec<String> = step.ix[1..]
                .iter()
                .take_while(|ix| usize::from(**ix) < self.out())
                .map(|ix| name(*ix))
                .collect();
            match step.code {
                Code::Op(op) => {
                    write!(f, "\n  {} = {}({})", name(step.ix[0]), op.name(), sources.join(", "))?
                }
                code => write!(f, "\n  {} = {code:?}({})", name(step.ix[0]), sources.join(", "))?,
            }
        }
        Ok(())
    }
}
