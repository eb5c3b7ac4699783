//! Arguments that show what a function is worth: all magnitudes, ordinary ranges, and the places where algorithms break.

use array_core::Op;

/// A small generator with a seed (SplitMix64; Steele, Lea & Flood, OOPSLA 2014).
#[derive(Debug, Clone)]
pub struct Random(pub u64);

impl Random {
    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// Uniform in 0..n.
    pub fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(n)) >> 64) as u64
    }

    /// Uniform in lo..hi.
    pub fn uniform(&mut self, lo: f64, hi: f64) -> f64 {
        lo + (hi - lo) * ((self.bits() >> 11) as f64 / 9_007_199_254_740_992.0)
    }

    /// Any f64 but NaN, every exponent alike.
    pub fn any(&mut self) -> f64 {
        loop {
            let x = f64::from_bits(self.bits());
            if !x.is_nan() {
                return x;
            }
        }
    }

    /// `x`, or one of its near neighbours.
    pub fn near(&mut self, x: f64) -> f64 {
        let steps = self.below(17) as i64 - 8;
        let y = f64::from_bits(x.to_bits().wrapping_add_signed(steps));
        if x == 0.0 || y.is_nan() { x } else { y }
    }

    /// With a random significand and an exponent from `lo..=hi`; positive.
    pub fn binade(&mut self, lo: i32, hi: i32) -> f64 {
        let e = lo + self.below((hi - lo + 1) as u64) as i32;
        f64::from_bits((self.bits() >> 12) | ((e + 1023) as u64) << 52)
    }

    fn sign(&mut self) -> f64 {
        if self.bits() & 1 == 0 { 1.0 } else { -1.0 }
    }
}

/// The interval in which a function of one argument has ordinary values, and whether it is to be drawn from by logarithms.
pub fn ordinary(op: Op) -> (f64, f64) {
    match op {
        Op::Sin | Op::Cos | Op::Tan => (-100.0, 100.0),
        Op::Asin | Op::Acos | Op::Atanh => (-1.0, 1.0),
        Op::Exp | Op::Expm1 | Op::Sinh | Op::Cosh => (-20.0, 20.0),
        Op::Exp2 => (-30.0, 30.0),
        Op::Tanh => (-5.0, 5.0),
        Op::Log | Op::Log2 | Op::Log10 | Op::Sqrt => (0.0, 1000.0),
        Op::Log1p => (-1.0, 100.0),
        Op::Acosh => (1.0, 1000.0),
        _ => (-100.0, 100.0),
    }
}

/// A multiple of pi/4 or pi/16, to the nearest f64; and the worst case of all of them.
fn angle(r: &mut Random) -> f64 {
    use std::f64::consts::PI;
    match r.below(8) {
        0 => f64::from_bits(0x5fe5_d321_4a1f_0f54 ^ r.below(4)),
        1 => 6_381_956_970_095_103.0 * 2f64.powi(797),
        2..5 => PI / 4.0 * r.below(1 << 24) as f64,
        _ => PI / 16.0 * (r.below(1 << 21) as f64 + 0.5 * (r.bits() & 1) as f64),
    }
}

/// A point for a function of one argument.
pub fn one(op: Op, r: &mut Random) -> f64 {
    let (lo, hi) = ordinary(op);
    let edges: &[f64] = &[
        0.0,
        1.0,
        0.5,
        2.0,
        708.0,
        709.782_712_893_384,
        745.133_219_101_941_2,
        708.396_418_532_264_1,
        1021.0,
        1024.0,
        1074.0,
        1022.0,
        710.4758600739439,
        2e5,
        22.0,
        19.0615474653984,
        36.7,
        37.43,
        0.734375,
        1.46875,
        f64::MIN_POSITIVE,
        1e300,
        f64::MAX,
        268_435_456.0,
        1e154,
        1.3e154,
        std::f64::consts::FRAC_1_SQRT_2,
        0.0625,
        16.0,
        5e-324,
    ];
    match (op, r.below(8)) {
        (_, 0) => r.any(),
        (_, 1) => {
            let edge = edges[r.below(edges.len() as u64) as usize];
            r.near(edge) * r.sign()
        }
        // Tiny and small numbers of every size; for functions that are hard near 1, near 1.
        (Op::Log | Op::Log2 | Op::Log10 | Op::Acosh, 2) => 1.0 + r.binade(-52, -2) * r.sign(),
        (Op::Asin | Op::Acos | Op::Atanh, 2) => (1.0 - r.binade(-53, -2)) * r.sign(),
        (_, 2) => r.binade(-60, 3) * r.sign(),
        (Op::Sin | Op::Cos | Op::Tan, 3) => {
            let x = angle(r);
            r.near(x) * r.sign()
        }
        (Op::Sin | Op::Cos | Op::Tan, 4) => r.uniform(-10.0, 10.0),
        // Between the steps of the exponential.
        (Op::Exp | Op::Expm1 | Op::Sinh | Op::Cosh | Op::Tanh, 3) => {
            let x = std::f64::consts::LN_2 / 32.0 * (r.below(8192) as f64 - 4096.0);
            r.near(x)
        }
        (Op::Exp | Op::Expm1 | Op::Sinh | Op::Cosh, 4) => r.uniform(-750.0, 712.0),
        (Op::Exp2, 3) => r.uniform(-1080.0, 1025.0),
        // The edges of the logarithm's buckets.
        (Op::Log | Op::Log2 | Op::Log10, 3) => {
            let x = f64::from_bits(0x3fe7_8000_0000_0000 + (r.below(64) << 47));
            r.near(x)
        }
        (Op::Atan, 3) => r.binade(-6, 6) * r.sign(),
        _ => r.uniform(lo, hi),
    }
}

/// A point for a function of two arguments.
pub fn two(op: Op, r: &mut Random) -> (f64, f64) {
    let edges = [0.0, 1.0, 2.0, 0.5, 3.0, 1e300, 1e-300, f64::MAX, f64::MIN_POSITIVE, 5e-324, f64::INFINITY];
    let edge = |r: &mut Random| {
        let x = edges[r.below(11) as usize];
        r.near(x) * r.sign()
    };
    match (op, r.below(8)) {
        (_, 0) => (r.any(), r.any()),
        (_, 1) => (edge(r), edge(r)),
        (Op::Power, 2..5) => {
            // The whole range of results.
            let x = r.any().abs();
            (x, r.uniform(-1080.0, 1026.0) / x.log2())
        }
        (Op::Power, 5) => {
            let x = 1.0 + r.binade(-52, -3) * r.sign();
            (x, r.uniform(-1080.0, 1026.0) / x.log2())
        }
        (Op::Power, 6) => (r.uniform(-20.0, 20.0).round(), r.uniform(-40.0, 40.0).round()),
        (Op::Power, _) => (r.uniform(0.0, 100.0), r.uniform(-10.0, 10.0)),
        (_, 2) => {
            let x = r.any();
            let y = x * r.binade(-30, 30);
            if y.is_finite() { (x, y * r.sign()) } else { (x, x) }
        }
        (_, 3) => (r.binade(-1074 + 52, -1000) * r.sign(), r.binade(-1022, -1000) * r.sign()),
        (_, 4) => (r.binade(1000, 1023) * r.sign(), r.binade(1000, 1023) * r.sign()),
        (_, 5) => (r.binade(-8, 8) * r.sign(), r.binade(-8, 8) * r.sign()),
        _ => (r.uniform(-100.0, 100.0), r.uniform(-100.0, 100.0)),
    }
}
