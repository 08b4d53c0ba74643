//! A text with its place in a file: a YAML scalar, or a piece of a script.

use crate::read::source::{FileId, Place, SourceFile, Span};
use crate::read::yaml::{Node, NodeKind};

/// A text with its place. Cheap to copy: it borrows from the project.
#[derive(Clone, Copy)]
pub struct Text<'p> {
    value: &'p str,
    origin: TextOrigin<'p>,
    file: FileId,
}

#[derive(Clone, Copy)]
enum TextOrigin<'p> {
    Scalar(Node<'p>, &'p SourceFile),
    Script(&'p MappedText),
}

impl<'p> Text<'p> {
    /// The scalar at a node of `source`.
    #[must_use]
    pub(crate) fn new(node: Node<'p>, source: &'p SourceFile, file: FileId) -> Self {
        Self { value: node.text().unwrap_or_default(), origin: TextOrigin::Scalar(node, source), file }
    }

    /// The text of a script in a file.
    pub(crate) fn script(text: &'p MappedText, file: FileId) -> Self {
        Self { value: text.as_str(), origin: TextOrigin::Script(text), file }
    }

    /// The decoded text. Expressions are kept as written.
    #[must_use]
    pub const fn value(self) -> &'p str {
        self.value
    }

    /// The place of the text, or of the alias through which it was reached.
    #[must_use]
    pub fn place(self) -> Place {
        let span = match self.origin {
            TextOrigin::Scalar(node, _) => node.alias_span().unwrap_or_else(|| node.span()),
            TextOrigin::Script(text) => text.span(0..text.as_str().len()),
        };
        Place { file: self.file, span }
    }

    /// The place of a range of bytes of [`Text::value`].
    #[must_use]
    pub fn inner(self, range: std::ops::Range<usize>) -> Place {
        let span = match self.origin {
            TextOrigin::Scalar(node, source) => node.source_span(source.text(), range),
            TextOrigin::Script(text) => text.span(range),
        };
        Place { file: self.file, span }
    }

    /// The YAML type of the scalar; a script is a string.
    #[must_use]
    pub fn kind(self) -> NodeKind {
        match self.origin {
            TextOrigin::Scalar(node, _) => node.kind(),
            TextOrigin::Script(_) => NodeKind::Str,
        }
    }
}

impl std::fmt::Debug for Text<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:?}", self.value())
    }
}

/// A text that was decoded from a file, with the offset in the file of each of its parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MappedText {
    value: String,
    /// Pairs of an offset in `value` and the offset in the file of the same character, in order.
    parts: Vec<(u32, u32)>,
    /// The end in the file.
    end: u32,
}

impl MappedText {
    pub(crate) fn as_str(&self) -> &str {
        &self.value
    }

    /// Adds a text that is written at `start..end` in the file. Offsets inside it are exact if it is written unchanged.
    pub(crate) fn push(&mut self, text: &str, start: usize, end: usize) {
        self.parts.push((offset(self.value.len()), offset(start)));
        self.value.push_str(text);
        self.end = self.end.max(offset(end));
    }

    /// Adds the decoded value of a quoted string that is `written` at `start` in the file.
    pub(crate) fn push_decoded(&mut self, text: &str, written: &str, start: usize) {
        let end = start + written.len();
        if let Some(at) = written.find(text) {
            self.push(text, start + at, end);
            return;
        }
        let (base, mut at) = (self.value.len(), 0);
        for (index, letter) in text.char_indices() {
            let Some(skip) = gap(&written[at..], letter) else { continue };
            if skip > 0 || index == 0 {
                self.parts.push((offset(base + index), offset(start + at + skip)));
            }
            at += skip + letter.len_utf8();
        }
        self.value.push_str(text);
        self.end = self.end.max(offset(end));
    }

    /// The place in the file of a byte.
    fn byte(&self, at: usize) -> Span {
        let at = offset(at.min(self.value.len()));
        let next = self.parts.partition_point(|(own, _)| *own <= at);
        let (own, file) = next.checked_sub(1).and_then(|index| self.parts.get(index)).copied().unwrap_or_default();
        let limit = self.parts.get(next).map_or(self.end, |(_, file)| *file).max(file);
        let start = file.saturating_add(at - own).min(limit);
        Span::new(start, start.saturating_add(1).min(limit))
    }

    fn span(&self, range: std::ops::Range<usize>) -> Span {
        let start = self.byte(range.start).start;
        // The end is that of the last byte, so that a text before a gap does not include the gap.
        let last = range.end.checked_sub(1).filter(|last| *last >= range.start);
        Span::new(start, last.map_or(start, |last| self.byte(last).end))
    }
}

/// The number of bytes before a character in a quoted text: an escape, or white space that is folded.
fn gap(written: &str, letter: char) -> Option<usize> {
    let found = written.char_indices().take(LONGEST_GAP).find(|(_, other)| *other == letter).map(|(at, _)| at)?;
    (written[..found].trim().len() <= LONGEST_ESCAPE).then_some(found)
}

/// The maximum length of folded white space, in characters.
const LONGEST_GAP: usize = 200;
/// The maximum length of an escape before its character, in bytes.
const LONGEST_ESCAPE: usize = 2;

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
