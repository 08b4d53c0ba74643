//! Facts of context reads in expressions. It never evaluates one.

use super::{Answered, Fact, In, Spec, Values};
use crate::lint::subject::Kind;
use crate::workflow::sight::outputs::{self, Declared};

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
    Spec::new(
        "output.status",
        &[Kind::Reference],
        Values::OneOf(&["declared", "undeclared", "not-needed"]),
        "Whether a job's output that an expression reads is declared by that job, and the job is among those that are waited for.",
        output_status,
    ),
    Spec::new("output", &[Kind::Reference], Values::Any, "The output that an expression reads.", output),
    Spec::new("output.job", &[Kind::Reference], Values::Any, "The job whose output an expression reads.", output_job),
];

fn output_path(path: &[String]) -> Option<(&str, &str)> {
    match path {
        [needs, job, outputs, name]
            if needs.eq_ignore_ascii_case("needs") && outputs.eq_ignore_ascii_case("outputs") =>
        {
            Some((job, name))
        }
        _ => None,
    }
}

fn output_status(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let (path, place) = subject.reference?;
    let (job, name) = output_path(path)?;
    let declared = outputs::declared(subject.analysis.checkout, subject.workflow?, subject.job?, job, name);
    Some(match declared {
        Declared::Yes => Fact::text("declared", place),
        Declared::No => Fact::text("undeclared", place),
        Declared::NotNeeded => Fact::text("not-needed", place),
        Declared::Unknown => Fact::Unknown,
    })
}

fn output(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let (path, place) = subject.reference?;
    output_path(path).map(|(_, name)| Fact::text(name, place))
}

fn output_job(subject: In<'_, '_, '_>, _: &str) -> Answered {
    let (path, place) = subject.reference?;
    output_path(path).map(|(job, _)| Fact::text(job, place))
}

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
