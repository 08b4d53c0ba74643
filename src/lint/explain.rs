//! Explains each upload: what the registry receives in each run, and what it will answer. `report::explain` writes it out.

mod permission;
pub mod proposal;
pub(crate) mod publisher_form;
mod upload_path;

use std::collections::HashSet;

use crate::lint::analysis::Analysis;
use crate::lint::engine;
use crate::lint::rules::set::RuleSet;
use crate::lint::subjects::Subject;
use crate::lint::uploads::{Unknown, Upload, UploadRun};
use crate::lint::verdict::{self, RunErrors};
use crate::read::source::{FileId, Place};
use crate::trust::claim_verdict::{ClaimVerdict, claim_verdict};
use crate::trust::publisher::{Publisher, PublisherField};
use crate::trust::publisher_list::PACKAGE;
use crate::trust::registry::slot::{known_text, known_texts};
use crate::trust::registry::{FormField, Registry};
use crate::trust::upload::site::{Credential, UploadTarget};
use crate::workflow::calls::StartRefusal;
use crate::workflow::expression::Outcome;
use crate::workflow::model::{Job, Text};
use crate::workflow::simulate::trigger_start::GitRef;

pub use crate::lint::verdict::{RunError, RunVerdict};
pub use permission::{ExplainedPermission, PermissionLink};
pub use publisher_form::{FirstStep, FormLine, PublisherForm};
pub use upload_path::{PathStop, SkippedRun, StopKind, UndeclaredOutput};

/// A value as far as the files determine it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ExplainedValue {
    /// The value.
    Known(String),
    /// Several values: one publisher for each.
    Each(Vec<String>),
    /// There is none.
    Absent,
    /// The files do not determine it; the reason.
    Unknown(String),
}

impl ExplainedValue {
    /// The value, if it is known and there is one.
    #[must_use]
    pub fn known(&self) -> Option<&str> {
        match self {
            Self::Known(text) => Some(text),
            Self::Each(_) | Self::Absent | Self::Unknown(_) => None,
        }
    }
}

/// One upload in all its runs.
#[derive(Debug, Clone)]
pub struct ExplainedUpload<'a> {
    /// The action with its ref, or the command as written in the script.
    pub step: String,
    /// The place of the step or the calling job.
    pub place: Place,
    /// The workflow that holds its job.
    pub workflow: FileId,
    /// The id of its job.
    pub job: String,
    /// The registry in the skipped runs, as far as it is known; for other runs see [`ExplainedRun::registry`].
    pub registry: Option<&'a Registry>,
    /// What the registry sees, one entry for all runs with equal values.
    pub runs: Vec<ExplainedRun<'a>>,
    /// The runs of its workflow that do not reach it.
    pub skipped: Vec<SkippedRun>,
    /// Why the files do not decide what its registry answers.
    pub undecided: Option<Unknown>,
}

impl ExplainedUpload<'_> {
    /// Whether a file contains the upload, its job, or a part of the path of a run.
    #[must_use]
    pub fn passes(&self, file: FileId) -> bool {
        let starts = self
            .runs
            .iter()
            .flat_map(|explained| &explained.starts)
            .chain(self.skipped.iter().map(|skipped| &skipped.start));
        let stops = self.runs.iter().flat_map(|explained| &explained.path);
        let places = starts.map(|start| start.trigger).chain(stops.map(|stop| stop.place)).chain([self.place]);
        self.workflow == file || places.into_iter().any(|place| place.file == file)
    }
}

/// What the registry sees in a group of runs with equal values.
#[derive(Debug, Clone)]
pub struct ExplainedRun<'a> {
    /// How the runs start.
    pub starts: Vec<ExplainedStart>,
    /// The path from the event to the upload.
    pub path: Vec<PathStop>,
    /// The conditions of unknown value on the path to the upload, in the order of evaluation; empty if the runs reach it.
    pub doubts: Vec<OpenCondition>,
    /// Why GitHub refuses to start them.
    pub refusal: Option<RefusedStart>,
    /// The registry, or why it is unknown.
    pub registry: Result<&'a Registry, String>,
    /// The credential, or why it is unknown.
    pub credential: Result<Credential, String>,
    /// The place that decides the credential.
    pub credential_place: Place,
    /// The permissions of the job's token.
    pub permissions: Vec<ExplainedPermission>,
    /// The claims of the OIDC token, except those that follow from how the run starts.
    pub claims: Vec<ExplainedClaim>,
    /// The declared publisher that it is compared with.
    pub record: Option<ComparedPublisher<'a>>,
    /// What the registry answers.
    pub verdict: RunVerdict,
    /// The packages that the verdict holds for, if no file confirms that the upload is one of them.
    pub only_for: Vec<String>,
    /// The publisher that would accept it.
    pub form: Option<PublisherForm<'a>>,
}

