//! Edits of block collections.

use crate::read::edit::{EditValue, PathSegment, TextEdit, flow, lines, scalar, written};
use crate::read::source::Span;
use crate::read::yaml::{MappingEntry, Node, NodeStyle, Tree};

/// The end of a node's text; `None` for an empty value. The recursion is bounded: the parser limits the depth.
fn end_of(node: Node<'_>) -> Option<usize> {
    if node.alias_span().is_some() || node.is_scalar() || node.style() == NodeStyle::Flow {
        return Some(written(node).end as usize);
    }
    match (node.entries().last(), node.items().last()) {
        (Some(entry), _) => end_of_entry(entry),
        (_, Some(item)) if !(item.is_null() && written(item).is_empty()) => end_of(item),
        _ => None,
    }
}

fn end_of_entry(entry: MappingEntry<'_>) -> Option<usize> {
    if entry.value.is_null() && written(entry.value).is_empty() {
        Some(entry.key.span().end as usize)
    } else {
        end_of(entry.value)
    }
}

/// The end of an entry's last line, after its comment; `None` if the line has anything else.
fn line_of(text: &str, entry: MappingEntry<'_>) -> Option<usize> {
    let from = end_of_entry(entry)?;
    let end = lines::end(text, from);
    let rest = text.get(from..end)?;
    let rest = if entry.value.is_null() { rest.strip_prefix(':').unwrap_or(rest) } else { rest };
    lines::is_blank_or_comment(rest).then_some(end)
}

/// Writes an entry as lines.
fn entry_lines(indent: &str, unit: usize, key: &str, value: &EditValue, lines: &mut Vec<String>) {
    let key_text = scalar::written(key, false);
    match value {
        EditValue::Text(text) if scalar::is_literal(text) => {
            lines.push(format!("{indent}{key_text}: |"));
            let line = |line: &str| if line.is_empty() { String::new() } else { format!("{indent}  {line}") };
            lines.extend(text.lines().map(line));
        }
        EditValue::Text(text) => lines.push(format!("{indent}{key_text}: {}", scalar::written(text, false))),
        EditValue::Number(text) => lines.push(format!("{indent}{key_text}: {text}")),
        EditValue::Mapping(entries) if entries.is_empty() => lines.push(format!("{indent}{}", flow::entry(key, value))),
        EditValue::Mapping(entries) => {
            lines.push(format!("{indent}{key_text}:"));
            let deeper = format!("{indent}{}", " ".repeat(unit));
            for (key, value) in entries {
                entry_lines(&deeper, unit, key, value, lines);
            }
        }
        EditValue::List(items) if items.is_empty() => lines.push(format!("{indent}{key_text}: []")),
        EditValue::List(items) => {
            lines.push(format!("{indent}{key_text}:"));
            let deeper = format!("{indent}{}", " ".repeat(unit));
            items.iter().for_each(|item| item_lines(&deeper, item, lines));
        }
        EditValue::Null => lines.push(format!("{indent}{key_text}:")),
    }
}

/// Writes an item of a list as lines. The keys of a mapping are two columns behind the dash.
fn item_lines(indent: &str, value: &EditValue, lines: &mut Vec<String>) {
    let EditValue::Mapping(entries) = value else {
        lines.push(format!("{indent}- {}", flow::value(value)));
        return;
    };
    let first = lines.len();
    for (key, value) in entries {
        entry_lines(&format!("{indent}  "), 2, key, value, lines);
    }
    if let Some(line) = lines.get_mut(first) {
        line.replace_range(indent.len()..=indent.len(), "-");
    }
}

fn insert_lines(text: &str, at: usize, lines: &[String]) -> TextEdit {
    let line_end = lines::line_end(text, at);
    let new: String = lines.iter().map(|line| format!("{line_end}{line}")).collect();
    TextEdit::new(at, at, new)
}

