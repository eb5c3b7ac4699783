//! The lowered program: what the interpreter runs.
//!
//! **Promise** every name is a slot number and every construct is one the interpreter knows; whatever could be refused
//! or resolved from the text alone has been. Each node keeps its span for messages.

use crate::{
    fault::Span,
    modules::Native,
    ops::{BinOp, CmpOp},
    value::Value,
};
use smallvec::SmallVec;
use std::rc::Rc;

/// A whole script.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) body: Vec<Stmt>,
    pub(crate) functions: Vec<Def>,
    /// Names of the module's variables by slot.
    pub(crate) globals: Vec<Rc<str>>,
    /// What a slot stands for before its first assignment: a built-in of the same name.
    pub(crate) fallbacks: Vec<Value>,
}

/// A function of the script.
#[derive(Debug)]
pub(crate) struct Def {
    pub(crate) name: Rc<str>,
    /// Parameters come first among the locals.
    pub(crate) params: usize,
    /// Names of the local variables by slot.
    pub(crate) locals: Vec<Rc<str>>,
    pub(crate) body: Vec<Stmt>,
}

#[derive(Debug)]
pub(crate) struct Stmt {
    pub(crate) span: Span,
    pub(crate) kind: StmtKind,
}

#[derive(Debug)]
pub(crate) enum StmtKind {
    Expr(Expr),
    /// `a = b = value`: targets from left to right.
    Assign(Vec<Target>, Expr),
    Augmented(Target, BinOp, Expr),
    /// `for target in iter: body else: orelse`.
    For {
        target: Target,
        iter: Expr,
        body: Vec<Stmt>,
        orelse: Vec<Stmt>,
    },
    While {
        test: Expr,
        body: Vec<Stmt>,
        orelse: Vec<Stmt>,
    },
    If {
        arms: Vec<(Expr, Vec<Stmt>)>,
        orelse: Vec<Stmt>,
    },
    /// `def`: makes the function value with its defaults and binds it.
    Def {
        function: usize,
        defaults: Vec<Expr>,
        target: Target,
    },
    Return(Option<Expr>),
    Break,
    Continue,
    Pass,
    Assert(Expr, Option<Expr>),
    Delete(Vec<Target>),
}

/// Where a value can be stored.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) span: Span,
    pub(crate) kind: TargetKind,
}

#[derive(Debug)]
pub(crate) enum TargetKind {
    Local(u32),
    Global(u32),
    Index(Box<(Expr, Subscript)>),
    Unpack(Vec<Target>),
}

#[derive(Debug)]
pub(crate) struct Expr {
    pub(crate) span: Span,
    pub(crate) kind: ExprKind,
}

#[derive(Debug)]
pub(crate) enum ExprKind {
    Const(Value),
    Local(u32),
    Global(u32),
    Unary(char, Box<Expr>),
    Not(Box<Expr>),
    Binary(BinOp, Box<(Expr, Expr)>),
    /// One comparison, by far the most frequent length of a chain.
    Compare(Comparison, Box<(Expr, Expr)>),
    Chain(Box<Expr>, Vec<(Comparison, Expr)>),
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Conditional(Box<(Expr, Expr, Expr)>),
    Tuple(Vec<Expr>),
    List(Vec<Expr>),
    /// `[element for target in iter if conditions]`.
    Comprehension(Box<Comprehension>),
    Format(Vec<Piece>),
    Attribute(Box<Expr>, &'static str),
    Index(Box<(Expr, Subscript)>),
    /// A call of a function of ours, its arguments matched to its parameters at compile time.
    Native(&'static Native, Vec<(usize, Expr)>),
    /// `receiver.method(…)`.
    Method(&'static Native, Box<Expr>, Vec<(usize, Expr)>),
    Call(Box<Call>),
}

/// A comparison operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Order(CmpOp),
    Is(bool),
    In(bool),
}

/// A call whose callee is known only at run time.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) callee: Expr,
    pub(crate) args: Vec<Expr>,
    pub(crate) keywords: Vec<(Rc<str>, Expr)>,
}

#[derive(Debug)]
pub(crate) struct Comprehension {
    pub(crate) element: Expr,
    pub(crate) loops: Vec<CompLoop>,
}

#[derive(Debug)]
pub(crate) struct CompLoop {
    pub(crate) target: Target,
    pub(crate) iter: Expr,
    pub(crate) conditions: Vec<Expr>,
}

/// What stands between the brackets of `a[…]`.
#[derive(Debug)]
pub(crate) struct Subscript {
    pub(crate) items: SmallVec<[Item; 2]>,
    /// Written with a comma, so that `a[i,]` is a tuple.
    pub(crate) tuple: bool,
}

#[derive(Debug)]
pub(crate) enum Item {
    Value(Expr),
    Slice(Box<[Option<Expr>; 3]>),
}

/// A part of an f-string.
#[derive(Debug)]
pub(crate) enum Piece {
    Text(Rc<str>),
    /// `{value!r:spec}`; the specification may hold fields itself.
    Field {
        value: Expr,
        repr: bool,
        spec: Vec<Piece>,
    },
}
