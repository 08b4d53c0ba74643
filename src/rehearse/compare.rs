//! The claims of the real token beside the predicted ones and those that the declared publisher accepts.

use std::collections::BTreeMap;

use crate::lint::explain::{ComparedPublisher, ExplainedRun, ExplainedValue};
use crate::read::source::Place;
use crate::rehearse::{ProblemKind, RehearsalProblem};
use crate::trust::claim_verdict::{ClaimVerdict, claim_verdict};
use crate::trust::claims::Claims;
use crate::trust::publisher::Publisher;
use crate::trust::registry::{Claim, Registry, WorkflowClaim};
use crate::workflow::expression::{Outcome, Value};
use crate::workflow::github::RefKind;
use crate::workflow::model::Job;
use crate::workflow::simulate::trigger_start::GitRef;

/// A claim of the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ComparedClaim {
    /// Its name in the token.
    pub name: &'static str,
    /// Its value in the token of this job; `None` if the token does not have it.
    pub token: Option<String>,
    /// The value that the files predict for a release.
    pub predicted: ExplainedValue,
    /// The value that the declared publisher accepts.
    pub publisher: Option<String>,
    /// Whether a release has another value, because it starts in another way.
    pub changes: bool,
}

/// The claims whose values depend on how a run starts.
const OF_START: [&str; 3] = ["event_name", "ref", "workflow_ref"];

/// The file name in `owner/name/.github/workflows/file.yml@ref`.
pub(super) fn file_of(workflow_ref: &str) -> &str {
    let path = workflow_ref.split('@').next().unwrap_or_default();
    path.rsplit('/').next().unwrap_or_default()
}

/// The repository in `owner/name/.github/workflows/file.yml@ref`.
fn repository_of(workflow_ref: &str) -> Option<&str> {
    let end = workflow_ref.match_indices('/').nth(1)?.0;
    workflow_ref.get(..end)
}

/// The claims of a token in the form in which they are compared with publishers.
pub(super) fn claims(token: &BTreeMap<String, String>, run: &ExplainedRun<'_>, place: Place) -> Claims {
    let value = |name: &str| token.get(name).map(String::as_str).filter(|text| !text.is_empty());
    let at = |name: &str| run.claims.iter().find(|claim| claim.name == name).and_then(|claim| claim.place);
    let text = |name: &str| value(name).map_or(Outcome::Known(Value::Null), Outcome::text);
    let own = value("repository");
    let foreign = value("job_workflow_ref").and_then(repository_of).filter(|other| Some(*other) != own);
    let tag = value("ref").and_then(|name| name.strip_prefix("refs/tags/"));
    let branch = value("ref").and_then(|name| name.strip_prefix("refs/heads/"));
    let reference = match (tag, branch) {
        (Some(tag), _) => GitRef::named(RefKind::Tag, tag.to_owned()),
        (None, Some(branch)) => GitRef::named(RefKind::Branch, branch.to_owned()),
        (None, None) => GitRef::unknown(RefKind::Unknown, String::new()),
    };
    Claims {
        repository: own.and_then(|name| name.split_once('/')).map(|(owner, name)| (owner.to_owned(), name.to_owned())),
        called_file: file_of(value("job_workflow_ref").or(value("workflow_ref")).unwrap_or_default()).to_owned(),
        caller_file: value("workflow_ref").map(|path| file_of(path).to_owned()),
        environment: text("environment"),
        environment_place: at("environment").unwrap_or(place),
        foreign: foreign.map(str::to_owned),
        tags: tag.map(|tag| vec![tag.to_owned()]),
        reference,
        ref_place: place,
        operation: None,
        user: Outcome::unknown("the user"),
        user_place: place,
    }
}

