//! The permissions of an upload's job, scope by scope, and the block that grants each.

use std::borrow::Cow;

use crate::lint::facts::Fact;
use crate::lint::facts::permission::{permission, permission_origin, permissions_word};
use crate::lint::subjects::Subject;
use crate::read::source::Place;
use crate::workflow::permissions::{self, AccessLevel, GrantOrigin};
use crate::workflow::simulate::trigger_start::JobCall;

/// What a job holds of one scope, or of all scopes by a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedPermission {
    /// The scope; or the word that grants them all.
    pub scope: String,
    /// `none`, `read` or `write`; `None` if the repository's settings or an unknown caller decide, or if a word grants it.
    pub access: Option<String>,
    /// `job`, `workflow`, or `default` without any block.
    pub origin: String,
    /// The entry that grants it, else the block that omits it, else the job.
    pub place: Place,
    /// What the job requests, if that is more than its calling jobs hold.
    pub requested: Option<String>,
    /// What the calling jobs hold, beginning with the workflow that GitHub starts.
    pub callers: Vec<PermissionLink>,
}

/// What a calling job holds of a scope: the most that a called job can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermissionLink {
    /// The job.
    pub job: String,
    /// `none`, `read` or `write`; `None` if the repository's settings decide.
    pub access: Option<String>,
    /// The place that grants it.
    pub place: Place,
}

/// The scopes that a job holds, and always `id-token`.
pub(super) fn permissions(subject: &Subject<'_, '_, '_>) -> Vec<ExplainedPermission> {
    let github = &subject.analysis.data.github.permissions;
    let word = match permissions_word(subject, "") {
        Some(Fact::Known(Some(word), place)) => Some((word.into_owned(), place)),
        _ => None,
    };
    // A word grants every scope; listing them all would hide the important one.
    let named = github.scopes.keys().filter(|scope| word.is_none() || is_asked_for(&github.never_by_default, scope));
    let scopes = named.filter_map(|scope| held(subject, scope, is_asked_for(&github.never_by_default, scope)));
    let scopes: Vec<ExplainedPermission> = scopes.collect();
    let whole = word.map(|(scope, place)| {
        let origin = scopes.first().map_or(String::new(), |held| held.origin.clone());
        ExplainedPermission { scope, access: None, origin, place, requested: None, callers: Vec::new() }
    });
    whole.into_iter().chain(scopes).collect()
}

/// Whether a scope is never granted by default: `id-token`.
fn is_asked_for(never_by_default: &[String], scope: &str) -> bool {
    never_by_default.iter().any(|name| name == scope)
}

fn held(subject: &Subject<'_, '_, '_>, scope: &str, always: bool) -> Option<ExplainedPermission> {
    let (requested, callers) = (requested(subject, scope), callers(subject, scope));
    let (access, place) = match permission(subject, scope)? {
        Fact::Known(access, place) if always || access.as_deref() != Some("none") => {
            (access.map(Cow::into_owned), place)
        }
        Fact::Unknown(_) if always || requested.is_some() => (None, subject.job()?.id.place()),
        Fact::Known(..) | Fact::Unknown(_) => return None,
    };
    let (requested, place) = requested.map_or((None, place), |(access, place)| (Some(access.word().to_owned()), place));
    Some(ExplainedPermission {
        scope: scope.to_owned(),
        access,
        origin: origin(subject, scope),
        place,
        requested,
        callers,
    })
}

/// What the calling jobs hold.
fn callers(subject: &Subject<'_, '_, '_>, scope: &str) -> Vec<PermissionLink> {
    let calls = subject.context().map_or(&[][..], |context| context.run().calls.as_slice());
    let link = |call: &JobCall<'_, '_>| {
        let held = permissions::held(&subject.analysis.data.github, call.workflow, call.job, scope);
        let access = held.access.filter(|_| held.origin != GrantOrigin::Default);
        PermissionLink {
            job: call.job.id.value().to_owned(),
            access: access.map(|access| access.word().to_owned()),
            place: held.place,
        }
    };
    calls.iter().map(link).collect()
}

/// What a job requests, and where, if that is more than its calling jobs hold.
fn requested(subject: &Subject<'_, '_, '_>, scope: &str) -> Option<(AccessLevel, Place)> {
    let (workflow, job, run) = (subject.workflow()?, subject.job()?, subject.context()?.run());
    let github = &subject.analysis.data.github;
    let own = permissions::held(github, workflow, job, scope);
    let granted = permissions::held_in(github, run, workflow, job, scope);
    let more = own.origin != GrantOrigin::Default && granted.access.is_none() && !run.unknown_caller;
    own.access.filter(|_| more).map(|access| (access, own.place))
}

fn origin(subject: &Subject<'_, '_, '_>, scope: &str) -> String {
    match permission_origin(subject, scope) {
        Some(Fact::Known(Some(origin), _)) => origin.into_owned(),
        _ => String::new(),
    }
}
