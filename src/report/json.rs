//! The `json` format. `version` is increased when a field is removed or changes its meaning; new fields may be added any time.
//!
//! ```json
//! {"version": 1, "tool": {"name": "trustpub", "version": "…"}, "projects": [{"root": "", "findings": […], "notices": […]}],
//!  "summary": {"errors": 0, "warnings": 0, "notes": 0, …}}
//! ```
//! Lines and columns count from 1, columns in UTF-16 code units; `bytes` is a half-open range of UTF-8 bytes.

use std::io::{self, Write};

use serde::Serialize;

use crate::lint::findings::{Finding, Fix, Label, NoticeKind};
use crate::lint::fix::OfferedFixes;
use crate::read::problem::Problem;
use crate::read::source::{ColumnUnit, Place, Position, SourceFile};
use crate::report::format::{Format, ReportOptions, ReportWriter, RunSummary};
use crate::report::{ReportView, sanitize};

#[derive(Serialize)]
struct ReportHead {
    version: u32,
    tool: ToolEntry,
}

#[derive(Serialize)]
pub(crate) struct ToolEntry {
    name: &'static str,
    version: &'static str,
}

impl ToolEntry {
    pub(crate) const fn new() -> Self {
        Self { name: "trustpub", version: env!("CARGO_PKG_VERSION") }
    }
}

#[derive(Serialize)]
struct Summary {
    errors: usize,
    warnings: usize,
    notes: usize,
    suppressed: usize,
    workflows: usize,
    uploads: usize,
    undecided: usize,
    undeclared: usize,
    declared: usize,
}

#[derive(Serialize)]
struct ProjectEntry<'a> {
    root: &'a str,
    findings: Vec<FindingEntry<'a>>,
    notices: Vec<NoticeEntry<'a>>,
    problems: Vec<MessageEntry>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    by_hand: &'a [String],
}

#[derive(Serialize)]
struct FindingEntry<'a> {
    code: &'a str,
    name: &'a str,
    level: &'static str,
    message: &'a str,
    place: PlaceEntry,
    labels: Vec<MessageEntry>,
    path: Vec<MessageEntry>,
    runs: &'a [String],
    subject: &'a str,
    fact: &'a str,
    fixes: Vec<FixEntry<'a>>,
}

#[derive(Serialize)]
struct FixEntry<'a> {
    title: &'a str,
    safe: bool,
    edits: Vec<ReplacementEntry<'a>>,
}

#[derive(Serialize)]
struct ReplacementEntry<'a> {
    place: PlaceEntry,
    text: &'a str,
}

#[derive(Serialize)]
struct NoticeEntry<'a> {
    kind: &'static str,
    message: &'a str,
    place: Option<PlaceEntry>,
}

#[derive(Serialize)]
struct MessageEntry {
    message: String,
    place: PlaceEntry,
}

#[derive(Serialize)]
pub(crate) struct PlaceEntry {
    file: String,
    start_line: u32,
    start_column: u32,
    end_line: u32,
    end_column: u32,
    bytes: [u32; 2],
}

impl PlaceEntry {
    /// `file` is the printed path of `source`.
    pub(crate) fn new(file: String, source: Option<&SourceFile>, place: Place) -> Self {
        let at = |offset| {
            source.map_or(Position { line: 1, column: 1 }, |source| source.position(offset, ColumnUnit::Utf16))
        };
        let (start, end) = (at(place.span.start), at(place.span.end));
        Self {
            file,
            start_line: start.line,
            start_column: start.column,
            end_line: end.line,
            end_column: end.column,
            bytes: [place.span.start, place.span.end],
        }
    }
}

fn place_entry(view: &ReportView<'_>, place: Place) -> PlaceEntry {
    PlaceEntry::new(view.path(place), view.source(place), place)
}

fn messages(view: &ReportView<'_>, labels: &[Label]) -> Vec<MessageEntry> {
    labels
        .iter()
        .map(|label| MessageEntry { message: label.text.clone(), place: place_entry(view, label.place) })
        .collect()
}

fn fix_entry<'a>(view: &ReportView<'a>, fix: &'a Fix) -> FixEntry<'a> {
    let edits =
        fix.edits.iter().map(|edit| ReplacementEntry { place: place_entry(view, edit.place), text: &edit.text });
    FixEntry { title: &fix.title, safe: fix.safe, edits: edits.collect() }
}

fn finding_entry<'a>(view: &ReportView<'a>, finding: &'a Finding) -> FindingEntry<'a> {
    FindingEntry {
        code: &finding.code,
        name: &finding.name,
        level: finding.level.word(),
        message: &finding.message,
        place: place_entry(view, finding.primary.place),
        labels: messages(view, &finding.labels),
        path: messages(view, &finding.steps),
        runs: &finding.runs,
        subject: &finding.subject,
        fact: &finding.fact,
        fixes: finding.fixes.iter().map(|fix| fix_entry(view, fix)).collect(),
    }
}

