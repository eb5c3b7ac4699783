//! Sums in a session have the bits of `np.sum` at every number of threads (array-core/tests/fixtures/sums.txt).

use array_core::{Array, Complex, DType, Scalar, s};
use tx_scheduler::{Config, Session};

/// The numbers that NumPy summed.
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
fn sums_have_numpys_bits_at_every_number_of_threads() {
    let table = include_str!("../../array-core/tests/fixtures/sums.txt");
    let mut checked = 0;
    for threads in [1, 2, 3, 8] {
        let mut session = Session::new(Config::threads(threads).unwrap());
        for line in table.lines().filter(|l| l.starts_with("f64 ")) {
            let words: Vec<&str> = line.split(' ').collect();
            let n: usize = words[1].parse().unwrap();
            // All the long ones, and a spread of the short ones.
            if n == 0 || (n < 1000 && n % 7 != 3) {
                continue;
            }
            checked += 1;
            let a = session.array(Array::from_vec(stream(n), [n])).unwrap();
            for (sum, expected) in [(a.read().sum(), words[2]), (a.read().mean(), words[3])] {
                let Scalar::F64(ours) = session.item(sum).unwrap() else { panic!("a float") };
                assert_eq!(format!("{:x}", ours.to_bits()), expected, "{n} elements, {threads} threads");
            }
        }
    }
    assert!(checked > 200, "{checked}");
}

/// Of all elements: read where they lie, computed on the way, gathered; and of rows longer than a block.
fn forms(a: &Array, b: &Array) -> Vec<Array> {
    let complex = a.cast(DType::C128) * Complex::new(0.3, 0.7);
    let all = vec![
        a.sum(),
        (a * b).sum(),
        a.var(.., 0),
        (a - b).square().sum(),
        a.max(),
        a.slice(s![3..; 2]).sum(),
    ];
    let others = vec![a.astype::<f32>().sum(), complex.sum(), (a * 2.0 + b).sum(), (a * b).min()];
    let rows = [a.reshape([20, 2500]), (a * b).reshape([20, 2500])];
    let along = rows.iter().flat_map(|rows| [rows.sum_along(1), rows.max_along(1)]);
    all.into_iter().chain(others).chain(along).collect()
}

#[test]
fn the_ends_of_tiles_change_no_bit() {
    const N: usize = 50_000;
    let (a, b) = (Array::from_vec(stream(N), [N]), Array::from_vec(stream(2 * N)[N..].to_vec(), [N]));
    // Digits that read back as the same number, and the sign of a zero.
    let bits = |array: &Array| format!("{:?}", array.scalars().unwrap());
    let expected: Vec<_> = forms(&a, &b).iter().map(|form| bits(&form.eval().unwrap())).collect();
    for (threads, tile) in [(1, 129), (2, 100), (2, 777), (3, 1000), (2, 10_240)] {
        let config = Config::threads(threads).unwrap().shared_effort(0).inline_effort(0).tile_elems(tile);
        let mut session = Session::new(config);
        let (x, y) = (session.array(&a).unwrap(), session.array(&b).unwrap());
        for (i, (form, expected)) in forms(&x.read(), &y.read()).into_iter().zip(&expected).enumerate() {
            let ours = bits(&session.eval(form).unwrap());
            assert!(ours == *expected, "form {i}, {threads} threads, tiles of {tile}");
        }
    }
}
