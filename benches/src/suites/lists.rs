//! Strategy lists beside a `Vec` of the same boxed values (what a list without strategies is) and the bare `Vec`
//! (what a list can at best be).

use std::hint::black_box;

use strategy_lists::{List, Value};

use crate::{Contest, Row, Suite, Unit, timed};

pub(crate) const SUITE: Suite =
    Suite { name: "lists", about: "strategy-lists beside vectors, boxed and bare; one thread", run };

const ITEMS: i64 = 1_000_000;
const ROUNDS: usize = 15;

fn run(_threads: &[usize]) -> Vec<Row> {
    vec![push(), collect(), get(), set(), sum(), sort(), index(), range_index(), to_array()]
}

fn contest<'a>(id: &str) -> Contest<'a> {
    Contest::new(id, Unit::NsPerOp, ITEMS as usize)
}

fn ints() -> List {
    (0..ITEMS).collect()
}

fn boxed() -> Vec<Value> {
    (0..ITEMS).map(Value::Int).collect()
}

fn bare() -> Vec<i64> {
    (0..ITEMS).collect()
}

/// Numbers in no order, the same every time.
fn scrambled() -> impl Iterator<Item = i64> + Clone {
    (0..ITEMS).map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15_u64 as i64)) >> 20)
}

fn push() -> Row {
    fn fill<T>(mut to: T, push: impl Fn(&mut T, i64)) -> T {
        (0..ITEMS).for_each(|i| push(&mut to, black_box(i)));
        to
    }
    contest("lists/push/i64/1m")
        .ours(|| timed(|| fill(List::new(), |l, i| l.push(i))))
        .rival("vec-boxed", || timed(|| fill(Vec::new(), |l, i| l.push(Value::Int(i)))))
        .rival("vec", || timed(|| fill(Vec::new(), |l, i| l.push(i))))
        .run(ROUNDS)
}

fn collect() -> Row {
    contest("lists/collect/i64/1m")
        .ours(|| timed(ints))
        .rival("vec-boxed", || timed(boxed))
        .rival("vec", || timed(bare))
        .run(ROUNDS)
}

fn get() -> Row {
    fn walk<T>(mut at: impl FnMut(usize) -> T) {
        (0..ITEMS as usize).for_each(|i| drop(black_box(at(black_box(i)))));
    }
    let (ours, boxed, bare) = (ints(), boxed(), bare());
    contest("lists/get/i64/1m")
        .ours(|| timed(|| walk(|i| ours.get(i as isize))))
        .rival("vec-boxed", || timed(|| walk(|i| boxed.get(i).cloned())))
        .rival("vec", || timed(|| walk(|i| bare.get(i).copied())))
        .run(ROUNDS)
}

fn set() -> Row {
    let (mut ours, mut boxed, mut bare) = (ints(), boxed(), bare());
    contest("lists/set/i64/1m")
        .ours(|| timed(|| (0..ITEMS).for_each(|i| drop(black_box(ours.set(black_box(i) as isize, i + 1))))))
        .rival("vec-boxed", || {
            timed(|| (0..ITEMS).for_each(|i| boxed[black_box(i) as usize] = Value::Int(i + 1)))
        })
        .rival("vec", || timed(|| (0..ITEMS).for_each(|i| bare[black_box(i) as usize] = i + 1)))
        .run(ROUNDS)
}

fn sum() -> Row {
    let (ours, boxed, bare) = (ints(), boxed(), bare());
    let number = |value: &Value| if let Value::Int(i) = value { *i } else { 0 };
    contest("lists/sum/i64/1m")
        .ours(|| timed(|| ours.sum()))
        .rival("vec-boxed", || timed(|| boxed.iter().map(number).sum::<i64>()))
        .rival("vec", || timed(|| bare.iter().sum::<i64>()))
        .run(ROUNDS)
}

fn sort() -> Row {
    let (ours, bare) = (scrambled().collect::<List>(), scrambled().collect::<Vec<_>>());
    let mut boxed = List::from(vec![Value::None]);
    boxed.extend_from(&ours);
    let boxed = boxed.slice(1, None, 1).unwrap_or_default();
    fn sorted(list: &List) -> List {
        let mut list = list.clone();
        black_box(list.sort()).unwrap_or_default();
        list
    }
    contest("lists/sort/i64/1m")
        .ours(|| timed(|| sorted(&ours)))
        .rival("objects", || timed(|| sorted(&boxed)))
        .rival("vec", || {
            timed(|| {
                let mut bare = bare.clone();
                bare.sort_unstable();
                bare
            })
        })
        .run(5)
}

fn index() -> Row {
    let (ours, boxed, bare) = (ints(), boxed(), bare());
    let last = Value::Int(ITEMS - 1);
    contest("lists/index-last/i64/1m")
        .ours(|| timed(|| ours.index(black_box(ITEMS - 1))))
        .rival("vec-boxed", || timed(|| boxed.iter().position(|x| *x == black_box(last.clone()))))
        .rival("vec", || timed(|| bare.iter().position(|&x| x == black_box(ITEMS - 1))))
        .run(ROUNDS)
}

fn range_index() -> Row {
    let (ours, bare) = (List::range(0, ITEMS, 1), bare());
    Contest::new("lists/index-last/range/1m", Unit::UsPerOp, 1)
        .ours(|| timed(|| ours.index(black_box(ITEMS - 1))))
        .rival("vec", || timed(|| bare.iter().position(|&x| x == black_box(ITEMS - 1))))
        .run(ROUNDS)
}

fn to_array() -> Row {
    let (ours, bare) = (ints(), bare());
    Contest::new("lists/to-array/i64/1m", Unit::UsPerOp, 1)
        .ours(|| timed(|| ours.to_array()))
        .rival("copy", || timed(|| bare.clone()))
        .run(ROUNDS)
}
