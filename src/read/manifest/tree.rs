//! Manifests in JSON and YAML, of which JSON is a part. What does not parse is no manifest; it never says why.

use crate::read::manifest::value::{ManifestContent, ManifestEntry, ManifestValue};
use crate::read::source::Span;
use crate::read::yaml::{self, Node, NodeKind, SyntaxErrorKind};

/// The content of a YAML file; none when it does not parse.
pub fn yaml(text: &str) -> Option<ManifestValue> {
    let tree = yaml::strict(text);
    // A key that stands there twice is told by its two values.
    if tree.errors().iter().any(|error| error.kind != SyntaxErrorKind::DuplicateKey) {
        return None;
    }
    tree.root().and_then(value)
}

/// The content of a JSON file; comments and final commas are overlooked, as the tools that allow them do.
pub fn json(text: &str) -> Option<ManifestValue> {
    yaml(&without_comments(text))
}

fn value(node: Node<'_>) -> Option<ManifestValue> {
    // An alias stands for a whole other part of the file: following it could multiply the file.
    if let Some(span) = node.alias_span() {
        return Some(ManifestValue { span, content: ManifestContent::Open });
    }
    let span = node.span();
    let content = match node.kind() {
        NodeKind::Null => return None,
        NodeKind::Bool => ManifestContent::Flag(node.bool()?),
        NodeKind::Int | NodeKind::Float | NodeKind::Str => ManifestContent::Word(node.text()?.to_owned()),
        NodeKind::Sequence => ManifestContent::List(node.items().filter_map(value).collect()),
        NodeKind::Mapping => {
            let entry = |entry: yaml::MappingEntry<'_>| {
                let key = entry.key.text()?.to_owned();
                Some(ManifestEntry { key, place: entry.key.span(), value: value(entry.value)? })
            };
            ManifestContent::Table(node.entries().filter_map(entry).collect())
        }
    };
    Some(ManifestValue { span: Span::new(span.start, span.end), content })
}

/// The text with blanks for its comments, so that nothing moves.
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['"', '/']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let length = if from.starts_with('"') {
            string_length(from)
        } else if from.starts_with("//") {
            from.find(['\n', '\r']).unwrap_or(from.len())
        } else if from.starts_with("/*") {
            from.find("*/").map_or(from.len(), |end| end + 2)
        } else {
            1
        };
        let (piece, after) = from.split_at(length);
        if piece.len() > 1 && piece.starts_with('/') {
            let blank = |byte: u8| if byte == b'\n' || byte == b'\r' { byte as char } else { ' ' };
            out.extend(piece.bytes().map(blank));
        } else {
            out.push_str(piece);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The length of the string that a text begins with, quotes included.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}
