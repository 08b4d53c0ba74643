//! Builds the tree from the parser's events, and continues after broken lines. No file that GitHub accepts gets an error.

use std::borrow::Cow;
use std::collections::HashMap;

use granit_parser::{Event, Options, Parser, ScalarStyle, StructureStyle};

use crate::read::source::Span;
use crate::read::yaml::{
    Comment, Dialect, NodeContent, NodeData, NodeKind, NodeLink, NodeStyle, SyntaxError, SyntaxErrorKind, Tree,
};

/// GitHub's limit of nesting levels.
pub(super) const DEEPEST_WORKFLOW: usize = 50;
/// The parser's limit of nesting levels.
const DEEPEST: usize = 200;
/// GitHub's limit of bytes.
pub(super) const LARGEST_WORKFLOW: usize = 1024 * 1024;
/// How many broken lines are blanked to parse the rest of the file.
const RESCUES: usize = 8;

/// Parses, and after a syntax error parses again with the broken line replaced by blanks, which keep every offset.
pub(crate) fn tolerant(text: &str, dialect: Dialect) -> Tree {
    if dialect == Dialect::Workflow && text.len() > LARGEST_WORKFLOW {
        let message = "the file is larger than 1 MiB, which GitHub refuses".to_owned();
        let error = SyntaxError { kind: SyntaxErrorKind::TooLarge, message, span: Span::at(0), first: None };
        return Tree { errors: vec![error], ..Tree::default() };
    }
    if let Some(at) = text.find('\0') {
        let span = Span::at(u32::try_from(at).unwrap_or(u32::MAX));
        let message = "the file is binary: it contains a NUL byte".to_owned();
        return Tree {
            errors: vec![SyntaxError { kind: SyntaxErrorKind::Binary, message, span, first: None }],
            ..Tree::default()
        };
    }
    let (mut tree, mut broken) = TreeBuilder::run(text, dialect);
    let Some(error) = broken.clone() else {
        if dialect == Dialect::Workflow {
            tree.errors.extend(no_mapping(&tree));
        }
        return tree;
    };
    // GitHub's parser accepts some texts that ours refuses; `serde_yaml` is based on libyaml, like GitHub's. It refuses deep nesting too, but
    // only after time that grows with the square of the depth.
    let taken = !nests_deeply(text) && serde_yaml::from_str::<serde_yaml::Value>(text).is_ok();
    let mut rescued = text.to_owned();
    for _ in 0..RESCUES {
        let Some(error) = &broken else { break };
        if !blank_line(&mut rescued, error.span.start as usize) {
            break;
        }
        (tree, broken) = TreeBuilder::run(&rescued, dialect);
    }
    if !taken {
        tree.errors.push(error);
    }
    tree.errors.sort_by_key(|error| error.span);
    tree
}

/// Whether more brackets are open at once than the parser's limit of levels.
fn nests_deeply(text: &str) -> bool {
    let mut open = 0_usize;
    text.bytes().any(|byte| {
        match byte {
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        open > DEEPEST
    })
}

/// The error of a workflow whose root is not a mapping.
fn no_mapping(tree: &Tree) -> Option<SyntaxError> {
    let (message, span) = match tree.root() {
        Some(root) if root.is_mapping() => return None,
        Some(root) => ("not a workflow: the file must be a mapping with `on` and `jobs`", root.span()),
        None => ("the file is empty, which GitHub refuses; delete it or add `on` and `jobs`", Span::at(0)),
    };
    Some(SyntaxError { kind: SyntaxErrorKind::NoMapping, message: message.to_owned(), span, first: None })
}

/// Parses once, without recovery.
pub(crate) fn strict(text: &str) -> Tree {
    let (mut tree, broken) = TreeBuilder::run(text, Dialect::Data);
    tree.errors.extend(broken);
    tree
}

/// Overwrites the line at an offset with blanks. Returns false if the line was already blank.
fn blank_line(text: &mut String, offset: usize) -> bool {
    let offset = text.floor_char_boundary(offset);
    let start = text[..offset].rfind('\n').map_or(0, |at| at + 1);
    let end = text[offset..].find(['\n', '\r']).map_or(text.len(), |at| offset + at);
    if text[start..end].trim().is_empty() {
        return false;
    }
    let blanks = " ".repeat(end - start);
    text.replace_range(start..end, &blanks);
    true
}

/// An open collection.
pub(super) struct OpenCollection {
    pub id: u32,
    /// The index of its first child in `waiting`.
    pub start: usize,
}

struct TreeBuilder<'t> {
    text: &'t str,
    dialect: Dialect,
    tree: Tree,
    open: Vec<OpenCollection>,
    /// The children of all open collections so far.
    waiting: Vec<u32>,
    anchors: HashMap<usize, u32>,
    deep: bool,
}

