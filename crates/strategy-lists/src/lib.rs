//! Lists whose storage fits their content: ranges, ints and floats unboxed.
