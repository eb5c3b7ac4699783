//! Worker indices are distinct and the caller of a run never oversleeps: explored by loom, with mistakes it must see.
#![cfg(loom)]

#[path = "support/model.rs"]
mod model;

// std's: a mutant that deadlocks is unwound outside the model, where loom's `Arc` panics again.
use std::sync::Arc;
use tx_runtime::slots::{
    Calls, CallsWeakness, Lounge, LoungeWeakness, Recruit, Roster, RosterWeakness, Slots, Weakness,
};
use tx_runtime::sync::atomic::{AtomicUsize, Ordering};
use tx_runtime::sync::{UnsafeCell, thread};

/// Slots with a cell each, which only the holder may touch.
struct Desks {
    slots: Slots,
    papers: Vec<UnsafeCell<usize>>,
}

// SAFETY: a cell is touched by the holder of its index only (S1), and holders follow each other; loom checks exactly that.
unsafe impl Sync for Desks {}

impl Desks {
    fn work(&self) -> usize {
        let Some(index) = self.slots.claim() else { return 0 };
        // SAFETY: this thread holds `index`.
        self.papers[index].with_mut(|paper| unsafe { *paper += 1 });
        self.slots.release(index);
        1
    }
}

/// `threads` threads work twice each at `desks` desks.
fn desks(weakness: Weakness, desks: usize, threads: usize) {
    let papers = (0..desks).map(|_| UnsafeCell::new(0)).collect();
    let desks = Arc::new(Desks { slots: Slots::new(desks).weakened(weakness), papers });
    let others: Vec<_> = (1..threads)
        .map(|_| {
            let desks = Arc::clone(&desks);
            thread::spawn(move || desks.work() + desks.work())
        })
        .collect();
    let mut done = desks.work() + desks.work();
    done += others.into_iter().map(|other| other.join().unwrap()).sum::<usize>();
    assert!(desks.slots.all_idle());
    // SAFETY: all threads have been joined.
    let papers: usize = desks.papers.iter().map(|paper| paper.with(|p| unsafe { *p })).sum();
    assert_eq!(papers, done, "nobody's work was overwritten");
    assert!(done >= threads.min(2), "a free index is found");
}

#[test]
fn an_index_has_one_holder_who_sees_the_last_holders_work() {
    model::holds("desks_2x2", || desks(Weakness::None, 2, 2));
    model::holds_among_three("desks_1x3", || desks(Weakness::None, 1, 3));
    model::fails("desks_2x2/torn_claim", || desks(Weakness::TornClaim, 2, 2));
    model::fails("desks_1x2/relaxed_release", || desks(Weakness::RelaxedRelease, 1, 2));
}

/// A run with `helpers` helpers, each of which tries once to get more hands.
struct Run {
    roster: Roster,
    /// Loops asked for, the first included.
    enlisted: AtomicUsize,
    /// Loops done, in a cell per worker.
    done: Vec<UnsafeCell<usize>>,
}

// SAFETY: a cell is touched by the worker of its index only, and by the caller after the run; loom checks exactly that.
unsafe impl Sync for Run {}

impl Run {
    fn labour(&self, index: usize) {
        // SAFETY: this thread is worker `index`.
        self.done[index].with_mut(|done| unsafe { *done += 1 });
    }

    /// A helper's loop; one that gets another helper's index runs that loop next, as a pool thread would.
    fn help(&self, mut index: usize) {
        for asks in [true, false] {
            self.labour(index);
            let next = if asks { self.roster.enlist() } else { None };
            if next.is_some() {
                self.enlisted.fetch_add(1, Ordering::Relaxed);
            }
            self.roster.leave(index);
            match next {
                Some(Recruit::Helper(next)) => index = next,
                _ => return,
            }
        }
    }
}