impl<'t> TreeBuilder<'t> {
    fn run(text: &'t str, dialect: Dialect) -> (Tree, Option<SyntaxError>) {
        let mut builder = Self {
            text,
            dialect,
            tree: Tree::default(),
            open: Vec::new(),
            waiting: Vec::new(),
            anchors: HashMap::new(),
            deep: false,
        };
        let mut options = Options::default();
        options.emit_unresolved_aliases = true;
        options.max_buffered_comment_events = usize::MAX;
        options.block_nesting_limit = DEEPEST;
        options.flow_nesting_limit = DEEPEST;
        let mut documents = 0;
        let mut broken = None;
        for next in Parser::new_from_str_with_options(text, options) {
            match next {
                Ok((event, span)) => {
                    let span = builder.span(&span);
                    if matches!(event, Event::DocumentStart(..)) {
                        documents += 1;
                        if documents > 1 {
                            let message = "a second YAML document starts here; a file may contain only one";
                            builder.error(SyntaxErrorKind::SeveralDocuments, span, message);
                            break;
                        }
                    }
                    builder.event(event, span);
                }
                Err(error) => {
                    let at = error.marker().byte_offset().unwrap_or(text.len());
                    broken = Some(builder.invalid(at, &error.kind().to_string()));
                    break;
                }
            }
        }
        while let Some(open) = builder.open.pop() {
            builder.finish(&open, None);
        }
        // The parser reports a comment in the header of a block scalar after the scalar.
        builder.tree.comments.sort_by_key(|comment| comment.span);
        (builder.tree, broken)
    }

    /// A span of the parser, limited to the text.
    fn span(&self, span: &granit_parser::Span) -> Span {
        let range = span.byte_range().unwrap_or(0..0);
        let bound = |at: usize| u32::try_from(self.text.floor_char_boundary(at)).unwrap_or(u32::MAX);
        Span::new(bound(range.start), bound(range.end))
    }

    fn error(&mut self, kind: SyntaxErrorKind, span: Span, message: impl Into<String>) {
        self.tree.errors.push(SyntaxError { kind, message: message.into(), span, first: None });
    }

    /// A syntax error at an offset. One at the end of the file gets the place of the last text.
    fn invalid(&self, at: usize, message: &str) -> SyntaxError {
        let at = self.text.floor_char_boundary(at);
        let at = if self.text[at..].trim().is_empty() { self.text[..at].trim_end().len() } else { at };
        let start = u32::try_from(at).unwrap_or(u32::MAX);
        let width = self.text[at..].chars().next().filter(|letter| !letter.is_control()).map_or(0, char::len_utf8);
        let span = Span::new(start, start + u32::try_from(width).unwrap_or(0));
        let message = format!("invalid YAML: {}", message.trim_end_matches('.'));
        SyntaxError { kind: SyntaxErrorKind::Invalid, message, span, first: None }
    }

