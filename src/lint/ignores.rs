//! Ignores: comments in workflows and entries of the config that hide findings, and the check that each of them hides one.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;

use crate::lint::findings::{Finding, Suppressed};
use crate::lint::rules::set::RuleSet;
use crate::read::config::Config;
use crate::read::problem::{Problem, closest, suggestion};
use crate::read::project::Project;
use crate::read::source::{FileId, Place, SourceFile, Span};
use crate::read::yaml::Comment;

/// An ignore of either kind.
#[derive(Debug, Clone)]
pub struct Ignore {
    /// The rule's name; if there is no such rule, the word as written.
    pub rule: String,
    /// The rule that a misspelt name most likely means.
    pub meant: Option<String>,
    /// Its place.
    pub place: Place,
    /// Why it is there.
    pub reason: String,
    /// Whether it hid a finding: a value of the fact `ignore.status`.
    pub status: &'static str,
    reach: IgnoreScope,
}

#[derive(Debug, Clone)]
enum IgnoreScope {
    /// Findings on these lines (from 1) of the comment's file.
    Lines(std::ops::RangeInclusive<u32>),
    /// Findings in a workflow, job and step, if named.
    Parts { workflow: Option<String>, job: Option<String>, step: Option<String> },
}

/// How such a comment begins.
const MARKER: &str = "trustpub:";

/// A comment that ignores rules.
struct IgnoreComment<'s> {
    /// The rules, each with its place.
    names: Vec<(&'s str, Span)>,
    reason: &'s str,
    /// `ignore` without `[…]`, which has no effect.
    malformed: bool,
}

impl<'s> IgnoreComment<'s> {
    /// Reads `# trustpub: ignore[name, TP101] reason`; any other comment is not an ignore.
    fn read(source: &'s SourceFile, comment: Span) -> Option<Self> {
        let text = source.slice(comment);
        let rest = text.trim_start_matches('#').trim_start().strip_prefix(MARKER)?.trim_start();
        let Some((list, reason)) = rest.strip_prefix("ignore[").and_then(|rest| rest.split_once(']')) else {
            let after = rest.strip_prefix("ignore")?;
            if after.starts_with(|letter: char| letter.is_alphanumeric() || letter == '-') {
                return None;
            }
            return Some(Self { names: vec![("", comment)], reason: "", malformed: true });
        };
        let at = text.len() - rest.len() + "ignore[".len();
        let mut names = Vec::new();
        let mut from = at;
        for written in list.split(',') {
            let word = written.trim();
            let start = from + written.len() - written.trim_start().len();
            let bound = |at: usize| comment.start + u32::try_from(at).unwrap_or(0);
            names.push((word, Span::new(bound(start), bound(start + word.len()))));
            from += written.len() + 1;
        }
        Some(Self { names, reason: reason.trim(), malformed: false })
    }
}

/// Collects the ignores of a project; problems of those in the config are added to `problems`.
#[must_use]
pub fn collect(
    project: &Project,
    config: &Config<'_>,
    rules: &RuleSet,
    today: Option<Date>,
    problems: &mut Vec<Problem>,
) -> Vec<Ignore> {
    let mut ignores = comments(project, rules);
    for declared in &config.ignore {
        let word = declared.rule.value();
        let Some(rule) = rules.find(word) else {
            problems.push(Problem::new(
                declared.rule.place(),
                format!("there is no rule `{word}`{}", suggestion(word, rules.words())),
            ));
            continue;
        };
        let mut status = if declared.reason.value().trim().is_empty() { "unreasoned" } else { "unused" };
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
        ignores.push(Ignore {
            rule: rule.name.clone(),
            meant: None,
            place: declared.place,
            reason: declared.reason.value().to_owned(),
            status,
            reach: IgnoreScope::Parts {
                workflow: text(declared.workflow),
                job: text(declared.job),
                step: text(declared.step),
            },
        });
    }
    ignores
}

