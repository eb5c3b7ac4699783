//! From Python's syntax tree to the program the interpreter runs.
//!
//! **Promise** the whole file is lowered before anything runs: every construct outside the language, every name that
//! nothing binds, every member a module does not have and every wrong argument list of a function of ours is refused
//! here with its place. Names become slots, so that the interpreter never looks one up.

mod expr;
mod scope;
mod set;
mod stmt;

pub(crate) use set::Settings;

use crate::{
    builtins, check,
    fault::{Fault, Result, Span},
    ir::{Def, ExprKind, Program},
    modules::Module,
    numpy,
    source::Source,
    suggest::hint,
    value::Value,
};
use scope::Names;
use std::{collections::HashMap, rc::Rc};

/// Expressions and blocks may be nested this deep; CPython refuses deeper ones as well.
const MAX_DEPTH: usize = 200;

/// Lowers a script; `file` is what `__file__` says.
///
/// # Errors
/// Syntax errors and everything outside the language, at its place; a setting whose name is never assigned.
pub(crate) fn lower(source: &Source, file: &str, settings: Settings) -> Result<Program> {
    let module = check::parse(source)?;
    let mut lowerer = Lowerer { settings, ..Lowerer::default() };
    lowerer.constants.insert("__name__".into(), Value::str("__main__"));
    lowerer.constants.insert("__file__".into(), Value::str(file));
    let mut bound = Vec::new();
    let mut declared = Vec::new();
    scope::bindings(&module.body, &mut |name| bound.push(name), &mut |_| {});
    for stmt in &module.body {
        if let ruff_python_ast::Stmt::FunctionDef(def) = stmt {
            scope::bindings(&def.body, &mut |_| {}, &mut |name| declared.push(name));
        }
    }
    for name in bound.iter().chain(&declared) {
        lowerer.globals.add(name);
    }
    let body = lowerer.block(&module.body)?;
    lowerer.settings.all_used(&bound)?;
    let fallbacks =
        lowerer.globals.list.iter().map(|name| lowerer.constant(name).unwrap_or(Value::Unbound)).collect();
    Ok(Program { body, functions: lowerer.functions, fallbacks, globals: lowerer.globals.list })
}

#[derive(Default)]
struct Lowerer {
    globals: Names,
    /// Names that imports bind.
    constants: HashMap<Rc<str>, Value>,
    /// `from numpy import *` has been seen.
    star: bool,
    functions: Vec<Def>,
    /// The function being lowered.
    local: Option<Local>,
    /// Variables of the comprehensions around the current expression, innermost last.
    comprehensions: Vec<(Rc<str>, u32)>,
    settings: Settings,
    depth: usize,
    loops: usize,
}

/// The scope of a `def`.
#[derive(Default)]
struct Local {
    names: Names,
    /// Names declared `global`.
    global: Vec<String>,
}

impl Lowerer {
    /// Runs `f` one level deeper.
    fn deeper<T>(&mut self, span: Span, f: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth == MAX_DEPTH {
            return Err(
                Fault::refused(format!("this is nested too deeply: more than {MAX_DEPTH} levels")).at(span)
            );
        }
        self.depth += 1;
        let result = f(self);
        self.depth -= 1;
        result
    }

    /// What a name stands for.
    fn name(&self, name: &str, span: Span) -> Result<ExprKind> {
        if let Some((_, slot)) = self.comprehensions.iter().rev().find(|(known, _)| &**known == name) {
            return Ok(self.slot(*slot));
        }
        if let Some(local) = &self.local
            && let Some(slot) = local.names.get(name)
            && !local.global.iter().any(|global| global == name)
        {
            return Ok(ExprKind::Local(slot));
        }
        if let Some(slot) = self.globals.get(name) {
            return Ok(ExprKind::Global(slot));
        }
        if self.star && numpy::HIDDEN_BY_STAR.contains(&name) {
            return Err(check::refuse(
                format_args!("numpy.{name}, which 'from numpy import *' binds here, is"),
                span,
            ));
        }
        match self.constant(name) {
            Some(value) => Ok(ExprKind::Const(value)),
            None => Err(self.undefined(name, span)),
        }
    }

    /// A slot of the scope being lowered.
    fn slot(&self, slot: u32) -> ExprKind {
        if self.local.is_some() { ExprKind::Local(slot) } else { ExprKind::Global(slot) }
    }

    /// An imported or built-in name.
    fn constant(&self, name: &str) -> Option<Value> {
        self.constants.get(name).cloned().or_else(|| builtins::find(name))
    }

    fn undefined(&self, name: &str, span: Span) -> Fault {
        if check::is_python_builtin(name) {
            return check::refuse(format_args!("the built-in '{name}' is"), span);
        }
        let mut known: Vec<&str> = builtins::names().collect();
        known.extend(self.local.iter().flat_map(|local| &local.names.list).map(|name| &**name));
        known.extend(self.globals.list.iter().chain(self.constants.keys()).map(|name| &**name));
        let hint = hint(name, known);
        Fault::refused(format!("the name '{name}' is not defined anywhere in this file{hint}")).at(span)
    }

    /// A member of a module.
    fn member(module: Module, name: &str, span: Span) -> Result<Value> {
        module.member(name).ok_or_else(|| {
            let hint = hint(name, module.names());
            Fault::refused(format!("{}.{name} is not supported{hint}", module.name())).at(span)
        })
    }
}
