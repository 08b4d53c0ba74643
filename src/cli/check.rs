//! `trustpub check`: finds projects, checks them and writes reports.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Args, ValueEnum};
use jiff::civil::Date;

use crate::cli::fix::{FixSafety, FixSummary, Fixer};
use crate::cli::load::{CheckTarget, LoadedProject, listed, load, targets};
use crate::cli::output::ReportOutput;
use crate::cli::parallel::in_order;
use crate::cli::progress::Progress;
use crate::cli::reports::{Reports, RequestedReports};
use crate::cli::{ColorChoice, CommandError, ExitStatus, eprint, rules_folder, slashed};
use crate::lint::baseline::Baseline;
use crate::lint::findings::{Finding, Level, Report};
use crate::lint::fix::OfferedFixes;
use crate::lint::fix::verify::check_with_fixes;
use crate::lint::rules::Rule;
use crate::lint::rules::set::{RuleFolder, RuleSet};
use crate::read::files::reason;
use crate::read::problem::suggestion;
use crate::read::project::{Project, WORKFLOWS};
use crate::read::source::{Place, SourceFile};
use crate::report::format::{FORMATS, ReportPart};
use crate::report::{ReportTotals, below, plural, text};

/// The end of `check --help`.
fn long_help() -> String {
    let formats: String = FORMATS.iter().map(|format| format!("  {:9} {}\n", format.name, format.summary)).collect();
    format!(
        "\
Exit status:
  0  no finding at or above `--fail-on`, or no workflow at all
  1  findings
  2  the check could not run as asked; the reason is on stderr, and what could be checked is reported

Formats:
{formats}
Examples:
  trustpub check
  trustpub check ~/checkouts --format text --format sarif=all.sarif
  trustpub check --select TP1,missing-login --fail-on warning
  trustpub check --fix=unsafe --diff
  trustpub check - --stdin-filename .github/workflows/release.yml < release.yml"
    )
}

/// Arguments of `check`.
#[derive(Debug, Args)]
#[command(after_long_help = long_help())]
pub(crate) struct CheckArguments {
    /// Repositories, folders of repositories, single files, or `-` for stdin.
    #[arg(default_value = ".")]
    paths: Vec<PathBuf>,

    /// Report format, and the file to write it to [default: text on a terminal, else oneline; and github in GitHub Actions]; repeatable.
    #[arg(long, value_name = "FORMAT[=FILE]")]
    pub(crate) format: Vec<ReportOutput>,

    /// Minimum level that makes the exit status 1.
    #[arg(long, value_name = "LEVEL", default_value = "error")]
    fail_on: FailOn,

    /// Config file [default: .github/trustpub.yaml in the repository].
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Folder of additional rules, registries and needs, laid out like `rules/`; repeatable.
    #[arg(long, value_name = "DIR")]
    rules: Vec<PathBuf>,

    /// Report only these rules, by name, code or beginning of codes, e.g. `TP1,missing-login`; repeatable.
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    select: Vec<String>,

    /// Do not report these rules; repeatable.
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    ignore: Vec<String>,

    /// Report only findings that are not in this file; `trustpub baseline` writes it.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,

    /// Apply the fixes that change only the reported fault; `--fix=unsafe` applies all fixes.
    #[arg(long, value_name = "SAFETY", num_args = 0..=1, require_equals = true, default_missing_value = "safe")]
    pub(crate) fix: Option<FixSafety>,

    /// Print what `--fix` would change as a diff; write no file.
    #[arg(long)]
    pub(crate) diff: bool,

    /// Path of the file whose text is read from stdin; needed with `-`.
    #[arg(long, value_name = "PATH")]
    stdin_filename: Option<PathBuf>,

    /// Read the paths from stdin, one per line.
    #[arg(long, conflicts_with = "paths")]
    stdin_filelist: bool,

    /// Code scanning category of the SARIF log.
    #[arg(long, value_name = "NAME")]
    pub(crate) sarif_category: Option<String>,

    /// Include ignored findings in SARIF, marked as suppressed.
    #[arg(long)]
    pub(crate) show_suppressed: bool,

