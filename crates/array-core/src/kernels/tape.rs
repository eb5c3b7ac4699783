//! Tapes: whole chains of float operations on values that stay in registers.
//!
//! **What** a tape is a small program for a machine with one accumulator: a *strip* of [`STRIP`] registers (64 f64 under AVX-512).
//! A word names an action and a source; the actions of a tape run on one strip after another. So an operand is read
//! once, nothing but the result is written, and the processor overlaps strips as it overlaps the turns of a loop.
//!
//! **Pairs** of words are run at one jump: what is done to two sources without the accumulator ([`With`]). The first word of a pair says
//! so and names the second, so whoever goes through the words sees two of them.
//!
//! **Promise** every action is one rounded operation of each lane, the same as the kernel of that operation: a tape has the bits
//! of its parts, on every instruction set. The last strip of a run overlaps the one before it: it computes some elements again.
//!
//! **Invariants**
//! - T1: words are those of [`Act::word`], or two of [`With::words`], the last is [`Act::Store`] or [`Act::Stream`]; a slot is saved before
//!   it is read, a test precedes each pick (also an `Else`). A test leaves the accumulator as it was.
//! - T2: a tape has at most [`WORDS`] words, [`SLOTS`] slots and [`SOURCES`] different sources.
//!
//! **Trade-offs** the jump to the next action costs a few cycles for 64 elements; measured at 10⁴ elements (AVX-512), building and starting
//! included, against loops of the same operations by hand: 1.08 for a polynomial of three steps, 1.00 with a root and a division, 1.05 for a
//! choice with arithmetic on both sides (1.09, 1.00 and 1.22 without pairs). Strips of 16 registers would save a twentieth of a
//! polynomial in the first-level cache and nothing beyond.

#[cfg(target_arch = "x86_64")]
mod quotient;
mod vector;

use super::{
    FAR, Isa, Kernel,
    moves::{fetch, fetch_to_read},
};
use crate::dtype::DType;
use std::mem::MaybeUninit;
#[cfg(target_arch = "x86_64")]
use vector::{F32x8, F32x16, F64x4, F64x8};
use vector::{Few, Vector};

/// How many bytes ahead of itself a tape that writes past the caches fetches what it reads. Of 3 * 10^7 f64 the roots of a quadratic take
/// 48 ms without, 45 from 1 KiB, 44 from 2 KiB and 44.6 from 4 KiB; on two threads 31.5, 28.5, 27.8 and 28.6. A polynomial 22.5, 20.9,
/// 21.1 and 24.6, and 17.6, 16.7, 16.6 and 17.6.
const AHEAD: usize = 2 << 10;
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

        /// Words: actions on a vector, on a scalar, on a slot, and on the accumulator alone; first words of pairs, by the second.
        #[allow(dead_code, reason = "not every action has every kind of word")]
        mod number {
            use super::{Act, With};
            pub(super) mod v { $(pub(in super::super) const $BOTH: u16 = super::Act::$both as u16 * 3;)* }
            pub(super) mod s { $(pub(in super::super) const $BOTH: u16 = super::Act::$both as u16 * 3 + 1;)* }
            pub(super) mod t { $(pub(in super::super) const $BOTH: u16 = super::Act::$both as u16 * 3 + 2;)* }
            pub(super) mod alone { $(pub(in super::super) const $ALONE: u16 = super::Act::$alone as u16 * 3;)* }
            pub(super) mod with_v { $(pub(in super::super) const $BOTH: u16 = super::With::Load.first(super::v::$BOTH);)* }
            pub(super) mod with_s { $(pub(in super::super) const $BOTH: u16 = super::With::Load.first(super::s::$BOTH);)* }
            pub(super) mod else_v { $(pub(in super::super) const $BOTH: u16 = super::With::Else.first(super::v::$BOTH);)* }
            pub(super) mod else_s { $(pub(in super::super) const $BOTH: u16 = super::With::Else.first(super::s::$BOTH);)* }
            pub(super) mod not_v { $(pub(in super::super) const $BOTH: u16 = super::With::ElseNot.first(super::v::$BOTH);)* }
            pub(super) mod not_s { $(pub(in super::super) const $BOTH: u16 = super::With::ElseNot.first(super::s::$BOTH);)* }
        }
    };
}
acts! {
    [Load LOAD, Add ADD, Sub SUB, RSub RSUB, Mul MUL, Div DIV, RDiv RDIV, Min MIN, RMin RMIN, Max MAX, RMax RMAX,
     Lt LT, Le LE, Gt GT, Ge GE, Eq EQ, Ne NE, Pick PICK, PickNot PICKNOT, Else ELSE, ElseNot ELSENOT]
    [Neg NEG, Abs ABS, Sqrt SQRT, Square SQUARE, Recip RECIP, Save SAVE, Store STORE, Stream STREAM]
}
use number::{alone, else_s, else_v, not_s, not_v, s, t, v, with_s, with_v};

