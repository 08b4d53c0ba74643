//! Workflow commands that GitHub turns into annotations. It writes no more than GitHub shows: ten of each kind, the worst first.

use std::io::{self, Write};

use super::View;
use crate::lint::finding::Level;
use crate::read::source::Columns;

/// How many annotations of each kind GitHub takes from one step.
const MOST: usize = 10;

/// Writes annotations for several projects.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(out: &mut dyn Write, views: &[View<'_>]) -> io::Result<()> {
    for (level, command) in [(Level::Error, "error"), (Level::Warning, "warning"), (Level::Note, "notice")] {
        let all = views.iter().flat_map(|view| view.report.findings.iter().map(move |finding| (view, finding)));
        for (view, finding) in all.filter(|(_, finding)| finding.level == level).take(MOST) {
            let place = finding.primary.place;
            let (start, end) = (view.start(place, Columns::Utf16), view.end(place, Columns::Utf16));
            let mut fields = format!("file={},line={},endLine={}", property(&view.path(place)), start.line, end.line);
            // The runner drops columns of several lines, so they are not given.
            if start.line == end.line {
                fields.push_str(&format!(",col={},endColumn={}", start.column, end.column));
            }
            let title = property(&format!("{} {}", finding.code, finding.name));
            writeln!(out, "::{command} {fields},title={title}::{}", data(&finding.message))?;
        }
    }
    Ok(())
}

/// A message: the runner reads `%`, CR and LF.
fn data(text: &str) -> String {
    let text = text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    text.chars().filter(|letter| !letter.is_control()).collect()
}

/// A property: `:` and `,` end it.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_command_early() {
        assert_eq!(data("a%0A::error::b\n"), "a%250A::error::b%0A");
        assert_eq!(property("a,b:c"), "a%2Cb%3Ac");
    }
}
