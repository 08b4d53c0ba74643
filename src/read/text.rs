//! A scalar with its place, the leaf of every model. It never says what the text means.

use crate::read::source::{FileId, Place, SourceFile};
use crate::read::yaml::{Node, NodeKind};

/// A scalar with its place. Cheap to copy; its text lives in the project.
#[derive(Clone, Copy)]
pub struct Text<'p> {
    node: Node<'p>,
    source: &'p SourceFile,
    file: FileId,
}

impl<'p> Text<'p> {
    /// The text of a node that stands in `source`.
    #[must_use]
    pub const fn new(node: Node<'p>, source: &'p SourceFile, file: FileId) -> Self {
        Self { node, source, file }
    }

    /// The decoded text, expressions included as written.
    #[must_use]
    pub fn value(self) -> &'p str {
        self.node.text().unwrap_or_default()
    }

    /// Where it stands; through an alias, where the alias stands.
    #[must_use]
    pub fn place(self) -> Place {
        Place { file: self.file, span: self.node.alias_span().unwrap_or_else(|| self.node.span()) }
    }

    /// Where a range of bytes of [`Text::value`] stands.
    #[must_use]
    pub fn inner(self, range: std::ops::Range<usize>) -> Place {
        Place { file: self.file, span: self.node.source_span(self.source.text(), range) }
    }

    /// The YAML type of the scalar.
    #[must_use]
    pub fn kind(self) -> NodeKind {
        self.node.kind()
    }
}

impl std::fmt::Debug for Text<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:?}", self.value())
    }
}
