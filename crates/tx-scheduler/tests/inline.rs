//! Small statements are computed when they are recorded, and nothing else about them is different.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Instant;

use array_core::{Array, DType, s};
use tx_scheduler::{CancelToken, Config, Order, Progress, Session, SessionError, Site};

fn sessions() -> impl Iterator<Item = Session> {
    let threads = [1, 2].map(|n| Config::threads(n).unwrap());
    let tiles = threads.into_iter().flat_map(|config| [config.clone(), config.tile_elems(7)]);
    tiles.flat_map(|config| [config.clone(), config.order(Order::Breadth)]).map(Session::new)
}

fn values(session: &mut Session, value: impl Into<Array>) -> Vec<f64> {
    session.eval(value).unwrap().to_vec().unwrap()
}

#[test]
fn the_right_hand_side_is_read_first() {
    for mut session in sessions() {
        let a = session.array(Array::arange(0.0, 20.0, 1.0)).unwrap();
        session.assign(a.at(s![1..]), a.at(s![..-1])).unwrap();
        session.assign(a.at(s![..10]), a.at(s![9..;-1]).read() + 100.0).unwrap();
        let mut expected: Vec<f64> = (0..20).map(|i| f64::from(i.max(1) - 1)).collect();
        let turned: Vec<f64> = expected[..10].iter().rev().map(|x| x + 100.0).collect();
        expected[..10].copy_from_slice(&turned);
        assert_eq!(values(&mut session, &a), expected);

        let m = session.array(Array::arange(0.0, 16.0, 1.0).reshape([4, 4])).unwrap();
        session.assign(&m, m.read() + m.read().transpose()).unwrap();
        let expected: Vec<f64> = (0..16).map(|i| f64::from(i + i % 4 * 4 + i / 4)).collect();
        assert_eq!(values(&mut session, &m), expected);
        session.assign(m.at(s![.., 1]), m.at(s![1, ..])).unwrap();
        assert_eq!(values(&mut session, m.at(s![.., 1])), [5.0, 10.0, 15.0, 20.0]);
        assert_eq!(session.report().tasks, 0, "nothing had to wait");
    }
}

#[test]
fn copies_and_expressions_keep_the_value_they_were_made_of() {
    for mut session in sessions() {
        let u = session.array(Array::arange(0.0, 20.0, 1.0)).unwrap();
        let (copy, lazy) = (session.array(&u).unwrap(), u.read() * 2.0);
        session.assign(u.at(s![2..9]), Array::arange(0.0, 7.0, 1.0)).unwrap();
        let later = u.read();
        session.assign(&u, u.read() + copy.read()).unwrap();
        session.assign(&u, Array::arange(0.0, 40.0, 2.0) * 1.0).unwrap();
        session.assign(copy.at(s![5..6]), copy.at(s![4..5])).unwrap();
        assert_eq!(values(&mut session, &u), (0..20).map(|i| f64::from(2 * i)).collect::<Vec<_>>());
        assert_eq!(values(&mut session, lazy), (0..20).map(|i| f64::from(2 * i)).collect::<Vec<_>>());
        let written: Vec<f64> =
            (0..20).map(|i| f64::from(if (2..9).contains(&i) { i - 2 } else { i })).collect();
        assert_eq!(values(&mut session, later), written);
        let copied: Vec<f64> = (0..20).map(|i| f64::from(if i == 5 { 4 } else { i })).collect();
        assert_eq!(values(&mut session, &copy), copied);
    }
}

#[test]
fn every_kind_of_statement_has_the_bits_of_its_tasks() {
    let run = |config: Config| {
        let mut session = Session::new(config);
        let u = session.array((Array::arange(0.0, 6000.0, 1.0) * 0.7).sin().reshape([60, 100])).unwrap();
        let mut all = Vec::new();
        for dtype in [DType::F64, DType::F32, DType::I64, DType::U8, DType::Bool] {
            let v = session.array((u.read() * 10.0).abs().cast(dtype)).unwrap();
            let w = session.array(v.at(s![.., ..;-1])).unwrap();
            session.assign(w.at(s![1..-1;2, 3..50]), v.at(s![..-2;2, 7..54])).unwrap();
            session.assign(w.at(s![.., 7]), v.at(s![.., 9])).unwrap();
            for value in [
                w.read().sum(),
                w.read().max_along(0),
                w.read().sum_along(1),
                w.read().argmax(None),
                w.read().argmin(1),
                (w.read() - w.read().mean()).cast(DType::F64),
                w.read().var(.., 0),
                w.read().mean_along(0),
                w.read(),
            ] {
                all.push(session.eval(value.cast(DType::F64)).unwrap().to_vec::<f64>().unwrap());
                let value = session.array(value).unwrap();
                all.push(session.eval(value.read().cast(DType::F64)).unwrap().to_vec::<f64>().unwrap());
            }
        }
        (all, session.report().tasks)
    };
    let (expected, tasks) = run(Config::single_thread().inline_effort(0));
    assert!(tasks > 80);
    for threads in [1, 2] {
        let config = Config::threads(threads).unwrap();
        let (at_once, none) = run(config.clone());
        assert!(at_once == expected && none == 0, "{none} tasks");
        let (at_once, _) = run(config.tile_elems(64));
        assert!(at_once == expected);
    }
}

