//! Facts about a job that calls a workflow of this repository, one subject for each scope that the called workflow requests.

use crate::lint::facts::{Fact, FactSpec, FactValues};
use crate::lint::subjects::{Subject, SubjectKind};

const CALL: &[SubjectKind] = &[SubjectKind::Call];

/// The facts of this file.
pub(crate) const FACTS: &[FactSpec] = &[
    FactSpec::new(
        "call.grants",
        CALL,
        FactValues::OneOf(&["enough", "too-little"]),
        "Whether the calling job has the access that the called workflow requests; if not, GitHub refuses to start the run.",
        grants,
    ),
    FactSpec::new("call.scope", CALL, FactValues::Any, "The scope that the called workflow requests.", scope),
    FactSpec::new("call.requested", CALL, FactValues::Any, "The requested access.", requested),
    FactSpec::new("call.granted", CALL, FactValues::Any, "The access that the calling job has.", granted),
    FactSpec::new(
        "call.requester",
        CALL,
        FactValues::Any,
        "The requester in the called workflow: a job, or the workflow itself.",
        requester,
    ),
    FactSpec::new("call.file", CALL, FactValues::Any, "The called workflow's file.", file),
];

fn grants(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let request = subject.request()?;
    let enough = request.requested <= request.granted;
    Some(Fact::word(if enough { "enough" } else { "too-little" }, request.granted_place))
}

fn scope(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let request = subject.request()?;
    Some(Fact::text(request.scope.clone(), request.requested_place))
}

fn requested(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let request = subject.request()?;
    Some(Fact::word(request.requested.word(), request.requested_place))
}

fn granted(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let request = subject.request()?;
    Some(Fact::word(request.granted.word(), request.granted_place))
}

fn requester(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let request = subject.request()?;
    let requester = request.job.map_or_else(|| "the workflow".to_owned(), |job| format!("job `{}`", job.id.value()));
    Some(Fact::text(requester, request.requested_place))
}

fn file(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let request = subject.request()?;
    Some(Fact::text(request.workflow.source.file_name(), request.requested_place))
}
