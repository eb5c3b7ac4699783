//! The laws of the engine, with real threads: all or nothing, one moment, no lost update, no leak, no trace.
#![cfg(not(loom))]

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use stm_engine::{Cause, Engine, Options, TVar, TxError};

const ROUNDS: usize = if cfg!(miri) { 20 } else { 20_000 };
const THREADS: usize = if cfg!(miri) { 2 } else { 4 };

/// A small generator of its own per thread, so that runs repeat.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound
    }
}

fn on_threads(f: impl Fn(usize) + Sync) {
    thread::scope(|s| {
        for id in 0..THREADS {
            let f = &f;
            s.spawn(move || f(id));
        }
    });
}

/// Reclaim until so many values are alive: a scope does not wait for the thread-locals of its threads.
fn settle(engine: &Engine, alive: &AtomicIsize, expected: isize) {
    let start = Instant::now();
    while alive.load(SeqCst) != expected && start.elapsed() < Duration::from_secs(10) {
        engine.reclaim();
        thread::yield_now();
    }
    assert_eq!(alive.load(SeqCst), expected);
}

/// Counts its instances.
#[derive(Debug)]
struct Counted(u64, Arc<AtomicIsize>);

impl Counted {
    fn new(value: u64, alive: &Arc<AtomicIsize>) -> Self {
        alive.fetch_add(1, SeqCst);
        Self(value, Arc::clone(alive))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        assert_ne!(self.0, u64::MAX, "dropped twice");
        self.0 = u64::MAX;
        self.1.fetch_sub(1, SeqCst);
    }
}

#[test]
fn the_sum_of_a_bank_is_the_same_inside_and_outside_every_body() {
    let engine = Engine::new();
    let accounts: Vec<_> = (0..16).map(|_| engine.tvar(100_i64)).collect();
    let done = AtomicUsize::new(0);
    on_threads(|id| {
        let mut random = Random(id as u64 + 1);
        if id == 0 {
            while done.load(SeqCst) < THREADS - 1 {
                let audited = engine.atomically(|tx| {
                    let mut sum = 0;
                    for account in &accounts {
                        sum += tx.get(account)?;
                    }
                    // Opacity: also a body that is going to lose sees a sum of one moment.
                    assert_eq!(sum, 1600);
                    Ok(sum)
                });
                assert_eq!(audited, 1600);
                assert_eq!(engine.snapshot(|s| accounts.iter().map(|a| s.get(a)).sum::<i64>()), 1600);
            }
            return;
        }
        for _ in 0..ROUNDS {
            let (from, to, amount) = (random.below(16), random.below(16), random.below(50) as i64);
            engine.atomically(|tx| {
                let balance = *tx.get(&accounts[from])?;
                tx.set(&accounts[from], balance - amount)?;
                tx.modify(&accounts[to], |b| b + amount)
            });
        }
        done.fetch_add(1, SeqCst);
    });
    assert_eq!(accounts.iter().map(TVar::load).sum::<i64>(), 1600);
}

#[test]
fn no_update_is_lost() {
    let engine = Engine::new();
    let counters: Vec<_> = (0..3).map(|_| engine.tvar(0_usize)).collect();
    on_threads(|_| {
        for _ in 0..ROUNDS {
            engine.atomically(|tx| counters.iter().try_for_each(|c| tx.modify(c, |n| n + 1)));
        }
    });
    assert!(counters.iter().all(|c| c.load() == THREADS * ROUNDS));
    assert_eq!(engine.stats().commits as usize, THREADS * ROUNDS);
}

#[test]
fn write_skew_does_not_happen() {
    let engine = Engine::new();
    for _ in 0..ROUNDS / 10 {
        let (x, y) = (engine.tvar(1), engine.tvar(1));
        let start = Barrier::new(2);
        // Each may take one away while the sum allows it: only one can.
        let draw = |mine: &TVar<i32>, other: &TVar<i32>| {
            start.wait();
            engine.atomically(|tx| {
                if tx.get(mine)? + tx.get(other)? == 2 { tx.modify(mine, |n| n - 2) } else { Ok(()) }
            });
        };
        thread::scope(|s| {
            s.spawn(|| draw(&x, &y));
            s.spawn(|| draw(&y, &x));
        });
        assert_eq!(x.load() + y.load(), 0);
    }
}

