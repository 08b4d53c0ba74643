//! The error texts that users see when an upload is refused.

use crate::trust::registry::Registry;
use crate::trust::registry::upload_pattern::UploadPattern;
use crate::workflow::log_text::RefusalCause;

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
    use crate::read::data_file::DataFile;

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
        let file = DataFile::new("rules/registries/acme.yaml", text.to_owned());
        let registry: Registry = file.read().unwrap();
        let [command, action] = registry.uploads.as_slice() else { panic!("two uploads") };
        assert_eq!(registry.error_text(RefusalCause::IdToken, Some(command)), Some("push it: no token"));
        assert_eq!(registry.error_text(RefusalCause::IdToken, Some(action)), Some("no token here"));
        assert_eq!(registry.error_text(RefusalCause::Environment, Some(command)), Some("who are you"));
        assert_eq!(registry.error_text(RefusalCause::Event, Some(command)), None);
    }
}
