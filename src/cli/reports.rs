//! The reports of `check`: writes every requested format to its destination.
//!
//! Each project leaves only its parts behind, so that ten thousand projects take no more memory than ten. Unfinished reports are kept in
//! temporary files, so that a partial report is never seen.

use std::collections::BTreeMap;
use std::io::{self, BufReader, BufWriter, IsTerminal, Read, Seek, Write};
use std::time::Instant;

use tempfile::SpooledTempFile;

use crate::cli::check::{CheckArguments, CheckedProject};
use crate::cli::output::{ReportOutput, write_file};
use crate::cli::{ColorChoice, CommandError, eprint};
use crate::lint::fix::OfferedFixes;
use crate::lint::rules::Rule;
use crate::lint::rules::set::RuleSet;
use crate::read::files::reason;
use crate::report::format::{Format, ReportOptions, ReportPart, RunSummary, StartedReport, find};
use crate::report::{ReportTotals, ReportView, sarif, text};

/// Larger unfinished reports are kept on disk; in bytes.
const MAX_IN_MEMORY: usize = 1024 * 1024;

/// The size of the parts in which a report is copied to stdout, in bytes.
const STDOUT_BUFFER: usize = 64 * 1024;

/// The requested reports.
pub(crate) struct RequestedReports(Vec<(ReportOutput, ReportOptions)>);

/// The reports being written.
pub(crate) struct Reports<'a> {
    requested: &'a RequestedReports,
    reports: Vec<(StartedReport, SpooledTempFile)>,
    rules: &'a RuleSet,
    /// The rules of single projects by code.
    user_rules: BTreeMap<String, Rule>,
    started: Instant,
}

impl RequestedReports {
    pub(crate) fn new(arguments: &CheckArguments) -> Result<Self, CommandError> {
        let outputs = outputs(arguments);
        if let Some(other) = outputs.iter().enumerate().find_map(|(index, output)| conflict(output, &outputs[..index]))
        {
            return Err(other.into());
        }
        Ok(Self(outputs.into_iter().map(|output| with_options(output, arguments)).collect()))
    }

    /// The fixes that some report shows.
    pub(crate) fn fixes(&self) -> OfferedFixes {
        self.0.iter().map(|(output, _)| output.format.fixes).max().unwrap_or_default()
    }

    /// Whether a report has what `--verbose` and `--statistics` add. Otherwise stderr gets it.
    pub(crate) fn show_details(&self) -> bool {
        self.0.iter().any(|(output, _)| output.format.name == text::FORMAT.name)
    }

    /// What `--verbose` adds for one project, with the paths of the reports on stdout.
    pub(crate) fn details(checked: &CheckedProject) -> String {
        let loaded = &checked.loaded;
        let view =
            ReportView { files: &loaded.project.files, prefix: &loaded.near, report: &checked.report, rules: &[] };
        text::details(&view)
    }

    /// The parts of one project. `rules` are the rules that apply to it.
    pub(crate) fn parts(&self, checked: &CheckedProject, rules: &[Rule]) -> io::Result<Vec<ReportPart>> {
        let loaded = &checked.loaded;
        let part = |(output, options): &(ReportOutput, ReportOptions)| {
            let prefix = if output.format.local_paths { &loaded.near } else { &loaded.prefix };
            let view = ReportView { files: &loaded.project.files, prefix, report: &checked.report, rules };
            output.format.part(&view, options)
        };
        self.0.iter().map(part).collect()
    }

    /// Writes the reports of a call that could check nothing. Code scanning rejects such a SARIF log and keeps its alerts.
    pub(crate) fn write_failure(&self, text: &str) {
        let Ok(rules) = RuleSet::builtin() else { return };
        let rules: Vec<&Rule> = rules.rules.iter().collect();
        let failures: Vec<String> = text.lines().map(str::to_owned).collect();
        for (output, options) in self.0.iter().filter(|(output, _)| output.format.reports_failures) {
            let mut report = Vec::new();
            let summary = RunSummary {
                totals: &ReportTotals::default(),
                rules: &rules,
                failures: &failures,
                elapsed: std::time::Duration::ZERO,
            };
            let written = output.format.start(options).finish(&summary, &mut report).is_ok();
            if written && let Ok(Err(text)) = deliver(output, report.as_slice()) {
                eprint(&text);
            }
        }
    }
}

impl<'a> Reports<'a> {
    /// Starts every report. `rules` are the rules of all projects.
    pub(crate) fn start(requested: &'a RequestedReports, rules: &'a RuleSet, started: Instant) -> Self {
        let start = |(output, options): &(ReportOutput, ReportOptions)| {
            (output.format.start(options), SpooledTempFile::new(MAX_IN_MEMORY))
        };
        let reports = requested.0.iter().map(start).collect();
        Self { requested, reports, rules, user_rules: BTreeMap::new(), started }
    }

    /// Adds the parts of a project, and its user rules.
    pub(crate) fn add(&mut self, parts: Vec<ReportPart>, user_rules: Vec<Rule>) -> io::Result<()> {
        self.user_rules.extend(user_rules.into_iter().map(|rule| (rule.code.clone(), rule)));
        self.reports.iter_mut().zip(parts).try_for_each(|((report, out), part)| report.add(part, out))
    }

