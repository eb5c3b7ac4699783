//! `sum` and `mean` have the bits of `np.sum` and `np.mean` (tests/fixtures/sums.txt), however the tree is cut.

use array_core::{
    Array, Complex, DType, Isa, OperandData, Partial, Scalar, Scratch, TileRef, bind_for, finish_reduction,
    reduction_nodes,
};

/// The generator's `stream`.
fn stream(n: usize) -> Vec<f64> {
    let scale = [1e-6, 1e-3, 1.0, 1e3, 1e6];
    let element = |i: u64| {
        let bits = (i.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407)) ^ (i << 17);
        let bits = (bits ^ (bits >> 29)).wrapping_mul(0xBF58476D1CE4E5B9);
        let unit = (bits >> 11) as f64 * 2f64.powi(-53) - 0.5;
        unit * scale[(i % 5) as usize]
    };
    (0..n as u64).map(element).collect()
}

#[test]
fn sums_have_numpys_bits_at_every_cut_and_instruction_set() {
    let mut lines = 0;
    for line in include_str!("fixtures/sums.txt").lines().filter(|l| !l.starts_with('#')) {
        let [dtype, n, sum, mean] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        if dtype == "neg-zeros" {
            let ours: f64 = Array::from_vec(vec![-0.0, -0.0], [2]).sum().item().unwrap();
            assert_eq!(format!("{:x}", ours.to_bits()), sum);
            continue;
        }
        lines += 1;
        let n: usize = n.parse().unwrap();
        let a = Array::from_vec(stream(n), [n]);
        let pair = || {
            let values = stream(n).into_iter().zip(stream(n + 7).split_off(7));
            Array::from_vec(values.map(|(re, im)| Complex::new(re, im)).collect(), [n])
        };
        let a = match dtype {
            "f32" => a.cast(DType::F32),
            "c128" => pair(),
            "c64" => pair().cast(DType::C64),
            _ => a,
        };
        assert_eq!(bits(a.sum().item_scalar().unwrap()), sum, "sum of {n} {dtype}");
        assert_eq!(bits(a.mean().item_scalar().unwrap()), mean, "mean of {n} {dtype}");
        for isa in Isa::available() {
            for max in [1, 500, 1000, 4096, 30_000] {
                if n < 2_000_000 / max.min(2000) {
                    assert_eq!(bits(cut(&a.sum(), max, isa)), sum, "sum of {n} in nodes of {max} on {isa}");
                    // The same through a plan with arithmetic.
                    assert_eq!(
                        bits(cut(&(&a * 1.0 + 0.0).sum(), max, isa)),
                        sum,
                        "computed, {n}, {max}, {isa}"
                    );
                }
            }
        }
    }
    assert!(lines > 300);
}

fn bits(value: Scalar) -> String {
    match value {
        Scalar::F64(x) if x.is_nan() => "nan".to_owned(),
        Scalar::F64(x) => format!("{:x}", x.to_bits()),
        Scalar::F32(x) if x.is_nan() => "nan".to_owned(),
        Scalar::F32(x) => format!("{:x}", x.to_bits()),
        Scalar::C64(z) => format!("{},{}", bits(z.re.into()), bits(z.im.into())),
        Scalar::C128(z) => format!("{},{}", bits(z.re.into()), bits(z.im.into())),
        other => panic!("{other:?}"),
    }
}

/// A reduction evaluated node by node.
fn cut(expr: &Array, max_elems: usize, isa: Isa) -> Scalar {
    let bound = bind_for(expr, isa).unwrap();
    let (len, dtype) = (bound.shape.iter().product(), bound.plan.dtype());
    let pointers: Vec<*const u8> = bound
        .operands
        .iter()
        .map(|o| match &o.data {
            OperandData::Buffer(b) => b.as_ptr(),
            OperandData::Source(_) => unreachable!(),
        })
        .collect();
    let tiles: Vec<TileRef> = bound
        .operands
        .iter()
        .zip(&pointers)
        .map(|(o, p)| TileRef {
            layout: &o.layout,
            tile_elems: usize::MAX,
            first: 0,
            tiles: std::slice::from_ref(p),
        })
        .collect();
    let mut scratch = Scratch::new();
    let partials: Vec<Partial> = reduction_nodes(dtype, len, max_elems)
        .into_iter()
        // SAFETY: whole buffers, as bound.
        .map(|node| unsafe {
            bound.plan.reduce(&bound.consts, &bound.shape, &tiles, node, &mut scratch).unwrap()
        })
        .collect();
    finish_reduction(bound.reduction.unwrap(), dtype, len, max_elems, &partials).unwrap()
}

#[test]
fn the_order_is_the_logical_one() {
    // A transposed array sums in its own C order: the same as a copy of it.
    let a = Array::from_vec(stream(60_000), [200, 300]);
    let transposed: f64 = a.transpose().sum().item().unwrap();
    let copy: f64 = Array::from_vec(a.transpose().to_vec::<f64>().unwrap(), [60_000]).sum().item().unwrap();
    assert_eq!(transposed.to_bits(), copy.to_bits());
}
