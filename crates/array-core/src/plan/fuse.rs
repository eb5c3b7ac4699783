//! Making few instructions of many: superinstructions, tapes, sums of what is computed on the way.
//!
//! **Promise** what is fused has the bits of its parts: each operation is rounded on its own, in its order (C3 of
//! [`super::compile`]). **Choice** one superinstruction where one does it all, for they are loops without a jump; else a tape.

use super::{
    bind::Arg,
    compile::{Code, Compiler, Inst, Sources},
    tape::Listing,
};
use crate::{
    dtype::DType,
    expr::Op,
    kernels::{
        Isa, Kernel,
        eight::{self, Form, Fused},
        select::Link,
        tape,
    },
};
use smallvec::SmallVec;

/// The instructions that are taken into another, what it becomes, and what that reads.
type Fusion = (SmallVec<[usize; 2]>, Code, Sources);

impl Compiler {
    /// The instruction behind an argument that nobody else reads.
    fn inner(&self, arg: Arg) -> Option<(usize, &Inst)> {
        match arg {
            Arg::Temp(t) if self.uses[t as usize] == 1 && !self.is_invariant(t) => {
                self.insts[t as usize].as_ref().map(|inst| (t as usize, inst))
            }
            _ => None,
        }
    }

    /// The sum of `result` as one kernel, if it is that of products or squared distances of float operands.
    pub(super) fn fused_sum(&self, result: Arg) -> Option<(Fused, [u16; 2])> {
        let plain = |arg: Arg| match arg {
            Arg::Temp(t) => self.insts[t as usize].as_ref().and_then(|inst| match inst.code {
                Code::Op(op) => Some((op, inst)),
                _ => None,
            }),
            _ => None,
        };
        let vector = |arg: Arg| matches!(arg, Arg::Operand(_)) && !self.is_scalar(arg);
        let (op, inst) = plain(result)?;
        let (x, y) = match op {
            Op::Multiply => (inst.args[0], inst.args[1]),
            Op::Square => (inst.args[0], inst.args[0]),
            _ => return None,
        };
        let (form, x, y) = if vector(x) && vector(y) {
            (Form::Products, x, y)
        } else {
            let (Op::Subtract, distance) = plain(x).filter(|_| x == y)? else { return None };
            match (distance.args[0], distance.args[1]) {
                (x, y) if vector(x) && vector(y) => (Form::Squares, x, y),
                (x, s) if vector(x) && self.is_scalar(s) => (Form::Spread, x, s),
                // The sign is lost in the square.
                (s, x) if vector(x) && self.is_scalar(s) => (Form::Spread, x, s),
                _ => return None,
            }
        };
        let single = match inst.input {
            DType::F64 => false,
            DType::F32 => true,
            _ => return None,
        };
        Some((eight::fused(self.isa, single, form), [self.fixed(x)?, self.fixed(y)?]))
    }

    /// The whole of an expression as one tape that writes past the caches, and its words: there is no such machine for every processor,
    /// nor action for every operation.
    pub(super) fn past_the_caches(&self, result: Arg) -> Option<(Kernel, Box<[u16]>)> {
        let Arg::Temp(root) = result else { return None };
        let root = usize::from(root);
        let region = self.listing(|listing| listing.region(root));
        let outside = |i: usize| self.insts[i].is_some() && !self.invariant[i] && !region.contains(&i);
        if self.isa == Isa::Baseline || region.is_empty() || (0..self.insts.len()).any(outside) {
            return None;
        }
        let (mut words, args) = self.listing(|listing| listing.write(&region))?;
        let table: Option<SmallVec<[u16; 7]>> = args.iter().map(|arg| self.fixed(*arg)).collect();
        tape::resolve(&mut words, &table?);
        tape::past_the_caches(&mut words);
        let dtype = self.insts[root].as_ref()?.output;
        Some((tape::kernel(self.isa, dtype, &words), words))
    }

    /// Puts what no single superinstruction computes on tapes.
    pub(super) fn tapes(&mut self) {
        for root in (1..self.insts.len()).rev() {
            let region = self.listing(|listing| listing.region(root));
            if region.len() < 2 {
                continue;
            }
            let plain = self.insts.clone();
            for &i in region.iter().rev() {
                self.fuse(i);
            }
            if region.iter().filter(|i| self.insts[**i].is_some()).count() == 1 {
                continue;
            }
            self.insts = plain;
            let Some((words, args)) = self.listing(|listing| listing.write(&region)) else { continue };
            for &part in &region[1..] {
                self.insts[part] = None;
            }
            let inst = self.insts[root].as_mut().expect("the root of its region");
            (inst.code, inst.args, inst.tape) = (Code::Tape, args, Some(words));
        }
    }

