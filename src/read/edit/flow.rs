//! Edits of flow collections.

use crate::read::edit::{EditValue, TextEdit, scalar, written};
use crate::read::source::Span;
use crate::read::yaml::Node;

/// Adds an entry at the end of a mapping.
pub(crate) fn insert(text: &str, mapping: Node<'_>, key: &str, value: &EditValue) -> Option<TextEdit> {
    let inner = mapping.span().range();
    let (open, close) = (inner.start + 1, inner.end.checked_sub(1)?);
    let entry = entry(key, value);
    let Some(last) = mapping.entries().last() else {
        return text.get(open..close)?.trim().is_empty().then(|| TextEdit::new(open, close, format!(" {entry} ")));
    };
    if last.value.is_null() {
        return None;
    }
    let end = written(last.value).end as usize;
    let comma = text.get(end..close)?;
    let blanks = comma.len() - comma.trim_start().len();
    if comma.trim_start().starts_with(',') {
        let at = end + blanks + 1;
        return Some(TextEdit::new(at, at, format!(" {entry}")));
    }
    Some(TextEdit::new(end, end, format!(", {entry}")))
}

/// Adds an item at the end of a list.
pub(crate) fn append(text: &str, list: Node<'_>, item: &EditValue) -> Option<TextEdit> {
    let inner = list.span().range();
    let (open, close) = (inner.start + 1, inner.end.checked_sub(1)?);
    let item = value(item);
    let Some(last) = list.items().last() else {
        return text.get(open..close)?.trim().is_empty().then(|| TextEdit::new(open, close, item));
    };
    let end = written(last).end as usize;
    let comma = text.get(end..close)?;
    let blanks = comma.len() - comma.trim_start().len();
    if comma.trim_start().starts_with(',') {
        let at = end + blanks + 1;
        return Some(TextEdit::new(at, at, format!(" {item}")));
    }
    (end > open).then(|| TextEdit::new(end, end, format!(", {item}")))
}

/// An entry in flow style.
pub(crate) fn entry(key: &str, value: &EditValue) -> String {
    format!("{}: {}", scalar::written(key, true), crate::read::edit::flow::value(value))
}

/// A value in flow style.
pub(crate) fn value(value: &EditValue) -> String {
    match value {
        EditValue::Text(text) => scalar::written(text, true),
        EditValue::Number(text) => text.clone(),
        EditValue::Mapping(entries) if entries.is_empty() => "{}".to_owned(),
        EditValue::Mapping(entries) => {
            let entries: Vec<_> = entries.iter().map(|(key, value)| entry(key, value)).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        EditValue::List(items) => {
            format!("[{}]", items.iter().map(self::value).collect::<Vec<_>>().join(", "))
        }
        EditValue::Null => String::new(),
    }
}

/// Removes one of several entries or items, with its comma.
pub(crate) fn remove(text: &str, owner: Node<'_>, gone: Span) -> Option<TextEdit> {
    let entries = owner.entries().map(|entry| entry.span());
    let spans: Vec<Span> = entries.chain(owner.items().map(written)).collect();
    let index = spans.iter().position(|span| *span == gone)?;
    let (from, to) = match (index.checked_sub(1).and_then(|before| spans.get(before)), spans.get(index + 1)) {
        (_, Some(next)) => (gone.start, next.start),
        (Some(before), None) => (before.end, gone.end),
        (None, None) => return None,
    };
    let cut = text.get(from as usize..to as usize)?;
    (!cut.contains('#')).then(|| TextEdit::new(from as usize, to as usize, ""))
}
