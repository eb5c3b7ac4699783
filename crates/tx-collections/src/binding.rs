//! Bindings: what lazy expressions hold of a storage, so that they keep the value they were built on although nothing was copied.
//!
//! A lazy leaf is a [`Binding`]; all leaves built between two writes share one. Before a storage is written its writer calls
//! [`Storage::take_binding`]: if an expression still holds the binding, the writer pins it to a snapshot (the
//! versions of before the write), otherwise nothing happens. So nobody is forced, and nobody pays who does not look back.
//!
//! **Invariants** L1: a storage links at most one binding, that of its present value. L2: it keeps it alive ([`Link::Kept`]) only
//! while there is a view: a binding holds its storage, and the last view to go cuts that ring.
//! **Why it is kept** a statement reads its operands through new leaves each time; making a binding and taking it apart is eight
//! locked instructions and two ways through the allocator, one that is there four.
//! **Orderings** the link is under a lock. `linked` is a hint to go past it: who must see a binding has it from its maker, or from
//! whoever that gave an expression to, and with it the store.

use std::any::Any;
use std::sync::{Arc, OnceLock, Weak};

use array_core::{DType, Source};
use tx_runtime::sync::Mutex;
use tx_runtime::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::storage::Storage;

/// What a lazy expression holds of a storage: its value as of when the expression was built.
#[derive(Debug)]
pub struct Binding {
    storage: Arc<Storage>,
    pinned: OnceLock<Arc<Storage>>,
}

impl Binding {
    /// The storage that holds the bound value: the one that was read, or the snapshot taken before it was written.
    #[inline]
    pub fn storage(&self) -> &Arc<Storage> {
        self.pinned.get().unwrap_or(&self.storage)
    }

    /// From now on the value is `snapshot`'s, which must equal the storage's at this moment.
    ///
    /// # Panics
    /// If it is pinned already: [`Storage::take_binding`] hands each binding out once. If the snapshot has another shape
    /// or type.
    pub fn pin(&self, snapshot: Arc<Storage>) {
        assert_eq!(snapshot.dtype(), self.storage.dtype(), "a snapshot has the type of its storage");
        assert_eq!(snapshot.shape(), self.storage.shape(), "a snapshot has the shape of its storage");
        self.pinned.set(snapshot).expect("a binding is pinned once");
    }

    /// Whether it shows the storage that was read, whatever is written there.
    fn is_live(&self) -> bool {
        self.pinned.get().is_none()
    }
}

impl Source for Binding {
    fn dtype(&self) -> DType {
        self.storage.dtype()
    }

