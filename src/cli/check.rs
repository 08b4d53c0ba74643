//! `trustpub check`: finds projects, has them judged, writes reports.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use jiff::civil::Date;
use rayon::prelude::*;

use super::load::{Loaded, Target, load, targets};
use super::output::{Format, Output, write_file};
use super::{Colour, Failure, Status, complain, folder};
use crate::lint::baseline::Baseline;
use crate::lint::check;
use crate::lint::finding::{Level, NoticeKind, Report};
use crate::lint::rule::Rule;
use crate::lint::ruleset::{Folder, RuleSet};
use crate::read::files::reason;
use crate::read::problem::suggestion;
use crate::read::source::{Columns, Place, Source};
use crate::report::{self, Totals, View, sarif};

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Repositories, folders of repositories, single files, or `-` for stdin.
    #[arg(default_value = ".")]
    paths: Vec<PathBuf>,

    /// text, oneline, sarif, json, github or markdown, and where to write it. May be given several times.
    #[arg(long, value_name = "FORMAT[=FILE]")]
    format: Vec<Output>,

    /// The least level that makes the exit status 1.
    #[arg(long, value_name = "LEVEL", default_value = "error")]
    fail_on: FailOn,

    /// Another config than `.github/trustpub.yaml`.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// A folder of further rules and registries. May be given several times.
    #[arg(long, value_name = "DIR")]
    rules: Vec<PathBuf>,

    /// Report only this rule, by code or name. May be given several times.
    #[arg(long, value_name = "ID")]
    select: Vec<String>,

    /// Do not report this rule. May be given several times.
    #[arg(long, value_name = "ID")]
    ignore: Vec<String>,

    /// Report only what is not in this baseline; `trustpub baseline` writes one.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,

    /// The path that stdin stands for.
    #[arg(long, value_name = "PATH")]
    stdin_filename: Option<PathBuf>,

    /// Read the paths from stdin, one a line.
    #[arg(long, conflicts_with = "paths")]
    stdin_filelist: bool,

    /// The category under which code scanning keeps the results.
    #[arg(long, value_name = "NAME")]
    sarif_category: Option<String>,

    /// Write waived findings into SARIF too.
    #[arg(long)]
    show_suppressed: bool,

    /// The day on which waivers are judged.
    #[arg(long, value_name = "DATE")]
    today: Option<Date>,

    /// When to colour.
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: Colour,

    /// No summary.
    #[arg(short, long)]
    quiet: bool,

    /// Also say what could not be decided.
    #[arg(short, long)]
    verbose: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// Errors.
    Error,
    /// Warnings and errors.
    Warning,
    /// Any finding.
    Note,
    /// Nothing.
    Never,
}

impl FailOn {
    fn fails(self, worst: Option<Level>) -> bool {
        match self {
            Self::Error => worst >= Some(Level::Error),
            Self::Warning => worst >= Some(Level::Warning),
            Self::Note => worst >= Some(Level::Note),
            Self::Never => false,
        }
    }
}

/// A project that was judged.
pub struct Checked {
    /// The project.
    pub loaded: Loaded,
    /// What was found.
    pub report: Report,
    /// Rules of the project's own.
    own: Vec<Rule>,
}

impl Checked {
    /// The path of a place's file, as reports have it.
    pub fn path(&self, place: Place) -> String {
        path(&self.loaded, place)
    }
}

fn path(loaded: &Loaded, place: Place) -> String {
    format!("{}{}", loaded.prefix, loaded.project.source(place.file).map_or("", Source::path))
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<Status, Failure> {
    let folders = arguments.rules.iter().map(|path| folder::read(path)).collect::<Result<Vec<_>, _>>()?;
    let rules = RuleSet::with(&folders).map_err(|problems| problems.join("\n"))?;
    let (select, ignore) = (names(&rules, &arguments.select)?, names(&rules, &arguments.ignore)?);
    let mut baseline = arguments.baseline.as_deref().map(known).transpose()?;
    let mut status = Status::Clean;
    let (targets, trouble) = targets(&paths(arguments)?, arguments.stdin_filename.as_deref())?;
    for text in &trouble {
        complain(text);
        status = Status::Trouble;
    }
    let today = arguments.today.or_else(today);
    let mut checked: Vec<Checked> =
        targets.par_iter().map(|target| judge(target, arguments.config.as_deref(), &rules, &folders, today)).collect();
    for one in &mut checked {
        one.report
            .findings
            .retain(|finding| (select.is_empty() || select.contains(&finding.name)) && !ignore.contains(&finding.name));
        if let Some(baseline) = &mut baseline {
            baseline.keep_new(&mut one.report, |place| path(&one.loaded, place));
        }
        for text in &one.loaded.trouble {
            complain(text);
            status = Status::Trouble;
        }
    }
    let mut totals = Totals::default();
    checked.iter().for_each(|one| totals.add(&one.report));
    if totals.workflows == 0 && trouble.is_empty() {
        complain("no workflows here: nothing stands in `.github/workflows`");
    }
    if let Err(failure) = write(arguments, &rules, &checked, &totals) {
        match failure {
            Failure::Told(text) => {
                complain(&text);
                status = Status::Trouble;
            }
            Failure::Closed => return Ok(Status::Clean),
        }
    }
    let found = if arguments.fail_on.fails(totals.worst()) { Status::Findings } else { Status::Clean };
    Ok(status.max(found))
}

/// The names of rules that were asked for by code or name.
fn names(rules: &RuleSet, words: &[String]) -> Result<Vec<String>, String> {
    let name = |word: &String| match rules.find(word) {
        Some(rule) => Ok(rule.name.clone()),
        None => Err(format!("there is no rule `{word}`{}", suggestion(word, rules.words()))),
    };
    words.iter().map(name).collect()
}

/// The paths that were asked for.
fn paths(arguments: &Arguments) -> Result<Vec<PathBuf>, Failure> {
    if !arguments.stdin_filelist {
        return Ok(arguments.paths.clone());
    }
    let mut list = String::new();
    io::stdin()
        .read_to_string(&mut list)
        .map_err(|error| format!("the list on stdin cannot be read: {}", reason(&error)))?;
    Ok(list.lines().filter(|line| !line.is_empty()).map(PathBuf::from).collect())
}

/// A baseline in a file.
fn known(path: &Path) -> Result<Baseline, String> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("the baseline {} cannot be read: {error}", path.display()))?;
    Baseline::parse(&text).map_err(|reason| format!("{} {reason}", path.display()))
}