/// Adds an entry to a mapping that is not empty.
pub(crate) fn insert(
    text: &str,
    mapping: Node<'_>,
    key: &str,
    value: &EditValue,
    after: &[&str],
    unit: usize,
) -> Option<TextEdit> {
    let indent = lines::indent(text, mapping)?;
    let named = |entry: &MappingEntry<'_>| after.iter().any(|name| entry.key.text() == Some(name));
    let neighbour = mapping.entries().filter(named).last().or_else(|| mapping.entries().last())?;
    let at = line_of(text, neighbour)?;
    let mut new = Vec::new();
    entry_lines(&indent, unit, key, value, &mut new);
    Some(insert_lines(text, at, &new))
}

/// Adds the value of a key that has none.
pub(crate) fn fill(
    text: &str,
    tree: &Tree,
    path: &[PathSegment],
    key: Node<'_>,
    value: &EditValue,
) -> Option<TextEdit> {
    let at = key.span().end as usize;
    let end = lines::end(text, at);
    let rest = text.get(at..end)?.strip_prefix(':')?;
    if !lines::is_blank_or_comment(rest) {
        return None;
    }
    match value {
        EditValue::Number(new) => Some(TextEdit::new(at + 1, at + 1, format!(" {new}"))),
        EditValue::Text(new) => Some(TextEdit::new(at + 1, at + 1, format!(" {}", scalar::written(new, false)))),
        EditValue::Mapping(entries) => {
            let owner = crate::read::edit::FoundNode::follow(tree, path.split_last()?.1)?;
            let unit = lines::unit(text, tree, path);
            let indent = format!("{}{}", lines::indent(text, owner.node)?, " ".repeat(unit));
            let mut new = Vec::new();
            for (key, value) in entries {
                entry_lines(&indent, unit, key, value, &mut new);
            }
            Some(insert_lines(text, end, &new))
        }
        EditValue::List(items) => Some(insert_lines(text, end, &lines_of(text, tree, path, items)?)),
        EditValue::Null => None,
    }
}

/// The lines of a list that becomes the value of the key at a path.
fn lines_of(text: &str, tree: &Tree, path: &[PathSegment], items: &[EditValue]) -> Option<Vec<String>> {
    let owner = crate::read::edit::FoundNode::follow(tree, path.split_last()?.1)?;
    let indent = format!("{}{}", lines::indent(text, owner.node)?, " ".repeat(lines::unit(text, tree, path)));
    let mut new = Vec::new();
    items.iter().for_each(|item| item_lines(&indent, item, &mut new));
    Some(new)
}

/// Replaces an empty flow list by a block list with one item.
pub(crate) fn fill_empty(
    text: &str,
    tree: &Tree,
    path: &[PathSegment],
    key: Node<'_>,
    list: Node<'_>,
    value: &EditValue,
) -> Option<TextEdit> {
    let from = key.span().end as usize;
    let to = list.span().end as usize;
    let end = lines::end(text, to);
    let plain = text.get(from..to)?.strip_prefix(':')?.trim_start() == "[]";
    let comment = text.get(to..end).filter(|rest| lines::is_blank_or_comment(rest))?;
    let new = lines_of(text, tree, path, std::slice::from_ref(value))?;
    let line_end = lines::line_end(text, from);
    let new: String = new.iter().map(|line| format!("{line_end}{line}")).collect();
    plain.then(|| TextEdit::new(from + 1, end, format!("{}{new}", comment.trim_end())))
}

/// Adds an item at the end of a list that is not empty. Comments below its last item that are indented deeper than the dash belong to that
/// item.
pub(crate) fn append(text: &str, list: Node<'_>, value: &EditValue) -> Option<TextEdit> {
    let last = list.items().last()?;
    let at = written(last).start as usize;
    let line = lines::start(text, at);
    let dash = text.get(line..at).filter(|before| before.trim() == "-")?;
    let indent = &dash[..dash.len() - dash.trim_start().len()];
    let mut end = lines::end(text, end_of(last)?);
    if !lines::is_blank_or_comment(text.get(end_of(last)?..end)?.trim_start_matches(':')) {
        return None;
    }
    while let Some(next) = lines::next(text, end) {
        let line = text.get(next..lines::end(text, next))?;
        let deeper = line.strip_prefix(indent).is_some_and(|rest| rest.starts_with(' '));
        if !(deeper && line.trim_start().starts_with('#')) {
            break;
        }
        end = lines::end(text, next);
    }
    let mut new = Vec::new();
    item_lines(indent, value, &mut new);
    Some(insert_lines(text, end, &new))
}

