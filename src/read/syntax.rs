//! YAML as GitHub reads it: a tree in which every key and value has its place. It never says what the keys mean.
//!
//! The parser underneath is young, so nothing of it shows outside this module. Trees of JSON are the same, but nothing in them has a place.

mod build;
mod json;
mod map;
mod shape;

pub use shape::Shape;

use super::source::Span;

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
    /// Its text, trimmed.
    pub text: String,
    /// Whether nothing else stands on its line.
    pub own_line: bool,
}

/// How a node is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
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
pub enum Kind {
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
#[derive(Debug, Clone, Copy, Default)]
struct Part {
    start: u32,
    end: u32,
}

impl Part {
    fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

#[derive(Debug, Clone, Copy)]
enum Content {
    Scalar {
        text: Part,
        kind: Kind,
    },
    /// Keys and values in turn.
    Mapping(Part),
    Sequence(Part),
    /// Another node, or nothing where the alias is wrong.
    Alias(Option<u32>),
}

#[derive(Debug, Clone, Copy)]
struct Data {
    content: Content,
    span: Span,
    style: Style,
}

/// A parsed file.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    nodes: Vec<Data>,
    /// The decoded texts of all scalars, one behind the other.
    texts: String,
    /// The nodes that stand in collections; those of one stand together.
    children: Vec<u32>,
    root: Option<u32>,
    errors: Vec<SyntaxError>,
    comments: Vec<Comment>,
}

/// Parses a text. What is wrong with it is told as errors; what survives is kept.
#[must_use]
pub fn parse(text: &str, dialect: Dialect) -> Tree {
    build::tolerant(text, dialect)
}

/// Parses a text of whoever's making, once: where it is broken, nothing after that is kept.
#[must_use]
pub fn strict(text: &str) -> Tree {
    build::strict(text)
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
        self.root.map(|id| Node { tree: self, id, alias: None })
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
    fn scalar(&self, content: Content) -> Option<&str> {
        let Content::Scalar { text, .. } = content else { return None };
        Some(self.text(text))
    }

    fn text(&self, part: Part) -> &str {
        self.texts.get(part.range()).unwrap_or_default()
    }

    fn add_node(&mut self, content: Content, span: Span, style: Style) -> u32 {
        let id = index(self.nodes.len());
        self.nodes.push(Data { content, span, style });
        id
    }

    fn add_scalar(&mut self, text: &str, kind: Kind, span: Span, style: Style) -> u32 {
        let start = index(self.texts.len());
        self.texts.push_str(text);
        let text = Part { start, end: index(self.texts.len()) };
        self.add_node(Content::Scalar { text, kind }, span, style)
    }

    /// Gives nodes to a collection that has none yet. Of a mapping, a key whose value never came is dropped.
    fn fill(&mut self, id: u32, children: impl Iterator<Item = u32>) {
        let start = self.children.len();
        self.children.extend(children);
        let Some(data) = self.nodes.get_mut(id as usize) else { return };
        let odd = (self.children.len() - start) % 2;
        if matches!(data.content, Content::Mapping(_)) {
            self.children.truncate(self.children.len() - odd);
        }
        if let Content::Mapping(part) | Content::Sequence(part) = &mut data.content {
            *part = Part { start: index(start), end: index(self.children.len()) };
        }
    }

    /// What stands in a collection.
    fn children(&self, part: Part) -> &[u32] {
        self.children.get(part.range()).unwrap_or_default()
    }

    /// Where block scalars stand, each from its `|` or `>` to its last text.
    pub fn block_scalars(&self) -> impl Iterator<Item = Span> {
        let block = |data: &&Data| matches!(data.style, Style::Literal | Style::Folded);
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

/// A node. An alias stands for the node that it names.
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
pub struct Entry<'t> {
    /// The key.
    pub key: Node<'t>,
    /// The value.
    pub value: Node<'t>,
}

impl Entry<'_> {
    /// From the key to the end of the value.
    #[must_use]
    pub fn span(&self) -> Span {
        self.key.span().cover(self.value.alias_span().unwrap_or_else(|| self.value.span()))
    }
}

impl<'t> Node<'t> {
    fn new(tree: &'t Tree, id: u32) -> Self {
        match tree.nodes.get(id as usize) {
            // An anchor never stands on an alias, so one step is enough and there are no circles.
            Some(&Data { content: Content::Alias(Some(id)), span, .. }) => Self { tree, id, alias: Some(span) },
            _ => Self { tree, id, alias: None },
        }
    }

    fn data(self) -> Option<&'t Data> {
        self.tree.nodes.get(self.id as usize)
    }

