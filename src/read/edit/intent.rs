//! The intended content of a text after a change.

use std::borrow::Cow;

use crate::read::edit::{EditValue, NodeChange, PathSegment};
use crate::read::yaml::{NodeKind, NodeShape};

/// The content after a change; `None` if nothing is left or the change does not apply.
pub(crate) fn after<'t>(shape: Option<NodeShape<'t>>, change: &'t NodeChange) -> Option<NodeShape<'t>> {
    let mut shape = shape?;
    let done = match change {
        NodeChange::Set { path, value, .. } => set(&mut shape, path, shape_of(value)),
        NodeChange::Append { path, value } => append(&mut shape, path, value),
        NodeChange::Insert { path, value } => insert(&mut shape, path, value),
        NodeChange::Remove { path, keep } => return remove(shape, path, *keep),
        NodeChange::Rename { path, key } => rename(&mut shape, path, key),
        NodeChange::Within { path, range, text } => within(&mut shape, path, range, text),
        NodeChange::Comment { .. } => Some(()),
    };
    done.map(|()| shape)
}

/// The content at a path, with its entries or items.
fn at<'s, 't>(shape: &'s mut NodeShape<'t>, path: &[PathSegment]) -> Option<&'s mut NodeShape<'t>> {
    path.iter().try_fold(shape.expanded(), |shape, part| {
        let inner = match (shape, part) {
            (NodeShape::Mapping(entries), PathSegment::Key(key)) => entries.get_mut(key.as_str()),
            (NodeShape::Sequence(items), PathSegment::Item(index)) => items.get_mut(*index),
            _ => None,
        };
        inner.map(NodeShape::expanded)
    })
}

fn set<'t>(shape: &mut NodeShape<'t>, path: &'t [PathSegment], value: NodeShape<'t>) -> Option<()> {
    let shape = shape.expanded();
    let Some((part, rest)) = path.split_first() else {
        *shape = match (&*shape, value) {
            // A number replaces a string in its quotes.
            (NodeShape::Scalar(_, kind), NodeShape::Scalar(text, NodeKind::Int))
                if !matches!(kind, NodeKind::Int | NodeKind::Null) =>
            {
                NodeShape::Scalar(text, NodeKind::Str)
            }
            (_, value) => value,
        };
        return Some(());
    };
    if matches!(shape, NodeShape::Scalar(_, NodeKind::Null)) {
        *shape = NodeShape::Mapping(Default::default());
    }
    match (shape, part) {
        (NodeShape::Mapping(entries), PathSegment::Key(key)) => {
            let null = NodeShape::Scalar(Cow::Borrowed(""), NodeKind::Null);
            set(entries.entry(key.into()).or_insert(null), rest, value)
        }
        (NodeShape::Sequence(items), PathSegment::Item(index)) => set(items.get_mut(*index)?, rest, value),
        _ => None,
    }
}

fn append<'t>(shape: &mut NodeShape<'t>, path: &'t [PathSegment], value: &'t EditValue) -> Option<()> {
    match at(shape, path) {
        Some(NodeShape::Sequence(items)) => {
            items.push(shape_of(value));
            Some(())
        }
        Some(NodeShape::Scalar(_, NodeKind::Null)) | None => {
            set(shape, path, NodeShape::Sequence(vec![shape_of(value)]))
        }
        Some(_) => None,
    }
}

fn insert<'t>(shape: &mut NodeShape<'t>, path: &[PathSegment], value: &'t EditValue) -> Option<()> {
    let (PathSegment::Item(index), list) = path.split_last()? else { return None };
    let NodeShape::Sequence(items) = at(shape, list)? else { return None };
    (*index < items.len()).then(|| items.insert(*index, shape_of(value)))
}

fn shape_of(value: &EditValue) -> NodeShape<'_> {
    match value {
        EditValue::Text(text) => NodeShape::Scalar(text.into(), NodeKind::Str),
        EditValue::Number(text) => NodeShape::Scalar(text.into(), NodeKind::Int),
        EditValue::Mapping(entries) => {
            NodeShape::Mapping(entries.iter().map(|(key, value)| (key.into(), shape_of(value))).collect())
        }
        EditValue::List(items) => NodeShape::Sequence(items.iter().map(shape_of).collect()),
        // The parser's text for an empty value.
        EditValue::Null => NodeShape::Scalar("~".into(), NodeKind::Null),
    }
}

fn remove<'t>(mut shape: NodeShape<'t>, path: &[PathSegment], keep: bool) -> Option<NodeShape<'t>> {
    let (last, rest) = path.split_last()?;
    let left = match (at(&mut shape, rest)?, last) {
        (NodeShape::Mapping(entries), PathSegment::Key(key)) => {
            entries.remove(key.as_str())?;
            entries.len()
        }
        (NodeShape::Sequence(items), PathSegment::Item(index)) if *index < items.len() => {
            items.remove(*index);
            items.len()
        }
        _ => return None,
    };
    // A collection that becomes empty is removed with its last entry.
    if left == 0 && !keep { remove(shape, rest, false) } else { Some(shape) }
}

fn rename<'t>(shape: &mut NodeShape<'t>, path: &[PathSegment], new: &'t str) -> Option<()> {
    let (PathSegment::Key(key), rest) = path.split_last()? else { return None };
    let NodeShape::Mapping(entries) = at(shape, rest)? else { return None };
    let value = entries.remove(key.as_str())?;
    entries.insert(new.into(), value).is_none().then_some(())
}

fn within(shape: &mut NodeShape<'_>, path: &[PathSegment], range: &std::ops::Range<usize>, new: &str) -> Option<()> {
    let NodeShape::Scalar(text, _) = at(shape, path)? else { return None };
    text.get(range.clone())?;
    text.to_mut().replace_range(range.clone(), new);
    Some(())
}
