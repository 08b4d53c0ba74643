//! A document for programs, versioned: `version` grows when a field changes its meaning or goes; new fields may come any time.
//!
//! ```json
//! {"version": 1, "tool": {"name": "trustpub", "version": "…"}, "projects": [{"root": "", "findings": […], "notices": […]}],
//!  "summary": {"errors": 0, "warnings": 0, "notes": 0, …}}
//! ```
//! Lines and columns count from 1, columns in UTF-16 code units; `bytes` is a half-open range of UTF-8 bytes.

use std::io::{self, Write};

use serde::Serialize;

use crate::lint::findings::{Finding, Fix, Label, NoticeKind};
use crate::read::problem::Problem;
use crate::read::source::{ColumnUnit, Place, Position, SourceFile};
use crate::report::{ReportTotals, ReportView, sanitize};

/// What comes before the projects.
#[derive(Serialize)]
struct ReportHead {
    version: u32,
    tool: ToolEntry,
}

/// Who wrote a document.
#[derive(Serialize)]
pub(crate) struct ToolEntry {
    name: &'static str,
    version: &'static str,
}

impl ToolEntry {
    /// This program.
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
}

#[derive(Serialize)]
struct ProjectEntry<'a> {
    root: &'a str,
    findings: Vec<FindingEntry<'a>>,
    notices: Vec<NoticeEntry<'a>>,
    problems: Vec<RangeEnd>,
}

#[derive(Serialize)]
struct FindingEntry<'a> {
    code: &'a str,
    name: &'a str,
    level: &'static str,
    message: &'a str,
    place: PlaceEntry,
    labels: Vec<RangeEnd>,
    path: Vec<RangeEnd>,
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
struct RangeEnd {
    message: String,
    place: PlaceEntry,
}

/// A place in a file.
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
    /// A place in a source that is shown under a path.
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

fn spot(view: &ReportView<'_>, place: Place) -> PlaceEntry {
    PlaceEntry::new(view.path(place), view.source(place), place)
}

fn marks(view: &ReportView<'_>, labels: &[Label]) -> Vec<RangeEnd> {
    labels.iter().map(|label| RangeEnd { message: label.text.clone(), place: spot(view, label.place) }).collect()
}

fn remedy<'a>(view: &ReportView<'a>, fix: &'a Fix) -> FixEntry<'a> {
    let edits = fix.edits.iter().map(|edit| ReplacementEntry { place: spot(view, edit.place), text: &edit.text });
    FixEntry { title: &fix.title, safe: fix.safe, edits: edits.collect() }
}

fn entry<'a>(view: &ReportView<'a>, finding: &'a Finding) -> FindingEntry<'a> {
    FindingEntry {
        code: &finding.code,
        name: &finding.name,
        level: finding.level.word(),
        message: &finding.message,
        place: spot(view, finding.primary.place),
        labels: marks(view, &finding.labels),
        path: marks(view, &finding.steps),
        runs: &finding.runs,
        subject: &finding.subject,
        fact: &finding.fact,
        fixes: finding.fixes.iter().map(|fix| remedy(view, fix)).collect(),
    }
}

/// A document that is written project by project, so that it need never be held whole.
pub struct JsonReport<W> {
    out: W,
    empty: bool,
}

impl<W: Write> JsonReport<W> {
    /// Begins a document.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn begin(mut out: W) -> io::Result<Self> {
        let head = serde_json::to_string_pretty(&ReportHead { version: 1, tool: ToolEntry::new() })?;
        write!(out, "{},\n  \"projects\": [", head.strip_suffix("\n}").unwrap_or(&head))?;
        Ok(Self { out, empty: true })
    }

    /// Adds what [`project`] made.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn add(&mut self, project: &str) -> io::Result<()> {
        write!(self.out, "{}\n    {project}", if self.empty { "" } else { "," })?;
        self.empty = false;
        Ok(())
    }

    /// Ends the document with what was found over all projects, and gives the writer back.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn end(mut self, totals: &ReportTotals) -> io::Result<W> {
        let summary = Summary {
            errors: totals.errors,
            warnings: totals.warnings,
            notes: totals.notes,
            suppressed: totals.suppressed,
            workflows: totals.workflows,
            uploads: totals.uploads,
            undecided: totals.undecided,
        };
        let line = if self.empty { "" } else { "\n  " };
        writeln!(self.out, "{line}],\n  \"summary\": {}\n}}", indented(&summary, 2)?)?;
        Ok(self.out)
    }
}

/// One project as a part of a [`Document`].
///
/// # Errors
/// None that is known: all of it is text and numbers.
pub fn project(view: &ReportView<'_>) -> io::Result<String> {
    let notices = view.report.notices.iter().map(|notice| NoticeEntry {
        kind: if notice.kind == NoticeKind::Undecided { "undecided" } else { "unreadable" },
        message: &notice.message,
        place: notice.place.map(|place| spot(view, place)),
    });
    let problem = |problem: &Problem| RangeEnd { message: problem.message.clone(), place: spot(view, problem.place) };
    let project = ProjectEntry {
        root: view.prefix,
        findings: view.report.findings.iter().map(|finding| entry(view, finding)).collect(),
        notices: notices.collect(),
        problems: view.report.problems.iter().map(problem).collect(),
    };
    Ok(sanitize::json(&indented(&project, 4)?))
}

/// JSON whose lines after the first stand further in. No string of JSON holds a line end, so only its structure moves.
pub(crate) fn indented(value: &impl Serialize, blanks: usize) -> io::Result<String> {
    Ok(serde_json::to_string_pretty(value)?.replace('\n', &format!("\n{}", " ".repeat(blanks))))
}

/// Writes several projects as one document.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(out: &mut dyn Write, views: &[ReportView<'_>]) -> io::Result<()> {
    let mut totals = ReportTotals::default();
    let mut document = JsonReport::begin(out)?;
    for view in views {
        totals.add(view.report);
        document.add(&project(view)?)?;
    }
    document.end(&totals).map(drop)
}
