//! Facts about the scopes that a job needs. `rules/needs` lists them.

use crate::lint::facts::{Fact, FactSpec, FactValues, YES_NO, yes};
use crate::lint::subjects::{Subject, SubjectKind};

const NEED: &[SubjectKind] = &[SubjectKind::Need];

/// The fact with the result of the comparison with the job's permissions.
pub(crate) const STATUS: &str = "need.status";

/// The facts that are known before the need is compared with the job's permissions.
pub(crate) const BEFORE_COMPARISON: [&str; 2] = ["need.scope", "need.private"];

/// The facts of this file.
pub(crate) const FACTS: &[FactSpec] = &[
    FactSpec::new("need.scope", NEED, FactValues::Any, "The scope that is needed.", scope),
    FactSpec::new("need.access", NEED, FactValues::OneOf(&["read", "write"]), "The access that is needed.", access),
    FactSpec::new("need.granted", NEED, FactValues::Access, "The job's access to that scope.", granted),
    FactSpec::new(
        STATUS,
        NEED,
        FactValues::OneOf(&["held", "missing", "unconfirmed"]),
        "Whether the job has that access; `unconfirmed` if it has not, but nothing confirms that the step fails without it.",
        status,
    ),
    FactSpec::new(
        "need.client",
        NEED,
        FactValues::Any,
        "The action, called workflow or command that needs the scope.",
        client,
    ),
    FactSpec::new("need.reason", NEED, FactValues::Any, "The purpose of the scope.", reason),
    FactSpec::new("need.private", NEED, YES_NO, "Whether only private repositories need it.", private),
];

fn scope(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let check = subject.need()?;
    Some(Fact::text(check.need.scope.clone(), check.held.place))
}

fn access(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let check = subject.need()?;
    Some(Fact::word(check.need.access.word(), check.requester.resolved.place()))
}

fn granted(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let held = subject.need()?.held;
    Some(Fact::text(held.access?.word(), held.place))
}

fn status(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let check = subject.need()?;
    Some(Fact::text(check.status?.word()?, check.held.place))
}

fn client(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let requester = &subject.need()?.requester;
    Some(Fact::text(requester.name(&subject.analysis.data.github), requester.resolved.place()))
}

fn reason(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let check = subject.need()?;
    Some(Fact::text(check.need.reason.clone(), check.requester.resolved.place()))
}

fn private(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let check = subject.need()?;
    // Evaluated for every checkout step; the place of the permissions is cheaper to find than the place of the step.
    yes(check.need.private, check.held.place)
}
