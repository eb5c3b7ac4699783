//! The interpreter: walks the lowered program.
//!
//! **Promise** Python's order of evaluation; array expressions stay lazy inside one statement and get storage when
//! something names them (*bind*); a scalar is computed when somebody looks at it (*force*). Everything that output
//! needs has been computed, and has had its chance to fail, before a byte is written.
//! **Invariants** the frame of the running `def` is the tail of `stack` from `base` on; no expression leaves
//! [`Value::Unbound`] behind.

mod call;
mod eval;
mod exec;
mod fancy;
mod index;

pub(crate) use call::Function;

use crate::{
    engine::Engine,
    fault::{Result, fail},
    files::Files,
    ir::{Def, Program},
    ndarray::NdArray,
    ops::BinOp,
    output::Output,
    progress::MainLoop,
    value::Value,
};
use std::rc::Rc;
use txarray::{Array, DType, Op, Scalar};

/// A running script.
pub(crate) struct Interp<'p> {
    program: &'p Program,
    pub(crate) engine: &'p mut Engine,
    pub(crate) out: Output,
    pub(crate) files: Files,
    globals: Vec<Value>,
    /// Local variables of all calls in progress.
    stack: Vec<Value>,
    base: usize,
    /// The `def` that is running; none in the module's own statements.
    running: Option<&'p Def>,
    /// Calls in progress.
    calls: usize,
    /// Loops in progress.
    loops: usize,
    /// How far the outermost loop is, for whoever shows progress.
    main_loop: MainLoop,
    /// A recorded statement may fail at run time.
    fallible: bool,
}

impl<'p> Interp<'p> {
    pub(crate) fn new(
        program: &'p Program,
        engine: &'p mut Engine,
        out: Output,
        files: Files,
        main_loop: MainLoop,
    ) -> Self {
        let globals = program.fallbacks.clone();
        Self {
            program,
            engine,
            out,
            files,
            globals,
            stack: Vec::new(),
            base: 0,
            running: None,
            calls: 0,
            loops: 0,
            main_loop,
            fallible: false,
        }
    }

    /// Runs the script and everything it left pending.
    ///
    /// # Errors
    /// The first error of the script, at its place; what was printed before it has been written.
    pub(crate) fn run(&mut self) -> Result<()> {
        let result = self.module().and_then(|()| self.engine.finish());
        let flushed = self.out.flush();
        result.and(flushed)
    }

    /// The value with an identity: a pending array gets storage of its own.
    #[inline]
    pub(crate) fn bind(&mut self, value: Value) -> Result<Value> {
        match value {
            Value::Array(array) if array.is_pending() => {
                let view = self.engine.bind(array.read())?;
                Ok(Value::Array(Rc::new(array.bound(view))))
            }
            value => Ok(value),
        }
    }

    /// A NumPy scalar or an array of one element becomes known; other values stay as they are.
    pub(crate) fn force(&mut self, value: &Value) -> Result<Value> {
        match value {
            Value::Array(array) if array.is_scalar() || array.len() == 1 => {
                Ok(Value::Scalar(self.engine.item(array.read())?))
            }
            other => Ok(other.clone()),
        }
    }

    /// Python's truth value.
    pub(crate) fn truth(&mut self, value: &Value) -> Result<bool> {
        Ok(match value {
            Value::Bool(b) => *b,
            Value::None => false,
            Value::Int(n) => *n != 0,
            Value::Float(x) => *x != 0.0,
            Value::Scalar(scalar) => scalar.as_f64() != 0.0,
            Value::Str(text) => !text.is_empty(),
            Value::Tuple(items) => !items.is_empty(),
            Value::List(items) => !items.borrow().is_empty(),
            Value::Range(range) => range.len() > 0,
            Value::Array(array) if array.len() == 1 => self.engine.item(array.read())?.as_f64() != 0.0,
            Value::Array(array) if array.len() == 0 => {
                fail!("the truth value of an empty array is ambiguous; use a.size > 0")
            }
            Value::Array(_) => {
                fail!(
                    "the truth value of an array with more than one element is ambiguous; use np.any(a) or np.all(a)"
                )
            }
            _ => true,
        })
    }

