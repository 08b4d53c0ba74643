//! The content of a tree without places, to compare a text before and after an edit. Aliases are not followed.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::read::yaml::{NodeContent, NodeData, NodeKind, Tree};

/// The content of a node. The order of a mapping's entries does not matter.
#[derive(Debug, Clone)]
pub enum NodeShape<'t> {
    /// The content of a node of the first text, which no change has reached. Its entries must be in the same order too.
    Unchanged(WrittenNode<'t>),
    /// A scalar with its type.
    Scalar(Cow<'t, str>, NodeKind),
    /// A mapping by its keys' texts.
    Mapping(BTreeMap<Cow<'t, str>, NodeShape<'t>>),
    /// A sequence.
    Sequence(Vec<NodeShape<'t>>),
}

impl<'t> NodeShape<'t> {
    /// The content of a scalar written without quotes.
    #[must_use]
    pub(crate) fn plain(text: &'t str) -> Self {
        Self::Scalar(text.into(), crate::read::yaml::build::plain_kind(text))
    }

    /// Replaces an unchanged node by its text, its entries or its items, so that they can be changed. An alias stays as it is.
    pub(crate) fn expanded(&mut self) -> &mut Self {
        if let Self::Unchanged(node) = self {
            *self = node.expanded();
        }
        self
    }
}

/// A node of a text.
#[derive(Debug, Clone, Copy)]
pub struct WrittenNode<'t> {
    tree: &'t Tree,
    text: &'t str,
    id: u32,
}

/// The recursions are bounded: the parser limits the depth, and an alias is a leaf.
impl<'t> WrittenNode<'t> {
    fn data(self) -> Option<&'t NodeData> {
        self.tree.nodes.get(self.id as usize)
    }

    fn with(self, id: &u32) -> Self {
        Self { id: *id, ..self }
    }

    fn written(self) -> &'t str {
        self.data().and_then(|data| self.text.get(data.span.range())).unwrap_or_default()
    }

    /// The text of a scalar; another key as it is written.
    fn key(self) -> &'t str {
        self.data().and_then(|data| self.tree.scalar(data.content)).unwrap_or_else(|| self.written())
    }

    fn expanded(self) -> NodeShape<'t> {
        let same = |id: &u32| NodeShape::Unchanged(self.with(id));
        match self.data().map(|data| data.content) {
            Some(NodeContent::Scalar { text, kind }) => NodeShape::Scalar(self.tree.text(text).into(), kind),
            Some(NodeContent::Sequence(items)) => {
                NodeShape::Sequence(self.tree.children(items).iter().map(same).collect())
            }
            Some(NodeContent::Mapping(pairs)) => {
                let pairs = self.tree.children(pairs).as_chunks().0.iter();
                NodeShape::Mapping(pairs.map(|[key, value]| (self.with(key).key().into(), same(value))).collect())
            }
            Some(NodeContent::Alias(_)) | None => NodeShape::Unchanged(self),
        }
    }

    fn is_same(self, other: Self) -> bool {
        let (Some(data), Some(other_data)) = (self.data(), other.data()) else { return false };
        let are_same = |one: &u32, other_one: &u32| self.with(one).is_same(other.with(other_one));
        match (data.content, other_data.content) {
            (NodeContent::Scalar { text, kind }, NodeContent::Scalar { text: other_text, kind: other_kind }) => {
                kind == other_kind && self.tree.text(text) == other.tree.text(other_text)
            }
            (NodeContent::Alias(_), NodeContent::Alias(_)) => self.written() == other.written(),
            (NodeContent::Sequence(items), NodeContent::Sequence(other_items)) => {
                let (items, others) = (self.tree.children(items), other.tree.children(other_items));
                items.len() == others.len() && items.iter().zip(others).all(|(one, other_one)| are_same(one, other_one))
            }
            (NodeContent::Mapping(pairs), NodeContent::Mapping(other_pairs)) => {
                let pairs = self.tree.children(pairs).as_chunks::<2>().0;
                let others = other.tree.children(other_pairs).as_chunks::<2>().0;
                let is_same = |([key, value], [other_key, other_value]): (&[u32; 2], &[u32; 2])| {
                    self.with(key).key() == other.with(other_key).key() && are_same(value, other_value)
                };
                pairs.len() == others.len() && pairs.iter().zip(others).all(is_same)
            }
            _ => false,
        }
    }

    fn has_shape(self, shape: &NodeShape<'_>) -> bool {
        let content = self.data().map(|data| data.content);
        match (content, shape) {
            (_, NodeShape::Unchanged(other)) => self.is_same(*other),
            (Some(NodeContent::Scalar { text, kind }), NodeShape::Scalar(other, other_kind)) => {
                self.tree.text(text) == other && kind == *other_kind
            }
            (Some(NodeContent::Sequence(items)), NodeShape::Sequence(others)) => {
                let items = self.tree.children(items);
                items.len() == others.len()
                    && items.iter().zip(others).all(|(item, other)| self.with(item).has_shape(other))
            }
            (Some(NodeContent::Mapping(pairs)), NodeShape::Mapping(others)) => {
                let pairs = self.tree.children(pairs).as_chunks().0;
                let is_same = |[key, value]: &[u32; 2]| {
                    others.get(self.with(key).key()).is_some_and(|other| self.with(value).has_shape(other))
                };
                pairs.len() == others.len() && pairs.iter().all(is_same)
            }
            _ => false,
        }
    }
}

impl Tree {
    /// The content of the whole text; `None` for an empty text.
    #[must_use]
    pub(crate) fn shape<'t>(&'t self, text: &'t str) -> Option<NodeShape<'t>> {
        self.written_root(text).map(NodeShape::Unchanged)
    }

    /// Whether the whole text has a content.
    #[must_use]
    pub(crate) fn has_shape(&self, text: &str, shape: Option<&NodeShape<'_>>) -> bool {
        match (self.written_root(text), shape) {
            (Some(root), Some(shape)) => root.has_shape(shape),
            (root, shape) => root.is_none() && shape.is_none(),
        }
    }

    fn written_root<'t>(&'t self, text: &'t str) -> Option<WrittenNode<'t>> {
        self.root.map(|id| WrittenNode { tree: self, text, id })
    }
}
