//! Texts to numbers: strict for our own variables and the flag, with the reason of each refusal.

use super::{BadNumber, BudgetError, MAX_THREADS, Source};

/// What our own variables and the flag may say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Auto,
    Threads(usize),
}

/// A positive whole number in plain decimal digits, surrounding blanks allowed; larger than `usize` is `TooMany`.
pub(super) fn positive(text: &str) -> Result<usize, BadNumber> {
    let text = text.trim();
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if digits(text) {
        return match text.parse() {
            Ok(0) => Err(BadNumber::Zero),
            Ok(n) => Ok(n),
            Err(_) => Err(BadNumber::TooMany),
        };
    }
    // From here on it is refused; the rest finds the reason a reader will recognise.
    let float = || text.parse::<f64>().is_ok() && text.bytes().any(|b| b.is_ascii_digit());
    Err(if text.is_empty() {
        BadNumber::Empty
    } else if text.contains(char::REPLACEMENT_CHARACTER) {
        BadNumber::NotUtf8
    } else if text.split(',').count() > 1 && text.split(',').all(|part| digits(part.trim())) {
        BadNumber::List
    } else if text.strip_prefix(['-', '\u{2212}']).is_some_and(digits) {
        BadNumber::Negative
    } else if text.strip_prefix('+').is_some_and(digits) {
        BadNumber::Signed
    } else if hexadecimal(text) {
        BadNumber::Hexadecimal
    } else if float() && text.contains(['e', 'E']) {
        BadNumber::Exponent
    } else if float() {
        BadNumber::Fraction
    } else {
        BadNumber::NotANumber
    })
}

fn hexadecimal(text: &str) -> bool {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    digits.is_some_and(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// A value of ours within `1..=MAX_THREADS`.
fn own_number(text: &str) -> Result<usize, BadNumber> {
    positive(text).and_then(|n| if n <= MAX_THREADS { Ok(n) } else { Err(BadNumber::TooMany) })
}

/// A value of ours: a number or `auto`.
pub(super) fn asked(source: Source, value: &str) -> Result<Asked, BudgetError> {
    if value.trim() == "auto" {
        return Ok(Asked::Auto);
    }
    own_number(value).map(Asked::Threads).map_err(|problem| refuse(source, value, problem, true))
}

/// A value of ours that must be a number.
pub(super) fn limit(source: Source, value: &str) -> Result<usize, BudgetError> {
    own_number(value).map_err(|problem| refuse(source, value, problem, false))
}

/// A value of ours that is on or off.
pub(super) fn switch(value: &str) -> Result<bool, BudgetError> {
    match value.trim() {
        "1" => Ok(true),
        "0" => Ok(false),
        _ => Err(BudgetError::Switch { value: value.to_owned() }),
    }
}

fn refuse(place: Source, value: &str, problem: BadNumber, auto_allowed: bool) -> BudgetError {
    BudgetError::Number { place, value: value.to_owned(), problem, auto_allowed }
}

/// Slurm's way of writing one number per node, `2(x3),1`: the number of node `node`.
///
/// Without a node, the number all nodes agree on. `None` if the list is malformed, holds a zero, ends before
/// `node`, or disagrees.
pub(super) fn per_node(list: &str, node: Option<usize>) -> Option<usize> {
    let runs: Vec<(usize, usize)> = list.trim().split(',').map(run).collect::<Option<_>>()?;
    let Some(node) = node else {
        let first = runs.first()?.0;
        return runs.iter().all(|&(n, _)| n == first).then_some(first);
    };
    let mut ahead = node;
    for (number, repeat) in runs {
        match ahead.checked_sub(repeat) {
            None => return Some(number),
            Some(rest) => ahead = rest,
        }
    }
    None
}

/// One entry of such a list: `2(x3)` is (2, 3), `1` is (1, 1).
fn run(entry: &str) -> Option<(usize, usize)> {
    match entry.split_once("(x") {
        None => Some((positive(entry).ok()?, 1)),
        Some((number, repeat)) => {
            Some((positive(number).ok()?, positive(repeat.trim_end().strip_suffix(')')?).ok()?))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_the_reason_a_reader_recognises() {
        let cases = [
            ("0", BadNumber::Zero),
            ("00", BadNumber::Zero),
            ("-1", BadNumber::Negative),
            ("-0", BadNumber::Negative),
            ("+4", BadNumber::Signed),
            ("2.5", BadNumber::Fraction),
            ("4.", BadNumber::Fraction),
            ("-2.5", BadNumber::Fraction),
            ("1e9", BadNumber::Exponent),
            ("1E9", BadNumber::Exponent),
            ("0x4", BadNumber::Hexadecimal),
            ("0XfF", BadNumber::Hexadecimal),
            ("0x", BadNumber::NotANumber),
            ("4,2", BadNumber::List),
            ("4, 2", BadNumber::List),
            ("4,", BadNumber::NotANumber),
            ("", BadNumber::Empty),
            (" \t", BadNumber::Empty),
            ("4\u{fffd}", BadNumber::NotUtf8),
            ("340282366920938463463374607431768211456", BadNumber::TooMany),
            ("abc", BadNumber::NotANumber),
            ("inf", BadNumber::NotANumber),
            ("NaN", BadNumber::NotANumber),
            ("infinity", BadNumber::NotANumber),
            ("e", BadNumber::NotANumber),
            ("1_000", BadNumber::NotANumber),
            ("4 2", BadNumber::NotANumber),
            ("\u{ff14}", BadNumber::NotANumber),
            ("4 threads", BadNumber::NotANumber),
        ];
        for (text, reason) in cases {
            assert_eq!(positive(text), Err(reason), "{text:?}");
        }
        assert_eq!(positive(" 4\n"), Ok(4));
        assert_eq!(positive("007"), Ok(7));
    }

    #[test]
    fn a_per_node_list_is_read_at_its_node() {
        let cases = [
            ("8", Some(0), Some(8)),
            ("2(x3),1", Some(0), Some(2)),
            ("2(x3),1", Some(2), Some(2)),
            ("2(x3),1", Some(3), Some(1)),
            ("2(x3),1", Some(4), None),
            (" 6,2 ", Some(1), Some(2)),
            ("8(x4)", None, Some(8)),
            ("8", None, Some(8)),
            ("6,2", None, None),
            ("4,0", Some(0), None),
            ("", None, None),
            ("2(x", Some(0), None),
            ("2(x3", Some(0), None),
            ("2(x0)", Some(0), None),
            ("(x3)", Some(0), None),
            ("a,b", Some(0), None),
            ("2,,3", Some(0), None),
            ("1(x18446744073709551615),7", Some(5), Some(1)),
        ];
        for (list, node, number) in cases {
            assert_eq!(per_node(list, node), number, "{list:?} at {node:?}");
        }
    }
}
