//! Lazily evaluated, fused NumPy-style arrays.
//!
//! An [`Array`] is an immutable value with a run-time type and shape. Operators build expressions; evaluation compiles an
//! expression into one fused pass over cache-sized blocks ([`Plan`]) and runs it, so that no whole-array temporary is made. The
//! meaning is NumPy 2's: promotion, broadcasting, slices, pairwise sums, text.
//!
//! ```
//! use array_core::{s, Array};
//! let u = Array::from_vec((0..12).map(f64::from).collect(), [3, 4]);
//! let mean = (u.slice(s![..-2, 1..-1]) + u.slice(s![2.., 1..-1])) * 0.5;
//! assert_eq!(mean.to_string(), "[[5. 6.]]");
//! # Ok::<(), array_core::ArrayError>(())
//! ```
//!
//! **Promises**
//! - The same bits on every instruction set, thread count and tile size; multiplication and addition are never contracted, and
//!   no function of the platform's `libm` is used. Excepted: sign and payload of NaN.
//! - Safe functions are sound for any caller and never panic on data; what is wrong with an expression comes out of its
//!   evaluation as an [`ArrayError`] that names the source line.
//!
//! **Features** `ndarray`: `Array::from_ndarray`, `Array::from_arc_ndarray` and `Array::as_ndarray` share data with that crate
//! without a copy. Off by default.
//!
//! **Who else may evaluate** a scheduler that keeps arrays in tiles [`bind`]s an expression and runs its [`Plan`] over the
//! tiles it owns; see [`plan`].

mod array;
mod buffer;
mod caches;
mod cursor;
mod display;
mod dtype;
mod error;
mod eval;
mod expr;
pub mod functions;
mod held;
mod index;
mod kernels;
mod layout;
mod memory;
pub mod npy;
pub mod plan;
mod source;

pub use array::{Along, Array, Out, Term};
pub use buffer::{BlockPool, Buffer, SharedVec, TileBuf};
pub use caches::{last_level_cache, level_two_cache};
pub use cursor::{Cells, CellsMut, Elements, ElementsMut};
pub use dtype::{DType, Element, Kind, Scalar};
pub use error::ArrayError;
pub use eval::{AtPositions, Selection};
pub use expr::{Op, ReduceOp};
pub use index::{Index, Select};
pub use kernels::Isa;
pub use layout::{Dims, Layout, Strides, broadcast_shapes};
pub use memory::machine_memory;
pub use npy::{NpyError, read_npy, write_npy};
/// A complex number: the element type of `complex64` (`Complex<f32>`) and `complex128` arrays.
pub use num_complex::Complex;
pub use plan::{
    AxisPart, AxisReduction, Bound, Consts, Operand, OperandData, Partial, Plan, Scratch, TileMut, TileRef,
    bind, bind_axes, bind_for, finish_reduction, normalise, reduction_nodes, split_reductions,
};
pub use source::{Lend, Source};

/// The README's example runs as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
