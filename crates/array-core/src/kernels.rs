//! Kernels: loops over slices of numbers, one machine version per instruction set.
//!
//! **Promise** R6: a kernel knows slices and numbers; no array, lock or thread. The same bits on every instruction set: lanes
//! are independent, every operation is rounded on its own (Rust never contracts `a * b + c`), functions are our own
//! ([`crate::functions`]) or the `libm` crate's portable code.
//!
//! **How** a kernel is a type with one generic, always inlined body ([`Body`]); [`pick`] instantiates the body inside a
//! `#[target_feature]` function per instruction set, so that the compiler vectorises the one source for each. A plan looks its
//! kernels up once, when it is compiled; running one is an indirect call per block of about a thousand elements.
//!
//! **Calling convention** `locs` is the table of addresses of a run; `ix` numbers the entries this instruction uses:
//! destination first, then the sources. The destination never overlaps a source (the compiler of plans sees to it).

pub(crate) mod arg;
pub(crate) mod arith;
pub(crate) mod chain;
pub(crate) mod complex;
pub(crate) mod convert;
pub(crate) mod eight;
pub(crate) mod loops;
pub(crate) mod moves;
pub(crate) mod power;
pub(crate) mod reduce;
pub(crate) mod scan;
pub(crate) mod select;
pub(crate) mod tape;

use std::{fmt, io::Write, sync::OnceLock};

/// A kernel's machine code: `(locs, ix, n)`; see the module's head.
pub(crate) type Kernel = unsafe fn(*const *mut u8, *const u16, usize);

/// The body of a kernel, written once for all instruction sets.
pub(crate) trait Body {
    /// # Safety
    /// `ix` holds as many indices into `locs` as the kernel has operands. The destination is valid for writes of `n`
    /// elements of its type and overlaps no source; vector sources are valid for reads of `n` elements, scalar sources
    /// for one. All are aligned to their element.
    unsafe fn run(locs: *const *mut u8, ix: *const u16, n: usize);
}

/// An instruction set that kernels are compiled for.
///
/// The widest one the processor has is chosen once; `TXARRAY_ISA=baseline|avx2|avx512` lowers the choice. A name that is none of these,
/// or of what this processor lacks, changes nothing but is told once on standard error. Results have the same bits under each.
///
/// ```
/// use array_core::Isa;
/// assert!(Isa::available().any(|isa| isa == Isa::active()));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
#[repr(u8)]
pub enum Isa {
    /// What every processor of the architecture has (SSE2 on x86-64, NEON on aarch64).
    Baseline,
    /// AVX2 and FMA, 256-bit vectors.
    Avx2,
    /// AVX-512 F, BW, DQ and VL, 512-bit vectors.
    Avx512,
}

impl Isa {
    const ALL: [Isa; 3] = [Isa::Baseline, Isa::Avx2, Isa::Avx512];

    /// Name, as in `TXARRAY_ISA`.
    pub const fn name(self) -> &'static str {
        match self {
            Isa::Baseline => "baseline",
            Isa::Avx2 => "avx2",
            Isa::Avx512 => "avx512",
        }
    }

    /// Whether this processor has it.
    pub fn is_available(self) -> bool {
        #[cfg(all(target_arch = "x86_64", not(miri)))]
        return match self {
            Isa::Baseline => true,
            Isa::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            Isa::Avx512 => {
                Isa::Avx2.is_available()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
            }
        };
        #[cfg(not(all(target_arch = "x86_64", not(miri))))]
        return self == Isa::Baseline;
    }

    /// Itself, or the baseline where this processor does not have it. Whoever hands one in from outside goes through here.
    #[inline]
    pub(crate) fn or_baseline(self) -> Isa {
        if self.runs_here() { self } else { Isa::Baseline }
    }

    /// As [`is_available`](Self::is_available), at once for the one that is active.
    #[inline]
    pub(crate) fn runs_here(self) -> bool {
        self == Isa::active() || self.is_available()
    }

    /// The instruction sets this processor has, narrowest first.
    ///
    /// ```
    /// use array_core::Isa;
    /// let names: Vec<&str> = Isa::available().map(Isa::name).collect();
    /// assert!(names[0] == "baseline" && names.contains(&Isa::active().name()));
    /// ```
    pub fn available() -> impl Iterator<Item = Isa> {
        Isa::ALL.into_iter().filter(|isa| isa.is_available())
    }

    /// The instruction set that plans use; chosen at the first call: the widest there is, or what `TXARRAY_ISA` names. A name that is
    /// unknown or not there is told once on standard error, and counts as none.
    pub fn active() -> Isa {
        static ACTIVE: OnceLock<Isa> = OnceLock::new();
        *ACTIVE.get_or_init(|| {
            let asked = std::env::var_os("TXARRAY_ISA").unwrap_or_default();
            let (isa, complaint) = Isa::chosen(asked.to_string_lossy().trim());
            if let Some(complaint) = complaint {
                // Not `eprintln!`, which panics where standard error is closed.
                let _ = writeln!(std::io::stderr(), "{complaint}");
            }
            isa
        })
    }

    /// The instruction set for what was asked, if anything was; and what is wrong with that.
    fn chosen(asked: &str) -> (Isa, Option<String>) {
        let widest = Isa::available().last().unwrap_or(Isa::Baseline);
        match Isa::ALL.into_iter().find(|isa| isa.name() == asked) {
            _ if asked.is_empty() => (widest, None),
            Some(isa) if isa.is_available() => (isa, None),
            known => {
                let names: Vec<_> = Isa::available().map(Isa::name).collect();
                let why = if known.is_some() { "is not there on this processor" } else { "is unknown" };
                let names = names.join(", ");
                let complaint =
                    format!("TXARRAY_ISA={asked:?} {why}: going on with {widest}; there are {names}");
                (widest, Some(complaint))
            }
        }
    }
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Bytes of a destination from which on it does not stay in the first-level cache beside what is read.
pub(crate) const FAR: usize = 16 << 10;
/// Bytes of a destination between two looks ahead.
const PIECE: usize = 2 << 10;

