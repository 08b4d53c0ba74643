//! What the job's token may do, as GitHub computes it. It does not ask whether that is wise.
//!
//! The rules are those of GitHub's workflow parser: a job's block replaces the workflow's whole block; a block sets every scope that
//! it does not name to none; with no block at all the repository's default holds, which never contains `id-token`. A called job keeps
//! or lowers what the calling job holds; one that asks for more makes GitHub refuse the whole run (`PermissionsHelper.cs`).

use crate::read::source::Place;
use crate::workflow::github::GitHub;
use crate::workflow::model::{Grant, Job, Permissions, Text, Workflow};
use crate::workflow::simulate::run::Run;

/// How much a scope allows. The order is from nothing to all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Nothing.
    None,
    /// Reading.
    Read,
    /// Reading and writing.
    Write,
}

impl Access {
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
pub enum Origin {
    /// The job's own block.
    Job,
    /// The workflow's block.
    Workflow,
    /// No block in a called workflow: what the calling job holds.
    Caller,
    /// No block: the repository's default.
    Default,
}

impl Origin {
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
pub struct Held {
    /// The access; `None` where only the repository's settings say it.
    pub access: Option<Access>,
    /// Where it comes from.
    pub origin: Origin,
    /// The entry that grants it, else the block that leaves it out, else the job.
    pub place: Place,
}

/// The block that holds for a job, and whose it is.
#[must_use]
pub fn block<'m, 'p>(workflow: &'m Workflow<'p>, job: &'m Job<'p>) -> Option<(&'m Permissions<'p>, Origin)> {
    let own = job.permissions.as_ref().map(|block| (block, Origin::Job));
    own.or_else(|| workflow.permissions.as_ref().map(|block| (block, Origin::Workflow)))
}

/// What a job holds of one scope.
#[must_use]
pub fn held(github: &GitHub, workflow: &Workflow<'_>, job: &Job<'_>, scope: &str) -> Held {
    match block(workflow, job) {
        Some((block, origin)) => {
            let (access, place) = granted(github, block, scope);
            Held { access, origin, place }
        }
        None => {
            let never = github.permissions.never_by_default.iter().any(|name| name == scope);
            Held { access: never.then_some(Access::None), origin: Origin::Default, place: job.id.place() }
        }
    }
}

/// What a job holds of one scope in a run, through the calls that lead to it.
#[must_use]
pub fn held_in(github: &GitHub, run: &Run<'_, '_>, workflow: &Workflow<'_>, job: &Job<'_>, scope: &str) -> Held {
    let own = held(github, workflow, job, scope);
    if run.unknown_caller {
        let access = if own.origin == Origin::Default { None } else { own.access };
        return Held { access, ..own };
    }
    let mut calls = run.calls.iter().map(|call| held(github, call.workflow, call.job, scope));
    let Some(first) = calls.next() else { return own };
    let ceiling = calls.fold(first, lowered);
    lowered(ceiling, own)
}

/// What is left of a called job's access below what its caller holds.
fn lowered(ceiling: Held, own: Held) -> Held {
    match own.origin {
        Origin::Default | Origin::Caller => Held { origin: Origin::Caller, ..ceiling },
        // Where the caller has no block, the repository's settings say how much a called workflow may ask for.
        _ if ceiling.origin == Origin::Default => own,
        _ => match (ceiling.access, own.access) {
            (Some(most), Some(asked)) if asked > most => Held { access: None, ..own },
            (None, _) => Held { access: None, ..own },
            _ => own,
        },
    }
}

fn granted(github: &GitHub, block: &Permissions<'_>, scope: &str) -> (Option<Access>, Place) {
    match &block.grant {
        Grant::Word(word) => (by_word(github, *word, scope), word.place()),
        Grant::Scopes(entries) => match entries.iter().find(|pair| pair.key.value() == scope) {
            Some(pair) => (Access::from_word(pair.value.value()), cover(pair.key.place(), pair.value.place())),
            None => (Some(Access::None), block.key),
        },
    }
}

fn by_word(github: &GitHub, word: Text<'_>, scope: &str) -> Option<Access> {
    let level = github.permissions.words.get(word.value())?;
    let known = github.permissions.scopes.get(scope)?;
    if known.contains(level) {
        return Access::from_word(level);
    }
    // A scope that only reads gets that from `write-all`; one that only writes gets nothing from `read-all`.
    let lesser = known
        .iter()
        .filter_map(|word| Access::from_word(word))
        .filter(|access| Some(*access) < Access::from_word(level));
    Some(lesser.max().unwrap_or(Access::None))
}

fn cover(key: Place, value: Place) -> Place {
    Place { file: key.file, span: key.span.cover(value.span) }
}
