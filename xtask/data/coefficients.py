"""Computes crates/array-core/src/functions/constants.rs: tables, split constants and polynomials of the vector functions.

Run by `cargo xtask coefficients`, with mpmath. Every polynomial interpolates its function at Chebyshev nodes in 300-bit
arithmetic (the interpolant is within a factor of two of the minimax polynomial; Powell 1967), and is then rounded to f64.
The error printed behind each is that of the rounded polynomial, relative to what it stands for in the function.
"""

import math
import struct
import sys

from mpmath import mp, mpf, mpmathify, acos, asin, atan, cbrt, cos, cosh, exp, log, pi, sin, sinh, sqrt

mp.prec = 300
OUT = []


def f64(x):
    return float(mpmathify(x))


def literal(x):
    return repr(float(x)) if math.isfinite(x) else "f64::INFINITY"


def chopped(x, last_bit):
    """x to a multiple of 2**last_bit."""
    return float(mp.nint(mpmathify(x) * mpf(2) ** -last_bit) * mpf(2) ** last_bit)


def const(name, value, doc):
    OUT.append(f"/// {doc}\npub(super) const {name}: f64 = {literal(value)};\n")


def array(name, values, doc):
    body = "\n".join(f"    {literal(v)}," for v in values)
    kind = "static" if len(values) == 16 else "const"
    OUT.append(f"/// {doc}\npub(super) {kind} {name}: [f64; {len(values)}] = [\n{body}\n];\n")


def split(name, values, doc, last_bit=None):
    """hi and lo tables; hi a multiple of 2**last_bit if that is given."""
    hi = [chopped(v, last_bit) if last_bit is not None else f64(v) for v in values]
    lo = [f64(v - mpmathify(h)) for v, h in zip(values, hi)]
    array(name + "_HI", hi, doc)
    array(name + "_LO", lo, f"What [`{name}_HI`] leaves.")


def parts(name, value, bits, doc):
    """value as a sum of floats, each rounded to a multiple of the given power of two (None: to f64)."""
    rest = mpmathify(value)
    for i, last in enumerate(bits):
        part = f64(rest) if last is None else chopped(rest, last)
        const(f"{name}_{i + 1}", part, doc if i == 0 else f"Part {i + 1} of [`{name}_1`].")
        rest -= mpmathify(part)


def poly(name, f, lo, hi, degree, doc, weight=lambda x: mpf(1), first=()):
    """Coefficients, constant first, of the interpolant of f on [lo, hi]; `first`: leading ones that are given."""
    lo, hi = mpmathify(lo), mpmathify(hi)
    k = len(first)
    g = f

    def f(x):  # Removable singularities at 0.
        return g(x if abs(x) > mpf(2) ** -60 else mpf(2) ** -60)

    def rest(x):
        return (f(x) - sum(mpmathify(c) * x**i for i, c in enumerate(first))) / x**k

    n = degree + 1 - k
    nodes = [(lo + hi) / 2 + (hi - lo) / 2 * cos(pi * (2 * i + 1) / (2 * n)) for i in range(n)]
    # Newton's divided differences, expanded.
    table = [rest(x) for x in nodes]
    for j in range(1, n):
        for i in range(n - 1, j - 1, -1):
            table[i] = (table[i] - table[i - 1]) / (nodes[i] - nodes[i - j])
    c = [mpf(0)] * n
    for i in range(n - 1, -1, -1):
        c = [(c[j - 1] if j else mpf(0)) - nodes[i] * c[j] for j in range(n)]
        c[0] += table[i]
    c = [float(x) for x in first] + [f64(x) for x in c]
    worst = mpf(0)
    for i in range(1, 400):
        x = lo + (hi - lo) * (mpf(i) / 400)
        p = sum(mpmathify(v) * x**j for j, v in enumerate(c))
        worst = max(worst, abs((p - f(x)) * weight(x)))
    error = f"2^{float(mp.log(worst, 2)):.1f}" if worst else "0"
    print(f"{name}: degree {degree}, error {error}", file=sys.stderr)
    array(name, c, f"{doc} Error {error}.")


LN2 = log(mpf(2))