    /// An integer, where only an integer will do (an index, a length, a shape).
    pub(crate) fn integer(&mut self, value: &Value, what: &str) -> Result<i64> {
        if let Some(n) = value.as_int() {
            return Ok(n);
        }
        match self.force(value)?.as_int() {
            Some(n) => Ok(n),
            None => fail!("{what} must be an integer, not '{}'", value.type_name()),
        }
    }

    /// A real number as a float.
    pub(crate) fn real(&mut self, value: &Value, what: &str) -> Result<f64> {
        match self.force(value)? {
            Value::Float(x) => Ok(x),
            Value::Scalar(scalar) => Ok(scalar.as_f64()),
            other => match other.as_int() {
                Some(n) => Ok(n as f64),
                None => fail!("{what} must be a number, not '{}'", value.type_name()),
            },
        }
    }

    /// The value ready to be printed: every array in it has been computed.
    pub(crate) fn settle(&mut self, value: &Value) -> Result<Value> {
        if !holds_array(value, &mut Vec::new()) {
            return Ok(value.clone());
        }
        Ok(match value {
            Value::Array(array) if array.is_scalar() => Value::Scalar(self.engine.item(array.read())?),
            Value::Array(array) => {
                Value::Array(Rc::new(NdArray::pending_array(self.engine.eval(array.read())?)?))
            }
            Value::Tuple(items) => {
                Value::tuple(items.iter().map(|item| self.settle(item)).collect::<Result<Vec<_>>>()?)
            }
            Value::List(items) => {
                let items = items.borrow().clone();
                Value::list(items.iter().map(|item| self.settle(item)).collect::<Result<Vec<_>>>()?)
            }
            other => other.clone(),
        })
    }

    /// `str(value)` with everything computed.
    pub(crate) fn str(&mut self, value: &Value) -> Result<String> {
        let value = self.settle(value)?;
        Ok(crate::text::str(&value))
    }

    /// `left + right`.
    pub(crate) fn add(&mut self, left: &Value, right: &Value) -> Result<Value> {
        self.binary(BinOp::Add, left, right)
    }

    /// Remembers that a statement may fail when it runs: integers to the power of an array.
    pub(crate) fn note_fallible(&mut self, op: Op, result: &Array) {
        self.fallible |= op == Op::Power && result.dtype() != DType::F64;
    }

    /// Lets everything recorded that can fail do so, before something becomes visible outside.
    pub(crate) fn before_output(&mut self) -> Result<()> {
        if std::mem::take(&mut self.fallible) { self.engine.finish() } else { Ok(()) }
    }

    /// A lazy result as a value; one that only depends on known scalars is computed at once.
    pub(crate) fn lazy(&mut self, array: Array, known: bool) -> Result<Value> {
        if known && array.ndim() == 0 && array.error().is_none() {
            let scalar: Scalar = self.engine.item(array)?;
            return Ok(Value::Scalar(scalar));
        }
        Ok(Value::Array(Rc::new(NdArray::pending(array)?)))
    }
}

/// Whether a value is or holds an array; `seen` are the lists being searched.
fn holds_array(value: &Value, seen: &mut Vec<*const ()>) -> bool {
    match value {
        Value::Array(_) => true,
        Value::Tuple(items) => items.iter().any(|item| holds_array(item, seen)),
        Value::List(items) => {
            let address = Rc::as_ptr(items).cast::<()>();
            if seen.contains(&address) {
                return false;
            }
            seen.push(address);
            let found = items.borrow().iter().any(|item| holds_array(item, seen));
            seen.pop();
            found
        }
        _ => false,
    }
}
