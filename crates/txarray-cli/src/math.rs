//! The members of the `math` module that are exact: the same bits on every machine.

use crate::{
    builtins,
    fault::{Result, fail},
    interp::Interp,
    modules::{Args, Native},
    value::Value,
};

pub(crate) static FUNCTIONS: &[Native] = &[
    Native::new("math.sqrt", &["x"], 1, |interp, args| {
        let x = number(interp, args)?;
        if x < 0.0 {
            fail!("math.sqrt() of a negative number");
        }
        Ok(Value::Float(x.sqrt()))
    }),
    Native::new("math.fabs", &["x"], 1, |interp, args| Ok(Value::Float(number(interp, args)?.abs()))),
    Native::new("math.floor", &["x"], 1, |interp, args| builtins::to_int(number(interp, args)?.floor())),
    Native::new("math.ceil", &["x"], 1, |interp, args| builtins::to_int(number(interp, args)?.ceil())),
    Native::new("math.isnan", &["x"], 1, |interp, args| Ok(Value::Bool(number(interp, args)?.is_nan()))),
    Native::new("math.isinf", &["x"], 1, |interp, args| Ok(Value::Bool(number(interp, args)?.is_infinite()))),
    Native::new("math.isfinite", &["x"], 1, |interp, args| {
        Ok(Value::Bool(number(interp, args)?.is_finite()))
    }),
];

pub(crate) fn constants() -> Vec<(&'static str, Value)> {
    use std::f64::consts::{E, PI, TAU};
    [("pi", PI), ("e", E), ("tau", TAU), ("inf", f64::INFINITY), ("nan", f64::NAN)]
        .map(|(name, x)| (name, Value::Float(x)))
        .to_vec()
}

fn number(interp: &mut Interp<'_>, mut args: Args) -> Result<f64> {
    interp.real(&args.take(0), "the argument")
}
