//! Every reason that `explain` can give is reached by a program that it is true of.

use std::sync::atomic::{AtomicBool, Ordering};

use array_core::{Array, s};
use stm_engine::{TVar, atomically};
use tx_collections::TArray;
use tx_scheduler::{Config, Explanation, NotFused, NotParallel, Session};

/// A session of small tiles, all of whose statements are tasks.
fn session(threads: usize) -> Session {
    Session::new(Config::threads(threads).unwrap().explain(true).tile_elems(1000).inline_effort(0))
}

/// The last explanation of a session.
fn last(session: &Session) -> Explanation {
    session.explain().pop().unwrap()
}

#[test]
fn a_large_elementwise_statement_is_fused_and_parallel_and_shows_four_levels() {
    let mut session = session(2);
    let u = session.array(Array::ones([1_000_000])).unwrap();
    for _ in 0..3 {
        session.assign(&u, (u.read() + 1.0) * 0.5).unwrap();
    }
    session.finish().unwrap();
    let why = last(&session);
    assert_eq!((why.not_fused.len(), why.not_parallel), (0, None), "{why}");
    assert_eq!((why.statements, why.tasks), (3, 1000));
    assert_eq!(why.expression, "(a(1000000) + 1.0) * 0.5");
    assert!(why.site.contains("explain.rs:"));
    let (isa, text) = (why.isa.clone().unwrap(), why.to_string());
    assert_eq!(why.kernels.len(), 1, "one superinstruction: {:?}", why.kernels);
    let indents: Vec<usize> = text.lines().map(|l| l.len() - l.trim_start().len()).collect();
    assert_eq!(indents, [0, 2, 4, 6, 6], "line, expression, plan, its instruction, kernels\n{text}");
    assert!(text.contains(&format!("kernels for {isa}:")), "{text}");
}

#[test]
fn a_session_that_is_not_asked_explains_nothing() {
    let mut session = Session::new(Config::single_thread());
    session.array(Array::ones([3])).unwrap();
    assert!(session.explain().is_empty());
}

#[test]
fn one_thread_is_a_reason() {
    let mut session = session(1);
    session.array(Array::ones([5000])).unwrap();
    assert_eq!(last(&session).not_parallel, Some(NotParallel::OneThread));
}

#[test]
fn reductions_values_that_can_fail_and_shared_arrays_are_not_fused() {
    let mut session = session(2);
    let u = session.array(Array::ones([5000])).unwrap();
    session.assign(&u, u.read() - u.read().sum()).unwrap();
    assert_eq!(last(&session).not_fused, [NotFused::Reduction]);
    let mean = session.explain().iter().rev().nth(1).unwrap().expression.clone();
    assert_eq!(mean, "add.reduce(a(5000))", "the reduction is a statement of its own");

    session.assign(&u, u.read() - u.read().reshape([50, 100]).sum_along(0).sum()).unwrap();
    assert_eq!(last(&session).not_fused, [NotFused::Reduction]);
    let sums = session.explain().iter().rev().nth(2).unwrap().clone();
    assert_eq!(sums.expression, "add.reduce[0](a(50, 100))");
    assert_eq!((sums.tasks, sums.not_parallel), (2, None), "columns are shared out, {sums}");
    let places = Array::from_vec(vec![7i64, 9], [2]);
    session.assign(&u, u.read().set([(&places).into()], 2.0)).unwrap();
    assert_eq!(last(&session).not_parallel, Some(NotParallel::SmallWrite), "one tile of five");
    session.array(u.read().pick([(&places).into()]) * 2.0).unwrap();
    assert_eq!(last(&session).not_fused, [NotFused::Whole]);
    session.array(u.read().cumsum(0)).unwrap();
    assert!(session.explain().iter().any(|why| why.not_fused == [NotFused::Whole]));

    let exponents = session.array(Array::full([5000], 2)).unwrap();
    session.array(Array::full([5000], 3).pow(exponents.read())).unwrap();
    assert_eq!(last(&session).not_fused, [NotFused::CanFail]);

    let shared = TArray::new(&Array::zeros([5000])).unwrap();
    session.assign(shared.view(), u.read() * 2.0).unwrap();
    assert_eq!(last(&session).not_fused, [NotFused::Shared]);
    assert_eq!(last(&session).expression, "a(5000) * 2.0");
}

#[test]
fn what_needs_no_task_one_tile_and_small_and_overlapping_writes_are_not_parallel() {
    let mut session = session(2);
    let u = session.array(Array::ones([100, 100])).unwrap();
    session.finish().unwrap();
    session.assign(u.at(s![.., 0]), 1.0).unwrap();
    assert_eq!(last(&session).not_parallel, Some(NotParallel::AtOnce));
    session.array(Array::arange(0.0, 900.0, 1.0)).unwrap();
    assert_eq!(last(&session).not_parallel, Some(NotParallel::OneTile));
    let v = session.array(u.read() + 1.0).unwrap();
    session.array(v.read().sum()).unwrap();
    assert_eq!(last(&session).not_parallel, None, "a sum of ten tiles");
    session.array(v.at(s![..5, ..]).read().sum()).unwrap();
    assert_eq!(last(&session).not_parallel, Some(NotParallel::OneTile));
    session.finish().unwrap();
    session.assign(u.at(s![.., 3]), v.at(s![.., 3])).unwrap();
    assert_eq!(last(&session).not_parallel, Some(NotParallel::SmallWrite));
    session.assign(u.at(s![1.., 3]), u.at(s![..-1, 3]) + 1.0).unwrap();
    assert_eq!(last(&session).not_parallel, Some(NotParallel::ReadsItself));
}

