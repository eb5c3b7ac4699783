//! Positions of extremes, of all elements or along an axis.

use super::Region;
use crate::{
    error::ArrayError,
    kernels::arg,
    plan::run::{BLOCK, Scratch},
};
use smallvec::SmallVec;

/// Finds the first greatest (`max`) or least elements of a region, which has some, and writes their places among those of the result to
/// `places`; the elements themselves to `values`, if they are asked for.
///
/// # Safety
/// As [`AxisReduction::results`](super::AxisReduction::results); there is room for a place (and a value) for each result.
pub(super) unsafe fn find(
    max: bool,
    region: &Region<'_>,
    places: *mut i64,
    values: Option<*mut u8>,
    scratch: &mut Scratch,
) -> Result<(), ArrayError> {
    let [outer, steps, kept, row] = region.lengths();
    let (dtype, by_rows) = (region.program.element, region.groups[1] == 0);
    let kernels = arg::kernels(max, dtype, region.program.isa);
    let size = dtype.size();
    // The best of each column; in cells of 16 bytes, aligned for every type.
    let columns = if by_rows { 1 } else { kept };
    let mut own: SmallVec<[u128; 4]> = SmallVec::new();
    let (best, next) = match values {
        Some(values) => (values, columns * size),
        None => {
            own.resize((columns * size).div_ceil(16), 0);
            (own.as_mut_ptr().cast(), 0)
        }
    };
    let read = |stream: &mut crate::plan::stream::Stream<'_>| {
        for o in 0..outer {
            // SAFETY: a row of results for each `o`; the same cells again, or the caller's room.
            let (best, places) = unsafe { (best.add(o * next), places.add(o * columns)) };
            if by_rows {
                let (mut at, mut place) = (0, 0);
                while at < row {
                    let (src, n) = stream.most(row - at);
                    // SAFETY: `n` elements, and the one cell of the best.
                    if let Some(i) = unsafe { (kernels.find)(src, n, best, at == 0) } {
                        place = at + i;
                    }
                    at += n;
                }
                // SAFETY: one result for each row.
                unsafe { places.write(place as i64) };
                continue;
            }
            for position in 0..steps {
                let mut from = 0;
                while from < kept {
                    let n = (kept - from).min(BLOCK);
                    let src = stream.next(n);
                    // SAFETY: a row has `kept` results and as many cells; the piece lies within.
                    unsafe {
                        let (best, places) = (best.add(from * size), places.add(from));
                        if position == 0 {
                            best.copy_from_nonoverlapping(src, n * size);
                            (0..n).for_each(|i| places.add(i).write(0));
                        } else {
                            (kernels.columns)(src, n, best, places, position as i64);
                        }
                    }
                    from += n;
                }
            }
        }
    };
    // SAFETY: the caller's.
    unsafe { region.stream(scratch, read) }
}