#[test]
fn every_value_is_dropped_once() {
    let alive = Arc::new(AtomicIsize::new(0));
    let engine = Engine::new();
    let vars: Vec<_> = (0..8).map(|i| engine.tvar(Counted::new(i, &alive))).collect();
    on_threads(|id| {
        let mut random = Random(id as u64 + 7);
        for round in 0..ROUNDS {
            let (a, b) = (random.below(8), random.below(8));
            let fate = random.below(10);
            let result = catch_unwind(AssertUnwindSafe(|| {
                engine.try_atomically(&Options::new(), |tx| {
                    let sum = tx.get(&vars[a])?.0.wrapping_add(tx.get(&vars[b])?.0) % 1000;
                    tx.set(&vars[a], Counted::new(sum, &alive))?;
                    tx.set(&vars[a], Counted::new(sum + 1, &alive))?;
                    tx.set(&vars[b], Counted::new(sum, &alive))?;
                    match fate {
                        0 => std::panic::resume_unwind(Box::new(round)),
                        1 => tx.abort("no"),
                        _ => Ok(()),
                    }
                })
            }));
            match fate {
                0 => drop(result.unwrap_err()),
                1 => assert!(matches!(result, Ok(Err(TxError::Aborted(_))))),
                _ => result.unwrap().unwrap(),
            }
        }
    });
    // Exactly the current versions.
    settle(&engine, &alive, 8);
    drop(vars);
    settle(&engine, &alive, 0);
}

#[test]
fn superseded_values_do_not_pile_up() {
    // On one thread: with several, one that loses its processor inside a body holds back what the others supersede.
    let alive = Arc::new(AtomicIsize::new(0));
    let engine = Engine::new();
    let var = engine.tvar(Counted::new(0, &alive));
    for i in 0..ROUNDS as u64 {
        engine.atomically(|tx| tx.set(&var, Counted::new(i, &alive)));
        assert!(alive.load(SeqCst) <= 66, "{alive:?} values after {i} commits");
    }
    settle(&engine, &alive, 1);
}

#[test]
fn a_panic_leaves_no_trace() {
    let engine = Engine::new();
    let (x, y) = (engine.tvar(1), engine.tvar(2));
    let panicked = catch_unwind(|| {
        engine.atomically(|tx| {
            tx.set(&x, 10)?;
            tx.set(&y, 20)?;
            if *tx.get(&x)? == 10 {
                std::panic::resume_unwind(Box::new("out"));
            }
            Ok(())
        })
    });
    assert_eq!(panicked.unwrap_err().downcast_ref(), Some(&"out"));
    assert_eq!((x.load(), y.load()), (1, 2));
    engine.atomically(|tx| tx.modify(&x, |n| n + 1));
    assert_eq!((x.load(), engine.stats().panics), (2, 1));
}

#[test]
fn a_body_that_swallows_a_conflict_cannot_commit() {
    let engine = Engine::new();
    let (x, y, out) = (engine.tvar(0), engine.tvar(0), engine.tvar(0));
    let disturbed = AtomicBool::new(false);
    let runs = AtomicUsize::new(0);
    engine.atomically(|tx| {
        runs.fetch_add(1, SeqCst);
        tx.set(&out, 1)?;
        let seen = *tx.get(&x)?;
        if !disturbed.swap(true, SeqCst) {
            thread::scope(|s| {
                s.spawn(|| {
                    engine.atomically(|tx| {
                        tx.set(&x, 1)?;
                        tx.set(&y, 1)
                    })
                });
            });
        }
        // The first time this is a conflict, which this body tries to hide.
        let other = tx.get(&y).copied().unwrap_or(-1);
        tx.set(&out, if seen == other { 2 } else { 3 }).or(Ok(()))
    });
    assert_eq!((out.load(), runs.load(SeqCst)), (2, 2));
}

#[test]
fn a_reader_falls_back_to_its_snapshot_and_does_not_abort() {
    let engine = Engine::new();
    let (x, y) = (engine.tvar(0), engine.tvar(0));
    let disturbed = AtomicBool::new(false);
    let pair = engine.atomically(|tx| {
        let first = *tx.get(&x)?;
        if !disturbed.swap(true, SeqCst) {
            for _ in 0..3 {
                thread::scope(|s| {
                    s.spawn(|| {
                        engine.atomically(|tx| tx.modify(&x, |n| n + 1).and(tx.modify(&y, |n| n + 1)))
                    });
                });
            }
        }
        Ok((first, *tx.get(&y)?))
    });
    assert_eq!(pair, (0, 0));
    let stats = engine.stats();
    assert_eq!((stats.aborts(), stats.fallbacks), (0, 1));
}