    fn listing<R>(&self, f: impl FnOnce(&Listing<'_>) -> R) -> R {
        f(&Listing { insts: &self.insts, uses: &self.uses, is_scalar: &|arg| self.is_scalar(arg) })
    }

    /// Takes the instructions behind instruction `i`'s arguments into it, where a kernel does both (C3).
    pub(super) fn fuse(&mut self, i: usize) {
        let Some(inst) = &self.insts[i] else { return };
        let Code::Op(op) = inst.code else { return };
        if self.invariant[i] {
            return;
        }
        let fused = match op {
            Op::Where if inst.output.size() == 8 => self.fuse_select(inst),
            Op::Add | Op::Subtract | Op::Multiply if inst.input == DType::F64 => self.fuse_chain(op, inst),
            _ => None,
        };
        if let Some((inner, code, args)) = fused {
            for part in inner {
                self.insts[part] = None;
            }
            let inst = self.insts[i].as_mut().expect("checked above");
            (inst.code, inst.args) = (code, args);
        }
    }

    fn fuse_select(&self, inst: &Inst) -> Option<Fusion> {
        let (at, test) = self.inner(inst.args[0])?;
        let Code::Op(cmp) = test.code else { return None };
        if !cmp.is_comparison() || test.input != DType::F64 {
            return None;
        }
        let (mut x, mut y, mut cmp) = (test.args[0], test.args[1], cmp);
        if self.is_scalar(x) {
            (x, y) = (y, x);
            cmp = match cmp {
                Op::Less => Op::Greater,
                Op::LessEqual => Op::GreaterEqual,
                other => other,
            };
        }
        if self.is_scalar(x) {
            return None;
        }
        Some((
            SmallVec::from_slice(&[at]),
            Code::Select(cmp),
            Sources::from_slice(&[x, y, inst.args[1], inst.args[2]]),
        ))
    }

    fn fuse_chain(&self, op: Op, inst: &Inst) -> Option<Fusion> {
        // The right argument first: what the left one needs has been computed before it.
        let sides = [(inst.args[1], inst.args[0], true), (inst.args[0], inst.args[1], false)];
        let link = |inner_is_right: bool| match op {
            Op::Add => Link::Add,
            Op::Multiply => Link::Mul,
            _ if inner_is_right => Link::RSub,
            _ => Link::Sub,
        };
        let pair = |arg: Arg| match self.inner(arg) {
            Some((at, part)) if self.mask(&part.args) == 0b100 => match part.code {
                Code::Chain(Link::Add, Link::Mul) => Some((at, false, &part.args)),
                Code::Chain(Link::Sub, Link::Mul) => Some((at, true, &part.args)),
                _ => None,
            },
            _ => None,
        };
        if op != Op::Multiply
            && let (Some((a, left, x)), Some((b, right, y))) = (pair(inst.args[0]), pair(inst.args[1]))
        {
            let args = x.iter().chain(y).copied().collect();
            let code = Code::Paired { left, right, last: op == Op::Subtract, scaled: false };
            return Some((SmallVec::from_slice(&[a, b]), code, args));
        }
        for (inner, other, right) in sides {
            let Some((at, part)) = self.inner(inner) else { continue };
            if let Code::Paired { left, right, last, scaled: false } = part.code
                && op == Op::Multiply
                && self.is_scalar(other)
            {
                let mut args = part.args.clone();
                args.push(other);
                let code = Code::Paired { left, right, last, scaled: true };
                return Some((SmallVec::from_slice(&[at]), code, args));
            }
            if let Code::Weighted { minus, last, scaled: false } = part.code
                && op == Op::Multiply
                && self.is_scalar(other)
            {
                let mut args = part.args.clone();
                args.push(other);
                return Some((
                    SmallVec::from_slice(&[at]),
                    Code::Weighted { minus, last, scaled: true },
                    args,
                ));
            }
            if let Code::Chain(first @ (Link::Add | Link::Sub), Link::Mul) = part.code
                && op != Op::Multiply
                && !self.is_scalar(other)
                && self.mask(&part.args) == 0b100
            {
                let mut args = part.args.clone();
                args.push(other);
                return Some((
                    SmallVec::from_slice(&[at]),
                    Code::Weighted { minus: first == Link::Sub, last: link(right), scaled: false },
                    args,
                ));
            }
        }
        for (inner, other, right) in sides {
            let Some((at, part)) = self.inner(inner) else { continue };
            let first = match part.code {
                Code::Op(Op::Add) => Link::Add,
                Code::Op(Op::Subtract) => Link::Sub,
                Code::Op(Op::Multiply) => Link::Mul,
                _ => continue,
            };
            let (first, x, y) = match self.mask(&part.args) {
                0b00 | 0b10 => (first, part.args[0], part.args[1]),
                0b01 if first == Link::Sub => (Link::RSub, part.args[1], part.args[0]),
                _ => continue,
            };
            return Some((
                SmallVec::from_slice(&[at]),
                Code::Chain(first, link(right)),
                Sources::from_slice(&[x, y, other]),
            ));
        }
        None
    }
}
