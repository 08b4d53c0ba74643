//! The trait that every report format implements, and the table of all formats.
//!
//! To add a format, write one file with a [`ReportWriter`] and add its row to [`FORMATS`]. The command line, its completions and the tests
//! iterate over the table.

use std::any::Any;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use crate::lint::fix::OfferedFixes;
use crate::lint::rules::Rule;
use crate::report::{ReportTotals, ReportView, annotations, gitlab, json, markdown, oneline, rdjson, sarif, text};

/// A report of several projects. Each project leaves only a small part behind, so that memory does not grow with their number.
pub trait ReportWriter: Sized + Send + 'static {
    /// What the report keeps of one project.
    type Part: Send + 'static;

    /// Starts a report.
    fn start(options: &ReportOptions) -> Self;

    /// Makes the part of one project. The command line calls it in parallel.
    fn part(view: &ReportView<'_>, options: &ReportOptions) -> io::Result<Self::Part>;

    /// Adds the part of the next project.
    fn add(&mut self, part: Self::Part, out: &mut dyn Write) -> io::Result<()>;

    /// Ends the report.
    fn finish(self, summary: &RunSummary<'_>, out: &mut dyn Write) -> io::Result<()>;
}

/// What the command line asks of a report. Each format uses what applies to it.
#[derive(Debug, Clone, Default)]
pub struct ReportOptions {
    /// Colours.
    pub colour: bool,
    /// Hyperlinks.
    pub links: bool,
    /// Show how long the check took.
    pub timing: bool,
    /// No summary.
    pub quiet: bool,
    /// List the undecided uploads.
    pub verbose: bool,
    /// Count the findings of each rule.
    pub statistics: bool,
    /// The code scanning category.
    pub category: Option<String>,
    /// Include ignored findings, marked as suppressed.
    pub suppressed: bool,
}

/// What is known after the last project.
#[derive(Debug, Clone, Copy)]
pub struct RunSummary<'a> {
    /// Counts over all projects.
    pub totals: &'a ReportTotals,
    /// All rules that findings may refer to, by code.
    pub rules: &'a [&'a Rule],
    /// Why the check could not run as asked.
    pub failures: &'a [String],
    /// How long the check took.
    pub elapsed: Duration,
}

/// A row of [`FORMATS`].
#[derive(Clone, Copy)]
pub struct Format {
    /// The name on the command line.
    pub name: &'static str,
    /// What the format is for.
    pub summary: &'static str,
    /// Whether paths are relative to the current folder, for people and editors who open them, instead of the named folder.
    pub local_paths: bool,
    /// The fixes that the format shows.
    pub fixes: OfferedFixes,
    /// Whether the format is lines of a log, to which annotations can be added.
    pub is_log: bool,
    /// Whether the report counts the uploads that could not be decided. If no report does, the command line says it on stderr.
    pub counts_undecided: bool,
    /// Whether a report is also written when nothing could be checked.
    pub reports_failures: bool,
    pub(in crate::report) part: fn(&ReportView<'_>, &ReportOptions) -> io::Result<ReportPart>,
    pub(in crate::report) start: fn(&ReportOptions) -> StartedReport,
}

/// A [`ReportWriter::Part`] of any format.
pub type ReportPart = Box<dyn Any + Send>;

/// A [`ReportWriter`] of any format.
pub struct StartedReport(Box<dyn AnyWriter>);

/// All formats, in the order of the help text.
pub const FORMATS: [Format; 8] = [
    text::FORMAT,
    oneline::FORMAT,
    sarif::FORMAT,
    json::FORMAT,
    annotations::FORMAT,
    markdown::FORMAT,
    rdjson::FORMAT,
    gitlab::FORMAT,
];

/// Finds a format by its name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Format> {
    static ALL: [Format; FORMATS.len()] = FORMATS;
    ALL.iter().find(|format| format.name == name)
}

impl Format {
    /// A row with the usual properties.
    pub(crate) const fn new<W: ReportWriter>(name: &'static str, summary: &'static str) -> Self {
        Self {
            name,
            summary,
            local_paths: false,
            fixes: OfferedFixes::None,
            is_log: false,
            counts_undecided: false,
            reports_failures: false,
            part: |view, options| Ok(Box::new(W::part(view, options)?)),
            start: |options| StartedReport(Box::new(W::start(options))),
        }
    }

    /// Makes the part of one project.
    pub fn part(&self, view: &ReportView<'_>, options: &ReportOptions) -> io::Result<ReportPart> {
        (self.part)(view, options)
    }

    /// Starts a report.
    #[must_use]
    pub fn start(&self, options: &ReportOptions) -> StartedReport {
        (self.start)(options)
    }

    /// Writes a whole report of some projects.
    pub fn write(
        &self,
        out: &mut dyn Write,
        views: &[ReportView<'_>],
        options: &ReportOptions,
        failures: &[String],
    ) -> io::Result<()> {
        let mut report = self.start(options);
        let mut totals = ReportTotals::default();
        let mut rules = BTreeMap::new();
        for view in views {
            totals.add(view.report);
            rules.extend(view.rules.iter().map(|rule| (rule.code.as_str(), rule)));
            report.add(self.part(view, options)?, out)?;
        }
        let rules: Vec<&Rule> = rules.into_values().collect();
        report.finish(&RunSummary { totals: &totals, rules: &rules, failures, elapsed: Duration::ZERO }, out)
    }
}

impl StartedReport {
    /// Adds the part of the next project, which must be of the same format.
    pub fn add(&mut self, part: ReportPart, out: &mut dyn Write) -> io::Result<()> {
        self.0.add(part, out)
    }

    /// Ends the report.
    pub fn finish(self, summary: &RunSummary<'_>, out: &mut dyn Write) -> io::Result<()> {
        self.0.finish(summary, out)
    }
}

/// [`ReportWriter`] without its associated type.
trait AnyWriter: Send {
    fn add(&mut self, part: ReportPart, out: &mut dyn Write) -> io::Result<()>;
    fn finish(self: Box<Self>, summary: &RunSummary<'_>, out: &mut dyn Write) -> io::Result<()>;
}

impl<W: ReportWriter> AnyWriter for W {
    fn add(&mut self, part: ReportPart, out: &mut dyn Write) -> io::Result<()> {
        let part = part.downcast().map_err(|_| io::Error::other("the part belongs to another format"))?;
        ReportWriter::add(self, *part, out)
    }

    fn finish(self: Box<Self>, summary: &RunSummary<'_>, out: &mut dyn Write) -> io::Result<()> {
        ReportWriter::finish(*self, summary, out)
    }
}