#[test]
fn small_statements_say_that_they_were_computed_at_once() {
    for threads in [1, 2] {
        let mut session = Session::new(Config::threads(threads).unwrap().explain(true));
        let u = session.array(Array::ones([1000])).unwrap();
        session.assign(&u, (u.read() + 1.0) * 0.5).unwrap();
        let why = last(&session);
        assert_eq!(
            (why.tasks, why.not_parallel, why.kernels.len()),
            (0, Some(NotParallel::Small), 1),
            "{why}"
        );
        assert_eq!(why.expression, "(a(1000) + 1.0) * 0.5");
        assert!(why.to_string().contains("computed when it was recorded"), "{why}");
        session.assign(&u, u.read() - u.read().sum()).unwrap();
        assert_eq!(
            (last(&session).not_fused, last(&session).not_parallel),
            (vec![NotFused::Reduction], Some(NotParallel::Small))
        );
        // What waits for something is none of them.
        session.dynamic(&[&u], |_| Ok(())).unwrap();
        session.assign(&u, u.read() + 1.0).unwrap();
        assert_eq!(last(&session).tasks, 1);
    }
}

#[test]
fn a_few_results_are_parallel_where_order_does_not_matter() {
    let mut session = session(2);
    let u = session.array(Array::ones([50_000]).reshape([5000, 10])).unwrap();
    session.array(u.read().sum_along(0)).unwrap();
    assert_eq!(last(&session).not_parallel, Some(NotParallel::InOrder));
    session.array(u.read().sum_along(1)).unwrap();
    assert_eq!((last(&session).tasks, last(&session).not_parallel), (50, None));
    session.array(u.read().max_along(0)).unwrap();
    assert_eq!((last(&session).tasks, last(&session).not_parallel), (14, None), "thirteen parts and a join");
    session.array(u.read().argmax(None)).unwrap();
    assert_eq!(last(&session).not_parallel, None);
    session.array(u.at(s![..100, ..]).read().sum_along(0)).unwrap();
    assert_eq!(last(&session).not_parallel, Some(NotParallel::OneTile));
}

#[test]
fn reductions_of_one_line_along_different_axes_are_told_apart() {
    let mut session = session(1);
    let u = session.array(Array::ones([20, 20])).unwrap();
    session.finish().unwrap();
    for value in [u.read().sum(), u.read().sum_along(0), u.read().sum_along(1)] {
        session.array(value).unwrap();
    }
    let told = session.explain();
    let [.., all, first, last] = &told[..] else { panic!("{told:?}") };
    assert_eq!(all.expression, "add.reduce(a(20, 20))");
    assert_eq!(first.expression, "add.reduce[0](a(20, 20))");
    assert_eq!(last.expression, "add.reduce[1](a(20, 20))");
    assert_eq!(all.kernels, ["add.reduce"]);
}

#[test]
fn a_program_of_little_work_runs_alone() {
    let mut session = session(2);
    session.array(Array::arange(0.0, 3000.0, 1.0)).unwrap();
    session.finish().unwrap();
    let why = last(&session);
    assert_eq!((why.tasks, why.not_parallel), (3, Some(NotParallel::LittleWork)));

    // What an element takes counts, not how many instructions there are.
    let u = session.array(Array::arange(0.0, 20_000.0, 1.0) / 20_000.0).unwrap();
    session.finish().unwrap();
    session.array(u.read() + 1.0).unwrap();
    session.finish().unwrap();
    // Where all is at rest some of the twenty tiles share tasks.
    assert_eq!((last(&session).tasks, last(&session).not_parallel), (14, Some(NotParallel::LittleWork)));
    let far = (0..8).fold(u.read(), |far, _| (far + 1.0).acosh());
    session.array(far).unwrap();
    session.finish().unwrap();
    assert_eq!((last(&session).tasks, last(&session).not_parallel), (20, None));
}

#[test]
fn closures_that_lose_or_are_short_wait_for_their_turn() {
    let mut session = session(2);
    let x = TVar::new(0u64);
    for _ in 0..40 {
        for _ in 0..4 {
            let (x, spoiled) = (x.clone(), AtomicBool::new(false));
            session
                .dynamic(&[], move |tx| {
                    let value = *tx.get(&x)?;
                    if !spoiled.swap(true, Ordering::Relaxed) {
                        // Another thread changes what was read: what ran early is stale, however the workers take turns.
                        let x = x.clone();
                        let stranger = std::thread::spawn(move || atomically(|tx| tx.modify(&x, |n| n + 1)));
                        stranger.join().unwrap();
                    }
                    tx.set(&x, value + 1)
                })
                .unwrap();
        }
        session.finish().unwrap();
    }
    let reasons: Vec<_> = session.explain().iter().map(|why| why.not_parallel).collect();
    assert!(reasons.contains(&Some(NotParallel::Losing)), "{reasons:?}");
    let mut session = self::session(2);
    for _ in 0..20 {
        (0..32).for_each(|_| session.dynamic(&[], |_| Ok(())).unwrap());
        session.finish().unwrap();
    }
    let reasons: Vec<_> = session.explain().iter().map(|why| why.not_parallel).collect();
    assert!(reasons.contains(&Some(NotParallel::Short)), "{reasons:?}");
    assert_eq!(x.load(), 40 * 4 * 2);
}
