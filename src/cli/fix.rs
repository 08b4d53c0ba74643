//! `check --fix` and `--diff`: applies fixes to files, or prints them as a diff. Only files of the checked project are written, each
//! atomically, and only if it has not changed since it was read.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use jiff::civil::Date;
use similar::TextDiff;

use crate::cli::check::{CheckArguments, CheckedProject, FindingFilter};
use crate::cli::load::CheckTarget;
use crate::cli::output::write_file;
use crate::cli::{CommandError, eprint, print};
use crate::lint::findings::{Finding, Fix, Report};
use crate::lint::fix::apply::{AppliedFixes, apply_fixes};
use crate::lint::rules::set::RuleSet;
use crate::read::files::reason;
use crate::read::project::Project;
use crate::read::source::{FileId, SourceFile};
use crate::report::{below, sanitize};

/// Which fixes are applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FixSafety {
    /// Fixes that change only the reported fault.
    Safe,
    /// All fixes.
    Unsafe,
}

impl FixSafety {
    fn takes(self, fix: &Fix) -> bool {
        fix.safe || matches!(self, Self::Unsafe)
    }
}

/// The files that may be changed.
pub(crate) struct FixScope<'a> {
    pub(crate) root: &'a Path,
    /// The single file that was named, if one was.
    pub(crate) only: Option<&'a str>,
    /// The file of `--config`.
    pub(crate) config: Option<&'a Path>,
}

impl FixScope<'_> {
    /// The file on disk, if it is inside the project. A symlink is followed only to a file that the project does not also contain by its
    /// own path.
    fn file(&self, project: &Project, file: FileId) -> Option<PathBuf> {
        let root = self.root.canonicalize().ok()?;
        let own_config = project.config.as_ref().is_some_and(|config| config.file == file);
        let path = match self.config.filter(|_| own_config) {
            Some(config) => config.to_owned(),
            None => root.join(project.source(file)?.path()),
        };
        let real = path.canonicalize().ok()?;
        let link = path.symlink_metadata().ok()?.is_symlink();
        let named = || project.files.iter().any(|source| root.join(source.path()) == real);
        (real.starts_with(&root) && !(link && named())).then_some(real)
    }

    fn takes(&self, project: &Project, finding: &Finding, fix: &Fix) -> bool {
        let only = |file: FileId| self.only.is_none_or(|only| project.file(only) == Some(file));
        only(finding.primary.place.file) && fix.edits.iter().all(|edit| only(edit.place.file))
    }
}

/// Applies fixes to projects.
pub(crate) struct Fixer<'a> {
    pub(crate) arguments: &'a CheckArguments,
    /// The rules of all projects, without their `extra-rules`.
    pub(crate) rules: &'a RuleSet,
    /// Only reported findings are fixed.
    pub(crate) filter: &'a FindingFilter,
    pub(crate) today: Option<Date>,
}

/// What was fixed.
#[derive(Default)]
pub(crate) struct FixSummary {
    findings: usize,
    files: usize,
    diff: String,
    /// Remaining findings that `--fix=unsafe` fixes.
    unsafely: usize,
    /// Remaining findings without a fix.
    unfixable: usize,
    /// What remains to be done by hand, with the path of the project if there are several.
    by_hand: Vec<String>,
}

impl FixSummary {
    pub(crate) fn add(&mut self, other: &Self) {
        self.findings += other.findings;
        self.files += other.files;
        self.diff.push_str(&other.diff);
        self.unsafely += other.unsafely;
        self.unfixable += other.unfixable;
        self.by_hand.extend_from_slice(&other.by_hand);
    }

    /// Prints the diff, or how much was fixed.
    pub(crate) fn print(self, arguments: &CheckArguments) -> Result<(), CommandError> {
        if !arguments.diff && arguments.fix.is_none() {
            return Ok(());
        }
        let done = self.outcome(arguments.diff);
        if arguments.diff {
            print(printable(self.diff).as_bytes())?;
        }
        if !arguments.quiet {
            eprint(&done);
            for text in &self.by_hand {
                eprint(&format!("by hand: {text}"));
            }
        }
        Ok(())
    }

    /// What was done, or why nothing.
    fn outcome(&self, diff: bool) -> String {
        let more = match self.unsafely {
            0 => String::new(),
            count => format!("; {count} more fixable with `--fix=unsafe`"),
        };
        match (self.findings, self.unsafely, self.unfixable) {
            (0, 0, 0) => "nothing to fix: no findings".to_owned(),
            (0, 0, count) => format!("nothing to fix: {} without a fix", plural(count, "finding")),
            (0, count, _) => format!("nothing to fix safely; {} fixable with `--fix=unsafe`", plural(count, "finding")),
            (count, ..) => {
                let verb = if diff { "would fix" } else { "fixed" };
                format!("{verb} {} in {}{more}", plural(count, "finding"), plural(self.files, "file"))
            }
        }
    }
}

