//! Tapes: whole chains of float operations on values that stay in registers.
//!
//! **What** a tape is a small program for a machine with one accumulator: a *strip* of [`STRIP`] registers (64 f64 under AVX-512).
//! A word names an action and a source; the actions of a tape run on one strip after another. So an operand is read
//! once, nothing but the result is written, and the processor overlaps strips as it overlaps the turns of a loop.
//!
//! **Promise** every action is one rounded operation of each lane, the same as the kernel of that operation: a tape has the bits
//! of its parts, on every instruction set. The last strip of a run overlaps the one before it: it computes some elements again.
//!
//! **Invariants**
//! - T1: words are those of [`Act::word`], the last is [`Act::Store`] or [`Act::Stream`]; a slot is saved before it is read, a test precedes each pick.
//! - T2: a tape has at most [`WORDS`] words, [`SLOTS`] slots and [`SOURCES`] different sources.
//!
//! **Trade-offs** the jump to the next action costs a few cycles for 64 elements; measured at 10⁴ elements (AVX-512) against loops
//! of the same operations by hand: 1.04 for a polynomial of three steps, 1.00 with a root and a division, 1.09 for a choice.

mod vector;

use super::{FAR, Isa, Kernel, moves::fetch};
use crate::dtype::DType;
use std::mem::MaybeUninit;
#[cfg(target_arch = "x86_64")]
use vector::{F32x8, F32x16, F64x4, F64x8};
use vector::{Few, Vector};

/// Registers of a strip.
const STRIP: usize = 8;
/// Strips that a tape can save.
pub(crate) const SLOTS: usize = 8;
/// Words of the longest tape.
pub(crate) const WORDS: usize = 96;
/// Different sources of a tape.
pub(crate) const SOURCES: usize = 24;

/// Where an action finds its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum From {
    /// Elements at an address of the table.
    Vector,
    /// One element at an address of the table.
    Scalar,
    /// A saved strip.
    Slot,
}

macro_rules! acts {
    ([$($both:ident $BOTH:ident),*] [$($alone:ident $ALONE:ident),*]) => {
        /// What is done to the accumulator `a` (and the source `x`).
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u16)]
        pub(crate) enum Act { $($both,)* $($alone,)* }

        impl Act {
            const ALL: &'static [Act] = &[$(Act::$both,)* $(Act::$alone,)*];
        }

        /// Actions on a vector, on a scalar, on a slot, and on the accumulator alone.
        mod v { $(pub(super) const $BOTH: u16 = super::Act::$both as u16 * 3;)* }
        mod s { $(pub(super) const $BOTH: u16 = super::Act::$both as u16 * 3 + 1;)* }
        mod t { $(pub(super) const $BOTH: u16 = super::Act::$both as u16 * 3 + 2;)* }
        mod alone { $(pub(super) const $ALONE: u16 = super::Act::$alone as u16 * 3;)* }
    };
}
acts! {
    [Load LOAD, Add ADD, Sub SUB, RSub RSUB, Mul MUL, Div DIV, RDiv RDIV, Min MIN, RMin RMIN, Max MAX, RMax RMAX,
     Lt LT, Le LE, Gt GT, Ge GE, Eq EQ, Ne NE, Pick PICK, PickNot PICKNOT]
    [Neg NEG, Abs ABS, Sqrt SQRT, Square SQUARE, Recip RECIP, Save SAVE, Store STORE, Stream STREAM]
}

impl Act {
    /// The word's number; an action on the accumulator alone is `from` a vector.
    pub(crate) fn word(self, from: From) -> u16 {
        self as u16 * 3 + from as u16
    }

    /// What a word says.
    pub(crate) fn of(word: u16) -> (Act, From) {
        let from = [From::Vector, From::Scalar, From::Slot][usize::from(word % 3)];
        (Act::ALL[usize::from(word / 3)], from)
    }

    /// Whether the argument of the word is a source.
    fn reads(self) -> bool {
        (self as u16) < Act::Neg as u16
    }
}

/// The words of a tape: action, kind of source (or slot), argument.
pub(crate) fn words(code: &[u16]) -> impl Iterator<Item = (Act, Option<From>, u16)> {
    code.as_chunks::<2>().0.iter().map(|&[word, arg]| {
        let (act, from) = Act::of(word);
        let from = if act == Act::Save { Some(From::Slot) } else { act.reads().then_some(from) };
        (act, from, arg)
    })
}

