//! What `check` shows: every report that was asked for, each where it was asked for. It judges nothing.
//!
//! A project leaves only a small part of each report behind, so that ten thousand projects take no more memory than ten. Reports that
//! grow are kept on disk until the end: one that was begun and not ended is never seen.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Read, Seek, Write};
use std::time::Instant;

use tempfile::SpooledTempFile;

use crate::cli::check::{CheckArguments, Checked};
use crate::cli::output::{FormatName, ReportOutput, write_file};
use crate::cli::{ColorChoice, CommandError, eprint};
use crate::lint::rules::Rule;
use crate::lint::rules::set::RuleSet;
use crate::read::files::reason;
use crate::report::{self, ReportTotals, ReportView, github, json, markdown, sanitize, sarif, text};

/// How much of a report is kept in memory, in bytes.
const KEPT: usize = 1024 * 1024;

/// What a report says of one project.
pub(crate) enum ReportPart {
    Text(Vec<u8>),
    Json(String),
    Github(github::Annotations),
    Markdown(Box<markdown::MarkdownPart>),
    Sarif(sarif::SarifPart),
}

/// A report that grows.
enum ReportWriter {
    Text(SpooledTempFile),
    Json(Box<json::JsonReport<SpooledTempFile>>),
    Github(github::Annotations),
    Markdown(Box<markdown::MarkdownPage>),
    Sarif(sarif::SarifLog),
}

/// What was asked for.
pub(crate) struct RequestedReports<'a> {
    arguments: &'a CheckArguments,
    outputs: Vec<ReportOutput>,
}

/// All reports that were asked for.
pub(crate) struct Reports<'a> {
    asked: &'a RequestedReports<'a>,
    growing: Vec<ReportWriter>,
    rules: BTreeMap<String, Rule>,
    started: Instant,
}

/// What was found over all projects.
pub(crate) struct RunSummary<'a> {
    /// Counts.
    pub(crate) totals: &'a ReportTotals,
    /// Why not everything was checked as asked.
    pub(crate) failures: &'a [String],
}

impl<'a> RequestedReports<'a> {
    /// By the command line, and by where the program runs.
    pub(crate) fn of(arguments: &'a CheckArguments) -> Self {
        Self { arguments, outputs: outputs(arguments) }
    }

    /// What each report says of one project. `rules` are those that hold for it.
    pub(crate) fn parts(&self, checked: &Checked, rules: &[Rule]) -> io::Result<Vec<ReportPart>> {
        self.outputs.iter().map(|output| self.part(output, checked, rules)).collect()
    }

    fn part(&self, output: &ReportOutput, checked: &Checked, rules: &[Rule]) -> io::Result<ReportPart> {
        // People and editors open files from where they are; what is kept stays the same wherever the program runs.
        let near = matches!(output.format, FormatName::Text | FormatName::Oneline);
        let loaded = &checked.loaded;
        let prefix = if near { &loaded.near } else { &loaded.prefix };
        let view = ReportView { files: &loaded.project.files, prefix, report: &checked.report, rules };
        Ok(match output.format {
            FormatName::Text => {
                let mut page = Vec::new();
                let to_file = output.file.is_some();
                let look = text::TextStyle {
                    colour: !to_file && self.arguments.color.is_on(),
                    links: !to_file && linked(self.arguments.color),
                };
                text::write(&mut page, &view, look)?;
                if self.arguments.verbose {
                    text::undecided(&mut page, &view)?;
                }
                ReportPart::Text(page)
            }
            FormatName::Oneline => {
                let mut lines = Vec::new();
                report::oneline::write(&mut lines, &view)?;
                ReportPart::Text(lines)
            }
            FormatName::Json => ReportPart::Json(json::project(&view)?),
            FormatName::Github => ReportPart::Github(github::Annotations::of(&view)),
            FormatName::Markdown => ReportPart::Markdown(Box::new(markdown::MarkdownPart::of(&view))),
            FormatName::Sarif => ReportPart::Sarif(sarif::SarifPart::of(&view, &options(self.arguments, &[]))?),
        })
    }
}

