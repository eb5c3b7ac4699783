//! What lists cost, in bytes from the allocator. Each thread counts its own: the harness allocates beside the test.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;

use strategy_lists::{List, Strategy, Value};

/// The system's allocator, counting the bytes that this thread took and has not given back.
struct Counting;

thread_local! {
    // Neither made nor dropped at run time, so that an allocation may look at it at any moment.
    static IN_USE: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    IN_USE.set(IN_USE.get() + bytes);
}

// SAFETY: every call goes to the system's allocator as it came; counting does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const MILLION: i64 = 1_000_000;

/// The list, and the bytes it keeps.
fn cost(make: impl FnOnce() -> List) -> (List, usize) {
    let before = IN_USE.get();
    let list = black_box(make());
    (list, usize::try_from(IN_USE.get() - before).expect("a list gives nothing back that it did not take"))
}

#[track_caller]
fn check(what: &str, strategy: Strategy, most: usize, make: impl FnOnce() -> List) {
    let (list, bytes) = cost(make);
    assert_eq!(list.strategy(), strategy, "{what}");
    assert!(bytes <= most, "{what}: {bytes} bytes, more than {most}");
    assert!(list.heap_bytes() <= bytes, "{what}: says {} of {bytes}", list.heap_bytes());
    println!("{what:<40} {bytes:>9} bytes");
}

#[test]
fn a_list_costs_what_its_content_does() {
    check("a range of a million", Strategy::Range, 0, || List::range(0, MILLION, 1));
    check("a slice of it, reversed", Strategy::Range, 0, || {
        List::range(0, MILLION, 1).slice(None, None, -2).unwrap()
    });
    check("a million ints, from a vector", Strategy::Int, 8_100_000, || {
        List::from((0..MILLION).collect::<Vec<_>>())
    });
    check("a million ints, collected", Strategy::Int, 8_100_000, || (0..MILLION).collect());
    check("a million ints, once a range", Strategy::Int, 8_100_000, || {
        let mut list = List::range(0, MILLION, 1);
        list.set(0, 5).unwrap();
        list
    });
    check("a million ints, once a range, one more", Strategy::Int, 8_100_000, || {
        let mut list = List::range(0, MILLION, 1);
        list.push(5);
        list
    });
    check("a million ints, pushed one by one", Strategy::Int, 9_100_000, || {
        let mut list = List::new();
        (0..MILLION).for_each(|i| list.push(i));
        list
    });
    check("the same, unused room given back", Strategy::Int, 8_100_000, || {
        let mut list = List::new();
        (0..MILLION).for_each(|i| list.push(i));
        list.shrink_to_fit();
        list
    });
    check("a million floats", Strategy::Float, 8_100_000, || (0..MILLION).map(|i| i as f64).collect());
    check("a million ints and a text", Strategy::Object, 33_000_000, || {
        let items = (0..MILLION).map(Value::Int).chain([Value::from("end")]);
        List::from(items.collect::<Vec<_>>())
    });
    let ints: List = (0..MILLION).collect();
    let (clone, bytes) = cost(|| ints.clone());
    assert_eq!((bytes, clone.as_ints().map(<[i64]>::as_ptr)), (0, ints.as_ints().map(<[i64]>::as_ptr)));
}
