//! Tables with one column per field and one row per record. Tables with one row per field are read by `document::line`.

use crate::read::document::line::{cell, is_label};
use crate::read::document::{DocumentLabel, Statement, span};

/// The state while a table is read.
#[derive(Debug, Default)]
pub(super) struct TableRows {
    /// The cells of the previous line, which is the header if the next line is a delimiter row.
    before: Vec<String>,
    /// The fields of the columns, after the header.
    columns: Vec<Option<String>>,
}

impl TableRows {
    /// The values in a row; `None` if the line is not a row of such a table.
    pub(crate) fn line(&mut self, line: &str, at: usize, labels: &[&DocumentLabel]) -> Option<Vec<Statement>> {
        let cells = cells(line);
        if cells.len() < 2 {
            *self = Self::default();
            return None;
        }
        if cells.iter().all(|(_, text)| is_delimiter(text)) {
            let field =
                |cell: &String| labels.iter().find(|label| is_label(cell, label)).map(|label| label.field.clone());
            let columns: Vec<_> = self.before.iter().map(field).collect();
            // A header with only one label may belong to any other table.
            self.columns = if columns.iter().flatten().count() > 1 { columns } else { Vec::new() };
            return None;
        }
        self.before = cells.iter().map(|(_, text)| (*text).to_owned()).collect();
        if self.columns.is_empty() {
            return None;
        }
        let statements = cells.iter().zip(&self.columns).filter_map(|((start, text), field)| {
            let value = cell(text)?;
            let start = at + start + text.find(value)?;
            Some(Statement { field: field.clone()?, value: value.to_owned(), span: span(start, start + value.len()) })
        });
        Some(statements.collect())
    }
}

/// The cells of a row, each with its offset in the line.
fn cells(line: &str) -> Vec<(usize, &str)> {
    let inner = line.trim_end().trim_end_matches('|');
    let Some(first) = inner.find('|') else { return Vec::new() };
    // A leading `|` is optional.
    let mut start = if inner[..first].trim().is_empty() { first + 1 } else { 0 };
    let mut cells = Vec::new();
    for text in inner[start..].split('|') {
        cells.push((start, text));
        start += text.len() + 1;
    }
    cells
}

fn is_delimiter(text: &str) -> bool {
    let text = text.trim();
    text.contains("--") && text.trim_matches(|letter| matches!(letter, '-' | ':')).is_empty()
}