/// Adds an item before another item of a list. Comments directly above that item belong to it. If a blank line separates the items, one
/// separates the new item too.
pub(crate) fn insert_item(text: &str, list: Node<'_>, index: usize, value: &EditValue) -> Option<TextEdit> {
    if !list.is_sequence() || list.style() == NodeStyle::Flow {
        return None;
    }
    let start = written(list.items().nth(index)?).start as usize;
    let dash = text.get(lines::start(text, start)..start).filter(|before| before.trim() == "-")?;
    let indent = dash.get(..dash.find('-')?)?.to_owned();
    let is_comment = |from: usize| {
        let line = &text[from..lines::end(text, from)];
        line.strip_prefix(indent.as_str()).is_some_and(|rest| rest.trim_start().starts_with('#'))
    };
    // The first line of an item with its comments.
    let top = |item: Node<'_>| {
        let own = lines::start(text, written(item).start as usize);
        let above =
            std::iter::successors(Some(own), |line| lines::previous(text, *line).filter(|line| is_comment(*line)));
        above.last().unwrap_or(own)
    };
    let is_blank = |from: usize| text[from..lines::end(text, from)].trim().is_empty();
    let line = top(list.items().nth(index)?);
    // The first item has no item before it: the gap below it counts.
    let gap = if index == 0 { list.items().nth(1).map(top) } else { Some(line) };
    let separated = gap.and_then(|line| lines::previous(text, line)).is_some_and(is_blank);
    let mut new = Vec::new();
    item_lines(&indent, value, &mut new);
    new.extend(separated.then(String::new));
    let line_end = lines::line_end(text, line);
    let new: String = new.iter().map(|line| format!("{line}{line_end}")).collect();
    Some(TextEdit::new(line, line, new))
}

/// Replaces a collection by `{}`.
pub(crate) fn empty(text: &str, key: Node<'_>, collection: Node<'_>) -> Option<TextEdit> {
    let from = key.span().end as usize;
    let to = end_of(collection)?;
    let rest = text.get(from..to)?.strip_prefix(':')?;
    (!rest.contains('#')).then(|| TextEdit::new(from + 1, to, " {}"))
}

/// Removes one of several entries.
pub(crate) fn remove_entry(text: &str, mapping: Node<'_>, key: &str) -> Option<TextEdit> {
    let gone = mapping.entry(key)?;
    let at = gone.key.span().start as usize;
    let last = line_of(text, gone)?;
    let before = &text[lines::start(text, at)..at];
    if before.trim().is_empty() {
        return Some(lines::without(text, at, last));
    }
    // After a dash, the next entry takes the place of the removed one.
    let next = mapping.entries().map(|entry| entry.key.span()).find(|span| span.start > gone.key.span().start)?;
    let between = text.get(last..next.start as usize)?;
    between.trim().is_empty().then(|| TextEdit::new(at, next.start as usize, ""))
}

/// Removes one of several items.
pub(crate) fn remove_item(text: &str, sequence: Node<'_>, index: usize) -> Option<TextEdit> {
    let item = sequence.items().nth(index)?;
    let Span { start, .. } = written(item);
    let line = lines::start(text, start as usize);
    if text.get(line..start as usize)?.trim() != "-" {
        return None;
    }
    let end = end_of(item)?;
    let last = lines::end(text, end);
    lines::is_blank_or_comment(text.get(end..last)?.trim_start_matches(':'))
        .then(|| lines::without(text, start as usize, last))
}
