//! Where a client takes a value from: an input, a flag, an environment variable. It finds the text; it never says what it means.

use globset::Glob;
use serde::Deserialize;

use crate::read::shell::{Command, Part, Word};
use crate::read::source::Place;
use crate::workflow::expression::{Outcome, Template, Value, coerce_text};
use crate::workflow::model::{Job, Step, Text, Workflow};
use crate::workflow::sight::Sight;

/// How a slot's text is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// As it stands.
    #[default]
    Text,
    /// As an address.
    Url,
    /// As a client's name for a place.
    Name,
    /// A flag that takes no value: being there is what it says.
    Switch,
}

/// One place a value may come from. Exactly one of `input`, `flags` and `env` is set.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// An input of the action.
    pub input: Option<String>,
    /// Spellings of a flag of the command.
    #[serde(default)]
    pub flags: Vec<String>,
    /// An environment variable, or a glob of names.
    pub env: Option<String>,
    /// How its text is read.
    #[serde(default, rename = "as")]
    pub kind: Kind,
}

/// A slot that must hold one of some values.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// An input of the action.
    pub input: String,
    /// The values.
    pub is: Vec<String>,
}

/// What stands in a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// Nothing.
    Absent,
    /// A text that may hold expressions, and where.
    Text(String, Place),
    /// Something that the files do not tell, and where.
    Unknown(Place),
}

/// A step that uploads, with the command that does it if it is a script.
#[derive(Debug, Clone)]
pub struct Client<'a, 'p> {
    /// The workflow.
    pub workflow: &'a Workflow<'p>,
    /// The job.
    pub job: &'a Job<'p>,
    /// The step.
    pub step: &'a Step<'p>,
    /// The command in the step's script.
    pub command: Option<Command>,
}

impl<'p> Client<'_, 'p> {
    /// What stands in a slot.
    #[must_use]
    pub fn given(&self, slot: &Slot) -> Given {
        if let Some(input) = &slot.input {
            return match self.step.with.get_ignore_case(input) {
                Some(pair) => from_text(pair.value),
                None if self.step.with.dynamic => Given::Unknown(self.step.place),
                None => Given::Absent,
            };
        }
        if let Some(name) = &slot.env {
            return self.variable(name);
        }
        self.flag(&slot.flags, slot.kind == Kind::Switch)
    }

    /// What stands in the first of some slots that holds anything.
    #[must_use]
    pub fn first<'s>(&self, slots: &'s [Slot]) -> Option<(&'s Slot, Given)> {
        slots.iter().map(|slot| (slot, self.given(slot))).find(|(_, given)| *given != Given::Absent)
    }

    /// Where the client itself stands: the command, else the step's `uses`.
    #[must_use]
    pub fn place(&self) -> Place {
        match (&self.command, self.step.run, self.step.uses) {
            (Some(command), Some(run), _) => run.inner(command.span.clone()),
            (_, _, Some(uses)) => uses.place(),
            _ => self.step.place,
        }
    }

    fn flag(&self, spellings: &[String], switch: bool) -> Given {
        let (Some(command), Some(run)) = (&self.command, self.step.run) else { return Given::Absent };
        let mut words = command.words.iter();
        while let Some(word) = words.next() {
            for spelling in spellings {
                if word.text().as_deref() == Some(spelling) {
                    // A flag without a value is a switch that is on.
                    return match words.clone().next().filter(|next| !switch && !next.starts_with("-")) {
                        Some(value) => self.word(value, run),
                        None => Given::Text("true".into(), run.inner(word.span.clone())),
                    };
                }
                let with_value = format!("{spelling}=");
                if spelling.starts_with("--") && word.starts_with(&with_value) {
                    return match word.template(run.value()) {
                        Some(text) => Given::Text(
                            text[with_value.len().min(text.len())..].to_owned(),
                            run.inner(word.span.clone()),
                        ),
                        None => Given::Unknown(run.inner(word.span.clone())),
                    };
                }
            }
        }
        Given::Absent
    }

    fn word(&self, word: &Word, run: Text<'p>) -> Given {
        let place = run.inner(word.span.clone());
        match (word.template(run.value()), word.parts.as_slice()) {
            (Some(text), _) => Given::Text(text, place),
            (None, [Part::Variable(name)]) => match self.variable(name) {
                Given::Absent => Given::Unknown(place),
                given => given,
            },
            _ => Given::Unknown(place),
        }
    }

    /// An environment variable as the command sees it: its own assignment, then the `env` of the step, the job and the workflow.
    fn variable(&self, name: &str) -> Given {
        let glob = Glob::new(name).ok().map(|glob| glob.compile_matcher());
        let matches = |other: &str| other == name || glob.as_ref().is_some_and(|glob| glob.is_match(other));
        if let (Some(command), Some(run)) = (&self.command, self.step.run)
            && let Some(assignment) = command.assignments.iter().find(|assignment| matches(&assignment.name))
        {
            let place = run.inner(assignment.value.span.clone());
            return assignment
                .value
                .template(run.value())
                .map_or(Given::Unknown(place), |text| Given::Text(text, place));
        }
        for pairs in [&self.step.env, &self.job.env, &self.workflow.env] {
            if let Some(pair) = pairs.entries.iter().find(|pair| matches(pair.key.value())) {
                return from_text(pair.value);
            }
            if pairs.dynamic {
                return Given::Unknown(self.step.place);
            }
        }
        Given::Absent
    }

    /// A text without expressions, as far as the run decides them; `${{ env.X }}` is followed to where `X` is set.
    #[must_use]
    pub fn settle(&self, text: &str, sight: &Sight<'_, '_>) -> Outcome {
        sight.at(self.step).evaluate(text)
    }
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
    let template = Template::parse(text).ok()?;
    Some(template.references().into_iter().map(|reference| reference.path.join(".")).collect())
}

fn from_text(text: Text<'_>) -> Given {
    Given::Text(text.value().to_owned(), text.place())
}
