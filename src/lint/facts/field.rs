//! Facts about the fields of declared publishers.

use crate::lint::facts::{Fact, FactSpec, FactValues};
use crate::lint::subjects::{Subject, SubjectKind};
use crate::trust::publisher;

const FIELD: &[SubjectKind] = &[SubjectKind::Field];

/// The facts of this file.
pub(crate) const FACTS: &[FactSpec] = &[
    FactSpec::new("field.value", FIELD, FactValues::Any, "The declared value of the field.", value),
    FactSpec::new(
        "field.status",
        FIELD,
        FactValues::OneOf(&["accepted", "refused"]),
        "Whether the registry's form accepts the declared value.",
        status,
    ),
    FactSpec::new("field.problem", FIELD, FactValues::Any, "Why the form refuses the value.", problem),
    FactSpec::new(
        "field.correction",
        FIELD,
        FactValues::Any,
        "The value that was most likely meant by one that the form refuses, if there is only one candidate.",
        correction,
    ),
];

fn value(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let field = subject.field()?;
    Some(Fact::text(field.value.clone(), field.place))
}

fn status(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let field = subject.field()?;
    Some(Fact::word(if field.refusal.is_none() { "accepted" } else { "refused" }, field.place))
}

fn problem(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let field = subject.field()?;
    field.refusal.as_ref().map(|reason| Fact::text(reason.as_str(), field.place))
}

fn correction(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (publisher, field) = (subject.publisher()?, subject.field()?);
    publisher::intended_value(publisher, field).map(|intended| Fact::text(intended, field.place))
}
