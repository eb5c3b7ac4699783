//! Expressions.

use super::Interp;
use crate::{
    arrays,
    fault::{Located as _, Result},
    format,
    ir::{CompLoop, Comparison, Comprehension, Expr, ExprKind, Piece, TargetKind},
    iter::Iter,
    methods,
    modules::Native,
    ops::{self, BinOp, CmpOp},
    text,
    value::Value,
};

impl<'p> Interp<'p> {
    /// The value of an expression; an array may still be pending.
    pub(super) fn eval(&mut self, expr: &'p Expr) -> Result<Value> {
        let span = expr.span;
        Ok(match &expr.kind {
            ExprKind::Const(value) => value.clone(),
            ExprKind::Local(slot) => match &self.stack[self.base + *slot as usize] {
                Value::Unbound => return Err(self.unbound(&TargetKind::Local(*slot)).at(span)),
                value => value.clone(),
            },
            ExprKind::Global(slot) => match &self.globals[*slot as usize] {
                Value::Unbound => return Err(self.unbound(&TargetKind::Global(*slot)).at(span)),
                value => value.clone(),
            },
            ExprKind::Binary(op, pair) => {
                let left = self.eval(&pair.0)?;
                let right = self.eval(&pair.1)?;
                return self.binary(*op, &left, &right).at(span);
            }
            ExprKind::Compare(op, pair) => {
                let left = self.eval(&pair.0)?;
                let right = self.eval(&pair.1)?;
                return self.compare(*op, &left, &right).at(span);
            }
            ExprKind::Unary(symbol, operand) => {
                let value = self.eval(operand)?;
                match &value {
                    Value::Array(_) | Value::Scalar(_) => {
                        return arrays::unary(self, *symbol, &value).at(span);
                    }
                    _ => return ops::unary(*symbol, &value).at(span),
                }
            }
            ExprKind::Not(operand) => Value::Bool(!self.test(operand)?),
            ExprKind::And(values) => return self.logical(values, false),
            ExprKind::Or(values) => return self.logical(values, true),
            ExprKind::Conditional(parts) => {
                let (test, body, orelse) = &**parts;
                return if self.test(test)? { self.eval(body) } else { self.eval(orelse) };
            }
            ExprKind::Chain(first, rest) => return self.chain(first, rest),
            ExprKind::Tuple(items) => Value::tuple(self.all_bound(items)?),
            ExprKind::List(items) => Value::list(self.all_bound(items)?),
            ExprKind::Index(pair) => {
                let container = self.eval(&pair.0)?;
                let keys = self.keys(&pair.1)?;
                return self.get_item(&container, &keys).at(span);
            }
            ExprKind::Attribute(value, name) => {
                let value = self.eval(value)?;
                return methods::get(&value, name).at(span);
            }
            ExprKind::Native(native, args) => return self.native(native, None, args).at(span),
            ExprKind::Method(method, receiver, args) => {
                let receiver = self.eval(receiver)?;
                return self.native(method, Some(receiver), args).at(span);
            }
            ExprKind::Call(call) => return self.call(call).at(span),
            ExprKind::Format(pieces) => Value::str(self.text(pieces)?),
            ExprKind::Comprehension(comprehension) => {
                let mut out = Vec::new();
                self.comprehension(comprehension, &comprehension.loops, &mut out)?;
                Value::list(out)
            }
        })
    }

    fn all_bound(&mut self, items: &'p [Expr]) -> Result<Vec<Value>> {
        items.iter().map(|item| self.bound(item)).collect()
    }

    /// `left op right`.
    #[inline]
    pub(super) fn binary(&mut self, op: BinOp, left: &Value, right: &Value) -> Result<Value> {
        match (op, left, right) {
            (BinOp::Add, Value::Float(a), Value::Float(b)) => Ok(Value::Float(a + b)),
            (BinOp::Sub, Value::Float(a), Value::Float(b)) => Ok(Value::Float(a - b)),
            (BinOp::Mul, Value::Float(a), Value::Float(b)) => Ok(Value::Float(a * b)),
            (_, Value::Array(_) | Value::Scalar(_), _) | (_, _, Value::Array(_) | Value::Scalar(_)) => {
                arrays::binary(self, op, left, right)
            }
            _ => ops::binary(op, left, right),
        }
    }