# --- exponentials: x = n ln2/16 + r ---------------------------------------------------------------------------------------
const("EXP_STEPS", 16 / LN2, "16 / ln 2.")
parts("LN2_16", LN2 / 16, [None, None], "ln 2 / 16.")
const("LN2_EXP2", LN2, "ln 2.")
split("POW2", [mpf(2) ** (mpf(j) / 16) for j in range(16)], "2^(j/16).")
a = LN2 / 32 * mpf("1.0001")
q = lambda r: (mp.expm1(r) - r) / r**2
poly("EXP_Q", q, -a, a, 4, "(e^r - 1 - r) / r² for |r| <= ln 2 / 32, beside 1.", lambda r: r**2)
poly("EXPM1_Q", q, -a, a, 5, "(e^r - 1 - r) / r² for |r| <= ln 2 / 32, beside r.", lambda r: r)
shr = lambda z: (sinh(sqrt(z)) / sqrt(z) - 1) / z
chr_ = lambda z: (cosh(sqrt(z)) - 1) / z
poly("SINH_Q", shr, 0, a * a, 2, "(sinh r - r) / r³ in z = r², |r| <= ln 2 / 32, beside 1.", lambda z: z)
poly("COSH_Q", chr_, 0, a * a, 2, "(cosh r - 1) / r² in z = r², |r| <= ln 2 / 32.", lambda z: z)

# --- logarithms: x = 2^k m, r = m c - 1 -----------------------------------------------------------------------------------
FIRST = struct.unpack("<Q", struct.pack("<d", 0.734375))[0]


def bucket(j):
    """The edges of bucket j: equal steps of the bit pattern from 0.734375 on."""
    return [struct.unpack("<d", struct.pack("<Q", FIRST + (i << 48)))[0] for i in (j, j + 1)]


OUT.append(f"/// Bits of 0.734375, where the buckets of logarithms begin.\npub(super) const LOG_FIRST: u64 = {FIRST:#x};\n")
recip, reach = [], []
for j in range(16):
    low, high = bucket(j)
    c = 1.0 if low < 1 < high else chopped(2 / (mpmathify(low) + mpmathify(high)), -7)
    recip.append(c)
    reach += [mpmathify(low) * c - 1, mpmathify(high) * c - 1]
array("LOG_C", recip, "Short reciprocals of the buckets' middles.")
split("LOG_T", [-log(mpmathify(c)) for c in recip], "-ln c; the high part and a multiple of [`LN2_1`] add exactly.", -42)
parts("LN2", LN2, [-42, None], "ln 2 to 42 places.")
lo, hi = min(reach), max(reach)
print("log reach", mp.nstr(lo, 5), mp.nstr(hi, 5), file=sys.stderr)
poly("LOG_Q", lambda r: (mp.log1p(r) - r) / r**2, lo, hi, 8, "(ln(1+r) - r) / r² for r of any bucket, beside r.", lambda r: r)
poly(
    "LOG_DD_Q",
    lambda r: (mp.log1p(r) - r + r**2 / 2) / r**3,
    lo,
    hi,
    8,
    "(ln(1+r) - r + r²/2) / r³ for r of any bucket, beside 1/r².",
    lambda r: r**2,
)
poly(
    "LOG_POW_Q",
    lambda r: (mp.log1p(r) - r + r**2 / 2 - r**3 / 3) / r**4,
    lo,
    hi,
    8,
    "(ln(1+r) - r + r²/2 - r³/3) / r⁴ for r of any bucket, beside 1/r³.",
    lambda r: r**3,
)
parts("THIRD", mpf(1) / 3, [None, None], "1/3.")
parts("INV_LN2", 1 / LN2, [None, None], "1 / ln 2.")
parts("INV_LN10", 1 / log(mpf(10)), [None, None], "1 / ln 10.")