    /// Date against which `expires:` is compared [default: SOURCE_DATE_EPOCH, else today].
    #[arg(long, value_name = "DATE")]
    today: Option<Date>,

    /// When to use colours and links.
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: ColorChoice,

    /// Do not print the summary.
    #[arg(short, long)]
    pub(crate) quiet: bool,

    /// Count the findings of each rule, after the text report or on stderr.
    #[arg(long)]
    pub(crate) statistics: bool,

    /// Also list the uploads that could not be decided, in the text report or on stderr.
    #[arg(short, long)]
    pub(crate) verbose: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// Errors.
    Error,
    /// Warnings and errors.
    Warning,
    /// Any finding.
    Note,
    /// Never.
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

/// A project and its report.
pub(crate) struct CheckedProject {
    pub(crate) loaded: LoadedProject,
    pub(crate) report: Report,
    /// The user rules that apply to this project.
    pub(crate) user_rules: Vec<Rule>,
}

impl CheckedProject {
    /// The path of a place's file, as reports print it.
    pub(crate) fn path(&self, place: Place) -> String {
        below(&self.loaded.prefix, self.loaded.project.source(place.file).map_or("", SourceFile::path))
    }
}

pub(crate) fn run(arguments: &CheckArguments) -> Result<ExitStatus, CommandError> {
    let reports = RequestedReports::new(arguments)?;
    let outcome = check_all(arguments, &reports);
    if let Err(CommandError::Message(text)) = &outcome {
        reports.write_failure(text);
    }
    outcome
}

fn check_all(arguments: &CheckArguments, requested: &RequestedReports) -> Result<ExitStatus, CommandError> {
    let started = Instant::now();
    let folders = arguments.rules.iter().map(|path| rules_folder::read(path)).collect::<Result<Vec<_>, _>>()?;
    let load_rules = || RuleSet::load_for_check(&folders).map_err(|problems| problems.join("\n"));
    let find_targets = || match arguments.stdin_filelist {
        true => listed(&list()?),
        false => targets(&arguments.paths, arguments.stdin_filename.as_deref()),
    };
    // Many paths are looked up while the rules are loaded. The thread pool is not started for one.
    let (rules, found) = if arguments.paths.len() > 1 {
        let (rules, found) = rayon::join(load_rules, find_targets);
        (rules?, Some(found))
    } else {
        (load_rules()?, None)
    };
    // The process ends after the check. Freeing every string of the rules would take a tenth of a small check.
    let rules: &RuleSet = Box::leak(Box::new(rules));
    let baseline = arguments.baseline.as_deref().map(read_baseline).transpose()?;
    if arguments.fix.is_some() && !arguments.diff && arguments.paths.iter().any(|path| path.as_os_str() == "-") {
        return Err("`--fix` cannot write to stdin; use `--diff` to print the change".to_owned().into());
    }
    let mut status = ExitStatus::Clean;
    let (targets, trouble) = found.unwrap_or_else(find_targets)?;
    for text in &trouble {
        eprint(text);
        status = ExitStatus::Failure;
    }
    let config = arguments.config.as_deref();
    let words = || arguments.select.iter().chain(&arguments.ignore);
    if words().any(|word| rules.select(word).is_empty()) {
        // It may name a rule of the `extra-rules` of some project.
        let loaded: Vec<LoadedProject> = targets.iter().map(|target| load(target, config, rules, &folders)).collect();
        let known = |word: &str| loaded.iter().any(|one| !one.rules(rules).select(word).is_empty());
        if let Some(word) = words().find(|word| !known(word)) {
            return Err(format!("no rule is named `{word}`{}", suggestion(word, rules.words())).into());
        }
    }
    let today = arguments.today.or_else(today);
    let fixes = requested.fixes();
    let mut reports = Reports::start(requested, rules, started);
    let progress = Progress::new(targets.len(), arguments.quiet);
    let work = |target: &CheckTarget| {
        let mut one = check_project(target, config, rules, &folders, today, fixes);
        if baseline.is_none() {
            one.loaded.require_baseline();
        }
        let filter = FindingFilter::new(arguments, baseline.as_ref(), &one.loaded, rules);
        let fixer = Fixer { arguments, rules, filter: &filter, today };
        let left = filter.apply(&mut one, target.found.only.as_deref());
        let is_whole = target.found.only.is_none() && filter.select.is_none() && filter.ignore.is_empty();
        // The baseline of the option may also be about projects that are not checked now, unless there is only one.
        let is_own = baseline.is_none() || targets.len() == 1;
        let outdated = if is_whole && is_own && one.loaded.failures.is_empty() { left } else { 0 };
        let fixing = arguments.diff || arguments.fix.is_some();
        let fixed = if fixing { fixer.fix(target, &mut one) } else { FixSummary::default() };
        let mut totals = ReportTotals::default();
        totals.add(&one.report);
        let more = arguments.verbose && !requested.show_details();
        let details = if more { RequestedReports::details(&one) } else { String::new() };
        let parts = requested.parts(&one, &one.loaded.rules(rules).rules);
        progress.step();
        CheckOutcome {
            parts,
            totals,
            outdated,
            details,
            fixed,
            trouble: one.loaded.trouble,
            failures: one.loaded.failures,
            user_rules: one.user_rules,
        }
    };
    let (mut totals, mut failures, mut fixed) = (ReportTotals::default(), trouble, FixSummary::default());
    let (mut outdated, mut details) = (0, String::new());
    // Messages are printed after the counter is removed, so that it does not overwrite them.
    let mut messages = Vec::new();
    let taken = in_order(&targets, work, |done| {
        messages.extend(done.trouble);
        failures.extend(done.failures);
        totals.sum(&done.totals);
        outdated += done.outdated;
        details.push_str(&done.details);
        fixed.add(&done.fixed);
        reports.add(done.parts?, done.user_rules)
    });
    progress.end();
    for text in &messages {
        eprint(text);
        status = ExitStatus::Failure;
    }
    taken?;
    match fixed.print(arguments) {
        Err(CommandError::ClosedPipe) => return Ok(ExitStatus::Clean),
        result => result?,
    }
    if totals.workflows == 0 && failures.is_empty() && !arguments.paths.iter().all(|path| path.is_file()) {
        eprint(&format!("no workflows found in {}", searched(arguments)));
    }
    match reports.finish(&totals, &failures) {
        Ok(()) => {}
        Err(CommandError::Message(text)) => {
            eprint(&text);
            status = ExitStatus::Failure;
        }
        Err(CommandError::ClosedPipe) => return Ok(ExitStatus::Clean),
    }
    eprint(&details);
    if arguments.statistics && !requested.show_details() {
        eprint(&text::statistics(&totals));
    }
    if outdated > 0 && !arguments.quiet {
        let verb = if outdated == 1 { "occurs" } else { "occur" };
        let findings = plural(outdated, "finding");
        eprint(&format!("{findings} of the baseline no longer {verb}; write it again with `trustpub baseline`"));
    }
    let found = if arguments.fail_on.fails(totals.worst()) { ExitStatus::Findings } else { ExitStatus::Clean };
    Ok(status.max(found))
}

/// What `check` keeps of a project after its report is made.
struct CheckOutcome {
    parts: io::Result<Vec<ReportPart>>,
    totals: ReportTotals,
    /// The findings in the baseline that no longer occur.
    outdated: usize,
    /// What `--verbose` adds, if no report has it.
    details: String,
    fixed: FixSummary,
    trouble: Vec<String>,
    failures: Vec<String>,
    user_rules: Vec<Rule>,
}

/// Selects the findings to report.
pub(crate) struct FindingFilter {
    /// Names of rules; `None` for all.
    select: Option<Vec<String>>,
    ignore: Vec<String>,
    baseline: Option<Baseline>,
    /// What the paths in the baseline start with: nothing if the config of the project names it.
    baseline_prefix: String,
}

impl FindingFilter {
    /// The options of the command line take precedence over the config.
    fn new(arguments: &CheckArguments, baseline: Option<&Baseline>, loaded: &LoadedProject, rules: &RuleSet) -> Self {
        let rules = loaded.rules(rules);
        let names = |words: &[String]| -> Vec<String> {
            words.iter().flat_map(|word| rules.select(word)).map(|rule| rule.name.clone()).collect()
        };
        let select = if arguments.select.is_empty() { &loaded.select } else { &arguments.select };
        Self {
            select: Some(names(select)).filter(|_| !select.is_empty()),
            ignore: names(&arguments.ignore),
            baseline: baseline.or(loaded.baseline.as_ref()).cloned(),
            baseline_prefix: if baseline.is_some() { loaded.prefix.clone() } else { String::new() },
        }
    }

