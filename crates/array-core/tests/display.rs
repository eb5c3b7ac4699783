//! Text character for character as NumPy printed it (tests/fixtures/display.txt).

use array_core::{Array, Complex, DType, Element, Scalar};

fn float(word: &str) -> f64 {
    if word == "nan" { f64::NAN } else { f64::from_bits(u64::from_str_radix(word, 16).unwrap()) }
}

fn single(word: &str) -> f32 {
    if word == "nan" { f32::NAN } else { f32::from_bits(u32::from_str_radix(word, 16).unwrap()) }
}

fn pair<T>(word: &str, part: fn(&str) -> T) -> Complex<T> {
    let (re, im) = word.split_once(',').unwrap();
    Complex::new(part(re), part(im))
}

fn parsed<T: Element + std::str::FromStr<Err: std::fmt::Debug>>(words: &[&str], shape: Vec<usize>) -> Array {
    Array::from_vec(words.iter().map(|w| w.parse::<T>().unwrap()).collect(), shape)
}

fn array(head: &str) -> Array {
    let mut words = head.split(' ');
    let (dtype, shape, form) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
    let shape: Vec<usize> = shape.split(',').filter(|d| *d != "-").map(|d| d.parse().unwrap()).collect();
    let len: usize = shape.iter().product();
    let words: Vec<&str> = words.filter(|w| !w.is_empty()).collect();
    match (dtype, form) {
        ("f64", "ramp") => Array::from_vec((0..len).map(|i| i as f64 * float(words[0])).collect(), shape),
        ("f64", _) => Array::from_vec(words.iter().map(|w| float(w)).collect(), shape),
        ("i64", "ramp") => Array::from_vec((0..len as i64).collect(), shape),
        ("f32", _) => Array::from_vec(words.iter().map(|w| single(w)).collect(), shape),
        ("c64", _) => Array::from_vec(words.iter().map(|w| pair(w, single)).collect(), shape),
        ("c128", _) => Array::from_vec(words.iter().map(|w| pair(w, float)).collect(), shape),
        ("i8", _) => parsed::<i8>(&words, shape),
        ("i16", _) => parsed::<i16>(&words, shape),
        ("i32", _) => parsed::<i32>(&words, shape),
        ("i64", _) => parsed::<i64>(&words, shape),
        ("u8", _) => parsed::<u8>(&words, shape),
        ("u16", _) => parsed::<u16>(&words, shape),
        ("u32", _) => parsed::<u32>(&words, shape),
        ("u64", _) => parsed::<u64>(&words, shape),
        // NumPy's: (i % 2 == 0) of a whole array.
        ("b", "even") => Array::from_vec((0..len).map(|i| i % 2 == 0).collect(), shape),
        ("b", _) => Array::from_vec(words.iter().map(|w| *w == "1").collect(), shape),
        _ => panic!("{head}"),
    }
}

#[test]
fn arrays_print_as_numpy_prints_them() {
    let mut cases: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in include_str!("fixtures/display.txt").lines().filter(|l| !l.starts_with('#')) {
        match line.strip_prefix('|') {
            Some(text) => cases.last_mut().unwrap().1.push(text),
            None => cases.push((line, Vec::new())),
        }
    }
    assert!(cases.len() > 200);
    let mut wrong = 0;
    for (head, lines) in &cases {
        let (ours, numpys) = (array(head).to_string(), lines.join("\n"));
        if ours != numpys {
            wrong += 1;
            eprintln!("--- {}\nNumPy:\n{numpys}\nours:\n{ours}", &head[..head.len().min(100)]);
        }
    }
    assert_eq!(wrong, 0, "of {} cases", cases.len());
}

#[test]
fn an_expression_prints_its_value_or_its_error() {
    let a = Array::arange(0, 3, 1);
    assert_eq!((&a + &a).to_string(), "[0 2 4]");
    let wrong = (&a + Array::zeros([2])).to_string();
    assert!(wrong.contains("do not broadcast"), "{wrong}");
}

