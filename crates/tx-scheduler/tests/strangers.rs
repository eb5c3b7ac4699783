//! What safe code can hand to a session that no honest program would: it is refused, and no memory is touched.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use array_core::{Array, DType, Dims, Layout, Source, s};
use tx_collections::{Binding, Grid, Home, Storage, TArray, View};
use tx_scheduler::{Config, Session, SessionError};

/// A source that claims to be somebody else's leaf, of another type and shape.
#[derive(Debug)]
struct Liar(Arc<Binding>);

impl Source for Liar {
    fn dtype(&self) -> DType {
        DType::F64
    }

    fn shape(&self) -> &[usize] {
        &[4096]
    }

    fn as_any(&self) -> &dyn Any {
        &*self.0
    }
}

fn bytes(session: &mut Session) -> View {
    session.array(Array::full([16], 7_u8)).unwrap()
}

#[test]
fn a_source_that_poses_as_a_leaf_is_foreign() {
    let mut session = Session::new(Config::single_thread());
    let u = bytes(&mut session);
    let shared = TArray::new(&Array::zeros([4096])).unwrap().view();
    let lie = Array::from_source(Arc::new(Liar(u.storage().bind())));
    assert!(matches!(session.eval(&lie + 1.0), Err(SessionError::ForeignView)));
    assert!(matches!(session.eval(&lie), Err(SessionError::ForeignView)));
    assert!(matches!(session.item(lie.slice(s![4000])), Err(SessionError::ForeignView)));
    assert!(matches!(session.assign(&shared, &lie), Err(SessionError::ForeignView)));
    assert_eq!(session.eval(&u).unwrap().to_vec::<u8>().unwrap(), [7; 16]);
}

#[test]
fn a_storage_that_poses_as_a_sessions_is_foreign_and_frees_nothing() {
    let mut session = Session::new(Config::single_thread());
    let u = bytes(&mut session);
    let Home::Private { slot, dropped } = u.storage().home() else { panic!("a session's own") };
    let home = Home::Private { slot: *slot, dropped: dropped.clone() };
    let shape = Dims::from_slice(&[4096]);
    let forged = View::whole(Storage::new(DType::F64, shape.clone(), Grid::new(&shape, 8192), home));
    assert!(matches!(session.eval(&forged), Err(SessionError::ForeignView)));
    assert!(matches!(session.assign(forged.at(s![4000]), 1.0), Err(SessionError::ForeignView)));
    assert!(matches!(session.dynamic(&[&forged], |_| Ok(())), Err(SessionError::ForeignView)));
    drop(forged);
    let v = session.array(Array::zeros([4096])).unwrap();
    assert_eq!(session.eval(&u).unwrap().to_vec::<u8>().unwrap(), [7; 16]);
    assert_eq!(session.eval(v.read().sum()).unwrap().to_vec::<f64>().unwrap(), [0.0]);
}

#[test]
fn a_slot_that_is_given_back_twice_is_freed_once() {
    let mut session = Session::new(Config::single_thread());
    for _ in 0..3 {
        let u = bytes(&mut session);
        let Home::Private { slot, dropped } = u.storage().home() else { panic!("a session's own") };
        let home = Home::Private { slot: *slot, dropped: dropped.clone() };
        let grid = *u.storage().grid();
        drop((Storage::new(DType::U8, Dims::from_slice(&[16]), grid, home), u));
        let (v, w) = (bytes(&mut session), session.array(Array::zeros([16])).unwrap());
        session.assign(&w, v.read()).unwrap();
        assert_eq!(session.eval(&w).unwrap().to_vec::<f64>().unwrap(), [7.0; 16]);
    }
}

#[test]
fn a_leaf_is_not_pinned_to_another_type() {
    let mut session = Session::new(Config::single_thread());
    let (u, v) = (bytes(&mut session), session.array(Array::zeros([16])).unwrap());
    let leaf = v.storage().bind();
    let pinned = catch_unwind(AssertUnwindSafe(|| leaf.pin(u.storage().clone())));
    assert!(pinned.is_err());
    assert_eq!(session.eval(v.read() + 1.0).unwrap().to_vec::<f64>().unwrap(), [1.0; 16]);
}

#[test]
fn layouts_that_no_index_makes_are_no_views() {
    let storage = TArray::new(&Array::zeros([100])).unwrap().view().storage().clone();
    let far = isize::MAX / 2 + 1;
    let layout = |shape: &[usize], strides: &[isize], offset| Layout {
        shape: shape.into(),
        strides: strides.into(),
        offset,
    };
    for bad in [
        layout(&[4], &[1], 97),
        layout(&[4], &[1], -1),
        // Wraps round to 8.
        layout(&[5, 5], &[far, 2], 0),
        // More strides than axes: the last is the one that a kernel walks by.
        layout(&[10], &[1, 50], 0),
        layout(&[10], &[], 0),
        // Elements twice, or out of order: tiles of a statement's target must not overlap.
        layout(&[10], &[0], 0),
        layout(&[3, 3], &[1, 1], 0),
        layout(&[3, 2], &[2, 3], 0),
    ] {
        let storage = storage.clone();
        let made = catch_unwind(AssertUnwindSafe(|| View::new(storage, bad.clone())));
        assert!(made.is_err(), "{bad:?}");
    }
    for good in [
        layout(&[4, 5], &[-10, 2], 90),
        layout(&[5, 4], &[2, -10], 90),
        layout(&[1, 3, 1], &[0, 7, far], 3),
        layout(&[0, 3], &[0, 0], 500),
        layout(&[], &[], 99),
    ] {
        assert_eq!(View::new(storage.clone(), good.clone()).layout(), &good);
    }
}
