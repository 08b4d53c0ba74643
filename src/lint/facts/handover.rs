//! Facts of an artifact that a step takes by its name: whether any job of the run packs one. Where its files lie is `artifact`'s.

use crate::lint::facts::{Answered, Fact, FactSpec, FactValues, In};
use crate::lint::subjects::SubjectKind;
use crate::trust::needs::NeedArtifact;
use crate::trust::upload::step;
use crate::trust::upload::step::ResolvedStep;
use crate::trust::upload::step::uses;
use crate::workflow::model::{Pairs, Text, Workflow};

const STEP_ALONE: &[SubjectKind] = &[SubjectKind::Step];

/// The lines of the table.
pub const FACTS: &[FactSpec] = &[
    FactSpec::new(
        "artifact",
        STEP_ALONE,
        FactValues::Any,
        "The artifact that the step downloads by its name.",
        artifact,
    ),
    FactSpec::new(
        "artifact.status",
        STEP_ALONE,
        FactValues::OneOf(&["packed", "missing"]),
        "Whether some job of the run packs the artifact; not known where an action or a called workflow that no data describes could.",
        status,
    ),
];

/// The name that a download asks for, if it asks for one artifact of this run and the name holds no expression.
fn wanted<'p>(subject: In<'_, '_, 'p>) -> Option<Text<'p>> {
    let download = &subject.analysis.data.github.artifacts.download;
    let step = subject.step.filter(|step| uses(step, &download.action))?;
    let other =
        download.elsewhere.iter().chain([&download.pattern]).any(|input| step.with.get_ignore_case(input).is_some());
    let name = step.with.get_ignore_case(&download.name)?.value;
    (!other && !step.with.dynamic && !name.value().is_empty() && !name.value().contains("${{")).then_some(name)
}

fn artifact(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let name = wanted(subject)?;
    Some(Fact::text(name.value(), name.place()))
}

fn status(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let (name, workflow) = (wanted(subject)?, subject.workflow?);
    let events = &subject.analysis.data.github.events;
    let callable = |workflow: &Workflow<'_>| {
        workflow.triggers.iter().any(|trigger| events.get(trigger.event.value()).is_some_and(|event| event.called))
    };
    // What calls this workflow packs artifacts of the same run.
    if callable(workflow) {
        return Some(Fact::Unknown);
    }
    let analysis = subject.analysis;
    let mut open = vec![workflow];
    let mut seen = Vec::new();
    while let Some(workflow) = open.pop() {
        if seen.contains(&workflow.file) {
            continue;
        }
        seen.push(workflow.file);
        for job in &workflow.jobs {
            if job.uses.is_some() {
                open.push(analysis.checkout.called(job)?);
            }
            for resolved in step::steps(analysis.checkout, workflow, job) {
                match packs(subject, &resolved, name.value()) {
                    Some(true) => return Some(Fact::text("packed", name.place())),
                    Some(false) => {}
                    None => return Some(Fact::Unknown),
                }
            }
        }
    }
    Some(Fact::text("missing", name.place()))
}

/// Whether a step packs an artifact of a name, as far as that is known.
fn packs(subject: In<'_, '_, '_>, resolved: &ResolvedStep<'_, '_>, name: &str) -> Option<bool> {
    let (data, step) = (subject.analysis.data, resolved.step?);
    let Some(used) = step.uses else { return Some(false) };
    let mut left = data.needs.artifacts(used.value()).peekable();
    if left.peek().is_some() {
        return Some(left.any(|artifact| may_be(&step.with, artifact, name)));
    }
    let silent = data.github.artifacts.silent.iter().any(|action| uses(step, action));
    (silent || subject.analysis.checkout.action(used.value()).is_some()).then_some(false)
}

/// Whether the name of what an action leaves could be this one: an expression in it may stand for anything.
fn may_be(with: &Pairs<'_>, artifact: &NeedArtifact, name: &str) -> bool {
    let given = |input: &Option<String>| {
        let pair = input.as_ref().and_then(|input| with.get_ignore_case(input));
        pair.map(|pair| pair.value.value())
    };
    let Some(own) = given(&artifact.input).or(artifact.name.as_deref()) else { return true };
    let own = format!("{own}{}", given(&artifact.suffix).unwrap_or_default());
    match (own.split_once("${{"), own.rsplit_once("}}")) {
        (Some((before, _)), Some((_, after))) => name.starts_with(before) && name.ends_with(after),
        _ => with.dynamic || own == name,
    }
}
