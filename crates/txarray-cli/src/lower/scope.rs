//! Which names a block binds, and the slots they live in.
//!
//! **Promise** Python's rule: a name that is bound anywhere in a `def` is local to the whole of it, any other name is
//! the module's. The walk does not enter nested functions.

use ruff_python_ast::{Expr, Stmt};
use std::{collections::HashMap, rc::Rc};

/// Names with their slot numbers, in order of first appearance.
#[derive(Debug, Default)]
pub(super) struct Names {
    slots: HashMap<Rc<str>, u32>,
    pub(super) list: Vec<Rc<str>>,
}

impl Names {
    pub(super) fn add(&mut self, name: &str) -> u32 {
        if let Some(&slot) = self.slots.get(name) {
            return slot;
        }
        let slot = self.hidden(name);
        self.slots.insert(self.list[slot as usize].clone(), slot);
        slot
    }

    /// A slot that the name does not lead to: a comprehension's own variable.
    pub(super) fn hidden(&mut self, name: &str) -> u32 {
        self.list.push(name.into());
        self.list.len() as u32 - 1
    }

    pub(super) fn get(&self, name: &str) -> Option<u32> {
        self.slots.get(name).copied()
    }
}

/// Calls `bind` for every name that assignments, loops and defs of `body` bind, and `global` for every name declared
/// global there. Imports are not reported: they are resolved when they are lowered.
pub(super) fn bindings<'a>(body: &'a [Stmt], bind: &mut dyn FnMut(&'a str), global: &mut dyn FnMut(&'a str)) {
    for stmt in body {
        match stmt {
            Stmt::Assign(node) => node.targets.iter().for_each(|target| names(target, bind)),
            Stmt::AugAssign(node) => names(&node.target, bind),
            Stmt::AnnAssign(node) => names(&node.target, bind),
            Stmt::Delete(node) => node.targets.iter().for_each(|target| names(target, bind)),
            Stmt::FunctionDef(node) => bind(node.name.as_str()),
            Stmt::Global(node) => node.names.iter().for_each(|name| global(name.as_str())),
            Stmt::For(node) => {
                names(&node.target, bind);
                bindings(&node.body, bind, global);
                bindings(&node.orelse, bind, global);
            }
            Stmt::While(node) => {
                bindings(&node.body, bind, global);
                bindings(&node.orelse, bind, global);
            }
            Stmt::If(node) => {
                bindings(&node.body, bind, global);
                node.elif_else_clauses.iter().for_each(|clause| bindings(&clause.body, bind, global));
            }
            _ => {}
        }
    }
}

/// The names of a target.
fn names<'a>(target: &'a Expr, bind: &mut dyn FnMut(&'a str)) {
    match target {
        Expr::Name(name) => bind(name.id.as_str()),
        Expr::Tuple(node) => node.elts.iter().for_each(|target| names(target, bind)),
        Expr::List(node) => node.elts.iter().for_each(|target| names(target, bind)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_binding_is_found_and_none_inside_a_def() {
        let text = "a = b = 1\nc += 1\n(d, [e]) = 1, [2]\nfor f in x:\n  g = 1\nelse:\n  h = 1\nwhile y:\n  i: int = 1\n\
                    if z:\n  j = 1\nelif z:\n  k = 1\nelse:\n  l = 1\ndef m(n):\n  o = 1\nx[0] = 1\n";
        let parsed = ruff_python_parser::parse_module(text).unwrap();
        let mut found = Names::default();
        bindings(
            parsed.suite(),
            &mut |name| {
                found.add(name);
            },
            &mut |_| {},
        );
        assert_eq!(found.list.iter().map(|name| &**name).collect::<String>(), "abcdefghijklm");
    }
}
