//! GitHub's filter patterns for branches and tags.
//!
//! `*` matches any text without `/`, `**` any text; `?` makes the preceding character optional, `+` repeats it;
//! `[a-z]` is one character of a set; a leading `!` excludes names that an earlier pattern matched; `\` escapes the
//! next character (GitHub's filter pattern cheat sheet). In a list, the last matching pattern decides.

use crate::workflow::expression::{Truth, UnknownReason};
use crate::workflow::model::Text;

/// Matches one character.
#[derive(Debug, Clone, PartialEq, Eq)]
enum PatternAtom {
    Letter(char),
    Set { ranges: Vec<(char, char)>, negated: bool },
    NotSlash,
    Any,
}

impl PatternAtom {
    fn matches(&self, letter: char) -> bool {
        match self {
            Self::Letter(own) => *own == letter,
            Self::Set { ranges, negated } => {
                ranges.iter().any(|(first, last)| (*first..=*last).contains(&letter)) != *negated
            }
            Self::NotSlash => letter != '/',
            Self::Any => true,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct PatternPart {
    atom: PatternAtom,
    optional: bool,
    repeated: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RefPattern {
    /// Whether it starts with `!`.
    pub negative: bool,
    parts: Vec<PatternPart>,
}

impl RefPattern {
    /// Parses a pattern. Every text is a valid pattern.
    #[must_use]
    pub(crate) fn parse(text: &str) -> Self {
        let negative = text.starts_with('!');
        let mut letters = text.strip_prefix('!').unwrap_or(text).chars().peekable();
        let mut parts: Vec<PatternPart> = Vec::new();
        let once = |atom| PatternPart { atom, optional: false, repeated: false };
        while let Some(letter) = letters.next() {
            match letter {
                '*' => {
                    let any = letters.next_if_eq(&'*').is_some();
                    parts.push(PatternPart {
                        atom: if any { PatternAtom::Any } else { PatternAtom::NotSlash },
                        optional: true,
                        repeated: true,
                    });
                }
                '?' => parts.last_mut().into_iter().for_each(|part| part.optional = true),
                '+' => parts.last_mut().into_iter().for_each(|part| part.repeated = true),
                '\\' => parts.push(once(PatternAtom::Letter(letters.next().unwrap_or('\\')))),
                '[' => {
                    let inner: String = letters.by_ref().take_while(|letter| *letter != ']').collect();
                    parts.push(once(set(&inner)));
                }
                letter => parts.push(once(PatternAtom::Letter(letter))),
            }
        }
        Self { negative, parts }
    }

    /// The positions in `parts` that the text can lead to, as in a nondeterministic automaton; the position after the
    /// last part is a match.
    fn positions(&self, text: &str) -> Vec<bool> {
        let mut at = vec![false; self.parts.len() + 1];
        at[0] = true;
        self.skip_optional(&mut at);
        for letter in text.chars() {
            let mut next = vec![false; at.len()];
            for (index, part) in self.parts.iter().enumerate() {
                if at[index] && part.atom.matches(letter) {
                    next[index + 1] = true;
                    // An optional repeated part (`*`) can match again from before it.
                    next[index] |= part.repeated && part.optional;
                }
                // A repeated part (`x+`) can match again after it.
                if at[index + 1] && part.repeated && !part.optional && part.atom.matches(letter) {
                    next[index + 1] = true;
                }
            }
            at = next;
            self.skip_optional(&mut at);
        }
        at
    }

    fn skip_optional(&self, at: &mut [bool]) {
        for (index, part) in self.parts.iter().enumerate() {
            if at[index] && part.optional {
                at[index + 1] = true;
            }
        }
    }

    /// Whether the pattern matches the whole name.
    #[must_use]
    pub(crate) fn matches(&self, name: &str) -> bool {
        self.positions(name).last() == Some(&true)
    }

    /// Whether any name with this prefix can match.
    #[must_use]
    pub(crate) fn could_match(&self, prefix: &str) -> bool {
        self.positions(prefix).contains(&true)
    }

    /// The literal prefix of every matching name, and whether it is the whole pattern.
    #[must_use]
    pub(crate) fn literal_prefix(&self) -> (String, bool) {
        let fixed =
            |part: &&PatternPart| !part.optional && !part.repeated && matches!(part.atom, PatternAtom::Letter(_));
        let letters: String = self
            .parts
            .iter()
            .take_while(fixed)
            .filter_map(|part| match part.atom {
                PatternAtom::Letter(letter) => Some(letter),
                _ => None,
            })
            .collect();
        let complete = letters.chars().count() == self.parts.len();
        (letters, complete)
    }
}

fn set(inner: &str) -> PatternAtom {
    let negated = inner.starts_with(['^', '!']);
    let mut letters = inner.trim_start_matches(['^', '!']).chars().peekable();
    let mut ranges = Vec::new();
    while let Some(first) = letters.next() {
        let mut last = first;
        let mut ahead = letters.clone();
        if ahead.next() == Some('-')
            && let Some(end) = ahead.next()
        {
            last = end;
            letters = ahead;
        }
        ranges.push((first, last));
    }
    PatternAtom::Set { ranges, negated }
}

/// A name, or its known prefix.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RefName<'n> {
    pub prefix: &'n str,
    /// Whether `prefix` is the whole name.
    pub complete: bool,
}

/// Whether a list of patterns matches a name.
#[must_use]
pub(crate) fn matches_any<'t>(patterns: impl IntoIterator<Item = &'t str>, name: RefName<'_>) -> Truth {
    let mut result = Truth::No;
    for pattern in patterns {
        let pattern = RefPattern::parse(pattern);
        if name.complete {
            if pattern.matches(name.prefix) {
                result = Truth::from(!pattern.negative);
            }
        } else if pattern.could_match(name.prefix) {
            // A pattern with `!` has no effect on a name that no earlier pattern matches.
            if !(pattern.negative && result == Truth::No) {
                result = Truth::Unknown(UnknownReason::new("the name of the branch or tag"));
            }
        }
    }
    result
}

/// The patterns of a list without `!`.
pub(crate) fn positive<'t, 'p>(patterns: &'t [Text<'p>]) -> impl Iterator<Item = Text<'p>> + 't {
    patterns.iter().copied().filter(|text| !text.value().starts_with('!'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_github_documents() {
        for (pattern, name, expected) in [
            ("feature/*", "feature/my-branch", true),
            ("feature/*", "feature/beta-a/my-branch", false),
            ("feature/**", "feature/beta-a/my-branch", true),
            ("main", "main", true),
            ("main", "mains", false),
            ("*", "main", true),
            ("*", "all/the/branches", false),
            ("**", "all/the/branches", true),
            ("*feature", "mona-feature", true),
            ("*feature", "feature", true),
            ("v2*", "v2", true),
            ("v2*", "v2.9", true),
            ("v[12].[0-9]+.[0-9]+", "v1.10.1", true),
            ("v[12].[0-9]+.[0-9]+", "v2.0.0", true),
            ("v[12].[0-9]+.[0-9]+", "v3.0.0", false),
            ("v[12].[0-9]+.[0-9]+", "v1.x.0", false),
            ("v1.0.0-rc?", "v1.0.0-r", true),
            ("v1.0.0-rc+", "v1.0.0-rccc", true),
            ("v1.0.0-rc+", "v1.0.0-r", false),
            ("[CB]at", "Bat", true),
            ("[!0-9]*", "v1", true),
            ("[!0-9]*", "1.0", false),
            ("\\*", "*", true),
            ("\\*", "a", false),
            ("v*.*.*", "v1.2.3", true),
            ("v*.*.*", "v1.2", false),
            ("V1", "v1", false),
        ] {
            assert_eq!(RefPattern::parse(pattern).matches(name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn the_last_pattern_that_matches_decides() {
        let whole = |prefix| RefName { prefix, complete: true };
        assert_eq!(matches_any(["v*", "!v*-rc*"], whole("v1")), Truth::Yes);
        assert_eq!(matches_any(["v*", "!v*-rc*"], whole("v1-rc1")), Truth::No);
        assert_eq!(matches_any(["v*", "!v*-rc*", "v1-rc1"], whole("v1-rc1")), Truth::Yes);
        assert_eq!(matches_any(["!v*"], whole("v1")), Truth::No);
        assert_eq!(matches_any(["release/*"], RefName { prefix: "v", complete: false }), Truth::No);
        assert!(matches!(matches_any(["v[0-9]+"], RefName { prefix: "v", complete: false }), Truth::Unknown(_)));
    }

    #[test]
    fn literal_prefixes() {
        assert_eq!(RefPattern::parse("release/v*").literal_prefix(), ("release/v".into(), false));
        assert_eq!(RefPattern::parse("main").literal_prefix(), ("main".into(), true));
        assert_eq!(RefPattern::parse("v?1").literal_prefix(), (String::new(), false));
    }

    #[test]
    fn hostile_patterns_terminate() {
        let pattern = RefPattern::parse(&"*a".repeat(500));
        assert!(!pattern.matches(&"a".repeat(400)));
    }
}
