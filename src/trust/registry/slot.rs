//! Slots: the places in a step that may contain a value. `trust::upload::step` reads them.

use serde::Deserialize;

use crate::read::glob::Glob;
use crate::read::source::Place;
use crate::workflow::expression::{ExpressionTemplate, Outcome, Value, coerce_text};

/// How the text of a slot is interpreted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SlotKind {
    /// As plain text.
    #[default]
    Text,
    /// As an address.
    Url,
    /// As a client's name for a registry.
    Name,
    /// A flag without a value: its presence means `true`.
    Switch,
    /// A flag without a value: its presence means `false`.
    Denial,
    /// As a name that the client's own configuration defines, so that an unknown name means another registry.
    OwnName,
}

/// A place that may contain a value: an input, a flag, an environment variable, a passed secret, a manifest key, or an input of an
/// earlier step if `step` is set.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Slot {
    /// An input of the action.
    pub input: Option<String>,
    /// The spellings of a flag of the command.
    #[serde(default)]
    pub flags: Vec<String>,
    /// An environment variable, or a glob of variable names.
    pub env: Option<Glob>,
    /// The file of the project that must contain the variable as `${NAME}`, because the client does not read the variable otherwise.
    pub named_in: Option<Glob>,
    /// A secret that a calling job passes.
    pub secret: Option<String>,
    /// The action of an earlier step that has the `input`; the last such step counts.
    pub step: Option<String>,
    /// The name of a manifest that has the `key`.
    pub manifest: Option<String>,
    /// The dotted key in the manifest; `{scope}` is `acme` if the package is `@acme/demo`.
    #[serde(default)]
    pub key: String,
    /// Whether the manifest also applies to packages in folders below it.
    #[serde(default)]
    pub above: bool,
    /// How its text is interpreted.
    #[serde(default, rename = "as")]
    pub kind: SlotKind,
}

/// A slot that must contain one of some values, or any value if none is listed.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlotChoice {
    /// An input of the action.
    pub input: Option<String>,
    /// The spellings of a flag of the command.
    #[serde(default)]
    pub flags: Vec<String>,
    /// An environment variable.
    pub env: Option<Glob>,
    /// The values; an unset input or variable counts as empty.
    #[serde(default)]
    pub is: Vec<String>,
    /// Excluded values.
    #[serde(default)]
    pub not: Vec<String>,
}

impl SlotChoice {
    /// The slot that contains the value.
    #[must_use]
    pub fn slot(&self) -> Slot {
        Slot { input: self.input.clone(), env: self.env.clone(), flags: self.flags.clone(), ..Slot::default() }
    }
}

/// The value of a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SlotValue {
    /// The slot is empty.
    Absent,
    /// A text that may contain expressions, and its place.
    Text(String, Place),
    /// A value that the files do not contain, and the place that sets it.
    Unknown(Place),
}

/// The texts of a known outcome, which may be a list.
#[must_use]
pub fn known_texts(outcome: &Outcome) -> Option<Vec<String>> {
    match outcome {
        Outcome::Known(Value::Array(items)) => items.iter().map(known_text).collect(),
        other => known_text(other).map(|text| vec![text]),
    }
}

/// The text of a known outcome.
#[must_use]
pub fn known_text(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Known(value @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_))) => {
            Some(coerce_text(value))
        }
        _ => None,
    }
}

/// The dotted context paths that a text reads; `None` if it does not parse.
#[must_use]
pub fn reads(text: &str) -> Option<Vec<String>> {
    let template = ExpressionTemplate::parse(text).ok()?;
    Some(template.references().into_iter().map(|reference| reference.path.join(".")).collect())
}
