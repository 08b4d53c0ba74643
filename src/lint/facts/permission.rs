//! Facts about permissions: the entries of a `permissions` block, and the resulting access of a job.

use crate::lint::facts::{Fact, FactSpec, FactValues, JOB};
use crate::lint::subjects::{Subject, SubjectKind};
use crate::read::problem;
use crate::workflow::model::Grant;
use crate::workflow::permissions::{self, GrantOrigin};

/// The facts of this file.
pub(crate) const FACTS: &[FactSpec] = &[
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
    FactSpec::new("permission.*", JOB, FactValues::Access, "The job's access to a scope.", permission),
    FactSpec::new(
        "permission-origin.*",
        JOB,
        FactValues::OneOf(&["job", "workflow", "caller", "default"]),
        "Where the job's access to a scope comes from.",
        permission_origin,
    ),
    FactSpec::new(
        "permissions.word",
        JOB,
        FactValues::Any,
        "The word (`write-all`, `read-all`) that grants the job's permissions.",
        permissions_word,
    ),
];

fn scope(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let key = subject.permission()?.key;
    Some(Fact::text(key.value(), key.place()))
}

fn level(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let value = subject.permission()?.value;
    Some(Fact::text(value.value(), value.place()))
}

fn meant<'s>(subject: &'s Subject<'s, '_, '_>) -> Option<&'s str> {
    let known = subject.analysis.data.github.permissions.scopes.keys().map(String::as_str);
    problem::closest(subject.permission()?.key.value(), known)
}

fn scope_status(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let key = subject.permission()?.key;
    let known = subject.analysis.data.github.permissions.scopes.contains_key(key.value());
    let status = match known {
        true => "known",
        false if meant(subject).is_some() => "misspelt",
        false => "unknown",
    };
    Some(Fact::text(status, key.place()))
}

fn scope_meant(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let place = subject.permission()?.key.place();
    meant(subject).map(|scope| Fact::text(scope, place))
}

fn level_status(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let pair = subject.permission()?;
    let levels = subject.analysis.data.github.permissions.scopes.get(pair.key.value())?;
    let known = pair.value.value() == "none" || levels.iter().any(|level| level == pair.value.value());
    // GitHub refuses expressions in `permissions`; that is not a misspelt level.
    (!pair.value.value().contains("${{"))
        .then(|| Fact::word(if known { "known" } else { "unknown" }, pair.value.place()))
}

fn granted(subject: &Subject<'_, '_, '_>, scope: &str) -> Option<permissions::GrantedAccess> {
    let (github, workflow, job) = (&subject.analysis.data.github, subject.workflow()?, subject.job()?);
    Some(match subject.context() {
        Some(context) => permissions::held_in(github, context.run(), workflow, job, scope),
        None => permissions::held(github, workflow, job, scope),
    })
}

pub(crate) fn permission(subject: &Subject<'_, '_, '_>, scope: &str) -> Option<Fact> {
    let held = granted(subject, scope)?;
    // A called job without a block of its own holds what its caller grants.
    if held.origin == GrantOrigin::Default && subject.context().is_none() && is_callable(subject) {
        return Some(Fact::unknown("what the caller grants"));
    }
    let unknown = || {
        Fact::unknown(if held.origin == GrantOrigin::Default {
            "the repository's default permissions"
        } else {
            "what the caller grants"
        })
    };
    Some(held.access.map_or_else(unknown, |access| Fact::word(access.word(), held.place)))
}

/// Whether other workflows may call this one.
fn is_callable(subject: &Subject<'_, '_, '_>) -> bool {
    subject.workflow().is_some_and(|workflow| {
        let events = &subject.analysis.data.github.events;
        workflow.triggers.iter().any(|trigger| events.get(trigger.event.value()).is_some_and(|event| event.called))
    })
}

pub(crate) fn permission_origin(subject: &Subject<'_, '_, '_>, scope: &str) -> Option<Fact> {
    let held = granted(subject, scope)?;
    Some(Fact::word(held.origin.word(), held.place))
}

pub(crate) fn permissions_word(subject: &Subject<'_, '_, '_>, _: &str) -> Option<Fact> {
    let job = subject.job()?;
    match permissions::block(subject.workflow()?, job) {
        Some((block, _)) => match block.grant {
            Grant::Word(word) => Some(Fact::text(word.value(), word.place())),
            Grant::Scopes(_) => Some(Fact::Known(None, block.key)),
        },
        None => Some(Fact::Known(None, job.id.place())),
    }
}
