//! Tests of values, as `when` and `require` contain them.

use globset::{Glob, GlobMatcher};

use crate::read::problem::suggestion;
use crate::read::source::Span;
use crate::read::yaml::Node;
use crate::workflow::expression::{Truth, UnknownReason};
use crate::workflow::permissions::AccessLevel;

/// The keys of a test that is a mapping.
const TEST_NAMES: [&str; 5] = ["not", "none-of", "present", "at-least", "matches"];

/// The possible values of a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactValues {
    /// Any text.
    Any,
    /// One of these.
    OneOf(&'static [&'static str]),
    /// `none`, `read`, `write`, in this order.
    Access,
}

impl FactValues {
    /// The values, if there are finitely many.
    #[must_use]
    pub const fn listed(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Any => None,
            Self::OneOf(list) => Some(list),
            Self::Access => Some(&["none", "read", "write"]),
        }
    }
}

/// A test of the value of a fact.
#[derive(Debug, Clone)]
pub enum ValueTest {
    /// The value is one of these; case counts.
    OneOf(Vec<String>),
    /// The value is none of these.
    NoneOf(Vec<String>),
    /// The value is at least this access level.
    AtLeast(AccessLevel),
    /// The value matches one of these globs.
    Matches(Vec<GlobMatcher>),
    /// The fact has a value, or has none.
    Present(bool),
}

impl ValueTest {
    /// Whether a known value passes; `None` means known to be absent.
    #[must_use]
    pub fn passes(&self, value: Option<&str>) -> Truth {
        let passes = match self {
            Self::OneOf(values) => value.is_some_and(|value| values.iter().any(|known| known == value)),
            Self::NoneOf(values) => value.is_none_or(|value| values.iter().all(|known| known != value)),
            Self::AtLeast(least) => match value.map(AccessLevel::from_word) {
                Some(None) => return Truth::Unknown(UnknownReason::new("an unknown access level")),
                access => access.flatten() >= Some(*least),
            },
            Self::Matches(globs) => value.is_some_and(|value| globs.iter().any(|glob| glob.is_match(value))),
            Self::Present(present) => value.is_some() == *present,
        };
        if passes { Truth::Yes } else { Truth::No }
    }

    /// Reads a test of a fact with the given values. Problems are collected with their places.
    #[must_use]
    pub fn read(node: Node<'_>, values: FactValues, problems: &mut Vec<(Span, String)>) -> Option<Self> {
        if !node.is_mapping() {
            return words(node, values, problems).map(Self::OneOf);
        }
        let mut lines = node.entries();
        let (line, more) = (lines.next()?, lines.next());
        if let Some(more) = more {
            let message = "a fact takes one test; put a second test of the same fact into another rule";
            problems.push((more.key.span(), message.to_owned()));
        }
        match line.key.text().unwrap_or_default() {
            "not" | "none-of" => words(line.value, values, problems).map(Self::NoneOf),
            "present" => match line.value.bool() {
                Some(flag) => Some(Self::Present(flag)),
                None => refuse(line.value, "`present` must be `true` or `false`".to_owned(), problems),
            },
            "at-least" => {
                match line.value.text().and_then(AccessLevel::from_word).filter(|_| values == FactValues::Access) {
                    Some(access) => Some(Self::AtLeast(access)),
                    None => refuse(
                        line.value,
                        "`at-least` compares a permission with `read` or `write`".to_owned(),
                        problems,
                    ),
                }
            }
            "matches" => globs(line.value, problems),
            other => refuse(line.key, format!("unknown test `{other}`{}", suggestion(other, TEST_NAMES)), problems),
        }
    }
}

fn refuse<T>(node: Node<'_>, message: String, problems: &mut Vec<(Span, String)>) -> Option<T> {
    problems.push((node.span(), message));
    None
}

/// Reads a word or a list of words that are possible values of the fact.
fn words(node: Node<'_>, values: FactValues, problems: &mut Vec<(Span, String)>) -> Option<Vec<String>> {
    let mut words = Vec::new();
    for node in one_or_more(node) {
        let word = node.text()?;
        if let Some(known) = values.listed().filter(|known| !known.contains(&word)) {
            let message = format!("the fact is never `{word}`{}", suggestion(word, known.iter().copied()));
            problems.push((node.span(), message));
        }
        words.push(word.to_owned());
    }
    Some(words)
}

fn globs(node: Node<'_>, problems: &mut Vec<(Span, String)>) -> Option<ValueTest> {
    let mut globs = Vec::new();
    for node in one_or_more(node) {
        match Glob::new(node.text().unwrap_or_default()) {
            Ok(glob) => globs.push(glob.compile_matcher()),
            Err(error) => return refuse(node, format!("invalid glob: {}", error.kind()), problems),
        }
    }
    Some(ValueTest::Matches(globs))
}

fn one_or_more(node: Node<'_>) -> Vec<Node<'_>> {
    if node.is_sequence() { node.items().collect() } else { vec![node] }
}
