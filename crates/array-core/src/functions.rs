//! Elementary functions of f64 and f32, at vector speed.
//!
//! **Promise** at most 1.0 ulp from the exact value for every argument, huge and subnormal ones included; special cases as C99's
//! Annex F; the same bits on every instruction set, in arrays and for single values, at any place of an array. `docs/functions.md`
//! has the measured errors and how each function is computed.
//!
//! **How** each function is written once over `Lanes`, a vector of f64, and compiled per instruction set. f32 is computed in
//! f64 and rounded once, which makes its error 0.5 ulp and a little. Kernels take slices (R6); a rest shorter than a vector is
//! computed by an overlapping last vector, or padded with its last element.

mod complex;
mod constants;
mod double;
mod exp;
mod fma;
mod guard;
mod hyperbolic;
mod inverse;
mod lanes;
mod log;
mod payne_hanek;
mod pow;
mod roots;
mod trig;

use crate::{
    dtype::DType,
    expr::Op,
    kernels::{Isa, Kernel, loops::Frame, select},
};
use complex::{Complex1, pow::Complex2};
use guard::Guard;
use lanes::{Baseline, Function1, Function2, Lanes, MAX_LANES};
#[cfg(target_arch = "x86_64")]
use lanes::{avx2::F64x4, avx512::F64x8};

/// A type the functions are defined for: f64, f32. Sealed.
pub trait Real: Copy + Default + sealed::Functions + 'static {}
impl Real for f64 {}
impl Real for f32 {}

mod sealed {
    use crate::{
        expr::Op,
        kernels::{Isa, Kernel},
    };

    pub trait Functions {
        #[doc(hidden)]
        fn kernel(isa: Isa, op: Op, scalars: u8) -> Option<Kernel>;
    }
}

/// How a vector of f64 is read from and written to elements of a type. `load` and `store` are as those of [`Lanes`].
pub(crate) trait Lane: Copy + Default + 'static {
    const SINGLE: bool;
    unsafe fn load<V: Lanes>(from: *const Self) -> V;
    unsafe fn store<V: Lanes>(v: V, to: *mut Self);
}

macro_rules! lanes_of {
    ($($t:ty, $dtype:ident: $load:ident $store:ident;)*) => {$(
        impl sealed::Functions for $t {
            fn kernel(isa: Isa, op: Op, scalars: u8) -> Option<Kernel> {
                // The machine's own instruction.
                if op == Op::Sqrt {
                    return select::op(isa, op, DType::$dtype, DType::$dtype, scalars);
                }
                kernel::<$t>(isa, op, scalars)
            }
        }
        impl Lane for $t {
            const SINGLE: bool = size_of::<$t>() == 4;
            #[inline(always)]
            unsafe fn load<V: Lanes>(from: *const $t) -> V {
                // SAFETY: the caller's.
                unsafe { V::$load(from) }
            }
            #[inline(always)]
            unsafe fn store<V: Lanes>(v: V, to: *mut $t) {
                // SAFETY: the caller's.
                unsafe { v.$store(to) }
            }
        }
    )*};
}
lanes_of! { f64, F64: load store; f32, F32: load_f32 store_f32; }

/// How far ahead of itself a kernel announces what it will read: the next block, where a plan has several functions and reads their
/// arguments in turns, which no processor foresees. At 10^6 elements, `sin(a)^2 + cos(b)^2` took 2.1 ms without and 1.6 with it, at
/// 4 * 10^6 18.9 and 9.1.
const AHEAD: usize = 8 * CALLING_BLOCK;

/// Elements of a block of a plan that calls functions. Shorter than the others, so that they move to and fro between what they
/// read while the memory's own reading ahead still follows: 1.54 ms instead of 1.64 for the above.
pub(crate) const CALLING_BLOCK: usize = 512;

/// The vector at `from`, announcing what is that far ahead.
///
/// # Safety
/// That of [`Lane::load`].
#[inline(always)]
unsafe fn next<V: Lanes, T: Lane>(from: *const T) -> V {
    V::announce(from.cast::<u8>().wrapping_add(AHEAD));
    // SAFETY: the caller's.
    unsafe { T::load(from) }
}

