//! What is known of an event: which runs it starts, and what ref those have.

use serde::Deserialize;

/// What a run's `github.ref` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefKind {
    /// `refs/tags/…`
    Tag,
    /// `refs/heads/…`
    Branch,
    /// `refs/pull/…/merge`
    PullRequest,
    /// The event does not fix it.
    Unknown,
}

impl RefKind {
    /// The word that facts use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Tag => "tag",
            Self::Branch => "branch",
            Self::PullRequest => "pull-request",
            Self::Unknown => "unknown",
        }
    }

    /// How `github.ref` begins, if that is known.
    #[must_use]
    pub const fn prefix(self) -> Option<&'static str> {
        match self {
            Self::Tag => Some("refs/tags/"),
            Self::Branch => Some("refs/heads/"),
            Self::PullRequest => Some("refs/pull/"),
            Self::Unknown => None,
        }
    }
}

/// One way an event starts a run.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventStart {
    /// What the run's ref names.
    #[serde(rename = "ref")]
    pub kind: RefKind,
    /// How to say it: "when a tag is pushed".
    pub when: String,
}

/// An event.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct EventFacts {
    /// The ways it starts runs.
    pub runs: Vec<EventStart>,
    /// Whether it also runs for forks, where GitHub issues no OIDC token.
    #[serde(default)]
    pub fork: bool,
    /// Whether a person starts it and chooses the ref.
    #[serde(default)]
    pub by_hand: bool,
    /// Whether another workflow starts it.
    #[serde(default)]
    pub called: bool,
    /// The activity types it reacts to when the workflow lists none.
    #[serde(default)]
    pub types: Vec<String>,
}
