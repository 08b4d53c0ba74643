//! Facts of a job that calls a workflow of this repository, one scope at a time. It never asks what the scope is for.

use crate::lint::facts::{Answered, Fact, In, Spec, Values};
use crate::lint::subjects::Kind;

const CALL: &[Kind] = &[Kind::Call];

/// The lines of the table.
pub const FACTS: &[Spec] = &[
    Spec::new(
        "call.grants",
        CALL,
        Values::OneOf(&["enough", "too-little"]),
        "Whether the calling job holds what the called workflow asks for; if not, GitHub refuses the whole run.",
        grants,
    ),
    Spec::new("call.scope", CALL, Values::Any, "The scope that the called workflow asks for.", scope),
    Spec::new("call.asked", CALL, Values::Any, "The access that it asks for.", asked),
    Spec::new("call.held", CALL, Values::Any, "The access that the calling job holds.", held),
    Spec::new(
        "call.asker",
        CALL,
        Values::Any,
        "What in the called workflow asks: a job, or the workflow itself.",
        asker,
    ),
    Spec::new("call.file", CALL, Values::Any, "The called workflow's file.", file),
];

fn grants(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let request = subject.request?;
    let enough = request.asked <= request.held;
    Some(Fact::text(if enough { "enough" } else { "too-little" }, request.held_place))
}

fn scope(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let request = subject.request?;
    Some(Fact::text(request.scope.clone(), request.asked_place))
}

fn asked(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let request = subject.request?;
    Some(Fact::text(request.asked.word(), request.asked_place))
}

fn held(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let request = subject.request?;
    Some(Fact::text(request.held.word(), request.held_place))
}

fn asker(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let request = subject.request?;
    let asker = request.job.map_or_else(|| "the workflow".to_owned(), |job| format!("job `{}`", job.id.value()));
    Some(Fact::text(asker, request.asked_place))
}

fn file(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let request = subject.request?;
    Some(Fact::text(request.workflow.source.file_name(), request.asked_place))
}
