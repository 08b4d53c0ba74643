//! Texts in the log of a job: errors with their causes, and other lines that help to find a cause.

use serde::Deserialize;

/// In a text: any characters of the line.
const GAP: char = '…';

/// The cause of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RefusalCause {
    /// GitHub does not start the run.
    Start,
    /// The job may not request an OIDC token.
    IdToken,
    /// The event that started the run.
    Event,
    /// The run's ref.
    Ref,
    /// The branch that the run is on.
    Branch,
    /// The runner.
    Runner,
    /// The owner of the repository.
    Owner,
    /// The name of the repository.
    Repository,
    /// The workflow's file.
    Workflow,
    /// The job's environment.
    Environment,
    /// The repository of the called workflow that holds the job.
    WorkflowRepository,
    /// The kind of upload.
    Operation,
    /// The user that the login step names.
    User,
    /// The workflow file in the certificate of an attestation.
    Certificate,
}

impl RefusalCause {
    /// The word in data files and documentation.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::IdToken => "id-token",
            Self::Event => "event",
            Self::Ref => "ref",
            Self::Branch => "branch",
            Self::Runner => "runner",
            Self::Owner => "owner",
            Self::Repository => "repository",
            Self::Workflow => "workflow",
            Self::Environment => "environment",
            Self::WorkflowRepository => "workflow-repository",
            Self::Operation => "operation",
            Self::User => "user",
            Self::Certificate => "certificate",
        }
    }
}

/// An error text of GitHub, a registry or its clients.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ErrorText {
    /// A part of the message that occurs in no other message; `…` stands for any characters.
    pub text: String,
    /// The cause, as a sentence without a final period.
    pub cause: String,
    /// The claims whose refusal produces this message; empty if no claim of an upload does.
    #[serde(default)]
    pub when: Vec<RefusalCause>,
    /// The actions and commands that print the message; empty if it comes from the registry and every client prints it.
    #[serde(default)]
    pub by: Vec<String>,
    /// A text that must also be in the log, on the same line or another one.
    pub with: Option<String>,
    /// Whether the text alone decides the cause. Else the cause is only likely, until the repository or the claims in the log confirm it.
    #[serde(default = "yes")]
    pub decides: bool,
    /// The rules that report the cause in a repository, by name.
    #[serde(default)]
    pub rules: Vec<String>,
    /// More exact causes. The first one whose signs are in the log counts.
    #[serde(default)]
    pub parts: Vec<ErrorPart>,
}

/// One of several causes of an error text, and how the rest of the log shows it.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ErrorPart {
    /// Texts that are all in the log.
    #[serde(default)]
    pub seen: Vec<String>,
    /// Texts of which none is in the log.
    #[serde(default)]
    pub absent: Vec<String>,
    /// The client whose version in the log is older than the first one with trusted publishing.
    pub older: Option<String>,
    /// The cause, as a sentence without a final period.
    pub cause: String,
    /// Whether the signs decide the cause.
    #[serde(default = "yes")]
    pub decides: bool,
    /// The claims whose refusal is this cause.
    #[serde(default)]
    pub when: Vec<RefusalCause>,
    /// The rules that report the cause in a repository, by name.
    #[serde(default)]
    pub rules: Vec<String>,
}

const fn yes() -> bool {
    true
}

/// A part of a log message that helps to find a cause.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LogHint {
    /// A part of the message; `…` stands for any characters.
    pub text: String,
    /// What it means, as a sentence without a final period.
    pub meaning: String,
}

/// Whether a line contains a text, in which `…` stands for any characters.
#[must_use]
pub fn contains(line: &str, text: &str) -> bool {
    let mut rest = line;
    text.split(GAP).all(|part| {
        let found = rest.find(part);
        rest = found.and_then(|at| rest.get(at + part.len()..)).unwrap_or_default();
        found.is_some()
    })
}

/// The longest part of a text without `…`: a line without it does not contain the text.
#[must_use]
pub fn longest_part(text: &str) -> &str {
    text.split(GAP).max_by_key(|part| part.len()).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_any_text_of_the_line() {
        assert!(contains(
            "error: Version 1.0.0 of package demo already exists.",
            "Version … of package … already exists."
        ));
        assert!(contains("a b", "a b") && contains("ab", "a…b"));
        assert!(!contains("mkdir: dist already exists.", "Version … of package … already exists."));
        assert!(!contains("b a", "a…b") && !contains("ab", "ab…b"));
        assert_eq!(longest_part("Version … of package … already exists."), " already exists.");
    }
}
