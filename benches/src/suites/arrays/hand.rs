//! The loops that one writes by hand, compiled for the widest instruction set that the machine has, and `ndarray` with `Zip`.

use ndarray::{ArrayView1, ArrayView2, Axis, Zip};

use crate::{Contest, timed};

/// A function compiled three times, called in the widest version that the machine has.
macro_rules! native {
    ($(fn $name:ident($($argument:ident: $kind:ty),*) $(-> $result:ty)? $body:block)*) => {$(
        fn $name($($argument: $kind),*) $(-> $result)? {
            #[inline(always)]
            fn body($($argument: $kind),*) $(-> $result)? $body
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]
            fn widest($($argument: $kind),*) $(-> $result)? { body($($argument),*) }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            fn wide($($argument: $kind),*) $(-> $result)? { body($($argument),*) }
            #[cfg(target_arch = "x86_64")]
            {
                let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
                if avx2 && is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq") && is_x86_feature_detected!("avx512vl")
                {
                    // SAFETY: the processor has them.
                    return unsafe { widest($($argument),*) };
                }
                if avx2 {
                    // SAFETY: as above.
                    return unsafe { wide($($argument),*) };
                }
            }
            body($($argument),*)
        }
    )*};
}

native! {
    fn add(out: &mut [f64], a: &[f64], b: &[f64]) {
        for ((o, a), b) in out.iter_mut().zip(a).zip(b) { *o = a + b; }
    }
    fn poly(out: &mut [f64], a: &[f64]) {
        for (o, a) in out.iter_mut().zip(a) { *o = ((a * 2.0 + 1.0) * a + 3.0) * a + 4.0; }
    }
    fn quad(out: &mut [f64], a: &[f64], b: &[f64]) {
        for ((o, a), b) in out.iter_mut().zip(a).zip(b) { *o = ((b * b + 4.0 * a).sqrt() - b) / (2.0 * a); }
    }
    fn choose(out: &mut [f64], a: &[f64], b: &[f64]) {
        for ((o, a), b) in out.iter_mut().zip(a).zip(b) { *o = if a > b { a * 2.0 } else { b + 1.0 }; }
    }
    fn sum(a: &[f64]) -> f64 {
        let (chunks, rest) = a.as_chunks::<32>();
        let mut lanes = [0.0; 32];
        for chunk in chunks { for (l, x) in lanes.iter_mut().zip(chunk) { *l += x; } }
        lanes.iter().sum::<f64>() + rest.iter().sum::<f64>()
    }
    fn dot(a: &[f64], b: &[f64]) -> f64 {
        let ((x, x_rest), (y, y_rest)) = (a.as_chunks::<32>(), b.as_chunks::<32>());
        let mut lanes = [0.0; 32];
        for (x, y) in x.iter().zip(y) { for ((l, x), y) in lanes.iter_mut().zip(x).zip(y) { *l += x * y; } }
        lanes.iter().sum::<f64>() + x_rest.iter().zip(y_rest).map(|(x, y)| x * y).sum::<f64>()
    }
    fn squares(a: &[f64], mean: f64) -> f64 {
        let (chunks, rest) = a.as_chunks::<32>();
        let mut lanes = [0.0; 32];
        for chunk in chunks { for (l, x) in lanes.iter_mut().zip(chunk) { *l += (x - mean) * (x - mean); } }
        lanes.iter().sum::<f64>() + rest.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>()
    }
    fn columns(out: &mut [f64], a: &[f64]) {
        let rows = (a.len() / out.len()) as f64;
        out.fill(0.0);
        for row in a.chunks_exact(out.len()) { for (o, x) in out.iter_mut().zip(row) { *o += x; } }
        for o in out.iter_mut() { *o /= rows; }
    }
    fn greatest(a: &[f64]) -> f64 {
        let (chunks, rest) = a.as_chunks::<32>();
        let mut lanes = [f64::NEG_INFINITY; 32];
        for chunk in chunks { for (l, x) in lanes.iter_mut().zip(chunk) { *l = if *x > *l { *x } else { *l }; } }
        lanes.iter().chain(rest).fold(f64::NEG_INFINITY, |m, x| if *x > m { *x } else { m })
    }
}

fn place_of_greatest(a: &[f64]) -> usize {
    let top = greatest(a);
    a.iter().position(|x| *x == top).unwrap_or(0)
}

