//! The elementary functions: the same bits everywhere, and the special cases of C99's Annex F. Errors are measured elsewhere
//! (`cargo xtask ulp`).

use array_core::{Array, ArrayError, Complex, DType, Isa, Op, functions};

/// SplitMix64.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*state ^ *state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

/// Arguments of every kind: all bit patterns, ordinary sizes, the neighbourhoods of 1 and of 0.
fn points(n: usize, seed: u64) -> Vec<f64> {
    let mut state = seed;
    (0..n)
        .map(|i| {
            let bits = random(&mut state);
            let unit = (bits >> 11) as f64 / 9_007_199_254_740_992.0;
            match i % 8 {
                0 | 1 => f64::from_bits(bits),
                2 | 3 => unit * 200.0 - 100.0,
                4 => unit * 2.0 - 1.0,
                5 => 1.0 + (unit - 0.5) * 2f64.powi(-((bits & 63) as i32)),
                6 => (unit - 0.5) * 1500.0,
                _ => unit * 3e5,
            }
        })
        .collect()
}

fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
}

/// A digest of results, every NaN alike (FNV-1a by words).
fn digest(results: impl Iterator<Item = f64>) -> u64 {
    results.fold(0xcbf2_9ce4_8422_2325, |hash, x| {
        let bits = if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() };
        (hash ^ bits).wrapping_mul(0x0100_0000_01b3).rotate_left(29)
    })
}

/// The digests in the fixture were made on x86-64; NEON and every other machine must have the same. Where a function is meant to
/// change, the lines of the failing test are the new fixture.
#[test]
#[cfg_attr(miri, ignore = "too many points")]
fn every_machine_has_the_same_bits() {
    let n = 1 << 16;
    let (x, y) = (points(n, 5), points(n, 6));
    let narrow = |x: &[f64]| x.iter().map(|x| *x as f32).collect::<Vec<_>>();
    let (x32, y32) = (narrow(&x), narrow(&y));
    let (mut z, mut z32) = (vec![0.0; n], vec![0f32; n]);
    let lines: Vec<String> = functions::ALL
        .iter()
        .map(|&op| {
            let (wide, single): ([&[f64]; 2], [&[f32]; 2]) = ([&x, &y], [&x32, &y32]);
            functions::apply(op, Isa::active(), &wide[..op.arity()], &mut z);
            functions::apply(op, Isa::active(), &single[..op.arity()], &mut z32);
            let (z, z32) = (digest(z.iter().copied()), digest(z32.iter().map(|z| f64::from(*z))));
            format!("{} {z:016x} {z32:016x}", op.name())
        })
        .collect();
    let want: Vec<&str> = include_str!("fixtures/function_bits.txt").lines().collect();
    assert!(lines == want, "the digests are now\n{}", lines.join("\n"));
}

#[test]
fn every_instruction_set_has_the_same_bits() {
    let n = if cfg!(miri) { 64 } else { 1_000_000 };
    let (x, y) = (points(n, 1), points(n, 2));
    let (mut ours, mut theirs) = (vec![0.0; n], vec![0.0; n]);
    for &op in functions::ALL {
        let sources: &[&[f64]] = &[&x, &y];
        functions::apply(op, Isa::Baseline, &sources[..op.arity()], &mut ours);
        for isa in Isa::available().skip(1) {
            functions::apply(op, isa, &sources[..op.arity()], &mut theirs);
            for i in 0..n {
                assert!(
                    same(ours[i], theirs[i]),
                    "{} of {:e}, {:e}: {:e} or, with {isa}, {:e}",
                    op.name(),
                    x[i],
                    y[i],
                    ours[i],
                    theirs[i]
                );
            }
        }
    }
}

#[test]
fn single_precision_has_the_same_bits_too() {
    let n = if cfg!(miri) { 64 } else { 1_000_000 };
    let single = |seed: u64| -> Vec<f32> {
        let mut state = seed;
        let near = points(n, seed);
        (0..n)
            .map(|i| if i % 2 == 0 { f32::from_bits(random(&mut state) as u32) } else { near[i] as f32 })
            .collect()
    };
    let (x, y) = (single(3), single(4));
    let (mut ours, mut theirs) = (vec![0f32; n], vec![0f32; n]);
    for &op in functions::ALL {
        let sources: &[&[f32]] = &[&x, &y];
        functions::apply(op, Isa::Baseline, &sources[..op.arity()], &mut ours);
        for isa in Isa::available().skip(1) {
            functions::apply(op, isa, &sources[..op.arity()], &mut theirs);
            for i in 0..n {
                let (a, b) = (ours[i], theirs[i]);
                assert!(
                    a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan(),
                    "{} of {:e}, {:e}: {a:e} or, with {isa}, {b:e}",
                    op.name(),
                    x[i],
                    y[i]
                );
            }
        }
    }
}

