//! The claims of the OIDC token that GitHub will issue to an upload's job in one simulated run.
//!
//! `trust::claim_verdict` compares them with a declared publisher.

use crate::read::source::Place;
use crate::trust::registry::slot::{SlotValue, known_text};
use crate::trust::registry::{Claim, Registry, WorkflowClaim};
use crate::trust::upload::site::UploadSite;
use crate::workflow::expression::{Outcome, UnknownReason, Value};
use crate::workflow::github::RefKind;
use crate::workflow::model::action;
use crate::workflow::simulate::context::EvaluationContext;
use crate::workflow::simulate::trigger_start::GitRef;

/// The claims of one token, as far as the files determine them.
#[derive(Debug, Clone)]
pub struct Claims {
    /// Owner and name of the repository. `None` where only a hint names it, which may be a fork's.
    pub repository: Option<(String, String)>,
    /// The file that holds the job (`job_workflow_ref`).
    pub called_file: String,
    /// The file that GitHub started (`workflow_ref`). `None` where no caller is known.
    pub caller_file: Option<String>,
    /// The name of the environment. Empty without one.
    pub environment: Outcome,
    /// The place of the environment, or of the job without one.
    pub environment_place: Place,
    /// `owner/name` of the other repository that holds the called workflow.
    pub foreign: Option<String>,
    /// The tag filter of the trigger. `None` without a filter, or where no tag starts the run.
    pub tags: Option<Vec<String>>,
    /// The ref that the run is on.
    pub reference: GitRef,
    /// The place that determines the run's ref.
    pub ref_place: Place,
    /// The kind of upload (`publish` or `stage`), where the registry's data names one.
    pub operation: Option<String>,
    /// The user that the login step names.
    pub user: Outcome,
    /// The place of the user, or of the upload without one.
    pub user_place: Place,
}

impl Claims {
    /// The value of a claim in the form that the registry compares. `Ok(None)` for a claim that the token does not have.
    ///
    /// # Errors
    /// Why the value is unknown.
    pub fn value(&self, claim: Claim, registry: &Registry) -> Result<Option<String>, UnknownReason> {
        let repository = || self.repository.clone().ok_or_else(|| UnknownReason::new("the repository's name"));
        let text = |outcome: &Outcome| match outcome {
            Outcome::Unknown(reason) => Err(reason.clone()),
            outcome => Ok(known_text(outcome).filter(|text| !text.is_empty())),
        };
        match claim {
            Claim::Owner => repository().map(|(owner, _)| Some(owner)),
            Claim::Repository if registry.field_of(claim).is_some_and(|field| field.whole) => {
                repository().map(|(owner, name)| Some(format!("{owner}/{name}")))
            }
            Claim::Repository => repository().map(|(_, name)| Some(name)),
            Claim::Workflow => match (registry.claims.workflow, &self.caller_file) {
                (WorkflowClaim::Called, _) => Ok(Some(self.called_file.clone())),
                (WorkflowClaim::Caller, Some(file)) => Ok(Some(file.clone())),
                (WorkflowClaim::Either, Some(file)) if *file == self.called_file => Ok(Some(file.clone())),
                (WorkflowClaim::Caller, None) => Err(UnknownReason::new("the calling workflow")),
                (WorkflowClaim::Either, _) => Err(UnknownReason::new("which of the two workflow files is compared")),
                (WorkflowClaim::None, _) => Err(UnknownReason::new("a claim that the registry does not compare")),
            },
            Claim::Environment => text(&self.environment),
            Claim::Ref => match &self.tags {
                Some(tags) => Ok(Some(tags.join("`, `"))),
                None => Err(UnknownReason::new("the ref")),
            },
            Claim::Branch => match (self.reference.kind, self.reference.complete) {
                (RefKind::Tag, _) => Ok(None),
                (RefKind::Branch, true) => Ok(Some(self.reference.prefix.clone())),
                _ => Err(UnknownReason::new("the branch")),
            },
            Claim::WorkflowRepository => Ok(self.foreign.clone()),
            Claim::Operation => Ok(self.operation.clone()),
            Claim::User => text(&self.user),
        }
    }
}

/// The claims of the token of an upload's job in a run. `repository` is `owner/name`, if it is certain.
#[must_use]
pub fn claims(site: &UploadSite<'_, '_>, context: &EvaluationContext<'_, '_>, repository: Option<&str>) -> Claims {
    let (workflow, job, run) = (context.workflow(), context.job(), context.run());
    let started = run.caller().unwrap_or(workflow);
    let file = workflow.source.file_name().to_owned();
    let (environment, environment_place) = environment(site, context);
    let (user, user_place) = user(site, context);
    let called = site.resolved.step.is_none().then_some(job.uses).flatten().map(|uses| action(uses.value()));
    let trigger = started.triggers.iter().find(|trigger| trigger.event.place() == run.trigger);
    let tags = trigger
        .filter(|_| run.reference.kind == RefKind::Tag)
        .and_then(|trigger| trigger.tags.only.as_ref())
        .filter(|tags| !tags.is_empty());
    Claims {
        repository: repository.and_then(|text| text.split_once('/')).map(|(owner, name)| (owner.into(), name.into())),
        caller_file: (!run.unknown_caller).then(|| started.source.file_name().to_owned()),
        called_file: called.and_then(|path| path.rsplit('/').next()).map_or(file, str::to_owned),
        environment,
        environment_place,
        foreign: called.filter(|path| !path.starts_with(['.', '$'])).map(owner_and_name),
        tags: tags.map(|tags| tags.iter().map(|tag| tag.value().to_owned()).collect()),
        reference: run.reference.clone(),
        ref_place: tags.and_then(|tags| tags.first()).map_or(run.trigger, |tag| tag.place()),
        operation: site.pattern.and_then(|pattern| pattern.operation.clone()),
        user,
        user_place,
    }
}

fn owner_and_name(path: &str) -> String {
    path.splitn(3, '/').take(2).collect::<Vec<_>>().join("/")
}

/// The environment of the job. A calling job has none of its own: it may pass one to the called workflow as an input.
fn environment(site: &UploadSite<'_, '_>, context: &EvaluationContext<'_, '_>) -> (Outcome, Place) {
    let none = Outcome::Known(Value::Null);
    let job = context.job();
    if let Some(pattern) = site.pattern.filter(|pattern| !pattern.environment.is_empty()) {
        return match site.resolved.first(&pattern.environment) {
            Some((_, SlotValue::Text(text, place))) => (context.evaluate(&text), place),
            Some((_, SlotValue::Unknown(place))) => (Outcome::unknown("the environment"), place),
            _ => (none, job.id.place()),
        };
    }
    if site.resolved.step.is_none() {
        return (Outcome::unknown("the called workflow's environment"), site.place);
    }
    match job.environment {
        Some(environment) => (context.for_job().evaluate(environment.name.value()), environment.name.place()),
        None => (none, job.id.place()),
    }
}

fn user(site: &UploadSite<'_, '_>, context: &EvaluationContext<'_, '_>) -> (Outcome, Place) {
    let unknown = || Outcome::unknown("the user that the login names");
    let Some(login) = &site.login else { return (unknown(), site.place) };
    match login.login.user.as_ref().map(|slot| login.resolved.slot_value(slot)) {
        Some(SlotValue::Text(text, place)) => (login.resolved.resolve(&text, context), place),
        Some(SlotValue::Absent) => (Outcome::Known(Value::Null), login.resolved.place()),
        _ => (unknown(), login.resolved.place()),
    }
}