#[test]
fn a_snapshot_that_is_extended_is_real() {
    let engine = Engine::new();
    let (x, z, out) = (engine.tvar(1), engine.tvar(1), engine.tvar(0));
    let disturbed = AtomicBool::new(false);
    engine.atomically(|tx| {
        let first = *tx.get(&x)?;
        if !disturbed.swap(true, SeqCst) {
            thread::scope(|s| {
                s.spawn(|| engine.atomically(|tx| tx.set(&z, 2)));
            });
        }
        tx.set(&out, first + tx.get(&z)?)
    });
    assert_eq!(out.load(), 3);
    assert_eq!((engine.stats().aborts(), engine.stats().extensions), (0, 1));
}

#[test]
fn a_transaction_inside_another_is_refused_with_both_lines() {
    let engine = Engine::new();
    let n = engine.tvar(0);
    let outer = line!() + 1;
    let inner = engine.atomically(|_| Ok(engine.try_atomically(&Options::new(), |tx| tx.set(&n, 1))));
    let Err(error @ TxError::Nested { inner: refused, outer: open }) = &inner else { panic!("{inner:?}") };
    assert_eq!((refused.line(), open.line()), (outer, outer));
    assert!(error.to_string().contains("laws.rs"), "{error}");
    let panicked = catch_unwind(|| {
        engine.atomically(|_| {
            engine.atomically(|tx| tx.set(&n, 1));
            Ok(())
        });
    });
    assert!(panicked.unwrap_err().downcast_ref::<String>().unwrap().contains("is open on this thread"));
    assert_eq!(n.load(), 0);
    engine.atomically(|tx| tx.set(&n, 2));
    assert_eq!(n.load(), 2);
}

#[test]
fn a_variable_of_another_engine_is_refused() {
    let (here, there) = (Engine::new(), Engine::new());
    let (mine, foreign) = (here.tvar(0), there.labelled("foreign", 0));
    let refused = here.try_atomically(&Options::new(), |tx| {
        tx.set(&mine, 1)?;
        tx.get(&foreign).map(|_| ())
    });
    assert_eq!(
        refused.unwrap_err().to_string(),
        "a variable `foreign` belongs to another engine than the transaction"
    );
    // Swallowing it does not help.
    let swallowed = here.try_atomically(&Options::new(), |tx| {
        tx.set(&mine, 1)?;
        let _ = tx.set(&foreign, 1);
        Ok(())
    });
    assert!(matches!(swallowed, Err(TxError::ForeignEngine { variable: Some("foreign") })));
    assert!(catch_unwind(|| here.snapshot(|s| *s.get(&foreign))).is_err());
    assert_eq!((mine.load(), foreign.load()), (0, 0));
}

#[test]
fn limits_are_kept() {
    let engine = Engine::new();
    let (x, y) = (engine.tvar(0), engine.labelled("y", 0));
    let options = Options::new().max_attempts(3).label("unlucky");
    let lost = engine.try_atomically(&options, |tx| {
        tx.set(&x, *tx.get(&y)?)?;
        thread::scope(|s| {
            s.spawn(|| engine.atomically(|tx| tx.modify(&y, |n| n + 1)));
        });
        Ok(())
    });
    let Err(TxError::Attempts { attempts: 3, cause: Cause::StaleRead, variable, winner: Some(by), .. }) =
        lost
    else {
        panic!("{lost:?}")
    };
    assert_eq!((x.load(), y.load(), variable, by.file()), (0, 3, Some("y"), file!()));

    let start = Instant::now();
    let late = engine.try_atomically(&Options::new().deadline(Duration::from_millis(20)), |tx| {
        tx.get(&x)?;
        tx.retry::<()>()
    });
    assert!(matches!(late, Err(TxError::Deadline { waiting: true, .. })), "{late:?}");
    assert!(start.elapsed() >= Duration::from_millis(20));

    let forever = engine.try_atomically(&Options::new(), |tx| tx.retry::<()>());
    assert!(matches!(forever, Err(TxError::WaitsForever { .. })), "{forever:?}");
}

