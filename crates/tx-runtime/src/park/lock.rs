//! A mutex without poisoning and its condition variable: `parking_lot`'s in a build, loom's under the same signatures.

#[cfg(not(loom))]
pub use parking_lot::{Condvar, Mutex, MutexGuard, WaitTimeoutResult};

#[cfg(loom)]
pub use model::{Condvar, Mutex, MutexGuard, WaitTimeoutResult};

#[cfg(loom)]
mod model {
    use std::ops::{Deref, DerefMut};
    use std::time::Instant;

    use loom::sync as model;

    const HELD: &str = "the guard is held except inside a wait";

    /// loom's mutex under `parking_lot`'s signatures.
    #[derive(Debug, Default)]
    pub struct Mutex<T>(model::Mutex<T>);

    impl<T> Mutex<T> {
        /// A mutex holding `value`.
        pub fn new(value: T) -> Self {
            Self(model::Mutex::new(value))
        }

        /// Wait for the lock. A panic of an earlier holder poisons nothing.
        pub fn lock(&self) -> MutexGuard<'_, T> {
            MutexGuard(Some(self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)))
        }

        /// Take the lock if it is free.
        pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
            self.0.try_lock().ok().map(|guard| MutexGuard(Some(guard)))
        }
    }

    /// The lock, held.
    #[derive(Debug)]
    pub struct MutexGuard<'a, T>(Option<model::MutexGuard<'a, T>>);

    impl<T> Drop for MutexGuard<'_, T> {
        fn drop(&mut self) {
            // A model that deadlocks is unwound outside loom's scheduler, where giving a lock back panics once more.
            if std::thread::panicking() {
                std::mem::forget(self.0.take());
            }
        }
    }

    impl<T> Deref for MutexGuard<'_, T> {
        type Target = T;

        fn deref(&self) -> &T {
            self.0.as_ref().expect(HELD)
        }
    }

    impl<T> DerefMut for MutexGuard<'_, T> {
        fn deref_mut(&mut self) -> &mut T {
            self.0.as_mut().expect(HELD)
        }
    }

    /// loom's condition variable under `parking_lot`'s signatures.
    #[derive(Debug, Default)]
    pub struct Condvar(model::Condvar);

    impl Condvar {
        /// Nobody waits.
        pub fn new() -> Self {
            Self(model::Condvar::new())
        }

        /// Give the lock up and wait for a notification, then take it again.
        pub fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
            let held = guard.0.take().expect(HELD);
            guard.0 = Some(self.0.wait(held).unwrap_or_else(std::sync::PoisonError::into_inner));
        }

        /// In the model time is always over: return at once, still holding the lock.
        pub fn wait_until<T>(&self, _: &mut MutexGuard<'_, T>, _: Instant) -> WaitTimeoutResult {
            WaitTimeoutResult
        }

        /// Wake one that waits.
        pub fn notify_one(&self) {
            self.0.notify_one();
        }

        /// Wake all that wait.
        pub fn notify_all(&self) {
            self.0.notify_all();
        }
    }

    /// That the time was over.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct WaitTimeoutResult;

    impl WaitTimeoutResult {
        /// Always, in the model.
        pub fn timed_out(&self) -> bool {
            true
        }
    }
}
