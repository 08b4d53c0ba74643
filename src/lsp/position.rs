//! Converts between byte offsets and the positions of the protocol, in the encoding that the client and the server agreed on.

use gen_lsp_types::{Position, Range};

use crate::read::source::{ColumnUnit, SourceFile, Span};

/// The range of a span.
pub(crate) fn range(source: &SourceFile, span: Span, unit: ColumnUnit) -> Range {
    Range { start: position(source, span.start, unit), end: position(source, span.end, unit) }
}

/// The position of a byte offset.
pub(crate) fn position(source: &SourceFile, offset: u32, unit: ColumnUnit) -> Position {
    let at = source.position(offset, unit);
    Position { line: at.line.saturating_sub(1), character: at.column.saturating_sub(1) }
}

/// The byte offset of a position. A position after the end of its line is the end of the line, as the protocol requires.
pub(crate) fn offset(source: &SourceFile, position: Position, unit: ColumnUnit) -> u32 {
    let span = source.line_span(position.line.saturating_add(1));
    let mut left = position.character as usize;
    let mut offset = span.start as usize;
    for letter in source.slice(span).chars() {
        let width = match unit {
            ColumnUnit::Utf8 => letter.len_utf8(),
            ColumnUnit::Utf16 => letter.len_utf16(),
            ColumnUnit::CodePoints => 1,
        };
        if left < width {
            break;
        }
        left -= width;
        offset += letter.len_utf8();
    }
    u32::try_from(offset).unwrap_or(u32::MAX)
}

/// The byte range of a range.
pub(crate) fn span(source: &SourceFile, range: Range, unit: ColumnUnit) -> Span {
    Span::new(offset(source, range.start, unit), offset(source, range.end, unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_boundary_survives_every_encoding() {
        let text = "a: 🦀 é\r\nb:\tc\rd\n\n# 発行";
        let source = SourceFile::new("f", text.into());
        for unit in [ColumnUnit::Utf8, ColumnUnit::Utf16, ColumnUnit::CodePoints] {
            for (at, letter) in text.char_indices().chain([(text.len(), ' ')]) {
                let at = u32::try_from(at).unwrap();
                if letter != '\n' || !text[..at as usize].ends_with('\r') {
                    assert_eq!(offset(&source, position(&source, at, unit), unit), at, "{unit:?}");
                }
            }
        }
        assert_eq!(position(&source, 7, ColumnUnit::Utf16), Position { line: 0, character: 5 });
    }

    #[test]
    fn a_position_outside_is_moved_to_the_nearest_one_before() {
        let source = SourceFile::new("f", "ab\n🦀".into());
        let at = |line, character| offset(&source, Position { line, character }, ColumnUnit::Utf16);
        assert_eq!([at(0, 9), at(1, 1), at(1, 2), at(7, 0), at(u32::MAX, u32::MAX)], [2, 3, 7, 7, 7]);
    }
}
