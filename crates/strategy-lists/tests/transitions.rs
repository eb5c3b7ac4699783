//! Every edge of the transition table, by every write that takes it: the strategy afterwards is the table's, and
//! the items are what they were, the same in type and value.

use strategy_lists::{Item, List, Strategy, Value};

/// A list of strategy `strategy`, three items long unless it is empty.
fn list(strategy: Strategy) -> List {
    let list = match strategy {
        Strategy::Empty => List::new(),
        Strategy::Range => List::range(5, 11, 2),
        Strategy::Int => List::from(vec![5, -7, 9]),
        Strategy::Float => List::from(vec![0.5, -0.0, 2.0]),
        Strategy::Object => List::from(vec![Value::None, Value::Int(1), Value::Float(1.0)]),
        other => panic!("{other:?} has no row in this test"),
    };
    assert_eq!(list.strategy(), strategy);
    list
}

fn values(item: Item) -> Vec<Value> {
    match item {
        Item::Int => vec![0.into(), i64::MAX.into()],
        Item::Float => vec![1.0.into(), f64::NAN.into()],
        Item::Other => vec![Value::None, true.into(), "text".into(), List::range(0, 3, 1).into()],
        other => panic!("{other:?} has no column in this test"),
    }
}

/// Types, not only Python's equality, which takes `1`, `1.0` and `True` for the same.
#[track_caller]
fn check(found: &List, strategy: Strategy, expected: &[Value]) {
    assert_eq!(found.strategy(), strategy);
    let exact = |a: &Value, b: &Value| {
        a.type_name() == b.type_name() && a.is_same(b) && a.to_string() == b.to_string()
    };
    let found: Vec<_> = found.iter().collect();
    assert!(
        found.len() == expected.len() && found.iter().zip(expected).all(|(a, b)| exact(a, b)),
        "{found:?} != {expected:?}"
    );
}

/// Each edge with each value, and what the list held before.
fn edges() -> impl Iterator<Item = (Strategy, Value, Vec<Value>)> {
    Strategy::ALL.into_iter().flat_map(|strategy| {
        let held: Vec<_> = list(strategy).iter().collect();
        let written = Item::ALL.into_iter().flat_map(values);
        written.map(move |value| (strategy, value, held.clone())).collect::<Vec<_>>()
    })
}

#[test]
fn push_takes_the_edge() {
    for (before, value, mut held) in edges() {
        let mut list = list(before);
        list.push(value.clone());
        held.push(value.clone());
        check(&list, before.after(value.item()), &held);
    }
}

#[test]
fn insert_takes_the_edge() {
    for (before, value, mut held) in edges() {
        let mut list = list(before);
        list.insert(0, value.clone());
        held.insert(0, value.clone());
        check(&list, before.after(value.item()), &held);
    }
}

#[test]
fn set_takes_the_edge() {
    for (before, value, mut held) in edges().filter(|(before, ..)| *before != Strategy::Empty) {
        let mut list = list(before);
        list.set(1, value.clone()).unwrap();
        held[1] = value.clone();
        check(&list, before.after(value.item()), &held);
    }
}

#[test]
fn extend_takes_the_edge_of_what_is_added() {
    for before in Strategy::ALL {
        for added in Strategy::ALL {
            let (mut list, other) = (list(before), list(added));
            let expected: Vec<_> = list.iter().chain(other.iter()).collect();
            list.extend_from(&other);
            let after = match (before, added.item()) {
                (_, None) => before,
                (Strategy::Empty, _) => added,
                (_, Some(item)) => before.after(item),
            };
            check(&list, after, &expected);
        }
    }
}

#[test]
fn a_clone_keeps_what_it_had() {
    for (before, value, held) in edges() {
        let original = list(before);
        let mut copy = original.clone();
        copy.push(value);
        check(&original, before, &held);
    }
}

#[test]
fn clear_goes_back_to_empty_and_the_next_write_chooses() {
    for before in Strategy::ALL {
        for item in Item::ALL {
            let mut list = list(before);
            list.clear();
            check(&list, Strategy::Empty, &[]);
            let value = values(item).remove(0);
            list.push(value.clone());
            check(&list, Strategy::Empty.after(item), &[value]);
        }
    }
}

#[test]
fn a_list_that_lost_its_last_item_chooses_again() {
    let mut list = List::from(vec![1]);
    list.pop();
    list.push(0.5);
    check(&list, Strategy::Float, &[0.5.into()]);
    list.pop();
    list.push(3);
    check(&list, Strategy::Int, &[3.into()]);
}

#[test]
fn a_range_stays_one_under_reading_slicing_reversing_and_popping_an_end() {
    let mut list = List::range(0, 20, 2);
    list.get(3).unwrap();
    list.set(3, 6).unwrap();
    assert_eq!(list.slice(-3, None, 1).unwrap().strategy(), Strategy::Range);
    assert_eq!(list.slice(None, None, -2).unwrap().strategy(), Strategy::Range);
    list.reverse();
    list.sort().unwrap();
    list.sort_descending().unwrap();
    list.pop();
    list.pop_at(0).unwrap();
    let held: Vec<Value> = (1..9).rev().map(|i| Value::Int(2 * i)).collect();
    check(&list, Strategy::Range, &held);
    let mut gap = list.clone();
    gap.pop_at(1).unwrap();
    assert_eq!(gap.strategy(), Strategy::Int);
    while list.pop().is_some() {}
    check(&list, Strategy::Empty, &[]);
}
