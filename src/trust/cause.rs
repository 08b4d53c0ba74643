//! The causes for which an upload can be refused, and the error texts that users then see.

use serde::Deserialize;

use crate::trust::registry::upload_pattern::UploadPattern;
use crate::trust::registry::{Claim, Registry};

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
            Self::Runner => "runner",
            Self::Owner => Claim::Owner.word(),
            Self::Repository => Claim::Repository.word(),
            Self::Workflow => Claim::Workflow.word(),
            Self::Environment => Claim::Environment.word(),
            Self::WorkflowRepository => Claim::WorkflowRepository.word(),
            Self::Operation => Claim::Operation.word(),
            Self::User => Claim::User.word(),
            Self::Certificate => "certificate",
        }
    }
}

impl From<Claim> for RefusalCause {
    fn from(claim: Claim) -> Self {
        match claim {
            Claim::Owner => Self::Owner,
            Claim::Repository => Self::Repository,
            Claim::Workflow => Self::Workflow,
            Claim::Environment => Self::Environment,
            Claim::Ref => Self::Ref,
            Claim::WorkflowRepository => Self::WorkflowRepository,
            Claim::Operation => Self::Operation,
            Claim::User => Self::User,
        }
    }
}

impl Registry {
    /// The error text for a cause: the client's own if data has one, else the registry's.
    #[must_use]
    pub fn error_text(&self, cause: RefusalCause, pattern: Option<&UploadPattern>) -> Option<&str> {
        let client = pattern.and_then(|pattern| pattern.action.as_deref().or(pattern.command.as_deref()));
        let texts = self.errors.iter().filter(|error| error.when.contains(&cause));
        let own = texts.clone().find(|error| error.by.iter().any(|by| Some(by.as_str()) == client));
        own.or_else(|| texts.clone().find(|error| error.by.is_empty())).map(|error| error.text.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_the_client_precedes_that_of_the_registry() {
        let text = r#"
            uploads:
              - { command: push it, oidc: native, order: token-first, endpoint: { default: here } }
              - { action: acme/push, oidc: native, order: token-first, endpoint: { default: here } }
            errors:
              - { text: no token here, cause: c, when: [id-token] }
              - { text: "push it: no token", cause: c, when: [id-token], by: [push it] }
              - { text: who are you, cause: c, when: [owner, environment] }
        "#;
        let registry: Registry = serde_yaml::from_str(text).unwrap();
        let [command, action] = registry.uploads.as_slice() else { panic!("two uploads") };
        assert_eq!(registry.error_text(RefusalCause::IdToken, Some(command)), Some("push it: no token"));
        assert_eq!(registry.error_text(RefusalCause::IdToken, Some(action)), Some("no token here"));
        assert_eq!(registry.error_text(RefusalCause::Environment, Some(command)), Some("who are you"));
        assert_eq!(registry.error_text(RefusalCause::Event, Some(command)), None);
    }
}
