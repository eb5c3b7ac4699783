//! Reductions: over all elements or along axes, as functions of `numpy` and as methods.
//!
//! **Promise** NumPy's results and errors for `axis` (an integer, a tuple, `None`), `keepdims` and `ddof`; over all elements the result
//! is a scalar. One table for both forms: a function's first parameter is a method's receiver.

use crate::{
    arrays, create,
    fault::{Result, fail},
    interp::Interp,
    methods::numpy,
    modules::{Args, Native},
    value::Value,
};
use txarray::{Array, array_core::Along};

/// `np.NAME(a, axis=, keepdims=)` and `a.NAME(axis=, keepdims=)`, whose parameters are read by a function.
macro_rules! along {
    ($all:ident $methods:ident $read:ident; $($function:literal $method:literal $reduction:expr),* $(,)?) => {
        static $all: &[Native] = &[$(Native::new($function, &["a", "axis"], 1, |interp, mut args| {
            let value = args.take(0);
            $read(interp, &value, args, 1, $reduction)
        }).with_keywords(&["keepdims"])),*];
        static $methods: &[Native] = &[$(Native::new($method, &["axis"], 0, |interp, args| {
            let value = numpy(&args, $method)?.clone();
            $read(interp, &value, args, 0, $reduction)
        }).with_keywords(&["keepdims"])),*];
    };
}
along! { ALONG ALONG_METHODS reduced;
    "np.sum" "sum" |a, along| a.sum_along(along),
    "np.prod" "prod" |a, along| a.prod_along(along),
    "np.max" "max" |a, along| a.max_along(along),
    "np.min" "min" |a, along| a.min_along(along),
    "np.mean" "mean" |a, along| a.mean_along(along),
    "np.all" "all" |a, along| a.all(along),
    "np.any" "any" |a, along| a.any(along),
}
along! { SEARCHES SEARCHES_METHODS searched;
    "np.argmax" "argmax" |a, along| a.argmax(along),
    "np.argmin" "argmin" |a, along| a.argmin(along),
}
static ALIASES: &[Native] = &[
    Native::new("np.amax", &["a", "axis"], 1, |interp, mut args| {
        let value = args.take(0);
        reduced(interp, &value, args, 1, |a, along| a.max_along(along))
    })
    .with_keywords(&["keepdims"]),
    Native::new("np.amin", &["a", "axis"], 1, |interp, mut args| {
        let value = args.take(0);
        reduced(interp, &value, args, 1, |a, along| a.min_along(along))
    })
    .with_keywords(&["keepdims"]),
    Native::new("np.count_nonzero", &["a", "axis"], 1, |interp, mut args| {
        let value = args.take(0);
        reduced(interp, &value, args, 1, |a, along| a.count_nonzero(along))
    })
    .with_keywords(&["keepdims"]),
];

/// `np.NAME(a, axis=)` and `a.NAME(axis=)`, of one axis or of all elements in C order.
macro_rules! ordered {
    ($all:ident $methods:ident; $($function:literal $method:literal $operation:expr),* $(,)?) => {
        static $all: &[Native] = &[$(Native::new($function, &["a", "axis"], 1, |interp, mut args| {
            let value = args.take(0);
            ordered(interp, &value, args, 1, $operation)
        })),*];
        static $methods: &[Native] = &[$(Native::new($method, &["axis"], 0, |interp, args| {
            let value = numpy(&args, $method)?.clone();
            ordered(interp, &value, args, 0, $operation)
        })),*];
    };
}
ordered! { ORDERED ORDERED_METHODS;
    "np.cumsum" "cumsum" |a, axis| a.cumsum(axis),
    "np.cumprod" "cumprod" |a, axis| a.cumprod(axis),
}

/// `np.NAME(a, axis=, ddof=, keepdims=)` and `a.NAME(axis=, ddof=, keepdims=)`.
macro_rules! spread {
    ($all:ident $methods:ident; $($function:literal $method:literal $operation:expr),* $(,)?) => {
        static $all: &[Native] = &[$(Native::new($function, &["a", "axis"], 1, |interp, mut args| {
            let value = args.take(0);
            spread(interp, &value, args, 1, $operation)
        }).with_keywords(&["keepdims", "ddof"])),*];
        static $methods: &[Native] = &[$(Native::new($method, &["axis"], 0, |interp, args| {
            let value = numpy(&args, $method)?.clone();
            spread(interp, &value, args, 0, $operation)
        }).with_keywords(&["keepdims", "ddof"])),*];
    };
}
spread! { SPREAD SPREAD_METHODS;
    "np.var" "var" |a, along, ddof| a.var(along, ddof),
    "np.std" "std" |a, along, ddof| a.std(along, ddof),
}