/// Collects `# trustpub: ignore[name, TP101] reason` comments, which apply to their line or to the line below. In a block scalar a `#`
/// belongs to the script, so a comment at the scalar's header applies to all its lines.
fn comments(project: &Project, rules: &RuleSet) -> Vec<Ignore> {
    let mut ignores = Vec::new();
    for document in project.workflows.iter().chain(&project.config) {
        let comments = document.tree.comments();
        let is_marked = |source: &&SourceFile| comments.iter().any(|it| IgnoreComment::read(source, it.span).is_some());
        let Some(source) = project.source(document.file).filter(is_marked) else { continue };
        let last_lines = last_lines(source, comments);
        let scalars: HashMap<u32, u32> = (document.tree.block_scalars())
            .map(|span| (source.line_at(span.start), source.line_at(span.end)))
            .collect();
        for (index, comment) in comments.iter().enumerate() {
            let Some(marker) = IgnoreComment::read(source, comment.span) else { continue };
            let line = source.line_at(comment.span.start);
            let covered = if comment.own_line { last_lines[index] + 1 } else { line };
            let lines = covered..=scalars.get(&covered).copied().unwrap_or(covered);
            for (word, span) in marker.names {
                let rule = rules.find(word);
                let meant = rule.is_none().then(|| closest(word, rules.rules.iter().map(|rule| rule.name.as_str())));
                let status = match rule {
                    _ if marker.malformed => "malformed",
                    None if meant.flatten().is_some() => "misspelt",
                    None => "unknown",
                    Some(_) if marker.reason.is_empty() => "unreasoned",
                    Some(_) => "unused",
                };
                ignores.push(Ignore {
                    rule: rule.map_or_else(|| word.to_owned(), |rule| rule.name.clone()),
                    meant: meant.flatten().map(str::to_owned),
                    place: Place { file: document.file, span },
                    reason: marker.reason.to_owned(),
                    status,
                    reach: IgnoreScope::Lines(lines.clone()),
                });
            }
        }
    }
    ignores
}

/// For each comment the last line of the block of comments that it belongs to: all of them apply to the line below.
fn last_lines(source: &SourceFile, comments: &[Comment]) -> Vec<u32> {
    let mut last: Vec<u32> = comments.iter().map(|comment| source.line_at(comment.span.start)).collect();
    for index in (1..comments.len()).rev() {
        let (before, after) = (&comments[index - 1], &comments[index]);
        let next_line = source.line_at(after.span.start) == source.line_at(before.span.start) + 1;
        if before.own_line && after.own_line && next_line {
            last[index - 1] = last[index];
        }
    }
    last
}

/// The part of a comment to delete so that it no longer ignores the rule at `word`; `None` if that is its only rule.
#[must_use]
pub fn without(source: &SourceFile, comment: Span, word: Span) -> Option<Span> {
    let names = IgnoreComment::read(source, comment)?.names;
    let index = names.iter().position(|(_, span)| *span == word)?;
    let before = index.checked_sub(1).and_then(|before| names.get(before));
    match (names.get(index + 1), before) {
        (Some((_, next)), _) => Some(Span::new(word.start, next.start)),
        (None, Some((_, before))) => Some(Span::new(before.end, word.end)),
        (None, None) => None,
    }
}

/// Splits findings into those that are shown and those that an ignore hides.
pub fn apply(project: &Project, ignores: &mut [Ignore], findings: Vec<Finding>) -> (Vec<Finding>, Vec<Suppressed>) {
    let index = IgnoreIndex::new(project, ignores);
    let (mut shown, mut hidden) = (Vec::new(), Vec::new());
    for finding in findings {
        let candidates = index.candidates(project, &finding).into_iter();
        let position = candidates.filter(|position| covers(project, &ignores[*position], &finding)).min();
        match position.and_then(|position| ignores.get_mut(position)) {
            Some(ignore) => {
                ignore.status = "used";
                let in_source = matches!(ignore.reach, IgnoreScope::Lines(_));
                hidden.push(Suppressed { reason: ignore.reason.clone(), in_source, finding });
            }
            None => shown.push(finding),
        }
    }
    (shown, hidden)
}