/// `d = f(a)` over vectors of type `V`; `again` is this kernel, for rows shorter than a vector.
///
/// # Safety
/// The contract of a [`Kernel`] with one vector source, and L1 for `V`.
#[inline(always)]
unsafe fn map1<V: Lanes, T: Lane, F: Function1>(frame: Frame, again: Kernel) {
    let n = frame.n;
    // SAFETY: the caller's; `at + V::N <= n`.
    unsafe {
        let (dst, src): (*mut T, *const T) = (frame.at(0), frame.at(1));
        if n < V::N {
            return padded::<T, 1>(frame, again, V::N, 0);
        }
        let mut i = 0;
        while i < n {
            let at = i.min(n - V::N);
            let x: V = next(src.add(at));
            T::store(if T::SINGLE { F::single(x) } else { F::call(x) }, dst.add(at));
            i += V::N;
        }
    }
}

/// `d = f(a, b)`; a source with its bit set in `SCALARS` is one element.
///
/// # Safety
/// As [`map1`].
#[inline(always)]
unsafe fn map2<V: Lanes, T: Lane, F: Function2, const SCALARS: u8>(frame: Frame, again: Kernel) {
    let n = frame.n;
    // SAFETY: the caller's; `at + V::N <= n`.
    unsafe {
        let (dst, a, b): (*mut T, *const T, *const T) = (frame.at(0), frame.at(1), frame.at(2));
        if n < V::N {
            return padded::<T, 2>(frame, again, V::N, SCALARS);
        }
        let one = |p: *const T| T::load::<V>([*p; MAX_LANES].as_ptr());
        let (a0, b0) = (one(a), one(b));
        let mut i = 0;
        while i < n {
            let at = i.min(n - V::N);
            let x = if SCALARS & 1 != 0 { a0 } else { next(a.add(at)) };
            let y = if SCALARS & 2 != 0 { b0 } else { next(b.add(at)) };
            T::store(if T::SINGLE { F::single(x, y) } else { F::call(x, y) }, dst.add(at));
            i += V::N;
        }
    }
}

/// `d = f(a)` of complex numbers, whose parts are elements of type `T` side by side.
///
/// # Safety
/// As [`map1`]; `frame.n` counts complex numbers.
#[inline(always)]
unsafe fn map_complex<V: Lanes, T: Lane, F: Complex1>(frame: Frame) {
    let n = frame.n;
    let (mut re, mut im) = ([T::default(); MAX_LANES], [T::default(); MAX_LANES]);
    let mut at = 0;
    while at < n {
        let count = V::N.min(n - at);
        // SAFETY: the caller's; `at + count <= n`. Lanes past a short rest compute what was there before.
        unsafe {
            let (dst, src): (*mut T, *const T) = (frame.at(0), frame.at(1));
            for i in 0..count {
                (re[i], im[i]) = (*src.add(2 * (at + i)), *src.add(2 * (at + i) + 1));
            }
            let (x, y): (V, V) = F::call(T::load(re.as_ptr()), T::load(im.as_ptr()));
            T::store(x, re.as_mut_ptr());
            T::store(y, im.as_mut_ptr());
            for i in 0..count {
                if F::REAL {
                    *dst.add(at + i) = re[i];
                } else {
                    (*dst.add(2 * (at + i)), *dst.add(2 * (at + i) + 1)) = (re[i], im[i]);
                }
            }
        }
        at += count;
    }
}

/// `d = f(a, b)` of complex numbers.
///
/// # Safety
/// As [`map_complex`], with two sources.
#[inline(always)]
unsafe fn map_complex2<V: Lanes, T: Lane, F: Complex2>(frame: Frame) {
    let n = frame.n;
    let mut parts = [[T::default(); MAX_LANES]; 4];
    let mut at = 0;
    while at < n {
        let count = V::N.min(n - at);
        // SAFETY: the caller's; `at + count <= n`. Lanes past a short rest compute what was there before.
        unsafe {
            let (dst, a, b): (*mut T, *const T, *const T) = (frame.at(0), frame.at(1), frame.at(2));
            for i in 0..count {
                let k = 2 * (at + i);
                let each = [*a.add(k), *a.add(k + 1), *b.add(k), *b.add(k + 1)];
                parts.iter_mut().zip(each).for_each(|(part, x)| part[i] = x);
            }
            let (x, y): (V, V) = (T::load(parts[0].as_ptr()), T::load(parts[1].as_ptr()));
            let (z, w): (V, V) = (T::load(parts[2].as_ptr()), T::load(parts[3].as_ptr()));
            let (re, im) = F::call((x, y), (z, w));
            T::store(re, parts[0].as_mut_ptr());
            T::store(im, parts[1].as_mut_ptr());
            let [re, im, ..] = &parts;
            for (i, (re, im)) in re.iter().zip(im).take(count).enumerate() {
                let k = 2 * (at + i);
                (*dst.add(k), *dst.add(k + 1)) = (*re, *im);
            }
        }
        at += count;
    }
}