pub(crate) const FORMAT: Format = Format {
    fixes: OfferedFixes::All,
    counts_undecided: true,
    ..Format::new::<JsonWriter>("json", "everything, for programs")
};

#[derive(Default)]
struct JsonWriter {
    projects: JsonArray,
}

impl JsonWriter {
    /// Everything before the projects.
    fn head() -> io::Result<String> {
        let head = serde_json::to_string_pretty(&ReportHead { version: 1, tool: ToolEntry::new() })?;
        Ok(format!("{},\n  \"projects\": ", head.strip_suffix("\n}").unwrap_or(&head)))
    }
}

impl ReportWriter for JsonWriter {
    type Part = String;

    fn start(_: &ReportOptions) -> Self {
        Self::default()
    }

    fn part(view: &ReportView<'_>, _: &ReportOptions) -> io::Result<Self::Part> {
        project(view)
    }

    fn add(&mut self, part: Self::Part, out: &mut dyn Write) -> io::Result<()> {
        self.projects.add(out, &Self::head()?, &part, 4)
    }

    fn finish(self, summary: &RunSummary<'_>, out: &mut dyn Write) -> io::Result<()> {
        self.projects.finish(out, &Self::head()?, 2)?;
        let totals = summary.totals;
        let summary = Summary {
            errors: totals.errors,
            warnings: totals.warnings,
            notes: totals.notes,
            suppressed: totals.suppressed,
            workflows: totals.workflows,
            uploads: totals.uploads,
            undecided: totals.undecided,
            undeclared: totals.undeclared,
            declared: totals.declared,
        };
        writeln!(out, ",\n  \"summary\": {}\n}}", indented(&summary, 2)?)
    }
}

/// A JSON array that is written element by element.
#[derive(Default)]
pub(crate) struct JsonArray {
    filled: bool,
}

impl JsonArray {
    /// Adds an element at an indentation. `head` is what precedes the array.
    pub(crate) fn add(&mut self, out: &mut dyn Write, head: &str, element: &str, indent: usize) -> io::Result<()> {
        let (head, separator) = if self.filled { ("", ",") } else { (head, "[") };
        self.filled = true;
        write!(out, "{head}{separator}\n{:indent$}{element}", "")
    }

    /// Ends the array at an indentation.
    pub(crate) fn finish(self, out: &mut dyn Write, head: &str, indent: usize) -> io::Result<()> {
        if self.filled { write!(out, "\n{:indent$}]", "") } else { write!(out, "{head}[]") }
    }
}

fn project(view: &ReportView<'_>) -> io::Result<String> {
    let notices = view.report.notices.iter().map(|notice| NoticeEntry {
        kind: if notice.kind == NoticeKind::Undecided { "undecided" } else { "unreadable" },
        message: &notice.message,
        place: notice.place.map(|place| place_entry(view, place)),
    });
    let problem =
        |problem: &Problem| MessageEntry { message: problem.message.clone(), place: place_entry(view, problem.place) };
    let project = ProjectEntry {
        root: view.prefix,
        findings: view.report.findings.iter().map(|finding| finding_entry(view, finding)).collect(),
        notices: notices.collect(),
        problems: view.report.problems.iter().map(problem).collect(),
        by_hand: &view.report.by_hand,
    };
    indented(&project, 4)
}

/// A JSON document, safe to print and with a final line end.
///
/// # Errors
/// If the value cannot be serialized.
pub(crate) fn document(value: &impl Serialize) -> io::Result<String> {
    Ok(indented(value, 0)? + "\n")
}

/// Pretty-printed JSON, safe to print, with all lines after the first indented further.
///
/// # Errors
/// If the value cannot be serialized.
pub(crate) fn indented(value: &impl Serialize, spaces: usize) -> io::Result<String> {
    let mut lines = IndentedLines { text: Vec::new(), spaces };
    sanitize::write_json(&mut lines, value)?;
    String::from_utf8(lines.text).map_err(io::Error::other)
}

/// Adds spaces after each line end. JSON strings contain no line ends, so only the white space between them changes.
struct IndentedLines {
    text: Vec<u8>,
    spaces: usize,
}

impl Write for IndentedLines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut start = 0;
        let ends = memchr::memchr_iter(b'\n', bytes).map(|at| at + 1);
        for end in ends.take_while(|_| self.spaces > 0) {
            self.text.extend_from_slice(&bytes[start..end]);
            self.text.resize(self.text.len() + self.spaces, b' ');
            start = end;
        }
        self.text.extend_from_slice(&bytes[start..]);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
