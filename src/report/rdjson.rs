//! The `rdjson` format: Reviewdog Diagnostic Format, for review comments on pull requests.
//!
//! <https://github.com/reviewdog/reviewdog/tree/master/proto/rdf>. Columns count UTF-8 bytes, and a range ends before its last column.

use std::io::{self, Write};

use serde::Serialize;

use crate::lint::findings::{Finding, Fix, Level};
use crate::lint::fix::OfferedFixes;
use crate::read::source::{ColumnUnit, Place, Position};
use crate::report::format::{Format, ReportOptions, ReportWriter, RunSummary};
use crate::report::json::{JsonArray, indented};
use crate::report::{HOME, ReportView, help_uri, sanitize};

pub(crate) const FORMAT: Format = Format {
    fixes: OfferedFixes::All,
    ..Format::new::<RdjsonWriter>("rdjson", "Reviewdog Diagnostic Format, for review comments by reviewdog")
};

#[derive(Default)]
struct RdjsonWriter {
    diagnostics: JsonArray,
}

impl ReportWriter for RdjsonWriter {
    type Part = Vec<String>;

    fn start(_: &ReportOptions) -> Self {
        Self::default()
    }

    fn part(view: &ReportView<'_>, _: &ReportOptions) -> io::Result<Self::Part> {
        let finding = |finding| indented(&diagnostic(view, finding), 4);
        view.report.findings.iter().map(finding).collect()
    }

    fn add(&mut self, part: Self::Part, out: &mut dyn Write) -> io::Result<()> {
        part.iter().try_for_each(|diagnostic| self.diagnostics.add(out, HEAD, diagnostic, 4))
    }

    fn finish(self, _: &RunSummary<'_>, out: &mut dyn Write) -> io::Result<()> {
        self.diagnostics.finish(out, HEAD, 2)?;
        writeln!(out, ",\n  \"source\": {{ \"name\": \"trustpub\", \"url\": \"{HOME}\" }}\n}}")
    }
}

const HEAD: &str = "{\n  \"diagnostics\": ";

#[derive(Serialize)]
struct Diagnostic<'a> {
    message: String,
    location: DiagnosticLocation,
    severity: &'static str,
    code: DiagnosticCode<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suggestions: Vec<Suggestion<'a>>,
}

#[derive(Serialize)]
struct DiagnosticLocation {
    path: String,
    range: DiagnosticRange,
}

#[derive(Serialize)]
struct DiagnosticRange {
    start: DiagnosticPosition,
    end: DiagnosticPosition,
}

#[derive(Serialize)]
struct DiagnosticPosition {
    line: u32,
    column: u32,
}

#[derive(Serialize)]
struct DiagnosticCode<'a> {
    value: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

#[derive(Serialize)]
struct Suggestion<'a> {
    range: DiagnosticRange,
    text: &'a str,
}

fn diagnostic<'a>(view: &ReportView<'_>, finding: &'a Finding) -> Diagnostic<'a> {
    let place = finding.primary.place;
    Diagnostic {
        message: sanitize::line(&finding.message),
        location: DiagnosticLocation { path: view.path(place), range: range(view, place) },
        severity: match finding.level {
            Level::Error => "ERROR",
            Level::Warning => "WARNING",
            Level::Note => "INFO",
        },
        code: DiagnosticCode { value: &finding.name, url: view.rule(finding).filter(|rule| !rule.own).map(help_uri) },
        suggestions: finding.fixes.first().map_or_else(Vec::new, |fix| suggestions(view, place, fix)),
    }
}

/// The edits of a fix. A suggestion has no path, so a fix that changes another file cannot be expressed.
fn suggestions<'a>(view: &ReportView<'_>, place: Place, fix: &'a Fix) -> Vec<Suggestion<'a>> {
    if fix.edits.iter().any(|edit| edit.place.file != place.file) {
        return Vec::new();
    }
    fix.edits.iter().map(|edit| Suggestion { range: range(view, edit.place), text: &edit.text }).collect()
}

fn range(view: &ReportView<'_>, place: Place) -> DiagnosticRange {
    let position = |Position { line, column }| DiagnosticPosition { line, column };
    DiagnosticRange {
        start: position(view.start(place, ColumnUnit::Utf8)),
        end: position(view.end(place, ColumnUnit::Utf8)),
    }
}