/// Fewer elements than a vector has: with the last one repeated.
///
/// # Safety
/// The contract of a [`Kernel`] with `SOURCES` sources, those named in `scalars` of one element; `lanes` is its width.
#[cold]
unsafe fn padded<T: Lane, const SOURCES: usize>(frame: Frame, again: Kernel, lanes: usize, scalars: u8) {
    let n = frame.n;
    if n == 0 {
        return;
    }
    let mut blocks = [[T::default(); MAX_LANES]; 3];
    let mut locs = [blocks[0].as_mut_ptr().cast::<u8>(); 3];
    for k in 1..=SOURCES {
        // SAFETY: the caller's: `n` elements, or one.
        unsafe {
            let source: *mut T = frame.at(k);
            if scalars >> (k - 1) & 1 != 0 {
                locs[k] = source.cast();
                continue;
            }
            std::ptr::copy_nonoverlapping(source, blocks[k].as_mut_ptr(), n);
            let last = blocks[k][n - 1];
            blocks[k][n..].fill(last);
            locs[k] = blocks[k].as_mut_ptr().cast();
        }
    }
    // SAFETY: blocks have room for a vector.
    unsafe {
        again(locs.as_ptr(), [0, 1, 2].as_ptr(), lanes);
        std::ptr::copy_nonoverlapping(locs[0].cast::<T>(), frame.at(0), n);
    }
}