impl Act {
    /// The word's number; an action on the accumulator alone is `from` a vector.
    pub(crate) fn word(self, from: From) -> u16 {
        self as u16 * 3 + from as u16
    }

    /// What a word says. The first of a pair reads a vector.
    pub(crate) fn of(word: u16) -> (Act, From) {
        if word >= PAIRS {
            let first = With::ALL[usize::from((word - PAIRS) % 3)];
            return (first.act(), From::Vector);
        }
        let from = [From::Vector, From::Scalar, From::Slot][usize::from(word % 3)];
        (Act::ALL[usize::from(word / 3)], from)
    }

    /// Whether the argument of the word is a source.
    fn reads(self) -> bool {
        (self as u16) < Act::Neg as u16
    }
}

/// Words that are not the first of a pair.
const PAIRS: u16 = Act::ALL.len() as u16 * 3;

/// What a pair of words does with the vector of the first, `x`, and the source and action of the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub(crate) enum With {
    /// The accumulator becomes the action on `x`; or `x` is tested, and the accumulator stays.
    Load,
    /// The accumulator stays where the test held, and becomes the action on `x` elsewhere.
    Else,
    /// The other way round.
    ElseNot,
}

impl With {
    const ALL: [With; 3] = [With::Load, With::Else, With::ElseNot];

    const fn first(self, second: u16) -> u16 {
        PAIRS + second * 3 + self as u16
    }

    fn act(self) -> Act {
        match self {
            With::Load => Act::Load,
            With::Else => Act::Else,
            With::ElseNot => Act::ElseNot,
        }
    }

