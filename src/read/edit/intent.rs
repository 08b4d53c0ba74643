//! What a text shall say after a change. It knows no bytes.

use crate::read::edit::{EditValue, NodeChange, PathSegment};
use crate::read::yaml::{NodeKind, ParserQuirk};

/// The shape after a change; `None` where nothing is left, or where the change fits nothing.
pub fn after(shape: Option<ParserQuirk>, change: &NodeChange) -> Option<ParserQuirk> {
    let mut shape = shape?;
    let done = match change {
        NodeChange::Set { path, value, .. } => set(&mut shape, path, value),
        NodeChange::Remove { path, keep } => return remove(shape, path, *keep),
        NodeChange::Rename { path, key } => rename(&mut shape, path, key),
        NodeChange::Within { path, range, text } => within(&mut shape, path, range, text),
        NodeChange::Comment { .. } => Some(()),
    };
    done.map(|()| shape)
}

fn at<'s>(shape: &'s mut ParserQuirk, path: &[PathSegment]) -> Option<&'s mut ParserQuirk> {
    path.iter().try_fold(shape, |shape, part| match (shape, part) {
        (ParserQuirk::Mapping(entries), PathSegment::Key(key)) => entries.get_mut(key),
        (ParserQuirk::Sequence(items), PathSegment::Item(index)) => items.get_mut(*index),
        _ => None,
    })
}

fn set(shape: &mut ParserQuirk, path: &[PathSegment], value: &EditValue) -> Option<()> {
    let Some((part, rest)) = path.split_first() else {
        *shape = match (&*shape, value) {
            (ParserQuirk::Scalar(_, kind), EditValue::Number(text))
                if !matches!(kind, NodeKind::Int | NodeKind::Null) =>
            {
                ParserQuirk::Scalar(text.clone(), NodeKind::Str)
            }
            _ => wanted(value),
        };
        return Some(());
    };
    if matches!(shape, ParserQuirk::Scalar(_, NodeKind::Null)) {
        *shape = ParserQuirk::Mapping(Default::default());
    }
    match (shape, part) {
        (ParserQuirk::Mapping(entries), PathSegment::Key(key)) => {
            let null = ParserQuirk::Scalar(String::new(), NodeKind::Null);
            set(entries.entry(key.clone()).or_insert(null), rest, value)
        }
        (ParserQuirk::Sequence(items), PathSegment::Item(index)) => set(items.get_mut(*index)?, rest, value),
        _ => None,
    }
}

fn wanted(value: &EditValue) -> ParserQuirk {
    match value {
        EditValue::Text(text) => ParserQuirk::Scalar(text.clone(), NodeKind::Str),
        EditValue::Number(text) => ParserQuirk::Scalar(text.clone(), NodeKind::Int),
        EditValue::Mapping(entries) => {
            ParserQuirk::Mapping(entries.iter().map(|(key, value)| (key.clone(), wanted(value))).collect())
        }
    }
}

fn remove(mut shape: ParserQuirk, path: &[PathSegment], keep: bool) -> Option<ParserQuirk> {
    let (last, rest) = path.split_last()?;
    let left = match (at(&mut shape, rest)?, last) {
        (ParserQuirk::Mapping(entries), PathSegment::Key(key)) => {
            entries.remove(key)?;
            entries.len()
        }
        (ParserQuirk::Sequence(items), PathSegment::Item(index)) if *index < items.len() => {
            items.remove(*index);
            items.len()
        }
        _ => return None,
    };
    // A collection that has become empty goes with its last entry.
    if left == 0 && !keep { remove(shape, rest, false) } else { Some(shape) }
}

fn rename(shape: &mut ParserQuirk, path: &[PathSegment], new: &str) -> Option<()> {
    let (PathSegment::Key(key), rest) = path.split_last()? else { return None };
    let ParserQuirk::Mapping(entries) = at(shape, rest)? else { return None };
    let value = entries.remove(key)?;
    entries.insert(new.to_owned(), value).is_none().then_some(())
}

fn within(shape: &mut ParserQuirk, path: &[PathSegment], range: &std::ops::Range<usize>, new: &str) -> Option<()> {
    let ParserQuirk::Scalar(text, _) = at(shape, path)? else { return None };
    text.get(range.clone())?;
    text.replace_range(range.clone(), new);
    Some(())
}
