//! A rule as the engine runs it: subject, conditions, message. Reading one from a file is `load`'s work.

pub mod examples;
pub mod load;
pub mod set;

use crate::lint::facts::{Fact, FactName};
use crate::lint::findings::Level;
use crate::lint::fix::FixTemplate;
use crate::lint::subjects::SubjectKind;
use crate::read::source::Place;
pub use crate::trust::registry::test::ValueTest;
use crate::workflow::expression::{Truth, UnknownReason};

/// Over which runs a rule speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantifier {
    /// It is enough that one run fails.
    Some,
    /// All runs must fail.
    Every,
}

/// How bad a finding of a rule is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleLevels {
    /// When every run that may come there fails.
    pub every: Level,
    /// When only some do.
    pub some: Level,
    /// When the failing fact has a certain value.
    pub by_value: Vec<(String, Level)>,
}

impl RuleLevels {
    /// The level that documents and SARIF name for the rule.
    #[must_use]
    pub const fn usual(&self) -> Level {
        self.every
    }
}

/// A line of `when` or `require`.
#[derive(Debug, Clone)]
pub struct FactCondition {
    /// The fact.
    pub fact: FactName,
    /// What it must be.
    pub test: ValueTest,
}

impl FactCondition {
    /// Whether a fact passes.
    #[must_use]
    pub fn holds(&self, fact: &Fact) -> Truth {
        match fact {
            Fact::Known(value, _) => self.test.passes(value.as_deref()),
            Fact::Unknown => Truth::Unknown(UnknownReason::new("a fact that the files do not tell")),
        }
    }
}

/// What a finding says.
#[derive(Debug, Clone)]
pub enum RuleMessage {
    /// Always the same sentence.
    One(MessageTemplate),
    /// By the fact that failed or by its value.
    By(Vec<(String, MessageTemplate)>),
}

/// A sentence with `{fact}` in it.
#[derive(Debug, Clone)]
pub struct MessageTemplate(pub Vec<MessagePiece>);

/// A piece of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessagePiece {
    /// Text.
    Text(String),
    /// A fact's value.
    Fact(String),
}

impl MessageTemplate {
    /// Takes a sentence apart. `${{` is text.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            let (before, after) = rest.split_at(open);
            let name = after[1..].split('}').next().filter(|name| is_name(name) && after.len() > name.len() + 1);
            match name {
                Some(name) if !before.ends_with('$') => {
                    pieces.push(MessagePiece::Text(before.to_owned()));
                    pieces.push(MessagePiece::Fact(name.to_owned()));
                    rest = &after[name.len() + 2..];
                }
                _ => {
                    let skip = after.bytes().take_while(|byte| *byte == b'{').count();
                    pieces.push(MessagePiece::Text(rest[..open + skip].to_owned()));
                    rest = &rest[open + skip..];
                }
            }
        }
        pieces.push(MessagePiece::Text(rest.to_owned()));
        pieces.retain(|piece| *piece != MessagePiece::Text(String::new()));
        Self(pieces)
    }

    /// The facts it names.
    pub fn facts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            MessagePiece::Fact(name) => Some(name.as_str()),
            MessagePiece::Text(_) => None,
        })
    }

    /// The sentence with every fact's value; a fact without one reads "none". With a fact that is not known there is no sentence:
    /// what cannot be said in full is not said.
    #[must_use]
    pub fn render(&self, mut ask: impl FnMut(&str) -> Fact) -> Option<String> {
        self.0
            .iter()
            .map(|piece| match piece {
                MessagePiece::Text(text) => Some(text.clone()),
                MessagePiece::Fact(name) => match ask(name) {
                    Fact::Known(value, _) => Some(value.unwrap_or_else(|| "none".to_owned())),
                    Fact::Unknown => None,
                },
            })
            .collect()
    }
}

impl std::fmt::Display for MessageTemplate {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|piece| match piece {
            MessagePiece::Text(text) => out.write_str(text),
            MessagePiece::Fact(name) => write!(out, "{{{name}}}"),
        })
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter))
}

