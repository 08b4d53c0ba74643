//! Lines, indentation and line ends of a text that is to be edited. It never looks at what the lines say.

use crate::read::edit::{EditPlanner, PathSegment, TextEdit};
use crate::read::source::Span;
use crate::read::yaml::{Node, NodeStyle, Tree};

const BOM: &str = "\u{feff}";

/// Where the line of an offset begins, after a byte order mark.
pub fn start(text: &str, offset: usize) -> usize {
    let start = text[..offset].rfind(['\n', '\r']).map_or(0, |at| at + 1);
    if start == 0 && text.starts_with(BOM) { BOM.len().min(offset) } else { start }
}

/// Where the line of an offset ends, before its line end.
pub fn end(text: &str, offset: usize) -> usize {
    text[offset..].find(['\n', '\r']).map_or(text.len(), |at| offset + at)
}

/// Where the line after an offset begins; none when there is no more.
pub fn next(text: &str, offset: usize) -> Option<usize> {
    let end = end(text, offset);
    let rest = &text[end..];
    let width = if rest.starts_with("\r\n") { 2 } else { usize::from(!rest.is_empty()) };
    (width > 0).then_some(end + width)
}

/// The line end that a new line takes after an offset: that of its line, else that of the file's first line.
pub fn line_end(text: &str, offset: usize) -> &str {
    [offset, 0]
        .into_iter()
        .find_map(|at| {
            let end = end(text, at);
            let next = next(text, at)?;
            text.get(end..next)
        })
        .unwrap_or("\n")
}

/// Whether a text is blank, or blanks and a comment.
pub fn is_rest(text: &str) -> bool {
    let rest = text.trim_start_matches([' ', '\t']);
    rest.is_empty() || (rest.starts_with('#') && (rest.len() < text.len()))
}

/// Deletes whole lines, from the one of `first` to the one of `last`. Where the last line of the file has no end, the line before gives
/// up its own, so that the file ends as it did.
pub fn without(text: &str, first: usize, last: usize) -> TextEdit {
    let from = start(text, first);
    match next(text, last) {
        Some(to) => {
            let blank = |at: usize| text[at..end(text, at)].trim().is_empty();
            let before = text[..from].trim_end_matches([' ', '\t']);
            let opens = before.len().checked_sub(1).is_none_or(|at| {
                let line = start(text, at);
                blank(line)
            });
            // Of the blank lines above and below, one is enough.
            let to = if opens && to < text.len() && blank(to) { next(text, to).unwrap_or(to) } else { to };
            TextEdit::new(from, to, "")
        }
        None => {
            let before = text[..from].strip_suffix('\n').map_or(from, str::len);
            let before = text[..before].strip_suffix('\r').map_or(before, str::len);
            TextEdit::new(before, text.len(), "")
        }
    }
}

/// Deletes a comment: its line, or what stands before it on its line in blanks.
pub fn without_comment(text: &str, span: Span) -> TextEdit {
    let range = span.range();
    let line = start(text, range.start);
    let before = &text[line..range.start];
    if before.trim().is_empty() {
        return without(text, range.start, range.start);
    }
    TextEdit::new(line + before.trim_end().len(), end(text, range.start), "")
}

/// The blanks that a block mapping's keys stand behind. A mapping that begins behind a dash has no line of its own for its first key.
pub fn indent(text: &str, mapping: Node<'_>) -> Option<String> {
    let mut width = None;
    for entry in mapping.entries() {
        let at = entry.key.span().start as usize;
        let before = &text[start(text, at)..at];
        if before.bytes().all(|byte| byte == b' ') {
            return Some(before.to_owned());
        }
        let dashes = before.bytes().all(|byte| byte == b' ' || byte == b'-');
        width = width.or(dashes.then_some(before.len()));
    }
    width.map(|width| " ".repeat(width))
}

/// By how many blanks the file indents a mapping within a mapping, near the end of a path.
pub fn unit(text: &str, tree: &Tree, path: &[PathSegment]) -> usize {
    (1..=path.len())
        .rev()
        .filter_map(|length| {
            let walk = EditPlanner::to(tree, &path[..length])?;
            let owner = walk.owner.filter(|owner| owner.is_mapping() && owner.style() == NodeStyle::Block)?;
            let node = Some(walk.node).filter(|node| node.is_mapping() && node.style() == NodeStyle::Block)?;
            indent(text, node)?.len().checked_sub(indent(text, owner)?.len()).filter(|unit| *unit > 0)
        })
        .next()
        .unwrap_or(2)
}
