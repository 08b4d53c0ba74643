//! Manifests that are Ruby programs: reads plain assignments `spec.key = "text"`.

use std::sync::OnceLock;

use regex_lite::Regex;

use crate::read::manifest::value::{ManifestContent, ManifestEntry, ManifestValue};
use crate::read::source::Span;

/// The assignments to attributes and to entries of `metadata`.
pub(crate) fn read(text: &str) -> ManifestValue {
    let mut entries = Vec::new();
    let mut metadata = Vec::new();
    let mut comment = false;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        comment = (comment || line.starts_with("=begin")) && !line.starts_with("=end");
        if !comment {
            assignment(line, at, &mut entries, &mut metadata);
        }
        at += line.len();
    }
    let whole = span(0, text.len());
    entries.push(ManifestEntry { key: "metadata".into(), value: ManifestValue::table(metadata, whole) });
    ManifestValue::table(entries, whole)
}

fn assignment(line: &str, at: usize, entries: &mut Vec<ManifestEntry>, metadata: &mut Vec<ManifestEntry>) {
    static PATTERN: OnceLock<Option<Regex>> = OnceLock::new();
    let pattern = r#"^\s*\w+\.(\w+)(?:\[\s*(?:"([^"]+)"|'([^']+)'|:(\w+))\s*\])?\s*\|?\|?=\s*([^=~\s].*)$"#;
    let Some(pattern) = PATTERN.get_or_init(|| Regex::new(pattern).ok()) else { return };
    let Some(found) = pattern.captures(line.trim_end()) else { return };
    let (Some(name), Some(written)) = (found.get(1), found.get(5)) else { return };
    let key = found.get(2).or_else(|| found.get(3)).or_else(|| found.get(4));
    let value = literal(written.as_str(), at + written.start());
    match key {
        Some(key) if name.as_str() == "metadata" => {
            metadata.push(ManifestEntry { key: key.as_str().to_owned(), value });
        }
        Some(_) => {}
        None => entries.push(ManifestEntry { key: name.as_str().to_owned(), value }),
    }
}

/// A string literal, optionally with `.freeze` or a comment; any other expression is unknown.
fn literal(written: &str, at: usize) -> ManifestValue {
    let unknown = || ManifestValue { span: span(at, at + written.len()), content: ManifestContent::Unknown };
    let Some(quote) = written.chars().next().filter(|quote| matches!(quote, '"' | '\'')) else { return unknown() };
    let Some(length) = written[1..].find(quote) else { return unknown() };
    let (text, rest) = (&written[1..=length], written[length + 2..].trim());
    let rest = rest.strip_prefix(".freeze").unwrap_or(rest).trim_start();
    if text.contains(['\\', '#']) || !(rest.is_empty() || rest.starts_with('#')) {
        return unknown();
    }
    ManifestValue::word(text, span(at, at + length + 2))
}

fn span(start: usize, end: usize) -> Span {
    let byte = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span::new(byte(start), byte(end))
}