    fn event(&mut self, event: Event<'_>, span: Span) {
        match event {
            Event::Comment(..) => {
                let line = self.text[..span.start as usize].rfind('\n').map_or(0, |at| at + 1);
                let own_line = self.text[line..span.start as usize].trim().is_empty();
                self.tree.comments.push(Comment { span, own_line });
            }
            Event::Scalar(text, style, anchor, tag) => {
                let tagged = tag.is_some_and(|tag| tag.is_yaml_core_schema_tag("str"));
                let style = match style {
                    ScalarStyle::Plain => NodeStyle::Plain,
                    ScalarStyle::SingleQuoted => NodeStyle::SingleQuoted,
                    ScalarStyle::DoubleQuoted => NodeStyle::DoubleQuoted,
                    ScalarStyle::Literal => NodeStyle::Literal,
                    ScalarStyle::Folded => NodeStyle::Folded,
                };
                let absent = span.is_empty() && style == NodeStyle::Plain;
                let kind = match style {
                    NodeStyle::Plain if absent => NodeKind::Null,
                    NodeStyle::Plain if !tagged => plain_kind(&text),
                    _ => NodeKind::Str,
                };
                let span = if matches!(style, NodeStyle::Literal | NodeStyle::Folded) {
                    self.block_scalar(span)
                } else {
                    span
                };
                let id = self.tree.add_scalar(&text, kind, span, style);
                self.anchor(anchor, id);
                self.place(id);
            }
            Event::SequenceStart(style, anchor, _) => self.open(false, style, anchor, span),
            Event::MappingStart(style, anchor, _) => self.open(true, style, anchor, span),
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(open) = self.open.pop() {
                    self.finish(&open, Some(span));
                    self.place(open.id);
                }
            }
            Event::Alias(target) => self.alias(target, span),
            Event::UnresolvedAlias(name) => {
                self.error(SyntaxErrorKind::Alias, span, format!("there is no anchor `&{name}` before this alias"));
                let id = self.tree.add_node(NodeContent::Alias(None), span, NodeStyle::Plain);
                self.place(id);
            }
            _ => {}
        }
    }

    fn anchor(&mut self, anchor: usize, id: u32) {
        if anchor != 0 {
            self.anchors.insert(anchor, id);
        }
    }

    fn alias(&mut self, target: usize, span: Span) {
        let target = self.anchors.get(&target).copied();
        let circular = self.open.iter().any(|open| Some(open.id) == target);
        if circular {
            self.error(SyntaxErrorKind::Alias, span, "the alias names a node that contains it");
        }
        let id = self.tree.add_node(NodeContent::Alias(target.filter(|_| !circular)), span, NodeStyle::Plain);
        self.place(id);
    }

    fn open(&mut self, mapping: bool, style: StructureStyle, anchor: usize, span: Span) {
        let style = if style == StructureStyle::Flow { NodeStyle::Flow } else { NodeStyle::Block };
        let content = if mapping {
            NodeContent::Mapping(NodeLink::default())
        } else {
            NodeContent::Sequence(NodeLink::default())
        };
        let id = self.tree.add_node(content, span, style);
        self.anchor(anchor, id);
        self.open.push(OpenCollection { id, start: self.waiting.len() });
        if self.dialect == Dialect::Workflow && self.open.len() > DEEPEST_WORKFLOW && !self.deep {
            self.deep = true;
            self.error(
                SyntaxErrorKind::TooDeep,
                span,
                "the file is nested deeper than 50 levels, which GitHub refuses",
            );
        }
    }

    /// Adds a node to the innermost open collection.
    fn place(&mut self, id: u32) {
        if self.open.is_empty() {
            self.tree.root.get_or_insert(id);
        } else {
            self.waiting.push(id);
        }
    }

    /// Closes a collection. A flow collection ends with its bracket, a block collection with its last child.
    fn finish(&mut self, open: &OpenCollection, end: Option<Span>) {
        self.tree.fill(open.id, self.waiting.drain(open.start..));
        let Some(data) = self.tree.nodes.get(open.id as usize) else { return };
        let (NodeContent::Mapping(part) | NodeContent::Sequence(part)) = data.content else { return };
        let last = self.tree.children(part).last();
        let child = last.and_then(|id| self.tree.nodes.get(*id as usize)).map(|data| data.span);
        let close = if data.style == NodeStyle::Flow { end.or(child) } else { child.or(end) };
        let mapping = matches!(data.content, NodeContent::Mapping(_));
        let duplicates = if mapping { key_errors(&self.tree, part, self.dialect) } else { Vec::new() };
        if let (Some(data), Some(close)) = (self.tree.nodes.get_mut(open.id as usize), close) {
            data.span = data.span.cover(close);
        }
        self.tree.errors.extend(duplicates);
    }

    /// The span from a block scalar's header to the end of its text; the parser reports only the content.
    fn block_scalar(&self, content: Span) -> Span {
        let (start, end) = (content.start as usize, content.end as usize);
        let text = self.text[start..end].trim_end();
        let before = self.text[..start].trim_end();
        let line = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
        // The content of an empty block scalar starts with its header.
        let header = if text.starts_with(['|', '>']) && is_header(text.lines().next().unwrap_or_default()) {
            Some(start)
        } else {
            before[line..].char_indices().map(|(at, _)| line + at).find(|at| is_header(&before[*at..]))
        };
        let end = u32::try_from(start + text.len()).unwrap_or(content.end);
        match header {
            Some(header) => Span::new(
                u32::try_from(header).unwrap_or(content.start),
                end.max(u32::try_from(header + 1).unwrap_or(end)),
            ),
            None => Span::new(content.start, end),
        }
    }
}

