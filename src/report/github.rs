//! Workflow commands that GitHub turns into annotations. It writes no more than GitHub shows: ten of each kind.

use std::io::{self, Write};

use super::{View, help_uri, plural, sanitize};
use crate::lint::finding::{Finding, Level};
use crate::read::source::Columns;

/// How many annotations of each kind GitHub takes from one step.
const MOST: usize = 10;
/// The most letters of a message; the runner cuts at 4,096.
const LONGEST: usize = 3_000;

/// Writes annotations for several projects, errors first, each kind in the order of the files; then how many there was no room for.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(out: &mut dyn Write, views: &[View<'_>]) -> io::Result<()> {
    let mut left = 0;
    for (level, command) in [(Level::Error, "error"), (Level::Warning, "warning"), (Level::Note, "notice")] {
        let all = views.iter().flat_map(|view| view.report.findings.iter().map(move |finding| (view, finding)));
        for (index, (view, finding)) in all.filter(|(_, finding)| finding.level == level).enumerate() {
            if index < MOST {
                annotation(out, command, view, finding)?;
            } else {
                left += 1;
            }
        }
    }
    if left > 0 {
        let more = plural(left, "more finding");
        writeln!(
            out,
            "trustpub: GitHub shows {MOST} annotations of a kind, so there is none for {more}; the log has all"
        )?;
    }
    Ok(())
}

fn annotation(out: &mut dyn Write, command: &str, view: &View<'_>, finding: &Finding) -> io::Result<()> {
    let place = finding.primary.place;
    let (start, end) = (view.start(place, Columns::Utf16), view.end(place, Columns::Utf16));
    let mut fields = format!("file={},line={},endLine={}", property(&view.path(place)), start.line, end.line);
    // The runner drops columns of several lines, so they are not given.
    if start.line == end.line {
        fields.push_str(&format!(",col={},endColumn={}", start.column, end.column));
    }
    let title = property(&format!("{} {}", finding.code, finding.name));
    let mut message = data(&sanitize::line(&finding.message).chars().take(LONGEST).collect::<String>());
    if let Some(rule) = view.rule(finding).filter(|rule| !rule.own) {
        message.push_str(&format!("%0A%0A{}", data(&help_uri(rule))));
    }
    writeln!(out, "::{command} {fields},title={title}::{message}")
}

/// A message: the runner reads `%`, CR and LF.
fn data(text: &str) -> String {
    let text = text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    // What else acts has no place in a path or a message, and `##[` would begin a command in the middle of a line.
    sanitize::line(&text)
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
        assert_eq!(data("##[error]\u{1b}[2J"), "##\\[error]\\u{1b}[2J");
    }
}
