//! Where elements are not zero.
//!
//! Rows are walked with a counter, so nothing is divided; of a row, 64 truth values at a time become the bits of a word. Axes
//! before the last are filled a row at a time.

use super::Array;
use crate::{
    buffer::{BlockPool, TileBuf},
    dtype::DType,
    error::ArrayError,
    layout::{Dims, Layout},
};
use smallvec::SmallVec;
use std::mem::MaybeUninit;

impl Array {
    /// The positions of what is not zero, one `int64` array per axis, in C order; evaluates the array. Of a value without axes:
    /// one array, of one zero or of none. O(elements); NaN is not zero.
    ///
    /// # Errors
    /// Those of [`eval`](Self::eval).
    ///
    /// ```
    /// use array_core::Array;
    /// let a = Array::from_vec(vec![0.0, 3.0, 4.0, 0.0], [2, 2]);
    /// let found = a.nonzero()?;
    /// assert_eq!((found[0].to_vec::<i64>()?, found[1].to_vec::<i64>()?), (vec![0, 1], vec![1, 0]));
    /// # Ok::<(), array_core::ArrayError>(())
    /// ```
    pub fn nonzero(&self) -> Result<Vec<Array>, ArrayError> {
        let truth = self.cast(DType::Bool).compact()?;
        let (buffer, layout) = truth.as_buffer().expect("evaluated");
        let start = if layout.is_empty() { 0 } else { layout.offset as usize };
        let truth = &buffer.as_slice::<bool>().expect("cast to it")[start..start + layout.len()];
        let shape: Dims = if self.ndim() == 0 { Dims::from_elem(1, 1) } else { self.shape().into() };
        let count = count(truth);
        let mut blocks: SmallVec<[TileBuf; 4]> = SmallVec::new();
        for _ in &shape {
            blocks.push(BlockPool::shared().take(DType::I64, count)?);
        }
        if count > 0 {
            let mut axes: SmallVec<[&mut [MaybeUninit<i64>]; 4]> = SmallVec::new();
            for block in &mut blocks {
                // SAFETY: a block of `count` aligned elements, ours alone.
                axes.push(unsafe { std::slice::from_raw_parts_mut(block.as_mut_ptr().cast(), count) });
            }
            let found = walk(truth, &shape, &mut axes);
            assert!(found == count, "what is true was counted");
        }
        let layout = Layout::contiguous(&[count])?;
        // SAFETY: as many elements were written to each as were counted, which is all of them.
        Ok(blocks
            .into_iter()
            .map(|block| Array::from_layout(unsafe { block.freeze() }, layout.clone()))
            .collect())
    }
}

/// Writes the positions of what is true, by axis, and gives their number. `shape` has no axis of length 0.
fn walk(truth: &[bool], shape: &[usize], axes: &mut [&mut [MaybeUninit<i64>]]) -> usize {
    let (&length, outer) = shape.split_last().expect("there is an axis");
    let (last, before) = axes.split_last_mut().expect("one for each axis");
    let mut counter = Dims::from_elem(0, outer.len());
    let mut found = 0;
    for row in truth.chunks_exact(length) {
        let from = found;
        found = places(row, last, found);
        if found > from {
            for (axis, &at) in before.iter_mut().zip(&counter) {
                axis[from..found].fill(MaybeUninit::new(at as i64));
            }
        }
        for (at, &length) in counter.iter_mut().zip(outer).rev() {
            *at += 1;
            if *at < length {
                break;
            }
            *at = 0;
        }
    }
    found
}

/// Writes the places in a row of what is true from `out[found]` on, and gives where they end.
#[inline]
fn places(row: &[bool], out: &mut [MaybeUninit<i64>], mut found: usize) -> usize {
    let mut push = |mut word: u64, base: i64| {
        if word == u64::MAX {
            for (i, place) in out[found..found + 64].iter_mut().enumerate() {
                place.write(base + i as i64);
            }
            found += 64;
            return;
        }
        while word != 0 {
            out[found].write(base + i64::from(word.trailing_zeros()));
            found += 1;
            word &= word - 1;
        }
    };
    let (many, rest) = row.as_chunks::<64>();
    for (i, part) in many.iter().enumerate() {
        let words = words(part);
        if words.iter().fold(0, |any, word| any | word) != 0 {
            push(
                words.iter().enumerate().fold(0, |all, (i, &word)| all | bits(word) << (8 * i)),
                64 * i as i64,
            );
        }
    }
    let mut all = 0;
    let (eights, few) = rest.as_chunks::<8>();
    for (i, eight) in eights.iter().enumerate() {
        all |= bits(word(eight)) << (8 * i);
    }
    for (i, &holds) in few.iter().enumerate() {
        all |= u64::from(holds) << (8 * eights.len() + i);
    }
    push(all, 64 * many.len() as i64);
    found
}

/// How many are true.
fn count(truth: &[bool]) -> usize {
    let (many, rest) = truth.as_chunks::<64>();
    // The bytes of the sum are at most 8, and 64 together.
    let part = |part| (words(part).iter().sum::<u64>().wrapping_mul(0x0101_0101_0101_0101) >> 56) as usize;
    many.iter().map(part).sum::<usize>() + rest.iter().filter(|holds| **holds).count()
}

/// The bytes of truth values, 0 or 1, eight to a word.
#[inline]
fn words(truth: &[bool; 64]) -> [u64; 8] {
    let (eights, _) = truth.as_chunks::<8>();
    std::array::from_fn(|i| word(&eights[i]))
}

/// The bytes of eight truth values.
#[inline]
fn word(truth: &[bool; 8]) -> u64 {
    u64::from_le_bytes(truth.map(u8::from))
}

/// The truth values of a word as bits: byte `i` is at bit `8 i`, and the product moves it to bit `56 + i`.
#[inline]
fn bits(word: u64) -> u64 {
    word.wrapping_mul(0x0102_0408_1020_4080) >> 56
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_found_at_every_length_and_density() {
        for length in (0..200).chain([640, 1000]) {
            for density in [1, 2, 3, 64, 1000] {
                let truth: Vec<bool> = (0..length).map(|i| (i * 7919 + 13) % density == 0).collect();
                let expected: Vec<i64> = (0..length as i64).filter(|&i| truth[i as usize]).collect();
                let found = Array::from_vec(truth, [length]).nonzero().unwrap();
                assert_eq!(found[0].to_vec::<i64>().unwrap(), expected, "{length} by {density}");
            }
        }
    }

    #[test]
    fn rows_are_counted_through_all_axes() {
        for shape in [&[2, 3, 4][..], &[5, 1, 1], &[1, 1, 70], &[3, 65], &[4, 2, 2, 3], &[2, 0, 3], &[]] {
            let n: usize = shape.iter().product();
            let array = Array::arange(0, n as i64, 1).reshape(shape).remainder(3);
            let flat = array.to_vec::<i64>().unwrap();
            let found = array.nonzero().unwrap();
            assert_eq!(found.len(), shape.len().max(1));
            let count = flat.iter().filter(|&&x| x != 0).count();
            let mut back = vec![0; n];
            for k in 0..count {
                let at = shape
                    .iter()
                    .zip(&found)
                    .fold(0, |at, (&length, axis)| at * length + axis.to_vec::<i64>().unwrap()[k] as usize);
                back[at] = flat[at];
            }
            assert_eq!(back, flat, "{shape:?}");
            assert!(found.iter().all(|axis| axis.len() == count));
        }
    }
}