/// A value alone, at every place of a short slice, beside rare neighbours or not, and as a scalar side.
#[test]
fn a_value_has_the_same_bits_alone_and_in_any_company() {
    let n = if cfg!(miri) { 20 } else { 4_000 };
    let (x, y) = (points(n, 5), points(n, 6));
    for &op in functions::ALL {
        for isa in Isa::available() {
            let sources: &[&[f64]] = &[&x, &y];
            let mut whole = vec![0.0; n];
            functions::apply(op, isa, &sources[..op.arity()], &mut whole);
            let mut at = 0;
            let mut length = 1;
            while at + length <= n {
                let mut part = vec![0.0; length];
                let pieces: &[&[f64]] = &[&x[at..at + length], &y[at..at + length]];
                functions::apply(op, isa, &pieces[..op.arity()], &mut part);
                for (i, (a, b)) in part.iter().zip(&whole[at..]).enumerate() {
                    assert!(same(*a, *b), "{} with {isa}, place {i} of {length}: {:e}", op.name(), x[at + i]);
                }
                at += length;
                length = length % 19 + 1;
            }
            if op.arity() == 2 {
                let mut out = vec![0.0; 9];
                functions::apply(op, isa, &[&x[..9], &y[3..4]], &mut out);
                let mut one = [0.0];
                for i in 0..9 {
                    functions::apply(op, isa, &[&x[i..=i], &y[3..4]], &mut one);
                    assert!(same(out[i], one[0]), "{} with {isa} and a scalar exponent", op.name());
                }
            }
        }
    }
}

#[test]
fn arrays_run_the_same_code() -> Result<(), ArrayError> {
    let (x, y) = (points(5000, 7), points(5000, 8));
    let (a, b) = (Array::from_vec(x.clone(), [5000]), Array::from_vec(y.clone(), [5000]));
    let mut want = vec![0.0; 5000];
    functions::apply(Op::Sin, Isa::active(), &[&x], &mut want);
    assert!(a.sin().to_vec::<f64>()?.iter().zip(&want).all(|(a, b)| same(*a, *b)));
    functions::apply(Op::Power, Isa::active(), &[&x, &y], &mut want);
    assert!(a.pow(&b).to_vec::<f64>()?.iter().zip(&want).all(|(a, b)| same(*a, *b)));
    // One value as a constant, and the whole numbers of NumPy's rule: integers are taken to f64.
    assert!(same(Array::from(x[2]).exp().to_vec::<f64>()?[0], {
        let mut one = [0.0];
        functions::apply(Op::Exp, Isa::active(), &[&x[2..3]], &mut one);
        one[0]
    }));
    assert_eq!(Array::arange(0, 4, 1).exp2().to_vec::<f64>()?, [1.0, 2.0, 4.0, 8.0]);
    assert_eq!(Array::from_vec(vec![1f32, 1000.0], [2]).log10().to_vec::<f32>()?, [0.0, 3.0]);
    Ok(())
}

#[test]
fn powers_and_logarithms_of_powers_are_exact() {
    let check = |op: Op, sources: &[f64], want: f64| {
        let mut out = [0.0];
        let slices: Vec<&[f64]> = sources.iter().map(std::slice::from_ref).collect();
        functions::apply(op, Isa::active(), &slices, &mut out);
        assert!(same(out[0], want), "{}({sources:?}) = {:e}, not {want:e}", op.name(), out[0]);
    };
    for k in -1074..1024 {
        let x = if k < -1022 { f64::from_bits(1 << (k + 1074)) } else { 2f64.powi(k) };
        check(Op::Exp2, &[f64::from(k)], x);
        check(Op::Log2, &[x], f64::from(k));
        check(Op::Power, &[2.0, f64::from(k)], x);
    }
    for k in 0..=22 {
        check(Op::Log10, &[10f64.powi(k)], f64::from(k));
        check(Op::Power, &[10.0, f64::from(k)], 10f64.powi(k));
    }
    for k in 0..1000 {
        let k = f64::from(k);
        check(Op::Cbrt, &[k * k * k], k);
        check(Op::Power, &[k, 2.0], k * k);
        check(Op::Hypot, &[3.0 * k, 4.0 * k], 5.0 * k);
    }
}

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;
const PI: f64 = std::f64::consts::PI;
const TINY: f64 = 5e-324;