fn run(weakness: RosterWeakness, helpers: usize) {
    let run = Arc::new(Run {
        roster: Roster::new(helpers + 1).weakened(weakness),
        enlisted: AtomicUsize::new(helpers + 1),
        done: (0..=helpers).map(|_| UnsafeCell::new(0)).collect(),
    });
    run.roster.begin();
    for index in 1..=helpers {
        assert_eq!(run.roster.enlist(), Some(Recruit::Helper(index)));
    }
    let threads: Vec<_> = (1..=helpers)
        .map(|index| {
            let run = Arc::clone(&run);
            thread::spawn(move || run.help(index))
        })
        .collect();
    loop {
        run.labour(0);
        run.roster.leave(0);
        if !run.roster.wait_for_recall() {
            break;
        }
    }
    // The run is over by the roster's word alone; joining comes after the look.
    // SAFETY: all workers have left, and the caller has seen it.
    let done: usize = run.done.iter().map(|done| done.with(|d| unsafe { *d })).sum();
    assert_eq!(done, run.enlisted.load(Ordering::Relaxed), "every loop asked for was run, once");
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn the_caller_is_called_back_and_does_not_oversleep_the_end() {
    model::holds("run_1_helper", || run(RosterWeakness::None, 1));
    model::holds_among_three("run_2_helpers", || run(RosterWeakness::None, 2));
    model::fails("run_1_helper/silent_recall", || run(RosterWeakness::SilentRecall, 1));
    model::fails("run_1_helper/no_farewell", || run(RosterWeakness::NoFarewell, 1));
}

/// `helpers` helpers look twice each, while somebody hands over as many indices.
fn lounge(weakness: LoungeWeakness, helpers: usize) {
    let lounge = Arc::new(Lounge::new(helpers).weakened(weakness));
    let threads: Vec<_> = (0..helpers)
        .map(|_| {
            let lounge = Arc::clone(&lounge);
            thread::spawn(move || {
                // No yielding, so that the model lets it lose patience at any moment.
                let mut looks = 2;
                let patience = || {
                    looks -= 1;
                    looks > 0
                };
                usize::from(lounge.wait(patience).is_some())
            })
        })
        .collect();
    let handed = (0..helpers).filter(|&index| lounge.hand(index)).count();
    let taken: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
    assert_eq!(taken, handed, "who was handed an index takes it");
    assert!(!lounge.hand(0), "nobody waits any more");
}

#[test]
fn an_index_handed_over_is_taken_by_who_waits() {
    model::holds("lounge_1_helper", || lounge(LoungeWeakness::None, 1));
    model::holds_among_three("lounge_2_helpers", || lounge(LoungeWeakness::None, 2));
    model::fails("lounge_1_helper/broken_promise", || lounge(LoungeWeakness::BrokenPromise, 1));
    model::fails("lounge_1_helper/torn_promise", || lounge(LoungeWeakness::TornPromise, 1));
}

/// A helper that is called with index 1 and comes when it comes, for two runs whose caller does not wait for it.
struct Late {
    roster: Roster,
    lounge: Lounge,
    calls: Calls,
    /// What the run is about: written before it, read by the helper in it.
    subject: UnsafeCell<usize>,
}

// SAFETY: the cell is written between runs and read by holders of an index; loom checks exactly that.
unsafe impl Sync for Late {}

impl Late {
    /// The message has arrived; how many runs it came in time for.
    fn answer(&self) -> usize {
        if !self.calls.answer(1) {
            return 0;
        }
        // SAFETY: this thread holds index 1, so a run is under way.
        let subject = self.subject.with(|subject| unsafe { *subject });
        assert!(subject > 0, "the helper sees what it was called for");
        self.roster.leave(1);
        1
    }

    /// A helper that waits in the lounge, for two looks; how many runs it came in time for.
    fn wait(&self) -> usize {
        let mut looks = 2;
        let patience = || {
            looks -= 1;
            looks > 0
        };
        self.lounge.wait(patience).map_or(0, |index| {
            assert_eq!(index, 1);
            self.answer()
        })
    }
}

/// Two runs, with a helper that sleeps and, if `awake`, one that waits in the lounge.
fn late(weakness: CallsWeakness, awake: bool) {
    let late = Arc::new(Late {
        roster: Roster::new(2),
        lounge: Lounge::new(2),
        calls: Calls::new(2).weakened(weakness),
        subject: UnsafeCell::new(0),
    });
    let start = |helper: fn(&Late) -> usize| {
        let late = Arc::clone(&late);
        thread::spawn(move || helper(&late))
    };
    let mut helpers: Vec<_> = awake.then(|| start(Late::wait)).into_iter().collect();
    let mut called_off = 0;
    for run in 1..=2 {
        // SAFETY: nobody holds an index.
        late.subject.with_mut(|subject| unsafe { *subject = run });
        late.roster.begin();
        assert_eq!(late.roster.enlist(), Some(Recruit::Helper(1)));
        if late.calls.call(1) && !late.lounge.hand(1) {
            helpers.push(start(Late::answer));
        }
        if late.calls.call_off(1) {
            called_off += 1;
            late.roster.leave(1);
        }
        late.roster.leave(0);
        assert!(!late.roster.wait_for_recall(), "nobody called it back");
    }
    let answered: usize = helpers.into_iter().map(|helper| helper.join().unwrap()).sum();
    assert_eq!(answered + called_off, 2, "each call was answered or called off");
}

#[test]
fn a_call_is_answered_or_called_off_and_the_run_outlives_the_answer() {
    model::holds("late_helper", || late(CallsWeakness::None, false));
    model::holds_among_three("late_helper_awake", || late(CallsWeakness::None, true));
    model::fails("late_helper/torn_call_off", || late(CallsWeakness::TornCallOff, false));
    model::fails("late_helper/relaxed_call", || late(CallsWeakness::RelaxedCall, false));
}

/// An index that one thread has worked with and calls; another calls it off and works with it, unless it is answered before.
fn called_off_elsewhere(weakness: CallsWeakness) {
    struct Desk(Calls, UnsafeCell<usize>);
    // SAFETY: the cell is touched by who holds the index; loom checks exactly that.
    unsafe impl Sync for Desk {}

    let desk = Arc::new(Desk(Calls::new(1).weakened(weakness), UnsafeCell::new(0)));
    // Also the first point where loom may switch, whose making orders what comes before it for all threads.
    assert!(!desk.0.call_off(0), "nobody is called");
    // SAFETY: whoever works holds the index.
    let work = |desk: &Desk| desk.1.with_mut(|work| unsafe { *work += 1 });
    let others: [fn(&Calls) -> bool; 2] = [|calls| calls.call_off(0), |calls| calls.answer(0)];
    let others = others.map(|take| {
        let desk = Arc::clone(&desk);
        thread::spawn(move || {
            let mine = take(&desk.0);
            if mine {
                work(&desk);
            }
            usize::from(mine)
        })
    });
    work(&desk);
    desk.0.call(0);
    let taken: usize = others.into_iter().map(|other| other.join().unwrap()).sum();
    assert!(taken <= 1, "one takes it");
    // SAFETY: all threads have been joined.
    assert_eq!(desk.1.with(|work| unsafe { *work }), 1 + taken, "nobody's work was overwritten");
}

#[test]
fn who_calls_off_sees_what_the_last_holder_did() {
    model::holds_among_three("called_off_elsewhere", || called_off_elsewhere(CallsWeakness::None));
    model::fails("called_off_elsewhere/relaxed_call_off", || {
        called_off_elsewhere(CallsWeakness::RelaxedCallOff)
    });
    model::fails("called_off_elsewhere/torn_call_off", || called_off_elsewhere(CallsWeakness::TornCallOff));
}
