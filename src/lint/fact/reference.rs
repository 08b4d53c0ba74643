//! Facts of context reads in expressions. It never evaluates one.

use super::{Answered, Fact, In, Spec, Values};
use crate::lint::subject::Kind;

/// The lines of the table.
pub const FACTS: &[Spec] = &[
    Spec::new("reference", &[Kind::Reference], Values::Any, "The context path that an expression reads.", reference),
    Spec::new(
        "reference.status",
        &[Kind::Reference],
        Values::OneOf(&["known", "unknown"]),
        "Whether the context has the property, for contexts with a fixed list.",
        reference_status,
    ),
];

fn reference(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let (path, place) = subject.reference?;
    Some(Fact::text(path.join("."), place))
}

fn reference_status(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let (path, place) = subject.reference?;
    let (context, property) = (path.first()?, path.get(1)?);
    let known = subject.analysis.data.github.contexts.get(context.as_str())?;
    let has = known.iter().any(|name| name.eq_ignore_ascii_case(property));
    Some(Fact::text(if has { "known" } else { "unknown" }, place))
}