/// C99, F.9.1 to F.9.7, and `exp2`, `expm1`, `log1p`, `log2`, `cbrt` of the same.
#[test]
fn special_cases_of_one_argument() {
    // Functions that keep the sign of zero and are their argument where that is tiny.
    for op in
        [Op::Sin, Op::Tan, Op::Asin, Op::Atan, Op::Sinh, Op::Tanh, Op::Asinh, Op::Atanh, Op::Expm1, Op::Log1p]
    {
        for x in [0.0, -0.0, TINY, -TINY, 1e-310, -1e-310, 1e-300] {
            one(op, x, x);
        }
    }
    for op in functions::ALL.iter().filter(|op| op.arity() == 1) {
        one(*op, NAN, NAN);
    }
    let table: &[(Op, &[(f64, f64)])] = &[
        (Op::Sin, &[(INF, NAN), (-INF, NAN)]),
        (Op::Cos, &[(INF, NAN), (-INF, NAN), (0.0, 1.0), (-0.0, 1.0), (TINY, 1.0)]),
        (Op::Tan, &[(INF, NAN), (-INF, NAN)]),
        (Op::Asin, &[(1.0, PI / 2.0), (-1.0, -PI / 2.0), (1.5, NAN), (-INF, NAN)]),
        (
            Op::Acos,
            &[(1.0, 0.0), (-1.0, PI), (0.0, PI / 2.0), (-0.0, PI / 2.0), (1.0 + 1e-15, NAN), (INF, NAN)],
        ),
        (Op::Atan, &[(INF, PI / 2.0), (-INF, -PI / 2.0), (1e300, PI / 2.0)]),
        (Op::Sinh, &[(INF, INF), (-INF, -INF), (711.0, INF), (-711.0, -INF)]),
        (Op::Cosh, &[(INF, INF), (-INF, INF), (0.0, 1.0), (-0.0, 1.0), (711.0, INF), (TINY, 1.0)]),
        (Op::Tanh, &[(INF, 1.0), (-INF, -1.0), (30.0, 1.0), (-1e300, -1.0)]),
        (Op::Asinh, &[(INF, INF), (-INF, -INF)]),
        (Op::Acosh, &[(1.0, 0.0), (INF, INF), (0.5, NAN), (-INF, NAN), (0.0, NAN)]),
        (Op::Atanh, &[(1.0, INF), (-1.0, -INF), (1.5, NAN), (-INF, NAN)]),
        (
            Op::Exp,
            &[(0.0, 1.0), (-0.0, 1.0), (INF, INF), (-INF, 0.0), (710.0, INF), (-746.0, 0.0), (TINY, 1.0)],
        ),
        (Op::Exp2, &[(0.0, 1.0), (INF, INF), (-INF, 0.0), (1024.0, INF), (-1075.0, 0.0), (-1074.0, TINY)]),
        (Op::Expm1, &[(INF, INF), (-INF, -1.0), (710.0, INF), (-100.0, -1.0)]),
        (Op::Log, &[(0.0, -INF), (-0.0, -INF), (1.0, 0.0), (-1.0, NAN), (-INF, NAN), (INF, INF)]),
        (Op::Log2, &[(0.0, -INF), (-0.0, -INF), (1.0, 0.0), (-1.0, NAN), (INF, INF), (TINY, -1074.0)]),
        (Op::Log10, &[(0.0, -INF), (-0.0, -INF), (1.0, 0.0), (-1.0, NAN), (INF, INF)]),
        (Op::Log1p, &[(-1.0, -INF), (-2.0, NAN), (INF, INF), (-INF, NAN)]),
        (Op::Sqrt, &[(-0.0, -0.0), (0.0, 0.0), (-TINY, NAN), (INF, INF), (-INF, NAN)]),
        (Op::Cbrt, &[(-0.0, -0.0), (0.0, 0.0), (INF, INF), (-INF, -INF), (-8.0, -2.0)]),
    ];
    for (op, cases) in table {
        for (x, want) in *cases {
            one(*op, *x, *want);
        }
    }
}