/// Turns numbers of sources into their numbers in the table of addresses.
pub(crate) fn resolve(code: &mut [u16], table: &[u16]) {
    for [word, arg] in code.as_chunks_mut::<2>().0 {
        let (act, from) = Act::of(*word);
        if act.reads() && from != From::Slot {
            *arg = table[usize::from(*arg)];
        }
    }
}

/// Runs a tape: `ix` is the destination, then pairs of a word and its argument (a number in `locs`, or of a slot).
///
/// # Safety
/// The contract of a [`Kernel`], for every source the words name; T1, T2; the instruction set of `V` is there.
#[inline(always)]
unsafe fn tape<V: Vector>(locs: *const *mut u8, ix: *const u16, n: usize) {
    // SAFETY: the caller's.
    unsafe {
        let dst: *mut V::Item = (*locs.add(usize::from(*ix))).cast();
        if n >= STRIP * V::N {
            strips::<V, STRIP>(locs, ix.add(1), dst, n);
        } else if n >= V::N {
            strips::<V, 1>(locs, ix.add(1), dst, n);
        } else {
            padded::<V>(locs, ix.add(1), dst, n);
        }
    }
}

/// Expands to the whole machine: an arm for each action and kind of source.
macro_rules! machine {
    (
        ($V:ident, $R:ident, $pc:ident, $locs:ident, $at:ident, $dst:ident, $acc:ident, $mask:ident, $slots:ident)
        both { $($BOTH:ident ($a:ident, $x:ident) $both:expr;)* }
        test { $($TEST:ident ($b:ident, $y:ident) $test:expr;)* }
        pick { $($PICK:ident ($m:ident, $c:ident, $z:ident) $pick:expr;)* }
        alone { $($ALONE:ident ($d:ident) $alone:expr;)* }
    ) => {
        loop {
            let (word, arg) = (*$pc, usize::from(*$pc.add(1)));
            $pc = $pc.add(2);
            macro_rules! vector { () => { (*$locs.add(arg)).cast::<$V::Item>().add($at) } }
            macro_rules! scalar { () => { $V::splat(*(*$locs.add(arg)).cast::<$V::Item>()) } }
            macro_rules! slot { () => { $slots.add(arg * $R) } }
            macro_rules! each { ($k:ident, $e:expr) => {{ let mut $k = 0; while $k < $R { $e; $k += 1; } }} }
            match word {
                $(
                    v::$BOTH => { let p = vector!(); each!(k, { let ($a, $x) = ($acc[k], $V::load(p.add(k * $V::N))); let _ = $a; $acc[k] = $both; }) }
                    s::$BOTH => { let $x = scalar!(); each!(k, { let $a = $acc[k]; let _ = $a; $acc[k] = $both; }) }
                    t::$BOTH => { let p = slot!(); each!(k, { let ($a, $x) = ($acc[k], *p.add(k)); let _ = $a; $acc[k] = $both; }) }
                )*
                $(
                    v::$TEST => { let p = vector!(); each!(k, { let ($b, $y) = ($acc[k], $V::load(p.add(k * $V::N))); $mask[k] = $test; }) }
                    s::$TEST => { let $y = scalar!(); each!(k, { let $b = $acc[k]; $mask[k] = $test; }) }
                    t::$TEST => { let p = slot!(); each!(k, { let ($b, $y) = ($acc[k], *p.add(k)); $mask[k] = $test; }) }
                )*
                $(
                    v::$PICK => { let p = vector!(); each!(k, { let ($m, $c, $z) = ($mask[k], $acc[k], $V::load(p.add(k * $V::N))); $acc[k] = $pick; }) }
                    s::$PICK => { let $z = scalar!(); each!(k, { let ($m, $c) = ($mask[k], $acc[k]); $acc[k] = $pick; }) }
                    t::$PICK => { let p = slot!(); each!(k, { let ($m, $c, $z) = ($mask[k], $acc[k], *p.add(k)); $acc[k] = $pick; }) }
                )*
                $( alone::$ALONE => each!(k, { let $d = $acc[k]; $acc[k] = $alone; }), )*
                alone::SAVE => { let p = slot!(); each!(k, *p.add(k) = $acc[k]) }
                alone::STORE => { let p = $dst.add($at); each!(k, $acc[k].store(p.add(k * $V::N))); break }
                alone::STREAM => {
                    let p = $dst.add($at);
                    if p.addr() % 64 == 0 {
                        each!(k, $acc[k].stream(p.add(k * $V::N)))
                    } else {
                        each!(k, $acc[k].store(p.add(k * $V::N)))
                    }
                    break
                }
                // SAFETY (of the whole expansion's caller): T1.
                _ => std::hint::unreachable_unchecked(),
            }
        }
    };
}

