//! Interleaved medians.

use std::collections::BTreeMap;
use std::fmt;
use std::hint::black_box;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::{Row, Unit};

/// A core that has idled needs some 45 ms to be as fast as it can be (measured: one expression 6.4 ms at first, 2.3 then), and
/// whoever comes after a rival in another process has idled. Shorter turns are taken, untimed, until this much time has passed.
const AWAKE: Duration = Duration::from_millis(60);

/// A turn is lost that lost more than this part of its time to the machine below; it is taken again, so many times at most.
const LOST: u32 = 20;
const MOST_AGAIN: u32 = 3;

/// What an id must contain for its contest to take place; all do unless said.
static ONLY: OnceLock<String> = OnceLock::new();

/// From now on only contests whose id contains `text` take place. The others give rows without a time, so that a suite still names
/// all that it has. To be said once, before the suite runs.
///
/// # Panics
/// When it was said before.
pub fn measure_only(text: &str) {
    assert!(ONLY.set(text.to_owned()).is_ok(), "said once");
}

/// Whether what has this id is to be measured.
pub fn is_wanted(id: &str) -> bool {
    ONLY.get().is_none_or(|text| id.contains(text))
}

/// How long `work` takes. Its result is made opaque, and dropped after the clock has stopped.
pub fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    let result = black_box(work());
    let time = start.elapsed();
    drop(result);
    time
}

/// Time in which this machine's processors could have run and the machine below ran somebody else, since it was started, in steps of
/// 10 ms. Always the same where nobody says.
fn stolen() -> Duration {
    let stat = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let ticks = stat.split_whitespace().nth(8).and_then(|ticks| ticks.parse().ok()).unwrap_or(0);
    Duration::from_millis(10 * ticks)
}

/// What a contestant's turns took.
#[derive(Default)]
struct Turns {
    whole: Vec<Duration>,
    lost: Vec<Duration>,
}

impl Turns {
    /// The median, of those that were not lost or of all.
    fn median(&mut self, whole: bool) -> Option<Duration> {
        if !whole {
            self.whole.append(&mut self.lost);
        }
        let middle = self.whole.len() / 2;
        (!self.whole.is_empty()).then(|| *self.whole.select_nth_unstable(middle).1)
    }
}

/// A named way to do the work; it prepares, then returns the [`timed`] part.
type Contestant<'a> = (String, Box<dyn FnMut() -> Duration + 'a>);

/// The same work done several ways, in turns.
///
/// ```
/// use txarray_benches::{Contest, Unit, timed};
/// let row = Contest::new("doc/sum/i64/1k", Unit::NsPerOp, 1000)
///     .ours(|| timed(|| (0..1000_i64).sum::<i64>()))
///     .rival("loop", || timed(|| { let mut s = 0; for i in 0..1000_i64 { s += i; } s }))
///     .run(3);
/// assert_eq!(row.rivals.len(), 1);
/// ```
pub struct Contest<'a> {
    id: String,
    unit: Unit,
    operations: usize,
    threads: usize,
    awake: Duration,
    /// It takes part in one of so many rounds.
    every: usize,
    contestants: Vec<Contestant<'a>>,
}

impl fmt::Debug for Contest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.contestants.iter().map(|(name, _)| name).collect();
        f.debug_struct("Contest").field("id", &self.id).field("contestants", &names).finish_non_exhaustive()
    }
}

impl<'a> Contest<'a> {
    /// A contest over `operations` operations for each turn.
    pub fn new(id: impl Into<String>, unit: Unit, operations: usize) -> Self {
        Self { id: id.into(), unit, operations, threads: 1, awake: AWAKE, every: 1, contestants: Vec::new() }
    }

    /// The threads that take part in each turn; 1 unless said.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// Keep the core busy for this long before each turn that is shorter; 60 ms unless said.
    #[must_use]
    pub fn awake(mut self, time: Duration) -> Self {
        self.awake = time;
        self
    }

    /// Take part in every `rounds`-th round only: for turns that are long enough for fewer of them to say as much. Each round unless said.
    ///
    /// # Panics
    /// When that is no round.
    #[must_use]
    pub fn every(mut self, rounds: usize) -> Self {
        assert!(rounds > 0, "a contest takes place");
        self.every = rounds;
        self
    }

    /// Our way. Called once.
    #[must_use]
    pub fn ours(mut self, turn: impl FnMut() -> Duration + 'a) -> Self {
        self.contestants.insert(0, (String::new(), Box::new(turn)));
        self
    }

    /// Whether it will take place: where not, rivals need not be asked what they know.
    pub fn is_wanted(&self) -> bool {
        is_wanted(&self.id)
    }

    /// A rival's way.
    #[must_use]
    pub fn rival(mut self, name: impl Into<String>, turn: impl FnMut() -> Duration + 'a) -> Self {
        self.contestants.push((name.into(), Box::new(turn)));
        self
    }

