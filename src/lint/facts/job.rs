//! Facts about workflows and jobs: environment, permissions, runner.

use crate::lint::facts::{Fact, FactSpec, FactValues, JOB, WORKFLOW, YES_NO, settled_in_job, yes};
use crate::lint::subjects::{Subject, SubjectKind};
use crate::read::source::Place;
use crate::trust::needs::oidc;
use crate::trust::registry::slot::known_text;
use crate::workflow::expression::Outcome;
use crate::workflow::model::{Grant, Job, Text, Workflow};
use crate::workflow::permissions::{self, GrantOrigin};

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
pub const FACTS: &[FactSpec] = &[
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
        "oidc.use",
        &[SubjectKind::Job],
        FactValues::OneOf(&["used", "none"]),
        "Whether a step of the job uses the OIDC token; unknown if an action that no data describes could.",
        oidc_use,
    ),
    FactSpec::new("environment", JOB, FactValues::Any, "The name of the job's environment.", environment),
    FactSpec::new("environment.url", JOB, FactValues::Any, "The `url` of the job's environment.", environment_url),
    FactSpec::new("permission.*", JOB, FactValues::Access, "The access that the job holds of a scope.", permission),
    FactSpec::new(
        "permission-origin.*",
        JOB,
        FactValues::OneOf(&["job", "workflow", "caller", "default"]),
        "Where the job's access to a scope comes from.",
        permission_origin,
    ),
    FactSpec::new(
        "permissions.word",
        JOB,
        FactValues::Any,
        "The word (`write-all`, `read-all`) that grants the job's permissions.",
        permissions_word,
    ),
    FactSpec::new(
        "runner",
        JOB,
        FactValues::OneOf(&["linux", "windows", "macos", "self-hosted"]),
        "The operating system of the job's runner, by GitHub's own labels.",
        runner,
    ),
];

fn workflow_file(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let workflow = subject.workflow?;
    Some(Fact::text(workflow.source.file_name(), workflow_file_place(workflow)))
}

/// A file has no span, so its name, its `on:` or its first line stands for it.
fn workflow_file_place(workflow: &Workflow<'_>) -> Place {
    let place =
        workflow.name.map(Text::place).or_else(|| workflow.triggers.first().map(|trigger| trigger.event.place()));
    place.unwrap_or_else(|| Place { file: workflow.file, span: workflow.source.line_span(1) })
}

fn job(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let id = subject.job?.id;
    Some(Fact::text(id.value(), id.place()))
}

fn repository_publishes(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    yes(!subject.analysis.uploads.is_empty(), workflow_file_place(subject.workflow?))
}

fn workflow_publishes(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let workflow = subject.workflow?;
    let publishes = subject.analysis.uploads.iter().any(|it| it.site.resolved.workflow.file == workflow.file);
    Some(Fact::text(if publishes { "yes" } else { "no" }, workflow_file_place(workflow)))
}

fn job_publishes(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let job = subject.job?;
    yes(publishes(subject, job), job.id.place())
}

fn publishes(subject: &Subject<'_, '_, '_>, job: &Job<'_>) -> bool {
    subject.analysis.uploads.iter().any(|upload| upload.site.resolved.job.id.place() == job.id.place())
}

fn oidc_use(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let job = subject.job?;
    let place = job.id.place();
    if publishes(subject, job) {
        return Some(Fact::text("used", place));
    }
    let data = subject.analysis.data;
    Some(match oidc::is_used(&data.needs, &data.github, subject.analysis.checkout, subject.workflow?, job) {
        Some(used) => Fact::text(if used { "used" } else { "none" }, place),
        None => Fact::Unknown,
    })
}

pub(crate) fn environment(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let job = subject.job?;
    // The environment of a called workflow in another repository is passed by the calling job.
    if let (None, Some(claims)) = (subject.step, subject.claims) {
        return Some(match &claims.environment {
            Outcome::Unknown(_) => Fact::Unknown,
            known => Fact::Known(known_text(known).filter(|name| !name.is_empty()), claims.environment_place),
        });
    }
    match job.environment {
        Some(environment) => settled_in_job(subject, environment.name),
        None => Some(Fact::Known(None, job.id.place())),
    }
}

fn environment_url(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let job = subject.job?;
    match job.environment.and_then(|environment| environment.url) {
        Some(url) => settled_in_job(subject, url),
        None => Some(Fact::Known(None, job.id.place())),
    }
}

fn held(subject: &Subject<'_, '_, '_>, scope: &str) -> Option<permissions::GrantedAccess> {
    let (github, workflow, job) = (&subject.analysis.data.github, subject.workflow?, subject.job?);
    Some(match subject.context {
        Some(context) => permissions::held_in(github, context.run(), workflow, job, scope),
        None => permissions::held(github, workflow, job, scope),
    })
}

fn permission(subject: &Subject<'_, '_, '_>, scope: &str) -> Option<Fact> {
    let held = held(subject, scope)?;
    // A called job without a block of its own holds what its caller grants.
    if held.origin == GrantOrigin::Default && subject.context.is_none() && callable(subject) {
        return Some(Fact::Unknown);
    }
    Some(held.access.map_or(Fact::Unknown, |access| Fact::text(access.word(), held.place)))
}

/// Whether other workflows may call this one.
fn callable(subject: &Subject<'_, '_, '_>) -> bool {
    subject.workflow.is_some_and(|workflow| {
        let events = &subject.analysis.data.github.events;
        workflow.triggers.iter().any(|trigger| events.get(trigger.event.value()).is_some_and(|event| event.called))
    })
}

fn permission_origin(subject: &Subject<'_, '_, '_>, scope: &str) -> Option<Fact> {
    let held = held(subject, scope)?;
    Some(Fact::text(held.origin.word(), held.place))
}

fn permissions_word(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let job = subject.job?;
    match permissions::block(subject.workflow?, job) {
        Some((block, _)) => match block.grant {
            Grant::Word(word) => Some(Fact::text(word.value(), word.place())),
            Grant::Scopes(_) => Some(Fact::Known(None, block.key)),
        },
        None => Some(Fact::Known(None, job.id.place())),
    }
}

pub(crate) fn systems<'s>(subject: &'s Subject<'s, '_, '_>) -> Option<Vec<(&'s str, Place)>> {
    let github = &subject.analysis.data.github;
    let mut systems = Vec::new();
    for label in subject.job?.runs_on.as_ref()? {
        let value = match subject.context {
            Some(context) => known_text(&context.for_job().evaluate(label.value()))?,
            None => label.value().to_owned(),
        };
        if let Some(system) = github.system(&value) {
            systems.push((system, label.place()));
        }
    }
    Some(systems)
}

fn runner(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let systems = systems(subject)?;
    let own = systems.iter().find(|(system, _)| *system == "self-hosted").or_else(|| systems.first());
    own.map(|(system, place)| Fact::text(*system, *place))
}
