//! Rounds of real threads, to find what models are too small for.
//!
//! A [`Scenario`] runs in *rounds*. A round is one short, self-contained experiment: it makes what it needs
//! from its seed, lets threads loose on it, and checks what must hold afterwards. The [`run`](mod@run) loop gives
//! every scenario an equal share of the time and starts rounds until the share is used up; a watchdog ends the
//! process when a round hangs. A failure names the scenario and the seed of the round, and that pair runs the
//! same round again (the interleaving is the machine's, so it may take a few).
//!
//! To add one: a file in `scenarios/` with `pub(crate) const SCENARIO`, a line in [`scenarios::ALL`].

pub mod history;
pub mod rng;
pub mod run;
pub mod scenario;
pub mod scenarios;
mod watchdog;

pub use rng::Rng;
pub use scenario::{Round, Scenario};

/// The Rust example of the README at the top, kept true by running it.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