fn check(op: Op, sources: &[f64], want: f64) {
    for isa in Isa::available() {
        let mut out = [0.0];
        let slices: Vec<&[f64]> = sources.iter().map(std::slice::from_ref).collect();
        functions::apply(op, isa, &slices, &mut out);
        assert!(same(out[0], want), "{}({sources:?}) = {:e} with {isa}, not {want:e}", op.name(), out[0]);
    }
    // What f32 can say of it.
    let narrow: Vec<f32> = sources.iter().map(|x| *x as f32).collect();
    if narrow.iter().zip(sources).any(|(a, b)| f64::from(*a) != *b && !b.is_nan())
        || f64::from(want as f32) != want
    {
        return;
    }
    let slices: Vec<&[f32]> = narrow.iter().map(std::slice::from_ref).collect();
    let mut out = [0f32];
    functions::apply(op, Isa::active(), &slices, &mut out);
    assert!(same(f64::from(out[0]), want), "{}({narrow:?}) = {:e}, not {want:e}", op.name(), out[0]);
}

fn one(op: Op, x: f64, want: f64) {
    check(op, &[x], want);
}

fn two(op: Op, x: f64, y: f64, want: f64) {
    check(op, &[x, y], want);
}

/// C99, F.9.4.4.
#[test]
fn special_cases_of_pow() {
    for y in [1.0, 3.0, 5e15 + 1.0] {
        two(Op::Power, 0.0, -y, INF);
        two(Op::Power, -0.0, -y, -INF);
        two(Op::Power, 0.0, y, 0.0);
        two(Op::Power, -0.0, y, -0.0);
        two(Op::Power, -INF, -y, -0.0);
        two(Op::Power, -INF, y, -INF);
    }
    for y in [0.5, 2.0, 1e300] {
        for zero in [0.0, -0.0] {
            two(Op::Power, zero, -y, INF);
            two(Op::Power, zero, y, 0.0);
        }
        two(Op::Power, -INF, -y, 0.0);
        two(Op::Power, -INF, y, INF);
    }
    for y in [INF, -INF] {
        two(Op::Power, -1.0, y, 1.0);
        two(Op::Power, 1.0, y, 1.0);
    }
    for y in [0.0, -0.0, 1.0, -2.5, 1e300, NAN, INF] {
        two(Op::Power, 1.0, y, 1.0);
    }
    for x in [0.0, -0.0, 1.0, -2.5, 1e300, NAN, INF, -INF] {
        two(Op::Power, x, 0.0, 1.0);
        two(Op::Power, x, -0.0, 1.0);
    }
    two(Op::Power, -2.0, 0.5, NAN);
    two(Op::Power, -2.0, 3.0, -8.0);
    two(Op::Power, -2.0, -2.0, 0.25);
    two(Op::Power, NAN, 1.0, NAN);
    two(Op::Power, 2.0, NAN, NAN);
    for x in [0.0, 0.5, -0.5, TINY] {
        two(Op::Power, x, -INF, INF);
        two(Op::Power, x, INF, 0.0);
    }
    for x in [1.5, -1.5, 1e300, INF, -INF] {
        two(Op::Power, x, -INF, 0.0);
        two(Op::Power, x, INF, INF);
    }
    for y in [0.5, 1.0, 2.0, 1e-300] {
        two(Op::Power, INF, -y, 0.0);
        two(Op::Power, INF, y, INF);
    }
}

