//! The members of the `numpy` module, one table.
//!
//! **Promise** each behaves as NumPy's of the same name for the arguments it takes; an argument it does not take is
//! refused by name before the script runs.

use crate::{
    arrays, create,
    fault::{Result, fail},
    interp::Interp,
    modules::{Args, Native},
    ndarray::NdArray,
    reductions,
    source::plain,
    value::Value,
};
use std::{path::PathBuf, rc::Rc};
use txarray::{Array, DType, Op, Scalar};

/// Functions of one array: `np.sqrt(x)`.
macro_rules! unary {
    ($($name:literal $op:ident),*) => { [$(Native::new($name, &["x"], 1, |interp, mut args| {
        arrays::map(interp, Op::$op, &args.take(0))
    })),*] };
}

/// Functions of two arrays: `np.hypot(a, b)`.
macro_rules! binary {
    ($($name:literal $op:ident),*) => { [$(Native::new($name, &["x1", "x2"], 2, |interp, mut args| {
        arrays::zip(interp, Op::$op, &args.take(0), &args.take(1))
    })),*] };
}

static UNARY: &[Native] = &unary!["np.sqrt" Sqrt, "np.abs" Abs, "np.absolute" Abs, "np.fabs" Abs, "np.square" Square,
    "np.negative" Negative, "np.positive" Copy, "np.reciprocal" Reciprocal, "np.invert" Invert, "np.bitwise_not" Invert,
    "np.sin" Sin, "np.cos" Cos, "np.tan" Tan, "np.arcsin" Asin, "np.asin" Asin, "np.arccos" Acos, "np.acos" Acos,
    "np.arctan" Atan, "np.atan" Atan, "np.sinh" Sinh, "np.cosh" Cosh, "np.tanh" Tanh, "np.arcsinh" Asinh, "np.asinh" Asinh,
    "np.arccosh" Acosh, "np.acosh" Acosh, "np.arctanh" Atanh, "np.atanh" Atanh, "np.exp" Exp, "np.exp2" Exp2,
    "np.expm1" Expm1, "np.log" Log, "np.log2" Log2, "np.log10" Log10, "np.log1p" Log1p, "np.cbrt" Cbrt];

static BINARY: &[Native] = &binary!["np.add" Add, "np.subtract" Subtract, "np.multiply" Multiply, "np.divide" Divide,
    "np.true_divide" Divide, "np.floor_divide" FloorDivide, "np.remainder" Remainder, "np.mod" Remainder,
    "np.power" Power, "np.pow" Power, "np.minimum" Minimum, "np.maximum" Maximum, "np.hypot" Hypot, "np.arctan2" Atan2,
    "np.atan2" Atan2, "np.equal" Equal,
    "np.not_equal" NotEqual, "np.less" Less, "np.less_equal" LessEqual, "np.greater" Greater,
    "np.greater_equal" GreaterEqual, "np.bitwise_and" BitAnd, "np.bitwise_or" BitOr, "np.bitwise_xor" BitXor];

