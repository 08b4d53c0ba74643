//! The text of a file with byte spans, and lines and columns in three units.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

/// A half-open range of bytes in [`SourceFile::text`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The span from `start` to `end`; empty if `end` is before `start`.
    #[must_use]
    pub const fn new(start: u32, end: u32) -> Self {
        Self { start, end: if end < start { start } else { end } }
    }

    /// An empty span at `offset`.
    #[must_use]
    pub const fn at(offset: u32) -> Self {
        Self { start: offset, end: offset }
    }

    /// Length in bytes.
    #[must_use]
    pub const fn len(self) -> u32 {
        self.end - self.start
    }

    /// Whether the span covers no byte.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// Whether `other` is inside this span.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// The smallest span that covers both.
    #[must_use]
    pub fn cover(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The span as a range of `usize`, for slicing.
    #[must_use]
    pub const fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A file of a project: an index into [`Project::files`](crate::read::project::Project::files).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A span in one file of the project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file.
    pub file: FileId,
    /// The bytes in the file.
    pub span: Span,
}

/// The unit in which columns are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnUnit {
    /// UTF-16 code units: SARIF and editors.
    Utf16,
    /// Bytes of UTF-8: compilers and `errorformat`.
    Utf8,
    /// Unicode code points: people and terminals.
    CodePoints,
}

/// A line and a column, both counted from 1. A byte order mark has no column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1, in the requested unit.
    pub column: u32,
}

/// A file: its path and its text. A clone shares them.
#[derive(Debug, Clone)]
pub struct SourceFile(Arc<FileText>);

#[derive(Debug)]
struct FileText {
    path: String,
    text: Cow<'static, str>,
    lossy: bool,
    /// Byte offset of each line's first byte; line ends are LF, CR LF and a lone CR. Computed at first use, because most files have no
    /// finding.
    starts: OnceLock<Vec<u32>>,
    /// Code points and UTF-16 code units before every byte whose offset is a multiple of [`STRIDE`]; empty for ASCII texts. A file may be
    /// one long line with thousands of places, so counting from the start of the line would take quadratic time.
    widths: OnceLock<Vec<(u32, u32)>>,
}

const STRIDE: usize = 1024;

const BOM: &str = "\u{feff}";

impl SourceFile {
    /// A file from its bytes. Invalid UTF-8 becomes U+FFFD, and [`SourceFile::is_utf8`] is false.
    ///
    /// `path` is relative to the project's root, with `/` between its parts.
    #[must_use]
    pub fn new(path: impl Into<String>, bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) => Self::with_text(path, text.into(), false),
            Err(error) => Self::with_text(path, String::from_utf8_lossy(error.as_bytes()).into_owned().into(), true),
        }
    }

    /// A file of the program itself; its text is not copied.
    pub(crate) fn built_in(path: String, text: &'static str) -> Self {
        Self::with_text(path, text.into(), false)
    }

    fn with_text(path: impl Into<String>, text: Cow<'static, str>, lossy: bool) -> Self {
        Self(Arc::new(FileText { path: path.into(), text, lossy, starts: OnceLock::new(), widths: OnceLock::new() }))
    }

    /// Whether another file has the same path and text.
    #[must_use]
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
            || self.0.path == other.0.path && self.0.text == other.0.text && self.0.lossy == other.0.lossy
    }

    fn starts(&self) -> &[u32] {
        self.0.starts.get_or_init(|| line_starts(&self.0.text))
    }

    /// The path, relative to the project's root and `/`-separated.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// The last part of the path.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.path.rsplit('/').next().unwrap_or(&self.0.path)
    }

    /// The whole text, with its byte order mark if it has one.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// Whether the bytes were UTF-8.
    #[must_use]
    pub fn is_utf8(&self) -> bool {
        !self.0.lossy
    }

    /// The text of a span. An end that is out of bounds or inside a character is moved to the character boundary before it.
    #[must_use]
    pub fn slice(&self, span: Span) -> &str {
        let end = self.char_boundary_before(span.end);
        self.0.text.get(self.char_boundary_before(span.start).min(end)..end).unwrap_or_default()
    }

    /// The number of lines; a final line end starts one more, empty line.
    #[must_use]
    pub fn line_count(&self) -> u32 {
        u32::try_from(self.starts().len()).unwrap_or(u32::MAX)
    }

    /// The line (from 1) of a byte offset.
    #[must_use]
    pub fn line_at(&self, offset: u32) -> u32 {
        u32::try_from(self.starts().partition_point(|start| *start <= offset)).unwrap_or(u32::MAX)
    }

    /// The span of a line (from 1) without its line end and byte order mark; empty if there is no such line.
    #[must_use]
    pub fn line_span(&self, line: u32) -> Span {
        let index = line.saturating_sub(1) as usize;
        let len = u32::try_from(self.0.text.len()).unwrap_or(u32::MAX);
        let Some(&start) = self.starts().get(index) else { return Span::at(len) };
        let end = self.starts().get(index + 1).copied().unwrap_or(len);
        let mut text = &self.0.text[start as usize..end as usize];
        text = text.strip_suffix('\n').unwrap_or(text);
        text = text.strip_suffix('\r').unwrap_or(text);
        let end = start + u32::try_from(text.len()).unwrap_or(0);
        Span::new(if index == 0 { self.bom_len().min(end) } else { start }, end)
    }

    /// The text of a line (from 1), without its line end and without a byte order mark.
    #[must_use]
    pub fn line_text(&self, line: u32) -> &str {
        self.slice(self.line_span(line))
    }

    /// The line and column of a byte offset.
    #[must_use]
    pub fn position(&self, offset: u32, columns: ColumnUnit) -> Position {
        let offset = self.char_boundary_before(offset);
        let line = self.line_at(u32::try_from(offset).unwrap_or(u32::MAX)).max(1);
        let start = (self.line_span(line).start as usize).min(offset);
        let column = self.width(offset, columns).saturating_sub(self.width(start, columns)).saturating_add(1);
        Position { line, column }
    }

    /// The width of the text before a character boundary.
    fn width(&self, offset: usize, columns: ColumnUnit) -> u32 {
        let widths = self.0.widths.get_or_init(|| widths(&self.0.text));
        if columns == ColumnUnit::Utf8 || widths.is_empty() {
            return u32::try_from(offset).unwrap_or(u32::MAX);
        }
        let index = offset / STRIDE;
        let (points, units) = widths.get(index).copied().unwrap_or_default();
        let (more_points, more_units) =
            width_of(self.0.text.as_bytes().get(index * STRIDE..offset).unwrap_or_default());
        if columns == ColumnUnit::Utf16 { units + more_units } else { points + more_points }
    }

    fn bom_len(&self) -> u32 {
        if self.0.text.starts_with(BOM) { 3 } else { 0 }
    }

    /// The last character boundary of the text at or before an offset.
    fn char_boundary_before(&self, offset: u32) -> usize {
        self.0.text.floor_char_boundary(offset as usize)
    }
}

