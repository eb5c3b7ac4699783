//! Models of reclamation: nobody reads what is freed, whoever frees it and whenever the reader came.
//!
//! Freeing a version writes its cells, which loom refuses while a read of them is not over: every model here
//! also fails by itself on a use after free. `Guarded` looks a second time, through the reference, as a body
//! does that keeps a `&T` for a while.
#![cfg(loom)]

mod model;

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use loom::cell::UnsafeCell;
use loom::thread;
use model::{Model, engine};
use stm_engine::{Engine, Mutant, TVar};

/// A value whose reads and whose end loom watches.
struct Guarded(UnsafeCell<u32>);

// SAFETY: shared for reading only; the write in `drop` is what loom checks.
unsafe impl Sync for Guarded {}

impl Guarded {
    fn new(n: u32) -> Self {
        Self(UnsafeCell::new(n))
    }

    fn look(&self) -> u32 {
        // SAFETY: loom refuses a concurrent write.
        self.0.with(|n| unsafe { *n })
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // SAFETY: loom refuses a concurrent read.
        self.0.with_mut(|n| unsafe { *n = u32::MAX });
    }
}

fn replace(engine: &Engine, var: &TVar<Guarded>, n: u32) {
    engine.atomically(|tx| tx.set(var, Guarded::new(n)));
}

/// Read twice through one reference, with a read of another variable between.
fn read_twice(engine: &Engine, var: &TVar<Guarded>, other: &TVar<u32>) {
    engine.atomically(|tx| {
        let value = tx.get(var)?;
        let before = value.look();
        tx.get(other)?;
        assert_eq!(value.look(), before);
        Ok(())
    });
}

#[test]
fn a_reader_keeps_the_version_it_reads() {
    Model::new("reclaim").mutants(&[Mutant::FreeAtOnce, Mutant::RelaxedIdle]).check(|| {
        let engine = engine();
        let (var, other) = (engine.tvar(Guarded::new(0)), engine.tvar(0));
        let reader = {
            let (engine, var) = (engine.clone(), var.clone());
            thread::spawn(move || read_twice(&engine, &var, &other))
        };
        replace(&engine, &var, 1);
        engine.reclaim();
        reader.join().unwrap();
    });
}

#[test]
fn a_slot_is_published_before_the_scan_or_the_reader_is_new() {
    Model::new("publication").mutants(&[Mutant::NoSlotFence, Mutant::SlotAfterClock]).check(|| {
        let engine = engine();
        let var = engine.tvar(Guarded::new(0));
        let reader = {
            let (engine, var) = (engine.clone(), var.clone());
            thread::spawn(move || {
                engine.snapshot(|s| s.get(&var).look());
            })
        };
        replace(&engine, &var, 1);
        engine.reclaim();
        reader.join().unwrap();
    });
}

#[test]
fn a_reader_in_a_new_chunk_of_slots_is_seen() {
    Model::new("slot_chunk_grows").mutants(&[Mutant::ScanFirstChunk, Mutant::NoSlotFence]).check(|| {
        let engine = engine();
        let var = engine.tvar(Guarded::new(0));
        // Two slots to a chunk: the main thread and these take the first, the reader needs a second.
        let taken = engine.prepare(|_| Ok(())).unwrap();
        let also_taken = engine.prepare(|_| Ok(())).unwrap();
        let reader = {
            let (engine, var) = (engine.clone(), var.clone());
            thread::spawn(move || {
                engine.snapshot(|s| s.get(&var).look());
            })
        };
        drop((taken, also_taken));
        replace(&engine, &var, 1);
        engine.reclaim();
        reader.join().unwrap();
    });
}