/// The errors of duplicate keys and merge keys.
pub(super) fn key_errors(tree: &Tree, mapping: NodeLink, dialect: Dialect) -> Vec<SyntaxError> {
    let mut errors = Vec::new();
    let pairs = tree.children(mapping).as_chunks::<2>().0;
    let mut names: Vec<(Cow<'_, str>, &str, Span)> = Vec::with_capacity(pairs.len());
    for [key, _] in pairs {
        let Some(NodeData { content, span, style }) = tree.nodes.get(*key as usize) else { continue };
        let Some(text) = tree.scalar(*content) else { continue };
        if text == "<<" && *style == NodeStyle::Plain {
            let message = "GitHub does not support the merge key `<<`; repeat the entries instead".to_owned();
            errors.push(SyntaxError { kind: SyntaxErrorKind::MergeKey, message, span: *span, first: None });
        }
        let lower = |byte: u8| byte.is_ascii() && !byte.is_ascii_uppercase();
        let exact = dialect == Dialect::Data || text.bytes().all(lower);
        names.push((if exact { Cow::Borrowed(text) } else { text.to_lowercase().into() }, text, *span));
    }
    // The sort is stable, so the first of equal names is the first in the file.
    names.sort_by(|left, right| left.0.cmp(&right.0));
    for same in names.chunk_by(|left, right| left.0 == right.0) {
        let Some(((.., first), repeated)) = same.split_first() else { continue };
        errors.extend(repeated.iter().map(|(_, text, span)| SyntaxError {
            kind: SyntaxErrorKind::DuplicateKey,
            message: format!("duplicate key `{text}`"),
            span: *span,
            first: Some(*first),
        }));
    }
    errors.sort_by_key(|error| error.span);
    errors
}

/// Whether a text is a block scalar's header: `|` or `>`, its indicators and an optional comment.
fn is_header(text: &str) -> bool {
    let Some(rest) = text.strip_prefix(['|', '>']) else { return false };
    let rest = rest.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '+' || letter == '-');
    let trimmed = rest.trim_start();
    trimmed.is_empty() || (trimmed.starts_with('#') && trimmed.len() < rest.len())
}

/// The type of a plain scalar in YAML 1.2's core schema, section 10.3.2.
pub(crate) fn plain_kind(text: &str) -> NodeKind {
    // The first character decides for nearly all strings.
    match text.bytes().next() {
        None => NodeKind::Null,
        Some(b'0'..=b'9' | b'.' | b'-' | b'+') => number_kind(text),
        Some(b'~' | b'n' | b'N' | b't' | b'T' | b'f' | b'F') => match text {
            "~" | "null" | "Null" | "NULL" => NodeKind::Null,
            "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => NodeKind::Bool,
            _ => NodeKind::Str,
        },
        Some(_) => NodeKind::Str,
    }
}

/// The type of a plain scalar that begins like a number.
fn number_kind(text: &str) -> NodeKind {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let all = |text: &str, test: fn(&u8) -> bool| !text.is_empty() && text.bytes().all(|byte| test(&byte));
    if all(digits, u8::is_ascii_digit)
        || text.strip_prefix("0o").is_some_and(|rest| all(rest, |byte| (b'0'..=b'7').contains(byte)))
        || text.strip_prefix("0x").is_some_and(|rest| all(rest, u8::is_ascii_hexdigit))
    {
        return NodeKind::Int;
    }
    if matches!(text, ".nan" | ".NaN" | ".NAN") || matches!(digits, ".inf" | ".Inf" | ".INF") {
        return NodeKind::Float;
    }
    // Rust also parses `inf`, `nan` and `infinity`, which are strings in YAML.
    let numeric = digits.bytes().all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte));
    if numeric && digits.bytes().any(|byte| byte.is_ascii_digit()) && text.parse::<f64>().is_ok() {
        NodeKind::Float
    } else {
        NodeKind::Str
    }
}
