//! The `github` format: workflow commands that become annotations, at most ten of each kind, which is what GitHub shows.

use std::io::{self, Write};

use crate::lint::findings::{Finding, Level};
use crate::read::source::ColumnUnit;
use crate::report::format::{Format, ReportOptions, ReportWriter, RunSummary};
use crate::report::{ReportView, help_uri, plural, sanitize};

/// GitHub shows this many annotations of each kind per step.
const MAX_ANNOTATIONS: usize = 10;
/// In characters; the runner cuts messages at 4,096.
const MAX_MESSAGE: usize = 3_000;

/// The levels with their commands, worst first.
const KINDS: [(Level, &str); 3] = [(Level::Error, "error"), (Level::Warning, "warning"), (Level::Note, "notice")];

pub(crate) const FORMAT: Format = Format {
    is_log: true,
    ..Format::new::<Annotations>("github", "workflow commands that GitHub shows as annotations")
};

/// Annotations, no more of each kind than GitHub shows.
#[derive(Default)]
struct Annotations {
    kinds: [Vec<String>; KINDS.len()],
    omitted: usize,
}

impl ReportWriter for Annotations {
    type Part = Self;

    fn start(_: &ReportOptions) -> Self {
        Self::default()
    }

    fn part(view: &ReportView<'_>, _: &ReportOptions) -> io::Result<Self::Part> {
        let mut annotations = Self::default();
        for ((level, command), lines) in KINDS.into_iter().zip(&mut annotations.kinds) {
            let all = view.report.findings.iter().filter(|finding| finding.level == level);
            for finding in all {
                if lines.len() < MAX_ANNOTATIONS {
                    lines.push(annotation(command, view, finding));
                } else {
                    annotations.omitted += 1;
                }
            }
        }
        Ok(annotations)
    }

    fn add(&mut self, part: Self::Part, _: &mut dyn Write) -> io::Result<()> {
        self.omitted += part.omitted;
        for (lines, more) in self.kinds.iter_mut().zip(part.kinds) {
            let room = MAX_ANNOTATIONS.saturating_sub(lines.len());
            self.omitted += more.len().saturating_sub(room);
            lines.extend(more.into_iter().take(room));
        }
        Ok(())
    }

    fn finish(self, _: &RunSummary<'_>, out: &mut dyn Write) -> io::Result<()> {
        for line in self.kinds.iter().flatten() {
            writeln!(out, "{line}")?;
        }
        if self.omitted > 0 {
            let more = plural(self.omitted, "more finding");
            writeln!(
                out,
                "trustpub: {more} without an annotation: GitHub shows {MAX_ANNOTATIONS} of each kind; the log lists all"
            )?;
        }
        Ok(())
    }
}

fn annotation(command: &str, view: &ReportView<'_>, finding: &Finding) -> String {
    let place = finding.primary.place;
    let (start, end) = (view.start(place, ColumnUnit::Utf16), view.end(place, ColumnUnit::Utf16));
    let mut fields = format!("file={},line={},endLine={}", property(&view.path(place)), start.line, end.line);
    // The runner ignores columns of a range over several lines.
    if start.line == end.line {
        fields.push_str(&format!(",col={},endColumn={}", start.column, end.column));
    }
    let title = property(&format!("{} {}", finding.code, finding.name));
    let mut message = data(&sanitize::line(&finding.message).chars().take(MAX_MESSAGE).collect::<String>());
    if let Some(rule) = view.rule(finding).filter(|rule| !rule.own) {
        message.push_str(&format!("%0A%0A{}", data(&help_uri(rule))));
    }
    format!("::{command} {fields},title={title}::{message}")
}

/// Escapes a message: `%`, CR and LF.
fn data(text: &str) -> String {
    let text = text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    // `line` escapes control characters, and `##[`, which starts a command in the middle of a line.
    sanitize::line(&text)
}

/// Escapes a property, which `:` and `,` would end.
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
