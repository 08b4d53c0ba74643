//! Facts about workflows and jobs, and whether they publish.

use crate::lint::analysis::Analysis;
use crate::lint::data::Data;
use crate::lint::facts::{Fact, FactSpec, FactValues, JOB, UPLOAD, WORKFLOW, YES_NO, yes};
use crate::lint::subjects::{Subject, SubjectKind};
use crate::read::source::Place;
use crate::trust::upload::unseen::{SeenUpload, UnseenSearch, UnseenUpload};
use crate::trust::upload::version::{self, Version};
use crate::workflow::model::{Job, Step, Text, Workflow, action};

/// The subjects that have a job, including calls.
const JOB_OR_CALL: &[SubjectKind] = &[
    SubjectKind::Job,
    SubjectKind::Call,
    SubjectKind::Step,
    SubjectKind::Reference,
    SubjectKind::Login,
    SubjectKind::Upload,
    SubjectKind::Need,
];

/// The facts of this file.
pub(crate) const FACTS: &[FactSpec] = &[
    FactSpec::new(
        "job.floating",
        &[SubjectKind::Job, SubjectKind::Upload],
        FactValues::Any,
        "The first action of the job with a ref that its maintainer can move and does not recommend; GitHub's own actions do not count.",
        floating,
    ),
    FactSpec::new(
        "job.unseen-upload",
        &[SubjectKind::Job],
        FactValues::OneOf(&["environment", "variable", "publisher", "program", "command", "call", "action"]),
        "Why a job may publish without a recognised upload: it runs a `program` of the repository with an upload command, its `environment` is named after a registry or release, it passes a registry's token `variable` to an unknown program, a `publisher` without an upload names its workflow, it may request an OIDC token and runs a `command` such as `$TOOL publish` or a task such as `make publish` that is not in the checkout, or it makes a `call` of another repository's workflow that may request an OIDC token.",
        unseen_upload,
    ),
    FactSpec::new(
        "job.unseen-upload.by",
        &[SubjectKind::Job],
        FactValues::Any,
        "The command or action that may publish.",
        unseen_upload_by,
    ),
    FactSpec::new(
        "job.unseen-upload.name",
        &[SubjectKind::Job],
        FactValues::Any,
        "The environment, the variable, the workflow file, the upload command or the job.",
        unseen_upload_name,
    ),
    FactSpec::new(
        "job.unseen-upload.line",
        &[SubjectKind::Job],
        FactValues::Any,
        "The upload command in a program of the repository.",
        unseen_upload_line,
    ),
    FactSpec::new("workflow.file", WORKFLOW, FactValues::Any, "The workflow's file name.", workflow_file),
    FactSpec::new("job", JOB_OR_CALL, FactValues::Any, "The job's id.", job),
    FactSpec::new(
        "repository.publishes",
        WORKFLOW,
        YES_NO,
        "Whether a job of the repository uploads to a registry.",
        repository_publishes,
    ),
    FactSpec::new(
        "workflow.publishes",
        WORKFLOW,
        YES_NO,
        "Whether a job of the workflow uploads to a registry.",
        workflow_publishes,
    ),
    FactSpec::new("job.publishes", JOB, YES_NO, "Whether a step of the job uploads to a registry.", job_publishes),
    FactSpec::new(
        "repository",
        UPLOAD,
        FactValues::Any,
        "This repository as `owner/name`, if the config has it.",
        repository,
    ),
];

/// The step of a job that may publish without a recognised upload.
pub(crate) fn unseen(analysis: &Analysis<'_, '_>, workflow: &Workflow<'_>, job: &Job<'_>) -> Option<UnseenUpload> {
    analysis.unseen_upload(job, || search_unseen(analysis, workflow, job))
}

fn search_unseen(analysis: &Analysis<'_, '_>, workflow: &Workflow<'_>, job: &Job<'_>) -> Option<UnseenUpload> {
    let own = analysis.uploads_of(job);
    let seen = own.iter().map(|upload| SeenUpload {
        registry: &upload.site.registry.id,
        step: upload.site.resolved.outermost().map(|step| step.index),
        by_login: upload.site.pattern.is_none(),
    });
    let seen: Vec<SeenUpload<'_>> = seen.collect();
    let workflow = analysis.workflows.iter().find(|it| it.file == workflow.file)?;
    let job = workflow.jobs.get(job.index)?;
    let data = analysis.data;
    UnseenSearch {
        github: &data.github,
        registries: &data.registries,
        needs: &data.needs,
        model: analysis.checkout,
        unassigned: analysis.unassigned_files(),
    }
    .find(workflow, job, analysis.steps_of(job), &seen)
}