#[test]
fn what_somebody_looks_at_is_computed_for_him_alone() {
    for mut session in sessions() {
        let u = session.array(Array::arange(0.0, 6.0, 1.0)).unwrap();
        let before = session.report().statements;
        let total = session.eval(u.read().sum()).unwrap();
        assert_eq!(session.item(u.read().max()).unwrap().as_f64(), 5.0);
        let kept = session.eval(u.read().reshape([2, 3]).sum_along(1)).unwrap();
        let doubled = session.eval(u.at(s![1..4]).read() * 2.0).unwrap();
        let report = session.report();
        assert_eq!((report.statements - before, report.tasks), (4, 0), "each is a statement of its line");
        session.eval(&u).unwrap();
        session.item(u.at(s![2]).read() + 1.0).unwrap();
        assert_eq!(session.report().statements - before, 4, "what is there is none");

        session.assign(&u, 7.0).unwrap();
        assert!(total.is_evaluated() && kept.is_evaluated() && doubled.is_evaluated());
        assert_eq!((total.shape(), kept.shape(), doubled.shape()), (&[][..], &[2][..], &[3][..]));
        assert_eq!((total.item::<f64>().unwrap(), kept.to_vec::<f64>().unwrap()), (15.0, vec![3.0, 12.0]));
        assert_eq!(doubled.to_vec::<f64>().unwrap(), [2.0, 4.0, 6.0], "nobody writes there any more");

        // What waits is run first.
        let wave = session.array(Array::zeros([400_000])).unwrap();
        session.assign(&wave, wave.read() + 1.0).unwrap();
        session.assign(u.at(s![..2]), wave.at(s![..2])).unwrap();
        assert_eq!(session.item(u.read().sum()).unwrap().as_f64(), 30.0);
        assert!(session.item(u.read()).is_err(), "six elements are no item");
        let failed = session.dynamic(&[], |_| Err(std::io::Error::other("no more paper").into()));
        let looked = failed.and_then(|()| session.eval(u.read().sum()));
        assert!(matches!(looked, Err(SessionError::Closure { .. })), "{looked:?}");
    }
}

#[test]
fn what_waits_is_a_task_and_comes_back_if_a_closure_before_it_fails() {
    let mut session = Session::new(Config::threads(2).unwrap());
    let u = session.array(Array::arange(0.0, 10.0, 1.0)).unwrap();
    session.assign(&u, u.read() + 1.0).unwrap();
    assert_eq!(session.report().tasks, 0);
    session.dynamic(&[], |_| Err(std::io::Error::other("no more paper").into())).unwrap();
    session.assign(&u, u.read() * 2.0).unwrap();
    let lost = session.array(u.read() * 3.0).unwrap();
    assert!(matches!(session.finish(), Err(SessionError::Closure { .. })));
    assert!(matches!(session.eval(&lost), Err(SessionError::Undone)));
    assert_eq!(values(&mut session, &u), (1..11).map(f64::from).collect::<Vec<_>>());
    // What is recorded on a wave waits with it.
    let wave = session.array(Array::zeros([400_000])).unwrap();
    session.assign(&wave, wave.read() + 1.0).unwrap();
    let statements = session.report().commits;
    session.assign(wave.at(s![..5]), wave.at(s![5..10]).read() + 1.0).unwrap();
    session.assign(&u, wave.at(s![..10])).unwrap();
    assert_eq!(session.report().commits, statements, "they wait");
    assert_eq!(values(&mut session, &u)[3..7], [2.0, 2.0, 1.0, 1.0]);
}

