//! An open document: the text of the editor, saved or not.

use gen_lsp_types::TextDocumentContentChangeEvent;

use crate::lsp::position;
use crate::read::source::{ColumnUnit, SourceFile};

/// An open document.
#[derive(Debug)]
pub(crate) struct Document {
    /// Its URI as the client spells it.
    pub(crate) uri: String,
    pub(crate) version: i32,
    pub(crate) source: SourceFile,
}

impl Document {
    pub(crate) fn new(uri: String, version: i32, text: String) -> Self {
        Self { uri, version, source: SourceFile::new(String::new(), text.into_bytes()) }
    }

    /// Applies changes in their order. The range of a change counts in the text after the changes before it.
    pub(crate) fn apply(&mut self, changes: Vec<TextDocumentContentChangeEvent>, unit: ColumnUnit) {
        for change in changes {
            let text = match change {
                TextDocumentContentChangeEvent::TextDocumentContentChangeWholeDocument(whole) => whole.text,
                TextDocumentContentChangeEvent::TextDocumentContentChangePartial(part) => {
                    let mut text = self.source.text().to_owned();
                    text.replace_range(position::span(&self.source, part.range, unit).range(), &part.text);
                    text
                }
            };
            self.source = SourceFile::new(String::new(), text.into_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_range_of_a_change_counts_in_the_text_after_the_one_before() {
        let mut document = Document::new(String::new(), 1, "a: 🦀\nb: c\n".into());
        let change = |from: (u32, u32), to: (u32, u32), text: &str| {
            let at = |(line, character)| json!({"line": line, "character": character});
            serde_json::from_value(json!({"range": {"start": at(from), "end": at(to)}, "text": text})).unwrap()
        };
        document.apply(vec![change((0, 3), (0, 5), "é\n"), change((2, 3), (9, 9), "d")], ColumnUnit::Utf16);
        assert_eq!(document.source.text(), "a: é\n\nb: d");
        document.apply(vec![serde_json::from_value(json!({"text": "new"})).unwrap()], ColumnUnit::Utf16);
        assert_eq!(document.source.text(), "new");
    }
}
