//! The permissions of a job's `GITHUB_TOKEN`, as GitHub computes them.
//!
//! A job's block replaces the workflow's whole block. A block sets every scope that it does not name to `none`.
//! Without any block the repository's default applies, which never contains `id-token`. A called job can keep or lower
//! the permissions of its calling job; GitHub rejects the run if it requests more (`PermissionsHelper.cs` in
//! actions/runner).

use crate::read::source::Place;
use crate::workflow::github::GitHubFacts;
use crate::workflow::model::{Grant, Job, Permissions, Text, Workflow};
use crate::workflow::simulate::trigger_start::TriggerStart;

/// The access level of a scope, from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AccessLevel {
    None,
    Read,
    Write,
}

impl AccessLevel {
    /// The word used in workflow files.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Read => "read",
            Self::Write => "write",
        }
    }

    /// The level that a word in a workflow file means.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::None, Self::Read, Self::Write].into_iter().find(|access| access.word() == word)
    }
}

/// The block that decides a job's permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GrantOrigin {
    /// The job's own block.
    Job,
    /// The workflow's block.
    Workflow,
    /// A called workflow without a block: the calling job's permissions apply.
    Caller,
    /// No block: the repository's default applies.
    Default,
}

impl GrantOrigin {
    /// The word in fact values.
    #[must_use]
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Job => "job",
            Self::Workflow => "workflow",
            Self::Caller => "caller",
            Self::Default => "default",
        }
    }
}

/// A job's access to one scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GrantedAccess {
    /// `None` if only the repository settings decide it.
    pub access: Option<AccessLevel>,
    pub origin: GrantOrigin,
    /// The entry that grants it; the block that leaves it out; or the job if there is no block.
    pub place: Place,
}

/// The `permissions:` block that applies to a job.
#[must_use]
pub(crate) fn block<'m, 'p>(
    workflow: &'m Workflow<'p>,
    job: &'m Job<'p>,
) -> Option<(&'m Permissions<'p>, GrantOrigin)> {
    let own = job.permissions.as_ref().map(|block| (block, GrantOrigin::Job));
    own.or_else(|| workflow.permissions.as_ref().map(|block| (block, GrantOrigin::Workflow)))
}

/// The access of a job to one scope, ignoring calls.
#[must_use]
pub(crate) fn held(github: &GitHubFacts, workflow: &Workflow<'_>, job: &Job<'_>, scope: &str) -> GrantedAccess {
    match block(workflow, job) {
        Some((block, origin)) => {
            let (access, place) = granted(github, block, scope);
            GrantedAccess { access, origin, place }
        }
        None => {
            let never = github.permissions.never_by_default.iter().any(|name| name == scope);
            GrantedAccess {
                access: never.then_some(AccessLevel::None),
                origin: GrantOrigin::Default,
                place: job.id.place(),
            }
        }
    }
}

/// The access of a job to one scope in a run, limited by the calling jobs of the run.
#[must_use]
pub(crate) fn held_in(
    github: &GitHubFacts,
    run: &TriggerStart<'_, '_>,
    workflow: &Workflow<'_>,
    job: &Job<'_>,
    scope: &str,
) -> GrantedAccess {
    let own = held(github, workflow, job, scope);
    if run.unknown_caller {
        let access = if own.origin == GrantOrigin::Default { None } else { own.access };
        return GrantedAccess { access, ..own };
    }
    let mut calls = run.calls.iter().map(|call| held(github, call.workflow, call.job, scope));
    let Some(first) = calls.next() else { return own };
    let ceiling = calls.fold(first, limited);
    limited(ceiling, own)
}

/// The called job's access, limited to its calling job's.
fn limited(ceiling: GrantedAccess, own: GrantedAccess) -> GrantedAccess {
    match own.origin {
        GrantOrigin::Default | GrantOrigin::Caller => GrantedAccess { origin: GrantOrigin::Caller, ..ceiling },
        // If the caller has no block, the repository settings limit what the called job may request.
        _ if ceiling.origin == GrantOrigin::Default => own,
        _ => match (ceiling.access, own.access) {
            (Some(most), Some(asked)) if asked > most => GrantedAccess { access: None, ..own },
            (None, _) => GrantedAccess { access: None, ..own },
            _ => own,
        },
    }
}

fn granted(github: &GitHubFacts, block: &Permissions<'_>, scope: &str) -> (Option<AccessLevel>, Place) {
    match &block.grant {
        Grant::Word(word) => (by_word(github, *word, scope), word.place()),
        Grant::Scopes(entries) => match entries.iter().find(|pair| pair.key.value() == scope) {
            Some(pair) => (AccessLevel::from_word(pair.value.value()), cover(pair.key.place(), pair.value.place())),
            None => (Some(AccessLevel::None), block.key),
        },
    }
}

fn by_word(github: &GitHubFacts, word: Text<'_>, scope: &str) -> Option<AccessLevel> {
    let level = github.permissions.words.get(word.value())?;
    let known = github.permissions.scopes.get(scope)?;
    if known.contains(level) {
        return AccessLevel::from_word(level);
    }
    // `write-all` grants `read` for a read-only scope; `read-all` grants nothing for a write-only scope.
    let lower = known
        .iter()
        .filter_map(|word| AccessLevel::from_word(word))
        .filter(|access| Some(*access) < AccessLevel::from_word(level));
    Some(lower.max().unwrap_or(AccessLevel::None))
}

fn cover(key: Place, value: Place) -> Place {
    Place { file: key.file, span: key.span.cover(value.span) }
}
