//! Maps offsets in a decoded scalar to offsets in the file.

use crate::read::source::Span;
use crate::read::yaml::{NodeStyle, index};

/// Walks through a scalar and its notation in the file.
///
/// Characters are matched one by one and runs of white space as a whole, because only white space is folded, stripped or indented.
pub(crate) struct OffsetWalk<'s> {
    /// The offset in the file of `written`.
    start: usize,
    /// The scalar as the file has it.
    written: &'s str,
    style: NodeStyle,
    decoded: &'s str,
    /// The position in `written`.
    at: usize,
    /// The position in `decoded`.
    read: usize,
}

/// Where the content starts: after a quote, or after a block scalar's header line.
fn content_start(written: &str, style: NodeStyle) -> usize {
    match style {
        NodeStyle::SingleQuoted | NodeStyle::DoubleQuoted => 1,
        NodeStyle::Literal | NodeStyle::Folded => written.find(['\n', '\r']).unwrap_or(written.len()),
        NodeStyle::Plain | NodeStyle::Block | NodeStyle::Flow => 0,
    }
}

impl<'s> OffsetWalk<'s> {
    /// Starts at the first character of `decoded`, the text of a scalar at `span` of `source`.
    pub(crate) fn new(source: &'s str, span: Span, style: NodeStyle, decoded: &'s str) -> Self {
        let written = source.get(span.range()).unwrap_or_default();
        let mut at = content_start(written, style);
        // The line break after a block scalar's header and the first indentation are not part of the text.
        if matches!(style, NodeStyle::Literal | NodeStyle::Folded) && !starts_blank(decoded) {
            at += blank_run(&written[at..]);
        }
        Self { start: span.range().start, written, style, decoded, at, read: 0 }
    }

    /// Goes on to a byte of the text, which is not before the last one, and returns its offset in the file.
    pub(crate) fn to(&mut self, offset: usize) -> u32 {
        index(self.start + self.position(offset).min(self.written.len()))
    }

    /// The position in `written` of a byte of the text.
    fn position(&mut self, offset: usize) -> usize {
        while self.read < offset && self.read < self.decoded.len() {
            let rest = &self.decoded[self.read..];
            if let Some(same) = self.same_line(&rest.as_bytes()[..(offset - self.read).min(rest.len())]) {
                self.read += same;
                self.at += same;
                continue;
            }
            let run = blank_run(rest);
            if run > 0 && !self.at_escape() {
                let written = blank_run(&self.written[self.at..]);
                if self.read + run > offset {
                    return self.within_blank(rest, run, written, offset - self.read);
                }
                self.read += run;
                self.at += written;
            } else {
                self.read += rest.chars().next().map_or(1, char::len_utf8);
                self.step();
            }
        }
        self.at
    }

    /// The number of bytes up to the last character before a line break that are the same in the file: a shortcut for scalars that have no
    /// escapes, so that a long script is not matched character by character.
    fn same_line(&self, rest: &[u8]) -> Option<usize> {
        if !matches!(self.style, NodeStyle::Literal | NodeStyle::Folded | NodeStyle::Plain) {
            return None;
        }
        let line = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        let line = rest[..line].trim_ascii_end();
        let written = self.written.as_bytes().get(self.at..self.at + line.len());
        (!line.is_empty() && written == Some(line)).then_some(line.len())
    }

    /// An offset within white space: exact if it is unchanged in the file, else the start of the run.
    fn within_blank(&self, decoded: &str, run: usize, written: usize, inside: usize) -> usize {
        let same = self.written.get(self.at..self.at + run) == decoded.get(..run);
        self.at + if same { inside } else { inside.min(written).min(usize::from(inside > 0 && written > run) * inside) }
    }

    fn at_escape(&self) -> bool {
        self.style == NodeStyle::DoubleQuoted && self.written[self.at..].starts_with('\\')
    }

    /// Skips the notation of one character.
    fn step(&mut self) {
        let rest = &self.written[self.at..];
        let width = match (self.style, rest.as_bytes()) {
            (NodeStyle::DoubleQuoted, [b'\\', b'\n' | b'\r', ..]) => {
                // An escaped line break is not a character; the next one follows after the indentation.
                self.at += 1 + blank_run(&rest[1..]);
                return self.skip_character_after_break();
            }
            (NodeStyle::DoubleQuoted, [b'\\', b'x', ..]) => 4,
            (NodeStyle::DoubleQuoted, [b'\\', b'u', ..]) => 6,
            (NodeStyle::DoubleQuoted, [b'\\', b'U', ..]) => 10,
            (NodeStyle::DoubleQuoted, [b'\\', ..]) => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            (NodeStyle::SingleQuoted, [b'\'', b'\'', ..]) => 2,
            _ => rest.chars().next().map_or(0, char::len_utf8),
        };
        self.at = self.written.floor_char_boundary(self.at + width);
    }

    fn skip_character_after_break(&mut self) {
        if !self.written[self.at..].starts_with("\\\n") {
            self.step();
        }
    }
}

fn starts_blank(text: &str) -> bool {
    blank_run(text) > 0
}

fn blank_run(text: &str) -> usize {
    text.bytes().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count()
}