/// A declared publisher next to the claims of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparedPublisher<'a> {
    /// Its place in the config.
    pub place: Place,
    /// Its fields, in the order of the form.
    pub entries: Vec<ComparedField<'a>>,
}

/// One declared field.
#[derive(Debug, Clone)]
pub struct ComparedField<'a> {
    /// The field.
    pub field: &'a FormField,
    /// The declared value.
    pub value: String,
    /// Its place.
    pub place: Place,
    /// What the registry answers to the run's claim; `None` for a field that no claim is compared with.
    pub answer: Option<ClaimVerdict>,
}

impl PartialEq for ComparedField<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.place == other.place && self.answer == other.answer
    }
}

/// A condition of unknown value on the path to an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenCondition {
    /// What it depends on.
    pub reason: String,
    /// The place of the condition.
    pub place: Option<Place>,
}

/// Why GitHub refuses to start a run: a called workflow requests more than its calling job holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedStart {
    /// The calling job.
    pub caller: String,
    /// The file of the called workflow.
    pub called: String,
    /// The job that requests it; `None` if it is the called workflow's own block.
    pub requester: Option<String>,
    /// The scope.
    pub scope: String,
    /// The access that is requested.
    pub requested: &'static str,
    /// Its place.
    pub requested_place: Place,
    /// The access that the calling job holds.
    pub granted: &'static str,
    /// Its place.
    pub granted_place: Place,
}

/// One way in which a run starts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ExplainedStart {
    /// In words, with the inputs that were chosen.
    pub when: String,
    /// `event_name`; `None` if an unknown workflow calls this one.
    pub event: Option<String>,
    /// What is known of `ref`.
    pub reference: GitRef,
    /// The activity type of the event, if it matters.
    pub activity: Option<String>,
    /// The inputs that were chosen.
    pub inputs: Vec<(String, String)>,
    /// The place of the event in `on:`.
    pub trigger: Place,
    /// Whether forks start it as well; they get no OIDC token.
    pub fork: bool,
}

/// A claim of the OIDC token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedClaim {
    /// Its name in the token.
    pub name: &'static str,
    /// Its value.
    pub value: ExplainedValue,
    /// The place that determines it.
    pub place: Option<Place>,
}

/// Explains every upload of a project.
#[must_use]
pub fn explain_uploads<'a>(analysis: &Analysis<'a, '_>, rules: &RuleSet) -> Vec<ExplainedUpload<'a>> {
    let errors = engine::run_errors(analysis, rules);
    let mut uploads: Vec<ExplainedUpload<'a>> =
        analysis.uploads.iter().map(|upload| explain_upload(analysis, upload, &errors)).collect();
    let all = uploads.iter_mut().flat_map(|upload| &mut upload.runs);
    let forms = all.filter_map(|explained| Some((*explained.registry.as_ref().ok()?, explained.form.as_mut()?)));
    publisher_form::limit(&mut forms.collect::<Vec<_>>());
    uploads
}

