//! Reads one line that gives a value to a label: `Label: value`, "**Label** is `value`", `| Label | value |`, `"label": "value",`.

use crate::read::document::{DocumentLabel, Statement, span};

/// Markup characters around words.
const MARKS: [char; 6] = ['*', '_', '`', '"', '\'', '~'];
/// Characters between a label and its value.
const SEPARATORS: [&str; 9] = [":", "=>", "->", "=", "|", "→", "⇒", "–", "—"];
/// Words between a label and its value.
const SEPARATOR_WORDS: [&str; 4] = ["is", "must be", "should be", "set to"];
/// Words that mean that the field has no value.
const EMPTY_VALUES: [&str; 8] = ["any", "none", "empty", "blank", "n/a", "null", "optional", "required"];

/// The part of a tag pattern that stands for the version. It is a value, not a placeholder for the reader.
const VERSION: &str = "{{version}}";

/// The content of a line.
pub(super) enum LineStatement {
    /// A value.
    Value(Statement),
    /// A placeholder for the reader to fill in.
    Placeholder,
}

/// The statement in a line that starts at byte `at` of its text.
pub(crate) fn statement(line: &str, at: usize, labels: &[&DocumentLabel]) -> Option<LineStatement> {
    let mut rest = without_bullet(line);
    let (label, after) = labels.iter().find_map(|label| Some((label, after_label(rest, &label.words)?)))?;
    rest = without_marks(after);
    if rest.starts_with('(') {
        rest = without_marks(rest.split_once(')')?.1);
    }
    let behind = without_closing_marks(after_separator(rest)?);
    if is_placeholder(behind) {
        return Some(LineStatement::Placeholder);
    }
    let (value, rest) = value(behind)?;
    // In the header of a table, another label follows the label.
    if line.contains('|') && labels.iter().any(|label| is_label(value, label)) {
        return None;
    }
    let start = at + line.len() - rest.len() - value.len();
    let span = span(start, start + value.len());
    Some(LineStatement::Value(Statement { field: label.field.clone(), value: value.to_owned(), span }))
}

/// A label whose field has no value: `Environment:`, `Environment: (Any)`.
pub(crate) fn empty_statement(line: &str, at: usize, labels: &[&DocumentLabel]) -> Option<Statement> {
    let rest = without_bullet(line);
    let (label, after) = labels.iter().find_map(|label| Some((label, after_label(rest, &label.words)?)))?;
    let value = after_separator(without_marks(after))?;
    let end = at + line.len();
    is_nothing(value).then(|| Statement { field: label.field.clone(), value: String::new(), span: span(end, end) })
}

/// Whether a text says that a field has no value.
pub(crate) fn is_nothing(text: &str) -> bool {
    let word = text.trim_matches(|letter: char| !letter.is_alphanumeric());
    word.is_empty() || EMPTY_VALUES.iter().any(|nothing| word.eq_ignore_ascii_case(nothing))
}

/// Whether a value is a placeholder: `<owner>`, `{{ owner }}`, `$OWNER`, `your-name`.
fn is_placeholder(text: &str) -> bool {
    let text = without_marks(text);
    let yours = text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("your"));
    yours || text.starts_with(['<', '{', '$']) && !text.starts_with("<code>") && !text.starts_with(VERSION)
}

/// The value in a cell of a table, without spaces and markup around it.
pub(crate) fn cell(cell: &str) -> Option<&str> {
    value(cell).map(|(value, _)| value)
}

/// Whether a cell of a table is a label.
pub(crate) fn is_label(cell: &str, label: &DocumentLabel) -> bool {
    let rest = after_label(without_bullet(cell), &label.words).map(without_marks);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('(') && rest.ends_with(')'))
}

/// A line without bullets, numbers, checkboxes, check marks and quotes before its first word.
fn without_bullet(line: &str) -> &str {
    let mut rest = line.trim_start_matches(|letter: char| !letter.is_alphanumeric());
    if let Some(boxed) = rest.strip_prefix("x]").or_else(|| rest.strip_prefix("X]")) {
        rest = boxed;
    }
    let number = rest.trim_start_matches(|letter: char| letter.is_ascii_digit());
    if number.len() < rest.len()
        && let Some(behind) = number.strip_prefix(['.', ')'])
    {
        rest = behind;
    }
    rest.trim_start_matches(|letter: char| !letter.is_alphanumeric())
}

/// The text after a label; `None` if the text does not start with the label.
fn after_label<'t>(text: &'t str, words: &str) -> Option<&'t str> {
    let mut rest = text;
    for word in words.split([' ', '-', '_']).filter(|word| !word.is_empty()) {
        if rest.len() < text.len() {
            rest = rest.trim_start_matches([' ', '-', '_']);
        }
        let length = word.len();
        if !rest.get(..length).is_some_and(|start| start.eq_ignore_ascii_case(word)) {
            return None;
        }
        rest = &rest[length..];
    }
    (!rest.starts_with(char::is_alphanumeric)).then_some(rest)
}

fn without_marks(text: &str) -> &str {
    text.trim_start_matches(|letter: char| letter.is_whitespace() || MARKS.contains(&letter))
}

/// The text after the separator between a label and its value.
fn after_separator(text: &str) -> Option<&str> {
    if let Some(rest) = SEPARATORS.iter().find_map(|mark| text.strip_prefix(mark)) {
        return Some(rest);
    }
    SEPARATOR_WORDS.iter().find_map(|words| {
        let start = text.get(..words.len()).filter(|start| start.eq_ignore_ascii_case(words))?;
        let rest = &text[start.len()..];
        let rest = rest.strip_prefix(':').unwrap_or(rest);
        rest.starts_with(char::is_whitespace).then_some(rest)
    })
}

/// A text without markup that closes the label before it.
fn without_closing_marks(text: &str) -> &str {
    let behind = text.trim_start().trim_start_matches(MARKS);
    if behind.starts_with(char::is_whitespace) { behind } else { text }
}

/// The value at the start of a text, and the rest. A value without markup is one word, followed at most by a remark.
fn value(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start().trim_start_matches("<code>");
    let marks = text.len() - text.trim_start_matches(MARKS).len();
    let inner = text[marks..].trim_start_matches('[');
    let linked = inner.len() < text.len() - marks;
    let bare = marks == 0 && !linked;
    let end = match text.chars().next() {
        _ if linked => inner.find(']')?,
        Some(mark) if marks > 0 => inner.find(mark)?,
        _ => inner.find(|letter: char| letter.is_whitespace() || "|,;<".contains(letter)).unwrap_or(inner.len()),
    };
    let mut word = inner[..end].trim_matches(MARKS);
    if bare {
        word = word.trim_end_matches(['.', ':']);
    }
    // A word without markup is the whole value only if nothing but a remark follows.
    let behind = inner[end..].trim_start();
    let whole = !bare || behind.is_empty() || behind.starts_with(['(', '|', '#', ',', ';', '<', '}', '←', '—', '–']);
    let named = word.contains(char::is_alphanumeric)
        && !word.replace(VERSION, "").contains(|letter: char| letter.is_whitespace() || "<>{}$()".contains(letter));
    let has_value = !EMPTY_VALUES.iter().any(|nothing| word.eq_ignore_ascii_case(nothing));
    let start = inner[..end].find(word)? + text.len() - inner.len();
    (whole && named && has_value).then(|| (word, &text[start + word.len()..]))
}
