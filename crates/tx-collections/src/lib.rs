#![doc = include_str!("../README.md")]
//!
//!
//! | module | subject |
//! |---|---|
//! | [`Grid`] | how a storage is cut into tiles |
//! | [`Storage`] | mutable identity; where the tiles live |
//! | [`Binding`] | what lazy expressions hold of a storage, and stay bound to |
//! | [`View`] | a storage through NumPy's offset, shape and strides; [`Whole`] all of it, in one word |
//! | [`TArray`] | an array of transactional tiles, for any thread |
//!
//! Nothing here decides when a statement runs or in which order.

mod binding;
pub mod fill;
mod grid;
mod storage;
pub mod tarray;
mod view;

pub use binding::Binding;
pub use grid::{Grid, TILE_ELEMS};
pub use storage::{Cells, Dropped, Home, Storage};
pub use tarray::TArray;
pub use view::{View, Whole};
