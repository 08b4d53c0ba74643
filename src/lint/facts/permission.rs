//! Facts about single entries of a `permissions` block. The resulting access of a job is the fact `permission.*`.

use crate::lint::facts::{Fact, FactSpec, FactValues};
use crate::lint::subjects::{Subject, SubjectKind};
use crate::read::problem;

/// The facts of this file.
pub const FACTS: &[FactSpec] = &[
    FactSpec::new(
        "scope",
        &[SubjectKind::Permission],
        FactValues::Any,
        "The scope that an entry of `permissions` names.",
        scope,
    ),
    FactSpec::new(
        "level",
        &[SubjectKind::Permission],
        FactValues::Any,
        "The level that an entry of `permissions` gives.",
        level,
    ),
    FactSpec::new(
        "scope.status",
        &[SubjectKind::Permission],
        FactValues::OneOf(&["known", "misspelt", "unknown"]),
        "Whether GitHub has the scope; `misspelt` if it has one with a similar name.",
        scope_status,
    ),
    FactSpec::new(
        "scope.meant",
        &[SubjectKind::Permission],
        FactValues::Any,
        "The scope that a misspelt one most likely means.",
        scope_meant,
    ),
    FactSpec::new(
        "level.status",
        &[SubjectKind::Permission],
        FactValues::OneOf(&["known", "unknown"]),
        "Whether the scope has that level.",
        level_status,
    ),
];

fn scope(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let key = subject.permission?.key;
    Some(Fact::text(key.value(), key.place()))
}

fn level(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let value = subject.permission?.value;
    Some(Fact::text(value.value(), value.place()))
}

fn meant<'s>(subject: &'s Subject<'s, '_, '_>) -> Option<&'s str> {
    let known = subject.analysis.data.github.permissions.scopes.keys().map(String::as_str);
    problem::closest(subject.permission?.key.value(), known)
}

fn scope_status(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let key = subject.permission?.key;
    let known = subject.analysis.data.github.permissions.scopes.contains_key(key.value());
    let status = match known {
        true => "known",
        false if meant(subject).is_some() => "misspelt",
        false => "unknown",
    };
    Some(Fact::text(status, key.place()))
}

fn scope_meant(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let place = subject.permission?.key.place();
    meant(subject).map(|scope| Fact::text(scope, place))
}

fn level_status(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let pair = subject.permission?;
    let levels = subject.analysis.data.github.permissions.scopes.get(pair.key.value())?;
    let known = pair.value.value() == "none" || levels.iter().any(|level| level == pair.value.value());
    // GitHub refuses expressions in `permissions`; that is not a misspelt level.
    (!pair.value.value().contains("${{"))
        .then(|| Fact::text(if known { "known" } else { "unknown" }, pair.value.place()))
}