/// The functions of `numpy`.
pub(crate) fn functions() -> impl Iterator<Item = &'static Native> {
    [ALONG, SEARCHES, ALIASES, ORDERED, SPREAD].into_iter().flatten()
}

/// The methods of arrays.
pub(crate) fn methods() -> impl Iterator<Item = &'static Native> {
    [ALONG_METHODS, SEARCHES_METHODS, ORDERED_METHODS, SPREAD_METHODS].into_iter().flatten()
}

/// The value as an array, and whether it is known already.
fn input(interp: &mut Interp<'_>, value: &Value) -> Result<(Array, bool)> {
    let value = create::array_like(interp, value)?;
    Ok((arrays::operand(&value)?, !matches!(value, Value::Array(_))))
}

/// The axes and whether they stay: parameters `axis` and `keepdims`, which follows it.
fn along(interp: &mut Interp<'_>, args: &mut Args, axis: usize) -> Result<Along> {
    let along = match args.optional(axis) {
        None => Along::all(),
        Some(Value::Tuple(items)) => {
            let axes = items.iter().map(|item| position(interp, item)).collect::<Result<Vec<_>>>()?;
            Along::from(&axes[..])
        }
        Some(one) => Along::from(position(interp, &one)?),
    };
    kept(interp, along, args.optional(axis + 1))
}

fn kept(interp: &mut Interp<'_>, along: Along, keepdims: Option<Value>) -> Result<Along> {
    match keepdims {
        Some(value) if interp.truth(&value)? => Ok(along.keepdims()),
        _ => Ok(along),
    }
}

/// The parameter `axis` of what goes along one axis or none.
fn one_axis(interp: &mut Interp<'_>, axis: Option<Value>) -> Result<Option<isize>> {
    axis.map(|one| position(interp, &one)).transpose()
}

fn position(interp: &mut Interp<'_>, value: &Value) -> Result<isize> {
    let axis = interp.integer(value, "axis")?;
    Ok(isize::try_from(axis).unwrap_or(isize::MAX))
}

fn reduced(
    interp: &mut Interp<'_>,
    value: &Value,
    mut args: Args,
    axis: usize,
    operation: fn(&Array, Along) -> Array,
) -> Result<Value> {
    let (array, known) = input(interp, value)?;
    let along = along(interp, &mut args, axis)?;
    interp.lazy(operation(&array, along), known)
}

fn ordered(
    interp: &mut Interp<'_>,
    value: &Value,
    mut args: Args,
    axis: usize,
    operation: fn(&Array, Option<isize>) -> Array,
) -> Result<Value> {
    let (array, known) = input(interp, value)?;
    let axis = one_axis(interp, args.optional(axis))?;
    interp.lazy(operation(&array, axis), known)
}

fn searched(
    interp: &mut Interp<'_>,
    value: &Value,
    mut args: Args,
    axis: usize,
    operation: fn(&Array, Along) -> Array,
) -> Result<Value> {
    let (array, known) = input(interp, value)?;
    let along = Along::from(one_axis(interp, args.optional(axis))?);
    let along = kept(interp, along, args.optional(axis + 1))?;
    interp.lazy(operation(&array, along), known)
}

fn spread(
    interp: &mut Interp<'_>,
    value: &Value,
    mut args: Args,
    axis: usize,
    operation: fn(&Array, Along, usize) -> Array,
) -> Result<Value> {
    let (array, known) = input(interp, value)?;
    let along = along(interp, &mut args, axis)?;
    let ddof = match args.optional(axis + 2) {
        Some(value) => interp.integer(&value, "ddof")?,
        None => 0,
    };
    let Ok(ddof) = usize::try_from(ddof) else { fail!("ddof must not be negative, it is {ddof}") };
    interp.lazy(operation(&array, along, ddof), known)
}
