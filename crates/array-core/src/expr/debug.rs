//! `Debug` of arrays: what there is, and what is still to be computed. Never evaluates.
//!
//! The pending graph is listed from its root, nearest operations first, every shared node once, under the number it was met
//! with. **Bounded** [`NODES`] operations are listed whatever hangs below, so a chain of a million prints as fast as one of a
//! hundred. **Deterministic** names follow the structure, never addresses.

use crate::{
    array::Array,
    display,
    error::Shape,
    expr::{Kind, Node},
};
use std::fmt;

/// Operations listed; arguments beyond them are three dots.
const NODES: usize = 24;
/// Shapes and positions may be arguments by the dozen; so many are written.
const ARGS: usize = 8;

/// Type and shape; then NumPy's text of data, or the graph of what is pending.
///
/// ```
/// use array_core::Array;
/// let a = Array::from_vec(vec![1.0, 2.0], [2]);
/// assert_eq!(
///     format!("{:?}", (&a + 1.0).sqrt()),
///     "Array { dtype: float64, shape: (2,), operations: 2, pending: \
///      [%0: float64 (2,) = sqrt(%1), %1: float64 (2,) = add(a, 1.0), a: float64 (2,) data] }"
/// );
/// assert_eq!(format!("{a:?}"), "Array { dtype: float64, shape: (2,), strides: [1], offset: 0, elements: [1. 2.] }");
/// ```
impl fmt::Debug for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Array");
        if let Some(error) = self.error() {
            return out.field("error", error).finish();
        }
        out.field("dtype", &format_args!("{}", self.dtype()))
            .field("shape", &format_args!("{}", Shape(self.shape())));
        match &self.0.kind {
            Kind::Const { value, .. } => {
                out.field("everywhere", &format_args!("{}", display::scalar_text(*value)))
            }
            Kind::Buffer { data, layout } => out
                .field("strides", &layout.strides)
                .field("offset", &layout.offset)
                .field("elements", &format_args!("{}", display::short_text(data, layout))),
            Kind::Source { data, layout } => {
                out.field("strides", &layout.strides).field("offset", &layout.offset).field("source", data)
            }
            _ => out.field("operations", &self.0.weight).field("pending", &Graph::of(self)),
        };
        out.finish()
    }
}

/// Operations and data by the names they are printed with.
struct Graph<'a> {
    operations: Vec<&'a Array>,
    data: Vec<&'a Array>,
}

impl<'a> Graph<'a> {
    /// Breadth first from the root.
    fn of(root: &'a Array) -> Graph<'a> {
        let mut graph = Graph { operations: vec![root], data: Vec::new() };
        let mut next = 0;
        while let Some(&node) = graph.operations.get(next) {
            next += 1;
            for arg in node.0.args().iter().take(ARGS) {
                let (list, limit) = match &arg.0.kind {
                    Kind::Const { .. } | Kind::Failed(_) => continue,
                    Kind::Buffer { .. } | Kind::Source { .. } => (&mut graph.data, usize::MAX),
                    _ => (&mut graph.operations, NODES),
                };
                if list.len() < limit && !list.iter().any(|known| same(known, arg)) {
                    list.push(arg);
                }
            }
        }
        graph
    }

    fn call(&self, node: &Node) -> String {
        let name = match &node.kind {
            Kind::Map { op, .. } => op.name().to_owned(),
            Kind::Reduce { op, .. } => format!("{}.reduce", op.name()),
            Kind::Whole { op, .. } => op.to_string(),
            _ => "reshape".to_owned(),
        };
        let mut words: Vec<String> = node.args().iter().take(ARGS).map(|arg| self.word(arg)).collect();
        if node.args().len() > ARGS {
            words.push("…".to_owned());
        }
        format!("{name}({})", words.join(", "))
    }

    fn word(&self, arg: &Array) -> String {
        if let Some(value) = arg.as_const() {
            return display::scalar_text(value);
        }
        if let Some(at) = self.operations.iter().position(|node| same(node, arg)) {
            return format!("%{at}");
        }
        match self.data.iter().position(|leaf| same(leaf, arg)) {
            Some(at) => letter(at),
            None => "…".to_owned(),
        }
    }
}

/// Whether two nodes are one, or two views of the same data that look alike.
fn same(a: &Array, b: &Array) -> bool {
    a.address() == b.address()
        || match (&a.0.kind, &b.0.kind) {
            (Kind::Buffer { data: a, layout: x }, Kind::Buffer { data: b, layout: y }) => a.same(b) && x == y,
            _ => false,
        }
}

/// `a`, `b`, … `z`, `x26`, …
fn letter(at: usize) -> String {
    match u8::try_from(at) {
        Ok(at @ ..26) => char::from(b'a' + at).into(),
        _ => format!("x{at}"),
    }
}

impl fmt::Debug for Graph<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = |array: &Array| format!("{} {}", array.dtype(), Shape(array.shape()));
        let mut list = f.debug_list();
        for (at, node) in self.operations.iter().enumerate() {
            list.entry(&format_args!("%{at}: {} = {}", head(node), self.call(&node.0)));
        }
        for (at, leaf) in self.data.iter().enumerate() {
            let kind = if leaf.is_evaluated() { "data" } else { "source" };
            list.entry(&format_args!("{}: {} {kind}", letter(at), head(leaf)));
        }
        list.finish()
    }
}