/// The claims that a token, the prediction and a publisher have, in the order in which they are shown.
pub(super) fn rows(
    token: &BTreeMap<String, String>,
    run: &ExplainedRun<'_>,
    registry: &Registry,
    record: Option<&ComparedPublisher<'_>>,
) -> Vec<ComparedClaim> {
    let entry = |claim| {
        let record = record?;
        record.entries.iter().find(|entry| entry.field.claim == Some(claim)).map(|entry| entry.value.clone())
    };
    let workflow = |own: WorkflowClaim| if registry.claims.workflow == own { entry(Claim::Workflow) } else { None };
    let repository = match (entry(Claim::Owner), entry(Claim::Repository)) {
        (Some(owner), Some(name)) => Some(format!("{owner}/{name}")),
        (owner, name) => name.or(owner),
    };
    let start = run.starts.first();
    let unknown = |reason: &str| ExplainedValue::Unknown(reason.to_owned());
    let event = start.and_then(|start| start.event.clone()).map_or_else(|| unknown("the event"), ExplainedValue::Known);
    let reference = start.map_or_else(
        || unknown("the ref"),
        |start| {
            let prefix = start.reference.kind.prefix().unwrap_or_default();
            match (&start.reference.pattern, start.reference.complete) {
                (_, true) => ExplainedValue::Known(format!("{prefix}{}", start.reference.prefix)),
                (Some(pattern), false) => ExplainedValue::Known(format!("{prefix}{pattern}")),
                (None, false) if !prefix.is_empty() => ExplainedValue::Known(format!("{prefix}…")),
                (None, false) => unknown("the ref"),
            }
        },
    );
    let predicted = |name: &str| {
        let claim = run.claims.iter().find(|claim| claim.name == name);
        claim.map_or_else(|| unknown("it is not predicted"), |claim| claim.value.clone())
    };
    let rows = [
        ("repository", predicted("repository"), repository),
        ("workflow_ref", predicted("workflow_ref"), workflow(WorkflowClaim::Caller)),
        ("job_workflow_ref", predicted("job_workflow_ref"), workflow(WorkflowClaim::Called)),
        ("environment", predicted("environment"), entry(Claim::Environment)),
        ("runner_environment", predicted("runner_environment"), None),
        ("event_name", event, None),
        ("ref", reference, entry(Claim::Ref)),
        ("sub", unknown("it is not predicted"), None),
    ];
    let row = |(name, predicted, publisher): (&'static str, ExplainedValue, Option<String>)| {
        let value = token.get(name).filter(|text| !text.is_empty());
        let value = value.map(|text| if name.ends_with("workflow_ref") { file_of(text) } else { text }.to_owned());
        let changes =
            OF_START.contains(&name) && predicted.known().is_some_and(|known| Some(known) != value.as_deref());
        ComparedClaim { name, token: value, predicted, publisher, changes }
    };
    rows.map(row).into()
}

/// The claims of the token that the declared publisher does not accept.
pub(super) fn mismatches(
    claims: &Claims,
    token: &BTreeMap<String, String>,
    run: &ExplainedRun<'_>,
    publisher: &Publisher<'_>,
) -> Vec<RehearsalProblem> {
    let registry = publisher.registry;
    let compared = registry.record.iter().filter_map(|field| field.claim);
    // The exchange does not show what will be uploaded, or by whom; and a rehearsal runs on another ref.
    let of_token = compared.filter(|claim| !matches!(claim, Claim::Operation | Claim::User | Claim::Ref));
    let mut found = Vec::new();
    for claim in of_token {
        let Some(entry) = publisher.entry_of(claim) else { continue };
        let value = claims.value(claim, registry).ok().flatten();
        let differ = match claim_verdict(claims, claim, publisher) {
            ClaimVerdict::Refused => "differ",
            ClaimVerdict::Missing => "has none",
            ClaimVerdict::Case => "differ by case",
            ClaimVerdict::Accepted | ClaimVerdict::Unknown(_) => continue,
        };
        let name = claim_name(claim, registry);
        let shown = value.map_or_else(|| "none".to_owned(), |value| format!("`{value}`"));
        let by_case = if differ == "differ by case" { ", which differs by case" } else { "" };
        found.push(RehearsalProblem {
            kind: ProblemKind::Mismatch,
            field: Some(claim.word()),
            message: format!(
                "the {} of the token is {shown}, the publisher declares `{}`{by_case}",
                claim.word(),
                entry.value
            ),
            place: place_of(run, name, token),
            other: Some((entry.place, "the publisher declares it here".to_owned())),
        });
    }
    found
}

/// The name in the token of a claim.
pub(super) const fn claim_name(claim: Claim, registry: &Registry) -> &'static str {
    match claim {
        Claim::Owner | Claim::Repository => "repository",
        Claim::Workflow => match registry.claims.workflow {
            WorkflowClaim::Called => "job_workflow_ref",
            WorkflowClaim::Caller | WorkflowClaim::Either | WorkflowClaim::None => "workflow_ref",
        },
        Claim::Environment => "environment",
        Claim::WorkflowRepository => "job_workflow_ref",
        Claim::Ref | Claim::Branch | Claim::Operation | Claim::User => "ref",
    }
}

