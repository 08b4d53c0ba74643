//! `check --fix` and `--diff`: brings fixes to the files, or shows what they would be. It writes only into the project that was
//! checked, a file whole or not at all, and never one that is not as it was when it was judged.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use jiff::civil::Date;
use similar::TextDiff;

use crate::cli::check::{CheckArguments, Checked, FindingFilter};
use crate::cli::load::CheckTarget;
use crate::cli::output::write_file;
use crate::cli::{CommandError, complain, print};
use crate::lint::findings::{Finding, Fix};
use crate::lint::fix::apply::{AppliedFixes, apply_fixes};
use crate::lint::rules::set::RuleSet;
use crate::read::files::reason;
use crate::read::project::Project;
use crate::read::source::{FileId, SourceFile};
use crate::report::{below, sanitize};

/// Which fixes are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FixSafety {
    /// Those that change no behaviour besides the fault.
    Safe,
    /// All.
    Unsafe,
}

impl FixSafety {
    fn takes(self, fix: &Fix) -> bool {
        fix.safe || matches!(self, Self::Unsafe)
    }
}

/// Where a project's files stand.
pub struct FixScope<'a> {
    /// The project's root.
    pub root: &'a Path,
    /// The only file that was asked for.
    pub only: Option<&'a str>,
    /// The config, if another than the project's own was named.
    pub config: Option<&'a Path>,
}

impl FixScope<'_> {
    /// The file on disk, if it lies in the project. A link is followed only to a file that has no other name here.
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

/// Fixes projects.
pub struct Fixer<'a> {
    /// What was asked for.
    pub arguments: &'a CheckArguments,
    /// The rules that hold for all projects.
    pub rules: &'a RuleSet,
    /// Which findings are reported: no other is cured.
    pub filter: &'a FindingFilter,
    /// The day on which waivers are judged.
    pub today: Option<Date>,
}

/// What was done to a project.
#[derive(Default)]
pub struct Fixed {
    findings: usize,
    files: usize,
    diff: String,
}

impl Fixed {
    /// Adds what was done to another project.
    pub fn add(&mut self, other: &Self) {
        self.findings += other.findings;
        self.files += other.files;
        self.diff.push_str(&other.diff);
    }

    /// Says what was done, or shows what would be.
    pub fn tell(self, arguments: &CheckArguments) -> Result<(), CommandError> {
        if arguments.diff {
            print(shown(self.diff).as_bytes())?;
        } else if self.findings > 0 && !arguments.quiet {
            complain(&format!("fixed {} in {}", plural(self.findings, "finding"), plural(self.files, "file")));
        }
        Ok(())
    }
}

impl Fixer<'_> {
    /// Fixes a project, or finds out what would be changed. What cannot be written is added to its trouble.
    pub fn fix(&self, target: &CheckTarget, one: &mut Checked) -> Fixed {
        let ground = FixScope {
            root: &target.found.root,
            only: target.found.only.as_deref(),
            config: self.arguments.config.as_deref(),
        };
        let applied = self.applied(one, &ground);
        if self.arguments.diff {
            return Fixed { diff: difference(one, &applied), ..Fixed::default() };
        }
        let (files, trouble) = write(one, &ground, &applied);
        if files == 0 || !trouble.is_empty() {
            one.loaded.trouble.extend(trouble);
            return Fixed::default();
        }
        let fixed = Fixed { findings: applied.done.len(), files, diff: String::new() };
        one.report = applied.report;
        one.loaded.project = applied.project;
        self.filter.apply(one, ground.only);
        fixed
    }

    fn applied(&self, one: &Checked, ground: &FixScope<'_>) -> AppliedFixes {
        let which = self.arguments.fix.unwrap_or(FixSafety::Safe);
        let rules = one.loaded.rules.as_ref().unwrap_or(self.rules);
        apply_fixes(&one.loaded.project, rules, self.today, |project, finding, fix| {
            let writable = || fix.edits.iter().all(|edit| ground.file(project, edit.place.file).is_some());
            which.takes(fix)
                && self.filter.reports(finding, &one.path(finding.primary.place))
                && ground.takes(project, finding, fix)
                && (self.arguments.diff || writable())
        })
    }
}

/// Writes the files that fixes changed: how many, and why others could not be written.
fn write(one: &Checked, ground: &FixScope<'_>, applied: &AppliedFixes) -> (usize, Vec<String>) {
    let (mut written, mut trouble) = (0, Vec::new());
    for (file, old, new) in changed(&one.loaded.project, applied) {
        let path = ground.file(&one.loaded.project, file).ok_or_else(|| "it lies outside the project".to_owned());
        match path.and_then(|path| replace(&path, old, new)) {
            Ok(()) => written += 1,
            Err(why) => trouble.push(format!("{} cannot be fixed: {why}", below(&one.loaded.near, old.path()))),
        }
    }
    (written, trouble)
}

/// What fixes change in a project, as a unified diff.
fn difference(one: &Checked, applied: &AppliedFixes) -> String {
    let mut text = String::new();
    for (_, old, new) in changed(&one.loaded.project, applied) {
        let path = sanitize::line(&below(&one.loaded.near, old.path()));
        let diff = TextDiff::from_lines(old.text(), new.text());
        text.push_str(&diff.unified_diff().header(&format!("a/{path}"), &format!("b/{path}")).to_string());
    }
    text
}

/// A diff as it may be shown: whole, so that it can be applied, but where a terminal or a runner would act on what it holds.
fn shown(diff: String) -> String {
    let acted_on = io::stdout().is_terminal() || std::env::var("GITHUB_ACTIONS").is_ok_and(|value| value == "true");
    if acted_on { sanitize::page(&diff) } else { diff }
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
