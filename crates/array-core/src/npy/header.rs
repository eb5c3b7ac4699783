//! The header of a `.npy` file: a Python dictionary of three known keys.

use super::NpyError;
use crate::{dtype::DType, error::Shape, layout::Dims};

/// What the header says.
#[derive(Debug, PartialEq)]
pub(super) struct Header {
    pub(super) descr: String,
    pub(super) fortran: bool,
    pub(super) shape: Dims,
}

/// The bytes `np.save` puts before the data, padded so that the data is 64-byte aligned in the file.
pub(super) fn encode(dtype: DType, shape: &[usize]) -> Vec<u8> {
    let order = if dtype.size() == 1 { '|' } else { '<' };
    let mut text = format!(
        "{{'descr': '{order}{}', 'fortran_order': False, 'shape': {}, }}",
        dtype.descr(),
        Shape(shape)
    );
    // NumPy leaves room for the first axis to grow to 21 digits.
    if let Some(first) = shape.first() {
        text.push_str(&" ".repeat(21usize.saturating_sub(first.to_string().len())));
    }
    let unpadded = 10 + text.len() + 1;
    text.push_str(&" ".repeat(unpadded.next_multiple_of(64) - unpadded));
    text.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    match u16::try_from(text.len()) {
        Ok(length) => bytes.extend(length.to_le_bytes()),
        Err(_) => {
            // Thousands of axes: version 2.0, whose length has four bytes.
            bytes[6] = 2;
            bytes.extend((text.len() as u32).to_le_bytes());
        }
    }
    bytes.extend(text.bytes());
    bytes
}

impl Header {
    pub(super) fn parse(text: &[u8]) -> Result<Header, NpyError> {
        let mut p = Parser { text, at: 0 };
        let (mut descr, mut fortran, mut shape) = (None, None, None);
        p.expect(b'{', "expected '{'")?;
        loop {
            if p.eat(b'}') {
                break;
            }
            let key = p.string()?;
            p.expect(b':', "expected ':' after a key")?;
            let fresh = match &key[..] {
                "descr" => descr.replace(p.descr()?).is_none(),
                "fortran_order" => fortran.replace(p.truth()?).is_none(),
                "shape" => shape.replace(p.shape()?).is_none(),
                _ => return Err(p.wrong("unknown key")),
            };
            if !fresh {
                return Err(p.wrong("a key appears twice"));
            }
            if !p.eat(b',') {
                p.expect(b'}', "expected ',' or '}'")?;
                break;
            }
        }
        p.blanks();
        if p.at != text.len() {
            return Err(p.wrong("something follows the dictionary"));
        }
        match (descr, fortran, shape) {
            (Some(descr), Some(fortran), Some(shape)) => Ok(Header { descr, fortran, shape }),
            _ => Err(p.wrong("a key is missing: 'descr', 'fortran_order' and 'shape' are needed")),
        }
    }
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
}

impl Parser<'_> {
    fn wrong(&self, reason: &'static str) -> NpyError {
        NpyError::Header { reason, at: self.at }
    }

    fn blanks(&mut self) {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        self.blanks();
        let here = self.text.get(self.at) == Some(&byte);
        self.at += usize::from(here);
        here
    }

    fn expect(&mut self, byte: u8, reason: &'static str) -> Result<(), NpyError> {
        if self.eat(byte) { Ok(()) } else { Err(self.wrong(reason)) }
    }

    fn string(&mut self) -> Result<String, NpyError> {
        self.blanks();
        let quote = match self.text.get(self.at) {
            Some(q @ (b'\'' | b'"')) => *q,
            _ => return Err(self.wrong("expected a quoted string")),
        };
        let start = self.at + 1;
        let length = self.text[start..].iter().position(|b| *b == quote);
        let length = length.ok_or_else(|| self.wrong("a string does not end"))?;
        self.at = start + length + 1;
        Ok(String::from_utf8_lossy(&self.text[start..start + length]).into_owned())
    }

    /// A type: a string; a list is a structured type, which is named as such.
    fn descr(&mut self) -> Result<String, NpyError> {
        self.blanks();
        if self.text.get(self.at) == Some(&b'[') {
            return Err(NpyError::UnsupportedType { descr: "[…] (a structured type)".to_owned() });
        }
        self.string()
    }

    fn truth(&mut self) -> Result<bool, NpyError> {
        self.blanks();
        for (word, value) in [(&b"True"[..], true), (b"False", false)] {
            if self.text[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.wrong("expected True or False"))
    }

    fn shape(&mut self) -> Result<Dims, NpyError> {
        let mut shape = Dims::new();
        self.expect(b'(', "expected '(' before the shape")?;
        let mut comma = true;
        while !self.eat(b')') {
            if !comma {
                return Err(self.wrong("expected ',' or ')' in the shape"));
            }
            shape.push(self.length()?);
            comma = self.eat(b',');
        }
        if shape.len() == 1 && !comma {
            return Err(self.wrong("a shape of one axis needs a comma"));
        }
        Ok(shape)
    }

    fn length(&mut self) -> Result<usize, NpyError> {
        self.blanks();
        let start = self.at;
        let mut value = 0usize;
        while let Some(digit @ b'0'..=b'9') = self.text.get(self.at) {
            let next = value.checked_mul(10).and_then(|v| v.checked_add(usize::from(digit - b'0')));
            value = next.ok_or_else(|| self.wrong("a length does not fit memory"))?;
            self.at += 1;
        }
        if self.at == start { Err(self.wrong("expected a length")) } else { Ok(value) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        for shape in [&[][..], &[5], &[3, 4], &[0, 2, 1]] {
            let bytes = encode(DType::F64, shape);
            assert_eq!(bytes.len() % 64, 0);
            let header = Header::parse(&bytes[10..]).unwrap();
            assert_eq!((&header.descr[..], header.fortran, &header.shape[..]), ("<f8", false, shape));
        }
    }

    #[test]
    fn each_kind_of_corruption_has_its_own_words() {
        for (text, words) in [
            ("", "expected '{'"),
            ("{'descr': '<f8'}", "missing"),
            ("{'descr': '<f8', 'fortran_order': 1, 'shape': ()}", "True or False"),
            ("{'descr': '<f8', 'fortran_order': False, 'shape': (3)}", "needs a comma"),
            ("{'descr': '<f8', 'fortran_order': False, 'shape': (-3,)}", "expected a length"),
            ("{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,)}", "does not fit"),
            ("{'descr': '<f8', 'fortran_order': False, 'shape': (3,)} x", "follows the dictionary"),
            ("{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': ()}", "twice"),
            ("{'descr': '<f8, 'x': 1}", "expected"),
            ("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': ()}", "structured"),
            ("{'what': 1}", "unknown key"),
        ] {
            let error = Header::parse(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