static OTHERS: &[Native] = &[
    Native::new("np.zeros", &["shape", "dtype"], 1, |interp, args| filled(interp, args, Some(0))),
    Native::new("np.ones", &["shape", "dtype"], 1, |interp, args| filled(interp, args, Some(1))),
    Native::new("np.empty", &["shape", "dtype"], 1, |interp, args| filled(interp, args, Some(0))),
    Native::new("np.full", &["shape", "fill_value", "dtype"], 2, |interp, args| filled(interp, args, None)),
    Native::new("np.zeros_like", &["a", "dtype"], 1, |interp, args| like(interp, args, Some(0))),
    Native::new("np.ones_like", &["a", "dtype"], 1, |interp, args| like(interp, args, Some(1))),
    Native::new("np.empty_like", &["a", "dtype"], 1, |interp, args| like(interp, args, Some(0))),
    Native::new("np.full_like", &["a", "fill_value", "dtype"], 2, |interp, args| like(interp, args, None)),
    Native::new("np.arange", &["start", "stop", "step", "dtype"], 1, arange),
    Native::new("np.linspace", &["start", "stop", "num"], 2, linspace),
    Native::new("np.array", &["object", "dtype"], 1, |interp, args| array(interp, args, true)),
    Native::new("np.asarray", &["a", "dtype"], 1, |interp, args| array(interp, args, false)),
    Native::new("np.copy", &["a"], 1, |interp, args| array(interp, args, true)),
    Native::new("np.where", &["condition", "x", "y"], 3, where_),
    Native::new("np.clip", &["a", "a_min", "a_max"], 3, clip),
    Native::new("np.logical_not", &["x"], 1, |interp, mut args| {
        let truth = arrays::convert(interp, &args.take(0), DType::Bool)?;
        arrays::map(interp, Op::Invert, &truth)
    }),
    Native::new("np.logical_and", &["x1", "x2"], 2, |interp, args| logical(interp, args, Op::BitAnd)),
    Native::new("np.logical_or", &["x1", "x2"], 2, |interp, args| logical(interp, args, Op::BitOr)),
    Native::new("np.logical_xor", &["x1", "x2"], 2, |interp, args| logical(interp, args, Op::BitXor)),
    Native::new("np.isnan", &["x"], 1, |interp, mut args| {
        let x = arrays::convert(interp, &args.take(0), DType::F64)?;
        arrays::zip(interp, Op::NotEqual, &x, &x)
    }),
    Native::new("np.isinf", &["x"], 1, |interp, args| against_infinity(interp, args, Op::Equal)),
    Native::new("np.isfinite", &["x"], 1, |interp, args| against_infinity(interp, args, Op::Less)),
    Native::new("np.array_equal", &["a1", "a2"], 2, array_equal),
    Native::new("np.allclose", &["a", "b", "rtol", "atol"], 2, allclose),
    Native::new("np.load", &["file"], 1, load),
    Native::new("np.save", &["file", "arr"], 2, save),
];

/// Names of NumPy's that `from numpy import *` binds over names of ours without our having them: to go on with the name
/// underneath would be a wrong result that nobody sees.
pub(crate) const HIDDEN_BY_STAR: &[&str] = &["round", "floor", "ceil"];

/// All functions.
pub(crate) fn functions() -> impl Iterator<Item = &'static Native> {
    [UNARY, BINARY, OTHERS].into_iter().flatten().chain(reductions::functions())
}

/// Constants and dtypes.
pub(crate) fn constants() -> Vec<(&'static str, Value)> {
    let mut out = vec![
        ("pi", Value::Float(std::f64::consts::PI)),
        ("e", Value::Float(std::f64::consts::E)),
        ("inf", Value::Float(f64::INFINITY)),
        ("nan", Value::Float(f64::NAN)),
        ("newaxis", Value::None),
        ("bool_", Value::ScalarType(DType::Bool)),
    ];
    out.extend(DType::ALL.iter().map(|dtype| (dtype.name(), Value::ScalarType(*dtype))));
    out
}

fn pending(array: Array) -> Result<Value> {
    Ok(Value::Array(Rc::new(NdArray::pending_array(array)?)))
}

fn dtype_of(args: &mut Args, slot: usize) -> Result<Option<DType>> {
    args.optional(slot).map(|value| arrays::dtype(&value)).transpose()
}

/// `zeros`, `ones`, `empty` (a number given) and `full` (the number is the second argument).
fn filled(interp: &mut Interp<'_>, mut args: Args, number: Option<i64>) -> Result<Value> {
    let shape = create::shape(interp, &args.take(0))?;
    match number {
        Some(number) => {
            let dtype = dtype_of(&mut args, 1)?.unwrap_or(DType::F64);
            pending(Array::full(shape, Scalar::I64(number).cast(dtype)))
        }
        None => {
            let value = args.take(1);
            let dtype = dtype_of(&mut args, 2)?;
            full(interp, &shape, &value, dtype)
        }
    }
}

