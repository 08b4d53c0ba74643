//! Writes a text as a scalar, with quotes only if the text needs them or the old value had them.

use crate::read::edit::TextEdit;
use crate::read::yaml::{Node, NodeKind, NodeShape, NodeStyle};

/// Replaces a scalar and keeps its style.
pub(crate) fn replace(node: Node<'_>, new: &str, flow: bool) -> Option<TextEdit> {
    let written = match node.style() {
        NodeStyle::Plain => written(new, flow),
        NodeStyle::SingleQuoted => single(new)?,
        NodeStyle::DoubleQuoted => double(new),
        NodeStyle::Literal | NodeStyle::Folded | NodeStyle::Block | NodeStyle::Flow => return None,
    };
    let span = node.span();
    Some(TextEdit { span, text: written })
}

/// A text as a scalar: plain if that is read as the same string, else quoted.
pub(crate) fn written(text: &str, flow: bool) -> String {
    if plain(text, flow) { text.to_owned() } else { single(text).unwrap_or_else(|| double(text)) }
}

/// Whether a text is written as a literal block: it has several lines and no characters that such a block changes.
pub(crate) fn is_literal(text: &str) -> bool {
    let control = |letter: char| letter != '\n' && letter.is_control();
    let ends = text.ends_with('\n') && !text.ends_with("\n\n");
    ends && !text.starts_with([' ', '\n']) && !text.chars().any(control)
}

fn plain(text: &str, flow: bool) -> bool {
    let expression = !flow && text.starts_with("${{");
    let first = text.chars().next().is_some_and(|letter| letter.is_alphanumeric() || "_./(".contains(letter));
    let first = first || expression;
    // A colon before a slash is part of a plain scalar, as in a URL.
    let text = if flow { text } else { &text.replace(":/", "/") };
    // Expressions are plain in a block, where only a colon or a `#` after a space would end them.
    let inner = |letter: char| {
        letter.is_alphanumeric()
            || "_./+@-".contains(letter)
            || (" '!=|&(),*<>".contains(letter) && !flow)
            || ("${}".contains(letter) && expression)
    };
    let kind = matches!(NodeShape::plain(text), NodeShape::Scalar(_, NodeKind::Str));
    first && text.chars().all(inner) && !text.ends_with(' ') && !text.starts_with("...") && kind
}

/// In single quotes; `None` for a text with control characters.
fn single(text: &str) -> Option<String> {
    (!text.chars().any(char::is_control)).then(|| format!("'{}'", text.replace('\'', "''")))
}

/// In double quotes.
fn double(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            letter if letter.is_control() => quoted.push_str(&format!("\\U{:08X}", u32::from(letter))),
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}
