//! What the job's token may do, as GitHub computes it. It does not ask whether that is wise.
//!
//! The rules are those of GitHub's workflow parser: a job's block replaces the workflow's whole block; a block sets every scope that
//! it does not name to none; with no block at all the repository's default holds, which never contains `id-token`. A called job keeps
//! or lowers what the calling job holds; one that asks for more makes GitHub refuse the whole run (`PermissionsHelper.cs`).

use crate::read::source::Place;
use crate::workflow::github::GitHubFacts;
use crate::workflow::model::{Grant, Job, Permissions, Text, Workflow};
use crate::workflow::simulate::run::TriggerStart;

/// How much a scope allows. The order is from nothing to all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccessLevel {
    /// Nothing.
    None,
    /// Reading.
    Read,
    /// Reading and writing.
    Write,
}

impl AccessLevel {
    /// The word in a workflow.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Read => "read",
            Self::Write => "write",
        }
    }

    /// The access that a word means.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::None, Self::Read, Self::Write].into_iter().find(|access| access.word() == word)
    }
}

/// Where a job's access comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantOrigin {
    /// The job's own block.
    Job,
    /// The workflow's block.
    Workflow,
    /// No block in a called workflow: what the calling job holds.
    Caller,
    /// No block: the repository's default.
    Default,
}

impl GrantOrigin {
    /// The word that facts use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Job => "job",
            Self::Workflow => "workflow",
            Self::Caller => "caller",
            Self::Default => "default",
        }
    }
}

/// What a job may do with one scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrantedAccess {
    /// The access; `None` where only the repository's settings say it.
    pub access: Option<AccessLevel>,
    /// Where it comes from.
    pub origin: GrantOrigin,
    /// The entry that grants it, else the block that leaves it out, else the job.
    pub place: Place,
}

/// The block that holds for a job, and whose it is.
#[must_use]
pub fn block<'m, 'p>(workflow: &'m Workflow<'p>, job: &'m Job<'p>) -> Option<(&'m Permissions<'p>, GrantOrigin)> {
    let own = job.permissions.as_ref().map(|block| (block, GrantOrigin::Job));
    own.or_else(|| workflow.permissions.as_ref().map(|block| (block, GrantOrigin::Workflow)))
}

/// What a job holds of one scope.
#[must_use]
pub fn held(github: &GitHubFacts, workflow: &Workflow<'_>, job: &Job<'_>, scope: &str) -> GrantedAccess {
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

/// What a job holds of one scope in a run, through the calls that lead to it.
#[must_use]
pub fn held_in(
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
    let ceiling = calls.fold(first, lowered);
    lowered(ceiling, own)
}

/// What is left of a called job's access below what its caller holds.
fn lowered(ceiling: GrantedAccess, own: GrantedAccess) -> GrantedAccess {
    match own.origin {
        GrantOrigin::Default | GrantOrigin::Caller => GrantedAccess { origin: GrantOrigin::Caller, ..ceiling },
        // Where the caller has no block, the repository's settings say how much a called workflow may ask for.
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
    // A scope that only reads gets that from `write-all`; one that only writes gets nothing from `read-all`.
    let lesser = known
        .iter()
        .filter_map(|word| AccessLevel::from_word(word))
        .filter(|access| Some(*access) < AccessLevel::from_word(level));
    Some(lesser.max().unwrap_or(AccessLevel::None))
}

fn cover(key: Place, value: Place) -> Place {
    Place { file: key.file, span: key.span.cover(value.span) }
}