#[test]
fn statements_that_another_thread_could_run_are_tasks_after_a_while() {
    let run = |threads: usize, chain: bool| {
        let mut session = Session::new(Config::threads(threads).unwrap());
        let arrays: Vec<_> = (0..50).map(|_| session.array(Array::ones([8000])).unwrap()).collect();
        session.finish().unwrap();
        let before = session.report().tasks;
        for i in 0..50 {
            let u = &arrays[if chain { 0 } else { i }];
            session.assign(u, u.read().sin()).unwrap();
        }
        session.finish().unwrap();
        session.report().tasks - before
    };
    assert_eq!((run(1, false), run(1, true), run(2, true)), (0, 0, 0), "nothing to be gained");
    let tasks = run(2, false);
    assert!((40..=49).contains(&tasks), "{tasks} of 50 independent statements are left for two threads");
}

#[test]
fn each_line_has_its_statements_time_and_bytes() {
    let mut session = Session::new(Config::threads(2).unwrap());
    let u = session.array(Array::zeros([5000])).unwrap();
    for _ in 0..40 {
        session.set_site(Some(Site::script("plate.py".into(), 3, 1)));
        session.assign(&u, u.read() * 0.5 + 1.0).unwrap();
        session.set_site(Some(Site::script("plate.py".into(), 4, 1)));
        session.assign(u.at(s![..4]), u.at(s![4..8])).unwrap();
    }
    let report = session.report();
    let of = |site: &str| report.lines.iter().find(|l| l.site == site).unwrap();
    let (whole, part) = (of("plate.py:3:1"), of("plate.py:4:1"));
    assert_eq!((whole.statements, whole.tasks, whole.bytes), (40, 0, 40 * 2 * 8 * 5000));
    assert_eq!((part.statements, part.tasks, part.bytes), (40, 0, 40 * 2 * 8 * 4));
    assert!(whole.seconds > 0.0 && part.seconds > 0.0, "short ones are timed now and then");
    assert!(report.kernel_seconds >= whole.seconds && report.run_seconds >= whole.seconds);
    assert_eq!((report.statements, report.commits, report.tasks), (81, 81, 0));
    assert_eq!(report.lines.iter().map(|l| l.bytes).sum::<u64>(), report.bytes_moved);
}

#[test]
fn a_stopped_session_computes_nothing_and_progress_is_told() {
    for mut session in sessions() {
        let u = session.array(Array::zeros([100])).unwrap();
        let token = CancelToken::new();
        session.set_cancel(Some(token.clone()));
        token.cancel();
        assert!(matches!(session.assign(&u, u.read() + 1.0), Err(SessionError::Cancelled)));
        session.set_cancel(None);
        session.set_deadline(Some(Instant::now()));
        assert!(matches!(session.assign(&u, u.read() + 1.0), Err(SessionError::DeadlinePassed)));
        session.set_deadline(None);
        assert_eq!(values(&mut session, &u), [0.0; 100]);

        let told: Rc<RefCell<Vec<Progress>>> = Rc::default();
        let list = Rc::clone(&told);
        session.set_progress(Some(Box::new(move |progress| list.borrow_mut().push(progress))));
        let before = session.report().statements;
        for _ in 0..3000 {
            session.assign(&u, u.read() + 1.0).unwrap();
        }
        assert!(!told.borrow().is_empty(), "not only when somebody looks");
        session.finish().unwrap();
        let last = *told.borrow().last().unwrap();
        assert_eq!((last.statements_recorded, last.statements_done), (before + 3000, before + 3000));
        assert_eq!(values(&mut session, &u), [3000.0; 100]);
    }
}

#[test]
fn a_trace_has_all_statements() {
    let mut session = Session::new(Config::single_thread().trace(true));
    let u = session.array(Array::ones([10])).unwrap();
    session.assign(&u, u.read() * 2.0).unwrap();
    session.finish().unwrap();
    assert_eq!(session.report().tasks, 2);
}

#[test]
fn a_target_that_is_read_is_not_written_in_place_though_its_binding_was_taken() {
    let mut session = Session::new(Config::single_thread());
    let u = session.array(Array::arange(0.0, 1000.0, 1.0)).unwrap();
    let shifted = u.at(s![..-1]).read() * 2.0 + 1.0;
    // Expressions built from here on have a binding of their own; this one keeps the old.
    let _ = u.storage().take_binding();
    session.assign(u.at(s![1..]), shifted).unwrap();
    let values = session.eval(&u).unwrap().to_vec::<f64>().unwrap();
    let expected = std::iter::once(0.0).chain((0..999).map(|i| f64::from(i) * 2.0 + 1.0));
    assert!(values.iter().copied().eq(expected), "{:?}", &values[..8]);
}
