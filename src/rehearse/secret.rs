//! Values that are never printed, and the removal of such values from texts.

/// A token. It has neither `Debug` nor `Display`, so that it cannot be printed by accident.
pub(crate) struct Secret(String);

impl Secret {
    /// Marks a text as secret.
    #[must_use]
    pub(crate) const fn new(text: String) -> Self {
        Self(text)
    }

    /// The text, for requests only.
    #[must_use]
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

/// The texts that must not appear in any output.
#[derive(Default)]
pub(crate) struct Secrets {
    texts: Vec<String>,
}

/// Shorter texts are not removed, because they occur in other words.
const SHORTEST: usize = 8;

impl Secrets {
    /// Adds a token, and the parts of a JSON Web Token.
    pub(crate) fn add(&mut self, secret: &Secret) {
        let text = secret.expose();
        self.texts
            .extend(std::iter::once(text).chain(text.split('.')).filter(|it| it.len() >= SHORTEST).map(str::to_owned));
        // A part of a secret is replaced after the whole.
        self.texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
        self.texts.dedup();
    }

    /// A text without any secret.
    #[must_use]
    pub(crate) fn removed(&self, text: &str) -> String {
        self.texts.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "***"))
    }
}

/// The command by which the runner hides a value in its logs.
#[must_use]
pub(crate) fn mask(secret: &Secret) -> String {
    let value = secret.expose().replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    format!("::add-mask::{value}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_and_its_parts_are_removed() {
        let mut secrets = Secrets::default();
        secrets.add(&Secret::new("eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl".to_owned()));
        let text = secrets.removed("x eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl y c2lnbmF0dXJl z");
        assert_eq!(text, "x *** y *** z");
    }

    #[test]
    fn a_mask_is_one_command() {
        assert_eq!(mask(&Secret::new("a%\r\n::error::b".to_owned())), "::add-mask::a%25%0D%0A::error::b");
    }
}
