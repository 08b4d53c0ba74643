//! `setup.py`: reads the literal arguments of its call of `setup()`.

use std::sync::OnceLock;

use regex_lite::Regex;

use crate::read::manifest::value::{ManifestContent, ManifestEntry, ManifestValue};
use crate::read::source::Span;

/// The number of arguments of `setup()` that are read.
const MOST_ARGUMENTS: usize = 200;

/// The keyword arguments of `setup()`; `None` without such a call. A value that is no string and no name of a string is unknown.
pub(crate) fn read(text: &str) -> Option<ManifestValue> {
    static CALL: OnceLock<Option<Regex>> = OnceLock::new();
    static KEYWORD: OnceLock<Option<Regex>> = OnceLock::new();
    let call = CALL.get_or_init(|| Regex::new(r"(?m)^[ \t]*(?:\w+\.)*setup[ \t]*\(").ok()).as_ref()?;
    let keyword = KEYWORD.get_or_init(|| Regex::new(r"^\s*(\w+)\s*=\s*").ok()).as_ref()?;
    let start = call.find(text)?.end();
    let mut entries = Vec::new();
    for (from, to) in arguments(text, start).into_iter().take(MOST_ARGUMENTS) {
        let argument = text.get(from..to)?;
        let Some(found) = keyword.captures(argument) else {
            if argument.trim_start().starts_with("**") {
                return None;
            }
            continue;
        };
        let (whole, name) = (found.get(0)?, found.get(1)?);
        let value_at = from + whole.end();
        let value = literal(text, value_at, text.get(value_at..to)?.trim_end());
        entries.push(ManifestEntry { key: name.as_str().to_owned(), value });
    }
    Some(ManifestValue::table(entries, span(0, text.len())))
}

/// The ranges of the arguments of a call whose parenthesis is before `start`.
fn arguments(text: &str, start: usize) -> Vec<(usize, usize)> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let (mut depth, mut from, mut at) = (0_usize, start, start);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' | b'\'' => at += string_length(&bytes[at..]).saturating_sub(1),
            b'#' => {
                let end = bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |end| at + end);
                // A comment before an argument is no part of it.
                if text.get(from..at).is_some_and(|before| before.trim().is_empty()) {
                    from = end;
                }
                at = end;
            }
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' if depth == 0 => {
                found.push((from, at));
                return found;
            }
            b')' | b']' | b'}' => depth -= 1,
            b',' if depth == 0 => {
                found.push((from, at));
                from = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// The length of the string at the start of a text, with its quotes.
fn string_length(bytes: &[u8]) -> usize {
    let Some(quote) = bytes.first().copied() else { return 0 };
    let width = if bytes.get(..3).is_some_and(|start| start.iter().all(|byte| *byte == quote)) { 3 } else { 1 };
    let mut at = width;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 1,
            byte if *byte == quote
                && bytes.get(at..at + width).is_some_and(|end| end.iter().all(|it| *it == quote)) =>
            {
                return at + width;
            }
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

/// A string literal, or a name that is assigned one string on a line of its own.
fn literal(text: &str, at: usize, written: &str) -> ManifestValue {
    let unknown = || ManifestValue { span: span(at, at + written.len()), content: ManifestContent::Unknown };
    if let Some(inner) = string(written) {
        return ManifestValue::word(inner, span(at, at + written.len()));
    }
    if written.is_empty() || !written.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return unknown();
    }
    let mut values = Vec::new();
    let mut line_at = 0;
    for line in text.split_inclusive('\n') {
        if let Some(rest) = line.strip_prefix(written).map(str::trim_start).and_then(|rest| rest.strip_prefix('=')) {
            let value = rest.split(" #").next().unwrap_or(rest).trim();
            let start = line_at + line.len() - rest.len() + (rest.len() - rest.trim_start().len());
            values.push((value, start));
        }
        line_at += line.len();
    }
    match values.as_slice() {
        [(value, start)] => match string(value) {
            Some(inner) => ManifestValue::word(inner, span(*start, start + value.len())),
            None => unknown(),
        },
        _ => unknown(),
    }
}

/// The text of a plain string literal.
fn string(written: &str) -> Option<&str> {
    let quote = written.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let inner = written.get(1..)?.strip_suffix(quote)?;
    (!inner.contains([quote, '\\', '\n'])).then_some(inner)
}

fn span(start: usize, end: usize) -> Span {
    let byte = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span::new(byte(start), byte(end))
}