fn like(interp: &mut Interp<'_>, mut args: Args, number: Option<i64>) -> Result<Value> {
    let model = arrays::operand(&create::array_like(interp, &args.take(0))?)?;
    let dtype = dtype_of(&mut args, if number.is_some() { 1 } else { 2 })?.unwrap_or(model.dtype());
    match number {
        Some(number) => pending(Array::full(model.shape(), Scalar::I64(number).cast(dtype))),
        None => full(interp, model.shape(), &args.take(1), Some(dtype)),
    }
}

fn full(interp: &mut Interp<'_>, shape: &[usize], value: &Value, dtype: Option<DType>) -> Result<Value> {
    let value = create::array_like(interp, value)?;
    if let (Value::Int(n), Some(dtype)) = (&value, dtype) {
        arrays::fits(*n, dtype)?;
    }
    let value = arrays::operand(&value)?;
    let value = value.cast(dtype.unwrap_or(value.dtype()));
    match value.as_const() {
        Some(scalar) => pending(Array::full(shape, scalar)),
        None => pending(value.broadcast_to(shape)),
    }
}

/// A known number.
fn scalar(interp: &mut Interp<'_>, value: &Value, what: &str) -> Result<Scalar> {
    Ok(match interp.force(value)? {
        Value::Int(n) => Scalar::I64(n),
        Value::Float(x) => Scalar::F64(x),
        Value::Bool(b) => Scalar::I64(b.into()),
        Value::Scalar(scalar) => scalar,
        other => fail!("{what} must be a number, not '{}'", other.type_name()),
    })
}

fn arange(interp: &mut Interp<'_>, mut args: Args) -> Result<Value> {
    let first = scalar(interp, &args.take(0), "start")?;
    let second = match args.optional(1) {
        Some(stop) => Some(scalar(interp, &stop, "stop")?),
        None => None,
    };
    let step = match args.optional(2) {
        Some(step) => scalar(interp, &step, "step")?,
        None => Scalar::I64(1),
    };
    let (start, stop) = second.map_or((Scalar::I64(0), first), |stop| (first, stop));
    let array = Array::arange(start, stop, step);
    match dtype_of(&mut args, 3)? {
        Some(dtype) => pending(array.cast(dtype)),
        None => pending(array),
    }
}

fn linspace(interp: &mut Interp<'_>, mut args: Args) -> Result<Value> {
    let start = interp.real(&args.take(0), "start")?;
    let stop = interp.real(&args.take(1), "stop")?;
    let num = match args.optional(2) {
        Some(num) => interp.integer(&num, "num")?,
        None => 50,
    };
    match usize::try_from(num) {
        Ok(num) => pending(Array::linspace(start, stop, num)),
        Err(_) => fail!("the number of samples, {num}, must not be negative"),
    }
}

/// `np.array` and `np.copy` (always a new array) and `np.asarray` (an array that fits comes back itself).
fn array(interp: &mut Interp<'_>, mut args: Args, copy: bool) -> Result<Value> {
    let value = args.take(0);
    let dtype = if copy && args.len() == 1 { None } else { dtype_of(&mut args, 1)? };
    match &value {
        Value::Array(array) if !array.is_scalar() => {
            let wanted = dtype.unwrap_or(array.dtype());
            if !copy && wanted == array.dtype() {
                return Ok(value);
            }
            pending(array.read().cast(wanted))
        }
        Value::List(_) | Value::Tuple(_) | Value::Range(_) => {
            pending(create::from_nested(interp, &value, dtype)?)
        }
        other => {
            if let (Value::Int(n), Some(dtype)) = (other, dtype) {
                arrays::fits(*n, dtype)?;
            }
            let array = arrays::operand(other)?;
            pending(array.cast(dtype.unwrap_or(array.dtype())))
        }
    }
}

fn where_(interp: &mut Interp<'_>, mut args: Args) -> Result<Value> {
    let mut next = |slot| create::array_like(interp, &args.take(slot));
    let (condition, x, y) = (next(0)?, next(1)?, next(2)?);
    let result = Array::where_(arrays::operand(&condition)?, arrays::term(&x)?, arrays::term(&y)?);
    // Unlike a ufunc, np.where of scalars is an array of rank 0.
    pending(result)
}