    fn compare(&mut self, op: Comparison, left: &Value, right: &Value) -> Result<Value> {
        Ok(Value::Bool(match op {
            Comparison::Order(op) => match (left, right) {
                (Value::Array(_) | Value::Scalar(_), _) | (_, Value::Array(_) | Value::Scalar(_)) => {
                    return arrays::compare(self, op, left, right);
                }
                _ => ops::compare(op, left, right)?,
            },
            Comparison::Is(wanted) => left.is(right) == wanted,
            Comparison::In(wanted) => self.contains(right, left)? == wanted,
        }))
    }

    fn contains(&mut self, container: &Value, item: &Value) -> Result<bool> {
        if let Value::Array(_) = container {
            let equal = arrays::compare(self, CmpOp::Eq, container, item)?;
            let any = arrays::any(self, &equal)?;
            return self.truth(&any);
        }
        let item = self.settle(item)?;
        let container = self.settle(container)?;
        ops::contains(&container, &item)
    }

    /// `and`/`or`: the first value whose truth is `stop`, or the last.
    fn logical(&mut self, values: &'p [Expr], stop: bool) -> Result<Value> {
        let mut last = Value::None;
        for (index, expr) in values.iter().enumerate() {
            last = self.eval(expr)?;
            if index + 1 < values.len() && self.truth(&last).at(expr.span)? == stop {
                break;
            }
        }
        Ok(last)
    }

    /// `a < b < c`: each operand once, stops at the first comparison that is false.
    fn chain(&mut self, first: &'p Expr, rest: &'p [(Comparison, Expr)]) -> Result<Value> {
        let mut left = self.eval(first)?;
        let mut result = Value::Bool(true);
        for (index, (op, expr)) in rest.iter().enumerate() {
            let right = self.eval(expr)?;
            result = self.compare(*op, &left, &right).at(expr.span)?;
            if index + 1 < rest.len() && !self.truth(&result).at(expr.span)? {
                break;
            }
            left = right;
        }
        Ok(result)
    }

    /// A call of a function of ours.
    fn native(
        &mut self,
        native: &'static Native,
        receiver: Option<Value>,
        exprs: &'p [(usize, Expr)],
    ) -> Result<Value> {
        let mut args = native.args();
        for (slot, expr) in exprs {
            args.set(*slot, self.eval(expr)?);
        }
        if let Some(receiver) = receiver {
            args.receiver = receiver;
        }
        native.call(self, args)
    }

    /// The text of an f-string.
    fn text(&mut self, pieces: &'p [Piece]) -> Result<String> {
        let mut out = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Field { value: expr, repr, spec } => {
                    let value = self.eval(expr)?;
                    let value = self.settle(&value).at(expr.span)?;
                    let spec = self.text(spec)?;
                    let value = if *repr { Value::str(text::repr(&value)) } else { value };
                    out.push_str(&format::format(&value, &spec).at(expr.span)?);
                }
            }
        }
        Ok(out)
    }

    fn comprehension(
        &mut self,
        whole: &'p Comprehension,
        loops: &'p [CompLoop],
        out: &mut Vec<Value>,
    ) -> Result<()> {
        let Some((first, rest)) = loops.split_first() else {
            out.push(self.bound(&whole.element)?);
            return Ok(());
        };
        let over = self.bound(&first.iter)?;
        let mut items = Iter::over(&over).at(first.iter.span)?;
        'items: while let Some(item) = items.next().at(first.iter.span)? {
            self.store(&first.target, item)?;
            for condition in &first.conditions {
                if !self.test(condition)? {
                    continue 'items;
                }
            }
            self.comprehension(whole, rest, out)?;
        }
        Ok(())
    }
}
