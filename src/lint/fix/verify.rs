//! Tries every fix before it is offered. What does not cure its finding, or does any harm that the rules can see, is not offered.

use std::collections::HashMap;

use jiff::civil::Date;

use crate::lint::engine;
use crate::lint::findings::fingerprint::identity;
use crate::lint::findings::{Finding, Fix, FixEdit, Level, NoticeKind, Report};
use crate::lint::fix::FixDraft;
use crate::lint::rules::set::RuleSet;
use crate::read::edit;
use crate::read::project::Project;
use crate::read::source::{FileId, Place, SourceFile};

/// How many fixes are tried for one project at most: each costs one more judgement of all of it.
const MOST_TRIALS: usize = 100;

/// How much is judged again for all the trials of one project, in bytes of its files. A hostile project gets few trials, never none.
const MOST_WORK: usize = 8 * 1024 * 1024;

/// Judges a project as [`check`](crate::lint::check) does, and adds to each finding the fix that is known to cure it.
///
/// A fix is tried on the text of the project: it parses, says exactly what was meant to change and nothing else; then the finding is
/// gone, no other above note has come, and no publication or certainty was lost.
#[must_use]
pub fn offer(project: &Project, rules: &RuleSet, today: Option<Date>) -> Report {
    let mut report = engine::judge(project, rules, today, true);
    let before = FindingTally::of(project, &report);
    let mut trials = trials(project, &report);
    for finding in &mut report.findings {
        let id = id(project, finding);
        for draft in std::mem::take(&mut finding.drafts) {
            let Some(left) = trials.checked_sub(1) else { break };
            trials = left;
            let fix = tried(project, draft).filter(|(_, after)| {
                let report = engine::judge(after, rules, today, false);
                before.is_bettered_by(&FindingTally::of(after, &report), &[&id])
            });
            if let Some((fix, _)) = fix {
                // One that cures it is enough.
                finding.fixes.push(fix);
                break;
            }
        }
    }
    report
}

/// How many fixes may be tried. Findings are compared with each other, so many of them weigh more than their text.
fn trials(project: &Project, report: &Report) -> usize {
    let bytes: usize = project.files.iter().map(|source| source.text().len()).sum();
    let work = bytes + report.findings.len().pow(2) / 8;
    (MOST_WORK / work.max(1)).clamp(1, MOST_TRIALS)
}

/// A draft as edits, with the project as it would then be.
fn tried(project: &Project, draft: FixDraft) -> Option<(Fix, Project)> {
    let mut files: Vec<FileId> = draft.changes.iter().map(|(file, _)| *file).collect();
    files.sort_unstable();
    files.dedup();
    let mut edits = Vec::new();
    for file in files {
        let source = project.source(file).filter(|source| source.is_utf8())?;
        let (document, dialect) = project.document(file)?;
        let of_file = draft.changes.iter().filter(|(other, _)| *other == file);
        let changes: Vec<_> = of_file.map(|(_, change)| change.clone()).collect();
        let made = edit::edits(source.text(), &document.tree, dialect, &changes)?;
        edits.extend(made.into_iter().map(|edit| FixEdit { place: Place { file, span: edit.span }, text: edit.text }));
    }
    let after = applied(project, &edits)?;
    Some((Fix { title: draft.title, safe: draft.safe, edits }, after))
}

/// A project after edits; `None` where one cannot be made.
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

/// What a report says, without its places.
pub(crate) struct FindingTally {
    /// How often each finding is there, and how often above note.
    findings: HashMap<String, (usize, usize)>,
    uploads: usize,
    undecided: usize,
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
        let undecided = report.notices.iter().filter(|notice| notice.kind == NoticeKind::Undecided).count();
        Self { findings, uploads: report.uploads, undecided, problems: report.problems.len() }
    }

    fn count(&self, id: &str) -> (usize, usize) {
        self.findings.get(id).copied().unwrap_or_default()
    }

    /// Whether another report says less of some findings, and nothing else is worse there.
    pub(crate) fn is_bettered_by(&self, after: &Self, cured: &[&str]) -> bool {
        cured.iter().all(|id| after.count(id).0 < self.count(id).0)
            && after.findings.iter().all(|(id, (_, loud))| *loud <= self.count(id).1)
            && after.uploads == self.uploads
            && after.undecided <= self.undecided
            && after.problems <= self.problems
    }
}

/// The identity of a finding in a project.
pub(crate) fn id(project: &Project, finding: &Finding) -> String {
    let path = project.source(finding.primary.place.file).map_or("", SourceFile::path);
    identity(finding, path)
}
