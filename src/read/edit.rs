//! Changes the content of a YAML text by small edits. Comments, quotes, indentation, line ends and a byte order mark are preserved. A
//! change that is impossible in this way, or whose result has other content than intended, is refused.

mod block;
mod flow;
mod intent;
mod lines;
mod scalar;

use std::sync::Arc;

use crate::read::source::Span;
use crate::read::yaml::{Dialect, Node, NodeKind, NodeStyle, Tree, parse};

/// One step from a node to a child.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathSegment {
    /// The value of a key.
    Key(String),
    /// An item of a sequence, from 0.
    Item(usize),
}

/// The path from the root to a node.
pub type NodePath = Vec<PathSegment>;

/// A new value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EditValue {
    /// A text.
    Text(String),
    /// Digits, written without quotes unless they replace a string.
    Number(String),
    /// A mapping.
    Mapping(Vec<(String, EditValue)>),
    /// A list.
    List(Vec<EditValue>),
    /// No value: the key stays.
    Null,
}

/// A change to a node or a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeChange {
    /// Sets the value of an entry. Missing entries on the path are added.
    Set {
        /// The path to the value.
        path: NodePath,
        /// The value.
        value: EditValue,
        /// A new entry is inserted after the last of these keys; at the end if there is none.
        after: &'static [&'static str],
    },
    /// Adds an item at the end of a list. A missing list is added, and missing entries on the path.
    Append {
        /// The path to the list.
        path: NodePath,
        /// The item.
        value: EditValue,
    },
    /// Adds an item before another item of a list.
    Insert {
        /// The path to the item that follows it.
        path: NodePath,
        /// The item.
        value: EditValue,
    },
    /// Removes an entry or an item.
    Remove {
        /// The path to its value.
        path: NodePath,
        /// Whether a collection that becomes empty is kept as `{}`; else it is removed too.
        keep: bool,
    },
    /// Renames a key.
    Rename {
        /// The path to the key's value.
        path: NodePath,
        /// The new name.
        key: String,
    },
    /// Replaces a part of a scalar.
    Within {
        /// The path to the scalar.
        path: NodePath,
        /// The bytes of its decoded text.
        range: std::ops::Range<usize>,
        /// The new text.
        text: String,
    },
    /// Replaces a comment or a part of it. An empty text removes a whole comment.
    Comment {
        /// The replaced bytes.
        span: Span,
        /// The new text.
        text: String,
    },
}

/// A replacement of some bytes of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextEdit {
    /// The replaced bytes; an empty span inserts.
    pub span: Span,
    /// The new text.
    pub text: String,
}

impl TextEdit {
    fn new(start: usize, end: usize, text: impl Into<String>) -> Self {
        let bound = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self { span: Span::new(bound(start), bound(end)), text: text.into() }
    }
}

/// A text after edits.
#[derive(Debug)]
pub struct EditedText {
    /// The edits, in the order of the text before.
    pub edits: Vec<TextEdit>,
    /// The text after them.
    pub text: String,
    /// The tree of this text.
    pub tree: Arc<Tree>,
}

impl EditedText {
    /// Makes edits that are in the order of the text and do not overlap.
    #[must_use]
    pub(crate) fn new(before: &str, edits: Vec<TextEdit>, dialect: Dialect) -> Self {
        let text = apply(before, &edits);
        let tree = Arc::new(parse(&text, dialect));
        Self { edits, text, tree }
    }
}

/// A text after some changes. `None` if a change is impossible, concerns a node that an alias
/// names, overlaps another change, or if the result has other content than intended.
#[must_use]
pub fn edited(text: &str, tree: &Tree, dialect: Dialect, changes: &[NodeChange]) -> Option<EditedText> {
    if !tree.errors().is_empty() {
        return None;
    }
    let mut edits = Vec::new();
    for change in changes {
        edits.push(edit(text, tree, change)?);
    }
    edits.sort_by_key(|edit| edit.span);
    let apart = edits.windows(2).all(|pair| matches!(pair, [left, right] if left.span.end <= right.span.start));
    if !apart {
        return None;
    }
    let edited = EditedText::new(text, edits, dialect);
    let mut intended = tree.shape(text);
    for change in changes {
        intended = intent::after(intended, change);
    }
    let is_intended = edited.tree.errors().is_empty() && edited.tree.has_shape(&edited.text, intended.as_ref());
    is_intended.then_some(edited)
}

/// A span after edits that are in the order of the text; `None` if one of them changes the text of the span.
pub(crate) fn moved(span: Span, edits: &[TextEdit]) -> Option<Span> {
    let before = edits.iter().take_while(|edit| edit.span.start < span.end || edit.span.end <= span.start);
    let mut start = i64::from(span.start);
    for edit in before {
        if edit.span.end > span.start {
            return None;
        }
        start += i64::try_from(edit.text.len()).ok()? - i64::from(edit.span.len());
    }
    let start = u32::try_from(start).ok()?;
    Some(Span::new(start, start.checked_add(span.len())?))
}