/// Reads and judges one project.
pub fn judge(
    target: &Target,
    config: Option<&Path>,
    rules: &RuleSet,
    folders: &[Folder],
    today: Option<Date>,
) -> Checked {
    let mut loaded = load(target, config, rules, folders);
    let rules = loaded.rules.as_ref().unwrap_or(rules);
    let own = rules.rules.iter().filter(|rule| rule.own).cloned().collect();
    let mut report = check(&loaded.project, rules, today);
    if let Some(only) = &target.found.only {
        let here = loaded.project.file(only);
        report.findings.retain(|finding| Some(finding.primary.place.file) == here);
    }
    loaded.complain_of(&report.problems);
    Checked { loaded, report, own }
}

/// Today by `SOURCE_DATE_EPOCH`, else by the clock.
pub fn today() -> Option<Date> {
    let epoch = std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|text| text.parse().ok());
    let stamp = match epoch {
        Some(seconds) => jiff::Timestamp::from_second(seconds).ok()?,
        None => jiff::Timestamp::now(),
    };
    Some(stamp.to_zoned(jiff::tz::TimeZone::UTC).date())
}

/// Writes every report that was asked for; one that cannot be written does not keep the others.
fn write(arguments: &Arguments, rules: &RuleSet, checked: &[Checked], totals: &Totals) -> Result<(), Failure> {
    let mut all: BTreeMap<&str, &Rule> = rules.rules.iter().map(|rule| (rule.code.as_str(), rule)).collect();
    all.extend(checked.iter().flat_map(|one| &one.own).map(|rule| (rule.code.as_str(), rule)));
    let all: Vec<Rule> = all.into_values().cloned().collect();
    let views: Vec<View<'_>> = checked
        .iter()
        .map(|one| View {
            files: &one.loaded.project.files,
            prefix: &one.loaded.prefix,
            report: &one.report,
            rules: &all,
        })
        .collect();
    let mut failed = Vec::new();
    for output in outputs(arguments) {
        let mut report = Vec::new();
        render(&mut report, output.format, arguments, &all, &views, totals, output.file.is_some())?;
        match &output.file {
            None => {
                let mut out = io::stdout().lock();
                out.write_all(&report)?;
                out.flush()?;
            }
            Some(path) => {
                if let Err(error) = write_file(path, &report) {
                    failed.push(format!("the report {} cannot be written: {}", path.display(), reason(&error)));
                }
            }
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(Failure::Told(failed.join("\n"))) }
}

/// What was asked for; without a word, text for a terminal, a line each for a pipe, and annotations on GitHub.
fn outputs(arguments: &Arguments) -> Vec<Output> {
    if !arguments.format.is_empty() {
        return arguments.format.clone();
    }
    let plain = |format| Output { format, file: None };
    let mut outputs = vec![plain(if io::stdout().is_terminal() { Format::Text } else { Format::Oneline })];
    if std::env::var("GITHUB_ACTIONS").is_ok_and(|value| value == "true") {
        outputs.push(plain(Format::Github));
    }
    outputs
}

fn render(
    out: &mut dyn Write,
    format: Format,
    arguments: &Arguments,
    rules: &[Rule],
    views: &[View<'_>],
    totals: &Totals,
    to_file: bool,
) -> io::Result<()> {
    match format {
        Format::Sarif => {
            let options =
                sarif::Options { category: arguments.sarif_category.clone(), suppressed: arguments.show_suppressed };
            sarif::write(out, rules, views, &options)
        }
        Format::Json => report::json::write(out, views),
        Format::Github => report::github::write(out, views),
        Format::Markdown => report::markdown::write(out, views),
        Format::Oneline => views.iter().try_for_each(|view| report::oneline::write(out, view)),
        Format::Text => {
            let colour = !to_file && coloured(arguments.color);
            for view in views {
                report::text::write(out, view, colour)?;
                if arguments.verbose {
                    for notice in view.report.notices.iter().filter(|notice| notice.kind == NoticeKind::Undecided) {
                        let at = notice.place.map(|place| {
                            format!("{}:{}: ", view.path(place), view.start(place, Columns::CodePoints).line)
                        });
                        writeln!(
                            out,
                            "undecided: {}{}",
                            report::sanitize::line(&at.unwrap_or_default()),
                            report::sanitize::line(&notice.message)
                        )?;
                    }
                }
            }
            if !arguments.quiet {
                writeln!(out, "{}", totals.line())?;
            }
            Ok(())
        }
    }
}

fn coloured(colour: Colour) -> bool {
    match colour {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto => {
            io::stdout().is_terminal() && anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
        }
    }
}
