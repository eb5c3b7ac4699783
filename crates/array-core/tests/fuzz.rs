//! The bodies of the fuzz targets on stable: seeded strings of bytes, some seconds of them, and no allocation that the bytes do not
//! account for. `ARRAY_CORE_FUZZ_ROUNDS` makes it longer; a failure prints the seed, whose bytes `bytes(seed)` are.

mod bodies;

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

/// The system's allocator, remembering the largest request.
struct Watched;

static LARGEST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every request is the system allocator's.
unsafe impl GlobalAlloc for Watched {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Relaxed);
        // SAFETY: the caller's.
        unsafe { System.alloc(layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Relaxed);
        // SAFETY: the caller's.
        unsafe { System.alloc_zeroed(layout) }
    }
    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        LARGEST.fetch_max(size, Relaxed);
        // SAFETY: the caller's.
        unsafe { System.realloc(at, layout, size) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller's.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Watched = Watched;

/// What the bodies may ask for at once: a few thousand elements, blocks of a plan, a summary of text. A huge page of a pool is not
/// among it.
const MOST: usize = 2 << 20;

/// The bytes of a seed: SplitMix64, of a length that the seed says; every eighth starts as a `.npy` file does.
fn bytes(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut next = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    };
    let length = (next() % 240) as usize;
    let noise: Vec<u8> = (0..length).map(|_| next() as u8).collect();
    if !seed.is_multiple_of(8) {
        return noise;
    }
    let count = [1u64 << 60, 1 << 40, 3, 0][(next() % 4) as usize];
    let header =
        format!("{{'descr': '<f8', 'fortran_order': {}, 'shape': ({count}, {}), }}\n", "False", next() % 9);
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend(u16::try_from(header.len()).expect("a short header").to_le_bytes());
    file.extend(header.into_bytes());
    file.extend(noise);
    file
}

fn run(body: fn(&[u8])) {
    let rounds = if cfg!(miri) { 20 } else { 12_000 };
    let rounds =
        std::env::var("ARRAY_CORE_FUZZ_ROUNDS").map_or(rounds, |n| n.parse().expect("a number of rounds"));
    for seed in 0..rounds {
        let data = bytes(seed);
        LARGEST.store(0, Relaxed);
        if let Err(panic) = std::panic::catch_unwind(|| body(&data)) {
            eprintln!("seed {seed}");
            std::panic::resume_unwind(panic);
        }
        let largest = LARGEST.load(Relaxed);
        assert!(largest <= MOST, "seed {seed} asks for {largest} bytes");
    }
}

/// One test, for the allocator is watched by all threads.
#[test]
fn bodies_of_the_fuzz_targets_hold_for_seeded_bytes() {
    run(bodies::shapes);
    run(bodies::indices);
    run(bodies::buffers);
}