impl<'a> Reports<'a> {
    /// Begins every report. `rules` are those that hold for all projects.
    pub(crate) fn begin(
        asked: &'a RequestedReports<'a>,
        rules: &RuleSet,
        started: Instant,
    ) -> Result<Self, CommandError> {
        let begun = |output: &ReportOutput| {
            Ok(match output.format {
                FormatName::Text | FormatName::Oneline => ReportWriter::Text(SpooledTempFile::new(KEPT)),
                FormatName::Json => ReportWriter::Json(Box::new(json::JsonReport::begin(SpooledTempFile::new(KEPT))?)),
                FormatName::Github => ReportWriter::Github(github::Annotations::default()),
                FormatName::Markdown => ReportWriter::Markdown(Box::default()),
                FormatName::Sarif => ReportWriter::Sarif(sarif::SarifLog::default()),
            })
        };
        let growing = asked.outputs.iter().map(begun).collect::<io::Result<_>>()?;
        let rules = rules.rules.iter().map(|rule| (rule.code.clone(), rule.clone())).collect();
        Ok(Self { asked, growing, rules, started })
    }

    /// Adds what [`parts`](Asked::parts) made, and the rules that the project has of its own.
    pub(crate) fn add(&mut self, parts: Vec<ReportPart>, own: Vec<Rule>) -> io::Result<()> {
        self.rules.extend(own.into_iter().map(|rule| (rule.code.clone(), rule)));
        for (growing, part) in self.growing.iter_mut().zip(parts) {
            match (growing, part) {
                (ReportWriter::Text(out), ReportPart::Text(page)) => harmless(out, &page)?,
                (ReportWriter::Json(document), ReportPart::Json(project)) => document.add(&project)?,
                (ReportWriter::Github(all), ReportPart::Github(some)) => all.add(some),
                (ReportWriter::Markdown(page), ReportPart::Markdown(part)) => page.add(*part),
                (ReportWriter::Sarif(log), ReportPart::Sarif(part)) => log.add(part),
                // Parts are made in the order of the outputs.
                _ => {}
            }
        }
        Ok(())
    }

    /// Ends every report and brings it where it was asked for; one that cannot be written does not keep the others.
    pub(crate) fn end(self, sum: &RunSummary<'_>) -> Result<(), CommandError> {
        let rules: Vec<Rule> = self.rules.into_values().collect();
        let mut failed = Vec::new();
        let ending = ReportEnd { arguments: self.asked.arguments, started: self.started, rules: &rules, sum };
        for (output, growing) in self.asked.outputs.iter().zip(self.growing) {
            let mut ended = ending.end(output, growing)?;
            ended.rewind()?;
            if let Err(text) = deliver(output, ended)? {
                failed.push(text);
            }
        }
        if failed.is_empty() { Ok(()) } else { Err(CommandError::Message(failed.join("\n"))) }
    }
}

/// What is known when all projects are done.
struct ReportEnd<'a> {
    arguments: &'a CheckArguments,
    started: Instant,
    rules: &'a [Rule],
    sum: &'a RunSummary<'a>,
}