/// The place in a workflow or the config that decides a claim.
fn place_of(run: &ExplainedRun<'_>, name: &str, _: &BTreeMap<String, String>) -> Option<Place> {
    run.claims.iter().find(|claim| claim.name == name).and_then(|claim| claim.place)
}

/// The differences between the job that publishes and this one, because of which the registry's answer would not be that to a release.
pub(super) fn other_job(
    rows: &[ComparedClaim],
    run: &ExplainedRun<'_>,
    registry: &Registry,
    publishing: &Job<'_>,
    own: Option<&Job<'_>>,
) -> Vec<RehearsalProblem> {
    let mut found = Vec::new();
    let own_place = own.map(|job| job.id.place());
    let problem = |field, message, place, other| RehearsalProblem {
        kind: ProblemKind::OtherJob,
        field: Some(field),
        message,
        place,
        other,
    };
    let publishes = publishing.id.value();
    for row in rows.iter().filter(|row| !row.changes) {
        let predicted = match &row.predicted {
            ExplainedValue::Known(text) => Some(text.as_str()),
            ExplainedValue::Absent => None,
            ExplainedValue::Each(_) | ExplainedValue::Unknown(_) => continue,
        };
        // The repository is compared with the publisher; a prediction of it is only the config's.
        if row.name == "repository" || predicted == row.token.as_deref() {
            continue;
        }
        // Environments are the same ignoring case, and the token has the text of the workflow.
        let word = |value: Option<&str>| value.map_or_else(|| "none".to_owned(), |value| format!("`{value}`"));
        let place = match row.name {
            "environment" => own.and_then(|job| job.environment).map(|it| it.name.place()).or(own_place),
            "runner_environment" => {
                own.and_then(|job| job.runs_on.as_ref()?.first().map(|label| label.place())).or(own_place)
            }
            _ => own_place,
        };
        let other = run.claims.iter().find(|claim| claim.name == row.name).and_then(|claim| claim.place);
        found.push(problem(
            row.name,
            format!(
                "{} of this job is {}, of job `{publishes}` it is {}, so the answer to this rehearsal says nothing about a release",
                row.name,
                word(row.token.as_deref()),
                word(predicted)
            ),
            place,
            other.map(|place| (place, format!("job `{publishes}`"))),
        ));
    }
    // Texts of expressions are compared where their values are unknown.
    let name = |job: &Job<'_>| job.environment.map(|environment| environment.name.value().to_owned());
    let unknown =
        rows.iter().any(|row| row.name == "environment" && matches!(row.predicted, ExplainedValue::Unknown(_)));
    if let Some(own) = own.filter(|own| unknown && name(own) != name(publishing)) {
        let place = own.environment.map_or_else(|| own.id.place(), |environment| environment.name.place());
        found.push(problem(
            "environment",
            format!("the environment of this job is written differently from that of job `{publishes}`, which the files do not decide"),
            Some(place),
            publishing.environment.map(|it| (it.name.place(), format!("job `{publishes}`"))),
        ));
    }
    let granted = run.permissions.iter().find(|permission| permission.scope == "id-token");
    if let Some(permission) = granted.filter(|it| it.access.as_deref().is_some_and(|access| access != "write")) {
        found.push(problem(
            "id-token",
            format!(
                "job `{publishes}` may not request an OIDC token: `id-token: write` is missing, which this job has"
            ),
            Some(permission.place),
            None,
        ));
    }
    let labels = |job: &Job<'_>| {
        let texts = job.runs_on.iter().flatten().map(|label| label.value().to_owned());
        texts.collect::<Vec<_>>()
    };
    let restricts = !registry.runners.unsupported.is_empty();
    if let Some(own) = own.filter(|own| {
        restricts && labels(own) != labels(publishing) && found.iter().all(|it| it.field != Some("runner_environment"))
    }) {
        let place = own.runs_on.iter().flatten().next().map_or_else(|| own.id.place(), |label| label.place());
        found.push(problem(
            "runner",
            format!(
                "this job runs on `{}`, job `{publishes}` on `{}`",
                labels(own).join("`, `"),
                labels(publishing).join("`, `")
            ),
            Some(place),
            publishing.runs_on.iter().flatten().next().map(|label| (label.place(), format!("job `{publishes}`"))),
        ));
    }
    found
}
