//! Statements.

use super::{Local, Lowerer, scope};
use crate::{
    check,
    fault::{Fault, Located as _, Result, Span},
    ir::{Def, Expr, ExprKind, Stmt, StmtKind, Target, TargetKind},
    modules::Module,
    ops::BinOp,
    value::Value,
};
use ruff_python_ast::{self as ast, Operator};
use ruff_text_size::{Ranged as _, TextSize};

impl Lowerer {
    /// A block of statements, one level deeper than what it stands in.
    pub(super) fn block(&mut self, body: &[ast::Stmt]) -> Result<Vec<Stmt>> {
        let mut out = Vec::with_capacity(body.len());
        for stmt in body {
            let span = stmt.range();
            check::statement(stmt)?;
            if let Some(kind) = self.deeper(span, |this| this.statement(stmt))? {
                out.push(Stmt { span, kind });
            }
        }
        Ok(out)
    }

    /// One statement; `None` when nothing is left of it to run.
    fn statement(&mut self, stmt: &ast::Stmt) -> Result<Option<StmtKind>> {
        Ok(Some(match stmt {
            ast::Stmt::Expr(node) if node.value.is_string_literal_expr() => return Ok(None),
            ast::Stmt::Expr(node) => StmtKind::Expr(self.expr(&node.value)?),
            ast::Stmt::Assign(node) => {
                let replaced = match (&*node.targets, &self.local) {
                    ([ast::Expr::Name(name)], None) => self.settings.replace(&name.id),
                    _ => None,
                };
                let value = match replaced {
                    // Lowered all the same: the script's own default has to be valid.
                    Some(value) => self.expr(&node.value).map(|default| literal(value, default.span))?,
                    None => self.expr(&node.value)?,
                };
                let targets = node.targets.iter().map(|target| self.target(target)).collect::<Result<_>>()?;
                StmtKind::Assign(targets, value)
            }
            ast::Stmt::AnnAssign(node) => match &node.value {
                None => return Ok(None),
                Some(value) => {
                    let value = self.expr(value)?;
                    StmtKind::Assign(vec![self.target(&node.target)?], value)
                }
            },
            ast::Stmt::AugAssign(node) => {
                let target = self.target(&node.target)?;
                if matches!(target.kind, TargetKind::Unpack(_)) {
                    return Err(check::refuse("an augmented assignment to several targets is", target.span));
                }
                StmtKind::Augmented(target, operator(node.op, node.range())?, self.expr(&node.value)?)
            }
            ast::Stmt::For(node) => {
                let iter = self.expr(&node.iter)?;
                let target = self.target(&node.target)?;
                self.loops += 1;
                let body = self.block(&node.body);
                self.loops -= 1;
                StmtKind::For { target, iter, body: body?, orelse: self.block(&node.orelse)? }
            }
            ast::Stmt::While(node) => {
                let test = self.expr(&node.test)?;
                self.loops += 1;
                let body = self.block(&node.body);
                self.loops -= 1;
                StmtKind::While { test, body: body?, orelse: self.block(&node.orelse)? }
            }
            ast::Stmt::If(node) => {
                let mut arms = vec![(self.expr(&node.test)?, self.block(&node.body)?)];
                let mut orelse = Vec::new();
                for clause in &node.elif_else_clauses {
                    let body = self.block(&clause.body)?;
                    match &clause.test {
                        Some(test) => arms.push((self.expr(test)?, body)),
                        None => orelse = body,
                    }
                }
                StmtKind::If { arms, orelse }
            }
            ast::Stmt::FunctionDef(node) => self.def(node)?,
            ast::Stmt::Return(node) => {
                if self.local.is_none() {
                    return Err(Fault::refused("'return' outside a def").at(node.range()));
                }
                StmtKind::Return(node.value.as_ref().map(|value| self.expr(value)).transpose()?)
            }
            ast::Stmt::Break(node) if self.loops == 0 => {
                return Err(Fault::refused("'break' outside a loop").at(node.range()));
            }
            ast::Stmt::Continue(node) if self.loops == 0 => {
                return Err(Fault::refused("'continue' outside a loop").at(node.range()));
            }
            ast::Stmt::Break(_) => StmtKind::Break,
            ast::Stmt::Continue(_) => StmtKind::Continue,
            ast::Stmt::Pass(_) => StmtKind::Pass,
            ast::Stmt::Assert(node) => {
                let message = node.msg.as_ref().map(|message| self.expr(message)).transpose()?;
                StmtKind::Assert(self.expr(&node.test)?, message)
            }
            ast::Stmt::Delete(node) => {
                if let Some(target) = node.targets.iter().find(|target| !target.is_name_expr()) {
                    return Err(check::refuse("deleting anything but a name is", target.range()));
                }
                StmtKind::Delete(
                    node.targets.iter().map(|target| self.target(target)).collect::<Result<_>>()?,
                )
            }
            ast::Stmt::Import(node) => {
                for alias in &node.names {
                    self.import(alias)?;
                }
                return Ok(None);
            }
            ast::Stmt::ImportFrom(node) => {
                self.import_from(node)?;
                return Ok(None);
            }
            ast::Stmt::Global(node) if self.local.is_none() => {
                return Err(Fault::refused("'global' outside a def").at(node.range()));
            }
            ast::Stmt::Global(_) => return Ok(None),
            other => return Err(check::refuse("this statement is", other.range())),
        }))
    }

