//! The content of a tree without places, to compare a text before and after an edit. Aliases are not followed.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::read::yaml::{NodeContent, NodeKind, Tree};

/// The content of a node. The order of a mapping's entries does not matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeShape<'t> {
    /// A scalar with its type.
    Scalar(Cow<'t, str>, NodeKind),
    /// An alias as written.
    Alias(Cow<'t, str>),
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
}

impl Tree {
    /// The content of the whole text; `None` for an empty text.
    #[must_use]
    pub(crate) fn shape<'t>(&'t self, text: &'t str) -> Option<NodeShape<'t>> {
        self.root.and_then(|root| self.shape_of(root, text))
    }

    /// The recursion is bounded: the parser limits the depth, and an alias is a leaf.
    fn shape_of<'t>(&'t self, id: u32, text: &'t str) -> Option<NodeShape<'t>> {
        let data = self.nodes.get(id as usize)?;
        let written = || text.get(data.span.range()).unwrap_or_default().into();
        Some(match data.content {
            NodeContent::Scalar { text, kind } => NodeShape::Scalar(self.text(text).into(), kind),
            NodeContent::Alias(_) => NodeShape::Alias(written()),
            NodeContent::Sequence(items) => {
                NodeShape::Sequence(self.children(items).iter().filter_map(|item| self.shape_of(*item, text)).collect())
            }
            NodeContent::Mapping(pairs) => {
                let pair = |[key, value]: &[u32; 2]| Some((self.key(*key, text)?, self.shape_of(*value, text)?));
                NodeShape::Mapping(self.children(pairs).as_chunks().0.iter().filter_map(pair).collect())
            }
        })
    }

    fn key<'t>(&'t self, id: u32, text: &'t str) -> Option<Cow<'t, str>> {
        Some(match self.shape_of(id, text)? {
            NodeShape::Scalar(key, _) | NodeShape::Alias(key) => key,
            other => format!("{other:?}").into(),
        })
    }

    /// Whether the whole text has a content.
    #[must_use]
    pub(crate) fn has_shape(&self, text: &str, shape: Option<&NodeShape<'_>>) -> bool {
        match (self.root, shape) {
            (Some(root), Some(shape)) => self.is_shape(root, text, shape),
            (root, shape) => root.is_none() && shape.is_none(),
        }
    }

    /// The recursion is bounded like that of [`shape_of`](Self::shape_of).
    fn is_shape(&self, id: u32, text: &str, shape: &NodeShape<'_>) -> bool {
        let Some(data) = self.nodes.get(id as usize) else { return false };
        match (data.content, shape) {
            (NodeContent::Scalar { text, kind }, NodeShape::Scalar(other, other_kind)) => {
                self.text(text) == other && kind == *other_kind
            }
            (NodeContent::Alias(_), NodeShape::Alias(other)) => text.get(data.span.range()) == Some(&**other),
            (NodeContent::Sequence(items), NodeShape::Sequence(others)) => {
                let items = self.children(items);
                items.len() == others.len()
                    && items.iter().zip(others).all(|(item, other)| self.is_shape(*item, text, other))
            }
            (NodeContent::Mapping(pairs), NodeShape::Mapping(others)) => {
                let pairs = self.children(pairs).as_chunks().0;
                let same = |[key, value]: &[u32; 2]| {
                    let other = self.key(*key, text).and_then(|key| others.get(&key));
                    other.is_some_and(|other| self.is_shape(*value, text, other))
                };
                pairs.len() == others.len() && pairs.iter().all(same)
            }
            _ => false,
        }
    }
}
