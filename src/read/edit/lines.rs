//! Lines, indentation and line ends of an edited text.

use crate::read::edit::{FoundNode, PathSegment, TextEdit};
use crate::read::source::Span;
use crate::read::yaml::{Node, NodeStyle, Tree};

const BOM: &str = "\u{feff}";

/// The start of the line of an offset, after a byte order mark.
pub(crate) fn start(text: &str, offset: usize) -> usize {
    let start = text[..offset].rfind(['\n', '\r']).map_or(0, |at| at + 1);
    if start == 0 && text.starts_with(BOM) { BOM.len().min(offset) } else { start }
}

/// The end of the line of an offset, before its line end.
pub(crate) fn end(text: &str, offset: usize) -> usize {
    text[offset..].find(['\n', '\r']).map_or(text.len(), |at| offset + at)
}

/// The start of the line after an offset; `None` on the last line.
pub(crate) fn next(text: &str, offset: usize) -> Option<usize> {
    let end = end(text, offset);
    let rest = &text[end..];
    let width = if rest.starts_with("\r\n") { 2 } else { usize::from(!rest.is_empty()) };
    (width > 0).then_some(end + width)
}

/// The start of the line before a line that starts at an offset; `None` on the first line.
pub(crate) fn previous(text: &str, line: usize) -> Option<usize> {
    let before = text.get(..line)?;
    let before = before.strip_suffix("\r\n").or_else(|| before.strip_suffix(['\n', '\r']))?;
    Some(start(text, before.len()))
}

/// The line end for a new line after an offset: that of its line, else that of the file's first line.
pub(crate) fn line_end(text: &str, offset: usize) -> &str {
    [offset, 0]
        .into_iter()
        .find_map(|at| {
            let end = end(text, at);
            let next = next(text, at)?;
            text.get(end..next)
        })
        .unwrap_or("\n")
}

/// Whether a text is blank except for a comment.
pub(crate) fn is_blank_or_comment(text: &str) -> bool {
    let rest = text.trim_start_matches([' ', '\t']);
    rest.is_empty() || (rest.starts_with('#') && (rest.len() < text.len()))
}

/// Deletes the lines from that of `first` to that of `last`. If the file does not end with a line end, it still does not afterwards.
pub(crate) fn without(text: &str, first: usize, last: usize) -> TextEdit {
    let from = start(text, first);
    match next(text, last) {
        Some(to) => {
            let blank = |at: usize| text[at..end(text, at)].trim().is_empty();
            let before = text[..from].trim_end_matches([' ', '\t']);
            let opens = before.len().checked_sub(1).is_none_or(|at| {
                let line = start(text, at);
                blank(line)
            });
            // With a blank line above and below, one of them is deleted.
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

/// Deletes a comment: its whole line, or the comment and the spaces before it.
pub(crate) fn without_comment(text: &str, span: Span) -> TextEdit {
    let range = span.range();
    let line = start(text, range.start);
    let before = &text[line..range.start];
    if before.trim().is_empty() {
        return without(text, range.start, range.start);
    }
    TextEdit::new(line + before.trim_end().len(), end(text, range.start), "")
}

/// The indentation of a block mapping's keys. The first key may be after the dash of an item.
pub(crate) fn indent(text: &str, mapping: Node<'_>) -> Option<String> {
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

/// The indentation width of the mappings along a path, the innermost first; 2 if there is none.
pub(crate) fn unit(text: &str, tree: &Tree, path: &[PathSegment]) -> usize {
    (1..=path.len())
        .rev()
        .filter_map(|length| {
            let found = FoundNode::follow(tree, &path[..length])?;
            let owner = found.owner.filter(|owner| owner.is_mapping() && owner.style() == NodeStyle::Block)?;
            let node = Some(found.node).filter(|node| node.is_mapping() && node.style() == NodeStyle::Block)?;
            indent(text, node)?.len().checked_sub(indent(text, owner)?.len()).filter(|unit| *unit > 0)
        })
        .next()
        .unwrap_or(2)
}
