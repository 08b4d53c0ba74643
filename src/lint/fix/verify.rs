//! Tests every fix before it is offered: it must remove its finding and cause no other.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::civil::Date;

use crate::lint::engine::{self, CheckMode};
use crate::lint::findings::fingerprint::identity;
use crate::lint::findings::{Finding, Fix, FixEdit, Level, Report, UploadCount};
use crate::lint::fix::{OfferedFixes, UntestedFix};
use crate::lint::rules::set::RuleSet;
use crate::read::edit::{self, EditedText, TextEdit};
use crate::read::project::Project;
use crate::read::source::{FileId, Place, SourceFile};

/// The maximum number of fixes that are tested for one project.
const MOST_TRIALS: usize = 100;

/// The maximum number of bytes to check again for all tests of one project. A large hostile project gets few tests, but never none.
const MOST_WORK: usize = 8 * 1024 * 1024;

/// The number of bytes that take as long to check as one simulated run of an upload.
const RUN_WORK: usize = 4 * 1024;

/// Checks a project as [`check`](engine::check) does, and adds to each finding the fix that removes it, if it is among those to offer.
///
/// A fix is tested on the project's text: it parses and makes exactly the intended change; then the finding is gone, there is no new one
/// above note, and every upload is still found and decided. Only the workflows that calls connect with the changed file are checked again; if
/// the fix fails there, because it depends on other files, the whole project is.
#[must_use]
pub fn check_with_fixes(project: &Project, rules: &RuleSet, today: Option<Date>, offered: OfferedFixes) -> Report {
    if offered == OfferedFixes::None {
        return engine::check(project, rules, today);
    }
    let (mut report, project) = engine::check_for_fixes(project, rules, today);
    let project = &project;
    if offered == OfferedFixes::Safe {
        for fixes in report.findings.iter_mut().map(|finding| &mut finding.untested_fixes) {
            // An unsafe fix before a safe one is tested too: if it works, the safe one is not offered.
            fixes.truncate(fixes.iter().rposition(|fix| fix.safe).map_or(0, |last| last + 1));
        }
    }
    if report.findings.iter().all(|finding| finding.untested_fixes.is_empty()) {
        return report;
    }
    let mut trials = FixTests {
        project,
        rules,
        today,
        whole: FindingTally::of(project, &report),
        parts: HashMap::new(),
        left: MOST_TRIALS,
        work: 0,
    };
    for finding in &mut report.findings {
        let untested = std::mem::take(&mut finding.untested_fixes);
        if untested.is_empty() {
            continue;
        }
        let id = id(project, finding);
        // One fix is enough.
        let tested = untested.into_iter().find_map(|fix| trials.tested(fix, &finding.name, &id));
        finding.fixes.extend(tested);
    }
    report
}

/// The tests of the fixes of one project.
struct FixTests<'t> {
    project: &'t Project,
    rules: &'t RuleSet,
    today: Option<Date>,
    /// The findings of the whole project.
    whole: FindingTally,
    /// By changed files: the part of the project that is checked first, with the findings in its workflows. `None` for the whole.
    parts: HashMap<Vec<FileId>, Option<(Project, FindingTally)>>,
    /// How many more fixes are tested.
    left: usize,
    /// What the tests took so far, in bytes.
    work: usize,
}

impl FixTests<'_> {
    /// The edits of a fix, if they remove the finding of a rule.
    fn tested(&mut self, untested: UntestedFix, rule: &str, id: &str) -> Option<Fix> {
        self.left = self.left.checked_sub(1).filter(|_| self.work < MOST_WORK)?;
        let mut files: Vec<FileId> = untested.changes.iter().map(|(file, _)| *file).collect();
        files.sort_unstable();
        files.dedup();
        let changed = changed_files(self.project, &untested, &files)?;
        let (project, whole) = (self.project, &self.whole);
        let (rules, today) = (self.rules, self.today);
        let work = &mut self.work;
        let part = self.parts.entry(files).or_insert_with_key(|files| {
            let part = project.connected(files)?;
            let findings = if part.config.is_some() {
                // A publisher of another workflow is unused in this part.
                let before = FindingTally::of(&part, &engine::check_project(&part, rules, today, CheckMode::Findings));
                *work += before.work(&part);
                before
            } else {
                whole.part(&part.workflows.iter().map(|workflow| workflow.file).collect())
            };
            Some((part, findings))
        });
        let mut cures = |(project, before): (&Project, &FindingTally)| {
            *work += before.work(project);
            let Some(after) = with_changes(project, &changed) else { return false };
            let left = engine::check_project(&after, rules, today, CheckMode::FixTest(rule));
            let left = FindingTally::of(&after, &left);
            before.is_improved_by(&left, &[id])
        };
        let part = part.as_ref().map(|(part, before)| (part, before));
        let cured = part.is_some_and(&mut cures) || cures((project, whole));
        let edits = changed.into_iter().flat_map(|(file, edited)| {
            let edits = edited.edits.into_iter();
            edits.map(move |edit| FixEdit { place: Place { file, span: edit.span }, text: edit.text })
        });
        cured.then(|| Fix { title: untested.title, safe: untested.safe, edits: edits.collect() })
    }
}

