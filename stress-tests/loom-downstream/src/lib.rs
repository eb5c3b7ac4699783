//! A small library on top of `stm-engine`, as its users write them, with models of its own (tests/loom_downstream.rs).
//!
//! Everything takes the [`Engine`] it works in: so a model can make a fresh one for each execution, and a program can
//! hand in `Engine::global()`.

use std::sync::Arc;

use stm_engine::{Engine, TVar};

/// Move an amount, if it is there.
///
/// ```
/// use stm_engine::Engine;
/// let engine = Engine::new();
/// let (a, b) = (engine.tvar(5), engine.tvar(0));
/// assert!(loom_downstream::transfer(&engine, &a, &b, 3));
/// assert!(!loom_downstream::transfer(&engine, &a, &b, 3));
/// assert_eq!((a.load(), b.load()), (2, 3));
/// ```
pub fn transfer(engine: &Engine, from: &TVar<u64>, to: &TVar<u64>, amount: u64) -> bool {
    engine.atomically(|tx| {
        let Some(rest) = tx.get(from)?.checked_sub(amount) else { return Ok(false) };
        tx.set(from, rest)?;
        tx.modify(to, |x| x + amount)?;
        Ok(true)
    })
}

/// A value that the first who wants it computes, outside of any transaction, while the others wait.
#[derive(Debug)]
pub struct Once<T: Send + Sync + 'static> {
    state: TVar<State<T>>,
}

#[derive(Debug)]
enum State<T> {
    Empty,
    /// Somebody computes it.
    Claimed,
    Ready(Arc<T>),
}

impl<T: Send + Sync + 'static> Once<T> {
    /// Not computed yet.
    pub fn new(engine: &Engine) -> Self {
        Self { state: engine.tvar(State::Empty) }
    }

    /// The value; computed here by `init` if nobody has, or is about to.
    ///
    /// ```
    /// use stm_engine::Engine;
    /// let engine = Engine::new();
    /// let once = loom_downstream::Once::new(&engine);
    /// assert_eq!(*once.get_or_init(&engine, || 7), 7);
    /// assert_eq!(*once.get_or_init(&engine, || unreachable!()), 7);
    /// ```
    ///
    /// # Panics
    /// When `init` does; the next caller then computes it.
    pub fn get_or_init(&self, engine: &Engine, init: impl FnOnce() -> T) -> Arc<T> {
        let claimed_or_ready = engine.atomically(|tx| match tx.get(&self.state)? {
            State::Ready(value) => Ok(Some(Arc::clone(value))),
            State::Claimed => tx.retry(),
            State::Empty => tx.set(&self.state, State::Claimed).map(|()| None),
        });
        claimed_or_ready.unwrap_or_else(|| {
            let claim = Claim { engine, state: &self.state };
            let value = Arc::new(init());
            std::mem::forget(claim);
            engine.atomically(|tx| tx.set(&self.state, State::Ready(Arc::clone(&value))));
            value
        })
    }
}

/// Gives the claim back when `init` panics.
struct Claim<'a, T: Send + Sync + 'static> {
    engine: &'a Engine,
    state: &'a TVar<State<T>>,
}

impl<T: Send + Sync + 'static> Drop for Claim<'_, T> {
    fn drop(&mut self) {
        self.engine.atomically(|tx| tx.set(self.state, State::Empty));
    }
}