/// Applies edits that are in the order of the text and do not overlap.
#[must_use]
pub fn apply(text: &str, edits: &[TextEdit]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        let range = edit.span.range();
        out.push_str(text.get(at..range.start).unwrap_or_default());
        out.push_str(&edit.text);
        at = range.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

fn edit(text: &str, tree: &Tree, change: &NodeChange) -> Option<TextEdit> {
    match change {
        NodeChange::Set { path, value, after } => set(text, tree, path, value, after),
        NodeChange::Append { path, value } => append(text, tree, path, value),
        NodeChange::Insert { path, value } => {
            let (PathSegment::Item(index), list) = path.split_last()? else { return None };
            block::insert_item(text, FoundNode::follow(tree, list)?.node, *index, value)
        }
        NodeChange::Remove { path, keep } => remove(text, tree, path, *keep),
        NodeChange::Rename { path, key } => {
            let Some((PathSegment::Key(old), rest)) = path.split_last() else { return None };
            let owner = FoundNode::follow(tree, rest)?;
            scalar::replace(owner.node.entry(old)?.key, key, owner.node.style() == NodeStyle::Flow)
        }
        NodeChange::Within { path, range, text: new } => {
            let node = FoundNode::follow(tree, path)?.node;
            let span = node.is_scalar().then(|| node.source_span(text, range.clone()))?;
            Some(TextEdit { span, text: new.clone() })
        }
        NodeChange::Comment { span, text: new }
            if new.is_empty() && tree.comments().iter().any(|it| it.span == *span) =>
        {
            Some(lines::without_comment(text, *span))
        }
        NodeChange::Comment { span, text: new } => Some(TextEdit { span: *span, text: new.clone() }),
    }
}

/// A node with its parent.
#[derive(Clone, Copy)]
struct FoundNode<'t> {
    node: Node<'t>,
    /// The key of its entry, in a mapping.
    key: Option<Node<'t>>,
    /// The collection that contains it.
    owner: Option<Node<'t>>,
}

impl<'t> FoundNode<'t> {
    /// Follows a path. `None` at an alias and at a node that an alias names: an edit would change two places.
    fn follow(tree: &'t Tree, path: &[PathSegment]) -> Option<Self> {
        let mut found = Self { node: tree.root()?, key: None, owner: None };
        for part in path {
            let (node, key) = match part {
                PathSegment::Key(key) => found.node.entry(key).map(|entry| (entry.value, Some(entry.key)))?,
                PathSegment::Item(index) => (found.node.items().nth(*index)?, None),
            };
            if node.alias_span().is_some() || node.is_repeated() {
                return None;
            }
            found = Self { node, key, owner: Some(found.node) };
        }
        Some(found)
    }
}

fn set(text: &str, tree: &Tree, path: &[PathSegment], value: &EditValue, after: &[&str]) -> Option<TextEdit> {
    if let Some(found) = FoundNode::follow(tree, path) {
        let flow = found.owner.is_some_and(|owner| owner.style() == NodeStyle::Flow);
        return match value {
            EditValue::Number(new) if found.node.kind() == NodeKind::Int => {
                Some(TextEdit { span: found.node.span(), text: new.clone() })
            }
            EditValue::Null if found.node.is_scalar() && found.node.style() != NodeStyle::Literal => {
                Some(TextEdit { span: found.node.span(), text: String::new() })
            }
            EditValue::Text(new) | EditValue::Number(new)
                if found.node.is_scalar() && !found.node.span().is_empty() =>
            {
                scalar::replace(found.node, new, flow)
            }
            // The key has no value yet.
            _ if found.node.is_null() && !flow => block::fill(text, tree, path, found.key?, value),
            _ => None,
        };
    }
    let (PathSegment::Key(key), rest) = path.split_last()? else { return None };
    match FoundNode::follow(tree, rest) {
        None => {
            // The collection is missing too: it is added with this one entry.
            let value = EditValue::Mapping(vec![(key.clone(), value.clone())]);
            set(text, tree, rest, &value, after)
        }
        Some(found) if found.node.is_null() => {
            block::fill(text, tree, rest, found.key?, &EditValue::Mapping(vec![(key.clone(), value.clone())]))
        }
        Some(found) if found.node.is_mapping() && found.node.style() == NodeStyle::Flow => {
            flow::insert(text, found.node, key, value)
        }
        Some(found) if found.node.is_mapping() => {
            block::insert(text, found.node, key, value, after, lines::unit(text, tree, rest))
        }
        Some(_) => None,
    }
}

fn append(text: &str, tree: &Tree, path: &[PathSegment], value: &EditValue) -> Option<TextEdit> {
    let Some(found) = FoundNode::follow(tree, path).filter(|found| !found.node.is_null()) else {
        return set(text, tree, path, &EditValue::List(vec![value.clone()]), &[]);
    };
    let in_flow = found.owner.is_some_and(|owner| owner.style() == NodeStyle::Flow);
    match found.node.style() {
        _ if !found.node.is_sequence() => None,
        NodeStyle::Flow if found.node.items().next().is_none() && !in_flow => {
            block::fill_empty(text, tree, path, found.key?, found.node, value)
        }
        NodeStyle::Flow => flow::append(text, found.node, value),
        _ => block::append(text, found.node, value),
    }
}

fn remove(text: &str, tree: &Tree, path: &[PathSegment], keep: bool) -> Option<TextEdit> {
    let (last, rest) = path.split_last()?;
    let owner = FoundNode::follow(tree, rest)?;
    let alone = owner.node.entries().count() + owner.node.items().count() == 1;
    let flow = owner.node.style() == NodeStyle::Flow;
    if alone && keep {
        return block::empty(text, owner.key?, owner.node);
    }
    // The last entry of the whole file leaves an empty file.
    if alone && !rest.is_empty() {
        return remove(text, tree, rest, false);
    }
    match last {
        PathSegment::Key(key) if flow => flow::remove(text, owner.node, owner.node.entry(key)?.span()),
        PathSegment::Key(key) => block::remove_entry(text, owner.node, key),
        PathSegment::Item(index) if flow => flow::remove(text, owner.node, written(owner.node.items().nth(*index)?)),
        PathSegment::Item(index) => block::remove_item(text, owner.node, *index),
    }
}

/// The span of a node, or of the alias through which it was reached.
fn written(node: Node<'_>) -> Span {
    node.alias_span().unwrap_or_else(|| node.span())
}

#[cfg(test)]
mod tests;
