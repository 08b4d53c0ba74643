//! A job summary in GitHub's Markdown: a table, then each finding. Text from files can break out of nothing.

use std::io::{self, Write};

use super::{Totals, View, help_uri};
use crate::read::source::Columns;

/// GitHub takes a summary of 1 MiB; some is left for what the runner adds.
const LARGEST: usize = 900 * 1024;

/// Writes a summary of several projects.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(out: &mut dyn Write, views: &[View<'_>]) -> io::Result<()> {
    let mut totals = Totals::default();
    views.iter().for_each(|view| totals.add(view.report));
    let mut text = format!("## trustpub\n\n{}\n", escape(&totals.line()));
    let mut left = 0;
    if totals.worst().is_some() {
        text.push_str("\n| level | where | what | rule |\n| --- | --- | --- | --- |\n");
        for view in views {
            for finding in &view.report.findings {
                let at = view.start(finding.primary.place, Columns::CodePoints);
                let place = format!("{}:{}", view.path(finding.primary.place), at.line);
                let link = view.rule(finding).map(help_uri).unwrap_or_default();
                let row = format!(
                    "| {} | {} | {} | [{}]({link}) |\n",
                    finding.level.word(),
                    escape(&place),
                    escape(&finding.message),
                    finding.name
                );
                if text.len() + row.len() > LARGEST {
                    left += 1;
                } else {
                    text.push_str(&row);
                }
            }
        }
    }
    if left > 0 {
        text.push_str(&format!("\n{left} more findings do not fit here.\n"));
    }
    out.write_all(text.as_bytes())
}

/// Text that stays text: no markup, no table, no link, no HTML.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in super::sanitize::line(text).chars() {
        match letter {
            '<' => plain.push_str("&lt;"),
            '>' => plain.push_str("&gt;"),
            '&' => plain.push_str("&amp;"),
            '|' | '`' | '[' | ']' | '*' | '_' | '\\' | '!' | '#' | '~' | '@' => plain.extend(['\\', letter]),
            letter => plain.push(letter),
        }
    }
    plain
}