fn map(operation: &str, out: &mut [f64], a: &[f64], b: &[f64]) {
    match operation {
        "add" => add(out, a, b),
        "poly" => poly(out, a),
        "quad" => quad(out, a, b),
        _ => choose(out, a, b),
    }
}

fn reduce(operation: &str, a: &[f64], b: &[f64], shape: [usize; 2]) -> Vec<f64> {
    match operation {
        "sum" => vec![sum(a)],
        "dot" => vec![dot(a, b)],
        "var" => vec![squares(a, sum(a) / a.len() as f64) / a.len() as f64],
        "argmax" => vec![place_of_greatest(b) as f64],
        "max1" => a.chunks_exact(shape[1]).map(greatest).collect(),
        _ => {
            let mut out = vec![0.0; shape[1]];
            columns(&mut out, a);
            out
        }
    }
}

fn zip(
    operation: &str,
    mut out: ndarray::ArrayViewMut1<'_, f64>,
    a: ArrayView1<'_, f64>,
    b: ArrayView1<'_, f64>,
) {
    let zip = Zip::from(&mut out).and(&a);
    match operation {
        "add" => zip.and(&b).for_each(|o, a, b| *o = a + b),
        "poly" => zip.for_each(|o, a| *o = ((a * 2.0 + 1.0) * a + 3.0) * a + 4.0),
        "quad" => zip.and(&b).for_each(|o, a, b| *o = ((b * b + 4.0 * a).sqrt() - b) / (2.0 * a)),
        _ => zip.and(&b).for_each(|o, a, b| *o = if a > b { a * 2.0 } else { b + 1.0 }),
    }
}

/// `ndarray` has no `argmax` of its own.
fn ndarray_reduce(operation: &str, a: &[f64], b: &[f64], shape: [usize; 2]) -> Option<f64> {
    let (x, y) = (ArrayView1::from(a), ArrayView1::from(b));
    let m = || ArrayView2::from_shape(shape, a).expect("the shape fits");
    Some(match operation {
        "sum" => x.sum(),
        "dot" => x.dot(&y),
        "var" => x.var(0.0),
        "mean0" => m().mean_axis(Axis(0))?[0],
        "max1" => {
            m().map_axis(Axis(1), |row| row.fold(f64::NEG_INFINITY, |m, x| if *x > m { *x } else { m }))[0]
        }
        _ => return None,
    })
}

/// Adds both as rivals.
pub(super) fn join<'a>(
    contest: Contest<'a>,
    operation: &'static str,
    place: &str,
    (a, b): (&'a [f64], &'a [f64]),
    shape: [usize; 2],
    times: usize,
) -> Contest<'a> {
    let n = a.len();
    let maps = super::MAPS.contains(&operation);
    match (maps, place) {
        (true, "given") => {
            let (mut out, mut other) = (vec![0.0; n], ndarray::Array1::zeros(n));
            contest
                .rival("loop", move || timed(|| (0..times).for_each(|_| map(operation, &mut out, a, b))))
                .rival("ndarray", move || {
                    timed(|| (0..times).for_each(|_| zip(operation, other.view_mut(), a.into(), b.into())))
                })
        }
        (true, _) => contest
            .rival("loop", move || {
                timed(|| {
                    for _ in 0..times {
                        let mut out = vec![0.0; n];
                        map(operation, &mut out, a, b);
                        drop(std::hint::black_box(out));
                    }
                })
            })
            .rival("ndarray", move || {
                timed(|| {
                    for _ in 0..times {
                        let mut out = ndarray::Array1::zeros(n);
                        zip(operation, out.view_mut(), a.into(), b.into());
                        drop(std::hint::black_box(out));
                    }
                })
            }),
        _ => {
            let contest = contest.rival("loop", move || {
                timed(|| (0..times).for_each(|_| drop(std::hint::black_box(reduce(operation, a, b, shape)))))
            });
            if ndarray_reduce(operation, a, b, shape).is_none() {
                return contest;
            }
            contest.rival("ndarray", move || {
                timed(|| {
                    (0..times).for_each(|_| {
                        std::hint::black_box(ndarray_reduce(operation, a, b, shape));
                    });
                })
            })
        }
    }
}
