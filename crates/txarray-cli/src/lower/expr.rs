//! Expressions.

use super::{Lowerer, set, stmt};
use crate::{
    check,
    fault::{Fault, Located as _, Result, Span},
    ir::{Call, CompLoop, Comparison, Comprehension, Expr, ExprKind, Item, Piece, Subscript},
    methods,
    modules::Native,
    ops::{self, CmpOp},
    suggest::hint,
    value::Value,
};
use ruff_python_ast::{self as ast, ConversionFlag, InterpolatedStringElement};
use ruff_text_size::Ranged as _;

impl Lowerer {
    pub(super) fn expr(&mut self, expr: &ast::Expr) -> Result<Expr> {
        let span = expr.range();
        check::expression(expr)?;
        let kind = self.deeper(span, |this| this.expr_kind(expr, span))?;
        Ok(Expr { span, kind })
    }

    fn exprs(&mut self, exprs: &[ast::Expr]) -> Result<Vec<Expr>> {
        exprs.iter().map(|expr| self.expr(expr)).collect()
    }

    fn boxed(&mut self, a: &ast::Expr, b: &ast::Expr) -> Result<Box<(Expr, Expr)>> {
        Ok(Box::new((self.expr(a)?, self.expr(b)?)))
    }

    fn expr_kind(&mut self, expr: &ast::Expr, span: Span) -> Result<ExprKind> {
        Ok(match expr {
            ast::Expr::NumberLiteral(node) => match set::number(&node.value) {
                Some(value) => ExprKind::Const(value),
                None if matches!(node.value, ast::Number::Complex { .. }) => {
                    return Err(check::refuse("complex numbers are", span));
                }
                None => return Err(Fault::refused("this integer does not fit in 64 bits").at(span)),
            },
            ast::Expr::BooleanLiteral(node) => ExprKind::Const(Value::Bool(node.value)),
            ast::Expr::NoneLiteral(_) => ExprKind::Const(Value::None),
            ast::Expr::EllipsisLiteral(_) => ExprKind::Const(Value::Ellipsis),
            ast::Expr::StringLiteral(node) => ExprKind::Const(Value::str(node.value.to_str())),
            ast::Expr::FString(node) => {
                let mut pieces = Vec::new();
                for part in &node.value {
                    match part {
                        ast::FStringPart::Literal(text) => {
                            pieces.push(Piece::Text(text.value.as_ref().into()))
                        }
                        ast::FStringPart::FString(part) => self.pieces(&part.elements, &mut pieces)?,
                    }
                }
                ExprKind::Format(pieces)
            }
            ast::Expr::Name(node) => self.name(&node.id, span)?,
            ast::Expr::UnaryOp(node) => {
                let operand = self.expr(&node.operand)?;
                match (node.op, &operand.kind) {
                    (ast::UnaryOp::Not, _) => ExprKind::Not(Box::new(operand)),
                    (ast::UnaryOp::USub, ExprKind::Const(value @ (Value::Int(_) | Value::Float(_)))) => {
                        ExprKind::Const(ops::unary('-', value).map_err(stmt::refused).at(span)?)
                    }
                    (ast::UnaryOp::USub, _) => ExprKind::Unary('-', Box::new(operand)),
                    (ast::UnaryOp::UAdd, _) => ExprKind::Unary('+', Box::new(operand)),
                    (ast::UnaryOp::Invert, _) => ExprKind::Unary('~', Box::new(operand)),
                }
            }
            ast::Expr::BinOp(node) => {
                ExprKind::Binary(stmt::operator(node.op, span)?, self.boxed(&node.left, &node.right)?)
            }
            ast::Expr::BoolOp(node) => {
                let values = self.exprs(&node.values)?;
                if node.op == ast::BoolOp::And { ExprKind::And(values) } else { ExprKind::Or(values) }
            }
            ast::Expr::Compare(node) => {
                let ops: Vec<Comparison> = node.ops.iter().map(|op| comparison(*op)).collect();
                match (&*ops, &*node.comparators) {
                    ([op], [right]) => ExprKind::Compare(*op, self.boxed(&node.left, right)?),
                    _ => {
                        let first = self.expr(&node.left)?;
                        let rest = self.exprs(&node.comparators)?;
                        ExprKind::Chain(Box::new(first), ops.into_iter().zip(rest).collect())
                    }
                }
            }
            ast::Expr::If(node) => {
                let (test, body) = (self.expr(&node.test)?, self.expr(&node.body)?);
                ExprKind::Conditional(Box::new((test, body, self.expr(&node.orelse)?)))
            }
            ast::Expr::Tuple(node) => ExprKind::Tuple(self.exprs(&node.elts)?),
            ast::Expr::List(node) => ExprKind::List(self.exprs(&node.elts)?),
            ast::Expr::ListComp(node) => self.comprehension(node)?,
            ast::Expr::Subscript(node) => {
                ExprKind::Index(Box::new((self.expr(&node.value)?, self.subscript(&node.slice)?)))
            }
            ast::Expr::Attribute(node) => {
                let value = self.expr(&node.value)?;
                if let ExprKind::Const(Value::Module(module)) = value.kind {
                    return Ok(ExprKind::Const(Self::member(module, &node.attr, span)?));
                }
                match methods::attribute(&node.attr) {
                    Some(name) => ExprKind::Attribute(Box::new(value), name),
                    None if methods::find(&node.attr).is_some() => {
                        return Err(check::refuse(
                            format_args!("the method .{} without a call is", node.attr),
                            span,
                        ));
                    }
                    None => return Err(unknown_member(&node.attr, node.attr.range())),
                }
            }
            ast::Expr::Call(node) => self.call(node, span)?,
            ast::Expr::Slice(_) => {
                return Err(Fault::refused("a slice stands between brackets only").at(span));
            }
            other => return Err(check::refuse("this expression is", other.range())),
        })
    }

