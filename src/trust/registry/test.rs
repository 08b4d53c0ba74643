//! Tests of values, as `when` and `require` contain them.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::read::data_file::{DataProblems, OneOrMany, Shape, Spanned, Word};
use crate::read::glob::Glob;
use crate::read::problem::suggestion;
use crate::read::source::Span;
use crate::workflow::expression::{Truth, UnknownReason};
use crate::workflow::permissions::AccessLevel;

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
    Matches(Vec<Glob>),
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

    /// The test that a file contains; `None` if it contains none.
    pub(crate) fn new(written: WrittenTest) -> Option<Self> {
        let keys = match written {
            Shape::One(word) => return Some(Self::OneOf(vec![word.0])),
            Shape::Many(list) => return Some(Self::OneOf(words(list))),
            Shape::Map(keys) => keys,
        };
        if let Some(list) = keys.not.or(keys.none_of) {
            return Some(Self::NoneOf(words(list.into_list())));
        }
        if let Some(list) = keys.matches {
            return Some(Self::Matches(words(list.into_list()).into_iter().map(Glob::from).collect()));
        }
        keys.at_least.map(Self::AtLeast).or(keys.present.map(Self::Present))
    }
}

fn words(words: Vec<Spanned<Word>>) -> Vec<String> {
    words.into_iter().map(|word| word.value.0).collect()
}

/// Checks a test of a fact with the given values.
pub(crate) fn check(test: &Spanned<WrittenTest>, values: FactValues, problems: &mut DataProblems) {
    let keys = match &test.value {
        Shape::One(word) => return check_word(word, test.span, values, problems),
        Shape::Many(list) => return list.iter().for_each(|word| check_word(word, word.span, values, problems)),
        Shape::Map(keys) => keys,
    };
    for list in [&keys.not, &keys.none_of].into_iter().flatten() {
        list.iter().for_each(|word| check_word(word, word.span, values, problems));
    }
    if keys.at_least.is_some() && values != FactValues::Access {
        problems.add(test.span, "`at-least` is only for permissions");
    }
    for written in keys.matches.iter().flat_map(OneOrMany::iter) {
        let glob = Glob::from(&***written);
        if !glob.is_valid() {
            problems.add(written.span, format!("invalid glob: {}", glob.fault()));
        }
    }
    let lists = [&keys.not, &keys.none_of, &keys.matches].into_iter().flatten().count();
    if lists + usize::from(keys.at_least.is_some()) + usize::from(keys.present.is_some()) != 1 {
        problems.add(test.span, "a fact takes one test; put a second test of the same fact into another rule");
    }
}

/// Reports a word that the fact never has.
fn check_word(word: &Word, span: Span, values: FactValues, problems: &mut DataProblems) {
    if let Some(known) = values.listed().filter(|known| !known.contains(&&**word)) {
        let suggestion = suggestion(word, known.iter().copied());
        problems.add(span, format!("the fact is never `{}`{suggestion}", &**word));
    }
}

/// A test as a file contains it: the expected value, a list of allowed values, or another test.
pub(crate) type WrittenTest = Shape<Word, Spanned<Word>, TestKeys>;

/// A test that is a mapping with one key.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
pub(crate) struct TestKeys {
    /// An excluded value, or several.
    not: Option<OneOrMany<Spanned<Word>>>,
    /// Excluded values.
    none_of: Option<OneOrMany<Spanned<Word>>>,
    /// Whether the fact has a value.
    present: Option<bool>,
    /// The minimum access level.
    at_least: Option<AccessLevel>,
    /// A glob, or several of which one matches.
    matches: Option<OneOrMany<Spanned<Word>>>,
}

/// The schema of a mapping from facts, with their descriptions, to tests.
pub(crate) fn conditions_schema(
    generator: &mut SchemaGenerator,
    facts: impl Iterator<Item = (&'static str, &'static str)>,
) -> Schema {
    let test = generator.subschema_for::<FactTest>();
    let line = |(name, description): (&str, &str)| {
        let mut schema = test.clone();
        schema.insert("description".to_owned(), description.into());
        (format!("^{}$", name.replace('.', "\\.").replace('*', ".+")), schema.to_value())
    };
    let patterns: serde_json::Map<_, _> = facts.map(line).collect();
    json_schema!({"type": "object", "additionalProperties": false, "patternProperties": patterns})
}

/// Gives [`WrittenTest`] a definition of its own in schemas.
struct FactTest;

impl JsonSchema for FactTest {
    fn schema_name() -> Cow<'static, str> {
        "FactTest".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        WrittenTest::json_schema(generator)
    }
}
