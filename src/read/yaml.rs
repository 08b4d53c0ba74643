//! YAML as GitHub reads it: a tree in which every key and value has a place.
//!
//! No type of the YAML parser is used outside this module, so that it can be replaced.

mod build;
mod fast_path;
mod map;
mod node;
mod shape;

pub use node::{MappingEntry, Node};
pub use shape::NodeShape;

use crate::read::source::Span;

/// The rules that a YAML file follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// GitHub's: one document, no merge keys, keys that differ by case alone are duplicates, 50 levels, 1 MiB
    /// (`actions/runner`, `ParseOptions.cs` and `TemplateReader.cs`).
    Workflow,
    /// Our own config and rule files: one document, no merge keys, case-sensitive keys.
    Data,
}

/// The kind of a syntax error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SyntaxErrorKind {
    /// Invalid YAML.
    Invalid,
    /// The root is not a mapping: an empty file, a scalar or a sequence.
    NoMapping,
    /// A NUL byte.
    Binary,
    /// A key that the mapping already has.
    DuplicateKey,
    /// `<<`.
    MergeKey,
    /// A second document.
    SeveralDocuments,
    /// More levels than GitHub accepts.
    TooDeep,
    /// More bytes than GitHub accepts.
    TooLarge,
    /// An alias without an anchor, or of a node that contains it.
    Alias,
}

/// A syntax error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// Its kind.
    pub kind: SyntaxErrorKind,
    /// The message, without a final period.
    pub message: String,
    /// Its place.
    pub span: Span,
    /// For a duplicate key, the first occurrence.
    pub first: Option<Span>,
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// From the `#` to the end of the line.
    pub span: Span,
    /// Whether its line has nothing else.
    pub own_line: bool,
}

/// The notation of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeStyle {
    /// `text`
    Plain,
    /// `'text'`
    SingleQuoted,
    /// `"text"`
    DoubleQuoted,
    /// `|`
    Literal,
    /// `>`
    Folded,
    /// A collection in block style.
    Block,
    /// `{}` or `[]`
    Flow,
}

/// The type of a node in YAML's core schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeKind {
    /// An empty value, `~` or `null`.
    Null,
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Int,
    /// Another number.
    Float,
    /// A string, also `on`, `yes` and `off`.
    Str,
    /// A mapping.
    Mapping,
    /// A sequence.
    Sequence,
}

impl NodeKind {
    /// The type in messages.
    pub(crate) const fn described(self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Mapping => "a mapping",
            Self::Sequence => "a list",
            Self::Bool => "a boolean",
            Self::Int | Self::Float => "a number",
            Self::Str => "a string",
        }
    }
}

/// A range of the tree's `texts` (in bytes) or of its `children`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct NodeLink {
    start: u32,
    end: u32,
}

