//! `a[mask]`, `a[positions]` and their mixtures with slices, read and written.
//!
//! **Promise** NumPy's rules for full indices. A mask is computed when it is met, because the shape of what it selects depends on it;
//! one value for what a mask selects, also in `a[mask] += 1`, is a choice for each element and waits for nothing. Where positions
//! repeat, the last value counts, in `+=` too.

use super::{
    Interp,
    index::{Key, Keys, index_of},
};
use crate::{
    arrays, create,
    fault::{Result, fail},
    ir::Expr,
    ndarray::NdArray,
    ops::BinOp,
    value::Value,
};
use std::rc::Rc;
use txarray::{Array, DType, Select};

impl<'p> Interp<'p> {
    /// The keys as a full index; nothing if they are a basic one.
    pub(super) fn full_index(&mut self, keys: &Keys) -> Result<Option<Vec<Select>>> {
        if !keys.iter().any(|key| matches!(key, Key::Array(_) | Key::Other(Value::List(_)))) {
            return Ok(None);
        }
        let mut items = Vec::with_capacity(keys.len());
        for key in keys {
            items.push(match key {
                Key::Array(array) => Select::Array(array.read()),
                Key::Other(list @ Value::List(_)) => {
                    let positions = arrays::operand(&create::array_like(self, list)?)?;
                    // NumPy takes a list of nothing for no positions.
                    Select::Array(if positions.is_empty() { positions.cast(DType::I64) } else { positions })
                }
                basic => Select::Basic(index_of(basic)?),
            });
        }
        Ok(Some(items))
    }

    /// `array[items]`.
    pub(super) fn picked(&mut self, array: &NdArray, items: &[Select]) -> Result<Value> {
        if array.is_scalar() {
            fail!("a value of type '{}' cannot be indexed", crate::value::scalar_type_name(array.dtype()));
        }
        let picked = self.engine.pick(array.read(), items)?;
        Ok(Value::Array(Rc::new(NdArray::pending(picked)?)))
    }

    /// `array[items] = value`.
    pub(super) fn put(&mut self, array: &NdArray, items: &[Select], value: &Value) -> Result<()> {
        let Some(view) = array.as_view() else {
            fail!("this array is the result of an expression: assigning to it has no effect")
        };
        let value = create::array_like(self, value)?;
        if let Value::Int(n) = value {
            arrays::fits(n, array.dtype())?;
        }
        let value = arrays::operand(&value)?;
        self.engine.put(view, items, value)
    }

    /// `array[items] op= value`.
    pub(super) fn changed_at(
        &mut self,
        array: &NdArray,
        items: &[Select],
        op: BinOp,
        value: &'p Expr,
    ) -> Result<()> {
        let old = array.read();
        let one = |value: &Value| {
            matches!(value, Value::Int(_) | Value::Float(_) | Value::Bool(_) | Value::Scalar(_))
        };
        // An operation that may fail is not done on what the mask leaves out.
        if let [Select::Array(mask)] = items
            && mask.dtype() == DType::Bool
            && mask.shape() == old.shape()
            && op != BinOp::Pow
        {
            let value = self.eval(value)?;
            if one(&value) {
                let whole = Value::Array(Rc::new(NdArray::pending_array(old)?));
                let new = arrays::in_place(self, op, &whole, &value)?.cast(array.dtype());
                let Some(view) = array.as_view() else { fail!("this array has no storage to change") };
                return self.engine.assign(view, Array::where_(mask, new, array.read()));
            }
            let items = self.engine.known_masks(items)?;
            let picked = self.picked(&NdArray::pending_array(old)?, &items)?;
            return self.put_changed(array, &items, op, &picked, &value);
        }
        let items = self.engine.known_masks(items)?;
        let picked = self.picked(&NdArray::pending_array(old)?, &items)?;
        let value = self.eval(value)?;
        self.put_changed(array, &items, op, &picked, &value)
    }

    fn put_changed(
        &mut self,
        array: &NdArray,
        items: &[Select],
        op: BinOp,
        picked: &Value,
        value: &Value,
    ) -> Result<()> {
        let new = arrays::in_place(self, op, picked, value)?;
        self.put(array, items, &Value::Array(Rc::new(NdArray::pending_array(new)?)))
    }
}
