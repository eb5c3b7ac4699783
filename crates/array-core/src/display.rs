//! text
use crate::{array::Array, dtype::Scalar};
use std::fmt;
pub(crate) fn scalar_text(s: Scalar) -> String {
    format!("{s:?}")
}
impl fmt::Display for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("?")
    }
}
impl fmt::Debug for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("?")
    }
}
