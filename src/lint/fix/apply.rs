//! Applies the fixes that are requested, in rounds. It writes no file.

use jiff::civil::Date;

use crate::lint::findings::{Finding, Fix, FixEdit, HandStep, Report};
use crate::lint::fix::OfferedFixes;
use crate::lint::fix::verify::{FindingTally, applied, check_with_fixes, id};
use crate::lint::rules::set::RuleSet;
use crate::read::project::Project;

/// The maximum number of rounds. Each removes at least one finding, so few are needed.
const MOST_ROUNDS: usize = 10;

/// A project after its fixes.
pub struct AppliedFixes {
    /// The changed project; its files are in the same order as before.
    pub project: Project,
    /// The remaining findings, with the fixes that were not requested.
    pub report: Report,
    /// The applied fixes, in order: the rule's name and the fix's title.
    pub done: Vec<(String, String)>,
    /// What a person does about the fixed findings, once nothing reads the secret of the step.
    after: Vec<HandStep>,
}

impl AppliedFixes {
    /// What a person does: before a fix of the remaining findings, and after the applied fixes. Each sentence once, in the order of the findings.
    pub fn by_hand(&self, reported: impl Fn(&Finding) -> bool) -> Vec<String> {
        let remaining = self.report.findings.iter().filter(|finding| reported(finding)).flat_map(|it| &it.by_hand);
        let before = remaining.filter(|step| step.secret.is_none());
        let unread = |step: &&HandStep| step.secret.as_ref().is_some_and(|secret| !reads_secret(&self.project, secret));
        let mut texts: Vec<String> = Vec::new();
        for step in before.chain(self.after.iter().filter(unread)) {
            if !texts.contains(&step.text) {
                texts.push(step.text.clone());
            }
        }
        texts
    }
}

/// Whether a file of a project names a secret. All files count: a comment that names it is a reason to look before the secret is deleted.
fn reads_secret(project: &Project, secret: &str) -> bool {
    let secret = secret.to_lowercase();
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    project.files.iter().any(|source| {
        let text = source.text().to_lowercase();
        text.match_indices("secrets").any(|(at, word)| {
            let rest = text[at + word.len()..].trim_start_matches(['.', '[', '\'', '"', ' ']);
            rest.strip_prefix(&secret).is_some_and(|after| !after.starts_with(is_name))
        })
    })
}

/// Applies every fix that is `wanted`. Fixes that overlap wait for the next round, which checks the project again.
#[must_use]
pub fn apply_fixes(
    project: &Project,
    rules: &RuleSet,
    today: Option<Date>,
    wanted: impl Fn(&Project, &Finding, &Fix) -> bool,
) -> AppliedFixes {
    let mut fixed = AppliedFixes {
        report: check_with_fixes(project, rules, today, OfferedFixes::All),
        project: project.clone(),
        done: Vec::new(),
        after: Vec::new(),
    };
    for _ in 0..MOST_ROUNDS {
        let chosen = choice(&fixed, &wanted);
        if chosen.is_empty() {
            break;
        }
        let before = FindingTally::of(&fixed.project, &fixed.report);
        let all = round(&fixed, &chosen, rules, today).filter(|(project, report)| {
            let ids: Vec<String> = chosen.iter().map(|(finding, _)| id(&fixed.project, finding)).collect();
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            before.is_improved_by(&FindingTally::of(project, report), &ids)
        });
        // Each fix was tested alone; together they may conflict.
        let (made, next) = match all {
            Some(next) => (&chosen[..], Some(next)),
            None => (&chosen[..1], round(&fixed, &chosen[..1], rules, today)),
        };
        let Some((project, report)) = next else { break };
        let done: Vec<_> = made.iter().map(|(finding, fix)| (finding.name.clone(), fix.title.clone())).collect();
        let after = made.iter().flat_map(|(finding, _)| finding.by_hand.iter().cloned()).collect();
        fixed =
            AppliedFixes { project, report, done: [fixed.done, done].concat(), after: [fixed.after, after].concat() };
    }
    fixed
}

/// The fixes of this round, none of which touches a line of another.
fn choice<'m>(
    fixed: &'m AppliedFixes,
    wanted: &impl Fn(&Project, &Finding, &Fix) -> bool,
) -> Vec<(&'m Finding, &'m Fix)> {
    let mut chosen: Vec<(&Finding, &Fix)> = Vec::new();
    for finding in &fixed.report.findings {
        let Some(fix) = finding.fixes.iter().find(|fix| wanted(&fixed.project, finding, fix)) else { continue };
        let meets = chosen
            .iter()
            .flat_map(|(_, other)| &other.edits)
            .any(|other| fix.edits.iter().any(|edit| overlap(&fixed.project, edit, other)));
        if !meets {
            chosen.push((finding, fix));
        }
    }
    chosen
}

fn overlap(project: &Project, left: &FixEdit, right: &FixEdit) -> bool {
    let lines = |edit: &FixEdit| {
        let source = project.source(edit.place.file)?;
        Some((source.line_at(edit.place.span.start), source.line_at(edit.place.span.end)))
    };
    left.place.file == right.place.file
        && match (lines(left), lines(right)) {
            (Some(left), Some(right)) => left.0 <= right.1 && right.0 <= left.1,
            _ => true,
        }
}

fn round(
    fixed: &AppliedFixes,
    chosen: &[(&Finding, &Fix)],
    rules: &RuleSet,
    today: Option<Date>,
) -> Option<(Project, Report)> {
    let edits: Vec<FixEdit> = chosen.iter().flat_map(|(_, fix)| fix.edits.iter().cloned()).collect();
    let project = applied(&fixed.project, &edits)?;
    let report = check_with_fixes(&project, rules, today, OfferedFixes::All);
    Some((project, report))
}
