//! Changes what a YAML text says by edits of a few bytes. Comments, quotes, indentation, line ends, a byte order mark and everything
//! else stay as they are; a change that cannot be made this way, or that would say anything else than it should, is refused.

mod block;
mod flow;
mod intent;
mod lines;
mod scalar;

use crate::read::source::Span;
use crate::read::yaml::{Dialect, Node, NodeKind, NodeStyle, Tree, parse};

/// One step from a node to a node in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathSegment {
    /// The value of a key.
    Key(String),
    /// An item of a sequence, from 0.
    Item(usize),
}

/// The way from the root to a node.
pub type NodePath = Vec<PathSegment>;

/// What shall stand somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EditValue {
    /// A text.
    Text(String),
    /// Digits, which stand without quotes where nothing or a number stood.
    Number(String),
    /// A mapping.
    Mapping(Vec<(String, EditValue)>),
}

/// What shall change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeChange {
    /// The value of an entry. What is missing on the way is added, after the last of the keys in `after` that is there.
    Set {
        /// The way to the value.
        path: NodePath,
        /// The value.
        value: EditValue,
        /// The keys that a new entry stands behind; at the end, if none is there.
        after: &'static [&'static str],
    },
    /// An entry or an item goes.
    Remove {
        /// The way to its value.
        path: NodePath,
        /// Whether the collection stays when it was the last one, as `{}`; else it goes as well.
        keep: bool,
    },
    /// Another name for a key.
    Rename {
        /// The way to the key's value.
        path: NodePath,
        /// The name.
        key: String,
    },
    /// Another text for a part of a scalar.
    Within {
        /// The way to the scalar.
        path: NodePath,
        /// The bytes of its decoded text.
        range: std::ops::Range<usize>,
        /// The new text.
        text: String,
    },
    /// Another text for a comment or a part of one; with an empty text, a whole comment goes.
    Comment {
        /// What is replaced.
        span: Span,
        /// The new text.
        text: String,
    },
}

/// A replacement of some bytes of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextEdit {
    /// What is replaced; an empty span inserts.
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

/// The edits that make some changes to a text, in the order of the text; `None` when they cannot be made, touch what an alias repeats
/// elsewhere, get in each other's way, or when the text would then say anything else than it should.
#[must_use]
pub fn edits(text: &str, tree: &Tree, dialect: Dialect, changes: &[NodeChange]) -> Option<Vec<TextEdit>> {
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
    let after = apply(text, &edits);
    let parsed = parse(&after, dialect);
    let mut intended = tree.shape(text);
    for change in changes {
        intended = intent::after(intended, change);
    }
    (parsed.errors().is_empty() && parsed.shape(&after) == intended).then_some(edits)
}

/// A text after edits that are in the order of the text and do not overlap.
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
        NodeChange::Remove { path, keep } => remove(text, tree, path, *keep),
        NodeChange::Rename { path, key } => {
            let Some((PathSegment::Key(old), rest)) = path.split_last() else { return None };
            let owner = EditPlanner::to(tree, rest)?;
            scalar::replace(owner.node.entry(old)?.key, key, owner.node.style() == NodeStyle::Flow)
        }
        NodeChange::Within { path, range, text: new } => {
            let node = EditPlanner::to(tree, path)?.node;
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

/// A node with what is known of the way to it.
#[derive(Clone, Copy)]
struct EditPlanner<'t> {
    node: Node<'t>,
    /// The key that it is the value of.
    key: Option<Node<'t>>,
    /// The collection that it stands in.
    owner: Option<Node<'t>>,
}

impl<'t> EditPlanner<'t> {
    /// Follows a path. An alias on the way ends it, and so does what an alias repeats: an edit there would change two places.
    fn to(tree: &'t Tree, path: &[PathSegment]) -> Option<Self> {
        let mut walk = Self { node: tree.root()?, key: None, owner: None };
        for part in path {
            let (node, key) = match part {
                PathSegment::Key(key) => walk.node.entry(key).map(|entry| (entry.value, Some(entry.key)))?,
                PathSegment::Item(index) => (walk.node.items().nth(*index)?, None),
            };
            if node.alias_span().is_some() || node.is_repeated() {
                return None;
            }
            walk = Self { node, key, owner: Some(walk.node) };
        }
        Some(walk)
    }
}

fn set(text: &str, tree: &Tree, path: &[PathSegment], value: &EditValue, after: &[&str]) -> Option<TextEdit> {
    if let Some(walk) = EditPlanner::to(tree, path) {
        let flow = walk.owner.is_some_and(|owner| owner.style() == NodeStyle::Flow);
        return match value {
            EditValue::Number(new) if walk.node.kind() == NodeKind::Int => {
                Some(TextEdit { span: walk.node.span(), text: new.clone() })
            }
            EditValue::Text(new) | EditValue::Number(new) if walk.node.is_scalar() && !walk.node.span().is_empty() => {
                scalar::replace(walk.node, new, flow)
            }
            // Nothing stands behind the key yet.
            _ if walk.node.is_null() && !flow => block::fill(text, tree, path, walk.key?, value),
            _ => None,
        };
    }
    let (PathSegment::Key(key), rest) = path.split_last()? else { return None };
    match EditPlanner::to(tree, rest) {
        None => {
            // The collection is missing too: it comes with this one entry.
            let value = EditValue::Mapping(vec![(key.clone(), value.clone())]);
            set(text, tree, rest, &value, after)
        }
        Some(walk) if walk.node.is_null() => {
            block::fill(text, tree, rest, walk.key?, &EditValue::Mapping(vec![(key.clone(), value.clone())]))
        }
        Some(walk) if walk.node.is_mapping() && walk.node.style() == NodeStyle::Flow => {
            flow::insert(text, walk.node, key, value)
        }
        Some(walk) if walk.node.is_mapping() => {
            block::insert(text, walk.node, key, value, after, lines::unit(text, tree, rest))
        }
        Some(_) => None,
    }
}

fn remove(text: &str, tree: &Tree, path: &[PathSegment], keep: bool) -> Option<TextEdit> {
    let (last, rest) = path.split_last()?;
    let owner = EditPlanner::to(tree, rest)?;
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

/// Where a node is written: through an alias, the alias.
fn written(node: Node<'_>) -> Span {
    node.alias_span().unwrap_or_else(|| node.span())
}

#[cfg(test)]
mod tests;
