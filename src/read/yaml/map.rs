//! Maps an offset in a decoded scalar to the offset in the file.

use crate::read::source::Span;
use crate::read::yaml::NodeStyle;

/// The offset in `source` of byte `offset` of `decoded`, the text of a scalar at `span`.
///
/// Characters are matched one by one and runs of white space as a whole, because only white space is folded, stripped or indented.
pub(crate) fn source_offset(source: &str, span: Span, style: NodeStyle, decoded: &str, offset: usize) -> u32 {
    let range = span.range();
    let written = source.get(range.clone()).unwrap_or_default();
    let skip = content_start(written, style);
    let walk = OffsetWalk { written, style, at: skip };
    let at = walk.to(decoded, offset);
    u32::try_from(range.start + at.min(written.len())).unwrap_or(span.end)
}

/// Where the content starts: after a quote, or after a block scalar's header line.
fn content_start(written: &str, style: NodeStyle) -> usize {
    match style {
        NodeStyle::SingleQuoted | NodeStyle::DoubleQuoted => 1,
        NodeStyle::Literal | NodeStyle::Folded => written.find(['\n', '\r']).unwrap_or(written.len()),
        NodeStyle::Plain | NodeStyle::Block | NodeStyle::Flow => 0,
    }
}

struct OffsetWalk<'s> {
    written: &'s str,
    style: NodeStyle,
    at: usize,
}

impl OffsetWalk<'_> {
    fn to(mut self, decoded: &str, offset: usize) -> usize {
        let mut read = 0;
        // The line break after a block scalar's header and the first indentation are not part of the text.
        if matches!(self.style, NodeStyle::Literal | NodeStyle::Folded) && !starts_blank(decoded) {
            self.at += blank_run(&self.written[self.at..]);
        }
        while read < offset && read < decoded.len() {
            let rest = &decoded[read..];
            if let Some(same) = self.same_line(&rest.as_bytes()[..(offset - read).min(rest.len())]) {
                read += same;
                self.at += same;
                continue;
            }
            let run = blank_run(rest);
            if run > 0 && !self.at_escape() {
                let written = blank_run(&self.written[self.at..]);
                if read + run > offset {
                    return self.within_blank(rest, run, written, offset - read);
                }
                read += run;
                self.at += written;
            } else {
                read += rest.chars().next().map_or(1, char::len_utf8);
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
