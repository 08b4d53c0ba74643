//! How a text is written as a scalar. It chooses quotes only where the text needs them or where they stood before.

use crate::read::edit::TextEdit;
use crate::read::yaml::{Node, NodeKind, NodeStyle, ParserQuirk};

/// Replaces a scalar, in the style that it has.
pub fn replace(node: Node<'_>, new: &str, flow: bool) -> Option<TextEdit> {
    let written = match node.style() {
        NodeStyle::Plain => written(new, flow),
        NodeStyle::SingleQuoted => single(new)?,
        NodeStyle::DoubleQuoted => double(new),
        NodeStyle::Literal | NodeStyle::Folded | NodeStyle::Block | NodeStyle::Flow => return None,
    };
    let span = node.span();
    Some(TextEdit { span, text: written })
}

/// A text as a scalar: plain where that reads back as this very text.
pub fn written(text: &str, flow: bool) -> String {
    if plain(text, flow) { text.to_owned() } else { single(text).unwrap_or_else(|| double(text)) }
}

fn plain(text: &str, flow: bool) -> bool {
    let first = text.chars().next().is_some_and(|letter| letter.is_alphanumeric() || "_./".contains(letter));
    // A colon is text before a slash, as in an address.
    let text = if flow { text } else { &text.replace(":/", "/") };
    let inner = |letter: char| letter.is_alphanumeric() || "_./+@-".contains(letter) || (letter == ' ' && !flow);
    let kind = matches!(ParserQuirk::plain(text), ParserQuirk::Scalar(_, NodeKind::Str));
    first && text.chars().all(inner) && !text.ends_with(' ') && !text.starts_with("...") && kind
}

/// In single quotes, which hold no control character.
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
