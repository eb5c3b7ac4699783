//! Tapes word by word, as no plan writes them.

use super::*;

const ODD: [f64; 11] =
    [0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.0, -0.5, 0.75, 5e-324, f64::MAX, -1e300];

/// What a tape makes of four rows of numbers and two single ones, bit for bit but for NaN.
fn run(isa: Isa, dtype: DType, code: &[u16], n: usize) -> Vec<u64> {
    let row = |step: usize| (0..n).map(|i| ODD[i / step % ODD.len()] + (i / 121) as f64).collect();
    let rows: [Vec<f64>; 6] = [row(1), row(11), row(3), row(7), vec![0.75], vec![-0.0]];
    let ix: Vec<u16> = std::iter::once(6).chain(code.iter().copied()).collect();
    let kernel = kernel(isa, dtype, code);
    macro_rules! run {
        ($t:ty) => {{
            let rows = rows.map(|row| row.into_iter().map(|x| x as $t).collect::<Vec<_>>());
            let mut out = vec![<$t>::default(); n];
            let mut locs: Vec<*mut u8> = rows.iter().map(|row| row.as_ptr().cast_mut().cast()).collect();
            locs.push(out.as_mut_ptr().cast());
            // SAFETY: rows of `n` elements are read as vectors, those of one as scalars; so is the destination written.
            unsafe { kernel(locs.as_ptr(), ix.as_ptr(), n) };
            out.into_iter().map(|x| if x.is_nan() { <$t>::NAN.to_bits().into() } else { x.to_bits().into() }).collect()
        }};
    }
    if dtype == DType::F32 { run!(f32) } else { run!(f64) }
}

fn code(words: &[(Act, From, u16)]) -> Vec<u16> {
    words.iter().flat_map(|&(act, from, arg)| [act.word(from), arg]).collect()
}

/// Calls `check` with each pair and its second's source.
fn each_pair(mut check: impl FnMut(With, Act, From, u16, [u16; 2])) {
    let mut count = 0;
    for (with, act) in With::ALL.into_iter().flat_map(|with| Act::ALL.iter().map(move |act| (with, *act))) {
        for (from, y) in [(From::Vector, 1), (From::Scalar, 4), (From::Slot, 0)] {
            if let Some(words) = with.words(act, from) {
                check(with, act, from, y, words);
                count += 1;
            }
        }
    }
    assert_eq!(count, 2 * (14 + 4 + 4));
}

#[test]
fn pairs_of_words_have_the_bits_of_what_they_stand_for() {
    let (v, s, slot) = (From::Vector, From::Scalar, From::Slot);
    let is_test = |act| matches!(act, Act::Lt | Act::Le | Act::Gt | Act::Ge | Act::Eq | Act::Ne);
    each_pair(|with, act, from, y, [first, second]| {
        // Row 3 is in the accumulator, row 0 the first source; where row 1 is not row 2 the test holds.
        let choice = [(Act::Load, v, 1), (Act::Ne, v, 2)];
        let (mut pair, mut plain) = (Vec::new(), Vec::new());
        match with {
            With::Load if is_test(act) => {
                pair.extend(code(&[(Act::Load, v, 3)]));
                pair.extend([first, 0, second, y]);
                pair.extend(code(&[(Act::Pick, s, 5)]));
                plain.extend(code(&[
                    (Act::Load, v, 0),
                    (act, from, y),
                    (Act::Load, v, 3),
                    (Act::Pick, s, 5),
                ]));
            }
            With::Load => {
                pair.extend([first, 0, second, y]);
                plain.extend(code(&[(Act::Load, v, 0), (act, from, y)]));
            }
            With::Else | With::ElseNot => {
                let pick = if with == With::Else { Act::Pick } else { Act::PickNot };
                pair.extend(code(&choice).into_iter().chain(code(&[(Act::Load, v, 3)])));
                pair.extend([first, 0, second, y]);
                plain.extend(code(&[(Act::Load, v, 0), (act, from, y), (Act::Save, v, 2)]));
                plain.extend(code(&choice).into_iter().chain(code(&[(Act::Load, v, 3), (pick, slot, 2)])));
            }
        }
        for code in [&mut pair, &mut plain] {
            code.extend([Act::Store.word(v), 0]);
        }
        for dtype in [DType::F64, DType::F32] {
            for n in [1, 3, 8, 17, 100, 300] {
                let expected = run(Isa::Baseline, dtype, &plain, n);
                for isa in Isa::available() {
                    let what = format!("{with:?} {act:?} {from:?} over {n} {dtype} on {isa}");
                    assert!(run(isa, dtype, &pair, n) == expected, "{what}");
                    assert!(run(isa, dtype, &plain, n) == expected, "one by one, {what}");
                }
            }
        }
    });
}

#[test]
fn the_first_of_a_pair_reads_a_vector_and_the_second_is_a_word_of_its_own() {
    each_pair(|with, act, from, y, [first, second]| {
        let both: Vec<_> = words(&[first, 9, second, y]).collect();
        assert_eq!(both, [(with.act(), Some(From::Vector), 9), (act, Some(from), y)]);
    });
}
