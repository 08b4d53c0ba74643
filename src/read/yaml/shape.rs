//! A tree without its places: what a text says, to be compared before and after a change. It follows no alias.

use std::collections::BTreeMap;

use crate::read::yaml::{NodeContent, NodeKind, Tree};

/// What a node says. The order of a mapping's entries says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParserQuirk {
    /// A scalar with its type.
    Scalar(String, NodeKind),
    /// An alias as it is written.
    Alias(String),
    /// A mapping by its keys' texts.
    Mapping(BTreeMap<String, ParserQuirk>),
    /// A sequence.
    Sequence(Vec<ParserQuirk>),
}

impl ParserQuirk {
    /// The type of the text of a scalar that is written without quotes.
    #[must_use]
    pub fn plain(text: &str) -> Self {
        Self::Scalar(text.to_owned(), crate::read::yaml::build::plain_kind(text))
    }
}

impl Tree {
    /// What the whole text says; none for an empty text.
    #[must_use]
    pub fn shape(&self, text: &str) -> Option<ParserQuirk> {
        self.root.and_then(|root| self.shape_of(root, text))
    }

    /// The depth of a tree is bounded by the parser, and an alias is a leaf here.
    fn shape_of(&self, id: u32, text: &str) -> Option<ParserQuirk> {
        let data = self.nodes.get(id as usize)?;
        let written = || text.get(data.span.range()).unwrap_or_default().to_owned();
        Some(match data.content {
            NodeContent::Scalar { text, kind } => ParserQuirk::Scalar(self.text(text).to_owned(), kind),
            NodeContent::Alias(_) => ParserQuirk::Alias(written()),
            NodeContent::Sequence(items) => ParserQuirk::Sequence(
                self.children(items).iter().filter_map(|item| self.shape_of(*item, text)).collect(),
            ),
            NodeContent::Mapping(pairs) => {
                let pair = |[key, value]: &[u32; 2]| {
                    let key = match self.shape_of(*key, text)? {
                        ParserQuirk::Scalar(key, _) | ParserQuirk::Alias(key) => key,
                        other => format!("{other:?}"),
                    };
                    Some((key, self.shape_of(*value, text)?))
                };
                ParserQuirk::Mapping(self.children(pairs).as_chunks().0.iter().filter_map(pair).collect())
            }
        })
    }
}
