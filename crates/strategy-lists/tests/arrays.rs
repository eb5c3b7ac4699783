//! Lists become arrays and arrays become lists: typed as NumPy does, and the same memory where nothing has to change.

use array_core::{Array, DType};
use strategy_lists::{List, ListError, Strategy, Value};

fn nested(rows: &[&[f64]]) -> List {
    rows.iter().map(|row| List::from(row.to_vec())).collect()
}

/// The address of an evaluated array's first element.
fn address(array: &Array) -> *const u8 {
    array.as_buffer().expect("an evaluated array").0.as_ptr()
}

#[test]
fn ints_and_floats_change_hands_without_a_copy() {
    let list = List::from(vec![1, 2, 3]);
    let here = list.as_ints().unwrap().as_ptr().cast::<u8>();
    let array = list.to_array().unwrap();
    assert_eq!(address(&array), here);
    let back = List::from_array(&array).unwrap();
    assert_eq!(back.as_ints().unwrap().as_ptr().cast::<u8>(), here);

    let list = List::from(vec![0.5, 1.5]);
    let here = list.as_floats().unwrap().as_ptr().cast::<u8>();
    assert_eq!(address(&list.to_array().unwrap()), here);
}

#[test]
fn memory_comes_home_when_the_list_goes_and_is_written_in_place() {
    let list = List::from(vec![1.0, 2.0]);
    let here = list.as_floats().unwrap().as_ptr();
    let array = list.to_array().unwrap();
    drop(list);
    let mut back = List::from_array(&array).unwrap();
    drop(array);
    back.set(0, 9.0).unwrap();
    assert_eq!((back.as_floats().unwrap().as_ptr(), back.as_floats().unwrap()), (here, &[9.0, 2.0][..]));
}

#[test]
fn a_write_to_the_list_does_not_reach_the_array() {
    let mut list = List::from(vec![1, 2]);
    let array = list.to_array().unwrap();
    let also = List::from_array(&array).unwrap();
    list.set(0, 9).unwrap();
    list.push(8);
    assert_eq!(array.to_vec::<i64>().unwrap(), [1, 2]);
    assert_eq!(also.to_string(), "[1, 2]");
    assert_eq!(list.to_string(), "[9, 2, 8]");
}

#[test]
fn items_decide_the_type_as_in_numpy() {
    let cases: [(&[Value], DType); 6] = [
        (&[], DType::F64),
        (&[Value::Bool(true), Value::Bool(false)], DType::Bool),
        (&[Value::Bool(true), Value::Int(2)], DType::I64),
        (&[Value::Bool(true), Value::Float(2.0)], DType::F64),
        (&[Value::Int(1), Value::Float(2.5)], DType::F64),
        (&[Value::Int(1), Value::Int(2)], DType::I64),
    ];
    for (items, dtype) in cases {
        let array = List::from(items.to_vec()).to_array().unwrap();
        assert_eq!((array.dtype(), array.shape()), (dtype, &[items.len()][..]), "{items:?}");
        let numbers: Vec<f64> = array.cast(DType::F64).to_vec().unwrap();
        let expected: Vec<f64> = items
            .iter()
            .map(|value| match *value {
                Value::Bool(b) => f64::from(u8::from(b)),
                Value::Int(i) => i as f64,
                Value::Float(f) => f,
                _ => unreachable!("numbers only"),
            })
            .collect();
        assert_eq!(numbers, expected);
    }
    assert_eq!(List::range(0, 6, 2).to_array().unwrap().to_vec::<i64>().unwrap(), [0, 2, 4]);
}

#[test]
fn lists_inside_become_axes_and_come_back() {
    let list = nested(&[&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]]);
    let array = list.to_array().unwrap();
    assert_eq!(array.shape(), [2, 3]);
    assert_eq!(List::from_array(&array).unwrap(), list);
    let empty = nested(&[&[], &[]]);
    assert_eq!(empty.to_array().unwrap().shape(), [2, 0]);
}

#[test]
fn what_is_no_array_says_where() {
    let refused = |items: Vec<Value>| List::from(items).to_array().map(|a| a.shape().to_vec()).unwrap_err();
    assert_eq!(refused(vec![1.into(), "x".into()]), ListError::NotANumber { index: 1, type_name: "str" });
    let row = |items: Vec<i64>| Value::from(List::from(items));
    let ragged = refused(vec![row(vec![1, 2]), row(vec![3])]);
    assert_eq!(ragged, ListError::Ragged { index: 1, expected: vec![2] });
    assert_eq!(refused(vec![row(vec![1]), 2.into()]), ListError::Ragged { index: 1, expected: vec![1] });
    assert_eq!(refused(vec![2.into(), row(vec![1])]), ListError::Ragged { index: 1, expected: vec![] });
    let deep = (0..100).fold(List::from(vec![1]), |inner, _| List::from(vec![Value::from(inner)]));
    assert_eq!(deep.to_array().unwrap_err(), ListError::TooDeep { most: 64 });
}

#[test]
fn other_element_types_are_converted_or_refused() {
    let list = List::from_array(&Array::from_vec(vec![1_u8, 255], [2])).unwrap();
    assert_eq!((list.strategy(), list.to_string()), (Strategy::Int, "[1, 255]".into()));
    let list = List::from_array(&Array::from_vec(vec![true, false], [2])).unwrap();
    assert_eq!(list.to_string(), "[True, False]");
    let list = List::from_array(&Array::from_vec(vec![7_u64], [1])).unwrap();
    assert_eq!(list.to_string(), "[7]");
    let big = List::from_array(&Array::from_vec(vec![u64::MAX], [1])).unwrap_err();
    assert_eq!(big, ListError::Overflow { value: u64::MAX.into() });
    assert_eq!(List::from_array(&Array::scalar(1.0)).unwrap_err(), ListError::NoAxis);
    let wrong = Array::from_vec(vec![1.0], [3]);
    assert!(matches!(List::from_array(&wrong).unwrap_err(), ListError::Array(_)));
}

#[test]
fn a_lazy_or_strided_array_becomes_a_list_of_its_own() {
    let array = Array::from_vec(vec![1.0, 2.0, 3.0, 4.0], [4]);
    assert_eq!(List::from_array(&(&array * 2.0)).unwrap().to_string(), "[2.0, 4.0, 6.0, 8.0]");
    let back = List::from_array(&array.slice(array_core::s![..; -2])).unwrap();
    assert_eq!(back.to_string(), "[4.0, 2.0]");
    let part = List::from_array(&array.slice(array_core::s![1..3])).unwrap();
    assert_eq!(part.to_string(), "[2.0, 3.0]");
}