    /// One turn each to warm up, then `rounds` rounds; who begins moves on with each round. Before a short turn is timed, turns like
    /// it keep the core busy for a while. A turn during which a virtual machine was kept from its processors is taken again, up to
    /// three times: two threads of it have one core then, whoever's they are. Turns that stay so do not count, if every contestant has
    /// others in a third of the rounds.
    ///
    /// # Panics
    /// When [`ours`](Self::ours) was never called, or `rounds` is 0.
    pub fn run(self, rounds: usize) -> Row {
        Self::together(vec![self], rounds).remove(0)
    }

    /// Several contests in the same rounds, where rows are to be compared with each other.
    ///
    /// # Panics
    /// As [`run`](Self::run), for any of them.
    pub fn together(contests: Vec<Self>, rounds: usize) -> Vec<Row> {
        Self::those(contests, rounds, is_wanted, stolen)
    }

    /// Those whose id is `wanted` take place; a row comes of each.
    fn those(
        mut contests: Vec<Self>,
        rounds: usize,
        wanted: impl Fn(&str) -> bool,
        stolen: impl Fn() -> Duration,
    ) -> Vec<Row> {
        let has_ours = |contest: &Self| contest.contestants.first().is_some_and(|(name, _)| name.is_empty());
        assert!(rounds > 0 && contests.iter().all(has_ours), "ours is missing");
        let mut times: Vec<Vec<Turns>> =
            contests.iter().map(|c| c.contestants.iter().map(|_| Turns::default()).collect()).collect();
        // How long each took last. Its first turn, which may touch its memory for the first time, says little of the others.
        let mut latest: Vec<Vec<Duration>> = Vec::new();
        for contest in &mut contests {
            if !wanted(&contest.id) {
                contest.contestants.clear();
            }
            latest.push(contest.contestants.iter_mut().map(|(_, turn)| timed(turn)).collect());
        }
        for round in 0..rounds {
            let takes_part = |contest: &Self| round % contest.every == 0;
            let all = contests.iter_mut().zip(&mut times).zip(&mut latest);
            for ((contest, times), latest) in all.filter(|((contest, _), _)| takes_part(contest)) {
                let count = contest.contestants.len();
                for step in 0..count {
                    let index = (round / contest.every + step) % count;
                    let turn = &mut contest.contestants[index].1;
                    let mut lost = true;
                    for _ in 0..=MOST_AGAIN {
                        let (begun, before) = (Instant::now(), stolen());
                        while latest[index] < contest.awake && begun.elapsed() < contest.awake {
                            turn();
                        }
                        latest[index] = turn();
                        lost = stolen().saturating_sub(before) * LOST > begun.elapsed();
                        if !lost {
                            break;
                        }
                    }
                    let times = &mut times[index];
                    if lost { &mut times.lost } else { &mut times.whole }.push(latest[index]);
                }
            }
        }
        contests.into_iter().zip(&mut times).map(|(contest, times)| contest.row(rounds, times)).collect()
    }

    fn row(self, rounds: usize, times: &mut [Turns]) -> Row {
        let scale = self.unit.per_second() / self.operations as f64;
        // A contest that did not take place has no times, and no contestants left.
        // The same for all: who takes long turns loses more of them.
        let whole = times.iter().all(|t| t.whole.len() * 3 >= rounds.div_ceil(self.every));
        let mut medians = times.iter_mut().map_while(|t| Some(t.median(whole)?.as_secs_f64() * scale));
        let ours = medians.next().unwrap_or(f64::NAN);
        let names = self.contestants.iter().skip(1).map(|(name, _)| name.clone());
        let rivals: BTreeMap<_, _> = names.zip(medians).collect();
        Row { id: self.id, unit: self.unit, ours, rivals, threads: self.threads }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use super::*;

    /// As on a machine that has its processors for itself.
    fn undisturbed(contests: Vec<Contest<'_>>, rounds: usize) -> Vec<Row> {
        Contest::those(contests, rounds, |_| true, || Duration::ZERO)
    }

    #[test]
    fn turns_alternate_and_medians_forget_the_odd_one() {
        let log = RefCell::new(String::new());
        let turn = |name: char, times: &'static [u64]| {
            let (log, mut step) = (&log, 0);
            move || {
                log.borrow_mut().push(name);
                step += 1;
                Duration::from_nanos(times[step - 1])
            }
        };
        let contest = Contest::new("x", Unit::NsPerOp, 10)
            .awake(Duration::ZERO)
            .rival("b", turn('b', &[0, 40, 40, 40]))
            .ours(turn('a', &[0, 20, 9999, 20]));
        let row = undisturbed(vec![contest], 3).remove(0);
        assert_eq!(log.into_inner(), "ababbaab");
        assert_eq!((row.ours, row.rivals["b"]), (2.0, 4.0));
    }