impl ReportEnd<'_> {
    fn end(&self, output: &ReportOutput, growing: ReportWriter) -> io::Result<SpooledTempFile> {
        let mut whole = SpooledTempFile::new(KEPT);
        match growing {
            ReportWriter::Text(mut page) => {
                if output.format == FormatName::Text && !self.arguments.quiet {
                    self.summary(&mut page, output.file.is_some())?;
                }
                return Ok(page);
            }
            ReportWriter::Json(document) => return document.end(self.sum.totals),
            ReportWriter::Github(annotations) => annotations.write(&mut whole)?,
            ReportWriter::Markdown(page) => harmless(&mut whole, page.text(self.sum.totals).as_bytes())?,
            ReportWriter::Sarif(log) => {
                let found = self.sum.totals.errors + self.sum.totals.warnings + self.sum.totals.notes;
                if found > sarif::MAX_SHOWN {
                    eprint(&format!(
                        "code scanning shows only the {} most severe of these {found} findings",
                        sarif::MAX_SHOWN
                    ));
                }
                log.write(
                    &mut io::BufWriter::new(&mut whole),
                    self.rules,
                    &options(self.arguments, self.sum.failures),
                )?;
            }
        }
        Ok(whole)
    }

    fn summary(&self, out: &mut dyn Write, to_file: bool) -> io::Result<()> {
        write!(out, "{}", self.sum.totals.line())?;
        // A time would make two equal outputs differ; it is for who waited.
        if !to_file && io::stdout().is_terminal() {
            write!(out, ", {:.1} s", self.started.elapsed().as_secs_f32())?;
        }
        writeln!(out)
    }
}

fn options(arguments: &CheckArguments, failures: &[String]) -> sarif::SarifOptions {
    sarif::SarifOptions {
        category: arguments.sarif_category.clone(),
        suppressed: arguments.show_suppressed,
        failures: failures.to_vec(),
    }
}

/// A log that says why there is nothing in it: code scanning refuses it, and so keeps the alerts that it has.
pub(crate) fn failure(arguments: &CheckArguments, text: &str) {
    let Ok(rules) = RuleSet::builtin() else { return };
    let failures: Vec<String> = text.lines().map(str::to_owned).collect();
    for output in outputs(arguments).iter().filter(|output| output.format == FormatName::Sarif) {
        let mut log = Vec::new();
        let written = sarif::write(&mut log, &rules.rules, &[], &options(arguments, &failures)).is_ok();
        if written && let Ok(Err(text)) = deliver(output, log.as_slice()) {
            eprint(&text);
        }
    }
}

/// Brings a report where it was asked for. The inner error is a sentence about a file that cannot be written.
fn deliver(output: &ReportOutput, mut report: impl Read) -> Result<Result<(), String>, CommandError> {
    let Some(path) = &output.file else {
        let mut out = io::stdout().lock();
        io::copy(&mut report, &mut out)?;
        out.flush()?;
        return Ok(Ok(()));
    };
    let told = |error| format!("the report {} cannot be written: {}", path.display(), reason(&error));
    Ok(write_file(path, report).map_err(told))
}

/// Whether something that was asked for also tells how findings can be cured.
pub(crate) fn tells_fixes(arguments: &CheckArguments) -> bool {
    let tells =
        |output: &ReportOutput| matches!(output.format, FormatName::Text | FormatName::Sarif | FormatName::Json);
    outputs(arguments).iter().any(tells)
}

/// What was asked for; without a word, text for a terminal, a line each for a pipe, and annotations on GitHub.
fn outputs(arguments: &CheckArguments) -> Vec<ReportOutput> {
    if !arguments.format.is_empty() {
        return arguments.format.clone();
    }
    // A diff stands alone, so that it can be applied.
    if arguments.diff {
        return Vec::new();
    }
    let plain = |format| ReportOutput { format, file: None };
    let mut outputs = vec![plain(if io::stdout().is_terminal() { FormatName::Text } else { FormatName::Oneline })];
    if std::env::var("GITHUB_ACTIONS").is_ok_and(|value| value == "true") {
        outputs.push(plain(FormatName::Github));
    }
    outputs
}

/// A page in which no line is a command to the runner of GitHub Actions.
fn harmless(out: &mut dyn Write, page: &[u8]) -> io::Result<()> {
    out.write_all(sanitize::commands(&String::from_utf8_lossy(page)).as_bytes())
}

/// Whether rule names may be links: where a terminal shows them and colour was not refused.
fn linked(colour: ColorChoice) -> bool {
    colour.is_on() && supports_hyperlinks::on(supports_hyperlinks::Stream::Stdout)
}
