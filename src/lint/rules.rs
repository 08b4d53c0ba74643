//! A rule as the engine runs it: subject kind, conditions, message. `load` reads one from a file.

pub mod examples;
pub(crate) mod load;
pub mod set;

use std::borrow::Cow;
use std::ops::Deref;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::lint::facts::{self, Fact, FactName};
use crate::lint::findings::{HandStep, Level};
use crate::lint::fix::FixTemplate;
use crate::lint::subjects::{Subject, SubjectKind};
use crate::read::data_file::Lazy;
use crate::read::source::Place;
pub use crate::trust::registry::test::ValueTest;
use crate::workflow::expression::Truth;

/// In how many runs a rule must fail.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Quantifier {
    /// In at least one.
    #[default]
    Some,
    /// In all of them.
    Every,
}

/// How likely a finding of a rule is true, for code scanning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// Almost certain.
    VeryHigh,
    /// Very likely.
    High,
    /// Likely.
    #[default]
    Medium,
    /// Uncertain.
    Low,
}

impl Precision {
    /// The word in rule files and in SARIF.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::VeryHigh => "very-high",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }
}

/// The levels of a rule's findings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleLevels {
    /// If every run that may reach the subject fails.
    pub every: Level,
    /// If only some of them fail.
    pub some: Level,
    /// For certain values of the failing fact.
    pub by_value: Vec<(String, Level)>,
}

impl RuleLevels {
    /// The level that documents and SARIF give for the rule.
    #[must_use]
    pub const fn usual(&self) -> Level {
        self.every
    }

    /// The highest level of its findings.
    #[must_use]
    pub(crate) fn highest(&self) -> Level {
        self.by_value.iter().map(|(_, level)| *level).chain([self.some]).fold(self.every, Level::max)
    }
}

/// A line of `when` or `require`.
#[derive(Debug, Clone)]
pub struct FactCondition {
    /// The fact.
    pub fact: FactName,
    /// The test that it must pass.
    pub test: ValueTest,
}

impl FactCondition {
    /// Whether a fact passes the test; `None` if that is unknown.
    #[must_use]
    pub fn holds(&self, fact: &Fact) -> Option<bool> {
        let Fact::Known(value, _) = fact else { return None };
        match self.test.passes(value.as_deref()) {
            Truth::Yes => Some(true),
            Truth::No => Some(false),
            Truth::Unknown(_) => None,
        }
    }
}

/// The message of a rule.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "load::MessageFile")]
pub enum RuleMessage {
    /// The same for every finding.
    One(MessageTemplate),
    /// Chosen by the failing fact or by its value.
    By(Vec<(String, MessageTemplate)>),
}

impl Default for RuleMessage {
    fn default() -> Self {
        Self::By(Vec::new())
    }
}

/// A message with `{fact}` placeholders.
#[derive(Debug, Clone)]
pub struct MessageTemplate(pub Vec<MessagePiece>);

/// A piece of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessagePiece {
    /// Literal text.
    Text(String),
    /// A fact's value.
    Fact(String),
}

impl MessageTemplate {
    /// Splits a message at its placeholders. `${{` is literal text.
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

