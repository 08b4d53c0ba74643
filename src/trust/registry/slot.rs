//! Where a value may come from, as data says it, and what can stand there. Looking there is the client's work.

use serde::Deserialize;

use crate::read::glob::Glob;
use crate::read::source::Place;
use crate::workflow::expression::{ExpressionTemplate, Outcome, Value, coerce_text};

/// How a slot's text is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SlotKind {
    /// As it stands.
    #[default]
    Text,
    /// As an address.
    Url,
    /// As a client's name for a place.
    Name,
    /// A flag that takes no value: being there is what it says.
    Switch,
    /// A flag that takes no value: being there says no.
    Denial,
    /// As a name that the client explains elsewhere, so that one the registry does not know means another place.
    OwnName,
}

/// One place a value may come from: an input, a flag, a variable, a secret handed over or a manifest; an input of an earlier step if
/// `step` is set.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// An input of the action.
    pub input: Option<String>,
    /// Spellings of a flag of the command.
    #[serde(default)]
    pub flags: Vec<String>,
    /// An environment variable, or a glob of names.
    pub env: Option<Glob>,
    /// A secret that a calling job hands over.
    pub secret: Option<String>,
    /// The action of an earlier step of the job whose `input` it is; the last such step counts.
    pub step: Option<String>,
    /// The name of a file of the package, whose `key` it is.
    pub manifest: Option<String>,
    /// The key of that file, its parts joined by dots; `{scope}` in it stands for `acme` where the package is `@acme/demo`.
    #[serde(default)]
    pub key: String,
    /// Set where that file counts for the packages in the folders below it, too.
    #[serde(default)]
    pub above: bool,
    /// How its text is read.
    #[serde(default, rename = "as")]
    pub kind: SlotKind,
}

/// A slot that must hold one of some values, or anything at all where no values are listed.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlotChoice {
    /// An input of the action.
    pub input: Option<String>,
    /// Spellings of a flag of the command.
    #[serde(default)]
    pub flags: Vec<String>,
    /// An environment variable.
    pub env: Option<Glob>,
    /// The values; an input or a variable that is not set is the empty one.
    #[serde(default)]
    pub is: Vec<String>,
    /// Values that do not count.
    #[serde(default)]
    pub not: Vec<String>,
}

impl SlotChoice {
    /// Where its value stands.
    #[must_use]
    pub fn slot(&self) -> Slot {
        Slot { input: self.input.clone(), env: self.env.clone(), flags: self.flags.clone(), ..Slot::default() }
    }
}

/// What stands in a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SlotValue {
    /// Nothing.
    Absent,
    /// A text that may hold expressions, and where.
    Text(String, Place),
    /// Something that the files do not tell, and where.
    Unknown(Place),
}

/// The known text of an outcome.
#[must_use]
pub fn known_text(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Known(value @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_))) => {
            Some(coerce_text(value))
        }
        _ => None,
    }
}

/// The context paths that a text reads, joined by dots; `None` when it does not parse.
#[must_use]
pub fn reads(text: &str) -> Option<Vec<String>> {
    let template = ExpressionTemplate::parse(text).ok()?;
    Some(template.references().into_iter().map(|reference| reference.path.join(".")).collect())
}
