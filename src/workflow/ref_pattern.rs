//! GitHub's patterns for branches and tags. It matches names; it knows no workflow.
//!
//! `*` is any text without `/`, `**` any text; `?` and `+` repeat the character before them none or one time, one time or more;
//! `[a-z]` is one of a set; `!` at the beginning takes back what an earlier pattern took; `\` takes the next character as it is
//! (GitHub's filter pattern cheat sheet). All patterns of a list are asked in their order, and the last that matches decides.

use crate::workflow::expression::{Truth, UnknownReason};
use crate::workflow::model::Text;

/// What matches one character.
#[derive(Debug, Clone, PartialEq, Eq)]
enum PatternAtom {
    Letter(char),
    Set { ranges: Vec<(char, char)>, negated: bool },
    NotSlash,
    Any,
}

impl PatternAtom {
    fn takes(&self, letter: char) -> bool {
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

/// One part of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
struct PatternPart {
    atom: PatternAtom,
    /// Whether it may be left out.
    optional: bool,
    /// Whether it may come again.
    repeated: bool,
}

/// A pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefPattern {
    /// Whether it takes back.
    pub negative: bool,
    parts: Vec<PatternPart>,
}

impl RefPattern {
    /// Reads a pattern. Every text is one.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let negative = text.starts_with('!');
        let mut letters = text.strip_prefix('!').unwrap_or(text).chars().peekable();
        let mut parts: Vec<PatternPart> = Vec::new();
        let one = |atom| PatternPart { atom, optional: false, repeated: false };
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
                '\\' => parts.push(one(PatternAtom::Letter(letters.next().unwrap_or('\\')))),
                '[' => {
                    let inner: String = letters.by_ref().take_while(|letter| *letter != ']').collect();
                    parts.push(one(set(&inner)));
                }
                letter => parts.push(one(PatternAtom::Letter(letter))),
            }
        }
        Self { negative, parts }
    }

    /// The positions that reading a text can lead to; the position after the last part means a match.
    fn read(&self, text: &str) -> Vec<bool> {
        let mut at = vec![false; self.parts.len() + 1];
        at[0] = true;
        self.skip(&mut at);
        for letter in text.chars() {
            let mut next = vec![false; at.len()];
            for (index, part) in self.parts.iter().enumerate() {
                if at[index] && part.atom.takes(letter) {
                    next[index + 1] = true;
                    // A part that may come again is still there to be read, but then no longer needed.
                    next[index] |= part.repeated && part.optional;
                }
                // After its first time a needed part that repeats is read from behind.
                if at[index + 1] && part.repeated && !part.optional && part.atom.takes(letter) {
                    next[index + 1] = true;
                }
            }
            at = next;
            self.skip(&mut at);
        }
        at
    }

    fn skip(&self, at: &mut [bool]) {
        for (index, part) in self.parts.iter().enumerate() {
            if at[index] && part.optional {
                at[index + 1] = true;
            }
        }
    }

    /// Whether a name matches.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        self.read(name).last() == Some(&true)
    }

    /// Whether some name with this beginning could match.
    #[must_use]
    pub fn could_match(&self, beginning: &str) -> bool {
        self.read(beginning).contains(&true)
    }

    /// How every name that matches begins, and whether that is all of it.
    #[must_use]
    pub fn beginning(&self) -> (String, bool) {
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
        let whole = letters.chars().count() == self.parts.len();
        (letters, whole)
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

/// What is known of a name.
#[derive(Debug, Clone, Copy)]
pub struct RefName<'n> {
    /// How it begins.
    pub beginning: &'n str,
    /// Whether that is all of it.
    pub whole: bool,
}

/// Whether a list of patterns takes a name.
#[must_use]
pub fn takes<'t>(patterns: impl IntoIterator<Item = &'t str>, name: RefName<'_>) -> Truth {
    let mut answer = Truth::No;
    for pattern in patterns {
        let pattern = RefPattern::parse(pattern);
        if name.whole {
            if pattern.matches(name.beginning) {
                answer = Truth::from(!pattern.negative);
            }
        } else if pattern.could_match(name.beginning) {
            // A pattern that takes back cannot make a name taken that no other takes.
            if !(pattern.negative && answer == Truth::No) {
                answer = Truth::Unknown(UnknownReason::new("the name of the branch or tag"));
            }
        }
    }
    answer
}

/// The patterns of a list that take something.
pub fn positive<'t, 'p>(patterns: &'t [Text<'p>]) -> impl Iterator<Item = Text<'p>> + 't {
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
        let whole = |beginning| RefName { beginning, whole: true };
        assert_eq!(takes(["v*", "!v*-rc*"], whole("v1")), Truth::Yes);
        assert_eq!(takes(["v*", "!v*-rc*"], whole("v1-rc1")), Truth::No);
        assert_eq!(takes(["v*", "!v*-rc*", "v1-rc1"], whole("v1-rc1")), Truth::Yes);
        assert_eq!(takes(["!v*"], whole("v1")), Truth::No);
        assert_eq!(takes(["release/*"], RefName { beginning: "v", whole: false }), Truth::No);
        assert!(matches!(takes(["v[0-9]+"], RefName { beginning: "v", whole: false }), Truth::Unknown(_)));
    }

    #[test]
    fn a_pattern_tells_how_its_names_begin() {
        assert_eq!(RefPattern::parse("release/v*").beginning(), ("release/v".into(), false));
        assert_eq!(RefPattern::parse("main").beginning(), ("main".into(), true));
        assert_eq!(RefPattern::parse("v?1").beginning(), (String::new(), false));
    }

    #[test]
    fn hostile_patterns_end() {
        let pattern = RefPattern::parse(&"*a".repeat(500));
        assert!(!pattern.matches(&"a".repeat(400)));
    }
}