#[test]
fn retry_wakes_when_something_it_read_changes() {
    let engine = Engine::new();
    let (full, taken) = (engine.tvar(None), engine.tvar(0));
    let rounds = ROUNDS / 20;
    thread::scope(|s| {
        s.spawn(|| {
            for i in 1..=rounds {
                engine.atomically(|tx| match tx.get(&full)? {
                    None => tx.set(&full, Some(i)),
                    Some(_) => tx.retry(),
                });
            }
        });
        s.spawn(|| {
            for i in 1..=rounds {
                let got = engine.atomically(|tx| {
                    let Some(got) = *tx.get(&full)? else { return tx.retry() };
                    tx.set(&full, None)?;
                    tx.modify(&taken, |n| n + 1)?;
                    Ok(got)
                });
                assert_eq!(got, i);
            }
        });
    });
    assert_eq!((taken.load(), full.load()), (rounds, None));
}

#[test]
fn a_prepared_transaction_commits_only_while_current() {
    let engine = Engine::new();
    let (x, y) = (engine.labelled("x", 1), engine.tvar(0));
    let copy = || engine.prepare(|tx| tx.set(&y, *tx.get(&x)?)).unwrap();
    let (first, second) = (copy(), copy());
    assert_eq!(y.load(), 0);
    assert!(first.is_current());
    thread::scope(|s| s.spawn(move || first.commit().unwrap()).join().unwrap());
    assert_eq!(y.load(), 1);
    // Nobody changed x, and y was written without being read.
    second.commit().unwrap();
    let third = copy();
    engine.atomically(|tx| tx.set(&x, 5));
    assert!(!third.is_current());
    let stale = third.commit().unwrap_err();
    assert_eq!((stale.cause, stale.variable), (Cause::StaleRead, Some("x")));
    assert_eq!(y.load(), 1);
    // One that wrote nothing must be current too.
    let reader = engine.prepare(|tx| Ok(*tx.get(&x)?)).unwrap();
    let unlucky = engine.prepare(|tx| Ok(*tx.get(&x)?)).unwrap();
    assert!(reader.is_read_only());
    assert_eq!(reader.peek(), &5);
    assert_eq!(reader.commit(), Ok(5));
    engine.atomically(|tx| tx.set(&x, 6));
    assert!(unlucky.commit().is_err());
    let blocked = engine.prepare(|tx| if *tx.get(&x)? == 6 { tx.retry() } else { Ok(()) });
    assert!(matches!(blocked, Err(TxError::Blocked { .. })));
    drop(copy());
    let stats = engine.stats();
    assert_eq!((stats.prepared, stats.stale), (6, 2));
}

#[test]
fn what_a_prepared_transaction_needs_outlives_its_variables() {
    let alive = Arc::new(AtomicIsize::new(0));
    let engine = Engine::new();
    let var = engine.tvar(Counted::new(1, &alive));
    let kept = engine.prepare(|tx| {
        let value = tx.get(&var)?.0;
        tx.set(&var, Counted::new(value + 1, &alive))
    });
    // Many commits supersede what it read, and then the variable itself goes away.
    for i in 0..200 {
        engine.atomically(|tx| tx.set(&var, Counted::new(i, &alive)));
    }
    drop(var);
    engine.reclaim();
    assert!(alive.load(SeqCst) > 200, "its slot protects all that came after");
    assert!(kept.unwrap().commit().is_err());
    settle(&engine, &alive, 0);

    let var = engine.tvar(Counted::new(1, &alive));
    let orphan = engine.prepare(|tx| tx.set(&var, Counted::new(2, &alive))).unwrap();
    drop(var);
    engine.reclaim();
    orphan.commit().unwrap();
    settle(&engine, &alive, 0);
}

#[test]
fn destructors_may_run_transactions() {
    struct Noisy(TVar<u64>, Engine);
    impl Drop for Noisy {
        fn drop(&mut self) {
            self.1.atomically(|tx| tx.modify(&self.0, |n| n + 1));
        }
    }
    let engine = Engine::new();
    let drops = engine.tvar(0);
    let noisy = || Noisy(drops.clone(), engine.clone());
    let var = engine.tvar(noisy());
    for _ in 0..200 {
        // One is overwritten in the attempt, one superseded later.
        engine.atomically(|tx| {
            tx.set(&var, noisy())?;
            tx.set(&var, noisy())
        });
    }
    let failed = engine.try_atomically(&Options::new(), |tx| {
        tx.set(&var, noisy())?;
        tx.abort::<()>("rolled back")
    });
    assert!(failed.is_err());
    drop(var);
    engine.reclaim();
    assert_eq!(drops.load(), 402);
}