    pub(super) fn target(&mut self, target: &ast::Expr) -> Result<Target> {
        let span = target.range();
        let kind = match target {
            ast::Expr::Name(name) => match self.name(&name.id, span)? {
                ExprKind::Local(slot) => TargetKind::Local(slot),
                ExprKind::Global(slot) => TargetKind::Global(slot),
                _ => return Err(Fault::refused(format!("cannot assign to '{}'", name.id)).at(span)),
            },
            ast::Expr::Tuple(node) => TargetKind::Unpack(self.targets(&node.elts)?),
            ast::Expr::List(node) => TargetKind::Unpack(self.targets(&node.elts)?),
            ast::Expr::Subscript(node) => {
                TargetKind::Index(Box::new((self.expr(&node.value)?, self.subscript(&node.slice)?)))
            }
            ast::Expr::Attribute(_) => return Err(check::refuse("assigning to an attribute is", span)),
            other => {
                check::expression(other)?;
                return Err(check::refuse("this target of an assignment is", span));
            }
        };
        Ok(Target { span, kind })
    }

    fn targets(&mut self, targets: &[ast::Expr]) -> Result<Vec<Target>> {
        targets.iter().map(|target| self.target(target)).collect()
    }

    fn def(&mut self, node: &ast::StmtFunctionDef) -> Result<StmtKind> {
        let keyword = Span::new(node.range().start(), node.range().start() + TextSize::of("def"));
        if self.local.is_some() {
            return Err(check::refuse("a def inside a def is", keyword));
        }
        let mut local = Local::default();
        let mut defaults = Vec::new();
        for parameter in &node.parameters.args {
            let name = parameter.parameter.name.as_str();
            if local.names.get(name).is_some() {
                let fault = Fault::refused(format!("the parameter '{name}' appears twice"));
                return Err(fault.at(parameter.range()));
            }
            local.names.add(name);
            // The parser has made sure that parameters with defaults come last.
            if let Some(default) = &parameter.default {
                defaults.push(self.expr(default)?);
            }
        }
        let params = local.names.list.len();
        let mut bound = Vec::new();
        scope::bindings(&node.body, &mut |name| bound.push(name), &mut |name| {
            local.global.push(name.to_owned())
        });
        for name in &local.global {
            self.globals.add(name);
        }
        for name in bound.into_iter().filter(|name| !local.global.iter().any(|global| global == name)) {
            local.names.add(name);
        }
        if let Some(name) = local.global.iter().find(|name| local.names.get(name).is_some()) {
            return Err(Fault::refused(format!("'{name}' is a parameter and global")).at(keyword));
        }
        let target = {
            let name = ast::Expr::Name(ast::ExprName {
                node_index: ast::AtomicNodeIndex::NONE,
                range: node.name.range(),
                id: node.name.id.clone(),
                ctx: ast::ExprContext::Store,
            });
            self.target(&name)?
        };
        self.local = Some(local);
        let loops = std::mem::take(&mut self.loops);
        let body = self.block(&node.body);
        self.loops = loops;
        let local = self.local.take().unwrap_or_default();
        self.functions.push(Def {
            name: node.name.as_str().into(),
            params,
            locals: local.names.list,
            body: body?,
        });
        Ok(StmtKind::Def { function: self.functions.len() - 1, defaults, target })
    }