    #[test]
    fn contests_run_together_take_turns_too() {
        let log = RefCell::new(String::new());
        let contest = |name: char| {
            let log = &log;
            Contest::new(name, Unit::NsPerOp, 1).awake(Duration::ZERO).ours(move || {
                log.borrow_mut().push(name);
                Duration::from_nanos(u64::from(name == 'b'))
            })
        };
        let rows = undisturbed(vec![contest('a'), contest('b')], 2);
        assert_eq!(log.take(), "ababab");
        assert_eq!((rows[0].ours, rows[1].ours), (0.0, 1.0));
    }

    #[test]
    fn who_takes_part_seldom_begins_in_turn_as_well() {
        let log = RefCell::new(String::new());
        let turn = |name: char| {
            let log = &log;
            move || {
                log.borrow_mut().push(name);
                Duration::from_nanos(1)
            }
        };
        let quick = |name| Contest::new("x", Unit::NsPerOp, 1).awake(Duration::ZERO).ours(turn(name));
        let seldom = quick('a').rival("b", turn('b')).every(2);
        undisturbed(vec![seldom, quick('c')], 4);
        assert_eq!(log.take(), "abc abc c bac c".replace(' ', ""));
    }

    #[test]
    fn a_short_turn_is_repeated_before_it_is_timed_and_a_long_one_is_not() {
        let turns = |turn: Duration| {
            let count = RefCell::new(0);
            let contest = Contest::new("x", Unit::NsPerOp, 1).awake(Duration::from_millis(20)).ours(|| {
                *count.borrow_mut() += 1;
                timed(|| std::thread::sleep(turn))
            });
            undisturbed(vec![contest], 1);
            count.into_inner()
        };
        assert!(turns(Duration::ZERO) > 3);
        assert_eq!(turns(Duration::from_millis(25)), 2);
    }

    #[test]
    fn turns_that_lost_their_processor_are_taken_again_and_count_where_somebody_has_no_others() {
        let (lost, turns) = (Cell::new(Duration::ZERO), Cell::new(0));
        let lose = || lost.set(lost.get() + Duration::from_secs(1));
        // Ours takes as many ns as it has had turns; the first is no round's, and those from the second to before `until` are lost.
        let run = |rounds: usize, until: u64, beside_a_loser: bool| {
            turns.set(0);
            let ours = || {
                turns.set(turns.get() + 1);
                if turns.get() > 1 && turns.get() < until {
                    lose();
                }
                Duration::from_nanos(turns.get())
            };
            let mut contest = Contest::new("x", Unit::NsPerOp, 1).awake(Duration::ZERO).ours(ours);
            if beside_a_loser {
                contest = contest.rival("loser", || {
                    lose();
                    Duration::from_nanos(3)
                });
            }
            Contest::those(vec![contest], rounds, |_| true, || lost.get()).remove(0)
        };
        let ours = |rounds, until| run(rounds, until, false).ours;
        assert_eq!([ours(1, 0), ours(1, 3), ours(1, 4), ours(1, 99)], [2.0, 3.0, 4.0, 5.0]);
        // Rounds of four lost turns come to nothing, unless they are more than two thirds.
        assert_eq!([ours(3, 6), ours(4, 10), ours(4, 14)], [7.0, 11.0, 13.0]);
        let row = run(3, 6, true);
        assert_eq!((row.ours, row.rivals["loser"]), (6.0, 3.0));
    }

    #[test]
    fn what_is_not_wanted_takes_no_turn_and_gives_a_row_without_a_time() {
        let log = RefCell::new(String::new());
        let contest = |name: char| {
            let log = &log;
            let turn = move || {
                log.borrow_mut().push(name);
                Duration::from_nanos(1)
            };
            Contest::new(format!("x/{name}"), Unit::NsPerOp, 1)
                .awake(Duration::ZERO)
                .ours(turn)
                .rival("r", turn)
        };
        let rows =
            Contest::those(vec![contest('a'), contest('b')], 2, |id| id.contains("/b"), || Duration::ZERO);
        assert_eq!(log.take(), "bbbbbb");
        assert!(rows[0].id == "x/a" && rows[0].ours.is_nan() && rows[0].rivals.is_empty());
        assert_eq!((rows[1].ours, rows[1].rivals["r"]), (1.0, 1.0));
    }

    #[test]
    fn a_row_has_the_agreed_form() {
        let row = Contest::new("x", Unit::UsPerOp, 1).threads(2).ours(|| Duration::from_micros(3)).run(1);
        let json = serde_json::to_string(&row).unwrap();
        assert_eq!(json, r#"{"id":"x","unit":"us/op","ours":3.0,"rivals":{},"threads":2}"#);
    }
}