/// C99, F.9.1.4 and F.9.4.3.
#[test]
fn special_cases_of_atan2_and_hypot() {
    for sign in [1.0, -1.0] {
        let zero = 0.0 * sign;
        two(Op::Atan2, zero, -0.0, PI * sign);
        two(Op::Atan2, zero, 0.0, zero);
        for x in [1.0, TINY, 1e300, INF] {
            two(Op::Atan2, zero, -x, PI * sign);
            two(Op::Atan2, zero, x, zero);
        }
        for y in [1.0, TINY, 1e300] {
            two(Op::Atan2, y * sign, 0.0, PI / 2.0 * sign);
            two(Op::Atan2, y * sign, -0.0, PI / 2.0 * sign);
            two(Op::Atan2, y * sign, -INF, PI * sign);
            two(Op::Atan2, y * sign, INF, zero);
            two(Op::Atan2, INF * sign, y, PI / 2.0 * sign);
            two(Op::Atan2, INF * sign, -y, PI / 2.0 * sign);
        }
        two(Op::Atan2, INF * sign, -INF, 3.0 * PI / 4.0 * sign);
        two(Op::Atan2, INF * sign, INF, PI / 4.0 * sign);
        for y in [0.0, 1.0, NAN] {
            two(Op::Hypot, INF * sign, y, INF);
            two(Op::Hypot, y, INF * sign, INF);
            two(Op::Hypot, NAN, y, NAN);
        }
        two(Op::Hypot, zero, TINY, TINY);
        two(Op::Hypot, 1e300 * sign, 0.0, 1e300);
        two(Op::Hypot, zero, -0.0, 0.0);
    }
    // Sides whose sum overflows, though the root of their squares does not; and sides that do not matter.
    two(Op::Hypot, f64::MAX, 1e300, f64::MAX);
    two(Op::Hypot, 1e300, -f64::MAX, f64::MAX);
    two(Op::Hypot, 3.0 * 2f64.powi(1021), 4.0 * 2f64.powi(1021), 5.0 * 2f64.powi(1021));
    two(Op::Hypot, f64::MAX, f64::MAX, INF);
    two(Op::Hypot, 1e300, 1e-300, 1e300);
    two(Op::Hypot, TINY, 1e-300, 1e-300);
    two(Op::Atan2, NAN, 1.0, NAN);
    two(Op::Atan2, INF, NAN, NAN);
}

/// The f64 nearest to a multiple of pi/2 (Muller, Elementary Functions, 3rd ed., table 11.1): its cosine is -4.68716592425462761112e-19.
#[test]
fn the_worst_angle_of_all() {
    let x = 6_381_956_970_095_103.0 * 2f64.powi(797);
    one(Op::Cos, x, -4.687_165_924_254_628e-19);
    one(Op::Sin, x, 1.0);
}

#[test]
#[should_panic(expected = "differ in length")]
fn sources_of_another_length_are_refused() {
    functions::apply(Op::Exp, Isa::Baseline, &[&[1.0, 2.0]], &mut [0.0; 3]);
}

#[test]
#[should_panic(expected = "add is not a vector function")]
fn other_operations_are_refused() {
    functions::apply(Op::Add, Isa::Baseline, &[&[1.0], &[1.0]], &mut [0.0; 1]);
}

/// C's `%a`.
fn hexadecimal(text: &str) -> f64 {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (digits, exponent) = text[2..].split_once('p').expect("an exponent");
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let significand = u64::from_str_radix(&format!("{whole}{fraction}"), 16).expect("hexadecimal digits");
    let exponent: i32 = exponent.parse().expect("a whole exponent");
    // In two steps: the second is exact, or rounds a subnormal.
    let half = (exponent - 4 * fraction.len() as i32) / 2;
    let x = significand as f64 * 2f64.powi(half) * 2f64.powi(exponent - 4 * fraction.len() as i32 - half);
    if negative { -x } else { x }
}

fn complex_of(name: &str) -> fn(&Array) -> Array {
    match name {
        "exp" => Array::exp,
        "log" => Array::log,
        "sin" => Array::sin,
        "cos" => Array::cos,
        "sqrt" => Array::sqrt,
        "absolute" => Array::abs,
        other => panic!("{other} is not in the fixtures"),
    }
}