    /// Where the node is written, with its quotes or brackets; a block scalar from its `|` or `>` to its last text.
    #[must_use]
    pub fn span(self) -> Span {
        self.data().map_or_else(Span::default, |data| data.span)
    }

    /// Where the alias stands through which the node was reached.
    #[must_use]
    pub const fn alias_span(self) -> Option<Span> {
        self.alias
    }

    /// Whether some alias repeats the node elsewhere.
    #[must_use]
    pub fn is_repeated(self) -> bool {
        self.tree.nodes.iter().any(|data| matches!(data.content, Content::Alias(Some(target)) if target == self.id))
    }

    /// How it is written.
    #[must_use]
    pub fn style(self) -> Style {
        self.data().map_or(Style::Plain, |data| data.style)
    }

    /// Its type.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self.data().map(|data| &data.content) {
            Some(Content::Scalar { kind, .. }) => *kind,
            Some(Content::Mapping(_)) => Kind::Mapping,
            Some(Content::Sequence(_)) => Kind::Sequence,
            Some(Content::Alias(_)) | None => Kind::Null,
        }
    }

    /// The decoded text of a scalar; of a null, the empty text.
    #[must_use]
    pub fn text(self) -> Option<&'t str> {
        match self.data()?.content {
            Content::Scalar { kind: Kind::Null, .. } => Some(""),
            content => self.tree.scalar(content),
        }
    }

    /// The value of a boolean.
    #[must_use]
    pub fn bool(self) -> Option<bool> {
        (self.kind() == Kind::Bool).then(|| self.text().is_some_and(|text| text.eq_ignore_ascii_case("true")))
    }

    /// The entries of a mapping; none of anything else.
    pub fn entries(self) -> impl Iterator<Item = Entry<'t>> {
        let tree = self.tree;
        self.pairs().map(move |(key, value)| Entry { key: Node::new(tree, key), value: Node::new(tree, value) })
    }

    fn pairs(self) -> impl Iterator<Item = (u32, u32)> {
        let children = match self.data().map(|data| data.content) {
            Some(Content::Mapping(part)) => self.tree.children(part),
            _ => &[],
        };
        children.as_chunks().0.iter().map(|[key, value]| (*key, *value))
    }

    /// The items of a sequence; none of anything else.
    pub fn items(self) -> impl Iterator<Item = Node<'t>> {
        let items = match self.data().map(|data| data.content) {
            Some(Content::Sequence(part)) => self.tree.children(part),
            _ => &[],
        };
        let tree = self.tree;
        items.iter().map(move |id| Node::new(tree, *id))
    }

    /// An entry by its key, which is compared letter by letter.
    #[must_use]
    pub fn entry(self, key: &str) -> Option<Entry<'t>> {
        let tree = self.tree;
        let is = |(own, _): &(u32, u32)| match tree.nodes.get(*own as usize).map(|data| data.content) {
            // Most keys are another by their length alone.
            Some(Content::Scalar { text, kind }) if kind != Kind::Null => {
                text.range().len() == key.len() && tree.text(text) == key
            }
            _ => Node::new(tree, *own).text() == Some(key),
        };
        let (key, value) = self.pairs().find(is)?;
        Some(Entry { key: Node::new(tree, key), value: Node::new(tree, value) })
    }

    /// The value of a key.
    #[must_use]
    pub fn get(self, key: &str) -> Option<Node<'t>> {
        self.entry(key).map(|entry| entry.value)
    }

    /// Whether it is a mapping.
    #[must_use]
    pub fn is_mapping(self) -> bool {
        self.kind() == Kind::Mapping
    }

    /// Whether it is a sequence.
    #[must_use]
    pub fn is_sequence(self) -> bool {
        self.kind() == Kind::Sequence
    }

    /// Whether it is a scalar, null included.
    #[must_use]
    pub fn is_scalar(self) -> bool {
        matches!(self.data().map(|data| &data.content), Some(Content::Scalar { .. }))
    }

    /// Whether nothing stands there.
    #[must_use]
    pub fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    /// Where in the file a byte of [`Node::text`] comes from. White space that the style folds or strips has the place of its beginning.
    #[must_use]
    pub fn source_offset(self, source: &str, offset: usize) -> u32 {
        map::source_offset(source, self.span(), self.style(), self.text().unwrap_or_default(), offset)
    }

    /// Where in the file a range of [`Node::text`] comes from.
    #[must_use]
    pub fn source_span(self, source: &str, range: std::ops::Range<usize>) -> Span {
        Span::new(self.source_offset(source, range.start), self.source_offset(source, range.end))
    }
}