#[test]
fn debug_lists_what_is_pending_and_shared_parts_once() {
    let a = Array::arange(0.0, 6.0, 1.0).reshape([2, 3]);
    let sum = &a + &a;
    let expr = (&sum * &sum.sum_along(0)).reshape([6]).cumsum(0);
    let text = format!("{expr:#?}");
    let wanted = "Array {
    dtype: float64,
    shape: (6,),
    operations: 3,
    pending: [
        %0: float64 (6,) = cumsum[0](%1),
        %1: float64 (6,) = reshape(%2),
        %2: float64 (2, 3) = multiply(%3, %4),
        %3: float64 (2, 3) = add(a, a),
        %4: float64 (3,) = add.reduce[0](%3),
        a: float64 (2, 3) data,
    ],
}";
    assert_eq!(text, wanted);
    // Nothing was computed, and nothing depends on where the nodes lie in memory.
    assert!(!expr.is_evaluated());
    let again = Array::arange(0.0, 6.0, 1.0).reshape([2, 3]);
    let sum = &again + &again;
    assert_eq!(format!("{:#?}", (&sum * &sum.sum_along(0)).reshape([6]).cumsum(0)), text);
    let wrong = format!("{:?}", &a + Array::zeros([4]));
    assert!(wrong.contains("Broadcast"), "{wrong}");
    assert_eq!(
        format!("{:?}", Array::zeros([1 << 20])),
        "Array { dtype: float64, shape: (1048576,), everywhere: 0.0 }"
    );
}

#[test]
fn debug_of_huge_graphs_is_short() {
    let n = if cfg!(miri) { 1000 } else { 1_000_000 };
    let mut chain = Array::from_vec(vec![1.0, 2.0], [2]);
    for _ in 0..n {
        chain = chain + 1.0;
    }
    let text = format!("{chain:?}");
    assert!(text.len() < 2000 && text.contains("%23: float64 (2,) = add(…, 1.0)"), "{text}");
    let mut casts = Array::from_vec(vec![1.0, 2.0], [2]);
    for _ in 0..n / 2 {
        casts = casts.astype::<f32>().astype::<f64>();
    }
    assert!(format!("{:?}", &casts + 1.0).len() < 2000 && (&casts + 1.0).formula().len() < 2000);
    let mut doubled = Array::from_vec(vec![1i64], [1]);
    for _ in 0..63 {
        doubled = &doubled + &doubled;
    }
    assert!(format!("{doubled:?}").len() < 2000 && doubled.formula().len() < 2000);
    // Data of many axes has a long summary, of which Debug has none.
    let deep = Array::from_vec(vec![0i8; 1 << 12], [2; 12]);
    assert!(format!("{deep:?}").contains("elements: …"));
}

#[test]
fn single_precision_has_its_own_limit_and_ties_go_to_the_even_digit() {
    // NumPy 2.4: str() of float32 and complex64 arrays turns scientific at 1e6.
    let singles = |values: &[f64]| Array::from_vec(values.to_vec(), [values.len()]).cast(DType::F32);
    assert_eq!(singles(&[8447804.0, 1254353.6]).to_string(), "[8.4478040e+06 1.2543536e+06]");
    assert_eq!(singles(&[1e7]).to_string(), "[1.e+07]");
    assert_eq!(singles(&[999999.0]).to_string(), "[999999.]");
    assert_eq!(Array::full([1], 1e7).to_string(), "[10000000.]");
    let z = Array::full([1], Complex::new(0.0, -11896165.0)).cast(DType::C64);
    assert_eq!(z.to_string(), "[0.-1.1896165e+07j]");
    // 134548.625 lies halfway.
    assert_eq!(singles(&[134548.625]).to_string(), "[134548.62]");
    assert_eq!(singles(&[0.5, 134548.625]).to_string(), "[5.0000000e-01 1.3454862e+05]");
    assert_eq!(Array::scalar(134548.625).cast(DType::F32).to_string(), "134548.62");
}

#[test]
fn a_width_pads_and_a_precision_cuts_nothing_off() {
    let pi = Array::scalar(1234.567);
    assert_eq!(
        format!("{pi:.2}|{pi:>10}|{pi:^10}|{pi:-<10}|{pi:3}"),
        "1234.567|  1234.567| 1234.567 |1234.567--|1234.567"
    );
    assert_eq!(format!("{:.4}", Array::from_vec(vec![1.5, 2.5], [2])), "[1.5 2.5]");
    assert_eq!(format!("{:.1}|{:>5}", Scalar::F64(0.25), Scalar::Bool(true)), "0.25| True");
}
