//! Workflow commands that GitHub turns into annotations. It writes no more than GitHub shows: ten of each kind.

use std::io::{self, Write};

use crate::lint::findings::{Finding, Level};
use crate::read::source::ColumnUnit;
use crate::report::{ReportView, help_uri, plural, sanitize};

/// How many annotations of each kind GitHub takes from one step.
const MOST: usize = 10;
/// The most letters of a message; the runner cuts at 4,096.
const LONGEST: usize = 3_000;

/// The kinds of annotations, worst first.
const KINDS: [(Level, &str); 3] = [(Level::Error, "error"), (Level::Warning, "warning"), (Level::Note, "notice")];

/// Annotations, no more of each kind than GitHub takes, in the order in which they were added.
#[derive(Default)]
pub struct Annotations {
    kinds: [Vec<String>; KINDS.len()],
    left: usize,
}

impl Annotations {
    /// Those of one project.
    #[must_use]
    pub fn of(view: &ReportView<'_>) -> Self {
        let mut annotations = Self::default();
        for ((level, command), lines) in KINDS.into_iter().zip(&mut annotations.kinds) {
            let all = view.report.findings.iter().filter(|finding| finding.level == level);
            for finding in all {
                if lines.len() < MOST {
                    lines.push(annotation(command, view, finding));
                } else {
                    annotations.left += 1;
                }
            }
        }
        annotations
    }

    /// Adds those of another project, as far as there is room.
    pub fn add(&mut self, other: Self) {
        self.left += other.left;
        for (lines, more) in self.kinds.iter_mut().zip(other.kinds) {
            let room = MOST.saturating_sub(lines.len());
            self.left += more.len().saturating_sub(room);
            lines.extend(more.into_iter().take(room));
        }
    }

    /// Writes them, errors first; then how many there was no room for.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        for line in self.kinds.iter().flatten() {
            writeln!(out, "{line}")?;
        }
        if self.left > 0 {
            let more = plural(self.left, "more finding");
            writeln!(
                out,
                "trustpub: GitHub shows {MOST} annotations of a kind, so there is none for {more}; the log has all"
            )?;
        }
        Ok(())
    }
}

/// Writes annotations for several projects.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(out: &mut dyn Write, views: &[ReportView<'_>]) -> io::Result<()> {
    let mut annotations = Annotations::default();
    views.iter().for_each(|view| annotations.add(Annotations::of(view)));
    annotations.write(out)
}

fn annotation(command: &str, view: &ReportView<'_>, finding: &Finding) -> String {
    let place = finding.primary.place;
    let (start, end) = (view.start(place, ColumnUnit::Utf16), view.end(place, ColumnUnit::Utf16));
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
    format!("::{command} {fields},title={title}::{message}")
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
