//! Turns raw findings into findings: counts the runs of each, drops those whose cause another rule reports, merges equal ones and sets
//! their levels.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::lint::facts::{self, Fact};
use crate::lint::findings::{Finding, HandStep, Label, Level};
use crate::lint::rules::{FactCondition, Quantifier, Rule};
use crate::lint::subjects::{Item, Subject, SubjectKind};
use crate::lint::uploads::Upload;
use crate::read::source::{FileId, Place};
use crate::workflow::expression::Truth;
use crate::workflow::model::{Step, Text, action};

/// The part of a project that a finding is about, to find others with the same cause. `None` stands for all parts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct SubjectScope {
    file: Option<FileId>,
    job: Option<String>,
    step: Option<usize>,
    upload: Option<usize>,
    publisher: Option<usize>,
    /// Whether the job has a `permissions` block of its own.
    own_block: bool,
    /// Whether the subject is an entry of a `permissions` block.
    is_permission: bool,
    /// The permission scope.
    scope: Option<String>,
}

impl SubjectScope {
    fn of(subject: &Subject<'_, '_, '_>) -> Self {
        let publisher = subject.publisher().filter(|_| subject.upload().is_none());
        Self {
            file: subject.workflow().map(|workflow| workflow.file),
            job: subject.job().map(|job| job.id.value().to_owned()),
            // A need belongs to the job, whichever of its steps has it.
            step: subject.step().filter(|_| subject.need().is_none()).map(|step| step.index),
            upload: subject.upload().map(|upload| upload.index),
            publisher: publisher.map(|publisher| publisher.index),
            own_block: subject.job().is_some_and(|job| job.permissions.is_some()),
            is_permission: subject.permission().is_some(),
            scope: subject.need().map(|check| check.need.scope.clone()),
        }
    }

    /// Whether a finding about `other` may be the cause of one about this part.
    fn shares_cause(&self, other: &Self) -> bool {
        let replaced = other.is_permission && other.job.is_none() && self.own_block;
        !replaced && (self.contains(other) || other.contains(self))
    }

    fn contains(&self, inner: &Self) -> bool {
        fn fits<T: PartialEq>(outer: &Option<T>, inner: &Option<T>) -> bool {
            outer.is_none() || outer == inner
        }
        fits(&self.file, &inner.file)
            && fits(&self.job, &inner.job)
            && fits(&self.step, &inner.step)
            && fits(&self.upload, &inner.upload)
            && fits(&self.scope, &inner.scope)
            && self.publisher == inner.publisher
    }
}

/// The run of an upload that a finding is about.
#[derive(Debug, Clone)]
struct FailedRun {
    when: String,
    is_reached: bool,
}

/// What a rule found for one subject.
#[derive(Debug, Clone)]
pub(crate) struct RawFinding {
    rule: usize,
    value: Option<String>,
    /// Whether it holds in every run, or in every run that is known to reach the upload.
    every: bool,
    /// Whether it is only known for runs that may not reach the upload.
    may_not_happen: bool,
    about: SubjectScope,
    /// The name of the subject's registry, if it is known.
    registry: Option<String>,
    run: Option<FailedRun>,
    /// The workflow of another repository that its job calls.
    called: Option<String>,
    pub(crate) finding: Finding,
}

impl RawFinding {
    /// The finding of a rule whose requirement a subject does not meet; `None` if its message needs an unknown fact.
    pub(crate) fn new(
        (rule_index, rule): (usize, &Rule),
        (requirement, condition): (usize, &FactCondition),
        fact: &Fact,
        subject: &Subject<'_, '_, '_>,
    ) -> Option<Self> {
        let Fact::Known(value, own_place) = fact else { return None };
        let place = match rule.at.as_deref().map(|name| facts::ask(subject, name)) {
            Some(Fact::Known(_, place)) => place,
            _ => *own_place,
        };
        let fact = condition.fact.as_str();
        let message = rule.sentence(fact, value.as_deref())?.render(|name| facts::ask(subject, name))?;
        let labels = rule.show.iter().filter_map(|(name, text)| match facts::ask(subject, name) {
            Fact::Known(_, at) if at != place => {
                text.render(|name| facts::ask(subject, name)).map(|text| Label { place: at, text })
            }
            _ => None,
        });
        let mut about = SubjectScope::of(subject);
        about.scope = about.scope.or_else(|| fact.strip_prefix("permission.").map(str::to_owned));
        let run = match subject.item {
            Item::Upload(_, Some(view)) => {
                Some(FailedRun { when: view.run.when(), is_reached: view.run.reach == Truth::Yes })
            }
            _ => None,
        };
        let finding = Finding {
            code: rule.code.clone(),
            name: rule.name.clone(),
            level: rule.levels.usual(),
            message,
            primary: Label { place, text: String::new() },
            labels: labels.collect(),
            steps: if run.is_some() { path(subject) } else { Vec::new() },
            runs: Vec::new(),
            subject: subject.name(),
            jobs: about.job.clone().into_iter().collect(),
            step: subject.step().map(step_names).unwrap_or_default(),
            fact: fact.to_owned(),
            requirement,
            fixes: Vec::new(),
            untested_fixes: Vec::new(),
            by_hand: Vec::new(),
        };
        let registry = match facts::ask(subject, "registry.name") {
            Fact::Known(name, _) => name.map(Cow::into_owned),
            _ => None,
        };
        let value = value.as_deref().map(str::to_owned);
        let called = subject.job().and_then(|job| job.uses).map(Text::value);
        let called = called.filter(|called| !called.starts_with(['.', '$'])).map(str::to_owned);
        Some(Self {
            rule: rule_index,
            value,
            every: true,
            may_not_happen: false,
            about,
            registry,
            run,
            called,
            finding,
        })
    }