/// Whether edits remove a finding of a checked project and make nothing worse.
pub(crate) fn removes(
    project: &Project,
    rules: &RuleSet,
    today: Option<Date>,
    (report, finding): (&Report, &Finding),
    edits: &[FixEdit],
) -> bool {
    let Some(after) = applied(project, edits) else { return false };
    let left = engine::check_project(&after, rules, today, CheckMode::FixTest(&finding.name));
    FindingTally::of(project, report).is_improved_by(&FindingTally::of(&after, &left), &[&id(project, finding)])
}

/// The files that a fix changes.
fn changed_files(project: &Project, untested: &UntestedFix, files: &[FileId]) -> Option<Vec<(FileId, EditedText)>> {
    let changed = |file: FileId| {
        let source = project.source(file).filter(|source| source.is_utf8())?;
        let (document, dialect) = project.document(file)?;
        let of_file = untested.changes.iter().filter(|(other, _)| *other == file);
        let changes: Vec<_> = of_file.map(|(_, change)| change.clone()).collect();
        Some((file, edit::edited(source.text(), &document.tree, dialect, &changes)?))
    };
    files.iter().map(|file| changed(*file)).collect()
}

/// A project with changed files; `None` if it does not have one of them.
fn with_changes(project: &Project, changed: &[(FileId, EditedText)]) -> Option<Project> {
    let mut after = project.clone();
    changed.iter().try_for_each(|(file, edited)| after.replace(*file, edited))?;
    Some(after)
}

/// A project after edits; `None` if one cannot be applied.
pub(crate) fn applied(project: &Project, edits: &[FixEdit]) -> Option<Project> {
    let mut by_file: Vec<(FileId, Vec<TextEdit>)> = Vec::new();
    for one in edits {
        let made = TextEdit { span: one.place.span, text: one.text.clone() };
        match by_file.iter_mut().find(|(file, _)| *file == one.place.file) {
            Some((_, list)) => list.push(made),
            None => by_file.push((one.place.file, vec![made])),
        }
    }
    let edited = |(file, mut edits): (FileId, Vec<TextEdit>)| {
        edits.sort_by_key(|edit| edit.span);
        let (_, dialect) = project.document(file)?;
        Some((file, EditedText::new(project.source(file)?.text(), edits, dialect)))
    };
    let changed: Option<Vec<_>> = by_file.into_iter().map(edited).collect();
    with_changes(project, &changed?)
}

/// The findings of a report without their places, for comparison.
pub(crate) struct FindingTally {
    /// The number of each finding, in all and above note, and its file.
    findings: HashMap<String, FindingCount>,
    /// The uploads, and those with an unknown target, by workflow.
    uploads: BTreeMap<FileId, UploadCount>,
    problems: usize,
}

#[derive(Clone, Copy, Default)]
struct FindingCount {
    file: Option<FileId>,
    all: usize,
    loud: usize,
}

impl FindingTally {
    pub(crate) fn of(project: &Project, report: &Report) -> Self {
        let mut findings: HashMap<String, FindingCount> = HashMap::new();
        for finding in &report.findings {
            let count = findings.entry(id(project, finding)).or_default();
            count.file = Some(finding.primary.place.file);
            count.all += 1;
            count.loud += usize::from(finding.level > Level::Note);
        }
        Self { findings, uploads: report.by_workflow.clone(), problems: report.problems.len() }
    }

    /// The findings and uploads in some workflows.
    fn part(&self, workflows: &HashSet<FileId>) -> Self {
        let inside = |(_, count): &(&String, &FindingCount)| count.file.is_some_and(|file| workflows.contains(&file));
        let findings = self.findings.iter().filter(inside).map(|(id, count)| (id.clone(), *count));
        let uploads = self.uploads.iter().filter(|(file, _)| workflows.contains(*file));
        Self {
            findings: findings.collect(),
            uploads: uploads.map(|(file, count)| (*file, *count)).collect(),
            problems: self.problems,
        }
    }

    /// What it takes to check a project with these findings again, in bytes. Comparing many findings with each other costs more than
    /// reading their text.
    fn work(&self, project: &Project) -> usize {
        let files = project.workflows.iter().chain(&project.config).filter_map(|file| project.source(file.file));
        let bytes: usize = files.map(|source| source.text().len()).sum();
        let findings: usize = self.findings.values().map(|count| count.all).sum();
        let runs: usize = self.uploads.values().map(|count| count.runs).sum();
        bytes + findings.pow(2) / 8 + runs * RUN_WORK
    }

    fn count(&self, id: &str) -> FindingCount {
        self.findings.get(id).copied().unwrap_or_default()
    }

    /// Whether another report has fewer of some findings, and no new ones.
    pub(crate) fn is_improved_by(&self, after: &Self, cured: &[&str]) -> bool {
        let found = |tally: &Self| tally.uploads.values().map(|count| count.all).sum::<usize>();
        let unknown = |tally: &Self| tally.uploads.values().map(|count| count.unknown_targets).sum::<usize>();
        cured.iter().all(|id| after.count(id).all < self.count(id).all)
            && after.findings.iter().all(|(id, count)| count.loud <= self.count(id).loud)
            && found(after) == found(self)
            && unknown(after) <= unknown(self)
            && after.problems <= self.problems
    }
}

/// The fingerprint of a finding in a project.
pub(crate) fn id(project: &Project, finding: &Finding) -> String {
    let path = project.source(finding.primary.place.file).map_or("", SourceFile::path);
    identity(finding, path)
}