    /// Finishes every report and writes it to its destination. A report that cannot be written does not prevent the others.
    pub(crate) fn finish(self, totals: &ReportTotals, failures: &[String]) -> Result<(), CommandError> {
        let rules = self.rules.rules.iter().chain(self.user_rules.values());
        let by_code: BTreeMap<&str, &Rule> = rules.map(|rule| (rule.code.as_str(), rule)).collect();
        let rules: Vec<&Rule> = by_code.into_values().collect();
        let summary = RunSummary { totals, rules: &rules, failures, elapsed: self.started.elapsed() };
        let is_counted = |(output, options): &(ReportOutput, ReportOptions)| {
            output.format.counts_undecided && !(output.format.is_log && options.quiet)
        };
        // With `--verbose` they are listed.
        let is_quiet = self.requested.0.iter().all(|(_, options)| options.quiet || options.verbose);
        if totals.undecided > 0 && !is_quiet && !self.requested.0.iter().any(is_counted) {
            let uploads = if totals.uploads == 1 { "upload" } else { "uploads" };
            eprint(&format!(
                "{} of {} {uploads} could not be decided; `trustpub check -v` says why",
                totals.undecided, totals.uploads
            ));
        }
        let mut failed = Vec::new();
        for ((output, _), (report, mut out)) in self.requested.0.iter().zip(self.reports) {
            let found = totals.errors + totals.warnings + totals.notes;
            if output.format.name == sarif::FORMAT.name && found > sarif::MAX_SHOWN {
                let shown = sarif::MAX_SHOWN;
                eprint(&format!("code scanning shows only the {shown} most severe of these {found} findings"));
            }
            if output.file.is_none() && out.stream_position()? == 0 {
                // All of the report comes at its end.
                let mut out = BufWriter::with_capacity(STDOUT_BUFFER, io::stdout().lock());
                report.finish(&summary, &mut out)?;
                out.flush()?;
                continue;
            }
            report.finish(&summary, &mut out)?;
            out.rewind()?;
            if let Err(text) = deliver(output, out)? {
                failed.push(text);
            }
        }
        if failed.is_empty() { Ok(()) } else { Err(CommandError::Message(failed.join("\n"))) }
    }
}

/// The requested outputs. Without `--format`: text on a terminal, else one line per finding; and annotations in GitHub Actions.
fn outputs(arguments: &CheckArguments) -> Vec<ReportOutput> {
    if !arguments.format.is_empty() {
        return arguments.format.clone();
    }
    // A diff must be the only output, so that it can be applied.
    if arguments.diff {
        return Vec::new();
    }
    let mut names = vec![if io::stdout().is_terminal() { "text" } else { "oneline" }];
    if std::env::var("GITHUB_ACTIONS").is_ok_and(|value| value == "true") {
        names.push("github");
    }
    let stdout = |format: &Format| ReportOutput { format: *format, file: None };
    names.into_iter().filter_map(find).map(stdout).collect()
}

/// Why an output cannot be combined with an earlier one.
fn conflict(output: &ReportOutput, earlier: &[ReportOutput]) -> Option<String> {
    let other = earlier.iter().find(|other| other.file == output.file)?;
    // Annotations are lines between the lines of a log.
    if output.file.is_none() && output.format.is_log && other.format.is_log && output.format.name != other.format.name {
        return None;
    }
    let (one, two) = (other.format.name, output.format.name);
    Some(match &output.file {
        None => format!(
            "`--format {one}` and `--format {two}` both write to stdout; write one to a file: `--format {two}=FILE`"
        ),
        Some(file) => format!("`--format {one}` and `--format {two}` both write to {}", file.display()),
    })
}

fn with_options(output: ReportOutput, arguments: &CheckArguments) -> (ReportOutput, ReportOptions) {
    let to_stdout = output.file.is_none();
    let options = ReportOptions {
        colour: to_stdout && arguments.color.is_on(),
        links: to_stdout && has_links(arguments.color),
        // Outside of a terminal, equal results have equal output.
        timing: to_stdout && io::stdout().is_terminal(),
        quiet: arguments.quiet,
        verbose: arguments.verbose,
        statistics: arguments.statistics,
        category: arguments.sarif_category.clone(),
        suppressed: arguments.show_suppressed,
    };
    (output, options)
}

/// Writes a report to its destination. The inner error is a message about a file that cannot be written.
fn deliver(output: &ReportOutput, report: impl Read) -> Result<Result<(), String>, CommandError> {
    let Some(path) = &output.file else {
        let mut out = io::stdout().lock();
        // Stdout makes two calls to the system for each buffer.
        io::copy(&mut BufReader::with_capacity(STDOUT_BUFFER, report), &mut out)?;
        out.flush()?;
        return Ok(Ok(()));
    };
    let message = |error| format!("the report {} cannot be written: {}", path.display(), reason(&error));
    Ok(write_file(path, report).map_err(message))
}

/// Whether rule names are hyperlinks: if the terminal supports them and colours are not disabled.
fn has_links(colour: ColorChoice) -> bool {
    colour.is_on() && supports_hyperlinks::on(supports_hyperlinks::Stream::Stdout)
}