    fn call(&mut self, node: &ast::ExprCall, span: Span) -> Result<ExprKind> {
        if let Some(keyword) = node.arguments.keywords.iter().find(|keyword| keyword.arg.is_none()) {
            return Err(check::refuse("unpacking with ** is", keyword.range()));
        }
        let name_of =
            |keyword: &ast::Keyword| keyword.arg.as_ref().map_or(String::new(), |name| name.to_string());
        let names: Vec<String> = node.arguments.keywords.iter().map(name_of).collect();
        // A method's receiver is lowered as an expression of its own; a module's member is a constant.
        let callee = match &*node.func {
            ast::Expr::Attribute(attribute) => {
                let receiver = self.expr(&attribute.value)?;
                match receiver.kind {
                    ExprKind::Const(Value::Module(module)) => {
                        let member = Self::member(module, &attribute.attr, node.func.range())?;
                        Expr { span: node.func.range(), kind: ExprKind::Const(member) }
                    }
                    _ => {
                        let Some(method) = methods::find(&attribute.attr) else {
                            return Err(unknown_member(&attribute.attr, attribute.attr.range()));
                        };
                        let args = self.bound_args(method, node, &names, span)?;
                        return Ok(ExprKind::Method(method, Box::new(receiver), args));
                    }
                }
            }
            func => self.expr(func)?,
        };
        if let ExprKind::Const(Value::Native(native)) = callee.kind {
            return Ok(ExprKind::Native(native, self.bound_args(native, node, &names, span)?));
        }
        let args = self.exprs(&node.arguments.args)?;
        let values = node.arguments.keywords.iter().map(|keyword| self.expr(&keyword.value));
        let values = values.collect::<Result<Vec<_>>>()?;
        let keywords = names.iter().map(|name| name.as_str().into()).zip(values).collect();
        Ok(ExprKind::Call(Box::new(Call { callee, args, keywords })))
    }

    /// The arguments of a call whose signature is known, each with the slot of its parameter.
    fn bound_args(
        &mut self,
        native: &'static Native,
        node: &ast::ExprCall,
        names: &[String],
        span: Span,
    ) -> Result<Vec<(usize, Expr)>> {
        let keywords: Vec<&str> = names.iter().map(String::as_str).collect();
        let args = self.exprs(&node.arguments.args)?;
        let slots = native.bind(args.len(), &keywords).map_err(|(keyword, fault)| {
            let place = keyword.map_or(span, |index| node.arguments.keywords[index].range());
            stmt::refused(fault).at(place)
        })?;
        let values = node.arguments.keywords.iter().map(|keyword| self.expr(&keyword.value));
        let values = values.collect::<Result<Vec<_>>>()?;
        Ok(slots.into_iter().zip(args.into_iter().chain(values)).collect())
    }