/// The workflow, job and step of an entry of the config; `None` for any.
type Parts = (Option<String>, Option<String>, Option<String>);

/// Finds the ignores that may hide a finding without trying all of them. Of equal ones the first is kept.
#[derive(Default)]
struct IgnoreIndex {
    /// By rule and file: the first covered line with the position. Covered lines are one line or one block scalar, so they do not overlap.
    lines: HashMap<(String, FileId), BTreeMap<u32, usize>>,
    /// By rule and parts: entries of the config.
    parts: HashMap<String, HashMap<Parts, usize>>,
}

impl IgnoreIndex {
    fn new(project: &Project, ignores: &[Ignore]) -> Self {
        let mut index = Self::default();
        for (position, ignore) in ignores.iter().enumerate().filter(|(_, ignore)| ignore.status == "unused") {
            match &ignore.reach {
                IgnoreScope::Lines(lines) if project.source(ignore.place.file).is_some() => {
                    let of_file = index.lines.entry((ignore.rule.clone(), ignore.place.file)).or_default();
                    of_file.entry(*lines.start()).or_insert(position);
                }
                IgnoreScope::Lines(_) => {}
                IgnoreScope::Parts { workflow, job, step } => {
                    let parts = (workflow.clone(), job.as_deref().map(str::to_ascii_lowercase), step.clone());
                    index.parts.entry(ignore.rule.clone()).or_default().entry(parts).or_insert(position);
                }
            }
        }
        index
    }

    fn candidates(&self, project: &Project, finding: &Finding) -> Vec<usize> {
        let place = finding.primary.place;
        let mut found = Vec::new();
        if let (Some(lines), Some(source)) =
            (self.lines.get(&(finding.name.clone(), place.file)), project.source(place.file))
        {
            let line = source.line_at(place.span.start);
            found.extend(lines.range(..=line).next_back().map(|(_, position)| *position));
        }
        let Some(parts) = self.parts.get(&finding.name) else { return found };
        let places = finding.steps.iter().map(|step| step.place).chain([place]);
        let files = places.filter_map(|place| project.source(place.file)).map(|source| source.file_name().to_owned());
        let files: Vec<Option<String>> = files.map(Some).chain([None]).collect();
        let job = finding.jobs.first().map(|job| job.to_ascii_lowercase());
        let jobs = if job.is_some() { vec![job, None] } else { vec![None] };
        let steps: Vec<Option<String>> = finding.step.iter().cloned().map(Some).chain([None]).collect();
        for file in &files {
            for job in &jobs {
                for step in &steps {
                    found.extend(parts.get(&(file.clone(), job.clone(), step.clone())));
                }
            }
        }
        found
    }
}

fn covers(project: &Project, ignore: &Ignore, finding: &Finding) -> bool {
    if ignore.rule != finding.name {
        return false;
    }
    let place = finding.primary.place;
    let Some(source) = project.source(place.file) else { return false };
    match &ignore.reach {
        IgnoreScope::Lines(lines) => {
            place.file == ignore.place.file && lines.contains(&source.line_at(place.span.start))
        }
        IgnoreScope::Parts { workflow, job, step } => {
            let file = |place: Place| project.source(place.file).map(SourceFile::file_name);
            let mut files = finding.steps.iter().map(|step| step.place).chain([place]);
            let jobs =
                |job: &String| !finding.jobs.is_empty() && finding.jobs.iter().all(|id| id.eq_ignore_ascii_case(job));
            workflow.as_deref().is_none_or(|workflow| files.any(|place| file(place) == Some(workflow)))
                && job.as_ref().is_none_or(jobs)
                && step.as_ref().is_none_or(|step| finding.step.contains(step))
        }
    }
}