    /// The facts that it names.
    pub fn facts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            MessagePiece::Fact(name) => Some(name.as_str()),
            MessagePiece::Text(_) => None,
        })
    }

    /// Fills in every fact's value; a fact without a value reads "none". `None` if one of the facts is unknown.
    #[must_use]
    pub fn render(&self, mut ask: impl FnMut(&str) -> Fact) -> Option<String> {
        self.0
            .iter()
            .map(|piece| match piece {
                MessagePiece::Text(text) => Some(text.clone()),
                MessagePiece::Fact(name) => match ask(name) {
                    Fact::Known(value, _) => Some(value.map_or_else(|| "none".to_owned(), Cow::into_owned)),
                    Fact::Unknown(_) => None,
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

/// Something that only a person can do about a finding: an entry of `by-hand` in a rule.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "load::HandFile")]
pub struct HandTemplate {
    /// The conditions under which it is to do.
    pub when: Vec<FactCondition>,
    /// What to do, as an imperative sentence.
    pub text: MessageTemplate,
    /// The secret that it is about. It is to do after a fix, when nothing reads the secret any more.
    pub unread: Option<MessageTemplate>,
}

impl HandTemplate {
    /// The step for one subject; `None` if it does not apply or names an unknown fact.
    pub(crate) fn fill_in(&self, subject: &Subject<'_, '_, '_>) -> Option<HandStep> {
        let holds = |condition: &FactCondition| condition.holds(&condition.fact.ask(subject)) == Some(true);
        let text = |template: &MessageTemplate| template.render(|name| facts::ask(subject, name));
        if !self.when.iter().all(holds) {
            return None;
        }
        let secret = match &self.unread {
            Some(template) => Some(text(template)?),
            None => None,
        };
        Some(HandStep { text: text(&self.text)?, secret })
    }
}

/// The fix templates of a rule.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(from = "load::FixFiles")]
pub struct RuleFixes(pub Vec<FixTemplate>);

impl Deref for RuleFixes {
    type Target = [FixTemplate];

    fn deref(&self) -> &[FixTemplate] {
        &self.0
    }
}

/// An example of a rule.
#[derive(Debug, Clone)]
pub struct RuleExample {
    /// What it shows.
    pub name: String,
    /// Whether the rule must report something.
    pub bad: bool,
    /// The release workflow; empty if the example has only `files`.
    pub text: String,
    /// The content of the changed file after the rule's fix.
    pub fixed: Option<String>,
    /// Further files, or the workflow under another path.
    pub files: Vec<(String, String)>,
    /// The config.
    pub config: Option<String>,
    /// The example's place in the rule file.
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
    /// The levels of its findings.
    pub levels: RuleLevels,
    /// How likely a finding is true.
    pub precision: Precision,
    /// A number above 0 and up to 10, as text.
    pub security_severity: Option<String>,
    /// Keywords.
    pub tags: Vec<String>,
    /// The help text in Markdown.
    pub help: Lazy<String>,
    /// Links.
    pub references: Lazy<Vec<String>>,
    /// The kind of subject that it checks.
    pub kind: SubjectKind,
    /// In how many runs it must fail.
    pub runs: Quantifier,
    /// The conditions under which it applies.
    pub when: Vec<FactCondition>,
    /// What it requires.
    pub require: Vec<FactCondition>,
    /// The message of its findings.
    pub message: Lazy<RuleMessage>,
    /// The fact whose place is the finding's place; by default the fact that failed.
    pub at: Option<String>,
    /// Further labels: a fact and the text shown at its place.
    pub show: Vec<(String, MessageTemplate)>,
    /// Rules that report the same cause: if one of them does, this rule reports nothing.
    pub yields_to: Vec<String>,
    /// Its fix templates, the preferred one first.
    pub fixes: Lazy<RuleFixes>,
    /// What a person does besides the fix.
    pub by_hand: Lazy<Vec<HandTemplate>>,
    /// Its examples.
    pub examples: Vec<RuleExample>,
    /// Whether it comes from a user's folder.
    pub own: bool,
    /// The path of its file.
    pub path: String,
}

impl Rule {
    /// The message for a failing fact.
    #[must_use]
    pub fn sentence(&self, fact: &str, value: Option<&str>) -> Option<&MessageTemplate> {
        match &*self.message {
            RuleMessage::One(template) => Some(template),
            RuleMessage::By(list) => {
                let by = |key: &str| list.iter().find(|(name, _)| name == key).map(|(_, template)| template);
                value.and_then(by).or_else(|| by(fact))
            }
        }
    }

    /// The level of a finding.
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
    use crate::workflow::expression::UnknownReason;
    use crate::workflow::permissions::AccessLevel;

    fn unknown() -> Fact {
        Fact::Unknown(UnknownReason::new("a secret"))
    }

    #[test]
    fn sentences_hold_facts_and_leave_expressions_alone() {
        let template = MessageTemplate::parse("job `{job}` reads ${{ github.ref }} and {not a fact} {");
        assert_eq!(template.facts().collect::<Vec<_>>(), ["job"]);
        let place = Place { file: crate::read::source::FileId(0), span: crate::read::source::Span::at(0) };
        let text = template.render(|_| Fact::Known(Some("build".into()), place));
        assert_eq!(template.render(|_| unknown()), None);
        assert_eq!(text.as_deref(), Some("job `build` reads ${{ github.ref }} and {not a fact} {"));
    }

    #[test]
    fn nothing_known_is_neither_yes_nor_no() {
        let condition = |test| FactCondition { fact: FactName::new("job").unwrap(), test };
        assert_eq!(condition(ValueTest::Present(true)).holds(&unknown()), None);
        assert_eq!(ValueTest::AtLeast(AccessLevel::Write).passes(Some("read")), Truth::No);
        assert_eq!(ValueTest::AtLeast(AccessLevel::Read).passes(Some("write")), Truth::Yes);
    }
}
