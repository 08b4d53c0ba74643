//! Tests every fix before it is offered: it must remove its finding and cause no other.

use std::collections::HashMap;

use jiff::civil::Date;

use crate::lint::engine;
use crate::lint::findings::fingerprint::identity;
use crate::lint::findings::{Finding, Fix, FixEdit, Level, Report};
use crate::lint::fix::UntestedFix;
use crate::lint::rules::set::RuleSet;
use crate::read::edit;
use crate::read::project::Project;
use crate::read::source::{FileId, Place, SourceFile};

/// The maximum number of fixes that are tested for one project.
const MOST_TRIALS: usize = 100;

/// The maximum number of bytes to check again for all tests of one project. A large hostile project gets few tests, but never none.
const MOST_WORK: usize = 8 * 1024 * 1024;

/// Checks a project as [`check`](crate::lint::check) does, and adds to each finding the fix that removes it.
///
/// A fix is tested on the project's text: it parses and makes exactly the intended change; then the finding is gone, there is no new one
/// above note, and every upload is still found and decided.
#[must_use]
pub fn check_with_fixes(project: &Project, rules: &RuleSet, today: Option<Date>) -> Report {
    let mut report = engine::check_project(project, rules, today, true);
    let before = FindingTally::of(project, &report);
    let mut trials = trials(project, &report);
    for finding in &mut report.findings {
        let id = id(project, finding);
        for untested in std::mem::take(&mut finding.untested_fixes) {
            let Some(left) = trials.checked_sub(1) else { break };
            trials = left;
            let fix = tried(project, untested).filter(|(_, after)| {
                let report = engine::check_project(after, rules, today, false);
                before.is_bettered_by(&FindingTally::of(after, &report), &[&id])
            });
            if let Some((fix, _)) = fix {
                // One fix is enough.
                finding.fixes.push(fix);
                break;
            }
        }
    }
    report
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
    let left = engine::check_project(&after, rules, today, false);
    FindingTally::of(project, report).is_bettered_by(&FindingTally::of(&after, &left), &[&id(project, finding)])
}

/// The number of fixes to test. Comparing many findings with each other costs more than reading their text.
fn trials(project: &Project, report: &Report) -> usize {
    let bytes: usize = project.files.iter().map(|source| source.text().len()).sum();
    let work = bytes + report.findings.len().pow(2) / 8;
    (MOST_WORK / work.max(1)).clamp(1, MOST_TRIALS)
}

/// The edits of a fix, with the project after them.
fn tried(project: &Project, untested: UntestedFix) -> Option<(Fix, Project)> {
    let mut files: Vec<FileId> = untested.changes.iter().map(|(file, _)| *file).collect();
    files.sort_unstable();
    files.dedup();
    let mut edits = Vec::new();
    for file in files {
        let source = project.source(file).filter(|source| source.is_utf8())?;
        let (document, dialect) = project.document(file)?;
        let of_file = untested.changes.iter().filter(|(other, _)| *other == file);
        let changes: Vec<_> = of_file.map(|(_, change)| change.clone()).collect();
        let made = edit::edits(source.text(), &document.tree, dialect, &changes)?;
        edits.extend(made.into_iter().map(|edit| FixEdit { place: Place { file, span: edit.span }, text: edit.text }));
    }
    let after = applied(project, &edits)?;
    Some((Fix { title: untested.title, safe: untested.safe, edits }, after))
}

/// A project after edits; `None` if one cannot be applied.
pub(crate) fn applied(project: &Project, edits: &[FixEdit]) -> Option<Project> {
    let mut texts: Vec<(FileId, Vec<edit::TextEdit>)> = Vec::new();
    for one in edits {
        let made = edit::TextEdit { span: one.place.span, text: one.text.clone() };
        match texts.iter_mut().find(|(file, _)| *file == one.place.file) {
            Some((_, list)) => list.push(made),
            None => texts.push((one.place.file, vec![made])),
        }
    }
    let mut after = project.clone();
    for (file, mut edits) in texts {
        edits.sort_by_key(|edit| edit.span);
        let text = edit::apply(project.source(file)?.text(), &edits);
        after.replace(file, text)?;
    }
    Some(after)
}

/// The findings of a report without their places, for comparison.
pub(crate) struct FindingTally {
    /// The number of each finding, in all and above note.
    findings: HashMap<String, (usize, usize)>,
    uploads: usize,
    unknown_targets: usize,
    problems: usize,
}

impl FindingTally {
    pub(crate) fn of(project: &Project, report: &Report) -> Self {
        let mut findings: HashMap<String, (usize, usize)> = HashMap::new();
        for finding in &report.findings {
            let counts = findings.entry(id(project, finding)).or_default();
            counts.0 += 1;
            counts.1 += usize::from(finding.level > Level::Note);
        }
        Self {
            findings,
            uploads: report.uploads,
            unknown_targets: report.unknown_targets,
            problems: report.problems.len(),
        }
    }

    fn count(&self, id: &str) -> (usize, usize) {
        self.findings.get(id).copied().unwrap_or_default()
    }

    /// Whether another report has fewer of some findings and is not worse otherwise.
    pub(crate) fn is_bettered_by(&self, after: &Self, cured: &[&str]) -> bool {
        cured.iter().all(|id| after.count(id).0 < self.count(id).0)
            && after.findings.iter().all(|(id, (_, loud))| *loud <= self.count(id).1)
            && after.uploads == self.uploads
            && after.unknown_targets <= self.unknown_targets
            && after.problems <= self.problems
    }
}

/// The fingerprint of a finding in a project.
pub(crate) fn id(project: &Project, finding: &Finding) -> String {
    let path = project.source(finding.primary.place.file).map_or("", SourceFile::path);
    identity(finding, path)
}
