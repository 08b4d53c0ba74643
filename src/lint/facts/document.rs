//! Facts about values that a document repeats, one subject for each value.

use crate::lint::facts::{Fact, FactSpec, FactValues};
use crate::lint::subjects::{Subject, SubjectKind};
use crate::read::source::Place;

const DOCUMENT: &[SubjectKind] = &[SubjectKind::Document];

/// The facts of this file.
pub(crate) const FACTS: &[FactSpec] = &[
    FactSpec::new("document.value", DOCUMENT, FactValues::Any, "The value in the document.", value),
    FactSpec::new("document.field", DOCUMENT, FactValues::Any, "The label of the field in the registry's form.", field),
    FactSpec::new(
        "document.status",
        DOCUMENT,
        FactValues::OneOf(&["same", "other"]),
        "Whether the declared publisher has the same value. With several publishers, the one that agrees with most values of the block is compared.",
        status,
    ),
    FactSpec::new(
        "document.declared",
        DOCUMENT,
        FactValues::Any,
        "The value that the declared publisher has.",
        declared,
    ),
];

fn place(subject: &Subject<'_, '_, '_>) -> Option<Place> {
    let repeated = subject.document()?;
    Some(Place { file: repeated.file, span: repeated.statement.span })
}

fn value(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    Some(Fact::text(subject.document()?.statement.value.clone(), place(subject)?))
}

fn field(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let field = subject.publisher()?.registry.field(&subject.document()?.statement.field)?;
    Some(Fact::text(field.label.to_lowercase(), place(subject)?))
}

fn status(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    Some(Fact::word(if subject.document()?.same { "same" } else { "other" }, place(subject)?))
}

fn declared(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let publisher = subject.publisher()?;
    Some(match publisher.entry(&subject.document()?.statement.field) {
        Some(entry) => Fact::text(entry.value.clone(), entry.place),
        None => Fact::Known(None, publisher.place),
    })
}
