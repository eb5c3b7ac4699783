//! Statements.

use super::{Function, Interp};
use crate::{
    arrays,
    fault::{Fault, Located as _, Result, Span, fail},
    ir::{Expr, Stmt, StmtKind, Target, TargetKind},
    iter::{self, Iter},
    ops::BinOp,
    value::Value,
};
use std::rc::Rc;

/// How a block ended.
#[derive(Debug)]
pub(super) enum Flow {
    Next,
    Break,
    Continue,
    Return(Value),
}

impl<'p> Interp<'p> {
    pub(super) fn module(&mut self) -> Result<()> {
        let program = self.program;
        self.block(&program.body).map(|_| ())
    }

    pub(super) fn block(&mut self, body: &'p [Stmt]) -> Result<Flow> {
        for stmt in body {
            self.engine.enter(stmt.span);
            match self.statement(stmt) {
                Ok(Flow::Next) => {}
                Ok(flow) => return Ok(flow),
                Err(fault) => return Err(fault.at(stmt.span)),
            }
        }
        Ok(Flow::Next)
    }

    fn statement(&mut self, stmt: &'p Stmt) -> Result<Flow> {
        match &stmt.kind {
            StmtKind::Expr(expr) => {
                self.eval(expr)?;
            }
            StmtKind::Assign(targets, value) => {
                let value = self.eval(value)?;
                match &targets[..] {
                    [target] => self.store(target, value)?,
                    targets => {
                        // All of them name the same object.
                        let value = self.bind(value)?;
                        for target in targets {
                            self.store(target, value.clone())?;
                        }
                    }
                }
            }
            StmtKind::Augmented(target, op, value) => self.augmented(target, *op, value)?,
            StmtKind::For { target, iter, body, orelse } => {
                let over = self.eval(iter)?;
                let over = self.bind(over)?;
                let items = Iter::over(&over).at(iter.span)?;
                self.loops += 1;
                let flow = self.rounds(stmt.span, target, iter.span, items, body);
                self.loops -= 1;
                if self.loops == 0 {
                    self.main_loop.set(None);
                }
                return match flow? {
                    Flow::Next => self.block(orelse),
                    Flow::Break => Ok(Flow::Next),
                    flow => Ok(flow),
                };
            }
            StmtKind::While { test, body, orelse } => {
                self.loops += 1;
                let flow = self.repeat(stmt.span, test, body);
                self.loops -= 1;
                return match flow? {
                    Flow::Next => self.block(orelse),
                    Flow::Break => Ok(Flow::Next),
                    flow => Ok(flow),
                };
            }
            StmtKind::If { arms, orelse } => {
                for (test, body) in arms {
                    if self.test(test)? {
                        return self.block(body);
                    }
                }
                return self.block(orelse);
            }
            StmtKind::Def { function, defaults, target } => {
                let defaults =
                    defaults.iter().map(|default| self.bound(default)).collect::<Result<Vec<_>>>()?;
                let function = Function::new(&self.program.functions, *function, defaults);
                self.store(target, Value::Function(Rc::new(function)))?;
            }
            StmtKind::Return(value) => {
                return Ok(Flow::Return(match value {
                    Some(value) => self.bound(value)?,
                    None => Value::None,
                }));
            }
            StmtKind::Break => return Ok(Flow::Break),
            StmtKind::Continue => return Ok(Flow::Continue),
            StmtKind::Pass => {}
            StmtKind::Assert(test, message) => {
                if !self.test(test)? {
                    let text = match message {
                        Some(message) => {
                            let value = self.eval(message)?;
                            format!("assertion failed: {}", self.str(&value)?)
                        }
                        None => "assertion failed".into(),
                    };
                    return Err(Fault::failed(text).at(test.span));
                }
            }
            StmtKind::Delete(targets) => {
                for target in targets {
                    let name = match target.kind {
                        TargetKind::Local(slot) => &mut self.stack[self.base + slot as usize],
                        TargetKind::Global(slot) => &mut self.globals[slot as usize],
                        _ => continue,
                    };
                    if matches!(std::mem::replace(name, Value::Unbound), Value::Unbound) {
                        return Err(self.unbound(&target.kind).at(target.span));
                    }
                }
            }
        }
        Ok(Flow::Next)
    }

    /// The rounds of a `for` loop: `Next` when the items ran out.
    fn rounds(
        &mut self,
        span: Span,
        target: &'p Target,
        at: Span,
        mut items: Iter,
        body: &'p [Stmt],
    ) -> Result<Flow> {
        while let Some(item) = items.next().at(at)? {
            if self.loops == 1
                && let Iter::Range { at, len, .. } = &items
            {
                self.main_loop.set(Some((*at as u64, *len as u64)));
            }
            self.store(target, item)?;
            match self.block(body)? {
                Flow::Next | Flow::Continue => {}
                flow => return Ok(flow),
            }
            self.engine.enter(span);
        }
        Ok(Flow::Next)
    }