#[test]
fn a_panicking_destructor_is_contained() {
    struct Bomb(bool);
    impl Drop for Bomb {
        fn drop(&mut self) {
            if self.0 {
                std::panic::resume_unwind(Box::new("bomb"));
            }
        }
    }
    let engine = Engine::new();
    let var = engine.tvar(Bomb(true));
    for i in 0..100 {
        engine.atomically(|tx| {
            tx.set(&var, Bomb(i % 2 == 0))?;
            tx.set(&var, Bomb(true))
        });
    }
    drop(var);
    engine.reclaim();
    let n = engine.tvar(1);
    assert_eq!(engine.atomically(|tx| Ok(*tx.get(&n)?)), 1);
}

/// A list whose every link is a variable.
#[expect(dead_code, reason = "held for their destructors")]
struct Link(Option<TVar<Link>>, Counted);

fn chain(engine: &Engine, alive: &Arc<AtomicIsize>, length: u64) -> Option<TVar<Link>> {
    (0..length).fold(None, |next, i| Some(engine.tvar(Link(next, Counted::new(i, alive)))))
}

#[test]
fn a_long_chain_of_variables_is_dropped_without_deep_recursion() {
    let length = if cfg!(miri) { 100 } else { 200_000 };
    let alive = Arc::new(AtomicIsize::new(0));
    let engine = Engine::new();
    let list = chain(&engine, &alive, length);
    assert_eq!(alive.load(SeqCst), length as isize);
    drop(list);
    settle(&engine, &alive, 0);
}

#[test]
fn a_chain_dropped_while_the_thread_is_torn_down_is_freed_too() {
    thread_local! {
        static LAST: std::cell::RefCell<Option<(Engine, TVar<Link>)>> = const { std::cell::RefCell::new(None) };
    }
    let length = if cfg!(miri) { 50 } else { 100_000 };
    let alive = Arc::new(AtomicIsize::new(0));
    for first in [true, false] {
        let alive2 = Arc::clone(&alive);
        thread::spawn(move || {
            let engine = Engine::new();
            // Whichever thread-local is touched first is destroyed last, or the reverse: do both.
            if first {
                LAST.with(|_| ());
            }
            let list = chain(&engine, &alive2, length).unwrap();
            LAST.with(|last| *last.borrow_mut() = Some((engine, list)));
        })
        .join()
        .unwrap();
        assert_eq!(alive.load(SeqCst), 0, "touched first: {first}");
    }
}

#[test]
fn a_thread_that_exits_hands_over_what_a_reader_still_needs() {
    let alive = Arc::new(AtomicIsize::new(0));
    let engine = Engine::new();
    let vars: Vec<_> = (0..4).map(|i| engine.tvar(Counted::new(i, &alive))).collect();
    engine.snapshot(|s| {
        let before: Vec<_> = vars.iter().map(|v| s.get(v)).collect();
        thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..100 {
                    engine.atomically(|tx| vars.iter().try_for_each(|v| tx.set(v, Counted::new(77, &alive))));
                }
            });
        });
        assert_eq!(before.iter().map(|c| c.0).collect::<Vec<_>>(), [0, 1, 2, 3]);
        assert_eq!(vars.iter().map(|v| s.get(v).0).collect::<Vec<_>>(), [0, 1, 2, 3]);
    });
    settle(&engine, &alive, 4);
}

#[test]
fn references_into_overwritten_values_stay_good_until_the_body_ends() {
    let engine = Engine::new();
    let text = engine.tvar(String::from("a"));
    engine.atomically(|tx| {
        let a = tx.get(&text)?;
        tx.set(&text, "b".into())?;
        let b = tx.get(&text)?;
        tx.set(&text, "c".into())?;
        let c = tx.replace(&text, "d".into())?;
        assert_eq!([a, b, c].map(String::as_str), ["a", "b", "c"]);
        Ok(())
    });
    assert_eq!(text.load(), "d");
}

