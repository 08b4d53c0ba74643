//! What a rule found before rules have made way for each other: where its subject stands, and whose cause it shares. It chooses nothing.

use crate::lint::facts::{self, Fact};
use crate::lint::findings::{Finding, Label};
use crate::lint::rules::{FactCondition, Rule};
use crate::lint::subjects::Subject;
use crate::read::source::FileId;
use crate::workflow::model::{Step, Text, action};
use crate::workflow::simulate::run::TriggerStart;

/// Where a subject stands among the others, so that rules can make way for each other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct SubjectScope {
    pub(crate) file: Option<FileId>,
    pub(crate) job: Option<String>,
    pub(crate) step: Option<usize>,
    pub(crate) upload: Option<usize>,
    pub(crate) publisher: Option<usize>,
    /// Whether the job has a `permissions` block of its own.
    pub(crate) own_block: bool,
    /// Whether the subject is an entry of a `permissions` block.
    pub(crate) permission: bool,
    /// The scope that the finding is about.
    pub(crate) scope: Option<String>,
}

impl SubjectScope {
    pub(crate) fn of(subject: &Subject<'_, '_, '_>) -> Self {
        Self {
            file: subject.workflow.map(|workflow| workflow.file),
            job: subject.job.map(|job| job.id.value().to_owned()),
            // A need is the job's, whichever of its steps asks.
            step: subject.step.filter(|_| subject.need.is_none()).map(|step| step.index),
            upload: subject.upload.map(|upload| upload.index),
            publisher: subject.publisher.filter(|_| subject.upload.is_none()).map(|publisher| publisher.index),
            own_block: subject.job.is_some_and(|job| job.permissions.is_some()),
            permission: subject.permission.is_some(),
            scope: subject.need.map(|scope_of_subject| scope_of_subject.need.scope.clone()),
        }
    }

    /// Whether a finding there may be the cause of one here.
    pub(crate) fn shares_cause(&self, other: &Self) -> bool {
        let replaced = other.permission && other.job.is_none() && self.own_block;
        !replaced && (self.holds(other) || other.holds(self))
    }

    pub(crate) fn holds(&self, inner: &Self) -> bool {
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

/// A finding before rules have made way for each other.
pub(crate) struct RawFinding {
    pub(crate) rule: usize,
    pub(crate) value: Option<String>,
    pub(crate) every: bool,
    pub(crate) scope_of_subject: SubjectScope,
    pub(crate) job: Option<String>,
    pub(crate) finding: Finding,
}

impl RawFinding {
    /// Whether another finding may be the cause of this one: it is about the same thing, or blames the same place in the same job.
    pub(crate) fn shares_cause(&self, other: &Self) -> bool {
        let same_place = self.scope_of_subject.scope.is_some()
            && self.job == other.job
            && self.finding.primary.place == other.finding.primary.place;
        same_place || self.scope_of_subject.shares_cause(&other.scope_of_subject)
    }

    /// Whether another finding of the same rule differs in nothing, or in the job alone.
    pub(crate) fn is_equal_apart_from_job(&self, other: &Self) -> bool {
        self.rule == other.rule
            && self.finding.primary.place == other.finding.primary.place
            && self.finding.fact == other.finding.fact
            && self.scope_of_subject.scope == other.scope_of_subject.scope
            && (self.finding.message == other.finding.message || self.job != other.job)
    }
}

pub(crate) fn raw(
    index: usize,
    rule: &Rule,
    condition: &FactCondition,
    fact: &Fact,
    subject: &Subject<'_, '_, '_>,
) -> Option<RawFinding> {
    let Fact::Known(value, own_place) = fact else { return None };
    let place = match rule.at.as_deref().map(|name| facts::ask(subject, name)) {
        Some(Fact::Known(_, place)) => place,
        _ => *own_place,
    };
    let sentence = rule.sentence(condition.fact.as_str(), value.as_deref())?;
    let message = sentence.render(|name| facts::ask(subject, name))?;
    let labels = rule.show.iter().filter_map(|(name, text)| match facts::ask(subject, name) {
        Fact::Known(_, at) if at != place => {
            text.render(|name| facts::ask(subject, name)).map(|text| Label { place: at, text })
        }
        _ => None,
    });
    let finding = Finding {
        code: rule.code.clone(),
        name: rule.name.clone(),
        level: rule.levels.usual(),
        message,
        primary: Label { place, text: String::new() },
        labels: labels.collect(),
        steps: Vec::new(),
        runs: Vec::new(),
        subject: subject.name(),
        jobs: subject.job.map(|job| job.id.value().to_owned()).into_iter().collect(),
        step: subject.step.map(step_names).unwrap_or_default(),
        fact: condition.fact.as_str().to_owned(),
        fixes: Vec::new(),
        untested_fixes: Vec::new(),
    };
    let job = subject.job.map(|job| job.id.value().to_owned());
    let mut scope_of_subject = SubjectScope::of(subject);
    scope_of_subject.scope =
        scope_of_subject.scope.or_else(|| condition.fact.as_str().strip_prefix("permission.").map(str::to_owned));
    Some(RawFinding { rule: index, value: value.clone(), every: true, scope_of_subject, job, finding })
}

/// What a step may be called in a waiver.
pub(crate) fn step_names(step: &Step<'_>) -> Vec<String> {
    let names = [step.id, step.name, step.uses].into_iter().flatten().map(Text::value);
    names.chain(step.uses.map(|uses| action(uses.value()))).map(str::to_owned).collect()
}

/// How a run gets to a publication: trigger, calling jobs, job, the steps into an action, upload.
pub(crate) fn path(subject: &Subject<'_, '_, '_>, run: &TriggerStart<'_, '_>) -> Vec<Label> {
    let mut labels = vec![Label { place: run.trigger, text: "the run starts here".into() }];
    labels.extend(run.calls.iter().map(|call| {
        let text = format!("job `{}` calls the workflow", call.job.id.value());
        Label { place: call.job.uses.map_or(call.job.id.place(), Text::place), text }
    }));
    if let Some(job) = subject.job {
        labels.push(Label { place: job.id.place(), text: format!("job `{}` runs", job.id.value()) });
    }
    if let Some(upload) = subject.upload {
        let resolved = &upload.site.resolved;
        labels.extend(resolved.frames.iter().map(|frame| {
            let place = frame.step.uses.map_or(frame.step.place, Text::place);
            Label { place, text: "the step uses the action".into() }
        }));
        labels.push(Label { place: resolved.place(), text: "the upload".into() });
    }
    labels
}