    fn shape(&self) -> &[usize] {
        self.storage.shape()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The binding of a storage's present value (L1).
#[derive(Debug, Default)]
enum Link {
    /// None was made since the last write.
    #[default]
    None,
    /// For the next leaf, whether or not an expression holds it (L2).
    Kept(Arc<Binding>),
    /// For as long as an expression holds it.
    Loose(Weak<Binding>),
}

/// What a storage knows of the leaves that were built on it, and of its views.
#[derive(Debug, Default)]
pub(crate) struct Bindings {
    link: Mutex<Link>,
    /// Whether there is a link.
    linked: AtomicBool,
    views: AtomicUsize,
}

impl Bindings {
    /// Those of a new storage, which has a view already.
    pub(crate) fn of_one_view() -> Self {
        Self { views: AtomicUsize::new(1), ..Self::default() }
    }

    /// The binding of the present value of `storage`, whose bindings these are; kept for the next leaf if a view asks.
    pub(crate) fn bind(&self, storage: &Arc<Storage>, for_view: bool) -> Arc<Binding> {
        // Dropped after the lock is given back.
        let _old;
        let mut link = self.link.lock();
        match &*link {
            Link::Kept(binding) if binding.is_live() => return Arc::clone(binding),
            Link::Loose(binding) if let Some(binding) = binding.upgrade().filter(|b| b.is_live()) => {
                if for_view {
                    *link = Link::Kept(Arc::clone(&binding));
                }
                return binding;
            }
            _ => {}
        }
        let binding = Arc::new(Binding { storage: Arc::clone(storage), pinned: OnceLock::new() });
        let new =
            if for_view { Link::Kept(Arc::clone(&binding)) } else { Link::Loose(Arc::downgrade(&binding)) };
        _old = std::mem::replace(&mut *link, new);
        self.linked.store(true, Ordering::Relaxed);
        binding
    }

    /// Whether an expression holds the present value.
    pub(crate) fn is_bound(&self) -> bool {
        self.linked.load(Ordering::Relaxed)
            && match &*self.link.lock() {
                Link::None => false,
                Link::Kept(binding) => Arc::strong_count(binding) > 1,
                Link::Loose(binding) => binding.strong_count() > 0,
            }
    }

    /// The binding that expressions hold, if they do: from now on it is not that of the present value.
    pub(crate) fn take(&self) -> Option<Arc<Binding>> {
        if !self.linked.load(Ordering::Relaxed) {
            return None;
        }
        let mut link = self.link.lock();
        if let Link::Kept(binding) = &*link
            && Arc::strong_count(binding) == 1
        {
            // Nobody looks back: it will do for the value that comes. New holders come by the link only, which is locked.
            return None;
        }
        self.linked.store(false, Ordering::Relaxed);
        match std::mem::take(&mut *link) {
            Link::None => None,
            Link::Kept(binding) => Some(binding),
            Link::Loose(binding) => binding.upgrade(),
        }
        .filter(|binding| binding.is_live())
    }

    /// There is a view more.
    pub(crate) fn seen(&self) {
        // ORDER: Relaxed, whoever makes a view has the storage, and what it does there comes before its view goes.
        self.views.fetch_add(1, Ordering::Relaxed);
    }

    /// A view goes; the last lets go of the binding (L2).
    #[inline]
    pub(crate) fn unseen(&self) {
        // ORDER: AcqRel, the last one sees that others have linked a binding: only views keep one.
        if self.views.fetch_sub(1, Ordering::AcqRel) == 1 && self.linked.load(Ordering::Relaxed) {
            self.loosen();
        }
    }

    #[inline(never)]
    fn loosen(&self) {
        let _kept;
        let mut link = self.link.lock();
        if let Link::Kept(binding) = &*link {
            let loose = Link::Loose(Arc::downgrade(binding));
            _kept = std::mem::replace(&mut *link, loose);
        }
    }
}

#[cfg(test)]
mod tests {
    use array_core::{Array, s};

    use super::*;
    use crate::{TArray, View};

    fn view() -> View {
        TArray::new(&Array::zeros([10])).unwrap().view()
    }

    #[test]
    fn leaves_between_two_writes_share_a_binding_and_a_write_that_somebody_looks_behind_ends_it() {
        let u = view();
        let storage = u.storage();
        assert!(!storage.is_bound() && storage.take_binding().is_none());
        let (leaf, part) = (u.read(), u.at(s![3..]).read());
        let source = |array: &Array| Arc::as_ptr(array.as_source().unwrap().0).cast::<()>();
        assert_eq!(source(&leaf), source(&part));
        assert!(storage.is_bound());
        let taken = storage.take_binding().expect("two leaves hold it");
        assert!(storage.take_binding().is_none() && !storage.is_bound(), "each is handed out once");
        let next = u.read();
        assert_ne!(source(&next), source(&leaf));
        taken.pin(view().storage().clone());
        drop(next);
        // Kept for the next leaf, but nobody holds it: the writer need not care.
        assert!(!storage.is_bound() && storage.take_binding().is_none());
    }

    #[test]
    fn a_kept_binding_goes_with_the_last_view_and_one_that_is_held_stays() {
        let u = view();
        let gone = Arc::downgrade(u.storage());
        drop(u.read());
        let other = u.clone();
        drop(u);
        let leaf = other.at(s![2]).read();
        drop(other);
        let (source, _) = leaf.as_source().unwrap();
        let binding = (&**source as &dyn Any).downcast_ref::<Binding>().unwrap();
        // A view of what a leaf still holds finds the binding again, and lets go of it again.
        let again = View::whole(binding.storage().clone());
        assert!(again.storage().is_bound());
        drop((again.read(), again));
        assert_eq!(gone.strong_count(), 1, "the leaf's");
        drop(leaf);
        assert_eq!(gone.strong_count(), 0);
    }

    #[test]
    fn a_binding_that_a_stranger_pinned_is_nobodys_any_more() {
        let (u, other) = (view(), view());
        u.storage().bind().pin(other.storage().clone());
        let leaf = u.read();
        let (source, _) = leaf.as_source().unwrap();
        let binding = (&**source as &dyn Any).downcast_ref::<Binding>().unwrap();
        assert!(Arc::ptr_eq(binding.storage(), u.storage()));
        binding.pin(other.storage().clone());
        assert!(u.storage().take_binding().is_none());
    }

    #[test]
    fn views_that_come_and_go_on_many_threads_leave_nothing() {
        for _ in 0..200 {
            let u = view();
            let gone = Arc::downgrade(u.storage());
            std::thread::scope(|scope| {
                for _ in 0..3 {
                    let mine = u.clone();
                    scope.spawn(move || {
                        let leaf = mine.read();
                        drop(mine);
                        leaf
                    });
                }
                scope.spawn(move || drop(u.read()));
            });
            assert_eq!(gone.strong_count(), 0);
        }
    }
}