    fn import(&mut self, alias: &ast::Alias) -> Result<()> {
        self.at_module_level(alias.range())?;
        let module = Module::find(&alias.name).map_err(refused).at(alias.range())?;
        match &alias.asname {
            Some(name) => self.bind_import(name.as_str(), Value::Module(module), alias.range()),
            // `import os.path` binds `os`.
            None if module == Module::OsPath => {
                self.bind_import("os", Value::Module(Module::Os), alias.range())
            }
            None => self.bind_import(module.name(), Value::Module(module), alias.range()),
        }
    }

    fn import_from(&mut self, node: &ast::StmtImportFrom) -> Result<()> {
        self.at_module_level(node.range())?;
        let name = node.module.as_ref().map_or("", |module| module.as_str());
        if node.level > 0 {
            return Err(check::refuse("a relative import is", node.range()));
        }
        if name == "__future__" {
            return Ok(());
        }
        let span = node.module.as_ref().map_or(node.range(), |module| module.range());
        let module = Module::find(name).map_err(refused).at(span)?;
        for alias in &node.names {
            if alias.name.as_str() == "*" {
                self.star |= module == Module::Numpy;
                for name in module.names() {
                    self.bind_import(name, Self::member(module, name, alias.range())?, alias.range())?;
                }
                continue;
            }
            let value = Self::member(module, &alias.name, alias.range())?;
            let name = alias.asname.as_ref().unwrap_or(&alias.name);
            self.bind_import(name, value, alias.range())?;
        }
        Ok(())
    }

    fn at_module_level(&self, span: Span) -> Result<()> {
        match self.local {
            None => Ok(()),
            Some(_) => Err(check::refuse("an import inside a def is", span)),
        }
    }

    fn bind_import(&mut self, name: &str, value: Value, span: Span) -> Result<()> {
        if matches!(value, Value::Module(_)) && self.globals.get(name).is_some() {
            let fault = Fault::refused(format!(
                "'{name}' names a module here and is assigned elsewhere in this file"
            ));
            return Err(fault.at(span));
        }
        self.constants.insert(name.into(), value);
        Ok(())
    }
}

/// An error of our own tables, found before the run.
pub(super) fn refused(fault: Fault) -> Fault {
    let out = Fault::refused(fault.message());
    match fault.span() {
        Some(span) => out.at(span),
        None => out,
    }
}

/// A value as an expression: containers are made anew each time the statement runs.
fn literal(value: Value, span: Span) -> Expr {
    let kind = match &value {
        Value::List(items) => {
            ExprKind::List(items.borrow().iter().map(|item| literal(item.clone(), span)).collect())
        }
        Value::Tuple(items) => {
            ExprKind::Tuple(items.iter().map(|item| literal(item.clone(), span)).collect())
        }
        _ => ExprKind::Const(value),
    };
    Expr { span, kind }
}

pub(super) fn operator(op: Operator, span: Span) -> Result<BinOp> {
    Ok(match op {
        Operator::Add => BinOp::Add,
        Operator::Sub => BinOp::Sub,
        Operator::Mult => BinOp::Mul,
        Operator::Div => BinOp::Div,
        Operator::FloorDiv => BinOp::FloorDiv,
        Operator::Mod => BinOp::Mod,
        Operator::Pow => BinOp::Pow,
        Operator::BitAnd => BinOp::And,
        Operator::BitOr => BinOp::Or,
        Operator::BitXor => BinOp::Xor,
        Operator::MatMult => return Err(check::refuse("the matrix product @ is", span)),
        Operator::LShift | Operator::RShift => {
            return Err(check::refuse("shifting bits with << or >> is", span));
        }
    })
}
