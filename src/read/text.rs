//! A YAML scalar with its place in a file.

use crate::read::source::{FileId, Place, SourceFile};
use crate::read::yaml::{Node, NodeKind};

/// A scalar with its place. Cheap to copy: it borrows from the project.
#[derive(Clone, Copy)]
pub struct Text<'p> {
    node: Node<'p>,
    source: &'p SourceFile,
    file: FileId,
}

impl<'p> Text<'p> {
    /// The scalar at a node of `source`.
    #[must_use]
    pub(crate) const fn new(node: Node<'p>, source: &'p SourceFile, file: FileId) -> Self {
        Self { node, source, file }
    }

    /// The decoded text. Expressions are kept as written.
    #[must_use]
    pub(crate) fn value(self) -> &'p str {
        self.node.text().unwrap_or_default()
    }

    /// The place of the scalar, or of the alias through which it was reached.
    #[must_use]
    pub(crate) fn place(self) -> Place {
        Place { file: self.file, span: self.node.alias_span().unwrap_or_else(|| self.node.span()) }
    }

    /// The place of a range of bytes of [`Text::value`].
    #[must_use]
    pub(crate) fn inner(self, range: std::ops::Range<usize>) -> Place {
        Place { file: self.file, span: self.node.source_span(self.source.text(), range) }
    }

    /// The YAML type of the scalar.
    #[must_use]
    pub(crate) fn kind(self) -> NodeKind {
        self.node.kind()
    }
}

impl std::fmt::Debug for Text<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:?}", self.value())
    }
}
