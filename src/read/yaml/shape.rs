//! The content of a tree without places, to compare a text before and after an edit. Aliases are not followed.

use std::collections::BTreeMap;

use crate::read::yaml::{NodeContent, NodeKind, Tree};

/// The content of a node. The order of a mapping's entries does not matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeShape {
    /// A scalar with its type.
    Scalar(String, NodeKind),
    /// An alias as written.
    Alias(String),
    /// A mapping by its keys' texts.
    Mapping(BTreeMap<String, NodeShape>),
    /// A sequence.
    Sequence(Vec<NodeShape>),
}

impl NodeShape {
    /// The content of a scalar written without quotes.
    #[must_use]
    pub(crate) fn plain(text: &str) -> Self {
        Self::Scalar(text.to_owned(), crate::read::yaml::build::plain_kind(text))
    }
}

impl Tree {
    /// The content of the whole text; `None` for an empty text.
    #[must_use]
    pub(crate) fn shape(&self, text: &str) -> Option<NodeShape> {
        self.root.and_then(|root| self.shape_of(root, text))
    }

    /// The recursion is bounded: the parser limits the depth, and an alias is a leaf.
    fn shape_of(&self, id: u32, text: &str) -> Option<NodeShape> {
        let data = self.nodes.get(id as usize)?;
        let written = || text.get(data.span.range()).unwrap_or_default().to_owned();
        Some(match data.content {
            NodeContent::Scalar { text, kind } => NodeShape::Scalar(self.text(text).to_owned(), kind),
            NodeContent::Alias(_) => NodeShape::Alias(written()),
            NodeContent::Sequence(items) => {
                NodeShape::Sequence(self.children(items).iter().filter_map(|item| self.shape_of(*item, text)).collect())
            }
            NodeContent::Mapping(pairs) => {
                let pair = |[key, value]: &[u32; 2]| {
                    let key = match self.shape_of(*key, text)? {
                        NodeShape::Scalar(key, _) | NodeShape::Alias(key) => key,
                        other => format!("{other:?}"),
                    };
                    Some((key, self.shape_of(*value, text)?))
                };
                NodeShape::Mapping(self.children(pairs).as_chunks().0.iter().filter_map(pair).collect())
            }
        })
    }
}
