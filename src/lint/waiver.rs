//! Reasoned exceptions: comments in workflows and entries of the config. It decides what they hide, and which of them hide nothing.

use jiff::civil::Date;

use super::finding::{Finding, Suppressed};
use super::ruleset::RuleSet;
use crate::read::config::Config;
use crate::read::problem::{Problem, suggestion};
use crate::read::project::Project;
use crate::read::source::Place;

/// A waiver of either kind.
#[derive(Debug, Clone)]
pub struct Waiver {
    /// The rule's name, as far as there is such a rule; else what is written.
    pub rule: String,
    /// Where it stands.
    pub place: Place,
    /// Why.
    pub reason: String,
    /// What became of it.
    pub status: &'static str,
    reach: Reach,
}

#[derive(Debug, Clone)]
enum Reach {
    /// Findings on these lines (from 1) of the comment's file.
    Lines(std::ops::RangeInclusive<u32>),
    /// Findings in a workflow, job and step, where named.
    Parts { workflow: Option<String>, job: Option<String>, step: Option<String> },
}

/// The marker of a comment.
const MARKER: &str = "trustpub:";

/// All waivers of a project; what is wrong with those of the config is added to `problems`.
#[must_use]
pub fn collect(
    project: &Project,
    config: &Config<'_>,
    rules: &RuleSet,
    today: Option<Date>,
    problems: &mut Vec<Problem>,
) -> Vec<Waiver> {
    let mut waivers = comments(project, rules);
    for declared in &config.ignore {
        let word = declared.rule.value();
        let Some(rule) = rules.find(word) else {
            problems.push(Problem::new(
                declared.rule.place(),
                format!("there is no rule `{word}`{}", suggestion(word, rules.words())),
            ));
            continue;
        };
        let mut status = "unused";
        if let Some(expires) = declared.expires {
            match expires.value().parse::<Date>() {
                Ok(day) if today.is_some_and(|today| today > day) => status = "expired",
                Ok(_) => {}
                Err(_) => problems.push(Problem::new(
                    expires.place(),
                    format!("`expires` is a date such as `2027-03-01`, not `{}`", expires.value()),
                )),
            }
        }
        let text = |text: Option<crate::read::text::Text<'_>>| text.map(|text| text.value().to_owned());
        waivers.push(Waiver {
            rule: rule.name.clone(),
            place: declared.place,
            reason: declared.reason.value().to_owned(),
            status,
            reach: Reach::Parts {
                workflow: text(declared.workflow),
                job: text(declared.job),
                step: text(declared.step),
            },
        });
    }
    waivers
}

/// `# trustpub: ignore[name, TP101] reason`, on the line or on the line above.
fn comments(project: &Project, rules: &RuleSet) -> Vec<Waiver> {
    let mut waivers = Vec::new();
    for document in &project.workflows {
        let Some(source) = project.source(document.file) else { continue };
        let comments = document.tree.comments();
        for (index, comment) in comments.iter().enumerate() {
            let Some(rest) = comment.text.strip_prefix(MARKER).map(str::trim_start) else { continue };
            let Some((names, reason)) = rest.strip_prefix("ignore[").and_then(|rest| rest.split_once(']')) else {
                continue;
            };
            let line = source.line_at(comment.span.start);
            // Waivers for one line may stand above each other.
            let mut last = line;
            for next in comments[index + 1..].iter().take_while(|next| comment.own_line && next.own_line) {
                if source.line_at(next.span.start) != last + 1 {
                    break;
                }
                last += 1;
            }
            let lines = if comment.own_line { last + 1..=last + 1 } else { line..=line };
            for word in names.split(',').map(str::trim) {
                let rule = rules.find(word);
                let status = match rule {
                    None => "unknown",
                    Some(_) if reason.trim().is_empty() => "unreasoned",
                    Some(_) => "unused",
                };
                waivers.push(Waiver {
                    rule: rule.map_or_else(|| word.to_owned(), |rule| rule.name.clone()),
                    place: Place { file: document.file, span: comment.span },
                    reason: reason.trim().to_owned(),
                    status,
                    reach: Reach::Lines(lines.clone()),
                });
            }
        }
    }
    waivers
}

/// Parts findings into those that are shown and those that a waiver hides.
pub fn apply(project: &Project, waivers: &mut [Waiver], findings: Vec<Finding>) -> (Vec<Finding>, Vec<Suppressed>) {
    let (mut shown, mut hidden) = (Vec::new(), Vec::new());
    for finding in findings {
        let waiver = waivers
            .iter_mut()
            .find(|waiver| matches!(waiver.status, "unused" | "used") && covers(project, waiver, &finding));
        match waiver {
            Some(waiver) => {
                waiver.status = "used";
                let in_source = matches!(waiver.reach, Reach::Lines(_));
                hidden.push(Suppressed { reason: waiver.reason.clone(), in_source, finding });
            }
            None => shown.push(finding),
        }
    }
    (shown, hidden)
}

fn covers(project: &Project, waiver: &Waiver, finding: &Finding) -> bool {
    if waiver.rule != finding.name {
        return false;
    }
    let place = finding.primary.place;
    let Some(source) = project.source(place.file) else { return false };
    match &waiver.reach {
        Reach::Lines(lines) => place.file == waiver.place.file && lines.contains(&source.line_at(place.span.start)),
        Reach::Parts { workflow, job, step } => {
            let mut parts = finding.subject.split('/');
            let same =
                |wanted: &Option<String>, has: Option<&str>| wanted.as_deref().is_none_or(|wanted| has == Some(wanted));
            same(workflow, Some(source.file_name()))
                && same(job, parts.next())
                && (step.is_none() || same(step, Some(parts.collect::<Vec<_>>().join("/").as_str())))
        }
    }
}
