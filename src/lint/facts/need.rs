//! Facts of scopes that something in a job asks for. Which ones those are is for the data to say.

use crate::lint::facts::{Answered, Fact, FactSpec, FactValues, In, YES_NO, yes};
use crate::lint::subjects::SubjectKind;

const NEED: &[SubjectKind] = &[SubjectKind::Need];

/// The facts that stand before anything is weighed: what is asked for, whatever becomes of it.
pub const UNWEIGHED: [&str; 2] = ["need.scope", "need.private"];

/// The lines of the table.
pub const FACTS: &[FactSpec] = &[
    FactSpec::new("need.scope", NEED, FactValues::Any, "The scope that is asked for.", scope),
    FactSpec::new("need.access", NEED, FactValues::OneOf(&["read", "write"]), "The access that is asked for.", access),
    FactSpec::new("need.held", NEED, FactValues::Access, "The access that the job holds of that scope.", held),
    FactSpec::new(
        "need.status",
        NEED,
        FactValues::OneOf(&["held", "missing", "doubtful"]),
        "Whether the job holds what is asked for; doubtful where it does not, but the files do not show whether that matters.",
        status,
    ),
    FactSpec::new(
        "need.client",
        NEED,
        FactValues::Any,
        "The action, the called workflow or the command that asks.",
        client,
    ),
    FactSpec::new("need.reason", NEED, FactValues::Any, "What it needs the scope for.", reason),
    FactSpec::new("need.private", NEED, YES_NO, "Whether only private repositories need it.", private),
];

fn scope(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let standing = subject.need?;
    Some(Fact::text(standing.need.scope.clone(), standing.held.place))
}

fn access(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let standing = subject.need?;
    Some(Fact::text(standing.need.access.word(), standing.requester.resolved.place()))
}

fn held(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let held = subject.need?.held;
    Some(Fact::text(held.access?.word(), held.place))
}

fn status(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let standing = subject.need?;
    Some(Fact::text(standing.status.word()?, standing.held.place))
}

fn client(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let requester = &subject.need?.requester;
    Some(Fact::text(requester.name(&subject.analysis.data.github), requester.resolved.place()))
}

fn reason(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let standing = subject.need?;
    Some(Fact::text(standing.need.reason.clone(), standing.requester.resolved.place()))
}

fn private(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let standing = subject.need?;
    // Asked of every checkout before anything is weighed, when the place of who asks would be the costly part.
    yes(standing.need.private, standing.held.place)
}
