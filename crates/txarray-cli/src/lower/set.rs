//! `--set NAME=VALUE`: the script's own default replaced from the command line.
//!
//! **Promise** VALUE is a Python literal; it takes the place of the value of the first plain assignment `NAME = …`
//! outside any def. A name that no such assignment binds is an error.

use crate::{
    fault::{Fault, Result},
    suggest::hint,
    value::Value,
};
use ruff_python_ast::{Expr, Number, UnaryOp};

/// One `--set`.
#[derive(Debug)]
pub(crate) struct Setting {
    name: String,
    value: Value,
    used: bool,
}

impl Setting {
    /// Reads `NAME=VALUE`.
    ///
    /// # Errors
    /// No `=`, a name that is not a Python name, a value that is not a Python literal.
    pub(crate) fn parse(text: &str) -> Result<Setting> {
        let refused = |why: String| Fault::refused(format!("--set {text}: {why}"));
        let Some((name, literal)) = text.split_once('=') else {
            return Err(refused("expected NAME=VALUE".into()));
        };
        let (name, literal) = (name.trim(), literal.trim());
        let is_name = ruff_python_parser::parse_expression(name)
            .is_ok_and(|parsed| matches!(parsed.expr(), Expr::Name(node) if node.id.as_str() == name));
        if !is_name {
            return Err(refused(format!("'{name}' is not a Python name")));
        }
        let value =
            ruff_python_parser::parse_expression(literal).ok().and_then(|parsed| value(parsed.expr()));
        match value {
            Some(value) => Ok(Setting { name: name.to_owned(), value, used: false }),
            None => {
                let quoted = "a number, True, False, None, a quoted text, or a list or tuple of these";
                Err(refused(format!("'{literal}' is not a Python literal ({quoted})")))
            }
        }
    }
}

/// The value of a literal, if it is one.
fn value(expr: &Expr) -> Option<Value> {
    Some(match expr {
        Expr::NumberLiteral(node) => number(&node.value)?,
        Expr::BooleanLiteral(node) => Value::Bool(node.value),
        Expr::NoneLiteral(_) => Value::None,
        Expr::StringLiteral(node) => Value::str(node.value.to_str()),
        Expr::UnaryOp(node) if matches!(node.op, UnaryOp::USub | UnaryOp::UAdd) => {
            let Expr::NumberLiteral(literal) = &*node.operand else { return None };
            match (node.op, number(&literal.value)?) {
                (UnaryOp::USub, Value::Int(n)) => Value::Int(-n),
                (UnaryOp::USub, Value::Float(x)) => Value::Float(-x),
                (_, value) => value,
            }
        }
        Expr::Tuple(node) => Value::tuple(node.elts.iter().map(value).collect::<Option<Vec<_>>>()?),
        Expr::List(node) => Value::list(node.elts.iter().map(value).collect::<Option<Vec<_>>>()?),
        _ => return None,
    })
}

/// The value of a number literal that fits.
pub(super) fn number(number: &Number) -> Option<Value> {
    match number {
        Number::Int(n) => n.as_i64().map(Value::Int),
        Number::Float(x) => Some(Value::Float(*x)),
        Number::Complex { .. } => None,
    }
}

/// All settings of a run.
#[derive(Debug, Default)]
pub(crate) struct Settings(Vec<Setting>);

impl Settings {
    /// # Errors
    /// A name set twice, or what [`Setting::parse`] refuses.
    pub(crate) fn parse(texts: &[String]) -> Result<Self> {
        let mut settings: Vec<Setting> = Vec::new();
        for text in texts {
            let setting = Setting::parse(text)?;
            if settings.iter().any(|other| other.name == setting.name) {
                return Err(Fault::refused(format!("--set {text}: '{}' is set twice", setting.name)));
            }
            settings.push(setting);
        }
        Ok(Self(settings))
    }

    /// The value that replaces this assignment's, the first time it is asked for.
    pub(super) fn replace(&mut self, name: &str) -> Option<Value> {
        let setting = self.0.iter_mut().find(|setting| setting.name == name && !setting.used)?;
        setting.used = true;
        Some(setting.value.clone())
    }

    /// # Errors
    /// A setting whose name the script never assigned; `assigned` are the names it could have meant.
    pub(super) fn all_used(&self, assigned: &[&str]) -> Result<()> {
        match self.0.iter().find(|setting| !setting.used) {
            None => Ok(()),
            Some(Setting { name, .. }) => Err(Fault::refused(format!(
                "--set {name}: the script has no assignment '{name} = ...' outside a def{}",
                hint(name, assigned.iter().copied())
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> String {
        match Setting::parse(text) {
            Ok(setting) => format!("{} -> {}", setting.name, crate::text::repr(&setting.value)),
            Err(fault) => fault.message().to_owned(),
        }
    }

    #[test]
    fn literals_of_every_kind_are_read_and_nothing_else() {
        assert_eq!(parse("n=1000"), "n -> 1000");
        assert_eq!(parse("tol=-1e-6"), "tol -> -1e-06");
        assert_eq!(parse("shape=(3, 4)"), "shape -> (3, 4)");
        assert_eq!(parse("name='a=b'"), "name -> 'a=b'");
        assert_eq!(parse("n"), "--set n: expected NAME=VALUE");
        assert_eq!(parse("2n=1"), "--set 2n=1: '2n' is not a Python name");
        assert!(parse("n=abc").starts_with("--set n=abc: 'abc' is not a Python literal ("));
        assert!(parse("n=1+1").contains("is not a Python literal"));
        assert!(parse("n=").contains("'' is not a Python literal"));
    }
}
