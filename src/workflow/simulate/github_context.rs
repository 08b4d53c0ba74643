//! The context `github`: the properties that a run's event determines.

use crate::workflow::expression::{Outcome, Value};
use crate::workflow::github::RefKind;
use crate::workflow::simulate::trigger_start::TriggerStart;

/// The value of a property of `github`; `repository` is the assumed name of the repository.
pub(super) fn lookup(run: &TriggerStart<'_, '_>, repository: Option<&str>, path: &[&str]) -> Outcome {
    let unknown = || Outcome::unknown(format!("`github.{}`", path.join(".")));
    match (repository, path) {
        (Some(repository), ["repository"]) => return Outcome::text(repository),
        (Some(repository), ["repository_owner"]) => {
            return Outcome::text(repository.split('/').next().unwrap_or_default());
        }
        _ if run.unknown_caller => return unknown(),
        _ => {}
    }
    match path {
        ["event_name"] => Outcome::text(run.event.as_str()),
        ["ref"] => run.reference.full(),
        ["ref_name"] => run.reference.name(),
        ["ref_type"] => match run.reference.kind {
            RefKind::Tag => Outcome::text("tag"),
            RefKind::Branch | RefKind::PullRequest => Outcome::text("branch"),
            RefKind::Unknown => unknown(),
        },
        ["head_ref" | "base_ref"] if !run.event.starts_with("pull_request") => Outcome::text(""),
        ["event", rest @ ..] => payload(run, rest).unwrap_or_else(unknown),
        _ => unknown(),
    }
}

/// A property of `github.event`; `None` if the event does not determine it.
fn payload(run: &TriggerStart<'_, '_>, path: &[&str]) -> Option<Outcome> {
    let flag = |flag: bool| Some(Outcome::Known(Value::Bool(flag)));
    match path {
        ["action"] => run.activity.as_deref().map(Outcome::text),
        ["inputs", name] => Some(run.input(name, true)),
        ["ref"] => payload_ref(run),
        ["repository", "fork"] => flag(false),
        ["release", "draft"] if matches!(run.activity.as_deref(), Some("published" | "released" | "prereleased")) => {
            flag(false)
        }
        ["release", "prerelease"] if run.activity.as_deref() == Some("released") => flag(false),
        ["release", "prerelease"] if run.activity.as_deref() == Some("prereleased") => flag(true),
        ["release", "tag_name"] if run.event == "release" => Some(run.reference.name()),
        // Every run is assumed to succeed, also the one that this run follows.
        ["workflow_run", "conclusion"] if run.activity.as_deref() == Some("completed") => {
            Some(Outcome::text("success"))
        }
        ["workflow_run", "event"] if run.event == "workflow_run" => run.followed_event.as_deref().map(Outcome::text),
        [payload @ ("release" | "pull_request" | "workflow_run" | "client_payload"), ..] => {
            let carried = match *payload {
                "client_payload" => run.event == "repository_dispatch",
                other => run.event.starts_with(other),
            };
            (!carried).then_some(Outcome::Known(Value::Null))
        }
        _ => None,
    }
}

/// `github.event.ref`: the full ref, the name alone, or no such property, by event.
fn payload_ref(run: &TriggerStart<'_, '_>) -> Option<Outcome> {
    match run.event.as_str() {
        "push" | "workflow_dispatch" => Some(run.reference.full()),
        "create" => Some(run.reference.name()),
        "pull_request"
        | "pull_request_target"
        | "release"
        | "schedule"
        | "workflow_run"
        | "merge_group"
        | "issues"
        | "issue_comment" => Some(Outcome::Known(Value::Null)),
        _ => None,
    }
}
