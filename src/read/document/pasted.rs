//! Pages that were copied from a browser. A copy has no markup: titles are plain lines, and the cells of a table or a list are divided by tabs
//! and line ends.

use crate::read::document::DocumentLabel;
use crate::read::document::line::{is_label, is_nothing};

/// Longer lines are sentences.
const LONGEST_TITLE: usize = 60;

/// Writes each label with the value that follows it on one line, and marks titles as headings.
pub(super) fn normalized(text: &str, labels: &[DocumentLabel], is_title: impl Fn(&str) -> bool) -> String {
    let label = |cell: &str| {
        let words = cell.trim().trim_end_matches([':', '*', ' ']).to_owned();
        labels.iter().any(|label| is_label(&words, label)).then_some(words)
    };
    let cells = cells(text, |cell| label(cell).is_some());
    let mut out = String::new();
    let mut rest = cells.as_slice();
    while let [cell, tail @ ..] = rest {
        rest = tail;
        if let Some(words) = label(cell) {
            let next = tail.first().map_or("", |next| next.trim());
            let is_value = !next.contains(char::is_whitespace) && label(next).is_none() && !next.ends_with(':');
            if is_value && !next.is_empty() || is_nothing(next) {
                out.push_str(&format!("{words}: {next}\n"));
                rest = tail.get(1..).unwrap_or_default();
            } else if next.is_empty() || label(next).is_some() {
                out.push_str(&format!("{words}:\n"));
            }
            continue;
        }
        let plain = !cell.starts_with([' ', '#', '|', '-', '*', '>']) && !cell.contains(['/', ':', '=']);
        if plain && cell.len() <= LONGEST_TITLE && is_title(cell) {
            out.push_str("# ");
        }
        out.push_str(cell);
        out.push('\n');
    }
    out
}

/// The lines and the cells divided by tabs. The rows of a table whose head has labels stay lines, with `|` between their cells.
fn cells(text: &str, is_label: impl Fn(&str) -> bool) -> Vec<String> {
    let mut cells = Vec::new();
    let mut columns = 0;
    for line in text.lines() {
        let parts: Vec<&str> = line.split('\t').map(str::trim_end).collect();
        let is_head = parts.iter().filter(|part| is_label(part)).count() > 1;
        columns = if is_head || parts.len() == columns { parts.len() } else { 0 };
        if columns > 0 {
            cells.push(format!("| {} |", parts.join(" | ")));
            cells.extend(is_head.then(|| format!("|{}", " --- |".repeat(columns))));
        } else {
            cells.extend(parts.into_iter().filter(|part| !part.trim().is_empty()).map(str::to_owned));
        }
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::document::form_blocks;

    fn read(text: &str) -> Vec<String> {
        let label = |words: &str| DocumentLabel { words: words.to_owned(), field: words.to_lowercase() };
        let labels = ["Owner", "Workflow", "Environment"].map(label);
        let blocks = form_blocks(text, &labels, |line| line.to_lowercase().contains("pypi"));
        let statement = |it: &crate::read::document::Statement| format!("{}={}", it.field, it.value);
        let block = |it: &crate::read::document::DocumentBlock| {
            format!("{}: {}", it.headings.join("/"), it.statements.iter().map(statement).collect::<Vec<_>>().join(" "))
        };
        blocks.iter().map(block).collect()
    }

    #[test]
    fn every_layout_of_a_copied_page_is_read() {
        let expected = ["PyPI: owner=acme workflow=a.yml environment="];
        for text in [
            "PyPI\nOwner: acme\nWorkflow: a.yml\nEnvironment: (Any)\n",
            "PyPI\n\nOwner\nacme\n\nWorkflow\na.yml\nEnvironment\n\n",
            "PyPI\nOwner\tacme\nWorkflow\ta.yml\nEnvironment\t\n",
            "# PyPI\nOwner*:\tacme\nWorkflow (required)\na.yml\nEnvironment\nany\n",
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
        let table = "PyPI\nOwner\tWorkflow\tEnvironment\nacme\ta.yml\tpypi\nacme\tb.yml\ttest\n";
        let rows = ["a.yml environment=pypi", "b.yml environment=test"];
        assert_eq!(read(table), rows.map(|row| format!("PyPI: owner=acme workflow={row}")));
    }

    #[test]
    fn an_explanation_is_no_value() {
        assert_eq!(read("PyPI\nOwner\nThe owner of the repository.\nWorkflow\na.yml\n"), ["PyPI: workflow=a.yml"]);
    }
}
