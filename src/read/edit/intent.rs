//! The intended content of a text after a change.

use crate::read::edit::{EditValue, NodeChange, PathSegment};
use crate::read::yaml::{NodeKind, NodeShape};

/// The content after a change; `None` if nothing is left or the change does not apply.
pub(crate) fn after(shape: Option<NodeShape>, change: &NodeChange) -> Option<NodeShape> {
    let mut shape = shape?;
    let done = match change {
        NodeChange::Set { path, value, .. } => set(&mut shape, path, value),
        NodeChange::Append { path, value } => append(&mut shape, path, value),
        NodeChange::Insert { path, value } => insert(&mut shape, path, value),
        NodeChange::Remove { path, keep } => return remove(shape, path, *keep),
        NodeChange::Rename { path, key } => rename(&mut shape, path, key),
        NodeChange::Within { path, range, text } => within(&mut shape, path, range, text),
        NodeChange::Comment { .. } => Some(()),
    };
    done.map(|()| shape)
}

fn at<'s>(shape: &'s mut NodeShape, path: &[PathSegment]) -> Option<&'s mut NodeShape> {
    path.iter().try_fold(shape, |shape, part| match (shape, part) {
        (NodeShape::Mapping(entries), PathSegment::Key(key)) => entries.get_mut(key),
        (NodeShape::Sequence(items), PathSegment::Item(index)) => items.get_mut(*index),
        _ => None,
    })
}

fn set(shape: &mut NodeShape, path: &[PathSegment], value: &EditValue) -> Option<()> {
    let Some((part, rest)) = path.split_first() else {
        *shape = match (&*shape, value) {
            (NodeShape::Scalar(_, kind), EditValue::Number(text))
                if !matches!(kind, NodeKind::Int | NodeKind::Null) =>
            {
                NodeShape::Scalar(text.clone(), NodeKind::Str)
            }
            _ => shape_of(value),
        };
        return Some(());
    };
    if matches!(shape, NodeShape::Scalar(_, NodeKind::Null)) {
        *shape = NodeShape::Mapping(Default::default());
    }
    match (shape, part) {
        (NodeShape::Mapping(entries), PathSegment::Key(key)) => {
            let null = NodeShape::Scalar(String::new(), NodeKind::Null);
            set(entries.entry(key.clone()).or_insert(null), rest, value)
        }
        (NodeShape::Sequence(items), PathSegment::Item(index)) => set(items.get_mut(*index)?, rest, value),
        _ => None,
    }
}

fn append(shape: &mut NodeShape, path: &[PathSegment], value: &EditValue) -> Option<()> {
    match at(shape, path) {
        Some(NodeShape::Sequence(items)) => {
            items.push(shape_of(value));
            Some(())
        }
        Some(NodeShape::Scalar(_, NodeKind::Null)) | None => set(shape, path, &EditValue::List(vec![value.clone()])),
        Some(_) => None,
    }
}

fn insert(shape: &mut NodeShape, path: &[PathSegment], value: &EditValue) -> Option<()> {
    let (PathSegment::Item(index), list) = path.split_last()? else { return None };
    let NodeShape::Sequence(items) = at(shape, list)? else { return None };
    (*index < items.len()).then(|| items.insert(*index, shape_of(value)))
}

fn shape_of(value: &EditValue) -> NodeShape {
    match value {
        EditValue::Text(text) => NodeShape::Scalar(text.clone(), NodeKind::Str),
        EditValue::Number(text) => NodeShape::Scalar(text.clone(), NodeKind::Int),
        EditValue::Mapping(entries) => {
            NodeShape::Mapping(entries.iter().map(|(key, value)| (key.clone(), shape_of(value))).collect())
        }
        EditValue::List(items) => NodeShape::Sequence(items.iter().map(shape_of).collect()),
        // The parser's text for an empty value.
        EditValue::Null => NodeShape::Scalar("~".to_owned(), NodeKind::Null),
    }
}

fn remove(mut shape: NodeShape, path: &[PathSegment], keep: bool) -> Option<NodeShape> {
    let (last, rest) = path.split_last()?;
    let left = match (at(&mut shape, rest)?, last) {
        (NodeShape::Mapping(entries), PathSegment::Key(key)) => {
            entries.remove(key)?;
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

fn rename(shape: &mut NodeShape, path: &[PathSegment], new: &str) -> Option<()> {
    let (PathSegment::Key(key), rest) = path.split_last()? else { return None };
    let NodeShape::Mapping(entries) = at(shape, rest)? else { return None };
    let value = entries.remove(key)?;
    entries.insert(new.to_owned(), value).is_none().then_some(())
}

fn within(shape: &mut NodeShape, path: &[PathSegment], range: &std::ops::Range<usize>, new: &str) -> Option<()> {
    let NodeShape::Scalar(text, _) = at(shape, path)? else { return None };
    text.get(range.clone())?;
    text.replace_range(range.clone(), new);
    Some(())
}