    fn selects(&self, finding: &Finding) -> bool {
        self.select.as_ref().is_none_or(|names| names.contains(&finding.name)) && !self.ignore.contains(&finding.name)
    }

    /// Whether a finding is selected and not in the baseline.
    pub(crate) fn reports(&self, project: &Project, finding: &Finding) -> bool {
        let path = || self.baseline_path(project, finding.primary.place);
        self.selects(finding) && !self.baseline.as_ref().is_some_and(|baseline| baseline.contains(finding, &path()))
    }

    fn baseline_path(&self, project: &Project, place: Place) -> String {
        below(&self.baseline_prefix, project.source(place.file).map_or("", SourceFile::path))
    }

    /// Removes the findings that are not to be reported. Returns the number of findings in the baseline that do not occur.
    pub(crate) fn apply(&self, one: &mut CheckedProject, only: Option<&str>) -> usize {
        one.report.findings.retain(|finding| self.selects(finding));
        narrow(&mut one.report, &one.loaded, only);
        let Some(mut baseline) = self.baseline.clone() else { return 0 };
        baseline.keep_new(&mut one.report, |place| self.baseline_path(&one.loaded.project, place));
        baseline.left()
    }
}

/// If a single file was named: keeps only what is in that file.
fn narrow(report: &mut Report, loaded: &LoadedProject, only: Option<&str>) {
    if let Some(only) = only {
        let here = loaded.project.file(only);
        report.findings.retain(|finding| Some(finding.primary.place.file) == here);
    }
}

/// Where workflows were searched for.
fn searched(arguments: &CheckArguments) -> String {
    match arguments.paths.as_slice() {
        [path] if !arguments.stdin_filelist => {
            let folder = slashed(path);
            format!("{}/{WORKFLOWS}", folder.trim_end_matches('/'))
        }
        _ => format!("`{WORKFLOWS}` of any path"),
    }
}

/// The paths on stdin.
fn list() -> Result<Vec<PathBuf>, CommandError> {
    let mut list = String::new();
    io::stdin()
        .read_to_string(&mut list)
        .map_err(|error| format!("the list on stdin cannot be read: {}", reason(&error)))?;
    Ok(list.lines().filter(|line| !line.is_empty()).map(PathBuf::from).collect())
}

/// Reads a baseline.
fn read_baseline(path: &Path) -> Result<Baseline, String> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("the baseline {} cannot be read: {error}", path.display()))?;
    Baseline::parse(&text).map_err(|reason| format!("{} {reason}", path.display()))
}

/// Loads and checks one project, and adds the fixes to offer.
pub(crate) fn check_project(
    target: &CheckTarget,
    config: Option<&Path>,
    rules: &RuleSet,
    folders: &[RuleFolder],
    today: Option<Date>,
    fixes: OfferedFixes,
) -> CheckedProject {
    let mut loaded = load(target, config, rules, folders);
    let rules = loaded.rules(rules);
    let user_rules = rules.rules.iter().filter(|rule| rule.own).cloned().collect();
    let mut report = check_with_fixes(&loaded.project, rules, today, fixes);
    narrow(&mut report, &loaded, target.found.only.as_deref());
    loaded.trouble.extend(loaded.messages(&report.problems));
    CheckedProject { loaded, report, user_rules }
}

/// The date of `SOURCE_DATE_EPOCH`, else of the clock.
pub(crate) fn today() -> Option<Date> {
    let epoch = std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|text| text.parse().ok());
    let stamp = match epoch {
        Some(seconds) => jiff::Timestamp::from_second(seconds).ok()?,
        None => jiff::Timestamp::now(),
    };
    Some(stamp.to_zoned(jiff::tz::TimeZone::UTC).date())
}