    /// The workflow that its subject is in; `None` for uploads, and for subjects of no workflow.
    pub(crate) fn workflow(&self) -> Option<FileId> {
        self.about.file.filter(|_| self.about.upload.is_none())
    }

    /// Whether another finding says the same of another registry.
    fn is_of_other_registry(&self, other: &Self) -> bool {
        let (Some(own), Some(others)) = (&self.registry, &other.registry) else { return false };
        own != others && self.finding.message.replace(own.as_str(), others) == other.finding.message
    }

    /// Whether another finding may be the cause of this one: it is about the same part, or has the same place in the same job.
    fn shares_cause(&self, other: &Self) -> bool {
        let same_place = self.about.scope.is_some()
            && self.about.job == other.about.job
            && self.finding.primary.place == other.finding.primary.place;
        same_place || self.about.shares_cause(&other.about)
    }
}

/// The names by which an ignore can refer to a step.
fn step_names(step: &Step<'_>) -> Vec<String> {
    let names = [step.id, step.name, step.uses].into_iter().flatten().map(Text::value);
    names.chain(step.uses.map(|uses| action(uses.value()))).map(str::to_owned).collect()
}

/// The path of a run to an upload: trigger, calling jobs, job, steps with actions, upload.
fn path(subject: &Subject<'_, '_, '_>) -> Vec<Label> {
    let (Some(upload), Some(view)) = (subject.upload(), subject.view()) else { return Vec::new() };
    let run = view.run.run();
    let mut labels = vec![Label { place: run.trigger, text: "the run starts here".into() }];
    labels.extend(run.calls.iter().map(|call| {
        let text = format!("job `{}` calls the workflow", call.job.id.value());
        Label { place: call.job.uses.map_or(call.job.id.place(), Text::place), text }
    }));
    let resolved = &upload.site.resolved;
    let job = resolved.job.id;
    labels.push(Label { place: job.place(), text: format!("job `{}` runs", job.value()) });
    labels.extend(resolved.frames.iter().map(|frame| {
        let place = frame.step.uses.map_or(frame.step.place, Text::place);
        Label { place, text: "the step uses the action".into() }
    }));
    labels.extend(resolved.calls.iter().map(|frame| {
        let span = frame.call.command.span.clone();
        let command = frame.caller.value().get(span.clone()).unwrap_or_default().trim();
        Label { place: frame.caller.inner(span), text: format!("`{command}` runs the script") }
    }));
    labels.push(Label { place: resolved.place(), text: "the upload".into() });
    labels
}

/// A finding of one rule in some runs of an upload.
struct FailedRuns {
    raw: RawFinding,
    whens: Vec<String>,
    count: usize,
    /// How many of them are known to reach the upload.
    reached: usize,
}

