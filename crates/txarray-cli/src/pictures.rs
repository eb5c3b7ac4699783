//! The members of the `txpictures` module: pictures anybody can open.
//!
//! **Promise** the pixels are those of `examples/txpictures.py`, which does the same under CPython: a 2-D array, `uint8`
//! as it is, `bool` as 0 and 255, floats cut to [0, 1] and scaled to 0..255, halves to even, NaN as 0.

use crate::{
    arrays, create,
    fault::{Result, fail},
    interp::Interp,
    modules::{Args, Native},
    numpy::path,
    value::Value,
};
use std::{io, path::Path};
use txarray::{Array, DType};

pub(crate) static FUNCTIONS: &[Native] =
    &[Native::new("txpictures.save_png", &["path", "picture"], 2, save_png)];

fn save_png(interp: &mut Interp<'_>, mut args: Args) -> Result<Value> {
    let file = args.take(0);
    let name = Path::new(path(&file)?);
    let picture = create::array_like(interp, &args.take(1))?;
    let picture = arrays::operand(&picture)?;
    let &[height, width] = picture.shape() else {
        fail!("a picture is a 2-D array, not one of shape {}", arrays::shape_text(picture.shape()));
    };
    let (Ok(rows), Ok(columns)) = (u32::try_from(height), u32::try_from(width)) else {
        fail!("a picture of shape ({height}, {width}) is too large for PNG");
    };
    if rows == 0 || columns == 0 {
        fail!("a picture of shape ({height}, {width}) has no pixels");
    }
    let picture = interp.engine.eval(picture)?;
    let pixels = pixels(&picture)?;
    interp.before_output()?;
    interp.files.write(name, |out| {
        let mut encoder = png::Encoder::new(out, columns, rows);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header().map_err(io::Error::other)?;
        writer.write_image_data(&pixels).map_err(io::Error::other)?;
        writer.finish().map_err(io::Error::other)
    })?;
    Ok(Value::None)
}

fn pixels(picture: &Array) -> Result<Vec<u8>> {
    let pixels = match picture.dtype() {
        DType::U8 => picture.to_vec::<u8>(),
        DType::Bool => {
            picture.to_vec::<bool>().map(|v| v.into_iter().map(|b| if b { 255 } else { 0 }).collect())
        }
        DType::F64 => picture.to_vec::<f64>().map(|v| v.into_iter().map(grey).collect()),
        other => fail!("a picture holds uint8, bool or float64, not {other}"),
    };
    pixels.map_err(|error| crate::engine::fault(error.into()))
}

/// A float as a grey value; a cast turns NaN into 0.
fn grey(x: f64) -> u8 {
    (x.clamp(0.0, 1.0) * 255.0).round_ties_even() as u8
}

#[cfg(test)]
mod tests {
    use super::grey;

    #[test]
    fn greys_are_cut_and_halves_go_to_even() {
        for (x, expected) in [(-1.0, 0), (0.5 / 255.0, 0), (1.5 / 255.0, 2), (2.0, 255), (f64::NAN, 0)] {
            assert_eq!(grey(x), expected, "{x}");
        }
    }
}
