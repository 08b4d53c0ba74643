//! Manifests in YAML, and in JSON, which is read as YAML.

use crate::read::manifest::value::{ManifestContent, ManifestEntry, ManifestValue};
use crate::read::source::Span;
use crate::read::yaml::{self, Node, NodeKind, SyntaxErrorKind};

/// The content of a YAML file; `None` if it is invalid.
pub(crate) fn yaml(text: &str) -> Option<ManifestValue> {
    let tree = yaml::strict(text);
    // A duplicate key gives two values, so its value is unknown.
    if tree.errors().iter().any(|error| error.kind != SyntaxErrorKind::DuplicateKey) {
        return None;
    }
    tree.root().and_then(value)
}

/// The content of a JSON file. Comments and trailing commas are allowed, as in several tools.
pub(crate) fn json(text: &str) -> Option<ManifestValue> {
    yaml(&without_comments(text))
}

fn value(node: Node<'_>) -> Option<ManifestValue> {
    // Aliases are not followed: nested aliases could multiply the size of the file.
    if let Some(span) = node.alias_span() {
        return Some(ManifestValue { span, content: ManifestContent::Unknown });
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
                Some(ManifestEntry { key, value: value(entry.value)? })
            };
            ManifestContent::Table(node.entries().filter_map(entry).collect())
        }
    };
    Some(ManifestValue { span: Span::new(span.start, span.end), content })
}

/// The text with comments replaced by blanks, so that offsets do not change.
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

/// The length of the string at the start of a text, quotes included.
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