    /// The rounds of a `while` loop: `Next` when its test failed.
    fn repeat(&mut self, span: Span, test: &'p Expr, body: &'p [Stmt]) -> Result<Flow> {
        while self.test(test)? {
            match self.block(body)? {
                Flow::Next | Flow::Continue => {}
                flow => return Ok(flow),
            }
            self.engine.enter(span);
        }
        Ok(Flow::Next)
    }

    /// An expression's value as a condition.
    pub(super) fn test(&mut self, test: &'p Expr) -> Result<bool> {
        match self.eval(test)? {
            Value::Bool(b) => Ok(b),
            value => self.truth(&value).at(test.span),
        }
    }

    /// An expression's value with an identity.
    pub(super) fn bound(&mut self, expr: &'p Expr) -> Result<Value> {
        let value = self.eval(expr)?;
        self.bind(value).at(expr.span)
    }

    /// Stores a value: a name gets an identity, several targets share out the items.
    pub(super) fn store(&mut self, target: &'p Target, value: Value) -> Result<()> {
        match &target.kind {
            TargetKind::Local(slot) => {
                let value = self.bind(value)?;
                self.stack[self.base + *slot as usize] = value;
            }
            TargetKind::Global(slot) => {
                let value = self.bind(value)?;
                self.globals[*slot as usize] = value;
            }
            TargetKind::Index(pair) => {
                let container = self.eval(&pair.0)?;
                let keys = self.keys(&pair.1)?;
                self.set_item(&container, &keys, value).at(target.span)?;
            }
            TargetKind::Unpack(targets) => {
                let value = self.bind(value)?;
                let items = iter::collect(&value).at(target.span)?;
                if items.len() != targets.len() {
                    let fault =
                        format!("cannot unpack {} values into {} targets", items.len(), targets.len());
                    return Err(Fault::failed(fault).at(target.span));
                }
                for (target, item) in targets.iter().zip(items) {
                    self.store(target, item)?;
                }
            }
        }
        Ok(())
    }

    /// `target op= value`: an array changes in its storage, a list grows, anything else is assigned anew.
    fn augmented(&mut self, target: &'p Target, op: BinOp, value: &'p Expr) -> Result<()> {
        match &target.kind {
            TargetKind::Local(_) | TargetKind::Global(_) => {
                let old = self.load(&target.kind).at(target.span)?;
                let value = self.eval(value)?;
                if let Some(new) = self.changed(&old, op, value)? {
                    self.store(target, new)?;
                }
            }
            TargetKind::Index(pair) => {
                let container = self.eval(&pair.0)?;
                let keys = self.keys(&pair.1)?;
                if let Value::Array(array) = &container
                    && let Some(items) = self.full_index(&keys).at(target.span)?
                {
                    return self.changed_at(array, &items, op, value).at(target.span);
                }
                let old = self.get_item(&container, &keys).at(target.span)?;
                let value = self.eval(value)?;
                if let Some(new) = self.changed(&old, op, value)? {
                    self.set_item(&container, &keys, new).at(target.span)?;
                }
            }
            TargetKind::Unpack(_) => fail!("an augmented assignment has one target"),
        }
        Ok(())
    }

    /// `old op= value` in place where Python does so; otherwise the new value to store.
    fn changed(&mut self, old: &Value, op: BinOp, value: Value) -> Result<Option<Value>> {
        match old {
            Value::Array(array) if !array.is_scalar() => {
                let Some(view) = array.as_view() else { fail!("this array has no storage to change") };
                let result = arrays::in_place(self, op, old, &value)?;
                self.engine.assign(view, result)?;
                Ok(None)
            }
            Value::List(items) if op == BinOp::Add => {
                let new = iter::collect(&value)?;
                items.borrow_mut().extend(new);
                Ok(None)
            }
            _ => self.binary(op, old, &value).map(Some),
        }
    }

    /// The value of a variable.
    pub(super) fn load(&self, variable: &TargetKind) -> Result<Value> {
        let value = match *variable {
            TargetKind::Local(slot) => &self.stack[self.base + slot as usize],
            TargetKind::Global(slot) => &self.globals[slot as usize],
            _ => fail!("not a variable"),
        };
        match value {
            Value::Unbound => Err(self.unbound(variable)),
            value => Ok(value.clone()),
        }
    }

    /// The error for a variable that has no value.
    #[cold]
    pub(super) fn unbound(&self, variable: &TargetKind) -> Fault {
        match *variable {
            TargetKind::Local(slot) => {
                let name = self.running.map_or("", |def| &def.locals[slot as usize]);
                Fault::failed(format!("the local variable '{name}' has no value yet"))
            }
            TargetKind::Global(slot) => {
                let name = &self.program.globals[slot as usize];
                Fault::failed(format!("the name '{name}' is not defined"))
            }
            _ => Fault::failed("the name is not defined"),
        }
    }
}
