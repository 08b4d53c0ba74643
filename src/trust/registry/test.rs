//! A test of a value, as a line of `when` or `require` writes it. It knows tests and values, not the facts that have them.

use globset::{Glob, GlobMatcher};

use crate::read::problem::suggestion;
use crate::read::source::Span;
use crate::read::yaml::Node;
use crate::workflow::expression::{Truth, UnknownReason};
use crate::workflow::permissions::AccessLevel;

/// The tests that a mapping can name.
const NAMES: [&str; 5] = ["not", "none-of", "present", "at-least", "matches"];

/// What a fact's values can be.
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
    /// The values, if there is a closed list of them.
    #[must_use]
    pub const fn listed(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Any => None,
            Self::OneOf(list) => Some(list),
            Self::Access => Some(&["none", "read", "write"]),
        }
    }
}

/// A test of a fact's value.
#[derive(Debug, Clone)]
pub enum ValueTest {
    /// It is one of these, in this very case.
    OneOf(Vec<String>),
    /// It is none of these.
    NoneOf(Vec<String>),
    /// It is at least this access.
    AtLeast(AccessLevel),
    /// It matches one of these globs.
    Matches(Vec<GlobMatcher>),
    /// There is a value, or there is none.
    Present(bool),
}

impl ValueTest {
    /// Whether a known value passes; `None` is the value of what is known to be absent.
    #[must_use]
    pub fn passes(&self, value: Option<&str>) -> Truth {
        let passes = match self {
            Self::OneOf(values) => value.is_some_and(|value| values.iter().any(|known| known == value)),
            Self::NoneOf(values) => value.is_none_or(|value| values.iter().all(|known| known != value)),
            Self::AtLeast(least) => match value.map(AccessLevel::from_word) {
                Some(None) => return Truth::Unknown(UnknownReason::new("an access that is no level")),
                access => access.flatten() >= Some(*least),
            },
            Self::Matches(globs) => value.is_some_and(|value| globs.iter().any(|glob| glob.is_match(value))),
            Self::Present(wanted) => value.is_some() == *wanted,
        };
        if passes { Truth::Yes } else { Truth::No }
    }

    /// Reads a test of a fact that has such values. What is wrong is told with its place, without a final period.
    #[must_use]
    pub fn read(node: Node<'_>, values: FactValues, problems: &mut Vec<(Span, String)>) -> Option<Self> {
        if !node.is_mapping() {
            return words(node, values, problems).map(Self::OneOf);
        }
        let mut lines = node.entries();
        let (line, more) = (lines.next()?, lines.next());
        if let Some(more) = more {
            let message = "a test is one line; put a second test of the same fact into a rule of its own";
            problems.push((more.key.span(), message.to_owned()));
        }
        match line.key.text().unwrap_or_default() {
            "not" | "none-of" => words(line.value, values, problems).map(Self::NoneOf),
            "present" => match line.value.bool() {
                Some(flag) => Some(Self::Present(flag)),
                None => refuse(line.value, "`present` is `true` or `false`".to_owned(), problems),
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
            other => refuse(line.key, format!("there is no test `{other}`{}", suggestion(other, NAMES)), problems),
        }
    }
}

fn refuse<T>(node: Node<'_>, message: String, problems: &mut Vec<(Span, String)>) -> Option<T> {
    problems.push((node.span(), message));
    None
}

/// A word or a list of words, each of which the fact can be.
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
            Err(error) => return refuse(node, format!("no glob: {}", error.kind()), problems),
        }
    }
    Some(ValueTest::Matches(globs))
}

fn one_or_more(node: Node<'_>) -> Vec<Node<'_>> {
    if node.is_sequence() { node.items().collect() } else { vec![node] }
}
