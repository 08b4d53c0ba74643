//! A tree without its places: what a text says, to be compared before and after a change. It follows no alias.

use std::collections::BTreeMap;

use crate::read::yaml::{Content, Kind, Tree};

/// What a node says. The order of a mapping's entries says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// A scalar with its type.
    Scalar(String, Kind),
    /// An alias as it is written.
    Alias(String),
    /// A mapping by its keys' texts.
    Mapping(BTreeMap<String, Shape>),
    /// A sequence.
    Sequence(Vec<Shape>),
}

impl Shape {
    /// The type of the text of a scalar that is written without quotes.
    #[must_use]
    pub fn plain(text: &str) -> Self {
        Self::Scalar(text.to_owned(), crate::read::yaml::build::plain_kind(text))
    }
}

impl Tree {
    /// What the whole text says; none for an empty text.
    #[must_use]
    pub fn shape(&self, text: &str) -> Option<Shape> {
        self.root.and_then(|root| self.shape_of(root, text))
    }

    /// The depth of a tree is bounded by the parser, and an alias is a leaf here.
    fn shape_of(&self, id: u32, text: &str) -> Option<Shape> {
        let data = self.nodes.get(id as usize)?;
        let written = || text.get(data.span.range()).unwrap_or_default().to_owned();
        Some(match data.content {
            Content::Scalar { text, kind } => Shape::Scalar(self.text(text).to_owned(), kind),
            Content::Alias(_) => Shape::Alias(written()),
            Content::Sequence(items) => {
                Shape::Sequence(self.children(items).iter().filter_map(|item| self.shape_of(*item, text)).collect())
            }
            Content::Mapping(pairs) => {
                let pair = |[key, value]: &[u32; 2]| {
                    let key = match self.shape_of(*key, text)? {
                        Shape::Scalar(key, _) | Shape::Alias(key) => key,
                        other => format!("{other:?}"),
                    };
                    Some((key, self.shape_of(*value, text)?))
                };
                Shape::Mapping(self.children(pairs).as_chunks().0.iter().filter_map(pair).collect())
            }
        })
    }
}
