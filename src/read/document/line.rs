//! One line that gives a value to a label: `Label: value`, "**Label** is `value`", `| Label | value |`, `"label": "value",`.
//! A line of other prose is none.

use crate::read::document::{DocumentLabel, Statement, span};

/// Marks that may stand around words without being part of them.
const MARKS: [char; 6] = ['*', '_', '`', '"', '\'', '~'];
/// Marks that part a label from its value.
const PARTING: [&str; 9] = [":", "=>", "->", "=", "|", "→", "⇒", "–", "—"];
/// Words that do.
const PARTING_WORDS: [&str; 4] = ["is", "must be", "should be", "set to"];
/// Values that say that there is none.
const NOTHING: [&str; 8] = ["any", "none", "empty", "blank", "n/a", "null", "optional", "required"];

/// What a line says.
pub enum LineStatement {
    /// A value.
    Value(Statement),
    /// A word that the reader is to fill in.
    Placeholder,
}

/// What a line says. `at` is where the line begins in its text.
pub fn statement(line: &str, at: usize, labels: &[&DocumentLabel]) -> Option<LineStatement> {
    let mut rest = lead(line);
    let (label, after) = labels.iter().find_map(|label| Some((label, after_label(rest, &label.words)?)))?;
    rest = unmarked(after);
    if rest.starts_with('(') {
        rest = unmarked(rest.split_once(')')?.1);
    }
    let behind = closed(parted(rest)?);
    if is_placeholder(behind) {
        return Some(LineStatement::Placeholder);
    }
    let (value, rest) = value(behind)?;
    // A table's heading has labels side by side.
    if line.contains('|') && labels.iter().any(|label| is_label(value, label)) {
        return None;
    }
    let start = at + line.len() - rest.len() - value.len();
    let span = span(start, start + value.len());
    Some(LineStatement::Value(Statement { field: label.field.clone(), value: value.to_owned(), span }))
}

/// Whether a value is one that each reader has to fill in: `<owner>`, `{{ owner }}`, `$OWNER`, `your-name`.
fn is_placeholder(text: &str) -> bool {
    let text = unmarked(text);
    let yours = text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("your"));
    yours || text.starts_with(['<', '{', '$']) && !text.starts_with("<code>")
}

/// A cell of a table as a value, with the blanks and marks around it left out.
pub fn cell(cell: &str) -> Option<&str> {
    value(cell).map(|(value, _)| value)
}

/// Whether a cell of a table is a label.
pub fn is_label(cell: &str, label: &DocumentLabel) -> bool {
    let rest = after_label(lead(cell), &label.words).map(unmarked);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('(') && rest.ends_with(')'))
}

/// A line without what leads to its first word: bullets, numbers, boxes, check marks, quotes.
fn lead(line: &str) -> &str {
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

/// The rest behind a label, if a text begins with it.
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

fn unmarked(text: &str) -> &str {
    text.trim_start_matches(|letter: char| letter.is_whitespace() || MARKS.contains(&letter))
}

/// The rest behind what parts a label from its value.
fn parted(text: &str) -> Option<&str> {
    if let Some(rest) = PARTING.iter().find_map(|mark| text.strip_prefix(mark)) {
        return Some(rest);
    }
    PARTING_WORDS.iter().find_map(|words| {
        let start = text.get(..words.len()).filter(|start| start.eq_ignore_ascii_case(words))?;
        let rest = &text[start.len()..];
        let rest = rest.strip_prefix(':').unwrap_or(rest);
        rest.starts_with(char::is_whitespace).then_some(rest)
    })
}

/// A text without the marks that only close what stood before it.
fn closed(text: &str) -> &str {
    let behind = text.trim_start().trim_start_matches(MARKS);
    if behind.starts_with(char::is_whitespace) { behind } else { text }
}

/// The value that a text begins with, and what follows it. A bare value is one word, with nothing but a remark behind it.
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
    // What stands behind a bare word tells whether it was the whole value.
    let behind = inner[end..].trim_start();
    let whole = !bare || behind.is_empty() || behind.starts_with(['(', '|', '#', ',', ';', '<', '}', '←', '—', '–']);
    let named = word.contains(char::is_alphanumeric)
        && !word.contains(|letter: char| letter.is_whitespace() || "<>{}$()".contains(letter));
    let says = !NOTHING.iter().any(|nothing| word.eq_ignore_ascii_case(nothing));
    let start = inner[..end].find(word)? + text.len() - inner.len();
    (whole && named && says).then(|| (word, &text[start + word.len()..]))
}