fn explain_upload<'a, 'p>(
    analysis: &Analysis<'a, 'p>,
    upload: &Upload<'a, 'p>,
    errors: &RunErrors,
) -> ExplainedUpload<'a> {
    let resolved = &upload.site.resolved;
    let mut runs: Vec<ExplainedRun<'a>> = Vec::new();
    for upload_run in &upload.runs {
        let next =
            analysis.with_upload_run(upload, upload_run, |subject| explain_run(subject, upload, upload_run, errors));
        let Some(next) = next else { continue };
        match runs.iter_mut().find(|other| other.shown() == next.shown()) {
            Some(other) => {
                let new = next.starts.into_iter().filter(|start| !other.starts.contains(start)).collect::<Vec<_>>();
                other.starts.extend(new);
            }
            None => runs.push(next),
        }
    }
    let skipped = |upload_run| upload_path::skipped(analysis.checkout, upload, upload_run);
    let mut seen = HashSet::new();
    let mut skipped: Vec<SkippedRun> = upload.skipped.iter().map(skipped).collect();
    skipped.retain(|one| seen.insert(one.clone()));
    ExplainedUpload {
        step: upload_path::name(resolved),
        place: resolved.place(),
        workflow: resolved.workflow.file,
        job: resolved.job.id.value().to_owned(),
        registry: upload.skipped.first().and_then(|upload_run| {
            analysis.with_upload_run(upload, upload_run, |subject| match subject.target() {
                Some(UploadTarget::Registry(registry, _)) => Some(*registry),
                _ => None,
            })
        }),
        runs,
        skipped,
        undecided: verdict::undecided(analysis, upload, errors),
    }
}

impl ExplainedRun<'_> {
    /// The value of a claim, if it is known.
    #[must_use]
    pub fn claim(&self, name: &str) -> Option<&str> {
        self.claims.iter().find(|stamp| stamp.name == name)?.value.known()
    }

    /// The environment, if it is known.
    #[must_use]
    pub fn environment(&self) -> Option<&str> {
        self.claim(ENVIRONMENT)
    }

    /// Everything except how the runs start.
    fn shown(&self) -> impl PartialEq {
        let registry = self.registry.as_ref().map(|registry| &registry.id);
        let token = (&self.permissions, &self.claims, &self.credential, self.credential_place);
        let answer = (&self.record, &self.verdict, &self.only_for);
        (registry, &self.path, &self.doubts, &self.refusal, token, answer, &self.form)
    }
}

fn explain_run<'a, 'p>(
    subject: &Subject<'_, 'a, 'p>,
    upload: &Upload<'a, 'p>,
    upload_run: &UploadRun<'a, 'p>,
    errors: &RunErrors,
) -> Option<ExplainedRun<'a>> {
    let registry = upload_run.registry()?.map_err(|unknown| unknown.reason);
    let (credential, credential_place) = subject.credential()?;
    let credential = credential.as_ref().copied().map_err(ToString::to_string);
    let form = registry
        .as_ref()
        .ok()
        // No publisher can name a workflow of another repository where the registry refuses those.
        .filter(|_| !verdict::is_foreign(subject))
        .filter(|registry| {
            let without = upload.site.pattern.is_some_and(|pattern| pattern.without_trusted_publishing);
            !without && !registry.without_trusted_publishing
        })
        .map(|registry| publisher_form::form(subject, registry));
    let only_for = registry.as_ref().map_or_else(|_| Vec::new(), |registry| only_for(subject, registry));
    Some(ExplainedRun {
        starts: vec![start(upload_run)],
        path: upload_path::path(subject, upload, upload_run.run()),
        doubts: upload_path::unknown_conditions(subject, upload_run),
        refusal: verdict::start_refusal(subject).map(refused),
        form,
        permissions: permission::permissions(subject),
        claims: claims(subject)?,
        record: subject.publisher().map(|publisher| record(subject, publisher)),
        verdict: verdict::of(subject, errors)?,
        only_for,
        registry,
        credential,
        credential_place: *credential_place,
    })
}

/// The publisher that a run is compared with.
fn record<'a>(subject: &Subject<'_, 'a, '_>, publisher: &Publisher<'a>) -> ComparedPublisher<'a> {
    let entry = |entry: &PublisherField<'a>| ComparedField {
        field: entry.field,
        value: entry.value.clone(),
        place: entry.place,
        answer: entry.field.claim.zip(subject.claims()).map(|(claim, claims)| claim_verdict(claims, claim, publisher)),
    };
    ComparedPublisher { place: publisher.place, entries: publisher.entries.iter().map(entry).collect() }
}