# --- trigonometry: x = n pi/16 + r ----------------------------------------------------------------------------------------
STEP = pi / 16
const("TRIG_STEPS", 16 / pi, "16 / pi.")
# Part 1 as it is; part 2 so short that n times it is exact for |n| < 2^20; part 3 as it is.
first = f64(STEP)
second = chopped(STEP - mpmathify(first), -90)
const("STEP_1", first, "pi / 16.")
const("STEP_2", second, "Part 2 of [`STEP_1`]: a multiple of 2^-90, so that 2^20 times it is exact.")
const("STEP_3", f64(STEP - mpmathify(first) - mpmathify(second)), "Part 3 of [`STEP_1`].")
sines = [sin(j * STEP) for j in range(16)]
cosines = [cos(j * STEP) if j != 8 else mpf(0) for j in range(16)]
split("SIN", sines, "sin(j pi/16).")
split("COS", cosines, "cos(j pi/16).")
a = STEP / 2 * mpf("1.0001")
poly("SIN_Q", lambda z: (sin(sqrt(z)) / sqrt(z) - 1) / z, 0, a * a, 3, "(sin r - r) / r³ in z = r², |r| <= pi/32, beside 1.", lambda z: z)
poly("COS_Q", lambda z: (cos(sqrt(z)) - 1) / z, 0, a * a, 3, "(cos r - 1) / r² in z = r², |r| <= pi/32.", lambda z: z)
parts("TWO_PI", 2 * pi, [None, None], "2 pi.")
bits = int(mp.floor(mpf(0)))
mp.prec = 2000
turn = int(mp.floor((1 / (2 * pi)) * mpf(2) ** 1280))
mp.prec = 300
words = [0] + [(turn >> (1280 - 64 * (i + 1))) & (2**64 - 1) for i in range(20)]
body = "\n".join(f"    {w:#018x}," for w in words)
OUT.append(f"/// 64 zeros, then the bits of 1 / (2 pi) behind the point.\npub(super) static TURN: [u64; {len(words)}] = [\n{body}\n];\n")

# --- inverse trigonometry ---------------------------------------------------------------------------------------------------
parts("HALF_PI", pi / 2, [None, None], "pi / 2.")
parts("PI", pi, [None, None], "pi.")
poly(
    "ASIN_Q",
    lambda z: (asin(sqrt(z)) / sqrt(z) - 1) / z if z else mpf(1) / 6,
    0,
    mpf("0.2501"),
    12,
    "(asin x - x) / x³ in z = x², |x| <= 1/2, beside 1.",
    lambda z: z,
)
# Buckets of the ratio: half binades from 1/16 to 16, named by exponent and first mantissa bit; everything below the first
# has c = 0, everything above the last c = infinity (reflected).
centres = []
reach = mpf(0)
for j in range(16):
    e, half = divmod(j, 2)
    low = mpf(2) ** (e - 4) * (mpf(1) if half == 0 else mpf("1.5"))
    high = low * (mpf("1.5") if half == 0 else mpf(4) / 3)
    # The c that splits the angle in the middle, to six bits.
    c = mp.tan((atan(low) + atan(high)) / 2)
    c = chopped(c, int(mp.floor(mp.log(c, 2))) - 5)
    centres.append(c)
    for x in (low, high):
        reach = max(reach, abs((x - c) / (1 + x * c)))
print("atan reach", mp.nstr(reach, 5), file=sys.stderr)
reach = max(reach, mpf(1) / 16)
array("ATAN_C", centres, "Short middles of the half binades from 1/16 to 16.")
split("ATAN_T", [atan(mpmathify(c)) for c in centres], "atan of [`ATAN_C`].")
poly("ATAN_Q", lambda z: (atan(sqrt(z)) / sqrt(z) - 1) / z, 0, reach**2 * mpf("1.001"), 7, "(atan r - r) / r³ in z = r², beside 1.", lambda z: z)

# --- cube root --------------------------------------------------------------------------------------------------------------
poly("CBRT_Q", lambda m: 1 / cbrt(m), 1, 2, 6, "m^(-1/3) for 1 <= m <= 2, relative.", lambda m: cbrt(m))
array("CBRT_T", [f64(1 / cbrt(mpf(2) ** j)) for j in range(3)] + [1.0] * 13, "2^(-j/3) for j < 3.")

# --- square root of sums of squares of f32: by exponent's last bit and three bits of the mantissa --------------------------------
middles = [(mpf(2 * j + 17) / 16) / (1 if odd else 2) for odd in (0, 1) for j in range(8)]
array("ROOT_T", [f64(mpf(2) ** 511 / sqrt(m)) for m in middles], "2^511 m^(-1/2) of the middles of 8 parts of 1/2..1 and of 1..2.")
reach = mpf(1) / 17 * mpf("1.0001")
poly("ROOT_Q", lambda h: (1 / sqrt(1 - h) - 1) / h, -reach, reach, 2, "((1 - h)^(-1/2) - 1) / h for |h| <= 1/17, beside 1/h.", lambda h: h)

HEAD = '''//! Tables, split constants and polynomials of the vector functions.
//!
//! Written by `cargo xtask coefficients` (xtask/data/coefficients.py), which says how: not by hand.

#![allow(clippy::approx_constant, reason = "the high parts of split constants are the nearest floats")]

'''
open(sys.argv[1], "w").write(HEAD + "\n".join(OUT))
