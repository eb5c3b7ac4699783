//! Closures that may run early, oldest first.
//!
//! A speculation is worth the more the newer its snapshot is. So whichever worker is free takes the oldest closure that waits:
//! of closures that seldom conflict hardly one is lost.
//! Last enabled first would take the newest, which lies as far ahead as the session looks.

use tx_runtime::oldest::Oldest;

/// The speculations that are ready, by the numbers of their tasks.
pub(crate) type Early = Oldest;
