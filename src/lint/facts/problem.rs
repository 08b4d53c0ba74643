//! Facts about problems in files, and about ignores.

use crate::lint::facts::{Fact, FactSpec, FactValues, YES_NO, yes};
use crate::lint::subjects::{Subject, SubjectKind};

/// The facts of this file.
pub(crate) const FACTS: &[FactSpec] = &[
    FactSpec::new("problem", &[SubjectKind::Problem], FactValues::Any, "What is wrong.", problem),
    FactSpec::new(
        "problem.kind",
        &[SubjectKind::Problem],
        FactValues::OneOf(&["yaml", "shape"]),
        "Whether the file does not parse, or has a shape that GitHub refuses.",
        problem_kind,
    ),
    FactSpec::new(
        "problem.blocks-upload",
        &[SubjectKind::Problem],
        YES_NO,
        "Whether the problem is in a workflow that publishes or could.",
        problem_blocks_upload,
    ),
    FactSpec::new("ignore", &[SubjectKind::Ignore], FactValues::Any, "The rule that an ignore names.", ignore),
    FactSpec::new(
        "ignore.meant",
        &[SubjectKind::Ignore],
        FactValues::Any,
        "The closest rule name, if the ignore names an unknown one.",
        ignore_meant,
    ),
    FactSpec::new(
        "ignore.status",
        &[SubjectKind::Ignore],
        FactValues::OneOf(&["used", "unused", "expired", "unreasoned", "misspelt", "unknown", "malformed"]),
        "Whether the ignore hid a finding.",
        ignore_status,
    ),
];

fn problem(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (problem, _) = subject.problem()?;
    Some(Fact::text(&problem.message, problem.place))
}

fn problem_kind(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (problem, kind) = subject.problem()?;
    let place = problem.place;
    Some(Fact::text(kind, place))
}

fn problem_blocks_upload(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let (problem, kind) = subject.problem()?;
    let place = problem.place;
    let analysis = subject.analysis;
    yes(kind == "yaml" || analysis.publishes(place.file), place)
}

fn ignore(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let ignore = subject.ignore()?;
    Some(Fact::text(&ignore.rule, ignore.place))
}

fn ignore_meant(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let ignore = subject.ignore()?;
    Some(Fact::optional(ignore.meant.clone(), ignore.place))
}

fn ignore_status(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let ignore = subject.ignore()?;
    Some(Fact::text(ignore.status, ignore.place))
}
