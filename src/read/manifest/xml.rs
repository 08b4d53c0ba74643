//! Manifests in XML: elements are tables, attributes are keys that start with `@`. Only the five predefined entities are resolved.

use crate::read::manifest::value::{ManifestContent, ManifestEntry, ManifestValue};
use crate::read::source::Span;

/// The maximum nesting of elements.
const DEEPEST: usize = 64;

/// An open element.
struct OpenElement {
    name: String,
    start: usize,
    text_start: usize,
    entries: Vec<ManifestEntry>,
    /// Whether it has a `Condition` attribute.
    conditional: bool,
}

/// The file's content; `None` if it is not XML.
pub(crate) fn read(text: &str) -> Option<ManifestValue> {
    let mut open = vec![OpenElement::new("", 0, 0)];
    let mut at = 0;
    while let Some(next) = text[at..].find('<').map(|found| at + found) {
        let rest = &text[next..];
        if let Some(length) = skipped(rest) {
            at = next + length?;
            continue;
        }
        let end = next + tag_length(rest)?;
        let tag = &text[next + 1..end - 1];
        if let Some(name) = tag.strip_prefix('/') {
            let element = open.pop().filter(|element| element.name == name.trim())?;
            open.last_mut()?.entries.push(element.close(text, next));
        } else {
            let closed = tag.ends_with('/');
            let element = OpenElement::tag(tag.trim_end_matches('/'), next + 1, end);
            if closed {
                open.last_mut()?.entries.push(element.close(text, end));
            } else if open.len() > DEEPEST {
                return None;
            } else {
                open.push(element);
            }
        }
        at = end;
    }
    let root = open.pop().filter(|_| open.is_empty())?;
    Some(ManifestValue::table(root.entries, span(0, text.len())))
}

/// The length of a comment, a processing instruction, CDATA or a declaration; an inner `None` if it does not end.
fn skipped(rest: &str) -> Option<Option<usize>> {
    let pairs = [("<!--", "-->"), ("<?", "?>"), ("<![CDATA[", "]]>"), ("<!", ">")];
    let (_, end) = pairs.into_iter().find(|(start, _)| rest.starts_with(start))?;
    Some(rest.find(end).map(|at| at + end.len()))
}

/// The length of a tag; a `>` in quotes does not end the tag.
fn tag_length(rest: &str) -> Option<usize> {
    let mut quote = None;
    for (at, letter) in rest.char_indices() {
        match (quote, letter) {
            (None, '>') => return Some(at + 1),
            (None, '"' | '\'') => quote = Some(letter),
            (Some(open), _) if open == letter => quote = None,
            _ => {}
        }
    }
    None
}

impl OpenElement {
    fn new(name: &str, start: usize, text_start: usize) -> Self {
        Self { name: name.to_owned(), start, text_start, entries: Vec::new(), conditional: false }
    }

    /// An element from its opening tag, which starts at `start`; `end` is after its `>`.
    fn tag(tag: &str, start: usize, end: usize) -> Self {
        let length = tag.find(|letter: char| letter.is_whitespace()).unwrap_or(tag.len());
        let mut element = Self::new(&tag[..length], start, end);
        let mut at = length;
        while let Some(equals) = tag[at..].find('=').map(|found| at + found) {
            let name = tag[at..equals].trim();
            let behind = tag[equals + 1..].trim_start();
            let value_at = tag.len() - behind.len();
            let Some(quote) = behind.chars().next().filter(|quote| matches!(quote, '"' | '\'')) else { break };
            let Some(length) = behind[1..].find(quote) else { break };
            let place = span(start + value_at + 1, start + value_at + 1 + length);
            element.conditional |= name == "Condition";
            let value = word(&behind[1..=length], place);
            element.entries.push(ManifestEntry { key: format!("@{name}"), value });
            at = value_at + length + 2;
        }
        element
    }

    fn close(self, text: &str, end: usize) -> ManifestEntry {
        let place = span(self.start, self.start + self.name.len());
        let has_elements = self.entries.iter().any(|entry| !entry.key.starts_with('@'));
        let inner = text.get(self.text_start..end).unwrap_or_default();
        let value = if has_elements || !self.entries.is_empty() && inner.trim().is_empty() {
            ManifestValue::table(self.entries, place)
        } else {
            let start = self.text_start + (inner.len() - inner.trim_start().len());
            word(inner.trim(), span(start, start + inner.trim().len()))
        };
        ManifestEntry { key: self.name, value: if self.conditional { made_unknown(value) } else { value } }
    }
}

/// A value under a condition: its keys exist, but their values are unknown.
fn made_unknown(value: ManifestValue) -> ManifestValue {
    let content = match value.content {
        ManifestContent::Table(entries) => {
            let unknown = |entry: ManifestEntry| ManifestEntry { value: made_unknown(entry.value), ..entry };
            ManifestContent::Table(entries.into_iter().map(unknown).collect())
        }
        _ => ManifestContent::Unknown,
    };
    ManifestValue { content, ..value }
}

/// A text. It is unknown if it has a build variable, a comment or CDATA.
fn word(text: &str, span: Span) -> ManifestValue {
    if text.contains("$(") || text.contains('<') {
        return ManifestValue { span, content: ManifestContent::Unknown };
    }
    let plain = text
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&");
    ManifestValue::word(plain, span)
}

fn span(start: usize, end: usize) -> Span {
    let byte = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span::new(byte(start), byte(end))
}
