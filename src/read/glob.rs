//! Glob patterns in data files. A pattern is compiled once, at its first use; a name without wildcards is never compiled.

use std::fmt;
use std::sync::{Arc, OnceLock};

use globset::{GlobBuilder, GlobMatcher};
use serde::Deserialize;

/// The characters with a meaning in a pattern.
const WILDCARDS: [char; 7] = ['*', '?', '[', ']', '{', '}', '\\'];

/// A name or a glob pattern. `{,s}` allows an empty alternative.
#[derive(Clone, Default, Deserialize)]
#[serde(from = "String")]
pub struct Glob {
    text: String,
    kind: GlobKind,
}

/// How texts are compared with a pattern.
#[derive(Clone, Default)]
enum GlobKind {
    /// A name without wildcards.
    #[default]
    Name,
    /// One `*` at an offset and no other wildcard, as in most patterns.
    Star(usize),
    /// One group `{a,b}` and no other: the pattern with each of its alternatives.
    Any(Arc<[Glob]>),
    /// Another pattern. The matcher is shared by all clones, so that data cloned for a project is not compiled again.
    Compiled(Arc<OnceLock<Option<GlobMatcher>>>),
}

impl Glob {
    /// The pattern as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is a name without wildcards.
    #[must_use]
    pub(crate) const fn is_name(&self) -> bool {
        matches!(self.kind, GlobKind::Name)
    }

    /// Whether the pattern matches `text`. An invalid pattern matches only itself.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        match &self.kind {
            GlobKind::Name => text == self.text,
            GlobKind::Star(at) => {
                let rest = text.strip_prefix(&self.text[..*at]);
                rest.is_some_and(|rest| rest.ends_with(&self.text[at + 1..]))
            }
            GlobKind::Any(globs) => globs.iter().any(|glob| glob.is_match(text)),
            // To compile a pattern takes longer than all other comparisons of a small check.
            GlobKind::Compiled(_) if !text.starts_with(self.prefix()) => false,
            GlobKind::Compiled(glob) => self.compiled(glob).map_or(text == self.text, |glob| glob.is_match(text)),
        }
    }

    /// The text before the first wildcard.
    fn prefix(&self) -> &str {
        self.text.split(WILDCARDS).next().unwrap_or_default()
    }

    /// Whether the pattern is valid.
    #[must_use]
    pub(crate) fn is_valid(&self) -> bool {
        match &self.kind {
            GlobKind::Name | GlobKind::Star(_) => true,
            GlobKind::Any(globs) => globs.iter().all(Self::is_valid),
            GlobKind::Compiled(glob) => self.compiled(glob).is_some(),
        }
    }

    /// Why the pattern is invalid; empty for a valid one.
    pub(crate) fn fault(&self) -> String {
        self.builder().build().err().map(|error| error.kind().to_string()).unwrap_or_default()
    }

    fn builder(&self) -> GlobBuilder<'_> {
        let mut builder = GlobBuilder::new(&self.text);
        builder.empty_alternates(true);
        builder
    }

    fn compiled<'g>(&self, glob: &'g OnceLock<Option<GlobMatcher>>) -> Option<&'g GlobMatcher> {
        let build = || self.builder().build().ok().map(|it| it.compile_matcher());
        glob.get_or_init(build).as_ref()
    }
}

impl From<String> for Glob {
    fn from(text: String) -> Self {
        let mut wildcards = text.match_indices(WILDCARDS);
        let kind = match (wildcards.next(), wildcards.next()) {
            (None, _) => GlobKind::Name,
            (Some((at, "*")), None) => GlobKind::Star(at),
            _ => match alternatives(&text) {
                Some(globs) => GlobKind::Any(globs.into()),
                None => GlobKind::Compiled(Arc::default()),
            },
        };
        Self { text, kind }
    }
}

/// The maximum number of alternatives that become patterns of their own: each has a copy of the text around them.
const MOST_ALTERNATIVES: usize = 16;

/// The patterns that a pattern with one small group `{a,b}` stands for; `None` for other patterns.
fn alternatives(text: &str) -> Option<Vec<Glob>> {
    let (start, rest) = text.split_once('{')?;
    let (group, end) = rest.split_once('}')?;
    let is_plain = |part: &str| !part.contains(['?', '[', ']', '{', '}', '\\']);
    let is_small = group.split(',').count() <= MOST_ALTERNATIVES;
    let all = || group.split(',').map(|one| format!("{start}{one}{end}").into()).collect();
    (is_small && [start, group, end].into_iter().all(is_plain)).then(all)
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
        assert!(holds("*.txt", ".txt") && holds("v*", "v/1\n") && !holds("a*a", "a") && holds("a*a", "aba"));
        assert!(holds("*.{x,yz}", "b.yz") && !holds("*.{x,yz}", "b.z") && holds("{,.}a", ".a"));
        assert!(!holds("v[12]", "v[12]") && !holds("{a,b}", "{a,b}") && !holds("[ab]*", "[ab]"));
        let many = format!("{{{}z}}", "a,".repeat(20));
        assert!(holds(&many, "a") && holds(&many, "z") && !holds(&many, "b"));
        assert!(holds("v1.[0-9]", "v1.4") && !holds("v1.[0-9]", "v1") && holds("[ab]c", "bc") && !holds("v?", "w1"));
        assert!(holds("v{1,2}{,.*}", "v2") && holds("v{1,2}{,.*}", "v1.9") && !holds("v{1,2}{,.*}", "v3"));
    }

    #[test]
    fn an_invalid_glob_is_detected() {
        assert!(!Glob::from("v[").is_valid() && !Glob::from("v[").is_match("v") && Glob::from("v[").is_match("v["));
        assert!(Glob::from("v[0-9]").is_valid() && Glob::from("plain name").is_valid());
        assert!(Glob::from("v[").fault().contains("unclosed") && Glob::from("v[0-9]").fault().is_empty());
    }
}
