//! The five-point step, ours beside a hand-written loop, in one run: what a fused plan costs per element.
//!
//! `cargo run --release -p array-core --example laplace_block`. Two cases: a whole 1000 x 1000 sweep (second-level cache and
//! beyond), and tiles of 2 rows of 3000 that stay in the second-level cache, where a task's fixed cost shows as well. The rival
//! is a plain Rust loop over slices inside a function compiled for the widest instruction set.

use array_core::{
    Array, BlockPool, DType, Dims, Isa, Layout, Scratch, TileMut, TileRef, bind_for, normalise, s,
};
use std::{hint::black_box, time::Instant};

/// Rows of the step by hand.
#[inline(always)]
fn rows(out: &mut [f64], u: &[f64], width: usize, rows: std::ops::Range<usize>) {
    let n = width - 2;
    let (dy2, dx2, c) = black_box((0.25, 0.5, 0.75));
    for r in rows {
        let at = r * width + 1;
        let out = &mut out[at..at + n];
        let (up, down) = (&u[at - width..][..n], &u[at + width..][..n]);
        let (left, right) = (&u[at - 1..][..n], &u[at + 1..][..n]);
        for i in 0..n {
            out[i] = ((up[i] + down[i]) * dy2 + (left[i] + right[i]) * dx2) * c;
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,avx512f,avx512bw,avx512dq,avx512vl")]
fn rows_avx512(out: &mut [f64], u: &[f64], width: usize, range: std::ops::Range<usize>) {
    rows(out, u, width, range);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn rows_avx2(out: &mut [f64], u: &[f64], width: usize, range: std::ops::Range<usize>) {
    rows(out, u, width, range);
}

fn by_hand(isa: Isa, out: &mut [f64], u: &[f64], width: usize, range: std::ops::Range<usize>) {
    match isa {
        // SAFETY: only instruction sets of this machine are asked for.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => unsafe { rows_avx512(out, u, width, range) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => unsafe { rows_avx2(out, u, width, range) },
        _ => rows(out, u, width, range),
    }
}

/// The best of many runs, in nanoseconds.
fn best(mut f: impl FnMut()) -> f64 {
    let mut best = f64::INFINITY;
    let started = Instant::now();
    while started.elapsed().as_millis() < 400 {
        let t = Instant::now();
        f();
        best = best.min(t.elapsed().as_nanos() as f64);
    }
    best
}

/// Sweeps of an array of `height` x `width`, in tasks of `step` rows over `span` rows.
fn case(name: &str, height: usize, width: usize, step: usize, repeat: usize) {
    let values: Vec<f64> = (0..height * width).map(|i| (i as f64 * 0.37).sin()).collect();
    let u = Array::from_vec(values.clone(), [height, width]);
    let step_of = |u: &Array| {
        ((u.slice(s![..-2, 1..-1]) + u.slice(s![2.., 1..-1])) * 0.25
            + (u.slice(s![1..-1, ..-2]) + u.slice(s![1..-1, 2..])) * 0.5)
            * 0.75
    };
    let elements = ((height - 2) * (width - 2) * repeat) as f64;
    for isa in Isa::available() {
        let mut bound = bind_for(&step_of(&u), isa).expect("a valid expression");
        let whole = Layout::contiguous(&[height, width]).expect("a small shape");
        let mut out_layout = whole.index(&s![1..-1, 1..-1]).expect("inside");
        let mut shape: Dims = bound.shape.clone();
        normalise(&mut shape, &mut out_layout, &mut bound.operands);
        let mut block = BlockPool::shared().take_zeroed(DType::F64, height * width).expect("memory");
        let target = [block.as_mut_ptr()];
        let source = [u.as_buffer().expect("data").0.as_ptr()];
        let operands: Vec<TileRef> = bound
            .operands
            .iter()
            .map(|o| TileRef { layout: &o.layout, tile_elems: usize::MAX, first: 0, tiles: &source })
            .collect();
        let out = TileMut { layout: &out_layout, tile_elems: usize::MAX, first: 0, tiles: &target };
        let mut scratch = Scratch::new();
        let chunk = step * (width - 2);
        let total = shape.iter().product::<usize>();
        let ours = best(|| {
            for _ in 0..repeat {
                let mut at = 0;
                while at < total {
                    let end = (at + chunk).min(total);
                    // SAFETY: one buffer of `height * width` elements each for source and target.
                    let done = unsafe {
                        bound.plan.map(&bound.consts, &shape, &operands, &out, at..end, &mut scratch)
                    };
                    done.expect("cannot fail");
                    at = end;
                }
            }
        });
        let mut mine = vec![0.0; height * width];
        let hand = best(|| {
            for _ in 0..repeat {
                for r in (1..height - 1).step_by(step) {
                    by_hand(
                        isa,
                        &mut mine,
                        black_box(u.as_buffer().expect("data").0.as_slice().expect("f64")),
                        width,
                        r..(r + step).min(height - 1),
                    );
                }
            }
        });
        // SAFETY: the block was taken zeroed and its inside written by the plan.
        let result = unsafe { block.freeze() };
        assert!(result.as_slice::<f64>() == Some(&mine[..]), "the two must agree to the last bit");
        println!(
            "{name:28} {isa:9} ours {:6.3} ns/el   hand {:6.3} ns/el   ratio {:4.2}   ({} instructions, {:.0} µs)",
            ours / elements,
            hand / elements,
            ours / hand,
            bound.plan.instructions(),
            ours / repeat as f64 / 1e3,
        );
    }
}

fn main() {
    case("sweep 1000x1000", 1000, 1000, 1000, 1);
    case("sweep 3000x3000", 3000, 3000, 3000, 1);
    case("tiles 2x3000 in L2", 18, 3000, 2, 2);
    case("tile 2x1000 in L1", 4, 1000, 2, 10);
    case("tile 2x60: fixed cost", 4, 60, 2, 50);
}
