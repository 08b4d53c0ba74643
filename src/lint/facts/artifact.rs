//! Facts about artifacts: which one a step downloads, whether a job uploads it, and whether its files end up where the upload looks.

use std::borrow::Cow;

use crate::lint::facts::{Fact, FactSpec, FactValues, UPLOAD};
use crate::lint::subjects::{Subject, SubjectKind};
use crate::trust::needs::NeedArtifact;
use crate::trust::upload::artifact::{ArtifactLayout, layout};
use crate::trust::upload::step::{ResolvedStep, uses};
use crate::workflow::model::{Pairs, Text, Workflow};

const STEP_ALONE: &[SubjectKind] = &[SubjectKind::Step];

/// The facts of this file.
pub(crate) const FACTS: &[FactSpec] = &[
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
        "Whether a job of the run uploads the artifact; unknown if an action or called workflow without data may upload it.",
        artifact_status,
    ),
    FactSpec::new(
        "artifact.layout",
        UPLOAD,
        FactValues::OneOf(&["fits", "misses"]),
        "Whether the downloaded files are in the folder that the upload reads; unknown if another step may write there.",
        files_layout,
    ),
    FactSpec::new(
        "artifact.folder",
        UPLOAD,
        FactValues::Any,
        "The folder that holds the first downloaded artifact.",
        artifact_folder,
    ),
];

/// The name of the artifact, if the step downloads a single artifact of this run and the name has no expression.
fn wanted<'p>(subject: &'_ Subject<'_, '_, 'p>) -> Option<Text<'p>> {
    let download = &subject.analysis.data.github.artifacts.download;
    let step = subject.step().filter(|step| uses(step, &download.action))?;
    let other =
        download.elsewhere.iter().chain([&download.pattern]).any(|input| step.with.get_ignore_case(input).is_some());
    let name = step.with.get_ignore_case(&download.name)?.value;
    (!other && !step.with.dynamic && !name.value().is_empty() && !name.value().contains("${{")).then_some(name)
}

fn artifact(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let name = wanted(subject)?;
    Some(Fact::text(name.value(), name.place()))
}

fn artifact_status(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (name, workflow) = (wanted(subject)?, subject.workflow()?);
    let events = &subject.analysis.data.github.events;
    let callable = |workflow: &Workflow<'_>| {
        workflow.triggers.iter().any(|trigger| events.get(trigger.event.value()).is_some_and(|event| event.called))
    };
    // A workflow that calls this one may upload artifacts in the same run.
    if callable(workflow) {
        return Some(Fact::unknown("the jobs of the calling workflow"));
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
            for resolved in analysis.steps_of(job) {
                match uploads_artifact(subject, resolved, name.value()) {
                    Some(true) => return Some(Fact::word("packed", name.place())),
                    Some(false) => {}
                    None => return Some(Fact::unknown("an action that may upload artifacts")),
                }
            }
        }
    }
    Some(Fact::word("missing", name.place()))
}

/// Whether a step uploads an artifact of a name; `None` if that is unknown.
fn uploads_artifact(subject: &Subject<'_, '_, '_>, resolved: &ResolvedStep<'_, '_>, name: &str) -> Option<bool> {
    let (data, step) = (subject.analysis.data, resolved.step?);
    let Some(used) = step.uses else { return Some(false) };
    let mut left = data.needs.artifacts(used.value()).peekable();
    if left.peek().is_some() {
        return Some(left.any(|artifact| may_be(&step.with, artifact, name)));
    }
    let silent = data.github.artifacts.silent.iter().any(|action| uses(step, action));
    (silent || subject.analysis.checkout.action(used.value()).is_some()).then_some(false)
}

/// Whether an action's artifact could have this name: an expression in it can be any text.
fn may_be(with: &Pairs<'_>, artifact: &NeedArtifact, name: &str) -> bool {
    let given = |input: &Option<String>| {
        let pair = input.as_ref().and_then(|input| with.get_ignore_case(input));
        pair.map(|pair| pair.value.value())
    };
    let Some(own) = given(&artifact.input).or(artifact.name.as_deref()) else { return true };
    let own = match given(&artifact.suffix) {
        Some(suffix) => Cow::Owned(format!("{own}{suffix}")),
        None => Cow::Borrowed(own),
    };
    match (own.split_once("${{"), own.rsplit_once("}}")) {
        (Some((before, _)), Some((_, after))) => name.starts_with(before) && name.ends_with(after),
        _ => with.dynamic || own == name,
    }
}

pub(crate) fn layout_of(subject: &Subject<'_, '_, '_>) -> Option<ArtifactLayout> {
    layout(&subject.analysis.data.github, &subject.upload()?.site, subject.context()?)
}

fn files_layout(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let layout = layout_of(subject)?;
    Some(Fact::word(if layout.matches { "fits" } else { "misses" }, layout.artifact.1))
}

fn artifact_folder(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (folder, place) = layout_of(subject)?.artifact;
    Some(Fact::text(folder.to_string(), place))
}