/// Merges equal findings of the runs of one upload, and drops those that do not hold in as many runs as their rule needs.
pub(crate) fn merge_runs(found: Vec<RawFinding>, rules: &[Rule], upload: &Upload<'_, '_>) -> Vec<RawFinding> {
    let mut failures: Vec<FailedRuns> = Vec::new();
    for mut raw in found {
        let Some(run) = raw.run.take() else { continue };
        let equal = |failure: &&mut FailedRuns| {
            failure.raw.rule == raw.rule
                && failure.raw.finding.primary == raw.finding.primary
                && failure.raw.finding.message == raw.finding.message
        };
        match failures.iter_mut().find(equal) {
            Some(failure) => {
                failure.count += 1;
                failure.reached += usize::from(run.is_reached);
                if !failure.whens.contains(&run.when) {
                    failure.whens.push(run.when);
                }
            }
            None => {
                let reached = usize::from(run.is_reached);
                failures.push(FailedRuns { raw, whens: vec![run.when], count: 1, reached });
            }
        }
    }
    let total = upload.runs.len();
    let total_reached = upload.runs.iter().filter(|run| run.reach == Truth::Yes).count();
    let mut counts: HashMap<(usize, &str), (usize, usize)> = HashMap::new();
    for failure in failures.iter() {
        let (count, reached) = counts.entry((failure.raw.rule, &failure.raw.finding.fact)).or_default();
        *count += failure.count;
        *reached += failure.reached;
    }
    let counts = failures.iter().map(|failure| counts[&(failure.raw.rule, failure.raw.finding.fact.as_str())]);
    let counts: Vec<_> = counts.collect();
    let mut merged = Vec::new();
    for (mut failure, (count, reached)) in failures.into_iter().zip(counts) {
        let rule = &rules[failure.raw.rule];
        let every = count >= total && upload.cut.is_none();
        if rule.runs == Quantifier::Every && !every {
            continue;
        }
        failure.raw.every = every || reached > 0 && reached >= total_reached && upload.cut.is_none();
        // A refusal in a run that may not reach the upload is worth a warning: that may be the automatic release.
        failure.raw.may_not_happen = failure.reached == 0 && !every;
        if !failure.raw.may_not_happen || rule.levels.usual() == Level::Error {
            merged.push(failure.finish(total));
        }
    }
    merged
}

impl FailedRuns {
    fn finish(self, total: usize) -> RawFinding {
        let Self { mut raw, whens, count, .. } = self;
        let finding = &mut raw.finding;
        // At the event itself the message names the runs already.
        let at_event = finding.steps.first().is_some_and(|step| step.place == finding.primary.place);
        if count < total {
            if !at_event {
                let named = whens.iter().take(3).cloned().collect::<Vec<_>>().join(" and ");
                let more = whens.len().saturating_sub(3);
                let more = match more {
                    0 => String::new(),
                    1 => " and in 1 more kind of run".to_owned(),
                    _ => format!(" and in {more} more kinds of runs"),
                };
                finding.message = format!("{}, {named}{more}", finding.message);
            }
            finding.runs = whens;
        }
        raw
    }
}

/// Finds the findings of a rule that may share their cause with another, without comparing all pairs.
struct CauseIndex<'f> {
    found: &'f [RawFinding],
    /// By rule and publisher.
    positions: HashMap<(usize, Option<usize>), PositionsByFile<'f>>,
}

/// Positions of findings in their order, by file and then by job.
type PositionsByFile<'f> = HashMap<Option<FileId>, HashMap<Option<&'f str>, Vec<usize>>>;

impl<'f> CauseIndex<'f> {
    fn new(found: &'f [RawFinding]) -> Self {
        let mut positions: HashMap<_, PositionsByFile<'f>> = HashMap::new();
        for (position, raw) in found.iter().enumerate() {
            let SubjectScope { file, job, publisher, .. } = &raw.about;
            let of_rule = positions.entry((raw.rule, *publisher)).or_default();
            of_rule.entry(*file).or_default().entry(job.as_deref()).or_default().push(position);
        }
        Self { found, positions }
    }

    /// The first finding of a rule that may be the cause of another.
    fn cause(&self, rule: usize, raw: &RawFinding) -> Option<usize> {
        let SubjectScope { file, job, publisher, .. } = &raw.about;
        let files = self.positions.get(&(rule, *publisher))?;
        let in_files = files.iter().filter(|(other, _)| file.is_none() || other.is_none() || **other == *file);
        let mut first = None;
        for (_, jobs) in in_files {
            let lists: Vec<_> = match job {
                None => jobs.values().collect(),
                Some(job) => [Some(job.as_str()), None].iter().filter_map(|job| jobs.get(job)).collect(),
            };
            for list in lists {
                let hit = list.iter().copied().find(|position| raw.shares_cause(&self.found[*position]));
                first = first.into_iter().chain(hit).min();
            }
        }
        first
    }
}

/// A finding that yields to no other.
struct KeptFinding<'f> {
    raw: &'f RawFinding,
    /// Further jobs that it holds for.
    jobs: Vec<String>,
    /// The same findings of other registries, in the same job.
    registries: Vec<&'f RawFinding>,
    /// Labels of findings that yield to it.
    labels: Vec<Label>,
    /// What a person does about equal findings.
    by_hand: Vec<HandStep>,
}

/// What equal findings have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum FindingCause<'f> {
    /// The place.
    Place(Place),
    /// Jobs of a file that call the same workflow of another repository.
    Call(Option<FileId>, &'f str),
}

