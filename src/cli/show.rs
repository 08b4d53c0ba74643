//! What `check` shows: every report that was asked for, each where it was asked for. It judges nothing.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::time::Instant;

use super::check::{Arguments, Checked};
use super::output::{Format, Output, write_file};
use super::{Colour, Failure, complain};
use crate::lint::rule::Rule;
use crate::lint::ruleset::RuleSet;
use crate::read::files::reason;
use crate::report::{self, Totals, View, sanitize, sarif, text};

/// Everything that a report may tell.
pub struct Shown<'a> {
    /// What was asked for.
    pub arguments: &'a Arguments,
    /// The rules that hold for all projects.
    pub rules: &'a RuleSet,
    /// The projects.
    pub checked: &'a [Checked],
    /// What was found over all of them.
    pub totals: &'a Totals,
    /// Why not everything was checked as asked.
    pub failures: &'a [String],
    /// When the check began.
    pub started: Instant,
}

impl Shown<'_> {
    /// Writes every report; one that cannot be written does not keep the others.
    pub fn write(&self) -> Result<(), Failure> {
        let mut rules: BTreeMap<&str, &Rule> = self.rules.rules.iter().map(|rule| (rule.code.as_str(), rule)).collect();
        rules.extend(self.checked.iter().flat_map(|one| &one.own).map(|rule| (rule.code.as_str(), rule)));
        let rules: Vec<Rule> = rules.into_values().cloned().collect();
        let mut failed = Vec::new();
        for output in outputs(self.arguments) {
            let mut report = Vec::new();
            self.render(&mut report, &output, &rules)?;
            if let Err(text) = deliver(&output, &report)? {
                failed.push(text);
            }
        }
        if failed.is_empty() { Ok(()) } else { Err(Failure::Told(failed.join("\n"))) }
    }

    /// The projects under the paths that a format tells: those by which people and editors open files, or those that stay the same
    /// wherever the program runs.
    fn views<'s>(&'s self, rules: &'s [Rule], near: bool) -> Vec<View<'s>> {
        let view = |one: &'s Checked| View {
            files: &one.loaded.project.files,
            prefix: if near { &one.loaded.near } else { &one.loaded.prefix },
            report: &one.report,
            rules,
        };
        self.checked.iter().map(view).collect()
    }

    fn render(&self, out: &mut Vec<u8>, output: &Output, rules: &[Rule]) -> io::Result<()> {
        let near = matches!(output.format, Format::Text | Format::Oneline);
        let views = self.views(rules, near);
        match output.format {
            Format::Sarif => {
                let found = self.totals.errors + self.totals.warnings + self.totals.notes;
                if found > sarif::MOST_SHOWN {
                    complain(&format!("code scanning shows the worst {} of these {found} findings", sarif::MOST_SHOWN));
                }
                let options = sarif::Options {
                    category: self.arguments.sarif_category.clone(),
                    suppressed: self.arguments.show_suppressed,
                    failures: self.failures.to_vec(),
                };
                sarif::write(out, rules, &views, &options)
            }
            Format::Json => report::json::write(out, &views),
            Format::Github => report::github::write(out, &views),
            Format::Markdown => {
                let mut page = Vec::new();
                report::markdown::write(&mut page, &views)?;
                harmless(out, &page)
            }
            Format::Oneline => {
                let mut lines = Vec::new();
                views.iter().try_for_each(|view| report::oneline::write(&mut lines, view))?;
                harmless(out, &lines)
            }
            Format::Text => {
                let mut page = Vec::new();
                self.text(&mut page, &views, output.file.is_some())?;
                harmless(out, &page)
            }
        }
    }

    fn text(&self, out: &mut dyn Write, views: &[View<'_>], to_file: bool) -> io::Result<()> {
        let look = text::Look {
            colour: !to_file && self.arguments.color.is_on(),
            links: !to_file && linked(self.arguments.color),
        };
        for view in views {
            text::write(out, view, look)?;
            if self.arguments.verbose {
                text::undecided(out, view)?;
            }
        }
        if !self.arguments.quiet {
            write!(out, "{}", self.totals.line())?;
            // A time would make two equal outputs differ; it is for who waited.
            if !to_file && io::stdout().is_terminal() {
                write!(out, ", {:.1} s", self.started.elapsed().as_secs_f32())?;
            }
            writeln!(out)?;
        }
        Ok(())
    }
}

/// A log that says why there is nothing in it: code scanning refuses it, and so keeps the alerts that it has.
pub fn failure(arguments: &Arguments, text: &str) {
    let Ok(rules) = RuleSet::builtin() else { return };
    let options = sarif::Options {
        category: arguments.sarif_category.clone(),
        suppressed: false,
        failures: text.lines().map(str::to_owned).collect(),
    };
    for output in outputs(arguments).iter().filter(|output| output.format == Format::Sarif) {
        let mut log = Vec::new();
        let written = sarif::write(&mut log, &rules.rules, &[], &options).is_ok();
        if written && let Ok(Err(text)) = deliver(output, &log) {
            complain(&text);
        }
    }
}

/// Brings a report where it was asked for. The inner error is a sentence about a file that cannot be written.
fn deliver(output: &Output, report: &[u8]) -> Result<Result<(), String>, Failure> {
    let Some(path) = &output.file else {
        let mut out = io::stdout().lock();
        out.write_all(report)?;
        out.flush()?;
        return Ok(Ok(()));
    };
    let told = |error| format!("the report {} cannot be written: {}", path.display(), reason(&error));
    Ok(write_file(path, report).map_err(told))
}

/// Whether something that was asked for also tells how findings can be cured.
pub fn tells_fixes(arguments: &Arguments) -> bool {
    let tells = |output: &Output| matches!(output.format, Format::Text | Format::Sarif | Format::Json);
    outputs(arguments).iter().any(tells)
}

/// What was asked for; without a word, text for a terminal, a line each for a pipe, and annotations on GitHub.
fn outputs(arguments: &Arguments) -> Vec<Output> {
    if !arguments.format.is_empty() {
        return arguments.format.clone();
    }
    // A diff stands alone, so that it can be applied.
    if arguments.diff {
        return Vec::new();
    }
    let plain = |format| Output { format, file: None };
    let mut outputs = vec![plain(if io::stdout().is_terminal() { Format::Text } else { Format::Oneline })];
    if std::env::var("GITHUB_ACTIONS").is_ok_and(|value| value == "true") {
        outputs.push(plain(Format::Github));
    }
    outputs
}

/// A page in which no line is a command to the runner of GitHub Actions.
fn harmless(out: &mut dyn Write, page: &[u8]) -> io::Result<()> {
    out.write_all(sanitize::commands(&String::from_utf8_lossy(page)).as_bytes())
}

/// Whether rule names may be links: where a terminal shows them and colour was not refused.
fn linked(colour: Colour) -> bool {
    colour.is_on() && supports_hyperlinks::on(supports_hyperlinks::Stream::Stdout)
}
