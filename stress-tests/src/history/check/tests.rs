//! Histories by hand: good ones, and one of each kind of bad one, a single step away from a good one.

use super::*;

fn r(var: usize, value: Value, time: Time) -> Step {
    Step::Read { var, value, time: Some(time) }
}

fn own(var: usize, value: Value) -> Step {
    Step::Read { var, value, time: None }
}

fn w(var: usize, value: Value) -> Step {
    Step::Write { var, value }
}

fn committed(after: Time, at: Time, before: Time, steps: &[Step]) -> Attempt {
    Attempt { after, before, steps: steps.to_vec(), end: End::Committed(at) }
}

fn aborted(after: Time, before: Time, steps: &[Step]) -> Attempt {
    Attempt { after, before, steps: steps.to_vec(), end: End::Aborted }
}

fn judge(attempts: &[Attempt], last: &[Value]) -> Result<(), Flaw> {
    check(&History { attempts: attempts.to_vec(), last: last.to_vec() })
}

/// Writes both variables, then both again.
fn two_writers() -> Vec<Attempt> {
    vec![
        committed(1, 2, 2, &[r(0, 0, 0), w(0, 10), w(1, 11)]),
        committed(2, 3, 3, &[r(0, 10, 2), w(0, 20), own(0, 20), w(1, 21)]),
    ]
}

fn with(more: Attempt) -> Result<(), Flaw> {
    let mut attempts = two_writers();
    attempts.push(more);
    judge(&attempts, &[20, 21])
}

#[test]
fn nothing_at_all_is_fine() {
    assert_eq!(judge(&[], &[0, 0]), Ok(()));
}

#[test]
fn a_serial_history_is_fine_in_whatever_order_it_is_told() {
    let mut attempts = two_writers();
    assert_eq!(judge(&attempts, &[20, 21]), Ok(()));
    attempts.reverse();
    assert_eq!(judge(&attempts, &[20, 21]), Ok(()));
}

#[test]
fn a_reader_may_see_any_moment_while_it_runs() {
    for (value, time) in [(0, 0), (10, 2), (20, 3)] {
        let other = if value == 0 { 0 } else { value + 1 };
        let steps = [r(0, value, time), r(1, other, time)];
        assert_eq!(with(aborted(1, 3, &steps)), Ok(()), "moment {time}");
        assert_eq!(with(committed(1, time.max(1), 3, &steps)), Ok(()), "moment {time}");
    }
}

#[test]
fn an_attempt_without_effect_may_have_written_anything() {
    assert_eq!(with(aborted(2, 3, &[w(0, 99), own(0, 99)])), Ok(()));
}

#[test]
fn a_view_of_two_moments_is_no_moment_also_in_one_that_lost() {
    let torn = [r(0, 10, 2), r(1, 21, 3)];
    assert_eq!(with(aborted(1, 3, &torn)), Err(Flaw::NoMoment { attempt: 2, var: 1 }));
    assert_eq!(with(committed(1, 3, 3, &torn)), Err(Flaw::NoMoment { attempt: 2, var: 1 }));
}

#[test]
fn the_past_before_it_began_is_no_moment_of_its_run() {
    // At 2 the first version was already gone.
    assert_eq!(with(aborted(2, 3, &[r(0, 0, 0)])), Err(Flaw::NoMoment { attempt: 2, var: 0 }));
}

#[test]
fn the_value_of_an_attempt_without_effect_is_seen_by_nobody() {
    let mut attempts = two_writers();
    attempts.push(aborted(1, 3, &[w(0, 99)]));
    attempts.push(aborted(1, 3, &[r(0, 99, 3)]));
    let dirty = Flaw::NoSuchVersion { attempt: 3, var: 0, value: 99 };
    assert_eq!(judge(&attempts, &[20, 21]), Err(dirty));
}

#[test]
fn a_value_overwritten_inside_its_own_transaction_is_seen_by_nobody() {
    let twice = committed(1, 2, 2, &[w(0, 5), w(0, 6)]);
    let peek = aborted(1, 2, &[r(0, 5, 2)]);
    let dirty = Flaw::NoSuchVersion { attempt: 1, var: 0, value: 5 };
    assert_eq!(judge(&[twice, peek], &[6]), Err(dirty));
}

#[test]
fn a_version_has_the_time_of_its_commit() {
    let flaw = Flaw::NoSuchVersion { attempt: 2, var: 0, value: 10 };
    assert_eq!(with(aborted(1, 3, &[r(0, 10, 3)])), Err(flaw));
}

#[test]
fn a_lost_update_is_not_serial() {
    // Both read the first version, both committed.
    let (a, b) = (committed(1, 2, 3, &[r(0, 0, 0), w(0, 10)]), committed(1, 3, 3, &[r(0, 0, 0), w(0, 20)]));
    let flaw = Flaw::NotSerial { attempt: 1, var: 0, read: 0, expected: 10 };
    assert_eq!(judge(&[a, b], &[20]), Err(flaw));
}

#[test]
fn a_write_skew_is_not_serial() {
    let (a, b) = (committed(1, 2, 3, &[r(0, 0, 0), w(1, 10)]), committed(1, 3, 3, &[r(1, 0, 0), w(0, 20)]));
    let flaw = Flaw::NotSerial { attempt: 1, var: 1, read: 0, expected: 10 };
    assert_eq!(judge(&[a, b], &[20, 10]), Err(flaw));
}

#[test]
fn a_read_only_commit_belongs_to_its_own_time() {
    let steps = [r(0, 10, 2), r(1, 11, 2)];
    assert_eq!(with(committed(1, 2, 3, &steps)), Ok(()));
    let flaw = Flaw::NotSerial { attempt: 2, var: 0, read: 10, expected: 20 };
    assert_eq!(with(committed(1, 3, 3, &steps)), Err(flaw));
}

#[test]
fn own_writes_are_read_and_only_those() {
    let flaw = Err(Flaw::NotOwn { attempt: 2, var: 0 });
    // The value of before its write; a wrong one; a stranger's for its own.
    assert_eq!(with(aborted(3, 3, &[w(0, 30), r(0, 20, 3)])), flaw);
    assert_eq!(with(aborted(3, 3, &[w(0, 30), w(0, 31), own(0, 30)])), flaw);
    assert_eq!(with(aborted(3, 3, &[own(0, 20)])), flaw);
}

#[test]
fn a_commit_happens_while_it_runs() {
    let before = committed(1, 1, 3, &[w(0, 30)]);
    assert_eq!(with(before), Err(Flaw::OutOfTime { attempt: 2, time: 1 }));
    let after = committed(3, 5, 4, &[w(0, 30)]);
    assert_eq!(with(after), Err(Flaw::OutOfTime { attempt: 2, time: 5 }));
    let read = committed(3, 2, 3, &[]);
    assert_eq!(with(read), Err(Flaw::OutOfTime { attempt: 2, time: 2 }));
}

#[test]
fn two_commits_have_two_times() {
    let again = committed(1, 3, 3, &[w(0, 30)]);
    assert_eq!(with(again), Err(Flaw::SameTime { attempt: 2, time: 3 }));
}

#[test]
fn the_last_value_is_the_last_writers() {
    let flaw = Flaw::LostAtTheEnd { var: 1, expected: 21 };
    assert_eq!(judge(&two_writers(), &[20, 11]), Err(flaw));
}