fn unseen_upload(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let job = subject.job()?;
    Some(match unseen(subject.analysis, subject.workflow()?, job) {
        Some(found) => Fact::word(found.reason.word(), found.place),
        None => Fact::Known(None, job.id.place()),
    })
}

fn unseen_upload_by(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    unseen(subject.analysis, subject.workflow()?, subject.job()?).map(|found| Fact::text(found.by, found.place))
}

fn unseen_upload_name(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    unseen(subject.analysis, subject.workflow()?, subject.job()?).map(|found| Fact::text(found.name, found.place))
}

fn unseen_upload_line(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let found = unseen(subject.analysis, subject.workflow()?, subject.job()?)?;
    let place = found.line?;
    Some(Fact::text(found.name, place))
}

fn floating(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let job: &Job<'_> = subject.job()?;
    let data = subject.analysis.data;
    let moves = |step: &&Step<'_>| {
        let Some(uses) = step.uses.map(Text::value) else { return false };
        let Some(reference) = version::reference(uses) else { return false };
        let fixed = version::is_commit(reference)
            || uses.contains("${{")
            || uses.contains("://")
            || immutable(data, action(uses), reference);
        let workflow = subject.workflow().map_or("", |workflow| workflow.source.path());
        let lock = subject.analysis.checkout.lock.as_ref();
        let locked = lock.is_some_and(|lock| lock.allows(workflow, uses) == Some(true));
        !fixed && !locked && !recommended(data, action(uses), reference)
    };
    Some(match job.steps.iter().find(moves).and_then(|step| step.uses) {
        Some(uses) => Fact::text(uses.value(), uses.place()),
        None => Fact::Known(None, job.id.place()),
    })
}

/// Whether a ref is the tag of an immutable release, which cannot move.
fn immutable(data: &Data, name: &str, reference: &str) -> bool {
    let since = data.github.immutable.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    since
        .and_then(|(_, since)| Version::parse(since))
        .zip(Version::parse(reference))
        .is_some_and(|(since, version)| version.is_complete() && !version.is_before(&since))
}

/// Whether an action is GitHub's own, or the ref is one that its maintainer recommends.
fn recommended(data: &Data, name: &str, reference: &str) -> bool {
    let is = |known: &str, other: &str| known.eq_ignore_ascii_case(other);
    let maker = name.split('/').next().unwrap_or_default();
    let listed = data.github.recommended.iter().filter(|(action, _)| is(action, name)).flat_map(|(_, refs)| refs);
    let own = version::refs(&data.registries, name).into_iter().flat_map(|refs| &refs.recommended);
    data.github.makers.iter().any(|known| is(known, maker)) || listed.chain(own).any(|glob| glob.is_match(reference))
}

fn workflow_file(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let workflow = subject.workflow()?;
    Some(Fact::text(workflow.source.file_name(), workflow_file_place(workflow)))
}

/// A whole file has no span. Its place is its name, its `on:` or its first line.
fn workflow_file_place(workflow: &Workflow<'_>) -> Place {
    let place =
        workflow.name.map(Text::place).or_else(|| workflow.triggers.first().map(|trigger| trigger.event.place()));
    place.unwrap_or_else(|| Place { file: workflow.file, span: workflow.source.line_span(1) })
}

fn job(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let id = subject.job()?.id;
    Some(Fact::text(id.value(), id.place()))
}

fn repository_publishes(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    yes(!subject.analysis.uploads.is_empty(), workflow_file_place(subject.workflow()?))
}

fn workflow_publishes(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let workflow = subject.workflow()?;
    yes(subject.analysis.publishes(workflow.file), workflow_file_place(workflow))
}

fn job_publishes(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let job = subject.job()?;
    yes(is_publishing(subject, job), job.id.place())
}

pub(crate) fn is_publishing(subject: &Subject<'_, '_, '_>, job: &Job<'_>) -> bool {
    subject.analysis.has_uploads(job)
}

pub(crate) fn repository(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    subject.analysis.config.repository.map(|text| Fact::text(text.value(), text.place()))
}