/// Both parts within some ulp of the exact value, on every instruction set with the same bits: 1 ulp for roots, 4 for the others.
/// Powers by squaring, n ulp of the greater part.
#[test]
fn complex_functions_are_near_the_exact_values() -> Result<(), ArrayError> {
    let ulp = |x: f64| f64::from_bits(x.abs().to_bits() + 1) - x.abs();
    let mut cases = 0;
    for line in include_str!("fixtures/complex_functions.txt").lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let numbers: Vec<f64> = words[1..].iter().map(|word| hexadecimal(word)).collect();
        // Three of each: the bits do not depend on the place.
        let array = |at: usize| Array::from_vec(vec![Complex::new(numbers[at], numbers[at + 1]); 3], [3]);
        let value =
            if words[0] == "power" { array(0).pow(array(2)) } else { complex_of(words[0])(&array(0)) };
        let [exact_re, exact_im] = [numbers[numbers.len() - 2], numbers[numbers.len() - 1]];
        let mut tolerance = [4.0 * ulp(exact_re), 4.0 * ulp(exact_im)];
        if words[0] == "sqrt" {
            tolerance = [ulp(exact_re), ulp(exact_im)];
        } else if words[0] == "power" && numbers[3] == 0.0 && numbers[2].fract() == 0.0 {
            tolerance = [numbers[2].abs() * ulp(exact_re.abs().max(exact_im.abs())); 2];
        }
        let mut first = None;
        for isa in Isa::available() {
            let got = if words[0] == "absolute" {
                value
                    .eval_for(isa)?
                    .to_vec::<f64>()?
                    .into_iter()
                    .map(|size| Complex::new(size, 0.0))
                    .collect()
            } else {
                value.eval_for(isa)?.to_vec::<Complex<f64>>()?
            };
            for z in &got {
                assert!(
                    (z.re - exact_re).abs() <= tolerance[0] && (z.im - exact_im).abs() <= tolerance[1],
                    "{line}: {z:?} with {isa}"
                );
                let first = first.get_or_insert(*z);
                assert!(same(z.re, first.re) && same(z.im, first.im), "{line} with {isa}");
            }
        }
        cases += 1;
    }
    assert!(cases > 1100);
    Ok(())
}

/// Powers, and functions of both types, of arguments of every kind.
#[test]
fn complex_functions_have_the_same_bits_on_every_instruction_set() -> Result<(), ArrayError> {
    let n = if cfg!(miri) { 64 } else { 250_000 };
    let odd = [0.0, -0.0, INF, -INF, NAN, 1.0, TINY, f64::MAX];
    let parts = |seed: u64| -> Vec<Complex<f64>> {
        let (x, y) = (points(n, seed), points(n, seed + 1));
        let strange = |i: usize, x: f64| if i.is_multiple_of(11) { odd[i / 11 % 8] } else { x };
        (0..n).map(|i| Complex::new(strange(i, x[i]), strange(i / 3, y[i]))).collect()
    };
    let (z, w) = (parts(1), parts(3));
    // Exponents small and whole for every third element.
    let w = w
        .into_iter()
        .enumerate()
        .map(|(i, w)| if i.is_multiple_of(3) { Complex::new((i % 211) as f64 - 105.0, 0.0) } else { w });
    let (z, w) = (Array::from_vec(z, [n]), Array::from_vec(w.collect(), [n]));
    for dtype in [DType::C128, DType::C64] {
        let (z, w) = (z.cast(dtype), w.cast(dtype));
        for value in [z.sqrt(), z.pow(&w), z.exp(), z.log(), z.sin(), z.cos()] {
            let value = value.cast(DType::C128);
            let first = value.eval_for(Isa::Baseline)?.to_vec::<Complex<f64>>()?;
            for isa in Isa::available().skip(1) {
                let other = value.eval_for(isa)?.to_vec::<Complex<f64>>()?;
                for (i, (a, b)) in first.iter().zip(&other).enumerate() {
                    assert!(
                        same(a.re, b.re) && same(a.im, b.im),
                        "element {i} of {dtype}: {a} or, with {isa}, {b}"
                    );
                }
            }
        }
    }
    Ok(())
}

