//! What a text shall say after a change. It knows no bytes.

use crate::read::edit::{Change, Part, Value};
use crate::read::yaml::{Kind, Shape};

/// The shape after a change; `None` where nothing is left, or where the change fits nothing.
pub fn after(shape: Option<Shape>, change: &Change) -> Option<Shape> {
    let mut shape = shape?;
    let done = match change {
        Change::Set { path, value, .. } => set(&mut shape, path, value),
        Change::Remove { path, keep } => return remove(shape, path, *keep),
        Change::Rename { path, key } => rename(&mut shape, path, key),
        Change::Within { path, range, text } => within(&mut shape, path, range, text),
        Change::Comment { .. } => Some(()),
    };
    done.map(|()| shape)
}

fn at<'s>(shape: &'s mut Shape, path: &[Part]) -> Option<&'s mut Shape> {
    path.iter().try_fold(shape, |shape, part| match (shape, part) {
        (Shape::Mapping(entries), Part::Key(key)) => entries.get_mut(key),
        (Shape::Sequence(items), Part::Item(index)) => items.get_mut(*index),
        _ => None,
    })
}

fn set(shape: &mut Shape, path: &[Part], value: &Value) -> Option<()> {
    let Some((part, rest)) = path.split_first() else {
        *shape = match (&*shape, value) {
            (Shape::Scalar(_, kind), Value::Number(text)) if !matches!(kind, Kind::Int | Kind::Null) => {
                Shape::Scalar(text.clone(), Kind::Str)
            }
            _ => wanted(value),
        };
        return Some(());
    };
    if matches!(shape, Shape::Scalar(_, Kind::Null)) {
        *shape = Shape::Mapping(Default::default());
    }
    match (shape, part) {
        (Shape::Mapping(entries), Part::Key(key)) => {
            let null = Shape::Scalar(String::new(), Kind::Null);
            set(entries.entry(key.clone()).or_insert(null), rest, value)
        }
        (Shape::Sequence(items), Part::Item(index)) => set(items.get_mut(*index)?, rest, value),
        _ => None,
    }
}

fn wanted(value: &Value) -> Shape {
    match value {
        Value::Text(text) => Shape::Scalar(text.clone(), Kind::Str),
        Value::Number(text) => Shape::Scalar(text.clone(), Kind::Int),
        Value::Mapping(entries) => {
            Shape::Mapping(entries.iter().map(|(key, value)| (key.clone(), wanted(value))).collect())
        }
    }
}

fn remove(mut shape: Shape, path: &[Part], keep: bool) -> Option<Shape> {
    let (last, rest) = path.split_last()?;
    let left = match (at(&mut shape, rest)?, last) {
        (Shape::Mapping(entries), Part::Key(key)) => {
            entries.remove(key)?;
            entries.len()
        }
        (Shape::Sequence(items), Part::Item(index)) if *index < items.len() => {
            items.remove(*index);
            items.len()
        }
        _ => return None,
    };
    // A collection that has become empty goes with its last entry.
    if left == 0 && !keep { remove(shape, rest, false) } else { Some(shape) }
}

fn rename(shape: &mut Shape, path: &[Part], new: &str) -> Option<()> {
    let (Part::Key(key), rest) = path.split_last()? else { return None };
    let Shape::Mapping(entries) = at(shape, rest)? else { return None };
    let value = entries.remove(key)?;
    entries.insert(new.to_owned(), value).is_none().then_some(())
}

fn within(shape: &mut Shape, path: &[Part], range: &std::ops::Range<usize>, new: &str) -> Option<()> {
    let Shape::Scalar(text, _) = at(shape, path)? else { return None };
    text.get(range.clone())?;
    text.replace_range(range.clone(), new);
    Some(())
}
