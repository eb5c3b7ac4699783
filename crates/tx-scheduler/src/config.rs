//! What a session is told before it starts: threads, order, window, tiles.
//!
//! Nothing here changes a bit of any result; it changes when and where work is done.

use array_core::{last_level_cache, level_two_cache};
use tx_collections::TILE_ELEMS;
use tx_runtime::budget::{Budget, BudgetError};

/// See [`Config::shared_effort`].
const SHARED_EFFORT: u64 = 50_000;
/// See [`Config::inline_effort`].
const INLINE_EFFORT: u64 = 25_000;

/// In which order ready tasks run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// Last enabled first, inside a window of statements: a tile is used again while it is in cache.
    #[default]
    Depth,
    /// One statement after the other, each over its whole array: what a library of array calls does.
    Breadth,
}

/// The settings of a [`Session`](crate::Session).
///
/// ```
/// use tx_scheduler::{Config, Order};
/// let config = Config::single_thread().order(Order::Breadth).tile_elems(1024);
/// assert_eq!(config.budget().threads(), 1);
/// ```
#[derive(Debug, Clone)]
pub struct Config {
    pub(crate) budget: Budget,
    pub(crate) order: Order,
    pub(crate) trace: bool,
    pub(crate) explain: bool,
    pub(crate) tile_elems: usize,
    pub(crate) window_bytes: usize,
    pub(crate) cache_bytes: usize,
    pub(crate) shared_effort: u64,
    pub(crate) inline_effort: u64,
    #[cfg(feature = "faults")]
    pub(crate) faults: crate::faults::Faults,
}

impl Config {
    /// The standard settings with a given thread budget.
    pub fn new(budget: Budget) -> Self {
        Self {
            budget,
            order: Order::default(),
            trace: false,
            explain: false,
            tile_elems: TILE_ELEMS,
            // The rest of the cache is for the task graph.
            window_bytes: level_two_cache().unwrap_or(1 << 20) / 4 * 3,
            cache_bytes: last_level_cache(),
            shared_effort: SHARED_EFFORT,
            inline_effort: INLINE_EFFORT,
            #[cfg(feature = "faults")]
            faults: crate::faults::Faults::default(),
        }
    }

    /// The thread budget of the environment: `TXARRAY_NUM_THREADS`, the batch scheduler's grant, the machine.
    ///
    /// # Errors
    /// A value of our own variables that cannot be understood.
    pub fn from_env() -> Result<Self, BudgetError> {
        Ok(Self::new(Budget::resolve(None)?))
    }

    /// One thread: the process starts no other.
    pub fn single_thread() -> Self {
        Self::new(Budget::single_thread())
    }

    /// Exactly `threads` threads, whatever the environment says.
    ///
    /// # Errors
    /// Zero, or more than 65535.
    pub fn threads(threads: usize) -> Result<Self, BudgetError> {
        Ok(Self::new(Budget::exactly(threads)?))
    }

    /// In which order ready tasks run.
    pub fn order(self, order: Order) -> Self {
        Self { order, ..self }
    }

    /// Keep one event for every task, for [`Session::write_trace`](crate::Session::write_trace).
    pub fn trace(self, on: bool) -> Self {
        Self { trace: on, ..self }
    }

    /// Keep what [`Session::explain`](crate::Session::explain) tells.
    pub fn explain(self, on: bool) -> Self {
        Self { explain: on, ..self }
    }

    /// Elements of a tile (at least 1). Small tiles serve tests; results never depend on it.
    pub fn tile_elems(self, elems: usize) -> Self {
        Self { tile_elems: elems.max(1), ..self }
    }

    /// How many bytes of tiles successive statements may keep alive at once before the oldest must finish; three
    /// quarters of the level-two cache unless set.
    pub fn window_bytes(self, bytes: usize) -> Self {
        Self { window_bytes: bytes, ..self }
    }

    /// Of a statement that writes more bytes than this, tiles that nobody has been recorded to read are written past the caches, where
    /// that is faster; the last-level cache ([`array_core::last_level_cache`], 32 MiB at most) unless set.
    ///
    /// ```
    /// use array_core::Array;
    /// use tx_scheduler::{Config, Session};
    /// let mut session = Session::new(Config::single_thread().cache_bytes(1 << 20)); // many sessions share the cache
    /// let u = session.array(Array::ones([1000]))?;
    /// assert_eq!(session.item(u.read().sum())?.to_string(), "1000.0");
    /// # Ok::<(), tx_scheduler::SessionError>(())
    /// ```
    pub fn cache_bytes(self, bytes: usize) -> Self {
        Self { cache_bytes: bytes, ..self }
    }

    /// Less work than this, in nanoseconds by the estimates of the plans ([`Plan::element_ps`](array_core::Plan::element_ps)), is
    /// done by the calling thread alone: waking another takes longer. 50 microseconds unless set. With 0 whatever becomes tasks is
    /// shared ([`inline_effort`](Self::inline_effort) says what does not).
    ///
    /// ```
    /// use tx_scheduler::{Config, Session};
    /// let session = Session::new(Config::threads(2)?.shared_effort(200_000)); // a machine on which threads wake slowly
    /// assert_eq!(session.report().tasks, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn shared_effort(self, ns: u64) -> Self {
        Self { shared_effort: ns, ..self }
    }

    /// A statement of at most this much work, in nanoseconds as above, is computed when it is recorded, if nothing that it touches
    /// has to be waited for and another thread had nothing to gain. 25 microseconds unless set: half of what is worth a thread.
    /// With 0 every statement that computes something becomes tasks.
    ///
    /// ```
    /// use array_core::Array;
    /// use tx_scheduler::{Config, Session};
    /// for (effort, tasks) in [(25_000, 0), (0, 2)] {
    ///     let mut session = Session::new(Config::single_thread().inline_effort(effort));
    ///     let u = session.array(Array::ones([100]))?;
    ///     session.assign(&u, u.read() * 2.0)?;
    ///     session.finish()?;
    ///     assert_eq!(session.report().tasks, tasks);
    /// }
    /// # Ok::<(), tx_scheduler::SessionError>(())
    /// ```
    pub fn inline_effort(self, ns: u64) -> Self {
        Self { inline_effort: ns, ..self }
    }

    /// Make mistakes on purpose.
    #[cfg(feature = "faults")]
    pub fn faults(self, faults: crate::faults::Faults) -> Self {
        Self { faults, ..self }
    }

    /// The thread budget.
    pub fn budget(&self) -> &Budget {
        &self.budget
    }
}
