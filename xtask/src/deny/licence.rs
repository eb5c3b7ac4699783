//! SPDX licence expressions: whether some choice a package offers is on our list.
//!
//! `A OR B` offers a choice, `A AND B` binds to both and binds tighter, `A WITH exception` is a licence of its
//! own, and the old form `A/B` means `A OR B`.

/// Whether the licences in `allow` satisfy `expression`.
///
/// # Errors
/// An expression that is none, with what was found where.
pub(crate) fn allowed(expression: &str, allow: &[String]) -> Result<bool, String> {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut parser = Parser { words: spaced.split_whitespace().collect(), at: 0, allow };
    let verdict = parser.any()?;
    match parser.peek() {
        None => Ok(verdict),
        Some(word) => Err(format!("unexpected `{word}`")),
    }
}

struct Parser<'a> {
    words: Vec<&'a str>,
    at: usize,
    allow: &'a [String],
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.words.get(self.at).copied()
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.peek() == Some(word);
        self.at += usize::from(found);
        found
    }

    fn any(&mut self) -> Result<bool, String> {
        let mut verdict = self.all()?;
        while self.take("OR") {
            verdict |= self.all()?;
        }
        Ok(verdict)
    }

    fn all(&mut self) -> Result<bool, String> {
        let mut verdict = self.one()?;
        while self.take("AND") {
            verdict &= self.one()?;
        }
        Ok(verdict)
    }

    fn one(&mut self) -> Result<bool, String> {
        if self.take("(") {
            let verdict = self.any()?;
            return if self.take(")") { Ok(verdict) } else { Err("a bracket is not closed".into()) };
        }
        let mut name = self.name()?.to_owned();
        if self.take("WITH") {
            name = format!("{name} WITH {}", self.name()?);
        }
        Ok(self.allow.contains(&name))
    }

    fn name(&mut self) -> Result<&'a str, String> {
        match self.peek() {
            None => Err("it ends too early".into()),
            Some(word @ ("OR" | "AND" | "WITH" | ")" | "(")) => Err(format!("unexpected `{word}`")),
            Some(word) => {
                self.at += 1;
                Ok(word)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::allowed;

    #[track_caller]
    fn check(expression: &str, expected: bool) {
        let allow = ["MIT", "Apache-2.0", "Unicode-3.0"].map(str::to_owned);
        assert_eq!(allowed(expression, &allow), Ok(expected), "{expression}");
    }

    #[test]
    fn a_choice_needs_one_and_a_sum_needs_all() {
        check("MIT", true);
        check("GPL-3.0-only", false);
        check("MIT OR GPL-3.0-only", true);
        check("MIT AND GPL-3.0-only", false);
        check("GPL-3.0-only OR MIT AND Unicode-3.0", true);
        check("(MIT OR Apache-2.0) AND Unicode-3.0", true);
        check("(MIT OR Apache-2.0) AND GPL-3.0-only", false);
        check("MIT/Apache-2.0", true);
        check("Apache-2.0 WITH LLVM-exception", false);
        check("Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT", true);
    }

    #[test]
    fn what_is_no_expression_is_an_error() {
        for text in ["", "MIT OR", "OR MIT", "(MIT", "MIT)", "MIT Apache-2.0", "MIT WITH"] {
            assert!(allowed(text, &[]).is_err(), "{text:?}");
        }
    }
}
