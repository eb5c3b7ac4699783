//! The members of the `os.path` module: the text of file names, as on POSIX.
//!
//! `os.path.join(os.path.dirname(__file__), "data", "x.npy")` names a file beside the script wherever it is started from,
//! under CPython as well: in both, `__file__` is an absolute path.

use crate::{
    fault::{Result, fail},
    files,
    interp::Interp,
    modules::{Args, Native},
    numpy::path,
    value::Value,
};

pub(crate) static FUNCTIONS: &[Native] = &[
    Native::new("os.path.join", &["a"], 1, |_, mut args| {
        let first = args.take(0);
        let mut out = text(&first)?.to_owned();
        for part in &args.rest {
            let part = text(part)?;
            if part.starts_with('/') {
                out = part.to_owned();
            } else {
                if !out.is_empty() && !out.ends_with('/') {
                    out.push('/');
                }
                out.push_str(part);
            }
        }
        Ok(Value::str(out))
    })
    .with_rest(),
    Native::new("os.path.dirname", &["p"], 1, |_, mut args| {
        let file = args.take(0);
        Ok(Value::str(split(text(&file)?).0))
    }),
    Native::new("os.path.basename", &["p"], 1, |_, mut args| {
        let file = args.take(0);
        Ok(Value::str(split(text(&file)?).1))
    }),
    Native::new("os.path.abspath", &["path"], 1, |_, mut args| {
        let file = args.take(0);
        Ok(Value::str(files::absolute(text(&file)?)))
    }),
    Native::new("os.path.exists", &["path"], 1, exists),
];

fn exists(interp: &mut Interp<'_>, mut args: Args) -> Result<Value> {
    let file = args.take(0);
    Ok(Value::Bool(interp.files.to_read(path(&file)?).exists()))
}

fn text(value: &Value) -> Result<&str> {
    match value {
        Value::Str(text) => Ok(text),
        other => fail!("a path must be a str, not '{}'", other.type_name()),
    }
}

/// Directory and last part, as `os.path.split`.
fn split(path: &str) -> (&str, &str) {
    let at = path.rfind('/').map_or(0, |slash| slash + 1);
    let (head, tail) = path.split_at(at);
    let trimmed = head.trim_end_matches('/');
    (if trimmed.is_empty() { head } else { trimmed }, tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_split_as_in_python() {
        for (path, head, tail) in [
            ("a/b.npy", "a", "b.npy"),
            ("b", "", "b"),
            ("/b", "/", "b"),
            ("a//b/", "a//b", ""),
            ("//b", "//", "b"),
        ] {
            assert_eq!(split(path), (head, tail));
        }
    }
}
