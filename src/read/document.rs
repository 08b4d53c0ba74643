//! Documents that state a trusted publisher's fields: finds the lines and tables that give a value to a label. The labels come from
//! the registries' data; the comparison is in `trust::repeated_value`.

mod line;
mod pasted;
mod table;
#[cfg(test)]
mod tests;

use crate::read::source::Span;

/// A label before a value, and the field that it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentLabel {
    /// The words, case-insensitive; a space also matches `-` and `_`.
    pub(crate) words: String,
    /// The field.
    pub(crate) field: String,
}

/// A field's value in a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The field.
    pub(crate) field: String,
    /// The value without quotes and markup.
    pub(crate) value: String,
    /// The place of the value.
    pub(crate) span: Span,
}

/// Statements that belong together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DocumentBlock {
    /// The headings above it, the outermost first.
    pub(crate) headings: Vec<String>,
    /// The statements, each field once.
    pub(crate) statements: Vec<Statement>,
}

/// The maximum number of lines without a statement between two statements of a block.
const WIDEST_GAP: usize = 3;
/// The same in a copied page, which has explanations between the fields.
const WIDEST_GAP_OF_FORM: usize = 12;
/// Longer lines, in bytes, are skipped: they are not prose.
const LONGEST_LINE: usize = 2000;

/// The blocks of a text, in order. Longer labels take precedence.
#[must_use]
pub(crate) fn blocks(text: &str, labels: &[DocumentLabel]) -> Vec<DocumentBlock> {
    read(text, labels, false)
}

/// The blocks of a form or a page that was copied from a browser: a label and its value can be on two lines, a title needs no `#`, and a
/// field without a value has the empty value. `is_title` says whether a line names a registry.
pub(crate) fn form_blocks(text: &str, labels: &[DocumentLabel], is_title: impl Fn(&str) -> bool) -> Vec<DocumentBlock> {
    read(&pasted::normalized(text, labels, is_title), labels, true)
}

fn read(text: &str, labels: &[DocumentLabel], is_form: bool) -> Vec<DocumentBlock> {
    let mut labels: Vec<&DocumentLabel> = labels.iter().collect();
    labels.sort_by_key(|label| std::cmp::Reverse(label.words.len()));
    let mut reader = DocumentReader {
        labels,
        headings: Vec::new(),
        fence: None,
        gap: 0,
        open: DocumentBlock::default(),
        template: false,
        is_form,
        done: Vec::new(),
    };
    let mut rows = table::TableRows::default();
    let mut at = 0;
    for whole in text.split_inclusive('\n') {
        let line = whole.trim_end();
        if line.len() <= LONGEST_LINE {
            match rows.line(line, at, &reader.labels) {
                Some(statements) => reader.row(statements),
                None => reader.line(line, at),
            }
        }
        at += whole.len();
    }
    reader.close();
    reader.done
}

struct DocumentReader<'l> {
    labels: Vec<&'l DocumentLabel>,
    headings: Vec<(usize, String)>,
    /// The fence of the open code block.
    fence: Option<String>,
    gap: usize,
    open: DocumentBlock,
    /// Whether the open block has a placeholder.
    template: bool,
    /// Whether a label without a value is a field with the empty value.
    is_form: bool,
    done: Vec<DocumentBlock>,
}

impl DocumentReader<'_> {
    fn line(&mut self, line: &str, at: usize) {
        let text = line.trim_start();
        if let Some(marks) = fence(text) {
            match &self.fence {
                Some(open) if marks.starts_with(open.as_str()) => self.fence = None,
                Some(_) => {}
                None => self.fence = Some(marks.to_owned()),
            }
            self.close();
        } else if let Some((level, title)) = heading(text).filter(|_| self.fence.is_none()) {
            self.close();
            self.headings.retain(|(other, _)| *other < level);
            self.headings.push((level, title.to_owned()));
        } else {
            match line::statement(line, at, &self.labels) {
                Some(line::LineStatement::Value(statement)) => self.add(statement),
                Some(line::LineStatement::Placeholder) => self.template = true,
                None => match line::empty_statement(line, at, &self.labels).filter(|_| self.is_form) {
                    Some(statement) => self.add(statement),
                    None => self.gap += 1,
                },
            }
            if self.gap > if self.is_form { WIDEST_GAP_OF_FORM } else { WIDEST_GAP } {
                self.close();
            }
        }
    }

    fn add(&mut self, statement: Statement) {
        // A second value for a field starts another record.
        if self.open.statements.iter().any(|other| other.field == statement.field) {
            self.close();
        }
        self.gap = 0;
        self.open.statements.push(statement);
    }

    /// Each row of a table with one column per field is one record.
    fn row(&mut self, statements: Vec<Statement>) {
        self.close();
        statements.into_iter().for_each(|statement| self.add(statement));
        self.close();
    }

    fn close(&mut self) {
        self.gap = 0;
        let mut block = std::mem::take(&mut self.open);
        // A block with placeholders is a template.
        if !std::mem::take(&mut self.template) && !block.statements.is_empty() {
            block.headings = self.headings.iter().map(|(_, title)| title.clone()).collect();
            self.done.push(block);
        }
    }
}

/// The fence that opens or closes a code block.
fn fence(text: &str) -> Option<&str> {
    let mark = text.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
    let length = text.chars().take_while(|letter| *letter == mark).count();
    (length >= 3).then(|| &text[..length])
}

/// A heading's level and title. A line that is entirely bold is a heading of the lowest level.
fn heading(text: &str) -> Option<(usize, &str)> {
    let level = text.bytes().take_while(|byte| *byte == b'#').count();
    if (1..=6).contains(&level) {
        return text[level..].strip_prefix([' ', '\t']).map(|title| (level, title.trim_end_matches('#').trim()));
    }
    let inner = text.strip_prefix("**")?.trim_end_matches(':').strip_suffix("**")?.trim_end_matches(':');
    (!inner.is_empty() && !inner.contains("**") && !inner.contains(':')).then_some((7, inner))
}

fn span(start: usize, end: usize) -> Span {
    let byte = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span::new(byte(start), byte(end))
}
