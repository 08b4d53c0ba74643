//! YAML as GitHub reads it: a tree in which every key and value has its place. It never says what the keys mean.
//!
//! The parser underneath is young, so nothing of it shows outside this module. Trees of JSON are the same, but nothing in them has a place.

mod build;
mod fast_path;
mod json;
mod map;
mod node;
mod shape;

pub use node::{MappingEntry, Node};
pub use shape::ParserQuirk;

use crate::read::source::Span;

/// Whose YAML a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// GitHub's: one document, no merge keys, keys that differ by case alone are duplicates, 50 levels, 1 MiB
    /// (`actions/runner`, `ParseOptions.cs` and `TemplateReader.cs`).
    Workflow,
    /// Our own configs and rule files: one document, no merge keys, exact keys.
    Data,
}

/// What kind of syntax error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SyntaxErrorKind {
    /// No YAML, or no JSON where we wrote that.
    Invalid,
    /// No keys at all: nothing, a lone word, a list.
    NoMapping,
    /// Bytes that no text has.
    Binary,
    /// A key that stands there already.
    DuplicateKey,
    /// `<<`.
    MergeKey,
    /// A second document.
    SeveralDocuments,
    /// More levels than GitHub takes.
    TooDeep,
    /// More bytes than GitHub takes.
    TooLarge,
    /// An alias of nothing, or of a node that it stands in.
    Alias,
}

/// Why a file does not parse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// What kind.
    pub kind: SyntaxErrorKind,
    /// What is wrong, without a final period.
    pub message: String,
    /// Where.
    pub span: Span,
    /// Of a duplicate key, the first one.
    pub first: Option<Span>,
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// From the `#` to the end of the line.
    pub span: Span,
    /// Whether nothing else stands on its line.
    pub own_line: bool,
}

/// How a node is written.
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
    /// A collection over several lines.
    Block,
    /// `{}` or `[]`
    Flow,
}

/// The type of a node in YAML's core schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeKind {
    /// Nothing, `~` or `null`.
    Null,
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Int,
    /// Another number.
    Float,
    /// A text; `on`, `yes` and `off` are texts.
    Str,
    /// A mapping.
    Mapping,
    /// A sequence.
    Sequence,
}

/// A part of what the tree keeps in one piece: of its texts, in bytes, or of its children.
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
    /// Keys and values in turn.
    Mapping(NodeLink),
    Sequence(NodeLink),
    /// Another node, or nothing where the alias is wrong.
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
    /// The decoded texts of all scalars, one behind the other.
    texts: String,
    /// The nodes that stand in collections; those of one stand together.
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

/// Reads a text of JSON that we wrote ourselves: ten times as fast, and nothing has a place.
#[must_use]
pub fn json(text: &str) -> Tree {
    json::tree(text)
}

impl Tree {
    /// The root; none for an empty file.
    #[must_use]
    pub fn root(&self) -> Option<Node<'_>> {
        self.root.map(|id| Node::new(self, id))
    }

    /// Why the file does not parse, in the order of the file.
    #[must_use]
    pub fn errors(&self) -> &[SyntaxError] {
        &self.errors
    }

    /// The text of every scalar, keys included, in the order of the file; what an alias names is there once.
    pub fn scalars(&self) -> impl Iterator<Item = &str> {
        self.nodes.iter().filter_map(|node| self.scalar(node.content))
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

    /// Gives nodes to a collection that has none yet. Of a mapping, a key whose value never came is dropped.
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

    /// What stands in a collection.
    fn children(&self, part: NodeLink) -> &[u32] {
        self.children.get(part.range()).unwrap_or_default()
    }

    /// Where block scalars stand, each from its `|` or `>` to its last text.
    pub fn block_scalars(&self) -> impl Iterator<Item = Span> {
        let block = |data: &&NodeData| matches!(data.style, NodeStyle::Literal | NodeStyle::Folded);
        self.nodes.iter().filter(block).map(|data| data.span)
    }

    /// The comments, in the order of the file.
    #[must_use]
    pub fn comments(&self) -> &[Comment] {
        &self.comments
    }
}

/// A position in a tree. What lies beyond four gigabytes reads as empty; no file of a repository that is read is as long.
fn index(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