/// What a tape ends with.
///
/// # Safety
/// `code` is a whole tape (T1).
unsafe fn last(code: *const u16) -> Act {
    let mut at = code;
    loop {
        // SAFETY: the caller's.
        let (act, _) = Act::of(unsafe { *at });
        if matches!(act, Act::Store | Act::Stream) {
            return act;
        }
        // SAFETY: this was not the last word.
        at = unsafe { at.add(2) };
    }
}

/// Makes a tape write past the caches: for results that are larger. The machine puts a fence behind nothing; who runs it does.
pub(crate) fn past_the_caches(code: &mut [u16]) {
    if let Some([word, _]) = code.as_chunks_mut::<2>().0.last_mut() {
        *word = Act::Stream.word(From::Vector);
    }
}

/// # Safety
/// As [`tape`]; `n` is at least `R` vectors, `code` starts with the first word.
#[inline(always)]
unsafe fn strips<V: Vector, const R: usize>(
    locs: *const *mut u8,
    code: *const u16,
    dst: *mut V::Item,
    n: usize,
) {
    let strip = R * V::N;
    let mut slots: [MaybeUninit<[V; R]>; SLOTS] = [const { MaybeUninit::uninit() }; SLOTS];
    let slots: *mut V = slots.as_mut_ptr().cast();
    let mut acc = [V::zero(); R];
    let mut mask = [V::zero().lt(V::zero()); R];
    // The second strip of many starts where a cache line of the destination does, over the end of the first, so that no store
    // is split.
    let phase = dst.addr().wrapping_neg() / size_of::<V::Item>() % (64 / size_of::<V::Item>());
    let lead = if phase == 0 || n < 4 * strip { strip } else { phase };
    // As `sweep` does. What goes past the caches is not fetched into them.
    // SAFETY: the caller's: a whole tape.
    let far = n * size_of::<V::Item>() > FAR && unsafe { last(code) } == Act::Store;
    let mut next = 0;
    while next < n {
        let at = next.min(n - strip);
        if far {
            fetch(dst.wrapping_add(at + strip).cast(), strip * size_of::<V::Item>());
        }
        let mut pc = code;
        // SAFETY: the caller's: sources and destination have `n` elements, and `at + strip <= n`; slots are below `SLOTS` and
        // saved before they are read (T1, T2).
        unsafe {
            machine! {
                (V, R, pc, locs, at, dst, acc, mask, slots)
                both {
                    LOAD (a, x) x;
                    ADD (a, x) a.add(x);
                    SUB (a, x) a.sub(x);
                    RSUB (a, x) x.sub(a);
                    MUL (a, x) a.mul(x);
                    DIV (a, x) a.div(x);
                    RDIV (a, x) x.div(a);
                    MIN (a, x) a.min(x);
                    RMIN (a, x) x.min(a);
                    MAX (a, x) a.max(x);
                    RMAX (a, x) x.max(a);
                }
                test {
                    LT (a, x) a.lt(x);
                    LE (a, x) a.le(x);
                    GT (a, x) x.lt(a);
                    GE (a, x) x.le(a);
                    EQ (a, x) a.eq(x);
                    NE (a, x) a.ne(x);
                }
                pick {
                    PICK (m, a, x) V::select(m, a, x);
                    PICKNOT (m, a, x) V::select(m, x, a);
                }
                alone {
                    NEG (a) a.neg();
                    ABS (a) a.abs();
                    SQRT (a) a.sqrt();
                    SQUARE (a) a.mul(a);
                    RECIP (a) V::one().div(a);
                }
            }
        }
        next += if next == 0 { lead.min(strip) } else { strip };
    }
}