/// The number of code points that begin in some bytes of a text, and of their UTF-16 code units.
fn width_of(bytes: &[u8]) -> (u32, u32) {
    bytes.iter().fold((0, 0), |(points, units), byte| {
        let begins = u32::from(byte & 0xC0 != 0x80);
        // A character of four bytes takes two UTF-16 code units.
        (points + begins, units + begins + u32::from(*byte >= 0xF0))
    })
}

fn widths(text: &str) -> Vec<(u32, u32)> {
    let mut widths = Vec::new();
    if !text.is_ascii() {
        let mut sum = (0, 0);
        for bytes in text.as_bytes().chunks(STRIDE) {
            widths.push(sum);
            let (points, units) = width_of(bytes);
            sum = (sum.0 + points, sum.1 + units);
        }
        widths.push(sum);
    }
    widths
}

fn line_starts(text: &str) -> Vec<u32> {
    let mut starts = vec![0];
    let bytes = text.as_bytes();
    if memchr::memchr(b'\r', bytes).is_none() {
        // Nearly no file has a carriage return.
        starts.extend(memchr::memchr_iter(b'\n', bytes).map(|at| u32::try_from(at + 1).unwrap_or(u32::MAX)));
        return starts;
    }
    for (index, byte) in bytes.iter().enumerate() {
        let ends = *byte == b'\n' || (*byte == b'\r' && bytes.get(index + 1) != Some(&b'\n'));
        if ends {
            starts.push(u32::try_from(index + 1).unwrap_or(u32::MAX));
        }
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, offset: u32, columns: ColumnUnit) -> (u32, u32) {
        let position = SourceFile::new("f", text.into()).position(offset, columns);
        (position.line, position.column)
    }

    #[test]
    fn columns_are_counted_in_the_requested_unit() {
        let text = "a: 🦀 b";
        assert_eq!(at(text, 7, ColumnUnit::Utf8), (1, 8));
        assert_eq!(at(text, 7, ColumnUnit::Utf16), (1, 6));
        assert_eq!(at(text, 7, ColumnUnit::CodePoints), (1, 5));
        assert_eq!(at(text, 5, ColumnUnit::CodePoints), (1, 4), "an offset inside a character is the character");
    }

    #[test]
    fn columns_in_a_long_line_are_exact() {
        for text in ["aé🦀".repeat(1_000), "ab".repeat(3_000), "🦀".repeat(256), "x".repeat(1_022) + "🦀é"] {
            for (offset, _) in text.char_indices().chain([(text.len(), ' ')]) {
                let (before, at) = (&text[..offset], u32::try_from(offset).unwrap());
                let column = |units: usize| (1, u32::try_from(units + 1).unwrap());
                assert_eq!(self::at(&text, at, ColumnUnit::Utf8), column(offset));
                if offset % 97 < 5 || offset + 5 > text.len() {
                    assert_eq!(self::at(&text, at, ColumnUnit::Utf16), column(before.encode_utf16().count()));
                    assert_eq!(self::at(&text, at, ColumnUnit::CodePoints), column(before.chars().count()));
                }
            }
        }
    }

    #[test]
    fn a_byte_order_mark_has_no_column() {
        assert_eq!(at("\u{feff}on: push", 3, ColumnUnit::Utf16), (1, 1));
        assert_eq!(SourceFile::new("f", "\u{feff}on: push".into()).line_text(1), "on: push");
    }

    #[test]
    fn all_three_line_ends_end_a_line() {
        let source = SourceFile::new("f", "a\r\nb\rc\n".into());
        assert_eq!(source.line_count(), 4);
        assert_eq!([1, 2, 3, 4].map(|line| source.line_text(line)), ["a", "b", "c", ""]);
        assert_eq!(source.line_text(9), "");
    }

    #[test]
    fn invalid_utf8_is_replaced_and_reported() {
        let source = SourceFile::new("f", vec![b'a', 0xff, b'b']);
        assert!(!source.is_utf8());
        assert_eq!(source.text(), "a\u{fffd}b");
        assert_eq!(source.slice(Span::new(2, 400)), "\u{fffd}b");
    }
}