fn clip(interp: &mut Interp<'_>, mut args: Args) -> Result<Value> {
    let mut value = args.take(0);
    for (slot, op) in [(1, Op::Maximum), (2, Op::Minimum)] {
        if let Some(bound) = args.optional(slot) {
            value = arrays::zip(interp, op, &value, &bound)?;
        }
    }
    Ok(value)
}

fn logical(interp: &mut Interp<'_>, mut args: Args, op: Op) -> Result<Value> {
    let left = arrays::convert(interp, &args.take(0), DType::Bool)?;
    let right = arrays::convert(interp, &args.take(1), DType::Bool)?;
    arrays::zip(interp, op, &left, &right)
}

fn against_infinity(interp: &mut Interp<'_>, mut args: Args, op: Op) -> Result<Value> {
    let x = arrays::convert(interp, &args.take(0), DType::F64)?;
    let size = arrays::map(interp, Op::Abs, &x)?;
    arrays::zip(interp, op, &size, &Value::Float(f64::INFINITY))
}

fn array_equal(interp: &mut Interp<'_>, mut args: Args) -> Result<Value> {
    let left = create::array_like(interp, &args.take(0))?;
    let right = create::array_like(interp, &args.take(1))?;
    let (a, b) = (arrays::operand(&left)?, arrays::operand(&right)?);
    if a.shape() != b.shape() {
        return Ok(Value::Bool(false));
    }
    let equal = interp.lazy(a.equal(b), false)?;
    let all = arrays::all(interp, &equal)?;
    interp.truth(&all).map(Value::Bool)
}

/// `|a - b| <= atol + rtol * |b|` everywhere; equal infinities are close, NaN is close to nothing.
fn allclose(interp: &mut Interp<'_>, mut args: Args) -> Result<Value> {
    let left = create::array_like(interp, &args.take(0))?;
    let right = create::array_like(interp, &args.take(1))?;
    let mut tolerance = |slot, default| match args.optional(slot) {
        Some(value) => interp.real(&value, "a tolerance"),
        None => Ok(default),
    };
    let (rtol, atol) = (tolerance(2, 1e-5)?, tolerance(3, 1e-8)?);
    let (a, b) = (arrays::operand(&left)?.cast(DType::F64), arrays::operand(&right)?.cast(DType::F64));
    let near = (&a - &b).abs().less_equal(b.abs() * rtol + atol) & b.abs().less(f64::INFINITY);
    let close = interp.lazy(near | a.equal(&b), false)?;
    let all = arrays::all(interp, &close)?;
    interp.truth(&all).map(Value::Bool)
}

/// A path argument.
pub(crate) fn path(value: &Value) -> Result<&str> {
    match value {
        Value::Str(text) if !text.is_empty() => Ok(text),
        Value::Str(_) => fail!("the file name is empty"),
        other => fail!("a file name must be a str, not '{}'", other.type_name()),
    }
}

fn load(interp: &mut Interp<'_>, mut args: Args) -> Result<Value> {
    let file = args.take(0);
    let found = interp.files.to_read(path(&file)?);
    match txarray::read_npy(&found) {
        Ok(array) => pending(array),
        Err(txarray::NpyError::Io(error)) => {
            fail!("cannot load {}: {}", crate::text::repr(&file), plain(&error))
        }
        Err(error) => fail!("cannot load {}: {error}", crate::text::repr(&file)),
    }
}

fn save(interp: &mut Interp<'_>, mut args: Args) -> Result<Value> {
    let file = args.take(0);
    let name = path(&file)?;
    let name =
        if name.ends_with(".npy") { PathBuf::from(name) } else { PathBuf::from(format!("{name}.npy")) };
    let array = create::array_like(interp, &args.take(1))?;
    let array = interp.engine.eval(arrays::operand(&array)?)?;
    interp.before_output()?;
    interp.files.write(&name, |out| txarray::write_npy(out, &array).map_err(std::io::Error::other))?;
    Ok(Value::None)
}