    /// The words of this and an action on a source, if the machine has the two as one.
    pub(crate) fn words(self, act: Act, from: From) -> Option<[u16; 2]> {
        use Act::{Add, Eq, Ge, Gt, Le, Lt, Max, Min, Mul, Ne, RMax, RMin, RSub, Sub};
        let has = match self {
            With::Load => matches!(act, Min | RMin | Max | RMax | Lt | Le | Gt | Ge | Eq | Ne),
            With::Else | With::ElseNot => false,
        };
        let has = (has || matches!(act, Add | Sub | RSub | Mul)) && from != From::Slot;
        has.then(|| [self.first(act.word(from)), act.word(from)])
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

/// Expands to the whole machine: an arm for each action and kind of source, and for pairs. `pair` are in all pairs, `order` and `test` in
/// those of [`With::Load`].
macro_rules! machine {
    (
        ($V:ident, $R:ident, $pc:ident, $locs:ident, $at:ident, $dst:ident, $acc:ident, $mask:ident, $slots:ident)
        pair { $($PAIR:ident ($e:ident, $u:ident) $pair:expr;)* }
        order { $($ORDER:ident ($f:ident, $w:ident) $order:expr;)* }
        both { $($BOTH:ident ($a:ident, $x:ident, $i:ident) $both:expr;)* }
        test { $($TEST:ident ($b:ident, $y:ident) $test:expr;)* }
        pick { $($PICK:ident ($m:ident, $c:ident, $z:ident) $pick:expr;)* }
        alone { $($ALONE:ident ($d:ident, $j:pat) $alone:expr;)* }
    ) => {
        loop {
            let (word, arg) = (*$pc, usize::from(*$pc.add(1)));
            $pc = $pc.add(2);
            macro_rules! vector { ($arg:expr) => { (*$locs.add($arg)).cast::<$V::Item>().add($at) } }
            macro_rules! scalar { ($arg:expr) => { $V::splat(*(*$locs.add($arg)).cast::<$V::Item>()) } }
            macro_rules! slot { () => { $slots.add(arg * $R) } }
            // The argument of the second word of a pair, which is gone through.
            macro_rules! second { () => {{ $pc = $pc.add(2); usize::from(*$pc.sub(1)) }} }
            macro_rules! each { ($k:ident, $body:expr) => {{ let mut $k = 0; while $k < $R { $body; $k += 1; } }} }
            macro_rules! load { ($p:ident, $k:ident) => { $V::load($p.add($k * $V::N)) } }
            match word {
                v::LOAD => { let p = vector!(arg); each!(k, $acc[k] = load!(p, k)) }
                s::LOAD => { let x = scalar!(arg); each!(k, $acc[k] = x) }
                t::LOAD => { let p = slot!(); each!(k, $acc[k] = *p.add(k)) }
                $(
                    v::$PAIR => { let p = vector!(arg); each!(k, { let ($e, $u) = ($acc[k], load!(p, k)); $acc[k] = $pair; }) }
                    s::$PAIR => { let $u = scalar!(arg); each!(k, { let $e = $acc[k]; $acc[k] = $pair; }) }
                    t::$PAIR => { let p = slot!(); each!(k, { let ($e, $u) = ($acc[k], *p.add(k)); $acc[k] = $pair; }) }
                    with_v::$PAIR => { let (p, q) = (vector!(arg), vector!(second!())); each!(k, { let ($e, $u) = (load!(p, k), load!(q, k)); $acc[k] = $pair; }) }
                    with_s::$PAIR => { let (p, $u) = (vector!(arg), scalar!(second!())); each!(k, { let $e = load!(p, k); $acc[k] = $pair; }) }
                    else_v::$PAIR => { let (p, q) = (vector!(arg), vector!(second!())); each!(k, { let ($e, $u) = (load!(p, k), load!(q, k)); $acc[k] = $V::select($mask[k], $acc[k], $pair); }) }
                    else_s::$PAIR => { let (p, $u) = (vector!(arg), scalar!(second!())); each!(k, { let $e = load!(p, k); $acc[k] = $V::select($mask[k], $acc[k], $pair); }) }
                    not_v::$PAIR => { let (p, q) = (vector!(arg), vector!(second!())); each!(k, { let ($e, $u) = (load!(p, k), load!(q, k)); $acc[k] = $V::select($mask[k], $pair, $acc[k]); }) }
                    not_s::$PAIR => { let (p, $u) = (vector!(arg), scalar!(second!())); each!(k, { let $e = load!(p, k); $acc[k] = $V::select($mask[k], $pair, $acc[k]); }) }
                )*
                $(
                    v::$ORDER => { let p = vector!(arg); each!(k, { let ($f, $w) = ($acc[k], load!(p, k)); $acc[k] = $order; }) }
                    s::$ORDER => { let $w = scalar!(arg); each!(k, { let $f = $acc[k]; $acc[k] = $order; }) }
                    t::$ORDER => { let p = slot!(); each!(k, { let ($f, $w) = ($acc[k], *p.add(k)); $acc[k] = $order; }) }
                    with_v::$ORDER => { let (p, q) = (vector!(arg), vector!(second!())); each!(k, { let ($f, $w) = (load!(p, k), load!(q, k)); $acc[k] = $order; }) }
                    with_s::$ORDER => { let (p, $w) = (vector!(arg), scalar!(second!())); each!(k, { let $f = load!(p, k); $acc[k] = $order; }) }
                )*
                $(
                    v::$BOTH => { let p = vector!(arg); each!(k, { let ($a, $x, $i) = ($acc[k], load!(p, k), k); $acc[k] = $both; }) }
                    s::$BOTH => { let $x = scalar!(arg); each!(k, { let ($a, $i) = ($acc[k], k); $acc[k] = $both; }) }
                    t::$BOTH => { let p = slot!(); each!(k, { let ($a, $x, $i) = ($acc[k], *p.add(k), k); $acc[k] = $both; }) }
                )*
                $(
                    v::$TEST => { let p = vector!(arg); each!(k, { let ($b, $y) = ($acc[k], load!(p, k)); $mask[k] = $test; }) }
                    s::$TEST => { let $y = scalar!(arg); each!(k, { let $b = $acc[k]; $mask[k] = $test; }) }
                    t::$TEST => { let p = slot!(); each!(k, { let ($b, $y) = ($acc[k], *p.add(k)); $mask[k] = $test; }) }
                    with_v::$TEST => { let (p, q) = (vector!(arg), vector!(second!())); each!(k, { let ($b, $y) = (load!(p, k), load!(q, k)); $mask[k] = $test; }) }
                    with_s::$TEST => { let (p, $y) = (vector!(arg), scalar!(second!())); each!(k, { let $b = load!(p, k); $mask[k] = $test; }) }
                )*
                $(
                    v::$PICK => { let p = vector!(arg); each!(k, { let ($m, $c, $z) = ($mask[k], $acc[k], load!(p, k)); $acc[k] = $pick; }) }
                    s::$PICK => { let $z = scalar!(arg); each!(k, { let ($m, $c) = ($mask[k], $acc[k]); $acc[k] = $pick; }) }
                    t::$PICK => { let p = slot!(); each!(k, { let ($m, $c, $z) = ($mask[k], $acc[k], *p.add(k)); $acc[k] = $pick; }) }
                )*
                $( alone::$ALONE => each!(k, { let ($d, $j) = ($acc[k], k); $acc[k] = $alone; }), )*
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

/// The first few vectors that a tape reads: their numbers in the table of addresses.
#[derive(Default)]
struct Vectors {
    numbers: [u16; 4],
    count: usize,
}

/// # Safety
/// `code` is a whole tape (T1).
unsafe fn vectors(code: *const u16) -> Vectors {
    let Vectors { mut numbers, mut count } = Vectors::default();
    let mut at = code;
    loop {
        // SAFETY: the caller's.
        let (word, number) = unsafe { (*at, *at.add(1)) };
        let (act, from) = Act::of(word);
        if count == numbers.len() || matches!(act, Act::Store | Act::Stream) {
            return Vectors { numbers, count };
        }
        if act.reads() && from == From::Vector && !numbers[..count].contains(&number) {
            numbers[count] = number;
            count += 1;
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
    let bytes = strip * size_of::<V::Item>();
    let far = n * size_of::<V::Item>() > FAR;
    // What goes past the caches is not fetched into them, and what it is computed from is as large.
    // SAFETY: the caller's: a whole tape.
    let past = far && unsafe { last(code) } == Act::Stream;
    // SAFETY: as above.
    let sources = if past { unsafe { vectors(code) } } else { Vectors::default() };
    let mut next = 0;
    while next < n {
        let at = next.min(n - strip);
        if far && !past {
            // As `sweep` does.
            fetch(dst.wrapping_add(at + strip).cast(), bytes);
        }
        for &source in &sources.numbers[..sources.count] {
            // SAFETY: the caller's: the table has every source.
            let from =
                unsafe { *locs.add(usize::from(source)) }.wrapping_add(at * size_of::<V::Item>() + AHEAD);
            (0..bytes).step_by(64).for_each(|line| fetch_to_read(from.wrapping_add(line)));
        }
        let mut pc = code;
        // SAFETY: the caller's: sources and destination have `n` elements, and `at + strip <= n`; slots are below `SLOTS` and
        // saved before they are read (T1, T2).
        unsafe {
            machine! {
                (V, R, pc, locs, at, dst, acc, mask, slots)
                pair {
                    ADD (a, x) a.add(x);
                    SUB (a, x) a.sub(x);
                    RSUB (a, x) x.sub(a);
                    MUL (a, x) a.mul(x);
                }
                order {
                    MIN (a, x) a.min(x);
                    RMIN (a, x) x.min(a);
                    MAX (a, x) a.max(x);
                    RMAX (a, x) x.max(a);
                }
                both {
                    DIV (a, x, k) a.div(x, k);
                    RDIV (a, x, k) x.div(a, k);
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
                    NEG (a, _) a.neg();
                    ABS (a, _) a.abs();
                    SQRT (a, _) a.sqrt();
                    SQUARE (a, _) a.mul(a);
                    RECIP (a, k) V::one().div(a, k);
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
    ($($(#[$attribute:meta])* $name:ident $vector:ty;)*) => {$(
        $(#[$attribute])*
        unsafe fn $name(locs: *const *mut u8, ix: *const u16, n: usize) {
            // SAFETY: the caller's.
            unsafe { tape::<$vector>(locs, ix, n) }
        }
    )*};
}
versions! {
    baseline_double Few<f64, 2>;
    baseline_single Few<f32, 4>;
}
#[cfg(target_arch = "x86_64")]
versions! {
    #[target_feature(enable = "avx2,fma")]
    avx2_double F64x4;
    #[target_feature(enable = "avx2,fma")]
    avx2_single F32x8;
    #[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]
    avx512_double F64x8;
    #[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]
    avx512_single F32x16;
}

/// Words beside each division or root up to which those are what a tape takes its time for.
const BESIDE: usize = 8;

/// The machine for elements of `dtype`, f64 or f32, that runs these words.
///
/// Where divisions or roots are most of it, vectors of 256 bits: the divider takes as long for one of 512 as for two of those, or longer
/// (a root and a quotient of ten thousand f64: 15.8 µs and 14.9); but not for f64 with AVX-512, which makes quotients without the
/// divider too (`quotient.rs`).
pub(crate) fn kernel(isa: Isa, dtype: DType, code: &[u16]) -> Kernel {
    let count = |which: fn(Act) -> bool| words(code).filter(|&(act, ..)| which(act)).count();
    let quotients = count(|act| matches!(act, Act::Div | Act::RDiv | Act::Recip));
    let slow = quotients + count(|act| act == Act::Sqrt);
    let narrow = slow > 0 && words(code).count() - slow <= BESIDE * slow;
    match (isa, dtype) {
        #[cfg(target_arch = "x86_64")]
        (Isa::Avx512, DType::F64) if quotients > 0 || !narrow => avx512_double,
        #[cfg(target_arch = "x86_64")]
        (Isa::Avx512, DType::F32) if !narrow => avx512_single,
        #[cfg(target_arch = "x86_64")]
        (Isa::Avx512 | Isa::Avx2, DType::F64) => avx2_double,
        #[cfg(target_arch = "x86_64")]
        (Isa::Avx512 | Isa::Avx2, _) => avx2_single,
        (_, DType::F64) => baseline_double,
        _ => baseline_single,
    }
}

#[cfg(test)]
mod tests;
