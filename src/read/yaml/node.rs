//! Nodes of a tree: access to keys, values and items.

use crate::read::source::Span;
use crate::read::yaml::map::OffsetWalk;
use crate::read::yaml::{NodeContent, NodeData, NodeKind, NodeStyle, Tree};

/// A node. An alias gives the node that it names.
#[derive(Clone, Copy)]
pub struct Node<'t> {
    tree: &'t Tree,
    id: u32,
    alias: Option<Span>,
}

impl std::fmt::Debug for Node<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:?} at {:?}", self.kind(), self.span())
    }
}

/// A key with its value.
#[derive(Clone, Copy)]
pub struct MappingEntry<'t> {
    /// The key.
    pub key: Node<'t>,
    /// The value.
    pub value: Node<'t>,
}

impl MappingEntry<'_> {
    /// From the key to the end of the value.
    #[must_use]
    pub fn span(&self) -> Span {
        self.key.span().cover(self.value.alias_span().unwrap_or_else(|| self.value.span()))
    }
}

impl<'t> Node<'t> {
    pub(crate) fn new(tree: &'t Tree, id: u32) -> Self {
        match tree.nodes.get(id as usize) {
            // An alias cannot have an anchor, so one step is enough and there are no cycles.
            Some(&NodeData { content: NodeContent::Alias(Some(id)), span, .. }) => Self { tree, id, alias: Some(span) },
            _ => Self { tree, id, alias: None },
        }
    }

    fn data(self) -> Option<&'t NodeData> {
        self.tree.nodes.get(self.id as usize)
    }

    /// The span of the node with its quotes or brackets; of a block scalar, from its `|` or `>` to the end of its text.
    #[must_use]
    pub fn span(self) -> Span {
        self.data().map_or_else(Span::default, |data| data.span)
    }

    /// The span of the alias through which the node was reached.
    #[must_use]
    pub const fn alias_span(self) -> Option<Span> {
        self.alias
    }

    /// Whether an alias names the node.
    #[must_use]
    pub fn is_repeated(self) -> bool {
        self.tree.nodes.iter().any(|data| matches!(data.content, NodeContent::Alias(Some(target)) if target == self.id))
    }

    /// Its notation.
    #[must_use]
    pub fn style(self) -> NodeStyle {
        self.data().map_or(NodeStyle::Plain, |data| data.style)
    }

    /// Its type.
    #[must_use]
    pub fn kind(self) -> NodeKind {
        match self.data().map(|data| &data.content) {
            Some(NodeContent::Scalar { kind, .. }) => *kind,
            Some(NodeContent::Mapping(_)) => NodeKind::Mapping,
            Some(NodeContent::Sequence(_)) => NodeKind::Sequence,
            Some(NodeContent::Alias(_)) | None => NodeKind::Null,
        }
    }

    /// The decoded text of a scalar; empty for a null.
    #[must_use]
    pub fn text(self) -> Option<&'t str> {
        match self.data()?.content {
            NodeContent::Scalar { kind: NodeKind::Null, .. } => Some(""),
            content => self.tree.scalar(content),
        }
    }

    /// The value of a boolean.
    #[must_use]
    pub fn bool(self) -> Option<bool> {
        (self.kind() == NodeKind::Bool).then(|| self.text().is_some_and(|text| text.eq_ignore_ascii_case("true")))
    }

    /// The entries of a mapping; empty for any other node.
    pub fn entries(self) -> impl Iterator<Item = MappingEntry<'t>> {
        let tree = self.tree;
        self.pairs().map(move |(key, value)| MappingEntry { key: Node::new(tree, key), value: Node::new(tree, value) })
    }

    fn pairs(self) -> impl Iterator<Item = (u32, u32)> {
        let children = match self.data().map(|data| data.content) {
            Some(NodeContent::Mapping(part)) => self.tree.children(part),
            _ => &[],
        };
        children.as_chunks().0.iter().map(|[key, value]| (*key, *value))
    }

    /// The items of a sequence; empty for any other node.
    pub fn items(self) -> impl Iterator<Item = Node<'t>> {
        let items = match self.data().map(|data| data.content) {
            Some(NodeContent::Sequence(part)) => self.tree.children(part),
            _ => &[],
        };
        let tree = self.tree;
        items.iter().map(move |id| Node::new(tree, *id))
    }

    /// The entry with a key; case matters.
    #[must_use]
    pub fn entry(self, key: &str) -> Option<MappingEntry<'t>> {
        let (own, value) = self.pairs().find(|(own, _)| key_bytes(self.tree, *own) == Some(key.as_bytes()))?;
        Some(MappingEntry { key: Node::new(self.tree, own), value: Node::new(self.tree, value) })
    }

    /// The values of several keys, found in one pass. Of a repeated key, the first value.
    #[must_use]
    pub(crate) fn values<const N: usize>(self, keys: [&str; N]) -> [Option<Node<'t>>; N] {
        let mut values = [None; N];
        for (own, value) in self.pairs() {
            let Some(own) = key_bytes(self.tree, own) else { continue };
            let at = keys.iter().position(|key| key.as_bytes() == own);
            if let Some(found) = at.and_then(|at| values.get_mut(at)) {
                found.get_or_insert(Node::new(self.tree, value));
            }
        }
        values
    }

    /// The value of a key.
    #[must_use]
    pub fn get(self, key: &str) -> Option<Node<'t>> {
        self.entry(key).map(|entry| entry.value)
    }

    /// Whether it is a mapping.
    #[must_use]
    pub fn is_mapping(self) -> bool {
        self.kind() == NodeKind::Mapping
    }

    /// Whether it is a sequence.
    #[must_use]
    pub fn is_sequence(self) -> bool {
        self.kind() == NodeKind::Sequence
    }

    /// Whether it is a scalar, null included.
    #[must_use]
    pub fn is_scalar(self) -> bool {
        matches!(self.data().map(|data| &data.content), Some(NodeContent::Scalar { .. }))
    }

    /// Whether it is null or empty.
    #[must_use]
    pub fn is_null(self) -> bool {
        self.kind() == NodeKind::Null
    }

    /// The span in the file of a range of [`Node::text`]. White space that the style folds or strips has the offset of its start.
    #[must_use]
    pub fn source_span(self, source: &str, range: std::ops::Range<usize>) -> Span {
        let mut walk = OffsetWalk::new(source, self.span(), self.style(), self.text().unwrap_or_default());
        let start = walk.to(range.start);
        Span::new(start, walk.to(range.end))
    }
}

/// The text of a key; `None` for a collection. As bytes it needs no tests of character boundaries.
fn key_bytes(tree: &Tree, key: u32) -> Option<&[u8]> {
    match tree.nodes.get(key as usize)?.content {
        NodeContent::Scalar { text, kind } if kind != NodeKind::Null => tree.texts.as_bytes().get(text.range()),
        _ => Node::new(tree, key).text().map(str::as_bytes),
    }
}