impl Fixer<'_> {
    /// Fixes a project, or computes the diff. Files that cannot be written are added to its messages.
    pub(crate) fn fix(&self, target: &CheckTarget, one: &mut CheckedProject) -> FixSummary {
        let scope = FixScope {
            root: &target.found.root,
            only: target.found.only.as_deref(),
            config: self.arguments.config.as_deref(),
        };
        let applied = self.applied(one, &scope);
        let remaining = applied.report.findings.iter().filter(|finding| self.filter.reports(&applied.project, finding));
        let (fixable, unfixable): (Vec<_>, Vec<_>) = remaining.partition(|finding| !finding.fixes.is_empty());
        let is_unsafe = matches!(self.arguments.fix, Some(FixSafety::Unsafe));
        let steps = applied.by_hand(|finding| self.filter.reports(&applied.project, finding));
        let steps = if is_unsafe { steps } else { Vec::new() };
        let place = |text: &String| match one.loaded.near.as_str() {
            "" => text.clone(),
            near => format!("{}: {text}", near.trim_end_matches('/')),
        };
        let by_hand = steps.iter().map(place).collect();
        let counts =
            FixSummary { unsafely: fixable.len(), unfixable: unfixable.len(), by_hand, ..FixSummary::default() };
        one.report.by_hand.clone_from(&steps);
        if self.arguments.diff {
            let files = changed(&one.loaded.project, &applied).count();
            return FixSummary { findings: applied.done.len(), files, diff: difference(one, &applied), ..counts };
        }
        let (files, trouble) = write(one, &scope, &applied);
        if files == 0 || !trouble.is_empty() {
            one.loaded.trouble.extend(trouble);
            return counts;
        }
        let fixed = FixSummary { findings: applied.done.len(), files, ..counts };
        one.report = Report { by_hand: steps, ..applied.report };
        one.loaded.project = applied.project;
        self.filter.apply(one, scope.only);
        fixed
    }

    fn applied(&self, one: &CheckedProject, scope: &FixScope<'_>) -> AppliedFixes {
        let which = self.arguments.fix.unwrap_or(FixSafety::Safe);
        let rules = one.loaded.rules(self.rules);
        apply_fixes(&one.loaded.project, rules, self.today, |project, finding, fix| {
            let writable = || fix.edits.iter().all(|edit| scope.file(project, edit.place.file).is_some());
            which.takes(fix)
                && self.filter.reports(project, finding)
                && scope.takes(project, finding, fix)
                && (self.arguments.diff || writable())
        })
    }
}

/// Writes the changed files. Returns their number, and a message for each that could not be written.
fn write(one: &CheckedProject, scope: &FixScope<'_>, applied: &AppliedFixes) -> (usize, Vec<String>) {
    let (mut written, mut trouble) = (0, Vec::new());
    for (file, old, new) in changed(&one.loaded.project, applied) {
        let path = scope.file(&one.loaded.project, file).ok_or_else(|| "it is outside the project".to_owned());
        match path.and_then(|path| replace(&path, old, new)) {
            Ok(()) => written += 1,
            Err(why) => trouble.push(format!("{} cannot be fixed: {why}", below(&one.loaded.near, old.path()))),
        }
    }
    (written, trouble)
}

/// The changes as a unified diff.
fn difference(one: &CheckedProject, applied: &AppliedFixes) -> String {
    let mut text = String::new();
    for (_, old, new) in changed(&one.loaded.project, applied) {
        let path = sanitize::line(&below(&one.loaded.near, old.path()));
        let diff = TextDiff::from_lines(old.text(), new.text());
        text.push_str(&diff.unified_diff().header(&format!("a/{path}"), &format!("b/{path}")).to_string());
    }
    text
}

/// The diff as printed: unchanged, so that it can be applied, but escaped where a terminal or a runner would interpret it.
pub(crate) fn printable(diff: String) -> String {
    let interpreted = io::stdout().is_terminal() || std::env::var("GITHUB_ACTIONS").is_ok_and(|value| value == "true");
    if interpreted { sanitize::page(&diff) } else { diff }
}

fn plural(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

fn changed<'m>(
    project: &'m Project,
    applied: &'m AppliedFixes,
) -> impl Iterator<Item = (FileId, &'m SourceFile, &'m SourceFile)> {
    let pairs = project.files.iter().zip(&applied.project.files).enumerate();
    pairs
        .filter(|(_, (old, new))| old.text() != new.text())
        .map(|(index, (old, new))| (FileId(u32::try_from(index).unwrap_or(u32::MAX)), old, new))
}

fn replace(path: &Path, old: &SourceFile, new: &SourceFile) -> Result<(), String> {
    let now = std::fs::read(path).map_err(|error| reason(&error))?;
    if now != old.text().as_bytes() {
        return Err("it has changed since it was read".into());
    }
    write_file(path, new.text().as_bytes()).map_err(|error| reason(&error))
}
