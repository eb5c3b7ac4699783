//! Text character for character as NumPy printed it (tests/fixtures/display.txt).

use array_core::Array;

fn float(word: &str) -> f64 {
    if word == "nan" { f64::NAN } else { f64::from_bits(u64::from_str_radix(word, 16).unwrap()) }
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
        ("i64", _) => Array::from_vec(words.iter().map(|w| w.parse::<i64>().unwrap()).collect(), shape),
        ("u8", _) => Array::from_vec(words.iter().map(|w| w.parse::<u8>().unwrap()).collect(), shape),
        ("u64", _) => Array::from_vec(words.iter().map(|w| w.parse::<u64>().unwrap()).collect(), shape),
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
    assert!(format!("{:?}", &a + &a).contains("add"));
}
