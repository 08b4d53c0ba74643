//! Manifests with lines `key = value` under `[sections]`.

use crate::read::manifest::value::{ManifestContent, ManifestEntry, ManifestValue};
use crate::read::source::Span;

/// The file's content: the keys before the first section, and a table for each section.
pub(crate) fn read(text: &str) -> ManifestValue {
    let mut reader = IniReader { top: Vec::new(), section: None };
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        reader.line(line, at);
        at += line.len();
    }
    reader.close();
    ManifestValue::table(reader.top, span(0, text.len()))
}

struct IniReader {
    top: Vec<ManifestEntry>,
    section: Option<ManifestEntry>,
}

impl IniReader {
    fn line(&mut self, line: &str, at: usize) {
        let text = line.trim();
        let start = at + (line.len() - line.trim_start().len());
        if text.is_empty() || text.starts_with(['#', ';']) {
            return;
        }
        if line.starts_with([' ', '\t']) {
            self.continue_value(text, start);
        } else if let Some(name) = text.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            self.close();
            let place = span(start, start + text.len());
            self.section =
                Some(ManifestEntry { key: name.trim().to_owned(), value: ManifestValue::table(Vec::new(), place) });
        } else if let Some((key, value_at)) = split(text) {
            let value = text[value_at..].trim_start();
            let value_start = start + text.len() - value.len();
            let value = ManifestValue::word(unquoted(value), span(value_start, value_start + value.len()));
            self.open().push(ManifestEntry { key: key.to_owned(), value });
        }
    }

    /// An indented line continues the previous value.
    fn continue_value(&mut self, text: &str, start: usize) {
        let Some(ManifestEntry { value: ManifestValue { content: ManifestContent::Word(word), span: place }, .. }) =
            self.open().last_mut()
        else {
            return;
        };
        if word.is_empty() {
            *place = span(start, start + text.len());
        } else {
            word.push('\n');
            place.end = span(start, start + text.len()).end;
        }
        word.push_str(text);
    }

    fn open(&mut self) -> &mut Vec<ManifestEntry> {
        match &mut self.section {
            Some(ManifestEntry { value: ManifestValue { content: ManifestContent::Table(entries), .. }, .. }) => {
                entries
            }
            _ => &mut self.top,
        }
    }

    fn close(&mut self) {
        self.top.extend(self.section.take());
    }
}

/// The key of a line and the start of its value: after the first `=`, or after an earlier colon that a space follows.
fn split(line: &str) -> Option<(&str, usize)> {
    let equals = line.find('=');
    let colon = line.find(':').filter(|at| line[at + 1..].starts_with([' ', '\t']) || equals.is_none());
    let at = match (equals, colon) {
        (Some(equals), Some(colon)) => equals.min(colon),
        (equals, colon) => equals.or(colon)?,
    };
    Some((line[..at].trim_end(), at + 1))
}

fn unquoted(value: &str) -> &str {
    let inner = |quote| value.strip_prefix(quote).and_then(|rest: &str| rest.strip_suffix(quote));
    inner('"').or_else(|| inner('\'')).unwrap_or(value)
}

fn span(start: usize, end: usize) -> Span {
    let byte = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span::new(byte(start), byte(end))
}
