//! Prose that repeats a publisher's record: the lines and tables that give a value to one of some labels. Which labels there are
//! is the caller's; it never compares a value with anything.

mod line;
mod table;
#[cfg(test)]
mod tests;

use crate::read::source::Span;

/// A word that stands before a value, and the field that it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentLabel {
    /// The words, in any case; a blank also stands for `-` and `_`.
    pub words: String,
    /// The field.
    pub field: String,
}

/// A value that a document gives to a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The field.
    pub field: String,
    /// The value, without quotes and marks.
    pub value: String,
    /// Where the value stands.
    pub span: Span,
}

/// Statements that stand together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DocumentBlock {
    /// The headings above it, the outermost first.
    pub headings: Vec<String>,
    /// What it says, each field once.
    pub statements: Vec<Statement>,
}

/// How many lines without a statement may stand between two of a block.
const WIDEST_GAP: usize = 3;
/// The longest line that is looked at, in bytes: longer ones are no prose.
const LONGEST_LINE: usize = 2000;

/// The blocks of a text, in its order. `labels` with more words go first.
#[must_use]
pub fn blocks(text: &str, labels: &[DocumentLabel]) -> Vec<DocumentBlock> {
    let mut labels: Vec<&DocumentLabel> = labels.iter().collect();
    labels.sort_by_key(|label| std::cmp::Reverse(label.words.len()));
    let mut reader = DocumentReader {
        labels,
        headings: Vec::new(),
        fence: None,
        gap: 0,
        open: DocumentBlock::default(),
        template: false,
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
    /// The marks of the code block that is open.
    fence: Option<String>,
    gap: usize,
    open: DocumentBlock,
    /// Whether the open block has a word to fill in.
    template: bool,
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
                None => self.gap += 1,
            }
            if self.gap > WIDEST_GAP {
                self.close();
            }
        }
    }

    fn add(&mut self, statement: Statement) {
        // A field that comes a second time begins another record.
        if self.open.statements.iter().any(|other| other.field == statement.field) {
            self.close();
        }
        self.gap = 0;
        self.open.statements.push(statement);
    }

    /// A row of a table with a column for each field is a record of its own.
    fn row(&mut self, statements: Vec<Statement>) {
        self.close();
        statements.into_iter().for_each(|statement| self.add(statement));
        self.close();
    }

    fn close(&mut self) {
        self.gap = 0;
        let mut block = std::mem::take(&mut self.open);
        // What each reader fills in is nobody's record.
        if !std::mem::take(&mut self.template) && !block.statements.is_empty() {
            block.headings = self.headings.iter().map(|(_, title)| title.clone()).collect();
            self.done.push(block);
        }
    }
}

/// The marks that open or close a code block.
fn fence(text: &str) -> Option<&str> {
    let mark = text.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
    let length = text.chars().take_while(|letter| *letter == mark).count();
    (length >= 3).then(|| &text[..length])
}

/// A heading's level and title; a line that is bold as a whole is one of the lowest level.
fn heading(text: &str) -> Option<(usize, &str)> {
    let level = text.bytes().take_while(|byte| *byte == b'#').count();
    if (1..=6).contains(&level) {
        return text[level..].strip_prefix([' ', '\t']).map(|title| (level, title.trim_end_matches('#').trim()));
    }
    let inner = text.strip_prefix("**")?.trim_end_matches(':').strip_suffix("**")?.trim_end_matches(':');
    (!inner.is_empty() && !inner.contains("**") && !inner.contains(':')).then_some((7, inner))
}

/// A range of bytes as a span.
fn span(start: usize, end: usize) -> Span {
    let byte = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span::new(byte(start), byte(end))
}