/// The packages of the publishers that a run is compared with, if the upload is not known to be one of them.
fn only_for(subject: &Subject<'_, '_, '_>, registry: &Registry) -> Vec<String> {
    let own = publisher_form::packages(subject, registry).unwrap_or_default();
    let mut named = Vec::new();
    let publishers = &subject.analysis.publishers;
    let group = subject.publisher().and_then(|publisher| publishers.group(publisher));
    for publisher in group.into_iter().flat_map(|group| publishers.of_group(group)) {
        let Some(entry) = publisher.entry(PACKAGE) else { return Vec::new() };
        if own.iter().any(|(own, _)| registry.names.same(own, &entry.value)) {
            return Vec::new();
        }
        named.push(entry.value.clone());
    }
    named
}

fn refused(refusal: &StartRefusal<'_, '_>) -> RefusedStart {
    let request = &refusal.request;
    RefusedStart {
        caller: refusal.job.id.value().to_owned(),
        called: request.workflow.source.file_name().to_owned(),
        requester: request.job.map(|job| job.id.value().to_owned()),
        scope: request.scope.clone(),
        requested: request.requested.word(),
        requested_place: request.requested_place,
        granted: request.granted.word(),
        granted_place: request.granted_place,
    }
}

fn start(upload_run: &UploadRun<'_, '_>) -> ExplainedStart {
    let run = upload_run.run();
    let chosen = run.dispatched.iter().filter_map(|(name, value)| Some((name.clone(), known_text(value)?)));
    ExplainedStart {
        when: upload_run.when(),
        event: (!run.unknown_caller).then(|| run.event.clone()),
        reference: run.reference.clone(),
        activity: run.activity.clone(),
        inputs: chosen.collect(),
        trigger: run.trigger,
        fork: run.fork,
    }
}

/// The claim that names the environment.
const ENVIRONMENT: &str = "environment";

/// The claims that registries read, by their names in the token.
fn claims(subject: &Subject<'_, '_, '_>) -> Option<Vec<ExplainedClaim>> {
    let (claims, job) = (subject.claims()?, subject.job()?);
    let repository = match &claims.repository {
        Some((owner, name)) => ExplainedValue::Known(format!("{owner}/{name}")),
        None => ExplainedValue::Unknown("no `repository` in the config".to_owned()),
    };
    let caller = claims.caller_file.clone();
    let environment = match &claims.environment {
        Outcome::Unknown(reason) => ExplainedValue::Unknown(reason.to_string()),
        outcome => {
            known_text(outcome).filter(|name| !name.is_empty()).map_or(ExplainedValue::Absent, ExplainedValue::Known)
        }
    };
    let workflow = subject.workflow()?;
    let file = Place { file: workflow.file, span: workflow.source.line_span(1) };
    // A workflow of another repository has no file here.
    let here = claims.called_file == workflow.source.file_name();
    let file = job.uses.filter(|_| !here).map_or(file, Text::place);
    let stamp = |name, value, place| ExplainedClaim { name, value, place };
    Some(vec![
        stamp("repository", repository, subject.analysis.config.repository.map(Text::place)),
        stamp(
            "workflow_ref",
            caller.map_or(ExplainedValue::Unknown("the calling workflow".to_owned()), ExplainedValue::Known),
            None,
        ),
        stamp("job_workflow_ref", ExplainedValue::Known(claims.called_file.clone()), Some(file)),
        stamp(ENVIRONMENT, environment, Some(claims.environment_place)),
        runner(subject, job),
    ])
}

fn runner(subject: &Subject<'_, '_, '_>, job: &Job<'_>) -> ExplainedClaim {
    let labels: Option<Vec<String>> = job.runs_on.as_ref().zip(subject.context()).and_then(|(labels, context)| {
        let known = labels.iter().map(|label| known_texts(&context.for_job().evaluate(label.value())));
        known.collect::<Option<Vec<_>>>().map(|labels| labels.concat())
    });
    let environment = labels.as_ref().and_then(|labels| subject.analysis.data.github.runner_environment(labels));
    let value = match (environment, labels) {
        (Some(environment), _) => ExplainedValue::Known(environment.to_owned()),
        (None, Some(labels)) if !labels.is_empty() => {
            ExplainedValue::Unknown(format!("whose runner `{}` is", labels.join("`, `")))
        }
        (None, _) => ExplainedValue::Unknown("the labels of the runner".to_owned()),
    };
    let place = job.runs_on.iter().flatten().next().map(|label| label.place());
    ExplainedClaim { name: "runner_environment", value, place }
}
