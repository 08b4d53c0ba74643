//! Glob patterns in data files. A pattern is compiled once, at its first use; a name without wildcards is never compiled.

use std::fmt;
use std::sync::{Arc, OnceLock};

use globset::{GlobBuilder, GlobMatcher};
use serde::Deserialize;

/// A name or a glob pattern. `{,s}` allows an empty alternative.
#[derive(Clone, Default, Deserialize)]
#[serde(from = "String")]
pub struct Glob {
    text: String,
    /// Shared by all clones, so that data cloned for a project is not compiled again. `None` for a name without wildcards.
    glob: Option<Arc<OnceLock<Option<GlobMatcher>>>>,
}

impl Glob {
    /// The pattern as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the pattern matches `text`. An invalid pattern matches only itself.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        text == self.text || self.compiled().is_some_and(|glob| glob.is_match(text))
    }

    /// Whether the pattern is valid.
    #[must_use]
    pub(crate) fn is_valid(&self) -> bool {
        self.glob.is_none() || self.compiled().is_some()
    }

    fn compiled(&self) -> Option<&GlobMatcher> {
        let build = || GlobBuilder::new(&self.text).empty_alternates(true).build().ok().map(|it| it.compile_matcher());
        self.glob.as_ref()?.get_or_init(build).as_ref()
    }
}

impl From<String> for Glob {
    fn from(text: String) -> Self {
        let glob = text.contains(['*', '?', '[', ']', '{', '}', '\\']).then(Arc::default);
        Self { text, glob }
    }
}

impl From<&str> for Glob {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl schemars::JsonSchema for Glob {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        String::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        String::json_schema(generator)
    }

    fn inline_schema() -> bool {
        true
    }
}

impl PartialEq for Glob {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Glob {}

impl fmt::Debug for Glob {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_matches_itself_and_a_glob_matches_many_names() {
        let holds = |pattern: &str, text: &str| Glob::from(pattern).is_match(text);
        assert!(holds("release.yml", "release.yml") && !holds("release.yml", "release-yml"));
        assert!(holds("TOOL_*_TOKEN", "TOOL_MAIN_TOKEN") && !holds("TOOL_*_TOKEN", "TOOL_TOKEN"));
        assert!(holds("v{1,2}{,.*}", "v2") && holds("v{1,2}{,.*}", "v1.9") && !holds("v{1,2}{,.*}", "v3"));
    }

    #[test]
    fn an_invalid_glob_is_detected() {
        assert!(!Glob::from("v[").is_valid() && !Glob::from("v[").is_match("v"));
        assert!(Glob::from("v[0-9]").is_valid() && Glob::from("plain name").is_valid());
    }
}
