//! Parses the YAML in which nearly all workflows are written into the same tree as granit, in a fraction of the time.
//!
//! It accepts one document whose root is a mapping, made of:
//! - block mappings and sequences, with scalars on one line as keys;
//! - flow mappings and sequences over any number of lines, in which every key has a value;
//! - plain scalars, in block context over any number of lines;
//! - quoted scalars on one line, with the escapes `\"`, `\\`, `\n` and `\t`;
//! - literal and folded block scalars without an indentation indicator;
//! - comments, `---` before the root and `...` after it, and either kind of line end.
//!
//! It gives up on everything else, and granit parses the text from its start: on anchors, aliases, tags, directives, `?`, a second
//! document, tabs between tokens, control characters, repeated keys, and every text that is not valid. It reports no error itself,
//! so giving up costs time and nothing else. `tests/all/yaml_fast_path.rs` compares its trees with granit's.

use std::cmp::Ordering;

use memchr::{memchr, memchr_iter, memchr2, memchr3, memchr3_iter};

use super::build::{DEEPEST_WORKFLOW, LARGEST_WORKFLOW, OpenCollection, key_errors, plain_kind};
use super::{Comment, Dialect, NodeContent, NodeData, NodeKind, NodeLink, NodeStyle, Tree, index};
use crate::read::source::Span;

/// The longest key in bytes. The limit of granit is 1,024 characters.
const LONGEST_KEY: usize = 1000;

/// The text is left to granit.
struct GiveUp;

type Parsed<T> = Result<T, GiveUp>;

/// Parses a text; `None` where it gives up.
pub(super) fn parse(text: &str) -> Option<Tree> {
    if text.len() > LARGEST_WORKFLOW || !has_usual_characters(text.as_bytes()) {
        return None;
    }
    let tree = Tree {
        // Estimates from real workflows: few texts need more.
        nodes: Vec::with_capacity(text.len() / 20),
        children: Vec::with_capacity(text.len() / 20),
        texts: String::with_capacity(text.len()),
        ..Tree::default()
    };
    let mut parser = FastPath { text, bytes: text.as_bytes(), at: 0, line: 0, depth: 0, tree, waiting: Vec::new() };
    parser.document().ok()?;
    Some(parser.tree)
}

/// Whether there are no control characters, byte order marks and Unicode line breaks, and every carriage return ends a line.
fn has_usual_characters(bytes: &[u8]) -> bool {
    let is_control = |byte: u8| byte < b' ' && byte != b'\n' && byte != b'\r' && byte != b'\t' || byte == 0x7F;
    // A fold has no early return, so the compiler tests many bytes at a time.
    let has_controls = bytes.iter().fold(false, |found, byte| found | is_control(*byte));
    // U+0080 to U+009F, U+2028 and U+2029, U+FEFF, U+FFFE and U+FFFF.
    let is_usual = |at: usize| {
        !matches!(
            bytes[at..],
            [0xC2, ..=0x9F, ..]
                | [0xE2, 0x80, 0xA8 | 0xA9, ..]
                | [0xEF, 0xBB, 0xBF, ..]
                | [0xEF, 0xBF, 0xBE | 0xBF, ..]
        )
    };
    !has_controls
        && memchr_iter(b'\r', bytes).all(|at| bytes.get(at + 1) == Some(&b'\n'))
        && memchr3_iter(0xC2, 0xE2, 0xEF, bytes).all(is_usual)
}

/// The contexts of a plain scalar, as bits of [`PLAIN_STOPS`].
const BLOCK: u8 = 1;
const FLOW: u8 = 2;

/// Which bytes may end a plain scalar, by context.
const PLAIN_STOPS: [u8; 256] = {
    let mut stops = [0; 256];
    let (both, flow) = (b"\n\r\t:#", b",[]{}");
    let mut next = 0;
    while next < both.len() {
        stops[both[next] as usize] = BLOCK | FLOW;
        stops[flow[next] as usize] = FLOW;
        next += 1;
    }
    stops
};

