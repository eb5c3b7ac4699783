//! An expression as a line of text, for people who want to see what will be computed.
//!
//! Deep and wide expressions are cut: the text stays short, and walking it never goes deeper than [`DEPTH`].

use crate::array::Array;
use crate::expr::{Kind, Op};

/// Operations below this depth are three dots.
const DEPTH: usize = 24;
/// So is what comes after so many characters.
const LENGTH: usize = 400;

impl Array {
    /// The expression as text: operators and NumPy's names, `a`, `b`, … for the data that it reads, each with its shape.
    ///
    /// ```
    /// use array_core::Array;
    /// let (b, c) = (Array::from_vec(vec![1.0, 2.0], [2, 1]), Array::from_vec(vec![1.0], [1, 1]));
    /// assert_eq!(((&b + &c).sqrt() * 2.0 - &b).formula(), "(sqrt(a(2, 1) + b(1, 1)) * 2.0) - a(2, 1)");
    /// ```
    pub fn formula(&self) -> String {
        let mut writer = Writer { text: String::new(), names: Vec::new() };
        writer.write(self, 0);
        writer.text
    }
}

struct Writer {
    text: String,
    /// The addresses of the data that have names, in the order of their names.
    names: Vec<usize>,
}

impl Writer {
    fn write(&mut self, array: &Array, depth: usize) {
        if depth > DEPTH || self.text.len() > LENGTH {
            self.text.push('…');
            return;
        }
        match &array.0.kind {
            Kind::Failed(_) => self.text.push('?'),
            Kind::Const { value, .. } => self.text += &crate::display::scalar_text(*value),
            Kind::Buffer { data, .. } => self.leaf(data.as_ptr().addr(), array.shape()),
            Kind::Source { data, .. } => self.leaf(std::sync::Arc::as_ptr(data).addr(), array.shape()),
            Kind::Map { op, args, .. } => match (symbol(*op), &args[..]) {
                (_, [a]) if matches!(op, Op::Cast | Op::Copy) => self.write(a, depth + 1),
                (Some(symbol), [a, b]) => {
                    self.operand(a, depth);
                    self.text += &format!(" {symbol} ");
                    self.operand(b, depth);
                }
                (_, args) => self.call(op.name(), args, depth),
            },
            Kind::Reduce { op, args, .. } => self.call(&format!("{}.reduce", op.name()), args, depth),
            Kind::Whole { op, args, .. } => self.call(&op.to_string(), args, depth),
            Kind::Store { args, .. } => self.call("reshape", args, depth),
        }
    }

    /// In parentheses if it is an operator of its own.
    fn operand(&mut self, array: &Array, depth: usize) {
        let (mut inner, mut depth) = (array, depth);
        while let Kind::Map { op: Op::Cast | Op::Copy, args, .. } = &inner.0.kind
            && depth < DEPTH
        {
            (inner, depth) = (&args[0], depth + 1);
        }
        let compound = matches!(&inner.0.kind, Kind::Map { op, .. } if symbol(*op).is_some());
        if compound {
            self.text.push('(');
        }
        self.write(inner, depth + 1);
        if compound {
            self.text.push(')');
        }
    }

    fn call(&mut self, name: &str, args: &[Array], depth: usize) {
        self.text.push_str(name);
        self.text.push('(');
        for (i, arg) in args.iter().enumerate() {
            if i > 0 {
                self.text.push_str(", ");
            }
            self.write(arg, depth + 1);
        }
        self.text.push(')');
    }

    fn leaf(&mut self, address: usize, shape: &[usize]) {
        let at = self.names.iter().position(|&known| known == address).unwrap_or_else(|| {
            self.names.push(address);
            self.names.len() - 1
        });
        match u8::try_from(at) {
            Ok(at) if at < 26 => self.text.push((b'a' + at).into()),
            _ => self.text += &format!("x{at}"),
        }
        let lengths: Vec<String> = shape.iter().map(usize::to_string).collect();
        self.text += &format!("({})", lengths.join(", "));
    }
}

fn symbol(op: Op) -> Option<&'static str> {
    Some(match op {
        Op::Add => "+",
        Op::Subtract => "-",
        Op::Multiply => "*",
        Op::Divide => "/",
        Op::FloorDivide => "//",
        Op::Remainder => "%",
        Op::Power => "**",
        Op::Less => "<",
        Op::LessEqual => "<=",
        Op::Greater => ">",
        Op::GreaterEqual => ">=",
        Op::Equal => "==",
        Op::NotEqual => "!=",
        _ => return None,
    })
}