/// Calls a kernel for many dense elements, piece by piece; before each piece the lines of the destination that the next one writes
/// are fetched. A store waits for its line and holds up those behind it; what reads ahead of loads does not look at stores. Measured in the
/// second-level cache: an addition of ten thousand f64 takes 1.97 µs instead of 2.16, with vectors of 512 bits.
///
/// `steps` says how many bytes each address of the table moves on with an element. Not for kernels that look ahead themselves: tapes,
/// elementary functions.
///
/// # Safety
/// As of [`Body::run`], for `n > 0` elements; sources that move on are dense. Afterwards the table's addresses mean nothing.
#[inline(always)]
pub(crate) unsafe fn sweep(kernel: Kernel, table: &mut [*mut u8], steps: &[u8], ix: &[u16], n: usize) {
    let (place, size) = (usize::from(ix[0]), usize::from(steps[usize::from(ix[0])]));
    let mut left = n;
    // SAFETY: the caller's: pieces follow each other within the `n` elements.
    unsafe {
        if n * size > FAR {
            let mut piece = (PIECE - table[place].addr() % 64) / size;
            while left > piece {
                let (next, bytes) = (table[place].wrapping_add(piece * size), (left - piece) * size);
                // As many lines as a loop without end knows of.
                if bytes >= PIECE {
                    moves::fetch(next, PIECE)
                } else {
                    moves::fetch(next, bytes)
                }
                kernel(table.as_ptr(), ix.as_ptr(), piece);
                for (address, step) in table.iter_mut().zip(steps) {
                    *address = address.add(usize::from(*step) * piece);
                }
                left -= piece;
                piece = PIECE / size;
            }
        }
        kernel(table.as_ptr(), ix.as_ptr(), left);
    }
}

unsafe fn baseline<K: Body>(locs: *const *mut u8, ix: *const u16, n: usize) {
    // SAFETY: the caller keeps the contract of `Body::run`.
    unsafe { K::run(locs, ix, n) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn avx2<K: Body>(locs: *const *mut u8, ix: *const u16, n: usize) {
    // SAFETY: the caller keeps the contract of `Body::run`.
    unsafe { K::run(locs, ix, n) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]
unsafe fn avx512<K: Body>(locs: *const *mut u8, ix: *const u16, n: usize) {
    // SAFETY: the caller keeps the contract of `Body::run`.
    unsafe { K::run(locs, ix, n) }
}

/// The one version of a kernel that wider vectors would not make faster: calls of scalar functions, integer division.
pub(crate) fn scalar<K: Body>() -> Kernel {
    baseline::<K>
}

/// The version of a kernel for `isa`, which must be available on the machine that runs it.
pub(crate) fn pick<K: Body>(isa: Isa) -> Kernel {
    match isa {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => avx2::<K>,
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => avx512::<K>,
        _ => baseline::<K>,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_asked_for_is_taken_and_a_wrong_one_is_told() {
        for isa in Isa::available() {
            assert_eq!(Isa::chosen(isa.name()), (isa, None));
        }
        let (widest, nothing) = Isa::chosen("");
        assert_eq!((Some(widest), nothing), (Isa::available().last(), None));
        let (isa, complaint) = Isa::chosen("avx3");
        assert_eq!(isa, widest);
        let complaint = complaint.expect("there is no such name");
        assert!(complaint.starts_with("TXARRAY_ISA=\"avx3\" is unknown: going on with "), "{complaint}");
        assert!(complaint.ends_with(&format!("{widest}")) && complaint.contains("baseline"), "{complaint}");
    }
}