impl<'f> FindingCause<'f> {
    fn of(raw: &'f RawFinding) -> Self {
        match &raw.called {
            Some(called) => Self::Call(raw.about.file, called),
            None => Self::Place(raw.finding.primary.place),
        }
    }
}

/// Lets findings yield to their cause, merges equal ones and gives the levels.
pub(crate) fn merge_findings(found: &[RawFinding], rules: &[Rule], levels: &[Option<Option<Level>>]) -> Vec<Finding> {
    let index = CauseIndex::new(found);
    let rule_named = |name: &String| rules.iter().position(|rule| rule.name == *name);
    let mut kept: Vec<KeptFinding<'_>> = Vec::new();
    let mut by_cause: HashMap<(usize, FindingCause<'_>, &str, Option<&str>), Vec<usize>> = HashMap::new();
    let mut kept_at: HashMap<usize, usize> = HashMap::new();
    let mut yielded = Vec::new();
    for (position, raw) in found.iter().enumerate() {
        let causes = rules[raw.rule].yields_to.iter().filter_map(|name| index.cause(rule_named(name)?, raw));
        if let Some(cause) = causes.min() {
            yielded.push((raw, cause));
            continue;
        }
        let scope = raw.about.scope.as_deref();
        let cause = FindingCause::of(raw);
        let equal = by_cause.entry((raw.rule, cause, &raw.finding.fact, scope)).or_default();
        let same = |at: &&usize| {
            let other = kept[**at].raw;
            other.finding.message == raw.finding.message
                || matches!(cause, FindingCause::Place(_))
                    && (other.about.job != raw.about.job || raw.is_of_other_registry(other))
        };
        match equal.iter().find(same).copied() {
            Some(at) if kept[at].raw.about.job == raw.about.job => {
                let is_new = |known: &RawFinding| known.registry != raw.registry;
                if is_new(kept[at].raw) && kept[at].registries.iter().all(|known| is_new(known)) {
                    kept[at].registries.push(raw);
                }
            }
            Some(at) => {
                let job = raw.about.job.clone().filter(|job| kept[at].raw.about.job.as_ref() != Some(job));
                kept[at].jobs.extend(job);
                let place = raw.finding.primary.place;
                if place != kept[at].raw.finding.primary.place {
                    kept[at].labels.push(Label { place, text: "the same here".into() });
                }
                kept[at].by_hand.extend(raw.finding.by_hand.iter().cloned());
            }
            None => {
                kept_at.insert(position, kept.len());
                equal.push(kept.len());
                kept.push(KeptFinding {
                    raw,
                    jobs: Vec::new(),
                    registries: Vec::new(),
                    labels: Vec::new(),
                    by_hand: Vec::new(),
                });
            }
        }
    }
    for (raw, cause) in yielded.into_iter().filter(|(raw, _)| rules[raw.rule].kind == SubjectKind::Need) {
        // Other permissions that the step lacks are labels there, not findings of their own.
        if let Some(at) = kept_at.get(&cause) {
            kept[*at].labels.extend(raw.finding.labels.iter().cloned());
        }
    }
    kept.into_iter().map(|kept| kept.finish(rules, levels)).collect()
}

impl KeptFinding<'_> {
    fn finish(self, rules: &[Rule], levels: &[Option<Option<Level>>]) -> Finding {
        let Self { raw, mut jobs, registries, labels, by_hand } = self;
        let mut finding = raw.finding.clone();
        finding.by_hand.extend(by_hand);
        finding.by_hand.extend(registries.iter().flat_map(|other| other.finding.by_hand.iter().cloned()));
        let own = |raw: &RawFinding| {
            let most = if raw.may_not_happen { Level::Warning } else { Level::Error };
            rules[raw.rule].level(raw.value.as_deref(), raw.every).min(most)
        };
        let worst = registries.iter().map(|other| own(other)).fold(own(raw), Level::max);
        finding.level = levels[raw.rule].flatten().unwrap_or(worst);
        finding.labels.extend(labels);
        for label in registries.iter().flat_map(|other| &other.finding.labels) {
            if !finding.labels.contains(label) {
                finding.labels.push(label.clone());
            }
        }
        let names: Vec<&str> = registries.iter().filter_map(|other| other.registry.as_deref()).collect();
        if !names.is_empty() {
            finding.message = format!("{} (also {})", finding.message, names.join(", "));
        }
        jobs.dedup();
        if !jobs.is_empty() {
            let names: Vec<_> = jobs.iter().map(|job| format!("`{job}`")).collect();
            finding.message = format!("{} (also job {})", finding.message, names.join(", "));
            finding.jobs.extend(jobs);
        }
        finding
    }
}