    pub(super) fn subscript(&mut self, slice: &ast::Expr) -> Result<Subscript> {
        match slice {
            ast::Expr::Tuple(node) => {
                let items = node.elts.iter().map(|item| self.item(item)).collect::<Result<_>>()?;
                Ok(Subscript { items, tuple: true })
            }
            other => Ok(Subscript { items: std::iter::once(self.item(other)?).collect(), tuple: false }),
        }
    }

    fn item(&mut self, item: &ast::Expr) -> Result<Item> {
        let ast::Expr::Slice(node) = item else { return Ok(Item::Value(self.expr(item)?)) };
        let mut part =
            |bound: &Option<Box<ast::Expr>>| bound.as_ref().map(|bound| self.expr(bound)).transpose();
        Ok(Item::Slice(Box::new([part(&node.lower)?, part(&node.upper)?, part(&node.step)?])))
    }

    fn comprehension(&mut self, node: &ast::ExprListComp) -> Result<ExprKind> {
        let outer = self.comprehensions.len();
        let mut loops = Vec::new();
        for generator in &node.generators {
            if generator.is_async {
                return Err(check::refuse("async code is", generator.range()));
            }
            let iter = self.expr(&generator.iter)?;
            self.own_names(&generator.target);
            let target = self.comprehension_target(&generator.target)?;
            loops.push(CompLoop { target, iter, conditions: self.exprs(&generator.ifs)? });
        }
        let element = self.expr(&node.elt)?;
        self.comprehensions.truncate(outer);
        Ok(ExprKind::Comprehension(Box::new(Comprehension { element, loops })))
    }

    /// Gives every name of a comprehension's target a slot of its own: it is not visible outside.
    fn own_names(&mut self, target: &ast::Expr) {
        match target {
            ast::Expr::Name(name) => {
                let slot = match &mut self.local {
                    Some(local) => local.names.hidden(&name.id),
                    None => self.globals.hidden(&name.id),
                };
                self.comprehensions.push((name.id.as_str().into(), slot));
            }
            ast::Expr::Tuple(node) => node.elts.iter().for_each(|target| self.own_names(target)),
            _ => {}
        }
    }

    fn comprehension_target(&mut self, target: &ast::Expr) -> Result<crate::ir::Target> {
        match target {
            ast::Expr::Name(_) | ast::Expr::Tuple(_) => self.target(target),
            other => Err(check::refuse("this target of a comprehension is", other.range())),
        }
    }

    fn pieces(&mut self, elements: &ast::InterpolatedStringElements, out: &mut Vec<Piece>) -> Result<()> {
        for element in elements {
            match element {
                InterpolatedStringElement::Literal(text) => out.push(Piece::Text(text.value.as_ref().into())),
                InterpolatedStringElement::Interpolation(field) => {
                    let mut spec = Vec::new();
                    if let Some(format) = &field.format_spec {
                        self.pieces(&format.elements, &mut spec)?;
                    }
                    if let Some(debug) = &field.debug_text {
                        let text = format!("{}{}{}", debug.leading(), debug.expression(), debug.trailing());
                        out.push(Piece::Text(text.into()));
                    }
                    let repr = match field.conversion {
                        ConversionFlag::Ascii => {
                            return Err(check::refuse("the conversion !a is", field.range()));
                        }
                        ConversionFlag::Repr => true,
                        ConversionFlag::Str => false,
                        ConversionFlag::None => field.debug_text.is_some() && spec.is_empty(),
                    };
                    out.push(Piece::Field { value: self.expr(&field.expression)?, repr, spec });
                }
            }
        }
        Ok(())
    }
}

fn unknown_member(name: &str, span: Span) -> Fault {
    let hint = hint(name, methods::names());
    Fault::refused(format!("the attribute .{name} is not supported{hint}")).at(span)
}

fn comparison(op: ast::CmpOp) -> Comparison {
    match op {
        ast::CmpOp::Eq => Comparison::Order(CmpOp::Eq),
        ast::CmpOp::NotEq => Comparison::Order(CmpOp::Ne),
        ast::CmpOp::Lt => Comparison::Order(CmpOp::Lt),
        ast::CmpOp::LtE => Comparison::Order(CmpOp::Le),
        ast::CmpOp::Gt => Comparison::Order(CmpOp::Gt),
        ast::CmpOp::GtE => Comparison::Order(CmpOp::Ge),
        ast::CmpOp::Is => Comparison::Is(true),
        ast::CmpOp::IsNot => Comparison::Is(false),
        ast::CmpOp::In => Comparison::In(true),
        ast::CmpOp::NotIn => Comparison::In(false),
    }
}
