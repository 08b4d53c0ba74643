//! `trustpub check`: finds projects, has them judged, writes reports.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Args, ValueEnum};
use jiff::civil::Date;

use crate::cli::fix::{FixSafety, Fixed, Fixer};
use crate::cli::load::{CheckTarget, LoadedProject, listed, load, targets};
use crate::cli::output::ReportOutput;
use crate::cli::parallel::in_order;
use crate::cli::progress::Progress;
use crate::cli::reports::{self, ReportPart, Reports, RequestedReports, RunSummary};
use crate::cli::{ColorChoice, CommandError, ExitStatus, complain, folder};
use crate::lint::baseline::Baseline;
use crate::lint::check;
use crate::lint::findings::{Finding, Level, Report};
use crate::lint::fix::verify::check_with_fixes;
use crate::lint::rules::Rule;
use crate::lint::rules::set::{RuleFolder, RuleSet};
use crate::read::files::reason;
use crate::read::problem::suggestion;
use crate::read::source::{Place, SourceFile};
use crate::report::{ReportTotals, below};

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct CheckArguments {
    /// Repositories, folders of repositories, single files, or `-` for stdin.
    #[arg(default_value = ".")]
    paths: Vec<PathBuf>,

    /// text, oneline, sarif, json, github or markdown, and where to write it. May be given several times.
    #[arg(long, value_name = "FORMAT[=FILE]")]
    pub format: Vec<ReportOutput>,

    /// The least level that makes the exit status 1.
    #[arg(long, value_name = "LEVEL", default_value = "error")]
    fail_on: FailOn,

    /// Another config than `.github/trustpub.yaml`.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

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

    /// Make the fixes that change no behaviour besides the fault; with `unsafe`, all fixes.
    #[arg(long, value_name = "WHICH", num_args = 0..=1, require_equals = true, default_missing_value = "safe")]
    pub fix: Option<FixSafety>,

    /// Print what `--fix` would change, and change nothing.
    #[arg(long)]
    pub diff: bool,

    /// The path that stdin stands for.
    #[arg(long, value_name = "PATH")]
    stdin_filename: Option<PathBuf>,

    /// Read the paths from stdin, one a line.
    #[arg(long, conflicts_with = "paths")]
    stdin_filelist: bool,

    /// The category under which code scanning keeps the results.
    #[arg(long, value_name = "NAME")]
    pub sarif_category: Option<String>,

    /// Write waived findings into SARIF too.
    #[arg(long)]
    pub show_suppressed: bool,

    /// The day on which waivers are judged.
    #[arg(long, value_name = "DATE")]
    today: Option<Date>,

    /// When to colour.
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: ColorChoice,

    /// No summary.
    #[arg(short, long)]
    pub quiet: bool,

    /// Also say what could not be decided.
    #[arg(short, long)]
    pub verbose: bool,
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
    pub loaded: LoadedProject,
    /// What was found.
    pub report: Report,
    /// Rules of the project's own.
    pub own: Vec<Rule>,
}

impl Checked {
    /// The path of a place's file, as reports have it.
    pub fn path(&self, place: Place) -> String {
        path(&self.loaded, place)
    }
}

fn path(loaded: &LoadedProject, place: Place) -> String {
    below(&loaded.prefix, loaded.project.source(place.file).map_or("", SourceFile::path))
}

/// Runs the command.
pub fn run(arguments: &CheckArguments) -> Result<ExitStatus, CommandError> {
    let outcome = judge_all(arguments);
    if let Err(CommandError::Told(text)) = &outcome {
        reports::failure(arguments, text);
    }
    outcome
}