#[test]
fn large_transactions_find_their_own_writes() {
    let engine = Engine::new();
    let vars: Vec<_> = (0..300).map(|_| engine.tvar(0_usize)).collect();
    for round in 1..4 {
        engine.atomically(|tx| {
            for _ in 0..round {
                vars.iter().try_for_each(|v| tx.modify(v, |n| n + 1))?;
            }
            Ok(())
        });
    }
    assert!(vars.iter().all(|v| v.load() == 6));
}

#[test]
fn a_body_that_reads_one_variable_over_and_over_keeps_a_small_log() {
    let engine = Engine::new();
    let (x, y) = (engine.tvar(1), engine.tvar(2));
    let text = engine.atomically(|tx| {
        let mut sum = 0;
        for _ in 0..100_000 / if cfg!(miri) { 10 } else { 1 } {
            sum += tx.get(&x)? + tx.get(&y)?;
        }
        assert!(sum > 0);
        Ok(format!("{tx:?}"))
    });
    let reads: usize = text.split("reads: ").nth(1).unwrap().split(',').next().unwrap().parse().unwrap();
    assert!(reads <= 2048, "{text}");
}

#[test]
fn many_transactions_at_once_get_slots_of_their_own() {
    let engine = Engine::new();
    let n = engine.tvar(0);
    let kept: Vec<_> = (0..100).map(|_| engine.prepare(|tx| Ok(*tx.get(&n)?)).unwrap()).collect();
    assert!(kept.iter().all(|p| p.is_current()));
    engine.atomically(|tx| tx.set(&n, 1));
    assert!(kept.into_iter().all(|p| p.commit().is_err()));
}

#[test]
fn every_item_is_taken_once() {
    let engine = Engine::new();
    let items = engine.tvar((0..ROUNDS / 10).collect::<Vec<_>>());
    let taken = Mutex::new(HashSet::new());
    on_threads(|_| {
        let pop = || {
            engine.atomically(|tx| {
                let mut rest = tx.get(&items)?.clone();
                let item = rest.pop();
                tx.set(&items, rest)?;
                Ok(item)
            })
        };
        while let Some(item) = pop() {
            assert!(taken.lock().unwrap().insert(item), "{item} was taken twice");
        }
    });
    assert_eq!(taken.into_inner().unwrap().len(), ROUNDS / 10);
}

#[test]
fn a_long_update_gets_through_beside_short_ones() {
    let engine = Engine::new();
    let vars: Vec<_> = (0..4).map(|_| engine.tvar(0_u64)).collect();
    let done = AtomicBool::new(false);
    let attempts = AtomicUsize::new(0);
    thread::scope(|s| {
        for id in 0..THREADS - 1 {
            let (engine, vars, done) = (&engine, &vars, &done);
            s.spawn(move || {
                while !done.load(SeqCst) {
                    engine.atomically(|tx| tx.modify(&vars[id % 4], |n| n + 1));
                }
            });
        }
        let options = Options::new().irrevocable_after(8);
        let sum = engine.try_atomically(&options, |tx| {
            attempts.fetch_add(1, SeqCst);
            let mut sum = 0;
            for var in &vars {
                sum += tx.get(var)?;
                // Long beside the others, which would overtake it for ever.
                thread::sleep(Duration::from_millis(1));
            }
            tx.set(&vars[0], 0)?;
            Ok(sum)
        });
        done.store(true, SeqCst);
        assert!(sum.is_ok());
    });
    let attempts = attempts.into_inner();
    assert!(attempts <= 8 + 2 * THREADS, "{attempts} attempts");
}

#[test]
fn what_a_long_snapshot_holds_back_shows() {
    let engine = Engine::new();
    let x = engine.tvar(0_u64);
    engine.snapshot(|s| {
        assert_eq!(*s.get(&x), 0);
        let writer = thread::spawn({
            let (engine, x) = (engine.clone(), x.clone());
            move || {
                for n in 0..1_000 {
                    engine.atomically(|tx| tx.set(&x, n));
                }
                engine.reclaim();
                // Each version is a header of three words and a value.
                assert!(engine.stats().limbo_bytes >= 1_000 * 32, "{}", engine.stats().limbo_bytes);
            }
        });
        // A join waits for what the thread hands over, which the end of a scope does not.
        writer.join().unwrap();
        assert_eq!(*s.get(&x), 0);
    });
    engine.reclaim();
    assert_eq!(engine.stats().limbo_bytes, 0);
}