/// C99, G.6.4.2; and NumPy's powers of 0 and to 0.
#[test]
fn special_cases_of_complex_roots_and_powers() -> Result<(), ArrayError> {
    let array = |re: f64, im: f64| Array::from_vec(vec![Complex::new(re, im)], [1]);
    for sign in [1.0, -1.0] {
        let root = |re: f64, im: f64, want_re: f64, want_im: f64| -> Result<(), ArrayError> {
            let got = array(re, im * sign).sqrt().to_vec::<Complex<f64>>()?[0];
            assert!(same(got.re, want_re) && same(got.im, want_im * sign), "sqrt({re} + {im}i) = {got}");
            let single = array(re, im * sign).cast(DType::C64).sqrt().cast(DType::C128);
            let single = single.to_vec::<Complex<f64>>()?[0];
            assert!(
                same(single.re, want_re) && same(single.im, want_im * sign),
                "sqrt({re} + {im}i) = {single}"
            );
            Ok(())
        };
        for re in [0.0, -0.0] {
            root(re, 0.0, 0.0, 0.0)?;
            root(re, 2.0, 1.0, 1.0)?;
        }
        for re in [1.0, -1.0, 0.0, INF, -INF, NAN] {
            root(re, INF, INF, INF)?;
        }
        root(1.0, NAN, NAN, NAN)?;
        root(-INF, 1.0, 0.0, INF)?;
        root(INF, 1.0, INF, 0.0)?;
        root(INF, NAN, INF, NAN)?;
        root(NAN, 1.0, NAN, NAN)?;
        root(NAN, NAN, NAN, NAN)?;
        root(-4.0, 0.0, 0.0, 2.0)?;
        root(4.0, 0.0, 2.0, 0.0)?;
    }
    let root = array(-INF, NAN).sqrt().to_vec::<Complex<f64>>()?[0];
    assert!(root.re.is_nan() && root.im.is_infinite(), "{root}");
    let power = |a: (f64, f64), b: (f64, f64)| -> Result<Complex<f64>, ArrayError> {
        Ok(array(a.0, a.1).pow(array(b.0, b.1)).to_vec::<Complex<f64>>()?[0])
    };
    for a in [(0.0, 0.0), (2.0, 3.0), (INF, NAN)] {
        assert_eq!(power(a, (0.0, 0.0))?, Complex::new(1.0, 0.0));
    }
    assert_eq!(power((0.0, 0.0), (2.5, 1.0))?, Complex::new(0.0, 0.0));
    assert!(power((0.0, 0.0), (-1.0, 0.0))?.re.is_nan());
    assert_eq!(power((1.0, 2.0), (2.0, 0.0))?, Complex::new(-3.0, 4.0));
    assert_eq!(power((0.0, 2.0), (-1.0, 0.0))?, Complex::new(0.0, -0.5));
    // e^(1000 i), and what only overflows on the way.
    let turn = power((std::f64::consts::E, 0.0), (0.0, 1000.0))?;
    assert!((turn.re - 1000f64.cos()).abs() < 1e-12 && (turn.im - 1000f64.sin()).abs() < 1e-12, "{turn}");
    let large = power((1e300, 1e300), (1.025, 0.0))?;
    assert!(large.re.is_finite() && large.im.is_finite() && large.re > 1e306, "{large}");
    assert_eq!(power((1e300, 1e300), (-3.5, 0.5))?, Complex::new(0.0, 0.0));
    Ok(())
}

/// C99, G.6.2.4, G.6.2.5, G.6.3.1 and G.6.3.2, as far as they say more than one NaN.
#[test]
fn special_cases_of_complex_arguments() -> Result<(), ArrayError> {
    let check = |name: &str, re: f64, im: f64, want_re: f64, want_im: f64| -> Result<(), ArrayError> {
        let z = Array::from_vec(vec![Complex::new(re, im)], [1]);
        let got = complex_of(name)(&z).to_vec::<Complex<f64>>()?[0];
        assert!(same(got.re, want_re) && same(got.im, want_im), "{name}({re} + {im}i) = {got:?}");
        Ok(())
    };
    for zero in [0.0, -0.0] {
        check("exp", 0.0, zero, 1.0, zero)?;
        check("exp", INF, zero, INF, zero)?;
        check("exp", -INF, zero, 0.0, zero)?;
        check("exp", NAN, zero, NAN, zero)?;
        check("sin", 0.0, zero, 0.0, zero)?;
        check("sin", zero, INF, zero, INF)?;
        check("cos", zero, INF, INF, -zero)?;
    }
    check("exp", 1.0, INF, NAN, NAN)?;
    check("exp", -INF, INF, 0.0, 0.0)?;
    check("exp", -INF, NAN, 0.0, 0.0)?;
    check("exp", INF, INF, INF, NAN)?;
    check("exp", INF, NAN, INF, NAN)?;
    check("exp", INF, 2.0, -INF, INF)?;
    check("log", -0.0, 0.0, -INF, PI)?;
    check("log", 0.0, 0.0, -INF, 0.0)?;
    check("log", 1.0, INF, INF, PI / 2.0)?;
    check("log", -INF, 1.0, INF, PI)?;
    check("log", INF, INF, INF, PI / 4.0)?;
    check("log", INF, NAN, INF, NAN)?;
    check("log", 1.0, NAN, NAN, NAN)?;
    check("sin", NAN, 0.0, NAN, 0.0)?;
    check("sin", INF, INF, NAN, INF)?;
    check("cos", NAN, 0.0, NAN, -0.0)?;
    check("cos", INF, INF, INF, NAN)?;
    Ok(())
}