#[test]
fn a_slot_that_lingers_gives_way_unless_a_transaction_runs() {
    use Mutant::{EvictBusy, NoHeavy, NoLight, RelaxedIdle};
    Model::new("linger").mutants(&[NoLight, NoHeavy, EvictBusy, RelaxedIdle]).check(|| {
        let engine = engine().lingering();
        let var = engine.tvar(Guarded::new(0));
        let reader = {
            let (engine, var) = (engine.clone(), var.clone());
            thread::spawn(move || {
                engine.snapshot(|_| ());
                // Begins under the time of the first.
                engine.snapshot(|s| s.get(&var).look());
            })
        };
        replace(&engine, &var, 1);
        engine.reclaim();
        reader.join().unwrap();
    });
}

#[test]
fn a_slot_that_lingers_is_scanned_while_it_is_evicted() {
    Model::new("linger_scan").mutants(&[Mutant::TrustAsked]).check(|| {
        let engine = engine().lingering();
        let var = engine.tvar(Guarded::new(0));
        // Its frame changes hands.
        let prepared = engine.prepare(|_| Ok(())).unwrap();
        let reader = {
            let (engine, var) = (engine.clone(), var.clone());
            thread::spawn(move || {
                drop(prepared);
                // Begins under the time of the prepared one.
                engine.snapshot(|s| s.get(&var).look());
            })
        };
        let evicting = {
            let engine = engine.clone();
            thread::spawn(move || engine.evict())
        };
        replace(&engine, &var, 1);
        engine.reclaim();
        reader.join().unwrap();
        evicting.join().unwrap();
    });
}

#[test]
fn a_thread_that_exits_hands_over_what_is_still_read() {
    Model::new("exit").mutants(&[Mutant::ExitFreesLimbo]).check(|| {
        let engine = engine();
        let (var, other) = (engine.tvar(Guarded::new(0)), engine.tvar(0));
        let writer = {
            let (engine, var) = (engine.clone(), var.clone());
            // Its limbo is not full, so what it supersedes is still there when it exits.
            thread::spawn(move || replace(&engine, &var, 1))
        };
        read_twice(&engine, &var, &other);
        writer.join().unwrap();
        engine.reclaim();
    });
}

#[test]
fn a_variable_unlinked_beside_its_reader_stays() {
    Model::new("unlinked").mutants(&[Mutant::FreeAtOnce]).check(|| {
        let engine = engine();
        let inner = engine.tvar(Guarded::new(0));
        // The only handle is the value of another variable.
        let outer = engine.tvar(Some(inner));
        let reader = {
            let (engine, outer) = (engine.clone(), outer.clone());
            thread::spawn(move || {
                engine.atomically(|tx| {
                    if let Some(inner) = tx.get(&outer)? {
                        tx.get(inner)?.look();
                        tx.set(inner, Guarded::new(2))?;
                    }
                    Ok(())
                });
            })
        };
        engine.atomically(|tx| tx.set(&outer, None));
        engine.reclaim();
        reader.join().unwrap();
    });
}

/// Says when it has been dropped, without help from loom.
struct Flagged(Arc<AtomicBool>);

impl Drop for Flagged {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

#[test]
fn a_variable_outlives_the_logs_it_is_in() {
    Model::new("handle_dropped").mutants(&[Mutant::DropFreesCore]).check(|| {
        let engine = engine();
        let gone = Arc::new(AtomicBool::new(false));
        let (var, other) = (engine.tvar(Flagged(Arc::clone(&gone))), engine.tvar(0));
        let logger = {
            let (engine, mine, gone) = (engine.clone(), Mutex::new(Some(var.clone())), Arc::clone(&gone));
            thread::spawn(move || {
                engine.atomically(|tx| {
                    // The handle goes away in the middle of the body that has used it.
                    let Some(var) = mine.lock().unwrap().take() else { return Ok(()) };
                    tx.get(&var)?;
                    tx.set(&var, Flagged(Arc::default()))?;
                    drop(var);
                    tx.get(&other)?;
                    assert!(!gone.load(SeqCst), "freed while it is in a log");
                    Ok(())
                });
            })
        };
        drop(var);
        engine.reclaim();
        logger.join().unwrap();
    });
}
