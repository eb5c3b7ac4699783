//! What a script may not use: the constructs of Python outside the language, each with the words that name it.
//!
//! **Promise** lowering asks here about every statement and expression of the whole file, whether it would be reached
//! or not, so an unsupported construct is refused before anything runs and before any file is touched.

use crate::{
    fault::{Fault, Result, Span},
    source::Source,
};
use ruff_python_ast::{Expr, ModModule, Parameters, Stmt};
use ruff_text_size::{Ranged as _, TextSize};

/// Parses a script; the first syntax error in the order of the text is reported.
///
/// The tree lives as long as the process: dropping a very deep one would overflow the stack.
///
/// # Errors
/// A syntax error, at its place.
pub(crate) fn parse(source: &Source) -> Result<&'static ModModule> {
    let parsed = ruff_python_parser::parse_module(source.text());
    match parsed {
        Ok(parsed) => Ok(Box::leak(Box::new(parsed.into_syntax()))),
        Err(error) => {
            let text = error.error.to_string();
            let text = text.strip_prefix("SyntaxError: ").unwrap_or(&text);
            Err(Fault::refused(format!("invalid syntax: {}", lower_first(text))).at(error.location))
        }
    }
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) if !text.starts_with('`') => first.to_lowercase().chain(chars).collect(),
        _ => text.to_owned(),
    }
}

/// `what is not supported`, marked at `span`.
pub(crate) fn refuse(what: impl std::fmt::Display, span: Span) -> Fault {
    Fault::refused(format!("{what} not supported")).at(span)
}

/// Refuses a statement outside the language; its keyword is marked.
pub(crate) fn statement(stmt: &Stmt) -> Result<()> {
    let (keyword, what) = match stmt {
        Stmt::ClassDef(_) => ("class", "class definitions are"),
        Stmt::With(_) => ("with", "the with statement is"),
        Stmt::Match(_) => ("match", "the match statement is"),
        Stmt::Raise(_) => ("raise", "the raise statement is"),
        Stmt::Try(_) => ("try", "the try statement is"),
        Stmt::TypeAlias(_) => ("type", "the type statement is"),
        Stmt::Nonlocal(_) => ("nonlocal", "the nonlocal statement is"),
        Stmt::IpyEscapeCommand(_) => ("!", "an IPython command is"),
        Stmt::For(node) if node.is_async => ("async", "async code is"),
        Stmt::FunctionDef(node) if node.is_async => ("async", "async code is"),
        Stmt::FunctionDef(node) if !node.decorator_list.is_empty() => ("@", "a decorator is"),
        Stmt::FunctionDef(node) if node.type_params.is_some() => ("def", "a generic function is"),
        Stmt::FunctionDef(node) => return parameters(&node.parameters),
        _ => return Ok(()),
    };
    let start = stmt.range().start();
    Err(refuse(what, Span::new(start, start + TextSize::of(keyword))))
}

fn parameters(parameters: &Parameters) -> Result<()> {
    let (what, span) = if let Some(vararg) = &parameters.vararg {
        ("a parameter that takes any number of arguments (*args) is", vararg.range())
    } else if let Some(kwarg) = &parameters.kwarg {
        ("a parameter that takes any keyword (**kwargs) is", kwarg.range())
    } else if let Some(first) = parameters.kwonlyargs.first() {
        ("a keyword-only parameter is", first.range())
    } else if let Some(first) = parameters.posonlyargs.first() {
        ("a position-only parameter is", first.range())
    } else {
        return Ok(());
    };
    Err(refuse(what, span))
}

/// Refuses an expression outside the language; the whole of it is marked.
pub(crate) fn expression(expr: &Expr) -> Result<()> {
    let what = match expr {
        Expr::Named(_) => "an assignment inside an expression (:=) is",
        Expr::Lambda(_) => "lambda is",
        Expr::Dict(_) => "dicts are",
        Expr::Set(_) => "sets are",
        Expr::SetComp(_) => "set comprehensions are",
        Expr::DictComp(_) => "dict comprehensions are",
        Expr::Generator(_) => "generator expressions are",
        Expr::Await(_) => "await is",
        Expr::Yield(_) | Expr::YieldFrom(_) => "yield is",
        Expr::TString(_) => "t-strings are",
        Expr::BytesLiteral(_) => "bytes are",
        Expr::Starred(_) => "unpacking with * is",
        Expr::IpyEscapeCommand(_) => "an IPython command is",
        _ => return Ok(()),
    };
    Err(refuse(what, expr.range()))
}

/// Python's built-in functions that are not supported: a script that calls one deserves more than "not defined".
pub(crate) fn is_python_builtin(name: &str) -> bool {
    const NAMES: &str = " aiter all anext any ascii bin breakpoint bytearray bytes callable chr classmethod compile \
        complex delattr dict dir divmod eval exec filter format frozenset getattr globals hasattr hash help hex id input \
        isinstance issubclass iter locals map memoryview next object oct open ord pow property reversed set \
        setattr slice sorted staticmethod super type vars __import__ Exception ValueError RuntimeError TypeError exit \
        quit NotImplemented ";
    NAMES.split_whitespace().any(|known| known == name)
}
