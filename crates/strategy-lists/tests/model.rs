//! Random programs of list operations against the plain model, a `Vec<Value>`.
//!
//! Values are compared in type and value, so a strategy that turned `1` into `1.0` or `True` would be caught.

use proptest::prelude::*;
use strategy_lists::{List, ListError, Value};

#[derive(Debug, Clone)]
enum Step {
    Push(Value),
    Insert(isize, Value),
    Set(isize, Value),
    Pop,
    PopAt(isize),
    Remove(Value),
    Slice(Option<isize>, Option<isize>, isize),
    Extend(List),
    Repeat(usize),
    Reverse,
    Sort(bool),
    Clear,
    Range(i64, i64, i64),
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => (-3_i64..6).prop_map(Value::Int),
        3 => prop_oneof![Just(0.5), Just(1.0), Just(-0.0), Just(0.0), Just(2.0), Just(f64::NAN)].prop_map(Value::Float),
        1 => any::<bool>().prop_map(Value::Bool),
        1 => "[ab]{0,2}".prop_map(Value::from),
        1 => Just(Value::None),
        1 => prop::collection::vec(-1_i64..2, 0..3).prop_map(|v| List::from(v).into()),
    ]
}

fn list() -> impl Strategy<Value = List> {
    prop_oneof![
        ((-5_i64..5), (-9_i64..9), prop_oneof![-3_i64..0, 1_i64..4])
            .prop_map(|(a, b, s)| List::range(a, b, s)),
        prop::collection::vec(-3_i64..6, 0..6).prop_map(List::from),
        prop::collection::vec(-1.0..1.0, 0..6).prop_map(List::from),
        prop::collection::vec(value(), 0..6).prop_map(List::from),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let bound = || prop::option::of(-9_isize..9);
    prop_oneof![
        4 => value().prop_map(Step::Push),
        3 => ((-9_isize..9), value()).prop_map(|(i, v)| Step::Insert(i, v)),
        3 => ((-9_isize..9), value()).prop_map(|(i, v)| Step::Set(i, v)),
        2 => Just(Step::Pop),
        2 => (-9_isize..9).prop_map(Step::PopAt),
        2 => value().prop_map(Step::Remove),
        2 => (bound(), bound(), -3_isize..4).prop_map(|(a, b, s)| Step::Slice(a, b, s)),
        2 => list().prop_map(Step::Extend),
        1 => (0_usize..3).prop_map(Step::Repeat),
        1 => Just(Step::Reverse),
        2 => any::<bool>().prop_map(Step::Sort),
        1 => Just(Step::Clear),
        1 => ((-5_i64..5), (-9_i64..9), prop_oneof![-3_i64..0, 1_i64..4]).prop_map(|(a, b, s)| Step::Range(a, b, s)),
    ]
}

fn exactly(a: &Value, b: &Value) -> bool {
    a.type_name() == b.type_name() && a.is_same(b) && a.to_string() == b.to_string()
}

#[track_caller]
fn check(list: &List, model: &[Value]) {
    let found: Vec<_> = list.iter().collect();
    assert!(
        found.len() == model.len() && found.iter().zip(model).all(|(a, b)| exactly(a, b)),
        "{list} != {model:?}"
    );
    assert_eq!((list.len(), list.is_empty()), (model.len(), model.is_empty()));
    let back: Vec<_> = list.iter().rev().collect();
    assert!(back.iter().rev().zip(model).all(|(a, b)| exactly(a, b)));
}

/// A Python index on the model.
fn place(index: isize, len: usize) -> Option<usize> {
    let place = if index < 0 { index + len as isize } else { index };
    usize::try_from(place).ok().filter(|&p| p < len)
}

fn find(model: &[Value], value: &Value) -> Option<usize> {
    model.iter().position(|x| x.is_same(value))
}

/// Insertion sort by Python's `<` with NaN last, so that it shares nothing with the lists' own sorting.
fn sorted(model: &[Value], down: bool) -> Option<Vec<Value>> {
    let mut done: Vec<Value> = Vec::new();
    for value in model {
        let mut at = done.len();
        while at > 0 {
            let (a, b) = if down { (&done[at - 1], value) } else { (value, &done[at - 1]) };
            if !less(a, b)? {
                break;
            }
            at -= 1;
        }
        done.insert(at, value.clone());
    }
    Some(done)
}

fn less(a: &Value, b: &Value) -> Option<bool> {
    let number = |v: &Value| match *v {
        Value::Bool(x) => Some(f64::from(u8::from(x))),
        Value::Int(x) => Some(x as f64), // exact for the small numbers of these programs
        Value::Float(x) => Some(x),
        _ => None,
    };
    match (a, b) {
        (Value::Str(a), Value::Str(b)) => Some(a < b),
        (Value::List(a), Value::List(b)) => {
            let ints = |l: &List| l.iter().map(|v| number(&v)).collect::<Option<Vec<_>>>();
            Some(ints(a)? < ints(b)?)
        }
        _ => match (number(a)?, number(b)?) {
            (x, y) if x.is_nan() || y.is_nan() => Some(!x.is_nan() && y.is_nan()),
            (x, y) => Some(x < y),
        },
    }
}

fn slice(model: &[Value], start: Option<isize>, stop: Option<isize>, step: isize) -> Vec<Value> {
    let len = model.len() as isize;
    let cut = |bound: isize, low, high| (if bound < 0 { bound + len } else { bound }).clamp(low, high);
    let mut kept = Vec::new();
    if step > 0 {
        let (mut at, end) = (start.map_or(0, |b| cut(b, 0, len)), stop.map_or(len, |b| cut(b, 0, len)));
        while at < end {
            kept.push(model[at as usize].clone());
            at += step;
        }
    } else {
        let (mut at, end) =
            (start.map_or(len - 1, |b| cut(b, -1, len - 1)), stop.map_or(-1, |b| cut(b, -1, len - 1)));
        while at > end {
            kept.push(model[at as usize].clone());
            at += step;
        }
    }
    kept
}

fn apply(list: &mut List, model: &mut Vec<Value>, step: Step) {
    let len = model.len();
    match step {
        Step::Push(value) => {
            list.push(value.clone());
            model.push(value);
        }
        Step::Insert(index, value) => {
            list.insert(index, value.clone());
            let at = if index < 0 { (index + len as isize).max(0) } else { index.min(len as isize) };
            model.insert(at as usize, value);
        }
        Step::Set(index, value) => match place(index, len) {
            Some(at) => {
                list.set(index, value.clone()).unwrap();
                model[at] = value;
            }
            None => assert_eq!(list.set(index, value), Err(ListError::Index { index, len })),
        },
        Step::Pop => match (list.pop(), model.pop()) {
            (None, None) => {}
            (Some(a), Some(b)) => assert!(exactly(&a, &b)),
            (a, b) => panic!("{a:?} popped, not {b:?}"),
        },
        Step::PopAt(index) => match place(index, len) {
            Some(at) => assert!(exactly(&list.pop_at(index).unwrap(), &model.remove(at))),
            None if len == 0 => assert_eq!(list.pop_at(index), Err(ListError::Empty { operation: "pop" })),
            None => assert_eq!(list.pop_at(index), Err(ListError::Index { index, len })),
        },
        Step::Remove(value) => match find(model, &value) {
            Some(at) => {
                list.remove(value).unwrap();
                model.remove(at);
            }
            None => assert!(matches!(list.remove(value), Err(ListError::Absent { .. }))),
        },
        Step::Slice(start, stop, 0) => {
            assert_eq!(list.slice(start, stop, 0).unwrap_err(), ListError::ZeroStep { what: "slice" });
        }
        Step::Slice(start, stop, step) => {
            *list = list.slice(start, stop, step).unwrap();
            *model = slice(model, start, stop, step);
        }
        Step::Extend(other) => {
            list.extend_from(&other);
            model.extend(other.iter());
        }
        // Not too long: programs repeat repeatedly.
        Step::Repeat(times) if len < 50 => {
            *list = list.repeat(times).unwrap();
            *model = (0..times).flat_map(|_| model.clone()).collect();
        }
        Step::Repeat(_) => {}
        Step::Reverse => {
            list.reverse();
            model.reverse();
        }
        Step::Sort(down) => {
            let result = if down { list.sort_descending() } else { list.sort() };
            match sorted(model, down) {
                Some(sorted) => {
                    result.unwrap();
                    *model = sorted;
                }
                // Which pairs a sort compares is its own affair: it may do without the pair that has no order.
                None => {
                    assert!(matches!(result, Err(ListError::Unordered { .. })), "{list} sorted: {result:?}")
                }
            }
        }
        Step::Clear => {
            list.clear();
            model.clear();
        }
        Step::Range(start, stop, step) => {
            *list = List::range(start, stop, step);
            model.clear();
            let mut at = start;
            while if step > 0 { at < stop } else { at > stop } {
                model.push(Value::Int(at));
                at += step;
            }
        }
    }
}

fn read(list: &List, model: &[Value], value: &Value) {
    assert_eq!(list.index(value.clone()).ok(), find(model, value));
    assert_eq!(list.contains(value.clone()), find(model, value).is_some());
    assert_eq!(list.count(value.clone()), model.iter().filter(|x| x.is_same(value)).count());
    for index in -3..=model.len() as isize {
        match place(index, model.len()) {
            Some(at) => assert!(exactly(&list.get(index).unwrap(), &model[at])),
            None => assert_eq!(list.get(index), Err(ListError::Index { index, len: model.len() })),
        }
    }
    // However it is stored, a list equals the same items stored as objects.
    let mut boxed = List::from(vec![Value::None]);
    boxed.extend_from(list);
    boxed.remove(Value::None).unwrap();
    assert_eq!(*list, boxed);
    assert_eq!(boxed, *list);
    boxed.push(Value::None);
    assert_ne!(*list, boxed);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 700, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_list_does_what_a_plain_vector_of_values_does(
        start in list(),
        steps in prop::collection::vec((step(), value()), 1..25),
    ) {
        let mut model: Vec<Value> = start.iter().collect();
        let mut list = start.clone();
        for (step, wanted) in steps {
            let (before, copy) = (model.clone(), list.clone());
            apply(&mut list, &mut model, step);
            check(&list, &model);
            check(&copy, &before);
            read(&list, &model, &wanted);
        }
    }

    #[test]
    fn ranges_are_exact_up_to_the_ends_of_the_integers(
        start in prop_oneof![Just(i64::MIN), Just(i64::MAX), any::<i64>(), -9_i64..9],
        step in prop_oneof![Just(i64::MIN), Just(i64::MAX), any::<i64>(), 1_i64 << 61..1 << 62].prop_filter("0", |s| *s != 0),
        len in 0_usize..6,
        (from, to, by) in (prop::option::of(-6_isize..6), prop::option::of(-6_isize..6), prop_oneof![-4_isize..0, 1_isize..4]),
    ) {
        let exact = (0..len as i128).map(|i| i128::from(start) + i * i128::from(step));
        let model: Vec<i64> = exact.map_while(|x| i64::try_from(x).ok()).collect();
        let last = model.last().copied().unwrap_or(start);
        // One past the last element; at the very end of the integers there is none to name.
        let stop = if model.is_empty() { start } else { last.saturating_add(step.signum()) };
        let model = if stop == last { &model[..model.len().saturating_sub(1)] } else { &model[..] };
        let mut list = List::range(start, stop, step);
        let model: Vec<Value> = model.iter().map(|&i| Value::Int(i)).collect();
        check(&list, &model);
        let part = slice(&model, from, to, by);
        check(&list.slice(from, to, by).unwrap(), &part);
        for value in &model {
            prop_assert_eq!(list.index(value.clone()).ok(), find(&model, value));
        }
        prop_assert_eq!(list.sum().ok(), List::from(model.clone()).sum().ok());
        prop_assert_eq!(list.min().ok(), List::from(model.clone()).min().ok());
        prop_assert_eq!(list.max().ok(), List::from(model.clone()).max().ok());
        list.reverse();
        check(&list, &model.iter().rev().cloned().collect::<Vec<_>>());
    }

    #[test]
    fn sums_and_extremes_do_not_depend_on_the_strategy(items in prop::collection::vec(-1e9..1e9, 0..50)) {
        let typed = List::from(items.clone());
        let mut boxed = List::from(vec![Value::None]);
        boxed.extend_from(&typed);
        boxed.pop_at(0).unwrap();
        prop_assert_eq!(typed.sum(), boxed.sum());
        prop_assert_eq!(typed.min(), boxed.min());
        prop_assert_eq!(typed.max(), boxed.max());
        let exact: f64 = items.iter().sum();
        if let Value::Float(sum) = typed.sum().unwrap() {
            prop_assert!((sum - exact).abs() <= 1e-6 * exact.abs().max(1.0));
        }
    }
}