/// The machines' versions of [`map1`], [`map2`], [`map_complex`] and [`map_complex2`].
macro_rules! machines {
    ($($(#[$attribute:meta])* $one:ident $two:ident $complex:ident $complex2:ident $V:ty;)*) => {$(
        $(#[$attribute])*
        unsafe fn $complex2<T: Lane, F: Complex2>(locs: *const *mut u8, ix: *const u16, n: usize) {
            // SAFETY: the caller's; the machine is the one this is compiled for.
            unsafe { map_complex2::<$V, T, F>(Frame { locs, ix, n }) }
        }
        $(#[$attribute])*
        unsafe fn $complex<T: Lane, F: Complex1>(locs: *const *mut u8, ix: *const u16, n: usize) {
            // SAFETY: the caller's; the machine is the one this is compiled for.
            unsafe { map_complex::<$V, T, F>(Frame { locs, ix, n }) }
        }
        $(#[$attribute])*
        unsafe fn $one<T: Lane, F: Function1>(locs: *const *mut u8, ix: *const u16, n: usize) {
            // SAFETY: the caller's; the machine is the one this is compiled for.
            unsafe { map1::<$V, T, F>(Frame { locs, ix, n }, $one::<T, F>) }
        }
        $(#[$attribute])*
        unsafe fn $two<T: Lane, F: Function2, const S: u8>(locs: *const *mut u8, ix: *const u16, n: usize) {
            // SAFETY: the caller's; the machine is the one this is compiled for.
            unsafe { map2::<$V, T, F, S>(Frame { locs, ix, n }, $two::<T, F, S>) }
        }
    )*};
}

machines! {
    baseline1 baseline2 baseline_complex baseline_complex2 Baseline;
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    avx2_1 avx2_2 avx2_complex avx2_complex2 F64x4;
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]
    avx512_1 avx512_2 avx512_complex avx512_complex2 F64x8;
}

fn pick1<T: Lane, F: Function1>(isa: Isa) -> Kernel {
    match isa {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => avx2_1::<T, F>,
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => avx512_1::<T, F>,
        _ => baseline1::<T, F>,
    }
}

fn pick2<T: Lane, F: Function2, const S: u8>(isa: Isa) -> Kernel {
    match isa {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => avx2_2::<T, F, S>,
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => avx512_2::<T, F, S>,
        _ => baseline2::<T, F, S>,
    }
}

fn pick_complex<T: Lane, F: Complex1>(isa: Isa) -> Kernel {
    match isa {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => avx2_complex::<T, F>,
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => avx512_complex::<T, F>,
        _ => baseline_complex::<T, F>,
    }
}

fn pick_complex2<T: Lane, F: Complex2>(isa: Isa) -> Kernel {
    match isa {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => avx2_complex2::<T, F>,
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => avx512_complex2::<T, F>,
        _ => baseline_complex2::<T, F>,
    }
}

/// The kernel of a function of complex numbers with parts of type `T`, all its sources vectors.
pub(crate) fn complex_kernel<T: Lane>(isa: Isa, op: Op) -> Option<Kernel> {
    Some(match op {
        Op::Sqrt => pick_complex::<T, complex::sqrt::ComplexSqrt>(isa),
        Op::Power => pick_complex2::<T, complex::pow::ComplexPow>(isa),
        Op::Abs => pick_complex::<T, complex::Abs>(isa),
        Op::Exp => pick_complex::<T, complex::ComplexExp>(isa),
        Op::Log => pick_complex::<T, complex::ComplexLog>(isa),
        Op::Sin => pick_complex::<T, complex::ComplexSin>(isa),
        Op::Cos => pick_complex::<T, complex::ComplexCos>(isa),
        _ => return None,
    })
}

/// The table: operation and function.
macro_rules! functions {
    (one { $($op1:ident $f1:ty;)* } two { $($op2:ident $f2:ty;)* }) => {
        /// The operations that are functions of this module, those of one argument first.
        pub const ALL: &[Op] = &[$(Op::$op1,)* Op::Sqrt, $(Op::$op2,)*];

        /// Whether the kernels of an operation are of this module: for floats, that is.
        pub(crate) fn is_called(op: Op) -> bool {
            matches!(op, $(Op::$op1)|* $(| Op::$op2)*)
        }

        /// The kernel of a function for elements of type `T`; bit `k` of `scalars`: source `k` is one element.
        pub(crate) fn kernel<T: Lane>(isa: Isa, op: Op, scalars: u8) -> Option<Kernel> {
            Some(match (op, scalars) {
                $((Op::$op1, 0) => pick1::<T, $f1>(isa),)*
                $((Op::$op2, 0b00) => pick2::<T, $f2, 0b00>(isa),)*
                $((Op::$op2, 0b01) => pick2::<T, $f2, 0b01>(isa),)*
                $((Op::$op2, 0b10) => pick2::<T, $f2, 0b10>(isa),)*
                _ => return None,
            })
        }
    };
}

functions! {
one {
    Sin Guard<trig::Sin>;
    Cos Guard<trig::Cos>;
    Tan Guard<trig::Tan>;
    Asin Guard<inverse::Asin>;
    Acos Guard<inverse::Acos>;
    Atan Guard<inverse::Atan>;
    Sinh Guard<hyperbolic::Sinh>;
    Cosh Guard<hyperbolic::Cosh>;
    Tanh Guard<hyperbolic::Tanh>;
    Asinh Guard<hyperbolic::Asinh>;
    Acosh hyperbolic::Acosh;
    Atanh Guard<hyperbolic::Atanh>;
    Exp Guard<exp::Exp>;
    Exp2 Guard<exp::Exp2>;
    Expm1 Guard<exp::Expm1>;
    Log log::Log;
    Log2 log::Log2;
    Log10 log::Log10;
    Log1p log::Log1p;
    Cbrt roots::Cbrt;
}
two {
    Atan2 inverse::Atan2;
    Power pow::Pow;
    Hypot roots::Hypot;
}
}

/// `out[i] = op(sources[0][i], …)` by the kernel of `isa`.
///
/// **Source lengths** each as `out`; a second argument may be one element. The bits do not depend on `isa` nor on the position.
///
/// # Panics
/// If `op` is not in [`ALL`], the number of sources is not its arity, lengths do not match, or this processor lacks `isa`.
///
/// ```
/// use array_core::{Isa, Op, functions};
/// let (x, mut y) = ([0.0, 1e300], [0_f64; 2]);
/// functions::apply(Op::Sin, Isa::active(), &[&x], &mut y);
/// assert_eq!(y, [0.0, -0.8178819121159085]);
/// ```
pub fn apply<T: Real>(op: Op, isa: Isa, sources: &[&[T]], out: &mut [T]) {
    assert!(isa.is_available(), "this processor has no {isa}");
    assert_eq!(sources.len(), op.arity(), "{} takes another number of arguments", op.name());
    let n = out.len();
    let mut scalars = 0;
    for (k, source) in sources.iter().enumerate() {
        if k > 0 && source.len() == 1 && n != 1 {
            scalars |= 1 << k;
        } else {
            assert_eq!(source.len(), n, "argument {k} of {} and the output differ in length", op.name());
        }
    }
    let Some(kernel) = T::kernel(isa, op, scalars) else { panic!("{} is not a vector function", op.name()) };
    let address =
        |k: usize| sources.get(k).map_or(std::ptr::null_mut(), |s| s.as_ptr().cast_mut().cast::<u8>());
    let locs = [out.as_mut_ptr().cast(), address(0), address(1)];
    // SAFETY: lengths were checked, references are valid and do not overlap the exclusive one, and `isa` is there.
    unsafe { kernel(locs.as_ptr(), [0, 1, 2].as_ptr(), n) }
}