fn judge_all(arguments: &CheckArguments) -> Result<ExitStatus, CommandError> {
    let started = Instant::now();
    let folders = arguments.rules.iter().map(|path| folder::read(path)).collect::<Result<Vec<_>, _>>()?;
    let rules = RuleSet::with(&folders).map_err(|problems| problems.join("\n"))?;
    let filter = FindingFilter {
        select: names(&rules, &arguments.select)?,
        ignore: names(&rules, &arguments.ignore)?,
        baseline: arguments.baseline.as_deref().map(known).transpose()?,
    };
    if arguments.fix.is_some() && !arguments.diff && arguments.paths.iter().any(|path| path.as_os_str() == "-") {
        return Err("`--fix` cannot change stdin; with `--diff` it prints the change".to_owned().into());
    }
    let mut status = ExitStatus::Clean;
    let (targets, trouble) = if arguments.stdin_filelist {
        listed(&list()?)?
    } else {
        targets(&arguments.paths, arguments.stdin_filename.as_deref())?
    };
    for text in &trouble {
        complain(text);
        status = ExitStatus::Trouble;
    }
    let today = arguments.today.or_else(today);
    let offering = reports::tells_fixes(arguments);
    let fixer = Fixer { arguments, rules: &rules, filter: &filter, today };
    let asked = RequestedReports::of(arguments);
    let mut reports = Reports::begin(&asked, &rules, started)?;
    let progress = Progress::new(targets.len(), arguments.quiet);
    let work = |target: &CheckTarget| {
        let mut one = judge(target, arguments.config.as_deref(), &rules, &folders, today, offering);
        filter.apply(&mut one, target.found.only.as_deref());
        let fixing = arguments.diff || arguments.fix.is_some();
        let fixed = if fixing { fixer.fix(target, &mut one) } else { Fixed::default() };
        let mut totals = ReportTotals::default();
        totals.add(&one.report);
        let parts = asked.parts(&one, &one.loaded.rules.as_ref().unwrap_or(&rules).rules);
        progress.step();
        CheckOutcome { parts, totals, fixed, trouble: one.loaded.trouble, failures: one.loaded.failures, own: one.own }
    };
    let (mut totals, mut failures, mut fixed) = (ReportTotals::default(), trouble, Fixed::default());
    // What is complained of while the bar is drawn would be drawn over.
    let mut complaints = Vec::new();
    let taken = in_order(&targets, work, |done| {
        complaints.extend(done.trouble);
        failures.extend(done.failures);
        totals.sum(&done.totals);
        fixed.add(&done.fixed);
        reports.add(done.parts?, done.own)
    });
    progress.end();
    for text in &complaints {
        complain(text);
        status = ExitStatus::Trouble;
    }
    taken?;
    match fixed.tell(arguments) {
        Err(CommandError::Closed) => return Ok(ExitStatus::Clean),
        told => told?,
    }
    if totals.workflows == 0 && failures.is_empty() {
        complain("no workflows here: nothing stands in `.github/workflows`");
    }
    match reports.end(&RunSummary { totals: &totals, failures: &failures }) {
        Ok(()) => {}
        Err(CommandError::Told(text)) => {
            complain(&text);
            status = ExitStatus::Trouble;
        }
        Err(CommandError::Closed) => return Ok(ExitStatus::Clean),
    }
    let found = if arguments.fail_on.fails(totals.worst()) { ExitStatus::Findings } else { ExitStatus::Clean };
    Ok(status.max(found))
}

/// What is left of a project that was judged.
struct CheckOutcome {
    parts: io::Result<Vec<ReportPart>>,
    totals: ReportTotals,
    fixed: Fixed,
    trouble: Vec<String>,
    failures: Vec<String>,
    own: Vec<Rule>,
}

/// Which findings are reported.
pub struct FindingFilter {
    select: Vec<String>,
    ignore: Vec<String>,
    baseline: Option<Baseline>,
}

impl FindingFilter {
    fn names(&self, finding: &Finding) -> bool {
        (self.select.is_empty() || self.select.contains(&finding.name)) && !self.ignore.contains(&finding.name)
    }

    /// Whether a finding is reported, whatever else there is about the same thing.
    pub fn reports(&self, finding: &Finding, path: &str) -> bool {
        self.names(finding) && !self.baseline.as_ref().is_some_and(|baseline| baseline.contains(finding, path))
    }

    /// Takes out of a report what was not asked for.
    pub fn apply(&self, one: &mut Checked, only: Option<&str>) {
        one.report.findings.retain(|finding| self.names(finding));
        narrow(&mut one.report, &one.loaded, only);
        if let Some(baseline) = &self.baseline {
            baseline.clone().keep_new(&mut one.report, |place| path(&one.loaded, place));
        }
    }
}

/// Leaves only what stands in one file, if only one was asked for.
fn narrow(report: &mut Report, loaded: &LoadedProject, only: Option<&str>) {
    if let Some(only) = only {
        let here = loaded.project.file(only);
        report.findings.retain(|finding| Some(finding.primary.place.file) == here);
    }
}

/// The names of rules that were asked for by code or name.
fn names(rules: &RuleSet, words: &[String]) -> Result<Vec<String>, String> {
    let name = |word: &String| match rules.find(word) {
        Some(rule) => Ok(rule.name.clone()),
        None => Err(format!("there is no rule `{word}`{}", suggestion(word, rules.words()))),
    };
    words.iter().map(name).collect()
}

/// The paths on stdin.
fn list() -> Result<Vec<PathBuf>, CommandError> {
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

/// Reads and judges one project; where `offering`, also looks for what would cure each finding.
pub fn judge(
    target: &CheckTarget,
    config: Option<&Path>,
    rules: &RuleSet,
    folders: &[RuleFolder],
    today: Option<Date>,
    offering: bool,
) -> Checked {
    let mut loaded = load(target, config, rules, folders);
    let rules = loaded.rules.as_ref().unwrap_or(rules);
    let own = rules.rules.iter().filter(|rule| rule.own).cloned().collect();
    let judge = if offering { check_with_fixes } else { check };
    let mut report = judge(&loaded.project, rules, today);
    narrow(&mut report, &loaded, target.found.only.as_deref());
    loaded.trouble.extend(loaded.complaints(&report.problems));
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