fn is_flow_indicator(byte: u8) -> bool {
    matches!(byte, b',' | b'[' | b']' | b'{' | b'}')
}

/// Whether a byte separates tokens. A tab does as well, but the parser gives up on it.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r')
}

struct FastPath<'t> {
    text: &'t str,
    bytes: &'t [u8],
    /// The next byte to parse.
    at: usize,
    /// The first byte of its line.
    line: usize,
    /// The number of open collections.
    depth: usize,
    tree: Tree,
    /// The children that all open collections have so far.
    waiting: Vec<u32>,
}

impl FastPath<'_> {
    fn document(&mut self) -> Parsed<()> {
        self.skip_blanks()?;
        if self.at == self.line && self.bytes[self.at..].starts_with(b"---") {
            self.at += 3;
            self.end_line()?;
        }
        let column = self.next_token()?;
        let root = self.block_node(column, None)?;
        let is_mapping = matches!(self.tree.nodes[root as usize].content, NodeContent::Mapping(_));
        if !is_mapping || self.next_token()?.is_some() {
            return Err(GiveUp);
        }
        self.tree.root = Some(root);
        Ok(())
    }

    /// A byte of the text; after its end, a line feed.
    #[inline]
    fn byte_at(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(b'\n')
    }

    #[inline]
    fn byte(&self) -> u8 {
        self.byte_at(self.at)
    }

    #[inline]
    fn skip_spaces(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at += rest.iter().take_while(|byte| **byte == b' ').count();
    }

    /// Skips spaces, line ends and comments.
    #[inline]
    fn skip_blanks(&mut self) -> Parsed<()> {
        loop {
            self.skip_spaces();
            match self.byte() {
                b'\n' | b'\r' if self.at < self.bytes.len() => self.next_line(),
                b'#' => self.comment()?,
                b'\t' => return Err(GiveUp),
                _ => return Ok(()),
            }
        }
    }

    /// Goes from the end of a line to the next one.
    #[inline]
    fn next_line(&mut self) {
        self.at += if self.byte() == b'\r' { 2 } else { 1 };
        self.line = self.at;
    }

    /// Skips to the next token and returns its column; at the end of the text `None`, which is less than every column.
    #[inline]
    fn next_token(&mut self) -> Parsed<Option<usize>> {
        self.skip_blanks()?;
        let rest = &self.bytes[self.at..];
        let column = self.at - self.line;
        if column == 0 && (rest.starts_with(b"---") || rest.starts_with(b"...") || rest.starts_with(b"%")) {
            // The end of the document is accepted where nothing follows it.
            if !rest.starts_with(b"...") || !rest[3..].iter().all(|byte| is_blank(*byte)) {
                return Err(GiveUp);
            }
            self.at = self.bytes.len();
        }
        Ok(if self.at < self.bytes.len() { Some(column) } else { None })
    }

    fn comment(&mut self) -> Parsed<()> {
        let before = &self.text[self.line..self.at];
        if !before.is_empty() && !before.ends_with(' ') {
            return Err(GiveUp);
        }
        let own_line = before.trim().is_empty();
        let end = self.line_end();
        self.tree.comments.push(Comment { span: Span::new(index(self.at), index(end)), own_line });
        self.at = end;
        Ok(())
    }

    /// The end of the line, before its line break.
    #[inline]
    fn line_end(&self) -> usize {
        let rest = &self.bytes[self.at..];
        let length = memchr(b'\n', rest).unwrap_or(rest.len());
        self.at + length - usize::from(rest[..length].ends_with(b"\r"))
    }

    /// Skips to the end of a line on which only a comment may follow.
    #[inline]
    fn end_line(&mut self) -> Parsed<()> {
        self.skip_spaces();
        match self.byte() {
            b'\n' | b'\r' => Ok(()),
            b'#' => self.comment(),
            _ => Err(GiveUp),
        }
    }

    /// Whether the `-` of a block sequence is next.
    #[inline]
    fn at_dash(&self) -> bool {
        self.byte() == b'-' && is_blank(self.byte_at(self.at + 1))
    }

    /// Whether the `:` after a key is next.
    #[inline]
    fn at_colon(&self) -> bool {
        self.byte() == b':' && is_blank(self.byte_at(self.at + 1))
    }

    /// A node in block context, with the column of its parent. `column` is its own, or `None` on the line of its key, where no block
    /// collection may begin.
    fn block_node(&mut self, column: Option<usize>, parent: Option<usize>) -> Parsed<u32> {
        match (self.byte(), column) {
            (b'|' | b'>', _) => self.block_scalar(parent),
            (b'[' | b'{', _) => {
                let id = self.flow_collection()?;
                self.end_line()?;
                Ok(id)
            }
            (b'-', Some(column)) if self.at_dash() => self.block_sequence(column, self.at),
            _ => {
                let mut scalar = self.scalar(BLOCK)?;
                self.skip_spaces();
                if let Some(column) = column
                    && self.at_colon()
                {
                    return self.block_mapping(column, scalar);
                }
                if scalar.style != NodeStyle::Plain || !self.continue_plain(&mut scalar, parent)? {
                    self.end_line()?;
                }
                Ok(self.add(scalar))
            }
        }
    }

    /// A block mapping, from the `:` of its first key on.
    fn block_mapping(&mut self, column: usize, mut key: NodeData) -> Parsed<u32> {
        let content = NodeContent::Mapping(NodeLink::default());
        let mapping = self.open(content, NodeStyle::Block, key.span.start)?;
        let parent = Some(column);
        loop {
            let (colon, line) = (self.key(key)?, self.line);
            let next = self.next_token()?;
            let value = if next > parent {
                let column = next.filter(|_| self.line != line);
                self.block_node(column, parent)?
            } else if next == parent && self.at_dash() {
                self.block_sequence(column, self.first_item()?)?
            } else {
                self.null(colon)
            };
            self.waiting.push(value);
            match self.next_token()?.cmp(&parent) {
                Ordering::Less => return self.close(&mapping),
                Ordering::Equal => key = self.scalar(BLOCK)?,
                Ordering::Greater => return Err(GiveUp),
            }
        }
    }

    /// Adds a key, and skips the `:` after it, whose offset it returns.
    fn key(&mut self, key: NodeData) -> Parsed<usize> {
        self.skip_spaces();
        if !self.at_colon() || key.span.range().len() > LONGEST_KEY {
            return Err(GiveUp);
        }
        let id = self.add(key);
        self.waiting.push(id);
        self.at += 1;
        Ok(self.at - 1)
    }

    /// The start of the first item of a sequence, which granit also uses as the start of a sequence in the column of its key.
    fn first_item(&self) -> Parsed<usize> {
        let mut at = self.at + 1;
        while self.byte_at(at) == b' ' {
            at += 1;
        }
        if self.byte_at(at) == b'#' { Err(GiveUp) } else { Ok(at) }
    }

    /// A block sequence, from its first `-` on.
    fn block_sequence(&mut self, column: usize, start: usize) -> Parsed<u32> {
        let has_column_of_key = start > self.at;
        let content = NodeContent::Sequence(NodeLink::default());
        let sequence = self.open(content, NodeStyle::Block, index(start))?;
        let parent = Some(column);
        loop {
            self.at += 1;
            self.skip_spaces();
            let after_dash = self.at;
            let next = self.next_token()?;
            let item = if next > parent {
                self.block_node(next, parent)?
            } else if self.byte_at(after_dash) == b'#' {
                return Err(GiveUp);
            } else {
                self.null(after_dash)
            };
            self.waiting.push(item);
            match self.next_token()?.cmp(&parent) {
                Ordering::Equal if self.at_dash() => {}
                Ordering::Equal if has_column_of_key => return self.close(&sequence),
                Ordering::Less => return self.close(&sequence),
                _ => return Err(GiveUp),
            }
        }
    }

    /// A flow mapping or sequence, from its bracket on.
    fn flow_collection(&mut self) -> Parsed<u32> {
        let (content, bracket) = match self.byte() {
            b'{' => (NodeContent::Mapping(NodeLink::default()), b'}'),
            _ => (NodeContent::Sequence(NodeLink::default()), b']'),
        };
        let collection = self.open(content, NodeStyle::Flow, index(self.at))?;
        self.at += 1;
        while self.next_flow_byte()? != bracket {
            let value = match self.byte() {
                b'[' | b'{' if bracket == b']' => self.flow_collection()?,
                _ => {
                    let scalar = self.scalar(FLOW)?;
                    self.skip_spaces();
                    if bracket == b'}' {
                        self.flow_value(scalar)?
                    } else if self.at_colon() {
                        self.flow_pair(scalar)?
                    } else {
                        self.add(scalar)
                    }
                }
            };
            self.waiting.push(value);
            match self.next_flow_byte()? {
                b',' => self.at += 1,
                byte if byte == bracket => {}
                _ => return Err(GiveUp),
            }
        }
        self.at += 1;
        let id = self.close(&collection)?;
        self.tree.nodes[id as usize].span.end = index(self.at);
        Ok(id)
    }

    /// A key with its value in a flow sequence: a mapping without braces. To granit it ends where the next token begins.
    fn flow_pair(&mut self, key: NodeData) -> Parsed<u32> {
        let mapping = self.open(NodeContent::Mapping(NodeLink::default()), NodeStyle::Flow, key.span.start)?;
        let value = self.flow_value(key)?;
        self.waiting.push(value);
        self.next_flow_byte()?;
        let id = self.close(&mapping)?;
        self.tree.nodes[id as usize].span.end = index(self.at);
        Ok(id)
    }

    /// Adds a key in a flow collection, and then its value.
    fn flow_value(&mut self, key: NodeData) -> Parsed<u32> {
        self.key(key)?;
        match self.next_flow_byte()? {
            b'[' | b'{' => self.flow_collection(),
            _ => {
                let scalar = self.scalar(FLOW)?;
                Ok(self.add(scalar))
            }
        }
    }

    /// Skips to the next token of a flow collection and returns its first byte.
    fn next_flow_byte(&mut self) -> Parsed<u8> {
        self.next_token()?.map(|_| self.byte()).ok_or(GiveUp)
    }

    /// A plain or quoted scalar on one line.
    fn scalar(&mut self, context: u8) -> Parsed<NodeData> {
        let (start, next) = (self.at, self.byte_at(self.at + 1));
        match self.byte() {
            b'"' | b'\'' => return self.quoted(),
            b'-' | b'?' | b':' if is_blank(next) || next == b'\t' || (context == FLOW && is_flow_indicator(next)) => {
                return Err(GiveUp);
            }
            b'&' | b'*' | b'!' | b'%' | b'@' | b'`' | b'|' | b'>' | b'#' | b'\n' | b'\r' | b'\t' => return Err(GiveUp),
            byte if is_flow_indicator(byte) => return Err(GiveUp),
            _ => {}
        }
        self.at = self.plain_end(context)?;
        let text = &self.text[start..self.at];
        let from = self.tree.texts.len();
        self.tree.texts.push_str(text);
        Ok(self.scalar_data(from, plain_kind(text), start, NodeStyle::Plain))
    }

    /// The end of a plain scalar on this line.
    #[inline]
    fn plain_end(&self, context: u8) -> Parsed<usize> {
        let mut at = self.at;
        loop {
            let rest = &self.bytes[at.min(self.bytes.len())..];
            at += rest.iter().position(|byte| PLAIN_STOPS[*byte as usize] & context != 0).unwrap_or(rest.len());
            let next = self.byte_at(at + 1);
            match self.byte_at(at) {
                b'\t' => return Err(GiveUp),
                b':' if next == b'\t' || (context == FLOW && is_flow_indicator(next)) => return Err(GiveUp),
                b':' if !is_blank(next) => at += 1,
                b'#' if !self.bytes[..at].ends_with(b" ") => at += 1,
                _ => break,
            }
        }
        while at > self.at && self.bytes[at - 1] == b' ' {
            at -= 1;
        }
        Ok(at)
    }

    /// Adds the further lines of a plain scalar, which are indented deeper than its parent. Returns whether it went on to a later line.
    fn continue_plain(&mut self, scalar: &mut NodeData, parent: Option<usize>) -> Parsed<bool> {
        let NodeContent::Scalar { text, kind } = &mut scalar.content else { return Ok(false) };
        loop {
            let mut breaks = 0;
            while is_blank(self.byte()) && self.at < self.bytes.len() {
                if self.byte() == b' ' {
                    self.at += 1;
                } else {
                    self.next_line();
                    breaks += 1;
                }
            }
            let column = (self.at < self.bytes.len()).then(|| self.at - self.line);
            if breaks == 0 || column <= parent || self.byte() == b'#' {
                return Ok(breaks > 0);
            }
            let end = self.plain_end(BLOCK)?;
            if end == self.at {
                return Err(GiveUp);
            }
            self.fold(breaks);
            self.tree.texts.push_str(&self.text[self.at..end]);
            self.at = end;
            text.end = index(self.tree.texts.len());
            scalar.span.end = index(end);
            // No number, boolean or null has white space in it.
            *kind = NodeKind::Str;
            self.skip_spaces();
        }
    }

    /// Adds what line breaks between two lines are folded into: a space, or all of them but the first.
    fn fold(&mut self, breaks: usize) {
        match breaks {
            1 => self.tree.texts.push(' '),
            _ => self.tree.texts.extend(std::iter::repeat_n('\n', breaks - 1)),
        }
    }

    /// A quoted scalar on one line.
    fn quoted(&mut self) -> Parsed<NodeData> {
        let start = self.at;
        let style = if self.byte() == b'"' { NodeStyle::DoubleQuoted } else { NodeStyle::SingleQuoted };
        let from = self.tree.texts.len();
        self.at += 1;
        loop {
            let rest = &self.bytes[self.at..];
            let stop = match style {
                NodeStyle::DoubleQuoted => memchr3(b'"', b'\\', b'\n', rest),
                _ => memchr2(b'\'', b'\n', rest),
            };
            let stop = self.at + stop.ok_or(GiveUp)?;
            self.tree.texts.push_str(&self.text[self.at..stop]);
            self.at = stop + 1;
            self.tree.texts.push(match (self.bytes[stop], self.byte()) {
                (b'\'', b'\'') => '\'',
                (b'\\', b'n') => '\n',
                (b'\\', b't') => '\t',
                (b'\\', escaped @ (b'"' | b'\\')) => escaped.into(),
                (b'\'' | b'"', _) => return Ok(self.scalar_data(from, NodeKind::Str, start, style)),
                _ => return Err(GiveUp),
            });
            self.at += 1;
        }
    }

    /// A literal or folded scalar, from its `|` or `>` on.
    fn block_scalar(&mut self, parent: Option<usize>) -> Parsed<u32> {
        let header = self.at;
        let style = if self.byte() == b'|' { NodeStyle::Literal } else { NodeStyle::Folded };
        self.at += 1;
        let chomping = self.byte();
        if matches!(chomping, b'-' | b'+') {
            self.at += 1;
        }
        // A comment needs a space before it, which `comment` tests.
        self.end_line()?;
        let from = self.tree.texts.len();
        // Where the text begins, its indentation, and the longest of the blank lines before it.
        let (mut first, mut indent, mut widest) = (None, usize::MAX, 0);
        // Where the last line of text ended, the line breaks since, and whether it began with white space.
        let (mut end, mut breaks, mut was_deeper) = (0, 0, false);
        while self.at < self.bytes.len() {
            self.next_line();
            breaks += 1;
            while self.byte() == b' ' && self.at - self.line < indent {
                self.at += 1;
            }
            let column = self.at - self.line;
            let byte = self.byte();
            if matches!(byte, b'\n' | b'\r') {
                widest = widest.max(column);
                continue;
            }
            if byte == b'\t' && column < indent {
                return Err(GiveUp);
            }
            if first.is_none() {
                // The builder of granit's trees may mistake such a first line for the header.
                if Some(column) <= parent || column < widest || matches!(byte, b'|' | b'>') {
                    return Err(GiveUp);
                }
                (first, indent) = (Some(self.at), column);
                self.tree.texts.extend(std::iter::repeat_n('\n', breaks - 1));
            } else if column < indent {
                break;
            } else if style == NodeStyle::Folded && !was_deeper && !matches!(byte, b' ' | b'\t') {
                self.fold(breaks);
            } else {
                self.tree.texts.extend(std::iter::repeat_n('\n', breaks));
            }
            end = self.line_end();
            self.tree.texts.push_str(&self.text[self.at..end]);
            self.at = end;
            (breaks, was_deeper) = (0, matches!(byte, b' ' | b'\t'));
        }
        let first = first.ok_or(GiveUp)?;
        let breaks = match chomping {
            b'-' => 0,
            b'+' => breaks.max(1),
            _ => 1,
        };
        self.tree.texts.extend(std::iter::repeat_n('\n', breaks));
        let written = self.text[first..end].trim_end().len();
        if written == 0 {
            return Err(GiveUp);
        }
        let mut data = self.scalar_data(from, NodeKind::Str, header, style);
        data.span.end = index(first + written);
        Ok(self.add(data))
    }

    /// A scalar from `start` to here. Its decoded text is the end of the texts, from `from` on.
    fn scalar_data(&self, from: usize, kind: NodeKind, start: usize, style: NodeStyle) -> NodeData {
        let text = NodeLink { start: index(from), end: index(self.tree.texts.len()) };
        NodeData { content: NodeContent::Scalar { text, kind }, span: Span::new(index(start), index(self.at)), style }
    }

    /// The absent value of a key, or an absent item.
    fn null(&mut self, at: usize) -> u32 {
        self.tree.add_scalar("~", NodeKind::Null, Span::at(index(at)), NodeStyle::Plain)
    }

    fn add(&mut self, data: NodeData) -> u32 {
        self.tree.add_node(data.content, data.span, data.style)
    }

    fn open(&mut self, content: NodeContent, style: NodeStyle, start: u32) -> Parsed<OpenCollection> {
        self.depth += 1;
        if self.depth > DEEPEST_WORKFLOW {
            return Err(GiveUp);
        }
        let id = self.tree.add_node(content, Span::at(start), style);
        Ok(OpenCollection { id, start: self.waiting.len() })
    }

    /// Gives a collection its children. It ends with the last of them.
    fn close(&mut self, open: &OpenCollection) -> Parsed<u32> {
        self.depth -= 1;
        let end = self.waiting[open.start..].last().map(|id| self.tree.nodes[*id as usize].span.end);
        self.tree.fill(open.id, self.waiting.drain(open.start..));
        let data = &mut self.tree.nodes[open.id as usize];
        data.span.end = end.unwrap_or(data.span.end);
        let content = data.content;
        match content {
            NodeContent::Mapping(children) if !self.has_distinct_keys(children) => Err(GiveUp),
            _ => Ok(open.id),
        }
    }

    /// Whether a mapping has no repeated keys and no merge keys. Few and simple keys are compared pair by pair, without an allocation.
    fn has_distinct_keys(&self, mapping: NodeLink) -> bool {
        let mut keys = [""; 16];
        let pairs = self.tree.children(mapping).as_chunks::<2>().0;
        for (index, [key, _]) in pairs.iter().enumerate() {
            let key = self.tree.scalar(self.tree.nodes[*key as usize].content).unwrap_or_default();
            let is_repeated = |other: &&str| other.eq_ignore_ascii_case(key);
            if index == keys.len() || !key.is_ascii() || key == "<<" || keys[..index].iter().any(is_repeated) {
                return key_errors(&self.tree, mapping, Dialect::Workflow).is_empty();
            }
            keys[index] = key;
        }
        true
    }
}