/// Fewer elements than a vector has: with the last one repeated.
///
/// # Safety
/// As [`tape`], `code` as of [`strips`].
#[cold]
#[inline(always)]
unsafe fn padded<V: Vector>(locs: *const *mut u8, code: *const u16, dst: *mut V::Item, n: usize) {
    if n == 0 {
        return;
    }
    let mut blocks = [[V::zero(); 1]; SOURCES];
    let mut own = [std::ptr::null_mut::<u8>(); SOURCES];
    let mut names = [0u16; SOURCES];
    let mut words = [0u16; 2 * WORDS];
    let (mut count, mut i) = (0, 0);
    let mut result = [V::zero(); 1];
    // SAFETY: the caller's: vector sources have `n` elements, fewer than a vector, which blocks have room for; T2 bounds the
    // words and the sources.
    unsafe {
        loop {
            let (word, arg) = (*code.add(i), *code.add(i + 1));
            let (act, from) = Act::of(word);
            words[i] = word;
            words[i + 1] = arg;
            if act.reads() && from != From::Slot {
                let mut k = 0;
                while k < count && names[k] != arg {
                    k += 1;
                }
                if k == count {
                    (names[k], own[k]) = (arg, *locs.add(usize::from(arg)));
                    if from == From::Vector {
                        let (source, block): (*const V::Item, *mut V::Item) =
                            (own[k].cast(), blocks[k].as_mut_ptr().cast());
                        let mut e = 0;
                        while e < V::N {
                            block.add(e).write(*source.add(if e < n { e } else { n - 1 }));
                            e += 1;
                        }
                        own[k] = block.cast();
                    }
                    count += 1;
                }
                words[i + 1] = k as u16;
            }
            i += 2;
            if matches!(act, Act::Store | Act::Stream) {
                break;
            }
        }
        let block: *mut V::Item = result.as_mut_ptr().cast();
        strips::<V, 1>(own.as_ptr(), words.as_ptr(), block, V::N);
        std::ptr::copy_nonoverlapping(block, dst, n);
    }
}

macro_rules! versions {
    ($module:ident, $f64:ty, $f32:ty $(, $feature:literal)?) => {
        mod $module {
            use super::*;
            $(#[target_feature(enable = $feature)])?
            pub(super) unsafe fn double(locs: *const *mut u8, ix: *const u16, n: usize) {
                // SAFETY: the caller's.
                unsafe { tape::<$f64>(locs, ix, n) }
            }
            $(#[target_feature(enable = $feature)])?
            pub(super) unsafe fn single(locs: *const *mut u8, ix: *const u16, n: usize) {
                // SAFETY: the caller's.
                unsafe { tape::<$f32>(locs, ix, n) }
            }
        }
    };
}
versions!(baseline, Few<f64, 2>, Few<f32, 4>);
#[cfg(target_arch = "x86_64")]
versions!(avx2, F64x4, F32x8, "avx2,fma");
#[cfg(target_arch = "x86_64")]
versions!(avx512, F64x8, F32x16, "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl");

/// Words beside each division or root up to which those are what a tape takes its time for.
const BESIDE: usize = 8;

/// The machine for elements of `dtype`, f64 or f32, that runs these words.
///
/// Where divisions and roots are most of it, vectors of 256 bits: the divider takes as long for one of 512 as for two of those, or longer
/// (the roots of a quadratic of ten thousand f64: 15.8 µs and 14.9).
pub(crate) fn kernel(isa: Isa, dtype: DType, code: &[u16]) -> Kernel {
    let single = dtype == DType::F32;
    let divides =
        |&(act, ..): &(Act, Option<From>, u16)| matches!(act, Act::Div | Act::RDiv | Act::Sqrt | Act::Recip);
    let slow = words(code).filter(divides).count();
    let narrow = slow > 0 && words(code).count() - slow <= BESIDE * slow;
    match if narrow { isa.min(Isa::Avx2) } else { isa } {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => {
            if single {
                avx512::single
            } else {
                avx512::double
            }
        }
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => {
            if single {
                avx2::single
            } else {
                avx2::double
            }
        }
        _ => {
            if single {
                baseline::single
            } else {
                baseline::double
            }
        }
    }
}
