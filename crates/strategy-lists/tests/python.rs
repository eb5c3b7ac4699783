//! Corners where Python's lists have an answer of their own; each expected text is CPython's.

use std::sync::Arc;

use strategy_lists::{Foreign, List, ListError, Value};

fn objects(items: Vec<Value>) -> List {
    List::from(items)
}

#[test]
fn equality_looks_at_values_not_at_storage() {
    assert_eq!(List::range(0, 3, 1), List::from(vec![0, 1, 2]));
    assert_eq!(List::from(vec![0.0, 1.0]), List::range(0, 2, 1));
    assert_eq!(objects(vec![true.into(), 0.into()]), List::from(vec![1, 0]));
    assert_ne!(List::from(vec![1, 2]), List::from(vec![1]));
    assert_ne!(objects(vec!["1".into()]), List::from(vec![1]));
    assert_eq!(List::new(), List::range(5, 5, 1));
}

#[test]
fn a_nan_is_found_but_equals_nothing() {
    let list = List::from(vec![1.0, f64::NAN]);
    assert_eq!(list.index(f64::NAN), Ok(1));
    assert_eq!(list, list.clone());
    assert_ne!(Value::from(f64::NAN), Value::from(f64::NAN));
}

#[test]
fn search_crosses_number_types_exactly() {
    let big = 9_007_199_254_740_993_i64; // 2^53 + 1, no float
    let ints = List::from(vec![big, 2]);
    assert_eq!(ints.index(2.0), Ok(1));
    assert_eq!(ints.count(big as f64), 0);
    assert_eq!(List::from(vec![big as f64]).count(big), 0);
    assert_eq!(ints.index(2.5), Err(ListError::Absent { item: "2.5".into() }));
    assert_eq!(List::from(vec![1.0, 0.0]).index(false), Ok(1));
    assert_eq!(List::range(0, 10, 2).count(4.0), 1);
    assert_eq!(List::range(0, 10, 2).count(5), 0);
    assert_eq!(List::range(0, 10, 2).count(-2), 0);
}

#[test]
fn min_and_max_keep_the_first_of_equals_and_a_leading_nan() {
    let text = |value: Result<Value, ListError>| value.unwrap().to_string();
    assert_eq!(text(List::from(vec![f64::NAN, 1.0]).min()), "nan");
    assert_eq!(text(List::from(vec![1.0, f64::NAN]).max()), "1.0");
    assert_eq!(text(objects(vec![1.into(), true.into(), 1.0.into()]).max()), "1");
    assert_eq!(text(objects(vec![1.0.into(), 0.into(), false.into()]).min()), "0");
    assert_eq!(text(List::range(9, -1, -3).max()), "9");
    assert_eq!(text(objects(vec!["b".into(), "a".into()]).min()), "'a'");
    assert_eq!(List::new().min(), Err(ListError::Empty { operation: "min" }));
    let mixed = objects(vec![1.into(), "a".into()]).min();
    assert_eq!(mixed, Err(ListError::Unordered { left: "str", right: "int" }));
}

#[test]
fn sums_are_exact_or_refused() {
    assert_eq!(List::from(vec![i64::MAX, 1, -1]).sum(), Ok(Value::Int(i64::MAX)));
    let over = i128::from(i64::MAX) + 1;
    assert_eq!(List::from(vec![i64::MAX, 1]).sum(), Err(ListError::Overflow { value: over }));
    assert_eq!(List::from(vec![0.1; 10]).sum(), Ok(Value::Float(1.0))); // 0.9999999999999999 without compensation
    assert_eq!(objects(vec![true.into(), 2.into()]).sum(), Ok(Value::Int(3)));
    assert_eq!(objects(vec![1.into(), 0.5.into(), true.into()]).sum(), Ok(Value::Float(2.5)));
    assert_eq!(List::from(vec![f64::INFINITY, 1.0]).sum(), Ok(Value::Float(f64::INFINITY)));
    assert_eq!(List::new().sum(), Ok(Value::Int(0)));
    let text = objects(vec![1.into(), Value::None]).sum();
    assert_eq!(text, Err(ListError::NotANumber { index: 1, type_name: "NoneType" }));
}

#[test]
fn sorting_is_stable_both_ways_and_all_or_nothing() {
    let mut list = objects(vec![2.into(), 1.0.into(), true.into(), 1.into(), 0.5.into()]);
    list.sort().unwrap();
    assert_eq!(list.to_string(), "[0.5, 1.0, True, 1, 2]");
    list.sort_descending().unwrap();
    assert_eq!(list.to_string(), "[2, 1.0, True, 1, 0.5]");
    let mut list = List::from(vec![0.0, -0.0, f64::NAN, -1.0]);
    list.sort().unwrap();
    assert_eq!(list.to_string(), "[-1.0, 0.0, -0.0, nan]");
    let mut list = objects(vec![3.into(), "a".into(), 1.into()]);
    assert!(matches!(list.sort(), Err(ListError::Unordered { .. })));
    assert_eq!(list.to_string(), "[3, 'a', 1]");
}

#[test]
fn ranges_refuse_what_python_refuses() {
    assert_eq!(List::try_range(0, 1, 0), Err(ListError::ZeroStep { what: "range" }));
    let all = List::try_range(i64::MIN, i64::MAX, 1);
    assert_eq!(all, Err(ListError::TooLong { len: u128::from(u64::MAX) }));
    assert_eq!(List::try_range(0, i64::MAX, 1).map(|l| l.len()), Ok(i64::MAX as usize));
    assert_eq!(
        List::range(0, i64::MAX, 1).repeat(3),
        Err(ListError::TooLong { len: 3 * (i64::MAX as u128) })
    );
}

#[test]
fn a_list_inside_a_list_is_a_value() {
    let mut inner = List::from(vec![1]);
    let outer = objects(vec![inner.clone().into()]);
    inner.push(2);
    assert_eq!(outer.to_string(), "[[1]]");
}

#[test]
fn objects_of_the_program_around_are_kept_and_compared_by_identity() {
    #[derive(Debug)]
    struct Handle;
    impl Foreign for Handle {
        fn type_name(&self) -> &'static str {
            "Handle"
        }
    }
    let (one, other): (Arc<dyn Foreign>, Arc<dyn Foreign>) = (Arc::new(Handle), Arc::new(Handle));
    let list = objects(vec![Value::Foreign(one), Value::Foreign(other.clone())]);
    assert_eq!(list.index(Value::Foreign(other)), Ok(1));
    assert_eq!(list.to_string(), "[<Handle>, <Handle>]");
}

#[test]
fn lists_cross_threads() {
    fn crosses<T: Send + Sync + 'static>() {}
    crosses::<List>();
    crosses::<Value>();
    crosses::<ListError>();
}