/// A workflow that shows a rule.
#[derive(Debug, Clone)]
pub struct RuleExample {
    /// What it shows.
    pub name: String,
    /// Whether the rule must speak.
    pub bad: bool,
    /// The release workflow; empty when only `files` count.
    pub text: String,
    /// The one file that the rule's fix changes, as it is then.
    pub fixed: Option<String>,
    /// Further files, or the workflow under another path.
    pub files: Vec<(String, String)>,
    /// The config.
    pub config: Option<String>,
    /// Where the example stands in the rule file.
    pub place: Place,
}

/// A rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// `missing-id-token`
    pub name: String,
    /// `TP101`
    pub code: String,
    /// One sentence.
    pub summary: String,
    /// How bad.
    pub levels: RuleLevels,
    /// `very-high`, `high`, `medium` or `low`.
    pub precision: String,
    /// A number above 0 up to 10, as text.
    pub security_severity: Option<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Markdown.
    pub help: String,
    /// Links.
    pub references: Vec<String>,
    /// What it is about.
    pub kind: SubjectKind,
    /// Over which runs.
    pub runs: Quantifier,
    /// When it speaks at all.
    pub when: Vec<FactCondition>,
    /// What must hold.
    pub require: Vec<FactCondition>,
    /// What it says.
    pub message: RuleMessage,
    /// The fact at whose place it says so; else the one that failed.
    pub at: Option<String>,
    /// Further labels: a fact and the sentence at its place.
    pub show: Vec<(String, MessageTemplate)>,
    /// Rules whose finding says it already.
    pub yields_to: Vec<String>,
    /// What would cure it, the preferred fix first.
    pub fixes: Vec<FixTemplate>,
    /// Its tests.
    pub examples: Vec<RuleExample>,
    /// Whether it comes from a user's folder.
    pub own: bool,
    /// The path of its file, to show.
    pub path: String,
}

impl Rule {
    /// The sentence for a failing fact.
    #[must_use]
    pub fn sentence(&self, fact: &str, value: Option<&str>) -> Option<&MessageTemplate> {
        match &self.message {
            RuleMessage::One(template) => Some(template),
            RuleMessage::By(list) => {
                let by = |key: &str| list.iter().find(|(name, _)| name == key).map(|(_, template)| template);
                value.and_then(by).or_else(|| by(fact))
            }
        }
    }

    /// How bad a finding is.
    #[must_use]
    pub fn level(&self, value: Option<&str>, every: bool) -> Level {
        let named = self.levels.by_value.iter().find(|(name, _)| Some(name.as_str()) == value);
        match named {
            Some((_, level)) => *level,
            None if every => self.levels.every,
            None => self.levels.some,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::permissions::AccessLevel;

    #[test]
    fn sentences_hold_facts_and_leave_expressions_alone() {
        let template = MessageTemplate::parse("job `{job}` reads ${{ github.ref }} and {not a fact} {");
        assert_eq!(template.facts().collect::<Vec<_>>(), ["job"]);
        let place = Place { file: crate::read::source::FileId(0), span: crate::read::source::Span::at(0) };
        let text = template.render(|_| Fact::Known(Some("build".into()), place));
        assert_eq!(template.render(|_| Fact::Unknown), None);
        assert_eq!(text.as_deref(), Some("job `build` reads ${{ github.ref }} and {not a fact} {"));
    }

    #[test]
    fn nothing_known_is_neither_yes_nor_no() {
        let condition = |test| FactCondition { fact: FactName::new("job").unwrap(), test };
        assert!(matches!(condition(ValueTest::Present(true)).holds(&Fact::Unknown), Truth::Unknown(_)));
        assert_eq!(ValueTest::AtLeast(AccessLevel::Write).passes(Some("read")), Truth::No);
        assert_eq!(ValueTest::AtLeast(AccessLevel::Read).passes(Some("write")), Truth::Yes);
    }
}