impl NodeLink {
    fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NodeContent {
    Scalar {
        text: NodeLink,
        kind: NodeKind,
    },
    /// Keys and values alternate.
    Mapping(NodeLink),
    Sequence(NodeLink),
    /// The node that the alias names; `None` for an invalid alias.
    Alias(Option<u32>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct NodeData {
    content: NodeContent,
    span: Span,
    style: NodeStyle,
}

/// A parsed file. Equal trees are equal in everything: kinds, places, styles, texts, comments, errors and aliases.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    nodes: Vec<NodeData>,
    /// The decoded texts of all scalars, concatenated.
    texts: String,
    /// The children of all collections; those of one collection are adjacent.
    children: Vec<u32>,
    root: Option<u32>,
    errors: Vec<SyntaxError>,
    comments: Vec<Comment>,
}

/// Parses a text, and keeps what is valid of a text with errors.
#[must_use]
pub fn parse(text: &str, dialect: Dialect) -> Tree {
    parse_fast(text).unwrap_or_else(|| parse_with_granit(text, dialect))
}

/// Parses strictly: keeps nothing after the first syntax error.
#[must_use]
pub fn strict(text: &str) -> Tree {
    parse_fast(text).unwrap_or_else(|| build::strict(text))
}

/// Parses the YAML that is common in workflows; `None` for a text that is left to granit. Public for the tests that compare both.
#[must_use]
pub fn parse_fast(text: &str) -> Option<Tree> {
    fast_path::parse(text)
}

/// [`parse`] without the fast path. Public for the tests that compare both.
#[must_use]
pub fn parse_with_granit(text: &str, dialect: Dialect) -> Tree {
    build::tolerant(text, dialect)
}

impl Tree {
    /// The root; `None` for an empty file.
    #[must_use]
    pub fn root(&self) -> Option<Node<'_>> {
        self.root.map(|id| Node::new(self, id))
    }

    /// The syntax errors, in the order of the file.
    #[must_use]
    pub fn errors(&self) -> &[SyntaxError] {
        &self.errors
    }

    /// The text of every scalar, keys included, in the order of the file. Aliases are not followed.
    pub(crate) fn scalars(&self) -> impl Iterator<Item = &str> {
        self.nodes.iter().filter_map(|node| self.scalar(node.content))
    }

    /// The scalars whose first byte passes a test, keys included, in the order of the file. It is cheaper than to filter
    /// [`Tree::scalars`].
    pub(crate) fn scalars_from(&self, first: impl Fn(u8) -> bool) -> impl Iterator<Item = &str> {
        self.nodes.iter().filter_map(move |node| match node.content {
            NodeContent::Scalar { text, .. } => {
                let byte = self.texts.as_bytes().get(text.start as usize).filter(|_| text.start < text.end);
                byte.is_some_and(|byte| first(*byte)).then(|| self.text(text))
            }
            _ => None,
        })
    }

    /// The decoded text of a scalar.
    fn scalar(&self, content: NodeContent) -> Option<&str> {
        let NodeContent::Scalar { text, .. } = content else { return None };
        Some(self.text(text))
    }

    fn text(&self, part: NodeLink) -> &str {
        self.texts.get(part.range()).unwrap_or_default()
    }

    fn add_node(&mut self, content: NodeContent, span: Span, style: NodeStyle) -> u32 {
        let id = index(self.nodes.len());
        self.nodes.push(NodeData { content, span, style });
        id
    }

    fn add_scalar(&mut self, text: &str, kind: NodeKind, span: Span, style: NodeStyle) -> u32 {
        let start = index(self.texts.len());
        self.texts.push_str(text);
        let text = NodeLink { start, end: index(self.texts.len()) };
        self.add_node(NodeContent::Scalar { text, kind }, span, style)
    }

    /// Sets the children of a collection. In a mapping, a last key without a value is dropped.
    fn fill(&mut self, id: u32, children: impl Iterator<Item = u32>) {
        let start = self.children.len();
        self.children.extend(children);
        let Some(data) = self.nodes.get_mut(id as usize) else { return };
        let odd = (self.children.len() - start) % 2;
        if matches!(data.content, NodeContent::Mapping(_)) {
            self.children.truncate(self.children.len() - odd);
        }
        if let NodeContent::Mapping(part) | NodeContent::Sequence(part) = &mut data.content {
            *part = NodeLink { start: index(start), end: index(self.children.len()) };
        }
    }

    fn children(&self, part: NodeLink) -> &[u32] {
        self.children.get(part.range()).unwrap_or_default()
    }

    /// The spans of the block scalars, each from its `|` or `>` to the end of its text.
    pub(crate) fn block_scalars(&self) -> impl Iterator<Item = Span> {
        let block = |data: &&NodeData| matches!(data.style, NodeStyle::Literal | NodeStyle::Folded);
        self.nodes.iter().filter(block).map(|data| data.span)
    }

    /// The comments, in the order of the file.
    #[must_use]
    pub(crate) fn comments(&self) -> &[Comment] {
        &self.comments
    }
}

/// An index into a tree. The largest file that is read has 16 MiB, so an index always fits.
fn index(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
